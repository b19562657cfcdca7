r"""Response functions: what of a mode's starting weight is left after training.

A linear method moves each eigenmode of the inputs by itself. With
$a_i=\sqrt{n\lambda_i}\,(V^\top w)_i$, the coordinate of the predictions,
$$a_i(t)=\sqrt{n\lambda_i}\,\big[h_i(t)\,w^0_i+(1-h_i(t))\,\bar r_i\,w^*_i\big]:$$
all that is particular to the method is $h_i$ (`remaining`), and where training ends in
units of the target, $\bar r_i$ (`rest`), which is 1 without weight decay. Whatever can
be written so is an `AbstractResponse`, and everything in this phenomenon works for it.

The learning rate, often $\alpha$, is $\eta$ here.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import final

import numpy as np

from linnet.phenomena.sloppiness.theory.geometric import power, power_gap
from linnet.phenomena.sloppiness.theory.refusals import (
    check_not_negative,
    check_positive,
    check_steps,
    check_variances,
    one_number,
)
from linnet.shapes import Float


class AbstractResponse(ABC):
    r"""A linear method of training, mode by mode: subclass it to bring your own.

    Example:
        Gradient descent that moves a share $s$ of the way only when a coin says so,
        on average over coins:

        >>> import numpy as np
        >>> from linnet.phenomena.sloppiness.theory import (
        ...     AbstractResponse, log_checkpoints, mode_averages)
        >>> class Lazy(AbstractResponse):
        ...     def remaining(self, variances, when):
        ...         return (1 - 0.5 * 0.1 * variances[..., None]) ** when
        ...     def learned(self, variances, when):
        ...         return 1 - self.remaining(variances, when)
        ...     def rest(self, variances):
        ...         return np.ones_like(variances)
        >>> variances, when = np.array([1.0, 0.1]), log_checkpoints(99, 9)
        >>> mode_averages(Lazy(), variances, when).start.round(3)
        array([0.437, 0.818])
    """

    @abstractmethod
    def remaining(
        self, variances: Float[np.ndarray, "*grid r"], when: Float[np.ndarray, " T"]
    ) -> Float[np.ndarray, "*grid r T"]:
        r"""$h_i(t)$, 1 at the start.

        Args:
            variances: $\lambda_i>0$, eigenvalues of `xx`.
            when: $t\ge0$: steps, or times of a flow.

        Raises:
            ValueError: when an argument is out of range, or training is not stable.
        """

    @abstractmethod
    def learned(
        self, variances: Float[np.ndarray, "*grid r"], when: Float[np.ndarray, " T"]
    ) -> Float[np.ndarray, "*grid r T"]:
        r"""$1-h_i(t)$, to full relative precision where there is a way.

        `1 - self.remaining(variances, when)` is allowed, and good to $10^{-16}$: modes
        with $\eta\lambda_it$ below that then seem not to move at all.

        Raises:
            ValueError: as `remaining`.
        """

    @abstractmethod
    def rest(
        self, variances: Float[np.ndarray, "*grid r"]
    ) -> Float[np.ndarray, "*grid r"]:
        r"""$\bar r_i$: where training ends, in units of $w^*_i$.

        Raises:
            ValueError: when `variances` are out of range.
        """


@final
@dataclass(frozen=True)
class GradientDescent(AbstractResponse):
    r"""Gradient descent: $h_i(t)=(1-\eta(\lambda_i+\mu))^t$ after $t$ steps.

    Valid for: $\eta(\lambda_1+\mu)\le2$; at 2 itself the mode alternates for ever.

    Attributes:
        learning_rate: $\eta>0$.
        weight_decay: $\mu\ge0$ of the penalty $\frac\mu2\lVert w\rVert^2$; training
            then ends at $\bar r=\lambda/(\lambda+\mu)$ of the target.

    Raises:
        ValueError: when an attribute is out of range; in use, when a step is too large.

    Reference: textbook.
    """

    learning_rate: float
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        check_rates(self.learning_rate, self.weight_decay)

    def steps(
        self, variances: Float[np.ndarray, "*grid r"]
    ) -> Float[np.ndarray, "*grid r"]:
        r"""$x_i=\eta(\lambda_i+\mu)$ in (0, 2].

        Raises:
            ValueError: when `variances` are out of range, or a step is above 2.
        """
        return stable_steps(variances, self.learning_rate, self.weight_decay, 2.0)

    def remaining(
        self, variances: Float[np.ndarray, "*grid r"], when: Float[np.ndarray, " T"]
    ) -> Float[np.ndarray, "*grid r T"]:
        return power(self.steps(variances)[..., None], check_steps(when))

    def learned(
        self, variances: Float[np.ndarray, "*grid r"], when: Float[np.ndarray, " T"]
    ) -> Float[np.ndarray, "*grid r T"]:
        return power_gap(self.steps(variances)[..., None], check_steps(when))

    def rest(
        self, variances: Float[np.ndarray, "*grid r"]
    ) -> Float[np.ndarray, "*grid r"]:
        return decayed_rest(variances, self.weight_decay)


@final
@dataclass(frozen=True)
class GradientFlow(AbstractResponse):
    r"""Gradient flow: $h_i(s)=e^{-(\lambda_i+\mu)s}$ at time $s$, $\eta$ times steps.

    Attributes:
        weight_decay: $\mu\ge0$, as for `GradientDescent`.

    Raises:
        ValueError: when `weight_decay` is negative or not finite.

    Reference: textbook.
    """

    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        check_decay(self.weight_decay)

    def rates(
        self, variances: Float[np.ndarray, "*grid r"]
    ) -> Float[np.ndarray, "*grid r"]:
        r"""$\lambda_i+\mu$.

        Raises:
            ValueError: when `variances` are out of range.
        """
        return check_variances(variances) + self.weight_decay

    def remaining(
        self, variances: Float[np.ndarray, "*grid r"], when: Float[np.ndarray, " T"]
    ) -> Float[np.ndarray, "*grid r T"]:
        check_not_negative("when", when, "training starts at 0")
        return np.exp(-self.rates(variances)[..., None] * when)

    def learned(
        self, variances: Float[np.ndarray, "*grid r"], when: Float[np.ndarray, " T"]
    ) -> Float[np.ndarray, "*grid r T"]:
        check_not_negative("when", when, "training starts at 0")
        return -np.expm1(-self.rates(variances)[..., None] * when)

    def rest(
        self, variances: Float[np.ndarray, "*grid r"]
    ) -> Float[np.ndarray, "*grid r"]:
        return decayed_rest(variances, self.weight_decay)


def check_rates(learning_rate: float, weight_decay: float) -> None:
    """Refuse steps that go nowhere, and a weight decay that rewards; one of each."""
    rate = one_number("learning_rate", learning_rate)
    check_positive("learning_rate", rate, "zero is no training")
    check_decay(weight_decay)


def check_decay(weight_decay: float) -> None:
    """Refuse a weight decay that rewards."""
    decay = one_number("weight_decay", weight_decay)
    check_not_negative("weight_decay", decay, "it pulls weights to zero")


def decayed_rest(
    variances: Float[np.ndarray, "*grid r"], weight_decay: float
) -> Float[np.ndarray, "*grid r"]:
    r"""$\lambda/(\lambda+\mu)$, the decayed minimum in units of the target."""
    given = check_variances(variances)
    return given / (given + weight_decay)


def stable_steps(
    variances: Float[np.ndarray, "*grid r"],
    learning_rate: float,
    weight_decay: float,
    largest: float,
) -> Float[np.ndarray, "*grid r"]:
    r"""$x=\eta(\lambda+\mu)$, refused above the largest that is stable.

    Raises:
        ValueError: when `variances` are out of range, or a step is too large.
    """
    curvature = check_variances(variances) + weight_decay
    steps = learning_rate * curvature
    if (steps > largest * (1 + 1e-12)).any():
        top = curvature.max()
        raise ValueError(
            f"Argument `learning_rate` must be <= {largest / top:.6g}, the largest that"
            f" is stable at curvature {top:.6g}, but is {learning_rate:.6g}: training"
            " diverges, and no statement of this theory holds."
        )
    return np.minimum(steps, largest)

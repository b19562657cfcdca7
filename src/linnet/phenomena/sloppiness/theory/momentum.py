r"""Methods with momentum: heavy ball and Nesterov's, exactly, at any step.

Both start at rest. ($\beta$ is `momentum`, $x=\eta(\lambda+\mu)$.)
"""

from abc import abstractmethod
from dataclasses import dataclass
from typing import final

import numpy as np

from linnet.phenomena.sloppiness.theory.recurrences import (
    StepMap,
    one_step,
    states_at,
)
from linnet.phenomena.sloppiness.theory.refusals import (
    check_steps,
    one_number,
)
from linnet.phenomena.sloppiness.theory.responses import (
    AbstractResponse,
    check_rates,
    decayed_rest,
    stable_steps,
)
from linnet.shapes import Float


class AbstractMomentum(AbstractResponse):
    r"""A method that remembers its last change: $m'=b\,m+x\,(1-u)$, $u'=u+m'$.

    Subclass it to bring another one: its averages over uniform checkpoints are then
    closed too, for any number of them.

    Attributes:
        weight_decay: $\mu\ge0$.
    """

    weight_decay: float

    @abstractmethod
    def step_of(self, variances: Float[np.ndarray, "*grid r"]) -> StepMap:
        r"""One step of each mode, as from `one_step(x, b)`.

        Raises:
            ValueError: when `variances` are out of range, or training is not stable.
        """

    @property
    @abstractmethod
    def ahead(self) -> float:
        r"""How far ahead the points that are looked at lie: $h$ plus this times $g$."""

    def remaining(
        self, variances: Float[np.ndarray, "*grid r"], when: Float[np.ndarray, " T"]
    ) -> Float[np.ndarray, "*grid r T"]:
        left, _ = states_at(self.step_of(variances), check_steps(when))
        return left[..., 0] + self.ahead * left[..., 1]

    def learned(
        self, variances: Float[np.ndarray, "*grid r"], when: Float[np.ndarray, " T"]
    ) -> Float[np.ndarray, "*grid r T"]:
        _, learned = states_at(self.step_of(variances), check_steps(when))
        return learned[..., 0] + self.ahead * learned[..., 1]

    def rest(
        self, variances: Float[np.ndarray, "*grid r"]
    ) -> Float[np.ndarray, "*grid r"]:
        return decayed_rest(variances, self.weight_decay)


@final
@dataclass(frozen=True)
class HeavyBall(AbstractMomentum):
    r"""Heavy ball: $h_{t+1}=(1+\beta-x)h_t-\beta h_{t-1}$ from $h_{-1}=h_0=1$.

    $v\leftarrow\beta v-\eta g$, then $w\leftarrow w+v$. Slow modes move as if the
    learning rate were $\eta/(1-\beta)$.

    Valid for: $x=\eta(\lambda_1+\mu)\le2(1+\beta)$; at the bound a mode alternates for
    ever. Averages are good to 1e-14, but close to the bound some digits are lost: at
    0.999 of it, with $\beta=0.99$, after 300 steps they are good to 1e-11.

    Attributes:
        learning_rate: $\eta>0$ in front of the whole gradient, not of its $1-\beta$.
        momentum: $\beta$ in [0, 1).
        weight_decay: $\mu\ge0$ of $\frac\mu2\lVert w\rVert^2$ in the loss.

    Raises:
        ValueError: when an attribute is out of range; in use, when a step is too large.

    Reference: textbook.
    """

    learning_rate: float
    momentum: float
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        _check(self.learning_rate, self.momentum, self.weight_decay)

    def step_of(self, variances: Float[np.ndarray, "*grid r"]) -> StepMap:
        largest = 2 * (1 + self.momentum)
        x = stable_steps(variances, self.learning_rate, self.weight_decay, largest)
        return one_step(x, np.full_like(x, self.momentum))

    @property
    def ahead(self) -> float:
        return 0.0


@final
@dataclass(frozen=True)
class Nesterov(AbstractMomentum):
    r"""Nesterov's momentum: $h_{t+1}=(1-x)\,[h_t+\beta(h_t-h_{t-1})]$, $h_{-1}=h_0=1$.

    $w_{t+1}=y_t-\eta\nabla L(y_t)$ from the look-ahead point
    $y_t=w_t+\beta(w_t-w_{t-1})$. PyTorch, optax and `linnet.dynamics` keep the points
    $y_t$ as their weights: ask for these with `look_ahead`.

    Valid for: $x=\eta(\lambda_1+\mu)\le2(1+\beta)/(1+2\beta)$, which is less than heavy
    ball allows.

    Attributes:
        learning_rate: $\eta>0$.
        momentum: $\beta$ in [0, 1), the same at all steps.
        weight_decay: $\mu\ge0$ of $\frac\mu2\lVert w\rVert^2$ in the loss.
        look_ahead: Whether checkpoints are the points $y_t$ in place of $w_t$.

    Raises:
        ValueError: when an attribute is out of range; in use, when a step is too large.

    Reference: textbook.
    """

    learning_rate: float
    momentum: float
    weight_decay: float = 0.0
    look_ahead: bool = False

    def __post_init__(self) -> None:
        _check(self.learning_rate, self.momentum, self.weight_decay)

    def step_of(self, variances: Float[np.ndarray, "*grid r"]) -> StepMap:
        largest = 2 * (1 + self.momentum) / (1 + 2 * self.momentum)
        x = stable_steps(variances, self.learning_rate, self.weight_decay, largest)
        return one_step(x, self.momentum * (1 - x))

    @property
    def ahead(self) -> float:
        return self.momentum if self.look_ahead else 0.0


def _check(learning_rate: float, momentum: float, weight_decay: float) -> None:
    check_rates(learning_rate, weight_decay)
    if not 0 <= one_number("momentum", momentum) < 1:
        raise ValueError(
            f"Argument `momentum` must lie in [0, 1), but is {momentum:.6g}: at 1"
            " nothing comes to rest."
        )

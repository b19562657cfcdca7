r"""Responses with a past: any schedule of learning rates, and running averages."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import final

import numpy as np

from linnet.phenomena.sloppiness.theory.geometric import descent_powers, flow_powers
from linnet.phenomena.sloppiness.theory.refusals import (
    check_not_negative,
    check_steps,
    check_variances,
)
from linnet.phenomena.sloppiness.theory.responses import (
    AbstractResponse,
    GradientDescent,
    GradientFlow,
    check_decay,
    decayed_rest,
)
from linnet.shapes import Float

BLOCK = 2**22
"""Numbers that the whole past of some modes may take at once."""
PEAK = 300.0
"""Logarithm of the largest response whose square is still a number."""


@final
@dataclass(frozen=True, eq=False)
class Scheduled(AbstractResponse):
    r"""Gradient descent with a learning rate for each step.

    $h_i(t)=\prod_{s<t}\big(1-\eta_s(\lambda_i+\mu)\big)$: warm-up, decay, cycles.

    Valid for: schedules after which no mode is larger than at the start. Single steps
    above $2/\lambda_1$ are allowed, as long as others make up for them.

    Attributes:
        learning_rates: $\eta_s\ge0$, shape (S,): of the update from point $s$ to $s+1$,
            so $S+1$ points can be looked at.
        weight_decay: $\mu\ge0$ of $\frac\mu2\lVert w\rVert^2$ in the loss.

    Raises:
        ValueError: when an attribute is out of range; in use, when a mode has grown at
            the end, or more steps are asked for than there are rates.

    Reference: textbook.

    Example:
        >>> import numpy as np
        >>> Scheduled([0.5, 1.0]).remaining(np.array([1.0, 0.5]), np.arange(3.0))
        array([[1.   , 0.5  , 0.   ],
               [1.   , 0.75 , 0.375]])
    """

    learning_rates: Float[np.ndarray, " S"]
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        rates = np.array(self.learning_rates, dtype=float)
        if rates.ndim != 1 or len(rates) == 0:
            raise ValueError(
                "Argument `learning_rates` must be a row of rates, one per update, but"
                f" has shape {rates.shape}."
            )
        check_not_negative("learning_rates", rates, "negative steps climb")
        check_decay(self.weight_decay)
        rates.setflags(write=False)
        object.__setattr__(self, "learning_rates", rates)

    def remaining(
        self, variances: Float[np.ndarray, "*grid r"], when: Float[np.ndarray, " T"]
    ) -> Float[np.ndarray, "*grid r T"]:
        return self._products(variances, when, _signed)

    def learned(
        self, variances: Float[np.ndarray, "*grid r"], when: Float[np.ndarray, " T"]
    ) -> Float[np.ndarray, "*grid r T"]:
        return self._products(variances, when, _gap)

    def rest(
        self, variances: Float[np.ndarray, "*grid r"]
    ) -> Float[np.ndarray, "*grid r"]:
        return decayed_rest(variances, self.weight_decay)

    def _products(
        self,
        variances: Float[np.ndarray, "*grid r"],
        when: Float[np.ndarray, " T"],
        reading: Callable[[np.ndarray, np.ndarray], np.ndarray],
    ) -> Float[np.ndarray, "*grid r T"]:
        given, rates = check_variances(variances), self.learning_rates
        at = check_steps(when).astype(np.int64)
        if at.max(initial=0) > len(rates):
            raise ValueError(
                f"Argument `when` must be <= {len(rates)}, the number of"
                f" `learning_rates`, but is {at.max()}: give a rate for each step."
            )
        modes = given.reshape(-1) + self.weight_decay
        block = max(BLOCK // len(rates), 1)
        parts = [
            reading(
                *(value[:, at] for value in _past(modes[start : start + block], rates))
            )
            for start in range(0, len(modes), block)
        ]
        return np.concatenate(parts).reshape(*given.shape, len(at))


@final
@dataclass(frozen=True)
class PolyakAverage(AbstractResponse):
    r"""The running mean of the iterates of another method.

    $\bar w_t=\frac1{t+1}\sum_{s=0}^tw_s$, so $\bar h_t$ is the same mean of $h$; for
    `GradientFlow` it is $\frac1t\int_0^th\,ds$.

    Valid for: whatever the other method is. For `GradientDescent` and `GradientFlow` in
    closed form at any step; otherwise by a sum over all steps up to the last.

    Attributes:
        of: The method whose iterates are averaged.

    Raises:
        ValueError: in use, as the other method; when a step beyond ten million would
            need a sum.

    Reference: textbook.
    """

    of: AbstractResponse

    def remaining(
        self, variances: Float[np.ndarray, "*grid r"], when: Float[np.ndarray, " T"]
    ) -> Float[np.ndarray, "*grid r T"]:
        return self._averaged(variances, when)[0]

    def learned(
        self, variances: Float[np.ndarray, "*grid r"], when: Float[np.ndarray, " T"]
    ) -> Float[np.ndarray, "*grid r T"]:
        return self._averaged(variances, when)[1]

    def rest(
        self, variances: Float[np.ndarray, "*grid r"]
    ) -> Float[np.ndarray, "*grid r"]:
        return self.of.rest(variances)

    def _averaged(
        self, variances: Float[np.ndarray, "*grid r"], when: Float[np.ndarray, " T"]
    ) -> tuple[Float[np.ndarray, "*grid r T"], Float[np.ndarray, "*grid r T"]]:
        if isinstance(self.of, GradientFlow):
            check_not_negative("when", when, "training starts at 0")
            powers = flow_powers(self.of.rates(variances)[..., None] * when)
            return powers.mean, powers.learned
        at = check_steps(when)
        if isinstance(self.of, GradientDescent):
            powers = descent_powers(self.of.steps(variances)[..., None], at + 1)
            return powers.mean, powers.learned
        return self._summed(variances, at)

    def _summed(
        self, variances: Float[np.ndarray, "*grid r"], at: Float[np.ndarray, " T"]
    ) -> tuple[Float[np.ndarray, "*grid r T"], Float[np.ndarray, "*grid r T"]]:
        last = int(at.max(initial=0))
        if last > 10_000_000:
            raise ValueError(
                "Argument `when` must be <= 10000000 for the average of a"
                f" `{type(self.of).__name__}`, but is {last}: all steps before are"
                " summed."
            )
        given = check_variances(variances)
        modes, every = given.reshape(-1), np.arange(last + 1, dtype=float)
        parts, block = [], max(BLOCK // len(every), 1)
        for start in range(0, len(modes), block):
            some = modes[start : start + block]
            paths = self.of.remaining(some, every), self.of.learned(some, every)
            sums = [path.cumsum(-1)[:, at.astype(np.int64)] for path in paths]
            parts.append([total / (at + 1) for total in sums])
        joined = [np.concatenate(part) for part in zip(*parts, strict=True)]
        remaining, learned = (part.reshape(*given.shape, len(at)) for part in joined)
        return remaining, learned


def _past(
    modes: Float[np.ndarray, " m"], rates: Float[np.ndarray, " S"]
) -> tuple[np.ndarray, np.ndarray]:
    """Logarithms of sizes of products of factors, and whether they are negative."""
    steps = modes[:, None] * rates
    with np.errstate(divide="ignore"):
        factors = np.log1p(-np.minimum(steps, 2 - steps))
    sizes = np.zeros((len(modes), len(rates) + 1))
    factors.cumsum(-1, out=sizes[:, 1:])
    negative = np.zeros(sizes.shape, dtype=bool)
    np.logical_xor.accumulate(steps > 1, axis=-1, out=negative[:, 1:])
    grown = (sizes[:, -1] > 1e-9) | (sizes.max(-1) > PEAK)
    if grown.any():
        worst = modes[grown].max()
        raise ValueError(
            "Argument `learning_rates` must leave no mode larger than at the start, but"
            f" one of curvature {worst:.6g} grows: constant rates up to"
            f" {2 / modes.max():.6g} are stable."
        )
    return sizes, negative


def _signed(sizes: np.ndarray, negative: np.ndarray) -> np.ndarray:
    return np.where(negative, -np.exp(sizes), np.exp(sizes))


def _gap(sizes: np.ndarray, negative: np.ndarray) -> np.ndarray:
    return np.where(negative, 1 + np.exp(sizes), -np.expm1(sizes))

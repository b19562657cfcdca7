r"""Averages of response functions over checkpoints: all that a spectrum needs.

$\langle\cdot\rangle=\sum_tp_t(\cdot)$ over the checkpoints. Gradient descent and flow
at uniform checkpoints have closed forms that cost the same for any number of steps and
keep full relative precision from the first step to $T=10^9$; momentum takes a few
products per doubling of the steps; whatever else is summed.

With weight decay, `target` stays $\langle(1-h)^2\rangle$: predictions are
$\sqrt{n\lambda}\,[h\,w^0+(1-h)\,\bar r\,w^*]$, and the factor $\bar r$ (`rest` of the
response) is applied where targets enter, as in `random_target_spectrum`.
"""

from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import ArrayLike

from linnet.phenomena.sloppiness.theory.checkpoints import Checkpoints
from linnet.phenomena.sloppiness.theory.geometric import (
    Powers,
    descent_powers,
    flow_powers,
    gap_means,
    power_gap,
    product_mean,
)
from linnet.phenomena.sloppiness.theory.momentum import AbstractMomentum
from linnet.phenomena.sloppiness.theory.recurrences import (
    StepMap,
    many_steps,
    summed_products,
)
from linnet.phenomena.sloppiness.theory.refusals import (
    check_count,
    check_not_negative,
    check_variances,
)
from linnet.phenomena.sloppiness.theory.responses import (
    AbstractResponse,
    GradientDescent,
    GradientFlow,
)
from linnet.shapes import Float

BLOCK = 2**22
"""Numbers that a sum over checkpoints holds at once."""


@final
@dataclass(frozen=True)
class ModeAverages:
    r"""Averages of the responses of modes, each in the shape of the modes.

    Attributes:
        remaining: $\langle h\rangle$.
        learned: $\langle1-h\rangle$.
        start: $\langle h^2\rangle$, what the spread of starts is multiplied by.
        target: $\langle(1-h)^2\rangle$, what the spread of targets is multiplied by.
        cross: $\langle h(1-h)\rangle$.
    """

    remaining: Float[np.ndarray, "*modes"]
    learned: Float[np.ndarray, "*modes"]
    start: Float[np.ndarray, "*modes"]
    target: Float[np.ndarray, "*modes"]
    cross: Float[np.ndarray, "*modes"]


@final
@dataclass(frozen=True)
class PairAverages:
    r"""Averages of products of two modes' responses; each `(..., r, r)`.

    Attributes:
        start: $\langle h_ih_j\rangle$.
        target: $\langle(1-h_i)(1-h_j)\rangle$.
        cross: $\langle h_i(1-h_j)\rangle$, first index on $h$.
        covariance: $\langle h_ih_j\rangle-\langle h_i\rangle\langle h_j\rangle$, formed
            so that no digits are lost while modes are still unlearned.
    """

    start: Float[np.ndarray, "*grid r r"]
    target: Float[np.ndarray, "*grid r r"]
    cross: Float[np.ndarray, "*grid r r"]
    covariance: Float[np.ndarray, "*grid r r"]


def descent_averages(x: ArrayLike, count: ArrayLike) -> ModeAverages:
    r"""Averages of $h=(1-x)^t$ over $t=0..T-1$, in closed form.

    With $\rho=1-x$, $g_1=\frac{1-\rho^T}{Tx}$, $g_2=\frac{1-\rho^{2T}}{Tx(2-x)}$:
    $$\langle h\rangle=g_1,\quad\langle h^2\rangle=g_2,\quad
      \langle(1-h)^2\rangle=1-2g_1+g_2,$$
    evaluated without the cancellation that these forms have.

    Valid for: exact for $x$ in [0, 2], relative error below 1e-14 except where
    $\langle h(1-h)\rangle$ changes sign. Broadcasts: maps over steps and counts are one
    call.

    Args:
        x: $\eta\lambda$, step times eigenvalue.
        count: $T\ge1$, points with the start included.

    Returns:
        The averages, in the broadcast shape.

    Raises:
        ValueError: when `x` lies outside [0, 2], or `count` is no whole number >= 1.

    Reference: derived here.

    Example:
        >>> float(descent_averages(1.0, 10).target)  # learned in one step
        0.9
    """
    check_count("count", count, "it counts checkpoints, the start included")
    check_not_negative("x", x, "it is learning rate times eigenvalue")
    steps = np.asarray(x, dtype=float)
    if (steps > 2).any():
        raise ValueError(
            f"Argument `x` must be <= 2, but is {steps.max():.6g}: such a mode"
            " diverges, lower the learning rate."
        )
    return _closed(descent_powers(steps, np.asarray(count, dtype=float)))


def flow_averages(folds: ArrayLike) -> ModeAverages:
    r"""Averages of $h=e^{-\lambda s}$ over $s$ in $[0,\tau]$, in closed form.

    With $z=\lambda\tau$: $\langle h^2\rangle=\frac{1-e^{-2z}}{2z}$ and
    $\langle(1-h)^2\rangle=1-2\frac{1-e^{-z}}z+\frac{1-e^{-2z}}{2z}
    =\frac{z^2}3-\frac{z^3}4+\frac{7z^4}{60}-\dots$

    Valid for: exact for $z\ge0$, relative error below 1e-14. Broadcasts.

    Args:
        folds: $z=\lambda\tau$, by how many e-folds the mode has been trained.

    Raises:
        ValueError: when `folds` is negative or not finite.

    Reference: derived here.
    """
    check_not_negative("folds", folds, "it is eigenvalue times time")
    return _closed(flow_powers(np.asarray(folds, dtype=float)))


def mode_averages(
    response: AbstractResponse,
    variances: Float[np.ndarray, "*grid r"],
    checkpoints: Checkpoints,
) -> ModeAverages:
    r"""Averages of $h_i$, $h_i^2$, $(1-h_i)^2$ and $h_i(1-h_i)$ over checkpoints.

    Valid for: any response. Closed forms for `GradientDescent`, `GradientFlow`,
    `HeavyBall` and `Nesterov` at uniform checkpoints, any number of them, and for
    `GradientFlow` at continuous ones; sums otherwise.

    Args:
        response: The method of training.
        variances: $\lambda_i>0$ in any order; leading axes are kept.
        checkpoints: When the trajectory is looked at, and with which weights.

    Returns:
        The averages, each in the shape of `variances`.

    Raises:
        ValueError: when `variances` are out of range, training is not stable, a method
            in steps is looked at in continuous time, or more than ten million
            checkpoints would have to be summed.

    Reference: derived here.

    Example:
        >>> from linnet.phenomena.sloppiness.theory import (
        ...     GradientDescent, uniform_checkpoints)
        >>> billion = uniform_checkpoints(10**9)
        >>> late = mode_averages(GradientDescent(0.5), np.array([1, 1e-12]), billion)
        >>> late.target
        array([9.99999997e-01, 8.33020905e-08])
    """
    given = check_variances(variances)
    powers = _powers(response, given, checkpoints)
    if powers is not None:
        return _closed(powers)
    if isinstance(response, AbstractMomentum) and checkpoints.kind == "uniform":
        step = _stride(response, given, checkpoints)
        return ModeAverages(*_read(response, step, step, checkpoints))
    when, weights = checkpoints.when, checkpoints.weights
    modes = given.reshape(-1)
    block = max(BLOCK // len(when), 1)
    sums = [
        _summed(response, modes[at : at + block], when, weights)
        for at in range(0, len(modes), block)
    ]
    return ModeAverages(
        *(
            np.concatenate(parts).reshape(given.shape)
            for parts in zip(*sums, strict=True)
        )
    )


def pair_averages(
    response: AbstractResponse,
    variances: Float[np.ndarray, "*grid r"],
    checkpoints: Checkpoints,
) -> PairAverages:
    r"""Averages of products of the responses of two modes over checkpoints.

    Gradient descent at uniform checkpoints:
    $$\langle h_ih_j\rangle=\frac{1-(\rho_i\rho_j)^T}{T(1-\rho_i\rho_j)},\qquad
      1-\rho_i\rho_j=\eta(\lambda_i+\lambda_j)-\eta^2\lambda_i\lambda_j.$$

    Valid for: as `mode_averages`.

    Args:
        response: The method of training.
        variances: $\lambda_i>0$ in any order; leading axes are kept.
        checkpoints: When the trajectory is looked at, and with which weights.

    Raises:
        ValueError: as `mode_averages`.

    Reference: derived here.
    """
    given = check_variances(variances)
    powers = _powers(response, given, checkpoints)
    if powers is not None:
        rows = powers.reshaped(lambda value: value[..., :, None])
        columns = powers.reshaped(lambda value: value[..., None, :])
        start = product_mean(rows, columns)
        cross, target = gap_means(rows, columns, start)
        remaining, learned = powers.mean, powers.learned
    elif isinstance(response, AbstractMomentum) and checkpoints.kind == "uniform":
        step = _stride(response, given, checkpoints)
        remaining, learned, *_ = _read(response, step, step, checkpoints)
        sides = _side(step, -1), _side(step, -2)
        *_, start, target, cross = _read(response, *sides, checkpoints)
    else:
        start, cross, target, remaining, learned = _summed_pairs(
            response, given, checkpoints
        )
    covariance = _covariance(start, cross, target, remaining, learned)
    return PairAverages(start, target, cross, covariance)


def _closed(powers: Powers) -> ModeAverages:
    start = product_mean(powers, powers)
    cross, target = gap_means(powers, powers, start)
    return ModeAverages(powers.mean, powers.learned, start, target, cross)


def _powers(
    response: AbstractResponse,
    variances: Float[np.ndarray, "*grid r"],
    checkpoints: Checkpoints,
) -> Powers | None:
    """The powers that a response consists of, if it does."""
    if checkpoints.kind == "continuous":
        if not isinstance(response, GradientFlow):
            raise ValueError(
                "Argument `checkpoints` must not be continuous for a"
                f" `{type(response).__name__}`, but is: methods that move in steps take"
                " `uniform_checkpoints`; `GradientFlow` takes either."
            )
        return flow_powers(response.rates(variances) * checkpoints.last)
    if checkpoints.kind == "given":
        return None
    every = np.asarray(checkpoints.every, dtype=float)
    count = np.asarray(checkpoints.count, dtype=float)
    if isinstance(response, GradientDescent):
        return descent_powers(power_gap(response.steps(variances), every), count)
    if isinstance(response, GradientFlow):
        return descent_powers(-np.expm1(-response.rates(variances) * every), count)
    return None


def _stride(
    response: AbstractMomentum,
    variances: Float[np.ndarray, "*grid r"],
    checkpoints: Checkpoints,
) -> StepMap:
    return many_steps(response.step_of(variances), checkpoints.every)


def _side(step: StepMap, axis: int) -> StepMap:
    """Modes along rows or columns of pairs: a new axis beside theirs."""
    at = {-1: step.push.ndim - 1, -2: step.push.ndim - 2}[axis]
    return StepMap(*(np.expand_dims(value, at) for value in vars(step).values()))


def _read(
    response: AbstractMomentum,
    rows: StepMap,
    columns: StepMap,
    checkpoints: Checkpoints,
) -> tuple[np.ndarray, ...]:
    """Remaining and learned of the rows; start, target and cross of both."""
    count = checkpoints.count or 1
    mean = summed_products(rows, columns, count) / count
    h = np.array([1, response.ahead, 0, 0, 0])
    gap = np.array([0, 0, 1, response.ahead, 0])
    one = np.array([0, 0, 0, 0, 1.0])
    pairs = (h, one), (gap, one), (h, h), (gap, gap), (h, gap)
    return tuple((mean @ right) @ left for left, right in pairs)


def _summed(
    response: AbstractResponse,
    modes: Float[np.ndarray, " m"],
    when: Float[np.ndarray, " T"],
    weights: Float[np.ndarray, " T"],
) -> tuple[np.ndarray, ...]:
    h, gap = response.remaining(modes, when), response.learned(modes, when)
    return (
        h @ weights,
        gap @ weights,
        h**2 @ weights,
        gap**2 @ weights,
        h * gap @ weights,
    )


def _summed_pairs(
    response: AbstractResponse,
    variances: Float[np.ndarray, "*grid r"],
    checkpoints: Checkpoints,
) -> tuple[np.ndarray, ...]:
    """Start, cross, target, remaining and learned, a block of checkpoints at a time."""
    when, weights = checkpoints.when, checkpoints.weights
    block = max(BLOCK // variances.size, 1)
    total: tuple[np.ndarray, ...] = (np.zeros(()),) * 5
    for at in range(0, len(when), block):
        p = weights[at : at + block]
        h = response.remaining(variances, when[at : at + block])
        gap = response.learned(variances, when[at : at + block])
        turned = np.swapaxes(gap, -1, -2)
        part = (
            (h * p) @ np.swapaxes(h, -1, -2),
            (h * p) @ turned,
            (gap * p) @ turned,
            h @ p,
            gap @ p,
        )
        total = tuple(a + b for a, b in zip(total, part, strict=True))
    return total


def _covariance(
    start: Float[np.ndarray, "*grid r r"],
    cross: Float[np.ndarray, "*grid r r"],
    target: Float[np.ndarray, "*grid r r"],
    remaining: Float[np.ndarray, "*grid r"],
    learned: Float[np.ndarray, "*grid r"],
) -> Float[np.ndarray, "*grid r r"]:
    """Covariance of two responses from whichever of them has moved less."""
    early = learned < remaining
    rows, columns = early[..., :, None], early[..., None, :]
    mean, gap = remaining[..., :, None], learned[..., :, None]
    other, other_gap = remaining[..., None, :], learned[..., None, :]
    mixed = np.swapaxes(cross, -1, -2) - gap * other  # <(1 - h_i) h_j> centered
    return np.where(
        rows & columns,
        target - gap * other_gap,
        np.where(
            rows,
            -mixed,
            np.where(columns, -(cross - mean * other_gap), start - mean * other),
        ),
    )

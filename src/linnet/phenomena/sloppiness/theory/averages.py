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

from linnet.phenomena.sloppiness.theory.checkpoint_sums import (
    summed_modes,
    summed_pairs,
)
from linnet.phenomena.sloppiness.theory.checkpoints import Checkpoints
from linnet.phenomena.sloppiness.theory.geometric import (
    descent_powers,
    flow_powers,
    gap_means,
    power_gap,
    product_mean,
)
from linnet.phenomena.sloppiness.theory.mode_means import descent_means, flow_means
from linnet.phenomena.sloppiness.theory.momentum import AbstractMomentum
from linnet.phenomena.sloppiness.theory.momentum_means import (
    momentum_modes,
    momentum_pairs,
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


@final
@dataclass(frozen=True, eq=False)
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
@dataclass(frozen=True, eq=False)
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
    return ModeAverages(*descent_means(steps, np.asarray(count, dtype=float)))


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
    return ModeAverages(*flow_means(np.asarray(folds, dtype=float)))


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
    closed = _steps_and_count(response, given, checkpoints)
    if closed is not None:
        steps, count = closed
        means = flow_means(steps) if count is None else descent_means(steps, count)
        return ModeAverages(*means)
    if isinstance(response, AbstractMomentum) and checkpoints.kind == "uniform":
        return ModeAverages(*momentum_modes(response, given, checkpoints))
    return ModeAverages(*summed_modes(response, given, checkpoints))


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
    closed = _steps_and_count(response, given, checkpoints)
    found: tuple[np.ndarray, ...]
    if closed is not None:
        steps, count = closed
        powers = flow_powers(steps) if count is None else descent_powers(steps, count)
        rows = powers.reshaped(lambda value: value[..., :, None])
        columns = powers.reshaped(lambda value: value[..., None, :])
        start = product_mean(rows, columns)
        cross, target = gap_means(rows, columns, start)
        found = powers.mean, powers.learned, start, target, cross
    elif isinstance(response, AbstractMomentum) and checkpoints.kind == "uniform":
        found = momentum_pairs(response, given, checkpoints)
    else:
        found = summed_pairs(response, given, checkpoints)
    _, _, start, target, cross = found
    return PairAverages(start, target, cross, _covariance(*found))


def _steps_and_count(
    response: AbstractResponse,
    variances: Float[np.ndarray, "*grid r"],
    checkpoints: Checkpoints,
) -> tuple[np.ndarray, np.ndarray | None] | None:
    r"""$x$ and $T$ of powers of $1-x$; $z$ and None of a flow; None for all others."""
    if checkpoints.kind == "continuous":
        if not isinstance(response, GradientFlow):
            raise ValueError(
                "Argument `checkpoints` must not be continuous for a"
                f" `{type(response).__name__}`, but is: take `uniform_checkpoints`, or"
                " times and weights of a quadrature as `given_checkpoints`."
            )
        return response.rates(variances) * checkpoints.last, None
    if checkpoints.kind == "given":
        return None
    every = np.asarray(checkpoints.every, dtype=float)
    count = np.asarray(checkpoints.count, dtype=float)
    if isinstance(response, GradientDescent):
        return power_gap(response.steps(variances), every), count
    if isinstance(response, GradientFlow):
        return -np.expm1(-response.rates(variances) * every), count
    return None


def _covariance(
    remaining: Float[np.ndarray, "*grid r"],
    learned: Float[np.ndarray, "*grid r"],
    start: Float[np.ndarray, "*grid r r"],
    target: Float[np.ndarray, "*grid r r"],
    cross: Float[np.ndarray, "*grid r r"],
) -> Float[np.ndarray, "*grid r r"]:
    """Covariance of two responses from whichever of them has moved less."""
    early = learned < remaining
    rows, columns = early[..., :, None], early[..., None, :]
    mean, gap = remaining[..., :, None], learned[..., :, None]
    other, other_gap = remaining[..., None, :], learned[..., None, :]
    late = mean * other
    found = np.subtract(start, late, out=late)
    # In place: pairs are many.
    np.subtract(target, gap * other_gap, out=found, where=rows & columns)
    np.subtract(mean * other_gap, cross, out=found, where=columns & ~rows)
    mixed = np.swapaxes(cross, -1, -2)  # <(1 - h_i) h_j>
    np.subtract(gap * other, mixed, out=found, where=rows & ~columns)
    return found

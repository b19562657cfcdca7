r"""Small starts: how a network of full rank becomes one of rank one.

Layers $a_0$, $W_0$ of size $\epsilon$ see the constant gradient $s_1u_1$ at first,
which is linear: with $h_\pm = \frac12(a_0\pm W_0u_1)$
$$a(t) = e^{s_1t}h_+ + e^{-s_1t}h_-,\qquad W(t)u_1 = e^{s_1t}h_+ - e^{-s_1t}h_-,$$
and the rest of $W_0$ does not move. What grows has one hidden direction, $h_+$, and the
network becomes that of rank one with the effective start
$c_0 = \lVert h_+\rVert^2 = \frac14\lVert a_0+W_0u_1\rVert^2$: every time of the
phases that follow depends on the start through $c_0$ alone. Letters: `weights` are
$(W, a^\top)$ of shapes `(p, d)`, `(1, p)`; $s_1u_1 = \mathtt{yx}^\top$. Derived here.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from linnet.network import Weights
from linnet.phenomena.anisotropy.theory.modes import Task
from linnet.phenomena.anisotropy.theory.phases import FirstLine, first_line
from linnet.phenomena.anisotropy.theory.refusals import (
    check_count,
    check_finite_row,
    check_not_negative,
    check_positive,
    check_times,
    check_two_layers,
)
from linnet.shapes import Float


@dataclass(frozen=True, eq=False)
class GrownStart:
    r"""The rank-one network that grows out of a small start, for `mode_flow`.

    Attributes:
        alpha: $\alpha = r\cdot a_0$; signed.
        omega: $\omega = W_0^\top r$, shape `(d,)`.
        hidden: $r = h_+/\lVert h_+\rVert$, shape `(p,)`.
    """

    alpha: float
    omega: Float[np.ndarray, " d"]
    hidden: Float[np.ndarray, " p"]


def effective_start(weights: Weights, direction: Float[np.ndarray, " d"]) -> float:
    r"""$c_0 = \frac14\lVert a_0+W_0u_1\rVert^2$, the start that counts.

    Valid for: two layers, one output, weights small against the first plateau. Exactly
    0.0 when $a_0 = -W_0u_1$ up to rounding: then nothing grows at first, and times that
    depend on $\ln(1/c_0)$ are infinite.

    Args:
        weights: $(W_0, a_0^\top)$.
        direction: $u_1$, or any positive multiple such as `yx[0]`.

    Raises:
        ValueError: when the weights are no such pair of finite layers, or the direction
            does not fit, is not finite or vanishes.

    Reference: derived here.

    Example:
        >>> weights = (np.eye(2), np.array([[1.0, 0.0]]))
        >>> effective_start(weights, np.array([3.0, 0.0]))
        1.0
    """
    growing = _growing(weights, _unit(weights, direction))
    return float(growing @ growing)


def mean_effective_start(
    width: ArrayLike, first_layer: ArrayLike, last_layer: ArrayLike
) -> Float[np.ndarray, "*grid"]:
    r"""Mean of $c_0$ over random layers, $p(\sigma_a^2+\sigma_w^2)/4$.

    Valid for: independent entries without mean, of any distribution. It is no start for
    a mean time: that needs `mean_log_effective_start`.

    Args:
        width: $p$, number of hidden units.
        first_layer: $\sigma_w$, standard deviation of the entries of $W_0$.
        last_layer: $\sigma_a$, of $a_0$. All broadcast.

    Raises:
        ValueError: when `width` is no whole number >= 1, or a deviation is negative or
            not finite.

    Reference: derived here.
    """
    check_count("width", width, "it is how many hidden units there are")
    check_not_negative("first_layer", first_layer, "it is a standard deviation")
    check_not_negative("last_layer", last_layer, "it is a standard deviation")
    variance = np.square(first_layer, dtype=float) + np.square(last_layer, dtype=float)
    return np.asarray(width, dtype=float) * variance / 4


def mean_log_effective_start(
    width: ArrayLike, first_layer: ArrayLike, last_layer: ArrayLike
) -> Float[np.ndarray, "*grid"]:
    r"""Mean of $\ln c_0$ over Gaussian layers, the one for mean times.

    $c_0$ is $\frac14(\sigma_a^2+\sigma_w^2)\chi^2_p$, so that
    $\mathbb E\ln c_0 = \ln\frac{\sigma_a^2+\sigma_w^2}2+\psi(p/2)$, less than the
    logarithm of the mean by about $1/p$.

    Valid for: independent Gaussian entries. Minus infinity when both deviations are 0.

    Args:
        width: $p$.
        first_layer: $\sigma_w$.
        last_layer: $\sigma_a$. All broadcast.

    Raises:
        ValueError: as `mean_effective_start`.

    Reference: derived here; $\psi$ is the digamma function.
    """
    from scipy.special import digamma

    size = np.asarray(width, dtype=float)
    variance = 4 * mean_effective_start(width, first_layer, last_layer) / size
    with np.errstate(divide="ignore"):
        return np.log(variance / 2) + digamma(size / 2)


def early_layers(
    weights: Weights, correlation: Float[np.ndarray, " d"], times: ArrayLike
) -> tuple[Float[np.ndarray, "times p d"], Float[np.ndarray, "times 1 p"]]:
    r"""Both layers while the network is still small, $\cosh$ and $\sinh$.

    Valid for: $c_0e^{2s_1t}\ll c^*$ (see `early_end`): the neglected part of the
    gradient is of the relative size $\lVert w\rVert/c^*$.

    Args:
        weights: $(W_0, a_0^\top)$.
        correlation: $s_1u_1$, `yx[0]` of population or data.
        times: Rising, >= 0.

    Raises:
        ValueError: as `effective_start`, or when the times do not rise.

    Reference: derived here.
    """
    u = _unit(weights, correlation, "correlation")
    at = check_times(times)
    first, last = weights
    along, s1 = first @ u, float(np.linalg.norm(correlation))
    plus, minus = _growing(weights, u), (last[0] - along) / 2
    with np.errstate(over="ignore"):
        grown, gone = np.exp(s1 * at)[:, None], np.exp(-s1 * at)[:, None]
    if not np.isfinite(grown).all():
        raise ValueError(
            f"Argument `times` must stay early, but {at[-1]:.6g} is beyond"
            f" {700 / s1:.3g}, where the linear solution overflows: see `early_end`."
        )
    moved = grown * plus - gone * minus - along
    return first + moved[:, :, None] * u, (grown * plus + gone * minus)[:, None]


def early_end(
    task: Task | FirstLine, effective_start: ArrayLike, part: float = 0.01
) -> Float[np.ndarray, "*grid"]:
    r"""Time at which the linear solution reaches a part of the first plateau.

    $t = \ln(f c^*/c_0)/(2s_1)$ with $c^* = s_1/S_{11}$, $S_{11} = u_1^\top\mathtt{xx}
    \,u_1$. There the exact network is smaller by the relative amount $f$, to leading
    order; before, by less.

    Valid for: two layers, one output. Zero if the start is beyond it; infinite for
    $c_0 = 0$.

    Args:
        task: A plane or a grid of them, moments of one output, or a `FirstLine`.
        effective_start: $c_0\ge0$; broadcasts with the grid.
        part: $f$ in (0, 1).

    Raises:
        ValueError: when an argument is out of its range, there are several outputs, or
            `yx` vanishes.

    Reference: derived here.
    """
    line = first_line(task)
    check_not_negative("effective_start", effective_start, "it is a squared length")
    check_positive("part", part, "it is a part of the first plateau")
    if part >= 1:
        raise ValueError(f"Argument `part` must lie in (0, 1), but is {part}.")
    with np.errstate(divide="ignore"):
        grown = np.log(np.asarray(effective_start, dtype=float))
        late = np.log(part * line.drive / line.curvature) - grown
    return np.maximum(late, 0.0) / (2 * line.drive)


def grown_start(weights: Weights, direction: Float[np.ndarray, " d"]) -> GrownStart:
    r"""The rank-one network to follow instead of a small one of full rank.

    Both layers are projected on the hidden direction that grows,
    $r\propto a_0+W_0u_1$. What is left out does not grow, and reaches $w$ only in the
    second power: with weights of size $\epsilon$ the vector $w(t)$ of gradient flow
    from it differs from that of all weights by $O(\epsilon^2)$, at every time, apart
    from what the idle directions of the inputs keep, which is read out through $r$
    exactly.

    Valid for: two layers, one output, small weights; exact for rank one.

    Args:
        weights: $(W_0, a_0^\top)$.
        direction: $u_1$ or a positive multiple, `yx[0]` of what is trained on.

    Raises:
        ValueError: as `effective_start`, and when $a_0 = -W_0u_1$: nothing grows.

    Reference: derived here.
    """
    growing = _growing(weights, _unit(weights, direction))
    length = float(np.linalg.norm(growing))
    if length == 0:
        raise ValueError(
            "Argument `weights` must grow, but a_0 = -W_0 u_1: they stay at the saddle."
        )
    hidden = growing / length
    return GrownStart(float(hidden @ weights[1][0]), hidden @ weights[0], hidden)


def _unit(
    weights: Weights, direction: Float[np.ndarray, " d"], name: str = "direction"
) -> Float[np.ndarray, " d"]:
    check_two_layers(weights)
    row = check_finite_row(name, direction, weights[0].shape[1])
    largest = float(np.abs(row).max())
    if largest == 0:
        raise ValueError(
            f"Argument `{name}` must not vanish, but does: it has no direction."
        )
    return row / largest / np.linalg.norm(row / largest)


def _growing(weights: Weights, u: Float[np.ndarray, " d"]) -> Float[np.ndarray, " p"]:
    """$h_+$; exactly zero where both parts cancel up to rounding."""
    first, last = weights
    along = first @ u
    total = last[0] + along
    terms = np.linalg.norm(last) + np.linalg.norm(np.abs(first) @ np.abs(u))
    lost = 4 * len(u) * np.finfo(float).eps * terms
    return total / 2 if np.linalg.norm(total) > lost else np.zeros_like(total)

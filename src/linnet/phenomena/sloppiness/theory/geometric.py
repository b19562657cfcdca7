r"""Means of powers $\rho^t$, $\rho=1-x$, over $t=0..T-1$ to full relative precision.

The obvious closed forms, such as $1-2g_1+g_2$ for $\langle(1-\rho^t)^2\rangle$, are
rounding noise for $xT\ll1$ and for unlike modes. Here every mean is a sum without
cancellation: powers by `expm1` and `log1p` of $\min(x, 2-x)$, series below one e-fold
$z=xT<1$, and above it summation by parts,
$$\langle h_j(1-h_i)\rangle=\frac{x_i}{x_j}\big[\rho_j\langle h_ih_j\rangle
  -\rho_j^T\langle h_i\rangle\big].$$
Gradient flow is the limit $x\to0$, $T\to\infty$ at fixed $z$.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import final

import numpy as np

Array = np.ndarray
"""An array that broadcasts against the others of its call."""
TERMS = 25
r"""Terms of a series in $2z\le2$ over $(j+1)!$: the next is below $10^{-18}$."""


def power(x: Array, t: Array) -> Array:
    r"""$(1-x)^t$ for $x\ge0$ and whole $t\ge0$; $0^0=1$."""
    size = np.exp(_exponent(x, t))
    return np.where((x > 1) & (t % 2 == 1), -size, size)


def power_gap(x: Array, t: Array) -> Array:
    r"""$1-(1-x)^t$ without cancellation, for $x\ge0$ and whole $t\ge0$."""
    exponent = _exponent(x, t)
    odd = (x > 1) & (t % 2 == 1)
    return np.where(odd, 1 + np.exp(exponent), -np.expm1(exponent))


@final
@dataclass(frozen=True, eq=False)
class Powers:
    r"""What the means need of the modes on one side of a product.

    Attributes:
        folds: $z=xT$.
        step: $x$, zero for the flow.
        share: $1/T$, zero for the flow.
        lost: $m=\min(x,2-x)$, so that $\lvert\rho\rvert=1-m$; $z$ for the flow.
        log_size: $T\ln\lvert\rho\rvert$; $-z$ for the flow.
        negative: Whether $\rho<0$.
        mean: $\langle h\rangle$.
        learned: $\langle1-h\rangle$.
        end: $\rho^T$.
    """

    folds: Array
    step: Array
    share: Array
    lost: Array
    log_size: Array
    negative: np.ndarray
    mean: Array
    learned: Array
    end: Array

    def reshaped(self, change: Callable[[np.ndarray], np.ndarray]) -> "Powers":
        """The same with each array changed, as by a new axis."""
        return Powers(*(change(value) for value in vars(self).values()))


def descent_powers(x: Array, count: Array) -> Powers:
    """Powers of steps $x$ in [0, 2], at `count` points."""
    x, count = np.broadcast_arrays(x, count)
    lost = np.minimum(x, 2 - x)
    with np.errstate(divide="ignore"):
        log_size = count * np.log1p(-lost)
    mean = _mean(lost, log_size, x > 1, 1 / count)
    return _completed(x * count, x, 1 / count, lost, log_size, x > 1, mean)


def flow_powers(folds: Array) -> Powers:
    r"""Powers of a flow that lasts $z=\lambda\tau\ge0$."""
    zero = np.zeros_like(folds)
    mean = _flow_mean(folds)
    return _completed(folds, zero, zero, folds, -folds, zero > 0, mean)


def product_mean(left: Powers, right: Powers) -> Array:
    r"""$\langle h_ih_j\rangle$ with $1-\rho_i\rho_j=m_i+m_j-m_im_j$."""
    if not np.any(left.share):
        return _flow_mean(left.folds + right.folds)
    lost = left.lost + right.lost * (1 - left.lost)
    negative = left.negative ^ right.negative
    return _mean(lost, left.log_size + right.log_size, negative, left.share)


def gap_means(left: Powers, right: Powers, both: Array) -> tuple[Array, Array]:
    r"""$\langle h_i(1-h_j)\rangle$ and $\langle(1-h_i)(1-h_j)\rangle$.

    Args:
        left: Modes $i$.
        right: Modes $j$, broadcast against them.
        both: $\langle h_ih_j\rangle$.
    """
    late_left, late_right = left.folds >= 1, right.folds >= 1
    target = _cross_late(right, left, both)  # <h_j (1 - h_i)>
    np.subtract(left.learned, target, out=target)
    left_gap = _cross_late(left, right, both)
    np.subtract(right.learned, left_gap, out=target, where=late_left)
    target = patched(
        target,
        ~(late_left | late_right),
        _target_series,
        *(left.folds, right.folds, left.step, right.step, left.share),
    )
    np.subtract(right.learned, target, out=left_gap, where=~late_left)
    only_start = left.share == 1  # where nothing is learned, and not even rounding
    for gap in (left_gap, target):
        np.copyto(gap, 0.0, where=only_start)
    return left_gap, target


def patched(
    values: Array,
    where: np.ndarray,
    function: Callable[..., Array],
    *arguments: Array,
) -> Array:
    """Values with those of a function put in where a mask says so."""
    if not where.any():
        return values
    shape = np.broadcast_shapes(values.shape, where.shape)
    found = np.array(np.broadcast_to(values, shape))
    mask = np.broadcast_to(where, shape)
    found[mask] = function(*(np.broadcast_to(a, shape)[mask] for a in arguments))
    return found


def _exponent(x: Array, t: Array) -> Array:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(t == 0, 0.0, t * np.log1p(-np.minimum(x, 2 - x)))


def _completed(
    folds: Array,
    step: Array,
    share: Array,
    lost: Array,
    log_size: Array,
    negative: np.ndarray,
    mean: Array,
) -> Powers:
    odd = negative & _is_odd(share)
    end = np.where(odd, -np.exp(log_size), np.exp(log_size))
    learned = np.where(share == 1, 0.0, 1 - mean)
    learned = patched(learned, folds < 1, _learned_series, folds, share)
    return Powers(folds, step, share, lost, log_size, negative, mean, learned, end)


def _mean(lost: Array, log_size: Array, negative: np.ndarray, share: Array) -> Array:
    r"""$(1-q^T)/(T(1-q))$ for $q=\pm(1-m)$."""
    mean = -np.expm1(log_size)  # in place from here: pairs are large
    mean *= share
    mean /= np.where(lost > 0, lost, 1.0)
    np.copyto(mean, 1.0, where=lost == 0)
    mean = patched(mean, negative, _alternating_mean, lost, log_size, share)
    np.copyto(mean, 1.0, where=share == 1)
    return mean


def _alternating_mean(lost: Array, log_size: Array, share: Array) -> Array:
    gap = np.where(_is_odd(share), 1 + np.exp(log_size), -np.expm1(log_size))
    return gap * share / (2 - lost)


def _is_odd(share: Array) -> np.ndarray:
    """Whether $T$ is odd, from $1/T$; nothing for the flow."""
    whole = np.divide(1.0, share, out=np.zeros_like(share), where=share > 0)
    return whole.round() % 2 == 1


def _flow_mean(folds: Array) -> Array:
    safe = np.where(folds > 0, folds, 1.0)
    return np.where(folds > 0, -np.expm1(-safe) / safe, 1.0)


def _cross_late(left: Powers, right: Powers, both: Array) -> Array:
    r"""$\langle h_i(1-h_j)\rangle$ where $z_i\ge1$; anything elsewhere."""
    safe = np.where(left.folds >= 1, left.folds, 1.0)
    inner = (1 - left.step) * both
    inner -= left.end * right.mean
    inner *= right.folds / safe
    return inner


def _learned_series(folds: Array, share: Array) -> Array:
    r"""$\langle1-h\rangle=\sum_{j\ge1}(-1)^{j+1}z^jw_j$.

    $w_j=\prod_{k\le j}(1-k/T)/(j+1)!$.
    """
    total, term = np.zeros_like(folds), np.ones_like(folds)
    for j in range(1, TERMS):
        term = term * folds * (1 - j * share) / (j + 1)
        total = total + term if j % 2 else total - term
    return total


def _target_series(
    left: Array, right: Array, left_step: Array, right_step: Array, share: Array
) -> Array:
    r"""$\langle(1-h_i)(1-h_j)\rangle=z_iz_j\sum_j(-1)^jw_jQ_j$ for $z_i,z_j<1$.

    $Q_j=T^{j-2}(Y^j-x_i^j-x_j^j)/(x_ix_j)$ with $Y=x_i+x_j-x_ix_j$ follows
    $Q_{j+1}=YT\,Q_j+z_i^{j-1}(1-x_i)+z_j^{j-1}(1-x_j)$ from $Q_1=-1/T$.
    """
    both = left + right * (1 - left_step)
    weight, total = np.ones_like(both), np.zeros_like(both)
    inner = -share
    left_power, right_power = 1 - left_step, 1 - right_step
    for j in range(1, TERMS):
        weight = weight * (1 - j * share) / (j + 1)
        total = total - weight * inner if j % 2 else total + weight * inner
        inner = both * inner + left_power + right_power
        left_power, right_power = left_power * left, right_power * right
    return left * right * total

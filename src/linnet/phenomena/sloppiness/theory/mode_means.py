r"""Means of powers of single modes, fast enough for maps of a million points.

Blocks that stay in cache, and as few evaluations of elementary functions as precision
allows. For one mode the mixed mean has no cancellation at any $z=xT$,
$$\langle h(1-h)\rangle=\frac{(1-\rho^T)(\rho-\rho^T)}{Tx(2-x)},$$
so that above one e-fold $\langle1-h\rangle$ minus it is $\langle(1-h)^2\rangle$, and
below it the series for the latter plus it is the former.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from linnet.phenomena.sloppiness.theory.geometric import (
    descent_powers,
    gap_means,
    product_mean,
)

BLOCK = 2**13
"""Numbers in one block, of which a dozen arrays stay in cache."""
TERMS = 25
ENOUGH = 1e-18
"""Part of a series that is left out."""


class Means(NamedTuple):
    r"""$\langle h\rangle$, $\langle1-h\rangle$, $\langle h^2\rangle$ and so on."""

    remaining: np.ndarray
    learned: np.ndarray
    start: np.ndarray
    target: np.ndarray
    cross: np.ndarray


def flow_means(folds: np.ndarray) -> Means:
    r"""Means of $e^{-s}$ over $s$ in $[0,z]$, for $z\ge0$."""
    return _blockwise(_flow_block, folds)


def descent_means(x: np.ndarray, count: np.ndarray) -> Means:
    r"""Means of $(1-x)^t$ over $t=0..T-1$, for $x$ in [0, 2] and $T\ge1$."""
    return _blockwise(_descent_block, x, count)


def _blockwise(function: Callable[..., Means], *given: np.ndarray) -> Means:
    shape = np.broadcast_shapes(*(array.shape for array in given))
    flat = [np.broadcast_to(array, shape).reshape(-1) for array in given]
    found = np.empty((5, flat[0].size))
    for at in range(0, flat[0].size, BLOCK):
        found[:, at : at + BLOCK] = function(*(a[at : at + BLOCK] for a in flat))
    return Means(*(row.reshape(shape) for row in found))


def _flow_block(z: np.ndarray) -> Means:
    early = z < 1
    lost = -np.expm1(-z)
    safe = np.where(z > 0, z, 1.0)
    remaining = np.where(z > 0, lost / safe, 1.0)
    start = remaining * (1 - lost / 2)
    cross = remaining * lost / 2
    learned = 1 - remaining
    target = learned - cross
    if early.any():
        some = z[early]
        target[early] = some**2 * _flow_series(some)
        learned[early] = target[early] + cross[early]
    return Means(remaining, learned, start, target, cross)


def _descent_block(x: np.ndarray, count: np.ndarray) -> Means:
    if (x > 1).any():
        return _any_descent(x, count)
    z = x * count
    with np.errstate(divide="ignore", invalid="ignore"):
        log_size = np.log1p(-x)
        lost = -np.expm1(count * log_size)
        later = np.where(count > 1, -np.expm1((count - 1) * log_size), 0.0)
    remaining = np.where(z > 0, lost / np.where(z > 0, z, 1.0), 1.0)
    remaining[count == 1] = 1.0
    start = np.where(count == 1, 1.0, remaining * (2 - lost) / (2 - x))
    cross = remaining * (1 - x) * later / (2 - x)
    learned = 1 - remaining
    target = learned - cross
    early = z < 1
    if early.any():
        target[early] = _descent_series(x[early], count[early])
        learned[early] = target[early] + cross[early]
    target[count == 1] = 0.0  # and no rounding
    return Means(remaining, learned, start, target, cross)


def _any_descent(x: np.ndarray, count: np.ndarray) -> Means:
    powers = descent_powers(x, count)
    start = product_mean(powers, powers)
    cross, target = gap_means(powers, powers, start)
    return Means(powers.mean, powers.learned, start, target, cross)


def _flow_series(z: np.ndarray) -> np.ndarray:
    r"""$\sum_{k\ge2}(-1)^k(2^k-2)z^{k-2}/(k+1)!$ for $z<1$."""
    terms = _terms(2 * float(z.max()))
    total = np.zeros_like(z)
    for coefficient in FLOW_SERIES[terms::-1]:
        total *= z
        total += coefficient
    return total


def _flow_coefficients() -> list[float]:
    found, factorial = [], 2.0
    for k in range(2, TERMS + 3):
        factorial *= k + 1
        found.append((-1) ** k * (2.0**k - 2) / factorial)
    return found


FLOW_SERIES = _flow_coefficients()


def _descent_series(x: np.ndarray, count: np.ndarray) -> np.ndarray:
    r"""$\langle(1-h)^2\rangle$ for $z<1$: the series of two equal modes."""
    z, share = x * count, 1 / count
    both, power = z * (2 - x), 2 * (1 - x)
    weight, inner = (1 - share) / 2, -share
    total = -weight * inner
    for j in range(2, _terms(2 * float(z.max())) + 3):
        inner = both * inner + power
        weight = weight * (j * share - 1) / (j + 1)
        total -= weight * inner
        power *= z
    return total * z * z


def _terms(largest: float) -> int:
    r"""How many terms of $\sum_jy^j/(j+3)!$ matter for $0\le y\le2$."""
    term = 1 / 6
    for j in range(TERMS):
        if term < ENOUGH:
            return j
        term *= largest / (j + 4)
    return TERMS

r"""How many dimensions at most and at least, without an eigenvalue problem.

A fixed target leaves a covariance $C = D+P$: $D$ diagonal, of the cloud of starts, and
$P$, of the one mean curve, of very low rank. Its eigenvalues lie between sums of the
parts' (Weyl), those of its leading ones between the largest diagonal entries (Schur and
Horn) and the sums of the parts' leading ones (Ky Fan); the trace is exact.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from linnet.phenomena.sloppiness.theory.refusals import (
    check_not_negative,
    real_numbers,
)
from linnet.shapes import Float

VARIANCE = "it is a variance"
SPARE = 1e-9  # share of the curve's trace that its leading columns may leave out


@dataclass(frozen=True, eq=False)
class ExplainedBounds:
    r"""Where the explained variance $e_k$, $k=1..r$, must lie.

    Attributes:
        lower: At least this much is explained by $k$ dimensions, shape `(..., r)`.
        upper: At most this much, shape `(..., r)`.
    """

    lower: Float[np.ndarray, "*grid r"]
    upper: Float[np.ndarray, "*grid r"]


def weyl_bounds(
    first: ArrayLike, second: ArrayLike
) -> tuple[Float[np.ndarray, "*grid r"], Float[np.ndarray, "*grid r"]]:
    r"""Bounds on every eigenvalue of a sum of two symmetric matrices.

    $$\max_{i+j=k+r}(D_i+P_j)\;\le\;\mathrm{eig}_k(D+P)\;\le\;\min_{i+j=k+1}(D_i+P_j),$$
    eigenvalues downwards, indices from 1.

    Valid for: symmetric matrices of the same size $r$; exact inequalities. Cost
    $O(r^2)$ per entry of the grid.

    Args:
        first: Eigenvalues of $D$ in any order, shape `(..., r)`.
        second: Eigenvalues of $P$ in any order, shape `(..., r)`; what is missing of a
            shorter row is zero.

    Returns:
        Lower and upper bounds, downwards, shape `(..., r)`.

    Raises:
        ValueError: when an entry is not finite or `second` is longer than `first`.

    Reference: Weyl 1912.

    Example:
        >>> low, high = weyl_bounds([2.0, 1.0], [3.0])
        >>> low, high
        (array([4., 1.]), array([5., 2.]))
    """
    large, small = _two_spectra(first, second)
    r = large.shape[-1]
    low, high = np.full(large.shape, -np.inf), np.full(large.shape, np.inf)
    for k in range(r):
        # Zero-based: i + j = k above, i + j = k + r - 1 below.
        high[..., k] = (large[..., : k + 1] + small[..., k::-1]).min(-1)
        low[..., k] = (large[..., k:] + small[..., k:][..., ::-1]).max(-1)
    return low, high


def ky_fan_bounds(first: ArrayLike, second: ArrayLike) -> Float[np.ndarray, "*grid r"]:
    r"""Upper bounds on sums of leading eigenvalues of a sum of symmetric matrices.

    $\sum_{i\le k}\mathrm{eig}_i(D+P)\le\sum_{i\le k}(D_i+P_i)$, eigenvalues downwards.

    Valid for: as `weyl_bounds`.

    Args:
        first: Eigenvalues of $D$ in any order, shape `(..., r)`.
        second: Those of $P$; what is missing of a shorter row is zero.

    Raises:
        ValueError: as `weyl_bounds`.

    Reference: Ky Fan 1949.
    """
    large, small = _two_spectra(first, second)
    return np.cumsum(large + small, axis=-1)


def schur_horn_bounds(diagonal: ArrayLike) -> Float[np.ndarray, "*grid r"]:
    r"""Lower bounds on sums of leading eigenvalues, from a diagonal alone.

    $\sum_{i\le k}\mathrm{eig}_i(C)\ge$ the sum of the $k$ largest diagonal entries.

    Valid for: symmetric $C$ in any orthonormal basis.

    Args:
        diagonal: That of $C$, along the last axis, in any order.

    Raises:
        ValueError: when an entry is not finite.

    Reference: Schur 1923, Horn 1954.
    """
    return np.cumsum(_downwards(_row("diagonal", diagonal)), axis=-1)


def explained_bounds(
    cloud: ArrayLike, curve: Float[np.ndarray, "r s"], rest: float = 0.0
) -> ExplainedBounds:
    r"""Explained variance of $C = D+FF^\top+E$, without an $r\times r$ problem.

    From above Ky Fan and Weyl; from below Schur and Horn, and the variance of $C$ along
    the leading directions of the curve, $\sum_{l\le k}v_l^\top Cv_l$. Divided by the
    exact trace. The only matrix that is decomposed is $F^\top F\,(s,s)$.

    Valid for: $D\ge0$ diagonal, $E\succeq0$; exact inequalities. Without a curve both
    sides are the explained variance itself.

    Args:
        cloud: $D_i$ of the cloud of starts, shape `(..., r)`.
        curve: $F$, leading columns of the mean curve's covariance, shape `(r, s)`; see
            `leading_columns`.
        rest: $\mathrm{tr}E\ge0$, what the columns leave out.

    Raises:
        ValueError: when an entry is negative or not finite, the trace vanishes, or
            shapes do not fit.

    Reference: derived here from the textbook inequalities.

    Example:
        >>> found = explained_bounds([2.0, 1.0], np.array([[0.0], [2.0]]))
        >>> found.lower.round(2), found.upper.round(2)
        (array([0.71, 1.  ]), array([0.86, 1.  ]))
    """
    start, columns = _row("cloud", cloud), real_numbers("curve", curve)
    check_not_negative("cloud", start, VARIANCE)
    check_not_negative("rest", rest, VARIANCE)
    r = start.shape[-1]
    if columns.ndim != 2 or len(columns) != r:
        raise ValueError(
            f"Argument `curve` must have shape ({r}, s), a row per entry of `cloud`,"
            f" but has {columns.shape}."
        )
    trace = (start.sum(-1) + np.sum(columns**2) + rest)[..., None]
    if (trace == 0).any():
        raise ValueError(
            "Arguments `cloud` and `curve` must not vanish together, but do: where"
            " nothing moves, nothing is explained."
        )
    values, along = _leading_directions(columns)
    high = np.minimum(
        ky_fan_bounds(start, values), np.cumsum(weyl_bounds(start, values)[1], axis=-1)
    )
    low = schur_horn_bounds(start + np.sum(columns**2, axis=1))
    seen = np.cumsum(values + start @ along**2, axis=-1)
    seen = np.concatenate(
        [seen, np.zeros((*seen.shape[:-1], r - len(values)))], axis=-1
    )
    low = np.maximum.accumulate(np.maximum(low, seen), axis=-1)
    return ExplainedBounds(low / trace, np.minimum((high + rest) / trace, 1.0))


def leading_columns(
    curve: Float[np.ndarray, "r r"],
) -> tuple[Float[np.ndarray, "r s"], float]:
    r"""A few columns that make up a curve's covariance, $P = FF^\top+E$.

    Elimination of the $s$ columns of which most is left, until the trace of
    $E\succeq0$ is below $10^{-9}$ of that of $P$. One curve needs $s\sim10$ whatever
    $r$ is; the cost is $O(rs^2)$, and no eigenvalue problem is solved.

    Valid for: positive semi-definite $P$.

    Args:
        curve: $P$.

    Returns:
        $F$, and $\mathrm{tr}E$.

    Raises:
        ValueError: when `curve` is not a finite square matrix, or has a negative
            diagonal.

    Reference: derived here; pivoted elimination of Cholesky.
    """
    matrix = real_numbers("curve", curve)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise ValueError(
            f"Argument `curve` must be a square matrix (r, r), but has {matrix.shape}."
        )
    left = check_not_negative("curve", matrix.diagonal(), VARIANCE).copy()
    whole, columns = left.sum(), np.empty((0, len(left)))
    while left.sum() > SPARE * whole and len(columns) < len(left):
        pivot = int(left.argmax())
        column = matrix[pivot] - columns[:, pivot] @ columns
        column = column / np.sqrt(left[pivot])
        columns = np.vstack([columns, column])
        left = np.maximum(left - column**2, 0.0)
        left[pivot] = 0.0
    return columns.T, float(left.sum())


def _leading_directions(
    columns: Float[np.ndarray, "r s"],
) -> tuple[Float[np.ndarray, " q"], Float[np.ndarray, "r q"]]:
    """Eigenvalues and directions of the curve, by the smaller matrix."""
    values, mixed = np.linalg.eigh(columns.T @ columns)
    kept = values > len(values) * np.finfo(float).eps * values.max(initial=0.0)
    kept[: max(0, len(values) - len(columns))] = False
    values, mixed = values[kept][::-1], mixed[:, kept][:, ::-1]
    return values, columns @ mixed / np.sqrt(values)


def _two_spectra(
    first: ArrayLike, second: ArrayLike
) -> tuple[Float[np.ndarray, "*grid r"], Float[np.ndarray, "*grid r"]]:
    large, small = _row("first", first), real_numbers("second", second)
    small = np.atleast_1d(small)  # may be empty: a curve of no length
    missing = large.shape[-1] - small.shape[-1]
    if missing < 0:
        raise ValueError(
            "Argument `second` must not be longer than `first`, but they have"
            f" {small.shape[-1]} and {large.shape[-1]} eigenvalues."
        )
    # Zeros before sorting: a spectrum may have eigenvalues below them.
    fill = [(0, 0)] * (small.ndim - 1) + [(0, missing)]
    small = np.pad(small, fill)
    shape = np.broadcast_shapes(large.shape, small.shape)
    return (
        _downwards(np.broadcast_to(large, shape)),
        _downwards(np.broadcast_to(small, shape)),
    )


def _row(name: str, value: ArrayLike) -> Float[np.ndarray, "*grid r"]:
    given = real_numbers(name, value)
    if given.ndim == 0 or given.shape[-1] == 0:
        raise ValueError(
            f"Argument `{name}` must have values along its last axis, but has shape"
            f" {given.shape}."
        )
    return given


def _downwards(values: Float[np.ndarray, "*grid r"]) -> Float[np.ndarray, "*grid r"]:
    return np.sort(values, axis=-1)[..., ::-1]

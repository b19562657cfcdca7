"""Krylov bases: the directions that a symmetric matrix makes of a start, in order."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from linnet.shapes import Float

PRODUCTS = 12
"""Products with an operator that is no array, spent on estimating its norm."""


@dataclass(frozen=True, eq=False)
class KrylovBasis:
    r"""Orthonormal basis in which a symmetric matrix is tridiagonal.

    Signs: off-diagonal entries are negative, so that for a positive definite matrix all
    coordinates of $A^{-1}b$ are positive ($b$ the start). The vectors are then the
    normalized residuals of conjugate gradients on $Ax = b$.

    Attributes:
        vectors: $u_1, \dots, u_m$ as columns, shape `(d, m)`; $u_1 = b/\lVert b\rVert$.
        diagonal: $u_k^\top A u_k$.
        off_diagonal: $u_k^\top A u_{k+1} < 0$.
        drive: $\lVert b\rVert$, so that the start is `drive` times the first vector.
    """

    vectors: Float[np.ndarray, "d m"]
    diagonal: Float[np.ndarray, " m"]
    off_diagonal: Float[np.ndarray, " m_less_one"]
    drive: float

    def matrix(self) -> Float[np.ndarray, "m m"]:
        r"""The tridiagonal matrix $U^\top A U$."""
        side = np.diag(self.off_diagonal, 1)
        return np.diag(self.diagonal) + side + side.T


def krylov_basis(
    matrix: Any,
    start: Float[np.ndarray, " d"],
    *,
    most: int | None = None,
    tolerance: float = 1e-10,
) -> KrylovBasis:
    r"""Orthonormal basis of $\mathrm{span}\{b, Ab, A^2b, \dots\}$, in this order.

    The recursion of Lanczos, every vector orthogonalized twice against all before it.
    It ends where the space is invariant, $\lVert r_k\rVert <$ `tolerance`
    $\lVert A\rVert$ for the part $r_k$ of $Au_k$ outside of it: the dimension is the
    number of distinct eigenvalues on which the start has weight. The norm of an array
    is its smaller one of Frobenius and largest row sum, that of an operator a few
    power iterations.

    Valid for: symmetric $A$, definite or not. An array is checked for symmetry, an
    operator is trusted.

    Args:
        matrix: $A$, an array or anything with `@`, such as a SciPy `LinearOperator`.
        start: $b$, not zero; it need not be of length one.
        most: Dimensions at most; None for as many as there are.
        tolerance: What counts as zero, relative to the norm.

    Returns:
        The basis, of one dimension if the start is an eigenvector.

    Raises:
        ValueError: when the matrix is not symmetric or does not fit, an entry is not
            finite, the start vanishes, `most` is below 1 or `tolerance` not in (0, 1).

    Example:
        >>> import numpy as np
        >>> basis = krylov_basis(np.diag([4.0, 1.0, 1.0]), np.array([1.0, 1.0, 1.0]))
        >>> basis.vectors.shape, basis.diagonal
        ((3, 2), array([2., 3.]))

    Reference: Lanczos 1950.
    """
    matrix, start = _array_if_list(matrix), _checked_start(start)
    d = len(start)
    size = _checked_norm(matrix, d)
    most = _checked_limits(most, tolerance, d)
    drive = _length(start)
    vectors = [start / drive]
    diagonal: list[float] = []
    off_diagonal: list[float] = []
    while True:
        image = _times(matrix, vectors[-1])
        diagonal.append(float(vectors[-1] @ image))
        if len(vectors) == most:
            break
        rest = _outside(image, np.array(vectors))
        length = _length(rest)
        if not length > tolerance * size:
            break
        off_diagonal.append(-length)
        vectors.append(-rest / length)
    return KrylovBasis(
        np.array(vectors).T, np.array(diagonal), np.array(off_diagonal), drive
    )


def krylov_space(
    matrix: Any,
    starts: Float[np.ndarray, "d s"],
    *,
    most: int | None = None,
    tolerance: float = 1e-10,
) -> Float[np.ndarray, "d m"]:
    r"""Orthonormal basis of the smallest invariant space that holds several starts.

    First the starts, then their images, then the images of these: vectors of the same
    power stand together. With one start it spans what `krylov_basis` does. The matrix
    on it is `space.T @ (matrix @ space)`, banded.

    Args:
        matrix: Symmetric, an array or anything with `@`.
        starts: As columns; a column that depends on those before it adds nothing.
        most: Dimensions at most; None for as many as there are.
        tolerance: What counts as zero, relative to the norm, or to a start's length.

    Raises:
        ValueError: as `krylov_basis`; all starts must not vanish together.
    """
    matrix, starts = _array_if_list(matrix), np.asarray(starts, dtype=float)
    if starts.ndim != 2 or 0 in starts.shape or not np.isfinite(starts).all():
        raise ValueError(
            "Argument `starts` must be finite and hold columns, (d, s), but has shape"
            f" {starts.shape} or an entry that is not finite."
        )
    lengths = np.linalg.norm(starts, axis=0)
    if not (lengths > 0).any():
        raise ValueError("Argument `starts` must not vanish, but all columns do.")
    size = _checked_norm(matrix, len(starts))
    most = _checked_limits(most, tolerance, len(starts))
    vectors = np.empty((0, len(starts)))
    waiting = [(s / n, 1.0) for s, n in zip(starts.T, lengths, strict=True) if n > 0]
    while waiting and len(vectors) < most:
        candidate, scale = waiting.pop(0)
        rest = _outside(candidate, vectors)
        length = _length(rest)
        if length > tolerance * scale:
            vectors = np.vstack([vectors, rest / length])
            waiting.append((_times(matrix, vectors[-1]), size))
    return vectors.T


def _outside(
    vector: Float[np.ndarray, " d"], vectors: Float[np.ndarray, "m d"]
) -> Float[np.ndarray, " d"]:
    """What is orthogonal to all vectors."""
    for _ in range(2):  # once leaves rounding of the whole, not of what is left
        vector = vector - vectors.T @ (vectors @ vector)
    return vector


def _length(vector: Float[np.ndarray, " d"]) -> float:
    """Euclidean, without overflow or underflow of the squares."""
    top = float(np.abs(vector).max())
    return top * float(np.linalg.norm(vector / top)) if top > 0 else 0.0


def _times(matrix: Any, vector: Float[np.ndarray, " d"]) -> Float[np.ndarray, " d"]:
    image = np.asarray(matrix @ vector, dtype=float)
    if image.shape != vector.shape or not np.isfinite(image).all():
        raise ValueError(
            f"Argument `matrix` must map vectors of length {len(vector)} to finite ones"
            f" of that length, but gives shape {image.shape} or an entry that is not"
            " finite."
        )
    return image


def _checked_start(start: Float[np.ndarray, " d"]) -> Float[np.ndarray, " d"]:
    start = np.asarray(start, dtype=float)
    if start.ndim != 1 or len(start) == 0 or not np.isfinite(start).all():
        raise ValueError(
            "Argument `start` must be a finite vector, but has shape"
            f" {start.shape} or an entry that is not finite."
        )
    if not start.any():
        raise ValueError(
            "Argument `start` must not vanish, but does: it has no direction."
        )
    return start


def _checked_limits(most: int | None, tolerance: float, d: int) -> int:
    if not 0 < tolerance < 1:
        raise ValueError(
            f"Argument `tolerance` must lie in (0, 1), but is {tolerance}."
        )
    if most is None:
        return d
    if int(most) != most or most < 1:
        raise ValueError(f"Argument `most` must be a whole number >= 1, but is {most}.")
    return min(int(most), d)


def _array_if_list(matrix: Any) -> Any:
    """Rows in lists are to be looked at, not trusted as an operator."""
    return np.asarray(matrix) if isinstance(matrix, list | tuple) else matrix


def _checked_norm(matrix: Any, d: int) -> float:
    """About the norm of a matrix that fits; of an array, after a look at symmetry."""
    shape = getattr(matrix, "shape", (d, d))
    if tuple(shape) != (d, d):
        raise ValueError(
            f"Argument `matrix` must have shape ({d}, {d}), that of the start, but has"
            f" {tuple(shape)}."
        )
    if not isinstance(matrix, np.ndarray):
        return _operator_norm(matrix, d)
    if not np.isfinite(matrix).all():
        raise ValueError("Argument `matrix` must be finite, but is not.")
    if np.abs(matrix - matrix.T).max() > 1e-10 * np.abs(matrix).max():
        raise ValueError("Argument `matrix` must be symmetric, but is not.")
    row_sum = float(np.abs(matrix).sum(0).max())
    return min(row_sum, _length(matrix.ravel()))


def _operator_norm(matrix: Any, d: int) -> float:
    """By power iteration: from below, within a small factor."""
    # No structure is likely to be orthogonal to this start.
    vector = np.cos(1.0 + np.arange(d) ** 1.5)
    length = 0.0
    for _ in range(PRODUCTS):
        vector = _times(matrix, vector / _length(vector))
        length = _length(vector)
        if length == 0:
            break
    return length

"""A matrix of distances that somebody else computed."""

from collections.abc import Iterator

import numpy as np

from linnet.shapes import Float

ROWS_AT_ONCE = 256


def given_distances(
    matrix: Float[np.ndarray, "m m"],
    *,
    tolerance: float = 1e-6,
    allow_negative: bool = False,
    allow_diagonal: bool = False,
) -> Float[np.ndarray, "m m"]:
    """A user's own distances, checked before they are embedded; no copy is made.

    Valid for: any symmetric matrix that plays the role of squared distances.

    Args:
        matrix: In single or double precision.
        tolerance: Largest asymmetry and diagonal, relative to the largest entry.
        allow_negative: Let entries below zero pass, as divergences of other kinds have.
        allow_diagonal: Let a diagonal pass that is not zero, as noisy estimates have.

    Returns:
        `matrix` itself.

    Raises:
        ValueError: when it is not square, symmetric and finite, has an entry below
            zero or a diagonal that is not zero.

    Example:
        >>> given_distances(np.array([[0.0, 1.0], [2.0, 0.0]]))
        Traceback (most recent call last):
            ...
        ValueError: Argument `matrix` must be symmetric, but entries (0, 1) and (1, 0)
        are 1 and 2: symmetrize it, (D + D.T) / 2.
    """
    _check_form(matrix)
    largest = max(float(np.abs(rows).max()) for _, rows in _rows(matrix))
    allowed = tolerance * largest
    for start, rows in _rows(matrix):
        _check_rows(matrix, start, rows, allowed, allow_negative)
    diagonal = np.abs(np.diagonal(matrix))
    if not allow_diagonal and diagonal.max() > allowed:
        worst = int(diagonal.argmax())
        raise ValueError(
            "Argument `matrix` must have a diagonal of zeros, but entry"
            f" ({worst}, {worst}) is {matrix[worst, worst]:.6g}: distances of models"
            " from themselves are zero; pass `allow_diagonal=True` if they are noisy."
        )
    return matrix


def _rows(matrix: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    for start in range(0, len(matrix), ROWS_AT_ONCE):
        yield start, matrix[start : start + ROWS_AT_ONCE]


def _check_form(matrix: np.ndarray) -> None:
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not matrix.size:
        raise ValueError(
            "Argument `matrix` must be square, one row and column for each model, but"
            f" has shape {matrix.shape}."
        )
    if matrix.dtype not in (np.float32, np.float64):
        raise ValueError(
            "Argument `matrix` must be of type float32 or float64, but is of type"
            f" {matrix.dtype}: convert it with `astype(float)`."
        )
    for start, rows in _rows(matrix):
        if not np.isfinite(rows).all():
            i, j = np.argwhere(~np.isfinite(rows))[0] + (start, 0)
            raise ValueError(
                f"Argument `matrix` must be finite, but entry ({i}, {j}) is"
                f" {matrix[i, j]}: a few infinite distances would dominate everything;"
                " cap them, or leave out these models."
            )


def _check_rows(
    matrix: np.ndarray,
    start: int,
    rows: np.ndarray,
    allowed: float,
    allow_negative: bool,
) -> None:
    asymmetry = np.abs(rows - matrix[:, start : start + len(rows)].T)
    if asymmetry.max() > allowed:
        i, j = np.argwhere(asymmetry > allowed)[0] + (start, 0)
        raise ValueError(
            f"Argument `matrix` must be symmetric, but entries ({i}, {j}) and"
            f" ({j}, {i}) are {matrix[i, j]:.6g} and {matrix[j, i]:.6g}: symmetrize it,"
            " (D + D.T) / 2."
        )
    if not allow_negative and rows.min() < -allowed:
        i, j = np.argwhere(rows < -allowed)[0] + (start, 0)
        raise ValueError(
            f"Argument `matrix` must not be negative, but entry ({i}, {j}) is"
            f" {matrix[i, j]:.6g}: distances play the role of squares; pass"
            " `allow_negative=True` if that is meant."
        )

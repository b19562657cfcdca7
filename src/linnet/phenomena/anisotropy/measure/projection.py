"""A path of end-to-end vectors in a basis of few directions, and what lies outside."""

from dataclasses import dataclass

import numpy as np

from linnet.numerics import KrylovBasis
from linnet.shapes import Float


@dataclass(frozen=True, eq=False)
class Projection:
    r"""Coordinates of vectors in an orthonormal basis; exact, no error bar.

    Attributes:
        coordinates: $c_j = u_j\cdot w$ along the last axis; leading axes kept.
        outside: Length of what the basis does not hold.
        outside_share: Its square over that of the whole vector; 0 for no vector.
    """

    coordinates: Float[np.ndarray, "... m"]
    outside: Float[np.ndarray, "..."]
    outside_share: Float[np.ndarray, "..."]


def project(
    path: Float[np.ndarray, "... d"], basis: KrylovBasis | Float[np.ndarray, "d m"]
) -> Projection:
    r"""Coordinates of end-to-end vectors over training in a basis of the data.

    In the Krylov basis of the input moment and the cross moment $\Sigma\beta$, the
    coordinates are the order in which directions can be learned at all.

    Args:
        path: End-to-end maps `(times, k, d)`, or vectors `(..., d)` of any kind.
        basis: A Krylov basis, or orthonormal columns.

    Raises:
        ValueError: when dimensions do not fit, an entry is not finite, or the columns
            are not orthonormal to 1e-8.
    """
    vectors = basis.vectors if isinstance(basis, KrylovBasis) else np.asarray(basis)
    path = np.asarray(path, dtype=float)
    if vectors.ndim != 2 or path.ndim < 1 or path.shape[-1] != len(vectors):
        raise ValueError(
            "Arguments `path` and `basis` must be vectors (..., d) and columns (d, m)"
            f" of one dimension, but have shapes {path.shape} and {vectors.shape}."
        )
    if not (np.isfinite(path).all() and np.isfinite(vectors).all()):
        raise ValueError(
            "Arguments `path` and `basis` must be finite, but hold NaN or infinity:"
            " leave out what came after a divergence."
        )
    gap = np.abs(vectors.T @ vectors - np.eye(vectors.shape[1])).max(initial=0)
    if gap > 1e-8:
        raise ValueError(
            "Argument `basis` must have orthonormal columns, but their products are off"
            f" by {gap:.2g}."
        )
    coordinates = path @ vectors
    outside = np.linalg.norm(path - coordinates @ vectors.T, axis=-1)
    whole = np.linalg.norm(path, axis=-1)
    share = (outside / np.where(whole > 0, whole, 1.0)) ** 2
    return Projection(coordinates, outside, share)

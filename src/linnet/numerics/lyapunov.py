r"""Lyapunov equations $AV + VA = Q$ of a symmetric drift, in the drift's eigenbasis.

General solvers reduce the drift to Schur form, which a symmetric one does not need: an
eigendecomposition and four matrix products give the same, an order of magnitude sooner.
A drift $\Lambda K$ with $\Lambda$ positive diagonal (rates that differ by layer) is
symmetric too in other coordinates: $\Lambda^{1/2}K\Lambda^{1/2}$ and
$V = \Lambda^{1/2}V'\Lambda^{1/2}$.
"""

import numpy as np

from linnet.shapes import Float

SYMMETRY = 1e-10
"""Largest asymmetry of a drift that counts as rounding, relative to its entries."""


def symmetric_lyapunov(
    eigenvalues: Float[np.ndarray, " r"], rhs: Float[np.ndarray, "*blocks r r"]
) -> Float[np.ndarray, "*blocks r r"]:
    r"""Solve $hV + Vh = Q$ where the drift is diagonal: $V_{ij} = Q_{ij}/(h_i + h_j)$.

    Args:
        eigenvalues: $h > 0$.
        rhs: $Q$ in the eigenbasis, symmetric or not; leading axes are kept.

    Raises:
        ValueError: when an eigenvalue is not positive.
    """
    h = np.asarray(eigenvalues, dtype=float)
    _check_positive(h)
    return rhs / (h[:, None] + h)


def solve_lyapunov(
    drift: Float[np.ndarray, "p p"], rhs: Float[np.ndarray, "p p"]
) -> Float[np.ndarray, "p p"]:
    r"""Solve $AV + VA = Q$ for a symmetric positive definite drift $A$.

    $A = UhU^\top$, $V = U[(U^\top QU)_{ij}/(h_i+h_j)]U^\top$: $O(p^3)$ operations and
    five matrices at most beside the arguments. The stationary covariance of
    $dw = -Aw\,dt + \sqrt Q\,dB$.

    Args:
        drift: $A$.
        rhs: $Q$, symmetric or not; of a symmetric one the solution is symmetric.

    Raises:
        ValueError: when the shapes differ, an entry is not finite, or the drift is
            asymmetric, singular to rounding or not positive.
    """
    drift, rhs = np.asarray(drift, dtype=float), np.asarray(rhs, dtype=float)
    _check(drift, rhs)
    h, basis = np.linalg.eigh(drift)
    _check_positive(h)
    symmetric = _is_symmetric(rhs)
    matrix = basis.T @ rhs @ basis
    matrix /= h[:, None] + h
    matrix = basis @ matrix  # one name: what is done with is given back at once
    matrix = matrix @ basis.T
    del basis
    if symmetric:
        matrix = matrix + matrix.T
        matrix /= 2
    return matrix


def _check(drift: Float[np.ndarray, "..."], rhs: Float[np.ndarray, "..."]) -> None:
    if drift.ndim != 2 or drift.shape[0] != drift.shape[1] or not drift.size:
        raise ValueError(
            f"Argument `drift` must be a square matrix, but has shape {drift.shape}."
        )
    if rhs.shape != drift.shape:
        raise ValueError(
            f"Argument `rhs` must be {drift.shape} like the drift, but is {rhs.shape}."
        )
    for name, given in (("drift", drift), ("rhs", rhs)):
        if not np.isfinite(given).all():
            raise ValueError(
                f"Argument `{name}` must be finite, but holds NaN or infinity."
            )
    if not _is_symmetric(drift):
        raise ValueError(
            "Argument `drift` must be symmetric, but differs from its transpose by"
            f" {np.abs(drift - drift.T).max():.3g}: change to coordinates in which it"
            " is symmetric, or use a general solver."
        )


def _is_symmetric(matrix: Float[np.ndarray, "p p"]) -> bool:
    gap = np.abs(matrix - matrix.T).max()
    return bool(gap <= SYMMETRY * np.abs(matrix).max())


def _check_positive(eigenvalues: Float[np.ndarray, " r"]) -> None:
    least, most = eigenvalues.min(), eigenvalues.max()
    if most > 0 and abs(least) <= len(eigenvalues) * np.finfo(float).eps * most:
        raise ValueError(
            f"The drift is singular: its eigenvalues go from {most:.3g} down to"
            f" {least:.3g}, so something never relaxes. Reduce to the range first."
        )
    if not least > 0:
        raise ValueError(
            "The drift must be positive definite, but has an eigenvalue of"
            f" {least:.3g}: along it nothing is stationary."
        )

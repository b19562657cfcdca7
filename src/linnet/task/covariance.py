r"""Input covariances with a known spectrum, and Gaussian samples from them.

Inputs are centered: $x \sim \mathcal N(0, \Sigma)$. A generator asks for a random
orientation; without one the covariance is diagonal.
"""

from dataclasses import dataclass
from typing import final

import numpy as np

from linnet.numerics import geometric_spectrum, haar_frame, power_law_spectrum
from linnet.shapes import Float


@final
@dataclass(frozen=True, eq=False)
class Covariance:
    r"""$\Sigma = V\,\mathrm{diag}(\lambda)\,V^\top$, kept as spectrum and basis.

    Attributes:
        eigenvalues: $\lambda \ge 0$, in the order of the columns of `basis`.
        basis: $V$, orthonormal columns.

    Raises:
        ValueError: when shapes do not fit, an eigenvalue is negative or not finite, or
            the columns of `basis` are not orthonormal.

    Example:
        >>> Covariance(np.array([2.0, 1.0]), np.eye(2)).matrix()
        array([[2., 0.],
               [0., 1.]])
    """

    eigenvalues: Float[np.ndarray, " d"]
    basis: Float[np.ndarray, "d d"]

    def __post_init__(self) -> None:
        eigenvalues = np.array(self.eigenvalues, dtype=float)
        basis = np.array(self.basis, dtype=float)
        d = eigenvalues.size
        if d < 1 or eigenvalues.shape != (d,) or basis.shape != (d, d):
            raise ValueError(
                "Arguments `eigenvalues` and `basis` must have shapes (d,) and (d, d)"
                f" with d >= 1, but have {eigenvalues.shape} and {basis.shape}."
            )
        if not (np.isfinite(eigenvalues).all() and (eigenvalues >= 0).all()):
            worst = eigenvalues[~(np.isfinite(eigenvalues) & (eigenvalues >= 0))][0]
            raise ValueError(
                "Argument `eigenvalues` must be finite and >= 0, but holds"
                f" {worst:.3g}: a covariance is positive semi-definite."
            )
        gap = np.abs(basis.T @ basis - np.eye(d)).max()
        if not gap <= 1e-10:  # also refuses NaN
            raise ValueError(
                "Argument `basis` must have orthonormal columns, but its Gram matrix is"
                f" off the identity by {gap:.3g}: orthonormalize it by np.linalg.qr."
            )
        for name, array in (("eigenvalues", eigenvalues), ("basis", basis)):
            array.setflags(write=False)
            object.__setattr__(self, name, array)

    def matrix(self) -> Float[np.ndarray, "d d"]:
        r"""$\Sigma$, exactly symmetric."""
        product = (self.basis * self.eigenvalues) @ self.basis.T
        return (product + product.T) / 2

    def sample(self, n: int, rng: np.random.Generator) -> Float[np.ndarray, "n d"]:
        r"""Draw `n` independent rows $x \sim \mathcal N(0, \Sigma)$.

        Raises:
            ValueError: when `n` < 1.
        """
        if n < 1:
            raise ValueError(f"Argument `n` must be >= 1, but is {n}.")
        d = len(self.eigenvalues)
        white = rng.standard_normal((n, d))
        lengths = np.sqrt(self.eigenvalues)
        bulk = np.sort(lengths)[d // 2]
        special = lengths != bulk
        if 2 * special.sum() > d:
            return (white * lengths) @ self.basis.T
        # White in every basis: only the few directions off the bulk need be stretched.
        spikes = self.basis[:, special]
        return bulk * white + (white @ spikes * (lengths[special] - bulk)) @ spikes.T


def isotropic_covariance(d: int, variance: float = 1.0) -> Covariance:
    r"""$\Sigma = \sigma^2 I$.

    Args:
        d: Input dimension.
        variance: $\sigma^2 > 0$ of every input.

    Raises:
        ValueError: when `d` < 1, or `variance` is not positive and finite.
    """
    if d < 1:
        raise ValueError(f"Argument `d` must be >= 1, but is {d}.")
    if not (np.isfinite(variance) and variance > 0):
        raise ValueError(
            f"Argument `variance` must be positive and finite, but is {variance}."
        )
    return Covariance(np.full(d, float(variance)), np.eye(d))


def spiked_covariance(
    d: int,
    spike_strength: float | Float[np.ndarray, " K"],
    direction: Float[np.ndarray, " d"] | Float[np.ndarray, "K d"] | None = None,
) -> Covariance:
    r"""$\Sigma = I + \sum_k\rho_k\,u_ku_k^\top$: variance $1 + \rho_k$ along $u_k$.

    Args:
        d: Input dimension.
        spike_strength: $\rho > -1$, one number or one for each of K <= d spikes;
            negative makes the direction a weak one.
        direction: $u$, normalized here; for several spikes the orthonormal rows $u_k$,
            which are taken as they are. None takes the first axes.

    Returns:
        The covariance, eigenvalues downwards.

    Raises:
        ValueError: when `d` < 1, a $\rho \le -1$, there are more spikes than inputs or
            none, or `direction` has another shape, is zero, not finite or, for several
            spikes, not orthonormal.

    Example:
        >>> spiked_covariance(4, np.array([3.0, 8.0])).eigenvalues
        array([9., 4., 1., 1.])
    """
    if d < 1:
        raise ValueError(f"Argument `d` must be >= 1, but is {d}.")
    strengths = np.array(spike_strength, dtype=float)
    fine = np.isfinite(strengths) & (strengths > -1)
    if not fine.all():
        raise ValueError(
            "Argument `spike_strength` must be finite and > -1, but is"
            f" {strengths[~fine].flat[0]}: at -1 the spiked direction loses its"
            " variance."
        )
    if strengths.ndim == 0:
        u = np.eye(d)[0] if direction is None else unit_vector(direction, d)
        basis = _completed(u)
    else:
        basis = _completed_rows(_spike_rows(strengths, direction, d))
    eigenvalues = np.ones(d)
    eigenvalues[: strengths.size] += strengths.ravel()
    order = np.argsort(-eigenvalues, kind="stable")
    return Covariance(eigenvalues[order], basis[:, order])


def power_law_covariance(
    d: int, exponent: float, rng: np.random.Generator | None = None
) -> Covariance:
    r"""Eigenvalues $\lambda_i = i^{-\alpha}$, $i = 1..d$.

    Args:
        d: Input dimension.
        exponent: $\alpha \ge 0$.
        rng: Draws a Haar-random orientation; None leaves $\Sigma$ diagonal.

    Raises:
        ValueError: when `d` < 1, or `exponent` is negative or not finite.
    """
    return Covariance(power_law_spectrum(d, exponent), _orientation(d, rng))


def geometric_covariance(
    d: int, condition: float, rng: np.random.Generator | None = None
) -> Covariance:
    r"""Eigenvalues $\lambda_i = c^{-i/(d-1)}$, $i = 0..d-1$, from 1 down to $1/c$.

    Args:
        d: Input dimension.
        condition: $c \ge 1$.
        rng: Draws a Haar-random orientation; None leaves $\Sigma$ diagonal.

    Raises:
        ValueError: when `d` < 1, or `condition` < 1 or not finite.
    """
    return Covariance(geometric_spectrum(d, condition), _orientation(d, rng))


def given_covariance(matrix: Float[np.ndarray, "d d"]) -> Covariance:
    r"""The covariance of a given symmetric, positive semi-definite matrix.

    Negative eigenvalues within rounding, $4d\,\epsilon\,\lambda_{\max}$, become zero.

    Returns:
        The covariance, eigenvalues downwards.

    Raises:
        ValueError: when `matrix` is not square, finite, symmetric (to 1e-10 of its
            largest entry) or positive semi-definite.
    """
    given = np.array(matrix, dtype=float)
    if given.ndim != 2 or given.shape[0] != given.shape[1] or given.size == 0:
        raise ValueError(
            f"Argument `matrix` must be square (d, d), but has shape {given.shape}."
        )
    if not np.isfinite(given).all():
        row, column = np.argwhere(~np.isfinite(given))[0]
        raise ValueError(
            "Argument `matrix` must be finite, but entry"
            f" [{row}, {column}] is {given[row, column]}."
        )
    skew = np.abs(given - given.T).max()
    if skew > 1e-10 * np.abs(given).max():
        raise ValueError(
            "Argument `matrix` must be symmetric, but differs from its transpose by"
            f" {skew:.3g}: pass (matrix + matrix.T) / 2 if that is meant."
        )
    eigenvalues, basis = np.linalg.eigh((given + given.T) / 2)
    rounding = 4 * len(given) * np.finfo(float).eps * np.abs(eigenvalues).max()
    if eigenvalues[0] < -rounding:
        raise ValueError(
            "Argument `matrix` must be positive semi-definite, but has the eigenvalue"
            f" {eigenvalues[0]:.6g}: no inputs have a negative variance."
        )
    return Covariance(np.maximum(eigenvalues, 0)[::-1], basis[:, ::-1])


def unit_vector(direction: Float[np.ndarray, " d"], d: int) -> Float[np.ndarray, " d"]:
    """`direction` divided by its length.

    Raises:
        ValueError: when its shape is not (`d`,), or it is zero or not finite.
    """
    vector = np.asarray(direction, dtype=float)
    if vector.shape != (d,):
        raise ValueError(
            f"Argument `direction` must have shape ({d},), but has {vector.shape}."
        )
    largest = np.abs(vector).max()
    if not (np.isfinite(largest) and largest > 0):
        raise ValueError(
            "Argument `direction` must be finite and not zero, but its largest entry is"
            f" {largest}."
        )
    vector = vector / largest  # so that no square over- or underflows
    return vector / np.linalg.norm(vector)


def _orientation(d: int, rng: np.random.Generator | None) -> Float[np.ndarray, "d d"]:
    return np.eye(d) if rng is None else haar_frame(d, d, rng)


def _completed(u: Float[np.ndarray, " d"]) -> Float[np.ndarray, "d d"]:
    """An orthonormal basis whose first column is the unit vector `u`."""
    # Householder reflection of the first axis onto -sign(u_1) u: the sign that adds
    # lengths instead of cancelling them.
    sign = 1.0 if u[0] >= 0 else -1.0
    normal = u.copy()
    normal[0] += sign
    basis = np.eye(len(u)) - np.outer(normal, 2 * normal / (normal @ normal))
    basis[:, 0] = u
    return basis


def _spike_rows(
    strengths: Float[np.ndarray, " K"], direction: np.ndarray | None, d: int
) -> Float[np.ndarray, "K d"]:
    """The directions of several spikes, or why they are none."""
    if strengths.ndim != 1 or not 1 <= strengths.size <= d:
        raise ValueError(
            f"Argument `spike_strength` must be a number or hold 1 to d = {d} of them,"
            f" but has shape {strengths.shape}."
        )
    count = strengths.size
    rows = np.eye(d)[:count] if direction is None else np.array(direction, dtype=float)
    if rows.shape != (count, d):
        raise ValueError(
            f"Argument `direction` must have shape ({count}, {d}), a row for each"
            f" spike, but has {rows.shape}."
        )
    gap = np.abs(rows @ rows.T - np.eye(count)).max()
    if not gap <= 1e-10:  # also refuses NaN
        raise ValueError(
            "Argument `direction` must have orthonormal rows, but their Gram matrix is"
            f" off the identity by {gap:.3g}: orthonormalize them by"
            " np.linalg.qr(direction.T)[0].T, or pass the covariance you mean to"
            " `given_covariance`."
        )
    return rows


def _completed_rows(rows: Float[np.ndarray, "K d"]) -> Float[np.ndarray, "d d"]:
    """An orthonormal basis whose first columns are these orthonormal rows."""
    basis = np.linalg.qr(rows.T, mode="complete")[0]
    first = basis[:, : len(rows)]
    first *= np.sign(np.sum(first * rows.T, axis=0))  # QR leaves the signs open
    return basis

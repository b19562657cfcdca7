r"""The directions in which data are learned one after the other, for any covariance.

Where one spike leaves a plane (`spike_plane`), any other input moment leaves the Krylov
space of $(\Sigma, \Sigma\beta)$: the input-output correlation $v = \mathtt{yx}^\top$,
what the moment makes of it, and so on. Its Lanczos basis $(u_1, \dots, u_m)$
generalizes $(u_1, u_2)$: the moment becomes tridiagonal and the drive is $s_1e_1$. The
dimension $m$ is the number of distinct eigenvalues on which the teacher has weight; one
more than there are spikes, at most, when the bulk is equal. The same holds for the
moments of a data set. Plateau $k$ is the least-squares solution on the first $k$
directions, the $k$-th iterate of conjugate gradients from zero. Derived here.
"""

from dataclasses import dataclass, replace

import numpy as np

from linnet.numerics import KrylovBasis, krylov_basis
from linnet.phenomena.anisotropy.theory.refusals import check_scalar_output
from linnet.shapes import Float
from linnet.task import Moments

DOUBTFUL = 1e-6  # a pivot, relative to the largest entry, that may be of the null space


@dataclass(frozen=True, eq=False)
class AdaptedBasis:
    r"""From `adapted_basis`. Coordinates are those of $w$ along the basis.

    Attributes:
        vectors: $u_1, \dots, u_m$ as columns, shape `(d, m)`.
        moment: $T = U^\top\mathtt{xx}\,U$, tridiagonal, negative off the diagonal.
        drive: $s_1 = \lVert\mathtt{yx}\rVert$; the drive vector is $s_1e_1$.
        plateaus: Row $k-1$: the minimizer on the first $k$ vectors, zero beyond, shape
            `(m, m)`; all other entries are positive, and row $k-1$ exceeds row $k-2$
            entry by entry.
        losses: $L_0, \dots, L_m$, with the ½ and the noise: of $w = 0$, then of each
            plateau; shape `(m + 1,)`.
        excess: $L_k - L_m$, without the cancellation of that difference.
    """

    vectors: Float[np.ndarray, "d m"]
    moment: Float[np.ndarray, "m m"]
    drive: float
    plateaus: Float[np.ndarray, "m m"]
    losses: Float[np.ndarray, " m1"]
    excess: Float[np.ndarray, " m1"]

    @property
    def dimensions(self) -> int:
        """$m$, the number of directions that are learned."""
        return len(self.moment)

    @property
    def drive_vector(self) -> Float[np.ndarray, " m"]:
        """$s_1e_1$, as `reduced_flow` takes it."""
        return self.drive * np.eye(self.dimensions)[0]

    @property
    def target(self) -> Float[np.ndarray, " m"]:
        r"""Least-squares solution; $\beta$ (of least norm) in the population."""
        return self.plateaus[-1]

    def coordinates(
        self, vectors: Float[np.ndarray, "*rows d"]
    ) -> Float[np.ndarray, "*rows m"]:
        """Of vectors $w$ of the input space; what lies outside the basis is dropped."""
        return np.asarray(vectors, dtype=float) @ self.vectors

    def in_inputs(
        self, coordinates: Float[np.ndarray, "*rows m"]
    ) -> Float[np.ndarray, "*rows d"]:
        """The vectors with these coordinates."""
        return np.asarray(coordinates, dtype=float) @ self.vectors.T


def adapted_basis(
    moments: Moments, *, most: int | None = None, tolerance: float = 1e-10
) -> AdaptedBasis:
    r"""Basis in which learning is a chain, with the plateaus on the way.

    $$u_1 = \frac{v}{s_1},\quad T = U^\top\mathtt{xx}\,U,\quad
      T_kc_k = s_1e_1,\quad L_{k-1}-L_k = \tfrac12\,z_k^2/p_k,$$
    with the pivots $p_k$ of $T$ and $z_{k+1} = -(T_{k,k+1}/p_k)\,z_k$, $z_1 = s_1$.

    Valid for: one output; a population or a data set, of full rank or not, in any
    number of inputs. Directions of the inputs below `Moments.default_cutoff` count
    as none.

    Args:
        moments: `xx`, `yx` of shape `(1, d)`, `yy`.
        most: Directions at most; then the target is that of these directions.
        tolerance: Relative size below which a direction counts as none.

    Raises:
        ValueError: when there are several outputs or `yx` vanishes, no data have these
            moments, or as `krylov_basis`.

    Reference: the first two directions and their phases are those of Watanabe et al.
    2026; derived here.

    Example:
        >>> from linnet.phenomena.anisotropy.theory import spike_plane
        >>> adapted_basis(spike_plane(10.0, 0.3).moments()).plateaus.round(3)
        array([[0.336, 0.   ],
               [0.553, 0.833]])
    """
    check_scalar_output(moments)
    correlation = moments.yx[0]
    if not correlation.any():
        raise ValueError(
            "Argument `moments` must have `yx` other than zero, but inputs and targets"
            " are uncorrelated: nothing is learned."
        )
    krylov = _resolved(moments, most, tolerance)
    pivots, forward = _eliminated(krylov.diagonal, krylov.off_diagonal, krylov.drive)
    _check_power(float(moments.yy[0, 0]), forward, pivots)
    gains = forward**2 / pivots / 2
    excess = np.append(np.cumsum(gains[::-1])[::-1], 0.0)
    floor = max(float(moments.yy[0, 0]) / 2 - excess[0], 0.0)
    return AdaptedBasis(
        krylov.vectors,
        krylov.matrix(),
        krylov.drive,
        _plateaus(pivots, krylov.off_diagonal, forward),
        floor + excess,
        excess,
    )


def _resolved(moments: Moments, most: int | None, tolerance: float) -> KrylovBasis:
    """The Krylov basis, without directions that rounding brings in."""
    correlation = moments.yx[0]
    krylov = krylov_basis(moments.xx, correlation, most=most, tolerance=tolerance)
    pivots, _ = _eliminated(krylov.diagonal, krylov.off_diagonal, krylov.drive)
    if pivots.min() > DOUBTFUL * np.abs(krylov.diagonal).max():
        return krylov
    # What rounding leaves of the start in the null space of `xx` grows from vector to
    # vector, as polynomials do outside of a spectrum: leave that space out beforehand.
    span = moments.row_space()
    inside = correlation @ span
    outside = np.linalg.norm(correlation - span @ inside)
    if outside > 1e-8 * np.linalg.norm(correlation):
        raise ValueError(
            "Argument `moments` must be those of data, but `yx` lies outside of the"
            f" range of `xx` by {outside:.3g}: inputs that never vary cannot correlate."
        )
    within = span.T @ moments.xx @ span
    krylov = krylov_basis(
        (within + within.T) / 2, inside, most=most, tolerance=tolerance
    )
    return replace(krylov, vectors=span @ krylov.vectors)


def _eliminated(
    diagonal: Float[np.ndarray, " m"], side: Float[np.ndarray, " m_less_one"], s1: float
) -> tuple[Float[np.ndarray, " m"], Float[np.ndarray, " m"]]:
    """Pivots and right-hand side after Gaussian elimination of a tridiagonal matrix."""
    pivots, forward = np.array(diagonal), np.zeros(len(diagonal))
    forward[0] = s1
    for k in range(1, len(pivots)):
        if pivots[k - 1] <= 0:
            pivots[k:] = 0
            break
        ratio = side[k - 1] / pivots[k - 1]
        pivots[k] -= ratio * side[k - 1]
        forward[k] = -ratio * forward[k - 1]
    return pivots, forward


def _plateaus(
    pivots: Float[np.ndarray, " m"],
    side: Float[np.ndarray, " m_less_one"],
    forward: Float[np.ndarray, " m"],
) -> Float[np.ndarray, "m m"]:
    """Solutions on the first 1, 2, ..., m directions, by substitution from the last."""
    m = len(pivots)
    found = np.diag(forward / pivots)
    for k in range(m - 2, -1, -1):
        found[k + 1 :, k] = (forward[k] - side[k] * found[k + 1 :, k + 1]) / pivots[k]
    return found


def _check_power(power: float, forward: np.ndarray, pivots: np.ndarray) -> None:
    """Refuse moments that promise more than the targets hold."""
    explained = float(np.sum(forward**2 / pivots))
    if explained > power * (1 + 1e-8):
        raise ValueError(
            "Argument `moments` must be those of data, but `yx` explains"
            f" {explained:.6g} of the targets' second moment, which is {power:.6g}."
        )

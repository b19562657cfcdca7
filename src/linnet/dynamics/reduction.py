r"""Exact reductions: the smallest network that trains in the same way.

Row space: with $V$ an orthonormal basis of the inputs' row space, $W_1P_\perp$ never
moves, so only $W_1V$ is trained; $V$ is taken as the eigenvectors of `xx`, which makes
the input moment diagonal. Width (two layers): the stacked weights
$Z = (V^\top W_1^\top;\,W_2)$ of shape `(r + k, h)` are multiplied from the left only,
by gradient flow and by full-batch descent alike, so $Z(0) = R^\top Q^\top$ with $Q$ of
$\min(h, r + k)$ orthonormal columns may be trained as $R^\top$. Nothing is lost: the
full weights come back by `expand`. Derived here.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from linnet.task import Moments

StackedWeights = tuple[Float[np.ndarray, "replicas _out _in"], ...]
AnyWeights = tuple[Float[np.ndarray, "... _out _in"], ...]


@dataclass(frozen=True, eq=False)
class RowSpace:
    r"""The inputs' row space, in coordinates where the input moment is diagonal.

    Attributes:
        basis: $V$, shape `(d, r)`.
        variances: Eigenvalues of `xx` on the row space, shape `(r,)`.
        yx: Cross moment $\mathtt{yx}V$, shape `(k, r)`.
    """

    basis: Float[np.ndarray, "d r"]
    variances: Float[np.ndarray, " r"]
    yx: Float[np.ndarray, "k r"]

    @property
    def minimizer(self) -> Float[np.ndarray, "k r"]:
        """The least-squares map in these coordinates."""
        return self.yx / self.variances

    def reachable_losses(self) -> Float[np.ndarray, " ranks"]:
        r"""Excess of the best map of rank $0, 1, \dots$ over the least loss.

        $\frac12\sum_{i>r}s_i^2$ with $s$ the singular values of $W_*\mathtt{xx}^{1/2}$.
        The first entry is that of the zero map, the last one is zero.
        """
        values = np.linalg.svd(self.yx / np.sqrt(self.variances), compute_uv=False)
        # Summed from the smallest one on: no cancellation.
        return np.append(np.cumsum(values[::-1] ** 2)[::-1] / 2, 0.0)


@dataclass(frozen=True, eq=False)
class Reduction:
    r"""What is trained of some weights, and how the rest comes back.

    Attributes:
        start: Reduced weights at the start.
        frozen: $W_1(0)P_\perp$, the part that never moves.
        hidden: $Q$, shape `(replicas, h, m)`, or None where the width is kept.
    """

    start: StackedWeights
    frozen: Float[np.ndarray, "replicas h d"]
    hidden: Float[np.ndarray, "replicas h m"] | None


def check_moments(given: object) -> None:
    """Refuse what are no moments, a data set among them.

    Raises:
        TypeError: with what to do.
    """
    if not isinstance(given, Moments):
        raise TypeError(
            "Argument `moments` must be Moments, but is of type"
            f" {type(given).__name__}: a data set gives them by `.moments()`."
        )


def row_space(moments: Moments) -> RowSpace:
    """The row space of `moments`.

    Raises:
        ValueError: when the inputs carry nothing, or targets are correlated with inputs
            of no variance.
    """
    eigenvalues, vectors = np.linalg.eigh(np.asarray(moments.xx, dtype=float))
    cutoff = moments.default_cutoff()
    kept = eigenvalues > cutoff
    if not kept.any():
        raise ValueError(
            "Argument `moments` must have inputs of some variance, but `xx` has no"
            " positive eigenvalue."
        )
    # |E y x| <= sqrt(E y^2 E x^2) along every direction, whatever the distribution.
    lost = np.linalg.norm(moments.yx @ vectors[:, ~kept])
    bound = np.sqrt(np.trace(moments.yy) * cutoff * len(kept))
    if lost > 2 * bound + 1e-10 * np.linalg.norm(moments.yx):
        raise ValueError(
            "Argument `moments` must have `yx` in the row space of `xx`, but"
            f" {lost:.3g} of it lies outside: no distribution has such moments."
        )
    basis = vectors[:, kept]
    return RowSpace(basis, eigenvalues[kept], moments.yx @ basis)


def reduce_weights(
    space: RowSpace, weights: StackedWeights, keep_width: bool = False
) -> Reduction:
    """Reduce `weights` (with a replica axis) to what is trained."""
    basis = space.basis
    inner = weights[0] @ basis
    frozen = weights[0] - inner @ basis.T
    start, hidden = (inner, *weights[1:]), None
    rank, k = basis.shape[1], len(space.yx)
    if not keep_width and len(weights) == 2 and inner.shape[1] > rank + k:
        stacked = np.concatenate([inner, weights[1].transpose(0, 2, 1)], axis=2)
        hidden, triangle = np.linalg.qr(stacked)
        start = (triangle[:, :, :rank], triangle[:, :, rank:].transpose(0, 2, 1))
    return Reduction(start, frozen, hidden)


def expand(
    reduced: AnyWeights,
    basis: Float[np.ndarray, "d r"],
    frozen: Float[np.ndarray, "... h d"],
    hidden: Float[np.ndarray, "... h m"] | None,
) -> AnyWeights:
    """Full weights, of one replica or of all: operators alone, inside jit and outside.

    `reduced` has a replica axis if `frozen` has one.
    """
    first, rest = reduced[0], reduced[1:]
    if hidden is not None:
        first, rest = hidden @ first, (rest[0] @ hidden.swapaxes(-1, -2),)
    return (first @ basis.T + frozen, *rest)

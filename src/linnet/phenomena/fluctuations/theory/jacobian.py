r"""How the product of the layers answers to the weights, and where it does not.

$\delta\,\mathrm{vec}\,W = J\,\delta\theta$, with $\theta$ the layers' `ravel()` one
after the other, first layer first. Drift and noise of SGD both pass through $J$:
weights fluctuate on the range of $J^\top$ alone, and the null space holds the
directions along which the layers change and the product does not. Here inputs, hidden
units and outputs are $d, h, k$ and samples are rows.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from linnet.network import Weights, check_weights
from linnet.shapes import Float

RANK_TOLERANCE = 1e-10  # relative to the largest singular value


@dataclass(frozen=True, eq=False)
class FluctuatingSpace:
    r"""The range of $J^\top$ by an orthonormal basis, $JB = A\,\mathrm{diag}(s)$.

    Attributes:
        basis: $B$, directions of the weights, shape `(p, q)`.
        images: $A$, orthonormal directions of the product that they move, `(m, q)`.
        singular: $s > 0$, singular values of $J$, shape `(q,)`.
        gap: Smallest singular value that was kept over the largest that was dropped;
            infinite when none was dropped or those dropped are exactly zero. A gap
            near one means that the rank is not well defined.
    """

    basis: Float[np.ndarray, "p q"]
    images: Float[np.ndarray, "m q"]
    singular: Float[np.ndarray, " q"]
    gap: float

    @property
    def rank(self) -> int:
        """Number of directions that fluctuate."""
        return len(self.singular)


def jacobian(weights: Weights) -> Float[np.ndarray, "kd p"]:
    r"""$J$ of the product, block $J_l = W_{L:l+1}\otimes(W_{l-1:1})^\top$.

    Valid for: any depth. It has $kd\cdot p$ entries: for large layers use the
    functions that need none of them.

    Raises:
        ValueError: when the layers do not form a chain of finite matrices.

    Reference: Gross et al. 2024 (statement that drift and noise are rank deficient);
    derived here.
    """
    check_weights(weights)
    return np.hstack(
        [np.kron(after, before.T) for after, before in surroundings(weights)]
    )


def jacobian_rank(weights: Weights, tolerance: float = RANK_TOLERANCE) -> int:
    r"""Rank of $J$ from the ranks of products of the layers, without $J$.

    With $a_l = \mathrm{rank}\,W_{L:l+1}$, growing to $a_L = k$, and
    $b_l = \mathrm{rank}\,W_{l-1:1}$, falling from $b_1 = d$,
    $$\mathrm{rank}\,J = \sum_l(a_l - a_{l-1})\,b_l,\qquad a_0 = 0,$$
    because the row and column spaces of these products are nested. Two layers of ranks
    $r_1, r_2$: $kd - (d-r_1)(k-r_2)$.

    Valid for: any depth. Ranks are counted at `tolerance` relative to the largest
    singular value of each product.

    Raises:
        ValueError: when the layers are no chain, or the tolerance is not in (0, 1).

    Reference: Gross et al. 2024 (statement); derived here.
    """
    check_weights(weights)
    check_tolerance(tolerance)
    rank, before = 0, 0
    for after, inner in surroundings(weights):
        reached = _rank(after, tolerance)
        rank += (reached - before) * _rank(inner, tolerance)
        before = reached
    return rank


def gauge_dimension(weights: Weights, tolerance: float = RANK_TOLERANCE) -> int:
    r"""Dimension of the orbit $(W_1, W_2)\to(gW_1, W_2g^{-1})$ at two layers.

    $h^2 - (h-r_1)(h-r_2)$ with the ranks $r_l$ of the layers. The product and so the
    loss are constant along it. It lies in the null space of $J$, which has
    $(h-r_2)(d-r_1) + (h-r_1)(k-r_2)$ dimensions more: none when $r_1 = d$ and
    $r_2 = k$, nor at a bottleneck with $r_1 = r_2 = h$; else hidden units that one
    layer does not use are free in the other.

    Valid for: two layers.

    Raises:
        ValueError: when there are not two layers, they are no chain, or the tolerance
            is not in (0, 1).

    Reference: derived here.
    """
    check_two_layers(weights)
    check_tolerance(tolerance)
    first, second = weights
    h = len(first)
    return h * h - (h - _rank(first, tolerance)) * (h - _rank(second, tolerance))


def fluctuating_space(
    weights: Weights,
    inputs_basis: Float[np.ndarray, "d r"] | None = None,
    tolerance: float = RANK_TOLERANCE,
) -> FluctuatingSpace:
    r"""Orthonormal basis of the range of $J^\top$.

    Two layers need two singular value decompositions of the layers: the direction
    $u_a\otimes v_j$ of the product, with $W_2 = U_2S_2V_2^\top$ and
    $W_1 = U_1S_1V_1^\top$, belongs to the singular value $\sqrt{s_{2,a}^2+s_{1,j}^2}$
    of $J$. Other depths decompose $J$ itself.

    Args:
        weights: Layers, first one first.
        inputs_basis: Orthonormal directions of the inputs, when they do not fill their
            space; images are then in their coordinates, $m = kr$.
        tolerance: Singular values below this part of the largest count as zero.

    Raises:
        ValueError: when the layers are no chain, the tolerance is not in (0, 1), or
            $J$ vanishes, so that nothing moves.

    Reference: derived here.
    """
    check_weights(weights)
    check_tolerance(tolerance)
    if len(weights) == 2 and inputs_basis is None:
        basis, images, singular = _two_layer_directions(weights)
    else:
        matrix = jacobian(weights)
        if inputs_basis is not None:
            k = len(weights[-1])
            matrix = np.kron(np.eye(k), inputs_basis.T) @ matrix
        images, singular, right = np.linalg.svd(matrix, full_matrices=False)
        basis = right.T
    if not singular.any():
        raise ValueError(
            "Argument `weights` must let the product move, but every layer stands"
            " between products that vanish: this is a saddle, not a minimum."
        )
    kept = singular > tolerance * singular.max()
    dropped = singular[~kept].max(initial=0.0)
    gap = float(singular[kept].min() / dropped) if dropped else np.inf
    return FluctuatingSpace(basis[:, kept], images[:, kept], singular[kept], gap)


def surroundings(
    weights: Weights,
) -> Iterator[tuple[Float[np.ndarray, "k out"], Float[np.ndarray, "in d"]]]:
    r"""$W_{L:l+1}$ and $W_{l-1:1}$ around each layer, first one first."""
    inner = list(
        itertools.accumulate(
            weights[:-1],
            lambda so_far, w: w @ so_far,
            initial=np.eye(len(weights[0].T)),
        )
    )
    outer = list(
        itertools.accumulate(
            weights[:0:-1],
            lambda so_far, w: so_far @ w,
            initial=np.eye(len(weights[-1])),
        )
    )
    yield from zip(reversed(outer), inner, strict=True)


def check_two_layers(weights: Weights) -> None:
    """Refuse what is no chain of two layers.

    Raises:
        ValueError: with the number of layers.
    """
    check_weights(weights)
    if len(weights) != 2:
        raise ValueError(
            f"Argument `weights` must hold two layers here, but holds {len(weights)}:"
            " use the functions for any depth."
        )


def check_tolerance(tolerance: float) -> None:
    """Refuse a relative tolerance outside (0, 1).

    Raises:
        ValueError: with the value.
    """
    if not 0 < tolerance < 1:
        raise ValueError(
            f"Argument `tolerance` must lie in (0, 1), but is {tolerance}: it is"
            " relative to the largest."
        )


def _two_layer_directions(
    weights: Weights,
) -> tuple[
    Float[np.ndarray, "p kd"], Float[np.ndarray, "kd kd"], Float[np.ndarray, " kd"]
]:
    r"""$J^\top(u_a\otimes v_j)$ of length one, for all $a$ and $j$."""
    first, second = weights
    outputs = np.linalg.svd(second)[0]
    inputs = np.linalg.svd(first)[2].T
    behind, ahead = second.T @ outputs, first @ inputs  # (h, k) and (h, d)
    squares = np.add.outer((behind**2).sum(axis=0), (ahead**2).sum(axis=0))
    singular = np.sqrt(squares).ravel()
    images = np.kron(outputs, inputs)
    basis = np.vstack([np.kron(behind, inputs), np.kron(outputs, ahead)])
    return basis / np.where(singular > 0, singular, 1.0), images, singular


def _rank(matrix: Float[np.ndarray, "rows columns"], tolerance: float) -> int:
    singular = np.linalg.svd(matrix, compute_uv=False)
    return int((singular > tolerance * singular.max()).sum()) if singular.any() else 0

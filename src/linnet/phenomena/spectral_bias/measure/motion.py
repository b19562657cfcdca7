"""How the product moves in the frame of its singular vectors; its tangent kernel."""

import itertools
from dataclasses import dataclass

import numpy as np

from linnet.network import Weights, end_to_end
from linnet.shapes import Float

Factors = tuple[Float[np.ndarray, "k k"], Float[np.ndarray, "d d"]]


def product_velocity(
    weights: Weights, gradient: Float[np.ndarray, "k d"]
) -> Float[np.ndarray, "k d"]:
    r"""Velocity of the product when every layer follows its own gradient.

    $-\sum_l A_lA_l^\top\,G\,B_l^\top B_l$ with $A_l$ the layers above and $B_l$ those
    below layer $l$. Exact, any depth, any loss.

    Args:
        weights: Layers, first layer first.
        gradient: $G$, of the loss with respect to the product.

    Raises:
        ValueError: when `gradient` does not have the shape of the product.
    """
    shape = end_to_end(weights).shape
    if np.shape(gradient) != shape:
        raise ValueError(
            f"Argument `gradient` must have the shape of the product, {shape}, but has"
            f" {np.shape(gradient)}."
        )
    return -sum(a @ gradient @ b for a, b in _tangent_factors(weights))


@dataclass(frozen=True)
class FrameMotion:
    r"""Motion and pull in the frame of the singular vectors; exact, no error bar.

    Attributes:
        sigma: Singular values, downwards.
        speed: Velocity of each.
        pull: Gradient along each mode, $u_i^\top G v_i$.
        symmetric: Motion over minus the pull, of the symmetric part of every entry off
            the diagonal (NaN on it): its mobility.
        antisymmetric: The same for the antisymmetric part.
    """

    sigma: Float[np.ndarray, " r"]
    speed: Float[np.ndarray, " r"]
    pull: Float[np.ndarray, " r"]
    symmetric: Float[np.ndarray, "r r"]
    antisymmetric: Float[np.ndarray, "r r"]


def frame_motion(
    product: Float[np.ndarray, "k d"],
    velocity: Float[np.ndarray, "k d"],
    gradient: Float[np.ndarray, "k d"],
) -> FrameMotion:
    r"""How singular values and vectors of a matrix move under a pull.

    With $\dot W$ and $G$ in the frame of $W = U\,\mathrm{diag}(\sigma)\,V^\top$ the
    diagonal moves the values, the rest turns the vectors. A mirror flow of the matrix
    would fix all mobilities by the singular values; whether it does is what the ratios
    tell.

    Args:
        product: $W$, distinct singular values.
        velocity: $\dot W$, from any network or by finite differences.
        gradient: $G$.

    Raises:
        ValueError: when the three have different shapes.
    """
    if not np.shape(product) == np.shape(velocity) == np.shape(gradient):
        raise ValueError(
            "Arguments `product`, `velocity` and `gradient` must have one shape, but"
            f" have {np.shape(product)}, {np.shape(velocity)} and {np.shape(gradient)}."
        )
    left, sigma, right = np.linalg.svd(product, full_matrices=False)
    moved, pull = (left.T @ part @ right.T for part in (velocity, gradient))
    off = ~np.eye(len(sigma), dtype=bool)

    def mobility(sign: int) -> Float[np.ndarray, "r r"]:
        above, below = moved + sign * moved.T, -(pull + sign * pull.T)
        apart = off & (below != 0)
        return np.divide(above, below, out=np.full_like(above, np.nan), where=apart)

    return FrameMotion(
        sigma, np.diag(moved).copy(), np.diag(pull).copy(), mobility(1), mobility(-1)
    )


@dataclass(frozen=True)
class KernelMovement:
    """How far the tangent kernel moved; exact, no error bar.

    Attributes:
        distance: Frobenius norm of the change over that of the kernel before.
        cosine: Of the angle between both kernels: 1 if only the scale changed.
    """

    distance: float
    cosine: float


def kernel_movement(before: Weights, after: Weights) -> KernelMovement:
    r"""Change of the tangent kernel $\Theta = \sum_lA_lA_l^\top\otimes B_l^\top B_l$.

    Lazy training leaves it where it was, rich training does not. Inner products of
    Kronecker terms are products of traces, so the kernel is never formed.

    Args:
        before: Layers at one time.
        after: The same layers at another.

    Raises:
        ValueError: when the layers of both times differ in shape, or the kernel before
            vanishes.
    """
    shapes = [[np.shape(layer) for layer in weights] for weights in (before, after)]
    if shapes[0] != shapes[1]:
        raise ValueError(
            "Arguments `before` and `after` must be one network at two times, but have"
            f" shapes {shapes[0]} and {shapes[1]}."
        )
    first, second = _tangent_factors(before), _tangent_factors(after)
    old, new, both = (
        sum(float((a * c).sum() * (b * d).sum()) for (a, b), (c, d) in pairs)
        for pairs in (
            itertools.product(first, first),
            itertools.product(second, second),
            itertools.product(first, second),
        )
    )
    if not old > 0:
        raise ValueError(
            "Argument `before` must have a tangent kernel, but all products of its"
            " layers vanish: it sits on a saddle."
        )
    gap = np.sqrt(max(old + new - 2 * both, 0.0) / old)
    return KernelMovement(float(gap), float(both / np.sqrt(old * new) if new else 0.0))


def _tangent_factors(weights: Weights) -> list[Factors]:
    """Gram matrices of what lies above and below each layer."""
    k, d = weights[-1].shape[0], weights[0].shape[1]
    below = [np.eye(d)]
    for layer in weights[:-1]:
        below.append(layer @ below[-1])
    above = [np.eye(k)]
    for layer in weights[:0:-1]:
        above.append(above[-1] @ layer)
    pairs = zip(above[::-1], below, strict=True)
    return [(a @ a.T, b.T @ b) for a, b in pairs]

r"""Layers at a stationary point: their Hessian where they fluctuate, in its eigenbasis.

The gradient of the product is $G = W\mathtt{xx}-\mathtt{yx}$, `(k, d)`; that of a layer
$W_{L:l+1}^\top G\,W_{l-1:1}^\top$, which alone must vanish.
"""

from dataclasses import dataclass

import numpy as np

from linnet.network import Weights, end_to_end, flatten
from linnet.phenomena.fluctuations.theory.jacobian import (
    fluctuating_space,
    surroundings,
)
from linnet.phenomena.fluctuations.theory.kronecker import hessian_in_eigenbasis
from linnet.phenomena.fluctuations.theory.minimum import Minimum
from linnet.phenomena.fluctuations.theory.residual_hessian import (
    residual_hessian_product,
)
from linnet.shapes import Float

STATIONARY = 1e-6  # gradient of the layers, relative to the terms it is made of
LEAK = 1e-6  # part of the Hessian that may lead out of the directions that fluctuate
FLAT = 1e-12  # part of the largest curvature below which a direction counts as flat


@dataclass(frozen=True, eq=False)
class Linearization:
    r"""The layers and their data, linearized.

    Attributes:
        basis: Eigenvectors of the Hessian that fluctuate, shape `(p, q)`.
        curvatures: Their eigenvalues, weight decay included, shape `(q,)`.
        images: $J$ times `basis`, inputs in their eigenbasis, shape `(kr, q)`.
        coordinates: Inputs in that basis, shape `(n, r)`.
        residuals: $y_n - Wx_n$ of these layers, shape `(n, k)`.
        directions: Eigenbasis of the inputs, shape `(d, r)`.
        weights: The layers.
        gap: How well the rank is defined.
    """

    basis: Float[np.ndarray, "p q"]
    curvatures: Float[np.ndarray, " q"]
    images: Float[np.ndarray, "kr q"]
    coordinates: Float[np.ndarray, "n r"]
    residuals: Float[np.ndarray, "n k"]
    directions: Float[np.ndarray, "d r"]
    weights: Weights
    gap: float


def linearize(
    minimum: Minimum,
    weights: Weights,
    weight_decay: float = 0.0,
    tolerance: float = STATIONARY,
) -> Linearization:
    r"""The Hessian of the layers on the directions that fluctuate.

    Two layers at the least-squares product need $k$ problems of size $d$; elsewhere
    $J$ and $B^\top KB$ are made, with $q\le kd$ directions.

    Raises:
        ValueError: when the minimum has weight decay of its own, the layers are not at
            a stationary point, or it is no minimum.

    Reference: derived here.
    """
    if minimum.weight_decay:
        raise ValueError(
            "Argument `minimum` must be without weight decay here, but has"
            f" {minimum.weight_decay}: decay of layers is not that of their product."
            " Give the least-squares minimum, and the decay as `weight_decay`."
        )
    residuals, gradient, scale = _gradient(minimum, weights)
    turned = gradient @ minimum.basis.T
    _check_stationary(weights, turned, scale, weight_decay, tolerance)
    matched = np.linalg.norm(gradient) <= tolerance * scale
    if len(weights) == 2 and matched and not weight_decay:
        hessian = hessian_in_eigenbasis(weights, minimum.variances, minimum.basis)
        basis, images, gap = hessian.eigenvectors(), hessian.images(), hessian.gap
        curvatures = hessian.eigenvalues[hessian.moving]
    else:
        given = None if matched else turned
        basis, curvatures, images, gap = _dense(minimum, weights, given, weight_decay)
    return Linearization(
        basis=basis,
        curvatures=curvatures,
        images=images,
        coordinates=minimum.coordinates,
        residuals=residuals,
        directions=minimum.basis,
        weights=weights,
        gap=gap,
    )


def _gradient(
    minimum: Minimum, weights: Weights
) -> tuple[Float[np.ndarray, "n k"], Float[np.ndarray, "k r"], float]:
    """Residuals, gradient of the product, and the size of its terms."""
    product = end_to_end(weights) @ minimum.basis
    best = minimum.end_to_end @ minimum.basis
    residuals = minimum.residuals - minimum.coordinates @ (product - best).T
    scale = sum(float(np.linalg.norm(w * minimum.variances)) for w in (product, best))
    return residuals, (product - best) * minimum.variances, scale


def _check_stationary(
    weights: Weights,
    gradient: Float[np.ndarray, "k d"],
    scale: float,
    weight_decay: float,
    tolerance: float,
) -> None:
    left, size = 0.0, (weight_decay * float(np.linalg.norm(flatten(weights)))) ** 2
    for layer, (after, inner) in zip(weights, surroundings(weights), strict=True):
        pull = after.T @ gradient @ inner.T + weight_decay * layer
        left += float((pull**2).sum())
        around = np.linalg.norm(after, 2) * np.linalg.norm(inner, 2)
        size += float(around * scale) ** 2
    relative = np.sqrt(left / size) if size else 0.0
    if relative > tolerance:
        raise ValueError(
            "Argument `weights` must be at a stationary point to be linearized there,"
            f" but the gradient of the layers is {relative:.2g} of its terms, more than"
            f" {tolerance:.2g}: train to the end with all samples, or correct the"
            " layers so that their product is the minimum."
        )


def _dense(
    minimum: Minimum,
    weights: Weights,
    gradient: Float[np.ndarray, "k d"] | None,
    weight_decay: float,
) -> tuple[
    Float[np.ndarray, "p q"],
    Float[np.ndarray, " q"],
    Float[np.ndarray, "kr q"],
    float,
]:
    r"""Basis, curvatures and images from $J$ itself; `gradient` None where it is 0."""
    space = fluctuating_space(weights, inputs_basis=minimum.basis)
    images = space.images * space.singular
    stretched = images * np.sqrt(np.tile(minimum.variances, minimum.outputs))[:, None]
    if gradient is None:  # small curvatures keep their digits as singular values
        _, singular, right = np.linalg.svd(stretched, full_matrices=False)
        curvatures, turn = singular**2, right.T
    else:
        pushed = residual_hessian_product(weights, gradient, space.basis)
        inside = space.basis.T @ pushed
        hessian = stretched.T @ stretched + (inside + inside.T) / 2
        _check_closed(pushed - space.basis @ inside, hessian)
        curvatures, turn = np.linalg.eigh(hessian)
    curvatures = curvatures + weight_decay
    _check_restoring(curvatures, 0.0 if gradient is None else FLAT)
    return space.basis @ turn, curvatures, images @ turn, space.gap


def _check_restoring(curvatures: Float[np.ndarray, " q"], floor: float) -> None:
    least, largest = float(curvatures.min()), float(np.abs(curvatures).max())
    if least < -floor * largest:
        raise ValueError(
            "Argument `weights` must be at a minimum, but the curvature of the loss is"
            f" {least:.3g} along a direction that fluctuates (the largest is"
            f" {largest:.3g}): this is a saddle, and SGD leaves it."
        )
    if least <= floor * largest:
        raise ValueError(
            "Argument `weights` must be where every direction that fluctuates is held"
            f" back, but the curvature along one is {least:.3g} of up to"
            f" {largest:.3g}, zero to rounding: the fluctuations have no stationary"
            " size. Balance the layers."
        )


def _check_closed(
    leak: Float[np.ndarray, "p q"], hessian: Float[np.ndarray, "q q"]
) -> None:
    relative = np.linalg.norm(leak) / np.linalg.norm(hessian)
    if relative > LEAK:
        raise ValueError(
            "Argument `weights` must be at a minimum, but the residuals couple"
            " directions that fluctuate with others that the product does not see"
            f" ({relative:.2g} of the Hessian): this is a saddle, and SGD leaves it."
        )

r"""The gradient noise that SGD meets on its way about a minimum of two layers.

Fluctuations raise it above that of the minimum itself, and so themselves: the product's
covariance $V$ and the noise are found together, by iteration over matrices of $kd$
rows. That is the level `exact` of `quasi_stationary` for any number of directions, but
for the coupling of the layers by the residual of each sample, which is smaller by
the part of the weights that fluctuates. Derived here.
"""

import numpy as np

from linnet.network import Weights, end_to_end
from linnet.numerics.mean_square import scatter
from linnet.phenomena.fluctuations.theory.jacobian import check_two_layers
from linnet.phenomena.fluctuations.theory.kronecker import (
    TwoLayerHessian,
    hessian_in_eigenbasis,
)
from linnet.phenomena.fluctuations.theory.layer_covariance import LayerFluctuations
from linnet.phenomena.fluctuations.theory.minimum import Minimum
from linnet.phenomena.fluctuations.theory.noise import gradient_noise
from linnet.phenomena.fluctuations.theory.refusals import (
    check_descent,
    check_noise_factor,
)
from linnet.shapes import Float

SWEEPS = 1000  # of the iteration to the stationary second moment
STEADY = 1e-10  # relative change at which it has ended
OFF = 1e-6  # distance of the product from the minimum, relative


def visited_noise(
    minimum: Minimum, weights: Weights, learning_rate: float, noise_factor: float
) -> Float[np.ndarray, "kd kd"]:
    r"""Second moment of the batch gradient of the product, as SGD meets it.

    At the minimum it is $\kappa C$; with the fluctuations $V$ of the product about it
    $$\mathbb E\,\mathrm{vec}(G_B)\mathrm{vec}(G_B)^\top = \kappa\Big[C +
      \frac1n\sum_i(I\otimes x_ix_i^\top)V(I\otimes x_ix_i^\top)\Big] +
      (1-\kappa)HVH,\qquad H = I_k\otimes\mathtt{xx},$$
    where $V$ is the covariance to which this very noise leads. Given to
    `imbalance_drift` with a noise factor of 1 it yields the drift at a finite rate,
    larger by about $1/(1-\frac12\eta\kappa\,\mathrm{tr}K)$.

    Valid for: two layers at a minimum with vanishing gradient of the product,
    independent batches, deviations small against the weights.

    Args:
        minimum: The data and its least-squares minimum, without weight decay.
        weights: Layers at it.
        learning_rate: $\eta$, below $2/\lambda_{\max}$.
        noise_factor: $\kappa$ of the sampling, see `batch_noise`.

    Returns:
        Over the row-major `ravel()` of the product, in the inputs' own coordinates.

    Raises:
        ValueError: when the layers are not at a minimum, or SGD is unstable there.

    Reference: derived here.
    """
    _check_minimum(minimum, weights)
    return noise_near(minimum, weights, learning_rate, noise_factor)


def visited_covariance(
    minimum: Minimum, weights: Weights, learning_rate: float, noise_factor: float
) -> LayerFluctuations:
    r"""Covariance of all weights under `visited_noise`.

    Along the modes $\eta\,m_{ij}/(\lambda_i+\lambda_j)$, with $m$ the second moment of
    the gradient met: the finite rate is in $m$.

    Arguments and validity are those of `visited_noise`.

    Raises:
        ValueError: as `visited_noise`.

    Reference: Gross et al. 2024 (statement); derived here.
    """
    _check_minimum(minimum, weights)
    hessian = hessian_in_eigenbasis(weights, minimum.variances, minimum.basis)
    _, reduced = _stationary(minimum, hessian, learning_rate, noise_factor)
    return LayerFluctuations(
        basis=hessian.eigenvectors(),
        reduced=(reduced + reduced.T) / 2,
        shapes=tuple(layer.shape for layer in weights),
        curvatures=hessian.eigenvalues[hessian.moving],
        gap=hessian.gap,
    )


def noise_near(
    minimum: Minimum, weights: Weights, learning_rate: float, noise_factor: float
) -> Float[np.ndarray, "kd kd"]:
    """`visited_noise` without a look at whether the layers are at the minimum.

    For integrators, whose trial steps leave it.

    Raises:
        ValueError: when there are not two layers, or SGD is unstable.
    """
    hessian = hessian_in_eigenbasis(weights, minimum.variances, minimum.basis)
    met, _ = _stationary(minimum, hessian, learning_rate, noise_factor)
    k, r = minimum.outputs, len(minimum.variances)
    return minimum.full(met.reshape(k, r, k, r).transpose(0, 2, 1, 3))


def _check_minimum(minimum: Minimum, weights: Weights) -> None:
    check_two_layers(weights)
    gap = end_to_end(weights) - minimum.end_to_end
    off = np.linalg.norm(gap) / np.linalg.norm(minimum.end_to_end)
    if not off <= OFF:
        raise ValueError(
            "Argument `weights` must be at the least-squares minimum, but their product"
            f" is off by {off:.2g} of it: train to the end with all samples. A"
            " bottleneck cannot get there: use `quasi_stationary`."
        )


def _stationary(
    minimum: Minimum,
    hessian: TwoLayerHessian,
    learning_rate: float,
    noise_factor: float,
) -> tuple[Float[np.ndarray, "kr kr"], Float[np.ndarray, "q q"]]:
    """Second moment of the gradient, and covariance of the modes, in turn."""
    curvatures, images = hessian.eigenvalues[hessian.moving], hessian.images()
    check_descent(curvatures, learning_rate)
    check_noise_factor(noise_factor)
    sums = np.add.outer(curvatures, curvatures) / learning_rate
    k, r = minimum.outputs, len(minimum.variances)
    bare = gradient_noise(minimum).transpose(0, 2, 1, 3).reshape(k * r, k * r)
    met = noise_factor * bare
    pull, largest = np.tile(minimum.variances, k), 1e6 * np.linalg.norm(met)
    for _ in range(SWEEPS):
        modes = images.T @ met @ images / sums
        moved = images @ modes @ images.T
        spread = bare + _scattered(minimum, moved)
        before = met
        met = noise_factor * spread + (1 - noise_factor) * pull[:, None] * moved * pull
        change = np.linalg.norm(met - before)
        if change <= STEADY * np.linalg.norm(met) or not change:
            return met, images.T @ met @ images / sums
        if not change < largest:
            break
    raise ValueError(
        f"Argument `learning_rate` {learning_rate} is mean-square unstable at these"
        " layers: the noise of the batch Hessians feeds itself. Lower it."
    )


def _scattered(
    minimum: Minimum, covariance: Float[np.ndarray, "kr kr"]
) -> Float[np.ndarray, "kr kr"]:
    r"""$\frac1n\sum_i(I\otimes x_ix_i^\top)V(I\otimes x_ix_i^\top)$."""
    x, k = minimum.coordinates, minimum.outputs
    r = x.shape[1]
    blocks = covariance.reshape(k, r, k, r)
    out = np.empty_like(blocks)
    for a in range(k):
        for b in range(a, k):
            block = scatter(x, blocks[a, :, b])
            out[a, :, b] = out[b, :, a] = (block + block.T) / 2
    return out.reshape(k * r, k * r)

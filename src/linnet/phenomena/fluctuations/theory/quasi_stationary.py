r"""Fluctuations of all layers about a minimum, for the data set at hand.

Near a minimum SGD is linear in the deviation $\delta\theta$, with drift
$K = J^\top(I_k\otimes\mathtt{xx})J + E(G)$ and noise $J^\top CJ$. Both vanish along the
directions in which the product does not change, so the stationary state is *quasi*-
stationary: it exists on the range of $J^\top$, and along the rest the weights drift
slowly, at second order (`gauge`). There, in the eigenbasis of $K$ with eigenvalues
$\lambda$ and the noise $c_{ij}$ of one sample, three levels of accuracy:

- `continuum`: $M_{ij} = \eta\kappa c_{ij}/(\lambda_i+\lambda_j)$, small rates;
- `additive`: $M_{ij} = \eta\kappa c_{ij}/(\lambda_i+\lambda_j-\eta\lambda_i\lambda_j)$,
  finite rates, noise that does not depend on the weights;
- `exact`: also the noise's dependence on the weights, by the curvature of each sample,
  $A_n = B^\top[J^\top(I_k\otimes x_nx_n^\top)J + E(g_n)]B$: exact for independent
  batches as long as the deviations are small.

Statement: Gross et al. 2024. Every formula is derived here.
"""

from typing import Literal

import numpy as np

from linnet.network import Weights, check_weights
from linnet.phenomena.fluctuations.theory.jacobian import check_tolerance
from linnet.phenomena.fluctuations.theory.layer_covariance import LayerFluctuations
from linnet.phenomena.fluctuations.theory.linearization import (
    STATIONARY,
    Linearization,
    linearize,
)
from linnet.phenomena.fluctuations.theory.minimum import Minimum
from linnet.phenomena.fluctuations.theory.multiplicative import solve_exact
from linnet.phenomena.fluctuations.theory.refusals import (
    check_choice,
    check_descent,
    check_not_negative,
    check_step,
)
from linnet.shapes import Float

Level = Literal["continuum", "additive", "exact"]
LEVELS: tuple[Level, ...] = ("continuum", "additive", "exact")


def quasi_stationary(
    minimum: Minimum,
    weights: Weights,
    *,
    learning_rate: float,
    noise_factor: float,
    level: Level = "additive",
    weight_decay: float = 0.0,
    tolerance: float = STATIONARY,
) -> LayerFluctuations:
    r"""Covariance of all weights, quasi-stationary about `weights`.

    Valid for: any depth, independent batches, and a minimum of the layers: the
    least-squares product, or what a bottleneck or weight decay makes of it. Deviations
    must be small against the weights, and the rate against $2/\lambda_{\max}$ in the
    continuum. With weight decay $\frac\mu2\sum_l\lVert W_l\rVert^2$ the drift is
    $K + \mu$, and the mean gradient is taken off the noise.

    With $q$ directions that fluctuate and $p$ weights it holds $pq$ numbers, and $J$
    itself but for two layers at the least-squares product. For white noise
    `stationary_layer_variances` holds far less. Per-sample curvatures also push weights
    along the rest, at second order; `exact` leaves that to the drift of the gauge.

    Args:
        minimum: The data and its least-squares minimum, without weight decay.
        weights: Layers at a stationary point of the loss.
        learning_rate: $\eta > 0$.
        noise_factor: $\kappa$ of the sampling, see `batch_noise`.
        level: See the head of this module.
        weight_decay: $\mu\ge0$, of every layer.
        tolerance: How large the gradient of the layers may be, relative to its terms.

    Returns:
        Factored covariance; its basis diagonalizes the Hessian.

    Raises:
        ValueError: when the layers do not fit, are not at a stationary point, or at a
            saddle; the rate is beyond $2/\lambda_{\max}$ or mean-square unstable; or
            `exact` is asked for more directions than it can hold.

    Reference: Gross et al. 2024 (statement); derived here.
    """
    check_choice("level", level, LEVELS)
    check_step(learning_rate, noise_factor)
    check_not_negative("weight_decay", weight_decay)
    check_weights(weights, len(minimum.basis), minimum.outputs)
    check_tolerance(tolerance)
    linear = linearize(minimum, weights, weight_decay, tolerance)
    sums = np.add.outer(linear.curvatures, linear.curvatures)
    if level != "continuum":
        check_descent(linear.curvatures, learning_rate)
        sums -= learning_rate * np.multiply.outer(linear.curvatures, linear.curvatures)
    strength = learning_rate * noise_factor
    noise = _noise(linear)
    reduced = strength * noise / sums
    if level == "exact" and strength > 0:
        reduced = solve_exact(linear, noise, sums, strength, weight_decay)
    return LayerFluctuations(
        basis=linear.basis,
        reduced=reduced,
        shapes=tuple(layer.shape for layer in weights),
        curvatures=linear.curvatures,
        gap=linear.gap,
    )


def _noise(linear: Linearization) -> Float[np.ndarray, "q q"]:
    r"""Covariance of the gradients of single samples along the modes."""
    k = linear.residuals.shape[1]
    images = linear.images.reshape(k, linear.coordinates.shape[1], -1)
    rows = np.zeros((len(linear.residuals), images.shape[2]))
    for residual, image in zip(linear.residuals.T, images, strict=True):
        rows -= (linear.coordinates * residual[:, None]) @ image
    rows -= rows.mean(axis=0)
    return rows.T @ rows / len(rows)

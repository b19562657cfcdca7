r"""White label noise: the layers alone say which weights fluctuate, and how much.

When the gradient noise is $C = \sigma^2I_k\otimes\mathtt{xx}$ (many more samples than
inputs) drift and noise are proportional and the input moment drops out:
$V_\theta = T\,\Pi$ with the projector $\Pi = J^\top(JJ^\top)^+J$ and the temperature
$T = \eta\kappa\sigma^2/2$. All directions that fluctuate do so equally; a single
layer sees a block of the projector, and that is not isotropic. Singular values are
zero-padded to the full size, and 0/0 is 0.
"""

import numpy as np

from linnet.network import Weights
from linnet.phenomena.fluctuations.theory.jacobian import (
    RANK_TOLERANCE,
    check_tolerance,
    check_two_layers,
    fluctuating_space,
)
from linnet.phenomena.fluctuations.theory.layer_covariance import LayerFluctuations
from linnet.phenomena.fluctuations.theory.refusals import (
    check_noise,
    check_not_negative,
    check_positive,
    check_step,
)
from linnet.shapes import Float


def temperature(learning_rate: float, noise_factor: float, noise: float) -> float:
    r"""$T = \eta\kappa\sigma^2/2$, the variance of every direction that fluctuates.

    Args:
        learning_rate: $\eta > 0$.
        noise_factor: $\kappa$ of the sampling, see `batch_noise`.
        noise: $\sigma$, standard deviation of the label noise.

    Valid for: small $\eta\kappa\,\mathrm{tr}\,K/2$, with $K$ the weights' Hessian.

    Raises:
        ValueError: when the rate is not positive, the noise factor not in [0, 1], or
            the noise negative.

    Reference: derived here.
    """
    check_step(learning_rate, noise_factor)
    check_noise(noise)
    return learning_rate * noise_factor * noise**2 / 2


def layer_shares(
    weights: Weights, tolerance: float = RANK_TOLERANCE
) -> tuple[Float[np.ndarray, "h d"], Float[np.ndarray, "k h"]]:
    r"""Part of the temperature at which each direction of each layer fluctuates.

    $$\lambda^{(1)}_{aj} = \frac{s_{2,a}^2}{s_{1,j}^2+s_{2,a}^2}\;(h\times d),\qquad
      \lambda^{(2)}_{aj} = \frac{s_{1,j}^2}{s_{1,j}^2+s_{2,a}^2}\;(k\times h),$$
    eigenvalues of the blocks of $\Pi$: the layer varies where the *other* one is large.
    Their directions are those of `layer_axes`.

    Valid for: two layers, white noise, any inputs of full rank, a minimum at which the
    mean gradient of the product vanishes.

    Args:
        weights: Two layers.
        tolerance: Below this part of the largest singular value a mode counts as not
            moving, with shares of 0.

    Raises:
        ValueError: when there are not two layers, they are no chain, or the tolerance
            is not in (0, 1).

    Reference: Gross et al. 2024 (statement: anisotropy from the coupling of layers);
    derived here.
    """
    check_two_layers(weights)
    check_tolerance(tolerance)
    s1, s2 = (np.linalg.svd(layer, compute_uv=False) for layer in weights)
    (h, d), (k, _) = weights[0].shape, weights[1].shape
    largest = np.hypot(s1.max(), s2.max())
    floor = (tolerance * largest) ** 2
    first = _share(_padded(s2, h)[:, None], _padded(s1, d)[None, :], floor)
    second = _share(_padded(s1, h)[None, :], _padded(s2, k)[:, None], floor)
    return first, second


def layer_axes(
    weights: Weights,
) -> tuple[
    tuple[Float[np.ndarray, "h h"], Float[np.ndarray, "d d"]],
    tuple[Float[np.ndarray, "k k"], Float[np.ndarray, "h h"]],
]:
    r"""Left and right directions of the shares of each layer.

    For $W_1$: right singular vectors of $W_2$, and of $W_1$; for $W_2$: left singular
    vectors of $W_2$, and of $W_1$. The variance of $u_a^\top\delta W_l\,v_j$, columns
    $a$ and $j$, is $T\lambda^{(l)}_{aj}$.

    Valid for: two layers; directions of equal singular values may be turned.

    Raises:
        ValueError: when there are not two layers, or they are no chain.

    Reference: derived here.
    """
    check_two_layers(weights)
    hidden_1, _, inputs = np.linalg.svd(weights[0])
    outputs, _, hidden_2 = np.linalg.svd(weights[1])
    return (hidden_2.T, inputs.T), (outputs, hidden_1)


def white_layer_variances(
    weights: Weights, temperature: float
) -> tuple[Float[np.ndarray, "h d"], Float[np.ndarray, "k h"]]:
    r"""Variances along the axes of each layer, $T\lambda^{(l)}$; see `layer_shares`.

    Valid for: as `layer_shares`, and as `temperature` for small learning rates.

    Raises:
        ValueError: as `layer_shares`, and when the temperature is negative.

    Reference: derived here.
    """
    check_not_negative("temperature", temperature)
    first, second = layer_shares(weights)
    return temperature * first, temperature * second


def white_covariance(
    weights: Weights, temperature: float, tolerance: float = RANK_TOLERANCE
) -> LayerFluctuations:
    r"""$V_\theta = T\,J^\top(JJ^\top)^+J$, any depth.

    Valid for: white noise, any inputs of full rank, and a minimum at which the mean
    gradient of the product vanishes.

    Raises:
        ValueError: when the layers are no chain, or the temperature is negative.

    Reference: Gross et al. 2024 (statement); derived here.
    """
    check_not_negative("temperature", temperature)
    space = fluctuating_space(weights, tolerance=tolerance)
    return LayerFluctuations(
        basis=space.basis,
        reduced=temperature * np.eye(space.rank),
        shapes=tuple(layer.shape for layer in weights),
        gap=space.gap,
    )


def relaxation_rates(weights: Weights, variance: float) -> Float[np.ndarray, "k d"]:
    r"""Rates per unit time (rate times steps) of the modes, for white inputs.

    $a\,(s_{1,j}^2 + s_{2,a}^2)$ for $\mathtt{xx} = aI$, output direction $a$ and input
    direction $j$; modes at rate zero do not move. Runs must be long against the
    inverse of the smallest other one.

    Valid for: two layers, a minimum at which the gradient of the product vanishes.

    Raises:
        ValueError: when there are not two layers, or the variance is not positive.

    Reference: derived here.
    """
    check_two_layers(weights)
    check_positive("variance", variance)
    s1, s2 = (np.linalg.svd(layer, compute_uv=False) for layer in weights)
    k, d = len(weights[1]), weights[0].shape[1]
    return variance * np.add.outer(_padded(s2, k) ** 2, _padded(s1, d) ** 2)


def _share(
    mine: Float[np.ndarray, "..."], other: Float[np.ndarray, "..."], floor: float
) -> Float[np.ndarray, "..."]:
    total = mine**2 + other**2
    moves = total > floor
    return np.where(moves, mine**2, 0.0) / np.where(moves, total, 1.0)


def _padded(singular: Float[np.ndarray, " some"], size: int) -> Float[np.ndarray, " n"]:
    """Zero-padded, or cut where the size is that of a smaller side."""
    return np.concatenate([singular, np.zeros(size)])[:size]

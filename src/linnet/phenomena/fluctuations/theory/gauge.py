r"""Slow motion along the directions in which the product does not change.

Gradient flow conserves the imbalance
$\mathcal I_l = W_{l+1}^\top W_{l+1} - W_lW_l^\top$ for every batch; a step of SGD
changes it at second order, and the noise so drives it steadily, like $\eta\kappa$ per
unit time. That is why the state of the layers is
*quasi*-stationary. It is an Ito term: solvers of Stratonovich equations do not see it.
The derivation's $Q$ is $-\mathcal I$.

Statement of the same mechanism for other losses: Ziyin et al. 2023, 2024 (noise
balance). Every formula is derived here.
"""

import itertools

import numpy as np

from linnet.network import Weights, check_weights
from linnet.phenomena.fluctuations.theory.jacobian import surroundings
from linnet.phenomena.fluctuations.theory.kronecker import moment_eigenbasis
from linnet.phenomena.fluctuations.theory.refusals import (
    check_finite,
    check_not_negative,
    check_positive,
    check_step,
    check_whole,
)
from linnet.shapes import Float


def imbalance_step(
    weights: Weights, gradient: Float[np.ndarray, "k d"], learning_rate: float
) -> tuple[Float[np.ndarray, "_h _h"], ...]:
    r"""Change of each imbalance in one step of (stochastic) gradient descent.

    $$\Delta\mathcal I_l = \eta^2\big(\nabla_{l+1}^\top\nabla_{l+1} -
      \nabla_l\nabla_l^\top\big),\qquad
      \nabla_l = W_{L:l+1}^\top G_B W_{l-1:1}^\top,$$
    exactly, at any point. Two layers:
    $\eta^2(W_1G_B^\top G_BW_1^\top - W_2^\top G_BG_B^\top W_2)$.

    Args:
        weights: Layers before the step.
        gradient: $G_B$, gradient of the batch loss with respect to the product.
        learning_rate: $\eta > 0$.

    Raises:
        ValueError: when the layers are no chain, the gradient does not fit or is not
            finite, or the rate is not positive.

    Reference: derived here.
    """
    k, d = _product_shape(weights)
    if np.shape(gradient) != (k, d):
        raise ValueError(
            f"Argument `gradient` must be (k, d) = {(k, d)}, that of the product, but"
            f" has shape {np.shape(gradient)}."
        )
    check_finite("gradient", gradient)
    check_positive("learning_rate", learning_rate)
    pulls = [after.T @ gradient @ inner.T for after, inner in surroundings(weights)]
    return tuple(
        learning_rate**2 * (ahead.T @ ahead - behind @ behind.T)
        for behind, ahead in itertools.pairwise(pulls)
    )


def imbalance_drift(
    weights: Weights,
    gradient_noise: Float[np.ndarray, "kd kd"],
    learning_rate: float,
    noise_factor: float,
) -> tuple[Float[np.ndarray, "_h _h"], ...]:
    r"""Mean change of each imbalance per step at a minimum.

    The mean of `imbalance_step` over batches. Two layers:
    $\eta^2\kappa(W_1M_iW_1^\top - W_2^\top M_oW_2)$ with the traces of $C$ over
    outputs, $M_i\,(d, d)$, and over inputs, $M_o\,(k, k)$. Divide by $\eta$ for a rate
    per unit time.

    Valid for: any depth, a minimum with vanishing mean gradient of the product, leading
    order in $\eta$: fluctuations about it add a part $\eta\kappa\,\mathrm{tr}K$.

    Args:
        weights: Layers at the minimum.
        gradient_noise: $C$, covariance of the gradients of single samples with respect
            to the product, over its `ravel()`.
        learning_rate: $\eta > 0$.
        noise_factor: $\kappa$, see `batch_noise`.

    Raises:
        ValueError: when the layers are no chain, the noise does not fit or is not
            finite, the rate is not positive, or the factor not in [0, 1].

    Reference: derived here.
    """
    k, d = _product_shape(weights)
    if np.shape(gradient_noise) != (k * d, k * d):
        raise ValueError(
            f"Argument `gradient_noise` must be {(k * d, k * d)}, over the entries of"
            f" the product, but has shape {np.shape(gradient_noise)}."
        )
    check_finite("gradient_noise", gradient_noise)
    check_step(learning_rate, noise_factor)
    blocks = gradient_noise.reshape(k, d, k, d)
    rows, columns = [], []
    for after, inner in surroundings(weights):
        over_inputs = np.einsum("aibj,ij->ab", blocks, inner.T @ inner)
        over_outputs = np.einsum("aibj,ab->ij", blocks, after @ after.T)
        rows.append(after.T @ over_inputs @ after)
        columns.append(inner @ over_outputs @ inner.T)
    return _drift(rows, columns, learning_rate**2 * noise_factor)


def white_imbalance_drift(
    weights: Weights,
    xx: Float[np.ndarray, "d d"],
    learning_rate: float,
    temperature: float,
) -> tuple[Float[np.ndarray, "_h _h"], ...]:
    r"""`imbalance_drift` for white label noise, $C = \sigma^2I_k\otimes\mathtt{xx}$.

    Two layers: $2\eta T(k\,W_1\mathtt{xx}W_1^\top - \mathrm{tr}\,\mathtt{xx}\;
    W_2^\top W_2)$ per step, with $T = \eta\kappa\sigma^2/2$.

    Valid for: as `imbalance_drift`, with many more samples than inputs.

    Raises:
        ValueError: when the layers are no chain, `xx` does not fit, the rate is not
            positive, or the temperature is negative.

    Reference: derived here.
    """
    _, d = _product_shape(weights)
    moment_eigenbasis(xx, d)
    check_positive("learning_rate", learning_rate)
    check_not_negative("temperature", temperature)
    rows, columns = [], []
    for after, inner in surroundings(weights):
        rows.append(after.T @ after * np.trace(inner @ xx @ inner.T))
        columns.append(inner @ xx @ inner.T * np.trace(after.T @ after))
    return _drift(rows, columns, 2 * learning_rate * temperature)


def noise_balanced_layers(
    product: Float[np.ndarray, "k d"], xx: Float[np.ndarray, "d d"], width: int
) -> tuple[Float[np.ndarray, "h d"], Float[np.ndarray, "k h"]]:
    r"""Two layers with a given product at which white noise drives no imbalance.

    $\mathrm{tr}\,\mathtt{xx}\;W_2^\top W_2 = k\,W_1\mathtt{xx}W_1^\top$. With
    $\sqrt{k/\mathrm{tr}\,\mathtt{xx}}\;W_1\mathtt{xx}^{1/2}$ for the first layer this
    is balance, so the layers follow from one singular value decomposition of
    $W\mathtt{xx}^{1/2}$; unique up to a rotation of the hidden units. White inputs:
    $s_1^2/s_2^2 = d/k$, and not 1.

    Valid for: two layers, `xx` of full rank.

    Args:
        product: $W$.
        xx: Input moment.
        width: $h$, at least the rank of the product; further hidden units are zero.

    Raises:
        ValueError: when `xx` does not fit or has no full rank, or the width is smaller
            than the rank of the product.

    Reference: derived here.
    """
    k, d = product.shape
    check_finite("product", product)
    check_whole("width", width, 0)
    variances, basis = moment_eigenbasis(xx, d)
    if len(variances) < d:
        raise ValueError(
            f"Argument `xx` must have full rank {d}, but has rank {len(variances)}: the"
            " first layer is free where there are no inputs."
        )
    stretch = np.sqrt(k / variances.sum() * variances)
    left, singular, right = np.linalg.svd(
        product @ basis * stretch, full_matrices=False
    )
    rank = int((singular > d * np.finfo(float).eps * singular.max(initial=0.0)).sum())
    if width < rank:
        raise ValueError(
            f"Argument `width` must be at least {rank}, the rank of the product, but is"
            f" {width}."
        )
    first, second = np.zeros((width, d)), np.zeros((k, width))
    root = np.sqrt(singular[:rank])
    first[:rank] = root[:, None] * right[:rank] / stretch @ basis.T
    second[:, :rank] = left[:, :rank] * root
    return first, second


def _drift(
    rows: list[Float[np.ndarray, "_out _out"]],
    columns: list[Float[np.ndarray, "_in _in"]],
    strength: float,
) -> tuple[Float[np.ndarray, "_h _h"], ...]:
    r"""From the means of $\nabla_l\nabla_l^\top$ and $\nabla_l^\top\nabla_l$."""
    return tuple(
        strength * (ahead - behind)
        for behind, ahead in zip(rows[:-1], columns[1:], strict=True)
    )


def _product_shape(weights: Weights) -> tuple[int, int]:
    check_weights(weights)
    if len(weights) < 2:
        raise ValueError(
            "Argument `weights` must hold at least two layers, but holds one: a single"
            " layer has no imbalance."
        )
    return len(weights[-1]), weights[0].shape[1]

r"""What the product says of its layers: the conserved imbalance at work."""

import numpy as np

from linnet.network import Weights, check_weights, end_to_end
from linnet.numerics import stable_rank
from linnet.phenomena.spectral_bias.theory.refusals import (
    check_gamma,
    check_not_negative,
    check_positive,
    check_product,
)
from linnet.shapes import Float
from linnet.task import Moments


def layer_singular_values(
    sigma: Float[np.ndarray, "..."] | float, gamma: float
) -> tuple[Float[np.ndarray, "..."], Float[np.ndarray, "..."]]:
    r"""Singular values of both layers that belong to a mode of the product.

    $$w_1^2 = \tfrac12\big(\gamma + \sqrt{\gamma^2 + 4\sigma^2}\big),\qquad
      w_2 = \sigma / w_1,\qquad w_1^2 - w_2^2 = \gamma.$$

    Valid for: $W_1^\top W_1 = \gamma I$, $W_2 = 0$ at the start, at every time of the
    flow. $w_2$ is formed as a ratio: its textbook root cancels for $\gamma\gg\sigma$.

    Args:
        sigma: $\sigma \ge 0$, singular values of the product.
        gamma: $\gamma > 0$.

    Returns:
        $w_1$ and $w_2$; an idle mode ($\sigma = 0$) has $w_1 = \sqrt\gamma$, $w_2 = 0$.

    Raises:
        ValueError: when `gamma` is not positive, or a `sigma` negative or not finite.

    Reference: derived here.
    """
    check_gamma(gamma)
    check_not_negative("sigma", sigma)
    sigma = np.asarray(sigma, dtype=float)
    first = np.sqrt((gamma + np.hypot(gamma, 2 * sigma)) / 2)
    return first, sigma / first


def gram_matrices(
    product: Float[np.ndarray, "k d"], gamma: float
) -> tuple[Float[np.ndarray, "d d"], Float[np.ndarray, "k k"]]:
    r"""Gram matrices of both layers, given only their product.

    $$W_1^\top W_1 = \tfrac\gamma2 I_d + \big(\tfrac{\gamma^2}4 I_d + W^\top
    W\big)^{1/2}, \qquad
    W_2W_2^\top = -\tfrac\gamma2 I_k + \big(\tfrac{\gamma^2}4 I_k +
    WW^\top\big)^{1/2}.$$

    Valid for: $W_1^\top W_1 = \gamma I$, $W_2 = 0$ at the start, hidden width $\ge d$,
    any loss of the product, every time of the flow. Exact for the flow; gradient
    descent breaks it in proportion to the learning rate (`imbalance_step`).

    Args:
        product: $W$ at any one time.
        gamma: $\gamma > 0$.

    Returns:
        $W_1^\top W_1$ and $W_2W_2^\top$, symmetric.

    Raises:
        ValueError: when `gamma` is not positive, or `product` is no finite matrix.

    Reference: derived here.
    """
    check_product(product)
    left, sigma, right = np.linalg.svd(product, full_matrices=False)
    # What a mode adds to the idle level: w1^2 - gamma = w2^2, free of cancellation.
    grown = layer_singular_values(sigma, gamma)[1]
    inputs, outputs = grown[:, None] * right, left * grown
    return gamma * np.eye(product.shape[1]) + inputs.T @ inputs, outputs @ outputs.T


def end_to_end_limit(moments: Moments) -> Float[np.ndarray, "k d"]:
    r"""Where the product ends: $W_\infty = (X^+Y)^\top$ for every $\gamma > 0$.

    The row space of the inputs is invariant, so the minimizer of least norm is reached:
    the scale of the start leaves no trace in the product, only in the layers.

    Valid for: first layer isotropic and second zero at the start; gradient flow, and
    gradient descent at any learning rate at which it settles. Minibatch SGD ends there
    too when the data can be fitted exactly; otherwise it fluctuates around.

    Args:
        moments: Data or population; eigenvalues of `xx` below its cut-off count as 0.

    Returns:
        $W_\infty$.

    Raises:
        ValueError: when all inputs vanish.

    Reference: statement as in Varre et al. 2023; derived here.
    """
    return moments.minimizer().end_to_end


def hidden_spectrum(
    product: Float[np.ndarray, "k d"], gamma: float
) -> Float[np.ndarray, " d"]:
    r"""All $d$ singular values of the hidden layer, downwards, the idle ones included.

    Modes of the product give $w_1$ of `layer_singular_values`; the other
    $d - \mathrm{rank}\,W$ stay at $\sqrt\gamma$. With $W = W_\infty$ this is where
    training ends: rank of the task for $\gamma\to0$, full rank for $\gamma\to\infty$.

    Valid for: as `gram_matrices`, of which it is the spectrum.

    Args:
        product: $W$ at any one time.
        gamma: $\gamma > 0$.

    Returns:
        Singular values of $W_1$.

    Raises:
        ValueError: when `gamma` is not positive, or `product` is no finite matrix.

    Reference: statement (low rank at small scale) Varre et al. 2023; formula derived
        here.
    """
    return layer_singular_values(_padded(product), gamma)[0]


def hidden_stable_rank(
    product: Float[np.ndarray, "k d"], gammas: Float[np.ndarray, " scales"]
) -> Float[np.ndarray, " scales"]:
    r"""Stable rank $\sum w_1^2/\max w_1^2$ of the trained hidden layer against scale.

    From $\lVert W\rVert_\ast/\lVert W\rVert_2$ at $\gamma\to0$ to $d$ at
    $\gamma\to\infty$.

    Valid for: as `hidden_spectrum`, $W = W_\infty$.

    Args:
        product: $W$.
        gammas: Scales $\gamma > 0$.

    Returns:
        One rank for each scale.

    Raises:
        ValueError: when a scale is not positive, or `product` is no finite matrix.

    Reference: derived here.
    """
    sigma = _padded(product)
    spectra = [layer_singular_values(sigma, float(gamma))[0] for gamma in gammas]
    return stable_rank(np.array(spectra))


def flow_velocity(
    product: Float[np.ndarray, "k d"], moments: Moments, delta: float
) -> Float[np.ndarray, "k d"]:
    r"""Velocity of the product alone: the flow is closed.

    $$\dot W = -\big[(\delta^2I_k + WW^\top)^{1/2}\,G + G\,(\delta^2I_d + W^\top
    W)^{1/2} \big],\qquad G = W\mathtt{xx} - \mathtt{yx}.$$

    Valid for: the isotropic first layer ($\delta = \gamma/2$), balanced starts
    $\mathcal I = \pm2\delta I_h$ (with $h = d$ for the minus sign, $h = k$ for the
    plus; any $h$ at $\delta = 0$), and two orthogonal layers ($\delta = \gamma$).

    Args:
        product: $W$.
        moments: Data or population.
        delta: $\delta \ge 0$, width of the mirror map.

    Returns:
        $\dot W$.

    Raises:
        ValueError: when `delta` is negative, or `product` does not fit the moments.

    Reference: derived here.
    """
    check_product(product, moments.yx.shape)
    return product_velocity(product, product @ moments.xx - moments.yx, delta)


def product_velocity(
    product: Float[np.ndarray, "k d"], gradient: Float[np.ndarray, "k d"], delta: float
) -> Float[np.ndarray, "k d"]:
    r"""Velocity of the product for any loss of it, given its gradient.

    $$\dot W = -\big[(\delta^2I_k + WW^\top)^{1/2}\,G + G\,(\delta^2I_d + W^\top
    W)^{1/2} \big].$$

    Valid for: as `flow_velocity`, with $G = \partial L/\partial W$ of any loss: matrix
    sensing and completion, logits of a classifier.

    Args:
        product: $W$.
        gradient: $G$.
        delta: $\delta \ge 0$, width of the mirror map.

    Returns:
        $\dot W$.

    Raises:
        ValueError: when `delta` is negative, `product` is no finite matrix, or
            `gradient` has another shape.

    Reference: derived here.
    """
    check_not_negative("delta", delta)
    check_product(product)
    if np.shape(gradient) != product.shape:
        raise ValueError(
            f"Argument `gradient` must have the shape of the product, {product.shape},"
            f" but has {np.shape(gradient)}."
        )
    left, sigma, right = np.linalg.svd(product, full_matrices=False)
    # The root is delta on what the product does not use, so only the modes rotate.
    grown = sigma**2 / np.where(sigma > 0, np.hypot(delta, sigma) + delta, 1.0)
    outputs = (left * grown) @ (left.T @ gradient)
    inputs = ((gradient @ right.T) * grown) @ right
    return -(2 * delta * gradient + outputs + inputs)


def imbalance_step(
    weights: Weights, moments: Moments, learning_rate: float
) -> Float[np.ndarray, "h h"]:
    r"""Change of the imbalance in one step of gradient descent, two layers: exact.

    $$\Delta\mathcal I = \eta^2\big(W_1G^\top GW_1^\top - W_2^\top GG^\top W_2\big).$$
    At fixed time the drift is of order $\eta$: it vanishes with the learning rate, and
    the flow conserves $\mathcal I = W_2^\top W_2 - W_1W_1^\top$.

    Valid for: any two layers, full batch.

    Args:
        weights: $W_1$ and $W_2$ before the step.
        moments: Data or population.
        learning_rate: $\eta > 0$.

    Returns:
        $\Delta\mathcal I$, symmetric.

    Raises:
        ValueError: when `weights` are not two layers that fit the moments, or the
            learning rate is not positive.

    Reference: derived here.
    """
    if len(weights) != 2:
        raise ValueError(
            f"Argument `weights` must be two layers, but holds {len(weights)}."
        )
    k, d = moments.yx.shape
    check_weights(weights, d, k)
    check_positive("learning_rate", learning_rate)
    first, second = weights
    gradient = end_to_end(weights) @ moments.xx - moments.yx
    by_first, by_second = gradient @ first.T, gradient.T @ second
    return learning_rate**2 * (by_first.T @ by_first - by_second.T @ by_second)


def _padded(product: Float[np.ndarray, "k d"]) -> Float[np.ndarray, " d"]:
    """Singular values of the product, one for each input, zero where it is idle."""
    check_product(product)
    sigma = np.zeros(product.shape[1])
    values = np.linalg.svd(product, compute_uv=False)
    sigma[: len(values)] = values
    return sigma

r"""Layers with weight decay: where they rest, and how the gauge is tied down.

The loss is $L + \frac\mu2\sum_l\lVert W_l\rVert^2$. At its stationary points the mean
gradient of the product does not vanish, $W_2^\top G = -\mu W_1$ and
$GW_1^\top = -\mu W_2$: the layers are balanced, the Hessian has its residual part, and
the noise is that about the mean gradient. The covariance is `quasi_stationary` with
`weight_decay`. Along $\delta W_1 = AW_1$, $\delta W_2 = -W_2A$ the Hessian has the
eigenvalue $2\mu$ for symmetric $A$, a restoring force, and 0 for antisymmetric $A$: a
rotation of the hidden units changes nothing, and is never tied down.
"""

import numpy as np

from linnet.network import Weights
from linnet.phenomena.fluctuations.theory.gauge import imbalance_drift
from linnet.phenomena.fluctuations.theory.jacobian import check_two_layers
from linnet.phenomena.fluctuations.theory.refusals import (
    check_not_negative,
    check_positive,
    check_whole,
)
from linnet.shapes import Float


def decayed_layers(
    yx: Float[np.ndarray, "k d"], variance: float, weight_decay: float, width: int
) -> tuple[Float[np.ndarray, "h d"], Float[np.ndarray, "k h"]]:
    r"""Two layers at the minimum with weight decay, for white inputs.

    $\sigma_i = \max(b_i-\mu, 0)/a$ with $b_i$ the singular values of `yx` and
    $\mathtt{xx} = aI$; both layers have singular values $\sqrt{\sigma_i}$. Unique up to
    a rotation of the hidden units. Hidden units beyond `width` modes are cut, the
    weakest modes first.

    Valid for: two layers, white inputs. For other inputs train the layers to the end
    with all samples.

    Raises:
        ValueError: when the variance is not positive, the decay is negative, or the
            width is less than 1.

    Reference: derived here.
    """
    check_positive("variance", variance)
    check_not_negative("weight_decay", weight_decay)
    check_whole("width", width, 1)
    left, strengths, right = np.linalg.svd(yx, full_matrices=False)
    kept = min(width, len(strengths))
    sizes = np.sqrt(np.maximum(strengths[:kept] - weight_decay, 0) / variance)
    first, second = np.zeros((width, yx.shape[1])), np.zeros((len(yx), width))
    first[:kept] = sizes[:, None] * right[:kept]
    second[:, :kept] = left[:, :kept] * sizes
    return first, second


def steady_imbalance(
    weights: Weights,
    gradient_noise: Float[np.ndarray, "kd kd"],
    learning_rate: float,
    noise_factor: float,
    weight_decay: float,
) -> Float[np.ndarray, "h h"]:
    r"""Mean imbalance at which weight decay stops the drift that noise drives.

    A step takes the imbalance to $(1-\eta\mu)^2\mathcal I$ plus the second-order part,
    so in the mean
    $$\mathbb E\,\mathcal I = \frac{\eta\kappa}{2\mu}
      \big(W_1M_iW_1^\top - W_2^\top M_oW_2\big).$$
    Without noise the layers are balanced; the approach takes $1/(2\eta\mu)$ steps.

    Valid for: two layers at the stationary point with decay, leading order in $\eta$,
    and an imbalance that is small against the layers.

    Args:
        weights: Layers at the minimum with decay.
        gradient_noise: $C$, covariance of the gradients of single samples about their
            mean, with respect to the product, over its `ravel()`.
        learning_rate: $\eta$.
        noise_factor: $\kappa$, see `batch_noise`.
        weight_decay: $\mu > 0$.

    Raises:
        ValueError: when there are not two layers, the noise does not fit, or there is
            no decay.

    Reference: derived here.
    """
    check_two_layers(weights)
    check_positive(
        "weight_decay",
        weight_decay,
        ": without decay nothing stops the drift but `noise_balanced_layers`",
    )
    (drift,) = imbalance_drift(weights, gradient_noise, learning_rate, noise_factor)
    return drift / (2 * learning_rate * weight_decay)

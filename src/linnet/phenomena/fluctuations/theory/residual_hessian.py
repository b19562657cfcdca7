r"""The part of the Hessian that comes from residuals: $E(G)$.

With the gradient $G = W\mathtt{xx} - \mathtt{yx}$ of the product, `(k, d)`, the Hessian
over all weights is $J^\top(I_k\otimes\mathtt{xx})J + E(G)$, where $E(G)$ is the second
derivative of $\langle G, W_L\cdots W_1\rangle$ at fixed $G$. The product is linear in
each layer, so $E$ couples different layers only. It vanishes where $G$ does; at a
bottleneck, whose minimum leaves a gradient, it does not.
"""

import itertools

import numpy as np

from linnet.network import Weights, check_weights
from linnet.phenomena.fluctuations.theory.jacobian import surroundings
from linnet.phenomena.fluctuations.theory.refusals import check_finite
from linnet.shapes import Float


def residual_hessian(
    weights: Weights, gradient: Float[np.ndarray, "k d"]
) -> Float[np.ndarray, "p p"]:
    r"""$E(G)$ as a matrix over all weights, any depth.

    Block of layers $m > l$, entry $(\delta W_m)_{ab}, (\delta W_l)_{ce}$:
    $(W_{L:m+1}^\top G\,W_{l-1:1}^\top)_{ae}\,(W_{m-1:l+1})_{bc}$. Two layers:
    $W_2[a, b]$ and $W_1[b, e]$ are coupled by $G_{ae}$.

    Raises:
        ValueError: when the layers are no chain, or the gradient does not fit.

    Reference: derived here.
    """
    check_weights(weights)
    size = sum(layer.size for layer in weights)
    return residual_hessian_product(weights, gradient, np.eye(size))


def residual_hessian_product(
    weights: Weights,
    gradient: Float[np.ndarray, "k d"],
    directions: Float[np.ndarray, "p q"],
) -> Float[np.ndarray, "p q"]:
    r"""$E(G)$ times some directions, without $E(G)$.

    Raises:
        ValueError: when the layers are no chain, or the other arguments do not fit.

    Reference: derived here.
    """
    check_weights(weights)
    _check_shapes(weights, gradient, directions)
    sizes = [layer.size for layer in weights]
    parts = [
        part.T.reshape(-1, *layer.shape)
        for part, layer in zip(
            np.split(directions, list(itertools.accumulate(sizes))[:-1]),
            weights,
            strict=True,
        )
    ]
    around = list(surroundings(weights))
    found = [np.zeros_like(part) for part in parts]
    for low, between in enumerate(weights):
        middle = np.eye(len(between))  # W_{m-1:l+1}
        for high in range(low + 1, len(weights)):
            outer = around[high][0].T @ gradient @ around[low][1].T
            found[high] += outer @ parts[low].transpose(0, 2, 1) @ middle.T
            found[low] += middle.T @ parts[high].transpose(0, 2, 1) @ outer
            middle = weights[high] @ middle
    return np.vstack([part.reshape(len(part), -1).T for part in found])


def _check_shapes(
    weights: Weights,
    gradient: Float[np.ndarray, "..."],
    directions: Float[np.ndarray, "..."],
) -> None:
    product = (len(weights[-1]), weights[0].shape[1])
    if np.shape(gradient) != product or not np.isfinite(gradient).all():
        raise ValueError(
            f"Argument `gradient` must be a finite matrix (k, d) = {product}, that of"
            f" the product, but has shape {np.shape(gradient)}."
        )
    size = sum(layer.size for layer in weights)
    if np.ndim(directions) != 2 or len(directions) != size:
        raise ValueError(
            f"Argument `directions` must be ({size}, q), one row per weight, but has"
            f" shape {np.shape(directions)}."
        )
    check_finite("directions", directions)

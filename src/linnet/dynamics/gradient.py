r"""Gradients of the loss with respect to every layer, by hand: from moments or a batch.

$\partial L/\partial W_l = (W_L\cdots W_{l+1})^\top\,G\,(W_{l-1}\cdots W_1)^\top$ with
$G = W\mathtt{xx} - \mathtt{yx}$ the gradient with respect to the product.
"""

import jax.numpy as jnp
from jaxtyping import Array, Float

Layers = tuple[Float[Array, "_out _in"], ...]
Stacked = tuple[Float[Array, "replicas _out _in"], ...]


def moment_gradients(
    weights: Layers, variances: Float[Array, " r"], yx: Float[Array, "k r"]
) -> Layers:
    """Gradients on moments, in coordinates where the input moment is diagonal.

    Args:
        weights: Layers; the first takes the `r` coordinates of the row space.
        variances: Diagonal of the input moment.
        yx: Cross moment in the same coordinates.
    """
    below = [weights[0]]
    for layer in weights[1:]:
        below.append(layer @ below[-1])
    gradient = below.pop() * variances[None] - yx
    gradients = []
    for layer, product in zip(weights[:0:-1], below[::-1], strict=True):
        gradients.append(gradient @ product.T)
        gradient = layer.T @ gradient
    gradients.append(gradient)
    return tuple(gradients[::-1])


def batch_gradients(
    weights: Layers, inputs: Float[Array, "batch d"], targets: Float[Array, "batch k"]
) -> Layers:
    """Gradients of the mean loss over one batch of samples."""
    below = [inputs.T]
    for layer in weights[:-1]:
        below.append(layer @ below[-1])
    error = (weights[-1] @ below[-1] - targets.T) / inputs.shape[0]
    gradients = []
    for layer, activity in zip(weights[::-1], below[::-1], strict=True):
        gradients.append(error @ activity.T)
        error = layer.T @ error
    return tuple(gradients[::-1])


def squared_norm(weights: Layers) -> Float[Array, ""]:
    """Sum of the squares of all weights."""
    first, *rest = (jnp.vdot(layer, layer) for layer in weights)
    return sum(rest, start=first)

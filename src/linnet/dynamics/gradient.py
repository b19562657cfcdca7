r"""Gradients of the loss with respect to every layer, by hand: from moments or a batch.

$\partial L/\partial W_l = (W_L\cdots W_{l+1})^\top\,G\,(W_{l-1}\cdots W_1)^\top$ with
$G = W\mathtt{xx} - \mathtt{yx}$ the gradient with respect to the product.
"""

import jax.numpy as jnp
from jaxtyping import Array, Float

Layers = tuple[Float[Array, "_out _in"], ...]
Stacked = tuple[Float[Array, "replicas _out _in"], ...]

OUTER_SUM = 16  # samples up to which a sum of outer products is faster


def moment_gradients(
    weights: Layers, xx: Float[Array, "*_ d"], yx: Float[Array, "k d"]
) -> Layers:
    """Gradients on moments.

    Args:
        weights: Layers; the first takes the `d` coordinates of the moments.
        xx: Input moment, or its diagonal where coordinates make it diagonal.
        yx: Cross moment in the same coordinates.
    """
    below = [weights[0]]
    for layer in weights[1:]:
        below.append(layer @ below[-1])
    product = below.pop()
    gradient = (product * xx[None] if xx.ndim == 1 else product @ xx) - yx
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
    below = [inputs]
    for layer in weights[:-1]:
        below.append(below[-1] @ layer.T)
    error = (below[-1] @ weights[-1].T - targets) / inputs.shape[0]
    gradients = []
    for layer, activity in zip(weights[::-1], below[::-1], strict=True):
        gradients.append(_pairing(error, activity))
        error = error @ layer
    return tuple(gradients[::-1])


def _pairing(
    error: Float[Array, "batch _out"], activity: Float[Array, "batch _in"]
) -> Float[Array, "_out _in"]:
    """Sum over samples of error times activity.

    On a CPU, XLA multiplies many small matrices slowly where the first must be
    transposed; a short sum of outer products it fuses into the update, and runs two to
    four times as fast.
    """
    if len(error) > OUTER_SUM:
        return error.T @ activity
    pairs = zip(error, activity, strict=True)
    first, *rest = (e[:, None] * a[None, :] for e, a in pairs)
    return sum(rest, start=first)


def squared_norm(weights: Layers) -> Float[Array, ""]:
    """Sum of the squares of all weights."""
    first, *rest = (jnp.vdot(layer, layer) for layer in weights)
    return sum(rest, start=first)


def weighted_gradients(
    weights: Layers,
    inputs: Float[Array, "n d"],
    targets: Float[Array, "n k"],
    shares: Float[Array, " n"],
) -> Layers:
    """Sum over samples of their gradients, each times its share; of any sign."""
    below = [inputs]
    for layer in weights[:-1]:
        below.append(below[-1] @ layer.T)
    error = (below[-1] @ weights[-1].T - targets) * shares[:, None]
    gradients = []
    for layer, activity in zip(weights[::-1], below[::-1], strict=True):
        gradients.append(error.T @ activity)
        error = error @ layer
    return tuple(gradients[::-1])

"""How the weights that are stepped become the weights of the whole network."""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from linnet.dynamics.gradient import Stacked
from linnet.dynamics.reduction import Reduction, RowSpace, expand


class Frame(NamedTuple):
    """Where the stepped weights of all replicas live.

    Attributes:
        basis: Basis of the inputs' row space.
        frozen: The part of the first layer that never moves; None if all weights are
            stepped as they are.
        hidden: Frame of the reduced hidden layer, or None.
    """

    basis: Float[Array, "d r"]
    frozen: Float[Array, "replicas h d"] | None
    hidden: Float[Array, "replicas h m"] | None


def reduced_frame(space: RowSpace, reduction: Reduction, dtype: np.dtype) -> Frame:
    """The frame of reduced weights, on the device."""
    hidden = reduction.hidden
    return Frame(
        jnp.asarray(space.basis, dtype),
        jnp.asarray(reduction.frozen, dtype),
        None if hidden is None else jnp.asarray(hidden, dtype),
    )


def full_frame(space: RowSpace, dtype: np.dtype) -> Frame:
    """The frame of weights that are stepped as they are."""
    return Frame(jnp.asarray(space.basis, dtype), None, None)


def full_weights(layers: Stacked, frame: Frame) -> Stacked:
    """Weights of the whole network."""
    if frame.frozen is None:
        return layers
    return expand(layers, frame.basis, frame.frozen, frame.hidden)


def inner_weights(layers: Stacked, frame: Frame) -> Stacked:
    """Weights whose first layer takes the coordinates of the row space."""
    if frame.frozen is None:
        return (layers[0] @ frame.basis, *layers[1:])
    return layers

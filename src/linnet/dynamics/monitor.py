"""What is seen of a run from outside: observables, excess loss, drift of the imbalance.

Compiled functions are at module level, with every number traced, so that a second run
with other numbers compiles nothing.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from linnet.dynamics.frame import Frame, full_weights, inner_weights
from linnet.dynamics.gradient import Layers, Stacked, moment_gradients, squared_norm
from linnet.dynamics.reduction import RowSpace
from linnet.dynamics.saddle import time_to_fall, ways_down
from linnet.network import Weights, end_to_end, imbalance

Observable = Callable[[Weights], Array]
Named = tuple[tuple[str, Observable], ...]
Imbalances = tuple[Float[Array, "replicas _h _h"], ...]


class View(NamedTuple):
    """Every replica at one time.

    Attributes:
        gap: Excess loss over that of the best reachable map, as a fraction.
        drift: Change of the imbalance since the start, over the squared weight norm.
        speed: Rate at which the gap falls along gradient flow.
    """

    gap: Float[np.ndarray, " replicas"]
    drift: Float[np.ndarray, " replicas"]
    speed: Float[np.ndarray, " replicas"]


class Monitor:
    r"""Judges a run against its start.

    The excess loss is taken over the best map that the narrowest layer lets through,
    and divided by its start, or by that of the zero map where this is larger: a start
    from a trained network has little left to lose.
    """

    def __init__(self, space: RowSpace, layers: Stacked, frame: Frame) -> None:
        dtype = layers[0].dtype
        self._data = (
            jnp.asarray(space.variances, dtype),
            jnp.asarray(space.yx, dtype),
        )
        self._imbalance = _imbalances(layers, frame)
        excess, *_ = _see(layers, frame, self._data, self._imbalance)
        losses = space.reachable_losses()
        narrow = min(min(layer.shape[1:]) for layer in layers)
        self._floor = float(losses[min(narrow, len(losses) - 1)])
        self._scale = np.maximum(np.asarray(excess, float), losses[0]) - self._floor
        # Below this a difference of losses is rounding.
        rounding = 100 * float(jnp.finfo(dtype).eps) * self._floor
        self.resolution = self._share(np.full(len(self._scale), rounding))

    def view(self, layers: Stacked, frame: Frame) -> View:
        """Look at all replicas."""
        seen = _see(layers, frame, self._data, self._imbalance)
        excess, drift, fall = (np.array(values, float) for values in seen)
        gap = self._share(np.maximum(excess - self._floor, 0.0))
        return View(gap, drift, self._share(fall))

    def time_left(
        self, layers: Stacked, frame: Frame, drop: Float[np.ndarray, " replicas"]
    ) -> Float[np.ndarray, " replicas"]:
        """Time until every replica has lost `drop` of its gap, if it is at rest now."""
        inner = tuple(np.asarray(w, float) for w in inner_weights(layers, frame))
        variances, yx = (np.asarray(part, float) for part in self._data)
        rates, pulls = ways_down(inner, (variances, yx))
        return time_to_fall(drop, rates, self._share(pulls.T).T)

    def _share(
        self, values: Float[np.ndarray, "... replicas"]
    ) -> Float[np.ndarray, "... replicas"]:
        scale = self._scale
        return np.where(scale > 0, values / np.where(scale > 0, scale, 1.0), 0.0)


@partial(jax.jit, static_argnames="observables")
def observe_all(
    layers: Stacked, frame: Frame, observables: Named
) -> dict[str, Float[Array, "replicas ..."]]:
    """Observables of the full weights of every replica."""
    whole = full_weights(layers, frame)
    return {name: jax.vmap(function)(whole) for name, function in observables}


@jax.jit
def _imbalances(layers: Stacked, frame: Frame) -> Imbalances:
    return jax.vmap(imbalance)(inner_weights(layers, frame))


@jax.jit
def _see(
    layers: Stacked, frame: Frame, data: tuple[Array, Array], start: Imbalances
) -> tuple[
    Float[Array, " replicas"], Float[Array, " replicas"], Float[Array, " replicas"]
]:
    """Excess loss, drift of the imbalance and squared gradient of every replica."""

    def one(inner: Layers, then: Layers) -> tuple[Array, Array, Array]:
        slopes = moment_gradients(inner, *data)
        return _excess(inner, data), _drift(inner, then), squared_norm(slopes)

    return jax.vmap(one)(inner_weights(layers, frame), start)


def _excess(inner: Layers, data: tuple[Array, Array]) -> Float[Array, ""]:
    """Excess over the least-squares minimum: squares of differences, so exact."""
    variances, yx = data
    miss = end_to_end(inner) - yx / variances[None]
    return (miss**2 * variances[None]).sum() / 2


def _drift(inner: Layers, start: Layers) -> Float[Array, ""]:
    size = squared_norm(inner)
    scale = jnp.where(size > 0, size, 1)
    total = jnp.zeros_like(size)
    for now, then in zip(imbalance(inner), start, strict=True):
        # Divided first: the squares of large weights would overflow in 32 bits.
        total += jnp.linalg.norm((now - then) / scale)
    return total

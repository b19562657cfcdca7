"""Gradient descent (reduced) and SGD (full weights) of all replicas, step by step."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from linnet.dynamics.descent import (
    SGD,
    AbstractDiscreteDynamics,
    GradientDescent,
    ReducedDescent,
)
from linnet.dynamics.engine import AbstractEngine, Progress
from linnet.dynamics.frame import Frame, full_frame, reduced_frame
from linnet.dynamics.gradient import Stacked, squared_norm
from linnet.dynamics.reduction import RowSpace, StackedWeights, reduce_weights

LONGEST_CHUNK = 20_000  # steps between two looks at progress and divergence

Carry = tuple[Stacked, Any, Int[Array, " replicas"]]


class DescentEngine(AbstractEngine):
    """Discrete steps in a compiled loop."""

    def __init__(
        self,
        dynamics: GradientDescent | SGD,
        space: RowSpace,
        weights: StackedWeights,
        seed: int,
        horizon: float,
        bound: float,
        dtype: np.dtype,
    ) -> None:
        self._horizon, self._bound, self._step = horizon, bound, 0
        stepped, start, self._frame = _stepped(dynamics, space, weights, dtype)
        self._dynamics = jax.tree.map(partial(_cast, dtype=dtype), stepped)
        layers = tuple(jnp.asarray(layer, dtype) for layer in start)
        count = len(layers[0])
        root = jax.random.key(seed)
        self._keys = jax.vmap(lambda r: jax.random.fold_in(root, r))(jnp.arange(count))
        memory = jax.vmap(self._dynamics.init)(layers)
        self._carry: Carry = (layers, memory, jnp.full(count, -1, jnp.int32))
        batch = f"batches of {dynamics.batch_size}" if isinstance(dynamics, SGD) else ""
        self._description = (
            f"{type(dynamics).__name__}, {batch or 'full batch'}, learning rate"
            f" {dynamics.learning_rate:.4g}"
        )

    def advance(self, target: float, progress: Progress) -> None:
        """Take steps up to `target`, in chunks."""
        while self._step < target and not self.stopped.all():
            until = int(min(target, self._step + LONGEST_CHUNK))
            self._carry = _descend(
                self._dynamics, self._carry, self._keys, self._step, until, self._bound
            )
            self._step = until
            if progress is not None:
                progress(self._step / self._horizon)

    @property
    def layers(self) -> Stacked:
        """Weights as they are stepped."""
        return self._carry[0]

    @property
    def frame(self) -> Frame:
        """The way back to the whole network."""
        return self._frame

    @property
    def stopped(self) -> Bool[np.ndarray, " replicas"]:
        """Replicas whose weights left every bound."""
        return np.asarray(self._carry[2]) >= 0

    @property
    def at(self) -> Float[np.ndarray, " replicas"]:
        """Step reached, or the one that left every bound."""
        return np.where(self.stopped, np.asarray(self._carry[2]), float(self._step))

    @property
    def evaluations(self) -> int:
        """Steps taken."""
        return self._step

    @property
    def description(self) -> str:
        """Dynamics, batch and learning rate."""
        return self._description


def _stepped(
    dynamics: GradientDescent | SGD,
    space: RowSpace,
    weights: StackedWeights,
    dtype: np.dtype,
) -> tuple[AbstractDiscreteDynamics, StackedWeights, Frame]:
    """What is stepped: SGD as it is, full-batch descent in reduced coordinates."""
    if isinstance(dynamics, SGD):
        return dynamics, weights, full_frame(space, dtype)
    reduction = reduce_weights(space, weights)
    rate, update = dynamics.learning_rate, dynamics.update
    stepped = ReducedDescent(space.variances, space.yx, rate, update)
    return stepped, reduction.start, reduced_frame(space, reduction, dtype)


def _cast(leaf: Any, dtype: np.dtype) -> Array:
    """Numbers in the precision of the run; whole ones in arrays may be indices."""
    given = np.asarray(leaf)
    is_index = given.ndim > 0 and not np.issubdtype(given.dtype, np.floating)
    return jnp.asarray(given, None if is_index else dtype)


@jax.jit
def _descend(
    dynamics: AbstractDiscreteDynamics,
    carry: Carry,
    keys: Array,
    begin: Int[Array, ""],
    until: Int[Array, ""],
    bound: Float[Array, ""],
) -> Carry:
    def one(
        layers: Any, memory: Any, diverged: Array, key: Array, at: Array
    ) -> tuple[Any, Any, Array]:
        moved = dynamics.step(layers, memory, jax.random.fold_in(key, at))
        sound = (squared_norm(moved[0]) < bound) & (diverged < 0)
        kept = jax.tree.map(
            lambda new, old: jnp.where(sound, new, old), moved, (layers, memory)
        )
        first = jnp.where((diverged < 0) & ~sound, at + 1, diverged)
        return *kept, first.astype(diverged.dtype)

    def body(at: Array, carry: Carry) -> Carry:
        return jax.vmap(one, in_axes=(0, 0, 0, 0, None))(*carry, keys, at)

    return jax.lax.fori_loop(begin, until, body, carry)

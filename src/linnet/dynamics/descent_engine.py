"""Gradient descent (reduced) and SGD (full weights) of all replicas, step by step."""

from functools import partial
from numbers import Integral
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from linnet.dynamics.descent import (
    SGD,
    AbstractDiscreteDynamics,
    GradientDescent,
    MomentDescent,
)
from linnet.dynamics.engine import AbstractEngine, Progress
from linnet.dynamics.frame import Frame, full_frame, reduced_frame
from linnet.dynamics.gradient import Stacked
from linnet.dynamics.langevin import Langevin
from linnet.dynamics.march import (
    Probe,
    Recording,
    Records,
    Span,
    State,
    blank,
    march,
    select,
)
from linnet.dynamics.reduction import RowSpace, StackedWeights, reduce_weights

LONGEST_CHUNK = 20_000  # steps between two looks at progress and divergence


class DescentEngine(AbstractEngine):
    """Discrete steps in a compiled loop."""

    def __init__(
        self,
        dynamics: GradientDescent | SGD | Langevin,
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
        self._state = State(layers, memory, jnp.full(count, -1, jnp.int32))
        self._description = _describe(dynamics)

    def advance(self, target: float, progress: Progress) -> None:
        """Take steps up to `target`, in chunks."""
        while self._step < target and not self.stopped.all():
            until = int(min(target, self._step + LONGEST_CHUNK))
            self._march(until)
            if progress is not None:
                progress(self._step / self._horizon)

    def record(self, until: int, every: int, function: Probe) -> Records:
        """Advance to the step `until`, in one compiled loop, and record on the way.

        Args:
            until: Step to reach.
            every: A record is taken after every step that is a multiple of this,
                beyond the step reached before.
            function: Maps the full layers of one replica to a vector (JAX-traceable);
                the same object again compiles nothing anew.

        Returns:
            Records on the device, `(count, replicas, p)`, all in memory at once. A
            replica that has diverged is recorded where it was last sound.

        Raises:
            ValueError: when `until` lies behind, or `every` is no whole number >= 1.
        """
        if not isinstance(every, Integral) or every < 1 or until < self._step:
            raise ValueError(
                f"Argument `until` must be at least the step reached, {self._step}, and"
                f" `every` a whole number >= 1, but they are {until} and {every!r}."
            )
        recording = Recording(np.int32(every), self._frame)
        count = until // every - self._step // every
        records = blank(recording, function, 0, self.layers)
        if count:
            until_last = until // every * every
            records = self._march(until_last, recording, probe=function, count=count)
        self.advance(until, None)
        return records

    def _march(
        self, until: int, recording: Recording | None = None, **probe: Any
    ) -> Records | None:
        """Go to `until` in one compiled pass, or two where some replica diverges."""
        span = Span(np.int32(self._step), np.int32(until), self._bound)
        given = (self._dynamics, self._keys, self._state, span, recording)
        state, lost, records = march(*given, **probe)
        again = np.asarray(lost) | (self.stopped & (recording is not None))
        if again.any():
            careful, _, records_again = march(*given, **probe, is_careful=True)
            state = select(again, careful, state)
            if records is not None:
                records = jnp.where(again[:, None], records_again, records)
        self._state, self._step = state, until
        return records

    @property
    def layers(self) -> Stacked:
        """Weights as they are stepped."""
        return self._state.layers

    @property
    def frame(self) -> Frame:
        """The way back to the whole network."""
        return self._frame

    @property
    def stopped(self) -> Bool[np.ndarray, " replicas"]:
        """Replicas whose weights left every bound."""
        return np.asarray(self._state.diverged) >= 0

    @property
    def at(self) -> Float[np.ndarray, " replicas"]:
        """Step reached, or the one that left every bound."""
        diverged = np.asarray(self._state.diverged)
        return np.where(self.stopped, diverged, float(self._step))

    @property
    def evaluations(self) -> int:
        """Steps taken."""
        return self._step

    @property
    def description(self) -> str:
        """Dynamics, batch and learning rate."""
        return self._description


def _stepped(
    dynamics: GradientDescent | SGD | Langevin,
    space: RowSpace,
    weights: StackedWeights,
    dtype: np.dtype,
) -> tuple[AbstractDiscreteDynamics, StackedWeights, Frame]:
    """What is stepped: full weights, or reduced ones in full-batch descent.

    Where weights move without gradients, full-batch descent takes the full ones too.
    """
    if isinstance(dynamics, Langevin):
        return dynamics, weights, full_frame(space, dtype)
    noise = dynamics.label_noise if dynamics.label_noise else None
    if isinstance(dynamics, SGD):
        silent = eqx.tree_at(
            lambda sgd: sgd.label_noise, dynamics, noise, is_leaf=lambda x: x is None
        )
        return silent, weights, full_frame(space, dtype)
    scatter = None
    if noise is not None:
        scatter = noise * np.sqrt(space.variances / dynamics.moments.n)
    given = dynamics.learning_rate, dynamics.update
    if not dynamics.update.keeps_idle:
        moments = dynamics.moments
        scatter = None if scatter is None else scatter[:, None] * space.basis.T
        stepped = MomentDescent(moments.xx, moments.yx, *given, scatter)
        return stepped, weights, full_frame(space, dtype)
    reduction = reduce_weights(space, weights)
    stepped = MomentDescent(space.variances, space.yx, *given, scatter)
    return stepped, reduction.start, reduced_frame(space, reduction, dtype)


def _describe(dynamics: GradientDescent | SGD | Langevin) -> str:
    name, rate = type(dynamics).__name__, dynamics.learning_rate
    if isinstance(dynamics, Langevin):
        return (
            f"{name}, {dynamics.scheme}, noise factor {dynamics.noise_factor:.4g}, time"
            f" step {dynamics.step_time:.4g}, learning rate {rate:.4g}"
        )
    batch = "full batch"
    if isinstance(dynamics, SGD):
        batch = f"batches of {dynamics.batch_size}"
    noise = f", label noise {dynamics.label_noise:.4g}" if dynamics.label_noise else ""
    return f"{name}, {batch}, learning rate {rate:.4g}{noise}"


def _cast(leaf: Any, dtype: np.dtype) -> Array:
    """Numbers in the precision of the run; whole ones in arrays may be indices."""
    given = np.asarray(leaf)
    is_index = given.ndim > 0 and not np.issubdtype(given.dtype, np.floating)
    return jnp.asarray(given, None if is_index else dtype)

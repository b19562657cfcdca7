"""Gradient flow of all replicas, in reduced coordinates."""

from functools import partial
from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from linnet.dynamics.engine import AbstractEngine, Progress
from linnet.dynamics.flow import (
    Advance,
    Args,
    Name,
    choose_method,
    explicit_steps,
    integrate,
    smallest_scale,
)
from linnet.dynamics.frame import Frame, reduced_frame
from linnet.dynamics.gradient import Stacked
from linnet.dynamics.reduction import RowSpace, StackedWeights, reduce_weights


class FlowEngine(AbstractEngine):
    """Gradient flow by diffrax."""

    def __init__(
        self,
        space: RowSpace,
        weights: StackedWeights,
        method: Literal["auto"] | Name,
        tolerance: float | None,
        horizon: float,
        dtype: np.dtype,
    ) -> None:
        reduction = reduce_weights(space, weights)
        steps = explicit_steps(space, reduction.start, horizon)
        scale = smallest_scale(space, reduction.start)
        self._method = choose_method(method, tolerance, steps, scale, dtype)
        self._horizon, self._now, self._tried = horizon, 0.0, 0
        self._frame = reduced_frame(space, reduction, dtype)
        self._layers = tuple(jnp.asarray(layer, dtype) for layer in reduction.start)
        self._data = (jnp.asarray(space.variances, dtype), jnp.asarray(space.yx, dtype))
        count = len(weights[0])
        # One hundredth of what stability allows; from then on the solver knows.
        self._step = jnp.full(count, 1e-2 * horizon / max(steps, 1.0), dtype)
        self._stopped = np.zeros(count, bool)
        self._at = np.zeros(count)

    def advance(self, target: float, progress: Progress) -> None:
        """Integrate every replica up to `target`."""
        length = np.where(self._stopped, 0.0, target - self._now)
        if length.any():
            ahead = _integrate(
                self._layers,
                self._data,
                jnp.asarray(length, self._step.dtype),
                self._step,
                (self._method.tolerance, self._method.floor),
                self._method.name,
            )
            self._layers, self._step = ahead.layers, ahead.step
            self._tried += int(ahead.tried.max())
            success = np.asarray(ahead.success)
            covered = np.where(success, length, np.asarray(ahead.covered, float))
            self._at = self._at + covered
            self._stopped = self._stopped | ~success
        self._now = target
        if progress is not None and self._horizon > 0:
            progress(self._now / self._horizon)

    @property
    def layers(self) -> Stacked:
        """Reduced weights."""
        return self._layers

    @property
    def frame(self) -> Frame:
        """The way back to the whole network."""
        return self._frame

    @property
    def stopped(self) -> Bool[np.ndarray, " replicas"]:
        """A flow cannot diverge, but its solver may give up."""
        return self._stopped

    @property
    def at(self) -> Float[np.ndarray, " replicas"]:
        """Time reached."""
        return self._at

    @property
    def evaluations(self) -> int:
        """Attempted solver steps of the slowest replica."""
        return self._tried

    @property
    def description(self) -> str:
        """Method, tolerance and reason."""
        return (
            f"gradient flow by {self._method.name} at relative tolerance"
            f" {self._method.tolerance:.0e} ({self._method.reason})"
        )


@partial(jax.jit, static_argnames="name")
def _integrate(
    layers: Stacked,
    data: Args,
    length: Float[Array, " replicas"],
    step: Float[Array, " replicas"],
    tolerances: tuple[float, float],
    name: Name,
) -> Advance:
    one = partial(integrate, args=data, tolerances=tolerances, name=name)
    if len(step) == 1:  # a batched loop of one would pay for selections at every stage
        alone = one(
            tuple(layer[0] for layer in layers), length=length[0], first_step=step[0]
        )
        return jax.tree.map(lambda leaf: jnp.asarray(leaf)[None], alone)
    return jax.vmap(lambda w, t, h: one(w, length=t, first_step=h))(
        layers, length, step
    )

"""Gradient flow of all replicas, in reduced coordinates."""

from typing import Literal

import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float

from linnet.dynamics.engine import AbstractEngine, Progress
from linnet.dynamics.flow import (
    Name,
    choose_method,
    explicit_steps,
    integrate,
    smallest_scales,
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
        scales = smallest_scales(space, reduction.start)
        self._method = choose_method(method, tolerance, steps, scales, dtype)
        self._horizon, self._now, self._tried = horizon, 0.0, 0
        self._frame = reduced_frame(space, reduction, dtype)
        self._layers = tuple(jnp.asarray(layer, dtype) for layer in reduction.start)
        self._data = (jnp.asarray(space.variances, dtype), jnp.asarray(space.yx, dtype))
        self._count = len(weights[0])
        # One hundredth of what stability allows; from then on the solver knows.
        self._step = jnp.asarray(1e-2 * horizon / max(steps, 1.0), dtype)
        self._tolerances = (
            jnp.asarray(self._method.tolerance, dtype),
            jnp.asarray(self._method.floors, dtype),
        )
        self._stopped = False

    def advance(self, target: float, progress: Progress) -> None:
        """Integrate all replicas up to `target`, or as far as the solver comes."""
        length = target - self._now
        if length > 0 and not self._stopped:
            ahead = integrate(
                self._layers,
                self._data,
                jnp.asarray(length, self._step.dtype),
                self._step,
                self._tolerances,
                self._method.name,
            )
            self._layers, self._step = ahead.layers, ahead.step
            self._tried += int(ahead.tried)
            self._stopped = not ahead.success
            # The clock of 32 bits is rounded, the schedule is not.
            self._now = self._now + float(ahead.covered) if self._stopped else target
        if progress is not None and self._horizon > 0:
            progress(target / self._horizon)

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
        """A flow cannot diverge, but its solver may give up: for all replicas."""
        return np.full(self._count, self._stopped)

    @property
    def at(self) -> Float[np.ndarray, " replicas"]:
        """Time reached."""
        return np.full(self._count, self._now)

    @property
    def evaluations(self) -> int:
        """Attempted solver steps."""
        return self._tried

    @property
    def description(self) -> str:
        """Method, tolerance and reason."""
        return (
            f"gradient flow by {self._method.name} at relative tolerance"
            f" {self._method.tolerance:.0e} ({self._method.reason})"
        )

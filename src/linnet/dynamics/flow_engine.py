"""Gradient flow of all replicas, in reduced coordinates."""

from typing import Literal

import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float

from linnet.dynamics.engine import AbstractEngine, Progress
from linnet.dynamics.flow import (
    EXPLICIT_INTERVAL,
    Name,
    choose_method,
    explicit_steps,
    integrate,
    smallest_scales,
    spectral_radius,
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
        self._handed_over = 0.0 if self._method.handover == 0 else None
        self._stopped = False

    def advance(self, target: float, progress: Progress) -> None:
        """Integrate all replicas up to `target`, or as far as the solver comes."""
        while self._now < target and not self._stopped:
            until = self._next_stop(target)
            name: Name = "dopri8" if self._handed_over is None else "rkc3"
            ahead = integrate(
                self._layers,
                self._data,
                jnp.asarray(until - self._now, self._step.dtype),
                self._step,
                self._tolerances,
                name,
            )
            self._layers, self._step = ahead.layers, ahead.step
            self._tried += int(ahead.tried)
            self._stopped = not ahead.success
            # The clock of 32 bits is rounded, the schedule is not.
            self._now = self._now + float(ahead.covered) if self._stopped else until
        if progress is not None and self._horizon > 0:
            progress(target / self._horizon)

    def _next_stop(self, target: float) -> float:
        """How far to go with one method; hands over where the run has become stiff."""
        handover = self._method.handover
        if self._handed_over is not None or handover == np.inf:
            return target
        radius = float(spectral_radius(self._layers, self._data))
        if radius == 0:
            return target
        unit = EXPLICIT_INTERVAL / radius  # time of one explicit step
        if self._now >= handover * unit:
            self._handed_over = self._now
            return target
        # In octaves of time, as the stiffness may grow on the way.
        return min(target, handover * unit, max(2 * self._now, unit))

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
        by: str = self._method.name
        if self._method.handover > 0 and by == "rkc3":
            by = "dopri8"
            if self._handed_over is not None:
                by += f" up to time {self._handed_over:.4g}, then rkc3,"
        return (
            f"gradient flow by {by} at relative tolerance"
            f" {self._method.tolerance:.0e} ({self._method.reason})"
        )

"""Step control that knows where it stood: for runs that go from one saved time on."""

from collections.abc import Callable
from typing import Any

import diffrax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

Control = tuple[Any, Float[Array, ""]]


class WarmStart(diffrax.AbstractStepSizeController[Control, None]):
    """A PID controller that opens with the step at which the last run closed.

    Passing that step to diffrax as `dt0` would do the same, but diffrax checks `dt0`
    by a host callback, and a program with a callback is never cached.

    Attributes:
        pid: Decides on every step.
        first: Length of the first step.
    """

    pid: diffrax.PIDController
    first: Float[Array, ""]

    def wrap(self, direction: Any) -> "WarmStart":
        """Time runs forward."""
        del direction
        return self

    def init(
        self,
        terms: Any,
        t0: Float[Array, ""],
        t1: Float[Array, ""],
        y0: Any,
        dt0: Any,
        args: Any,
        func: Callable[..., Any],
        error_order: Any,
    ) -> tuple[Float[Array, ""], Control]:
        """The end of the first step, and the state of the control."""
        del dt0
        end, state = self.pid.init(
            terms, t0, t1, y0, self.first, args, func, error_order
        )
        return end, (state, self.first)

    def adapt_step_size(
        self,
        t0: Float[Array, ""],
        t1: Float[Array, ""],
        y0: Any,
        y1_candidate: Any,
        args: Any,
        y_error: Any,
        error_order: Any,
        controller_state: Control,
    ) -> tuple[Bool[Array, ""], Any, Any, Any, Control, diffrax.RESULTS]:
        """Accept or refuse; remember the step that would come next."""
        state, wanted = controller_state
        keep, begin, end, jump, state, result = self.pid.adapt_step_size(
            t0, t1, y0, y1_candidate, args, y_error, error_order, state
        )
        # A step cut short by the end of the run does not say that long ones would fail.
        wanted = jnp.where(keep, jnp.maximum(end - begin, wanted), end - begin)
        return keep, begin, end, jump, (state, wanted), result

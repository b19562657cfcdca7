r"""The one entry to the microscopic process: `simulate`.

NumPy goes in and NumPy comes out. 64-bit JAX lives in a scope inside this function, so
nothing global changes; for the same reason `simulate` cannot be transformed by JAX (the
steps can). Time advances in host chunks from one saved time to the next: memory does
not depend on the number of steps, compiled programs hold no callbacks and stay
cacheable, and progress, divergence and convergence are seen between chunks.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import jax
import numpy as np
from jaxtyping import Float

from linnet.dynamics.bounds import check_range, divergence_bound
from linnet.dynamics.descent_engine import DescentEngine
from linnet.dynamics.engine import AbstractEngine, Progress
from linnet.dynamics.flow import GradientFlow
from linnet.dynamics.flow_engine import FlowEngine
from linnet.dynamics.frame import full_weights
from linnet.dynamics.langevin import Langevin
from linnet.dynamics.memory import check_memory
from linnet.dynamics.monitor import Monitor, Named, Observable, View, observe_all
from linnet.dynamics.outcome import CONVERGED, LEFT, Clock, End, at_rest, classify
from linnet.dynamics.reduction import AnyWeights, row_space
from linnet.dynamics.request import (
    Dynamics,
    Options,
    check_dynamics,
    check_observables,
    stack,
)
from linnet.dynamics.schedule import check_schedule
from linnet.dynamics.trajectory import Outcome, Trajectory


def simulate(
    dynamics: Dynamics,
    weights: AnyWeights,
    *,
    times: Sequence[float] | None = None,
    steps: Sequence[int] | None = None,
    observe: Mapping[str, Observable] | None = None,
    replicas: int | None = None,
    seed: int = 0,
    method: Literal["auto", "dopri8", "rkc3"] = "auto",
    tolerance: float | None = None,
    stop_gap: float | None = None,
    precision: Literal["float64", "float32"] = "float64",
    memory_limit: float | None = None,
    progress: Callable[[float], None] | None = None,
) -> Trajectory:
    r"""Train a linear network and save what was asked for, when it was asked for.

    Args:
        dynamics: `GradientFlow`, `GradientDescent`, `SGD` or `Langevin`.
        weights: Layers, first layer first, each `(out, in)`; or each with a leading
            axis of replicas. Any start is allowed, a user's checkpoint too.
        times: Flow times to save at, increasing, from 0 on. Gradient flow only.
        steps: Steps to save at, increasing, from 0 on; time is learning rate times
            steps, of `Langevin` its time step times steps. Not for gradient flow.
        observe: Functions of the full weights (JAX-traceable) by name; None saves
            `end_to_end`. Weights themselves are kept at the end only. The same function
            objects in a later run save compiling them anew.
        replicas: Number of copies of `weights` to train in one batch; None for one.
            Replica r draws from a stream that depends on `seed` and r alone; replicas
            of a flow share their steps, as short as the most demanding one asks for.
        seed: Fixes all randomness of the run; in [0, 2**32).
        method: Integrator of gradient flow; `auto` takes Dopri8, and hands over to
            RKC3 on the way when stability alone would ask for more than 1e4 explicit
            steps. `Trajectory.method` gives the reason.
        tolerance: Relative tolerance of gradient flow; None takes 1e-10 (Dopri8) or
            1e-7 (a run that RKC3 ends), in 32 bits 1e-5 or 1e-4. The absolute one
            follows the smallest layer norm at the start, of every replica by itself.
        stop_gap: Stop at the first saved time at which `Trajectory.gap` of every
            replica that still goes is at most this; None runs through all times.
        precision: 64-bit, or 32-bit on request: weights that are more than about four
            decades below the largest one drown in rounding there, idle directions of a
            small start among them.
        memory_limit: Bytes that the run with its observables may take; None for no
            limit.
        progress: Called with the fraction done.

    Returns:
        Observables, final weights and outcomes, one a replica (`outcome` is the worst):
        converged, diverged at a step, plateau or limit. Never NaN: a replica that
        diverges keeps its last finite weights while the others go on.

    Raises:
        ValueError: when shapes, times, steps or options do not fit, when data or start
            are of a scale that the precision cannot hold, or when what is asked for
            would not fit into `memory_limit`; the message says what would.
        TypeError: when `dynamics` or an observable is of no known kind.

    Example:
        >>> import numpy as np
        >>> from linnet.network import IsotropicFirstLayer
        >>> from linnet.task import Moments
        >>> moments = Moments(np.eye(2), np.array([[1.0, 0.5]]), np.eye(1) * 2)
        >>> rng = np.random.default_rng(0)
        >>> start = IsotropicFirstLayer(0.01).weights((2, 2, 1), rng)
        >>> run = simulate(GradientFlow(moments), start, times=[0, 30.0])
        >>> run.outcome.kind
        'converged'
    """
    options = Options(seed, method, tolerance, stop_gap, precision, memory_limit)
    moments = check_dynamics(dynamics)
    options.check_use(dynamics)
    is_discrete = not isinstance(dynamics, GradientFlow)
    schedule = check_schedule(type(dynamics).__name__, times, steps, is_discrete)
    stacked, single = stack(weights, replicas, moments)
    dtype = np.dtype(precision)
    with jax.enable_x64(precision == "float64"):
        observables, size = check_observables(observe, stacked, dtype)
        check_memory(dynamics, stacked, len(schedule), size, memory_limit, dtype)
        space, horizon = row_space(moments), float(schedule[-1])
        check_range(space, dtype)
        bound = divergence_bound(space, stacked, dtype)
        engine: AbstractEngine
        if isinstance(dynamics, GradientFlow):
            engine = FlowEngine(space, stacked, method, tolerance, horizon, dtype)
        else:
            engine = DescentEngine(
                dynamics, space, stacked, seed, horizon, bound, dtype
            )
        monitor = Monitor(space, engine.layers, engine.frame)
        record = _run(engine, monitor, schedule, observables, stop_gap, progress)
        clock = _clock(dynamics)
        return _trajectory(record, engine, monitor, single, clock, stop_gap)


def _clock(dynamics: Dynamics) -> Clock:
    """What the run counts; gradient flow counts time itself."""
    if isinstance(dynamics, GradientFlow):
        return Clock(is_discrete=False, unit=1.0)
    if isinstance(dynamics, Langevin):
        return Clock(True, float(dynamics.step_time), is_noisy=True)
    decay = getattr(dynamics.update, "weight_decay", 0.0)
    rate, noise = float(dynamics.learning_rate), dynamics.is_noisy
    return Clock(True, rate, is_noisy=noise, decays=bool(decay > 0))


@dataclass(frozen=True, eq=False)
class _Record:
    """What was seen at the saved times or steps `at`."""

    at: Float[np.ndarray, " saves"]
    observables: dict[str, Float[np.ndarray, "saves replicas ..."]]
    views: list[View]


def _run(
    engine: AbstractEngine,
    monitor: Monitor,
    schedule: Float[np.ndarray, " all"],
    observables: Named,
    stop_gap: float | None,
    progress: Progress,
) -> _Record:
    saved: dict[str, np.ndarray] = {}
    views: list[View] = []
    for target in schedule:
        engine.advance(float(target), progress)
        views.append(monitor.view(engine.layers, engine.frame))
        seen = observe_all(engine.layers, engine.frame, observables)
        for name, value in seen.items():
            if name not in saved:  # once for all: a list, stacked, would be held twice
                saved[name] = np.empty((len(schedule), *value.shape), value.dtype)
            saved[name][len(views) - 1] = value
        going = ~engine.stopped
        if not going.any():
            break
        if stop_gap is not None and (views[-1].gap[going] <= stop_gap).all():
            break
    if progress is not None:
        progress(1.0)
    count = len(views)
    cut = {name: values[:count] for name, values in saved.items()}
    return _Record(schedule[:count], cut, views)


def _trajectory(
    record: _Record,
    engine: AbstractEngine,
    monitor: Monitor,
    single: bool,
    clock: Clock,
    stop_gap: float | None,
) -> Trajectory:
    whole = full_weights(engine.layers, engine.frame)
    weights = tuple(np.array(layer) for layer in whole)
    gap = np.stack([view.gap for view in record.views])
    observables = record.observables
    if single:
        observables = {name: values[:, 0] for name, values in observables.items()}
        gap, weights = gap[:, 0], tuple(layer[0] for layer in weights)
    # A flow whose solver gives up ends there; descent goes on with other replicas.
    at = record.at if clock.is_discrete else np.minimum(record.at, engine.at.max())
    return Trajectory(
        times=at * clock.unit,
        steps=record.at.astype(int) if clock.is_discrete else None,
        observables=observables,
        weights=weights,
        gap=gap,
        outcomes=_outcomes(record, engine, monitor, clock, stop_gap),
        method=engine.description,
        evaluations=engine.evaluations,
    )


def _outcomes(
    record: _Record,
    engine: AbstractEngine,
    monitor: Monitor,
    clock: Clock,
    stop_gap: float | None,
) -> tuple[Outcome, ...]:
    limits = np.maximum(monitor.resolution, max(stop_gap or 0.0, CONVERGED))
    gap, _, speed = record.views[-1]
    drift = np.max([view.drift for view in record.views], axis=0)
    at, stopped = engine.at, engine.stopped
    rests = at_rest(gap, speed, at * clock.unit) & ~stopped & (gap > limits)
    rests &= not clock.decays  # the penalty pulls on where the loss does not
    leaves = np.full(len(gap), np.inf)
    if rests.any():  # looking for a way down takes a program of its own
        drop = np.where(rests, LEFT * gap, 1.0)
        left = monitor.time_left(engine.layers, engine.frame, drop)
        leaves = at + left / clock.unit
    deep = len(engine.layers) > 2
    return tuple(
        classify(
            End(
                gap=float(gap[r]),
                drift=float(drift[r]),
                at=float(at[r]),
                stopped=bool(stopped[r]),
                limit=float(limits[r]),
                rests=bool(rests[r]),
                leaves=float(leaves[r]),
                deep=deep,
            ),
            clock,
        )
        for r in range(len(gap))
    )

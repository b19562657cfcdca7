r"""Statistics of SGD at late times, accumulated while it runs: `late_time`.

The mean, the full covariance, lagged covariances and autocorrelations of the weights,
or of any vector made of them, over as many steps as one likes: memory holds sums and
one chunk of records.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from linnet.dynamics.bounds import check_range, divergence_bound
from linnet.dynamics.descent import SGD, GradientDescent
from linnet.dynamics.descent_engine import DescentEngine
from linnet.dynamics.engine import Progress
from linnet.dynamics.frame import Frame, full_weights
from linnet.dynamics.gradient import Stacked
from linnet.dynamics.langevin import Langevin
from linnet.dynamics.late_statistics import LateTime
from linnet.dynamics.memory import working_bytes
from linnet.dynamics.record_plan import RecordPlan, choose_groups
from linnet.dynamics.record_totals import RecordTotals, Totals, totals_bytes
from linnet.dynamics.reduction import AnyWeights, StackedWeights, row_space
from linnet.dynamics.request import (
    Dynamics,
    Options,
    check_dynamics,
    check_observables,
    stack,
)
from linnet.network import Weights

STARTS = 16  # copies of a single start

Record = Callable[[Weights], Array]


def flat_weights(weights: Weights) -> Float[Array, " p"]:
    """All layers as one vector: row-major, first layer first."""
    return jnp.concatenate([layer.ravel() for layer in weights])


def late_time(
    dynamics: SGD | Langevin | GradientDescent,
    weights: AnyWeights,
    *,
    burn_in: int,
    steps: int,
    every: int = 1,
    record: Record | None = None,
    lags: Sequence[int] = (),
    project: Float[np.ndarray, "p q"] | None = None,
    groups: int | None = None,
    replicas: int | None = None,
    seed: int = 0,
    precision: Literal["float64", "float32"] = "float64",
    memory_limit: float | None = None,
    progress: Progress = None,
) -> LateTime:
    r"""Run SGD, and keep mean, covariance and lagged moments of what it visits.

    Records are centered by a pilot, the mean of the replicas at the end of the burn-in,
    before anything is multiplied; chunks of them are added up in 64 bits. Nothing here
    knows whether the process has become stationary: burn in for about ten of the
    slowest relaxation times, $1/(\eta h_{\min})$ steps, or start replicas from the
    stationary law itself. Directions without drift (gauge directions of deep networks)
    never become stationary: they spread with the length of the run.

    Args:
        dynamics: `SGD`, its twin `Langevin`, or `GradientDescent` with label noise.
        weights: Layers, first layer first; or each with a leading axis of replicas.
        burn_in: Steps before the first record; 0 for a stationary start.
        steps: Steps to record over, at least `every`.
        every: Record at the steps that are multiples of this.
        record: Maps the layers of one replica to a vector (JAX-traceable); None takes
            all weights, row-major, first layer first. The same function object in a
            later run compiles nothing anew.
        lags: Records apart, rising: a lag $l$ is $l$ times `every` steps.
        project: Columns are modes: keep autocorrelations of these at the lags, instead
            of lagged covariances.
        groups: Independent units of error bars of second moments, each with totals of
            its own; must divide the replicas. None takes the number nearest 16 that
            does. One leaves covariances without error bars, in the least memory.
        replicas: Copies of a single start, at least 2; None takes 16.
        seed: Fixes all randomness of the run; in [0, 2**32).
        precision: 64-bit, or 32-bit on request; totals are 64-bit in either case.
        memory_limit: Bytes that the run may take; None for no limit.
        progress: Called with the fraction done.

    Raises:
        ValueError: when shapes, numbers or options do not fit, when the totals would
            not fit into `memory_limit`, or when a replica diverges: its weights have no
            stationary law.
        TypeError: when the dynamics is another one, or `record` returns no vector.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> inputs, targets = rng.normal(size=(20, 2)), rng.normal(size=(20, 1))
        >>> sgd = SGD(inputs, targets, learning_rate=0.1, batch_size=4)
        >>> found = late_time(sgd, (np.zeros((1, 2)),), burn_in=200, steps=400)
        >>> found.records, found.covariance.shape
        (6400, (2, 2))
    """
    if not getattr(dynamics, "is_noisy", False):
        raise TypeError(
            "Argument `dynamics` must be one that fluctuates (SGD, Langevin, or descent"
            f" with label noise), but is {type(dynamics).__name__} without noise."
        )
    options = Options(seed, "auto", None, None, precision, memory_limit)
    moments = check_dynamics(dynamics)
    stacked, is_single = stack(weights, replicas, moments)
    if is_single:
        stacked, _ = stack(weights, STARTS, moments)
    function = flat_weights if record is None else record
    dtype = np.dtype(precision)
    with jax.enable_x64(precision == "float64"):
        size = _record_size(function, stacked, dtype)
        units = choose_groups(len(stacked[0]), groups)
        plan = RecordPlan(burn_in, steps, every, tuple(lags), units, size, project)
        chunk = plan.chunk(len(stacked[0]) * size * dtype.itemsize)
        _check_fits(plan, dynamics, stacked, options)
        space = row_space(moments)
        check_range(space, dtype)
        bound = divergence_bound(space, stacked, dtype)
        engine = DescentEngine(dynamics, space, stacked, seed, plan.end, bound, dtype)
        totals = _accumulate(engine, plan, chunk, function, progress)
    return LateTime(totals, burn_in, every, (seed,), engine.description)


def _accumulate(
    engine: DescentEngine,
    plan: RecordPlan,
    chunk: int,
    function: Record,
    progress: Progress,
) -> Totals:
    engine.advance(plan.burn_in, progress)
    _check_sound(engine)
    pilot = np.asarray(_pilot(engine.layers, engine.frame, function), dtype=float)
    totals = RecordTotals(
        pilot,
        len(engine.stopped),
        plan.groups,
        plan.lags,
        plan.project,
        engine.layers[0].dtype,
    )
    first, last = plan.burn_in // plan.every, plan.end // plan.every
    for begin in range(first, last, chunk):
        until = min(begin + chunk, last) * plan.every
        totals.add(engine.record(until, plan.every, function))
        _check_sound(engine)
        if progress is not None:
            progress(until / plan.end)
    found = totals.totals()
    if not all(np.isfinite(part).all() for part in (pilot, found.sums, found.second)):
        raise ValueError(
            "Records must be finite, but a sum over them is not: look at what `record`"
            " does to the weights."
        )
    if progress is not None:
        progress(1.0)
    return found


@partial(jax.jit, static_argnames="function")
def _pilot(layers: Stacked, frame: Frame, function: Record) -> Float[Array, " p"]:
    """Mean of the replicas as they stand."""
    return jax.vmap(function)(full_weights(layers, frame)).mean(0)


def _check_sound(engine: DescentEngine) -> None:
    lost = np.flatnonzero(engine.stopped)
    if len(lost):
        raise ValueError(
            f"{len(lost)} of {len(engine.stopped)} replicas diverged, the first at step"
            f" {engine.at[lost].min():.0f}, and have no stationary law: lower the"
            " learning rate, or start closer to the minimum."
        )


def _record_size(function: Record, layers: StackedWeights, dtype: np.dtype) -> int:
    """Numbers in a record.

    Raises:
        TypeError: when it is no vector of real numbers.
    """
    check_observables({"record": function}, layers, dtype)
    whole = tuple(jax.ShapeDtypeStruct(layer.shape[1:], dtype) for layer in layers)
    shape = jax.eval_shape(function, whole)
    if len(shape.shape) != 1 or not shape.size or shape.dtype != dtype:
        raise TypeError(
            f"Argument `record` must return a vector in {dtype.name}, but returns"
            f" {shape.dtype} of shape {shape.shape}: use `.ravel()`."
        )
    return int(shape.size)


def _check_fits(
    plan: RecordPlan, dynamics: Dynamics, layers: StackedWeights, options: Options
) -> None:
    """Refuse totals that would not fit, and say what would."""
    limit = options.memory_limit
    if limit is None:
        return
    dtype, replicas = np.dtype(options.precision), len(layers[0])
    record = replicas * plan.size * dtype.itemsize
    held = record * (plan.chunk(record) + max(plan.lags, default=0))
    modes = None if plan.project is None else np.shape(plan.project)[1]
    working = working_bytes(dynamics, layers, dtype)

    def needed(groups: int) -> int:
        kept = totals_bytes(plan.size, groups, len(plan.lags), modes, held)
        return working + kept

    mebi = 2**20
    if needed(plan.groups) > limit:
        alone = needed(1)
        way = "groups=1 would fit" if alone <= limit else "record fewer numbers"
        raise ValueError(
            f"Totals of {plan.size} numbers in {plan.groups} groups need about"
            f" {needed(plan.groups) / mebi:.4g} MiB, but `memory_limit` is"
            f" {limit / mebi:.4g} MiB: {way}, or project them."
        )

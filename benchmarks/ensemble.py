"""Many starts at once: a stiff gradient flow from 64 of them, against diffrax.

Both rivals follow the moments, vmapped over starts with steps of their own, at a
relative and absolute tolerance of 1e-6. The error is that of the product at the end,
the worst of the starts, against Dopri8 at a tolerance of 1e-11; it is checked for the
first few. Kvaerno5 is timed on two starts and scaled to all.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import diffrax
import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.flow import (
    LADDER,
    REFERENCE,
    Method,
    Problem,
    count_evaluations,
    relative,
    right_hand_side_rate,
    stiff,
)
from benchmarks.harness import Row, Spread, interleave, stopwatch
from benchmarks.machine import peak_growth, peaks
from linnet.dynamics import GradientFlow, simulate
from linnet.network import SmallGaussian
from linnet.task import Moments

Stacked = tuple[np.ndarray, ...]

STARTS, CHECKED, TRIED = 64, 4, 2  # in all; with a reference; by Kvaerno5
SCALE, TOLERANCE, ERROR = 1e-2, 1e-6, 1e-5
TSIT5_GOAL, KVAERNO5_GOAL = 16.0, 200.0


def run(full: bool) -> list[Row]:
    """RKC3 against Tsit5 and Kvaerno5 of diffrax."""
    del full
    problem, starts = stiff(), _starts()
    begin = time.perf_counter()
    _ours(problem, starts, LADDER[0])
    first = time.perf_counter() - begin
    reference = _ours(problem, _few(starts, CHECKED), REFERENCE, "dopri8")
    tolerance, error = _loosest(problem, starts, reference)
    ours = partial(_ours, problem, starts, tolerance)
    rivals = _rivals(problem, starts)
    timers = {name: _in_64_bits(rival.call) for name, rival in rivals.items()}
    found = interleave({**timers, "ours": stopwatch(ours)}, once=list(rivals))
    memory, rate = peak_growth(ours), right_hand_side_rate(problem, starts)
    alone = Row(
        f"{problem.name}, {STARTS} starts, RKC3 {tolerance:.0e}",
        found["ours"],
        error=error,
        error_limit=ERROR,
        memory=memory,
        compile_seconds=first - found["ours"].median,
        details={
            "evaluations, of all starts at once": count_evaluations(ours),
            "right-hand side GF/s": rate,
            "of dgemm": rate / peaks()["dgemm_gflops"],
            "memory in copies of the weights": memory / _size(starts),
        },
    )
    return [
        _against(alone, name, rival, found[name], reference)
        for name, rival in rivals.items()
    ]


@dataclass(frozen=True)
class Rival:
    """A solver of diffrax.

    Attributes:
        call: Products at the end, of as many starts as it is given.
        starts: How many.
        goal: How many times faster ours shall be, for all starts.
    """

    call: Callable[[], np.ndarray]
    starts: int
    goal: float


def _rivals(problem: Problem, starts: Stacked) -> dict[str, Rival]:
    moments = Moments.of_data(problem.inputs, problem.targets)
    few, time_ = _few(starts, TRIED), problem.time
    explicit = partial(_diffrax, moments, starts, time_, diffrax.Tsit5())
    implicit = partial(_diffrax, moments, few, time_, diffrax.Kvaerno5())
    return {
        "Tsit5": Rival(explicit, STARTS, TSIT5_GOAL),
        "Kvaerno5": Rival(implicit, TRIED, KVAERNO5_GOAL),
    }


def _against(
    alone: Row, name: str, rival: Rival, took: Spread, reference: np.ndarray
) -> Row:
    """Our row beside one rival, scaled to all starts."""
    with jax.enable_x64(True):
        theirs = _error(rival.call(), reference)
    scaled = Spread.of(s * STARTS / rival.starts for s in took.values)
    how = "" if rival.starts == STARTS else f", timed on {rival.starts} and scaled"
    return replace(
        alone,
        baseline=f"diffrax {name} {TOLERANCE:.0e} vmapped on moments{how}",
        theirs=scaled,
        goal=rival.goal,
        details={"against": f"{name}, at an error of {theirs:.1e}", **alone.details},
    )


def _ours(
    problem: Problem, starts: Stacked, tolerance: float, method: Method = "rkc3"
) -> np.ndarray:
    """Products at the end, from the samples: moments are part of the price."""
    flow = simulate(
        GradientFlow(Moments.of_data(problem.inputs, problem.targets)),
        starts,
        times=[problem.time],
        method=method,
        tolerance=tolerance,
    )
    return flow["end_to_end"][-1]


def _loosest(
    problem: Problem, starts: Stacked, reference: np.ndarray
) -> tuple[float, float]:
    """The loosest tolerance of the ladder that is exact enough, and its error."""
    for tolerance in LADDER:
        error = _error(_ours(problem, starts, tolerance), reference)
        if error <= ERROR:
            return float(tolerance), error
    raise ValueError(f"No tolerance down to {LADDER[-1]:.0e} is exact enough.")


def _few(starts: Stacked, count: int) -> Stacked:
    return tuple(layer[:count] for layer in starts)


def _starts() -> Stacked:
    rng = np.random.default_rng(5)
    drawn = [SmallGaussian(SCALE).weights((20, 20, 10), rng) for _ in range(STARTS)]
    return tuple(np.stack(layers) for layers in zip(*drawn, strict=True))


def _diffrax(
    moments: Moments,
    starts: Stacked,
    horizon: float,
    solver: diffrax.AbstractSolver,
) -> np.ndarray:
    """Products at the end, as a user of diffrax would write it."""
    data = jnp.asarray(moments.xx), jnp.asarray(moments.yx)
    end = _solve(starts, data, horizon, solver)
    return np.asarray(end[1] @ end[0])


@partial(jax.jit, static_argnames="solver")
def _solve(
    starts: Stacked,
    data: tuple[jax.Array, jax.Array],
    horizon: float,
    solver: diffrax.AbstractSolver,
) -> Stacked:
    xx, yx = data

    def slope(t: jax.Array, weights: Stacked, args: None) -> Stacked:
        w1, w2 = weights
        pull = w2 @ w1 @ xx - yx
        return -w2.T @ pull, -pull @ w1.T

    def one(weights: Stacked) -> Stacked:
        solution = diffrax.diffeqsolve(
            diffrax.ODETerm(slope),
            solver,
            0.0,
            horizon,
            None,
            weights,
            stepsize_controller=diffrax.PIDController(TOLERANCE, TOLERANCE),
            max_steps=None,
            adjoint=diffrax.ForwardMode(),
        )
        return jax.tree.map(lambda y: y[-1], solution.ys)

    return jax.vmap(one)(starts)


def _in_64_bits(call: Callable[[], np.ndarray]) -> Callable[[], float]:
    timed = stopwatch(call)

    def inside() -> float:
        with jax.enable_x64(True):
            return timed()

    return inside


def _error(found: np.ndarray, reference: np.ndarray) -> float:
    """The worst of those that both hold."""
    return max(relative(a, b) for a, b in zip(found, reference, strict=False))


def _size(starts: Stacked) -> int:
    return sum(layer.nbytes for layer in starts)

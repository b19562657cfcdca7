"""Many starts at once: a stiff gradient flow from 64 of them, against diffrax.

Both rivals follow the moments, vmapped over starts with steps of their own, at a
relative and absolute tolerance of 1e-6. The error is that of the product at the end,
the worst of the starts, against Dopri8 at a tolerance of 1e-11; it is checked for the
first few. Kvaerno5 is timed on two starts and scaled to all.
"""

import time
from collections.abc import Callable
from functools import partial

import diffrax
import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.flow import LADDER, REFERENCE, Method, relative, stiff
from benchmarks.harness import Row, Spread, interleave, stopwatch
from benchmarks.machine import peak_growth
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
    moments = Moments.of_data(problem.inputs, problem.targets)

    def ours(
        tolerance: float, count: int = STARTS, method: Method = "rkc3"
    ) -> np.ndarray:
        data = Moments.of_data(problem.inputs, problem.targets)
        chosen = tuple(layer[:count] for layer in starts)
        flow = simulate(
            GradientFlow(data),
            chosen,
            times=[problem.time],
            method=method,
            tolerance=tolerance,
        )
        return flow["end_to_end"][-1]

    begin = time.perf_counter()
    ours(LADDER[0])
    first = time.perf_counter() - begin
    reference = ours(REFERENCE, CHECKED, "dopri8")
    tolerance, error = next(
        (tolerance, error)
        for tolerance in LADDER
        if (error := _error(ours(tolerance), reference)) <= ERROR
    )
    with jax.enable_x64(True):
        explicit = partial(_diffrax, moments, starts, problem.time, diffrax.Tsit5())
        few = tuple(layer[:TRIED] for layer in starts)
        implicit = partial(_diffrax, moments, few, problem.time, diffrax.Kvaerno5())
        compiled = [_compile_seconds(explicit), _compile_seconds(implicit)]
        errors = [_error(call(), reference) for call in (explicit, implicit)]
    timers = {
        "ours": stopwatch(lambda: ours(tolerance)),
        "Tsit5": _in_64_bits(explicit),
        "Kvaerno5": _in_64_bits(implicit),
    }
    found = interleave(timers, once=["Tsit5", "Kvaerno5"])
    scaled = Spread.of(s * STARTS / TRIED for s in found["Kvaerno5"].values)
    rivals = [
        ("Tsit5", found["Tsit5"], TSIT5_GOAL, ""),
        ("Kvaerno5", scaled, KVAERNO5_GOAL, f", timed on {TRIED} and scaled"),
    ]
    memory = peak_growth(lambda: ours(tolerance))
    return [
        Row(
            f"{problem.name}, {STARTS} starts, RKC3 {tolerance:.0e}",
            found["ours"],
            f"diffrax {name} {TOLERANCE:.0e} vmapped on moments{how}",
            theirs,
            goal=goal,
            error=error,
            error_limit=ERROR,
            memory=memory,
            compile_seconds=first - found["ours"].median,
            details={
                "against": f"{name}, at an error of {their_error:.1e}",
                "their compilation, s": their_compilation,
                "memory in copies of the weights": memory / _size(starts),
            },
        )
        for (name, theirs, goal, how), their_error, their_compilation in zip(
            rivals, errors, compiled, strict=True
        )
    ]


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


def _compile_seconds(call: "partial[np.ndarray]") -> float:
    """Of the program that `call` runs, without running it."""
    moments, starts, _, solver = call.args
    data = jnp.asarray(moments.xx), jnp.asarray(moments.yx)
    begin = time.perf_counter()
    _solve.lower(starts, data, 1.0, solver).compile()
    return time.perf_counter() - begin


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

"""Gradient flow to a given time: our two methods against SciPy's, at equal error.

The error is that of the product $W_2W_1$ at the end, relative, against a much tighter
run of Dopri8; SciPy's own error shows that this reference is right. Each of our methods
runs at the loosest tolerance that is exact enough. Evaluations of our right-hand side
are counted by a host callback in a run of its own, which is not timed.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal
from unittest import mock

import jax
import jax.numpy as jnp
import numpy as np
from scipy.integrate import solve_ivp

from benchmarks.harness import ROUNDS, Row, Spread, interleave, stopwatch
from benchmarks.machine import peak_growth, peaks
from linnet.dynamics import GradientFlow, flow, simulate
from linnet.dynamics.gradient import moment_gradients
from linnet.network import IsotropicFirstLayer, SmallGaussian, Weights, flatten
from linnet.phenomena.spectral_bias.theory import end_to_end_limit
from linnet.task import Moments, load

Method = Literal["dopri8", "rkc3"]

LADDER = 10.0 ** -np.arange(2, 9.5, 0.5)  # relative tolerances, loosest first
DIGITS_TIME, DIGITS_LATE, DIGITS_ERROR = 1e3, 1e4, 1e-5
REFERENCE = 1e-11  # relative tolerance of the reference
REPEATS = 2000  # evaluations in the loop that measures their rate
LSODA_TIME = 100.0  # SciPy forms and factors dense Jacobians of 4,736 weights
STIFF_TIME, STIFF_ERROR = 1e4, 1e-4


@dataclass(frozen=True, eq=False)
class Problem:
    """A start, its data, and where to compare.

    Attributes:
        name: For the table.
        inputs: Samples as rows.
        targets: Targets as rows.
        start: Two layers.
        time: Flow time of the comparison.
        error: Relative error of the product that is allowed there.
    """

    name: str
    inputs: np.ndarray
    targets: np.ndarray
    start: Weights
    time: float
    error: float

    def flow(self, method: Method, tolerance: float) -> np.ndarray:
        """Our product at the end, from the samples: moments are part of the price."""
        moments = Moments.of_data(self.inputs, self.targets)
        run = simulate(
            GradientFlow(moments),
            self.start,
            times=[self.time],
            method=method,
            tolerance=tolerance,
        )
        return run["end_to_end"][-1]


@dataclass(frozen=True)
class Rival:
    """A SciPy solver.

    Attributes:
        method: Its name in SciPy.
        raw: Gradients from all samples, as a first script has them, or from moments.
        tolerance: Relative; the absolute one follows the scale of the start, as ours.
        goal: How many times faster ours shall be, None for no goal.
    """

    method: str
    raw: bool
    tolerance: float
    goal: float | None = None

    @property
    def title(self) -> str:
        """For the table."""
        data = "raw data" if self.raw else "moments"
        return f"SciPy {self.method} {self.tolerance:.0e} on {data}"

    def solve(self, problem: Problem) -> np.ndarray:
        """The product at the end."""
        first, second = (layer.shape for layer in problem.start)
        cut = math.prod(first)
        gradient = self._gradient(problem.inputs, problem.targets)

        def slope(_: float, flat: np.ndarray) -> np.ndarray:
            w1, w2 = flat[:cut].reshape(first), flat[cut:].reshape(second)
            pull = gradient(w2 @ w1)
            return -np.concatenate([(w2.T @ pull).ravel(), (pull @ w1.T).ravel()])

        solved = solve_ivp(
            slope,
            (0.0, problem.time),
            flatten(problem.start),
            method=self.method,
            t_eval=[problem.time],
            rtol=self.tolerance,
            atol=self.tolerance * 1e-3 * _smallest_norm(problem.start),
        )
        final = solved.y[:, -1]
        return final[cut:].reshape(second) @ final[:cut].reshape(first)

    def _gradient(
        self, inputs: np.ndarray, targets: np.ndarray
    ) -> Callable[[np.ndarray], np.ndarray]:
        """Gradient of the loss with respect to the product."""
        if self.raw:
            return lambda w: (inputs @ w.T - targets).T @ inputs / len(inputs)
        moments = Moments.of_data(inputs, targets)
        return lambda w: w @ moments.xx - moments.yx


@dataclass(frozen=True)
class Tuned:
    """One of our methods at the tolerance that the error asks for."""

    tolerance: float
    error: float
    call: Callable[[], np.ndarray]


def run(full: bool) -> list[Row]:
    """Digits: RKC3 against Dopri8 and LSODA; a stiff problem: RKC3 against SciPy."""
    middle = digits(DIGITS_TIME)
    loose = Rival("LSODA", raw=False, tolerance=1e-2)  # exact enough on digits
    usual = [
        Rival("RK45", raw=True, tolerance=1e-4, goal=300.0),
        Rival("LSODA", raw=True, tolerance=1e-4, goal=120.0),
        Rival("LSODA", raw=False, tolerance=1e-4),
    ]
    rows = [
        *_contest(middle, []),
        *_contest(digits(LSODA_TIME), [loose]),
        *_contest(stiff(), usual),
    ]
    if full:
        rows += _contest(digits(DIGITS_LATE), [])
        rows += _contest(middle, [loose])
    return rows


def digits(horizon: float) -> Problem:
    """Centered digits, 64 hidden units, a start of 1e-4 of the limit's largest mode."""
    data = load("digits", center=True)
    limit = end_to_end_limit(data.moments())
    shape = IsotropicFirstLayer(1e-4 * float(np.linalg.norm(limit, 2)))
    start = shape.weights((64, 64, 10), np.random.default_rng(0))
    name = f"digits 64,64,10 to t={horizon:g}"
    return Problem(name, data.inputs, data.targets, start, horizon, DIGITS_ERROR)


def stiff() -> Problem:
    """20 inputs of condition 1e4 in a random frame, 2000 samples, a small start."""
    rng = np.random.default_rng(1)
    frame, _ = np.linalg.qr(rng.normal(size=(20, 20)))
    white = np.linalg.qr(rng.normal(size=(2000, 20)))[0] * math.sqrt(2000)
    inputs = white * np.geomspace(1, 1e-2, 20) @ frame.T
    teacher = rng.normal(size=(10, 20)) / math.sqrt(20)
    targets = inputs @ teacher.T + 0.1 * rng.normal(size=(2000, 10))
    start = SmallGaussian(1e-2).weights((20, 20, 10), rng)
    name = f"stiff 20,20,10 condition 1e4 to t={STIFF_TIME:g}"
    return Problem(name, inputs, targets, start, STIFF_TIME, STIFF_ERROR)


def _contest(problem: Problem, rivals: list[Rival]) -> list[Row]:
    """RKC3 against one run of each SciPy solver; without any, against our Dopri8."""
    begin = time.perf_counter()
    problem.flow("rkc3", LADDER[0])
    first = time.perf_counter() - begin
    reference = problem.flow("dopri8", REFERENCE)
    ours = _loosest(problem, "rkc3", reference)
    calls = {rival.title: partial(rival.solve, problem) for rival in rivals}
    goals = {rival.title: rival.goal for rival in rivals}
    once = list(calls)
    if not rivals:
        explicit = _loosest(problem, "dopri8", reference)
        calls[f"our Dopri8 {explicit.tolerance:.0e}"] = explicit.call
    ends: dict[str, np.ndarray] = {}
    timers = {name: _keeping(call, ends, name) for name, call in calls.items()}
    found = interleave({**timers, "ours": stopwatch(ours.call)}, once=once)
    alone = _alone(problem, ours, found["ours"], first)
    rows = []
    for name in calls:
        other = f"{name}, at an error of {relative(ends[name], reference):.1e}"
        details = {"against": other, **alone.details}
        given = {"baseline": name, "theirs": found[name], "goal": goals.get(name)}
        rows.append(replace(alone, **given, details=details))
    return rows


def _alone(problem: Problem, ours: Tuned, steady: Spread, first: float) -> Row:
    """What there is to say of our method without a rival."""
    rate = right_hand_side_rate(problem)
    return Row(
        f"{problem.name}, RKC3 {ours.tolerance:.0e}",
        steady,
        error=ours.error,
        error_limit=problem.error,
        memory=peak_growth(ours.call),
        compile_seconds=first - steady.median,
        details={
            "evaluations": count_evaluations(ours.call),
            "right-hand side GF/s": rate,
            "of dgemm": rate / peaks()["dgemm_gflops"],
        },
    )


def _keeping(
    call: Callable[[], np.ndarray], ends: dict[str, np.ndarray], name: str
) -> Callable[[], float]:
    """A timer that keeps what the call returned."""

    def keep() -> None:
        ends[name] = call()

    return stopwatch(keep)


def _loosest(problem: Problem, method: Method, reference: np.ndarray) -> Tuned:
    """The method at the loosest tolerance of the ladder that is exact enough.

    Raises:
        ValueError: when none is.
    """
    for tolerance in LADDER:
        error = relative(problem.flow(method, tolerance), reference)
        if error <= problem.error:
            return Tuned(tolerance, error, partial(problem.flow, method, tolerance))
    raise ValueError(
        f"{method} must reach an error of {problem.error:.0e} on {problem.name}, but is"
        f" still at {error:.1e} at tolerance {tolerance:.0e}."
    )


def count_evaluations(call: Callable[[], np.ndarray]) -> float:
    """Evaluations of the right-hand side in one run, counted by a host callback."""
    count = 0

    def tick() -> None:
        nonlocal count
        count += 1

    def counted(*given: Any) -> Any:
        jax.debug.callback(tick)
        return moment_gradients(*given)

    jax.clear_caches()  # compiled programs hold the one that does not count
    with mock.patch.object(flow, "moment_gradients", counted):
        call()
        jax.effects_barrier()
    jax.clear_caches()
    return float(count)


def right_hand_side_rate(problem: Problem, starts: Weights | None = None) -> float:
    """GF/s of the right-hand side alone, in a compiled loop, on reduced coordinates.

    Of the problem's own start, or of stacked ones all at once.
    """
    moments = Moments.of_data(problem.inputs, problem.targets)
    variances, basis = np.linalg.eigh(moments.xx)
    kept = variances > moments.default_cutoff()
    first, second = starts or tuple(layer[None] for layer in problem.start)
    with jax.enable_x64(True):
        layers = jnp.asarray(first @ basis[:, kept]), jnp.asarray(second)
        data = jnp.asarray(variances[kept]), jnp.asarray(moments.yx @ basis[:, kept])
        timed = stopwatch(lambda: jax.block_until_ready(_many(layers, *data)))
        timed()
        seconds = min(timed() for _ in range(ROUNDS))
    (count, h, r), k = layers[0].shape, layers[1].shape[1]
    return 1e-9 * REPEATS * count * 6 * k * h * r / seconds  # three products of 2khr


@jax.jit
def _many(weights: Weights, variances: jax.Array, yx: jax.Array) -> Weights:
    def slopes(at: Weights) -> Weights:
        return jax.vmap(lambda layers: moment_gradients(layers, variances, yx))(at)

    def once(_: int, at: Weights) -> Weights:
        return jax.tree.map(lambda w, g: w - 1e-12 * g, at, slopes(at))

    return jax.lax.fori_loop(0, REPEATS, once, weights)


def relative(given: np.ndarray, reference: np.ndarray) -> float:
    """Distance in units of the reference."""
    return float(np.linalg.norm(given - reference) / np.linalg.norm(reference))


def _smallest_norm(weights: Weights) -> float:
    """Of the layers that do not start at zero."""
    norms = [float(np.linalg.norm(layer, 2)) for layer in weights]
    return min(norm for norm in norms if norm > 0)

"""Learning curves and phases of anisotropic data, against sampling and plain descent.

The mean learning curve of two layers meets a Monte-Carlo average over data sets, each
integrated in its own principal axes by SciPy's LSODA, as a careful user would. That
average is not run to the end: a few data sets give seconds per set and the scatter
between sets, and how many would bring every point to 1 % is computed from that.

The curve of one data set meets gradient descent of all weights in NumPy, at a learning
rate at which descent is off the flow by `error of descent`; a coarser one, of which our
set-up takes more, is told in the details. Maps and exact risks have goals in seconds.
"""

from functools import partial

import numpy as np
from scipy.integrate import solve_ivp

from benchmarks.harness import Row, Spread, interleave, stopwatch
from benchmarks.machine import peak_growth
from linnet.phenomena.anisotropy.theory import (
    finite_risk,
    half_time,
    learning_curve,
    mode_flow,
    modes_of_data,
    plateau_ratio,
    spike_plane,
    spiked_population,
)
from linnet.task import sample_dataset, spiked_covariance
from linnet.task.teacher import Teacher, aligned_teacher

STRENGTH, ALIGNMENT, NOISE, AMPLITUDE = 5.0, 0.6, 0.7, 0.05
INPUTS, SAMPLES, SETS, SCATTER = 240, 120, 12, 0.01
TIMES = np.linspace(0.5, 12.0, 48)
CURVE_SECONDS, CURVE_GOAL, CURVE_ERROR = 0.05, 200.0, 4.0

ONE_INPUTS, ONE_SAMPLES, HIDDEN = 1000, 500, 100
FINE, COARSE, HORIZON, SAVED = 2.5e-4, 2.5e-3, 10.0, 40
ONE_GOAL, ONE_ERROR = 50.0, 1e-3

GRID, MAP_SECONDS = 300, 0.05
POINTS, RISK_SECONDS = 10_000, 5.0


def run(full: bool) -> list[Row]:
    """All rows; `full` changes nothing."""
    return [*_curve_rows(), _one_row(), _map_row(), _risk_row()]


def _curve_rows() -> list[Row]:
    sets = [_data(INPUTS, SAMPLES, seed) for seed in range(SETS)]
    curves: list[np.ndarray] = []
    timers = {
        "ours": stopwatch(_mean_curve),
        "sets": stopwatch(lambda: curves.extend(_sampled_curve(*s) for s in sets)),
    }
    found = interleave(timers, once=["sets"])
    seen = np.array(curves)
    needed = float((seen.std(0, ddof=1) / seen.mean(0)).max() / SCATTER) ** 2
    error = seen.std(0, ddof=1) / np.sqrt(SETS)
    z = float((np.abs(seen.mean(0) - _mean_curve()) / error).max())
    name = f"two-layer learning curve d={INPUTS} n={SAMPLES}"
    each = found["sets"].per(SETS)
    memory = peak_growth(_mean_curve)
    return [
        Row(
            name,
            found["ours"],
            f"data sets to {SCATTER:.0%}, scaled",
            Spread.of(seconds * needed for seconds in each.values),
            goal=CURVE_GOAL,
            error=z,
            error_limit=CURVE_ERROR,
            memory=memory,
            details={
                "data sets needed": needed,
                "s per data set": each.median,
                "error": f"the largest z of {SETS} data sets",
            },
        ),
        Row(f"{name}, by itself", found["ours"], sense="seconds", goal=CURVE_SECONDS),
    ]


def _mean_curve() -> np.ndarray:
    curve = learning_curve(
        spiked_population(STRENGTH, ALIGNMENT),
        TIMES,
        aspect_ratio=INPUTS / SAMPLES,
        depth=2,
        noise=NOISE,
        init_scale=AMPLITUDE,
    )
    return curve.risk


def _data(d: int, n: int, seed: int) -> tuple[np.ndarray, np.ndarray, Teacher]:
    rng = np.random.default_rng(seed)
    teacher = aligned_teacher(np.eye(d)[0], ALIGNMENT, 1.0, rng, NOISE)
    data = sample_dataset(spiked_covariance(d, STRENGTH), teacher, n, rng)
    return data.inputs, data.targets[:, 0], teacher


def _sampled_curve(
    inputs: np.ndarray, targets: np.ndarray, teacher: Teacher
) -> np.ndarray:
    """Excess risk over time on one data set: r + 1 equations, by LSODA."""
    n = len(inputs)
    _, size, right = np.linalg.svd(inputs, full_matrices=False)
    eigenvalues, drive = size**2 / n, right @ inputs.T @ targets / n

    def field(_: float, state: np.ndarray) -> np.ndarray:
        alpha, omega = state[0], state[1:]
        pull = drive - eigenvalues * alpha * omega
        return np.concatenate([[omega @ pull], alpha * pull])

    start = AMPLITUDE * np.concatenate([[1.0], drive / np.linalg.norm(drive)])
    ends = (0.0, TIMES[-1])
    path = solve_ivp(field, ends, start, "LSODA", TIMES, rtol=1e-6, atol=1e-8).y
    gap = (path[0] * path[1:]).T @ right - teacher.end_to_end[0]
    return (gap**2).sum(1) + STRENGTH * gap[:, 0] ** 2


def _one_row() -> Row:
    inputs, targets, _ = _data(ONE_INPUTS, ONE_SAMPLES, 0)
    pull = inputs.T @ targets / ONE_SAMPLES
    start = AMPLITUDE * pull / np.linalg.norm(pull)
    times = np.linspace(0.0, HORIZON, SAVED + 1)

    def ours() -> np.ndarray:
        modes = modes_of_data(inputs, targets[:, None])
        path = mode_flow(modes, AMPLITUDE, start, times)
        return path.end_to_end()

    plain = partial(_descent, inputs, targets, start)
    timers = {"ours": stopwatch(ours), "plain": stopwatch(lambda: plain(COARSE))}
    found = interleave(timers)
    exact = ours()
    errors = [_largest_gap(plain(rate), exact[1:]) for rate in (COARSE, FINE)]
    step = found["plain"].per(HORIZON / COARSE)
    steps = HORIZON / FINE
    return Row(
        f"one data set's curve n={ONE_SAMPLES} d={ONE_INPUTS} p={HIDDEN}",
        found["ours"],
        f"NumPy descent of all weights, rate {FINE:g}, scaled",
        Spread.of(seconds * steps for seconds in step.values),
        goal=ONE_GOAL,
        error=errors[1],
        error_limit=ONE_ERROR,
        memory=peak_growth(ours),
        details={
            "us per step of descent": 1e6 * step.median,
            f"speedup at rate {COARSE:g}": found["plain"].median / found["ours"].median,
            f"error of descent at rate {COARSE:g}": errors[0],
        },
    )


def _descent(
    inputs: np.ndarray, targets: np.ndarray, start: np.ndarray, rate: float
) -> np.ndarray:
    """All weights of the same network, from the same start: the product on its way."""
    n, path = len(inputs), []
    unit = np.full(HIDDEN, HIDDEN**-0.5)
    second, first = AMPLITUDE * unit, np.outer(unit, start)
    for _ in range(SAVED):
        for _ in range(round(HORIZON / SAVED / rate)):
            pull = (targets - inputs @ (second @ first)) @ inputs / n
            second, first = (
                second + rate * first @ pull,
                first + rate * np.outer(second, pull),
            )
        path.append(second @ first)
    return np.array(path)


def _largest_gap(path: np.ndarray, exact: np.ndarray) -> float:
    """Of all saved times, over the length at the end."""
    gaps = np.linalg.norm(path - exact, axis=1)
    return float(gaps.max() / np.linalg.norm(exact[-1]))


def _map_row() -> Row:
    rho = np.geomspace(0.1, 100, GRID)[:, None]
    cosine = np.linspace(0.01, 0.99, GRID)

    def ours() -> tuple[np.ndarray, ...]:
        plane = spike_plane(rho, cosine)
        return plane.drive, half_time(plane, 1e-6), plateau_ratio(plane)

    found = interleave({"ours": stopwatch(ours)})
    name = f"map of speed, half time, plateau, {GRID} x {GRID}"
    memory = peak_growth(ours)
    return Row(name, found["ours"], sense="seconds", goal=MAP_SECONDS, memory=memory)


def _risk_row() -> Row:
    rng = np.random.default_rng(0)
    n, d = rng.integers(20, 400, (2, POINTS))
    rho, cosine = rng.uniform(-0.9, 50, POINTS), rng.uniform(-1, 1, POINTS)
    ours = partial(finite_risk, n, d, rho, cosine, 1.0, NOISE)
    found = interleave({"ours": stopwatch(ours)})
    return Row(
        f"exact mean risk at {POINTS:,} points",
        found["ours"],
        sense="seconds",
        goal=RISK_SECONDS,
        memory=peak_growth(ours),
    )

"""The stationary state of SGD without simulating it, and symmetric Lyapunov equations.

The exact covariance of one layer from its data, against what a careful user would do:
an ensemble of replicas in batched NumPy, run until every variance is known to 0.5 %.
That run is not made. A shorter one is, which gives seconds per replica-step and the
scatter between replicas; how many replica-steps the worst variance needs, and with them
the ensemble's time, is computed from that. The time to become stationary is left out.

`solve_lyapunov` meets SciPy's solver of Bartels and Stewart on the same matrices.
"""

from collections.abc import Callable
from functools import partial

import numpy as np
from scipy.linalg import solve_continuous_lyapunov

from benchmarks.harness import Row, Spread, interleave, stopwatch
from benchmarks.machine import peak_growth, peaks
from linnet.numerics import geometric_spectrum, solve_lyapunov
from linnet.phenomena.fluctuations.theory import (
    exact_covariance,
    gradient_noise,
    least_squares_minimum,
)

SAMPLES, INPUTS, BATCH, RATE, NOISE = 1000, 50, 8, 0.05, 0.5
CONDITION = 10.0  # of the inputs' covariance
REPLICAS, TIMED, BURNED, RECORDED = 256, 200, 1000, 3000
SCATTER = 0.005
GOAL, ERROR = 1000.0, 1e-12
LYAPUNOV_GOALS = {1000: 10.0, 2000: 20.0}


def run(full: bool) -> list[Row]:
    """The covariance, and one Lyapunov equation; `full` adds a larger one."""
    sizes = LYAPUNOV_GOALS if full else [min(LYAPUNOV_GOALS)]
    return [_covariance_row(), *(_lyapunov_row(p) for p in sizes)]


def _covariance_row() -> Row:
    inputs, targets = _data(SAMPLES, INPUTS)
    ours = partial(_ours, inputs, targets)
    ensemble = Ensemble(inputs, targets)
    timers = {
        "ours": stopwatch(ours),
        "ensemble": stopwatch(lambda: ensemble.run(TIMED)),
    }
    found = interleave(timers)
    step = found["ensemble"].per(TIMED * REPLICAS)
    needed, z = _replica_steps(ensemble, ours())
    memory = peak_growth(ours)
    words = memory / 8
    return Row(
        f"exact covariance n={SAMPLES} d={INPUTS} B={BATCH}",
        found["ours"],
        f"NumPy ensemble to {SCATTER:.1%}, scaled",
        Spread.of(seconds * needed for seconds in step.values),
        goal=GOAL,
        error=_dense_error(),
        error_limit=ERROR,
        memory=memory,
        details={
            "replica-steps needed": needed,
            "ns per replica-step, measured": 1e9 * step.median,
            "largest z of a variance": z,
            "memory over 3 n d + 10 d^2 words": words
            / (3 * SAMPLES * INPUTS + 10 * INPUTS**2),
        },
    )


def _ours(inputs: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """From the data to the covariance of the weights."""
    minimum = least_squares_minimum(inputs, targets)
    return minimum.full(exact_covariance(minimum, RATE, 1 / BATCH))


def _data(n: int, d: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(n, d)) * np.sqrt(geometric_spectrum(d, CONDITION))
    targets = inputs @ rng.normal(size=(d, 1)) + NOISE * rng.normal(size=(n, 1))
    return inputs, targets


class Ensemble:
    """Replicas of SGD in one batch of float32, started at the minimum."""

    def __init__(self, inputs: np.ndarray, targets: np.ndarray) -> None:
        self.x, self.y = inputs.astype("f4"), targets[:, 0].astype("f4")
        best = np.linalg.lstsq(inputs, targets, rcond=None)[0][:, 0]
        self.best = best.astype("f4")
        self.weights = np.tile(self.best, (REPLICAS, 1))
        self.rng = np.random.default_rng(1)

    def run(self, steps: int) -> np.ndarray:
        """Mean squares about the minimum, of every replica over the steps."""
        total = np.zeros(self.weights.shape)
        scale = np.float32(RATE / BATCH)
        for _ in range(steps):
            pick = self.rng.integers(0, len(self.x), (REPLICAS, BATCH))
            seen = self.x[pick]
            error = (seen @ self.weights[:, :, None])[..., 0] - self.y[pick]
            self.weights -= scale * (error[:, None] @ seen)[:, 0]
            total += (self.weights - self.best) ** 2
        return total / steps


def _replica_steps(ensemble: Ensemble, covariance: np.ndarray) -> tuple[float, float]:
    """How many the worst variance needs, and how far the seen ones are from ours."""
    ensemble.run(BURNED)
    seen = ensemble.run(RECORDED)
    mean = seen.mean(0)
    error = seen.std(0, ddof=1) / np.sqrt(REPLICAS)
    z = float(np.abs((mean - np.diag(covariance)) / error).max())
    worst = float((error / mean).max())
    return REPLICAS * RECORDED * (worst / SCATTER) ** 2, z


def _dense_error() -> float:
    """Relative difference from the d^2 x d^2 linear system, at d = 8."""
    d = 8
    minimum = least_squares_minimum(*_data(SAMPLES, d))
    h, one = np.diag(minimum.variances), np.eye(d)
    x = minimum.coordinates
    pairs = (x[:, :, None] * x[:, None]).reshape(len(x), -1)
    spread = pairs.T @ pairs / len(x) - np.kron(h, h)
    loss = np.kron(h, one) + np.kron(one, h) - RATE * np.kron(h, h)
    noise = RATE / BATCH * gradient_noise(minimum)[0, 0]
    dense = np.linalg.solve(loss - RATE / BATCH * spread, noise.ravel())
    found = exact_covariance(minimum, RATE, 1 / BATCH).ravel()
    return float(np.linalg.norm(found - dense) / np.linalg.norm(dense))


def _lyapunov_row(p: int) -> Row:
    rng = np.random.default_rng(0)
    drift, rhs = (_positive(rng, p) for _ in range(2))
    calls: dict[str, Callable[[], np.ndarray]] = {
        "ours": lambda: solve_lyapunov(drift, rhs),
        "scipy": lambda: solve_continuous_lyapunov(drift, rhs),
        "eigh": lambda: np.linalg.eigh(drift)[1],
    }
    timers = {name: stopwatch(call) for name, call in calls.items()}
    once = ["scipy"] if p > min(LYAPUNOV_GOALS) else []
    found = interleave(timers, once=once)
    memory = peak_growth(calls["ours"])
    ours, theirs = calls["ours"](), calls["scipy"]()
    products = 8e-9 * p**3 / peaks()["dgemm_gflops"]
    return Row(
        f"symmetric Lyapunov equation p={p}",
        found["ours"],
        "SciPy, Bartels-Stewart",
        found["scipy"],
        goal=LYAPUNOV_GOALS[p],
        error=float(np.linalg.norm(ours - theirs) / np.linalg.norm(theirs)),
        error_limit=ERROR,
        memory=memory,
        details={
            "memory in p^2 words": memory / (8 * p**2),
            "of it eigh": found["eigh"].median / found["ours"].median,
            "of it four products at the peak of GEMM": products / found["ours"].median,
        },
    )


def _positive(rng: np.random.Generator, p: int) -> np.ndarray:
    x = rng.normal(size=(2 * p, p))
    return x.T @ x / len(x)

"""Discrete training of many replicas at once: nanoseconds per replica-step.

The baseline is what a careful user writes with NumPy: all replicas in one batch, draws,
gather and hand-written gradients. Gradient descent must agree with it to rounding; SGD
draws other batches, so the mean excess risks at the end agree within their scatter, and
the error is their relative difference.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

import numpy as np

from benchmarks.harness import Row, interleave, stopwatch
from benchmarks.machine import peak_growth, peaks
from linnet.dynamics import SGD, GradientDescent, simulate
from linnet.network import Weights
from linnet.task import Moments

Precision = Literal["float64", "float32"]

SAMPLES, NOISE = 1000, 0.5


@dataclass(frozen=True)
class Case:
    """An ensemble to train.

    Attributes:
        sizes: Widths from input to output.
        replicas: Networks in the batch.
        steps: Our steps; NumPy takes a tenth of them, time is per step.
        batch: Samples of a batch; None for the full batch, on moments.
        rate: Learning rate.
        precision: Of both.
    """

    sizes: tuple[int, ...]
    replicas: int
    steps: int
    batch: int | None
    rate: float
    precision: Precision

    @property
    def name(self) -> str:
        """For the table."""
        sampled = "GD" if self.batch is None else f"SGD B={self.batch}"
        shape = ",".join(map(str, self.sizes))
        return f"{sampled} {shape} R={self.replicas} {self.precision}"

    @property
    def flops(self) -> float:
        """Multiplications and additions of one replica-step, without the draws."""
        pairs = list(zip(self.sizes[:-1], self.sizes[1:], strict=True))
        if self.batch is None:  # the product, one gradient of it, one of each layer
            d, h, k = self.sizes
            return 6.0 * d * h * k
        # Forward, gradient of each layer, error below every layer but the first.
        passes = 2 * pairs + pairs[1:]
        return 2.0 * self.batch * sum(a * b for a, b in passes)


CASES = (
    Case((50, 1), 256, 10_000, 8, 0.05, "float32"),
    Case((50, 1), 256, 10_000, 8, 0.05, "float64"),
    Case((16, 16, 16), 64, 5_000, 8, 0.05, "float32"),
    Case((16, 16, 16), 64, 5_000, 8, 0.05, "float64"),
    Case((16, 16, 16), 64, 5_000, None, 0.05, "float64"),
)
WIDER = (
    Case((50, 1), 256, 10_000, 64, 0.05, "float32"),
    Case((16, 16, 16), 64, 5_000, 64, 0.05, "float32"),
    Case((32, 32, 32), 64, 5_000, 8, 0.05, "float32"),
)


def run(full: bool) -> list[Row]:
    """One row per ensemble; `full` adds larger batches and a wider network."""
    gemm = peaks()
    return [_row(case, gemm) for case in (CASES + WIDER if full else CASES)]


def _row(case: Case, gemm: dict[str, float]) -> Row:
    inputs, targets, start = _ensemble(case)
    ours = partial(_ours, case, inputs, targets, start)
    theirs = _baseline(case, inputs, targets, start)
    short = replace(case, steps=case.steps // 10)
    compiled = stopwatch(ours)()
    timers = {
        "numpy": stopwatch(lambda: theirs(short.steps)),
        "linnet": stopwatch(ours),
    }
    found = interleave(timers)
    steady = found["linnet"].per(case.steps * case.replicas)
    rate = 1e-9 * case.flops / steady.median
    peak = gemm["dgemm_gflops" if case.precision == "float64" else "sgemm_gflops"]
    moments = Moments.of_data(inputs.astype(float), targets.astype(float))
    error, z = _difference(moments, ours(), theirs(case.steps), case.batch is None)
    return Row(
        f"{case.name}, per replica-step",
        steady,
        "NumPy, replicas batched",
        found["numpy"].per(short.steps * case.replicas),
        error=error,
        error_limit=1e-9 if case.batch is None else None,
        memory=peak_growth(ours),
        compile_seconds=compiled - found["linnet"].median,
        details={"GF/s": rate, "of GEMM": rate / peak}
        | ({} if z is None else {"z of the difference": z}),
    )


def _ensemble(case: Case) -> tuple[np.ndarray, np.ndarray, Weights]:
    """White inputs, noisy linear targets, small independent starts."""
    rng = np.random.default_rng(0)
    d, k = case.sizes[0], case.sizes[-1]
    inputs = rng.normal(size=(SAMPLES, d))
    teacher = rng.normal(size=(k, d)) / np.sqrt(d)
    targets = inputs @ teacher.T + NOISE * rng.normal(size=(SAMPLES, k))
    start = tuple(
        0.5 / np.sqrt(b) * rng.normal(size=(case.replicas, a, b))
        for a, b in zip(case.sizes[1:], case.sizes[:-1], strict=True)
    )
    dtype = np.dtype(case.precision)
    return inputs.astype(dtype), targets.astype(dtype), start


def _ours(
    case: Case, inputs: np.ndarray, targets: np.ndarray, start: Weights
) -> np.ndarray:
    """End-to-end maps of all replicas after the last step."""
    dynamics: SGD | GradientDescent
    if case.batch is None:
        dynamics = GradientDescent(Moments.of_data(inputs, targets), case.rate)
    else:
        dynamics = SGD(inputs, targets, case.rate, case.batch)
    run = simulate(dynamics, start, steps=[case.steps], precision=case.precision)
    return run["end_to_end"][-1]


def _baseline(
    case: Case, inputs: np.ndarray, targets: np.ndarray, start: Weights
) -> Callable[[int], np.ndarray]:
    """The same by a NumPy loop over steps, from the same start."""
    first = [layer.astype(inputs.dtype) for layer in start]
    if case.batch is None:
        moments = Moments.of_data(inputs, targets)
        return lambda steps: _numpy_gd(moments, first, case.rate, steps)
    batch = case.batch
    rng = np.random.default_rng(1)
    return lambda steps: _numpy_sgd(
        inputs, targets, first, inputs.dtype.type(case.rate), batch, steps, rng
    )


def _numpy_sgd(
    inputs: np.ndarray,
    targets: np.ndarray,
    start: list[np.ndarray],
    rate: np.floating,
    batch: int,
    steps: int,
    rng: np.random.Generator,
) -> np.ndarray:
    layers = [layer.copy() for layer in start]
    for _ in range(steps):
        pick = rng.integers(0, len(inputs), (len(layers[0]), batch))
        seen = [inputs[pick]]
        for layer in layers:
            seen.append(seen[-1] @ layer.swapaxes(1, 2))
        error = (seen.pop() - targets[pick]) * (rate / batch)
        for at in range(len(layers) - 1, -1, -1):
            change = error.swapaxes(1, 2) @ seen[at]
            error = error @ layers[at] if at else error
            layers[at] -= change
    return _product(layers)


def _numpy_gd(
    moments: Moments, start: list[np.ndarray], rate: float, steps: int
) -> np.ndarray:
    first, second = (layer.copy() for layer in start)
    for _ in range(steps):
        gradient = rate * ((second @ first) @ moments.xx - moments.yx)
        change = second.swapaxes(1, 2) @ gradient
        second -= gradient @ first.swapaxes(1, 2)
        first -= change
    return second @ first


def _product(layers: list[np.ndarray]) -> np.ndarray:
    product = layers[0]
    for layer in layers[1:]:
        product = layer @ product
    return product


def _difference(
    moments: Moments, ours: np.ndarray, theirs: np.ndarray, deterministic: bool
) -> tuple[float, float | None]:
    """Relative difference of the maps, or of the mean excess risks with its z-score."""
    if deterministic:
        return float(np.linalg.norm(ours - theirs) / np.linalg.norm(theirs)), None
    mine, other = (
        np.array([moments.excess_risk(one.astype(float)) for one in maps])
        for maps in (ours, theirs)
    )
    gap = mine.mean() - other.mean()
    scatter = np.sqrt(mine.var(ddof=1) / len(mine) + other.var(ddof=1) / len(other))
    return float(abs(gap) / other.mean()), float(gap / scatter)

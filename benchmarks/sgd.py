"""Ensembles of minibatch SGD at late times, against a loop in PyTorch and one in NumPy.

The first baseline is what a paper's author writes: one network, `torch.optim.SGD`, and
the flattened weights appended to a list at every step. The second is what a careful
user writes with NumPy: all replicas in one batch. Time is per replica-step. Recording
ends in the covariance of all weights, summed over replicas and records; ours records
every tenth step, which a mode far slower than that loses nothing by.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.harness import Row, interleave, stopwatch
from benchmarks.machine import peak_growth, peaks
from linnet.dynamics import (
    SGD,
    AbstractSampling,
    Epochs,
    WithoutReplacement,
    WithReplacement,
)
from linnet.dynamics.bounds import divergence_bound
from linnet.dynamics.descent_engine import DescentEngine
from linnet.dynamics.reduction import row_space
from linnet.network import Weights
from linnet.task import Moments

SAMPLES, NOISE, RATE = 1000, 0.5, 0.05
TORCH_STEPS, NUMPY_SHARE = 1500, 20
CHUNK = 1000  # steps whose records are held at once
SINGLE = np.dtype("float32")
WITHOUT_TORCH = "PyTorch is not installed: no loop to compare with"


@dataclass(frozen=True)
class Case:
    """An ensemble to train.

    Attributes:
        sizes: Widths from input to output.
        replicas: Networks in the batch.
        steps: Our steps.
        batch: Samples of a batch.
        every: Steps from one record to the next; None for stepping only.
        torch_goal: Times faster than the loop in PyTorch.
        numpy_goal: Times faster than NumPy.
        sampling: How batches are drawn.
    """

    sizes: tuple[int, ...]
    replicas: int
    steps: int
    batch: int
    every: int | None
    torch_goal: float | None
    numpy_goal: float | None
    sampling: AbstractSampling

    @property
    def name(self) -> str:
        """For the table."""
        shape = ",".join(map(str, self.sizes))
        saved = "stepping" if self.every is None else f"covariance / {self.every}"
        drawn = type(self.sampling).__name__
        return f"SGD {shape} B={self.batch} R={self.replicas} {drawn}, {saved}"

    @property
    def flops(self) -> float:
        """Of one replica-step, without draws and covariance."""
        pairs = list(zip(self.sizes[:-1], self.sizes[1:], strict=True))
        passes = 2 * pairs + pairs[1:]
        return 2.0 * self.batch * sum(a * b for a, b in passes)


ONE_LAYER = Case((50, 1), 256, 10_000, 8, 10, 300.0, 1.0, WithReplacement())
TWO_LAYERS = Case((32, 32, 32), 64, 5_000, 8, None, 40.0, 0.85, WithReplacement())
OTHERS = (WithoutReplacement(), Epochs())
CASES = (
    ONE_LAYER,
    TWO_LAYERS,
    *(replace(ONE_LAYER, sampling=kind, numpy_goal=None) for kind in OTHERS),
)
WIDER = (
    replace(ONE_LAYER, batch=64, torch_goal=None),
    replace(TWO_LAYERS, batch=64, steps=1_000, torch_goal=None, numpy_goal=None),
)


def run(full: bool) -> list[Row]:
    """Two rows per ensemble, one per baseline; `full` adds larger batches."""
    gemm = peaks()["sgemm_gflops"]
    rows: list[Row] = []
    for case in CASES + WIDER if full else CASES:
        rows += _rows(case, gemm)
    return rows


def _rows(case: Case, gemm: float) -> list[Row]:
    inputs, targets, start = _ensemble(case)
    with jax.enable_x64(False):
        ours = _ours(case, inputs, targets, start)
        first = stopwatch(ours)()
        short = case.steps // NUMPY_SHARE
        timers = {
            "numpy": stopwatch(partial(_numpy, case, inputs, targets, start, short)),
            "linnet": stopwatch(ours),
        }
        loop = _torch(case, inputs, targets, start)
        if loop is not None:
            timers["torch"] = stopwatch(loop)
        found = interleave(timers)
        memory = peak_growth(ours)
    steady = found["linnet"].per(case.steps * case.replicas)
    rate = 1e-9 * case.flops / steady.median
    alone = Row(
        f"{case.name}, per replica-step",
        steady,
        memory=memory,
        compile_seconds=first - found["linnet"].median,
        details={"GF/s": rate, "of GEMM": rate / gemm},
    )
    batched = found["numpy"].per(short * case.replicas)
    name, goal = "NumPy, replicas batched", case.numpy_goal
    rows = [replace(alone, baseline=name, theirs=batched, goal=goal)]
    if loop is None:
        return [*rows, replace(alone, details={"baseline": WITHOUT_TORCH})]
    single, goal = found["torch"].per(TORCH_STEPS), case.torch_goal
    name = "PyTorch loop, weights stored"
    return [*rows, replace(alone, baseline=name, theirs=single, goal=goal)]


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
    return inputs.astype(SINGLE), targets.astype(SINGLE), start


def _ours(
    case: Case, inputs: np.ndarray, targets: np.ndarray, start: Weights
) -> Callable[[], Any]:
    """Go on with one engine: as late-time sampling does."""
    sgd = SGD(inputs, targets, RATE, case.batch, case.sampling)
    space = row_space(Moments.of_data(sgd.inputs, sgd.targets))
    bound = divergence_bound(space, start, SINGLE)
    engine = DescentEngine(sgd, space, start, 0, 1.0, bound, SINGLE)

    def go() -> Any:
        until = engine.evaluations + case.steps
        if case.every is None:
            engine.advance(until, None)
            return jax.block_until_ready(engine.layers)
        pilot, total = _flat_mean(engine.layers), 0.0
        while engine.evaluations < until:
            records = engine.record(engine.evaluations + CHUNK, case.every, _flat)
            total = total + _second_moment(records, pilot)
        return jax.block_until_ready(total)

    return go


def _flat(layers: Weights) -> jax.Array:
    return jnp.concatenate([jnp.ravel(layer) for layer in layers])


@jax.jit
def _flat_mean(layers: Weights) -> jax.Array:
    """What records are centered by, so that 32 bits hold the fluctuations."""
    return jax.vmap(_flat)(layers).mean(axis=0)


@jax.jit
def _second_moment(records: jax.Array, pilot: jax.Array) -> jax.Array:
    rows = records.reshape(-1, records.shape[-1]) - pilot[None]
    return rows.T @ rows


def _numpy(
    case: Case, inputs: np.ndarray, targets: np.ndarray, start: Weights, steps: int
) -> np.ndarray:
    """All replicas in one batch; of the other samplings it draws the first one too."""
    rng, rate = np.random.default_rng(1), SINGLE.type(RATE / case.batch)
    layers = [layer.astype(SINGLE) for layer in start]
    records = []
    for step in range(steps):
        pick = rng.integers(0, len(inputs), (case.replicas, case.batch))
        seen = [inputs[pick]]
        for layer in layers:
            seen.append(seen[-1] @ layer.swapaxes(1, 2))
        error = (seen.pop() - targets[pick]) * rate
        for at in range(len(layers) - 1, -1, -1):
            change = error.swapaxes(1, 2) @ seen[at]
            error = error @ layers[at] if at else error
            layers[at] -= change
        if case.every is not None and (step + 1) % case.every == 0:
            flat = [layer.reshape(case.replicas, -1) for layer in layers]
            records.append(np.concatenate(flat, axis=1))
    return np.cov(np.concatenate(records).T) if records else layers[0]


def _torch(
    case: Case, inputs: np.ndarray, targets: np.ndarray, start: Weights
) -> Callable[[], Any] | None:
    """One network as a paper's author trains it; None where there is no PyTorch."""
    try:
        import torch
    except ImportError:
        return None
    torch.set_num_threads(1)
    widths = zip(case.sizes[:-1], case.sizes[1:], strict=True)
    model = torch.nn.Sequential(*(torch.nn.Linear(a, b, bias=False) for a, b in widths))
    with torch.no_grad():
        for parameter, layer in zip(model.parameters(), start, strict=True):
            parameter.copy_(torch.from_numpy(layer[0].astype(SINGLE)))
    optimizer = torch.optim.SGD(model.parameters(), lr=RATE)
    x, y = torch.from_numpy(inputs), torch.from_numpy(targets)

    def go() -> list[Any]:
        stored = []
        for _ in range(TORCH_STEPS):
            pick = torch.randint(0, len(x), (case.batch,))
            loss = 0.5 * ((model(x[pick]) - y[pick]) ** 2).sum(1).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            flat = [p.detach().flatten() for p in model.parameters()]
            stored.append(torch.cat(flat))
        return stored

    return go

"""The full covariance of 2048 weights, accumulated while 64 networks are trained.

Sizes 32, 32, 32, batches of 8, float32, one record every 50 steps. The moment update is
timed by itself and judged by the speed of a matrix product: $2p^2$ operations a record.
The rivals store their records: a loop in NumPy over all replicas at once, with the
covariance at the end, and a loop in PyTorch over one network, whose covariance is not
counted. The error is that of the covariance in 32 bits, against the same records stored
and multiplied in 64.
"""

import time
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.harness import Row, Spread, interleave, stopwatch
from benchmarks.machine import peak_growth
from linnet.dynamics import SGD, LateTime, flat_weights, late_time, simulate
from linnet.dynamics.record_totals import RecordTotals

SIZES, REPLICAS, BATCH, EVERY, RATE = (32, 32, 32), 64, 8, 50, 0.05
SAMPLES, NOISE = 1000, 0.5
RECORDS, CHUNK = 128, 32  # of every replica, in all and at once
TORCH_STEPS, NUMPY_RECORDS = 500, 8
P = sum(a * b for a, b in pairwise(SIZES))
SHARE, TORCH_GOAL = 0.6, 30.0
MEMORY = 2 * 8 * P**2 + 64 * 2**20


def run(full: bool) -> list[Row]:
    """The moment update against a matrix product; the whole run against recording."""
    del full
    inputs, targets, start = _ensemble()
    sgd = SGD(inputs, targets, RATE, BATCH)
    ours = partial(_ours, sgd, start)
    first = stopwatch(ours)()
    timers = {"ours": stopwatch(ours), "numpy": stopwatch(_numpy(sgd, start))}
    timers |= {"update": _update_timer(), "gemm": _gemm_timer()}
    torch = _torch(sgd, start)
    if torch is not None:
        timers["torch"] = stopwatch(torch)
        torch()  # what it sets up at first is not counted
    found = interleave(timers)
    steps = RECORDS * EVERY * REPLICAS
    whole = Row(
        f"late_time 32,32,32 B=8 R={REPLICAS} float32, p={P}, per replica-step",
        found["ours"].per(steps),
        "NumPy, replicas batched, records stored, covariance at the end",
        found["numpy"].per(NUMPY_RECORDS * EVERY * REPLICAS),
        memory=peak_growth(ours),
        compile_seconds=first - found["ours"].median,
        error=_error(sgd, start),
        error_limit=1e-4,
        details={"memory allowed, MiB": MEMORY / 2**20},
    )
    rows = [_update_row(found), whole]
    if torch is None:
        return rows
    alone = Row(
        f"{whole.workload}, against PyTorch",
        whole.ours,
        "PyTorch loop over one network, records stored",
        found["torch"].per(TORCH_STEPS),
        goal=TORCH_GOAL,
        error=whole.error,
        error_limit=whole.error_limit,
    )
    return [*rows, alone]


def _update_row(found: dict[str, Spread]) -> Row:
    """Seconds a record of one replica, ours over those of a product of 2 p^2."""
    records = CHUNK * REPLICAS
    rate = 2e-9 * P**2 * records / found["update"].median
    return Row(
        f"moment update p={P} float32, per record",
        found["update"].per(records),
        "a product of two square matrices, 2 p^2 operations",
        found["gemm"].per(P),
        sense="fraction",
        goal=1 / SHARE,
        memory=peak_growth(_update_timer()),
        details={"GF/s at 2 p^2": rate},
    )


def _ensemble() -> tuple[np.ndarray, np.ndarray, tuple[np.ndarray, ...]]:
    """White inputs, noisy linear targets, independent starts."""
    rng = np.random.default_rng(0)
    d, k = SIZES[0], SIZES[-1]
    inputs = rng.normal(size=(SAMPLES, d))
    teacher = rng.normal(size=(k, d)) / np.sqrt(d)
    targets = inputs @ teacher.T + NOISE * rng.normal(size=(SAMPLES, k))
    start = tuple(
        rng.normal(size=(REPLICAS, a, b)) / np.sqrt(b)
        for a, b in zip(SIZES[1:], SIZES[:-1], strict=True)
    )
    return inputs, targets, start


def _ours(sgd: SGD, start: tuple[np.ndarray, ...]) -> LateTime:
    return late_time(
        sgd,
        start,
        burn_in=0,
        steps=RECORDS * EVERY,
        every=EVERY,
        groups=1,
        precision="float32",
    )


def _update_timer() -> Callable[[], float]:
    """Adding one chunk of records, as it comes from the engine."""
    rng = np.random.default_rng(0)
    shape = CHUNK, REPLICAS, P
    chunk = jnp.asarray(rng.normal(size=shape).astype(np.float32))
    totals = RecordTotals(np.zeros(P), REPLICAS, 1, dtype="float32")
    totals.add(chunk)  # compiled

    def timed() -> float:
        begin = time.perf_counter()
        totals.add(chunk)
        return time.perf_counter() - begin

    return timed


def _gemm_timer() -> Callable[[], float]:
    """One product of square matrices of the same size, by the same library."""
    square = np.random.default_rng(0).normal(size=(P, P)).astype(np.float32)
    left, right = jnp.asarray(square), jnp.asarray(square[::-1].copy())
    product = jax.jit(jnp.matmul)
    return stopwatch(lambda: product(left, right).block_until_ready())


def _numpy(sgd: SGD, start: tuple[np.ndarray, ...]) -> Callable[[], np.ndarray]:
    """All replicas in one batch, their weights stored on the way."""
    inputs, targets = (x.astype(np.float32) for x in (sgd.inputs, sgd.targets))

    def loop() -> np.ndarray:
        rng = np.random.default_rng(1)
        first, second = (layer.astype(np.float32) for layer in start)
        kept = np.empty((NUMPY_RECORDS, REPLICAS, P), np.float32)
        for step in range(1, NUMPY_RECORDS * EVERY + 1):
            pick = rng.integers(0, SAMPLES, (REPLICAS, BATCH))
            seen = inputs[pick]
            hidden = seen @ first.swapaxes(1, 2)
            error = hidden @ second.swapaxes(1, 2) - targets[pick]
            error *= np.float32(RATE / BATCH)
            change = (error @ second).swapaxes(1, 2) @ seen
            second -= error.swapaxes(1, 2) @ hidden
            first -= change
            if step % EVERY == 0:
                parts = [layer.reshape(REPLICAS, -1) for layer in (first, second)]
                kept[step // EVERY - 1] = np.concatenate(parts, axis=1)
        flat = kept.reshape(-1, P) - kept.mean((0, 1))
        return flat.T @ flat / np.float32(len(flat))

    return loop


def _torch(sgd: SGD, start: tuple[np.ndarray, ...]) -> Callable[[], list] | None:
    """What people write: one network, layers and optimizer of the library."""
    try:
        import torch
    except ImportError:
        print("PyTorch is not installed: its loop is left out.", flush=True)
        return None
    torch.set_num_threads(1)
    inputs, targets = (
        torch.tensor(x, dtype=torch.float32) for x in (sgd.inputs, sgd.targets)
    )
    pairs = pairwise(SIZES)
    layers = [torch.nn.Linear(a, b, bias=False) for a, b in pairs]
    model = torch.nn.Sequential(*layers)

    def loop() -> list:
        with torch.no_grad():
            for layer, values in zip(layers, start, strict=True):
                layer.weight.copy_(torch.tensor(values[0]))
        optimizer, kept = torch.optim.SGD(model.parameters(), lr=RATE), []
        for step in range(1, TORCH_STEPS + 1):
            pick = torch.randint(0, SAMPLES, (BATCH,))
            optimizer.zero_grad()
            miss = targets[pick] - model(inputs[pick])
            (miss.square().sum(1).mean() / 2).backward()
            optimizer.step()
            if step % EVERY == 0:
                kept.append(torch.cat([p.detach().ravel() for p in model.parameters()]))
        return kept

    return loop


def _error(sgd: SGD, start: tuple[np.ndarray, ...]) -> float:
    """Largest error of the covariance of a short run, over its largest entry."""
    last = 8 * EVERY
    short: dict[str, Any] = {"seed": 3, "precision": "float32"}
    found = late_time(sgd, start, burn_in=0, steps=last, every=EVERY, groups=1, **short)
    steps = range(EVERY, last + 1, EVERY)
    run = simulate(sgd, start, steps=steps, observe={"all": flat_weights}, **short)
    exact = np.cov(run["all"].reshape(-1, P).T.astype(float), bias=True)
    return float(np.abs(found.covariance - exact).max() / np.abs(exact).max())

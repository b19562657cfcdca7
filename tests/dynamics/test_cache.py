"""What is compiled once is not compiled again: in one process, and in the next."""

import os
import subprocess
import sys

import jax
import plain_training as plain
import pytest

from linnet.dynamics import SGD, GradientDescent, GradientFlow, simulate
from linnet.task import Moments


def runs(seed, scale, rate, observe=None):
    """All dynamics, on numbers of which none is that of another call."""
    inputs, targets = plain.samples(seed)
    moments = Moments.of_data(inputs, targets)
    weights = plain.layers((4, 3, 2), seed, scale)
    saves = [3 + seed, 40 + seed]
    options = {"observe": observe, "seed": seed}
    descent = GradientDescent(moments, rate)
    sgd = SGD(inputs, targets, rate, 3)
    flow = {"times": [0.3 * scale, scale], "tolerance": 1e-8 * rate, **options}
    simulate(GradientFlow(moments), weights, method="dopri8", **flow)
    simulate(GradientFlow(moments), weights, method="rkc3", **flow)
    simulate(descent, weights, steps=saves, **options)
    simulate(descent, weights, steps=saves, replicas=3, **options)
    simulate(sgd, weights, steps=saves, stop_gap=1e-9 * scale, **options)


@pytest.fixture
def compilations():
    """The number of compilations so far, as JAX itself reports them."""
    seen = []

    def listen(event, duration, **_):
        if event.endswith("backend_compile_duration"):
            seen.append(duration)

    jax.monitoring.register_event_duration_secs_listener(listen)
    yield lambda: len(seen)
    jax.monitoring.unregister_event_duration_listener(listen)


def trace(weights):
    return weights[0].sum()


def test_other_numbers_of_the_same_shapes_compile_nothing(compilations):
    runs(seed=0, scale=0.5, rate=0.05)
    first = compilations()
    runs(seed=1, scale=0.9, rate=0.02)
    assert compilations() == first
    # The same for a function of one's own, as long as it is the same object.
    runs(seed=2, scale=0.6, rate=0.03, observe={"trace": trace})
    second = compilations()
    assert second > first  # the listener does hear
    runs(seed=3, scale=0.7, rate=0.01, observe={"trace": trace})
    assert compilations() == second


PROGRAM = """
import sys
import numpy as np
from linnet.dynamics import SGD, GradientDescent, GradientFlow, simulate
from linnet.task import Moments

rng = np.random.default_rng(int(sys.argv[1]))
inputs, targets = rng.standard_normal((9, 3)), rng.standard_normal((9, 2))
moments = Moments.of_data(inputs, targets)
start = (0.5 * rng.standard_normal((2, 3)), 0.5 * rng.standard_normal((2, 2)))
simulate(GradientFlow(moments), start, times=[0.1, 1.0])
simulate(GradientDescent(moments, 0.01), start, steps=[1, 5])
simulate(SGD(inputs, targets, 0.01, 3), start, steps=[1, 5], seed=int(sys.argv[1]))
"""


def entries_after(seed, folder):
    """Names in the persistent cache after a process of its own."""
    settings = {
        "JAX_COMPILATION_CACHE_DIR": str(folder),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
    }
    subprocess.run(
        [sys.executable, "-c", PROGRAM, str(seed)],
        env={**os.environ, **settings},
        check=True,
    )
    return sorted(path.name for path in folder.glob("*-cache"))


def test_a_second_process_finds_everything_in_the_persistent_cache(tmp_path):
    first = entries_after(0, tmp_path)
    assert sum("integrate" in name for name in first) == 1
    assert sum("march" in name for name in first) == 2
    assert entries_after(1, tmp_path) == first

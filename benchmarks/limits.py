"""Where training ends, from theory alone, at a size that nobody trains for fun.

d = 2000 inputs, k = 100 outputs: the product, the spectrum of the hidden layer, its
stable rank against the scale of the start, and the extreme curvatures. For comparison
one singular value decomposition of the same inputs, with which every other route to the
product would begin.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.harness import Row, Spread, interleave, stopwatch
from benchmarks.machine import peak_growth
from linnet.phenomena.spectral_bias.theory import (
    curvature,
    end_to_end_limit,
    hidden_spectrum,
    hidden_stable_rank,
)
from linnet.task import Moments

D, K, SAMPLES, SCALES = 2000, 100, 4000, 20
GAMMA = 1e-3
SECONDS = 30.0  # "in seconds", on one core of a machine that others use too


def run(full: bool) -> list[Row]:
    """One row per formula, and one for all of them."""
    del full
    inputs, moments = _task()
    product = end_to_end_limit(moments)
    calls: dict[str, Callable[[], Any]] = {
        "end_to_end_limit": lambda: end_to_end_limit(moments),
        "hidden_spectrum": lambda: hidden_spectrum(product, GAMMA),
        f"hidden_stable_rank, {SCALES} scales": lambda: hidden_stable_rank(
            product, np.geomspace(1e-6, 1e2, SCALES)
        ),
        "curvature": lambda: curvature(moments, GAMMA),
    }
    timers = {name: stopwatch(call) for name, call in calls.items()}
    timers["svd"] = stopwatch(lambda: np.linalg.svd(inputs, full_matrices=False))
    found = interleave(timers, once=["svd"])
    growth = {name: peak_growth(call) for name, call in calls.items()}
    rows = [
        Row(f"limits d={D} k={K}: {name}", found[name], memory=growth[name])
        for name in calls
    ]
    rows.append(
        Row(
            f"limits d={D} k={K}: all four",
            _sum([found[name] for name in calls]),
            f"one SVD of X, {SAMPLES} x {D}",
            found["svd"],
            sense="seconds",
            goal=SECONDS,
            error=_error(moments, product),
            error_limit=1e-8,
            memory=max(growth.values()),
        )
    )
    return rows


def _task() -> tuple[np.ndarray, Moments]:
    """Inputs of decaying spectrum, and noisy linear targets."""
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(SAMPLES, D)) / np.arange(1, D + 1) ** 0.5
    teacher = rng.normal(size=(K, D))
    targets = inputs @ teacher.T + rng.normal(size=(SAMPLES, K))
    return inputs, Moments.of_data(inputs, targets)


def _error(moments: Moments, product: np.ndarray) -> float:
    """How far the limit is from a zero of the gradient, relative to its terms."""
    left = product @ moments.xx - moments.yx
    return float(np.linalg.norm(left) / np.linalg.norm(moments.yx))


def _sum(spreads: list[Spread]) -> Spread:
    """Sum of several timings, round by round."""
    rounds = zip(*(spread.values for spread in spreads), strict=True)
    return Spread.of(sum(values) for values in rounds)

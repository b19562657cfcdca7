"""Principal components of gradient-descent trajectories, without stepping.

64 starts, 1000 steps of descent on one data set, all weights stored and handed to
scikit-learn, against the closed covariance of the same points from the same starts. A
billion steps must cost what a thousand cost.

Data enter by their moments, which is all that descent knows of them. By singular
values of the data, which keep the digits of directions far slower than any here, the
same takes longer and holds copies of the data: told in the details.
"""

from collections.abc import Callable
from functools import partial

import numpy as np
from sklearn.decomposition import PCA

from benchmarks.harness import ROUNDS, Row, interleave, stopwatch
from benchmarks.machine import peak_growth
from linnet.phenomena.sloppiness.theory import (
    GradientDescent,
    TrajectoryPCA,
    input_directions,
    trajectory_pca,
    uniform_checkpoints,
)
from linnet.task import Moments

SAMPLES, INPUTS, STARTS, STEPS, MANY = 1000, 100, 64, 1000, 10**9
SLOPE = 0.05  # of the inputs' standard deviations
GOAL, SAME, ERROR = 400.0, 1.2, 1e-12
WORDS = 80 * INPUTS**2
CALLS = 20  # per turn: one takes a few milliseconds


def run(full: bool) -> list[Row]:
    """Stepping against the closed form, and a billion steps against a thousand."""
    del full
    inputs, targets, starts, teacher = _data()
    rate = 1 / np.linalg.norm(inputs, 2) ** 2 * SAMPLES
    closed = partial(_closed, (inputs, targets), starts, teacher, rate)
    careful = partial(closed, STEPS, by_moments=False)
    timers = {
        "short": stopwatch(lambda: [closed(STEPS) for _ in range(CALLS)]),
        "long": stopwatch(lambda: [closed(MANY) for _ in range(CALLS)]),
        "careful": stopwatch(lambda: [careful() for _ in range(CALLS)]),
        "stepping": stopwatch(lambda: _stepped(inputs, targets, starts, rate)),
    }
    closed(STEPS)
    found = interleave(timers)
    memory = _least_growth(lambda: closed(STEPS))
    short, long = found["short"].per(CALLS), found["long"].per(CALLS)
    by_values = found["careful"].per(CALLS).median
    name = f"PCA of trajectories d={INPUTS} n={SAMPLES} R={STARTS}"
    library = _stepped(inputs, targets, starts, rate)
    return [
        Row(
            f"{name} T={STEPS}",
            short,
            "stepping and scikit-learn",
            found["stepping"],
            goal=GOAL,
            error=_deviation(closed(STEPS), library),
            error_limit=ERROR,
            memory=memory,
            details={
                "memory over 10 d^2 words": memory / WORDS,
                "speedup by singular values": found["stepping"].median / by_values,
                "memory of that over 10 d^2 words": _least_growth(careful) / WORDS,
            },
        ),
        Row(f"{name} T={MANY:.0e}", long, f"T={STEPS}", short, "fraction", SAME),
    ]


def _least_growth(call: Callable[[], object]) -> int:
    """Of a few calls: a megabyte is little beside what an allocator keeps."""
    return min(peak_growth(call) for _ in range(ROUNDS))


def _data() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    scale = np.exp(-SLOPE * np.arange(INPUTS))
    inputs = rng.standard_normal((SAMPLES, INPUTS)) * scale
    teacher = rng.standard_normal((1, INPUTS))
    starts = 0.3 * rng.standard_normal((STARTS, 1, INPUTS))
    return inputs, inputs @ teacher.T, starts, teacher


def _closed(
    data: tuple[np.ndarray, np.ndarray],
    starts: np.ndarray,
    teacher: np.ndarray,
    rate: float,
    steps: int,
    by_moments: bool = True,
) -> TrajectoryPCA:
    """From data to the variances of all components."""
    found = trajectory_pca(
        input_directions(Moments.of_data(*data) if by_moments else data[0]),
        starts,
        GradientDescent(rate),
        uniform_checkpoints(steps),
        target=teacher,
    )
    assert found.variances[0] > 0  # computed when asked for
    return found


def _stepped(
    inputs: np.ndarray, targets: np.ndarray, starts: np.ndarray, rate: float
) -> PCA:
    weights = starts[:, 0].T.copy()
    path = np.empty((STEPS, STARTS, INPUTS))
    for step in range(STEPS):
        path[step] = weights.T
        weights -= rate / SAMPLES * (inputs.T @ (inputs @ weights - targets))
    return PCA(svd_solver="full").fit(path.reshape(-1, INPUTS))


def _deviation(ours: TrajectoryPCA, library: PCA) -> float:
    """Of all variances, over the largest; a library divides by one point less."""
    points = STARTS * STEPS
    theirs = library.explained_variance_ * (points - 1) / points
    return float(np.abs(ours.variances - theirs).max() / theirs[0])

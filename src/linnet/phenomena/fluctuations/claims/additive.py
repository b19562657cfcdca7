"""SGD with noise that ignores the weights: one input, the same for all samples.

Every batch then has the Hessian of all samples. Curvature, momentum and sampling make a
process; `epochs` and `momentum` look at many of them.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from linnet.network import Weights
from linnet.numerics import Estimate
from linnet.phenomena.fluctuations import theory
from linnet.phenomena.fluctuations.claims import runs
from linnet.study import Problem

if TYPE_CHECKING:
    from linnet.dynamics import Trajectory

SAMPLES, BATCH = 90, 9
BATCHES = SAMPLES // BATCH
RATE = 0.05
SAVES, STRIDE = BATCHES, 4 * BATCHES + 1  # every phase in turn
MEMORIES = 3  # relaxation times, after which a run from both sides counts as settled
BALL = 8  # the same, of the velocity, which starts at rest


@dataclass(frozen=True)
class Process:
    """How one mode is trained."""

    curvature: float
    momentum: float = 0.0
    reshuffled: bool = True


def noise_factor() -> float:
    """Of a batch of distinct samples, in epochs or not."""
    return theory.batch_noise("epochs", SAMPLES, BATCH)


def noise(problem: Problem) -> float:
    """Variance of single gradients at curvature one, mean over outputs."""
    assert problem.dataset is not None  # canonical problems have one
    return float(problem.dataset.targets.var(axis=0).mean())


def chains(problem: Problem) -> int:
    """Chains of every run, half of them from either side."""
    return 256 if problem.quick else 1024


def samples(problem: Problem, process: Process) -> np.ndarray:
    """Mean square of every chain: over its late saves and outputs."""
    return np.asarray(trained(problem, process)["squares"].mean(axis=(0, 2)))


def variances(problem: Problem, processes: list[Process]) -> Estimate:
    """Of every process, over outputs, late saves and chains."""
    found = [Estimate.from_samples(samples(problem, each)) for each in processes]
    return runs.joined(found)


@lru_cache(maxsize=32)
def trained(problem: Problem, process: Process) -> "Trajectory":
    """SGD from both sides: half of the chains start at the minimum."""
    from linnet import dynamics

    dataset = problem.dataset
    assert dataset is not None  # canonical problems have one
    root = np.sqrt(process.curvature)
    minimizer = dataset.targets.mean(axis=0)[:, None] / root

    def squares(weights: Weights) -> np.ndarray:
        return ((weights[0] - minimizer) ** 2)[:, 0]

    sampling: dynamics.AbstractSampling = dynamics.WithoutReplacement()
    if process.reshuffled:
        sampling = dynamics.Epochs()
    update: dynamics.AbstractUpdate = dynamics.PlainUpdate()
    if process.momentum:
        update = dynamics.HeavyBall(process.momentum)
    sgd = dynamics.SGD(
        root * dataset.inputs, dataset.targets, RATE, BATCH, sampling, update
    )
    pace = RATE * process.curvature / (1 - process.momentum)
    first = int(MEMORIES / pace + BALL / (1 - process.momentum))
    return dynamics.simulate(
        sgd,
        (_starts(problem, process, minimizer),),
        steps=[first + STRIDE * i for i in range(SAVES)],
        observe={"squares": squares},
        seed=problem.seed,
    )


def _starts(problem: Problem, process: Process, minimizer: np.ndarray) -> np.ndarray:
    """Chains of one input: at the minimum, and with twice the variance there is.

    Epochs begin at their quietest phase. With momentum the ball is at rest.
    """
    half = chains(problem) // 2
    noise = process.curvature * np.var(_targets(problem), axis=0)
    given = noise, RATE, noise_factor()
    if process.reshuffled:
        h, momentum = np.full(len(noise), process.curvature), process.momentum
        phases = theory.epoch_variance_by_phase(h, *given, BATCHES, momentum)
        variance = phases[:, 0]
    else:
        variance = theory.mode_variance(process.curvature, *given, process.momentum)
    rng = np.random.default_rng(problem.seed)
    drawn = rng.normal(size=(half, len(noise))) * np.sqrt(2 * variance)
    around = np.concatenate([np.zeros_like(drawn), drawn])[:, :, None]
    return minimizer + around


def _targets(problem: Problem) -> np.ndarray:
    assert problem.dataset is not None  # canonical problems have one
    return problem.dataset.targets

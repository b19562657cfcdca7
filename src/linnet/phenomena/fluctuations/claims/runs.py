"""What several claims look at: the minimum, its SGD, the stable learning rates.

`dynamics` is imported inside functions, so that listing claims stays light.
"""

from functools import lru_cache

from linnet.phenomena.fluctuations import theory
from linnet.study import Problem

SAFE_RATE = 0.1  # learning rate in units of the largest mean-square stable one
BATCH = 32
SAMPLING: theory.Sampling = "without_replacement"


@lru_cache(maxsize=4)
def silent(problem: Problem) -> str | None:
    """Why nothing fluctuates on these data, or None."""
    if problem.dataset is None:
        return "SGD needs samples, but only moments are known"
    try:
        found = minimum(problem)
    except ValueError as refusal:
        return str(refusal).rstrip(".")
    least = (found.residuals**2).mean()
    if least <= 1e-20 * (problem.dataset.targets**2).mean():
        return "the data are fitted exactly, so SGD comes to rest"
    return None


@lru_cache(maxsize=8)
def minimum(problem: Problem) -> theory.Minimum:
    """Where a single layer ends, on the row space of the inputs."""
    dataset = problem.dataset
    if dataset is None:
        raise ValueError("Argument `problem` must hold a data set.")
    return theory.least_squares_minimum(dataset.inputs, dataset.targets, reduced=True)


def batch_size(problem: Problem) -> int:
    """The one asked for, or 32, or an eighth of few samples."""
    if problem.batch_size is not None:
        return problem.batch_size
    return max(1, min(BATCH, minimum(problem).samples // 8))


def noise_factor(problem: Problem) -> float:
    """Strength of the noise of a batch of distinct samples."""
    return theory.batch_noise(SAMPLING, minimum(problem).samples, batch_size(problem))


def learning_rate(problem: Problem) -> float:
    """The one asked for, or a tenth of the largest mean-square stable one."""
    if problem.learning_rate is not None:
        return problem.learning_rate
    return SAFE_RATE * stable_rate(problem)


@lru_cache(maxsize=8)
def stable_rate(problem: Problem) -> float:
    """The largest mean-square stable learning rate at this batch size."""
    return theory.largest_stable_rate(minimum(problem), noise_factor(problem))

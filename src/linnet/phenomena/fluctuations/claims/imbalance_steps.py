"""Single steps of a vector network: how its matrix of imbalance drifts."""

from functools import lru_cache

import numpy as np

from linnet.phenomena.fluctuations import theory
from linnet.phenomena.fluctuations.claims import networks, problems, runs
from linnet.study import Problem

INPUTS, SAMPLES = 4, 8000
HIDDEN, OUTPUTS, NOISE = 3, 2, 0.1
RATE, BATCH, CHAINS = 0.05, 4, 256


def wider(problem: Problem) -> Problem:
    """The wider network of which single steps are looked at."""
    return problems.gaussian(
        SAMPLES,
        INPUTS,
        OUTPUTS,
        hidden=HIDDEN,
        noise=NOISE,
        seed=problem.seed,
        quick=problem.quick,
    )


def _window(problem: Problem) -> tuple[int, int]:
    """First and last step of the short runs: relaxed, then as long again."""
    first = networks.relaxed(problem, RATE, BATCH)
    return first, 2 * first if problem.quick else 5 * first


@lru_cache(maxsize=4)
def predicted(problem: Problem) -> np.ndarray:
    """Mean change per step along the mean path, upper triangle."""
    window = np.array(_window(problem))
    one, two = theory.gauge_path(
        runs.minimum(problem),
        networks.layers(problem),
        window,
        RATE,
        networks.noise_factor(problem, BATCH),
    )
    return _changes(one, two)[0] / np.diff(window)


def _changes(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Change of the imbalance between saves, upper triangle: (saves - 1, ..., m)."""
    imbalance = second.swapaxes(-1, -2) @ second - first @ first.swapaxes(-1, -2)
    rows, columns = np.triu_indices(imbalance.shape[-1])
    return np.diff(imbalance[..., rows, columns], axis=0)


@lru_cache(maxsize=4)
def observed(problem: Problem) -> np.ndarray:
    """The same of every chain, (chains, entries)."""
    first, last = _window(problem)
    start = networks.layers(problem)
    seen = networks.chains(
        problem,
        start,
        rate=RATE,
        batch=BATCH,
        replicas=CHAINS,
        steps=[first, last],
    )
    return _changes(*networks.split(seen, start))[0] / (last - first)

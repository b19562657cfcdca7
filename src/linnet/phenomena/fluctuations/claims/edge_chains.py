"""Chains of SGD at its edge, and how well so many can show it.

A sample of norm x adds x^4 to the second moment, so a few outliers may make the edge
of a whole data set by themselves. Chains that hardly ever draw them show another edge,
and an error bar that knows nothing of them.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from linnet.network import Weights
from linnet.phenomena.fluctuations import theory
from linnet.phenomena.fluctuations.claims import runs
from linnet.study import Problem

if TYPE_CHECKING:
    from linnet.dynamics import Trajectory

SIZES, QUICK = (1, 8, 64), (1,)  # of batches, beside the one in use
DRAWS = 100  # of the samples that make the edge, by all chains together,
ENOUGH = 4000  # and when more chains would only take time
ROWS = 4  # starts that share their batches, as outputs of one layer
ENTRIES = 1e7  # numbers in the batches and weights of all chains at once
BYTES = 100  # that a run takes for each of them, about
FEWEST, MOST = 256, 8192  # chains
AXES = 6  # single principal inputs that are looked at
DEFINITE = 1e-9  # least eigenvalue over the largest of a matrix that is definite
TRIAL, STRIDE = 16, 4  # steps of the chains in the figure


def batch_sizes(problem: Problem) -> list[int]:
    """Those with a prediction: the one in use, and some that n allows."""
    n = runs.minimum(problem).samples
    known = QUICK if problem.quick else SIZES
    sizes = {size for size in known if size <= max(n // 2, 1)}
    return sorted(sizes | ({runs.batch_size(problem)} - {n}))


def edges(problem: Problem, sizes: list[int]) -> np.ndarray:
    """Largest learning rate that is stable in mean square, by batch size."""
    return np.array([critical(problem, size)[0] for size in sizes])


def seen_sizes(problem: Problem) -> list[int]:
    """Batch sizes at which the samples that make the edge are drawn often enough."""
    sizes = batch_sizes(problem)
    return [size for size in sizes if _draws(problem, size)[0] >= DRAWS]


def axes(problem: Problem, size: int) -> np.ndarray:
    """A few single principal inputs whose growth so many chains can show as well."""
    seen = _draws(problem, size)[1:] >= DRAWS
    variances = np.diag(critical(problem, size)[1])
    kept = np.flatnonzero(seen & (variances > DEFINITE * variances.max()))
    if len(kept) <= AXES:
        return kept
    return kept[np.linspace(0, len(kept) - 1, AXES).round().astype(int)]


def makers(problem: Problem, size: int) -> float:
    """How many samples make the edge: their participation number in fourth moments."""
    return float(_participation(problem, size)[0])


def is_definite(problem: Problem, size: int) -> bool:
    """Whether what is neutral at the edge fills all directions."""
    values = np.linalg.eigvalsh(critical(problem, size)[1])
    return bool(values[0] > DEFINITE * values[-1])


def count(problem: Problem, size: int) -> int:
    """As many chains as are needed and memory holds, within bounds."""
    limit = problem.memory_limit
    entries = ENTRIES if limit is None else min(ENTRIES, limit / BYTES)
    n, d = runs.minimum(problem).samples, runs.minimum(problem).basis.shape[0]
    needed = ENOUGH * n / (size * makers(problem, size))
    return int(np.clip(min(needed, entries / ((size + ROWS) * d)), FEWEST, MOST))


@lru_cache(maxsize=32)
def critical(problem: Problem, size: int) -> tuple[float, np.ndarray]:
    """The edge, and the second moment that neither grows nor shrinks there."""
    minimum = runs.minimum(problem)
    noise = theory.batch_noise(runs.SAMPLING, minimum.samples, size)
    return theory.critical_covariance(minimum, noise)


def step(problem: Problem, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Starts along principal inputs, and the gradients of the batches of one step.

    Both `(chains, rows, r)`. Starts are Gaussian, of the critical covariance; there is
    no label noise.
    """
    basis = runs.minimum(problem).basis
    rate = 1 / runs.minimum(problem).curvatures[0]  # any one shows the gradient
    run = _run(problem, size, rate, [0, 1], _layer)
    before, after = np.asarray(run["seen"]) @ basis
    return before, (before - after) / rate


@lru_cache(maxsize=8)
def chains(problem: Problem, size: int, factor: float) -> np.ndarray:
    """Second moment along the critical covariance: `(times, chains)`, some steps on."""
    rate = factor * critical(problem, size)[0]
    steps = list(range(0, TRIAL + 1, STRIDE))
    return _run(problem, size, rate, steps, _weighted(problem, size))["seen"]


def _run(
    problem: Problem,
    size: int,
    rate: float,
    steps: list[int],
    observable: Callable[[Weights], np.ndarray],
) -> "Trajectory":
    """SGD without label noise, from starts of the critical covariance."""
    from linnet.dynamics import SGD, WithoutReplacement, simulate

    dataset = problem.dataset
    assert dataset is not None  # `applies` refused
    values, directions = np.linalg.eigh(_critical_inputs(problem, size))
    rng = np.random.default_rng([problem.seed, size])
    n, d = dataset.inputs.shape
    drawn = rng.normal(size=(count(problem, size), ROWS, d))
    starts = drawn * np.sqrt(np.maximum(values, 0)) @ directions.T
    return simulate(
        SGD(dataset.inputs, np.zeros((n, ROWS)), rate, size, WithoutReplacement()),
        (starts,),
        steps=steps,
        observe={"seen": observable},
        seed=problem.seed,
        memory_limit=problem.memory_limit,
    )


def _critical_inputs(problem: Problem, size: int) -> np.ndarray:
    """The critical covariance in the coordinates of the inputs."""
    basis = runs.minimum(problem).basis
    return basis @ critical(problem, size)[1] @ basis.T


def _layer(weights: Weights) -> np.ndarray:
    return weights[0]


@lru_cache(maxsize=32)
def _weighted(problem: Problem, size: int) -> Callable[[Weights], np.ndarray]:
    """Its second moment; one function for all runs, which compile it once."""
    whole = _critical_inputs(problem, size)

    def observable(weights: Weights) -> np.ndarray:
        return ((weights[0] @ whole) * weights[0]).sum()

    return observable


def _draws(problem: Problem, size: int) -> np.ndarray:
    """How often all chains together draw the samples that matter."""
    n = runs.minimum(problem).samples
    return count(problem, size) * size / n * _participation(problem, size)


@lru_cache(maxsize=32)
def _participation(problem: Problem, size: int) -> np.ndarray:
    """Samples that make the gain: of the edge first, then along every input alone."""
    x, whole = runs.minimum(problem).coordinates, critical(problem, size)[1]
    lengths = np.einsum("ni,ni->n", x @ whole, x)
    gains = lengths[:, None] * np.column_stack([lengths, x**2])
    squares = (gains**2).sum(0)
    return gains.sum(0) ** 2 / np.where(squares > 0, squares, 1)

"""Single layers far from the continuum: three processes, each predicted and trained."""

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from linnet.network import Weights
from linnet.phenomena.fluctuations import theory
from linnet.phenomena.fluctuations.claims import runs
from linnet.study import Problem

if TYPE_CHECKING:
    from linnet.dynamics import Trajectory

BATCH = 4
PACE = 0.3  # learning rate in units of the largest mean-square stable one
MEMORIES = 12  # relaxation times, after which the start is forgotten
LATE = 48  # saves that are averaged
APART = 0.125  # of that time, from one of them to the next


@dataclass(frozen=True)
class Case:
    """One process: how batches are drawn, and what is done with the gradient."""

    name: str
    sampling: theory.Sampling
    momentum: float = 0.0


CASES = (
    Case("with replacement", "with_replacement"),
    Case("distinct samples", "without_replacement"),
    Case("momentum 0.9", "without_replacement", 0.9),
)


def _noise_factor(problem: Problem, case: Case) -> float:
    return theory.batch_noise(case.sampling, runs.minimum(problem).samples, BATCH)


@lru_cache(maxsize=8)
def _rate(problem: Problem, case: Case) -> float:
    """The same share of the stable one; momentum takes 1/(1 - beta) times the step."""
    noise = _noise_factor(problem, case)
    edge = theory.largest_stable_rate(runs.minimum(problem), noise)
    return PACE * edge * (1 - case.momentum)


@lru_cache(maxsize=8)
def exact(problem: Problem, case: Case) -> np.ndarray:
    """Covariance over the flat weights."""
    minimum, noise = runs.minimum(problem), _noise_factor(problem, case)
    rate = _rate(problem, case)
    if case.momentum:
        blocks = theory.exact_momentum_covariance(minimum, rate, noise, case.momentum)
    else:
        blocks = theory.exact_covariance(minimum, rate, noise)
    return minimum.full(blocks)


def continuum(problem: Problem, case: Case) -> np.ndarray:
    """Covariance of a diffusion; momentum only makes it faster."""
    minimum, noise = runs.minimum(problem), _noise_factor(problem, case)
    rate = _rate(problem, case) / (1 - case.momentum)
    return minimum.full(theory.continuum_covariance(minimum, rate, noise))


def _settled(problem: Problem, case: Case) -> int:
    """Steps until the start is forgotten."""
    rate = _rate(problem, case) / (1 - case.momentum)
    slow = theory.relaxation_steps(runs.minimum(problem), rate)
    return int(np.ceil(MEMORIES * (slow + 1 / (1 - case.momentum))))


@lru_cache(maxsize=8)
def trained(problem: Problem, case: Case) -> "Trajectory":
    """SGD from both sides; the first half of the chains starts at the minimum."""
    from linnet import dynamics

    dataset = problem.dataset
    assert dataset is not None  # canonical problems have one
    minimizer = problem.moments.minimizer().end_to_end
    upper = np.triu_indices(minimizer.size)
    first = _settled(problem, case)
    early = np.unique(np.geomspace(1, first // 3, 12).astype(int))
    late = first + int(np.ceil(APART * first)) * np.arange(1, LATE + 1)

    def products(weights: Weights) -> np.ndarray:
        gap = (weights[0] - minimizer).ravel()
        return gap[upper[0]] * gap[upper[1]]

    sampling: dynamics.AbstractSampling = {
        "with_replacement": dynamics.WithReplacement(),
        "without_replacement": dynamics.WithoutReplacement(),
    }[case.sampling]
    update: dynamics.AbstractUpdate = dynamics.PlainUpdate()
    if case.momentum:
        update = dynamics.HeavyBall(case.momentum)
    sgd = dynamics.SGD(
        dataset.inputs,
        dataset.targets,
        _rate(problem, case),
        BATCH,
        sampling,
        update,
    )
    return dynamics.simulate(
        sgd,
        (_starts(problem, case),),
        steps=[0, *early.tolist(), *late.tolist()],
        observe={"products": products},
        seed=problem.seed,
    )


def _starts(problem: Problem, case: Case) -> np.ndarray:
    """Single layers, shape (chains, k, d): at the minimum, then around it."""
    minimum, pairs = runs.minimum(problem), 400 if problem.quick else 2000
    values, vectors = np.linalg.eigh(exact(problem, case))
    rng = np.random.default_rng([problem.seed, CASES.index(case)])
    drawn = rng.normal(size=(pairs, len(values))) * np.sqrt(2 * np.maximum(values, 0))
    around = (drawn @ vectors.T).reshape(pairs, *minimum.end_to_end.shape)
    return minimum.end_to_end + np.concatenate([np.zeros_like(around), around])


def rise(problem: Problem, case: Case, steps: int) -> np.ndarray:
    """Exact trace of the second moment after 0, 1, ... steps from the minimum."""
    minimum, rate = runs.minimum(problem), _rate(problem, case)
    noise = _noise_factor(problem, case)
    system = theory.second_moment(minimum, rate, noise)
    kick = rate**2 * noise * np.einsum("aaij->ij", theory.gradient_noise(minimum))
    moment, traces = np.zeros_like(kick), [0.0]
    for _ in range(steps):
        moment = moment - rate * system.apply(moment) + kick
        traces.append(float(np.trace(moment)))
    return np.array(traces)

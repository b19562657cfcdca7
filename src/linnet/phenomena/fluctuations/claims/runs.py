"""What several claims look at: the minimum, its SGD, the stable learning rates.

`dynamics` is imported inside functions, so that listing claims stays light.
"""

from bisect import bisect_left
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from linnet.numerics import Estimate
from linnet.phenomena.fluctuations import theory
from linnet.study import Problem

if TYPE_CHECKING:
    from linnet.dynamics import Trajectory

SAFE_RATE = 0.1  # learning rate in units of the largest mean-square stable one
BATCH = 32
COPIES = 5  # of a covariance that are alive while it is solved for
LEFT = 0.01  # of the excess loss, missing where it counts as stationary
MOST_WORK = 4e8  # steps x batch x inputs x outputs of one chain, a minute for all
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
    cutoff = problem.moments.default_cutoff()  # one rank, here and where it is measured
    return theory.least_squares_minimum(
        dataset.inputs, dataset.targets, reduced=True, cutoff=cutoff
    )


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
    if problem.sgd_learning_rate is not None:
        return problem.sgd_learning_rate
    return SAFE_RATE * stable_rate(problem)


@lru_cache(maxsize=8)
def stable_rate(problem: Problem) -> float:
    """The largest mean-square stable learning rate at this batch size."""
    return theory.largest_stable_rate(minimum(problem), noise_factor(problem))


@lru_cache(maxsize=8)
def covariance(problem: Problem) -> np.ndarray:
    """Exact stationary covariance of a single layer, as blocks in the eigenbasis."""
    return theory.exact_covariance(
        minimum(problem), learning_rate(problem), noise_factor(problem)
    )


def unsettled(problem: Problem) -> str | None:
    """Why SGD has no stationary covariance that can be told, or None."""
    reason = silent(problem) or _too_large(problem)
    if reason is not None:
        return reason
    if batch_size(problem) == minimum(problem).samples:
        return "one batch holds all samples, so there is no noise"
    edge, rate = stable_rate(problem), learning_rate(problem)
    if rate < edge:
        return None
    return (
        f"at batches of {batch_size(problem)} the learning rate {rate:.4g} lies beyond"
        f" the largest one that is stable in mean square, {edge:.4g}"
        " (--sgd-learning-rate, --batch-size)"
    )


def _too_large(problem: Problem) -> str | None:
    """Why its covariance does not fit into memory, or None."""
    found, limit = minimum(problem), problem.memory_limit
    size = found.outputs * len(found.variances)
    needed = COPIES * 8.0 * size**2
    if limit is None or needed <= limit:
        return None
    return (
        f"the covariance of {size:,} weights takes about {needed / 2**20:,.0f} MiB, but"
        f" there is room for {limit / 2**20:,.0f} MiB; take fewer inputs or outputs"
    )


@lru_cache(maxsize=16)
def easing(problem: Problem, missing: float) -> int:
    """Steps after which a share of `missing` of the excess loss is not yet there.

    From a start at the minimum, every mode filling up at the pace of its curvature.
    """
    found, rate = minimum(problem), learning_rate(problem)
    share = found.curvatures * np.einsum("aaii->i", covariance(problem))
    share /= share.sum()
    pace = -2 * np.log(np.abs(1 - rate * found.curvatures))

    def is_left(steps: int) -> bool:
        return bool((share * np.exp(-steps * pace)).sum() > missing)

    high = 1
    while is_left(high):
        high *= 2
    return bisect_left(range(high), True, key=lambda steps: not is_left(steps))


def length(problem: Problem) -> int:
    """Steps of a run whose second half is stationary."""
    return 4 * easing(problem, LEFT) + 200


def too_slow(problem: Problem) -> str | None:
    """Why a run to stationarity is out of reach, or None."""
    found = minimum(problem)
    size = batch_size(problem) * found.outputs * found.basis.shape[0]
    cost = float(length(problem)) * size
    if cost <= MOST_WORK:
        return None
    return (
        f"the loss would need about {easing(problem, LEFT):.1e} steps to become"
        " stationary; a larger rate (--sgd-learning-rate), or inputs of one scale"
        " (--scale standard) would shorten that"
    )


def diverged(run: "Trajectory") -> int:
    """Chains that left every bound, of which there should be none."""
    return sum(outcome.kind == "diverged" for outcome in run.outcomes)


def told(diverged: int) -> str:
    """The note on chains that diverged; empty when there are none."""
    return f"{diverged} chains diverged." if diverged else ""


def joined(estimates: list[Estimate]) -> Estimate:
    """Several numbers as one vector."""
    return Estimate(
        np.stack([estimate.value for estimate in estimates]),
        np.stack([estimate.stderr for estimate in estimates]),
        min(estimate.effective_samples for estimate in estimates),
    )

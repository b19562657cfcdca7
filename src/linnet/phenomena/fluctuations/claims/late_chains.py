r"""Chains of SGD on white data, recorded once they have forgotten their start.

Shared by the claims on the shape of the weight covariance. The chains start from
*isotropic* fluctuations of the right size, which is what those claims deny, and burn in
until the slowest pair of principal inputs has kept less than $e^{-3}$ of it: of the
anisotropy a fifth of a per cent is then missing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from linnet.network import Weights
from linnet.numerics import Estimate, jackknife
from linnet.phenomena.fluctuations import theory
from linnet.phenomena.fluctuations.claims import problems, runs
from linnet.study import Problem

Statistic = Callable[[np.ndarray], float | np.ndarray]

SAMPLES = 800
SIZES = (80, 200, 400)  # inputs; quick: without the last
BATCH = 10
SMALL = 0.02  # what the continuum misses: learning rate x batch noise x trace / 2
GROUPS = 16  # independent groups of chains
CHAINS = 256  # fewer where inputs are many
FORGOTTEN = 3.0  # e-foldings of the slowest pair before the first record,
MORE = 1.0  # and relaxation times of a mode of curvature one
SAVES = 20  # records of every chain
APART = 0.5  # relaxation times of a mode of curvature one from record to record


def sizes(problem: Problem) -> tuple[int, ...]:
    """Numbers of inputs that are looked at."""
    return SIZES[:2] if problem.quick else SIZES


def sized(problem: Problem, inputs: int) -> Problem:
    """The same random problem with another number of inputs."""
    return problems.gaussian(SAMPLES, inputs, seed=problem.seed, quick=problem.quick)


def noise_factor() -> float:
    """Strength of the noise of a batch."""
    return theory.batch_noise(runs.SAMPLING, SAMPLES, BATCH)


def learning_rate(problem: Problem) -> float:
    """So small that the continuum misses two per cent."""
    trace = runs.minimum(problem).variances.sum()
    return float(2 * SMALL / (noise_factor() * trace))


@lru_cache(maxsize=4)
def covariance(problem: Problem) -> np.ndarray:
    """Exact covariance on these data, in the eigenbasis of the inputs, `(d, d)`."""
    blocks = theory.exact_covariance(
        runs.minimum(problem), learning_rate(problem), noise_factor()
    )
    return blocks[0, 0]


def forgetting(minimum: theory.Minimum, rate: float) -> int:
    """Steps in which chains forget where they started."""
    return int((FORGOTTEN / (2 * minimum.curvatures.min()) + MORE) / rate)


@dataclass(frozen=True, eq=False)
class Chains:
    """Records about the minimum, shape `(chains, saves, d)`, one group after another.

    Attributes:
        records: Weights minus the minimizer.
        lost: Chains that diverged, and stood still since.
    """

    records: np.ndarray
    lost: int

    @property
    def covariances(self) -> np.ndarray:
        """Of every group about the minimum, independent, unbiased `(groups, d, d)`."""
        chains, saves, d = self.records.shape
        each = self.records.reshape(GROUPS, -1, d)
        return each.transpose(0, 2, 1) @ each / (chains // GROUPS * saves)


@lru_cache(maxsize=3)
def chains(problem: Problem) -> Chains:
    """Run SGD from isotropic fluctuations."""
    from linnet.dynamics import SGD, WithoutReplacement, simulate

    dataset = problem.dataset
    assert dataset is not None  # canonical problems have one
    d = dataset.inputs.shape[1]
    rate = learning_rate(problem)
    minimizer = problem.moments.minimizer().end_to_end
    count = CHAINS if d <= 200 else CHAINS // 2
    rng = np.random.default_rng([problem.seed, d])
    residual = dataset.targets - dataset.inputs @ minimizer.T
    size = np.sqrt(rate * noise_factor() * (residual**2).mean() / 2)
    first = forgetting(runs.minimum(problem), rate)
    run = simulate(
        SGD(dataset.inputs, dataset.targets, rate, BATCH, WithoutReplacement()),
        (minimizer + size * rng.normal(size=(count, 1, d)),),
        steps=[first + round(save * APART / rate) for save in range(SAVES)],
        observe={"weights": _flat},
        seed=problem.seed,
        precision="float64" if d <= 200 else "float32",
        memory_limit=problem.memory_limit,
    )
    records = np.asarray(run["weights"], dtype=float).transpose(1, 0, 2) - minimizer[0]
    return Chains(records, runs.diverged(run))


def lost(problem: Problem) -> str:
    """Chains that diverged, of which there should be none."""
    return runs.told(sum(chains(sized(problem, d)).lost for d in sizes(problem)))


def unbiased_anisotropy(covariances: np.ndarray) -> Estimate:
    r"""$d\,\mathrm{tr}V^2/(\mathrm{tr}V)^2 - 1$ from independent unbiased estimates.

    Traces of products of *different* estimates only, for the square of one holds its
    own noise; the error by the jackknife.
    """
    groups, d, _ = covariances.shape
    flat = covariances.reshape(groups, -1)
    products = flat @ flat.T
    traces = np.einsum("gii->g", covariances)

    def value(keep: np.ndarray) -> float:
        inner, trace = products[np.ix_(keep, keep)], traces[keep]
        cross = inner.sum() - np.trace(inner)
        square = trace.sum() ** 2 - (trace**2).sum()
        return float(d * cross / square - 1)

    return jackknifed(value, groups)


def jackknifed(value: Statistic, groups: int) -> Estimate:
    """A statistic of the groups with these indices, with its error; as it is."""
    everyone = np.arange(groups)

    def without(left: int) -> float | np.ndarray:
        return value(np.delete(everyone, left))

    return jackknife(value(everyone), without, groups, removes_bias=False)


def _flat(weights: Weights) -> np.ndarray:
    return weights[0][0]

"""Real data, split: a half that theory sees, and training and test rows in the other.

The rows are halved at random, and each half serves once as the reference, from which
the population is estimated, and once as the pool, from which training sets are drawn;
what a training set leaves of its pool tests it.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from linnet.network import IsotropicFirstLayer, Weights, end_to_end
from linnet.phenomena.anisotropy import theory
from linnet.phenomena.anisotropy.claims import question
from linnet.shapes import Float
from linnet.study import Problem
from linnet.task import Moments

SEEN = 1e-7  # least variance of a direction, in units of the largest one
HORIZON = 1e5  # last time of one layer, in units of the largest variance
SETTLED = 10.0  # or so many e-folds of the slowest direction
SAVES = 60
LEAST_TRAINING, LEAST_TEST = 20, 50
ENOUGH = 3  # rows of a reference for each direction


@dataclass(frozen=True, eq=False)
class Paths:
    """Where curves are read, common to all splits of one training size.

    Attributes:
        one: Times of one layer.
        two: Times of two layers.
        ridge: Penalties.
    """

    one: Float[np.ndarray, " T"]
    two: Float[np.ndarray, " T"]
    ridge: Float[np.ndarray, " P"]


@dataclass(frozen=True, eq=False)
class Errors:
    """Test errors along `Paths`; rows are splits, or references.

    Attributes:
        one: Of one layer.
        two: Of two layers.
        ridge: Of ridge regression.
    """

    one: Float[np.ndarray, "rows T"]
    two: Float[np.ndarray, "rows T"]
    ridge: Float[np.ndarray, "rows P"]


@dataclass(frozen=True, eq=False)
class Reference:
    """A population as estimated from one half of the rows.

    Attributes:
        spectrum: Its directions, each of the same share, and the teacher on them.
        noise: What a linear map leaves of the output, a standard deviation.
        signal: Share of the mean square of the output that a linear map explains.
    """

    spectrum: theory.PopulationSpectrum
    noise: float
    signal: float


@lru_cache(maxsize=8)
def samples(problem: Problem) -> tuple[np.ndarray, np.ndarray]:
    """Inputs, and the one output that is asked."""
    data = problem.dataset
    assert data is not None  # what `applies` is for
    return data.inputs, data.targets @ question.output(problem)


def rank(problem: Problem) -> int:
    """Directions of some variance; the others are left out of the theory."""
    variances = np.linalg.eigvalsh(problem.moments.xx)
    return int((variances > SEEN * variances[-1]).sum())


def sizes(problem: Problem) -> tuple[int, ...]:
    """Training sets: of two samples for each direction, and of half a sample."""
    r, pool = rank(problem), len(samples(problem)[0]) // 2
    wanted = (max(2 * r, LEAST_TRAINING), r // 2)
    return tuple(n for n in wanted if LEAST_TRAINING <= n <= pool - LEAST_TEST)


@lru_cache(maxsize=8)
def halves(problem: Problem) -> tuple[tuple[np.ndarray, np.ndarray], ...]:
    """Rows of reference and pool; each halving of the rows is used both ways."""
    n, found = len(samples(problem)[0]), []
    for halving in range(2 if problem.quick else 4):
        rows = np.random.default_rng([problem.seed, halving]).permutation(n)
        first, second = rows[: n // 2], rows[n - n // 2 :]
        found += [(first, second), (second, first)]
    return tuple(found)


@lru_cache(maxsize=8)
def references(problem: Problem) -> tuple[Reference, ...]:
    """The population as each reference half tells it."""
    inputs, output = samples(problem)
    return tuple(estimated(inputs[half], output[half]) for half, _ in halves(problem))


def estimated(
    inputs: Float[np.ndarray, "n d"], output: Float[np.ndarray, " n"]
) -> Reference:
    r"""Spectrum, teacher and noise of a sample.

    With $r$ directions $\sigma^2$ is the residual sum over $n-r$, and $\sigma^2/n$ over
    the variance is taken off each squared component of the teacher, which least squares
    has too much; where that is more than there is, none is left, and the others are
    reduced so that the power of the signal stays without bias.
    """
    n = len(inputs)
    variances, basis = np.linalg.eigh(inputs.T @ inputs / n)
    kept = variances > SEEN * variances[-1]
    variances, basis = variances[kept][::-1], basis[:, kept][:, ::-1]
    teacher = basis.T @ (inputs.T @ output) / n / variances
    residual = output - inputs @ basis @ teacher
    noise = residual @ residual / (n - len(variances))
    power = float(variances @ teacher**2 - noise * len(variances) / n)
    left = np.clip(teacher**2 - noise / (n * variances), 0, None)
    total = float(variances @ left)
    scale = max(power, 0.0) / total if total > 0 else 0.0
    shares = np.full(len(variances), 1 / len(variances))
    spectrum = theory.PopulationSpectrum(variances, shares, scale * left)
    signal = max(power, 0.0) / (max(power, 0.0) + noise)
    return Reference(spectrum, float(np.sqrt(noise)), signal)


@lru_cache(maxsize=16)
def paths(problem: Problem, size: int) -> Paths:
    """Times from before anything is learned to where nothing more is, if affordable."""
    given, r = question.moments(problem), rank(problem)
    variances = np.linalg.eigvalsh(given.xx)[-r:]
    top, shares = float(variances[-1]), np.full(r, 1 / r)
    spectrum = theory.PopulationSpectrum(variances, shares, shares)
    slowest = theory.support_edges(spectrum, r / size)[0]
    last = min(HORIZON / top, SETTLED / slowest if slowest > 0 else np.inf)
    length = float(np.linalg.norm(given.minimizer().end_to_end))
    drive = float(np.linalg.norm(given.yx))
    grown = np.log(4 * length / problem.init_scale) / (2 * drive)
    return Paths(
        one=np.geomspace(0.01 / top, last, SAVES),
        two=np.unique(
            np.r_[
                np.linspace(0.1, 1.5, 15) * grown,
                np.geomspace(1.6 * grown, 1.6 * grown + last / length, SAVES - 15),
            ]
        ),
        ridge=top * np.geomspace(1e-7, 100, SAVES),
    )


@lru_cache(maxsize=16)
def observed(problem: Problem, size: int) -> Errors:
    """Test errors of all splits, each from training of its own."""
    inputs, output = samples(problem)
    along, rows = paths(problem, size), []
    for index, (_, pool) in enumerate(halves(problem)):
        rng = np.random.default_rng([problem.seed, size, index])
        for _ in range(_per_pool(problem)):
            drawn = rng.permutation(pool)
            train, test = drawn[:size], drawn[size:]
            given = Moments.of_data(inputs[train], output[train, None])
            maps = (
                one_layer(given, along.one),
                two_layers(problem, given, along.two),
                _ridge(given, along.ridge),
            )
            gaps = (w @ inputs[test].T - output[test] for w in maps)
            rows.append([(gap**2).mean(-1) for gap in gaps])
    return Errors(*(np.array(part) for part in zip(*rows, strict=True)))


def _per_pool(problem: Problem) -> int:
    """Splits of each pool: many where networks are small, and errors vary much."""
    inputs = len(problem.moments.xx)
    return int(np.clip(160 // inputs, 2, 8))


def one_layer(
    moments: Moments, times: Float[np.ndarray, " T"]
) -> Float[np.ndarray, "T d"]:
    """Gradient flow of one layer from zero: linear, so solved mode by mode."""
    variances, basis = np.linalg.eigh(moments.xx)
    moved = variances > moments.default_cutoff()
    variances, basis = variances[moved], basis[:, moved]
    learned = -np.expm1(-np.outer(times, variances)) / variances
    return learned * (moments.yx[0] @ basis) @ basis.T


def _ridge(
    moments: Moments, penalties: Float[np.ndarray, " P"]
) -> Float[np.ndarray, "P d"]:
    variances, basis = np.linalg.eigh(moments.xx)
    return (moments.yx[0] @ basis) / (variances + penalties[:, None]) @ basis.T


def two_layers(
    problem: Problem, moments: Moments, times: Float[np.ndarray, " T"]
) -> Float[np.ndarray, "T d"]:
    """Gradient flow of all weights of the network."""
    from linnet.dynamics import GradientFlow, simulate

    d = len(moments.xx)
    rng = np.random.default_rng(problem.seed)
    start = IsotropicFirstLayer(problem.init_scale).weights((d, problem.hidden, 1), rng)
    run = simulate(
        GradientFlow(_of_full_rank(moments)),
        start,
        times=times.tolist(),
        observe={"product": _product},
        tolerance=1e-6,
        memory_limit=problem.memory_limit,
    )
    return run["product"]


def _of_full_rank(moments: Moments) -> Moments:
    """The same, unseen directions of a variance too small to matter.

    Else every split would be of another rank, and compile programs of its own.
    """
    variances, basis = np.linalg.eigh(moments.xx)
    unseen = variances <= 2 * moments.default_cutoff()
    variances[unseen] = 4 * moments.default_cutoff()
    return Moments((basis * variances) @ basis.T, moments.yx, moments.yy, moments.n)


def _product(weights: Weights) -> np.ndarray:
    return end_to_end(weights)[0]

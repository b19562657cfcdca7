"""Claim: by how much the continuum limit of SGD is too small, in high dimension."""

from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from linnet.network import Weights
from linnet.numerics import Estimate
from linnet.phenomena.fluctuations import theory
from linnet.phenomena.fluctuations.claims import problems, runs
from linnet.phenomena.fluctuations.claims.source import CanonicalClaim
from linnet.study import Figure, Panel, Problem, Quantities, Series, ZTest
from linnet.study.verdict import Status

if TYPE_CHECKING:
    from linnet.dynamics import Trajectory

RATIO = "sum of variances / that of the continuum, per learning rate"
BATCH = 10
RATES = (1.0, 2.0, 4.0, 8.0, 15.0)  # learning rate x inputs
SHOWN = 3  # the rate at which the way is shown
BETWEEN = (1.4, 2.8, 5.6, 11.0)  # the same, where the line has more points
TIME = 8.0  # learning rate x steps, longer by as much as near the edge all is slower
EARLY, LATE = 12, 24


class ExactAgainstContinuum(CanonicalClaim):
    """Where the continuum limit ends, long before the learning rate is large."""

    name: ClassVar[str] = "exact_against_continuum"
    statement: ClassVar[str] = (
        "The continuum limit of SGD is too small by a factor that is set by learning"
        " rate × batch noise × sum of all curvatures, not by the largest curvature, and"
        " that diverges at the edge of stability in mean square."
    )
    formula: ClassVar[str] = (
        r"\frac{\operatorname{tr} V}{\operatorname{tr} V_{\mathrm{cont}}} \approx"
        r" \frac{1}{1 - \eta\kappa \operatorname{tr} H / 2}"
    )
    domain: ClassVar[str] = (
        "One layer on a fixed data set, four samples per input, independent batches of"
        " distinct samples. What is judged is the exact covariance; the formula is its"
        " rule of thumb, good to a tenth where the factor is below two, and the better"
        " the more inputs. Observed: pairs of chains, from the minimum and from twice"
        " the covariance."
    )
    elsewhere: ClassVar[str] = "it scans learning rates; `noise_floor` asks data at one"
    wrong_theory: ClassVar[str] = "the continuum limit, a ratio of one"

    def canonical(self, seed: int, quick: bool) -> Problem:
        """Many inputs; fewer, when quick, at the same small parameters."""
        n, d = (400, 100) if quick else (2000, 500)
        return problems.gaussian(n, d, seed=seed, quick=quick)

    def status(self, problem: Problem) -> Status:
        """The ratio is that of the exact covariance."""
        return "exact"

    def test(self, problem: Problem, label: str) -> ZTest:
        """Standard errors over pairs of chains."""
        return ZTest()

    def predict(self, problem: Problem) -> Quantities:
        """From the exact second moment."""
        return {RATIO: np.array([_ratio(problem, rate) for rate in rates(problem)])}

    def wrong(self, problem: Problem) -> Quantities:
        """One, at every rate."""
        return {RATIO: np.ones(len(RATES))}

    def observe(self, problem: Problem) -> Quantities:
        """Late averages over both chains of a pair, in units of the continuum's."""
        samples = [_paired(problem, rate) for rate in rates(problem)]
        return {RATIO: runs.joined([Estimate.from_samples(each) for each in samples])}

    def note(self, problem: Problem) -> str:
        """Chains that left every bound, of which there should be none."""
        each = [_trained(problem, rate) for rate in rates(problem)]
        return runs.told(sum(map(runs.diverged, each)))

    def figure(self, problem: Problem) -> Figure:
        """The ratio against learning rate, and the way to it."""
        return Figure(
            name=self.name,
            caption=(
                "Left: how much more the weights of SGD fluctuate than the continuum"
                " limit says, against learning rate; the exact prediction goes through"
                " the dots. Dashed: the continuum itself; dotted: the rule of thumb"
                r" $1/(1-\eta\kappa\,\mathrm{tr}H/2)$, and, upright, the edge beyond"
                " which the second moment has no limit. Full-batch descent would be"
                f" stable up to {_full_edge(problem):.2g}. Right: one of these rates,"
                " step by step: chains that start at the minimum and chains that start"
                " with twice too large fluctuations meet at the exact level."
            ),
            panels=(_against_rate(problem), _way(problem)),
        )


def rates(problem: Problem) -> list[float]:
    """Learning rates at which SGD runs."""
    return [value / problem.moments.xx.shape[0] for value in RATES]


def _full_edge(problem: Problem) -> float:
    return float(2 / runs.minimum(problem).curvatures[0])


def _noise_factor(problem: Problem) -> float:
    return theory.batch_noise(runs.SAMPLING, runs.minimum(problem).samples, BATCH)


@lru_cache(maxsize=32)
def _continuum(problem: Problem, rate: float) -> float:
    """Trace of the covariance of a diffusion."""
    minimum, noise = runs.minimum(problem), _noise_factor(problem)
    blocks = theory.continuum_covariance(minimum, rate, noise)
    return float(np.einsum("aaii->", blocks))


def _exact(problem: Problem, rate: float) -> np.ndarray:
    """Covariance in the eigenbasis, of the only output."""
    minimum, noise = runs.minimum(problem), _noise_factor(problem)
    return theory.exact_covariance(minimum, rate, noise, tolerance=1e-10)[0, 0]


@lru_cache(maxsize=32)
def _ratio(problem: Problem, rate: float) -> float:
    return float(np.trace(_exact(problem, rate))) / _continuum(problem, rate)


def _small(problem: Problem, rate: float) -> float:
    return theory.small_parameter(runs.minimum(problem), rate, _noise_factor(problem))


def _pairs(problem: Problem) -> int:
    return 256 if problem.quick else 32


def _paired(problem: Problem, rate: float) -> np.ndarray:
    """Mean of each pair of chains over late saves, in units of the continuum."""
    late = _trained(problem, rate)["size"][-LATE:].mean(0)
    both = late.reshape(2, -1).mean(0)
    return np.asarray(both / _continuum(problem, rate))


@lru_cache(maxsize=2 * len(RATES))
def _trained(problem: Problem, rate: float) -> "Trajectory":
    """SGD from both sides; the first half of the chains starts at the minimum."""
    from linnet.dynamics import SGD, WithoutReplacement, simulate

    dataset = problem.dataset
    assert dataset is not None  # canonical problems have one
    minimizer = problem.moments.minimizer().end_to_end
    last = int(TIME / (rate * (1 - _small(problem, rate))))
    early = np.linspace(0, last // 2, EARLY, endpoint=False).astype(int)
    late = np.linspace(last // 2, last, LATE).astype(int)

    def size(weights: Weights) -> np.ndarray:
        return ((weights[0] - minimizer) ** 2).sum()

    sampling = WithoutReplacement()
    return simulate(
        SGD(dataset.inputs, dataset.targets, rate, BATCH, sampling),
        (_starts(problem, rate),),
        steps=[*early.tolist(), *late.tolist()],
        observe={"size": size},
        seed=problem.seed,
        precision="float32",
    )


def _starts(problem: Problem, rate: float) -> np.ndarray:
    """Single layers, shape (chains, 1, d): at the minimum, then around it."""
    minimum, pairs = runs.minimum(problem), _pairs(problem)
    values, vectors = np.linalg.eigh(2 * _exact(problem, rate))
    rng = np.random.default_rng(problem.seed)
    drawn = rng.normal(size=(pairs, 1, len(values))) * np.sqrt(np.maximum(values, 0))
    around = drawn @ vectors.T @ minimum.basis.T
    return minimum.end_to_end + np.concatenate([np.zeros_like(around), around])


def _against_rate(problem: Problem) -> Panel:
    d = problem.moments.xx.shape[0]
    line = np.array(sorted([*RATES, *BETWEEN])) / d
    law = np.array([_ratio(problem, rate) for rate in line])
    rule = np.array([1 / (1 - _small(problem, rate)) for rate in line])
    seen = ExactAgainstContinuum().observe(problem)[RATIO]
    assert isinstance(seen, Estimate)
    asked = np.array(rates(problem))
    edge = theory.largest_stable_rate(runs.minimum(problem), _noise_factor(problem))
    upright = np.array([1.0, float(law.max())])
    return Panel(
        title="where the continuum ends",
        x_label="learning rate",
        y_label="sum of variances / continuum",
        series=(
            Series(line, law, "exact"),
            Series(asked, seen.value, "SGD", "simulation", 0, seen.stderr),
            Series(line, np.ones(len(line)), "continuum", "wrong"),
            Series(line, rule, "rule of thumb", "guide"),
            Series(np.full(2, edge), upright, "edge in mean square", "guide"),
        ),
        x_scale="log",
        y_scale="log",
    )


def _way(problem: Problem) -> Panel:
    rate = rates(problem)[SHOWN]
    run, unit = _trained(problem, rate), _continuum(problem, rate)
    steps = np.asarray(run.steps, dtype=float)
    ends, level = steps[[0, -1]], _ratio(problem, rate)
    series = [Series(ends, np.full(2, level), "exact")]
    sides = ("from the minimum", "from twice too much")
    for color, label in enumerate(sides):
        half = slice(color * _pairs(problem), (color + 1) * _pairs(problem))
        seen = Estimate.from_samples(run["size"][:, half].T / unit)
        series.append(
            Series(steps, seen.value, label, "simulation", color, seen.stderr)
        )
    series.append(Series(ends, np.ones(2), "continuum", "wrong"))
    return Panel(
        title=f"the way there, learning rate {rate:g}",
        x_label="step",
        y_label="sum of variances / continuum",
        series=tuple(series),
    )

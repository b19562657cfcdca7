"""Claim: the risk of trained networks, against strength and alignment of the spike."""

from functools import lru_cache
from itertools import product
from typing import ClassVar

import numpy as np

from linnet.numerics import Estimate
from linnet.phenomena.anisotropy import theory
from linnet.phenomena.anisotropy.claims import solutions
from linnet.phenomena.anisotropy.claims.solutions import Setting
from linnet.phenomena.anisotropy.claims.source import CanonicalClaim
from linnet.study import Bound, Figure, Panel, Problem, Quantities, Series, ZTest
from linnet.study.verdict import Status

RAW = "excess risk"
PER_POWER = "excess risk per signal power"
TRAINED = "excess risk of trained networks, each"
RATIOS = (1.5, 2.0, 5.0)
ALIGNMENTS = (0.0, 0.5, 1.0)
CLOSE = 1e-3
NETWORKS = 1  # trained for each strength, alignment and ratio


class FinalRisk(CanonicalClaim):
    """More inputs than samples, no label noise: what the data cannot tell."""

    name: ClassVar[str] = "final_risk"
    statement: ClassVar[str] = (
        "Without label noise every spike along the task helps a trained network to"
        " generalize, per unit of signal power; but for a task of fixed length and more"
        " than two inputs a sample a moderate one hurts, up to a strength beyond which"
        " it helps too."
    )
    formula: ClassVar[str] = (
        r"\frac{\mathbb E E}{b^2} = A^2\,\mathbb E[q(1+\rho q)] + \frac{1-A^2}{d-1}"
        r"\big(d-n-1+\mathbb E[(1-q)(1+\rho q)]\big) \to \Big(1-\frac1\gamma\Big)"
        r"\Big[1-A^2+A^2\frac{(1+\rho)\gamma^2}{(\gamma+\rho)^2}\Big],\quad"
        r" \rho_{\text{worst}} = \gamma-2,\quad \rho_{\text{even}} = \gamma(\gamma-2)"
    )
    domain: ClassVar[str] = (
        "Gaussian inputs with one spike, more inputs than samples, no label noise, any"
        " training of both layers from a small start that ends at a minimum. The mean"
        " over data sets is exact for every number of samples; its limit is drawn"
        " dotted. Trained networks are compared one by one with the solution of least"
        " norm of their data; the means are over many more data sets, solved at once."
    )
    wrong_theory: ClassVar[str] = "isotropic inputs (the spike ignored)"

    def canonical(self, seed: int, quick: bool) -> Problem:
        """One data set of many, with five inputs a sample."""
        setting = Setting(_samples(quick), 5 * _samples(quick), 3.0, 1.0)
        title = f"data sets of {setting.n} samples, {RATIOS[0]:g} to 5 inputs a sample"
        return solutions.canonical(setting, title, seed, quick)

    def status(self, problem: Problem) -> Status:
        """At every size."""
        return "exact"

    def test(self, problem: Problem, label: str) -> ZTest | Bound:
        """Means by errors over data sets; networks up to their small start."""
        return Bound(CLOSE, "each") if label == TRAINED else ZTest()

    def predict(self, problem: Problem) -> Quantities:
        """Averages over one Beta variable, and one solution for each network."""
        n = _samples(problem.quick)
        risk = theory.finite_risk(n, *_grid(problem))
        return {
            RAW: risk.value(),
            PER_POWER: risk.value(theory.RiskConvention("signal_power")),
            TRAINED: _least_norm_risks(problem),
        }

    def wrong(self, problem: Problem) -> Quantities:
        """What white inputs would leave, everywhere."""
        d, strengths, alignments = np.broadcast_arrays(*_grid(problem))
        n = _samples(problem.quick)
        white = theory.finite_risk(n, d, 0.0 * strengths, alignments).excess
        each = np.repeat(white.ravel(), NETWORKS)
        return {RAW: white, PER_POWER: white, TRAINED: each}

    def observe(self, problem: Problem) -> Quantities:
        """Risks of least-norm solutions and of networks, against the true task."""
        seen, per_power = _solved(problem), _solved(problem) / _power(problem)
        given = problem.seed, NETWORKS
        networks = [solutions.trained_risks(s, *given) for s in _settings(problem)]
        return {
            RAW: Estimate.from_samples(seen),
            PER_POWER: Estimate.from_samples(per_power),
            TRAINED: np.concatenate(networks),
        }

    def note(self, problem: Problem) -> str:
        """Whether every network came to rest."""
        given = problem.seed, NETWORKS
        ends = [solutions.trained(each, *given) for each in _settings(problem)]
        return solutions.told_unfinished(sum(end.unfinished for end in ends))

    def figure(self, problem: Problem) -> Figure:
        """Risk against the strength of the spike, for three ratios."""
        return Figure(
            name=self.name,
            caption=(
                "How much of the task is not learned in the end, against the strength"
                " of the spike, for three numbers of inputs a sample. A spike across"
                " the task changes next to nothing; along the task it helps at once"
                " with up to two inputs a sample (left, middle). With five (right) it"
                f" hurts first, most at {_worst(5.0):g}, and helps beyond"
                f" {_even(5.0):g} only (upright lines). Dots: means over"
                f" {_sets(problem)} data sets of {_samples(problem.quick)} samples;"
                " lines: exact means for this size; dotted: the limit of large data."
            ),
            panels=tuple(_panel(problem, i) for i in range(len(RATIOS))),
        )


def _samples(quick: bool) -> int:
    return 40 if quick else 150


def _sets(problem: Problem) -> int:
    """Data sets behind each mean."""
    return 300 if problem.quick else 200


def _strengths(problem: Problem) -> tuple[float, ...]:
    every = (0.3, 1.0, 3.0, 7.0, 15.0, 40.0)
    return (1.0, 3.0, 15.0, 40.0) if problem.quick else every


def _grid(problem: Problem) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Inputs, strengths and alignments: they broadcast, ratios first."""
    d = np.rint(_samples(problem.quick) * np.array(RATIOS)).astype(int)
    strengths = np.array(_strengths(problem))
    return d[:, None, None], strengths[:, None], np.array(ALIGNMENTS)


@lru_cache(maxsize=8)
def _settings(problem: Problem) -> tuple[Setting, ...]:
    """In the order of the grid."""
    n = _samples(problem.quick)
    grid = product(RATIOS, _strengths(problem), ALIGNMENTS)
    return tuple(Setting(n, round(n * ratio), *spike) for ratio, *spike in grid)


def _solved(problem: Problem) -> np.ndarray:
    """Risks: data sets first, then the grid."""
    given = ALIGNMENTS, problem.seed, _sets(problem)
    asked = _settings(problem)[:: len(ALIGNMENTS)]
    found = [solutions.solved_risks(setting, *given) for setting in asked]
    shape = len(RATIOS), len(_strengths(problem)), -1, len(ALIGNMENTS)
    return np.moveaxis(np.array(found).reshape(shape), 2, 0)


def _power(problem: Problem) -> np.ndarray:
    """Risk of the map that is zero, over the grid."""
    power = [
        solutions.true_risk(setting, problem.seed, np.zeros((1, setting.d)))
        for setting in _settings(problem)
    ]
    return np.array(power).reshape(len(RATIOS), -1, len(ALIGNMENTS))


def _least_norm_risks(problem: Problem) -> np.ndarray:
    """Of the data set of every network: its limit from a start of zero."""
    found = []
    for setting in _settings(problem):
        task = setting.task(problem.seed)
        sigma, target = task.covariance.matrix(), task.target
        zero = np.zeros((1, setting.d)), np.zeros((1, 1))
        for data in solutions.drawn(setting, problem.seed, NETWORKS):
            given = data.inputs, data.targets, zero
            gap = theory.trained_limit(*given, np.zeros(1)) - target
            found.append(gap @ sigma @ gap)
    return np.array(found)


def _worst(ratio: float) -> float:
    return float(theory.harmful_spikes(ratio).worst)


def _even(ratio: float) -> float:
    return float(theory.harmful_spikes(ratio).most)


def _panel(problem: Problem, at: int) -> Panel:
    ratio, n = RATIOS[at], _samples(problem.quick)
    d, line = round(n * ratio), np.geomspace(0.2, 60.0, 80)
    seen = Estimate.from_samples(_solved(problem)[:, at])
    strengths = np.array(_strengths(problem))
    series = []
    for color, a in enumerate(ALIGNMENTS):
        exact = theory.finite_risk(n, d, line, a).excess
        series.append(Series(line, exact, f"alignment {a:g}", "theory", color))
        value, error = seen.value[:, color], seen.stderr[:, color]
        series.append(Series(strengths, value, "", "simulation", color, error))
        limit = theory.limit_risk(line, a, ratio).excess
        series.append(Series(line, limit, "", "guide"))
    white = np.full(2, theory.finite_risk(n, d, 0.0, 0.0).excess)
    series.append(Series(line[[0, -1]], white, "spike ignored", "wrong"))
    if ratio > 2:
        for place in (_worst(ratio), _even(ratio)):
            top = float(theory.limit_risk(place, 1.0, ratio).excess)
            ends = np.array([0.0, top])
            series.append(Series(np.full(2, place), ends, "", "guide"))
    return Panel(
        title=f"{ratio:g} inputs a sample",
        x_label="spike strength",
        y_label="excess risk",
        series=tuple(series),
        x_scale="log",
    )

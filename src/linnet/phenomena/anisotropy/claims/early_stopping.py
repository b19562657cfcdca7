"""Claim: which way of holding back is best, ridge or stopping, one layer or two."""

from typing import ClassVar

import numpy as np

from linnet.numerics import Estimate
from linnet.phenomena.anisotropy import measure
from linnet.phenomena.anisotropy.claims import expected_curves, trained_sets
from linnet.phenomena.anisotropy.claims.source import CanonicalClaim
from linnet.phenomena.anisotropy.claims.trained_sets import ONE, RIDGE, TWO, Best, Kind
from linnet.study import Figure, Panel, Problem, Quantities, Series, ZTest
from linnet.study.verdict import Status

EQUAL, ALIGNED = Kind(0.5, 0.0, 0.0), Kind(0.5, 1.0, 5.0)
OTHERS = (
    Kind(0.5, 1.0, 20.0),
    Kind(0.5, 0.6, 5.0),
    Kind(2, 0.6, 5.0),
    Kind(2, 0.3, 20.0),
    Kind(4, 0.6, 20.0),
)
PAIRS, QUICK_PAIRS = 80, 18
BEST = "best risk of ridge, one layer, two layers"
GAINS = "gain of one layer over ridge, of two layers over one"
NAMES = (RIDGE, ONE, TWO)
CLEAR = 3.0  # standard errors from which on a gain is told from none


class EarlyStopping(CanonicalClaim):
    """Early stopping is a penalty of another shape, and depth changes the shape."""

    name: ClassVar[str] = "early_stopping"
    statement: ClassVar[str] = (
        "On noisy data whose teacher lies along the one strong direction of the inputs"
        " a network stopped early beats the best ridge penalty, and two layers beat"
        " one; with inputs of equal variance the ranking is reversed."
    )
    source: ClassVar[str] = (
        "Watanabe, Karakida and Teramae 2026 (statement: alignment improves"
        " generalization); the ranking and its condition derived here"
    )
    formula: ClassVar[str] = (
        r"\min_t E_2 < \min_t E_1 < \min_r E_{\mathrm{ridge}}\ \text{(aligned)},\quad"
        r" \min_r E_{\mathrm{ridge}} < \min_t E_1 < \min_t E_2\ \text{(isotropic)}"
    )
    domain: ClassVar[str] = (
        "Gaussian inputs, noise of deviation 0.7 on labels of a teacher of length one,"
        " small starts. The best value is that of the mean risk over data sets, at one"
        " time or penalty for all of them, in the limit of many inputs and samples at a"
        " fixed ratio. That limit matters: at finite size two layers lose more than one"
        " layer and ridge, since data sets differ in when they start to learn, and may"
        " fall behind where their gain is small. Which ranking holds in between depends"
        " on the ratio, the spike and the cosine, all of which enter the prediction."
        " Derived here."
    )
    wrong_theory: ClassVar[str] = (
        "early stopping is ridge by another name: all three reach the same risk"
    )

    def canonical(self, seed: int, quick: bool) -> Problem:
        """Of equal variances and aligned, and what lies in between."""
        return trained_sets.problem(ALIGNED, _pairs(quick), seed, quick)

    def status(self, problem: Problem) -> Status:
        """Many inputs and samples."""
        return "asymptotic"

    def test(self, problem: Problem, label: str) -> ZTest:
        """Standard errors over pairs; of differences, over the same pairs."""
        return ZTest()

    def predict(self, problem: Problem) -> Quantities:
        """Minima of the deterministic equivalents."""
        least = np.array([_expected(kind) for kind in kinds(problem)])
        return {BEST: least.ravel(), GAINS: -np.diff(least).ravel()}

    def wrong(self, problem: Problem) -> Quantities:
        """Ridge thrice."""
        ridge = np.array([_expected(kind)[:1] for kind in kinds(problem)])
        least = np.repeat(ridge, len(NAMES), axis=1)
        return {BEST: least.ravel(), GAINS: -np.diff(least).ravel()}

    def observe(self, problem: Problem) -> Quantities:
        """Minima of mean risks; all three from the same data sets."""
        every = [seen(problem, kind) for kind in kinds(problem)]
        values = [found.value for three in every for found in three.values()]
        gained = [gain for three in every for gain in gains(three)]
        return {BEST: _joined(values), GAINS: _joined(gained)}

    def note(self, problem: Problem) -> str:
        """Nothing: training is as long as asked."""
        return ""

    def figure(self, problem: Problem) -> Figure:
        """Two extremes, and all gains."""
        return Figure(
            name=self.name,
            caption=(
                "Mean excess risk over random data sets. Left: all inputs vary equally;"
                " the best ridge penalty (dotted) is better than any time to stop, and"
                " one layer better than two. Middle: the teacher lies along the strong"
                " direction of the inputs, and the order is reversed. Right: what two"
                " layers gain over one, in per cent of the risk of ridge, for all kinds"
                f" of data; below zero is a loss.{_sized(problem)} {_resolved(problem)}"
            ),
            panels=(
                _curves(problem, EQUAL),
                _curves(problem, ALIGNED),
                _gain_panel(problem),
            ),
        )


def kinds(problem: Problem) -> tuple[Kind, ...]:
    """The two extremes, and others unless time presses."""
    return (EQUAL, ALIGNED) if problem.quick else (EQUAL, ALIGNED, *OTHERS)


def _pairs(quick: bool) -> int:
    return QUICK_PAIRS if quick else PAIRS


def _expected(kind: Kind) -> np.ndarray:
    """Best risks of ridge, one layer, two layers."""
    found = expected_curves.regularizers(kind)
    return np.array([found.ridge, found.one_layer.risk, found.two_layers.risk])


def seen(problem: Problem, kind: Kind) -> dict[str, Best]:
    """Best values of ridge, one layer, two layers, free of their term 1 / n."""
    return trained_sets.limit_bests(kind, _pairs(problem.quick), problem.seed)


def gains(three: dict[str, Best]) -> tuple[Estimate, Estimate]:
    """Of one layer over ridge and of two over one, on the same data sets."""
    ridge, one, two = (three[name].rows for name in NAMES)
    return measure.paired_difference(ridge, one), measure.paired_difference(one, two)


def _joined(parts: list[Estimate]) -> Estimate:
    """All as the entries of one vector."""
    value, stderr = ([getattr(x, k) for x in parts] for k in ("value", "stderr"))
    return Estimate(np.array(value), np.array(stderr), parts[0].effective_samples)


def _resolved(problem: Problem) -> str:
    """How many gains the data sets show by themselves, against none."""
    z, signs = [], []
    for kind in kinds(problem):
        z += [float(gain.z(0.0)) for gain in gains(seen(problem, kind))]
        signs += list(-np.diff(_expected(kind)))
    clear = np.abs(z) > CLEAR
    right = (np.sign(z) == np.sign(signs))[clear].sum()
    return (
        f"{clear.sum()} of {len(z)} gains differ from zero by more than {CLEAR:g}"
        f" standard errors, {right} of them in the direction predicted."
    )


def _sized(problem: Problem) -> str:
    """What small data sets show; too few of them, if time presses."""
    if problem.quick:
        return ""
    return (
        " Small data sets lie below what is predicted for large ones: they differ in"
        " when two layers start to learn, and one time to stop cannot suit them all."
    )


def _curves(problem: Problem, kind: Kind) -> Panel:
    """Risk of both networks along training, beside the best ridge."""
    pairs = trained_sets.limit(kind, _pairs(problem.quick), problem.seed)
    times = np.geomspace(kind.times[1], kind.times[-1], 200)
    ridge = np.full(2, expected_curves.regularizers(kind).ridge)
    series = [Series(times[[0, -1]], ridge, "best ridge", "guide", 2)]
    for color, (layers, rows) in enumerate(((ONE, pairs.one), (TWO, pairs.two))):
        expected = expected_curves.curve(kind, layers, times).risk
        found = Estimate.from_samples(rows.risk[:, 1::3])
        series += [
            Series(times, expected, layers, "theory", color),
            Series(
                kind.times[1::3], found.value, "", "simulation", color, found.stderr
            ),
        ]
    return Panel(
        title=kind.name,
        x_label="time (learning rate × steps)",
        y_label="excess risk",
        series=tuple(series),
        x_scale="log",
        y_scale="log",
    )


def _gain_panel(problem: Problem) -> Panel:
    """Of two layers over one, observed against predicted, in per cent of ridge."""
    shown, side = kinds(problem), trained_sets.INPUTS[0]
    least = np.array([_expected(kind) for kind in shown])
    unit = least[:, 0] / 100
    expected = (least[:, 1] - least[:, 2]) / unit
    ends = np.array([expected.min(), expected.max()])
    found = {"extrapolated": [seen(problem, kind) for kind in shown]}
    if not problem.quick:
        sets = [trained_sets.trained(k, side, PAIRS, problem.seed) for k in shown]
        found[f"{side} inputs"] = list(map(trained_sets.bests, shown, sets))
    series = [
        Series(ends, ends, "", "theory", 1),
        Series(ends, np.zeros(2), "no gain", "wrong"),
    ]
    for color, (text, every) in enumerate(found.items(), start=1):
        gained = _joined([gains(three)[1] for three in every])
        value, error = gained.value / unit, gained.stderr / unit
        series.append(Series(expected, value, text, "simulation", color, error))
    return Panel(
        title="two layers over one",
        x_label="predicted gain (% of ridge)",
        y_label="observed gain (% of ridge)",
        series=tuple(series),
    )

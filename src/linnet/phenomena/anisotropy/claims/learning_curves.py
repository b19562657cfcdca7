"""Claim: the whole learning curve at a finite ratio of inputs to samples."""

from typing import ClassVar

import numpy as np

from linnet.numerics import Estimate
from linnet.phenomena.anisotropy.claims import expected_curves, trained_sets
from linnet.phenomena.anisotropy.claims.source import CanonicalClaim
from linnet.phenomena.anisotropy.claims.trained_sets import ONE, TWO, Best, Curves, Kind
from linnet.study import Figure, Panel, Problem, Quantities, Series, ZTest
from linnet.study.figure import Scale
from linnet.study.verdict import Observed, Status

KINDS = (Kind(2, 0.6, 5.0), Kind(0.5, 0.6, 5.0))  # the first one alone, if in haste
PAIRS, QUICK_PAIRS = 80, 28
JUDGED = (0.5, 1.0, 2.0, 8.0)  # times, which lie far apart: points of a curve correlate
RISK, ERROR = "risk", "training error"
LEARNED = "learned along spike and rest"
WHEN, LEAST = "best time", "risk at the best time"
LAYERS = (ONE, TWO)


class LearningCurves(CanonicalClaim):
    """What the average data set does to training, from its first to its last step."""

    name: ClassVar[str] = "learning_curves"
    statement: ClassVar[str] = (
        "How good a network is on average at every moment of its training is known in"
        " advance for random noisy data with one strong direction, with one layer and"
        " with two: its risk falls, is lowest at a time that can be computed, and rises"
        " again while the training error only falls."
    )
    source: ClassVar[str] = (
        "Watanabe, Karakida and Teramae 2026 (statement: covariance and its alignment"
        " with the task decide generalization); learning curves derived here"
    )
    formula: ClassVar[str] = (
        r"\mathbb{E}\,(w - \beta)^\top\Sigma(w - \beta) = \int_C\int_C"
        r"\frac{dz\,dz'}{(2\pi i)^2zz'}\,\frac{h(z)h(z')\,\beta^\top R\Sigma R'\beta}"
        r"{1 - \mathrm{tr}\,SS'/n} + \frac{\sigma^2}{n}\mathrm{tr}\,\Sigma"
        r" G^2\hat\Sigma,\quad R = (I + \tilde m(z)\Sigma)^{-1} = I - S,\ h = 1 - zG"
    )
    domain: ClassVar[str] = (
        "Gaussian inputs with one spike on equal variances, Gaussian label noise, small"
        " steps (half a per cent off gradient flow, in time). One layer starts from"
        " zero; two layers start small, at an effective amplitude that the start alone"
        " gives, and hardly move at first, when this start still counts. Means over"
        " data sets of many inputs and samples at a fixed ratio: those of one size are"
        " off by a few times 1 / n of the risk, and by up to 15 / n while two layers"
        " start to learn, as data sets differ in when they do. Two sizes are seen, and"
        " this term drops out of what is judged. One data set deviates by much more:"
        " like 2 over the root of n. Derived here."
    )
    wrong_theory: ClassVar[str] = (
        "training on samples is training on the population: the risk falls forever, and"
        " the training error with it, down to the noise"
    )

    def canonical(self, seed: int, quick: bool) -> Problem:
        """Twice as many inputs as samples, and half as many."""
        return trained_sets.problem(KINDS[0], _pairs(quick), seed, quick)

    def status(self, problem: Problem) -> Status:
        """Many inputs and samples."""
        return "asymptotic"

    def test(self, problem: Problem, label: str) -> ZTest:
        """Standard errors over pairs of data sets."""
        return ZTest()

    def predict(self, problem: Problem) -> Quantities:
        """Contours around the spectrum of data sets."""
        out: dict[str, Observed] = {}
        for kind in kinds(problem):
            for layers in LAYERS:
                curves = _theory(kind, layers, kind.times)
                stop = expected_curves.stopping(kind, layers)
                out |= _named(kind, layers, _read(curves), stop.time, stop.risk)
        return out

    def wrong(self, problem: Problem) -> Quantities:
        """Infinitely many samples for each input."""
        out: dict[str, Observed] = {}
        for kind in kinds(problem):
            for layers in LAYERS:
                curves = _population(kind, layers, kind.times)
                out |= _named(kind, layers, _read(curves), np.inf, 0.0)
        return out

    def observe(self, problem: Problem) -> Quantities:
        """Networks trained on pairs of data sets, free of the term 1 / n."""
        out: dict[str, Observed] = {}
        for kind in kinds(problem):
            for layers in LAYERS:
                curves = _seen(problem, kind, layers)
                stop = _stop(problem, kind, layers)
                rows = {k: Estimate.from_samples(v) for k, v in _read(curves).items()}
                out |= _named(kind, layers, rows, stop.place, stop.value)
        return out

    def note(self, problem: Problem) -> str:
        """Nothing: training is as long as asked."""
        return ""

    def figure(self, problem: Problem) -> Figure:
        """Risk along training, and what is learned when."""
        first = KINDS[0]
        risks = [_risk_panel(problem, kind) for kind in kinds(problem)]
        errors = [_error_panel(problem, first)] if len(risks) == 1 else []
        return Figure(
            name=self.name,
            caption=(
                "Means over random data sets. Lines are computed before any training,"
                f" dots are {_pairs(problem.quick)} pairs of data sets on which all"
                " weights were trained, extrapolated to many inputs and samples. The"
                " risk falls, is lowest at the predicted best time (vertical dots), and"
                " rises again while the training error only falls; training on"
                " the population (dashed) knows no best time. Last panel: what"
                " the teacher has along the strong direction of the inputs (spike) is"
                " learned early, and by two layers all at once after a wait; the rest"
                " comes late, and with fewer samples than inputs never all of it."
            ),
            panels=(*risks, *errors, _learned_panel(problem, first)),
        )


def kinds(problem: Problem) -> tuple[Kind, ...]:
    """One kind if time presses."""
    return KINDS[:1] if problem.quick else KINDS


def _pairs(quick: bool) -> int:
    return QUICK_PAIRS if quick else PAIRS


def _seen(problem: Problem, kind: Kind, layers: str) -> Curves:
    found = trained_sets.limit(kind, _pairs(problem.quick), problem.seed)
    return found.one if layers == ONE else found.two


def _stop(problem: Problem, kind: Kind, layers: str) -> Best:
    return trained_sets.limit_bests(kind, _pairs(problem.quick), problem.seed)[layers]


def _theory(kind: Kind, layers: str, times: np.ndarray) -> Curves:
    found = expected_curves.curve(kind, layers, times)
    return Curves(found.risk, found.training_error, *found.learned)


def _population(kind: Kind, layers: str, times: np.ndarray) -> Curves:
    few = expected_curves.MANY_SAMPLES
    found = expected_curves.curve(kind, layers, times, aspect_ratio=few)
    return Curves(found.risk, found.training_error, *found.learned)


def _read(curves: Curves) -> dict[str, np.ndarray]:
    """What is judged of curves, at the judged times."""
    at = [int(np.abs(trained_sets.SAVES - time).argmin()) for time in JUDGED]
    learned = np.concatenate([curves.spike[..., at], curves.rest[..., at]], axis=-1)
    risk, error = curves.risk[..., at], curves.training_error[..., at]
    return {RISK: risk, ERROR: error, LEARNED: learned}


def _named(
    kind: Kind,
    layers: str,
    read: dict,
    time: Estimate | float,
    risk: Estimate | float,
) -> dict[str, Observed]:
    """Quantities of one network by their labels."""
    every = read | {WHEN: time, LEAST: risk}
    if kind != KINDS[0]:  # with many samples nearly all is learned, by any theory
        del every[LEARNED]
    return {label(what, kind, layers): value for what, value in every.items()}


def label(what: str, kind: Kind, layers: str) -> str:
    """Of one quantity of one network."""
    return f"{what}, {layers}, {kind.name}"


def _dense(kind: Kind) -> np.ndarray:
    return np.geomspace(kind.times[1], kind.times[-1], 200)


def _risk_panel(problem: Problem, kind: Kind) -> Panel:
    series = _pair(problem, kind, "risk")
    floor = min(s.y.min() for s in series if s.role != "wrong") / 2
    for layers in LAYERS:
        stop = expected_curves.stopping(kind, layers)
        text = "predicted best time" if layers == ONE else ""
        times, risks = np.full(2, stop.time), np.array([floor, stop.risk])
        series.append(Series(times, risks, text, "guide"))
    return _panel(kind.name, "excess risk", series, "log")


def _error_panel(problem: Problem, kind: Kind) -> Panel:
    series = _pair(problem, kind, "training_error")
    return _panel("on the samples themselves", "training error", series, "log")


def _pair(problem: Problem, kind: Kind, part: str) -> list[Series]:
    """One curve of both networks, predicted, seen, and with infinitely many samples."""
    series: list[Series] = []
    times = _dense(kind)
    for color, layers in enumerate(LAYERS):
        expected = getattr(_theory(kind, layers, times), part)
        rows = getattr(_seen(problem, kind, layers), part)
        series.append(Series(times, expected, layers, "theory", color))
        series.append(_dots(kind, rows, color))
    for layers in LAYERS:
        text = "the population" if layers == ONE else ""
        wrong = getattr(_population(kind, layers, times), part)
        series.append(Series(times, wrong, text, "wrong"))
    return series


def _learned_panel(problem: Problem, kind: Kind) -> Panel:
    series: list[Series] = []
    times = _dense(kind)
    for first, layers in enumerate(LAYERS):
        expected, seen = _theory(kind, layers, times), _seen(problem, kind, layers)
        for color, part in ((first, "spike"), (first + 2, "rest")):
            text = f"{part}, {layers}"
            line = Series(times, getattr(expected, part), text, "theory", color)
            series += [line, _dots(kind, getattr(seen, part), color)]
    return _panel("what is learned", "fraction of the teacher", series, "linear")


def _dots(kind: Kind, rows: np.ndarray, color: int) -> Series:
    """Every third saved time."""
    seen = Estimate.from_samples(rows[:, 1::3])
    return Series(kind.times[1::3], seen.value, "", "simulation", color, seen.stderr)


def _panel(title: str, y_label: str, series: list[Series], scale: Scale) -> Panel:
    return Panel(
        title=title,
        x_label="time (learning rate × steps)",
        y_label=y_label,
        series=tuple(series),
        x_scale="log",
        y_scale=scale,
    )

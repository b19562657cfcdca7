"""Claim: how well a network will do on samples of this data that it has not seen.

One half of the samples tells the spectrum, the teacher and the noise; theory makes the
whole learning curve of a training set of them, as if inputs were Gaussian. Training
sets are then drawn from the other half, and the rest of it tests what they teach.
"""

from typing import ClassVar

import numpy as np

from linnet.phenomena.anisotropy import measure
from linnet.phenomena.anisotropy.claims import generalization, question, splits
from linnet.phenomena.anisotropy.claims.source import AnisotropyClaim
from linnet.study import Bound, Figure, Panel, Problem, Quantities, Series
from linnet.study.verdict import Status
from linnet.study.words import number

BEST = "best test error (one layer, two layers, ridge)"
STOPPED = "test error when stopped as predicted (one layer, two layers)"
END = "test error at the end of training (one layer, two layers)"
CHANCE = "the target does not depend on the inputs by more than chance"
SMALL = 0.05  # start over solution from which on it is not small
MOST_INPUTS = 256  # that many networks can be trained for
NAMES = ("one layer", "two layers", "best ridge")


class DataGeneralization(AnisotropyClaim):
    """Test error along training on real data, one and two layers, and ridge."""

    name: ClassVar[str] = "data_generalization"
    statement: ClassVar[str] = (
        "How well one and two layers trained on a part of this data do on the rest, at"
        " every time and when stopped at the best one, follows from the spectrum of the"
        " inputs and from where the target lies in it."
    )
    formula: ClassVar[str] = (
        r"\mathrm{test\ error}(t) = \beta^\top h_t\Sigma h_t\beta"
        r" + \frac{\sigma^2}{n}\,\mathrm{tr}\,\Sigma G_t^2\hat\Sigma + \sigma^2,"
        r"\qquad h_t = 1 - \hat\Sigma G_t(\hat\Sigma)"
    )
    domain: ClassVar[str] = (
        "Derived for Gaussian inputs and noise and infinitely many of both at a fixed"
        " ratio, so a heuristic on data. Of several outputs the combination that varies"
        " most with the inputs is asked. Each half of the samples serves once as"
        r" reference, which tells $\Sigma$, $\beta$ and $\sigma$, and once as pool for"
        " training and test; theory sees the reference alone, and all is averaged over"
        " halvings. Error bars are over splits of the same samples. Judged within 15 %:"
        " with 20 training samples corrections to infinite size alone reach 10 %."
    )
    wrong_theory: ClassVar[str] = "the training error is the test error"
    of_data: ClassVar[bool] = True
    has_canonical: ClassVar[bool] = False

    def canonical(self, seed: int, quick: bool) -> None:
        """Only data can ask it."""

    def applies(self, problem: Problem) -> str | None:
        """Data with enough samples for reference, training and test."""
        return _too_little(problem) or _unanswered(problem)

    def status(self, problem: Problem) -> Status:
        """Real inputs are not Gaussian."""
        return "heuristic"

    def test(self, problem: Problem, label: str) -> Bound:
        """Each error within 15 %, and the wrong theory off by twice as much."""
        return Bound(0.15, relative_to="each", margin=2.0)

    def predict(self, problem: Problem) -> Quantities:
        """From the reference halves."""
        best = np.array(
            [generalization.best_predicted(problem, n) for n in splits.sizes(problem)]
        )
        ends = [
            generalization.ends(generalization.predicted(problem, n)[0])
            for n in splits.sizes(problem)
        ]
        return {BEST: best, STOPPED: best[:, :2], END: np.array(ends)}

    def wrong(self, problem: Problem) -> Quantities:
        """Who looks at the training error alone trains to the end, without penalty."""
        fits = [generalization.predicted(problem, n)[1] for n in splits.sizes(problem)]
        least = np.array([generalization.means(fit).min(-1) for fit in fits])
        ends = np.array([generalization.ends(fit) for fit in fits])
        return {BEST: least, STOPPED: least[:, :2], END: ends}

    def observe(self, problem: Problem) -> Quantities:
        """Trained on splits of the pools."""
        seen = [splits.observed(problem, n) for n in splits.sizes(problem)]
        best = [
            [e.value for e in generalization.best_observed(problem, n)]
            for n in splits.sizes(problem)
        ]
        stopped = [
            [e.value for e in generalization.stopped_observed(problem, n)]
            for n in splits.sizes(problem)
        ]
        return {
            BEST: np.array(best),
            STOPPED: np.array(stopped),
            END: np.array([generalization.ends(errors) for errors in seen]),
        }

    def note(self, problem: Problem) -> str:
        """How much of the error is noise, and what was not looked at."""
        told = [_told(problem, n) for n in splits.sizes(problem)]
        half = splits.rank(problem) // 2
        if half not in splits.sizes(problem):
            told.append(
                f"Fewer training samples than directions, {half}, were not tried: at"
                f" least {splits.LEAST_TRAINING} are needed for training and"
                f" {splits.LEAST_TEST} of the pool for the test."
            )
        return " ".join(told)

    def figure(self, problem: Problem) -> Figure:
        """Test errors against time, one panel for each training size."""
        return Figure(
            name=self.name,
            caption=(
                "Error on samples that were not trained on, while training goes on."
                " Lines: predicted from the other half of the data. Dots: networks"
                " trained on random splits, with the standard error over splits. Time"
                " runs in units of the predicted best time to stop (dotted), of each"
                " network by itself. Dashed: the training error, which knows nothing"
                " of the rise."
            ),
            panels=tuple(_panel(problem, n) for n in splits.sizes(problem)),
        )


def _too_little(problem: Problem) -> str | None:
    """What the data lack, before anything is computed."""
    if problem.dataset is None:
        return "it splits samples, and only moments are known"
    r, (n, d) = splits.rank(problem), problem.dataset.inputs.shape
    if d > MOST_INPUTS:
        return f"networks of more than {MOST_INPUTS} inputs take long on many splits"
    if n // 2 < splits.ENOUGH * r:
        return (
            f"half of the samples, {n // 2}, must tell the variances of {r} directions"
            f" and the target along them, for which {splits.ENOUGH * r} are needed"
        )
    if not splits.sizes(problem):
        return (
            f"half of the samples, {n // 2}, must leave at least {splits.LEAST_TEST}"
            f" for the test after {max(2 * r, splits.LEAST_TRAINING)} for training"
        )
    length = np.linalg.norm(question.moments(problem).minimizer().end_to_end)
    if problem.init_scale > SMALL * length:
        return (
            f"it is a law of small starts, here up to {SMALL * length:.3g}; lower"
            " --init-scale"
        )
    return None


def _unanswered(problem: Problem) -> str | None:
    """Why theory has no answer."""
    if any(not one.signal > 0 for one in splits.references(problem)):
        return CHANCE
    try:
        for n in splits.sizes(problem):
            generalization.predicted(problem, n)
    except ArithmeticError as error:
        return (
            f"the variances of its inputs are too unequal for theory ({error});"
            " `--scale standard` makes them alike"
        )
    return None


def _told(problem: Problem, size: int) -> str:
    """What the errors of one training size are made of, and how far it went."""
    noise = generalization.noise_power(problem)
    best = float(generalization.best_predicted(problem, size)[0]) - noise
    seen = float(generalization.best_observed(problem, size)[0].value) - noise
    ends = [
        generalization.ends(errors)[0]
        for errors in (
            splits.observed(problem, size),
            generalization.predicted(problem, size)[0],
        )
    ]
    told = (
        f"Trained on {size} samples, one layer at its best is {number(best, 3)} above"
        f" the noise of {number(noise, 3)} as predicted, {number(seen, 3)} as seen; in"
        f" the end its error is {number(float(ends[0] / ends[1]), 3)} times that of"
        " Gaussian inputs."
    )
    last, places = splits.SAVES - 1, generalization.stops(problem, size)
    late = [NAMES[k] for k in (0, 1) if places[k] == last]
    if not late:
        return told
    return (
        f"{told} The predicted error of {' and '.join(late)} still falls at the last"
        " time that can be afforded; `--scale standard` speeds up."
    )


def _panel(problem: Problem, size: int) -> Panel:
    seen, (test, fit) = (
        splits.observed(problem, size),
        generalization.predicted(problem, size),
    )
    along, stops = (
        splits.paths(problem, size),
        generalization.stopping_times(problem, size),
    )
    series, shown = [], slice(None, None, 3)
    for k, part in enumerate(("one", "two")):
        x = getattr(along, part) / stops[k]
        band = measure.curve_band(getattr(seen, part)).mean
        line = getattr(test, part).mean(0)
        series.append(Series(x, line, NAMES[k], "theory", k))
        dots = (x[shown], band.value[shown], NAMES[k])
        series.append(Series(*dots, "simulation", k, band.stderr[shown]))
    x = along.one / stops[0]
    ridge = generalization.best_observed(problem, size)[2]
    level = np.full(2, generalization.best_predicted(problem, size)[2])
    heights = np.array([s.y for s in series if s.role == "theory"])
    low, high = heights.min(), heights.max()
    series += [
        Series(x[[0, -1]], level, NAMES[2], "theory", 2),
        Series(x[[-1]], np.array([ridge.value]), NAMES[2], "simulation", 2,
               np.array([ridge.stderr])),
        Series(x, fit.one.mean(0), "training error", "wrong"),
        Series(np.ones(2), np.array([low, high]), "predicted stop", "guide"),
    ]  # fmt: skip
    r = splits.rank(problem)
    return Panel(
        title=f"{size} training samples, {r} directions",
        x_label="time / predicted best time",
        y_label=generalization.TEST_ERROR.name,
        series=tuple(series),
        x_scale="log",
        y_scale="log",
    )

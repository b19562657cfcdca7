"""Claim: what the spectra of real data, and their slopes, say of random tasks."""

from collections.abc import Callable
from typing import ClassVar

import numpy as np

from linnet.numerics import Estimate
from linnet.phenomena.sloppiness import theory
from linnet.phenomena.sloppiness.claims import ensembles, slope_runs
from linnet.phenomena.sloppiness.claims.problems import posed_dataset
from linnet.phenomena.sloppiness.claims.slope_runs import (
    DIMENSIONS,
    SCALES,
    SETS,
    Phase,
)
from linnet.phenomena.sloppiness.claims.source import CanonicalClaim
from linnet.shapes import Float
from linnet.study import Figure, Panel, Problem, Quantities, Series, ZTest
from linnet.study.figure import Scale
from linnet.study.verdict import Status
from linnet.task import load

STEEPER = "slope of the cloud over that of the inputs, early, standardized"
SLOPED = "standardized"  # the spectra whose clouds are asked for slopes

Spectrum = Callable[[str, str], Float[np.ndarray, " r"]]


class DataSlopes(CanonicalClaim):
    """Data sets that come with scikit-learn."""

    name: ClassVar[str] = "data_slopes"
    statement: ClassVar[str] = (
        "On real data, the spectrum of the inputs tells how much of the motion of"
        " networks with tasks of their own lies outside of three dimensions. Its slope"
        " alone does not, because real spectra are not straight; it does tell that"
        " early in training the networks spread three times as steeply as the inputs."
    )
    formula: ClassVar[str] = (
        r"1-e_3 = \frac{\sum_{i>3}v_i}{\sum_iv_i},\quad"
        r" v_i = n\lambda_i\langle(1-h_i)^2\rangle;\qquad"
        r" \lambda_i \sim e^{-ci}:\quad 1-e_3 \to e^{-3c}\ \text{(late)},\quad"
        r" e^{-9c}\ \text{(early)}"
    )
    domain: ClassVar[str] = (
        "One linear layer from zero, full-batch descent, targets of normal weights"
        " drawn anew for each network. Exact for the spectrum of the data. Early is a"
        " tenth of the time that the first direction takes; late is after 400 steps"
        " (4000 unless quick) at half the largest stable rate, in which directions with"
        " less than 1/400 of the first one's variance are not learned yet. That the"
        " cloud falls with three times the slope is the limit of short training, and"
        " carries the size of its first correction as an error. The slope is that of"
        " the line through the logarithms of all eigenvalues above rounding."
    )
    wrong_theory: ClassVar[str] = (
        "the slope says it all: the spectrum is the straight line fitted to it (of"
        " slopes: the cloud falls as the inputs do)"
    )
    elsewhere: ClassVar[str] = (
        "it is asked of data sets that come along; of yours, `training_manifold` tells"
    )

    def canonical(self, seed: int, quick: bool) -> Problem:
        """Digits stand for all of them."""
        title = "the data sets of scikit-learn: " + ", ".join(map(_words, SETS))
        digits = load(SETS[0], center=True)
        return posed_dataset(digits, title, seed=seed, quick=quick)

    def status(self, problem: Problem) -> Status:
        """Shares are exact; the slope early in training is a limit."""
        return "asymptotic"

    def test(self, problem: Problem, label: str) -> ZTest:
        """Errors over networks."""
        return ZTest()

    def predict(self, problem: Problem) -> Quantities:
        """From the spectra."""
        return {**_shares(problem, _spectrum), STEEPER: _steeper(problem)}

    def wrong(self, problem: Problem) -> Quantities:
        """From their slopes."""
        return {**_shares(problem, _line), STEEPER: np.ones(len(SETS))}

    def observe(self, problem: Problem) -> Quantities:
        """Networks that are trained on the data."""
        found = {}
        for (preparation, label), phase in _asked(problem).items():
            seen = [
                slope_runs.seen_missing(name, preparation, phase, problem.seed)
                for name in SETS
            ]
            found[label] = ensembles.side_by_side(seen)
        phase = slope_runs.early(problem.quick)
        slopes = [
            slope_runs.seen_slope(name, SLOPED, phase, problem.seed) for name in SETS
        ]
        return {**found, STEEPER: ensembles.side_by_side(slopes)}

    def note(self, problem: Problem) -> str:
        """The slopes themselves, and how straight the spectra are."""
        told = []
        for preparation in SCALES:
            each = [_told(name, preparation) for name in SETS]
            told.append(f"{preparation.capitalize()}: {'; '.join(each)}.")
        return (
            "Slopes c with R² of the line and the slopes of both halves. "
            + " ".join(told)
        )

    def figure(self, problem: Problem) -> Figure:
        """Spectra with their lines, and what was predicted from either."""
        return Figure(
            name=self.name,
            caption=(
                "Networks that learn a task of their own each, on real data. Left:"
                " variances of the inputs, standardized, with straight lines of their"
                " slopes c. Middle, right: how much of the networks' motion lies"
                " outside of three dimensions, a dot for each data set, centered or"
                " standardized. Predicted from the whole spectrum it is on the line;"
                " from the slope alone it is off, by orders of magnitude where a few"
                " directions stand out."
            ),
            panels=(
                _spectra(),
                _against(problem, "late", slope_runs.late(problem.quick)),
                _against(problem, "early", slope_runs.early(problem.quick), "log"),
            ),
        )


def share_label(preparation: str, when: str) -> str:
    """Of what is compared."""
    return f"share outside of three dimensions, {when}, {preparation}"


def _asked(problem: Problem) -> dict[tuple[str, str], Phase]:
    """What is trained, by preparation and label."""
    phases = {
        "late": slope_runs.late(problem.quick),
        "early": slope_runs.early(problem.quick),
    }
    return {
        (preparation, share_label(preparation, when)): phase
        for preparation in SCALES
        for when, phase in phases.items()
    }


def _spectrum(name: str, preparation: str) -> Float[np.ndarray, " r"]:
    inputs = load(name, center=True, scale=SCALES[preparation]).inputs
    return theory.input_directions(inputs).variances


def _line(name: str, preparation: str) -> Float[np.ndarray, " r"]:
    """As many variances on a straight line from the same first one."""
    variances = _spectrum(name, preparation)
    c = slope_runs.slope(name, preparation).slope
    return variances[0] * np.exp(-c * np.arange(len(variances)))


def _shares(problem: Problem, spectrum: Spectrum) -> dict[str, np.ndarray]:
    return {
        label: np.array([_missing(spectrum(name, of), phase) for name in SETS])
        for (of, label), phase in _asked(problem).items()
    }


def _missing(variances: Float[np.ndarray, " r"], phase: Phase) -> float:
    """Closed, at the checkpoints of the runs; a share does not ask for n."""
    moments = theory.random_target_spectrum(
        variances,
        1,
        0.0,
        1.0,
        theory.GradientDescent(phase.step / float(variances[0])),
        theory.given_checkpoints(np.array(slope_runs.at(phase))),
    )
    return float(moments[DIMENSIONS:].sum() / moments.sum())


def _steeper(problem: Problem) -> Estimate:
    r"""Three, with the size of the first correction.

    A factor between 1 and $1-3z_1/4$ turns a line through m logarithms by
    $1.5\,\delta/(m-1)$ at most.
    """
    slopes = [slope_runs.slope(name, SLOPED) for name in SETS]
    largest = 0.75 * slope_runs.early(problem.quick).folds
    errors = [1.5 * largest / (each.last - each.first) / each.slope for each in slopes]
    limits = [
        float(theory.regime_slopes(each.slope).target_unlearned) for each in slopes
    ]
    units = np.array([each.slope for each in slopes])
    return Estimate(np.array(limits) / units, np.array(errors), len(SETS))


def _told(name: str, preparation: str) -> str:
    found = slope_runs.slope(name, preparation)
    upper, lower = found.halves
    return (
        f"{_words(name)} {found.slope:.2g} ({found.quality:.2f}; {upper:.2g} and"
        f" {lower:.2g})"
    )


def _words(name: str) -> str:
    return name.replace("_", " ")


def _spectra() -> Panel:
    series = []
    for color, name in enumerate(SETS):
        found = slope_runs.slope(name, SLOPED)
        variances = slope_runs.data(name, SLOPED).variances
        index = np.arange(1, len(variances) + 1)
        middle = np.log(variances).mean()
        line = np.exp(middle - found.slope * (index - index.mean()))
        label = f"{_words(name)}, c = {found.slope:.2g}"
        series.append(Series(index, variances, label, "simulation", color))
        series.append(
            Series(index, line, "straight line" if color == 0 else "", "wrong")
        )
    return Panel(
        title="real spectra are not straight",
        x_label="principal direction of the inputs",
        y_label="variance of the inputs along it",
        series=tuple(series),
        y_scale="log",
    )


def _against(
    problem: Problem, when: str, phase: Phase, scale: Scale = "linear"
) -> Panel:
    series, ends = [], []
    sources = ("from the spectrum", _spectrum), ("from the slope alone", _line)
    for color, (label, spectrum) in enumerate(sources):
        predicted, seen = [], []
        for of in SCALES:
            for name in SETS:
                predicted.append(_missing(spectrum(name, of), phase))
                seen.append(slope_runs.seen_missing(name, of, phase, problem.seed))
        x, y = np.array(predicted), ensembles.side_by_side(seen)
        series.append(Series(x, y.value, label, "simulation", color, y.stderr))
        ends += [*x, *y.value]
    whole = np.array([min(ends), max(ends)])
    series.insert(0, Series(whole, whole, "as predicted", "theory", 2))
    return Panel(
        title=f"{when} in training",
        x_label="share outside of three dimensions, predicted",
        y_label="observed",
        series=tuple(series),
        x_scale=scale,
        y_scale=scale,
    )

"""Claim: an optimizer enters a spectrum through its response alone."""

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from linnet.numerics import Estimate
from linnet.phenomena.sloppiness import theory
from linnet.phenomena.sloppiness.claims import ensembles
from linnet.phenomena.sloppiness.claims.problems import (
    SpectralData,
    posed,
    sloppy_variances,
    spectral_data,
)
from linnet.phenomena.sloppiness.claims.source import CanonicalClaim
from linnet.shapes import Float
from linnet.study import Figure, Panel, Problem, Quantities, Series, ZTest
from linnet.study.verdict import Status

if TYPE_CHECKING:
    from linnet.dynamics import AbstractUpdate

SLOPE, MODES, SAMPLES = 0.5, 16, 24
RATE, COUNT, RATIO = 0.2, 60, 0.5  # rate, steps looked at, target of start
MOMENTUM, DECAY = 0.9, 0.1
JUDGED = np.arange(0, MODES, 2)
RATES = 4 * RATE * np.cos(np.linspace(0, np.pi / 2, COUNT - 1)) ** 2  # annealed


@dataclass(frozen=True)
class Method:
    """One way of training.

    Attributes:
        name: What a reader calls it.
        averaged: Whether running means of the iterates are looked at.
    """

    name: str
    averaged: bool = False


PLAIN = Method("plain descent")
METHODS = (
    Method("heavy ball"),
    Method("Nesterov's momentum"),
    Method("weight decay"),
    Method("annealed rate"),
    Method("running average", averaged=True),
)


class Optimizers(CanonicalClaim):
    """Random starts and targets, five ways of training, all steps looked at."""

    name: ClassVar[str] = "optimizers"
    statement: ClassVar[str] = (
        "Momentum, weight decay, a schedule of rates and averaging of weights all leave"
        " a ribbon whose widths follow from one curve alone: how much of its start the"
        " method still remembers in each direction after each step."
    )
    formula: ClassVar[str] = (
        r"v_i = n\lambda_i\left[\sigma_0^2\langle h_i^2\rangle"
        r" + \sigma_*^2\bar r_i^2\langle(1-h_i)^2\rangle\right],\quad"
        r" h_i(t) = \frac{a_i(t)-a_i(\infty)}{a_i(0)-a_i(\infty)},\quad"
        r" \bar r_i = \frac{\lambda_i}{\lambda_i+\mu}"
    )
    domain: ClassVar[str] = (
        "Linear networks of one layer, full batches, start and target drawn anew for"
        " each trajectory; any method whose steps are linear in weights and gradients."
        " Nesterov's points are those at which gradients are taken. Adam is none of"
        " these."
    )
    wrong_theory: ClassVar[str] = (
        "the method does not matter (the spectrum of plain descent at the same rate)"
    )

    def canonical(self, seed: int, quick: bool) -> Problem:
        """One spectrum; the methods are the claim's own."""
        title = f"{SAMPLES} samples, variances falling by {SLOPE:g} a direction"
        return posed(_data(seed), title, seed=seed, quick=quick)

    def status(self, problem: Problem) -> Status:
        """For every linear method."""
        return "exact"

    def test(self, problem: Problem, label: str) -> ZTest:
        """Errors over trajectories."""
        return ZTest()

    def predict(self, problem: Problem) -> Quantities:
        """From the response of each method."""
        return {_label(each): _law(each)[JUDGED] for each in METHODS}

    def wrong(self, problem: Problem) -> Quantities:
        """From that of plain descent."""
        return {_label(each): _law(PLAIN)[JUDGED] for each in METHODS}

    def observe(self, problem: Problem) -> Quantities:
        """Second moments along the inputs' directions."""
        found = {}
        for each in METHODS:
            seen = _seen(each, problem.seed, problem.quick)
            found[_label(each)] = ensembles.entries(seen, JUDGED)
        return found

    def note(self, problem: Problem) -> str:
        """Every run is as long as it was asked to be."""
        return ""

    def figure(self, problem: Problem) -> Figure:
        """Spectra, and beside them their ratio to plain descent."""
        return Figure(
            name=self.name,
            caption=(
                "How wide the cloud of trajectories is along each principal direction"
                f" of the inputs, for five ways of training ({COUNT} steps, base rate"
                f" {RATE:g}). Left: the spectra. Right: the same, divided by what plain"
                " descent gives (dashed: no difference). Momentum hurries, averaging"
                " remembers, weight decay hides slow directions. Lines: predicted from"
                " the response of the method alone; dots: simulated."
            ),
            panels=(_panel(problem, False), _panel(problem, True)),
        )


def _label(method: Method) -> str:
    return f"spread along the directions, {method.name}"


def _data(seed: int) -> SpectralData:
    return spectral_data(sloppy_variances(SLOPE, MODES), SAMPLES, seed=seed)


def _response(method: Method) -> theory.AbstractResponse:
    plain = theory.GradientDescent(RATE)
    return {
        PLAIN.name: plain,
        "heavy ball": theory.HeavyBall(RATE, MOMENTUM),
        "Nesterov's momentum": theory.Nesterov(RATE, MOMENTUM, look_ahead=True),
        "weight decay": theory.GradientDescent(RATE, DECAY),
        "annealed rate": theory.Scheduled(RATES),
        "running average": theory.PolyakAverage(plain),
    }[method.name]


def _law(method: Method) -> Float[np.ndarray, " r"]:
    return theory.random_target_spectrum(
        np.array(sloppy_variances(SLOPE, MODES)),
        SAMPLES,
        1.0,
        RATIO,
        _response(method),
        theory.uniform_checkpoints(COUNT),
    )


def _update(method: Method) -> "AbstractUpdate":
    from linnet.dynamics import HeavyBall, Nesterov, PlainUpdate

    return {
        "heavy ball": HeavyBall(MOMENTUM),
        "Nesterov's momentum": Nesterov(MOMENTUM),
        "weight decay": PlainUpdate(DECAY),
    }.get(method.name, PlainUpdate())


@lru_cache(maxsize=8)
def _seen(method: Method, seed: int, quick: bool) -> Estimate:
    from linnet.dynamics import LinearEnsemble

    data = _data(seed)
    drawn = ensembles.random_targets(
        data,
        init_deviation=1.0,
        target_deviation=RATIO,
        trajectories=4000 if quick else 20_000,
        seed=seed,
        stream=METHODS.index(method),
    )
    rate = RATES if method.name == "annealed rate" else RATE
    process = LinearEnsemble(data.inputs, rate, update=_update(method))
    paths = ensembles.recorded(process, data, drawn, range(COUNT))
    if method.averaged:
        counts = np.arange(1, COUNT + 1)[:, None]
        paths = (np.cumsum(path, axis=0) / counts for path in paths)
    return ensembles.moments(paths)


def _panel(problem: Problem, divided: bool) -> Panel:
    index, series = np.arange(1, MODES + 1), []
    plain = _law(PLAIN)
    unit = plain if divided else np.ones(MODES)
    for color, each in enumerate(METHODS):
        seen = _seen(each, problem.seed, problem.quick)
        value, error = seen.value / unit, seen.stderr / unit
        series += [
            Series(index, _law(each) / unit, each.name, "theory", color),
            Series(index, value, "", "simulation", color, error),
        ]
    series.append(Series(index, plain / unit, PLAIN.name, "wrong"))
    return Panel(
        title="divided by plain descent" if divided else "five ways of training",
        x_label="principal direction of the inputs",
        y_label="ratio" if divided else "mean square prediction along it",
        series=tuple(series),
        y_scale="log",
    )

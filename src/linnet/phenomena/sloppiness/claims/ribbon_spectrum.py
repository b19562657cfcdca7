"""Claim: the spectrum of a cloud of trajectories, and its four slopes."""

from functools import lru_cache
from typing import ClassVar

import numpy as np

from linnet.numerics import Estimate
from linnet.phenomena.sloppiness import measure, theory
from linnet.phenomena.sloppiness.claims import ensembles
from linnet.phenomena.sloppiness.claims.problems import (
    SpectralData,
    posed,
    sloppy_variances,
    spectral_data,
)
from linnet.phenomena.sloppiness.claims.source import CanonicalClaim
from linnet.study import Figure, Panel, Problem, Quantities, Series, ZTest
from linnet.study.verdict import Status

SLOPES = {0.1: 24, 0.5: 24, 1.0: 12, 2.0: 12}  # with the number of directions
SAMPLES = 48
RATE, COUNT = 1.0, 100  # of the four spectra
RATIO = 0.1  # of target and start
JUDGED = 8  # directions of each spectrum, evenly chosen

SLOPE, MODES = 0.5, 24  # of start and target alone
SLOW_RATE, LONG = 0.1, 2000
LEARNED, UNLEARNED = 10.0, 0.1  # e-folds

START = "slopes of the part of the start, learned and not, over that of the inputs"
TARGET = "slopes of the part of the target, learned and not, over that of the inputs"


class RibbonSpectrum(CanonicalClaim):
    """Random starts and targets, plain descent, all steps looked at."""

    name: ClassVar[str] = "ribbon_spectrum"
    statement: ClassVar[str] = (
        "The spread of many training trajectories falls along the inputs' principal"
        " directions, but not as the inputs do: what is left of the start is equally"
        " wide in all directions that are learned, and what is learned of the target"
        " falls three times as fast as the inputs where training has only begun."
    )
    formula: ClassVar[str] = (
        r"v_i = n\lambda_i\left[\sigma_0^2\langle h_i^2\rangle"
        r" + \sigma_*^2\langle(1-h_i)^2\rangle\right],\quad"
        r" -\frac{d\ln v_i}{di} \to 0\ \text{and}\ c\ (\text{start}),\quad"
        r" c\ \text{and}\ 3c\ (\text{target})"
    )
    domain: ClassVar[str] = (
        "Linear networks of one layer, full-batch descent, start and target drawn anew"
        " for each trajectory. The spectrum is exact. The four slopes are limits of"
        " small steps and long (first) or short (second) training of a direction; they"
        " carry the size of their first correction as an error."
    )
    wrong_theory: ClassVar[str] = (
        "trajectories spread as the inputs do (the same total, shared like their"
        " variances)"
    )

    def canonical(self, seed: int, quick: bool) -> Problem:
        """The inputs of which start and target are looked at alone."""
        title = f"{SAMPLES} samples, variances falling by {SLOPE:g} a direction"
        return posed(_slow_data(seed), title, seed=seed, quick=quick)

    def status(self, problem: Problem) -> Status:
        """The spectra are exact; their slopes are limits."""
        return "asymptotic"

    def test(self, problem: Problem, label: str) -> ZTest:
        """Errors over trajectories."""
        return ZTest()

    def predict(self, problem: Problem) -> Quantities:
        """Closed spectra, and limits of slopes with their corrections."""
        spectra = {_label(c): _law(c, problem.seed)[_judged(c)] for c in SLOPES}
        return {**spectra, START: _start_slopes(), TARGET: _target_slopes()}

    def wrong(self, problem: Problem) -> Quantities:
        """As the inputs."""
        spectra = {_label(c): _as_inputs(c, problem.seed)[_judged(c)] for c in SLOPES}
        return {**spectra, START: np.ones(2), TARGET: np.ones(2)}

    def observe(self, problem: Problem) -> Quantities:
        """Second moments along the inputs' directions, and lines through their logs."""
        spectra = {}
        for c in SLOPES:
            seen = _seen(c, problem.seed, problem.quick)
            spectra[_label(c)] = ensembles.entries(seen, _judged(c))
        given = problem.seed, problem.quick
        return {
            **spectra,
            START: _seen_slopes(*given, 1.0, 0.0),
            TARGET: _seen_slopes(*given, 0.0, 1.0),
        }

    def note(self, problem: Problem) -> str:
        """Every run is as long as it was asked to be."""
        return ""

    def figure(self, problem: Problem) -> Figure:
        """Four spectra, and the two parts of one."""
        return Figure(
            name=self.name,
            caption=(
                "How wide the cloud of all trajectories is along each principal"
                " direction of the inputs. Left: for four slopes c of the inputs'"
                f" spectrum, with a target {RATIO:g} times as large as the start: an"
                " even plateau where the start is forgotten, then a fall. Spread like"
                " the inputs (dashed) is wrong. Right: a cloud of starts alone (target"
                f" zero) and of targets alone (start zero), c = {SLOPE:g}. Left of the"
                " dotted lines directions are learned: starts are even there, targets"
                " fall as the inputs do (slope c). Right of them learning has hardly"
                " begun: starts fall as the inputs do, targets three times as steeply."
                " Lines: predicted; dots: simulated."
            ),
            panels=(_spectra(problem), _parts(problem)),
        )


def _label(slope: float) -> str:
    return f"spread along the directions, slope {slope:g}"


def _judged(slope: float) -> np.ndarray:
    return np.linspace(0, SLOPES[slope] - 1, JUDGED).round().astype(int)


def _data(slope: float, seed: int) -> SpectralData:
    variances = sloppy_variances(slope, SLOPES[slope])
    return spectral_data(variances, SAMPLES, seed=seed)


def _slow_data(seed: int) -> SpectralData:
    return spectral_data(sloppy_variances(SLOPE, MODES), SAMPLES, seed=seed)


def _law(slope: float, seed: int) -> np.ndarray:
    """Of start and target together."""
    return theory.random_target_spectrum(
        _data(slope, seed).variances,
        SAMPLES,
        1.0,
        RATIO,
        theory.GradientDescent(RATE),
        theory.uniform_checkpoints(COUNT),
    )


def _as_inputs(slope: float, seed: int) -> np.ndarray:
    variances = _data(slope, seed).variances
    return _law(slope, seed).sum() * variances / variances.sum()


def _slow_law(seed: int, start: float, target: float) -> np.ndarray:
    return theory.random_target_spectrum(
        _slow_data(seed).variances,
        SAMPLES,
        start,
        target,
        theory.GradientDescent(SLOW_RATE),
        theory.uniform_checkpoints(LONG),
    )


@lru_cache(maxsize=8)
def _seen(slope: float, seed: int, quick: bool) -> Estimate:
    from linnet.dynamics import LinearEnsemble

    data = _data(slope, seed)
    drawn = ensembles.random_targets(
        data,
        init_deviation=1.0,
        target_deviation=RATIO,
        trajectories=4000 if quick else 20_000,
        seed=len(SLOPES) * seed + list(SLOPES).index(slope),  # draws of its own
    )
    process = LinearEnsemble(data.inputs, RATE)
    return ensembles.moments(ensembles.recorded(process, data, drawn, range(COUNT)))


@lru_cache(maxsize=4)
def _seen_slow(seed: int, quick: bool, start: float, target: float) -> measure.Cloud:
    from linnet.dynamics import LinearEnsemble

    data = _slow_data(seed)
    drawn = ensembles.random_targets(
        data,
        init_deviation=start,
        target_deviation=target,
        trajectories=512 if quick else 4096,
        seed=seed,
    )
    process = LinearEnsemble(data.inputs, SLOW_RATE)
    return ensembles.clouded(ensembles.recorded(process, data, drawn, range(LONG)))


def _parts_of(variances: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Directions that are learned, and those that are not."""
    folds = SLOW_RATE * variances * LONG
    return np.flatnonzero(folds >= LEARNED), np.flatnonzero(folds <= UNLEARNED)


def _limits(slopes: tuple[float, float], corrections: tuple[float, float]) -> Estimate:
    r"""Limits with the size of what they leave out.

    A factor between 1 and $1+\delta$ turns a line fitted to $m$ logarithms by
    $1.5\,\delta/(m-1)$ at most.
    """
    parts = _parts_of(np.array(sloppy_variances(SLOPE, MODES)))
    lengths = np.array([len(part) - 1 for part in parts])
    errors = 1.5 * np.array(corrections) / lengths / SLOPE
    return Estimate(np.array(slopes) / SLOPE, errors, MODES)


def _start_slopes() -> Estimate:
    r"""First corrections: $x/2$ of the largest step, and $z$."""
    limit = theory.regime_slopes(SLOPE)
    slopes = float(limit.start_learned), float(limit.start_unlearned)
    return _limits(slopes, (SLOW_RATE / 2, UNLEARNED))


def _target_slopes() -> Estimate:
    r"""First corrections: $3/(2z)$ and $3z/4$."""
    limit = theory.regime_slopes(SLOPE)
    slopes = float(limit.target_learned), float(limit.target_unlearned)
    return _limits(slopes, (1.5 / LEARNED, 0.75 * UNLEARNED))


def _seen_slopes(seed: int, quick: bool, start: float, target: float) -> Estimate:
    parts = _parts_of(_slow_data(seed).variances)

    def slopes(spread: np.ndarray) -> np.ndarray:
        lines = [np.polyfit(part, np.log(spread[part]), 1)[0] for part in parts]
        return -np.array(lines) / SLOPE

    return ensembles.along_axes(_seen_slow(seed, quick, start, target), slopes)


def _spectra(problem: Problem) -> Panel:
    series = []
    for color, slope in enumerate(SLOPES):
        index = np.arange(1, SLOPES[slope] + 1)
        law, seen = _law(slope, problem.seed), _seen(slope, problem.seed, problem.quick)
        series.append(Series(index, law, f"c = {slope:g}", "theory", color))
        series.append(Series(index, seen.value, "", "simulation", color, seen.stderr))
        told = "spread like the inputs" if color == 0 else ""
        wrong = _as_inputs(slope, problem.seed)
        shown = wrong > law.min() / 10
        series.append(Series(index[shown], wrong[shown], told, "wrong"))
    return Panel(
        title=f"starts and targets, after {COUNT} steps",
        x_label="principal direction of the inputs",
        y_label="mean square prediction along it",
        series=tuple(series),
        y_scale="log",
    )


def _parts(problem: Problem) -> Panel:
    index, series = np.arange(1, MODES + 1), []
    told = ("starts alone", 1.0, 0.0), ("targets alone", 0.0, 1.0)
    for color, (label, *given) in enumerate(told):
        law = _slow_law(problem.seed, *given)
        cloud = _seen_slow(problem.seed, problem.quick, *given)
        seen = ensembles.along_axes(cloud, lambda spread: spread)
        series.append(Series(index, law, label, "theory", color))
        series.append(Series(index, seen.value, "", "simulation", color, seen.stderr))
    learned, unlearned = _parts_of(_slow_data(problem.seed).variances)
    ends = np.array([law.min(), 10 * law.max()])
    marks = {"learned up to the first, not from the second": learned[-1] + 1}
    for words, at in (marks | {"": unlearned[0] + 1}).items():
        series.append(Series(np.full(2, float(at)), ends, words, "guide"))
    return Panel(
        title=f"each alone, after {LONG:,} steps",
        x_label="principal direction of the inputs",
        y_label="mean square prediction along it",
        series=tuple(series),
        y_scale="log",
    )

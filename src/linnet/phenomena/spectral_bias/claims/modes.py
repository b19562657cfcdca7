"""Claim: modes are learned one after the other, each by a closed law."""

from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from linnet.network import Weights, end_to_end
from linnet.phenomena.spectral_bias import measure, theory
from linnet.phenomena.spectral_bias.claims import problems, runs
from linnet.phenomena.spectral_bias.claims.source import SpectralBiasClaim
from linnet.study import Bound, Figure, Panel, Problem, Quantities, Series
from linnet.study.verdict import Status

if TYPE_CHECKING:
    from linnet.dynamics import Trajectory

CURVES = "modes against time"
HALF = "half times"
HALF_SMALL = "half times, formula for small scales"
ENDS = "where each mode ends"
SMALL = 1e-3  # relative error that the formula for small scales is allowed
STRETCH = 1.6  # how long to watch, in units of the last predicted half time
MOST_STEPS = 1e6  # of descent, or of an explicit solver: what a minute can afford


class ModeLaw(SpectralBiasClaim):
    """The time course of every mode, and when it is half learned."""

    name: ClassVar[str] = "mode_law"
    statement: ClassVar[str] = (
        "From a small start the modes of the input-output correlation are learned one"
        " after the other, the strongest first, each along a closed curve."
    )
    formula: ClassVar[str] = (
        r"\dot\sigma = 2\sqrt{\tfrac{\gamma^2}{4} + \sigma^2}\,(b - a\sigma),\qquad"
        r" t_{1/2} \simeq \frac{1}{2b}\ln\frac{4b}{a\gamma}"
    )
    domain: ClassVar[str] = (
        r"Exact for white inputs (variance $a$ in every direction); the formula for the"
        r" half time at small scales. On correlated inputs a heuristic, with $a$ the"
        r" input variance along the mode; $b$ is its strength in the correlation, and"
        r" half learned means at half of $b/a$, where the law lets it end. Modes too"
        r" weak to be learned within a million steps are not followed."
    )
    wrong_theory: ClassVar[str] = (
        "only one layer moves: half the rate; modes end at twice b/a"
    )
    of_data: ClassVar[bool] = True

    def canonical(self, seed: int, quick: bool) -> Problem:
        """White inputs, three modes."""
        return problems.isotropic(seed, quick)

    def applies(self, problem: Problem) -> str | None:
        """Any data, if a mode can be followed: the end of training is not needed."""
        reason = runs.check_shape(problem)
        if reason is None and followed(problem) == 0:
            steps = half_times(problem).min() / runs.learning_rate(problem)
            return (
                f"even the first mode would be half learned only after {steps:.1e}"
                " steps; raise the learning rate (--learning-rate)"
            )
        return reason

    def status(self, problem: Problem) -> Status:
        """Exact on white inputs."""
        return "exact" if is_white(problem) else "heuristic"

    def test(self, problem: Problem, label: str) -> Bound:
        """Curves 1e-6 of the largest, half times 1e-5 each; 15 % where heuristic."""
        if not is_white(problem):
            return Bound(0.15, relative_to="each", margin=2.0)
        if label == HALF_SMALL:
            return Bound(SMALL, relative_to="each")
        curves = 1e-6 if problem.canonical else 1e-5
        return Bound(curves) if label == CURVES else Bound(1e-5, relative_to="each")

    def predict(self, problem: Problem) -> Quantities:
        """Curves and half times from the singular values of the cross moment."""
        return _law(problem, rate=1.0)

    def wrong(self, problem: Problem) -> Quantities:
        """The same at half the rate."""
        return _law(problem, rate=0.5)

    def observe(self, problem: Problem) -> Quantities:
        """Amplitudes along the modes, and when they cross half of b/a."""
        half = np.array([crossing.time for crossing in crossings(problem)])
        if not is_white(problem):
            return {HALF: half, **_ends(problem)}
        seen = {CURVES: learning(problem)["amplitudes"], HALF: half}
        return {**seen, HALF_SMALL: half} if _is_small(problem) else seen

    def note(self, problem: Problem) -> str:
        """Which modes were left out, and whether descent stayed finite."""
        told = []
        left_out = len(runs.directions(problem)) - followed(problem)
        if left_out:
            told.append(f"The {left_out} weakest modes take too long to be followed.")
        outcome = learning(problem).outcome
        if outcome.kind == "diverged":
            told.append(f"{outcome.message}.")
        return " ".join(told)

    def figure(self, problem: Problem) -> Figure:
        """Mode curves, and predicted against observed half times."""
        run, ends = learning(problem), plateaus(problem)
        lines, amplitudes = _curves(problem, run.times, 1.0), run["amplitudes"]
        evenly = np.linspace(run.times[0], run.times[-1], 41)
        few = np.unique(np.searchsorted(run.times, evenly, side="right") - 1)
        series = []
        for color, i in enumerate(_shown(len(ends))):
            label = f"mode {i + 1}"
            line, dots = lines[:, i] / ends[i], amplitudes[few, i] / ends[i]
            series.append(Series(run.times, line, label, "theory", color))
            series.append(Series(run.times[few], dots, label, "simulation", color))
        curves = Panel(
            title="one mode after the other",
            x_label="time (learning rate × steps)",
            y_label="amplitude / (b / a)",
            series=tuple(series),
        )
        return Figure(
            name=self.name,
            caption=(
                "Amplitude of the modes of the input-output correlation over time, and"
                " the time at which each reaches half of b/a. b is the strength of a"
                " mode, a the input variance along it, b/a where the closed law (lines)"
                " lets it end. On correlated inputs the trained network (dots) goes on"
                " from there, as the modes mix."
            ),
            panels=(curves, self._half_panel(problem)),
        )

    def _half_panel(self, problem: Problem) -> Panel:
        predicted = np.asarray(self.predict(problem)[HALF])
        wrong = np.asarray(self.wrong(problem)[HALF])
        found = crossings(problem)
        observed = np.array([crossing.time for crossing in found])
        index = np.arange(1.0, len(predicted) + 1)
        return Panel(
            title="half times",
            x_label="mode",
            y_label="time of half learning",
            series=(
                Series(index, predicted, "mode law", "theory"),
                Series(index, observed, "trained network", "simulation"),
                Series(index, wrong, "half the rate", "wrong"),
            ),
            y_scale="log",
        )


def is_white(problem: Problem) -> bool:
    """Whether the mode law is exact here."""
    return problem.moments.input_variance() is not None


def half_times(problem: Problem) -> np.ndarray:
    """Half times of all modes by the law, in flow time, strongest mode first."""
    return runs.half_times(problem, problem.init_scale)


def plateaus(problem: Problem) -> np.ndarray:
    """Where the law lets each followed mode end, b/a."""
    pairs = zip(_followed_modes(problem), runs.input_variances(problem), strict=False)
    return np.array([mode.strength / a for mode, a in pairs])


def followed(problem: Problem) -> int:
    """How many modes, from the strongest on, a run can afford to follow."""
    step = runs.learning_rate(problem)
    if is_white(problem):  # an explicit solver, whose steps its own stability limits
        step = runs.curvature(problem, problem.init_scale).largest_stable_rate
    affordable = STRETCH * half_times(problem) <= MOST_STEPS * step
    return int(np.logical_and.accumulate(affordable).sum())


def crossings(problem: Problem) -> tuple[measure.Crossing, ...]:
    """When each followed mode was seen to reach half of b/a."""
    run = learning(problem)
    return measure.half_times(run.times, run["amplitudes"], plateaus(problem))


@lru_cache(maxsize=4)
def learning(problem: Problem) -> "Trajectory":
    """The learning phase: flow on white inputs, descent at the asked rate otherwise."""
    from linnet.dynamics import GradientDescent, GradientFlow, simulate

    modes = _followed_modes(problem)
    outputs = np.array([mode.output for mode in modes])
    inputs = np.array([mode.input for mode in modes])

    def amplitudes(weights: Weights) -> np.ndarray:
        return measure.mode_amplitudes(end_to_end(weights), outputs, inputs)

    weights = runs.start(problem, problem.init_scale)
    if is_white(problem):
        return simulate(
            GradientFlow(problem.moments),
            weights,
            times=_times(problem).tolist(),
            observe={"amplitudes": amplitudes},
            tolerance=1e-11,
            method="dopri8",
            memory_limit=problem.memory_limit,
        )
    return simulate(
        GradientDescent(problem.moments, runs.learning_rate(problem)),
        weights,
        steps=_steps(problem),
        observe={"amplitudes": amplitudes},
        memory_limit=problem.memory_limit,
    )


def _followed_modes(problem: Problem) -> tuple[theory.Direction, ...]:
    return runs.directions(problem)[: followed(problem)]


def _end(problem: Problem) -> float:
    return float(STRETCH * half_times(problem)[: followed(problem)].max())


def _times(problem: Problem) -> np.ndarray:
    """When the curves are compared, on white inputs.

    Evenly in time and in its logarithm, and closely around predicted half times:
    the first mode may be learned a thousand times earlier than the last.
    """
    from linnet.dynamics import log_times

    half, end = half_times(problem)[: followed(problem)], _end(problem)
    close = np.outer(half, np.linspace(0.97, 1.03, 60)).ravel()
    spread = log_times(0.1 * half.min(), end, 300)
    return np.unique([*np.linspace(0, end, 501), *spread, *close])


def _steps(problem: Problem) -> list[int]:
    """The same for descent."""
    from linnet.dynamics import linear_steps, log_steps

    last = max(int(_end(problem) / runs.learning_rate(problem)), 2)
    return sorted({*linear_steps(last, 200), *log_steps(last, 300)})


def _is_trained(problem: Problem) -> bool:
    """Whether the end of training can be reached, and so the end of each mode seen."""
    return runs.out_of_reach(problem, [problem.init_scale]) is None


def _ends(problem: Problem) -> Quantities:
    """Amplitudes of the followed modes after training, where it can be finished."""
    if not _is_trained(problem):
        return {}
    product = runs.trained(problem, problem.init_scale)["product"][-1]
    modes = _followed_modes(problem)
    return {ENDS: np.array([mode.output @ product @ mode.input for mode in modes])}


def _is_small(problem: Problem) -> bool:
    """Whether the scale is so small that the short formula should be exact enough."""
    delta = problem.init_scale / 2
    if not (plateaus(problem) > delta).all():
        return False
    short = _small_scale(problem)
    exact = half_times(problem)[: len(short)]
    return bool((np.abs(short / exact - 1) < SMALL / 2).all())


def _small_scale(problem: Problem) -> np.ndarray:
    pairs = zip(_followed_modes(problem), runs.input_variances(problem), strict=False)
    delta = problem.init_scale / 2
    return np.array(
        [theory.half_time_small_scale(mode.strength, a, delta) for mode, a in pairs]
    )


def _law(problem: Problem, rate: float) -> Quantities:
    """Predictions with time running at `rate`."""
    half = half_times(problem)[: followed(problem)] / rate
    if not is_white(problem):
        if not _is_trained(problem):
            return {HALF: half}
        return {HALF: half, ENDS: plateaus(problem) / rate}
    law = {CURVES: _curves(problem, _times(problem), rate), HALF: half}
    if not _is_small(problem):
        return law
    return {**law, HALF_SMALL: _small_scale(problem) / rate}


def _curves(problem: Problem, times: np.ndarray, rate: float) -> np.ndarray:
    delta = problem.init_scale / 2
    pairs = zip(_followed_modes(problem), runs.input_variances(problem), strict=False)
    return np.stack(
        [theory.mode_curve(rate * times, mode.strength, a, delta) for mode, a in pairs],
        axis=1,
    )


def _shown(count: int) -> list[int]:
    """At most six modes, spread from the first to the last."""
    return np.unique(
        np.linspace(0, count - 1, min(count, 6)).round().astype(int)
    ).tolist()

"""Claim: when training is looked at decides how many dimensions are found."""

from functools import lru_cache
from typing import ClassVar

import numpy as np

from linnet.numerics import Estimate, participation_ratio
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

SLOPE, MODES, SAMPLES, RATE = 0.5, 24, 40, 1.0
RATIOS = (0.0, 0.1, 1.0)  # of target and start
LENGTHS = np.unique(np.geomspace(4, 1000, 12).round().astype(int))  # steps looked at
POINTS = 60  # that are spaced evenly in the logarithm, the start among them
SHOWN = 0.1  # the target whose spectrum is looked at
JUDGED = np.linspace(0, MODES - 1, 8).round().astype(int)
EVEN, LOG = 0, 1
GROUPS = 256  # of trajectories

DIMENSIONS = "dimensions, each target: every step looked at, and log-spaced ones"
SPREAD = f"spread along the directions, target {SHOWN:g} of the start, log-spaced"


class CheckpointSchedule(CanonicalClaim):
    """Random starts and targets, plain descent, the same runs looked at twice."""

    name: ClassVar[str] = "checkpoint_schedule"
    statement: ClassVar[str] = (
        "When training is looked at is part of the answer: of the very same runs,"
        " log-spaced checkpoints find far fewer dimensions than evenly spaced ones"
        " where there is no target, and more where the target is weak."
    )
    formula: ClassVar[str] = (
        r"v_i = n\lambda_i\sum_t p_t\left[\sigma_0^2h_i(t)^2"
        r" + \sigma_*^2(1-h_i(t))^2\right]"
    )
    domain: ClassVar[str] = (
        "Linear networks of one layer, full-batch descent, start and target drawn anew"
        " for each trajectory; any checkpoints with any weights, here equal ones."
    )
    wrong_theory: ClassVar[str] = (
        "the schedule does not matter (log-spaced checkpoints as if every step were"
        " looked at)"
    )

    def canonical(self, seed: int, quick: bool) -> Problem:
        """One spectrum; schedules and targets are the claim's own."""
        title = f"{SAMPLES} samples, variances falling by {SLOPE:g} a direction"
        return posed(_data(seed), title, seed=seed, quick=quick)

    def status(self, problem: Problem) -> Status:
        """For any checkpoints."""
        return "exact"

    def test(self, problem: Problem, label: str) -> ZTest:
        """Errors over trajectories."""
        return ZTest()

    def predict(self, problem: Problem) -> Quantities:
        """Closed, and summed over the few log-spaced points."""
        last = len(LENGTHS) - 1
        found = [[_law_dimensions(e, s)[last] for s in (EVEN, LOG)] for e in RATIOS]
        spread = _law(SHOWN, LOG, LENGTHS[last])
        return {DIMENSIONS: np.array(found), SPREAD: spread[JUDGED]}

    def wrong(self, problem: Problem) -> Quantities:
        """Every step, whatever was looked at."""
        last = len(LENGTHS) - 1
        found = [[_law_dimensions(e, EVEN)[last]] * 2 for e in RATIOS]
        spread = _law(SHOWN, EVEN, LENGTHS[last])
        return {DIMENSIONS: np.array(found), SPREAD: spread[JUDGED]}

    def observe(self, problem: Problem) -> Quantities:
        """From the same runs, twice."""
        seen = [[_dimensions(problem, e, s) for s in (EVEN, LOG)] for e in RATIOS]
        value = np.array([[each.value[-1] for each in row] for row in seen])
        error = np.array([[each.stderr[-1] for each in row] for row in seen])
        spread = _spread(problem, LOG)
        return {
            DIMENSIONS: Estimate(value, error, GROUPS),
            SPREAD: ensembles.entries(spread, JUDGED),
        }

    def note(self, problem: Problem) -> str:
        """Every run is as long as it was asked to be."""
        return ""

    def figure(self, problem: Problem) -> Figure:
        """Dimensions against the length of training, and one spectrum."""
        return Figure(
            name=self.name,
            caption=(
                "The same training runs, looked at in two ways: at every step (left),"
                f" and at {POINTS} or fewer log-spaced ones (middle; dashed: what"
                " every step would tell). Without a target log spacing hides"
                f" dimensions; with a weak one, {SHOWN:g} of the start, it keeps those"
                " that uniform spacing averages away. Right: with that one, after"
                f" {LENGTHS[-1]:,} steps, the even plateau becomes a slow decay."
                " Lines: predicted; dots: simulated."
            ),
            panels=(
                _against_length(problem, EVEN),
                _against_length(problem, LOG),
                _spectra(problem),
            ),
        )


def _data(seed: int) -> SpectralData:
    return spectral_data(sloppy_variances(SLOPE, MODES), SAMPLES, seed=seed)


def _law(ratio: float, schedule: int, length: int) -> Float[np.ndarray, " r"]:
    log = theory.given_checkpoints(_points(length))
    return theory.random_target_spectrum(
        np.array(sloppy_variances(SLOPE, MODES)),
        SAMPLES,
        1.0,
        ratio,
        theory.GradientDescent(RATE),
        log if schedule == LOG else theory.uniform_checkpoints(int(length)),
    )


@lru_cache(maxsize=8)
def _law_dimensions(ratio: float, schedule: int) -> Float[np.ndarray, " lengths"]:
    spectra = [_law(ratio, schedule, length) for length in LENGTHS]
    return participation_ratio(np.array(spectra))


def _points(length: int) -> np.ndarray:
    """Zero, and steps evenly spaced in their logarithm, each once: what both sides use.

    A schedule is part of what is asked, not of what is predicted.
    """
    steps = np.geomspace(1, int(length) - 1, POINTS - 1).round().astype(int)
    return np.unique([0, *steps])


@lru_cache(maxsize=4)
def _means(ratio: float, seed: int, quick: bool) -> Float[np.ndarray, "2 groups l r"]:
    """Mean squares along the directions by schedule and length, of groups."""
    from linnet.dynamics import LinearEnsemble

    data = _data(seed)
    drawn = ensembles.random_targets(
        data,
        init_deviation=1.0,
        target_deviation=ratio,
        trajectories=1024 if quick else 8192,
        seed=seed,
        stream=RATIOS.index(ratio),
    )
    process = LinearEnsemble(data.inputs, RATE)
    points = [_points(length) for length in LENGTHS]
    found = np.zeros((2, GROUPS, len(LENGTHS), MODES))
    paths = ensembles.recorded(process, data, drawn, range(LENGTHS[-1]))
    for number, path in enumerate(paths):
        squares, group = path**2, number % GROUPS
        sums = np.cumsum(squares, axis=0)[LENGTHS - 1]
        found[EVEN, group] += sums / LENGTHS[:, None]
        found[LOG, group] += [squares[at].mean(0) for at in points]
    return found / (drawn.trajectories / GROUPS)


def _dimensions(problem: Problem, ratio: float, schedule: int) -> Estimate:
    """At all lengths, leaving out one group after the other."""
    groups = _means(ratio, problem.seed, problem.quick)[schedule]
    return ensembles.of_groups(groups, participation_ratio)


def _spread(problem: Problem, schedule: int) -> Estimate:
    groups = _means(SHOWN, problem.seed, problem.quick)[schedule]
    return Estimate.from_samples(groups[:, -1])


def _against_length(problem: Problem, schedule: int) -> Panel:
    series = []
    for color, ratio in enumerate(RATIOS):
        seen, law = _dimensions(problem, ratio, schedule), _law_dimensions
        label = f"target / start {ratio:g}" if ratio else "no target"
        series += [
            Series(LENGTHS, law(ratio, schedule), label, "theory", color),
            Series(LENGTHS, seen.value, "", "simulation", color, seen.stderr),
        ]
        if schedule == LOG:
            told = "every step" if ratio == RATIOS[-1] else ""
            series.append(Series(LENGTHS, law(ratio, EVEN), told, "wrong"))
    return Panel(
        title=("every step looked at", "log-spaced steps")[schedule],
        x_label="steps of training",
        y_label="dimensions (participation ratio)",
        series=tuple(series),
        x_scale="log",
    )


def _spectra(problem: Problem) -> Panel:
    index, series = np.arange(1, MODES + 1), []
    for schedule, label in enumerate(("every step", "log-spaced")):
        seen, color = _spread(problem, schedule), 3 + schedule
        law = _law(SHOWN, schedule, LENGTHS[-1])
        series += [
            Series(index, law, label, "theory", color),
            Series(index, seen.value, "", "simulation", color, seen.stderr),
        ]
    return Panel(
        title=f"widths, target / start {SHOWN:g}",
        x_label="principal direction of the inputs",
        y_label="mean square prediction along it",
        series=tuple(series),
        y_scale="log",
    )

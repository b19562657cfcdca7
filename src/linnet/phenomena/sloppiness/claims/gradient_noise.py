"""Claim: what the noise of batches adds to a cloud, for two ways of drawing them."""

from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

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
from linnet.study import Bound, Figure, Panel, Problem, Quantities, Series, ZTest
from linnet.study.verdict import Status
from linnet.task.batches import Sampling

SLOPE, MODES, SAMPLES = 0.5, 6, 16
RATE, COUNT, BATCH = 0.4, 40, 8
GOAL, MISFIT = 0.5, 1.0  # of each direction; of what no weights explain, a label
ROUNDING = 1e-9  # of some steps, generously
SIZES = np.arange(4, SAMPLES + 1)  # of batches, in the figure

WITH: Sampling = "with_replacement"
WITHOUT: Sampling = "without_replacement"
EPOCHS: Sampling = "epochs"
TOLD: dict[Sampling, str] = {
    WITH: "with replacement",
    WITHOUT: "without replacement",
    EPOCHS: "epochs",
}
DRAWN = "mean square along each direction, batches drawn with replacement"
DISTINCT = "mean square along each direction, batches drawn without replacement"
ALL = "mean square along each direction, all samples without replacement"
SCATTER = "scatter about the mean along each direction, with, without replacement"


class GradientNoise(CanonicalClaim):
    """One start, one target, labels that no weights explain: all scatter is noise."""

    name: ClassVar[str] = "gradient_noise"
    statement: ClassVar[str] = (
        "Batches widen the cloud of training trajectories along every principal"
        " direction, by an amount that follows exactly from the samples, their labels"
        " and the way batches are drawn; batches of distinct samples widen it less, and"
        " not at all when they hold all samples."
    )
    formula: ClassVar[str] = (
        r"v_i = v_i^{\text{descent}} + n\lambda_i\langle V_{ii}\rangle,\quad"
        r" V' = \rho V\rho + \eta^2\kappa\Big[\tfrac1n\sum_s x_sx_s^\top\big("
        r"x_s^\top Qx_s - 2e_s\,x_s^\top\mu + e_s^2\big) - HQH\Big],\quad"
        r" \kappa = \tfrac1m\ \text{or}\ \tfrac{n-m}{m(n-1)}"
    )
    domain: ClassVar[str] = (
        "Linear networks of one layer on a finite data set, any learning rate that is"
        " stable in the mean square, batches drawn independently of each other. Exact:"
        " nothing is expanded in the learning rate. Reshuffled epochs, whose batches"
        " depend on each other, follow no such recursion; they are only observed."
        " Trajectories share start and target here, so that batches alone make them"
        " differ: where starts and targets are drawn anew and wide, their scatter hides"
        " which way batches were drawn."
    )
    wrong_theory: ClassVar[str] = (
        "the other way of drawing (with for without replacement, and vice versa)"
    )

    def canonical(self, seed: int, quick: bool) -> Problem:
        """Few samples, whose labels are mostly noise."""
        data = _data(seed)
        labels = data.inputs @ _goal(data) + _residuals(seed)
        title = f"{SAMPLES} samples, {MODES} directions, labels with noise"
        return posed(data, title, seed=seed, quick=quick, targets=labels[:, None])

    def status(self, problem: Problem) -> Status:
        """At every learning rate."""
        return "exact"

    def test(self, problem: Problem, label: str) -> ZTest | Bound:
        """Errors over trajectories; a batch of all samples has none."""
        return Bound(ROUNDING, "each") if label == ALL else ZTest()

    def predict(self, problem: Problem) -> Quantities:
        """From the recursion of second moments."""
        return {
            DRAWN: _law(problem, WITH, BATCH),
            DISTINCT: _law(problem, WITHOUT, BATCH),
            ALL: _law(problem, WITHOUT, SAMPLES),
            SCATTER: _scatter(problem, WITH, WITHOUT),
        }

    def wrong(self, problem: Problem) -> Quantities:
        """The same recursion, of the other way of drawing."""
        return {
            DRAWN: _law(problem, WITHOUT, BATCH),
            DISTINCT: _law(problem, WITH, BATCH),
            ALL: _law(problem, WITH, SAMPLES),
            SCATTER: _scatter(problem, WITHOUT, WITH),
        }

    def observe(self, problem: Problem) -> Quantities:
        """Second moments along the inputs' directions, and what is not in the mean."""
        drawn, distinct = (_seen(problem, each, BATCH) for each in (WITH, WITHOUT))
        return {
            DRAWN: drawn.moments,
            DISTINCT: distinct.moments,
            ALL: _seen(problem, WITHOUT, SAMPLES).moments.value,
            SCATTER: ensembles.side_by_side([drawn.scatter, distinct.scatter]),
        }

    def note(self, problem: Problem) -> str:
        """Every run is as long as it was asked to be."""
        return ""

    def figure(self, problem: Problem) -> Figure:
        """What batches add, along the directions and against their size."""
        return Figure(
            name=self.name,
            caption=(
                f"SGD from zero on {SAMPLES} samples with noisy labels. Left: how wide"
                " the cloud of trajectories is along each principal direction, in units"
                f" of plain descent (dotted), in batches of {BATCH}. Right: how far"
                " trajectories scatter about their mean, over all directions; without"
                " replacement this vanishes when a batch holds all samples, with"
                " replacement it does not. Either line would be the wrong theory of the"
                " other's dots. Lines: predicted; dots: simulated."
                f" {_told_epochs(problem)}"
            ),
            panels=(_along(problem), _against_size(problem)),
        )


def _data(seed: int) -> SpectralData:
    return spectral_data(sloppy_variances(SLOPE, MODES), SAMPLES, seed=seed)


def _goal(data: SpectralData) -> Float[np.ndarray, " d"]:
    return data.directions @ np.full(MODES, GOAL)


def _residuals(seed: int) -> Float[np.ndarray, " n"]:
    """Random, but for their mean square, and across all that weights explain."""
    rng = np.random.default_rng([seed, SAMPLES, 4])  # 4: not the problem's draws
    axes, drawn = _data(seed).axes, rng.standard_normal(SAMPLES)
    left = drawn - axes @ (axes.T @ drawn)
    return MISFIT * left / np.sqrt((left**2).mean())


@lru_cache(maxsize=64)
def _law(problem: Problem, sampling: Sampling, size: int) -> Float[np.ndarray, " r"]:
    dataset = problem.dataset
    assert dataset is not None  # canonical problems have one
    descent = theory.noisy_descent(
        dataset.inputs, dataset.targets, RATE, batch_size=size, sampling=sampling
    )
    steps = theory.uniform_checkpoints(COUNT)
    return theory.noisy_fixed_target(descent, 0.0, steps).along_modes()[0]


def _scatter(problem: Problem, *samplings: Sampling) -> Float[np.ndarray, " entries"]:
    """What is added to plain descent, which is the mean."""
    plain = _law(problem, WITHOUT, SAMPLES)
    return np.concatenate([_law(problem, each, BATCH) - plain for each in samplings])


@dataclass(frozen=True, eq=False)
class _Seen:
    """What was seen of trajectories of SGD from zero.

    Attributes:
        moments: Second moments along the directions.
        scatter: Variances about the mean trajectory.
        total: Their sum.
        curve: Second moments of the mean trajectory.
    """

    moments: Estimate
    scatter: Estimate
    total: Estimate
    curve: Float[np.ndarray, " r"]


@lru_cache(maxsize=16)
def _seen(problem: Problem, sampling: Sampling, size: int) -> _Seen:
    from linnet.dynamics import (
        Epochs,
        LinearEnsemble,
        WithoutReplacement,
        WithReplacement,
    )

    drawing = {WITH: WithReplacement(), WITHOUT: WithoutReplacement()}
    data, alike = _data(problem.seed), sampling == WITHOUT and size == SAMPLES
    count = 8000 if problem.quick else 40_000
    drawn = ensembles.fixed_target(
        _goal(data),
        init_deviation=0.0,
        trajectories=2 if alike else count,
        seed=problem.seed,
    )
    recorded = ensembles.recorded(
        LinearEnsemble(data.inputs, RATE, size, drawing.get(sampling, Epochs())),
        data,
        drawn,
        range(COUNT),
        residuals=_residuals(problem.seed),
        seed=100 * problem.seed + 3 * size + list(TOLD).index(sampling),  # of its own
    )
    paths = np.array(list(recorded))
    mean, lost = paths.mean(0), len(paths) / (len(paths) - 1)
    apart = lost * ((paths - mean) ** 2).mean(1)
    return _Seen(
        ensembles.moments(iter(paths)),
        Estimate.from_samples(apart),
        Estimate.from_samples(apart.sum(-1)),
        (mean**2).mean(0),
    )


def _told_epochs(problem: Problem) -> str:
    epochs, apart = (_seen(problem, each, BATCH) for each in (EPOCHS, WITHOUT))
    share = float(epochs.total.value / apart.total.value)
    moved = epochs.curve / _seen(problem, WITHOUT, SAMPLES).curve - 1
    return (
        "Reshuffled epochs (dots without a line) are only observed: their batches make"
        f" up for each other, so that trajectories scatter {share:.0%} as much as in"
        " independent batches of distinct samples, but their mean leaves that of plain"
        f" descent, by up to {np.abs(moved).max():.0%} in mean square."
    )


def _along(problem: Problem) -> Panel:
    index, plain = np.arange(1, MODES + 1), _law(problem, WITHOUT, SAMPLES)
    series = []
    for color, sampling in enumerate((WITHOUT, WITH, EPOCHS)):
        seen, told = _seen(problem, sampling, BATCH).moments, TOLD[sampling]
        if sampling != EPOCHS:
            law = _law(problem, sampling, BATCH) / plain
            series.append(Series(index, law, told, "theory", color))
            told = ""
        value, error = seen.value / plain, seen.stderr / plain
        series.append(Series(index, value, told, "simulation", color, error))
    series.append(Series(index, np.ones(MODES), "plain descent", "guide"))
    return Panel(
        title=f"batches of {BATCH}",
        x_label="principal direction of the inputs",
        y_label="mean square / that of plain descent",
        series=tuple(series),
    )


def _against_size(problem: Problem) -> Panel:
    plain, series = _law(problem, WITHOUT, SAMPLES).sum(), []
    sizes = (BATCH,) if problem.quick else (4, BATCH, 12)
    for color, sampling in enumerate((WITHOUT, WITH, EPOCHS)):
        shown, told = [*sizes], TOLD[sampling]
        if sampling == EPOCHS:
            shown = [m for m in sizes if SAMPLES % m == 0]
        else:
            law = np.array([_law(problem, sampling, m).sum() for m in SIZES])
            series.append(Series(SIZES, law / plain - 1, told, "theory", color))
            told = ""
        if sampling == WITHOUT:
            shown.append(SAMPLES)
        seen = ensembles.side_by_side(
            [_seen(problem, sampling, m).total for m in shown]
        )
        value, error = seen.value / plain, seen.stderr / plain
        dots = Series(np.array(shown), value, told, "simulation", color, error)
        series.append(dots)
    nothing = np.zeros(2)
    series.append(Series(SIZES[[0, -1]], nothing, "plain descent", "guide"))
    return Panel(
        title="against batch size",
        x_label=f"samples in a batch, of {SAMPLES}",
        y_label="scatter / mean square of plain descent",
        series=tuple(series),
    )

"""Claim: where three dimensions hold training trajectories, and where they do not."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from linnet.phenomena.sloppiness import theory
from linnet.phenomena.sloppiness.claims import boundary_runs
from linnet.phenomena.sloppiness.claims.boundary_runs import (
    DIMENSIONS,
    FRACTION,
    MODES,
    SAMPLES,
    Setting,
)
from linnet.phenomena.sloppiness.claims.ensembles import side_by_side
from linnet.phenomena.sloppiness.claims.problems import posed
from linnet.phenomena.sloppiness.claims.source import CanonicalClaim
from linnet.shapes import Float
from linnet.study import Field, Figure, Panel, Problem, Quantities, Series, ZTest
from linnet.study.figure import Scale
from linnet.study.verdict import Status

OUTCOMES = {
    "stronger targets make a ribbon": Setting(1.2, 0.3, 100),
    "always a ribbon": Setting(1.5, 0.3, 3),
    "never a ribbon": Setting(0.5, 0.3, 100),
    "stronger targets destroy it": Setting(0.5, 1.999, 100),
}
RATIOS = (0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
EDGES = (
    *(Setting(1.2, 0.3, length) for length in (10, 30, 100)),
    *(Setting(1.5, 0.3, length) for length in (30, 100)),
)
LAST = OUTCOMES["stronger targets destroy it"]
# Ratios on the closed boundary, to four digits: settings of an experiment.
ON = {
    Setting(1.2, 0.3, 100): 0.5746,
    Setting(1.2, 0.3, 30): 0.6769,
    Setting(1.5, 0.3, 100): 0.3742,
    LAST: 0.2393,
}

STEP, WEAK, MIDDLE = 0.3, 0.3, 1.2  # of maps: step, ratio of one, slope of the other
LENGTHS = np.unique(np.geomspace(1, 1000, 70).round().astype(int))
DOTS = np.array([2, 5, 13, 35, 100, 270, 700])
SLOPES, STRENGTHS = (0.4, 0.7, 1.0, 1.3, 1.6, 1.9), (0.05, 0.1, 0.2, 0.4, 0.8, 1.6)

EDGE = "target over start at which three dimensions explain 95 %"
EXPLAINED = "explained by three dimensions on the boundary"
PERCENT = f"{100 * FRACTION:.0f} %"
FOLDS = "e-folds of the first direction"
SHARE = "explained by 3 dimensions"


class PhaseBoundary(CanonicalClaim):
    """Random starts and targets, plain descent, all steps looked at."""

    name: ClassVar[str] = "phase_boundary"
    statement: ClassVar[str] = (
        "Whether training trajectories lie on a thin ribbon is decided by how fast the"
        " variances of the inputs fall, how strong targets are beside starts, and how"
        " long training lasts; the boundary is a formula. Stronger targets mostly make"
        " a ribbon; sometimes there is one at any strength or at none, and close to the"
        " largest stable step stronger targets destroy it."
    )
    formula: ClassVar[str] = (
        r"\epsilon_c^2 = \frac{q\sum_iA_i-\sum_{i\le k}A_i}"
        r"{\sum_{i\le k}B_i-q\sum_iB_i},\qquad"
        r" A_i = \lambda_i\langle h_i^2\rangle,\quad"
        r" B_i = \lambda_i\langle(1-h_i)^2\rangle"
    )
    domain: ClassVar[str] = (
        "Linear networks of one layer, full-batch descent of any stable step, start and"
        " target drawn anew for each trajectory, variances of the inputs falling"
        f" geometrically over {MODES} directions; a ribbon is what k = {DIMENSIONS}"
        f" dimensions explain to q = {PERCENT}. Exact. Derived here."
    )
    wrong_theory: ClassVar[str] = (
        "the inputs decide alone: three dimensions explain of the trajectories what"
        " they explain of the inputs, whatever target and time are"
    )

    def canonical(self, seed: int, quick: bool) -> Problem:
        """The inputs of the second map; all others are the claim's own."""
        data = boundary_runs.inputs(MIDDLE, seed)
        title = f"{SAMPLES} samples, variances falling by 0.3 to 2 a direction"
        return posed(data, title, seed=seed, quick=quick)

    def status(self, problem: Problem) -> Status:
        """A closed spectrum, and one division."""
        return "exact"

    def test(self, problem: Problem, label: str) -> ZTest:
        """Errors over trajectories."""
        return ZTest()

    def predict(self, problem: Problem) -> Quantities:
        """The closed boundary, and shares beside it and on it."""
        lines = {_label(name): _law(at, RATIOS) for name, at in OUTCOMES.items()}
        on = [float(_law(at, [ratio])[0]) for at, ratio in ON.items()]
        edges = [_edge(at) for at in (*EDGES, LAST)]
        return {**lines, EXPLAINED: np.array(on), EDGE: np.array(edges)}

    def wrong(self, problem: Problem) -> Quantities:
        """The inputs' own share; no ratio matters, so that all are a ribbon or none."""
        lines = {
            _label(name): np.full(len(RATIOS), _of_inputs(at))
            for name, at in OUTCOMES.items()
        }
        edges = [0.0 if _of_inputs(at) >= FRACTION else np.inf for at in (*EDGES, LAST)]
        on = np.array([_of_inputs(at) for at in ON])
        return {**lines, EXPLAINED: on, EDGE: np.array(edges)}

    def observe(self, problem: Problem) -> Quantities:
        """Second moments along the inputs' directions; ratios where they pass 95 %."""
        given = problem.seed, _trajectories(problem)
        lines = {
            _label(name): side_by_side(
                [boundary_runs.shares(at, ratio, *given) for ratio in RATIOS]
            )
            for name, at in OUTCOMES.items()
        }
        on = [boundary_runs.shares(at, ratio, *given) for at, ratio in ON.items()]
        edges = [boundary_runs.edge(at, *given) for at in (*EDGES, LAST)]
        return {
            **lines,
            EXPLAINED: side_by_side(on),
            EDGE: side_by_side(edges),
        }

    def note(self, problem: Problem) -> str:
        """Every run is as long as it was asked to be."""
        return ""

    def figure(self, problem: Problem) -> Figure:
        """Two maps with their boundary, and the four outcomes."""
        return Figure(
            name=self.name,
            caption=(
                "How much three dimensions explain of all training trajectories. Left"
                " and middle: blue is a ribbon, the line is the predicted boundary of"
                f" {PERCENT}; dots are simulated ensembles in the shade of what"
                " was seen, and sink into the map where it is right. Left: against the"
                f" slope c of the inputs, targets {WEAK:g} of starts. Middle: against"
                f" the target, c = {MIDDLE:g}. Right: the four things that stronger"
                " targets can do to what is left over (lines:"
                " predicted; dots: simulated). Dashed: what three dimensions leave of"
                " the inputs of the first."
            ),
            panels=(_slope_panel(problem), _ratio_panel(problem), _outcomes(problem)),
        )


def _label(name: str) -> str:
    return f"explained by three dimensions: {name}"


def _trajectories(problem: Problem) -> int:
    return 512 if problem.quick else 8192


def _variances(slope: float) -> Float[np.ndarray, " modes"]:
    return np.exp(-slope * np.arange(MODES))


def _averages(setting: Setting) -> theory.ModeAverages:
    return theory.mode_averages(
        theory.GradientDescent(setting.step),
        _variances(setting.slope),
        theory.uniform_checkpoints(setting.length),
    )


def _law(
    setting: Setting, ratios: Sequence[float] | Float[np.ndarray, " ratios"]
) -> Float[np.ndarray, " ratios"]:
    """What three dimensions explain at each ratio of target and start."""
    spectrum = theory.random_target_spectrum(
        _variances(setting.slope),
        SAMPLES,
        1.0,
        np.asarray(ratios),
        theory.GradientDescent(setting.step),
        theory.uniform_checkpoints(setting.length),
    )
    return boundary_runs.leading_share(spectrum)


def _edge(setting: Setting) -> float:
    return float(
        theory.ribbon_boundary(
            _averages(setting),
            _variances(setting.slope),
            fraction=FRACTION,
            dimensions=DIMENSIONS,
        ).ratio
    )


def _of_inputs(setting: Setting) -> float:
    return float(boundary_runs.leading_share(_variances(setting.slope)))


def _slope_panel(problem: Problem) -> Panel:
    rows = np.linspace(0.3, 2.0, 69)
    plane = theory.slope_map(
        rows, STEP * LENGTHS, WEAK, fraction=FRACTION, step=STEP, modes=MODES
    )
    # The share rises with the slope: the boundary is one slope for each length.
    gap = plane.boundary.missing - WEAK**2 * plane.boundary.gained
    line = [np.interp(0.0, -column, rows) for column in gap.T]
    seen = [(c, _seen(problem, c, WEAK)) for c in SLOPES]
    return _map(
        plane, line, seen, f"target {WEAK:g} of the start", "slope c of the inputs"
    )


def _ratio_panel(problem: Problem) -> Panel:
    rows = np.geomspace(0.03, 3.0, 69)
    plane = theory.ratio_map(
        rows, STEP * LENGTHS, MIDDLE, fraction=FRACTION, step=STEP, modes=MODES
    )
    line = np.where(plane.boundary.kind == "above", plane.boundary.ratio, np.nan)
    first = np.flatnonzero(np.isfinite(line))[0]
    line[max(first - 1, 0)] = rows[0]  # it comes from zero, where a log axis has no end
    seen = [(ratio, _seen(problem, MIDDLE, ratio)) for ratio in STRENGTHS]
    return _map(plane, line, seen, f"slope c = {MIDDLE:g}", "target / start", "log")


def _seen(problem: Problem, slope: float, ratio: float) -> Float[np.ndarray, " dots"]:
    count = 128 if problem.quick else 2048
    given = ratio, problem.seed, count
    return boundary_runs.shares_by_length(slope, STEP, DOTS, *given)


def _map(
    plane: theory.DimensionMap,
    line: Sequence[float] | Float[np.ndarray, " lengths"],
    seen: Sequence[tuple[float, Float[np.ndarray, " dots"]]],
    title: str,
    y_label: str,
    y_scale: Scale = "linear",
) -> Panel:
    at = np.concatenate([np.full(len(DOTS), row) for row, _ in seen])
    return Panel(
        title=title,
        x_label=FOLDS,
        y_label=y_label,
        series=(
            Series(plane.folds, np.asarray(line), f"{PERCENT}: ribbon above"),
            Series(
                np.tile(STEP * DOTS, len(seen)),
                at,
                "observed, in the same shades",
                "simulation",
                shade=np.concatenate([share for _, share in seen]),
            ),
        ),
        x_scale="log",
        y_scale=y_scale,
        field=Field(plane.folds, plane.rows, plane.explained, SHARE, 0.6, 1.0),
    )


def _outcomes(problem: Problem) -> Panel:
    given = problem.seed, _trajectories(problem)
    dense, series = np.geomspace(RATIOS[0], RATIOS[-1], 81), []
    for color, (name, at) in enumerate(OUTCOMES.items()):
        found = side_by_side(
            [boundary_runs.shares(at, each, *given) for each in RATIOS]
        )
        left = 1 - np.asarray(found.value)
        series += [
            Series(dense, 1 - _law(at, dense), name, "theory", color),
            Series(np.array(RATIOS), left, "", "simulation", color, found.stderr),
        ]
    ends = dense[[0, -1]]
    first = next(iter(OUTCOMES.values()))
    return Panel(
        title="four outcomes",
        x_label="target / start",
        y_label="not explained by 3 dimensions",
        series=(
            *series,
            Series(ends, np.full(2, 1 - FRACTION), f"{PERCENT}: ribbon below", "guide"),
            Series(ends, np.full(2, 1 - _of_inputs(first)), "as the inputs", "wrong"),
        ),
        x_scale="log",
        y_scale="log",
    )

"""Claim: training with one spike moves in a plane, by a law that balance decides."""

from functools import lru_cache
from typing import ClassVar

import numpy as np

from linnet.network import end_to_end
from linnet.phenomena.anisotropy import measure, theory
from linnet.phenomena.anisotropy.claims import phase_runs, starts
from linnet.phenomena.anisotropy.claims.source import CanonicalClaim
from linnet.study import Bound, Figure, Panel, Problem, Quantities, Series
from linnet.study.verdict import Status
from linnet.task import Moments

INPUTS, HIDDEN = 20, 5
STRENGTH, ALIGNMENT = 10.0, 0.3
IMBALANCES = {
    -1.0: "first layer larger",
    0.0: "layers balanced",
    1.0: "last layer larger",
}
STARTS = ((1e-6, 0.0), (0.02, 0.2), (-0.2, 0.5), (0.6, -0.1), (0.1, 1.0))
TIMES = np.concatenate([np.linspace(0.0, 0.5, 26), np.linspace(0.6, 13.0, 63)])
ACCURACY = 1e-6  # of two integrators, each to 1e-10 of a step
GRID = (np.linspace(-0.25, 0.75, 11), np.linspace(-0.15, 1.05, 13))
APART = 0.09  # of two dots along a path
LENGTH = 0.05  # of the marks of the field, in units of the panel's sides


class PhasePlane(CanonicalClaim):
    """Paths in the plane of correlation and teacher, for three imbalances."""

    name: ClassVar[str] = "phase_plane"
    statement: ClassVar[str] = (
        "With one spike a network learns within a plane; its path there depends on"
        " where it starts and on how much larger one layer is than the other."
    )
    formula: ClassVar[str] = (
        r"\dot c = \tfrac12(R+\delta)g + \tfrac12(R-\delta)\hat c(\hat c\cdot g),\quad"
        r" g = s_1e_1-Sc,\quad R = \sqrt{\delta^2+4\lVert c\rVert^2},\quad"
        r" \delta = \lvert a\rvert^2-\lVert W\rVert^2"
    )
    domain: ClassVar[str] = (
        "Two layers of rank one that start in the plane, gradient flow of all weights;"
        " exact. Derived here."
    )
    wrong_theory: ClassVar[str] = (
        "all networks move as balanced ones do (for balanced ones: as one layer does)"
    )

    def canonical(self, seed: int, quick: bool) -> Problem:
        """Spike strength 10, alignment 0.3."""
        return phase_runs.problem(
            "20 inputs, one spike of strength 10, alignment 0.3, layers of rank one",
            inputs=INPUTS,
            hidden=HIDDEN,
            deviation=1e-3,
            seed=seed,
            quick=quick,
        )

    def status(self, problem: Problem) -> Status:
        """For layers of rank one."""
        return "exact"

    def test(self, problem: Problem, label: str) -> Bound:
        """What both integrators leave open."""
        return Bound(ACCURACY)

    def predict(self, problem: Problem) -> Quantities:
        """The equation of two coordinates."""
        return {label: predicted(delta) for delta, label in IMBALANCES.items()}

    def wrong(self, problem: Problem) -> Quantities:
        """Without the imbalance; balanced layers as one layer."""
        return {
            label: predicted(0.0, 2 if delta else 1)
            for delta, label in IMBALANCES.items()
        }

    def observe(self, problem: Problem) -> Quantities:
        """All weights, seen along both axes."""
        return {label: paths(problem, delta) for delta, label in IMBALANCES.items()}

    def note(self, problem: Problem) -> str:
        """Nothing: paths are compared at given times, not at an end."""
        return ""

    def figure(self, problem: Problem) -> Figure:
        """One plane for every imbalance."""
        plane = _plane()
        corner = theory.corner(plane)
        end = plane.teacher
        return Figure(
            name=self.name,
            caption=(
                "Every point is a network, every line the path of its training, up to"
                " the teacher. Dotted marks show which way the equation moves all other"
                " networks. From a small start, at the origin, balanced layers first"
                f" head for the corner, ({corner:.3f}, 0), where the correlation has"
                f" nothing more to give, and turn up to ({end[0]:.3f}, {end[1]:.3f})"
                " before they rest there."
                " A larger first layer lets the network change its length long before"
                " its direction. Dashed: the same starts with the imbalance left out,"
                " or, for balanced layers, trained as one layer."
            ),
            panels=tuple(_panel(problem, delta) for delta in IMBALANCES),
        )


def _plane() -> theory.Plane:
    return theory.spike_plane(STRENGTH, ALIGNMENT)


def _moments(problem: Problem) -> Moments:
    return phase_runs.task(problem.seed, INPUTS, STRENGTH, ALIGNMENT)


def predicted(imbalance: float, depth: int = 2) -> np.ndarray:
    """Coordinates (starts, times, 2)."""
    plane = _plane()
    drive = np.array([plane.drive, 0.0])
    return theory.reduced_flow(
        plane.moment, drive, STARTS, TIMES, depth=depth, imbalance=imbalance
    )


@lru_cache(maxsize=16)
def paths(problem: Problem, imbalance: float) -> np.ndarray:
    """The same of gradient flow on all weights."""
    from linnet.dynamics import GradientFlow, simulate

    moments = _moments(problem)
    axes = phase_runs.axes(moments)
    begin = [
        starts.tilted(axes @ start, imbalance, HIDDEN, problem.seed)
        for start in np.array(STARTS)
    ]
    run = simulate(
        GradientFlow(moments),
        starts.stacked(begin),
        times=TIMES.tolist(),
        observe={"product": end_to_end},
        memory_limit=problem.memory_limit,
    )
    return measure.project(run["product"][:, :, 0], axes).coordinates.swapaxes(0, 1)


def _panel(problem: Problem, imbalance: float) -> Panel:
    seen, right = paths(problem, imbalance), predicted(imbalance)
    other = predicted(0.0, 2 if imbalance else 1)
    series = [*_field(imbalance)]
    if not imbalance:
        series += _nullclines()
        series.append(_mark((float(theory.corner(_plane())), 0.0), "corner", 3))
    series.append(_mark(tuple(_plane().teacher), "teacher", 4))
    missing = "as if balanced" if imbalance else "as one layer"
    for path in other:
        series.append(Series(path[:, 0], path[:, 1], missing, "wrong"))
    for path in right:
        series.append(Series(path[:, 0], path[:, 1], "training"))
    for path in seen:
        few = path[_apart(path)]
        series.append(Series(few[:, 0], few[:, 1], "training", "simulation"))
    return Panel(
        title=IMBALANCES[imbalance],
        x_label="along the correlation",
        y_label="along the rest of the teacher",
        series=tuple(series),
    )


def _apart(path: np.ndarray) -> np.ndarray:
    """Saved points of a path that are not too close for dots."""
    passed = np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=1))
    return np.unique(np.searchsorted(passed, np.arange(0.0, passed[-1], APART)))


def _mark(place: tuple[float, ...], label: str, color: int) -> Series:
    """A small diamond: there are lines and dots only, and dots are simulation."""
    around = 0.035 * np.array([[1, 0], [0, 1], [-1, 0], [0, -1], [1, 0]])
    x, y = (np.array(place) + around * [0.7, 1.0]).T
    return Series(x, y, label, "theory", color)


def _field(imbalance: float) -> list[Series]:
    """Short marks along the flow; one series each, since lines join their points."""
    points = np.stack(np.meshgrid(*GRID, indexing="ij"), axis=-1).reshape(-1, 2)
    points = points[np.linalg.norm(points, axis=1) > 1e-9]
    plane = _plane()
    velocity = theory.flow_velocity(
        plane.moment, np.array([plane.drive, 0.0]), points, imbalance=imbalance
    )
    sides = np.array([axis[-1] - axis[0] for axis in GRID])
    size = np.linalg.norm(velocity / sides, axis=1, keepdims=True)
    marks = LENGTH * velocity / np.where(size > 0, size, 1.0)
    return [
        Series(np.array([a, a + x]), np.array([b, b + y]), "", "guide")
        for (a, b), (x, y) in zip(points, marks, strict=True)
    ]


def _nullclines() -> list[Series]:
    """Where one of both coordinates does not move."""
    plane = _plane()
    angles = np.linspace(0.0, np.pi, 1441)[:-1]
    curves = theory.nullclines(plane.moment, np.array([plane.drive, 0.0]), angles)
    (x_low, x_high), (y_low, y_high) = ((axis[0], axis[-1]) for axis in GRID)
    series = []
    for color, curve in enumerate(curves, start=1):
        inside = (curve[:, 0] > x_low) & (curve[:, 0] < x_high)
        inside &= (curve[:, 1] > y_low) & (curve[:, 1] < y_high)
        name = f"{('first', 'second')[color - 1]} coordinate rests"
        # A line would join what is left of a curve across what is cut off.
        cuts = np.flatnonzero(np.diff(inside.astype(int))) + 1
        for piece, kept in zip(
            np.split(curve, cuts), np.split(inside, cuts), strict=True
        ):
            if kept[0]:
                series.append(Series(piece[:, 0], piece[:, 1], name, "theory", color))
    return series

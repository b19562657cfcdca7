"""Claim: the tangent kernel turns after it has grown, by a known angle."""

from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import numpy as np

from linnet.network import Weights
from linnet.numerics import Estimate, crossing
from linnet.phenomena.anisotropy import measure, theory
from linnet.phenomena.anisotropy.claims import phase_runs, starts
from linnet.phenomena.anisotropy.claims.source import CanonicalClaim
from linnet.study import Bound, Figure, Panel, Problem, Quantities, Series
from linnet.study.verdict import Status

INPUTS, HIDDEN, DEVIATION, DRAWS = 20, 6, 1e-6, 4
STRENGTH, ALIGNMENTS = 10.0, (0.3, 0.5, 0.8)
END, SAVES = 12.0, 601
EARLY = 0.01  # of the corner: how far the first phase has come where it is read
PARTS = (0.02, 0.1, 0.3, 0.6, 0.9)  # of the second coordinate's end
TOTAL = "angle by which the kernel turns, at one per cent of the corner"
COURSE = "angle still to turn as the second coordinate grows"
ISOTROPIC = (0.0, 0.3)  # strength and alignment of no spike
SPIKED = tuple((STRENGTH, alignment) for alignment in ALIGNMENTS)
JOINED = 1e-3  # of the corner: where closed layers hand over to the plane
Spike = tuple[float, float]
DENSE = 2401  # times of a predicted course
GRIDS = 1e-3  # of the largest angle: linear between saved times, (END/SAVES)^2, twice


class SilentAlignment(CanonicalClaim):
    """Top direction of the tangent kernel, against the teacher, over training."""

    name: ClassVar[str] = "silent_alignment"
    statement: ClassVar[str] = (
        "With isotropic inputs the tangent kernel turns to its final direction before"
        " it grows; with a spike it grows along the correlation and turns to the"
        " teacher afterwards, in the second phase."
    )
    formula: ClassVar[str] = (
        r"K = x^\top(\lvert a\rvert^2I+W^\top W)x',\qquad"
        r" \angle(u_1,\hat\beta) = \arccos(\beta_1/b)"
    )
    domain: ClassVar[str] = (
        "Two layers, one spike, small random start. The total is read where the first"
        f" coordinate is {EARLY:g} of its corner, where the network has turned by less"
        " than that. Derived here."
    )
    wrong_theory: ClassVar[str] = (
        "silent alignment: the kernel only grows once it has turned, so that no angle"
        " is left"
    )
    citations: ClassVar[tuple[str, ...]] = ("watanabe2026", "atanasov2022")

    def canonical(self, seed: int, quick: bool) -> Problem:
        """Small random layers."""
        return phase_runs.problem(
            "20 inputs, one spike of strength 10, small random start",
            inputs=INPUTS,
            hidden=HIDDEN,
            deviation=DEVIATION,
            seed=seed,
            quick=quick,
        )

    def status(self, problem: Problem) -> Status:
        """For small starts."""
        return "asymptotic"

    def test(self, problem: Problem, label: str) -> Bound:
        """What has turned before it is read; what two grids of times leave open."""
        return Bound(EARLY if label == TOTAL else GRIDS)

    def predict(self, problem: Problem) -> Quantities:
        """Angle of correlation and teacher; angle of the network in the plane."""
        planes = [theory.spike_plane(*spike) for spike in (ISOTROPIC, *SPIKED)]
        return {
            TOTAL: np.array([theory.silent_alignment_angle(p) for p in planes]),
            COURSE: np.array([_course(spike) for spike in SPIKED]),
        }

    def wrong(self, problem: Problem) -> Quantities:
        """No angle is left."""
        right = self.predict(problem)
        return {label: np.zeros_like(np.asarray(right[label])) for label in right}

    def observe(self, problem: Problem) -> Quantities:
        """Top right singular direction of the first layer; mean over starts."""
        return {
            TOTAL: np.array([_total(problem, s) for s in (ISOTROPIC, *SPIKED)]),
            COURSE: np.array([_seen_course(problem, spike) for spike in SPIKED]),
        }

    def note(self, problem: Problem) -> str:
        """Nothing: an angle at a coordinate that is never reached is an error."""
        return ""

    def figure(self, problem: Problem) -> Figure:
        """Direction of the kernel as it grows, and the angle against the alignment."""
        return Figure(
            name=self.name,
            caption=(
                "Left: how far the top direction of the tangent kernel still has to"
                " turn, as the network grows from a tiny random start (dots). Without a"
                " spike the kernel has its final direction long before it has any size:"
                " silent alignment. With a spike it first turns to the correlation,"
                " grows that way, and turns on to the teacher at full size (lines)."
                " Right: the angle that is left, for all alignments; it vanishes only"
                " where the teacher is along the spike or across it."
            ),
            panels=(_growing(problem), _against_alignment(problem)),
        )


@dataclass(frozen=True, eq=False)
class Run:
    """Random starts side by side.

    Attributes:
        times: Of all.
        coordinates: Along one axis or both, (starts, times, axes).
        directions: Of the kernel, (starts, times, d).
        levels: Corner of the first coordinate, end of the others.
    """

    times: np.ndarray
    coordinates: np.ndarray
    directions: np.ndarray
    levels: np.ndarray


@lru_cache(maxsize=16)
def trained(problem: Problem, spike: Spike) -> Run:
    """Gradient flow of all weights from every random start."""
    from linnet.dynamics import GradientFlow, simulate

    moments = phase_runs.task(problem.seed, INPUTS, *spike)
    run = simulate(
        GradientFlow(moments),
        _starts(problem),
        times=np.linspace(0.0, END, SAVES).tolist(),
        observe={"first": _first_layer, "last": _last_layer},
        memory_limit=problem.memory_limit,
    )
    layers = [run[name].swapaxes(0, 1) for name in ("first", "last")]
    axes = phase_runs.axes(moments)
    levels = phase_runs.levels(moments)
    product = (layers[1] @ layers[0])[..., 0, :]
    coordinates = measure.project(product, axes).coordinates
    return Run(run.times, coordinates, measure.kernel_directions(layers), levels)


def _starts(problem: Problem) -> starts.Stack:
    return starts.gaussian(problem.seed, DRAWS, HIDDEN, INPUTS, DEVIATION)


def _first_layer(weights: Weights) -> np.ndarray:
    return weights[0]


def _last_layer(weights: Weights) -> np.ndarray:
    return weights[1]


def _total(problem: Problem, spike: Spike) -> float:
    run = trained(problem, spike)
    when = measure.phase_time(run.times, run.coordinates[..., 0], run.levels[0], EARLY)
    return float(_mean(measure.turning(run.times, run.directions, when.times)))


def _seen_course(problem: Problem, spike: Spike) -> np.ndarray:
    run, found = trained(problem, spike), []
    for part in PARTS:
        when = measure.phase_time(
            run.times, run.coordinates[..., 1], run.levels[1], part
        )
        found.append(_mean(measure.turning(run.times, run.directions, when.times)))
    return np.array(found)


def _mean(found: Estimate | np.ndarray) -> np.ndarray:
    return found.value if isinstance(found, Estimate) else found


def _path(spike: Spike) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Times, coordinates and angle to the teacher from a small start on u_1."""
    plane = theory.spike_plane(*spike)
    start = float(theory.mean_effective_start(HIDDEN, DEVIATION, DEVIATION))
    times = np.linspace(0.0, END, DENSE)
    path = theory.reduced_flow(
        plane.moment, np.array([plane.drive, 0.0]), np.array([start, 0.0]), times
    )
    whole = np.arctan2(plane.teacher[1], plane.teacher[0])
    return times, path, whole - np.arctan2(path[:, 1], path[:, 0])


def _course(spike: Spike) -> np.ndarray:
    times, path, angle = _path(spike)
    end = theory.spike_plane(*spike).teacher[1]
    when = [crossing(times, path[:, 1], part * end).time for part in PARTS]
    return np.interp(when, times, angle)


def _growing(problem: Problem) -> Panel:
    series = []
    shown = ((SPIKED[0], "spike, alignment 0.3"), (ISOTROPIC, "no spike"))
    for color, (spike, name) in enumerate(shown):
        reached, angle = _predicted_turn(problem, spike)
        run = trained(problem, spike)
        size = np.linalg.norm(run.coordinates[0], axis=-1)
        left = measure.axis_angles(run.directions[0], run.directions[0, -1])
        few = _spread(size)
        series += [
            Series(reached, np.degrees(angle), name, color=color),
            Series(size[few], np.degrees(left[few]), name, "simulation", color),
        ]
    ends = np.array([1e-12, 1.0])
    series.append(Series(ends, np.zeros(2), "silent alignment", "wrong"))
    return Panel(
        title="direction of the kernel as it grows",
        x_label="length of the network / teacher",
        y_label="still to turn, degrees",
        series=tuple(series),
        x_scale="log",
    )


def _predicted_turn(problem: Problem, spike: Spike) -> tuple[np.ndarray, np.ndarray]:
    """Length of the network and angle still to turn, from the first start on.

    Both layers in closed form while they are small, the plane from there on.
    """
    moments = phase_runs.task(problem.seed, INPUTS, *spike)
    start = starts.one_draw(_starts(problem), 0)
    effective = theory.effective_start(start, moments.yx[0])
    early = np.linspace(0.0, float(theory.early_end(moments, effective, JOINED)), 201)
    first, last = theory.early_layers(start, moments.yx[0], early)
    size = np.linalg.norm(last @ first, axis=-1)[:, 0]
    top = np.linalg.svd(first, full_matrices=False)[2][:, 0]
    solution = moments.minimizer().end_to_end[0]
    cosine = np.abs(top @ solution) / np.linalg.norm(solution)
    _, path, angle = _path(spike)
    length = np.linalg.norm(path, axis=-1)
    late = length > size[-1]
    return (
        np.concatenate([size, length[late]]),
        np.concatenate([np.arccos(np.minimum(cosine, 1.0)), angle[late]]),
    )


def _spread(size: np.ndarray) -> np.ndarray:
    """Indices at about equal steps of the logarithm of a size that grows."""
    logarithm = np.maximum.accumulate(np.log(size))
    goals = np.linspace(logarithm[0], logarithm[-1], 40)
    found = np.searchsorted(logarithm, goals)
    late = np.linspace(np.searchsorted(size, 0.2), len(size) - 1, 60).astype(int)
    return np.unique(np.concatenate([found, late[:25]]).clip(max=len(size) - 1))


def _against_alignment(problem: Problem) -> Panel:
    line = np.linspace(0.0, 1.0, 201)
    series = []
    for color, strength in enumerate((STRENGTH, 1.0)):
        angle = theory.silent_alignment_angle(theory.spike_plane(strength, line))
        name = f"spike strength {strength:g}"
        series.append(Series(line, np.degrees(angle), name, color=color))
        if strength == STRENGTH:
            seen = np.array([_total(problem, spike) for spike in SPIKED])
            at = np.array(ALIGNMENTS)
            series.append(Series(at, np.degrees(seen), name, "simulation", color))
    ends = np.array([0.0, 1.0])
    series.append(Series(ends, np.zeros(2), "silent alignment", "wrong"))
    return Panel(
        title="angle left when the kernel has grown",
        x_label="alignment of spike and teacher",
        y_label="degrees",
        series=tuple(series),
    )

"""Claim: training ends at two rates, and neither is that of a single layer."""

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

INPUTS, HIDDEN = 12, 5
STRENGTH, NORM = 100.0, 2.0
ALIGNMENTS = (0.3, 0.6, 0.9)  # times the strength at least 30
DEPTHS = (1, 2, 3)
START, NUDGE = 0.1, 1e-5  # product along the correlation; random part of every layer
UPPER, LOWER = 1e-3, 1e-6  # of the teacher's length: between them rates are read
END, SAVES = 18.0, 361  # time in units of the rate across the plane
TOLERANCE = 1e-12
SLOW = "rate of the last difference, in the plane"
REST = "rate of the other directions"
CLOSURE = "no gradient along the correlation"


class LateRates(CanonicalClaim):
    """How fast the last differences to the teacher decay, for one to three layers."""

    name: ClassVar[str] = "late_rates"
    statement: ClassVar[str] = (
        "At the end the network approaches the teacher at one rate in the plane of"
        " spike and teacher and at another across it; both depend on the number of"
        " layers."
    )
    formula: ClassVar[str] = (
        r"\lambda_- = \tfrac m2\left[T-\sqrt{T^2-4L(1+\rho)}\right],\quad"
        r" T = 1+\rho(1-A^2)+L(1+\rho A^2),\quad m = b^{2-2/L}"
    )
    domain: ClassVar[str] = (
        "Balanced layers, gradient flow, one spike; rates as the difference to the"
        f" teacher falls from {UPPER:g} to {LOWER:g} of the teacher's length, to what"
        f" curvature adds there, {UPPER:g}. Across the plane the rate is m. Derived"
        " here."
    )
    wrong_theory: ClassVar[str] = (
        "along the correlation the gradient is zero, which for strong spikes ends at"
        r" $m(1+(L-1)(1-A^2))$; across the plane all decays as with one layer"
    )

    def canonical(self, seed: int, quick: bool) -> Problem:
        """A strong spike, for which the wrong theory was made."""
        return phase_runs.problem(
            "12 inputs, one spike of strength 100, a teacher of length 2, balanced"
            " layers",
            inputs=INPUTS,
            hidden=HIDDEN,
            deviation=NUDGE,
            seed=seed,
            quick=quick,
        )

    def status(self, problem: Problem) -> Status:
        """In the limit of late times."""
        return "asymptotic"

    def test(self, problem: Problem, label: str) -> Bound:
        """What is left of curvature where rates begin to be read, with room."""
        return Bound(UPPER)

    def predict(self, problem: Problem) -> Quantities:
        """Eigenvalues at the minimum."""
        rates = [[_rates(a, depth) for depth in DEPTHS] for a in ALIGNMENTS]
        return {
            SLOW: np.array([[float(one.slow) for one in row] for row in rates]),
            REST: np.array([[float(one.rest) for one in row] for row in rates]),
        }

    def wrong(self, problem: Problem) -> Quantities:
        """The closure, and a single layer."""
        return {
            SLOW: np.array([[_closure(a, d) for d in DEPTHS] for a in ALIGNMENTS]),
            REST: np.ones((len(ALIGNMENTS), len(DEPTHS))),
        }

    def observe(self, problem: Problem) -> Quantities:
        """Slopes of the logarithm of what is still missing."""
        rates = observed_rates(problem)
        return {SLOW: rates[..., 0], REST: rates[..., 1]}

    def note(self, problem: Problem) -> str:
        """Nothing: without an end there is no slope, and the claim fails."""
        return ""

    def figure(self, problem: Problem) -> Figure:
        """What is still missing over time, and the rate against the alignment."""
        return Figure(
            name=self.name,
            caption=(
                "Left: how far the network still is from the teacher, seen in the plane"
                " of spike and teacher; lines have the predicted slope. Right: that"
                " slope for all alignments. If the gradient along the correlation were"
                " taken to be zero, as is tempting for strong spikes, the rates would"
                " be the dashed ones; with one layer both agree. At alignment 0 and 1"
                " nothing is left to turn, and both agree as well."
            ),
            panels=(_decay(problem), _against_alignment(problem)),
        )


def _rates(alignment: float, depth: int) -> theory.LateRates:
    plane = theory.spike_plane(STRENGTH, alignment, NORM)
    return theory.late_rates(plane, depth=depth)


def _closure(alignment: float, depth: int) -> float:
    size = NORM ** (2 - 2 / depth)
    return size * (1 + (depth - 1) * (1 - alignment**2))


def _moments(problem: Problem, alignment: float) -> Moments:
    return phase_runs.task(problem.seed, INPUTS, STRENGTH, alignment, NORM)


@lru_cache(maxsize=32)
def differences(
    problem: Problem, alignment: float, depth: int
) -> tuple[np.ndarray, np.ndarray]:
    """Times, and what is missing in the plane and across it, (times, 2) lengths."""
    from linnet.dynamics import GradientFlow, simulate

    moments = _moments(problem, alignment)
    axes = phase_runs.axes(moments)
    seed = problem.seed
    chain = starts.rank_one(axes[:, 0], START, HIDDEN, depth=depth, seed=seed)
    run = simulate(
        GradientFlow(moments),
        starts.shaken(chain, NUDGE, seed),
        times=np.linspace(0.0, END / NORM ** (2 - 2 / depth), SAVES).tolist(),
        observe={"product": end_to_end},
        tolerance=TOLERANCE,
        memory_limit=problem.memory_limit,
    )
    missing = run["product"][:, 0] - moments.minimizer().end_to_end[0]
    seen = measure.project(missing, axes)
    inside = np.linalg.norm(seen.coordinates, axis=-1)
    return run.times, np.stack([inside, seen.outside], axis=-1) / NORM


def _slopes(times: np.ndarray, missing: np.ndarray) -> tuple[float, float]:
    """Rates in the plane and across it, while the plane's part lies in its window."""
    inside = missing[:, 0]
    late = np.flatnonzero((inside < UPPER) & (inside > LOWER))
    if len(late) < 3:
        return np.nan, np.nan
    slope = np.polyfit(times[late], np.log(missing[late]), 1)[0]
    return float(-slope[0]), float(-slope[1])


def _decay(problem: Problem) -> Panel:
    alignment, series, dashed = ALIGNMENTS[1], [], []
    for color, depth in enumerate(DEPTHS):
        times, missing = differences(problem, alignment, depth)
        inside = missing[:, 0]
        late = np.flatnonzero((inside < 0.1) & (inside > LOWER))
        few = late[:: max(1, len(late) // 12)]
        at = late[np.argmax(inside[late] < 0.01)]
        rate = float(_rates(alignment, depth).slow)
        line = inside[at] * np.exp(-rate * (times[late] - times[at]))
        other = inside[at] * np.exp(
            -_closure(alignment, depth) * (times[late] - times[at])
        )
        name = f"{depth} layer{'s' * (depth > 1)}"
        series += [
            Series(times[late], line, name, "theory", color),
            Series(times[few], inside[few], name, "simulation", color),
        ]
        if depth > 1:
            dashed.append(Series(times[late], other, CLOSURE, "wrong"))
    return Panel(
        title=f"the end of training, alignment {alignment:g}",
        x_label="time (learning rate × steps)",
        y_label="missing in the plane / teacher",
        series=(*series, *dashed),
        y_scale="log",
    )


def _against_alignment(problem: Problem) -> Panel:
    line = np.linspace(0.0, 1.0, 101)
    seen, series, dashed = observed_rates(problem)[..., 0], [], []
    for color, depth in enumerate(DEPTHS):
        plane = theory.spike_plane(STRENGTH, line, NORM)
        name = f"{depth} layer{'s' * (depth > 1)}"
        slow = theory.late_rates(plane, depth=depth).slow
        series += [
            Series(line, slow, name, "theory", color),
            Series(np.array(ALIGNMENTS), seen[:, color], name, "simulation", color),
        ]
        if depth > 1:
            other = np.array([_closure(a, depth) for a in line])
            dashed.append(Series(line, other, CLOSURE, "wrong"))
    return Panel(
        title="rate of the last difference",
        x_label="alignment of spike and teacher",
        y_label="rate",
        series=(*series, *dashed),
    )


def observed_rates(problem: Problem) -> np.ndarray:
    """Rates in the plane and across it, (alignments, depths, 2)."""
    return np.array(
        [[_slopes(*differences(problem, a, d)) for d in DEPTHS] for a in ALIGNMENTS]
    )

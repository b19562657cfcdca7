"""Claim: speed, time and depth of the first phase, over spikes and alignments."""

from functools import lru_cache
from typing import ClassVar

import numpy as np

from linnet.numerics import crossing
from linnet.phenomena.anisotropy import theory
from linnet.phenomena.anisotropy.claims import phase_runs
from linnet.phenomena.anisotropy.claims.source import CanonicalClaim
from linnet.phenomena.anisotropy.claims.spike_grid import (
    ALIGNMENTS,
    DEVIATION,
    HIDDEN,
    INPUTS,
    RELAXED,
    along_the_line,
    layers,
    spikes,
    trained,
    two_phased,
)
from linnet.study import Bound, Figure, Panel, Problem, Quantities, Series
from linnet.study.verdict import Status

DENSE = 2001  # times of a predicted path
SPEED = "growth of the network while it is small, halved"
TIME = "time of half the corner"
LINE = "loss left when trained along the correlation alone / start"
ROUND = "loss of the free network as it passes the corner / start"
TIME_AXIS = "time (learning rate × steps)"
SECOND = "share of the squared length beside the correlation, at the end"


class PhaseMaps(CanonicalClaim):
    """What strength and alignment of the spike do to the first phase."""

    name: ClassVar[str] = "phase_maps"
    statement: ClassVar[str] = (
        "The first phase is faster for stronger and better aligned spikes; how much it"
        " leaves to the second is largest at a middle strength, and there is no second"
        " phase without a spike, or with one along or across the teacher."
    )
    formula: ClassVar[str] = (
        r"s_1 = b\sqrt{1+\rho(2+\rho)A^2},\quad"
        r" t_{1/2} = \frac{\ln(c^*/c_0-1)}{2s_1},\quad"
        r" \frac{L_1}{L_0} = \frac{\rho^2(1+\rho)A^2B^2}"
        r"{[(1+\rho)^3A^2+B^2](1+\rho A^2)},\quad B^2 = 1-A^2"
    )
    domain: ClassVar[str] = (
        r"Two layers, one spike, small start. $L_1$ is the least loss on the line along"
        " the correlation, reached by a network that sees its inputs along it alone;"
        " the free network turns before it rests there, and its loss at the corner is"
        " that of the equation in the plane. Times to 0.07 over the speed, since the"
        " second coordinate helps. Derived here."
    )
    wrong_theory: ClassVar[str] = (
        "the network grows along the teacher itself, in one phase (for the loss of the"
        r" free network at the corner: it is $L_1$)"
    )

    def canonical(self, seed: int, quick: bool) -> Problem:
        """A grid of strengths and alignments."""
        return phase_runs.problem(
            "8 inputs, one spike of many strengths and alignments, small random start",
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
        """The error of times; the window of growth; relaxation at rate 1."""
        if label == TIME:
            # In units of the speed the shortest wait is the logarithm's half.
            waits = np.array(_times(problem)) * np.array(_speeds(problem))
            return Bound(float(0.07 / waits.min()), "each")
        if label == SPEED:
            return Bound(1e-3, "each")
        return Bound(1e-3 if label == ROUND else float(np.exp(-RELAXED)))

    def predict(self, problem: Problem) -> Quantities:
        """Closed forms; the loss at the corner by integration in the plane."""
        planes = [theory.spike_plane(*spike) for spike in spikes(problem)]
        return {
            SPEED: _speeds(problem),
            TIME: _times(problem),
            LINE: np.array([theory.plateau_ratio(plane) for plane in planes]),
            ROUND: np.array([_round(spike) for spike in two_phased(problem)]),
            SECOND: np.array([plane.teacher[1] ** 2 for plane in planes]),
        }

    def wrong(self, problem: Problem) -> Quantities:
        """Growth along the teacher: its variance is speed and curvature."""
        found = spikes(problem)
        variance = np.array([1 + rho * a**2 for rho, a in found])
        line = theory.FirstLine(variance, variance)
        starts = np.array([_start(problem, spike) for spike in found])
        left = [
            theory.plateau_ratio(theory.spike_plane(*s)) for s in two_phased(problem)
        ]
        return {
            SPEED: variance,
            TIME: theory.half_time(line, starts),
            LINE: np.zeros(len(found)),
            ROUND: np.array(left),
            SECOND: np.zeros(len(found)),
        }

    def observe(self, problem: Problem) -> Quantities:
        """Gradient flow of all weights, with all inputs and with projected ones."""
        found = [trained(problem, spike) for spike in spikes(problem)]
        two = [trained(problem, spike) for spike in two_phased(problem)]
        return {
            SPEED: np.array([run.speed for run in found]),
            TIME: np.array([run.time for run in found]),
            LINE: np.array([along_the_line(problem, s) for s in spikes(problem)]),
            ROUND: np.array([run.corner_loss for run in two]),
            SECOND: np.array([run.beside for run in found]),
        }

    def note(self, problem: Problem) -> str:
        """Nothing: what is not reached has no number, and fails."""
        return ""

    def figure(self, problem: Problem) -> Figure:
        """Three quantities against the strength, for several alignments."""
        return Figure(
            name=self.name,
            caption=(
                "What the spike's strength does, for several alignments with the"
                " teacher. Left: the speed of the first phase. Middle: when it is half"
                " done, from one tiny start. Right: the part of the loss that the"
                " correlation alone cannot remove, and that is left to the second"
                " phase; it vanishes without a spike and for alignments 0 and 1, and is"
                " largest in between (dots: networks that see their inputs along the"
                " correlation alone). A free network turns already at the corner and"
                " never rests there. Dashed: growth along the teacher, alignment 0.3."
            ),
            panels=(
                _panel(problem, SPEED, "speed of the first phase", "speed"),
                _panel(problem, TIME, "time of the first phase", TIME_AXIS),
                _left(problem),
            ),
        )


def _start(problem: Problem, spike: tuple[float, float]) -> float:
    moments = phase_runs.task(problem.seed, INPUTS, *spike)
    return theory.effective_start(layers(problem), moments.yx[0])


def _speeds(problem: Problem) -> np.ndarray:
    return np.array([theory.spike_plane(*spike).drive for spike in spikes(problem)])


def _times(problem: Problem) -> np.ndarray:
    return np.array(
        [
            theory.half_time(theory.spike_plane(*spike), _start(problem, spike))
            for spike in spikes(problem)
        ]
    )


@lru_cache(maxsize=256)
def _round(spike: tuple[float, float]) -> float:
    """Loss over that of the start where the equation's c_1 passes the corner."""
    plane = theory.spike_plane(*spike)
    start = 1e-6 * theory.corner(plane)
    end = float(3 * theory.half_time(plane, start) + 8.0)
    times = np.linspace(0.0, end, DENSE)
    path = theory.reduced_flow(
        plane.moment, np.array([plane.drive, 0.0]), np.array([start, 0.0]), times
    )
    missing = path - plane.teacher
    loss = np.einsum("ti,ij,tj->t", missing, plane.moment, missing)
    when = crossing(times, path[:, 0], float(theory.corner(plane))).time
    left = np.exp(np.interp(when, times, np.log(loss)))
    return float(left / plane.signal_power)


def _line(label: str, start: float, rho: np.ndarray, alignment: float) -> np.ndarray:
    """A predicted curve against the strength."""
    plane = theory.spike_plane(rho, alignment)
    if label == SPEED:
        return plane.drive
    if label == TIME:
        return theory.half_time(plane, start)
    return theory.plateau_ratio(plane)


def _dots(problem: Problem, label: str, alignment: float) -> list[Series]:
    """What was observed at one alignment."""
    seen = np.asarray(PhaseMaps().observe(problem)[label])
    at = [i for i, (rho, a) in enumerate(spikes(problem)) if a == alignment and rho]
    at = [0, *at]
    x = np.array([spikes(problem)[i][0] for i in at])
    color = ALIGNMENTS.index(alignment)
    return [Series(x, seen[at], f"alignment {alignment:g}", "simulation", color)]


def _families(problem: Problem, label: str) -> list[Series]:
    rho = np.linspace(0.0, 30.0, 301)
    series = []
    for color, alignment in enumerate(ALIGNMENTS):
        start = _start(problem, (1.0, alignment))
        line = _line(label, start, rho, alignment)
        series.append(Series(rho, line, f"alignment {alignment:g}", color=color))
        series += _dots(problem, label, alignment)
    return series


def _panel(problem: Problem, label: str, title: str, y_label: str) -> Panel:
    rho = np.linspace(0.0, 30.0, 301)
    variance = 1 + rho * ALIGNMENTS[1] ** 2
    line = theory.FirstLine(variance, variance)
    start = _start(problem, (1.0, ALIGNMENTS[1]))
    other = variance if label == SPEED else theory.half_time(line, start)
    return Panel(
        title=title,
        x_label="strength of the spike",
        y_label=y_label,
        series=(
            *_families(problem, label),
            Series(rho, other, "along the teacher", "wrong"),
        ),
        y_scale="log",
    )


def _left(problem: Problem) -> Panel:
    rho, color = np.geomspace(0.2, 30.0, 40), len(ALIGNMENTS)
    line = np.array([_round((r, ALIGNMENTS[1])) for r in rho])
    two = [spike for spike in two_phased(problem) if spike[1] == ALIGNMENTS[1]]
    seen = np.array([trained(problem, spike).corner_loss for spike in two])
    at, name = np.array([spike[0] for spike in two]), "alignment 0.3, free network"
    return Panel(
        title="loss left to the second phase",
        x_label="strength of the spike",
        y_label="loss / loss at the start",
        series=(
            *_families(problem, LINE),
            Series(rho, line, name, color=color),
            Series(at, seen, name, "simulation", color),
            Series(np.array([0.0, 30.0]), np.zeros(2), "along the teacher", "wrong"),
        ),
    )

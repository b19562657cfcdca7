"""Claim: smaller starts make the first phase later, and the second only with it."""

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

INPUTS, HIDDEN = 20, 6
STRENGTH, ALIGNMENT = 10.0, 0.3
DEVIATIONS = 10.0 ** -np.arange(3.0, 7.5, 0.5)  # of every weight
END, SAVES = 9.0, 451
DEEP = 10.0 ** -np.arange(2.0, 6.0, 0.5)  # starts of the product of three layers
DEEP_SAVES = 801
FIRST = "first time, by start"
SLOPE = "first time gained per factor e of the start"
DELAY = "time from first to second phase, by start"
THREE = "three layers: first time beyond that of the largest start"
NEAR = 10.0  # shares of its size by which a start of full rank is off


class PhaseTimes(CanonicalClaim):
    """Both times against the size of the start."""

    name: ClassVar[str] = "phase_times"
    statement: ClassVar[str] = (
        "The smaller the start, the later the first phase, by a logarithm with two"
        " layers and by a power with three; the second phase of two layers follows"
        " after a time that does not depend on the start: it is driven, not an escape"
        " from a saddle."
    )
    formula: ClassVar[str] = (
        r"t_1 \simeq \frac{\ln(c^*/c_0)}{2s_1},\quad t_2-t_1 \to \mathrm{const},\quad"
        r" L\ge3:\ t_1 \simeq \frac{c_0^{-(1-2/L)}}{(L-2)s_1}"
    )
    domain: ClassVar[str] = (
        "One spike, gradient flow. Two layers: any small random start, by its effective"
        " size; its part across the correlation shifts the phases by its own size."
        " Three layers: balanced, of rank one; up to a constant that does not depend on"
        " the start, so times are compared with that of the largest one. Derived here."
    )
    wrong_theory: ClassVar[str] = (
        "one layer moves, so that a factor e costs twice the time; the second phase"
        " escapes from a saddle by a sigmoid of its own; three layers wait for a"
        " logarithm"
    )

    def canonical(self, seed: int, quick: bool) -> Problem:
        """Spike strength 10, alignment 0.3; starts over many decades."""
        return phase_runs.problem(
            "20 inputs, one spike of strength 10, alignment 0.3, starts of many sizes",
            inputs=INPUTS,
            hidden=HIDDEN,
            deviation=float(DEVIATIONS[0]),
            seed=seed,
            quick=quick,
        )

    def status(self, problem: Problem) -> Status:
        """For small starts."""
        return "asymptotic"

    def test(self, problem: Problem, label: str) -> Bound:
        """A few times the largest start; what the corner keeps of a start."""
        if label == THREE:
            return Bound(float(DEEP[0]))
        return Bound(NEAR * float(DEVIATIONS[0]))

    def predict(self, problem: Problem) -> Quantities:
        """Integration in the plane; closed forms of slope and power law."""
        plane = _plane()
        sizes = effective(problem)
        first, _ = theory.phase_times(plane, sizes)
        return {
            FIRST: first,
            SLOPE: 1 / (2 * float(plane.drive)),
            DELAY: np.full(len(sizes), theory.phase_delay(plane)),
            THREE: _waited(theory.half_time(plane, DEEP, depth=3)),
        }

    def wrong(self, problem: Problem) -> Quantities:
        """Half the speed, a second saddle, a logarithm."""
        plane, sizes = _plane(), effective(problem)
        first, _ = theory.phase_times(plane, sizes)
        return {
            FIRST: 2 * first,
            SLOPE: 1 / float(plane.drive),
            DELAY: _saddle(sizes) - theory.half_time(plane, sizes),
            THREE: _waited(theory.half_time(plane, DEEP)),
        }

    def observe(self, problem: Problem) -> Quantities:
        """Gradient flow of all weights."""
        first, second = two_layers(problem)
        # The product of both layers is as small as the square of the weights.
        slope = np.polyfit(-2 * np.log(DEVIATIONS), first.times, 1)[0]
        return {
            FIRST: first.times,
            SLOPE: float(slope),
            DELAY: measure.phase_delay(first, second).times,
            THREE: _waited(three_layers(problem).times),
        }

    def note(self, problem: Problem) -> str:
        """Nothing: a phase that is not seen has an infinite time, and fails."""
        return ""

    def figure(self, problem: Problem) -> Figure:
        """Times against the start, of two layers and of three."""
        return Figure(
            name=self.name,
            caption=(
                "Left: when the two phases are half done, for one random start made"
                " smaller and smaller. Both times rise by the same straight line, so"
                " what lies between them stays (flat). If the second phase were an"
                " escape from a saddle, it would come much later, and the later, the"
                " smaller the start (dashed). Right: with three layers the wait grows"
                " as a power of the start and not as its logarithm (dashed)."
            ),
            panels=(_both(problem), _three(problem)),
        )


def _plane() -> theory.Plane:
    return theory.spike_plane(STRENGTH, ALIGNMENT)


def _moments(problem: Problem) -> Moments:
    return phase_runs.task(problem.seed, INPUTS, STRENGTH, ALIGNMENT)


def _starts(problem: Problem) -> starts.Stack:
    """One random start, made smaller and smaller."""
    one = starts.gaussian(problem.seed, 1, HIDDEN, INPUTS, 1.0)
    return tuple(DEVIATIONS[:, None, None] * layer for layer in one)


@lru_cache(maxsize=4)
def effective(problem: Problem) -> np.ndarray:
    """Effective size of the start at every deviation."""
    drawn, direction = _starts(problem), _moments(problem).yx[0]
    return np.array(
        [
            theory.effective_start(starts.one_draw(drawn, i), direction)
            for i in range(len(DEVIATIONS))
        ]
    )


@lru_cache(maxsize=4)
def two_layers(problem: Problem) -> tuple[measure.PhaseTime, measure.PhaseTime]:
    """Both phases of all random starts."""
    times = np.linspace(0.0, END, SAVES)
    seen = _flow(problem, _starts(problem), times)
    corner, end = phase_runs.levels(_moments(problem))
    return (
        measure.phase_time(times, seen[..., 0], corner),
        measure.phase_time(times, seen[..., 1], end),
    )


@lru_cache(maxsize=4)
def three_layers(problem: Problem) -> measure.PhaseTime:
    """First phase of balanced chains of three layers."""
    axis = phase_runs.axes(_moments(problem))[:, 0]
    chains = [
        starts.rank_one(axis, c, HIDDEN, depth=3, seed=problem.seed) for c in DEEP
    ]
    times = np.linspace(0.0, 4 * DEEP[-1] ** (-1 / 3) / 10, DEEP_SAVES)
    seen = _flow(problem, starts.stacked(chains), times)
    corner = phase_runs.levels(_moments(problem))[0]
    return measure.phase_time(times, seen[..., 0], corner)


def _flow(problem: Problem, begin: starts.Stack, times: np.ndarray) -> np.ndarray:
    """Coordinates (starts, times, 2)."""
    from linnet.dynamics import GradientFlow, simulate

    moments = _moments(problem)
    run = simulate(
        GradientFlow(moments),
        begin,
        times=times.tolist(),
        observe={"product": end_to_end},
        memory_limit=problem.memory_limit,
    )
    axes = phase_runs.axes(moments)
    return measure.project(run["product"][:, :, 0], axes).coordinates.swapaxes(0, 1)


def _waited(times: np.ndarray) -> np.ndarray:
    """Beyond the first of them, without its own zero."""
    return times[1:] - times[0]


def _saddle(sizes: np.ndarray) -> np.ndarray:
    """Second times by a sigmoid from the start."""
    plane = _plane()
    drive = np.abs(plane.moment[0, 1]) * theory.corner(plane)
    return theory.half_time(theory.FirstLine(drive, plane.moment[1, 1]), sizes)


def _both(problem: Problem) -> Panel:
    sizes = effective(problem)
    line = np.geomspace(sizes.min(), sizes.max(), 40)
    first, second = theory.phase_times(_plane(), line)
    seen = two_layers(problem)
    delay = np.full(len(line), theory.phase_delay(_plane()))
    gap = measure.phase_delay(*seen).times
    return Panel(
        title="two layers: times of both phases",
        x_label="effective size of the start",
        y_label="time (learning rate × steps)",
        series=(
            Series(line, first, "first phase"),
            Series(sizes, seen[0].times, "first phase", "simulation"),
            Series(line, second, "second phase", "theory", 1),
            Series(sizes, seen[1].times, "second phase", "simulation", 1),
            Series(line, delay, "from first to second", "theory", 2),
            Series(sizes, gap, "from first to second", "simulation", 2),
            Series(line, _saddle(line), "second phase from a saddle", "wrong"),
        ),
        x_scale="log",
    )


def _three(problem: Problem) -> Panel:
    line = np.geomspace(DEEP[-1], DEEP[0], 60)
    plane = _plane()
    return Panel(
        title="three layers: time of the first phase",
        x_label="product of the layers at the start",
        y_label="time (learning rate × steps)",
        series=(
            Series(line, theory.half_time(plane, line, depth=3), "first phase"),
            Series(DEEP, three_layers(problem).times, "first phase", "simulation"),
            Series(line, theory.half_time(plane, line), "logarithm", "wrong"),
        ),
        x_scale="log",
        y_scale="log",
    )

"""Claim: a small network learns in two phases, at times that its start tells."""

from functools import lru_cache
from typing import ClassVar

import numpy as np

from linnet.network import end_to_end
from linnet.numerics import Estimate
from linnet.phenomena.anisotropy import measure, theory
from linnet.phenomena.anisotropy.claims import phase_runs, starts
from linnet.phenomena.anisotropy.claims.source import CanonicalClaim
from linnet.study import Bound, Figure, Panel, Problem, Quantities, Series, ZTest
from linnet.study.verdict import Status
from linnet.task import Moments

INPUTS, HIDDEN, DEVIATION = 100, 20, 3e-5
STRENGTH, ALIGNMENTS = 10.0, (0.3, 0.5, 0.8)
RATE, STEPS, EVERY = 0.002, 3000, 10
MEAN = "mean first time of random starts"
FIRST = "first time of every start"
SECOND = "second time of every start"
CURVES = "both coordinates over time"
BEND = 3.0  # steps: half the logarithm of the ratio of speeds, e^6 at most
HALF = 0.5  # steps: terms of second order of the first time, with room
FOLLOWED = 3  # starts whose whole curves are compared
SHOWN = 24  # dots of a curve


class TwoPhases(CanonicalClaim):
    """Both coordinates of gradient descent on all weights, and when they grow."""

    name: ClassVar[str] = "two_phases"
    statement: ClassVar[str] = (
        "A small network first grows along the correlation of inputs and output, and"
        " only then along what the teacher has beside it; one number of its random"
        " start tells when."
    )
    formula: ClassVar[str] = (
        r"c_1 \approx \frac{c^*}{1+(c^*/c_0-1)e^{-2s_1t}},\quad"
        r" t_1 \approx \frac{\ln(c^*/c_0-1)}{2s_1},\quad"
        r" c_0 = \tfrac14 \lVert a_0+W_0u_1\rVert^2,\quad"
        r" \dot c = \lVert c\rVert(I+\hat c\hat c^\top)(s_1e_1-Sc)"
    )
    domain: ClassVar[str] = (
        "Two layers, one spike, small random start, all weights trained. Times: when"
        r" $c_1$ is half its corner $c^*$ and $c_2$ half its end. Descent is later than"
        r" the flow by the factor $\eta s_1/\ln(1+\eta s_1)$ less $\frac34\eta\ln2$;"
        " first times to half a step beyond that, second times to three steps, curves"
        " to what the fastest part of them moves in one step. Derived here."
    )
    wrong_theory: ClassVar[str] = (
        "only one layer moves, so that growth is half as fast (for second times: the"
        " second coordinate grows from the start as from a saddle, by a sigmoid of its"
        " own)"
    )

    def canonical(self, seed: int, quick: bool) -> Problem:
        """A hundred inputs, twenty hidden units."""
        return phase_runs.problem(
            "100 inputs, one spike of strength 10, small random start",
            inputs=INPUTS,
            hidden=HIDDEN,
            deviation=DEVIATION,
            seed=seed,
            quick=quick,
        )

    def status(self, problem: Problem) -> Status:
        """To first order in the learning rate, for small starts."""
        return "asymptotic"

    def test(self, problem: Problem, label: str) -> Bound | ZTest:
        """The mean by its error bar; the rest by what a step of descent allows."""
        if label == MEAN:
            return ZTest()
        times = _times(problem)
        if label == CURVES:
            step = max(_step(problem, alignment) for alignment in ALIGNMENTS)
            return Bound(step / np.abs(_curves(problem)).max())
        which, steps = (0, HALF) if label == FIRST else (1, BEND)
        return Bound(steps * RATE / times[:, which].max())

    def predict(self, problem: Problem) -> Quantities:
        """From the effective starts; the mean from the law of the draws alone."""
        times = _times(problem)
        return {
            MEAN: np.array([_mean_first(alignment) for alignment in ALIGNMENTS]),
            FIRST: times[:, 0],
            SECOND: times[:, 1],
            CURVES: _curves(problem),
        }

    def wrong(self, problem: Problem) -> Quantities:
        """Half the speed; a second sigmoid that grows from the start."""
        right = self.predict(problem)
        return {
            MEAN: 2 * np.asarray(right[MEAN]),
            FIRST: 2 * np.asarray(right[FIRST]),
            SECOND: _saddle_times(problem),
            CURVES: _curves(problem, pace=0.5),
        }

    def observe(self, problem: Problem) -> Quantities:
        """Gradient descent on all weights from every start."""
        seen = [_seen_times(problem, alignment) for alignment in ALIGNMENTS]
        means = [Estimate.from_samples(first) for first, _ in seen]
        return {
            MEAN: Estimate(
                np.array([one.value for one in means]),
                np.array([one.stderr for one in means]),
                draws(problem),
            ),
            FIRST: np.array([first for first, _ in seen]),
            SECOND: np.array([second for _, second in seen]),
            CURVES: np.array([trained(problem, a)[1][:FOLLOWED] for a in ALIGNMENTS]),
        }

    def note(self, problem: Problem) -> str:
        """Nothing: a run that diverges has no times, and fails."""
        return ""

    def figure(self, problem: Problem) -> Figure:
        """Both coordinates of one start for every alignment."""
        return Figure(
            name=self.name,
            caption=(
                f"One random start of a network with {INPUTS} inputs, trained by"
                " gradient descent (dots), for three angles between spike and teacher"
                " (alignment: their cosine). First the network learns along the"
                " correlation, then along the rest of the teacher, which takes the"
                " first part further as well: the closed law of the first phase alone"
                " (dotted) stops at the corner. Lines: two equations, started from one"
                " number of the random weights. Dashed: the first coordinate if only"
                " one layer moved, and the second if it had to grow from the start like"
                " the first; it would hardly have left zero."
            ),
            panels=tuple(_panel(problem, alignment) for alignment in ALIGNMENTS),
        )


def draws(problem: Problem) -> int:
    """Random starts."""
    return 32 if problem.quick else 64


@lru_cache(maxsize=4)
def drawn(problem: Problem) -> starts.Stack:
    """The random layers, the same for every alignment."""
    return starts.gaussian(problem.seed, draws(problem), HIDDEN, INPUTS, DEVIATION)


@lru_cache(maxsize=16)
def trained(problem: Problem, alignment: float) -> tuple[np.ndarray, np.ndarray]:
    """Times, and coordinates `(draws, times, 2)` along both axes."""
    from linnet.dynamics import GradientDescent, simulate

    moments = _moments(problem, alignment)
    run = simulate(
        GradientDescent(moments, RATE),
        drawn(problem),
        steps=list(range(0, STEPS + 1, EVERY)),
        observe={"product": end_to_end},
        memory_limit=problem.memory_limit,
    )
    path = run["product"][:, :, 0].swapaxes(0, 1)
    return run.times, measure.project(path, phase_runs.axes(moments)).coordinates


def _moments(problem: Problem, alignment: float) -> Moments:
    return phase_runs.task(problem.seed, INPUTS, STRENGTH, alignment)


def _seen_times(problem: Problem, alignment: float) -> tuple[np.ndarray, np.ndarray]:
    times, seen = trained(problem, alignment)
    moments = _moments(problem, alignment)
    corner, end = phase_runs.levels(moments)
    first = measure.phase_time(times, seen[..., 0], corner)
    return first.times, measure.phase_time(times, seen[..., 1], end).times


def _effective(problem: Problem, alignment: float) -> np.ndarray:
    """The one number of every start that counts."""
    moments = _moments(problem, alignment)
    return np.array(
        [
            theory.effective_start(starts.one_draw(drawn(problem), i), moments.yx[0])
            for i in range(draws(problem))
        ]
    )


def _plane(alignment: float) -> theory.Plane:
    return theory.spike_plane(STRENGTH, alignment)


def _late(alignment: float, start: np.ndarray | float) -> np.ndarray:
    """By how much descent is later than the flow once growth is over."""
    plane = _plane(alignment)
    descent = theory.discrete_half_time(plane, start, RATE)
    return descent - theory.half_time(plane, start)


def _mean_first(alignment: float) -> float:
    """Mean over all random starts: the time is linear in the logarithm."""
    logarithm = theory.mean_log_effective_start(HIDDEN, DEVIATION, DEVIATION)
    typical = np.exp(logarithm)
    first, _ = theory.phase_times(_plane(alignment), typical)
    return float(first + _late(alignment, typical))


@lru_cache(maxsize=4)
def _times(problem: Problem) -> np.ndarray:
    """Both times of every start, shape (alignments, 2, draws)."""
    found = []
    for alignment in ALIGNMENTS:
        start = _effective(problem, alignment)
        late = _late(alignment, start)
        found.append(np.array(theory.phase_times(_plane(alignment), start)) + late)
    return np.array(found)


def _saddle_times(problem: Problem) -> np.ndarray:
    """Second times if the second coordinate grew from the start, by a sigmoid."""
    return np.array(
        [theory.half_time(_second_line(a), _effective(problem, a)) for a in ALIGNMENTS]
    )


def _second_line(alignment: float) -> theory.FirstLine:
    """Drive and curvature along the second axis at the corner."""
    plane = _plane(alignment)
    cross = np.abs(plane.moment[0, 1])
    return theory.FirstLine(cross * theory.corner(plane), plane.moment[1, 1])


@lru_cache(maxsize=8)
def _curves(problem: Problem, pace: float = 1.0) -> np.ndarray:
    """Coordinates (alignments, `FOLLOWED`, times, 2), as late as descent is.

    With `pace` below 1 growth is slower by that factor.
    """
    return np.array([_curve(problem, a, pace) for a in ALIGNMENTS])


def _curve(problem: Problem, alignment: float, pace: float) -> np.ndarray:
    plane, start = _plane(alignment), _effective(problem, alignment)
    late = _late(alignment, start)
    times, found = RATE * np.arange(0, STEPS + 1, EVERY), []
    for begin, shift in zip(start[:FOLLOWED], late, strict=False):
        # Before growth is over the delay is less; nothing is seen of the network then.
        clock = np.maximum(pace * times - shift, 0.0)
        found.append(
            theory.reduced_flow(
                plane.moment, np.array([plane.drive, 0.0]), [begin, 0], clock
            )
        )
    return np.array(found)


def _step(problem: Problem, alignment: float) -> float:
    """Furthest that a predicted coordinate moves in one step."""
    plane, path = _plane(alignment), _curves(problem)[ALIGNMENTS.index(alignment), 0]
    speed = theory.flow_velocity(plane.moment, np.array([plane.drive, 0.0]), path)
    return float(RATE * np.abs(speed).max())


def _panel(problem: Problem, alignment: float) -> Panel:
    times, seen = trained(problem, alignment)
    at = ALIGNMENTS.index(alignment)
    line, slow = _curves(problem)[at, 0], _curves(problem, pace=0.5)[at, 0]
    begin = _effective(problem, alignment)[0]
    saddle = theory.first_phase(times, _second_line(alignment), begin)
    late = np.maximum(times - _late(alignment, begin), 0.0)
    alone = theory.first_phase(late, _plane(alignment), begin)
    few = slice(None, None, len(times) // SHOWN)
    return Panel(
        title=f"alignment {alignment:g}",
        x_label="time (learning rate × steps)",
        y_label="coordinate of the network",
        series=(
            Series(times, line[:, 0], "along the correlation"),
            Series(times[few], seen[0, few, 0], "along the correlation", "simulation"),
            Series(times, line[:, 1], "along the rest of the teacher", "theory", 1),
            Series(
                times[few],
                seen[0, few, 1],
                "along the rest of the teacher",
                "simulation",
                1,
            ),
            Series(times, alone, "sigmoid up to the corner", "guide"),
            Series(times, slow[:, 0], "one layer moves", "wrong"),
            Series(times, saddle, "the rest by a sigmoid of its own", "wrong"),
        ),
    )

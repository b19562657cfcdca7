"""Claim: with several outputs every component is learned in two phases of its own."""

from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from linnet.network import SmallGaussian, end_to_end
from linnet.numerics import haar_frame
from linnet.phenomena.anisotropy import measure, theory
from linnet.phenomena.anisotropy.claims import problems
from linnet.phenomena.anisotropy.claims.source import CanonicalClaim
from linnet.study import Bound, Figure, Panel, Problem, Quantities, Series
from linnet.study.verdict import Status
from linnet.task import Moments, Teacher, population_moments, spiked_covariance

if TYPE_CHECKING:
    from linnet.dynamics import Trajectory

RATES = "rate at which each component leaves its saddle"
LEVELS = "excess loss at each saddle, over its start"
ANGLES = "angles (input, output) by which each component turns, radians"

SPIKE, INPUTS, HIDDEN = 8.0, 6, 4
STRENGTHS, ALIGNMENTS = (4.0, 2.0, 1.0), (0.4, 0.4, 0.4)
START = 1e-20  # standard deviation of every weight: turning is slow, and must end
LAST, SAVES, STOP = 70.0, 2800, 1e-9
SMALL, LARGE = 1e-6, 1e-2  # of the largest singular value: not yet there, and there
WINDOW = (1e-6, 1e-4)  # sizes between which a component is watched growing


class SeveralOutputs(CanonicalClaim):
    """Escape one way, arrive another, at every saddle."""

    name: ClassVar[str] = "several_outputs"
    statement: ClassVar[str] = (
        "With several outputs and spiked inputs every component of the target is"
        " learned in two phases: it leaves the saddle before it along one direction,"
        " and then turns to another by a predicted angle."
    )
    formula: ClassVar[str] = (
        r"(I-P_r)B\Sigma = \sum_j\tfrac{\rho_j}2u_jv_j^\top,\quad W - P_rB \simeq"
        r" e^{\rho_1t}\big(u_1v_1^\top + \text{response of what is learned}\big),\quad"
        r" L_r = L_\ast + \tfrac12\sum_{i>r}\mu_i"
    )
    domain: ClassVar[str] = (
        "Two layers, any input covariance, teacher B of several outputs, gradient flow,"
        " as the start vanishes; the task is such that components are learned one after"
        r" the other. $P_r$ projects on the first r eigenvectors of $B\Sigma B^\top$,"
        r" whose eigenvalues are $\mu_i$ (levels: Baldi and Hornik 1989). Rates and"
        " angles are derived here: small units grow along u and v, and what has been"
        " learned before responds to them to the same order, which turns the product"
        " by degrees."
    )
    citations: ClassVar[tuple[str, ...]] = ("watanabe2026", "baldi1989")
    wrong_theory: ClassVar[str] = (
        "the closed (Riccati) solution for white inputs: the teacher's own singular"
        " values and vectors, which never turn"
    )

    def canonical(self, seed: int, quick: bool) -> Problem:
        """Three outputs, one spike at the same angle to all three components."""
        return problems.posed(
            _moments(seed),
            f"three outputs, one spike of strength {SPIKE:g}",
            hidden=HIDDEN,
            deviation=START,
            seed=seed,
            quick=quick,
        )

    def status(self, problem: Problem) -> Status:
        """As the start vanishes."""
        return "asymptotic"

    def test(self, problem: Problem, label: str) -> Bound:
        """A hundredth: components are caught at sizes of 1e-4 and below."""
        return Bound(0.01, relative_to="largest" if label == ANGLES else "each")

    def predict(self, problem: Problem) -> Quantities:
        """From correlation and teacher."""
        moments = problem.moments
        ranks = range(len(STRENGTHS))
        levels = theory.saddle_losses(moments)
        excess = levels[:-1] - levels[-1]
        return {
            RATES: np.array([theory.escape_modes(moments, r).rates[0] for r in ranks]),
            LEVELS: (excess / excess[0])[1:],
            ANGLES: np.array([theory.escape_angles(moments, r) for r in ranks]),
        }

    def wrong(self, problem: Problem) -> Quantities:
        """What the same teacher would do with white inputs."""
        return {
            RATES: 2 * np.array(STRENGTHS),
            LEVELS: _truncated(problem)[1:],
            ANGLES: np.zeros((len(STRENGTHS), 2)),
        }

    def observe(self, problem: Problem) -> Quantities:
        """Gradient flow of all weights from a vanishing random start."""
        rates, angles = [], []
        for rank in range(len(STRENGTHS)):
            sizes, parts = component(problem, rank)
            first, last = (int((sizes > s).argmax()) for s in WINDOW)
            times = training(problem).times[_rest(problem, rank) :]
            growth = np.log(sizes[last] / sizes[first])
            rates.append(growth / (times[last] - times[first]))
            arrived = parts[_rest(problem, rank + 1) - _rest(problem, rank)]
            angles.append(_turn(parts[last], arrived))
        rests = [_rest(problem, rank) for rank in range(1, len(STRENGTHS))]
        return {
            RATES: np.array(rates),
            LEVELS: training(problem).gap[rests],
            ANGLES: np.array(angles),
        }

    def note(self, problem: Problem) -> str:
        """Whether training came to its end."""
        outcome = training(problem).outcome
        return "" if outcome.kind == "converged" else f"{outcome.message}."

    def figure(self, problem: Problem) -> Figure:
        """The loss, and how each component turns as it grows."""
        return Figure(
            name=self.name,
            caption=(
                "Left: the loss rests at saddles, one more component of the target"
                " learned at each; lines: predicted levels; dashed: levels of a teacher"
                " truncated to its first components. Right: each component, followed"
                " from tiny to its full size, begins to grow at an angle to the input"
                " direction where it ends (lines: predicted) and turns there only when"
                " it is large. With white inputs it would not turn."
            ),
            panels=(_loss_panel(problem), _angle_panel(problem)),
        )


def _moments(seed: int) -> Moments:
    """The same geometry for every seed, turned at random."""
    k = len(STRENGTHS)
    rng = np.random.default_rng([seed, k, INPUTS])
    outputs, inputs = haar_frame(k, k, rng), haar_frame(INPUTS, k + 1, rng)
    rest = np.sqrt(1 - np.sum(np.square(ALIGNMENTS)))
    spike = inputs @ np.array([*ALIGNMENTS, rest])
    teacher = outputs @ np.diag(STRENGTHS) @ inputs[:, :k].T
    return population_moments(
        spiked_covariance(INPUTS, SPIKE, spike), Teacher(teacher, 0.0)
    )


def _truncated(problem: Problem) -> np.ndarray:
    """Excess loss of the teacher truncated to 0, 1, ... components, over its start."""
    moments = problem.moments
    teacher = np.linalg.solve(moments.xx, moments.yx.T).T
    left, sizes, right = np.linalg.svd(teacher)
    cut = [(left[:, r:] * sizes[r:]) @ right[r : len(sizes)] for r in range(len(sizes))]
    excess = np.array([np.sum((gap @ moments.xx) * gap) for gap in cut])
    return excess / excess[0]


@lru_cache(maxsize=4)
def training(problem: Problem) -> "Trajectory":
    """Gradient flow from a vanishing random start."""
    from linnet.dynamics import GradientFlow, simulate

    k, d = problem.moments.yx.shape
    rng = np.random.default_rng(problem.seed)
    return simulate(
        GradientFlow(problem.moments),
        SmallGaussian(START).weights((d, problem.hidden, k), rng),
        times=np.linspace(0, LAST, SAVES).tolist(),
        observe={"product": end_to_end},
        stop_gap=STOP,
        memory_limit=problem.memory_limit,
    )


@lru_cache(maxsize=16)
def _rest(problem: Problem, rank: int) -> int:
    """Save at which it moves least while exactly `rank` singular values are large."""
    path = training(problem)["product"]
    if rank == 0:
        return 0
    if rank == len(STRENGTHS):
        return len(path) - 1
    sizes = np.linalg.svd(path, compute_uv=False)
    top = np.maximum(sizes[:, 0], np.finfo(float).tiny)
    is_there = (sizes[:, rank - 1] > LARGE * top) & (sizes[:, rank] < SMALL * top)
    is_there &= top > LARGE * top[-1]
    moved = np.linalg.norm(np.gradient(path, axis=0), axis=(1, 2))
    return int(np.where(is_there, moved, np.inf).argmin())


def component(problem: Problem, rank: int) -> tuple[np.ndarray, np.ndarray]:
    """What grows out of a saddle: size and matrix at every save from the rest on."""
    begin = _rest(problem, rank)
    path = training(problem)["product"][begin:]
    learned = np.linalg.svd(path[0])[0][:, :rank]
    parts = path - learned @ (learned.T @ path)
    return np.linalg.norm(parts, axis=(1, 2)), parts


def _turn(one: np.ndarray, other: np.ndarray) -> tuple[float, float]:
    """Angles between the leading input and output directions of two matrices."""
    (before, _, at), (after, _, end) = np.linalg.svd(one), np.linalg.svd(other)
    return (
        float(measure.axis_angles(at[0], end[0])),
        float(measure.axis_angles(before[:, 0], after[:, 0])),
    )


def _loss_panel(problem: Problem) -> Panel:
    run = training(problem)
    few = slice(None, None, max(1, len(run.times) // 60))
    ends = run.times[[0, -1]]
    predicted = np.append(1.0, np.asarray(SeveralOutputs().predict(problem)[LEVELS]))
    series = []
    pairs = zip(predicted, _truncated(problem), strict=True)
    for rank, (level, cut) in enumerate(pairs):
        name, wrong = ("", "") if rank != 1 else ("saddles", "truncated teacher")
        series.append(Series(ends, np.full(2, level), name))
        if rank:
            series.append(Series(ends, np.full(2, cut), wrong, "wrong"))
    gap = np.where(run.gap > 1e-3, run.gap, np.nan)
    series.append(Series(run.times[few], gap[few], "training", "simulation"))
    return Panel(
        title="down three steps",
        x_label="time (learning rate × steps)",
        y_label="excess loss / its start",
        series=tuple(series),
        y_scale="log",
    )


def _angle_panel(problem: Problem) -> Panel:
    predicted = np.asarray(SeveralOutputs().predict(problem)[ANGLES])
    series = []
    for rank in range(len(STRENGTHS)):
        sizes, parts = component(problem, rank)
        last = _rest(problem, rank + 1) - _rest(problem, rank)
        grown = (sizes > WINDOW[0]) & (np.arange(len(sizes)) <= last)
        at = np.flatnonzero(grown)
        wanted = np.geomspace(WINDOW[0], sizes[last], 25)
        at = np.unique(
            at[
                np.searchsorted(np.maximum.accumulate(sizes[at]), wanted).clip(
                    0, len(at) - 1
                )
            ]
        )
        seen = [np.degrees(_turn(parts[i], parts[last])[0]) for i in at]
        level = np.full(2, np.degrees(predicted[rank, 0]))
        label, ends = f"component {rank + 1}", np.array([WINDOW[0], 0.1])
        series.append(Series(ends, level, label, "theory", rank))
        series.append(Series(sizes[at], np.array(seen), label, "simulation", rank))
    whole = np.array([WINDOW[0], STRENGTHS[0]])
    series.append(Series(whole, np.zeros(2), "white inputs", "wrong"))
    return Panel(
        title="each component turns",
        x_label="size of the new component",
        y_label="angle to its end, degrees",
        series=tuple(series),
        x_scale="log",
    )

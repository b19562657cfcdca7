"""Claim: steps too large for the balanced minimum end at an unbalanced, flatter one.

Sharpness above the edge makes descent oscillate, and every oscillation shifts size from
the second layer to the first. With y the oscillation squared and x the excess of the
sharpness over 2/eta, both in units of 2/eta, the slow motion is
dy/dt = 2y(x - c y), dx/dt = -k y to leading order. So y is
[x + k/2c - (x0 + k/2c) exp(2c(x - x0)/k)]/c, and it is back at zero for an x between
-x0 and 0: training ends below 2/eta, by no more than it was above.
"""

from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from linnet.network import Weights
from linnet.phenomena.anisotropy import measure, theory
from linnet.phenomena.anisotropy.claims import problems, starts
from linnet.phenomena.anisotropy.claims.source import CanonicalClaim
from linnet.study import Bound, Figure, Panel, Problem, Quantities, Series, UpperBound
from linnet.study.verdict import Status
from linnet.study.words import number
from linnet.task import Moments, population_moments

if TYPE_CHECKING:
    from linnet.dynamics import Trajectory

EDGE = "largest stable learning rate at the balanced minimum"
SETTLES = "whether descent settles, by learning rate"
SHARPNESS = "sharpness where it settles, in units of 2 / learning rate"
LAYER = "squared length of the second layer there"
BELOW = "how far below 2 / learning rate it ends, over how far above it began"

SPIKES, ALIGNMENTS, INPUTS, HIDDEN = (10.0, 100.0), (0.5, 0.3), 8, 4
SHARES = (0.02, 0.1, 0.25, 0.5, 0.75, 0.9)  # of the way through the window
FEWER = (0.02, 0.25, 0.5, 0.9)
OUTSIDE = (-0.1, 1.1)  # before and beyond it
SHAKEN = 1e-6  # deviation of every weight at the start: sharpness is that of balance
STEPS = 20_000
RELATIVE = "learning rate / edge"
HIGHEST = 1.3  # of what is drawn where descent never settles
SLIGHT, GROWN = 1e-13, 40  # deviation whose growth is watched, after so many steps


class LargeStep(CanonicalClaim):
    """Training at learning rates beyond the edge of the balanced minimum."""

    name: ClassVar[str] = "large_step"
    statement: ClassVar[str] = (
        "At learning rates too large for the balanced minimum descent need not diverge:"
        " where the spike is neither aligned with the target nor orthogonal to it,"
        " training moves on to an unbalanced minimum, with a larger first layer, that"
        " is just flat enough."
    )
    formula: ClassVar[str] = (
        r"\tfrac{2}{\lambda_+} < \eta < \tfrac{2}{\min_x S(x)}:\quad"
        r" S(\lvert a\rvert^2) \lesssim \tfrac2\eta,\quad S(x) ="
        r" \lambda_{\max}\big(\Sigma^{1/2}(xI+\beta\beta^\top\!/x)\Sigma^{1/2}\big)"
    )
    domain: ClassVar[str] = (
        "Two layers, one output, population, from close to the balanced minimum. Exact:"
        " the edge, the window, and that sharpness and second layer end below theirs."
        " That training ends below the edge by no more than it began above it is of"
        " leading order in the excess; derived here, as everything in this claim."
    )
    wrong_theory: ClassVar[str] = (
        "all minima are as sharp as the balanced one (descent diverges beyond its"
        " edge), or as the flattest (their edge is its edge, and it is where descent"
        " ends), or descent ends exactly at the edge"
    )

    def canonical(self, seed: int, quick: bool) -> Problem:
        """The stronger of two spikes stands for both."""
        task = problems.planted(INPUTS, SPIKES[-1:], ALIGNMENTS[-1:], seed=seed)
        title = "a teacher askew to one spike, spikes of strength 10 and 100"
        return problems.population(
            task, title, hidden=HIDDEN, deviation=SHAKEN, seed=seed, quick=quick
        )

    def status(self, problem: Problem) -> Status:
        """One of its quantities is a law for small excess."""
        return "asymptotic"

    def test(self, problem: Problem, label: str) -> Bound | UpperBound:
        """Rounding and convergence; a twentieth where higher orders are left out."""
        if label in (EDGE, SETTLES):
            return Bound(1e-5, relative_to="each")
        return UpperBound(0.05 if label == BELOW else 1e-6)

    def predict(self, problem: Problem) -> Quantities:
        """Edges, and the minimum that is just stable."""
        inside = [rates(problem, task)[1:-1] for task in _tasks(problem)]
        layers = [
            theory.settling_layer(task, rate)
            for task, rate in zip(_tasks(problem), inside, strict=True)
        ]
        settled = np.ones((len(SPIKES), len(_shares(problem)) + 2))
        settled[:, -1] = 0
        return {
            EDGE: np.array([theory.largest_stable_step(t) for t in _tasks(problem)]),
            SETTLES: settled,
            SHARPNESS: np.ones_like(inside),
            LAYER: np.array(layers),
            BELOW: np.ones_like(inside),
        }

    def wrong(self, problem: Problem) -> Quantities:
        """The balanced minimum or the flattest one stands for all."""
        flat = [theory.flattest_minimum(task) for task in _tasks(problem)]
        sharpness = np.array([one.sharpness for one in flat])
        inside = np.array([rates(problem, task)[1:-1] for task in _tasks(problem)])
        layers = np.array([one.second_layer for one in flat])
        settled = np.zeros((len(SPIKES), inside.shape[1] + 2))
        settled[:, 0] = 1
        return {
            EDGE: 2 / sharpness,
            SETTLES: settled,
            SHARPNESS: sharpness[:, None] * inside / 2,
            LAYER: layers[:, None] + 0 * inside,
            BELOW: 0 * inside,
        }

    def observe(self, problem: Problem) -> Quantities:
        """Descent of all weights; sharpness from products with its Hessian."""
        settled, ends, layers, below = [], [], [], []
        for task in _tasks(problem):
            chosen = rates(problem, task)
            paths = [run(problem, task, rate) for rate in chosen]
            settled.append([float(p.outcome.kind == "converged") for p in paths])
            end = np.array([measure.sharpness(p.weights, task) for p in paths[1:-1]])
            begin = measure.sharpness(_balanced(problem, task), task)
            limit = 2 / chosen[1:-1]
            ends.append(end / limit)
            below.append((limit - end) / (begin - limit))
            layers.append([_second(p.weights) for p in paths[1:-1]])
        return {
            EDGE: np.array([_edge(problem, task) for task in _tasks(problem)]),
            SETTLES: np.array(settled),
            SHARPNESS: np.array(ends),
            LAYER: np.array(layers),
            BELOW: np.array(below),
        }

    def note(self, problem: Problem) -> str:
        """How closely the edge was approached, which is no part of a bound."""
        ends = np.asarray(self.observe(problem)[SHARPNESS])
        least, most = (number(float(1 - end), 2) for end in (ends.max(), ends.min()))
        return f"Sharpness ended between {least} and {most} of 2 / learning rate below."

    def figure(self, problem: Problem) -> Figure:
        """A path, and where paths end."""
        return Figure(
            name=self.name,
            caption=(
                "Training starts beside the balanced minimum, where both layers have"
                " the same length; edge: the largest learning rate that is stable"
                " there. Left: a step below the edge stays, a larger one leaves and"
                " comes to rest where the second layer is shorter, one that is too"
                " large never rests. Middle: sharpness of the loss in the end; beyond"
                " the edge it lies just below 2 / learning rate (line) instead of"
                " staying (dashed). Right: the second layer in the end lies below the"
                " line, too; dotted, where no larger step can rest, the flattest"
                " minimum."
            ),
            panels=(_path_panel(problem), _sharpness(problem), _layers(problem)),
        )


@lru_cache(maxsize=4)
def _tasks(problem: Problem) -> tuple[Moments, ...]:
    """A weaker spike that is closer to the target, and the stronger one."""
    weak = problems.planted(INPUTS, SPIKES[:1], ALIGNMENTS[:1], seed=problem.seed)
    return population_moments(weak.covariance, weak.teacher), problem.moments


def _shares(problem: Problem) -> tuple[float, ...]:
    return FEWER if problem.quick else SHARES


def rates(problem: Problem, task: Moments) -> np.ndarray:
    """Learning rates before, inside and beyond the window."""
    low, high = theory.escape_window(task)
    shares = np.array([OUTSIDE[0], *_shares(problem), OUTSIDE[1]])
    return low + shares * np.where(shares < 0, low, high - low)


def _balanced(problem: Problem, task: Moments) -> Weights:
    """Layers of equal length that have learned the target."""
    target = np.linalg.solve(task.xx, task.yx[0])
    size = float(np.linalg.norm(target))
    return starts.rank_one(target / size, size, problem.hidden, seed=problem.seed)


@lru_cache(maxsize=32)
def run(problem: Problem, task: Moments, rate: float) -> "Trajectory":
    """Descent from beside the balanced minimum."""
    from linnet.dynamics import GradientDescent, log_steps, simulate

    return simulate(
        GradientDescent(task, float(rate)),
        starts.shaken(_balanced(problem, task), SHAKEN, problem.seed),
        steps=log_steps(STEPS, 120),
        observe={"layer": _second},
        memory_limit=problem.memory_limit,
    )


@lru_cache(maxsize=4)
def _edge(problem: Problem, task: Moments) -> float:
    """From the growth per step, rate times curvature - 1, of a tiny deviation."""
    from linnet.dynamics import GradientDescent, simulate

    center = _balanced(problem, task)
    begin = starts.shaken(center, SLIGHT, problem.seed)
    rate = 2.4 / measure.sharpness(center, task)
    path = simulate(
        GradientDescent(task, rate),
        begin,
        steps=[GROWN, GROWN + 1],
        observe={"layer": _second, "product": _product},
    )
    target = np.linalg.solve(task.xx, task.yx[0])
    off = np.linalg.norm(path["product"] - target, axis=-1)
    return float(2 * rate / (1 + off[1] / off[0]))


def _second(weights: Weights) -> float:
    return (weights[1] ** 2).sum()


def _product(weights: Weights) -> np.ndarray:
    return (weights[1] @ weights[0])[0]


def _path_panel(problem: Problem) -> Panel:
    task = _tasks(problem)[1]
    low, high = theory.escape_window(task)
    chosen = rates(problem, task)
    series = []
    for color, at in enumerate((0, -3, -1)):
        path = run(problem, task, chosen[at])
        label = f"{number(float(chosen[at] / low), 3)} × edge"
        x = path.times[1:] / chosen[at]
        y = np.where(path["layer"] < HIGHEST, path["layer"], np.nan)[1:]
        if chosen[at] < high:
            level = np.full(2, theory.settling_layer(task, chosen[at]))
            ends = np.array([1.0, STEPS])
            series.append(Series(ends, level, label, "theory", color))
        series.append(Series(x, y, label, "simulation", color))
    return Panel(
        title=f"spike {SPIKES[1]:g}: leaving balance",
        x_label="step",
        y_label="squared length of the second layer",
        series=tuple(series),
        x_scale="log",
    )


def _sharpness(problem: Problem) -> Panel:
    series = []
    for color, task in enumerate(_tasks(problem)):
        low, high = theory.escape_window(task)
        inside = rates(problem, task)[:-1]
        ends = [run(problem, task, rate).weights for rate in inside]
        seen = np.array([measure.sharpness(end, task) for end in ends]) * low / 2
        line = np.linspace(0.9, high / low, 60)
        label = f"spike {SPIKES[color]:g}"
        series.append(Series(line, np.minimum(1, 1 / line), label, "theory", color))
        series.append(Series(inside / low, seen, label, "simulation", color))
    longest = line[[0, -1]]
    series.append(Series(longest, np.ones(2), "stays balanced", "wrong"))
    return Panel(
        title="sharpness where it ends",
        x_label=RELATIVE,
        y_label="sharpness / that at balance",
        series=tuple(series),
    )


def _layers(problem: Problem) -> Panel:
    series = []
    for color, task in enumerate(_tasks(problem)):
        low, high = theory.escape_window(task)
        inside = rates(problem, task)[:-1]
        seen = np.array([_second(run(problem, task, r).weights) for r in inside])
        line = np.linspace(0.9 * low, high * (1 - 1e-12), 60)
        label, flat = f"spike {SPIKES[color]:g}", theory.flattest_minimum(task)
        layer = theory.settling_layer(task, line)
        series.append(Series(line / low, layer, label, "theory", color))
        series.append(Series(inside / low, seen, label, "simulation", color))
        flattest = np.full(2, flat.second_layer)
        name = "" if color else "flattest minimum"
        series.append(Series(line[[0, -1]] / low, flattest, name, "guide"))
    series.append(Series(line[[0, -1]] / low, np.ones(2), "stays balanced", "wrong"))
    return Panel(
        title="second layer where it ends",
        x_label=RELATIVE,
        y_label="squared length of the second layer",
        series=tuple(series),
    )

"""Claim: when a network learns each direction of this data, and how far each takes it.

From a first layer that starts isotropic, of scale gamma, and a second layer at zero the
product follows the flow of rank-one layers of imbalance gamma, exactly; so the phases
of any data are those of a few coordinates.
"""

from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from linnet.network import Weights, end_to_end
from linnet.numerics import krylov_basis
from linnet.phenomena.anisotropy import measure
from linnet.phenomena.anisotropy.claims import data_path, question
from linnet.phenomena.anisotropy.claims.source import AnisotropyClaim
from linnet.study import Bound, Figure, Panel, Problem, Quantities, Series
from linnet.study.words import number

if TYPE_CHECKING:
    from linnet.dynamics import Trajectory
    from linnet.study.verdict import Status

STEPS = "steps to half of each phase"
LOSS = "excess loss along training"
WATCHED = 2.0  # how long to watch, in units of the last predicted phase
COMPARED = 60  # steps at which the loss is compared
APART = 20  # phases closer than this factor are shown on a linear clock


class DataPhases(AnisotropyClaim):
    """Two phases of real data, in steps of gradient descent."""

    name: ClassVar[str] = "data_phases"
    statement: ClassVar[str] = (
        "From a small start a network learns this data in phases: first along the"
        " input-output correlation, then along the direction that the correlation"
        " leaves, each at its predicted step."
    )
    formula: ClassVar[str] = (
        r"\dot c = \tfrac12(R+\gamma)\,g + \tfrac12(R-\gamma)\,\hat c\,(\hat c\cdot g),"
        r"\quad R = \sqrt{\gamma^2+4\lVert c\rVert^2},\quad g = s_1e_1 - Tc"
    )
    domain: ClassVar[str] = (
        "Any data, one output (of several, the combination that varies most with the"
        r" inputs); $c$ are the coordinates of the product in the Lanczos basis of"
        " the correlation, $T$ is the input moment there. The flow is exact for a first"
        r" layer that starts isotropic at scale $\gamma$ and a second layer at zero;"
        " steps of gradient descent to first order in the learning rate. A phase is"
        " half over where its coordinate is at half of its corner (the first) or of its"
        " end (the second)."
    )
    wrong_theory: ClassVar[str] = "only one layer moves: half the rate"
    of_data: ClassVar[bool] = True
    has_canonical: ClassVar[bool] = False

    def canonical(self, seed: int, quick: bool) -> None:
        """Only data can ask it."""

    def applies(self, problem: Problem) -> str | None:
        """Any data whose first phase can be watched."""
        rate, edge = question.learning_rate(problem), question.edge(problem)
        if rate >= edge:
            return (
                f"one output alone is stable up to a learning rate of {edge:.3g} only;"
                " lower --learning-rate"
            )
        if not data_path.phases(problem)[0] < data_path.MOST:
            return (
                f"even the first phase takes more than {number(data_path.MOST, 1)}"
                " steps; raise --learning-rate or --init-scale"
            )
        return None

    def status(self, problem: Problem) -> "Status":
        """Of steps: to first order in the learning rate."""
        return "asymptotic"

    def test(self, problem: Problem, label: str) -> Bound:
        """Two percent: the square of the learning rate, in units of the growth rate."""
        return Bound(0.02, relative_to="each" if label == STEPS else "largest")

    def predict(self, problem: Problem) -> Quantities:
        """From the reduced flow, its clock slowed down by finite steps."""
        return {
            STEPS: data_path.phases(problem),
            LOSS: data_path.loss(problem, _compared(problem)),
        }

    def wrong(self, problem: Problem) -> Quantities:
        """The same at half the rate."""
        late = data_path.loss(problem, _compared(problem) / 2)
        return {STEPS: 2 * data_path.phases(problem), LOSS: late}

    def observe(self, problem: Problem) -> Quantities:
        """Gradient descent of all weights, projected."""
        at = np.searchsorted(_saved(problem), _compared(problem))
        return {STEPS: observed_phases(problem), LOSS: training(problem).gap[at]}

    def note(self, problem: Problem) -> str:
        """Which phase was too slow, and whether descent stayed finite."""
        told = []
        if question.basis(problem).dimensions == 1:
            told.append("There is one phase: nothing is left beside the correlation.")
        elif len(data_path.phases(problem)) == 1:
            told.append("The second phase takes too many steps to be watched.")
        outcome = training(problem).outcome
        if outcome.kind == "diverged":
            told.append(f"{outcome.message}.")
        return " ".join(told)

    def figure(self, problem: Problem) -> Figure:
        """Coordinates and loss against steps."""
        return Figure(
            name=self.name,
            caption=(
                "Left: how far the network has gone along the input-output correlation"
                " (first direction), in units of its corner, the farthest that this"
                " direction leads alone, and along what it leaves (second direction),"
                " in units of where that ends. Right: the loss above its minimum;"
                " dotted, the level that the first direction alone can reach. Lines:"
                " predicted"
                " from the data before training; dots: gradient descent of all weights."
            ),
            panels=(_coordinate_panel(problem), _loss_panel(problem)),
        )


def observed_phases(problem: Problem) -> np.ndarray:
    """Steps at which training was seen there; infinite where it was not."""
    steps, seen = _saved(problem).astype(float), coordinates(problem)
    levels = data_path.levels(problem)[: len(data_path.phases(problem))]
    return np.array(
        [
            measure.phase_time(steps, seen[:, k], level).median
            for k, level in enumerate(levels)
        ]
    )


def observed_loss(problem: Problem, step: int) -> float:
    """Excess loss over that at the start, at the saved step next to this one."""
    at = np.abs(_saved(problem) - step).argmin()
    return float(training(problem).gap[at])


@lru_cache(maxsize=4)
def training(problem: Problem) -> "Trajectory":
    """Gradient descent of all weights."""
    from linnet.dynamics import GradientDescent, linear_steps, log_steps, simulate

    last = int(np.ceil(WATCHED * data_path.phases(problem).max()))
    close = (
        np.outer(data_path.phases(problem), np.linspace(0.95, 1.05, 41))
        .round()
        .astype(int)
    )
    steps = {*linear_steps(last, 200), *log_steps(last, 200), *close.ravel().tolist()}
    return simulate(
        GradientDescent(question.moments(problem), question.learning_rate(problem)),
        question.start(problem),
        steps=sorted(steps | set(_compared(problem).tolist())),
        observe={"product": _product},
        memory_limit=problem.memory_limit,
    )


@lru_cache(maxsize=4)
def coordinates(problem: Problem) -> np.ndarray:
    """Of the trained product in the Lanczos basis of the data, shape (saves, m)."""
    directions = krylov_basis(
        question.moments(problem).xx, question.moments(problem).yx[0]
    )
    path = training(problem)["product"]
    return measure.project(path, directions).coordinates


def _saved(problem: Problem) -> np.ndarray:
    """Steps of the run at which it was saved."""
    steps = training(problem).steps
    assert steps is not None  # only of gradient flow
    return steps


def _product(weights: Weights) -> np.ndarray:
    return end_to_end(weights)[0]


def _compared(problem: Problem) -> np.ndarray:
    """Steps at which the loss is compared, evenly over the run and over the start."""
    last = WATCHED * data_path.phases(problem).max()
    return np.unique(np.geomspace(1, last, COMPARED).astype(int))


def _coordinate_panel(problem: Problem) -> Panel:
    steps, seen = _saved(problem), coordinates(problem)
    times, path = data_path.path(problem)
    clock = data_path.clock(problem, times)
    some = _spread(problem)
    shown = (clock > steps[some[0]]) & (clock < steps[-1])
    names = ("along the correlation", "along what it leaves")
    series = []
    for k, level in enumerate(data_path.levels(problem)):
        line, dots = path[shown, k] / level, seen[some, k] / level
        series.append(Series(clock[shown], line, names[k], "theory", k))
        series.append(Series(steps[some], dots, names[k], "simulation", k))
    return Panel(
        title="two directions, one after the other",
        x_label="step",
        y_label="coordinate / corner, coordinate / end",
        series=tuple(series),
        x_scale=_scale(problem),
    )


def _loss_panel(problem: Problem) -> Panel:
    saved, basis = _saved(problem), question.basis(problem)
    some = _spread(problem)
    steps = np.geomspace(saved[some[0]], saved[-1], 400)
    level = np.full(2, basis.excess[1] / basis.excess[0])
    ends, gap = steps[[0, -1]], training(problem).gap
    return Panel(
        title="loss above its minimum",
        x_label="step",
        y_label="excess loss / that at the start",
        series=(
            Series(steps, data_path.loss(problem, steps), "training", "theory"),
            Series(saved[some], gap[some], "training", "simulation"),
            Series(steps, data_path.loss(problem, steps / 2), "half the rate", "wrong"),
            Series(ends, level, "first direction alone", "guide"),
        ),
        x_scale=_scale(problem),
        y_scale="log",
    )


def _scale(problem: Problem) -> Literal["linear", "log"]:
    first, last = data_path.phases(problem)[[0, -1]]
    return "linear" if last < APART * first else "log"


def _spread(problem: Problem) -> np.ndarray:
    """Some forty saved steps, evenly on the clock that is shown."""
    steps = _saved(problem)
    even = np.linspace if _scale(problem) == "linear" else np.geomspace
    wanted = even(max(0.05 * data_path.phases(problem)[0], 1), steps[-1], 41)
    return np.unique(np.searchsorted(steps, wanted).clip(0, len(steps) - 1))

"""Claim: weight decay is ridge with its own penalty, until everything collapses."""

from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from linnet.network import SmallGaussian, Weights, end_to_end
from linnet.phenomena.anisotropy import theory
from linnet.phenomena.anisotropy.claims import problems
from linnet.phenomena.anisotropy.claims.source import CanonicalClaim
from linnet.study import Bound, Figure, Panel, Problem, Quantities, Series
from linnet.study.verdict import Status
from linnet.task import Moments

if TYPE_CHECKING:
    from linnet.dynamics import Trajectory

SOLUTION = "end-to-end vectors where training ends"
LAYER = "squared length of the second layer there"

SPIKE, ALIGNMENT, INPUTS, HIDDEN = 10.0, 0.5, 10, 4
SAMPLES, NOISE = 30, 0.5
SHARES = (0.03, 0.1, 0.25, 0.5, 0.75, 0.9, 1.1, 1.3)  # of the drive
FEWER = (0.03, 0.25, 0.5, 0.9, 1.2)
START = 1e-2  # standard deviation of every weight
DECADES = 30.0  # powers of e by which the slowest part has changed at the end


class WeightDecayCollapse(CanonicalClaim):
    """Weight decay stops the growth of the solution, and beyond a limit all of it."""

    name: ClassVar[str] = "weight_decay_collapse"
    statement: ClassVar[str] = (
        "Weight decay on both layers ends at a ridge solution whose penalty depends on"
        " the solution itself; at a finite decay, the strength of the input-output"
        " correlation, it shrinks to exactly zero, which ridge regression never does."
    )
    formula: ClassVar[str] = (
        r"w = \Big(\Sigma + \frac{\mu}{\lVert w\rVert}I\Big)^{-1}\Sigma\beta,"
        r"\qquad w = 0 \iff \mu \ge s_1 = \lVert\Sigma\beta\rVert"
    )
    domain: ClassVar[str] = (
        r"Two layers, one output, penalty $\frac\mu2(|a|^2+|W|^2)$; population or data"
        " set, whose moments then take the place of these. Where training ends both"
        r" layers have the squared length $\lVert w\rVert$. Derived here."
    )
    wrong_theory: ClassVar[str] = "ridge regression with the weight decay as penalty"

    def canonical(self, seed: int, quick: bool) -> Problem:
        """One spike, in the population; a data set of the same task beside it."""
        return problems.population(
            _planted(seed),
            f"one spike of strength {SPIKE:g}",
            hidden=HIDDEN,
            deviation=START,
            seed=seed,
            quick=quick,
        )

    def status(self, problem: Problem) -> Status:
        """A minimum is a minimum."""
        return "exact"

    def test(self, problem: Problem, label: str) -> Bound:
        """What descent has left after so many e-foldings."""
        return Bound(1e-6)

    def predict(self, problem: Problem) -> Quantities:
        """From one equation for the length."""
        ends = [
            theory.decayed_solution(task, _decays(problem, task))
            for task in _tasks(problem)
        ]
        return {
            SOLUTION: np.array([end.end_to_end for end in ends]),
            LAYER: np.array([end.norm for end in ends]),
        }

    def wrong(self, problem: Problem) -> Quantities:
        """Ridge with the decay itself."""
        found = np.array(
            [
                [_ridge(task, decay) for decay in _decays(problem, task)]
                for task in _tasks(problem)
            ]
        )
        return {SOLUTION: found, LAYER: np.linalg.norm(found, axis=-1)}

    def observe(self, problem: Problem) -> Quantities:
        """Descent of all weights with weight decay."""
        runs = [
            [trained(problem, task, decay) for decay in _decays(problem, task)]
            for task in _tasks(problem)
        ]
        return {
            SOLUTION: np.array([[end_to_end(w)[0] for w in row] for row in runs]),
            LAYER: np.array([[(w[1] ** 2).sum() for w in row] for row in runs]),
        }

    def note(self, problem: Problem) -> str:
        """Nothing can be left unfinished: what is not at its end fails."""
        return ""

    def figure(self, problem: Problem) -> Figure:
        """Length of the solution against the decay, and layer against solution."""
        return Figure(
            name=self.name,
            caption=(
                "Length of the solution at the end of training, against the strength of"
                " the weight decay. It shrinks continuously and reaches zero where the"
                " decay equals the strength of the input-output correlation: from there"
                " on nothing is learned. Ridge regression with the same number as its"
                " penalty (dashed) would go on. Left in the population, right on one"
                f" data set of {SAMPLES} samples."
            ),
            panels=tuple(
                _panel(problem, task, title)
                for task, title in zip(
                    _tasks(problem), ("population", "one data set"), strict=True
                )
            ),
        )


def _planted(seed: int, noise: float = 0.0) -> problems.Planted:
    return problems.planted(INPUTS, (SPIKE,), (ALIGNMENT,), noise=noise, seed=seed)


@lru_cache(maxsize=4)
def _tasks(problem: Problem) -> tuple[Moments, Moments]:
    """The population and one data set."""
    noisy = _planted(problem.seed, NOISE)
    (dataset,) = problems.data_sets(noisy, SAMPLES, 1, problem.seed)
    return problem.moments, dataset.moments()


def _decays(problem: Problem, task: Moments) -> np.ndarray:
    """In shares of the drive of this task, below and above it."""
    return np.array(FEWER if problem.quick else SHARES) * np.linalg.norm(task.yx)


def _ridge(task: Moments, penalty: float) -> np.ndarray:
    return np.linalg.solve(task.xx + penalty * np.eye(len(task.xx)), task.yx[0])


@lru_cache(maxsize=32)
def trained(problem: Problem, task: Moments, decay: float) -> Weights:
    """Weights at the end of descent with weight decay."""
    return _descent(problem, task, decay).weights


def _descent(problem: Problem, task: Moments, decay: float) -> "Trajectory":
    from linnet.dynamics import GradientDescent, PlainUpdate, simulate

    start, sizes = SmallGaussian(START), (INPUTS, problem.hidden, 1)
    drive = float(np.linalg.norm(task.yx))
    # Stable: curvatures are below the top variance times both squared layers.
    top, solution = (
        np.linalg.eigvalsh(task.xx)[-1],
        np.linalg.solve(task.xx, task.yx[0]),
    )
    rate = 0.5 / (top * max(float(np.linalg.norm(solution)), 1.0) + decay)
    # Of the start and of its end alike: hidden units that idle go at the decay itself.
    slowest = min(decay, abs(drive - decay))
    time = DECADES / slowest
    return simulate(
        GradientDescent(task, rate, update=PlainUpdate(float(decay))),
        start.weights(sizes, np.random.default_rng(problem.seed)),
        steps=[int(np.ceil(time / rate))],
        observe={"product": end_to_end},
        memory_limit=problem.memory_limit,
    )


def _panel(problem: Problem, task: Moments, title: str) -> Panel:
    drive, decays = np.linalg.norm(task.yx), _decays(problem, task)
    line = np.linspace(0, 1.35, 200) * drive
    norms = theory.decayed_solution(task, line).norm
    ridge = np.array([np.linalg.norm(_ridge(task, decay)) for decay in line])
    seen = [end_to_end(trained(problem, task, decay))[0] for decay in decays]
    dots = np.linalg.norm(seen, axis=-1)
    return Panel(
        title=title,
        x_label="weight decay / strength of the correlation",
        y_label="length of the solution",
        series=(
            Series(line / drive, norms, "ridge with its own penalty"),
            Series(decays / drive, dots, "ridge with its own penalty", "simulation"),
            Series(line / drive, ridge, "fixed penalty", "wrong"),
        ),
    )

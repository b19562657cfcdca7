"""Claim: what steps of finite size change: the clock, and the balance of the layers."""

from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from linnet.network import end_to_end
from linnet.phenomena.anisotropy import measure, theory
from linnet.phenomena.anisotropy.claims import phase_runs, problems, starts
from linnet.phenomena.anisotropy.claims.source import CanonicalClaim
from linnet.study import Bound, Figure, Panel, Problem, Quantities, Series
from linnet.study.verdict import Status

if TYPE_CHECKING:
    from linnet.dynamics import Trajectory

DELAY = "delay of the half time against the smallest rate"
DRIFT = "imbalance at the end of training"

SPIKE, ALIGNMENT, INPUTS, HIDDEN = 10.0, 0.5, 8, 4
START = 1e-8  # length of the product
RATES = (0.002, 0.01, 0.02, 0.03, 0.04, 0.055)  # times drive: 0.01 to 0.31
FEWER = (0.002, 0.03, 0.055)
GROWTH = "learning rate × strength of the correlation"
ENOUGH = 12.0  # time at which training has ended


class DiscreteClock(CanonicalClaim):
    """Descent against the flow."""

    name: ClassVar[str] = "discrete_clock"
    statement: ClassVar[str] = (
        "Gradient descent is later than its flow by a predicted factor while weights"
        " are small, and unlike the flow makes the first layer larger than the second,"
        " by a predicted amount."
    )
    formula: ClassVar[str] = (
        r"t_\eta \simeq \frac{\eta s_1}{\ln(1+\eta s_1)}\,t_{1/2} - \tfrac34\eta\ln2,"
        r"\qquad \Delta(\lvert a\rvert^2-\lVert W\rVert^2) ="
        r" \eta^2\big[(\omega\cdot g)^2-\lvert a\rvert^2\lvert g\rvert^2\big]"
    )
    domain: ClassVar[str] = (
        "Two layers, one output, balanced layers of rank one at the start. The drift of"
        " the imbalance is exact, summed over all steps; the delay is right to an error"
        r" of about $0.22\eta^2s_1$ (measured). Derived here."
    )
    wrong_theory: ClassVar[str] = (
        "time is learning rate times steps, and the imbalance is conserved"
    )

    def canonical(self, seed: int, quick: bool) -> Problem:
        """One spike, a very small start."""
        task = problems.planted(INPUTS, (SPIKE,), (ALIGNMENT,), seed=seed)
        return problems.population(
            task,
            f"one spike of strength {SPIKE:g}",
            hidden=HIDDEN,
            deviation=np.sqrt(START / HIDDEN),
            seed=seed,
            quick=quick,
        )

    def status(self, problem: Problem) -> Status:
        """The delay is to second order in the learning rate."""
        return "asymptotic"

    def test(self, problem: Problem, label: str) -> Bound:
        """Rounding; of the delay the stated error, two percent at most, and room."""
        return Bound(0.03, relative_to="each") if label == DELAY else Bound(1e-8)

    def predict(self, problem: Problem) -> Quantities:
        """Closed form, and the recursion of two layers of rank one."""
        rates = np.array(_rates(problem))
        halves = theory.discrete_half_time(problem.moments, START, rates)
        return {
            DELAY: halves[1:] - halves[0],
            DRIFT: np.array([_predicted_drift(problem, rate) for rate in rates]),
        }

    def wrong(self, problem: Problem) -> Quantities:
        """The flow's."""
        count = len(_rates(problem))
        return {DELAY: np.zeros(count - 1), DRIFT: np.zeros(count)}

    def observe(self, problem: Problem) -> Quantities:
        """Descent of all weights."""
        halves = np.array([half(problem, rate) for rate in _rates(problem)])
        return {
            DELAY: halves[1:] - halves[0],
            DRIFT: np.array([drift(problem, rate) for rate in _rates(problem)]),
        }

    def note(self, problem: Problem) -> str:
        """Nothing can be left unfinished: what diverges fails."""
        return ""

    def figure(self, problem: Problem) -> Figure:
        """Delay and drift against the learning rate."""
        return Figure(
            name=self.name,
            caption=(
                "Left: time at which half of the first phase is over, against the"
                " learning rate; the flow knows no learning rate (dashed). Right: how"
                " far the second layer is behind the first at the end of training, from"
                " layers that were equally long at the start."
            ),
            panels=(_clock_panel(problem), _balance_panel(problem)),
        )


def _rates(problem: Problem) -> tuple[float, ...]:
    return FEWER if problem.quick else RATES


def _steps(rate: float) -> list[int]:
    """Every step while it grows, then the end."""
    last = int(np.ceil(ENOUGH / rate))
    return [*range(min(last, int(3.0 / rate))), last]


@lru_cache(maxsize=32)
def _predicted_drift(problem: Problem, rate: float) -> float:
    modes = theory.modes_of_moments(problem.moments)
    axis = problem.moments.yx[0] / np.linalg.norm(problem.moments.yx)
    size = np.sqrt(START)
    last = np.array([int(np.ceil(ENOUGH / rate))])
    path = theory.mode_descent(modes, size, size * axis, last, float(rate))
    return float(path.alpha[-1] ** 2 - np.sum(path.omega[-1] ** 2))


@lru_cache(maxsize=16)
def _training(problem: Problem, rate: float) -> "Trajectory":
    from linnet.dynamics import GradientDescent, simulate

    axis = problem.moments.yx[0] / np.linalg.norm(problem.moments.yx)
    return simulate(
        GradientDescent(problem.moments, rate),
        starts.rank_one(axis, START, problem.hidden, seed=problem.seed),
        steps=_steps(rate),
        observe={"product": end_to_end},
        memory_limit=problem.memory_limit,
    )


def half(problem: Problem, rate: float) -> float:
    """Learning rate times steps, between steps, at half of the first phase."""
    run = _training(problem, rate)
    axis = problem.moments.yx[0] / np.linalg.norm(problem.moments.yx)
    corner = float(phase_runs.levels(problem.moments)[0])
    return measure.phase_time(run.times, run["product"][:, 0] @ axis, corner).median


def drift(problem: Problem, rate: float) -> float:
    """Imbalance where training ended."""
    first, second = _training(problem, rate).weights
    return float((second**2).sum() - (first**2).sum())


def _clock_panel(problem: Problem) -> Panel:
    rates = np.array(_rates(problem))
    line = np.linspace(0, 1.1 * rates[-1], 60)
    drive = float(np.linalg.norm(problem.moments.yx))
    late = theory.discrete_half_time(problem.moments, START, line)
    halves = np.array([half(problem, rate) for rate in rates])
    return Panel(
        title="the clock",
        x_label=GROWTH,
        y_label="half time (learning rate × steps)",
        series=(
            Series(line * drive, late, "descent"),
            Series(rates * drive, halves, "descent", "simulation"),
            Series(line * drive, np.full(60, late[0]), "flow", "wrong"),
        ),
    )


def _balance_panel(problem: Problem) -> Panel:
    rates = np.array(_rates(problem))
    some = np.linspace(rates[0], rates[-1], 12)
    drive = float(np.linalg.norm(problem.moments.yx))
    exact = np.array([_predicted_drift(problem, rate) for rate in some])
    seen = np.array([drift(problem, rate) for rate in rates])
    return Panel(
        title="the balance",
        x_label=GROWTH,
        y_label="squared length of second minus first layer",
        series=(
            Series(some * drive, exact, "descent"),
            Series(rates * drive, seen, "descent", "simulation"),
            Series(some * drive, np.zeros(12), "flow", "wrong"),
        ),
    )

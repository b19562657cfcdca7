"""Claim: the excess loss falls at least as fast as a linear model's would."""

from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from linnet.phenomena.spectral_bias import theory
from linnet.phenomena.spectral_bias.claims import problems, runs
from linnet.phenomena.spectral_bias.claims.source import SpectralBiasClaim
from linnet.study import Figure, Panel, Problem, Quantities, Series, UpperBound
from linnet.study.figure import Role
from linnet.study.verdict import Status
from linnet.study.words import number

if TYPE_CHECKING:
    from linnet.dynamics import Trajectory

LOSS = "excess loss at all times, from a small and from a large start"
LAZY = 10  # scale of the large start in units of the solution: there the bound is tight
DEPTH = 1e-6  # of the bound: how far down it is asked
LOOSE = 1e-3  # of the start's excess loss: below it a small start is not followed
BOUNDS: tuple[tuple[str, float, Role], ...] = (
    ("bound", 1.0, "theory"),
    ("twice the rate", 2.0, "wrong"),
)


class ConvergenceBound(SpectralBiasClaim):
    """How long training can take at most."""

    name: ClassVar[str] = "convergence_bound"
    statement: ClassVar[str] = (
        "From every scale of the start the excess loss falls at least exponentially, at"
        " twice the scale times the least input variance; a large start falls no faster"
        " in the end, a small one by far."
    )
    formula: ClassVar[str] = (
        r"L - L_\ast \le (L_0 - L_\ast)\,e^{-2\gamma\mu t},\quad"
        r" \mu = \lambda_{\min}^{+}\left(X^\top X/n\right)"
    )
    domain: ClassVar[str] = (
        "Two layers, first isotropic (hidden width at least the inputs), second zero at"
        " the start; gradient flow on any data, all times. Almost met at large scale;"
        " loose at small scale, where the layers grow."
    )
    of_data: ClassVar[bool] = True
    wrong_theory: ClassVar[str] = "a bound that falls at twice the rate"

    def canonical(self, seed: int, quick: bool) -> Problem:
        """Correlated inputs: the least variance is well below the others."""
        return problems.anisotropic(seed, quick)

    def applies(self, problem: Problem) -> str | None:
        """Where training can be followed to its end."""
        return runs.out_of_reach(problem, _scales(problem))

    def status(self, problem: Problem) -> Status:
        """An exact inequality."""
        return "exact"

    def test(self, problem: Problem, label: str) -> UpperBound:
        """Solver accuracy where the loss has fallen to `DEPTH`.

        An error of the weights counts there over the root of that: 1e-6 on canonical
        problems, 1e-3 on data (RKC3).
        """
        return UpperBound(1e-6 if problem.canonical else 1e-3)

    def predict(self, problem: Problem) -> Quantities:
        """From the least variance of the inputs alone."""
        return {LOSS: _bounds(problem, rate=1.0)}

    def wrong(self, problem: Problem) -> Quantities:
        """The same at twice the rate."""
        return {LOSS: _bounds(problem, rate=2.0)}

    def observe(self, problem: Problem) -> Quantities:
        """Excess loss of the simulated flow, as a share of its start."""
        gaps = [_run(problem, gamma).gap[1:] for gamma in _scales(problem)]
        return {LOSS: np.concatenate(gaps)}

    def note(self, problem: Problem) -> str:
        """Nothing: the bound holds at every time, and so wherever a run ends."""
        return ""

    def figure(self, problem: Problem) -> Figure:
        """Excess loss and bound against time, for both scales."""
        return Figure(
            name=self.name,
            caption=(
                "Excess loss of a trained network (dots) and its bound (line): the"
                " network is never above. From a large start the layers hardly move and"
                " the slowest input sets the pace, as the bound says; from a small one"
                " the layers grow, and the loss is gone long before its bound."
            ),
            panels=tuple(_panel(problem, gamma) for gamma in _scales(problem)[::-1]),
        )


def _panel(problem: Problem, gamma: float) -> Panel:
    run, times = _run(problem, gamma), _times(problem, gamma)
    seen = np.flatnonzero(run.gap[1:] > DEPTH) + 1
    few = seen[:: max(1, len(seen) // 30)]
    is_large = gamma == _scales(problem)[-1]
    size = "large" if is_large else "small"
    series = []
    for label, rate, role in BOUNDS:
        line = theory.excess_loss_bound(problem.moments, gamma, rate * times)
        line = np.where(line >= DEPTH * (1 - 1e-9), line, np.nan)
        series.append(Series(times, line, label, role))
    dots = Series(run.times[few], run.gap[few], "trained network", "simulation")
    return Panel(
        title=f"{size} start, $\\gamma$ = {number(gamma, 3)}",
        x_label="time (learning rate × steps)",
        y_label="excess loss / its start",
        series=(series[0], dots, series[1]),
        x_scale="linear" if is_large else "log",
        y_scale="log",
    )


def _bounds(problem: Problem, rate: float) -> np.ndarray:
    """At the times that were saved, one scale after the other."""
    return np.concatenate(
        [
            theory.excess_loss_bound(
                problem.moments, gamma, rate * _run(problem, gamma).times[1:]
            )
            for gamma in _scales(problem)
        ]
    )


def _scales(problem: Problem) -> tuple[float, float]:
    """A small start, and one so large that training is that of a linear model."""
    size = runs.size(problem)
    small = 1e-3 if problem.canonical else min(problem.init_scale, size)
    return small, LAZY * size


def _times(problem: Problem, gamma: float) -> np.ndarray:
    """Until the bound is down to `DEPTH`; from the first growth on at small scale."""
    variances = problem.moments.spectrum()
    least = variances[problem.moments.minimizer().rank - 1]
    end = float(np.log(1 / DEPTH) / (2 * gamma * least))
    count = 60 if problem.quick else 120
    if gamma == _scales(problem)[-1]:
        return np.linspace(end / count, end, count)
    first = 0.1 * runs.half_times(problem, gamma).min()
    return np.geomspace(min(first, 0.1 * end), end, count)


@lru_cache(maxsize=4)
def _run(problem: Problem, gamma: float) -> "Trajectory":
    from linnet.dynamics import GradientFlow, simulate

    return simulate(
        GradientFlow(problem.moments),
        runs.start(problem, gamma),
        times=[0.0, *_times(problem, gamma).tolist()],
        observe={},
        tolerance=1e-11 if problem.canonical else None,
        stop_gap=DEPTH**2 if gamma == _scales(problem)[-1] else LOOSE,
        memory_limit=problem.memory_limit,
    )

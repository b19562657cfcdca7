"""Claim: the product ends at the least-norm solution, whatever the initial scale."""

from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from linnet.phenomena.spectral_bias.claims import problems, runs
from linnet.phenomena.spectral_bias.claims.source import SpectralBiasClaim
from linnet.study import Bound, Figure, Panel, Problem, Quantities, Series
from linnet.study.verdict import Status
from linnet.study.words import number

if TYPE_CHECKING:
    from linnet.dynamics import Trajectory


DISCRETE = ("gradient descent", "SGD")  # ways to train beside the flow


class EndToEndLimit(SpectralBiasClaim):
    """The scale of the start leaves no trace in the product."""

    name: ClassVar[str] = "end_to_end_limit"
    statement: ClassVar[str] = (
        "Training ends at the least-squares map of least norm for every scale of the"
        " initialization: the scale shapes the layers, not their product."
    )
    formula: ClassVar[str] = (
        r"W_\infty = (X^+ Y)^\top \quad\text{for every}\ \gamma > 0"
    )
    domain: ClassVar[str] = (
        "First layer isotropic, second zero at the start. Gradient flow; gradient"
        " descent at any learning rate at which it settles; minibatch SGD when the data"
        " can be fitted exactly."
    )
    of_data: ClassVar[bool] = True
    wrong_theory: ClassVar[str] = "a small start drops the weakest mode of the solution"

    def canonical(self, seed: int, quick: bool) -> Problem:
        """More inputs than samples: infinitely many solutions, one of least norm."""
        return problems.anisotropic(seed, quick)

    def applies(self, problem: Problem) -> str | None:
        """Where training can be followed to its end."""
        return runs.out_of_reach(problem, runs.scales(problem))

    def status(self, problem: Problem) -> Status:
        """Exact."""
        return "exact"

    def test(self, problem: Problem, label: str) -> Bound:
        """1e-6 on canonical problems, 1e-5 on data (RKC3)."""
        return Bound(1e-6 if problem.canonical else 1e-5)

    def predict(self, problem: Problem) -> Quantities:
        """The least-norm solution, for every way of training."""
        return dict.fromkeys(self._labels(problem), runs.limit(problem))

    def wrong(self, problem: Problem) -> Quantities:
        """The solution without its weakest mode."""
        left, sigma, right = np.linalg.svd(runs.limit(problem), full_matrices=False)
        sigma[len(runs.directions(problem)) - 1 :] = 0
        return dict.fromkeys(self._labels(problem), (left * sigma) @ right)

    def observe(self, problem: Problem) -> Quantities:
        """The last product of each run."""
        flows = [
            runs.trained(problem, gamma)["product"][-1]
            for gamma in runs.scales(problem)
        ]
        discrete = _discrete(problem) if problem.canonical else ()
        products = [*flows, *(run["end_to_end"][-1] for run in discrete)]
        return dict(zip(self._labels(problem), products, strict=True))

    def note(self, problem: Problem) -> str:
        """Whether every run reached its end."""
        told = runs.unfinished(problem, runs.scales(problem))
        if not problem.canonical:
            return told
        discrete = [run.outcome for run in _discrete(problem)]
        messages = [f"{o.message}." for o in discrete if o.kind != "converged"]
        return " ".join([*([told] if told else []), *messages])

    def figure(self, problem: Problem) -> Figure:
        """Distance to the limit against time, one color a scale."""
        limit = runs.limit(problem)
        series = []
        for color, gamma in enumerate(runs.scales(problem)):
            run = runs.trained(problem, gamma)
            times = run.times[1:]  # zero has no place on a logarithmic axis
            miss = np.linalg.norm(run["product"][1:] - limit, axis=(1, 2))
            label = rf"$\gamma$ = {number(gamma, 3)}"
            relative = miss / np.linalg.norm(limit)
            series.append(Series(times, relative, label, "simulation", color))
        floor = self.test(problem, "").limit
        ends = np.array([series[0].x[0], max(line.x[-1] for line in series)])
        bound = Series(ends, np.full(2, floor), "bound of the test", "guide")
        panels = (
            Panel(
                title="distance to the least-norm solution",
                x_label="time (learning rate × steps)",
                y_label="relative distance",
                series=(*series, bound),
                x_scale="log",
                y_scale="log",
            ),
            self._spectrum_panel(problem),
        )
        return Figure(
            name=self.name,
            caption=(
                "Left: networks started at very different scales take different times,"
                " but all arrive at the same map. Right: singular values of the map"
                " they arrive at, computed from the data (line) and measured after"
                " training (dots), one on the other for every way of training."
            ),
            panels=panels,
        )

    def _spectrum_panel(self, problem: Problem) -> Panel:
        limit = runs.limit(problem)
        sigma = np.linalg.svd(limit, compute_uv=False)
        index = np.arange(1, len(sigma) + 1)
        observed = self.observe(problem)
        name = f"all {len(observed)} trained networks"
        dots = [
            Series(index, np.linalg.svd(product, compute_uv=False), name, "simulation")
            for product in map(np.asarray, observed.values())
        ]
        line = Series(index, sigma, "least-norm solution", "theory", 0)
        return Panel(
            title="singular values of the learned map",
            x_label="index",
            y_label="singular value",
            series=(line, *dots),
        )

    def _labels(self, problem: Problem) -> list[str]:
        gammas = runs.scales(problem)
        told = [("flow", gamma) for gamma in gammas]
        if problem.canonical:
            told += [(way, gamma) for gamma in gammas[1:] for way in DISCRETE]
        return [rf"{way}, $\gamma$ = {number(gamma, 3)}" for way, gamma in told]


@lru_cache(maxsize=4)
def _discrete(problem: Problem) -> "tuple[Trajectory, ...]":
    """Gradient descent and minibatch SGD from a small and a large scale, to their ends.

    The smallest one is left to the flow: it takes as many steps as both together.
    """
    from linnet.dynamics import SGD, GradientDescent, log_steps, simulate

    if problem.dataset is None:
        raise ValueError("Minibatch SGD needs samples, but the problem has moments.")
    rate = runs.learning_rate(problem)
    sgd = SGD(problem.dataset.inputs, problem.dataset.targets, rate, batch_size=2)
    return tuple(
        simulate(
            dynamics,
            runs.start(problem, gamma),
            steps=log_steps(int(2 * runs.horizon(problem, gamma) / rate), 40),
            stop_gap=runs.deep(problem),
            seed=problem.seed,
            memory_limit=problem.memory_limit,
        )
        for gamma in runs.scales(problem)[1:]
        for dynamics in (GradientDescent(problem.moments, rate), sgd)
    )

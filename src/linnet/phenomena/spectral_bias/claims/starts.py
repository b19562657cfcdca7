"""Claims on other starts: any balanced one, and one output that does not start at zero.

Both are asked on canonical problems only: their starts are no choice of a data set.
"""

from functools import lru_cache
from typing import ClassVar

import numpy as np

from linnet.network import LambdaBalanced, Weights, end_to_end
from linnet.phenomena.spectral_bias import theory
from linnet.phenomena.spectral_bias.claims import problems, runs
from linnet.phenomena.spectral_bias.claims.source import CanonicalClaim
from linnet.study import Bound, Figure, Panel, Problem, Quantities, Series
from linnet.study.verdict import Observed, Status

BALANCE = -0.3
DELTAS = (0.01, 0.1, 1.0, 10.0)  # half the imbalance of the scalar network
GRAM = "Gram matrix of both layers at all times"

SHOWN = 4  # entries of the product that are drawn


class RiccatiSolution(CanonicalClaim):
    """White inputs, any balanced start."""

    name: ClassVar[str] = "riccati_solution"
    statement: ClassVar[str] = (
        "On white inputs both layers are known in closed form at all times from any"
        " balanced start, whatever its product and however it is turned."
    )
    formula: ClassVar[str] = (
        r"M(t) = e^{Ft} Z_0 \left[I + a Z_0^\top \Phi_t Z_0\right]^{-1} Z_0^\top"
        r" e^{Ft},\quad \Phi_t = \int_0^t e^{2Fs}\, ds"
    )
    domain: ClassVar[str] = (
        r"Two layers, $W_2^\top W_2 - W_1W_1^\top = \lambda I$; white inputs of"
        r" variance a; $Z = (W_1^\top; W_2)$, $M = ZZ^\top$."
    )
    wrong_theory: ClassVar[str] = "the same start, unbalanced the other way"

    def canonical(self, seed: int, quick: bool) -> Problem:
        """White inputs, three modes."""
        return problems.isotropic(seed, quick)

    def status(self, problem: Problem) -> Status:
        """Exact for the flow."""
        return "exact"

    def test(self, problem: Problem, label: str) -> Bound:
        """Accuracy of the solver."""
        return Bound(1e-8)

    def predict(self, problem: Problem) -> Quantities:
        """The closed solution from the start."""
        layers = _turned(problem)
        return {GRAM: theory.balanced_gram(layers, problem.moments, _times(problem))}

    def wrong(self, problem: Problem) -> Quantities:
        """From a start of the same product and the opposite imbalance."""
        k, d = problem.moments.yx.shape
        product = end_to_end(_turned(problem))
        # Its width must be that of the outputs then.
        shape, rng = LambdaBalanced(-BALANCE, product), np.random.default_rng(0)
        layers = shape.weights((d, k, k), rng)
        return {GRAM: theory.balanced_gram(layers, problem.moments, _times(problem))}

    def observe(self, problem: Problem) -> Quantities:
        """Gram matrices of the simulated layers."""
        return {GRAM: _stacked_gram(problem)}

    def note(self, problem: Problem) -> str:
        """Nothing: any time will do."""
        return ""

    def figure(self, problem: Problem) -> Figure:
        """Some entries of the product against time."""
        k, d = problem.moments.yx.shape
        times, line = _times(problem), np.linspace(0, _times(problem)[-1], 200)
        law = theory.balanced_gram(_turned(problem), problem.moments, line)
        seen = np.asarray(self.observe(problem)[GRAM])
        series = []
        for color, i in enumerate(range(min(k, SHOWN))):
            name = f"output {i + 1}, input {i + 1}"
            series.append(Series(line, law[:, d + i, i], name, "theory", color))
            series.append(Series(times, seen[:, d + i, i], name, "simulation", color))
        panel = Panel(
            title="from a start that is neither small nor aligned",
            x_label="time (learning rate × steps)",
            y_label="entry of the product",
            series=tuple(series),
        )
        return Figure(
            name=self.name,
            caption=(
                "Entries of the product of both layers, from a balanced start whose"
                " product has nothing to do with the task: closed solution (lines) and"
                " trained network (dots)."
            ),
            panels=(panel,),
        )


class ScalarLimit(CanonicalClaim):
    """One output, a start that is not zero: the scale does matter for the product."""

    name: ClassVar[str] = "scalar_limit"
    statement: ClassVar[str] = (
        "With one output and a start that is not zero, training ends at the solution"
        " that minimizes a potential set by the imbalance of the layers: neither the"
        " nearest to the start nor the one of least norm."
    )
    formula: ClassVar[str] = (
        r"w_\infty = \operatorname{argmin}_{Xw = y}\; q(\lVert w\rVert) - \langle\nabla"
        r" q(\lVert w_0\rVert), w\rangle,\quad q'(r) ="
        r" \sqrt{\sqrt{\delta^2 + r^2} - \delta}"
    )
    domain: ClassVar[str] = (
        r"Two layers, one output, $W_2^\top W_2 - W_1W_1^\top = -2\delta I$; more"
        " inputs than samples."
    )
    wrong_theory: ClassVar[str] = "the solution nearest to the start"

    def canonical(self, seed: int, quick: bool) -> Problem:
        """Three samples of six inputs."""
        return problems.scalar(seed, quick)

    def status(self, problem: Problem) -> Status:
        """Exact at the end of the flow."""
        return "exact"

    def test(self, problem: Problem, label: str) -> Bound:
        """Accuracy of the solver."""
        return Bound(1e-7)

    def predict(self, problem: Problem) -> Quantities:
        """In closed form from start and data."""
        start = _first_product(problem)
        return {
            _label(delta): theory.scalar_limit(problem.moments, start, delta)
            for delta in DELTAS
        }

    def wrong(self, problem: Problem) -> Quantities:
        """The start, moved to the solutions by the shortest way."""
        start, solution = _first_product(problem), problem.moments.minimizer()
        span = problem.moments.row_space()
        nearest = solution.end_to_end + start - (start @ span) @ span.T
        return {_label(delta): nearest for delta in DELTAS}

    def observe(self, problem: Problem) -> Quantities:
        """Products after training."""
        seen = _ends(problem)
        found: dict[str, Observed] = {}
        for at, delta in enumerate(DELTAS):
            found[_label(delta)] = seen[at]
        return found

    def note(self, problem: Problem) -> str:
        """Nothing: ends are checked by the test itself."""
        return ""

    def figure(self, problem: Problem) -> Figure:
        """How much of the unseen part of the start is left, against the imbalance."""
        start, moments = _first_product(problem), problem.moments
        span = moments.row_space()
        unseen = start - (start @ span) @ span.T

        def share(product: np.ndarray) -> float:
            return float((product * unseen).sum() / (unseen**2).sum())

        line = np.geomspace(DELTAS[0] / 3, DELTAS[-1] * 3, 100)
        law = [share(theory.scalar_limit(moments, start, delta)) for delta in line]
        dots = np.array([share(product) for product in _ends(problem)])
        series = (
            Series(line, np.array(law), "potential of the imbalance"),
            Series(np.array(DELTAS), dots, "trained network", "simulation"),
            Series(line, np.ones(100), "nearest solution", "wrong"),
        )
        panel = Panel(
            title="what training makes of the start",
            x_label=r"half imbalance of the layers, $\delta$",
            y_label="unseen part of the end / of the start",
            series=series,
            x_scale="log",
        )
        return Figure(
            name=self.name,
            caption=(
                "The data say nothing of some directions of the inputs. What the"
                " network answers there is its start, multiplied by a factor that the"
                " imbalance of its layers sets."
            ),
            panels=(panel,),
        )


def _label(delta: float) -> str:
    return rf"product at the end, $\delta$ = {delta:g}"


def _times(problem: Problem) -> np.ndarray:
    return np.linspace(0.0, 6.0, 13 if problem.quick else 41)


def _turned(problem: Problem) -> Weights:
    """A balanced start whose product is drawn, not chosen."""
    k, d = problem.moments.yx.shape
    rng = np.random.default_rng([problem.seed, 1])
    product = rng.normal(size=(k, d)) / np.sqrt(d)
    return LambdaBalanced(BALANCE, product).weights((d, d, k), rng)


@lru_cache(maxsize=4)
def _stacked_gram(problem: Problem) -> np.ndarray:
    from linnet.dynamics import GradientFlow, simulate

    run = simulate(
        GradientFlow(problem.moments),
        _turned(problem),
        times=_times(problem).tolist(),
        observe={"first": runs.first_layer, "second": runs.second_layer},
        tolerance=1e-12,
        method="dopri8",
    )
    z = np.concatenate([run["first"].transpose(0, 2, 1), run["second"]], axis=1)
    return z @ z.transpose(0, 2, 1)


def _first_product(problem: Problem) -> np.ndarray:
    d = problem.moments.yx.shape[1]
    return np.random.default_rng([problem.seed, 2]).normal(size=(1, d)) / np.sqrt(d)


@lru_cache(maxsize=4)
def _ends(problem: Problem) -> np.ndarray:
    """Products at the end for every imbalance, trained side by side."""
    from linnet.dynamics import GradientFlow, log_times, simulate

    d, start = problem.moments.yx.shape[1], _first_product(problem)
    rng = np.random.default_rng(problem.seed)
    drawn = [
        LambdaBalanced(-2 * delta, start).weights((d, d, 1), rng) for delta in DELTAS
    ]
    run = simulate(
        GradientFlow(problem.moments),
        tuple(np.stack(layers) for layers in zip(*drawn, strict=True)),
        times=log_times(1e-2, 1e4, 60).tolist(),
        tolerance=1e-11,
        stop_gap=1e-20,
    )
    return run["end_to_end"][-1]

"""Claim: the first direction to be learned is that of the input-output correlation."""

from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from linnet.network import end_to_end
from linnet.phenomena.spectral_bias import theory
from linnet.phenomena.spectral_bias.claims import problems, runs
from linnet.phenomena.spectral_bias.claims.source import SpectralBiasClaim
from linnet.study import Bound, Figure, Panel, Problem, Quantities, Series
from linnet.study.verdict import Status

if TYPE_CHECKING:
    from linnet.dynamics import Trajectory

DIRECTION = "direction of the product, unit norm"
SIZE = "norm of the product"
FRACTION = 1e-3  # of b / a: how far the first mode has grown when we look
DECADES = 6  # of growth before that


class FirstEscape(SpectralBiasClaim):
    """Which way the network leaves the origin, and how fast."""

    name: ClassVar[str] = "first_escape"
    statement: ClassVar[str] = (
        "The first direction to leave a small start is the top singular pair of the"
        " input-output correlation, not that of the solution."
    )
    formula: ClassVar[str] = (
        r"W(t) \approx U\,\tfrac\gamma2\sinh(2bt)\,V^\top,\qquad"
        r" Y^\top X/n = U b V^\top"
    )
    domain: ClassVar[str] = (
        "Any inputs; first layer isotropic, second zero at the start; early times,"
        " while the strongest mode is far below b over the largest input variance."
        " Relative error of the order of that ratio."
    )
    of_data: ClassVar[bool] = True
    wrong_theory: ClassVar[str] = (
        "the top singular pair of the solution leaves first; only one layer moves"
    )

    def canonical(self, seed: int, quick: bool) -> Problem:
        """Correlated inputs: correlation and solution point in different directions."""
        return problems.anisotropic(seed, quick)

    def applies(self, problem: Problem) -> str | None:
        """Any data, if the network is wide enough."""
        return runs.check_shape(problem)

    def status(self, problem: Problem) -> Status:
        """To first order in how far the mode has grown."""
        return "asymptotic"

    def test(self, problem: Problem, label: str) -> Bound:
        """A few times the stated order, `FRACTION`."""
        return Bound(3 * FRACTION)

    def predict(self, problem: Problem) -> Quantities:
        """The early product; its direction where it is not that of the solution."""
        gamma = _scale(problem)
        return _parts(
            problem, theory.early_product(problem.moments, gamma, _time(problem))
        )

    def wrong(self, problem: Problem) -> Quantities:
        """The solution's top pair; growth at half the rate."""
        moments, gamma = problem.moments, _scale(problem)
        slow = theory.early_product(moments, gamma, _time(problem) / 2)
        wrong = {SIZE: float(np.linalg.norm(slow))}
        if not _directions_differ(problem):
            return wrong
        output, given = _top_pair(runs.limit(problem))
        pair = np.outer(output, given)
        right_way = theory.early_product(moments, gamma, _time(problem))
        return {**wrong, DIRECTION: pair * np.sign(np.sum(pair * right_way))}

    def observe(self, problem: Problem) -> Quantities:
        """The simulated product at the same time."""
        return _parts(problem, _early(problem)["product"][-1])

    def note(self, problem: Problem) -> str:
        """Nothing can be left unfinished: the run is short, its end is given."""
        return ""

    def figure(self, problem: Problem) -> Figure:
        """Growth of the product, and its overlap with both candidates."""
        run, gamma = _early(problem), _scale(problem)
        times, seen = run.times[1:], _norms(run["product"][1:])
        predicted, slow = (
            _norms([theory.early_product(problem.moments, gamma, t) for t in early])
            for early in (times, times / 2)
        )
        few = slice(None, None, max(1, len(times) // 20))
        growth = Panel(
            title="growth from the origin",
            x_label="time (learning rate × steps)",
            y_label="norm of the product",
            series=(
                Series(times, predicted, "sinh law"),
                Series(times[few], seen[few], "sinh law", "simulation"),
                Series(times, slow, "only one layer moves", "wrong"),
            ),
            y_scale="log",
        )
        return Figure(
            name=self.name,
            caption=(
                "Left: the product grows exponentially from the origin at twice the"
                " strength of the correlation. Right: how much of the growing product"
                " lies along the top singular pair of the correlation, and how much"
                " along that of the solution. All modes start alike; while the product"
                " is small the strongest of the correlation outgrows the others."
            ),
            panels=(growth, _overlap_panel(problem)),
        )


def _parts(problem: Problem, product: np.ndarray) -> Quantities:
    """Size, and direction where the two candidates can be told apart."""
    size = float(np.linalg.norm(product))
    if not _directions_differ(problem):
        return {SIZE: size}
    return {SIZE: size, DIRECTION: product / size}


def _overlap_panel(problem: Problem) -> Panel:
    from linnet.dynamics import GradientFlow, simulate

    gamma = _scale(problem)
    end = 2 * float(runs.half_times(problem, gamma)[0])
    run = simulate(
        GradientFlow(problem.moments),
        runs.start(problem, gamma),
        times=np.linspace(0, end, 41)[1:].tolist(),
        observe={"product": end_to_end},
        memory_limit=problem.memory_limit,
    )
    candidates = {"correlation": problem.moments.yx, "solution": runs.limit(problem)}
    series = []
    for color, (label, matrix) in enumerate(candidates.items()):
        output, given = _top_pair(matrix)
        along = (run["product"] @ given) @ output
        seen = (along / _norms(run["product"])) ** 2
        series.append(Series(run.times, seen, label, "simulation", color))
    return Panel(
        title="which direction is it?",
        x_label="time (learning rate × steps)",
        y_label="share of the squared norm along the top pair",
        series=tuple(series),
    )


Pair = tuple[np.ndarray, np.ndarray]


def _top_pair(matrix: np.ndarray) -> Pair:
    left, _, right = np.linalg.svd(matrix, full_matrices=False)
    return left[:, 0], right[0]


def _overlap(one: Pair, other: Pair) -> float:
    """Squared, so that signs do not matter."""
    return float((one[0] @ other[0]) ** 2 * (one[1] @ other[1]) ** 2)


def _norms(products: list[np.ndarray] | np.ndarray) -> np.ndarray:
    return np.linalg.norm(np.asarray(products), axis=(1, 2))


def _scale(problem: Problem) -> float:
    """Small enough for the growth to span decades before the first mode saturates."""
    end = runs.directions(problem)[0].strength / problem.moments.spectrum()[0]
    return float(FRACTION * 10.0**-DECADES * end)


def _time(problem: Problem) -> float:
    return theory.early_time(problem.moments, _scale(problem), FRACTION)


def _directions_differ(problem: Problem) -> bool:
    """Whether the two candidates can be told apart at all."""
    pairs = _top_pair(problem.moments.yx), _top_pair(runs.limit(problem))
    return _overlap(*pairs) < 0.99


@lru_cache(maxsize=4)
def _early(problem: Problem) -> "Trajectory":
    from linnet.dynamics import GradientFlow, simulate

    return simulate(
        GradientFlow(problem.moments),
        runs.start(problem, _scale(problem)),
        times=np.linspace(0, _time(problem), 61).tolist(),
        observe={"product": end_to_end},
        tolerance=1e-9,
        method="dopri8",
        memory_limit=problem.memory_limit,
    )

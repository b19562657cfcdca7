"""Claim: in how few dimensions networks move that are trained on this data."""

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from linnet.phenomena.sloppiness.claims import data_panels, data_question, data_runs
from linnet.phenomena.sloppiness.claims.data_question import (
    DIMENSIONS,
    FRACTION,
    SPACES,
)
from linnet.phenomena.sloppiness.claims.source import SloppinessClaim
from linnet.study import Figure, Problem, Quantities, ZTest
from linnet.study.words import number

if TYPE_CHECKING:
    from linnet.numerics import Estimate
    from linnet.study.verdict import Status

Share = Callable[[Problem, int, float], np.ndarray]

UNLIKE = 0.1  # what starts alone must hold more or less than the edge, to be told apart
HUGE = 1e6  # starts beside which no target shows, for the wrong theory


class TrainingManifold(SloppinessClaim):
    """The ribbon of a user's data."""

    name: ClassVar[str] = "training_manifold"
    statement: ClassVar[str] = (
        "How much of the motion of networks that train on this data lies in three"
        " dimensions follows from the spectrum of the inputs, the target, the width of"
        " the starts and the number of steps."
    )
    formula: ClassVar[str] = (
        r"s_3 = \frac{\sum_{i\le3}\mu_i}{\sum_i\mu_i},\quad"
        r" \mu_i \in \mathrm{spec}\left(P+\sigma_0^2D\right);\qquad"
        r" \varepsilon_c^2 = \frac{q\sum_iA_i-\sum_{i\le3}A_i}"
        r"{\sum_{i\le3}B_i-q\sum_iB_i}"
    )
    domain: ClassVar[str] = (
        "One linear layer, gradient descent at half the largest stable rate, normal"
        f" starts of deviation $\\sigma_0$; {SPACES + 1} evenly spaced checkpoints. Of"
        " this target: the share of the best three dimensions, of the curve of the"
        " network that starts at zero ($P$) and the starts' cloud ($D$) together;"
        " networks are seen along the axes that theory names. Of other targets, a new"
        " one for each network, whose weights are $\\varepsilon$ times as large as the"
        " start's: the same. Exact; derived here."
    )
    wrong_theory: ClassVar[str] = (
        "networks scatter as their starts do, whatever they learn (of other targets:"
        " the spread of the weights in place of that of the predictions)"
    )
    of_data: ClassVar[bool] = True
    has_canonical: ClassVar[bool] = False

    def canonical(self, seed: int, quick: bool) -> None:
        """Only data can ask it."""

    def applies(self, problem: Problem) -> str | None:
        """Any data of more than a few directions."""
        return data_question.silent_because(problem)

    def status(self, problem: Problem) -> "Status":
        """Nothing is left out."""
        return "exact"

    def test(self, problem: Problem, label: str) -> ZTest:
        """Errors are over networks."""
        return ZTest()

    def predict(self, problem: Problem) -> Quantities:
        """From the spectrum and the target alone."""
        return _predicted(problem, _share, data_question.share_of_tasks)

    def wrong(self, problem: Problem) -> Quantities:
        """The same of starts alone, or of weights."""
        return _predicted(problem, _share_of_starts, data_question.share_of_weights)

    def observe(self, problem: Problem) -> Quantities:
        """Networks trained by gradient descent."""
        found: dict[str, Estimate] = {}
        for steps, start in starts(problem):
            found[of_target(steps, start)] = data_runs.share_of_networks(
                problem, steps, start
            )
        for steps, ratio in ratios(problem):
            found[of_tasks(steps, ratio)] = data_runs.share_over_tasks(
                problem, steps, ratio
            )
        return found

    def note(self, problem: Problem) -> str:
        """Which durations were left out."""
        asked = data_question.DURATIONS[: 2 if problem.quick else 3]
        left = len(asked) - len(data_question.durations(problem))
        return f"{left} longer runs would take too long." if left else ""

    def figure(self, problem: Problem) -> Figure:
        """Both shares against what decides them."""
        dots = {
            (t, x): data_runs.share_of_networks(problem, t, x)
            for t, x in starts(problem)
        }
        others = {
            (t, x): data_runs.share_over_tasks(problem, t, x)
            for t, x in ratios(problem)
        }
        return Figure(
            name=self.name,
            caption=(
                "How much of the motion of many networks, over all of their training,"
                " lies in three dimensions. Left: all learn the target of this data;"
                " starts left of the line (if there is one) are narrow enough for a"
                " thin ribbon. Middle: the same after some durations; dotted are 95 %"
                " and the usual default start of a layer. Right: each learns a target"
                " of its own; then only a few directions that dominate the inputs make"
                " a ribbon. Lines: predicted; dots: trained networks."
            ),
            panels=(
                data_panels.over_starts_and_steps(problem, dots),
                data_panels.over_starts(problem, dots),
                data_panels.over_targets(problem, others),
            ),
        )


def starts(problem: Problem) -> list[tuple[int, float]]:
    """Durations and deviations that are simulated, the ribbon's edge among them.

    Where starts alone hold about as much as at the edge, a narrower one takes its
    place: the wrong theory could not be told from the right one there.
    """
    found = []
    for steps in data_question.durations(problem):
        even = data_question.even_start(problem, steps)
        widest = data_question.widest_start(problem, steps)
        found.append((steps, even))
        if 0 < widest < np.inf:
            alone = float(_share_of_starts(problem, steps, even))
            is_told = abs(alone - FRACTION) > UNLIKE
            found.append((steps, widest if is_told else even / 3))
    return found


def ratios(problem: Problem) -> list[tuple[int, float]]:
    """Durations and target ratios that are simulated."""
    found = []
    for steps in data_question.durations(problem):
        even = data_question.even_ratio(problem, steps)
        found += [(steps, even), (steps, 3 * even)]
    return found


def of_target(steps: int, start: float) -> str:
    """Label of a share, all networks with the data's target."""
    return f"this target, {steps} steps, start {number(start, 3)}"


def of_tasks(steps: int, ratio: float) -> str:
    """Label of a share, every network with a target of its own."""
    return f"other targets, {steps} steps, target/start {number(ratio, 3)}"


def _share(problem: Problem, steps: int, start: float) -> np.ndarray:
    return data_question.axes(problem, steps).share(start, DIMENSIONS)


def _share_of_starts(problem: Problem, steps: int, start: float) -> np.ndarray:
    return _share(problem, steps, HUGE * start)


def _predicted(problem: Problem, of_this: Share, of_others: Share) -> Quantities:
    found: dict[str, np.ndarray] = {}
    for steps, start in starts(problem):
        found[of_target(steps, start)] = of_this(problem, steps, start)
    for steps, ratio in ratios(problem):
        found[of_tasks(steps, ratio)] = of_others(problem, steps, ratio)
    return found

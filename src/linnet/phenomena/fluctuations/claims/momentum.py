"""Claim: how far a heavy ball fluctuates, and up to which learning rate."""

from typing import ClassVar

import numpy as np

from linnet.numerics import Estimate
from linnet.phenomena.fluctuations import theory
from linnet.phenomena.fluctuations.claims import additive, problems
from linnet.phenomena.fluctuations.claims.additive import RATE, SAMPLES, Process
from linnet.phenomena.fluctuations.claims.source import CanonicalClaim
from linnet.study import Figure, Panel, Problem, Quantities, Series, ZTest
from linnet.study.verdict import Observed, Status

MOMENTA = (0.5, 0.9)
SHARES = (0.005, 0.05, 0.3, 0.6, 0.9)  # curvatures, in units of the largest stable one


class Momentum(CanonicalClaim):
    """More than a larger learning rate: the ball stays stable where that would not."""

    name: ClassVar[str] = "momentum"
    statement: ClassVar[str] = (
        "Momentum makes flat directions fluctuate as a larger learning rate would, but"
        " stiff ones by much less, and SGD stays stable up to nearly twice the learning"
        " rate of plain steps, not at a fraction of it."
    )
    source: ClassVar[str] = "Kühn and Rosenow 2023 (setting); formula derived here"
    citations: ClassVar[tuple[str, ...]] = ("kuhn2023",)
    formula: ClassVar[str] = (
        r"\operatorname{Var} w = \frac{\eta\kappa c\,(1+\beta)}{h\,(1-\beta)\,"
        r"(2(1+\beta) - \eta h)},\quad \eta h < 2(1+\beta)"
    )
    domain: ClassVar[str] = (
        r"Heavy ball, $v \leftarrow \beta v - \eta g$, $w \leftarrow w + v$;"
        " independent batches whose noise does not depend on the weights: one input"
        " that is the same for all samples, curvature h, noise c. Exact. The edge is"
        " where 1 / variance, a straight line for c in proportion to h, comes down to"
        " zero."
    )
    elsewhere: ClassVar[str] = "it is a law of noise that ignores the weights"
    wrong_theory: ClassVar[str] = r"plain SGD at the learning rate $\eta/(1-\beta)$"

    def canonical(self, seed: int, quick: bool) -> Problem:
        """Ninety noisy values of one quantity, whose mean SGD learns."""
        return problems.repeated(SAMPLES, 8, seed=seed, quick=quick)

    def status(self, problem: Problem) -> Status:
        """For noise that ignores the weights."""
        return "exact"

    def test(self, problem: Problem, label: str) -> ZTest:
        """Standard errors over chains."""
        return ZTest()

    def predict(self, problem: Problem) -> Quantities:
        """From curvature, noise and momentum."""
        found: dict[str, Observed] = {}
        for momentum in MOMENTA:
            found[_variance_label(momentum)] = _law(
                problem, _curvatures(momentum), momentum
            )
            found[_edge_label(momentum)] = _edge(momentum)
        return found

    def wrong(self, problem: Problem) -> Quantities:
        """A larger learning rate and nothing else; infinite where that is unstable."""
        found: dict[str, Observed] = {}
        for momentum in MOMENTA:
            found[_variance_label(momentum)] = _plain(
                problem, _curvatures(momentum), momentum
            )
            found[_edge_label(momentum)] = 2 * (1 - momentum) / RATE
        return found

    def observe(self, problem: Problem) -> Quantities:
        """Mean squares, and where their inverse comes down to zero."""
        found: dict[str, Observed] = {}
        for momentum in MOMENTA:
            seen = _seen(problem, momentum)
            found[_variance_label(momentum)] = seen
            found[_edge_label(momentum)] = _zero(_curvatures(momentum), seen)
        return found

    def note(self, problem: Problem) -> str:
        """Nothing: all curvatures are below the edge."""
        return ""

    def figure(self, problem: Problem) -> Figure:
        """Variance against curvature, and its inverse."""
        return Figure(
            name=self.name,
            caption=(
                "Left: how much a weight fluctuates, against the curvature of the loss"
                " along it, for three momenta. Dashed: plain SGD whose learning rate is"
                " larger by as much as momentum makes it; that agrees where it is flat,"
                " and diverges where a heavy ball is still calm. Right: one over the"
                " variance falls on a straight line, which comes down to zero at the"
                " largest stable curvature; momentum puts that further out."
            ),
            panels=(_variances(problem), _inverses(problem)),
        )


def _variance_label(momentum: float) -> str:
    return f"variances with momentum {momentum:g}, per curvature"


def _edge_label(momentum: float) -> str:
    return f"largest stable curvature with momentum {momentum:g}"


def _edge(momentum: float) -> float:
    return 2 * (1 + momentum) / RATE


def _curvatures(momentum: float) -> np.ndarray:
    return np.array(SHARES) * _edge(momentum)


def _law(problem: Problem, h: np.ndarray, momentum: float) -> np.ndarray:
    noise = h * additive.noise(problem)
    return theory.mode_variance(h, noise, RATE, additive.noise_factor(), momentum)


def _plain(problem: Problem, h: np.ndarray, momentum: float) -> np.ndarray:
    """Without momentum at the larger rate; infinite beyond its edge."""
    rate = RATE / (1 - momentum)
    inside = h * rate < 2
    noise = h[inside] * additive.noise(problem)
    variance = np.full(len(h), np.inf)
    variance[inside] = theory.mode_variance(
        h[inside], noise, rate, additive.noise_factor()
    )
    return variance


def _seen(problem: Problem, momentum: float) -> Estimate:
    asked = [Process(float(h), momentum, False) for h in _curvatures(momentum)]
    return additive.variances(problem, asked)


def _zero(h: np.ndarray, variances: Estimate) -> Estimate:
    """Where the line through the last two inverse variances meets zero."""
    inverse = 1 / variances.value[-2:]
    error = inverse * variances.stderr[-2:] / variances.value[-2:]
    (first, last), slope = h[-2:], (inverse[0] - inverse[1]) / (h[-1] - h[-2])
    # The zero is (first y_last - last y_first) / (y_last - y_first).
    turned = (last - first) / (inverse[0] - inverse[1]) ** 2
    error = turned * np.hypot(inverse[1] * error[0], inverse[0] * error[1])
    value = last + inverse[1] / slope
    return Estimate(np.array(value), np.array(error), variances.effective_samples)


def _variances(problem: Problem) -> Panel:
    series = []
    for color, momentum in enumerate((0.0, *MOMENTA)):
        line = np.geomspace(SHARES[0], 0.97, 80) * _edge(momentum)
        seen, h = _seen(problem, momentum), _curvatures(momentum)
        label = f"momentum {momentum:g}"
        law = _law(problem, line, momentum)
        series.append(Series(line, law, label, "theory", color))
        series.append(Series(h, seen.value, "SGD", "simulation", color, seen.stderr))
        if momentum:
            stable = line[line < 1.9 * (1 - momentum) / RATE]
            other = _plain(problem, stable, momentum)
            name = "plain SGD, larger rate" if momentum == MOMENTA[0] else ""
            series.append(Series(stable, other, name, "wrong"))
    return Panel(
        title="variance against curvature",
        x_label="curvature",
        y_label="variance of the weight",
        series=tuple(series),
        x_scale="log",
        y_scale="log",
    )


def _inverses(problem: Problem) -> Panel:
    series = []
    for color, momentum in enumerate((0.0, *MOMENTA)):
        edge, h = _edge(momentum), _curvatures(momentum)
        unit = _law(problem, np.array([1e-9]), momentum)[0]  # that of flat directions
        line = np.array([0.0, edge])
        seen = _seen(problem, momentum)
        inverse = unit / seen.value
        error = inverse * seen.stderr / seen.value
        label = f"momentum {momentum:g}"
        series.append(Series(line, np.array([1.0, 0.0]), label, "theory", color))
        series.append(Series(h, inverse, "SGD", "simulation", color, error))
        if momentum:
            end = 2 * (1 - momentum) / RATE
            name = "plain SGD, larger rate" if momentum == MOMENTA[0] else ""
            other = Series(np.array([0.0, end]), np.array([1.0, 0.0]), name, "wrong")
            series.append(other)
    return Panel(
        title="where it ends",
        x_label="curvature",
        y_label="variance of flat directions / variance",
        series=tuple(series),
    )

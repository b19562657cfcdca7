"""Claim: the second of two layers varies most where its valley is narrow."""

from typing import ClassVar

import numpy as np

from linnet.numerics import Estimate
from linnet.phenomena.fluctuations import theory
from linnet.phenomena.fluctuations.claims import (
    flatness_axes as axes,
    networks,
    problems,
)
from linnet.phenomena.fluctuations.claims.source import CanonicalClaim
from linnet.study import Bound, Figure, Panel, Problem, Quantities, Series, ZTest
from linnet.study.verdict import Observed, Status

NOISE = 1e-4  # of the labels: the drift against the fluctuations is like its square
SIDE, SAMPLES = 20, 4000
MEDIAN = "median of slopes"
SECOND = "exponent of the second layer"
SPREAD = "spread of ln variance within an output, first layer"
EQUAL = "spread of ln width within an output, first layer"
WIDE = 0.05  # up to which widths count as equal: sampling leaves sqrt(1 / 2n)
MANY = 20  # outputs, of which the caption tells the law of white noise


class InverseVarianceFlatness(CanonicalClaim):
    """The relation that Feng and Tu found in deep networks, from first principles."""

    name: ClassVar[str] = "inverse_variance_flatness"
    statement: ClassVar[str] = (
        "The second of two layers obeys an inverse variance-flatness relation: SGD"
        " varies most along directions in which the loss is steep, opposite to thermal"
        " equilibrium, with an exponent between 0 and 2 that both layers fix. The first"
        " layer obeys none: within an output its valleys are equally wide, and still"
        " its variances differ."
    )
    formula: ClassVar[str] = (
        r"\mathrm{Var} \propto F^{-\psi},\quad \psi_{\mathrm{local}} ="
        r" \frac{2 s_2^2}{s_1^2 + s_2^2},\quad F = 2\sqrt{2(e - 1)L / c}"
    )
    domain: ClassVar[str] = (
        "Two layers at the least-squares minimum, independent batches, label noise so"
        " small that the layers do not drift."
        " The exponent is that of a straight line through all axes of the second layer"
        " (least squares, and median of slopes), predicted for this very network and"
        " data set. It mixes local slopes, and so depends on the layers, on the range"
        " of F, which the figure states, and on the fit; not on the label noise."
        " Widths of the first layer are equal for white inputs and many samples."
    )
    wrong_theory: ClassVar[str] = (
        "thermal equilibrium, exponent -2; and the first layer is like the second one:"
        " its widths spread as much, and its variances by their power law"
    )

    def canonical(self, seed: int, quick: bool) -> Problem:
        """Many samples, as many hidden units as inputs, five outputs."""
        return network(seed, quick, 5)

    def status(self, problem: Problem) -> Status:
        """Of this data set; small fluctuations."""
        return "exact"

    def test(self, problem: Problem, label: str) -> ZTest | Bound:
        """Standard errors over replicas; widths have none."""
        return Bound(WIDE) if label.startswith(EQUAL) else ZTest()

    def predict(self, problem: Problem) -> Quantities:
        """The same fits and spreads of predicted variances and widths."""
        out: dict[str, Observed] = {}
        for other in _networks(problem):
            fit = theory.fitted_exponent(*axes.predicted(other))
            robust = theory.median_exponent(*axes.predicted(other))
            out |= {label(other): fit.exponent, label(other, MEDIAN): robust}
            variances, _ = axes.predicted(other, 0)
            out |= {first(other, SPREAD): axes.spread(other, variances)}
            out |= {first(other, EQUAL): 0.0}
        return out

    def wrong(self, problem: Problem) -> Quantities:
        """Noise that is the same everywhere; one law for both layers."""
        wrong = theory.EQUILIBRIUM_EXPONENT
        out: dict[str, Observed] = dict.fromkeys(self.predict(problem), wrong)
        for other in _networks(problem):
            law = _law(other) * axes.spread(other, axes.predicted(other, 0)[1])
            out |= {first(other, SPREAD): abs(law)}
            out |= {first(other, EQUAL): axes.spread(other, axes.predicted(other)[1])}
        return out

    def observe(self, problem: Problem) -> Quantities:
        """Variances of SGD, and widths of the measured loss."""
        out: dict[str, Observed] = {}
        for other in _networks(problem):
            median = axes.fitted(other).exponent
            out |= {label(other): axes.slope(other), label(other, MEDIAN): median}
            out |= {first(other, SPREAD): axes.spread_seen(other)}
            out |= {first(other, EQUAL): axes.spread(other, axes.observed(other, 0)[1])}
        return out

    def note(self, problem: Problem) -> str:
        """Where the range of widths is too small to mean much."""
        return " ".join(axes.fitted(p).fit.why for p in _networks(problem)).strip()

    def figure(self, problem: Problem) -> Figure:
        """Variance against flatness, both layers."""
        texts = [_described(other) for other in _networks(problem)]
        texts.append(_many(problem))
        return Figure(
            name=self.name,
            caption=(
                "Variance of SGD along the axes of one layer, against the width of the"
                " valley of the loss along the same axis. Left, second layer: the"
                f" narrower, the larger. {' '.join(texts).strip()} Dashed: what thermal"
                " equilibrium would give. Right, first layer: within each output the"
                " valleys are equally wide, and the variances differ by much more than"
                " the law of the second layer allows (dashed): there is no such"
                " relation."
            ),
            panels=(_second(problem), _first(problem)),
        )


def network(seed: int, quick: bool, outputs: int) -> Problem:
    """One of the networks compared."""
    return problems.gaussian(
        SAMPLES, SIDE, outputs, noise=NOISE, seed=seed, quick=quick
    )


def label(problem: Problem, fit: str = "least squares") -> str:
    """Of the exponent of one network."""
    return f"{SECOND}, {_outputs(problem)}, {fit}"


def first(problem: Problem, what: str) -> str:
    """Of a spread in the first layer of one network."""
    return f"{what}, {_outputs(problem)}"


def _outputs(problem: Problem) -> str:
    k = len(problem.moments.yx)
    return f"{k} output{'s' if k > 1 else ''}"


def _networks(problem: Problem) -> list[Problem]:
    """Five outputs, and one unless time presses."""
    if problem.quick:
        return [problem]
    return [network(problem.seed, problem.quick, 1), problem]


def _law(problem: Problem) -> float:
    """Predicted exponent of the second layer."""
    return theory.fitted_exponent(*axes.predicted(problem)).exponent


def _described(problem: Problem) -> str:
    variances, widths = axes.observed(problem)
    fit = theory.fitted_exponent(variances.mean(axis=0), widths)
    return (
        f"{_outputs(problem)}: exponent {fit.exponent:.2f} over {fit.decades:.1f}"
        f" decades of width ({fit.r_squared:.0%} of the spread)."
    )


def _many(problem: Problem) -> str:
    """The law of white noise for as many outputs as inputs."""
    if problem.quick:
        return ""
    other = network(problem.seed, problem.quick, MANY)
    start, rows = networks.layers(other), axes.of_layer(other, 1)
    steep = theory.axis_curvature(start, other.moments.xx, 1, rows)
    shares = theory.layer_shares(start)[1].ravel()
    fit = theory.fitted_exponent(shares, theory.quadratic_width(steep, 1.0))
    return (
        f"{_outputs(other)} (theory only): {fit.exponent:.2f} over"
        f" {fit.decades:.1f} decades ({fit.r_squared:.0%})."
    )


def _second(problem: Problem) -> Panel:
    series: list[Series] = []
    for color, other in enumerate(_networks(problem)):
        series += _pair(other, 1, color)
    wrong = theory.EQUILIBRIUM_EXPONENT
    series.append(_power(problem, 1, wrong, "thermal equilibrium"))
    return _panel("second layer", series)


def _first(problem: Problem) -> Panel:
    series: list[Series] = []
    for color, other in enumerate(_networks(problem)):
        series += _pair(other, 0, color)
    series.append(_power(problem, 0, _law(problem), "law of the second layer"))
    return _panel("first layer", series)


def _power(problem: Problem, layer: int, exponent: float, text: str) -> Series:
    """A power law through the middle of all axes."""
    variances, widths = axes.predicted(problem, layer)
    line = np.array([widths.min(), widths.max()])
    middle = np.exp(np.log(widths).mean())
    height = np.exp(np.log(variances).mean()) * (line / middle) ** -exponent
    return Series(line, height, text, "wrong")


def _pair(problem: Problem, layer: int, color: int) -> list[Series]:
    """Dots of all axes, and a predicted line through each output."""
    variances, widths = axes.predicted(problem, layer)
    samples, wide = axes.observed(problem, layer)
    seen = Estimate.from_samples(samples)
    k = len(problem.moments.yx)
    dots = Series(wide, seen.value, _outputs(problem), "simulation", color, seen.stderr)
    lines = []
    for i, (x, y) in enumerate(
        zip(widths.reshape(k, -1), variances.reshape(k, -1), strict=True)
    ):
        order = np.argsort(x if layer else y)
        text = "predicted, one line an output" if not i and not color else ""
        lines.append(Series(x[order], y[order], text, "theory", color))
    return [*lines, dots]


def _panel(title: str, series: list[Series]) -> Panel:
    return Panel(
        title=title,
        x_label="width of the valley of the loss",
        y_label="variance of the weights",
        series=tuple(series),
        x_scale="log",
        y_scale="log",
    )

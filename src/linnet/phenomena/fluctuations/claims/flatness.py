"""Claim: the second of two layers varies most where its valley is narrow."""

from functools import lru_cache
from typing import ClassVar

import numpy as np

from linnet.numerics import Estimate
from linnet.phenomena.fluctuations import measure, theory
from linnet.phenomena.fluctuations.claims import networks, problems, runs
from linnet.phenomena.fluctuations.claims.source import CanonicalClaim
from linnet.study import Figure, Panel, Problem, Quantities, Series, ZTest
from linnet.study.verdict import Observed, Status

RATE, BATCH = 0.02, 10
NOISE = 1e-4  # of the labels: the drift against the fluctuations is like its square
SIDE, SAMPLES = 20, 4000
REPLICAS, EVERY = 64, 60
MEDIAN = "median of slopes"
MANY = 20  # outputs, of which the caption tells the law of white noise


class InverseVarianceFlatness(CanonicalClaim):
    """The relation that Feng and Tu found in deep networks, from first principles."""

    name: ClassVar[str] = "inverse_variance_flatness"
    statement: ClassVar[str] = (
        "The second of two layers obeys an inverse variance-flatness relation: SGD"
        " varies most along directions in which the loss is steep, opposite to thermal"
        " equilibrium, with an exponent between 0 and 2 that both layers fix."
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
    )
    wrong_theory: ClassVar[str] = "thermal equilibrium, exponent -2"

    def canonical(self, seed: int, quick: bool) -> Problem:
        """Many samples, as many hidden units as inputs, five outputs."""
        return network(seed, quick, 5)

    def status(self, problem: Problem) -> Status:
        """Of this data set; small fluctuations."""
        return "exact"

    def test(self, problem: Problem, label: str) -> ZTest:
        """Standard errors over replicas."""
        return ZTest()

    def predict(self, problem: Problem) -> Quantities:
        """The same fit to predicted variances and widths."""
        out: dict[str, Observed] = {}
        for other in _networks(problem):
            fit = theory.fitted_exponent(*predicted(other))
            robust = theory.median_exponent(*predicted(other))
            out |= {label(other): fit.exponent, label(other, MEDIAN): robust}
        return out

    def wrong(self, problem: Problem) -> Quantities:
        """Variance as if noise were the same everywhere."""
        wrong = theory.EQUILIBRIUM_EXPONENT
        return dict.fromkeys(self.predict(problem), wrong)

    def observe(self, problem: Problem) -> Quantities:
        """Variances of SGD, and widths of the measured loss."""
        out: dict[str, Observed] = {}
        for other in _networks(problem):
            median = fitted(other).exponent
            out |= {label(other): _slope(other), label(other, MEDIAN): median}
        return out

    def note(self, problem: Problem) -> str:
        """Where the range of widths is too small to mean much."""
        return " ".join(fitted(p).fit.why for p in _networks(problem)).strip()

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
                " equilibrium would give. Right, first layer: its widths take as many"
                " values as there are outputs, so that there is no such relation."
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
    return f"exponent of the second layer, {_outputs(problem)}, {fit}"


def _outputs(problem: Problem) -> str:
    k = len(problem.moments.yx)
    return f"{k} output{'s' if k > 1 else ''}"


def _networks(problem: Problem) -> list[Problem]:
    """Five outputs, and one unless time presses."""
    if problem.quick:
        return [problem]
    return [network(problem.seed, problem.quick, 1), problem]


def _axes(problem: Problem, layer: int) -> np.ndarray:
    """Axes of one layer that move, as rows."""
    start = networks.layers(problem)
    left, right = theory.layer_axes(start)[layer]
    k, h = start[1].shape
    if layer == 0:
        left = left[:, : min(k, h)]
    return np.kron(left, right).T


def predicted(problem: Problem, layer: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Variances and widths along the axes of a layer."""
    found = networks.fluctuations(problem, RATE, BATCH)
    axes = _axes(problem, layer)
    variances = ((axes @ found.layer(layer)) * axes).sum(axis=1)
    curvature = theory.axis_curvature(
        networks.layers(problem), problem.moments.xx, layer, axes
    )
    least = runs.minimum(problem).least_loss
    return variances, theory.quadratic_width(curvature, least)


@lru_cache(maxsize=8)
def observed(problem: Problem, layer: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """The same by SGD and the full loss: (replicas, axes), and (axes,)."""
    start, axes = networks.layers(problem), _axes(problem, layer)
    seen = networks.split(_deviations(problem), start)[layer]
    flat = seen.reshape(*seen.shape[:2], -1)
    variances = ((flat @ axes.T) ** 2).mean(axis=1)
    xx, yx, yy = problem.moments.xx, problem.moments.yx, problem.moments.yy

    def loss(rows: np.ndarray) -> np.ndarray:
        moved = rows.reshape(-1, *start[layer].shape)
        product = start[1] @ moved if layer == 0 else moved @ start[0]
        bent = ((product @ xx - 2 * yx) * product).sum(axis=(1, 2))
        return (bent + np.trace(yy)) / 2

    center = start[layer].ravel()
    return variances, measure.widths(loss, center, axes, is_batched=True).width


@lru_cache(maxsize=4)
def fitted(problem: Problem) -> measure.FlatnessExponent:
    """Exponent of the second layer with its error bar."""
    rng = np.random.default_rng(problem.seed)
    return measure.flatness_exponent(*observed(problem), rng)


@lru_cache(maxsize=4)
def _deviations(problem: Problem) -> np.ndarray:
    saves = 20 if problem.quick else 60
    return networks.about_means(problem, RATE, BATCH, REPLICAS, saves, EVERY)


def _slope(problem: Problem) -> Estimate:
    """Exponent by least squares: linear in relative changes of the variances."""
    samples, widths = observed(problem)
    mean, x = samples.mean(axis=0), np.log(widths)
    pull = -(x - x.mean()) / ((x - x.mean()) ** 2).sum()
    around = Estimate.from_samples((samples / mean - 1) @ pull)
    return Estimate(pull @ np.log(mean), around.stderr, around.effective_samples)


def _described(problem: Problem) -> str:
    variances, widths = observed(problem)
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
    start, axes = networks.layers(other), _axes(other, 1)
    steep = theory.axis_curvature(start, other.moments.xx, 1, axes)
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
    variances, widths = predicted(problem)
    line = np.array([widths.min(), widths.max()])
    middle = np.exp(np.log(widths).mean())
    height = np.exp(np.log(variances).mean()) * (line / middle) ** 2
    series.append(Series(line, height, "thermal equilibrium", "wrong"))
    return _panel("second layer", series)


def _first(problem: Problem) -> Panel:
    series: list[Series] = []
    for color, other in enumerate(_networks(problem)):
        series += _pair(other, 0, color)
    return _panel("first layer", series)


def _pair(problem: Problem, layer: int, color: int) -> list[Series]:
    """Dots of all axes; for the second layer a predicted line through each output."""
    variances, widths = predicted(problem, layer)
    samples, wide = observed(problem, layer)
    seen = Estimate.from_samples(samples)
    k = len(problem.moments.yx)
    dots = Series(wide, seen.value, _outputs(problem), "simulation", color, seen.stderr)
    lines = []
    for i, (x, y) in enumerate(
        zip(widths.reshape(k, -1), variances.reshape(k, -1), strict=True)
    ):
        order = np.argsort(x)
        text = "predicted, one line an output" if not i and not color else ""
        lines.append(Series(x[order], y[order], text, "theory", color))
    return [*lines, dots] if layer else [dots]


def _panel(title: str, series: list[Series]) -> Panel:
    return Panel(
        title=title,
        x_label="width of the valley of the loss",
        y_label="variance of the weights",
        series=tuple(series),
        x_scale="log",
        y_scale="log",
    )

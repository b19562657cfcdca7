"""Claim: a Gaussian first layer ends off the least-norm solution, an isotropic not.

Asked on its canonical problem only: its start is no choice of a data set.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import ClassVar

import numpy as np

from linnet.network import (
    AbstractInitialization,
    Gaussian,
    GaussianFirstLayer,
    IsotropicFirstLayer,
)
from linnet.numerics import Estimate
from linnet.phenomena.spectral_bias import theory
from linnet.phenomena.spectral_bias.claims import problems, runs
from linnet.phenomena.spectral_bias.claims.source import CanonicalClaim
from linnet.study import Bound, Figure, Panel, Problem, Quantities, Series, ZTest
from linnet.study.verdict import Observed, Status
from linnet.study.words import number

WIDTHS = (64, 256, 1024)
SMALL = (1e-5, 1e-3)  # scales at which the power laws have no visible correction
DRAWS = 64  # so many that the error bar of their mean is one of a normal variable
ACROSS_WIDTH, ACROSS_SCALE = "slope against width", "slope against scale"
ISOTROPIC = "deviation of an isotropic start"
BOTH = "deviation, both layers drawn"
EDGE = 1.0  # scale of the isotropic start: neither rich nor lazy
LABEL = "deviation, "

Shape = Callable[[float], AbstractInitialization]


class GaussianShape(CanonicalClaim):
    """The shape of the start decides where the product ends, at any scale."""

    name: ClassVar[str] = "gaussian_shape"
    statement: ClassVar[str] = (
        "From a Gaussian first layer the product ends off the least-norm solution, by"
        " an amount that falls as one over the root of the width and, at small scale,"
        " as the root of the scale; an isotropic one ends exactly there."
    )
    formula: ClassVar[str] = (
        r"\mathbb E\lVert W_\infty - X^+Y\rVert_F^2 = \frac{\gamma(d-r)}{h}"
        r"\,\mathbb E\lVert W_2(\infty)\rVert_F^2 \to"
        r" \frac{\gamma(d-r)}{2h}\sum_i\left(\sqrt{\gamma^2+4\sigma_i^2}-\gamma\right)"
    )
    domain: ClassVar[str] = (
        r"Two layers, entries of the first $N(0, \gamma/h)$, second zero at the start"
        " (or drawn alike); r is the rank of the data; root mean square over draws, in"
        " units of the least-norm solution; width well above r, or small scale. The"
        r" error bar of the prediction is the correction of up to (r+1)/(h-r-1) to the"
        " square."
    )
    wrong_theory: ClassVar[str] = (
        "the deviation falls as one over the width and as the scale itself"
    )

    def canonical(self, seed: int, quick: bool) -> Problem:
        """Four samples of sixteen inputs."""
        return problems.few_samples(seed, quick)

    def status(self, problem: Problem) -> Status:
        """For wide layers, or small scales."""
        return "asymptotic"

    def test(self, problem: Problem, label: str) -> Bound | ZTest:
        """Error bars over draws; an isotropic start is off by what a run leaves."""
        return Bound(1e-5) if label == ISOTROPIC else ZTest()

    def predict(self, problem: Problem) -> Quantities:
        """From the least-norm solution and the number of unseen directions."""
        said: dict[str, Observed] = {
            _label(gamma): _deviation(problem, gamma) for gamma in _scales(problem)
        }
        said[BOTH] = _law(problem, SMALL[-1], both=True)
        said[ACROSS_WIDTH], said[ACROSS_SCALE] = np.full(len(SMALL), -0.5), 0.5
        return {**said, ISOTROPIC: 0.0}

    def wrong(self, problem: Problem) -> Quantities:
        """Right at the narrowest network, and falling as one over the width."""
        fall = np.sqrt(WIDTHS[0] / np.array(WIDTHS))
        said: dict[str, Observed] = {
            _label(gamma): fall * _law(problem, gamma) for gamma in _scales(problem)
        }
        said[BOTH] = fall * _law(problem, SMALL[-1], both=True)
        said[ACROSS_WIDTH], said[ACROSS_SCALE] = np.full(len(SMALL), -1.0), 1.0
        leaves = theory.gaussian_deviation(problem.moments, EDGE, WIDTHS[0])
        return {**said, ISOTROPIC: leaves}

    def observe(self, problem: Problem) -> Quantities:
        """Root mean squares over the draws, and slopes of their logarithms."""
        seen: dict[str, Observed] = {
            _label(gamma): _root_mean_square(problem, gamma)
            for gamma in _scales(problem)
        }
        seen[BOTH] = _root_mean_square(problem, SMALL[-1], Gaussian)
        small = [_root_mean_square(problem, gamma) for gamma in SMALL]
        seen[ACROSS_WIDTH] = _slopes(np.array(WIDTHS), small)
        seen[ACROSS_SCALE] = _slope_of_scale(small)
        return {**seen, ISOTROPIC: _isotropic(problem)}

    def note(self, problem: Problem) -> str:
        """Nothing: ends are checked by the isotropic start."""
        return ""

    def figure(self, problem: Problem) -> Figure:
        """Deviation against width, one color a scale; against scale, one a width."""
        return Figure(
            name=self.name,
            caption=(
                "How far the product of trained networks ends from the least-norm"
                " solution, root mean square over draws of a Gaussian first layer. It"
                " falls as one over the root of the width, at every scale (left), and"
                " grows as the root of the scale, until the start is as large as the"
                " solution (right)."
            ),
            panels=(_against_width(problem), _against_scale(problem)),
        )


def _against_width(problem: Problem) -> Panel:
    widths, line = np.array(WIDTHS, dtype=float), np.array([WIDTHS[0], WIDTHS[-1]])
    series = []
    for color, gamma in enumerate(_scales(problem)):
        label = rf"$\gamma$ = {number(gamma, 3)}"
        law, seen = _law(problem, gamma), _root_mean_square(problem, gamma)
        series.append(Series(widths, law, label, "theory", color))
        series.append(
            Series(widths, seen.value, label, "simulation", color, seen.stderr)
        )
    fall = _law(problem, _scales(problem)[-1])[0] * line[0] / line
    series.append(Series(line * 1.0, fall, "one over the width", "wrong"))
    return Panel(
        title="wider networks end nearer",
        x_label="hidden width",
        y_label="distance from the solution / its norm",
        series=tuple(series),
        x_scale="log",
        y_scale="log",
    )


def _against_scale(problem: Problem) -> Panel:
    dots = np.array(_scales(problem))
    line, moments = np.geomspace(dots[0], dots[-1], 100), problem.moments
    found = [_root_mean_square(problem, gamma) for gamma in dots]
    series = []
    for color, at in enumerate((0, len(WIDTHS) - 1)):
        label = f"width {WIDTHS[at]}"
        law = [theory.gaussian_deviation(moments, g, WIDTHS[at]) for g in line]
        value, error = (
            np.array([getattr(seen, part)[at] for seen in found])
            for part in ("value", "stderr")
        )
        series.append(Series(line, np.array(law), label, "theory", color))
        series.append(Series(dots, value, label, "simulation", color, error))
    rise = theory.gaussian_deviation(moments, dots[0], WIDTHS[0]) * line / line[0]
    low = rise < 3 * np.max(series[0].y)
    series.append(Series(line[low], rise[low], "the scale itself", "wrong"))
    return Panel(
        title="smaller starts end nearer",
        x_label=r"initial scale $\gamma$",
        y_label="distance from the solution / its norm",
        series=tuple(series),
        x_scale="log",
        y_scale="log",
    )


def _label(gamma: float) -> str:
    return rf"{LABEL}$\gamma$ = {number(gamma, 3)}"


def _scales(problem: Problem) -> tuple[float, ...]:
    """From deep in the rich to the lazy regime."""
    return (*SMALL, 10.0) if problem.quick else (*SMALL, 0.1, 10.0)


def _law(problem: Problem, gamma: float, both: bool = False) -> np.ndarray:
    return np.array(
        [theory.gaussian_deviation(problem.moments, gamma, h, both) for h in WIDTHS]
    )


def _deviation(problem: Problem, gamma: float) -> Estimate:
    r"""The law of wide layers, and how far a finite width may be off.

    The square of the lazy limit is off by $(r+1)/(h-r-1)$, that of the rich limit is
    not; between them by no more than its share of the lazy one. Middle of that bracket,
    and the spread if all of it is likely.
    """
    law, widths = _law(problem, gamma), np.array(WIDTHS)
    d, seen = problem.moments.row_space().shape
    share = law**2 * widths / (d - seen)
    off = share * (seen + 1) / (widths - seen - 1) / 2  # of a root: half of its square
    return Estimate(law * (1 + off / 2), law * off / np.sqrt(12), 2)


def _root_mean_square(
    problem: Problem, gamma: float, shape: Shape = GaussianFirstLayer
) -> Estimate:
    """Of the relative deviation, for every width."""
    squares = [_squares(problem, shape, gamma, width) for width in WIDTHS]
    mean = Estimate.from_samples(np.stack(squares, axis=-1))
    root = np.sqrt(mean.value)
    return Estimate(root, mean.stderr / (2 * root), DRAWS)


def _slopes(x: np.ndarray, seen: list[Estimate]) -> Estimate:
    """Slopes of logarithms by weighted least squares, with their error bars."""
    fits = [_slope(np.log(x), one) for one in seen]
    slopes, errors = np.array(fits).T
    return Estimate(slopes, errors, DRAWS)


def _slope(x: np.ndarray, seen: Estimate) -> tuple[float, float]:
    """Slope of the logarithm against `x`, and its error."""
    weights = (seen.value / seen.stderr) ** 2
    from_middle = x - np.average(x, weights=weights)
    spread = (weights * from_middle**2).sum()
    return (weights * from_middle * np.log(seen.value)).sum() / spread, spread**-0.5


def _slope_of_scale(small: list[Estimate]) -> Estimate:
    """Slope between both small scales, mean over the widths, all drawn apart."""
    span = np.log(SMALL[1] / SMALL[0])
    slopes = (np.log(small[1].value) - np.log(small[0].value)) / span
    squares = sum((one.stderr / one.value) ** 2 for one in small)
    error = np.sqrt(squares.sum()) / span / len(slopes)
    return Estimate(slopes.mean(), np.array(error), DRAWS)


@lru_cache(maxsize=64)
def _squares(problem: Problem, shape: Shape, gamma: float, width: int) -> np.ndarray:
    """Squared relative deviation of every draw; each case has draws of its own."""
    case = [problem.seed, width, round(1e6 * gamma), shape is Gaussian]
    rng = np.random.default_rng(case)
    limit = runs.limit(problem)
    ends = _ends(problem, shape(gamma), width, DRAWS, rng)
    return ((ends - limit) ** 2).sum((1, 2)) / (limit**2).sum()


def _isotropic(problem: Problem) -> float:
    """Relative deviation of an isotropic start."""
    rng, limit = np.random.default_rng(problem.seed), runs.limit(problem)
    end = _ends(problem, IsotropicFirstLayer(EDGE), WIDTHS[0], 1, rng)[0]
    return float(np.linalg.norm(end - limit) / np.linalg.norm(limit))


def _ends(
    problem: Problem,
    shape: AbstractInitialization,
    width: int,
    draws: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Products at the end of training, draws side by side."""
    from linnet.dynamics import GradientFlow, log_times, simulate

    k, d = problem.moments.yx.shape
    drawn = [shape.weights((d, width, k), rng) for _ in range(draws)]
    run = simulate(
        GradientFlow(problem.moments),
        tuple(np.stack(layers) for layers in zip(*drawn, strict=True)),
        times=log_times(5.0, 1e4, 24).tolist(),
        tolerance=1e-9,
        stop_gap=1e-12,
        method="dopri8",
    )
    return run["end_to_end"][-1]

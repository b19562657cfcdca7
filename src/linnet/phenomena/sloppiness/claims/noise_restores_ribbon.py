"""Claim: the noise of fresh samples falls off as the inputs do, and makes a ribbon."""

from collections.abc import Sequence
from functools import lru_cache
from typing import ClassVar

import numpy as np

from linnet.numerics import Estimate, participation_ratio
from linnet.phenomena.sloppiness import theory
from linnet.phenomena.sloppiness.claims import online_runs as runs
from linnet.phenomena.sloppiness.claims.online_runs import (
    FAST,
    KINDS,
    LOUD,
    PLAIN,
    RATE,
    SLOPE,
    SLOW_RATE,
    STRONG,
    WEAK,
    Kind,
)
from linnet.phenomena.sloppiness.claims.problems import posed
from linnet.phenomena.sloppiness.claims.source import CanonicalClaim
from linnet.shapes import Float
from linnet.study import Figure, Panel, Problem, Quantities, Series, ZTest
from linnet.study.verdict import Status

SIZES = np.unique(np.geomspace(1, 100, 30).round().astype(int))  # of the line drawn

FILLED = "dimensions, weak target: plain descent, then three kinds of noise"
FILLED_STRONG = "dimensions, strong target: plain descent, then the loudest noise"
WIDTHS = "mean square along each direction, weak target, loudest noise"
REST = "mean square along each direction, noise alone in the end"
FALL = "slope of what noise leaves in the end"
EDGE = "largest stable learning rate, by batch size"


class NoiseRestoresRibbon(CanonicalClaim):
    """Fresh Gaussian samples at every step."""

    name: ClassVar[str] = "noise_restores_ribbon"
    statement: ClassVar[str] = (
        "The noise of stochastic gradients spreads trajectories as the inputs are"
        " spread, so that it restores the ribbon where random starts have filled many"
        " dimensions; and it feeds on itself, so that training explodes at learning"
        " rates at which plain descent is stable."
    )
    formula: ClassVar[str] = (
        r"q_i' = \rho_i^2q_i + \tfrac{\eta^2}m\Big[\lambda_i^2Q_i"
        r" + \lambda_i\big(\textstyle\sum_j\lambda_jQ_j + \sigma^2\big)\Big],\quad"
        r" v_i = v_i^{\text{descent}} + n\lambda_i\langle q_i\rangle,\quad"
        r" q_i(\infty) = \frac{\eta\sigma^2}{m(1-f)[2-\eta(1+\frac1m)\lambda_i]},\quad"
        r" f = \sum_i\frac{\eta\lambda_i/m}{2-\eta(1+\frac1m)\lambda_i} < 1"
    )
    domain: ClassVar[str] = (
        "Linear networks of one layer, Gaussian inputs, fresh ones at every step, start"
        " and target drawn anew for each trajectory. Exact at any stable learning rate,"
        " but for the slope in the end, which is that of the inputs for small steps and"
        " carries the size of its first correction as an error. The largest stable rate"
        " is observed in single steps: where gain and loss of the mean square of the"
        " weights balance."
    )
    wrong_theory: ClassVar[str] = (
        "noise of the same total is as strong in all directions of predictions, and"
        " leaves the largest stable learning rate as it is"
    )

    def canonical(self, seed: int, quick: bool) -> Problem:
        """One spectrum; kinds of noise are the claim's own."""
        data = runs.data_of(seed, quick)
        title = f"{data.n} directions, variances falling by {SLOPE:g} a direction"
        return posed(data, title, seed=seed, quick=quick)

    def status(self, problem: Problem) -> Status:
        """The slope in the end is one of small steps."""
        return "asymptotic"

    def test(self, problem: Problem, label: str) -> ZTest:
        """Errors over trajectories."""
        return ZTest()

    def predict(self, problem: Problem) -> Quantities:
        """From the recursion of mean squares, its rest, and where it has none."""
        quick, last = problem.quick, runs.last_step(problem.quick)
        return {
            FILLED: _dimensions([_law(k, WEAK, quick, last) for k in KINDS]),
            FILLED_STRONG: _dimensions(
                [_law(k, STRONG, quick, last) for k in (PLAIN, LOUD)]
            ),
            WIDTHS: _law(LOUD, WEAK, quick, last),
            REST: _rest(quick)[:FAST],
            FALL: _slope_in_the_end(),
            EDGE: _edges(quick, runs.EDGE_SIZES),
        }

    def wrong(self, problem: Problem) -> Quantities:
        """The same total, spread evenly; the edge of plain descent."""
        quick, last = problem.quick, runs.last_step(problem.quick)
        return {
            FILLED: _dimensions([_even(k, WEAK, quick, last) for k in KINDS]),
            FILLED_STRONG: _dimensions(
                [_even(k, STRONG, quick, last) for k in (PLAIN, LOUD)]
            ),
            WIDTHS: _even(LOUD, WEAK, quick, last),
            REST: np.full(FAST, _rest(quick).mean()),
            FALL: 0.0,
            EDGE: np.full(len(runs.EDGE_SIZES), 2.0),
        }

    def observe(self, problem: Problem) -> Quantities:
        """Moments along the inputs' directions, and balances of single steps."""
        return {
            FILLED: _ends([runs.dimensions(problem, kind, WEAK) for kind in KINDS]),
            FILLED_STRONG: _ends(
                [runs.dimensions(problem, kind, STRONG) for kind in (PLAIN, LOUD)]
            ),
            WIDTHS: runs.widths(problem, LOUD, WEAK),
            REST: runs.at_rest(problem),
            FALL: runs.slope_at_rest(problem),
            EDGE: runs.edges(problem),
        }

    def note(self, problem: Problem) -> str:
        """Every run is as long as it was asked to be."""
        return ""

    def figure(self, problem: Problem) -> Figure:
        """Dimensions against steps, widths, and the edge of stability."""
        quick, last = problem.quick, runs.last_step(problem.quick)
        plain, loud = (
            float(participation_ratio(_law(kind, WEAK, quick, last)))
            for kind in (PLAIN, LOUD)
        )
        return Figure(
            name=self.name,
            caption=(
                f"SGD on fresh samples, with a target {WEAK:g} times the start."
                " Left: how many dimensions trajectories fill when the first T steps"
                f" are looked at. After {last:,} steps plain descent fills {plain:.1f};"
                f" the loudest noise brings this back to {loud:.1f}, since (middle)"
                " it adds to each direction as the inputs do and buries the even"
                " plateau of plain descent. Noise that were even (dashed) would"
                " fill all dimensions. Right: the price; the smaller the batches,"
                " the earlier training explodes (dashed: plain descent). Lines:"
                " predicted; dots: simulated."
            ),
            panels=(_against_steps(problem), _widths(problem), _stability(problem)),
        )


def _variances(quick: bool) -> Float[np.ndarray, " r"]:
    return runs.data_of(0, quick).variances


@lru_cache(maxsize=256)
def _law(kind: Kind, ratio: float, quick: bool, length: int) -> Float[np.ndarray, " r"]:
    """Spectrum of the first steps."""
    variances, steps = _variances(quick), theory.uniform_checkpoints(length)
    if kind.batch_size is None:
        descent = theory.GradientDescent(RATE)
        return theory.random_target_spectrum(variances, 1, 1.0, ratio, descent, steps)
    return theory.online_spectrum(
        variances, 1, 1.0, ratio, RATE, kind.batch_size, steps, noise=kind.noise
    )


def _even(
    kind: Kind, ratio: float, quick: bool, length: int
) -> Float[np.ndarray, " r"]:
    """The same total, but what noise adds is shared evenly."""
    plain = _law(PLAIN, ratio, quick, length)
    return plain + (_law(kind, ratio, quick, length) - plain).mean()


def _dimensions(spectra: list[np.ndarray]) -> Float[np.ndarray, " spectra"]:
    return np.asarray(participation_ratio(np.array(spectra)))


def _rest(quick: bool) -> Float[np.ndarray, " r"]:
    return theory.stationary_ribbon(_variances(quick), 1, SLOW_RATE, 1, LOUD.noise)


def _slope_in_the_end() -> Estimate:
    r"""That of the inputs; beside them is $1/(1-x)$, $x=\eta(1+1/m)\lambda_i/2$.

    A factor between 1 and $1+\delta$ turns a line fitted to $r$ logarithms by
    $1.5\,\delta/(r-1)$ at most.
    """
    share = SLOW_RATE  # x of the first direction, one sample a step
    error = 1.5 * share / (1 - share) / (FAST - 1)
    return Estimate(np.array(SLOPE), np.array(error), FAST)


def _edges(quick: bool, sizes: Sequence[int]) -> Float[np.ndarray, " sizes"]:
    variances = _variances(quick)
    return np.array([theory.online_largest_rate(variances, m) for m in sizes])


def _ends(curves: list[Estimate]) -> Estimate:
    value, error = (
        np.array([getattr(curve, name)[-1] for curve in curves])
        for name in ("value", "stderr")
    )
    return Estimate(value, error, curves[0].effective_samples)


def _against_steps(problem: Problem) -> Panel:
    quick, lengths = problem.quick, runs.lengths(problem.quick)
    shown, series = np.arange(len(lengths))[::-3][::-1], []
    for color, kind in enumerate(KINDS):
        spectra = [_law(kind, WEAK, quick, int(n)) for n in lengths]
        seen = runs.dimensions(problem, kind, WEAK)
        value, error = seen.value[shown], seen.stderr[shown]
        series += [
            Series(lengths, _dimensions(spectra), kind.name, "theory", color),
            Series(lengths[shown], value, "", "simulation", color, error),
        ]
    wrong = [_even(LOUD, WEAK, quick, int(n)) for n in lengths]
    series.append(Series(lengths, _dimensions(wrong), "even noise", "wrong"))
    return Panel(
        title="dimensions",
        x_label="T, steps that are looked at",
        y_label="dimensions (participation ratio)",
        series=tuple(series),
        x_scale="log",
    )


def _widths(problem: Problem) -> Panel:
    quick, last = problem.quick, runs.last_step(problem.quick)
    index, series = np.arange(1, len(_variances(quick)) + 1), []
    for color, kind in ((0, PLAIN), (3, LOUD)):
        law, seen = _law(kind, WEAK, quick, last), runs.widths(problem, kind, WEAK)
        series += [
            Series(index, law, kind.name, "theory", color),
            Series(index, seen.value, "", "simulation", color, seen.stderr),
        ]
    even = _even(LOUD, WEAK, quick, last)
    series.append(Series(index, even, "even noise", "wrong"))
    return Panel(
        title=f"widths after {last:,} steps",
        x_label="principal direction of the inputs",
        y_label="mean square prediction along it",
        series=tuple(series),
        y_scale="log",
    )


def _stability(problem: Problem) -> Panel:
    sizes, seen = np.array(runs.EDGE_SIZES), runs.edges(problem)
    return Panel(
        title="where it explodes",
        x_label="samples in a batch",
        y_label="learning rate x largest variance",
        series=(
            Series(SIZES, _edges(problem.quick, SIZES.tolist()), "largest stable rate"),
            Series(sizes, seen.value, "", "simulation", 0, seen.stderr),
            Series(SIZES[[0, -1]], np.full(2, 2.0), "plain descent", "wrong"),
        ),
        x_scale="log",
    )

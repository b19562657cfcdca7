"""Claim: how many dimensions one training curve has, whatever its inputs."""

from functools import lru_cache
from typing import ClassVar

import numpy as np

from linnet.numerics import explained_variance, participation_ratio
from linnet.phenomena.sloppiness import theory
from linnet.phenomena.sloppiness.claims.problems import (
    SpectralData,
    posed,
    sloppy_variances,
    spectral_data,
)
from linnet.phenomena.sloppiness.claims.source import CanonicalClaim
from linnet.shapes import Float, Int
from linnet.study import Bound, Figure, Panel, Problem, Quantities, Series
from linnet.study.verdict import Status

SLOPES = (0.25, 0.5, 1.0, 2.0)  # of the inputs
GENTLE = 0.1  # one more where there is time
RANGE, RANGES, LONG = 8.0, (6.0, 8.0), 10.0  # log-ranges of what is learned
WIDE = 20.0  # drawn, but 10^10 steps long
RATE, FOLDS = 0.1, 50.0  # step of the first direction; e-folds at the range's end
SAVES, DIMENSIONS, SHOWN = 160, 3, 6

DIMENSION = "dimensions of one curve, by the log-range of what is learned"
EXPLAINED = "explained by three dimensions, by the log-range of what is learned"
EXACT = "shares of the leading dimensions, each slope"


class OneCurve(CanonicalClaim):
    """One trajectory from zero to a target of equal size in all directions."""

    name: ClassVar[str] = "one_curve"
    statement: ClassVar[str] = (
        "A single training trajectory has few dimensions whatever the inputs are: how"
        " many depends only on how far apart the slowest and the fastest learned"
        " direction are on a logarithmic scale, not on how many lie between them or how"
        " fast their variances fall."
    )
    formula: ClassVar[str] = (
        r"C_{ij} \to \frac n{2\tau}w^*_iw^*_j\,\mathrm{sech}\frac{c(i-j)}2,\qquad"
        r" \frac{(\sum_iv_i)^2}{\sum_iv_i^2} \to \frac{L^2}{8\ln\cosh(L/2)},\qquad"
        r" L = cr"
    )
    domain: ClassVar[str] = (
        "Linear networks of one layer from zero, targets of equal size in all r learned"
        " directions, slopes c from 0.1 to 2; all steps count alike. L is the log-range"
        " from first to last direction and c, since each direction stands for an"
        r" interval c. Left out, each relative: the spacing,"
        r" $c^2/(48\ln\cosh(L/2))+e^{-\pi^2/c}$; the last direction, that has had $z_r$"
        r" e-folds, $4/(Lz_r)$; the step, $\eta\lambda_1/L$. The shares at finite"
        " spacing, time and step are exact. Derived here."
    )
    wrong_theory: ClassVar[str] = (
        r"a curve has as many dimensions as its inputs, $\coth(c/2)$, and three explain"
        r" $1-e^{-3c}$"
    )

    def canonical(self, seed: int, quick: bool) -> Problem:
        """Inputs of one slope; the others are the claim's own."""
        title = "20 to 100 samples, variances falling by 0.1 to 2 a direction"
        return posed(_data(0.5, RANGE, seed), title, seed=seed, quick=quick)

    def status(self, problem: Problem) -> Status:
        """In the limit of late times, small steps, and many directions."""
        return "asymptotic"

    def test(self, problem: Problem, label: str) -> Bound:
        """Rounding; or the three corrections together, where each is largest."""
        if label == EXACT:
            return Bound(1e-9)
        sizes = [_left_out(c, length) for c, length in _cases(problem)]
        return Bound(max(sizes), "each")

    def predict(self, problem: Problem) -> Quantities:
        """Limits that know of the range alone, and spectra at finite time."""
        lengths = np.array([length for _, length in _cases(problem)])
        shares = theory.curve_spectrum(lengths, DIMENSIONS).sum(-1)
        return {
            DIMENSION: np.asarray(theory.curve_dimension(lengths)),
            EXPLAINED: shares,
            EXACT: np.array([_law(*case, problem.seed) for case in _cases(problem)]),
        }

    def wrong(self, problem: Problem) -> Quantities:
        """As the inputs."""
        slopes = np.array([c for c, _ in _cases(problem)])
        inputs = -np.expm1(-slopes[:, None] * np.arange(1, DIMENSIONS + 1))
        parts = np.diff(inputs, axis=1, prepend=0.0)
        return {
            DIMENSION: theory.geometric_participation(slopes),
            EXPLAINED: inputs[:, -1],
            EXACT: parts,
        }

    def observe(self, problem: Problem) -> Quantities:
        """Singular values of one curve about its mean."""
        seen = [_seen(*case, problem.seed) for case in _cases(problem)]
        return {
            DIMENSION: np.array([participation_ratio(v) for v in seen]),
            EXPLAINED: np.array([explained_variance(v)[DIMENSIONS - 1] for v in seen]),
            EXACT: np.array([_leading(v) for v in seen]),
        }

    def note(self, problem: Problem) -> str:
        """Every run is as long as it was asked to be."""
        return ""

    def figure(self, problem: Problem) -> Figure:
        """Dimensions against slope and range; shares of the leading dimensions."""
        return Figure(
            name=self.name,
            caption=(
                "How many dimensions a single training trajectory has. Left: against"
                " the slope c of the inputs' variances; lines are flat, since only the"
                " log-range L of what is learned counts, be it 3 directions or 32."
                " The widest would take ten billion steps."
                " Dashed: as many as the inputs have. Right: the share of each"
                f" dimension at L = {RANGE:g} falls alike for all inputs (line: limit"
                " of many directions). Lines: predicted; dots: simulated."
            ),
            panels=(_against_slope(problem), _shares(problem)),
        )


def _cases(problem: Problem) -> list[tuple[float, float]]:
    """Slopes and ranges."""
    cases = [(c, length) for length in RANGES for c in SLOPES]
    if problem.quick:
        return cases
    more = [(GENTLE, length) for length in RANGES]
    return [*cases, *more, *((c, LONG) for c in SLOPES)]


def _modes(slope: float, length: float) -> int:
    return round(length / slope)


def _data(slope: float, length: float, seed: int) -> SpectralData:
    """Directions beyond those of the range are none: inputs are empty there."""
    modes = _modes(slope, length)
    size = max(_modes(SLOPES[0], RANGE), modes)  # one size, one compiled program
    variances = sloppy_variances(slope, modes)
    return spectral_data(variances, size, inputs=size, seed=seed)


def _steps(length: float) -> Int[np.ndarray, " saves"]:
    """Checkpoints, dense on a logarithmic scale; as many steps for all slopes."""
    last = FOLDS * np.exp(length) / RATE
    dense = np.r_[0, np.geomspace(1, last, SAVES - 1).round()]
    return np.maximum(dense, np.arange(SAVES)).astype(int)  # none twice


def _weights(steps: Int[np.ndarray, " saves"]) -> Float[np.ndarray, " saves"]:
    """Each checkpoint stands for the steps halfway to its neighbors."""
    middle = (steps[1:] + steps[:-1]) / 2
    parts = np.diff(np.r_[steps[0], middle, steps[-1]])
    return parts / parts.sum()


def _signs(slope: float, length: float, seed: int) -> Float[np.ndarray, " r"]:
    modes = _modes(slope, length)
    return np.random.default_rng([seed, modes, 5]).choice([-1.0, 1.0], modes)


def _leading(values: Float[np.ndarray, " r"]) -> Float[np.ndarray, "3"]:
    return (values / values.sum())[:DIMENSIONS]


def _law(slope: float, length: float, seed: int) -> Float[np.ndarray, "3"]:
    steps = _steps(length)
    data = _data(slope, length, seed)
    spectrum = theory.fixed_target_spectrum(
        data.variances,
        data.n,
        _signs(slope, length, seed),
        theory.GradientDescent(RATE),
        theory.given_checkpoints(steps, _weights(steps)),
    )
    return _leading(spectrum)


def _left_out(slope: float, length: float) -> float:
    r"""Relative size of the three corrections together.

    A sum instead of an integral over $\mathrm{sech}^2$ adds $c^2/6$ to
    $8\ln\cosh(L/2)$, and about $e^{-\pi^2/c}$ of it. The mean of the curve takes
    $1/z_i$ from each of $r$ entries of $\frac12$, and steps add $\eta\lambda_i/2$ to
    each; sums over $i$ are geometric, and enter the ratio of squares at most twice.
    """
    sides = _modes(slope, length) * -np.expm1(-slope)  # about L
    spacing = slope**2 / (48 * np.log(np.cosh(length / 2))) + np.exp(
        -(np.pi**2) / slope
    )
    folds = FOLDS * np.exp(slope)  # of the last direction
    return float(spacing + 4 / (sides * folds) + RATE / sides)


@lru_cache(maxsize=32)
def _seen(slope: float, length: float, seed: int) -> Float[np.ndarray, " q"]:
    """Variances of one curve along its principal axes."""
    from linnet.dynamics import LinearEnsemble, train_ensemble

    data, steps = _data(slope, length, seed), _steps(length)
    goal = data.directions @ _signs(slope, length, seed)
    start = np.zeros(len(goal))
    process, labels = LinearEnsemble(data.inputs, RATE), data.inputs @ goal
    run = train_ensemble(process, start, labels, steps.tolist(), trajectories=1)
    weights, path = _weights(steps), run.predictions[0]
    rows = np.sqrt(weights)[:, None] * (path - weights @ path)
    return np.linalg.svd(rows, compute_uv=False) ** 2


def _against_slope(problem: Problem) -> Panel:
    slopes, series = np.geomspace(0.1, 2, 41), []
    lengths = [*sorted({length for _, length in _cases(problem)}), WIDE]
    for color, length in enumerate(lengths):
        level = float(theory.curve_dimension(length))
        at = np.array([c for c, other in _cases(problem) if other == length])
        seen = [participation_ratio(_seen(c, length, problem.seed)) for c in at]
        label = f"log-range L = {length:g}"
        series.append(
            Series(slopes[[0, -1]], np.full(2, level), label, "theory", color)
        )
        if len(at):
            series.append(Series(at, np.array(seen), "", "simulation", color))
    inputs = theory.geometric_participation(slopes)
    return Panel(
        title="not the slope, the range",
        x_label="slope c of the inputs",
        y_label="dimensions (participation ratio)",
        series=(*series, Series(slopes, inputs, "as the inputs", "wrong")),
        x_scale="log",
    )


def _shares(problem: Problem) -> Panel:
    index = np.arange(1, SHOWN + 1)
    limit = theory.curve_spectrum(RANGE, SHOWN)
    series = [Series(index, limit, "many directions", "theory", len(SLOPES))]
    for color, c in enumerate(SLOPES):
        values = _seen(c, RANGE, problem.seed)[: min(SHOWN, _modes(c, RANGE))]
        shares = values / _seen(c, RANGE, problem.seed).sum()
        at = index[: len(shares)]
        label = f"c = {c:g}, {_modes(c, RANGE)} directions"
        series.append(Series(at, shares, label, "simulation", color))
    inputs = -np.expm1(-0.25) * np.exp(-0.25 * (index - 1))
    return Panel(
        title=f"dimension by dimension, L = {RANGE:g}",
        x_label="dimension of the curve",
        y_label="share of the variance",
        series=(*series, Series(index, inputs, "as the inputs, c = 0.25", "wrong")),
        y_scale="log",
    )

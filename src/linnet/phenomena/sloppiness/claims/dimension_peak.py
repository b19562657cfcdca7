"""Claim: the dimension of a cloud rises, peaks and falls again as training goes on."""

from collections.abc import Callable
from functools import lru_cache
from typing import ClassVar

import numpy as np

from linnet.numerics import Estimate, participation_ratio
from linnet.phenomena.sloppiness import theory
from linnet.phenomena.sloppiness.claims import ensembles
from linnet.phenomena.sloppiness.claims.problems import (
    SpectralData,
    posed,
    sloppy_variances,
    spectral_data,
)
from linnet.phenomena.sloppiness.claims.source import CanonicalClaim
from linnet.shapes import Float
from linnet.study import Figure, Panel, Problem, Quantities, Series, ZTest
from linnet.study.verdict import Status

SLOPE, MODES, SAMPLES, RATE = 0.5, 26, 40, 0.4
RATIOS = (1.0, 0.3, 0.1)  # of target and start
LENGTHS = np.unique(np.geomspace(1, 1500, 33).round().astype(int))  # checkpoints
JUDGED = np.linspace(0, len(LENGTHS) - 1, 7).round().astype(int)[1:]
SHARP = 20  # power of the dimension that weighs its peak

PLACE = "logarithm of the step of the peak, each target"
ENDS = "dimensions at the first step, at the peak, at the last, target 0.3 of the start"
LATE = 0.3  # the target of these
GROWTH = "dimensions without a target, after long training"


class DimensionPeak(CanonicalClaim):
    """Random starts and targets, plain descent, all steps looked at."""

    name: ClassVar[str] = "dimension_peak"
    statement: ClassVar[str] = (
        "The number of dimensions that training trajectories fill is not largest at"
        " their start or end: where targets are weaker than starts it rises, peaks, and"
        " falls back to that of the inputs, later the weaker the targets are; without a"
        " target it grows like the logarithm of time, for ever."
    )
    formula: ClassVar[str] = (
        r"D(T) = \frac{(\sum_i v_i)^2}{\sum_i v_i^2},\qquad"
        r" D \to \coth\frac c2\ (T\to1,\infty),\qquad"
        r" T^* \approx \frac{1}{2\eta\lambda_1\epsilon^2},\qquad"
        r" D|_{\epsilon=0} \approx \frac{\ell^2}{c(\ell-\ln2)}+\frac12,\quad"
        r" \ell = \ln(2\eta\lambda_1T)+\gamma"
    )
    domain: ClassVar[str] = (
        "Linear networks of one layer, full-batch descent, start and target drawn anew"
        " for each trajectory. Dimensions at any number of steps, and so step and"
        " height of the peak, are exact; the closed form of the step of the peak"
        " (dotted in the figure) is an order of magnitude, off by a factor of two"
        " or so. What is told of the end and of training without a target is a limit"
        " of small steps and long training, and carries the size of its first"
        " correction as an error."
    )
    wrong_theory: ClassVar[str] = (
        "trajectories fill as many dimensions as the inputs do, at all times"
    )

    def canonical(self, seed: int, quick: bool) -> Problem:
        """One spectrum; sizes of the target are the claim's own."""
        title = f"{SAMPLES} samples, variances falling by {SLOPE:g} a direction"
        return posed(_data(seed), title, seed=seed, quick=quick)

    def status(self, problem: Problem) -> Status:
        """Both ends and the growth are limits."""
        return "asymptotic"

    def test(self, problem: Problem, label: str) -> ZTest:
        """Errors over trajectories."""
        return ZTest()

    def predict(self, problem: Problem) -> Quantities:
        """From the closed spectrum, and its limits."""
        curves = {_label(e): _law(e)[JUDGED] for e in RATIOS[1:]}
        places = np.array([_peak(_law(e))[0] for e in RATIOS])
        return {**curves, PLACE: places, ENDS: _ends(), GROWTH: _growth()}

    def wrong(self, problem: Problem) -> Quantities:
        """A flat curve, whose peak is its middle."""
        flat = np.full(len(LENGTHS), float(theory.geometric_participation(SLOPE)))
        place, height = _peak(flat)
        return {
            **{_label(e): flat[JUDGED] for e in RATIOS[1:]},
            PLACE: np.full(len(RATIOS), place),
            ENDS: np.full(3, height),
            GROWTH: height,
        }

    def observe(self, problem: Problem) -> Quantities:
        """From second moments along the inputs' directions, up to each step."""
        given = problem.seed, problem.quick
        curves = {e: _seen(e, *given, lambda curve: curve[JUDGED]) for e in RATIOS[1:]}
        places = [_seen(e, *given, lambda curve: _peak(curve)[0]) for e in RATIOS]
        return {
            **{_label(e): curve for e, curve in curves.items()},
            PLACE: ensembles.side_by_side(places),
            ENDS: _seen(LATE, *given, _milestones),
            GROWTH: _seen(0.0, *given, lambda curve: curve[-1]),
        }

    def note(self, problem: Problem) -> str:
        """Every run is as long as it was asked to be."""
        return ""

    def figure(self, problem: Problem) -> Figure:
        """Dimensions against steps, with and without a target."""
        return Figure(
            name=self.name,
            caption=(
                "How many dimensions training trajectories fill (participation ratio)"
                " when the first T steps are looked at. Left: the weaker the target is"
                " beside the start, the later and higher is the peak; in the"
                " end all return to the dimension of the inputs. Dotted: the rule"
                " 1 / (2 x rate x largest variance x ratio squared). Right: without a"
                " target there is no way back, dimensions grow with the logarithm of"
                " T (guide: the law of late times). Lines: predicted; dots: simulated."
            ),
            panels=(_with_targets(problem), _without(problem)),
        )


def _label(ratio: float) -> str:
    return f"dimensions up to each step, target {ratio:g} of the start"


def _data(seed: int) -> SpectralData:
    return spectral_data(sloppy_variances(SLOPE, MODES), SAMPLES, seed=seed)


@lru_cache(maxsize=8)
def _law(ratio: float) -> Float[np.ndarray, " lengths"]:
    """Dimensions when the first steps are looked at, for all lengths."""
    variances, response = _variances(), theory.GradientDescent(RATE)
    spectra = [
        theory.random_target_spectrum(
            variances,
            SAMPLES,
            1.0,
            ratio,
            response,
            theory.uniform_checkpoints(int(length)),
        )
        for length in LENGTHS
    ]
    return participation_ratio(np.array(spectra))


def _variances() -> Float[np.ndarray, " r"]:
    return np.array(sloppy_variances(SLOPE, MODES))


def _peak(curve: Float[np.ndarray, " lengths"]) -> Float[np.ndarray, "2"]:
    """Logarithm of its place, and its height; smooth, of a law and of samples alike."""
    weights = (curve / curve.max()) ** SHARP
    weights /= weights.sum()
    return np.array([weights @ np.log(LENGTHS), weights @ curve])


def _milestones(curve: Float[np.ndarray, " lengths"]) -> Float[np.ndarray, "3"]:
    return np.array([curve[0], _peak(curve)[1], curve[-1]])


def _ends() -> Estimate:
    r"""Those of the inputs, before and after the peak, which is known exactly.

    Late, $v_i=\lambda_i\epsilon^2+\kappa/\eta T$ in $N$ learned directions, with
    $\kappa=\frac12-\frac32\epsilon^2$: this changes the ratio by a fraction
    $2\kappa\,[N(1-q)-(1+q)]/\epsilon^2z_1$, $q=e^{-c}$. At the first step directions
    that are left out are missing, a fraction $q^r$ or less.
    """
    limit = float(theory.geometric_participation(SLOPE))
    share, learned = np.exp(-SLOPE), _learned()[0]
    left = learned * (1 - share) - (1 + share)
    late = 2 * (0.5 - 1.5 * LATE**2) * left / (LATE**2 * RATE * LENGTHS[-1])
    height = _peak(_law(LATE))[1]
    errors = np.array([limit * 2 * share**MODES, 0.0, limit * late])
    return Estimate(np.array([limit, height, limit]), errors, MODES)


def _growth() -> Estimate:
    r"""The law of the flow, and how far finite steps may be from it.

    They multiply the plateau by $1/(1-x/2)$, $x=\eta\lambda_i$: both sums of the ratio
    grow by what the first directions add, twice as much as in the square of one.
    """
    law = float(theory.zero_target_participation(SLOPE, RATE * LENGTHS[-1]))
    x = RATE * _variances()
    extra, squares = (x / (2 - x)).sum(), ((x / (2 - x)) ** 2).sum()
    total, two = _learned()
    off = abs(2 * extra / total - 2 * extra / two)
    off += 3 * (extra / total) ** 2 + squares / two
    return Estimate(np.array(law), np.array(law * off), MODES)


def _learned() -> tuple[float, float]:
    r"""Sums of $1-e^{-2z_i}$ and of its square: how many directions are learned."""
    length = np.log(2 * RATE * LENGTHS[-1]) + np.euler_gamma
    return length / SLOPE + 0.5, (length - np.log(2)) / SLOPE + 0.5


@lru_cache(maxsize=8)
def _sums(ratio: float, seed: int, quick: bool) -> Float[np.ndarray, "groups l r"]:
    """Mean squares along the directions up to each length, of groups."""
    from linnet.dynamics import LinearEnsemble

    data = _data(seed)
    drawn = ensembles.random_targets(
        data,
        init_deviation=1.0,
        target_deviation=ratio,
        trajectories=512 if quick else 4096,
        seed=seed,
        stream=(0.0, *RATIOS).index(ratio),
    )
    process = LinearEnsemble(data.inputs, RATE)
    paths = ensembles.recorded(process, data, drawn, range(LENGTHS[-1]))
    return ensembles.squares_up_to(paths, LENGTHS.tolist())


def _seen(
    ratio: float,
    seed: int,
    quick: bool,
    statistic: Callable[[Float[np.ndarray, " l"]], Float[np.ndarray, "..."] | float],
) -> Estimate:
    """Of the observed curve of dimensions, leaving out one group after the other."""
    sums = _sums(ratio, seed, quick)
    return ensembles.of_groups(
        sums, lambda found: statistic(participation_ratio(found))
    )


def _with_targets(problem: Problem) -> Panel:
    series = [
        line for color, e in enumerate(RATIOS) for line in _curve(problem, e, color)
    ]
    for color, ratio in enumerate(RATIOS):
        place = float(theory.peak_folds(ratio)) / RATE
        ends = np.array([3.0, _peak(_law(ratio))[1]])
        told = "rule for the peak" if color == 0 else ""
        series.append(Series(np.full(2, place), ends, told, "guide"))
    return _panel("with a target", series)


def _without(problem: Problem) -> Panel:
    series = _curve(problem, 0.0, 3)
    late = LENGTHS[LENGTHS * RATE >= 2]
    law = theory.zero_target_participation(SLOPE, RATE * late)
    series.append(Series(late, law, "growth with log T", "guide"))
    return _panel("without a target", series)


def _curve(problem: Problem, ratio: float, color: int) -> list[Series]:
    seen = _seen(ratio, problem.seed, problem.quick, lambda curve: curve[::2])
    label = f"target / start {ratio:g}" if ratio else "starts alone"
    return [
        Series(LENGTHS, _law(ratio), label, "theory", color),
        Series(LENGTHS[::2], seen.value, "", "simulation", color, seen.stderr),
    ]


def _panel(title: str, series: list[Series]) -> Panel:
    flat = np.full(2, float(theory.geometric_participation(SLOPE)))
    wrong = Series(LENGTHS[[0, -1]], flat, "as the inputs", "wrong")
    return Panel(
        title=title,
        x_label="T, steps that are looked at",
        y_label="dimensions (participation ratio)",
        series=(*series, wrong),
        x_scale="log",
    )

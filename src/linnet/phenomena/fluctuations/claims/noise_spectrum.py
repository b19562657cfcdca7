"""Claim: with many inputs per sample the gradient noise is no copy of the Hessian."""

from functools import lru_cache
from typing import ClassVar

import numpy as np

from linnet.numerics import Estimate
from linnet.numerics.marchenko_pastur import (
    marchenko_pastur_density,
    marchenko_pastur_edges,
)
from linnet.phenomena.fluctuations import theory
from linnet.phenomena.fluctuations.claims import problems
from linnet.phenomena.fluctuations.claims.random_sets import (
    OTHERS,
    SAMPLES,
    WHITE,
    Kind,
    sets,
)
from linnet.phenomena.fluctuations.claims.source import CanonicalClaim
from linnet.study import Figure, Panel, Problem, Quantities, Series, ZTest
from linnet.study.verdict import Status

NOISE = "mean square of the noise's eigenvalues / their mean squared"
HESSIAN = "mean square of the Hessian's eigenvalues / their mean squared"
MEAN = "gradient noise / Hessian"
SHARES = "shares of the noise's eigenvalues between quantiles of the law"
LEVELS = np.array([0.1, 0.3, 0.5, 0.7, 0.9])
GRID = 1500  # nodes of the law
REACH = 12.0  # where the spectrum has ended, in units of its mean


class NoiseSpectrum(CanonicalClaim):
    """Spectra of both on random data."""

    name: ClassVar[str] = "noise_spectrum"
    statement: ClassVar[str] = (
        "The covariance of the gradient noise has the mean of the Hessian times the"
        " loss that is left, but with many inputs per sample a broader spectrum: that"
        " of a sample covariance whose samples carry random weights."
    )
    formula: ClassVar[str] = (
        r"\frac{\langle c^2\rangle}{\langle c\rangle^2} ="
        r" \frac{\langle\tau^2\rangle}{\langle\tau\rangle^2} + \frac{d}{n}(k+2),\quad"
        r" \frac{\langle h^2\rangle}{\langle h\rangle^2} = 1 + \frac{d}{n},\quad"
        r" \operatorname{E}[C \mid H] = \sigma^2 \frac{n-d}{n+2} H"
    )
    domain: ClassVar[str] = (
        "One layer at the least-squares minimum, Gaussian inputs with population"
        r" variances $\tau$, label noise $\sigma$; spectra for large n and d, where"
        " corrections to the moments are of relative size 1/n, for C (k+2)/n, and a"
        " share is off by about one eigenvalue; the mean of C is exact."
    )
    wrong_theory: ClassVar[str] = (
        "noise proportional to the Hessian, with the spectrum of the Hessian and the"
        " strength of the label noise (and a Hessian with the spectrum of the noise)"
    )

    def canonical(self, seed: int, quick: bool) -> Problem:
        """The middle size stands for all."""
        return problems.gaussian(SAMPLES, 200, seed=seed, quick=quick)

    def status(self, problem: Problem) -> Status:
        """For large sizes."""
        return "asymptotic"

    def test(self, problem: Problem, label: str) -> ZTest:
        """Standard errors over data sets, and the stated size of corrections."""
        return ZTest()

    def predict(self, problem: Problem) -> Quantities:
        """Laws of large sizes, and the exact mean."""
        sizes = white(problem)
        noise = np.array([noise_law(kind) for kind in sizes + OTHERS])
        left_out = np.array([kind.outputs + 2 for kind in sizes + OTHERS]) / SAMPLES
        hessian = np.array([1 + kind.aspect for kind in sizes])
        mean = [
            float(theory.mean_noise(np.ones(()), SAMPLES, kind.inputs, 1.0))
            for kind in sizes
        ]
        shares = np.diff(LEVELS, prepend=0.0, append=1.0)
        one = np.full(len(shares), 1 / sizes[-1].inputs)
        return {
            NOISE: _within(noise, noise * left_out),
            HESSIAN: _within(hessian, hessian / SAMPLES),
            MEAN: np.array(mean),
            SHARES: _within(shares, one),
        }

    def wrong(self, problem: Problem) -> Quantities:
        """Both proportional."""
        sizes = white(problem)
        hessian = [
            noise_law(kind) - kind.aspect * (kind.outputs + 1)
            for kind in sizes + OTHERS
        ]
        return {
            NOISE: np.array(hessian),
            HESSIAN: np.array([noise_law(kind) for kind in sizes]),
            MEAN: np.ones(len(sizes)),
            SHARES: _shares_of_hessian(sizes[-1]),
        }

    def observe(self, problem: Problem) -> Quantities:
        """Data sets drawn anew, their minimum found, the gradients of their samples."""
        sizes = white(problem)
        seen = {kind: sets(problem, kind) for kind in sizes + OTHERS}
        edges = np.r_[-np.inf, _quantiles(sizes[-1]), np.inf]
        shares = [
            np.histogram(values, edges)[0] / len(values)
            for values in seen[sizes[-1]].spectra
        ]
        return {
            NOISE: _stacked([seen[kind].noise for kind in sizes + OTHERS]),
            HESSIAN: _stacked([seen[kind].hessian for kind in sizes]),
            MEAN: _stacked([seen[kind].mean for kind in sizes]),
            SHARES: Estimate.from_samples(shares),
        }

    def note(self, problem: Problem) -> str:
        """Nothing: there is no run that could go astray."""
        return ""

    def figure(self, problem: Problem) -> Figure:
        """Both spectra, and their width against inputs per sample."""
        kind = WHITE[1]
        return Figure(
            name=self.name,
            caption=(
                f"Random data, {SAMPLES} samples of white inputs with noisy labels:"
                " eigenvalues of the Hessian (left) and of the covariance of the"
                f" gradient noise (middle), both over their mean, for {kind.inputs}"
                " inputs. If the noise were proportional to the Hessian, the middle"
                " would repeat the left (dashed); instead it is broader, as samples"
                " with large residuals count more. Right: the width of both spectra"
                " grows with the number of inputs per sample, that of the noise three"
                " times as fast."
            ),
            panels=(
                _spectrum(problem, kind, "Hessian"),
                _spectrum(problem, kind, "gradient noise"),
                _widths(problem),
            ),
        )


def white(problem: Problem) -> tuple[Kind, ...]:
    """The sizes that are looked at."""
    return WHITE[:2] if problem.quick else WHITE


def noise_law(kind: Kind) -> float:
    """Predicted width of the spectrum of the noise."""
    return theory.noise_moment_ratio(
        kind.aspect, outputs=kind.outputs, spectrum=kind.spectrum
    )


@lru_cache(maxsize=4)
def _law(aspect: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Eigenvalues of C over their mean, density, and share below, as predicted."""
    values = np.linspace(1e-3, REACH**0.5, GRID) ** 2
    scale = 1 - aspect
    density = theory.noise_spectrum(values * scale, aspect) * scale
    pieces = (density[1:] + density[:-1]) / 2 * np.diff(values)
    return values, density, np.r_[0.0, np.cumsum(pieces)]


def _quantiles(kind: Kind) -> np.ndarray:
    """Eigenvalues of C below which the law has the shares `LEVELS`."""
    values, _, below = _law(kind.aspect)
    return np.interp(LEVELS, below, values) * (1 - kind.aspect)


def _shares_of_hessian(kind: Kind) -> np.ndarray:
    """What lies between the same quantiles if C had the spectrum of the Hessian."""
    values, _, _ = _law(kind.aspect)
    density = marchenko_pastur_density(values, kind.aspect)
    pieces = (density[1:] + density[:-1]) / 2 * np.diff(values)
    below = np.r_[0.0, np.cumsum(pieces)]
    at = np.interp(_quantiles(kind) / (1 - kind.aspect), values, below)
    return np.diff(at, prepend=0.0, append=1.0)


def _within(values: np.ndarray, errors: np.ndarray) -> Estimate:
    """A law with the size of what it leaves out, at `SAMPLES` samples."""
    return Estimate(values, errors, SAMPLES)


def _stacked(samples: list[np.ndarray]) -> Estimate:
    """One entry for each kind; data sets are the independent units."""
    return Estimate.from_samples(np.stack(samples, axis=1))


def _spectrum(problem: Problem, kind: Kind, of: str) -> Panel:
    """Density of eigenvalues over their mean: law, data sets, the other spectrum."""
    found_sets = sets(problem, kind)
    is_noise = of != "Hessian"
    seen = found_sets.spectra if is_noise else found_sets.curvatures
    values, density, _ = _law(kind.aspect)
    if not is_noise:
        low, high = marchenko_pastur_edges(kind.aspect)
        values = np.linspace(low, high, 400)
        density = marchenko_pastur_density(values, kind.aspect)
    edges = np.linspace(0, 4.0 if is_noise else 2.6, 27)
    centers, width = (edges[1:] + edges[:-1]) / 2, edges[1] - edges[0]
    each = seen / seen.mean(1, keepdims=True)
    heights = [np.histogram(row, edges)[0] / (len(row) * width) for row in each]
    found = Estimate.from_samples(heights)
    keep = values <= edges[-1]
    dots = Series(centers, found.value, "data", "simulation", 0, found.stderr)
    series = [Series(values[keep], density[keep], "predicted"), dots]
    if is_noise:
        other = marchenko_pastur_density(values, kind.aspect)
        series.append(Series(values[keep], other[keep], "that of the Hessian", "wrong"))
    return Panel(
        title=f"spectrum of the {of}",
        x_label="eigenvalue / mean",
        y_label="density",
        series=tuple(series),
    )


def _widths(problem: Problem) -> Panel:
    """Width of both spectra against inputs per sample."""
    aspects = np.linspace(0.0, 0.55, 40)
    at = np.array([kind.aspect for kind in white(problem)])
    seen = {
        "gradient noise": _stacked([sets(problem, k).noise for k in white(problem)]),
        "Hessian": _stacked([sets(problem, k).hessian for k in white(problem)]),
    }
    series = []
    for color, (label, found) in enumerate(seen.items()):
        slope = 3 if color == 0 else 1
        series.append(Series(aspects, 1 + slope * aspects, label, "theory", color))
        dots = Series(at, found.value, label, "simulation", color, found.stderr)
        series.append(dots)
    return Panel(
        title="width of both spectra",
        x_label="inputs per sample",
        y_label="mean square / squared mean",
        series=tuple(series),
    )

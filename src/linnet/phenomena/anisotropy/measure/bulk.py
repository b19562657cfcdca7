r"""The bulk of a sample covariance and what stands out of it, from its spectrum.

Assumed of the inputs: $\Sigma = s^2(I + \sum_k\rho_k\mu_k\mu_k^\top)$, any $s$, which
is estimated. `bulk_distance` says how far a spectrum is from that.
"""

from dataclasses import dataclass

import numpy as np

from linnet.numerics import marchenko_pastur_density, marchenko_pastur_edges
from linnet.shapes import Float

NODES = 2000
TRACY_WIDOM = 3.2724
"""0.999 quantile of the law of the largest eigenvalue of white data (real)."""
ROUNDS = 50


@dataclass(frozen=True, eq=False)
class SpikedSpectrum:
    r"""A spectrum read as bulk and spikes; estimates without error bar.

    Attributes:
        bulk_variance: $s^2$.
        edges: Of the bulk in the sample, $s^2(1\mp\sqrt\gamma)^2$.
        outliers: Eigenvalues beyond the edges, downwards.
        spike_strengths: $\rho_k$ of each: what the eigenvalue would be in a population,
            $s^2(1+\rho_k)$, over the bulk, less one. Below zero for a dip.
        squared_overlaps: Between each sample eigenvector and the population's.
        bulk_distance: Largest gap between the distribution of the other eigenvalues and
            the law of Marchenko and Pastur: of the order of one over their number for a
            spectrum that is bulk and spikes.
    """

    bulk_variance: float
    edges: tuple[float, float]
    outliers: Float[np.ndarray, " spikes"]
    spike_strengths: Float[np.ndarray, " spikes"]
    squared_overlaps: Float[np.ndarray, " spikes"]
    bulk_distance: float

    @property
    def count(self) -> int:
        """Number of outliers."""
        return len(self.outliers)


def spiked_spectrum(
    eigenvalues: Float[np.ndarray, " d"],
    n: int,
    *,
    count: int | None = None,
    dips: int = 0,
) -> SpikedSpectrum:
    r"""Outliers of a sample spectrum, and the population spikes behind them.

    With $\gamma = d/n$ and $x$ the outlier over the bulk variance,
    $$\rho + \frac\gamma\rho = x - 1 - \gamma,\qquad
      \text{squared overlap} = \frac{1-\gamma/\rho^2}{1+\gamma/\rho}.$$
    An outlier lies beyond an edge by more than the largest eigenvalue of white data
    does once in a thousand times. The bulk variance that finds them comes from the
    median of the bulk, which outliers do not move; the one reported, from the trace of
    the bulk, freed of what spikes take from it.

    Valid for: many inputs and samples; a bulk of one variance; $\rho^2 > \gamma$, below
    which a spike leaves no trace. A spectrum alone has no error bar: `input_spikes`
    takes the samples. Dips are looked for with more samples than inputs only.

    Args:
        eigenvalues: Of $X^\top X/n$, all $d$ of them, in any order; zeros included.
        n: Samples behind it.
        count: Number of outliers above the bulk; None counts, below it too.
        dips: Number below the bulk, where `count` is given.

    Raises:
        ValueError: when fewer than 8 eigenvalues are positive, one is negative beyond
            rounding or not finite, `n` is below 2, or `count` does not leave a bulk.

    Reference: Baik, Ben Arous and Peche 2005; Paul 2007; Johnstone 2001.
    """
    spectrum = _checked_spectrum(eigenvalues, n)
    d, positive = len(spectrum), spectrum[: min(len(spectrum), n)]
    if count is None:
        high, low = _count_outliers(positive, d, n)
    elif count >= 0 and dips >= 0 and count + dips <= len(positive) - 8:
        high, low = count, dips
    else:
        raise ValueError(
            "Arguments `count` and `dips` must be >= 0 and leave a bulk of 8 of"
            f" {len(positive)} eigenvalues, but are {count} and {dips}."
        )
    bulk = positive[high : len(positive) - low]
    outliers = np.r_[positive[:high], positive[len(positive) - low :]]
    variance, strengths = _trace_variance(bulk.sum(), outliers, d, n, high)
    ratio = d / n
    with np.errstate(divide="ignore"):
        squared = (1 - ratio / strengths**2) / (1 + ratio / strengths)
    edges = marchenko_pastur_edges(ratio)
    return SpikedSpectrum(
        variance,
        (variance * edges[0], variance * edges[1]),
        outliers,
        strengths,
        np.clip(np.where(np.isfinite(squared), squared, 0.0), 0.0, 1.0),
        _distance(bulk / variance, (d - len(outliers)) / n),
    )


def spike_strength(
    scaled: Float[np.ndarray, "*spikes"], aspect_ratio: float, *, dip: bool = False
) -> Float[np.ndarray, "*spikes"]:
    r"""Population strength $\rho$ behind an eigenvalue over the bulk variance.

    The root of $\rho^2 + (1+\gamma-x)\rho + \gamma = 0$ with $\rho^2\ge\gamma$; at an
    edge and inside the bulk $\pm\sqrt\gamma$, the weakest spike that is seen.

    Args:
        scaled: $x$.
        aspect_ratio: $\gamma$.
        dip: Whether the eigenvalue lies below the bulk.
    """
    lift = np.asarray(scaled, dtype=float) - 1 - aspect_ratio
    root = np.sqrt(np.maximum(lift**2 - 4 * aspect_ratio, 0))
    edge = 2 * np.sqrt(aspect_ratio)
    if dip:
        return (np.minimum(lift, -edge) - root) / 2
    return (np.maximum(lift, edge) + root) / 2


def _count_outliers(
    positive: Float[np.ndarray, " r"], d: int, n: int
) -> tuple[int, int]:
    """Above and below a bulk whose variance is set by its median."""
    high = low = 0
    for _ in range(ROUNDS):
        bulk = positive[high : len(positive) - low]
        middle = _law((d - high - low) / n)[0]
        variance = np.median(bulk) / middle
        top, bottom = _thresholds(d - high - low, n)
        above = int((positive > variance * top).sum())
        below = int((positive < variance * bottom).sum()) if d < n else 0
        room = (len(positive) - 8) // 2  # a bulk must be left, whatever the spectrum
        above, below = min(above, room), min(below, room)
        if (above, below) == (high, low):
            break
        high, low = above, below
    return high, low


def _thresholds(d: int, n: int) -> tuple[float, float]:
    """Beyond which an eigenvalue of unit white data lies once in a thousand times."""
    big, small = np.sqrt(max(n, d)), np.sqrt(min(n, d))
    top = (big + small) ** 2
    width = (big + small) * (1 / big + 1 / small) ** (1 / 3)
    bottom, narrow = (big - small) ** 2, 0.0
    if big > small:
        narrow = (big - small) * (1 / small - 1 / big) ** (1 / 3)
    return (
        (top + TRACY_WIDOM * width) / n,
        max(bottom - TRACY_WIDOM * narrow, 0.0) / n,
    )


def _trace_variance(
    total: float, outliers: Float[np.ndarray, " spikes"], d: int, n: int, high: int
) -> tuple[float, Float[np.ndarray, " spikes"]]:
    r"""Bulk variance from the trace of the bulk, and strengths: one needs the other.

    A spike pulls $s^2\gamma(1+\rho)/\rho$ out of the bulk into its eigenvalue.
    """
    ratio = d / n
    taken, strengths = 0.0, np.empty(0)
    variance = total / (d - len(outliers))
    for _ in range(ROUNDS):
        strengths = np.r_[
            spike_strength(outliers[:high] / variance, ratio),
            spike_strength(outliers[high:] / variance, ratio, dip=True),
        ]
        taken = ratio * float((1 + 1 / strengths).sum())
        fresh = total / max(d - len(outliers) - taken, 1.0)
        if abs(fresh - variance) <= 1e-14 * variance:
            break
        variance = fresh
    return variance, strengths


def _law(
    aspect_ratio: float,
) -> tuple[float, Float[np.ndarray, " q"], Float[np.ndarray, " q"]]:
    """Median, points and distribution of the continuous part, normalized to one."""
    low, high = marchenko_pastur_edges(aspect_ratio)
    angle = np.pi * (np.arange(NODES) + 0.5) / NODES  # dense at both edges
    x = (low + high) / 2 - (high - low) / 2 * np.cos(angle)
    mass = marchenko_pastur_density(x, aspect_ratio) * np.sin(angle)
    below = (np.cumsum(mass) - mass / 2) / mass.sum()
    return float(np.interp(0.5, below, x)), x, below


def _distance(scaled: Float[np.ndarray, " r"], aspect_ratio: float) -> float:
    """Kolmogorov's, between the eigenvalues and the law."""
    _, x, below = _law(aspect_ratio)
    expected = np.interp(np.sort(scaled), x, below, left=0.0, right=1.0)
    steps = np.arange(len(scaled) + 1) / len(scaled)
    return float(max((steps[1:] - expected).max(), (expected - steps[:-1]).max()))


def _checked_spectrum(
    eigenvalues: Float[np.ndarray, " d"], n: int
) -> Float[np.ndarray, " d"]:
    """Downwards, rounding below zero removed."""
    spectrum = np.sort(np.asarray(eigenvalues, dtype=float))[::-1]
    if spectrum.ndim != 1 or not np.isfinite(spectrum).all():
        raise ValueError("Argument `eigenvalues` must be finite numbers, but is not.")
    if int(n) != n or n < 2:
        raise ValueError(f"Argument `n` must be a whole number >= 2, but is {n}.")
    top = spectrum.max(initial=0.0)
    if spectrum.min(initial=0.0) < -1e-10 * top:
        raise ValueError(
            "Argument `eigenvalues` must be >= 0, but the least is"
            f" {spectrum.min():.3g}."
        )
    needed = min(len(spectrum), n)
    positive = int((spectrum > 1e-12 * top).sum())
    if positive < 8 or needed < 8:
        raise ValueError(
            f"Argument `eigenvalues` must hold 8 positive ones or more, but holds"
            f" {positive}: fewer are no bulk."
        )
    if positive < needed:
        raise ValueError(
            f"Argument `eigenvalues` must hold min(d, n) = {needed} positive ones, but"
            f" holds {positive}: constant or dependent inputs come first out of the"
            " data, and of `d`."
        )
    return np.maximum(spectrum, 0.0)

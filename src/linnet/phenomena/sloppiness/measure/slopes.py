r"""The slope of a spectrum: how fast eigenvalues fall from one to the next."""

from dataclasses import dataclass

import numpy as np

from linnet.numerics import spectrum_decay
from linnet.shapes import Float


@dataclass(frozen=True, eq=False)
class SpectrumSlope:
    r"""The straight line through the logarithms of eigenvalues.

    It has no error bar: how far a spectrum is from a straight line is no noise. The
    slopes of both halves, and $R^2$, say how straight it is.

    Attributes:
        slope: $c$, the mean of $\ln(\lambda_i/\lambda_{i+1})$ by least squares.
        first: The first eigenvalue that counts; the largest is number 1.
        last: The last one.
        quality: $R^2$ of the line.
        power_quality: $R^2$ of a power law $\lambda_i\sim i^{-\alpha}$ in its place,
            counted from `first`.
        halves: Slopes of the upper and the lower half; equal for a geometric spectrum.
    """

    slope: float
    first: int
    last: int
    quality: float
    power_quality: float
    halves: tuple[float, float]


def spectrum_slope(
    eigenvalues: Float[np.ndarray, " r"],
    *,
    skip: int = 0,
    stop: int | None = None,
) -> SpectrumSlope:
    r"""Fit $\ln\lambda_i = \mathrm{const} - c\,i$ to a range of a spectrum.

    Inputs that are not centered have one huge eigenvalue of their mean, which is no
    part of the slope: leave it out with `skip=1`. It still sets the rounding level
    $4r\epsilon\lambda_1$, below which no eigenvalue counts.

    Args:
        eigenvalues: $\lambda$ in any order, not negative but for rounding.
        skip: Leading eigenvalues that are left out.
        stop: The last eigenvalue that counts, the largest being number 1; None for all
            above rounding.

    Raises:
        ValueError: when an eigenvalue is not finite, the range is empty, or it holds
            fewer than four eigenvalues above rounding.

    Reference: the slope is that of Mao et al. 2025; the fit is derived here.

    Example:
        >>> found = spectrum_slope(np.r_[50.0, np.exp(-0.5 * np.arange(8))], skip=1)
        >>> print(round(found.slope, 6), found.first, found.last)
        0.5 2 9
    """
    values = np.asarray(eigenvalues, dtype=float)
    if values.ndim != 1 or not np.isfinite(values).all():
        raise ValueError(
            "Argument `eigenvalues` must be one row of finite numbers, but has shape"
            f" {values.shape} or an entry that is not finite."
        )
    if skip < 0 or (stop is not None and stop <= skip):
        raise ValueError(
            f"Arguments `skip` and `stop` must be 0 <= skip < stop, but are {skip} and"
            f" {stop}."
        )
    ranked = np.sort(values)[::-1]
    floor = 4 * len(ranked) * np.finfo(float).eps * ranked.max(initial=0.0)
    last = min(int((ranked > floor).sum()), len(ranked) if stop is None else stop)
    if last - skip < 4:
        raise ValueError(
            "Argument `eigenvalues` must hold at least 4 values above rounding between"
            f" `skip` and `stop`, but holds {max(last - skip, 0)}: widen the range."
        )
    used = ranked[skip:last]
    decay = spectrum_decay(used)
    qualities = decay.quality, decay.other_quality
    line, power = qualities if decay.law == "geometric" else qualities[::-1]
    half = (len(used) + 1) // 2
    halves = _slope(used[:half]), _slope(used[len(used) - half :])
    return SpectrumSlope(_slope(used), skip + 1, last, line, power, halves)


def _slope(values: Float[np.ndarray, " m"]) -> float:
    index = np.arange(len(values)) - (len(values) - 1) / 2
    return float(-(index @ np.log(values)) / (index @ index))

r"""The exponent of variance against flatness, $\sigma_i^2\propto F_i^{-\psi}$."""

from dataclasses import dataclass

import numpy as np

from linnet.numerics import Estimate
from linnet.shapes import Float

MEANINGFUL_DECADES = 1.0


@dataclass(frozen=True)
class PowerLaw:
    r"""A robust straight line through logarithms.

    Attributes:
        exponent: $\psi$, minus the slope of $\ln\sigma^2$ on $\ln F$.
        quality: $R^2$ of that line; near 0 also where $\psi$ is 0.
        axes: Number that entered the fit.
        dropped: Axes of infinite width or no variance.
        decades: Range of the widths; curvatures span twice as many.
    """

    exponent: float
    quality: float
    axes: int
    dropped: int
    decades: float

    @property
    def is_meaningful(self) -> bool:
        """Whether widths span a decade (curvatures two)."""
        return self.decades >= MEANINGFUL_DECADES

    @property
    def why(self) -> str:
        """Why the exponent means little; empty where it means something."""
        if self.is_meaningful:
            return ""
        return (
            f"The widths of {self.axes} axes span {self.decades:.2g} decades, less than"
            f" {MEANINGFUL_DECADES:g}: an exponent fitted to them means little."
        )


@dataclass(frozen=True)
class FlatnessExponent:
    r"""An exponent and how well it is known.

    Attributes:
        exponent: $\psi$, its error the standard deviation over bootstrap samples.
        interval: Of 95 %, percentiles of the bootstrap.
        fit: The fit to the mean variances: range, quality, whether it means anything.
    """

    exponent: Estimate
    interval: tuple[float, float]
    fit: PowerLaw


def power_law(
    variances: Float[np.ndarray, " m"], widths: Float[np.ndarray, " m"]
) -> PowerLaw:
    r"""Theil-Sen fit of $\ln\sigma_i^2 = \mathrm{const} - \psi\ln F_i$.

    The median of the slopes of all pairs: a third of the axes may be anything. No
    error bar: `flatness_exponent` has one. The exponent depends on which axes enter:
    say which.

    Args:
        variances: Along axes.
        widths: $F$ along the same axes; infinite ones, along which the loss never
            reaches its level, are dropped, and counted.

    Raises:
        ValueError: when shapes differ, a number is NaN or negative, fewer than 3 axes
            are left, or all widths are equal.
    """
    sizes, wide = (np.asarray(a, dtype=float) for a in (variances, widths))
    keep = _usable(sizes, wide)
    x, y = np.log(wide[keep]), np.log(sizes[keep])
    slope = float(_theil_sen(x, y[None])[0])
    residual = y - slope * x
    residual -= np.median(residual)
    spread = ((y - y.mean()) ** 2).sum()
    quality = 1 - (residual**2).sum() / spread if spread > 0 else 1.0
    decades = float(np.ptp(x) / np.log(10))
    count = int(keep.sum())
    return PowerLaw(-slope, float(quality), count, len(keep) - count, decades)


def flatness_exponent(
    unit_variances: Float[np.ndarray, "units m"],
    widths: Float[np.ndarray, " m"],
    rng: np.random.Generator,
    *,
    resamples: int = 400,
) -> FlatnessExponent:
    r"""Exponent $\psi$ of the inverse variance-flatness relation, with its interval.

    `power_law` of the mean variances; replicas or windows are drawn with replacement
    for the interval, all axes of one together. What the choice of axes and of the
    center of $F$ adds is not in it: vary them.

    Args:
        unit_variances: One row for each independent replica or block, as
            `unit_variances` gives them.
        widths: $F$ of the same axes, as `widths` gives them; infinite ones are
            dropped, and counted in `fit`.
        rng: Draws the resamples.
        resamples: How many, 50 or more.

    Raises:
        ValueError: when there are fewer than 3 units or resamples are few, or the fit
            is refused (`power_law`).

    Reference: Feng and Tu 2021 (the relation); Theil 1950, Sen 1968 (the fit).
    """
    samples = np.asarray(unit_variances, dtype=float)
    if samples.ndim != 2 or len(samples) < 3:
        raise ValueError(
            "Argument `unit_variances` must have shape (units, m) with 3 independent"
            f" units or more, but has {samples.shape}: without them there is no"
            " interval, and `power_law` fits without one."
        )
    if resamples < 50:
        raise ValueError(f"Argument `resamples` must be >= 50, but is {resamples}.")
    fit = power_law(samples.mean(0), widths)
    keep = _usable(samples.mean(0), np.asarray(widths, dtype=float))
    count = len(samples)
    weight = rng.multinomial(count, np.full(count, 1 / count), resamples) / count
    drawn = weight @ samples[:, keep]
    tiny = np.finfo(float).tiny  # an axis that moved in no unit drawn
    heights = np.log(np.maximum(drawn, tiny))
    slopes = -_theil_sen(np.log(np.asarray(widths, dtype=float)[keep]), heights)
    low, high = np.quantile(slopes, [0.025, 0.975])
    estimate = Estimate(np.array(fit.exponent), slopes.std(ddof=1), count)
    return FlatnessExponent(estimate, (float(low), float(high)), fit)


def _theil_sen(
    x: Float[np.ndarray, " m"], y: Float[np.ndarray, "draws m"]
) -> Float[np.ndarray, " draws"]:
    """Median slope over pairs of different x."""
    first, second = np.triu_indices(len(x), 1)
    gap = x[second] - x[first]
    apart = np.abs(gap) > 1e-9
    first, second, gap = first[apart], second[apart], gap[apart]
    return np.array([np.median((row[second] - row[first]) / gap) for row in y])


def _usable(
    variances: Float[np.ndarray, " m"], widths: Float[np.ndarray, " m"]
) -> np.ndarray:
    if variances.ndim != 1 or variances.shape != widths.shape:
        raise ValueError(
            "Arguments `variances` and `widths` must hold one number for each axis, but"
            f" have shapes {variances.shape} and {widths.shape}."
        )
    for name, array in (("variances", variances), ("widths", widths)):
        if np.isnan(array).any() or (array < 0).any():
            raise ValueError(f"Argument `{name}` must be >= 0, but an entry is not.")
    keep = np.isfinite(widths) & (widths > 0) & np.isfinite(variances) & (variances > 0)
    if keep.sum() < 3:
        raise ValueError(
            f"Arguments must leave 3 axes of finite width and positive variance, but"
            f" leave {keep.sum()} of {len(keep)}: use steeper axes, or look further"
            " for their widths."
        )
    if np.ptp(np.log(widths[keep])) <= 1e-9:
        raise ValueError(
            "Argument `widths` must differ between axes, but all are equal: there is"
            " no exponent."
        )
    return keep

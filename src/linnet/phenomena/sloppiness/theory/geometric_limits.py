r"""Limits of endless geometric spectra, in which the cut-off plays no part.

$\lambda_i=\lambda_1e^{-c(i-1)}$ with `slope` $c$ and $e^{-cr}\ll1$: participation
ratio and explained variance of the inputs themselves, the slope that a ribbon needs,
and what a spread of starts without targets leaves late in training.
"""

import numpy as np
from numpy.typing import ArrayLike

from linnet.phenomena.sloppiness.theory.refusals import (
    check_count,
    check_deviation,
    check_fraction,
    check_not_negative,
    check_positive,
)
from linnet.shapes import Float

SLOPE = "eigenvalues must fall from mode to mode"
FOLDS = "it is learning rate times largest eigenvalue times steps"


def geometric_participation(slope: ArrayLike) -> Float[np.ndarray, "*grid"]:
    r"""Participation ratio $\coth(c/2)$ of an endless geometric spectrum.

    What a cloud of random targets has at the start, and again once all modes that
    count are learned and $2z_1\varepsilon^2\gg1$.

    Valid for: $e^{-cr}\ll1$.

    Args:
        slope: $c>0$.

    Raises:
        ValueError: when `slope` is not positive and finite.

    Reference: derived here.
    """
    check_positive("slope", slope, SLOPE)
    return 1 / np.tanh(np.asarray(slope, dtype=float) / 2)


def geometric_explained(
    slope: ArrayLike, dimensions: ArrayLike
) -> Float[np.ndarray, "*grid"]:
    r"""Explained variance and explained stress $1-e^{-ck}$ of a geometric spectrum.

    Valid for: $e^{-cr}\ll1$; for no other spectrum are the two equal.

    Args:
        slope: $c>0$.
        dimensions: $k\ge1$. Both broadcast.

    Raises:
        ValueError: when an argument is out of range.

    Reference: derived here.
    """
    check_positive("slope", slope, SLOPE)
    check_count("dimensions", dimensions, "it counts leading dimensions")
    exponent = np.asarray(slope, dtype=float) * np.asarray(dimensions, dtype=float)
    return -np.expm1(-exponent)


def critical_slope(
    fraction: ArrayLike, dimensions: ArrayLike, *, early: bool = False
) -> Float[np.ndarray, "*grid"]:
    r"""The slope $c_q=-\ln(1-q)/k$ above which $k$ dimensions explain a fraction $q$.

    Early and dominated by targets the spectrum falls with $3c$: a third is enough.

    Valid for: spectra of slope $c$ (or $3c$) throughout, $e^{-cr}\ll1$.

    Args:
        fraction: $q$ in (0, 1).
        dimensions: $k\ge1$. Both broadcast.
        early: Whether all modes are unlearned and targets dominate.

    Raises:
        ValueError: when an argument is out of range.

    Reference: derived here.

    Example:
        >>> float(critical_slope(0.95, 3).round(4))
        0.9986
    """
    check_fraction(fraction)
    check_count("dimensions", dimensions, "it counts leading dimensions")
    times = (3 if early else 1) * np.asarray(dimensions, dtype=float)
    return -np.log1p(-np.asarray(fraction, dtype=float)) / times


def zero_target_total(
    n: int, init_deviation: ArrayLike, slope: ArrayLike, variance: ArrayLike,
    duration: ArrayLike,
) -> Float[np.ndarray, "*grid"]:  # fmt: skip
    r"""Total variance without targets, late: $n\sigma_0^2(\ell/c+\frac12)/(2\tau)$.

    $\ell=\ln(2z_1)+\gamma$ with Euler's constant, $z_1=\lambda_1\tau$.

    Valid for: gradient flow, $z_1\gg1$, $e^{-cr}z_1\ll1$. The relative error is a
    ripple of order $e^{-\pi^2/c}$: 3e-10 at $c=0.5$, 1e-6 at 0.8, 1e-4 at 1.2.

    Args:
        n: Number of samples.
        init_deviation: $\sigma_0\ge0$.
        slope: $c>0$.
        variance: $\lambda_1>0$.
        duration: $\tau>0$. All broadcast.

    Raises:
        ValueError: when an argument is out of range, or $z_1<1$.

    Reference: derived here.
    """
    check_count("n", n, "it is how many samples there are")
    check_deviation("init_deviation", init_deviation)
    check_positive("variance", variance, "it is the largest eigenvalue")
    check_positive("duration", duration, "it is the time from start to end")
    tau = np.asarray(duration, dtype=float)
    learned = _learned_modes(slope, tau * np.asarray(variance, dtype=float))[0]
    return n * np.asarray(init_deviation, dtype=float) ** 2 * learned / (2 * tau)


def zero_target_participation(
    slope: ArrayLike, folds: ArrayLike
) -> Float[np.ndarray, "*grid"]:
    r"""Participation ratio without targets, late: it grows as $\ln(T)/c$ for ever.

    $$\frac{(\ell/c+\frac12)^2}{(\ell-\ln2)/c+\frac12},\qquad\ell=\ln(2z_1)+\gamma.$$
    To order $1/\ell$ this is $\frac{\ell^2}{c(\ell-\ln2)}+\frac12$.

    Valid for: as `zero_target_total`, with errors of the same size.

    Args:
        slope: $c>0$.
        folds: $z_1\ge1$. Both broadcast.

    Raises:
        ValueError: when an argument is out of range, or $z_1<1$.

    Reference: derived here.

    Example:
        >>> float(zero_target_participation(0.5, 1e4).round(4))
        22.9434
    """
    total, squares = _learned_modes(slope, folds)
    return total**2 / squares


def _learned_modes(slope: ArrayLike, folds: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    r"""$\sum_i(1-e^{-2z_i})$ and $\sum_i(1-e^{-2z_i})^2$ late in training."""
    check_positive("slope", slope, SLOPE)
    check_not_negative("folds", folds, FOLDS)
    z = np.asarray(folds, dtype=float)
    if (z < 1).any():
        raise ValueError(
            f"Argument `folds` must be >= 1, but is {z.min():.6g}: this is the late"
            " limit, use `random_target_spectrum` before."
        )
    c, length = np.asarray(slope, dtype=float), np.log(2 * z) + np.euler_gamma
    return length / c + 0.5, (length - np.log(2)) / c + 0.5

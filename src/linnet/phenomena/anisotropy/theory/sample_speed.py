r"""How fast, and along which direction, the first phase runs on a data set.

The flow starts along $v = X^\top y/n$. At a finite number of samples $v$ is longer than
$\Sigma\beta$, and points elsewhere, so that the population's formulas overestimate the
time of the first phase. One spike is asked for by its numbers, over grids; any other
population by its moments.
"""

import numpy as np
from numpy.typing import ArrayLike

from linnet.phenomena.anisotropy.theory.conventions import signal_power
from linnet.phenomena.anisotropy.theory.plane import spike_plane
from linnet.phenomena.anisotropy.theory.refusals import (
    check_counts,
    check_noise,
    check_one_input,
    check_sample_size,
    check_scalar_output,
)
from linnet.shapes import Float
from linnet.task import Moments


def mean_squared_speed(
    n: ArrayLike,
    d: ArrayLike,
    spike_strength: ArrayLike,
    alignment: ArrayLike,
    norm: ArrayLike = 1.0,
    noise: ArrayLike = 0.0,
) -> Float[np.ndarray, "*grid"]:
    r"""Mean of $\hat s_1^2 = \lVert X^\top y/n\rVert^2$ over data sets, exactly.

    $$\mathbb E\hat s_1^2 = s_1^2\Big(1+\frac1n\Big)
      + \frac{(d+\rho)\,(b^2(1+\rho A^2)+\sigma^2)}n,\qquad
      s_1 = \lVert\Sigma\beta\rVert.$$

    Valid for: Gaussian inputs of covariance $I+\rho\mu\mu^\top$, any $n, d\ge1$.

    Args:
        n: Samples.
        d: Inputs.
        spike_strength: $\rho > -1$.
        alignment: $A$, cosine between spike and teacher.
        norm: $b = \lVert\beta\rVert$.
        noise: $\sigma$ of the labels. All broadcast.

    Raises:
        ValueError: when an argument is out of range, or a teacher of one input is not
            parallel to the spike.

    Reference: derived here.

    Example:
        >>> mean_squared_speed(n=10, d=20, spike_strength=0.0, alignment=1.0).round(12)
        np.float64(3.1)
    """
    check_counts(n, d)
    check_noise(noise)
    population = spike_plane(spike_strength, alignment, norm).drive
    check_one_input(d, alignment)
    trace = np.asarray(d, float) - 1 + (1 + np.asarray(spike_strength, float))
    power = signal_power(spike_strength, alignment, norm)
    power = power + np.square(np.asarray(noise, dtype=float))
    return _mean_square(population**2, trace * power, n)


def sample_direction_overlap(
    n: ArrayLike,
    d: ArrayLike,
    spike_strength: ArrayLike,
    alignment: ArrayLike,
    norm: ArrayLike = 1.0,
    noise: ArrayLike = 0.0,
) -> Float[np.ndarray, "*grid"]:
    r"""Cosine between $X^\top y$ and $\Sigma\beta$: $s_1/\sqrt{\mathbb E\hat s_1^2}$.

    Without a spike about $1/\sqrt{1+\gamma(1+\sigma^2/b^2)}$. Also the factor by which
    the first phase is faster on the data set than the population's formula says.

    Valid for: as `mean_squared_speed`; the ratio of root mean squares stands for the
    mean cosine up to a relative error of order $1/n$.

    Args:
        n: Samples.
        d: Inputs.
        spike_strength: $\rho > -1$.
        alignment: $A$.
        norm: $b$.
        noise: $\sigma$. All broadcast.

    Raises:
        ValueError: as `mean_squared_speed`.

    Reference: derived here.

    Example:
        >>> sample_direction_overlap(10**6, 3 * 10**6, 0.0, 1.0).round(5)
        np.float64(0.5)
    """
    squared = mean_squared_speed(n, d, spike_strength, alignment, norm, noise)
    return spike_plane(spike_strength, alignment, norm).drive / np.sqrt(squared)


def population_squared_speed(
    population: Moments, n: ArrayLike
) -> Float[np.ndarray, "*counts"]:
    r"""`mean_squared_speed` for inputs of any covariance.

    $$\mathbb E\hat s_1^2 = s_1^2\Big(1+\frac1n\Big)
      + \frac{\mathrm{tr}\Sigma\;\mathbb E y^2}n.$$

    Valid for: Gaussian inputs, label noise independent of them, one output; exact for
    every $n\ge1$.

    Args:
        population: Moments without sampling error, with the noise in `yy`.
        n: Samples; of any shape.

    Raises:
        ValueError: when there are several outputs or `n` is no whole number >= 1.

    Reference: derived here.

    Example:
        >>> population_squared_speed(spike_plane(10.0, 0.3).moments(), 4).round(2)
        np.float64(20.45)
    """
    check_scalar_output(population)
    check_sample_size(n)
    squared = np.sum(population.yx**2)
    return _mean_square(squared, np.trace(population.xx) * population.yy[0, 0], n)


def population_direction_overlap(
    population: Moments, n: ArrayLike
) -> Float[np.ndarray, "*counts"]:
    r"""`sample_direction_overlap` for inputs of any covariance.

    Valid for: as `population_squared_speed`; the ratio of root mean squares stands for
    the mean cosine up to $O(1/n)$ where many directions share the spread.

    Args:
        population: Moments without sampling error.
        n: Samples.

    Raises:
        ValueError: as `population_squared_speed`, and when `yx` and `yy` vanish.

    Reference: derived here.
    """
    squared = population_squared_speed(population, n)
    if not np.all(squared > 0):
        raise ValueError(
            "Argument `population` must have targets other than zero, but has none:"
            " there is no direction to overlap with."
        )
    return np.linalg.norm(population.yx) / np.sqrt(squared)


def _mean_square(
    squared: ArrayLike, spread: ArrayLike, n: ArrayLike
) -> Float[np.ndarray, "*grid"]:
    r"""From $s_1^2$ and $\mathrm{tr}\Sigma\,\mathbb Ey^2$."""
    samples = np.asarray(n, dtype=float)
    return np.asarray(squared) * (1 + 1 / samples) + np.asarray(spread) / samples

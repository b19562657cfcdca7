r"""How fast, and in which direction, a data set of finite size begins to learn.

The first phase on $n$ samples runs along $\hat u_1\propto X^\top y$ at the speed
$\hat s_1 = \lVert X^\top y\rVert/n$, which is larger than that of the population: noise
and the other inputs add to it in every direction. Derived here.
"""

import numpy as np
from numpy.typing import ArrayLike

from linnet.phenomena.anisotropy.theory.flow_refusals import check_scalar_output
from linnet.phenomena.anisotropy.theory.refusals import check_counts
from linnet.shapes import Float
from linnet.task import Moments


def mean_square_drive(
    population: Moments, n: ArrayLike
) -> Float[np.ndarray, "*counts"]:
    r"""Mean of $\hat s_1^2$ over data sets.

    $$\mathbb E\,\hat s_1^2 = s_1^2\Big(1+\frac1n\Big)
      + \frac{\mathrm{tr}\Sigma\;\mathbb E y^2}n,$$
    with one spike $\mathrm{tr}\Sigma = d+\rho$ and
    $\mathbb Ey^2 = b^2(1+\rho A^2)+\sigma^2$.

    Valid for: Gaussian inputs of any covariance, Gaussian label noise or any other
    independent of the inputs; one output; exact for every $n\ge1$.

    Args:
        population: Moments without sampling error, with the noise in `yy`.
        n: Samples; of any shape.

    Raises:
        ValueError: when there are several outputs or `n` is no whole number >= 1.

    Reference: derived here.

    Example:
        >>> from linnet.phenomena.anisotropy.theory import spike_plane
        >>> mean_square_drive(spike_plane(10.0, 0.3).moments(), 4).round(2)
        np.float64(20.45)
    """
    check_scalar_output(population)
    check_counts(n, 1)
    count = np.asarray(n, dtype=float)
    squared = float(np.sum(population.yx**2))
    spread = float(np.trace(population.xx)) * float(population.yy[0, 0])
    return squared * (1 + 1 / count) + spread / count


def drive_overlap(population: Moments, n: ArrayLike) -> Float[np.ndarray, "*counts"]:
    r"""Cosine between $\hat u_1$ and $u_1$, about $s_1/\sqrt{\mathbb E\hat s_1^2}$.

    Isotropic inputs give $1/\sqrt{1+\gamma(1+\sigma^2/b^2)}$ with $\gamma = d/n$, up to
    $O(1/n)$. Its inverse is the factor by which times of the population's first phase
    come out too long on $n$ samples.

    Valid for: as `mean_square_drive`; an average of a ratio by the ratio of averages,
    off by $O(1/n)$ when many directions share the spread, by $O(1/\sqrt n)$ in a single
    data set.

    Args:
        population: Moments without sampling error.
        n: Samples.

    Raises:
        ValueError: as `mean_square_drive`, and when `yx` and `yy` vanish.

    Reference: derived here.
    """
    square = mean_square_drive(population, n)
    if not np.all(square > 0):
        raise ValueError(
            "Argument `population` must have targets other than zero, but has none:"
            " there is no direction to overlap with."
        )
    return np.linalg.norm(population.yx) / np.sqrt(square)

"""Error bars of what is no mean: the jackknife over independent groups."""

from collections.abc import Callable

import numpy as np

from linnet.numerics.estimate import Estimate
from linnet.shapes import Float

Statistic = Float[np.ndarray, "..."] | float


def jackknife(
    whole: Statistic,
    without: Callable[[int], Statistic],
    groups: int,
    *,
    removes_bias: bool = True,
) -> Estimate:
    r"""A statistic of $G$ independent groups with its error: each is left out in turn.

    From $\theta$ of all and $\theta_{-g}$ of all but one group, with
    $\bar\theta = \frac1G\sum_g\theta_{-g}$,
    $$\mathrm{s.e.}^2 = \frac{G-1}G\sum_g(\theta_{-g}-\bar\theta)^2,\qquad
      \theta \to G\,\theta - (G-1)\,\bar\theta,$$
    the latter without the bias of order $1/G$. Holds one of the $\theta_{-g}$ at a
    time. Of a mean this is its standard error.

    Valid for: smooth statistics of groups that are alike; not a median or an extreme.

    Args:
        whole: $\theta$, of any shape.
        without: $\theta_{-g}$ by the index $g$ of the group, in turn from 0 on.
        groups: $G\ge2$.
        removes_bias: Whether to; else the value is $\theta$ itself.

    Raises:
        ValueError: when there is only one group.

    Reference: textbook (Quenouille 1956, Tukey 1958).

    Example:
        >>> samples = np.array([1.0, 2.0, 6.0])
        >>> found = jackknife(3.0, lambda g: np.delete(samples, g).mean(), 3)
        >>> print(round(float(found.stderr), 3), round(samples.std(ddof=1) / 3**0.5, 3))
        1.528 1.528
    """
    if not groups >= 2:
        raise ValueError(
            f"Argument `groups` must be at least 2 for an error bar, but is {groups}:"
            " ask for more."
        )
    theta = np.asarray(whole, dtype=float)
    mean, squares = np.zeros_like(theta), np.zeros_like(theta)
    for at in range(groups):
        value = np.asarray(without(at), dtype=float)
        step = value - mean
        mean = mean + step / (at + 1)
        squares = squares + step * (value - mean)
    value = groups * theta - (groups - 1) * mean if removes_bias else theta
    return Estimate(value, np.sqrt((groups - 1) / groups * squares), groups)

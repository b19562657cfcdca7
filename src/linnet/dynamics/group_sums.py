"""Covariances from the sums that groups of replicas keep, and their error bars."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

from linnet.numerics import Estimate, jackknife

Matrix = Float[np.ndarray, "p p"]
Vector = Float[np.ndarray, " p"]


def second_about(
    second: Matrix, sums: np.ndarray, count: int, point: np.ndarray | None
) -> Matrix:
    """Second moment about a point seen from the pilot; None for their own mean."""
    mean = sums / count
    if point is None:
        point = mean
    mixed = np.outer(mean, point)
    return second / count - mixed - mixed.T + np.outer(point, point)


def lagged_about(
    cross: Matrix,
    later: np.ndarray,
    earlier: np.ndarray,
    mean: np.ndarray,
    count: float,
) -> Matrix:
    """Covariance of pairs about a mean, all sums being seen from the pilot."""
    mixed = np.outer(later, mean) + np.outer(mean, earlier)
    return (cross - mixed) / count + np.outer(mean, mean)


def jackknifed(statistic: Callable[..., Matrix], *parts: np.ndarray) -> Estimate:
    """Delete one group at a time; `statistic` takes how many there are, and their sums.

    Raises:
        ValueError: when there is only one group.
    """
    groups = len(parts[0])
    if groups < 2:
        raise ValueError(
            "An error bar of second moments needs at least 2 groups of replicas, but"
            " the run kept 1: ask for more `groups`."
        )
    wholes = [part.sum(0) for part in parts]

    def without(at: int) -> Matrix:
        rest = [whole - part[at] for whole, part in zip(wholes, parts, strict=True)]
        return statistic(groups - 1, *rest)

    return jackknife(statistic(groups, *wholes), without, groups)

r"""Principal components of a sampled cloud, with error bars over trajectories.

Sorted eigenvalues of a finite ensemble are biased: their sum is right, but the largest
come out too large and the smallest too small, by a relative amount of order the number
of dimensions over that of trajectories, and most where a spectrum is flat. The bias is
estimated and returned; `axis_moments` have none.
"""

from dataclasses import dataclass

import numpy as np

from linnet.numerics import (
    Estimate,
    explained_variance,
    jackknife,
    participation_ratio,
)
from linnet.phenomena.sloppiness.measure.clouds import Cloud
from linnet.phenomena.sloppiness.measure.recordings import checked_axes
from linnet.phenomena.sloppiness.measure.slopes import spectrum_slope
from linnet.shapes import Float

ONE_GROUP = (
    "one trajectory has no error bar, because its checkpoints are correlated: record"
    " more trajectories"
)


@dataclass(frozen=True, eq=False)
class CloudSpectrum:
    r"""Principal components of a cloud.

    Attributes:
        values: Eigenvalues of the sampled cloud, falling; as they are.
        eigenvalues: The same with jackknife errors, or None.
        bias: Jackknife estimate of how much the ensemble's finite size adds to each of
            `values`; None without an error. Of order one over trajectories; subtracted
            where `cloud_spectrum` is asked to.
        participation_ratio: $(\sum v)^2/\sum v^2$, or None.
        explained: Share of the variance in the leading dimensions, or None.
        reason: Why there are no error bars.
    """

    values: Float[np.ndarray, " k"]
    eigenvalues: Estimate | None
    bias: Float[np.ndarray, " k"] | None
    participation_ratio: Estimate | None
    explained: Estimate | None
    reason: str | None


def cloud_spectrum(
    cloud: Cloud, *, centered: bool = True, removes_bias: bool = False
) -> CloudSpectrum:
    r"""Sorted eigenvalues of $M$ or $C$ of a cloud, and the dimensions they make up.

    Without a factor $J/(J-1)$: the cloud as it is. Errors by leaving out one group of
    trajectories after the other.

    Valid for: eigenvalues above rounding, $10^{-16}$ of the largest; errors of smooth
    statistics, so of eigenvalues that are further apart than their errors. Those of
    `participation_ratio` and `explained` do not ask for that.

    Args:
        cloud: From `gather_cloud`, or the sum of several.
        centered: Whether around the mean of everything: principal components.
        removes_bias: Whether all estimates are without the bias of order one over
            trajectories. They then scatter a little more, and need not fall.

    Raises:
        ValueError: when all predictions are zero, or the same where centered.

    Reference: textbook (Quenouille 1956, Tukey 1958) for the errors.
    """
    values = _eigenvalues(cloud, None, centered)
    if not values.max() > 0:
        raise ValueError(
            "Argument `cloud` must have some spread, but all of its predictions are"
            " the same: record more checkpoints or trajectories."
        )
    if len(cloud.counts) < 2:
        return CloudSpectrum(values, None, None, None, None, ONE_GROUP)
    k = len(values)

    def statistics(group: int | None) -> Float[np.ndarray, " m"]:
        found = values if group is None else _eigenvalues(cloud, group, centered)
        return np.concatenate(
            [found, explained_variance(found), [participation_ratio(found)]]
        )

    groups = len(cloud.counts)
    corrected = jackknife(statistics(None), statistics, groups)
    given = corrected.value if removes_bias else statistics(None)
    parts = [
        Estimate(given[part], corrected.stderr[part], groups)
        for part in (slice(k), -1, slice(k, 2 * k))
    ]
    bias = values - corrected.value[:k]
    return CloudSpectrum(values, parts[0], bias, parts[1], parts[2], None)


def cloud_moments(
    cloud: Cloud,
    axes: Float[np.ndarray, "k m"] | None = None,
    *,
    centered: bool = False,
) -> Estimate:
    r"""Second moments of a cloud along its own axes, or along others in their space.

    What `axis_moments` gives, from sums that were gathered in one pass over the
    trajectories; the error is less well known, by groups.

    Args:
        cloud: From `gather_cloud`, or the sum of several.
        axes: Orthonormal columns in the cloud's dimensions; None for these themselves.
        centered: Whether around the mean of everything.

    Raises:
        ValueError: when there is one trajectory only, or axes do not fit or are not
            orthonormal.

    Reference: derived here.
    """
    groups, _, k = cloud.centers.shape
    if groups < 2:
        raise ValueError(f"Argument `cloud` must hold two or more: {ONE_GROUP}.")
    columns = np.eye(k) if axes is None else checked_axes(axes)
    if len(columns) != k:
        raise ValueError(
            f"Argument `axes` must have a row for each of {k} dimensions of the cloud,"
            f" but has {len(columns)}."
        )

    def moments(group: int | None) -> Float[np.ndarray, " m"]:
        matrix = _second_moment(cloud, group, centered)
        return np.einsum("im,im->m", columns, matrix @ columns)

    return jackknife(moments(None), moments, groups)


def cloud_slope(
    cloud: Cloud,
    *,
    centered: bool = True,
    skip: int = 0,
    stop: int | None = None,
) -> Estimate:
    r"""Slope $c$ of a cloud's sorted eigenvalues, with its error over trajectories.

    See `spectrum_slope`. Raised by the finite size of the ensemble, as the largest
    eigenvalues are; the part of order one over trajectories is taken off.

    Args:
        cloud: From `gather_cloud`, or the sum of several.
        centered: Whether around the mean of everything.
        skip: Leading eigenvalues that are left out.
        stop: The last eigenvalue that counts; None for all above rounding.

    Raises:
        ValueError: when there is one trajectory only, or too few eigenvalues.

    Reference: derived here.
    """
    groups = len(cloud.counts)
    if groups < 2:
        raise ValueError(f"Argument `cloud` must hold two or more: {ONE_GROUP}.")
    values = _eigenvalues(cloud, None, centered)
    whole = spectrum_slope(values, skip=skip, stop=stop)

    def slope(group: int) -> float:
        found = _eigenvalues(cloud, group, centered)
        return spectrum_slope(found, skip=skip, stop=whole.last).slope

    return jackknife(whole.slope, slope, groups)


def _second_moment(
    cloud: Cloud, without: int | None, centered: bool
) -> Float[np.ndarray, "k k"]:
    """Of all trajectories, or of all but one group."""
    sums = [cloud.moments.sum(0), cloud.centers.sum(0), cloud.counts.sum()]
    if without is not None:
        sums[0] = sums[0] - cloud.moments[without]
        sums[1] = sums[1] - cloud.centers[without]
        sums[2] = sums[2] - cloud.counts[without]
    moment = sums[0] / sums[2]
    if not centered:
        return moment
    mean = sums[1] / sums[2]
    return moment - mean.T @ mean / len(mean)


def _eigenvalues(
    cloud: Cloud, without: int | None, centered: bool
) -> Float[np.ndarray, " k"]:
    matrix = _second_moment(cloud, without, centered)
    return np.maximum(np.linalg.eigvalsh(matrix)[::-1], 0.0)

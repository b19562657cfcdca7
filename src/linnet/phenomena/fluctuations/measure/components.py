r"""Variances of recorded weights along axes: their own principal ones, or given ones.

Principal components of few correlated records are spread out even if the truth is
round: `null_model` shows by how much. Axes that were found elsewhere (eigenvectors of
the Hessian, or components of *other* replicas) are free of that selection.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from linnet.numerics import Estimate
from linnet.phenomena.fluctuations.measure.correlation import (
    BLOCK_TIMES,
    ENOUGH_UNITS,
    chains,
    correlation_time,
    effective_samples,
    slowest,
    units,
)
from linnet.phenomena.fluctuations.measure.window import Records, projected
from linnet.shapes import Float


@dataclass(frozen=True, eq=False)
class PrincipalComponents:
    """Principal components of a window of recorded weights.

    Attributes:
        variances: Downwards. The error bar is that of the variance along the axis as
            found: what was gained by choosing the axis is not in it (`null_model`).
        axes: As rows, orthonormal; signs are arbitrary, and so is all within a cluster
            of equal variances (small `gaps`).
        center: Mean of all replicas and times.
        shares: Of the total variance.
        gaps: Of each variance to the next one, relative: 1 means nothing follows.
        effective_samples: Independent records behind each component.
        is_resolved: Whether the error bar can be trusted: chains are independent, or
            blocks span 5 correlation times of the component.
    """

    variances: Estimate
    axes: Float[np.ndarray, "m p"]
    center: Float[np.ndarray, " p"]
    shares: Float[np.ndarray, " m"]
    gaps: Float[np.ndarray, " m"]
    effective_samples: Float[np.ndarray, " m"]
    is_resolved: np.ndarray


def principal_components(
    records: Records, components: int | None = None
) -> PrincipalComponents:
    r"""Largest principal components of recorded weights, by the Gram matrix if smaller.

    Eigenvalues and eigenvectors of $\frac1{RT}\sum_{rt}\delta x\,\delta x^\top$ about
    the mean of all records; remove drift first (`about_replica_mean`, `detrended`). The
    error of an eigenvalue is the linearized jackknife over units, replicas or blocks.

    Args:
        records: `(times, p)` or `(replicas, times, p)`; of one layer: `per_layer`.
        components: How many; as many as are above rounding if not given.

    Raises:
        ValueError: when the record does not move, is too short for error bars, or has
            fewer components than asked for.
    """
    values = chains(records)
    center = values.mean((0, 1))
    flat = (values - center).reshape(-1, values.shape[2])
    total = float((flat**2).sum() / len(flat))
    sizes, axes = _leading(flat, components)
    _check_rank(sizes, components, total)
    keep = len(sizes) if components is None else components
    next_one = np.append(sizes, 0.0)[1 : keep + 1]
    sizes, axes = sizes[:keep], axes[:keep]
    series = (flat @ axes.T).reshape(*values.shape[:2], keep)
    return PrincipalComponents(
        _variances(series),
        axes,
        center,
        sizes / total,
        (sizes - next_one) / sizes,
        effective_samples(series),
        _resolved(series),
    )


def variances_along(records: Records, axes: Float[np.ndarray, "m p"]) -> Estimate:
    r"""Variance of recorded weights along each axis, about the mean of all records.

    Unbiased for axes that do not stem from these records, up to the share $\tau/(RT)$
    that goes with the mean (`finite_window_bias`). The error comes from replicas, or
    from blocks of 5 correlation times where these are fewer than 8.

    Args:
        records: `(times, p)` or `(replicas, times, p)`.
        axes: As rows of length one, orthogonal or not.

    Raises:
        ValueError: when axes do not fit, or the record is too short for error bars.
    """
    return _variances(projected(records, axes))


def unit_variances(
    records: Records, axes: Float[np.ndarray, "m p"]
) -> Float[np.ndarray, "units m"]:
    """The samples behind `variances_along`: one row for each replica or block.

    What a bootstrap draws from, as in `flatness_exponent`.
    """
    series = projected(records, axes)
    return (units(series, slowest(series)) ** 2).mean(1)


def null_model(
    variances: Float[np.ndarray, " m"],
    times: int,
    rng: np.random.Generator,
    *,
    replicas: int = 1,
    correlation_times: Float[np.ndarray, " m"] | float = 1.0,
    draws: int = 20,
) -> "NullModel":
    r"""Which principal variances a Gaussian record of known covariance would show.

    Independent modes of the given variances, each an AR(1) series with
    $\tau = \frac{1+a}{1-a}$, as many records as were measured. The answer does not
    depend on the axes. Give equal variances to learn what a round distribution looks
    like, or the measured ones to learn how far they are from themselves: the bias. The
    correlation times of `found = principal_components(...)` are the number of records
    over `found.effective_samples`.

    Args:
        variances: Of *all* m directions that fluctuate.
        times: Records of a window.
        rng: Draws the records.
        replicas: Chains.
        correlation_times: $\tau \ge 1$ in records, one or one per mode.
        draws: How many records are drawn, 2 or more.

    Raises:
        ValueError: when a variance is negative, a time is below 1, or draws are few.
    """
    sizes = np.asarray(variances, dtype=float)
    tau = np.broadcast_to(np.asarray(correlation_times, dtype=float), sizes.shape)
    if not (np.isfinite(sizes).all() and (sizes >= 0).all()):
        raise ValueError(
            f"Argument `variances` must be finite and >= 0, but is {variances}."
        )
    if not (np.isfinite(tau).all() and (tau >= 1).all()):
        raise ValueError(
            "Argument `correlation_times` must be finite and >= 1 record, but its least"
            f" entry is {tau.min()}: 1 is white noise."
        )
    found = []
    for _ in range(draws):
        series = _autoregressive((tau - 1) / (tau + 1), replicas, times, rng)
        flat = (series * np.sqrt(sizes)).reshape(-1, len(sizes))
        flat = flat - flat.mean(0)
        singular = np.linalg.svd(flat, compute_uv=False)
        found.append(np.pad(singular**2, (0, len(sizes) - len(singular))) / len(flat))
    return NullModel(Estimate.from_samples(found), np.std(found, 0, ddof=1))


@dataclass(frozen=True, eq=False)
class NullModel:
    """Principal variances of drawn Gaussian records, downwards.

    Attributes:
        spectrum: Their mean over draws, with its standard error.
        spread: Their standard deviation from one record to the next: what one measured
            spectrum may deviate by.
    """

    spectrum: Estimate
    spread: Float[np.ndarray, " m"]


def stacked(layers: Sequence[np.ndarray]) -> Float[np.ndarray, "... times p"]:
    """Records of layers `(..., times, out, in)` and biases as one flattened record.

    Rows first, first layer first. Leading axes as in `records`: times, or replicas and
    times.

    Args:
        layers: Arrays of recorded matrices, of equal leading axes; reshape biases to
            `(..., times, out, 1)`.
    """
    flat = [np.asarray(a, dtype=float).reshape(*a.shape[:-2], -1) for a in layers]
    return np.concatenate(flat, axis=-1)


def _leading(
    flat: Float[np.ndarray, "n p"], components: int | None
) -> tuple[Float[np.ndarray, " r"], Float[np.ndarray, "r p"]]:
    """Eigenvalues above rounding, downwards, one more than asked for, and axes."""
    from scipy.linalg import eigh

    n, p = flat.shape
    gram = (flat @ flat.T if n < p else flat.T @ flat) / n
    size = min(n, p)
    count = size if components is None else min(components + 1, size)
    values, vectors = eigh(gram, subset_by_index=[size - count, size - 1])
    values, vectors = values[::-1], vectors[:, ::-1]
    keep = values > 8 * size * np.finfo(float).eps * max(values[0], 0.0)
    values, vectors = values[keep], vectors[:, keep]
    axes = vectors.T @ flat if n < p else vectors.T
    # Small components of the Gram matrix are parallel to rounding only: once more.
    orthonormal, upper = np.linalg.qr(axes.T)
    return values, (orthonormal * np.sign(np.diag(upper))).T


def _check_rank(
    sizes: Float[np.ndarray, " r"], components: int | None, total: float
) -> None:
    if not total > 0 or len(sizes) == 0:
        raise ValueError("Argument `records` must move, but all records are equal.")
    if components is not None and not 1 <= components <= len(sizes):
        raise ValueError(
            "Argument `components` must lie in"
            f" [1, {len(sizes)}], the components above rounding, but is {components}."
        )


def _variances(series: Float[np.ndarray, "chains times m"]) -> Estimate:
    """Of a centered series: all records for the value, units for the error."""
    samples = (units(series, slowest(series)) ** 2).mean(1)
    stderr = Estimate.from_samples(samples).stderr
    return Estimate((series**2).mean((0, 1)), stderr, len(samples))


def _resolved(series: Float[np.ndarray, "chains times m"]) -> np.ndarray:
    if len(series) >= ENOUGH_UNITS:
        return np.ones(series.shape[-1], dtype=bool)
    memory = correlation_time(series)
    length = units(series, slowest(series)).shape[1]
    return memory.is_resolved & (length >= BLOCK_TIMES * memory.value)


def _autoregressive(
    memory: Float[np.ndarray, " m"],
    replicas: int,
    times: int,
    rng: np.random.Generator,
) -> Float[np.ndarray, "replicas times m"]:
    """Stationary AR(1) series of unit variance, from the exact start."""
    kicks = rng.normal(size=(replicas, times, len(memory)))
    kicks[:, 1:] *= np.sqrt(1 - memory**2)
    for t in range(1, times):
        kicks[:, t] += memory * kicks[:, t - 1]
    return kicks

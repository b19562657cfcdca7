"""Hotelling's test: a mean vector against its measured covariance."""

import numpy as np

from linnet.numerics import Estimate
from linnet.shapes import Float


def samples_of(label: str, observed: object) -> Float[np.ndarray, "N m"]:
    """Observed samples as an array.

    Raises:
        ValueError: when they are an Estimate, not finite, or too few.
    """
    if isinstance(observed, Estimate):
        raise ValueError(
            f"`{label}` is judged by its measured covariance, so it must be observed as"
            " samples, but is an Estimate: give the samples themselves."
        )
    samples = np.asarray(observed, dtype=float)
    if not np.isfinite(samples).all():
        raise ValueError(
            f"The samples of `{label}` must be finite, but hold NaN or infinity: drop"
            " diverged replicas first, and count them."
        )
    if samples.ndim != 2 or len(samples) < samples.shape[1] + 2:
        raise ValueError(
            f"`{label}` must be observed as (samples, entries), with at least entries +"
            f" 2 samples, but has shape {samples.shape}."
        )
    return samples


def hotelling(
    label: str, samples: Float[np.ndarray, "N m"], mean: Float[np.ndarray, " m"]
) -> float:
    """Equivalent normal |z| of the gap between the sample mean and `mean`."""
    from scipy import special, stats

    count, entries = samples.shape
    spread = samples.std(0, ddof=1)
    rounding = 4 * np.finfo(float).eps * np.abs(samples).max(0)
    # In units of their spread: T^2 does not change, and the matrix is well scaled. An
    # entry that is constant but for rounding becomes zero, and is refused.
    unit = np.where(spread > rounding, spread, np.inf)
    correlation = np.cov(samples / unit, rowvar=False).reshape(entries, entries)
    if np.linalg.eigvalsh(correlation)[0] <= entries * 1e-14:
        raise ValueError(
            f"The entries of `{label}` must not depend on each other linearly, but"
            " their covariance is singular: leave out those that follow from the"
            " others."
        )
    with np.errstate(over="ignore", invalid="ignore"):
        gap = (samples.mean(0) - mean) / unit
        squared = count * gap @ np.linalg.solve(correlation, gap)
    if not np.isfinite(squared):  # `mean` is no number, or further off than any
        return float("inf")
    ratio = squared * (count - entries) / (entries * (count - 1))
    log_p = stats.f.logsf(ratio, entries, count - entries)
    if not np.isfinite(log_p):
        log_p = _far_tail(squared / (count - 1), entries, count - entries)
    return float(abs(special.ndtri_exp(min(log_p, 0.0) - np.log(2))))


def _far_tail(share: float, entries: int, rest: int) -> float:
    """Log of the survival function where it underflows: leading term of its series."""
    from scipy import special

    a, b = rest / 2, entries / 2
    # x^a (1 - x)^b / (a B(a, b)) at x = 1 / (1 + share).
    logs = -(a + b) * np.log1p(share) + b * np.log(share)
    return float(logs - np.log(a) - special.betaln(a, b))

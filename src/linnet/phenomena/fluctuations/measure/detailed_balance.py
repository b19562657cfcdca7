r"""Does a recorded series look the same backwards? Detailed balance without a model.

A stationary series that obeys detailed balance has symmetric lag covariances,
$\mathbb E[x_{t+k}x_t^\top] = \mathbb E[x_tx_{t+k}^\top]$, whatever its dynamics. An
antisymmetric part is a current: it turns one way.
"""

from dataclasses import dataclass

import numpy as np

from linnet.numerics import Estimate
from linnet.phenomena.fluctuations.measure.correlation import (
    Series,
    unit_lag_covariances,
)
from linnet.shapes import Float


def antisymmetric_lag_covariance(series: Series, lag: int = 1) -> Estimate:
    r"""$\mathbb E[x_{t+k}x_t^\top - x_tx_{t+k}^\top]$, shape `(m, m)`, without a half.

    About the mean of all chains and times. The error comes from replicas, or from
    blocks where these are fewer than 8 (`units`).

    Args:
        series: `(times, m)` or `(replicas, times, m)`, as `projected` gives them;
            remove drift first.
        lag: $k \ge 1$, in records.

    Raises:
        ValueError: when there are fewer than 2 columns, the lag is below 1, or the
            record is too short.
    """
    return Estimate.from_samples(_currents(series, lag))


@dataclass(frozen=True, eq=False)
class DetailedBalance:
    """Test of time reversal.

    Attributes:
        current: Antisymmetric lag covariance with its error.
        z: Of each pair against zero; 0 on the diagonal.
        statistic: Mean of squared z over pairs: about 1 if detailed balance holds.
        p_value: Share of sign flips with a statistic as large.
        units: Replicas or blocks that were flipped.
    """

    current: Estimate
    z: Float[np.ndarray, "m m"]
    statistic: float
    p_value: float
    units: int


def time_reversal_test(
    series: Series, rng: np.random.Generator, *, lag: int = 1, flips: int = 999
) -> DetailedBalance:
    r"""Whether a stationary record obeys detailed balance, with a p-value.

    Played backwards, the current of a replica changes sign. If detailed balance holds,
    both directions are equally likely for each replica, so the signs of all currents
    may be flipped at random: that is the distribution of the statistic, exact for
    independent replicas with any correlation between pairs, and good for blocks of many
    correlation times. The smallest p-value is `1 / (flips + 1)`. A record that is not
    stationary (drift, warm-up) breaks time reversal too.

    Args:
        series: `(times, m)` or `(replicas, times, m)`, 2 columns or more.
        rng: Draws the flips.
        lag: In records; a current shows best at about the time in which modes relax.
        flips: How many, 99 or more.

    Raises:
        ValueError: when there are fewer than 2 columns, the record is too short, or
            flips are few.
    """
    if flips < 99:
        raise ValueError(f"Argument `flips` must be >= 99, but is {flips}.")
    samples = _currents(series, lag)
    current = Estimate.from_samples(samples)
    count, m, _ = samples.shape
    pairs = samples[(slice(None), *np.triu_indices(m, 1))]
    # Columns without any current stay: they count as 0 under every flip.
    scale = np.sqrt((pairs**2).mean(0))
    flat = pairs / np.where(scale > 0, scale, 1.0)
    signs = rng.choice([-1.0, 1.0], size=(flips, count))
    statistics = ((signs @ flat) ** 2).mean(1) / count
    seen = float((flat.sum(0) ** 2).mean() / count)
    # Flips that change nothing give the same number up to rounding: count them.
    beyond = int((statistics >= seen * (1 - 1e-12)).sum())
    p_value = (1 + beyond) / (1 + flips)
    return DetailedBalance(current, current.z(0.0), seen, p_value, count)


def _currents(series: Series, lag: int) -> Float[np.ndarray, "units m m"]:
    if np.shape(series)[-1] < 2:
        raise ValueError(
            "Argument `series` must have 2 columns or more to turn in, but has"
            f" {np.shape(series)[-1]}."
        )
    if lag < 1:
        raise ValueError(f"Argument `lag` must be >= 1, but is {lag}.")
    forward = unit_lag_covariances(series, lag)
    return forward - forward.transpose(0, 2, 1)

"""How a recorded series remembers: autocorrelation, correlation time, units of error.

Series are `(times, m)` or `(chains, times, m)`. Everything is about the mean over all
chains and times: where chains sit at different places, remove the mean of each first
(`detrended` of degree 0).
"""

from dataclasses import dataclass

import numpy as np

from linnet.numerics import Estimate
from linnet.shapes import Float

Series = Float[np.ndarray, "... times m"]
Chains = Float[np.ndarray, "chains times m"]

ENOUGH_UNITS = 8  # fewer give an error bar that is itself hardly known
BLOCK_TIMES = 5  # length of a block in correlation times
WINDOW_TIMES = 5  # lag at which Sokal's sum stops, in correlation times
RESOLVED_TIMES = 50  # records needed to know a correlation time, in such times


def chains(series: Series, name: str = "records") -> Chains:
    """Series in float64 as `(chains, times, m)`, one chain or several.

    Raises:
        ValueError: when the shape is neither, times are fewer than 2, or an entry is
            not finite.
    """
    array = np.asarray(series, dtype=float)
    if array.ndim not in (2, 3) or 0 in array.shape or array.shape[-2] < 2:
        raise ValueError(
            f"Argument `{name}` must have shape (times, p) or (replicas, times, p) with"
            f" 2 times or more, but has {array.shape}: flatten the weights of each"
            " record to one row."
        )
    if not np.isfinite(array).all():
        raise ValueError(
            f"Argument `{name}` must be finite, but an entry is NaN or infinite: drop"
            " diverged replicas first, and count them."
        )
    return array.reshape(-1, *array.shape[-2:])


def autocovariance(series: Series, lags: int) -> Float[np.ndarray, "chains lags1 m"]:
    r"""Of each chain, $c_k = \frac1{T-k}\sum_t x_{t+k}x_t$ for $k = 0..$`lags`, by FFT.

    About the mean of all chains and times. No error bar of its own: see
    `autocorrelation`.

    Args:
        series: `(times, m)` or `(chains, times, m)`.
        lags: Largest $k$, below the number $T$ of times.

    Raises:
        ValueError: when `lags` is not in [0, T - 1], or the series is no series.
    """
    values = chains(series, "series")
    values = values - values.mean((0, 1))
    times = values.shape[1]
    _check_lags(lags, times)
    return _about_zero(values, lags)


@dataclass(frozen=True, eq=False)
class CorrelationTime:
    r"""Integrated correlation times, in records.

    Attributes:
        value: $\tau = \sum_{k=-\infty}^\infty\rho_k$ of each column: 1 for white
            noise, below 1 for anticorrelated records.
        stderr: Its standard error (Madras and Sokal 1988).
        effective_samples: All records over $\max(\tau, 1)$.
        is_resolved: Whether 50 correlation times were recorded. Where not, $\tau$ is a
            lower bound and the error bar means little.
    """

    value: Float[np.ndarray, " m"]
    stderr: Float[np.ndarray, " m"]
    effective_samples: Float[np.ndarray, " m"]
    is_resolved: np.ndarray


def correlation_time(series: Series) -> CorrelationTime:
    r"""Integrated correlation time of each column, summed up to Sokal's window.

    $\tau(K) = 1 + 2\sum_{k\le K}\rho_k$ at the first lag $K \ge 5\,\tau(K)$, within
    half of a chain. Where there is no such lag, its largest partial sum stands in and
    `is_resolved` is false; a column that never moves counts as one sample a chain.
    Noise that is anticorrelated over many lags (reshuffled epochs) is cut early: its
    $\tau$ is then too large, on the safe side.

    Args:
        series: `(times, m)` or `(chains, times, m)`.

    Raises:
        ValueError: when the series is no finite series.

    Reference: Sokal 1997 (window); Madras and Sokal 1988 (its error).
    """
    values = chains(series, "series")
    count, times, _ = values.shape
    covariance = autocovariance(values, times // 2).mean(0)
    moves = covariance[0] > 0
    rho = covariance / np.where(moves, covariance[0], 1.0)
    sums = 2 * np.cumsum(rho, 0) - 1
    lag = np.arange(len(sums))[:, None]
    ends = lag >= np.maximum(WINDOW_TIMES * sums, 1)
    found = ends.any(0) & moves
    stop = np.where(found, ends.argmax(0), len(sums) - 1)
    tau = np.where(found, sums[stop, np.arange(len(stop))], sums.max(0))
    tau = np.where(moves, tau, float(times))
    stderr = np.abs(tau) * np.sqrt(2 * (2 * stop + 1) / (count * times))
    samples = count * times / np.maximum(tau, 1.0)
    return CorrelationTime(tau, stderr, samples, found & (samples >= RESOLVED_TIMES))


def effective_samples(series: Series) -> Float[np.ndarray, " m"]:
    r"""Number of independent records that each column is worth, $RT/\max(\tau, 1)$.

    See `correlation_time`, which also says whether $\tau$ is resolved.
    """
    return correlation_time(series).effective_samples


def units(
    series: Series, correlation_times: float, shortest: int = 2
) -> Float[np.ndarray, "units length m"]:
    """Pieces of a record that count as independent: chains, or blocks of them.

    Chains where there are 8 or more. Otherwise blocks of 5 correlation times, or of
    what leaves 8 of them: then an error bar is too small for columns whose correlation
    time is above a fifth of the block.

    Args:
        series: `(times, m)` or `(chains, times, m)`.
        correlation_times: In records, of the slowest column that matters.
        shortest: Length below which a block is of no use.

    Raises:
        ValueError: when 8 units of at least `shortest` times do not fit.
    """
    values = chains(series, "series")
    count, times, m = values.shape
    if count >= ENOUGH_UNITS:
        return values
    wanted = max(int(np.ceil(BLOCK_TIMES * correlation_times)), shortest)
    pieces = max(times // wanted, -(-ENOUGH_UNITS // count))
    length = times // pieces
    if length < shortest:
        raise ValueError(
            f"Argument `series` must hold {ENOUGH_UNITS} chains, or blocks of"
            f" {shortest} times, for an error bar, but holds {count} of {times} times:"
            " record longer, or more replicas."
        )
    return values[:, times - pieces * length :].reshape(-1, length, m)


def slowest(series: Series) -> float:
    """Largest correlation time of all columns that are resolved, at least 1."""
    found = correlation_time(series)
    return float(found.value[found.is_resolved].max(initial=1.0))


def autocorrelation(series: Series, lags: int) -> Estimate:
    r"""$\rho_k = c_k/c_0$ of each column, shape `(lags + 1, m)`, with error bars.

    Ratio of means over independent units (see `units`), its error by linearization.
    About the mean of the record, which lowers every $\rho_k$ by about $\tau/T$ for a
    single chain of $T$ records.

    Args:
        series: `(times, m)` or `(chains, times, m)`.
        lags: Largest $k$.

    Raises:
        ValueError: when a column never moves, or the record is too short.
    """
    values = chains(series, "series")
    values = values - values.mean((0, 1))
    _check_lags(lags, values.shape[1])
    if (constant := np.flatnonzero(~values.any((0, 1)))).size:
        raise ValueError(
            f"Argument `series` must move, but column {constant[0]} is constant: drop"
            " it."
        )
    parts = units(values, slowest(values), lags + 2)
    covariance = _about_zero(parts, lags)
    return ratio(covariance, covariance[:, :1])


def ratio(
    above: Float[np.ndarray, "units ..."], below: Float[np.ndarray, "units ..."]
) -> Estimate:
    r"""Ratio of two means over units, $\bar a/\bar b$, and its linearized error.

    Standard error of $(a_u - \frac{\bar a}{\bar b}b_u)/\bar b$, for many units.
    """
    value = above.mean(0) / below.mean(0)
    error = Estimate.from_samples((above - value * below) / below.mean(0)).stderr
    return Estimate(value, error, len(above))


def lag_covariance(series: Series, lag: int) -> Estimate:
    r"""$\mathbb E[x_{t+k}x_t^\top]$, shape `(m, m)`, units as independent samples.

    Args:
        series: `(times, m)` or `(chains, times, m)`.
        lag: $k \ge 0$.

    Raises:
        ValueError: when the record is too short for the lag.
    """
    return Estimate.from_samples(unit_lag_covariances(series, lag))


def unit_lag_covariances(series: Series, lag: int) -> Float[np.ndarray, "units m m"]:
    """The samples behind `lag_covariance`: one matrix of each unit."""
    values = chains(series, "series")
    values = values - values.mean((0, 1))
    _check_lags(lag, values.shape[1])
    parts = units(values, slowest(values), lag + 2)
    later, earlier = parts[:, lag:], parts[:, : parts.shape[1] - lag]
    return later.transpose(0, 2, 1) @ earlier / earlier.shape[1]


def _about_zero(
    values: Float[np.ndarray, "units length m"], lags: int
) -> Float[np.ndarray, "units lags1 m"]:
    """Autocovariance about zero, of each unit."""
    times = values.shape[1]
    size = 1 << (times + lags).bit_length()  # no wrap-around
    spectrum = np.fft.rfft(values, size, axis=1)
    full = np.fft.irfft(np.abs(spectrum) ** 2, size, axis=1)
    return full[:, : lags + 1] / (times - np.arange(lags + 1))[:, None]


def _check_lags(lags: int, times: int) -> None:
    if int(lags) != lags or not 0 <= lags < times:
        raise ValueError(
            f"Argument `lags` must be a whole number in [0, {times - 1}], below the"
            f" number of times, but is {lags!r}."
        )

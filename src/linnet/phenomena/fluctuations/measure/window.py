r"""Recorded weights: what drifts is removed, what a short window hides is told.

Records are `(times, p)` or `(replicas, times, p)`, weights flattened. A trend inflates
the variance along it, often by orders of magnitude (gauge drift of a deep net); three
ways remove it. Deviations from the mean of replicas that started from one checkpoint
are the best of them: no fluctuation is lost, however slow.
"""

import itertools
from collections.abc import Sequence

import numpy as np

from linnet.phenomena.fluctuations.measure.correlation import chains
from linnet.shapes import Float

Records = Float[np.ndarray, "... times p"]


def per_layer(
    records: Records, shapes: Sequence[tuple[int, ...]]
) -> tuple[Records, ...]:
    """Records of each layer, cut from flattened weights, first layer first.

    Args:
        records: `(..., times, p)`.
        shapes: Of the layers, biases too, in the order in which they were flattened.

    Raises:
        ValueError: when the shapes do not add up to p.
    """
    sizes = [int(np.prod(shape)) for shape in shapes]
    if sum(sizes) != np.shape(records)[-1]:
        raise ValueError(
            f"Argument `shapes` must add up to the {np.shape(records)[-1]} weights of a"
            f" record, but adds up to {sum(sizes)}."
        )
    ends = np.cumsum([0, *sizes])
    array = np.asarray(records)
    return tuple(array[..., a:b] for a, b in itertools.pairwise(ends))


def projected(
    records: Records, axes: Float[np.ndarray, "m p"]
) -> Float[np.ndarray, "chains times m"]:
    """Coordinates along given axes, about the mean of all replicas and times.

    Args:
        records: `(times, p)` or `(replicas, times, p)`.
        axes: As rows, of length one; they need not be orthogonal.

    Raises:
        ValueError: when axes do not fit or are not of length one.
    """
    values = chains(records)
    axes = unit_axes(axes, values.shape[-1])
    return (values - values.mean((0, 1))) @ axes.T


def unit_axes(axes: Float[np.ndarray, "m p"], p: int) -> Float[np.ndarray, "m p"]:
    """Axes as float64 rows; refused when they are not p long or not of length one."""
    rows = np.asarray(axes, dtype=float)
    if rows.ndim != 2 or rows.shape[1] != p or len(rows) == 0:
        raise ValueError(
            f"Argument `axes` must have shape (m, {p}), one row an axis, but has"
            f" {rows.shape}."
        )
    lengths = np.linalg.norm(rows, axis=1)
    if not (np.abs(lengths - 1) < 1e-5).all():
        worst = lengths[np.argmax(np.abs(lengths - 1))]
        raise ValueError(
            f"Argument `axes` must hold rows of length one, but one has {worst:.3g}:"
            " divide each by its norm."
        )
    return rows


def detrended(records: Records, degree: int = 1) -> Float[np.ndarray, "chains times p"]:
    """Residual of a polynomial in time, fitted to each weight of each replica.

    Degree 0 removes the mean of each replica, 1 a straight drift. Fluctuations slower
    than the window go with it: `finite_window_bias` says how much.

    Args:
        records: `(times, p)` or `(replicas, times, p)`.
        degree: Of the polynomial, below the number of times less one.

    Raises:
        ValueError: when the degree is negative or too high for the times.
    """
    values = chains(records)
    trend = _trend(values.shape[1], degree)
    return values - trend @ (trend.T @ values)


def differences(records: Records, stride: int) -> Float[np.ndarray, "chains fewer p"]:
    r"""$(x_{t+m} - x_t)/\sqrt2$: free of any slow drift, to the first order.

    Of variance $\mathrm{Var}\,x\,(1 - \rho_m)$, which is that of the record when the
    stride $m$ spans many correlation times. A drift of speed $v$ leaves a mean
    $vm/\sqrt2$, which every function here removes.

    Args:
        records: `(times, p)` or `(replicas, times, p)`.
        stride: $m$, in records.

    Raises:
        ValueError: when the stride leaves fewer than 2 differences.
    """
    values = chains(records)
    times = values.shape[1]
    if int(stride) != stride or not 1 <= stride <= times - 2:
        raise ValueError(
            f"Argument `stride` must be a whole number in [1, {times - 2}] for {times}"
            f" records, but is {stride!r}."
        )
    return (values[:, stride:] - values[:, :-stride]) / np.sqrt(2)


def about_replica_mean(
    records: Float[np.ndarray, "replicas times p"],
) -> Float[np.ndarray, "replicas times p"]:
    r"""$\sqrt{R/(R-1)}\,(x_r(t) - \frac1R\sum_sx_s(t))$: the drift they share is gone.

    For $R$ replicas trained from *one* checkpoint with independent batches. The factor
    makes the variance unbiased at every time, whatever the window. Replicas are
    independent up to correlations $-1/(R-1)$, so that error bars are too small by a
    share of about $1/(2R)$, and p-values somewhat too small: with 8 replicas 14 % were
    below 0.1 where 10 % should be. Differences of pairs of replicas over $\sqrt2$,
    `(x[::2] - x[1::2]) / 2**0.5`, are exactly independent, and half as many.

    Args:
        records: `(replicas, times, p)`, 3 replicas or more; the more, the better.

    Raises:
        ValueError: when there are fewer than 3 replicas.
    """
    values = chains(records)
    count = len(values)
    if count < 3:
        raise ValueError(
            "Argument `records` must hold 3 replicas or more from one checkpoint, but"
            f" holds {count}: train more, or use `detrended`."
        )
    return (values - values.mean(0)) * np.sqrt(count / (count - 1))


def cosine_content(
    series: Float[np.ndarray, "... times m"],
) -> Float[np.ndarray, " m"]:
    r"""How much column $i$ of principal coordinates is a cosine of $i$ half periods.

    $\frac{2}{T}\big(\sum_t\cos\frac{\pi i(t-1/2)}T\,x_{ti}\big)^2/\sum_tx_{ti}^2$,
    $i = 1, 2, ...$, mean over chains: near 1 where the component is a random walk or a
    drift that only looks like a direction of large variance, near 0 for a stationary
    record that is long. A description: no error bar.

    Args:
        series: Coordinates along principal axes, in their order (`projected`).

    Raises:
        ValueError: when a column does not move.

    Reference: Hess 2000 (cosines as components of a random walk; the index).
    """
    values = chains(series, "series")
    values = values - values.mean(1, keepdims=True)
    _, times, m = values.shape
    phase = np.pi * (np.arange(times) + 0.5) / times
    waves = np.cos(phase[:, None] * np.arange(1, m + 1))
    size = (values**2).sum(1)
    if (still := np.flatnonzero((size == 0).any(0))).size:
        raise ValueError(
            f"Argument `series` must move, but column {still[0]} is constant: drop it."
        )
    return (2 / times * (waves * values).sum(1) ** 2 / size).mean(0)


def finite_window_bias(
    autocorrelation: Float[np.ndarray, " lags"], length: int, degree: int = 0
) -> float:
    r"""Share of the true variance that is seen about the trend of one window.

    $\mathrm{Var}_T/\mathrm{Var} = 1 - \frac1T\sum_jq_j^\top\mathrm Rq_j$ with $q_j$ the
    orthonormal polynomials up to the degree and $\mathrm R_{tt'} = \rho_{|t-t'|}$. For
    degree 0, the mean: $1 - \frac1T\left(1 + 2\sum_k(1 - k/T)\rho_k\right)$. Exact for
    stationary records; no error bar beyond that of $\rho$. An autocorrelation that was
    measured in the same short window is itself too small.

    Args:
        autocorrelation: $\rho_0 = 1, \rho_1, ...$; zero beyond what is given.
        length: $T$, records of the window.
        degree: Of the polynomial that is removed.

    Raises:
        ValueError: when the autocorrelation does not start at 1, or the degree does
            not fit.
    """
    rho = np.asarray(autocorrelation, dtype=float)
    if rho.ndim != 1 or len(rho) == 0 or not abs(rho[0] - 1) < 1e-6:
        raise ValueError(
            "Argument `autocorrelation` must start with 1 at lag 0, but is"
            f" {rho.ravel()[:1]} of shape {rho.shape}: divide by the variance."
        )
    trend = _trend(length, degree)
    lags = np.zeros(length)
    lags[: len(rho)] = rho[:length]
    lost = 0.0
    for column in trend.T:
        products = np.correlate(column, column, "full")[length - 1 :]
        lost += products[0] + 2 * products[1:] @ lags[1:]
    return float(1 - lost / length)


def _trend(times: int, degree: int) -> Float[np.ndarray, "times terms"]:
    """Orthonormal polynomials up to a degree."""
    if int(degree) != degree or not 0 <= degree <= times - 2:
        raise ValueError(
            f"Argument `degree` must be a whole number in [0, {times - 2}] for {times}"
            f" records, but is {degree!r}."
        )
    legendre = np.polynomial.legendre.legvander(np.linspace(-1, 1, times), degree)
    return np.linalg.qr(legendre)[0]

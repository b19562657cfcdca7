"""Risk of end-to-end maps and of predictions; bands, best times and differences."""

from dataclasses import dataclass

import numpy as np

from linnet.numerics import Estimate, jackknife
from linnet.shapes import Float


def excess_risk(
    maps: Float[np.ndarray, "... k d"],
    teacher: Float[np.ndarray, "k d"],
    covariance: Float[np.ndarray, "d d"] | None = None,
    *,
    half: bool = False,
    noise_floor: float = 0.0,
) -> Float[np.ndarray, "..."]:
    r"""$\mathrm{tr}\,(W-\beta)\Sigma(W-\beta)^\top$ of maps against a known teacher.

    Exact: no error bar.

    Args:
        maps: End-to-end maps; leading axes, such as data sets and times, are kept.
        teacher: $\beta$.
        covariance: $\Sigma$ of the inputs; None for white ones of variance one.
        half: Whether the factor ½ of the loss is meant.
        noise_floor: Added to the sum over outputs: $k\sigma^2$ makes a test error.

    Raises:
        ValueError: when shapes do not fit, an entry is not finite, or the floor is
            negative.
    """
    maps, goal = np.asarray(maps, dtype=float), np.asarray(teacher, dtype=float)
    if goal.ndim != 2 or maps.shape[-2:] != goal.shape:
        raise ValueError(
            "Arguments `maps` and `teacher` must be (..., k, d) and (k, d), but have"
            f" shapes {maps.shape} and {goal.shape}."
        )
    d = goal.shape[1]
    sigma = np.eye(d) if covariance is None else np.asarray(covariance, dtype=float)
    if sigma.shape != (d, d):
        raise ValueError(
            f"Argument `covariance` must have shape ({d}, {d}), but has {sigma.shape}."
        )
    if not all(np.isfinite(a).all() for a in (maps, goal, sigma)):
        raise ValueError("Arguments must be finite, but an entry is NaN or infinite.")
    if not 0 <= noise_floor < np.inf:
        raise ValueError(
            f"Argument `noise_floor` must be finite and >= 0, but is {noise_floor}."
        )
    gap = maps - goal
    pull = gap if covariance is None else gap @ sigma
    total = (pull * gap).sum((-2, -1)) + noise_floor
    return total / 2 if half else total


def held_out_error(
    predictions: Float[np.ndarray, "... n k"], targets: Float[np.ndarray, "n k"]
) -> Estimate:
    r"""Mean of $\lvert y - f(x)\rvert^2$ over samples that were not trained on.

    Without the ½ of the loss, and with the noise of the targets. The error is that of
    the test sample, for the weights as they are; over data sets, see `curve_band`. The
    same samples stand behind all leading axes: differences are known better, see
    `paired_difference`.

    Args:
        predictions: At the held-out inputs; leading axes, such as times, are kept.
        targets: There.

    Raises:
        ValueError: when shapes do not fit, fewer than two samples are given, or an
            entry is not finite.
    """
    f, y = np.asarray(predictions, dtype=float), np.asarray(targets, dtype=float)
    if y.ndim != 2 or f.shape[-2:] != y.shape:
        raise ValueError(
            "Arguments `predictions` and `targets` must be (..., n, k) and (n, k), but"
            f" have shapes {f.shape} and {y.shape}."
        )
    return Estimate.from_samples(np.moveaxis(((f - y) ** 2).sum(-1), -1, 0))


@dataclass(frozen=True, eq=False)
class CurveBand:
    """A curve over data sets.

    Attributes:
        mean: With its standard error over data sets.
        lower: Lower quantile over data sets, at each time.
        median: At each time.
        upper: Upper quantile.
    """

    mean: Estimate
    lower: Float[np.ndarray, " times"]
    median: Float[np.ndarray, " times"]
    upper: Float[np.ndarray, " times"]


def curve_band(
    curves: Float[np.ndarray, "sets times"], coverage: float = 0.8
) -> CurveBand:
    """Mean, standard error and quantiles of a curve over data sets or splits.

    Points of one curve belong together: a data set that is unlucky is so at all times.

    Args:
        curves: One row for each data set.
        coverage: Share of data sets between the two quantiles, in (0, 1).

    Raises:
        ValueError: when there are fewer than two data sets, an entry is not finite, or
            `coverage` is out of range.
    """
    rows = _checked_curves(curves)
    if not 0 < coverage < 1:
        raise ValueError(f"Argument `coverage` must lie in (0, 1), but is {coverage}.")
    tail = (1 - coverage) / 2
    lower, median, upper = np.quantile(rows, [tail, 0.5, 1 - tail], axis=0)
    return CurveBand(Estimate.from_samples(rows), lower, median, upper)


@dataclass(frozen=True, eq=False)
class BestStop:
    """When it is best to stop, and what is then reached.

    Attributes:
        times: Of each data set's own curve; infinite where a curve still falls at its
            end, the first time where it only rises.
        time: Of the mean curve, with a jackknife error over data sets, or None.
        value: The mean curve there, or None.
        reason: Why there are none.
    """

    times: Float[np.ndarray, " sets"]
    time: Estimate | None
    value: Estimate | None
    reason: str | None


def best_stop(
    times: Float[np.ndarray, " times"], curves: Float[np.ndarray, "sets times"]
) -> BestStop:
    """Minimum of each curve and of their mean, by a parabola between saved times.

    Args:
        times: Increasing.
        curves: Risk of each data set at these times.

    Raises:
        ValueError: when shapes do not fit, there are fewer than two data sets or three
            times, times do not increase, or an entry is not finite.
    """
    rows, times = _checked_curves(curves), np.asarray(times, dtype=float)
    if times.shape != rows.shape[1:] or len(times) < 3:
        raise ValueError(
            "Arguments `times` and `curves` must be (times,), three or more, and (sets,"
            f" times), but have shapes {times.shape} and {rows.shape}."
        )
    if not (np.isfinite(times).all() and (np.diff(times) > 0).all()):
        raise ValueError("Argument `times` must be finite and increase, but does not.")
    own = np.array([_minimum(times, row)[0] for row in rows])
    whole = np.array(_minimum(times, rows.mean(0)))
    sets = len(rows)
    rest = (rows.sum(0) - rows) / (sets - 1)
    parts = np.array([_minimum(times, row) for row in rest])
    if not np.isfinite(np.r_[whole[0], parts[:, 0]]).all():
        reason = "the mean curve, or one without a data set, still falls at its end"
        return BestStop(own, None, None, reason)
    both = jackknife(whole, parts.__getitem__, sets, removes_bias=False)
    time, value = (Estimate(whole[i], both.stderr[i], sets) for i in (0, 1))
    return BestStop(own, time, value, None)


def paired_difference(
    first: Float[np.ndarray, "sets ..."], second: Float[np.ndarray, "sets ..."]
) -> Estimate:
    """First less second over the same data sets, with the error of the difference.

    What a data set does to both drops out: far more precise than two bars side by side.

    Args:
        first: One entry, or curve, for each data set.
        second: The same data sets in the same order.

    Raises:
        ValueError: when shapes differ, there are fewer than two data sets, or an entry
            is not finite.
    """
    one, other = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    if one.shape != other.shape or one.ndim < 1:
        raise ValueError(
            "Arguments must be two readings of the same data sets, but have shapes"
            f" {one.shape} and {other.shape}."
        )
    return Estimate.from_samples(one - other)


def _minimum(
    times: Float[np.ndarray, " times"], curve: Float[np.ndarray, " times"]
) -> tuple[float, float]:
    """Place and height of the parabola through the lowest point and its neighbors."""
    at = int(np.argmin(curve))
    if at == 0:
        return float(times[0]), float(curve[0])
    if at == len(times) - 1:
        return np.inf, float(curve[-1])
    left, right = times[at - 1] - times[at], times[at + 1] - times[at]
    down, up = curve[at - 1] - curve[at], curve[at + 1] - curve[at]
    bend = (up / right - down / left) / (right - left)
    if bend <= 0:  # both neighbors are as low
        return float(times[at]), float(curve[at])
    slope = down / left - bend * left
    step = -slope / (2 * bend)
    return float(times[at] + step), float(curve[at] + slope * step / 2)


def _checked_curves(
    curves: Float[np.ndarray, "sets times"],
) -> Float[np.ndarray, "sets times"]:
    rows = np.asarray(curves, dtype=float)
    if rows.ndim != 2 or len(rows) < 2 or not np.isfinite(rows).all():
        raise ValueError(
            "Argument `curves` must be finite, (sets, times), of two data sets or more,"
            f" but has shape {rows.shape} or an entry that is not finite: drop diverged"
            " runs first, and count them."
        )
    return rows

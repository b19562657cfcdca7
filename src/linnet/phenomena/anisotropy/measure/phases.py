"""Phases of training, read off recorded curves: when, at what loss, how far apart."""

from dataclasses import dataclass

import numpy as np

from linnet.numerics import Estimate, crossing
from linnet.numerics.level_crossing import checked_curve
from linnet.shapes import Float


@dataclass(frozen=True, eq=False)
class PhaseTime:
    """When replicas pass a level.

    Attributes:
        times: First crossing of each replica; infinite where it was never seen.
        sampling: What the spacing of saved times leaves open, of each: how far the time
            moves when a saved time beside it is left out.
        median: Over replicas; right with crossings that were not seen, and infinite if
            these are half of all or more.
        estimate: Mean and standard error over replicas, or None.
        reason: Why there is no estimate.
    """

    times: Float[np.ndarray, " replicas"]
    sampling: Float[np.ndarray, " replicas"]
    median: float
    estimate: Estimate | None
    reason: str | None


def phase_time(
    times: Float[np.ndarray, " times"],
    curves: Float[np.ndarray, "*replicas times"],
    level: Float[np.ndarray, " replicas"] | float | None = None,
    fraction: float = 0.5,
) -> PhaseTime:
    """When a coordinate first reaches a fraction of its plateau or of its end.

    Interpolated between saved times. Curves that grow negative are turned around with
    their level.

    Args:
        times: Increasing.
        curves: A coordinate at these times, of one run or of replicas as rows.
        level: What is to be reached a `fraction` of: the height of a plateau, one for
            all or one for each; None takes each curve's last value.
        fraction: In (0, 1).

    Raises:
        ValueError: when shapes do not fit, an entry is not finite, times do not
            increase, a level is zero, or a curve starts beyond what is asked for.
    """
    rows = _checked_rows(times, curves, 2)
    goals = rows[:, -1] if level is None else np.asarray(level, dtype=float)
    goals = np.broadcast_to(goals, (len(rows),))
    if not (np.isfinite(goals).all() and goals.all()):
        raise ValueError(
            "Argument `level` must be finite and not zero, but is"
            f" {goals[~np.isfinite(goals) | (goals == 0)][0]}: a mode that learns"
            " nothing has no time."
        )
    if not 0 < fraction < 1:
        raise ValueError(f"Argument `fraction` must lie in (0, 1), but is {fraction}.")
    found = [
        crossing(times, np.sign(goal) * row, fraction * abs(goal))
        for row, goal in zip(rows, goals, strict=True)
    ]
    when = np.array([one.time for one in found])
    error = np.array([one.error for one in found])
    return PhaseTime(when, error, float(np.median(when)), *_over_replicas(when))


def phase_delay(earlier: PhaseTime, later: PhaseTime) -> PhaseTime:
    """Time between two phases, replica by replica.

    Differences of the same runs: what shifts both phases drops out of the error.

    Raises:
        ValueError: when the two do not have equally many replicas, or the earlier phase
            was not seen in one of them.
    """
    if earlier.times.shape != later.times.shape:
        raise ValueError(
            "Arguments must be two phases of the same replicas, but hold"
            f" {len(earlier.times)} and {len(later.times)}."
        )
    if not np.isfinite(earlier.times).all():
        raise ValueError(
            "Argument `earlier` must have been reached by every replica, but"
            f" {(~np.isfinite(earlier.times)).sum()} of {len(earlier.times)} never did:"
            " drop these, or train for longer."
        )
    gap = later.times - earlier.times
    sampling = np.hypot(earlier.sampling, later.sampling)
    return PhaseTime(gap, sampling, float(np.median(gap)), *_over_replicas(gap))


@dataclass(frozen=True, eq=False)
class LossPlateau:
    """Where a falling loss rests after its first fall.

    Attributes:
        ratios: Loss there over the loss at the start, of each replica that rests.
        times: When, of the same replicas.
        missing: Replicas whose loss never rests.
        estimate: Mean and standard error of the ratio, or None.
        reason: Why there is no estimate.
    """

    ratios: Float[np.ndarray, " seen"]
    times: Float[np.ndarray, " seen"]
    missing: int
    estimate: Estimate | None
    reason: str | None


def loss_plateau(
    times: Float[np.ndarray, " times"], losses: Float[np.ndarray, "*replicas times"]
) -> LossPlateau:
    r"""Loss at the slowest stretch between two falls, over the loss at the start.

    The first local minimum of $-d\ln L/dt$ behind its first local maximum. Where the
    corner between both phases is round, the second has begun there, and the loss lies
    below the least one that the first phase alone could reach: compare with the same
    reading of a predicted curve. `loss_at` reads it at a time of one's own.

    Valid for: smooth curves, such as those of full-batch training; average first what
    is noisy.

    Args:
        times: Increasing, close enough to resolve the falls.
        losses: Positive, above the loss that is reached in the end, of one run or of
            replicas as rows.

    Raises:
        ValueError: when shapes do not fit, times do not increase, fewer than five are
            given, or a loss is not positive and finite.
    """
    rows = _checked_rows(times, losses, 5)
    if not (rows > 0).all():
        raise ValueError(
            "Argument `losses` must be positive, but the least is"
            f" {rows.min():.3g}: leave out what has fallen to zero."
        )
    found = [_slowest(times, row) for row in rows]
    seen = [one for one in found if one is not None]
    missing = len(found) - len(seen)
    ratios = np.array([level for _, level in seen])
    when = np.array([time for time, _ in seen])
    if missing:
        reason = f"{missing} of {len(rows)} losses fall without a rest between"
        return LossPlateau(ratios, when, missing, None, reason)
    return LossPlateau(ratios, when, 0, *_over_replicas(ratios))


def loss_at(
    times: Float[np.ndarray, " times"],
    losses: Float[np.ndarray, "*replicas times"],
    when: PhaseTime,
) -> LossPlateau:
    """Loss at given times, such as when a coordinate reached its plateau, over start.

    Interpolated by a monotone cubic of the logarithm.

    Raises:
        ValueError: as `loss_plateau`, and when `when` does not hold one time for each
            replica.
    """
    from scipy.interpolate import PchipInterpolator

    rows = _checked_rows(times, losses, 2)
    if not (rows > 0).all():
        raise ValueError(
            f"Argument `losses` must be positive, but the least is {rows.min():.3g}."
        )
    if when.times.shape != (len(rows),):
        raise ValueError(
            f"Argument `when` must hold one time for each of {len(rows)} replicas, but"
            f" holds {len(when.times)}."
        )
    seen = np.isfinite(when.times)
    ratios = np.array(
        [
            np.exp(PchipInterpolator(times, np.log(row))(time)) / row[0]
            for row, time in zip(rows[seen], when.times[seen], strict=True)
        ]
    )
    missing = int((~seen).sum())
    if missing:
        reason = f"{missing} of {len(rows)} replicas never came there"
        return LossPlateau(ratios, when.times[seen], missing, None, reason)
    return LossPlateau(ratios, when.times, 0, *_over_replicas(ratios))


def _slowest(
    times: Float[np.ndarray, " times"], losses: Float[np.ndarray, " times"]
) -> tuple[float, float] | None:
    """Time and relative loss of the first rest behind the first fall."""
    rate = -np.gradient(np.log(losses), times)
    # Rounding of a flat start is no fall: it must have taken a share of the loss.
    up = (rate[1:-1] > rate[:-2]) & (rate[1:-1] >= rate[2:])
    fallen = losses[1:-1] < 0.99 * losses[0]
    peaks = np.flatnonzero(up & fallen) + 1
    if len(peaks) == 0:
        return None
    down = (rate[1:-1] < rate[:-2]) & (rate[1:-1] <= rate[2:])
    rests = np.flatnonzero(down) + 1
    rests = rests[rests > peaks[0]]
    if len(rests) == 0:
        return None
    at = rests[0]
    return float(times[at]), float(losses[at] / losses[0])


def _over_replicas(
    values: Float[np.ndarray, " replicas"],
) -> tuple[Estimate | None, str | None]:
    """Their mean, or why there is none."""
    never = int((~np.isfinite(values)).sum())
    if never:
        return None, (
            f"{never} of {len(values)} never reached it in the time that was recorded:"
            " a mean over the others would be too early"
        )
    if len(values) < 2:
        return None, "one run has no spread over replicas"
    return Estimate.from_samples(values), None


def _checked_rows(
    times: Float[np.ndarray, " times"],
    curves: Float[np.ndarray, "*replicas times"],
    least: int,
) -> Float[np.ndarray, "replicas times"]:
    rows = np.asarray(curves, dtype=float)
    if rows.ndim not in (1, 2) or 0 in rows.shape:
        raise ValueError(
            "Curves must have shape (times,) or (replicas, times), but have"
            f" {rows.shape}."
        )
    rows = np.atleast_2d(rows)
    for row in rows:
        checked_curve(times, row, least)
    return rows

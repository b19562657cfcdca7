"""When a sampled curve first reaches a level, between its samples."""

from dataclasses import dataclass

import numpy as np

from linnet.shapes import Float


@dataclass(frozen=True)
class Crossing:
    """When a curve first reached a level.

    Attributes:
        time: Infinite if it never did.
        error: What the sampling leaves open, for a curve that is smooth between its
            samples: how far the time moves with linear interpolation, or when a saved
            time beside it is left out, whichever is more, and at most the interval; the
            interval where there is no third time to tell. Infinite with the time.
    """

    time: float
    error: float


def crossing(
    times: Float[np.ndarray, " times"], curve: Float[np.ndarray, " times"], level: float
) -> Crossing:
    """First time at which a sampled curve reaches `level` from below.

    Interpolated by a monotone cubic inside the bracketing interval.

    Args:
        times: Increasing.
        curve: Values at these times.
        level: Above the first value.

    Raises:
        ValueError: when lengths differ, fewer than two times are given, times do not
            increase, an entry is not finite, or the curve starts at or above the level.
    """
    times, curve = checked_curve(times, curve, 2)
    if not curve[0] < level:
        raise ValueError(
            f"Argument `curve` must start below the level {level:.4g}, but starts at"
            f" {curve[0]:.4g}: save earlier times."
        )
    above = np.flatnonzero(curve >= level)
    if len(above) == 0:
        return Crossing(np.inf, np.inf)
    at = int(above[0])
    if curve[at] == level:
        return Crossing(float(times[at]), 0.0)
    time, linear = _inside(times, curve, level, at)
    moved = []
    # Two ways to interpolate agree by chance where a curve bends from one side to the
    # other, and that is where a sigmoid has half of its height.
    if at > 1:
        rest = np.delete(times, at - 1), np.delete(curve, at - 1)
        moved.append(abs(_inside(*rest, level, at - 1)[0] - time))
    if at + 1 < len(times) and curve[at + 1] >= level:
        rest = np.delete(times, at), np.delete(curve, at)
        moved.append(abs(_inside(*rest, level, at)[0] - time))
    if not moved:  # nothing can be left out
        return Crossing(time, float(times[at] - times[at - 1]))
    error = max(*moved, abs(time - linear))
    return Crossing(time, min(error, float(times[at] - times[at - 1])))


def _inside(
    times: Float[np.ndarray, " times"],
    curve: Float[np.ndarray, " times"],
    level: float,
    at: int,
) -> tuple[float, float]:
    """Crossing in the interval that ends at an index: by a cubic and by a line."""
    from scipy.interpolate import PchipInterpolator

    left, right = times[at - 1], times[at]
    share = (level - curve[at - 1]) / (curve[at] - curve[at - 1])
    linear = left + share * (right - left)
    near = slice(max(at - 3, 0), at + 3)
    roots = PchipInterpolator(times[near], curve[near]).solve(level, extrapolate=False)
    inside = roots[(roots >= left) & (roots <= right)]
    cubic = inside[0] if len(inside) else linear
    return float(cubic), float(linear)


def checked_curve(
    times: Float[np.ndarray, " times"], curve: Float[np.ndarray, " times"], least: int
) -> tuple[Float[np.ndarray, " times"], Float[np.ndarray, " times"]]:
    """Both as finite arrays of one length, `least` or more, in the order of time.

    Raises:
        ValueError: when they are not that.
    """
    times, curve = np.asarray(times, dtype=float), np.asarray(curve, dtype=float)
    if times.ndim != 1 or times.shape != curve.shape or len(times) < least:
        raise ValueError(
            f"Arguments `times` and `curve` must have one length, at least {least}, but"
            f" have shapes {times.shape} and {curve.shape}."
        )
    if not (np.isfinite(times).all() and np.isfinite(curve).all()):
        raise ValueError(
            "Arguments `times` and `curve` must be finite, but hold NaN or infinity:"
            " leave out what came after a divergence."
        )
    if not (np.diff(times) > 0).all():
        raise ValueError("Argument `times` must increase, but does not.")
    return times, curve

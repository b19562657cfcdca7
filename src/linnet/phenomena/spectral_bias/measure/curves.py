"""Curves over training: when a level is crossed, in which order, at which rate."""

from dataclasses import dataclass

import numpy as np

from linnet.numerics.level_crossing import (
    Crossing as Crossing,
    checked_curve,
    crossing as crossing,
)
from linnet.shapes import Float


def half_times(
    times: Float[np.ndarray, " times"],
    amplitudes: Float[np.ndarray, "times modes"],
    ends: Float[np.ndarray, " modes"],
) -> tuple[Crossing, ...]:
    """When each mode first reaches half of its `ends`; infinite if it does not.

    Args:
        times: Increasing.
        amplitudes: Of every mode at these times.
        ends: Where each mode ends, or is expected to.

    Raises:
        ValueError: as `crossing`, and when a mode starts at or above half of its end.
    """
    return tuple(
        crossing(times, amplitudes[:, mode], end / 2) for mode, end in enumerate(ends)
    )


def learning_order(crossings: tuple[Crossing, ...]) -> tuple[int, ...]:
    """Modes in the order in which they were learned; those never learned come last."""
    reached = [crossing.time for crossing in crossings]
    return tuple(int(i) for i in np.argsort(reached, kind="stable"))


@dataclass(frozen=True)
class Rate:
    """Exponential decay rate of a positive curve, and how well it is one rate."""

    value: float
    stderr: float


def decay_rate(
    times: Float[np.ndarray, " times"], curve: Float[np.ndarray, " times"]
) -> Rate:
    r"""Rate $r$ of $e^{-rt}$ by a straight line through $\ln$ of the curve.

    The standard error is that of the slope for independent scatter; for a smooth curve
    it measures how far the curve is from one exponential.

    Args:
        times: Increasing.
        curve: Positive values at these times.

    Raises:
        ValueError: when fewer than three times are given, times do not increase, an
            entry is not finite, or the curve is not positive.
    """
    times, curve = checked_curve(times, curve, 3)
    if not (curve > 0).all():
        raise ValueError(
            "Argument `curve` must be positive to decay exponentially, but its least"
            f" value is {curve.min():.3g}: leave out what has fallen to zero."
        )
    dt, height = times - times.mean(), np.log(curve)
    slope = (dt @ height) / (dt @ dt)
    rest = height - height.mean() - slope * dt
    stderr = np.sqrt((rest @ rest) / (len(times) - 2) / (dt @ dt))
    return Rate(float(-slope), float(stderr))


def late_decay_rate(
    times: Float[np.ndarray, " times"], curve: Float[np.ndarray, " times"]
) -> Rate:
    """Decay rate over the last two decades of a falling curve.

    A sum of exponentials tends to its slowest one. The error is how much the rate still
    changed since the two decades before: of the size of what is missing, unless the
    slowest part is too weak to be seen yet.

    Args:
        times: Increasing.
        curve: Positive values at these times; four decades are needed at its end.

    Raises:
        ValueError: as `decay_rate`, and when there are fewer than three times in either
            pair of decades.
    """
    times, curve = checked_curve(times, curve, 6)
    last = curve <= 100 * curve[-1]
    before = (curve <= 1e4 * curve[-1]) & ~last
    if last.sum() < 3 or before.sum() < 3:
        raise ValueError(
            "Argument `curve` must have at least 3 times in each of its last two pairs"
            f" of decades, but has {last.sum()} and, before, {before.sum()}: save more"
            " times, or train for longer."
        )
    late, earlier = (decay_rate(times[part], curve[part]) for part in (last, before))
    return Rate(late.value, abs(earlier.value - late.value))


@dataclass(frozen=True)
class Plateau:
    """Where a falling loss rests on its way.

    Attributes:
        time: Of its flattest point.
        level: The loss there.
        steepness: Slope of its logarithm against that of time there, sign dropped.
    """

    time: float
    level: float
    steepness: float


def plateaus(
    times: Float[np.ndarray, " times"],
    losses: Float[np.ndarray, " times"],
    flat: float = 0.1,
) -> tuple[Plateau, ...]:
    r"""Points at which a falling loss is flattest, between two falls.

    Local minima of $\lvert d\ln L/d\ln t\rvert$ below `flat`, each a place where the
    loss rested for at least about a factor of $e$ in time without losing more than the
    share `flat`. The end of the curve is none. Levels are those of the saved times: no
    error bar, but finer saving changes them by less than `steepness`.

    Args:
        times: Positive, increasing; logarithmic spacing suits.
        losses: Positive loss above its minimum at these times.
        flat: What counts as flat, in (0, 1).

    Returns:
        Plateaus in the order of time, the first one at the start of training included.

    Raises:
        ValueError: when fewer than five times are given, times are not positive and
            increasing, a loss is not positive and finite, or `flat` is out of range.
    """
    times, losses = checked_curve(times, losses, 5)
    if not (times[0] > 0 and (losses > 0).all() and 0 < flat < 1):
        raise ValueError(
            "Arguments must be positive times and losses and `flat` in (0, 1), but the"
            f" first time is {times[0]:.3g}, the least loss {losses.min():.3g} and"
            f" `flat` {flat:g}: leave out time zero and what has fallen to zero."
        )
    steep = np.abs(np.gradient(np.log(losses), np.log(times)))
    found = []
    below = np.concatenate([[False], steep < flat, [False]])
    begins, ends = np.flatnonzero(np.diff(below.astype(int))).reshape(-1, 2).T
    for begin, end in zip(begins, ends, strict=True):
        at = begin + int(np.argmin(steep[begin:end]))
        if end < len(times):  # the last stretch has no fall behind it
            found.append(Plateau(float(times[at]), float(losses[at]), float(steep[at])))
    return tuple(found)

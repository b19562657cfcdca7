"""Limits and ticks of one axis: the data decide, the numbers stay readable."""

import numpy as np
from jaxtyping import Float
from matplotlib.axis import Axis
from matplotlib.ticker import (
    FuncFormatter,
    LogLocator,
    MaxNLocator,
    NullFormatter,
    NullLocator,
)

from linnet.study.figure import Scale
from linnet.study.words import power_of_ten

_PAD = 0.05
# A wrong theory or a guide may widen the axis by this part of the data's own range.
_GUEST_SHARE = 0.5
_GUEST_DECADES = 0.4  # and on a log axis at least by these: a factor of two shows


def limits(
    data: Float[np.ndarray, " points"],
    guests: Float[np.ndarray, " others"],
    scale: Scale,
) -> tuple[float, float]:
    """Range that shows all of `data`, and of `guests` what does not squeeze them.

    A wrong theory that runs away would flatten everything else against the axis.
    Both are finite, and positive on a log scale.
    """
    if data.size == 0:
        data = guests
    if data.size == 0:
        return (0.1, 10.0) if scale == "log" else (0.0, 1.0)
    if scale == "log":
        logs = np.log10(data), np.log10(guests)
        low, high = _linear_limits(*logs, 1.0, _GUEST_DECADES)
        return float(10.0**low), float(10.0**high)
    return _linear_limits(data, guests, max(float(np.abs(data).max()), 1e-300))


def _linear_limits(
    data: Float[np.ndarray, " points"],
    guests: Float[np.ndarray, " others"],
    unit: float,
    least_room: float = 0.0,
) -> tuple[float, float]:
    low, high = float(data.min()), float(data.max())
    span = high - low
    if span <= 1e-9 * unit:  # one value up to rounding: do not magnify the rounding
        low, high, span = low - 0.5 * unit, high + 0.5 * unit, unit
    if guests.size:
        room = max(_GUEST_SHARE * span, least_room)
        low = min(low, max(float(guests.min()), low - room))
        high = max(high, min(float(guests.max()), high + room))
    pad = _PAD * (high - low)
    return low - pad, high + pad


def set_ticks(
    axis: Axis, scale: Scale, low: float, high: float, whole: bool = False
) -> None:
    """Few ticks on round numbers; powers of ten only where plain numbers get long.

    `whole` is for what is counted: between two modes there is none.
    """
    if scale == "linear":
        axis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10], integer=whole))
        axis.set_major_formatter(FuncFormatter(_tick_text))
        return
    decades = float(np.log10(high / low))
    axis.set_minor_locator(NullLocator())
    axis.set_minor_formatter(NullFormatter())
    if decades < 1:
        axis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    elif decades < 2.2:
        axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    else:
        axis.set_major_locator(LogLocator(numticks=8))
    plain = low > 5e-4 and high < 5e4
    axis.set_major_formatter(FuncFormatter(_tick_text if plain else _power_text))


def _tick_text(value: float, _position: int | None = None) -> str:
    if value == 0:
        return "0"
    if 1e-4 <= abs(value) < 1e5:
        grouped = f"{value:,.6g}" if abs(value) >= 1e4 else f"{value:.6g}"
        return grouped.replace(",", "\N{THIN SPACE}").replace("-", "\N{MINUS SIGN}")
    return _power_text(value)


def _power_text(value: float, _position: int | None = None) -> str:
    # Superscript letters: parsing a formula per tick would take most of the time.
    mantissa, exponent = f"{value:.3e}".split("e")
    digits = mantissa.rstrip("0").rstrip(".").replace("-", "\N{MINUS SIGN}")
    power = power_of_ten(int(exponent))
    if digits.lstrip("\N{MINUS SIGN}") == "1":
        return digits[:-1] + power
    return f"{digits}\N{MULTIPLICATION SIGN}{power}"

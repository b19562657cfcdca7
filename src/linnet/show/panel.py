"""One pair of axes: every series in the manner of its role."""

from dataclasses import replace
from typing import Any

import numpy as np
from jaxtyping import Bool, Float
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from linnet.show.field import draw_field, edges, scale_of, shades
from linnet.show.style import GUIDE, INK, WRONG
from linnet.show.ticks import limits, set_ticks
from linnet.study.figure import Field, Panel, Series

MAX_VECTOR_MARKERS = 2000
_CROWD = 100  # dots from which on they are small and see-through

Points = Float[np.ndarray, " points"]


def draw_panel(ax: Axes, panel: Panel, colors: tuple[str, ...]) -> None:
    """Draw all but title, y label and legend, which stand above the axes.

    Args:
        ax: Fresh axes.
        panel: What to draw; points that the axes cannot show are left out.
        colors: At least as many as the series ask for.
    """
    ax.set_xscale(panel.x_scale)
    ax.set_yscale(panel.y_scale)
    draw_field(ax, panel)
    for series in panel.series:
        if series.shade is not None and panel.field is not None:
            _draw_shaded(ax, series, _shown(series, panel), panel.field)
        else:
            _draw_series(ax, series, _shown(series, panel), seen_colors(panel, colors))
    x_low, x_high = _limits(panel, "x")
    y_low, y_high = _limits(panel, "y")
    ax.set_xlim(x_low, x_high)
    ax.set_ylim(y_low, y_high)
    set_ticks(ax.xaxis, panel.x_scale, x_low, x_high, _is_counted(panel))
    set_ticks(ax.yaxis, panel.y_scale, y_low, y_high)
    if not panel.field and not any(_shown(s, panel).any() for s in panel.series):
        ax.text(0.5, 0.5, "nothing to show", transform=ax.transAxes, ha="center")


def seen_colors(panel: Panel, colors: tuple[str, ...]) -> tuple[str, ...]:
    """Colors of the series of a panel: on shades only ink is seen everywhere."""
    return colors if panel.field is None else (INK,) * len(colors)


def as_seen(panel: Panel) -> Panel:
    """The same panel, where a line that no reader will find says where it is.

    A wrong theory or a guide may lie wholly beyond the axes, which the data decide;
    its label then says so. What has no label is not looked for, except the wrong
    theory, which the key names.
    """
    low, high = _limits(panel, "y")
    placed = (_placed(series, low, high) for series in panel.series)
    return replace(panel, series=tuple(placed))


def _placed(series: Series, low: float, high: float) -> Series:
    label = series.label
    if series.role == "wrong" and not label:
        label = "wrong theory"
    y = _numbers(series.y)
    y = y[np.isfinite(y)]
    if series.role not in {"wrong", "guide"} or not label or not y.size:
        return series
    for place, beyond in (("below", y < low), ("above", y > high)):
        if beyond.all():
            return replace(series, label=f"{label} (far {place})")
    return series


def _is_counted(panel: Panel) -> bool:
    """Whether all that is shown stands at whole numbers."""
    places = [_numbers(s.x)[_shown(s, panel)] for s in panel.series]
    return all((x == np.round(x)).all() for x in places)


def _shown(series: Series, panel: Panel) -> Bool[np.ndarray, " points"]:
    x, y = _numbers(series.x), _numbers(series.y)
    shown = np.isfinite(x) & np.isfinite(y)
    if panel.x_scale == "log":
        shown &= x > 0
    if panel.y_scale == "log":
        shown &= y > 0
    return shown


def _draw_series(
    ax: Axes,
    series: Series,
    shown: Bool[np.ndarray, " points"],
    colors: tuple[str, ...],
) -> None:
    x, y = _numbers(series.x)[shown], _numbers(series.y)[shown]
    if series.role == "simulation":
        bars = None if series.stderr is None else _numbers(series.stderr)[shown]
        _draw_dots(ax, x, y, bars, colors[series.color])
        return
    styles: dict[str, dict[str, Any]] = {
        "theory": {"color": colors[series.color], "linewidth": 2.0, "zorder": 2.5},
        "wrong": {"color": WRONG, "linewidth": 1.5, "dashes": (4, 2), "zorder": 2.2},
        "guide": {"color": GUIDE, "linewidth": 1.1, "linestyle": ":", "zorder": 2.1},
    }
    style = styles[series.role]
    if len(x) == 1:  # a line through one point would be invisible
        style |= {"marker": "_", "markersize": 16, "markeredgewidth": 2.0}
    ax.plot(x, y, **style)


def _draw_shaded(
    ax: Axes, series: Series, shown: Bool[np.ndarray, " points"], field: Field
) -> None:
    """Dots in the shade of what was observed: right ones sink into the field."""
    ax.scatter(
        _numbers(series.x)[shown],
        _numbers(series.y)[shown],
        c=_numbers(series.shade)[shown],
        cmap=shades(),
        norm=scale_of(field),
        s=46,
        edgecolors=INK,
        linewidths=0.9,
        zorder=3,
    )


def _draw_dots(ax: Axes, x: Points, y: Points, bars: Points | None, color: str) -> None:
    crowd = len(x) > _CROWD
    drawn = ax.errorbar(
        x,
        y,
        yerr=None if bars is None else np.where(np.isfinite(bars), bars, 0.0),
        fmt="o",
        color=color,
        markersize=2.6 if crowd else 5.5,
        markeredgecolor=color if crowd else "white",
        markeredgewidth=0.0 if crowd else 0.7,
        elinewidth=1.2,
        capsize=2.0 if bars is not None and not crowd else 0.0,
        alpha=0.45 if crowd else None,
        zorder=2.4 if crowd else 3,  # a crowd would hide the line
    )
    if len(x) > MAX_VECTOR_MARKERS:
        for artist in drawn.get_children():
            artist.set_rasterized(True)


def _limits(panel: Panel, axis: str) -> tuple[float, float]:
    scale = panel.x_scale if axis == "x" else panel.y_scale
    if panel.field is not None:  # what lies beside the shades has nothing to be told
        ends = edges(getattr(panel.field, axis), scale)
        return float(ends[0]), float(ends[-1])
    data, guests = [np.empty(0)], [np.empty(0)]
    for series in panel.series:
        shown = _shown(series, panel)
        values = _numbers(getattr(series, axis))[shown]
        target = guests if series.role in {"wrong", "guide"} else data
        target.append(values)
        if axis == "y" and series.stderr is not None:
            bars = _numbers(series.stderr)[shown]
            ends = np.concatenate([values - bars, values + bars])
            # The lower end of a long bar has no place on a log axis.
            target.append(ends[np.isfinite(ends) & ((scale == "linear") | (ends > 0))])
    return limits(np.concatenate(data), np.concatenate(guests), scale)


def _numbers(values: ArrayLike | None) -> Points:
    return np.atleast_1d(np.asarray(values, dtype=float))

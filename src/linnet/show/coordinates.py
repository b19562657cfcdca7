"""Static pictures of what the scatter page shows: coordinates, and the stress curve."""

import io
from typing import Any

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D
from matplotlib.ticker import PercentFormatter

from linnet.show.legend import safe_text
from linnet.show.markup import shortened
from linnet.show.panel import MAX_VECTOR_MARKERS
from linnet.show.scatter import Scatter, levels, log_floor
from linnet.show.style import CATEGORIES, HAIRLINE, INK, drawing, palette
from linnet.show.ticks import limits, set_ticks

_SHOWN_LEVELS = 12  # legend entries that fit beside the axes
_MARKERS = ("o", "D", "s", "^", "P", "*", "p")
_NO_DATE = {"Date": None, "Creator": None, "Format": None, "Type": None}
_MINUS = "\N{MINUS SIGN}"


def coordinate_pictures(scatter: Scatter) -> tuple[str, bytes]:
    """Component 2, and 3 where there is one, against component 1: SVG and PNG.

    Args:
        scatter: What to show; `color` names the column that colors the points.

    Returns:
        The same values give the same bytes.
    """
    with drawing("inpca-coordinates"):
        ups = [1, 2][: max(1, scatter.coordinates.shape[1] - 1)]
        ups = [min(up, scatter.coordinates.shape[1] - 1) for up in ups]
        canvas = Canvas(figsize=(4.3 * len(ups) + 1.2, 3.7), layout="constrained")
        FigureCanvasAgg(canvas)
        axes = canvas.subplots(1, len(ups), squeeze=False)[0]
        for ax, up in zip(axes, ups, strict=True):
            _draw_lines(ax, scatter, up)
            _draw_points(ax, scatter, up)
            _draw_ends(ax, scatter, up)
            _draw_marks(ax, scatter, up)
            _frame(ax, scatter, up)
        _add_key(canvas, list(axes), scatter)
        return _saved(canvas)


def stress_pictures(scatter: Scatter) -> tuple[str, bytes]:
    """Explained stress against the number of components: SVG and PNG."""
    with drawing("inpca-stress"):
        canvas = Canvas(figsize=(4.3, 3.3), layout="constrained")
        FigureCanvasAgg(canvas)
        ax = canvas.subplots()
        count = np.arange(1, len(scatter.stress) + 1)
        color = CATEGORIES[0]
        ax.plot(count, scatter.stress, color=HAIRLINE, linewidth=1.2, zorder=2)
        kinds = ((1, color, "space-like (+)"), (-1, "white", f"time-like ({_MINUS})"))
        for sign, face, label in kinds:
            here = scatter.signs == sign
            dots = ax.scatter(count[here], scatter.stress[here], s=42, zorder=3)
            dots.set(facecolor=face, edgecolor=color, linewidth=1.6, label=label)
        ax.set_ylim(0, 1.04)
        ax.set_xlim(0.5, count[-1] + 0.5)
        set_ticks(ax.xaxis, "linear", 0.5, count[-1] + 0.5, whole=True)
        ax.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        ax.set_xlabel("components kept")
        ax.set_title("Explained stress")
        ax.legend(loc="lower right", title="component")
        return _saved(canvas)


def _column(scatter: Scatter) -> Float[np.ndarray, " models"] | tuple[str, ...] | None:
    if scatter.color is None:
        return None
    values = scatter.labels[scatter.color]
    return values if isinstance(values, tuple) else np.asarray(values, dtype=float)


def _draw_lines(ax: Axes, scatter: Scatter, up: int) -> None:
    gap = np.full((1, 2), np.nan)
    paths = [scatter.coordinates[run][:, [0, up]] for run in scatter.runs]
    if paths:
        joined = np.concatenate([part for path in paths for part in (path, gap)])
        drawn = ax.plot(*joined.T, color=HAIRLINE, linewidth=0.8, zorder=2)
        drawn[0].set_rasterized(len(joined) > MAX_VECTOR_MARKERS)


def _draw_points(ax: Axes, scatter: Scatter, up: int) -> None:
    x, y = scatter.coordinates[:, 0], scatter.coordinates[:, up]
    crowd = len(x) > 1000
    style: dict[str, Any] = {
        "s": 9 if crowd else 26,
        "linewidths": 0.0 if crowd else 0.5,
        "edgecolors": "white",
        "zorder": 3,
        "rasterized": len(x) > MAX_VECTOR_MARKERS,
    }
    column = _column(scatter)
    if isinstance(column, tuple):
        texts, codes = levels(column)
        colors = np.array(palette(len(texts)))
        if len(texts) > len(_MARKERS):
            ax.scatter(x, y, c=colors[codes], **style)
            return
        for code, (color, mark) in enumerate(zip(colors, _MARKERS, strict=False)):
            here = codes == code
            ax.scatter(x[here], y[here], color=color, marker=mark, **style)
    elif column is not None:
        ax.scatter(x, y, c=_on_scale(column), cmap=_shades(), **style)
    else:
        ax.scatter(x, y, color=CATEGORIES[0], **style)


def _draw_ends(ax: Axes, scatter: Scatter, up: int) -> None:
    """A ring around the last checkpoint of each trajectory."""
    last = [int(run[-1]) for run in scatter.runs]
    if last:
        x, y = scatter.coordinates[last][:, [0, up]].T
        many = len(last) > MAX_VECTOR_MARKERS
        ax.plot(x, y, "o", ms=8, mfc="none", mec=INK, mew=0.9, rasterized=many)


def _draw_marks(ax: Axes, scatter: Scatter, up: int) -> None:
    for name, place in scatter.marks.items():
        ax.plot(place[0], place[up], "X", color=INK, ms=7, mec="white", zorder=4)
        at = (float(place[0]), float(place[up]))
        ax.annotate(
            safe_text(name), at, (0, 6), textcoords="offset points", ha="center"
        )


def _on_scale(values: Float[np.ndarray, " _"]) -> Float[np.ndarray, " _"]:
    """Numbers as they are, or their logarithms where they span decades."""
    floor = log_floor(values)
    if floor is None:
        return values
    with np.errstate(divide="ignore"):
        return np.where(values > 0, np.log10(values), floor)


def _shades() -> LinearSegmentedColormap:
    return LinearSegmentedColormap.from_list("models", palette(len(CATEGORIES) + 2))


def _frame(ax: Axes, scatter: Scatter, up: int) -> None:
    none = np.empty(0)
    points = np.array([*scatter.coordinates, *scatter.marks.values()], dtype=float)
    x = limits(points[:, 0], none, "linear")
    y = limits(points[:, up], none, "linear")
    ax.set_xlim(*x)
    ax.set_ylim(*y)
    set_ticks(ax.xaxis, "linear", *x)
    set_ticks(ax.yaxis, "linear", *y)
    ax.set_xlabel(_name(scatter, 0))
    ax.set_ylabel(_name(scatter, up))


def _name(scatter: Scatter, component: int) -> str:
    sign = (
        "+" if scatter.signs[component] > 0 else f"{_MINUS}, time-like: apart is closer"
    )
    return f"component {component + 1} ({sign})"


def _add_key(canvas: Canvas, axes: list[Axes], scatter: Scatter) -> None:
    """The colors explained once, to the right of all axes."""
    column = _column(scatter)
    if column is None:
        return
    name = safe_text(scatter.color or "")
    if not isinstance(column, tuple):
        bar = canvas.colorbar(axes[-1].collections[-1], ax=axes, aspect=30, pad=0.02)
        bar.outline.set_visible(False)
        bar.set_label(name)
        _set_bar_ticks(bar.ax, column)
        return
    texts, _ = levels(column)
    colors = palette(len(texts))
    if len(texts) > _SHOWN_LEVELS:
        canvas.legend([], [], title=f"{len(texts)} values\nof {name}")
        return
    few = len(texts) <= len(_MARKERS)
    handles = [
        Line2D([], [], color=c, marker=_MARKERS[i] if few else "o", linewidth=0)
        for i, c in enumerate(colors)
    ]
    words = [safe_text(text) for text in texts]
    canvas.legend(
        handles, words, title=name, loc="outside right upper", borderaxespad=0.6
    )


def _set_bar_ticks(ax: Axes, column: Float[np.ndarray, " models"]) -> None:
    floor = log_floor(column)
    ax.tick_params(length=0, labelcolor=INK)
    if floor is None:
        return
    logs = np.log10(column[column > 0])
    powers = np.arange(np.ceil(logs.min() - 1e-9), logs.max() + 1e-9)
    zero = bool((column == 0).any())
    places = [floor, *powers] if zero else list(powers)
    words = [f"{10.0**p:g}" for p in powers]
    ax.set_yticks(places, ["0", *words] if zero else words)


def _saved(canvas: Canvas) -> tuple[str, bytes]:
    text, image = io.StringIO(), io.BytesIO()
    canvas.savefig(text, format="svg", dpi=160, metadata=_NO_DATE)
    canvas.set_layout_engine("none")  # the layout is settled
    canvas.savefig(image, format="png", dpi=160, metadata={"Software": None})
    return shortened(text.getvalue()), image.getvalue()

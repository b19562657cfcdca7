"""What stands around the axes: title, legend and labels, none of it over the data.

Above the axes, bottom up: the y label (level, because that reads faster than turned),
the legend in as few rows as fit, the title.
"""

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.legend import Legend
from matplotlib.transforms import ScaledTranslation, Transform

from linnet.show.legend import Entry, entries, wrapped
from linnet.show.style import POINTS_PER_INCH
from linnet.study.figure import Panel

_BESIDE = 0.7  # inches of a panel that are not axes
# Letters per inch, on average.
_TITLE_LETTERS, _LABEL_LETTERS, _LEGEND_LETTERS = 10.5, 13.0, 11.5
_GAP, _ROW_GAP = 7.0, 4.0  # points


def add_head(
    ax: Axes, panel: Panel, colors: tuple[str, ...], height: float | None = None
) -> float:
    """Add title, legend and labels to drawn axes.

    Args:
        ax: The axes, already drawn into.
        panel: What they show.
        colors: Those of the series.
        height: Points from the axes to the top of the title; None for the least.

    Returns:
        That height.
    """
    ax.set_xlabel(wrapped(panel.x_label, int(_room(ax) * _LABEL_LETTERS)))
    top = _add_y_label(ax, panel.y_label, _GAP)
    top = _add_legend(ax, entries(panel, colors), top)
    ax.set_title(wrapped(panel.title, int(_room(ax) * _TITLE_LETTERS)), pad=top)
    if height is not None:
        ax.set_title(ax.get_title(loc="left"), pad=height - title_height(ax))
    return max(top + title_height(ax), height or 0.0)


def title_height(ax: Axes) -> float:
    """Points from the bottom of the title to its top."""
    if not ax.get_title(loc="left"):
        return 0.0
    lines = ax.get_title(loc="left").count("\n") + 1
    return lines * 1.25 * float(ax.title.get_fontsize())


def _room(ax: Axes) -> float:
    """Inches that the axes are wide, about: the layout is settled only when saved."""
    grid = ax.get_gridspec()
    columns = 1 if grid is None else grid.ncols
    return float(_canvas(ax).figure.get_size_inches()[0]) / columns - _BESIDE


def _add_y_label(ax: Axes, text: str, base: float) -> float:
    if not text:
        return base
    lines = wrapped(text, int(_room(ax) * _LABEL_LETTERS))
    label = ax.set_ylabel(lines, rotation=0, ha="left", va="bottom")
    ax.yaxis.set_label_coords(0, 1, transform=_lifted(ax, base))
    return base + _height(ax, label) + _GAP


def _add_legend(ax: Axes, found: list[Entry], base: float) -> float:
    if not found:
        return base
    for row in reversed(_rows(ax, found)):
        legend = _legend(ax, row, base)
        ax.add_artist(legend)
        legend.set_clip_on(False)  # else the layout thinks that it ends at the axes
        base += _height(ax, legend) + _ROW_GAP
    return base + _GAP - _ROW_GAP


def _rows(ax: Axes, found: list[Entry]) -> list[list[Entry]]:
    """As many entries beside each other as there is room for."""
    rows: list[list[Entry]] = [[]]
    for entry in found:
        trial = _legend(ax, [*rows[-1], entry], 0.0)
        pixels = trial.get_window_extent(_canvas(ax).get_renderer()).width
        if rows[-1] and pixels / ax.figure.dpi > _room(ax):
            rows.append([entry])
        else:
            rows[-1].append(entry)
    return rows


def _legend(ax: Axes, row: list[Entry], base: float) -> Legend:
    handles, labels = zip(*row, strict=True)
    texts = [wrapped(label, int(_room(ax) * _LEGEND_LETTERS)) for label in labels]
    return Legend(
        ax,
        handles,
        texts,
        ncols=len(row),
        loc="lower left",
        bbox_to_anchor=(0, 1),
        bbox_transform=_lifted(ax, base),
    )


def _lifted(ax: Axes, points: float) -> Transform:
    shift = (0, points / POINTS_PER_INCH)
    return ax.transAxes + ScaledTranslation(*shift, ax.figure.dpi_scale_trans)


def _height(ax: Axes, artist: Artist) -> float:
    pixels = artist.get_window_extent(_canvas(ax).get_renderer()).height
    return pixels * POINTS_PER_INCH / ax.figure.dpi


def _canvas(ax: Axes) -> FigureCanvasAgg:
    canvas = ax.figure.canvas
    assert isinstance(canvas, FigureCanvasAgg)  # `figure` makes no other
    return canvas

"""A `study.Figure` of plain values drawn by matplotlib: theory as line, data as dots.

Only matplotlib's object-oriented interface is used: no window, no global figure.
"""

import io
import math
from dataclasses import replace

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Canvas

from linnet.show.head import add_head, title_height
from linnet.show.legend import key_entries
from linnet.show.markup import prefixed, shortened, slug
from linnet.show.panel import as_seen, draw_panel, seen_colors
from linnet.show.style import (
    PANEL_HEIGHT,
    POINTS_PER_INCH,
    drawing,
    palette,
    panel_width,
)
from linnet.study.figure import Figure

_NO_DATE = {"Date": None, "Creator": None, "Format": None, "Type": None}


def draw(figure: Figure) -> Canvas:
    """The whole figure, its panels side by side, the roles explained once below.

    Args:
        figure: Plain values. Points that are not finite, or not positive on a log
            axis, are left out.

    Returns:
        A figure on an Agg canvas, to be saved in any format.

    Raises:
        ValueError: when the figure has no panel.
    """
    with drawing(figure.name):
        return _draw(figure)


def svg(figure: Figure) -> str:
    """The figure as an SVG document: same values, same bytes.

    Text is drawn as outlines, so the page needs no font; every identifier starts with
    the figure's name, so that several figures can share a page. A series of more than
    2,000 dots becomes an image inside the SVG.
    """
    with drawing(figure.name):
        return _svg(_draw(figure), figure.name)


def png(figure: Figure, dpi: int = 160) -> bytes:
    """The figure as a PNG image."""
    with drawing(figure.name):
        return _png(_draw(figure), dpi)


def svg_and_png(figure: Figure, dpi: int = 160) -> tuple[str, bytes]:
    """Both at the price of one drawing."""
    with drawing(figure.name):
        canvas = _draw(figure)
        text = _svg(canvas, figure.name)
        canvas.set_layout_engine("none")  # the layout is settled
        return text, _png(canvas, dpi)


def svg_panels(figure: Figure) -> tuple[str, ...]:
    """One SVG per panel without the key of roles, for pages that arrange them."""
    with drawing(figure.name):
        return tuple(
            _svg(canvas, f"{figure.name}-{number}")
            for number, canvas in enumerate(_draw_apart(figure), 1)
        )


def png_panels(figure: Figure, dpi: int = 160) -> tuple[bytes, ...]:
    """One PNG per panel without the key of roles, for pages that arrange them."""
    with drawing(figure.name):
        return tuple(_png(canvas, dpi) for canvas in _draw_apart(figure))


def grid_shape(panels: int) -> tuple[int, int]:
    """Rows and columns of that many panels: at most three beside each other."""
    columns = 2 if panels == 4 else min(panels, 3)
    return math.ceil(panels / columns), columns


def _draw(figure: Figure) -> Canvas:
    figure = _as_seen(figure)
    rows, columns = grid_shape(len(figure.panels))
    canvas, axes = _blank(figure, rows, columns)
    head = _draw_all(axes, figure)
    canvas.set_figheight(rows * _panel_height(head))
    for unused in axes[len(figure.panels) :]:
        unused.set_visible(False)
    key = key_entries(figure)
    if key:
        handles, texts = zip(*key, strict=True)
        canvas.legend(
            handles,
            texts,
            loc="outside lower left",
            ncols=len(key),
            borderaxespad=0.6,
        )
    return canvas


def _draw_apart(figure: Figure) -> list[Canvas]:
    figure = _as_seen(figure)
    # Heads as tall as the tallest keep the axes of neighbors level.
    _, together = _blank(figure, 1, len(figure.panels))
    head = _draw_all(together, figure)
    apart = []
    for panel in figure.panels:
        canvas, (ax,) = _blank(figure, 1, 1)
        draw_panel(ax, panel, _colors(figure))
        add_head(ax, panel, seen_colors(panel, _colors(figure)), head)
        canvas.set_figheight(_panel_height(head))
        apart.append(canvas)
    return apart


def _draw_all(axes: list[Axes], figure: Figure) -> float:
    """Draw every panel under heads of one height, and return that height."""
    pairs = list(zip(axes, figure.panels, strict=False))
    for ax, panel in pairs:
        draw_panel(ax, panel, _colors(figure))
    head = max(
        add_head(ax, panel, seen_colors(panel, _colors(figure))) for ax, panel in pairs
    )
    for ax, _ in pairs:
        ax.set_title(ax.get_title(loc="left"), pad=head - title_height(ax))
    return head


def _blank(figure: Figure, rows: int, columns: int) -> tuple[Canvas, list[Axes]]:
    width = panel_width(len(figure.panels))
    size = (width * columns, PANEL_HEIGHT * rows)
    canvas = Canvas(figsize=size, layout="constrained")
    FigureCanvasAgg(canvas)
    # The layout never takes back a margin: begin with axes that are wide enough.
    wide = {"left": 0.0, "right": 1.0}
    axes = canvas.subplots(rows, columns, squeeze=False, gridspec_kw=wide)
    return canvas, list(axes.flat)


def _panel_height(head: float) -> float:
    """A legend of many rows makes the panel taller, not its axes smaller."""
    return PANEL_HEIGHT + head / POINTS_PER_INCH


def _colors(figure: Figure) -> tuple[str, ...]:
    last = max((s.color for p in figure.panels for s in p.series), default=0)
    return palette(1 + last)


def _as_seen(figure: Figure) -> Figure:
    """With labels that say so where a line lies beyond the axes."""
    if not figure.panels:
        raise ValueError(
            "Argument `figure` must have at least one panel, but"
            f" `{figure.name}` has none: give it one, or no figure."
        )
    return replace(figure, panels=tuple(as_seen(panel) for panel in figure.panels))


def _svg(canvas: Canvas, name: str) -> str:
    stream = io.StringIO()
    # The resolution touches rasterized parts only.
    canvas.savefig(stream, format="svg", dpi=160, metadata=_NO_DATE)
    return prefixed(shortened(stream.getvalue()), slug(name))


def _png(canvas: Canvas, dpi: int) -> bytes:
    stream = io.BytesIO()
    canvas.savefig(stream, format="png", dpi=dpi, metadata={"Software": None})
    return stream.getvalue()

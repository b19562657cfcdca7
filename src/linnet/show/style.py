"""How every figure looks: colors, lines, type, and the settings that make it so.

Colors come from Okabe and Ito, whose hues stay apart for all common kinds of color
blindness. More of them than a reader can tell apart are taken from viridis instead,
which is ordered: so many curves are nearly always a sweep.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib
from matplotlib.colors import to_hex

from linnet.study.figure import Role

CATEGORIES = (
    "#0072b2",
    "#d55e00",
    "#009e73",
    "#b5569b",
    "#c98a00",
    "#3aa0d8",
    "#882255",
)
INK = "#23272f"
MUTED = "#5d646e"
HAIRLINE = "#c9cdd3"
GRID = "#eceef1"
WRONG = "#8b9099"
GUIDE = "#9aa0a8"
SHADES = ("#fdf6e3", "#f2dba0", "#a9d3b0", "#5fb0b7", "#4a86b8")  # pale to dark

PANEL_HEIGHT = 2.85  # inches, without what stands above the axes
POINTS_PER_INCH = 72

ROLE_TEXT: dict[Role, str] = {
    "theory": "line: theory",
    "simulation": "dots: simulation",
    "wrong": "dashed: wrong theory",
}

_SETTINGS: dict[Any, Any] = {
    "axes.axisbelow": True,
    "axes.edgecolor": HAIRLINE,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.labelcolor": MUTED,
    "axes.labelsize": 10,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlecolor": INK,
    "axes.titlelocation": "left",
    "axes.titlesize": 11.5,
    "axes.titleweight": "bold",
    "figure.constrained_layout.h_pad": 0.06,
    "figure.constrained_layout.w_pad": 0.08,
    "figure.facecolor": "white",
    "font.family": "DejaVu Sans",  # comes with matplotlib: same drawing everywhere
    "font.size": 10,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "legend.borderaxespad": 0.0,
    "legend.borderpad": 0.0,
    "legend.columnspacing": 1.0,
    "legend.fontsize": 9.5,
    "legend.frameon": False,
    "legend.handlelength": 1.5,
    "legend.handletextpad": 0.5,
    "legend.labelcolor": INK,
    "legend.labelspacing": 0.3,
    "mathtext.fontset": "dejavusans",
    "path.simplify_threshold": 0.2,
    "svg.fonttype": "path",  # crisp and alike on machines that lack the font
    "xtick.color": HAIRLINE,
    "xtick.labelcolor": MUTED,
    "xtick.labelsize": 9.5,
    "ytick.color": HAIRLINE,
    "ytick.labelcolor": MUTED,
    "ytick.labelsize": 9.5,
    "ytick.major.size": 0,
    "ytick.minor.size": 0,
}


@contextmanager
def drawing(name: str) -> Iterator[None]:
    """The settings of this house, whatever the user's own matplotlib file says.

    Args:
        name: Of the figure; seeds the identifiers inside its SVG, so that the same
            figure gives the same bytes.
    """
    with matplotlib.rc_context(), warnings.catch_warnings():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update({**_SETTINGS, "svg.hashsalt": name})
        # A data set may be named in a script that the font lacks.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        yield


def palette(count: int) -> tuple[str, ...]:
    """`count` colors: categories while they can be told apart, then an order."""
    if count <= len(CATEGORIES):
        return CATEGORIES[:count]
    viridis = matplotlib.colormaps["viridis"]
    # The yellow end is too pale on white.
    return tuple(to_hex(viridis(0.88 * i / (count - 1))) for i in range(count))


def panel_width(panels: int) -> float:
    """Inches: narrower where more stand side by side, so that text stays as large."""
    return 4.2 if panels <= 2 else 3.6

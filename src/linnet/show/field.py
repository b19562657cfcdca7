"""A quantity over the plane: shades below the lines, their meaning beside the axes."""

from typing import Any

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.colors import Colormap, LinearSegmentedColormap, Normalize

from linnet.show.style import SHADES
from linnet.study.figure import Field, Panel, Scale


def draw_field(ax: Axes, panel: Panel) -> None:
    """Draw the field of a panel, if it has one, with a bar that tells its values."""
    field = panel.field
    if field is None:
        return
    mesh = ax.pcolormesh(
        edges(field.x, panel.x_scale),
        edges(field.y, panel.y_scale),
        np.ma.masked_invalid(field.values),
        cmap=shades(),
        norm=scale_of(field),
        rasterized=True,  # one image, not a shape for every cell
        zorder=1,
    )
    ax.grid(visible=False)
    _add_bar(ax, mesh, field.label)


def shades() -> Colormap:
    """From pale to dark, never so dark that ink on it could not be seen."""
    return LinearSegmentedColormap.from_list("linnet", SHADES)


def scale_of(field: Field) -> Normalize:
    """Which value has which shade."""
    seen = field.values[np.isfinite(field.values)]
    least, most = (seen.min(), seen.max()) if seen.size else (0.0, 1.0)
    low = float(least if field.low is None else field.low)
    return Normalize(low, float(most if field.high is None else field.high))


def edges(
    centers: Float[np.ndarray, " cells"], scale: Scale
) -> Float[np.ndarray, " cells+1"]:
    """Borders between neighbors, halfway on the axis as it is drawn."""
    places = np.log(centers) if scale == "log" else np.asarray(centers, dtype=float)
    if len(places) == 1:
        halves = np.array([places[0] - 0.5, places[0] + 0.5])
    else:
        middle = (places[1:] + places[:-1]) / 2
        first, last = 2 * places[0] - middle[0], 2 * places[-1] - middle[-1]
        halves = np.concatenate([[first], middle, [last]])
    return np.exp(halves) if scale == "log" else halves


def _add_bar(ax: Axes, mesh: QuadMesh, label: str) -> None:
    bar: Any = ax.figure.colorbar(mesh, ax=ax, pad=0.02, aspect=24, fraction=0.06)
    bar.outline.set_visible(False)
    bar.ax.tick_params(length=0)
    bar.set_label(label)

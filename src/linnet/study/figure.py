"""A figure as plain values: claims fill it, `show` draws it, nobody else knows how."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from linnet.shapes import Float

Role = Literal["theory", "simulation", "wrong", "guide"]
Scale = Literal["linear", "log"]


@dataclass(frozen=True)
class Series:
    """One curve or one set of points.

    Attributes:
        x: Horizontal coordinates.
        y: Vertical coordinates; not finite values are left out of the drawing.
        label: Legend text; empty for none.
        role: `theory` is drawn as a line, `simulation` as dots (with error bars where
            `stderr` is given), `wrong` (the named wrong theory) dashed and grey,
            `guide` as a thin dotted reference.
        color: Index into the palette; a theory and its simulation share one.
        stderr: One standard error of `y`, or None.
        shade: Values of the dots on the scale of the panel's `field`, or None.
    """

    x: Float[np.ndarray, " points"]
    y: Float[np.ndarray, " points"]
    label: str = ""
    role: Role = "theory"
    color: int = 0
    stderr: Float[np.ndarray, " points"] | None = None
    shade: Float[np.ndarray, " points"] | None = None


@dataclass(frozen=True)
class Field:
    """A quantity over the plane of a panel, drawn as shades below its series.

    Attributes:
        x: Horizontal coordinates, rising, spaced as the panel's scale.
        y: Vertical coordinates, the same.
        values: The quantity at each `(y, x)`; what is not finite is left blank.
        label: What it is.
        low: Value of the palest shade; None for the least.
        high: Value of the darkest shade; None for the largest.
    """

    x: Float[np.ndarray, " columns"]
    y: Float[np.ndarray, " rows"]
    values: Float[np.ndarray, "rows columns"]
    label: str
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Panel:
    """One pair of axes; theory is drawn in ink where a `field` lies below it."""

    title: str
    x_label: str
    y_label: str
    series: tuple[Series, ...]
    x_scale: Scale = "linear"
    y_scale: Scale = "linear"
    field: Field | None = None


@dataclass(frozen=True)
class Figure:
    """Panels side by side under one name; the caption says what to see in them."""

    name: str
    caption: str
    panels: tuple[Panel, ...]

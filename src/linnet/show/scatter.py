"""Models as points: one self-contained HTML page that turns, zooms and colors them.

The page asks nothing of the network: data, style, and plotly's script lie inside it,
and its content policy forbids any address. It opens in two dimensions; three need
WebGL, and a browser without it is told so.
"""

import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Float, Int, Num
from markupsafe import Markup

from linnet.show.style import CATEGORIES, palette

_LOG_RATIO = 100.0  # of a positive column, from which on its colors follow the log


@dataclass(frozen=True)
class Scatter:
    """All that a page of models says. Texts may hold `code` in backquotes.

    Attributes:
        title: The heading.
        lead: What is seen, in a few sentences.
        coordinates: One row per model, one column per component.
        signs: +1 for a component along which distances count positive, -1 for one
            along which they count negative.
        stress: Explained stress of the first one, two, ... components.
        labels: Columns with one entry per model: numbers, or text.
        color: The column that colors the points first; None for one color.
        runs: Models of each trajectory, in their order.
        marks: Further points by their names, such as the truth, not colored.
        stress_note: What the curve of explained stress says.
        words: Words of the page and what they mean.
        facts: Names and values of data and settings.
        command: The command that writes the page again.
    """

    title: str
    lead: tuple[str, ...]
    coordinates: Float[np.ndarray, "models components"]
    signs: Int[np.ndarray, " signs"]
    stress: Float[np.ndarray, " kept"]
    labels: Mapping[str, Num[np.ndarray, " _"] | tuple[str, ...]] = field(
        default_factory=dict
    )
    color: str | None = None
    runs: tuple[Int[np.ndarray, " _"], ...] = ()
    marks: Mapping[str, Float[np.ndarray, " components"]] = field(default_factory=dict)
    stress_note: str = ""
    words: tuple[tuple[str, str], ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    command: str = ""


def render_scatter(scatter: Scatter) -> str:
    """The page as text, about 5 MB, most of which is plotly's script.

    Args:
        scatter: What to show.

    Returns:
        HTML that needs no other file.

    Raises:
        ValueError: when coordinates are not finite, or lengths differ.
    """
    from plotly.offline import get_plotlyjs

    from linnet.show.report import environment

    _check(scatter)
    return (
        environment()
        .get_template("scatter.html.j2")
        .render(
            scatter=scatter,
            data=Markup(_json(_document(scatter))),
            plotly=Markup(get_plotlyjs()),
        )
    )


def log_floor(values: Num[np.ndarray, " _"]) -> float | None:
    """Where zero stands on the log scale of a column's colors; None for a linear one.

    Steps and widths span decades; a step 0 then stands half a decade below the rest.
    """
    positive = values[values > 0]
    if values.min() < 0 or not positive.size:
        return None
    low, high = float(positive.min()), float(positive.max())
    return float(np.log10(low)) - 0.5 if high / low >= _LOG_RATIO else None


def levels(texts: tuple[str, ...]) -> tuple[tuple[str, ...], Int[np.ndarray, " _"]]:
    """Different texts in the order in which they first come, and where each stands."""
    found = {text: place for place, text in enumerate(dict.fromkeys(texts))}
    return tuple(found), np.array([found[text] for text in texts], dtype=np.int32)


def _check(scatter: Scatter) -> None:
    models, components = scatter.coordinates.shape
    if not np.isfinite(scatter.coordinates).all():
        raise ValueError(
            "Argument `coordinates` must be finite, but some are not: leave out models"
            " that have no distance to the others."
        )
    if not len(scatter.signs) == len(scatter.stress) == components:
        raise ValueError(
            f"Arguments `signs` and `stress` must have one entry for each of the"
            f" {components} components, but have {len(scatter.signs)} and"
            f" {len(scatter.stress)}."
        )
    for name, values in scatter.labels.items():
        if len(values) != models:
            raise ValueError(
                f"Label `{name}` must have one entry for each of the {models} models,"
                f" but has {len(values)}."
            )


def _document(scatter: Scatter) -> dict[str, Any]:
    names = list(scatter.labels)
    return {
        "models": len(scatter.coordinates),
        "coordinates": [_packed(x, "<f4") for x in scatter.coordinates.T],
        "signs": scatter.signs.tolist(),
        "stress": scatter.stress.tolist(),
        "columns": [_column(*item) for item in scatter.labels.items()],
        "color": None if scatter.color is None else names.index(scatter.color),
        "trajectories": [_packed(run, "<i4") for run in scatter.runs],
        "marks": [
            {"name": name, "at": [float(x) for x in place]}
            for name, place in scatter.marks.items()
        ],
        "palette": list(palette(len(CATEGORIES))),
        "scale": list(palette(len(CATEGORIES) + 2)),
    }


def _column(
    name: str, values: Num[np.ndarray, " _"] | tuple[str, ...]
) -> dict[str, Any]:
    if isinstance(values, tuple):
        texts, codes = levels(values)
        colors = list(palette(len(texts)))
        packed = _packed(codes, "<i4")
        return {"name": name, "levels": texts, "codes": packed, "colors": colors}
    return {"name": name, "values": _packed(values, "<f8"), "floor": log_floor(values)}


def _packed(values: Num[np.ndarray, " _"], kind: str) -> str:
    """Bytes that a browser reads as a typed array: a quarter of the digits' length."""
    return b64encode(np.ascontiguousarray(values, dtype=kind).tobytes()).decode()


def _json(document: Mapping[str, Any]) -> str:
    """JSON that cannot end the script element it stands in, whatever names hold."""
    text = json.dumps(document, ensure_ascii=False, allow_nan=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028")

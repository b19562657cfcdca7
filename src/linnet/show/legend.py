"""Who is who in a panel: one entry per color, and the roles explained once."""

import re
from collections.abc import Sequence

from matplotlib.lines import Line2D
from matplotlib.mathtext import MathTextParser

from linnet.show.style import GUIDE, INK, ROLE_TEXT, WRONG
from linnet.study.figure import Figure, Panel, Role, Series

Entry = tuple[Line2D, str]

_GUESTS: tuple[Role, ...] = ("wrong", "guide")
# Text that would only repeat the key of the roles.
_SAID_BY_KEY = {"theory", "predicted", "simulation", "observed", "wrong theory"}


def role_key(figure: Figure) -> tuple[tuple[Role, str], ...]:
    """Roles in need of a word, with it: what a line is, what dots are, said once."""
    every = [s for panel in figure.panels for s in panel.series]
    present = {s.role for s in every if s.role != "wrong" or not _named(s)}
    texts = {role: text for role, text in ROLE_TEXT.items() if role in present}
    if any(s.shade is not None for s in every):
        texts["simulation"] += " in the shade of what was seen"
    if any(s.stderr is not None for s in every if s.role == "simulation"):
        texts["simulation"] += ", bars: \N{PLUS-MINUS SIGN}1 standard error"
    return tuple(texts.items())


def key_entries(figure: Figure) -> list[Entry]:
    """The same key as handles for a legend, in ink: colors do not matter here."""
    return [(_handle({role}, INK), text) for role, text in role_key(figure)]


def entries(panel: Panel, colors: Sequence[str]) -> list[Entry]:
    """One entry per label and color; a theory and its simulation share theirs."""
    found: dict[tuple[str, str], tuple[set[Role], str]] = {}
    for s in panel.series:
        if not _named(s):
            continue
        color = _color(s, colors)
        text = f"wrong theory: {s.label}" if s.role == "wrong" else s.label
        if s.role == "wrong" and "wrong" in s.label.lower():
            text = s.label
        found.setdefault((text, color), (set(), color))[0].add(s.role)
    for s in panel.series:  # unnamed dots belong to the one named line of their color
        color = _color(s, colors)
        same = [key for key in found if key[1] == color]
        if not s.label and s.role not in _GUESTS and len(same) == 1:
            found[same[0]][0].add(s.role)
    return [(_handle(r, c), safe_text(text)) for (text, _), (r, c) in found.items()]


def safe_text(text: str) -> str:
    """`text`, with its dollars made plain when what they enclose is no formula."""
    if "$" not in text:
        return text
    try:
        MathTextParser("path").parse(text)
    except ValueError:
        return text.replace("$", r"\$")
    return text


def wrapped(text: str, width: int) -> str:
    """`text` broken into lines of about `width` characters, never inside a formula."""
    lines = [""]
    for word in re.findall(r"(?:\$[^$]*\$|\S)+", text):
        if lines[-1] and len(lines[-1]) + 1 + len(word) > width:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}".strip()
    return "\n".join(map(safe_text, lines))


def _named(series: Series) -> bool:
    return series.label.strip().lower() not in {"", *_SAID_BY_KEY}


def _color(series: Series, colors: Sequence[str]) -> str:
    if series.role == "wrong":
        return WRONG
    return GUIDE if series.role == "guide" else colors[series.color]


def _handle(roles: set[Role], color: str) -> Line2D:
    if "wrong" in roles:
        return Line2D([], [], color=WRONG, linewidth=1.5, linestyle=(0, (4, 2)))
    if "guide" in roles:
        return Line2D([], [], color=GUIDE, linewidth=1.1, linestyle=":")
    return Line2D(
        [],
        [],
        color=color,
        linewidth=2.0 if "theory" in roles else 0.0,
        marker="o" if "simulation" in roles else "",
        markersize=5.5,
        markeredgecolor="white",
        markeredgewidth=0.7,
    )

"""Sentences and formulas for a page: LaTeX becomes MathML, all else is escaped.

Data sets, columns and paths carry names that their owners chose, and those names end up
in sentences. Nothing in them may become markup.
"""

import html
import re
from xml.etree.ElementTree import Element, tostring

from latex2mathml.converter import Converter
from markupsafe import Markup, escape

# Attributes that only lay a formula out; the converter can also write links and styles.
_LAYOUT = frozenset(
    re.findall(
        r"\w+",
        "accent accentunder columnalign columnlines columnspacing depth display"
        " displaystyle fence form height largeop linethickness lspace mathvariant"
        " maxsize minsize movablelimits rowlines rowspacing rspace scriptlevel"
        " separator stretchy symmetric voffset width",
    )
)
_SCRIPTS = frozenset({"msub", "msup", "msubsup"})
_ROWS = frozenset({"math", "mrow", "mtd", "mstyle"})
_THIN = "0.167em"
_QUADS = re.compile(r"\\q?quad(?![A-Za-z])\s*")
_PAIRS = (("{", "}"), (r"\left", r"\right"), (r"\begin", r"\end"))
_PIECES = re.compile(r"(\$[^$\n]+\$|`[^`\n]+`)")


def formula(latex: str, display: str = "block") -> Markup:
    """`latex` (without dollar signs) as MathML, or as code when it cannot be read.

    Args:
        latex: The formula.
        display: `block` on a line of its own, `inline` in a sentence.

    Returns:
        Markup that is safe to put into a page, whatever `latex` holds.
    """
    try:
        tree = Converter(display=display).convert_to_element(latex)
        _tame(tree)
    except Exception:  # the converter raises whatever its parser stumbles upon
        return Markup('<code class="latex">{}</code>').format(latex)
    return Markup(tostring(tree, encoding="unicode", short_empty_elements=False))


def formulas(latex: str) -> Markup:
    r"""`latex` as one formula before and after each `\quad`, where a page can break.

    Args:
        latex: Formulas side by side; one whose parts cannot stand alone stays whole.

    Returns:
        Markup that is safe to put into a page, whatever `latex` holds.
    """
    parts = [part.strip() for part in _QUADS.split(latex)]
    if not all(part and _is_closed(part) for part in parts):
        return formula(latex)
    return Markup("\n").join(formula(part) for part in parts)


def prose(text: str) -> Markup:
    """`text` escaped, its `$...$` as formulas and its backquoted parts as code."""
    parts = []
    for piece in _PIECES.split(text):
        if len(piece) > 2 and piece[0] == piece[-1] == "$":
            parts.append(formula(piece[1:-1], "inline"))
        elif len(piece) > 2 and piece[0] == piece[-1] == "`":
            parts.append(Markup("<code>{}</code>").format(piece[1:-1]))
        else:
            parts.append(escape(piece))
    return Markup("").join(parts)


def plain(text: str) -> str:
    """`text` without the marks of `prose`, for places that take no markup."""
    return text.replace("$", "").replace("`", "")


def _is_closed(latex: str) -> bool:
    return all(latex.count(left) == latex.count(right) for left, right in _PAIRS)


def _tame(tree: Element) -> None:
    """Keep layout only, resolve entities, refuse commands the converter left as is."""
    for element in tree.iter():
        kept = {k: v for k, v in element.attrib.items() if k in _LAYOUT}
        element.attrib.clear()
        element.attrib.update(kept)
        # The converter writes entities as text; the serializer would escape them.
        element.text = html.unescape(element.text) if element.text else None
        if element.text and element.tag != "mtext" and element.text.startswith("\\"):
            raise ValueError(f"unknown command {element.text}")
    for element in list(tree.iter()):
        _set_spaces(element)


def _set_spaces(element: Element) -> None:
    """The spaces TeX would set, where a browser sets those of an operator."""
    if element.tag in _SCRIPTS:
        for script in list(element)[1:]:
            if script.tag == "mo":  # a transpose is no operation between two things
                script.tag = "mi"
                script.attrib = {"mathvariant": "normal"}
    if element.tag == "mo" and element.text == "\N{INFINITY}":
        element.tag = "mi"
    if element.tag == "mo" and element.text == "/":
        element.attrib |= {"lspace": "0", "rspace": "0"}
    if element.tag in _ROWS:
        _set_functions_apart(element)


def _set_functions_apart(row: Element) -> None:
    """A thin space around `log` and its like, but none before a bracket."""
    spaced: list[Element] = []
    children = list(row)
    for place, child in enumerate(children):
        if not _is_function(child):
            spaced.append(child)
            continue
        before = children[place - 1] if place else None
        after = children[place + 1] if place + 1 < len(children) else None
        if before is not None and before.tag not in {"mo", "mspace"}:
            spaced.append(Element("mspace", {"width": _THIN}))
        spaced.append(child)
        if after is not None and after.tag not in {"mo", "mspace"}:
            spaced.append(Element("mspace", {"width": _THIN}))
    row[:] = spaced


def _is_function(element: Element) -> bool:
    base = element[0] if element.tag in _SCRIPTS and len(element) else element
    letters = list(base) if base.tag == "mrow" else [base]
    upright = len(letters) > 1 and all(
        e.tag == "mi" and e.get("mathvariant") == "normal" for e in letters
    )
    word = base.text or ""
    return upright or (base.tag in {"mi", "mo"} and len(word) > 1 and word.isalpha())

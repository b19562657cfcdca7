"""One self-contained HTML page: the answer first, then the evidence.

The page asks nothing of the network: style, script and figures lie inside it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined

from linnet.show import verdicts
from linnet.show.embed import Picture, picture
from linnet.show.figure import svg_and_png
from linnet.show.markup import slug
from linnet.show.prose import formulas, plain, prose
from linnet.study.claim import Verdict
from linnet.study.figure import Figure
from linnet.study.findings import Answer
from linnet.study.words import duration, number

PAGE_LIMIT = 5_000_000  # bytes


@dataclass(frozen=True)
class Item:
    """One claim: its verdict and the figure that shows it."""

    verdict: Verdict
    figure: Figure


@dataclass(frozen=True)
class Section:
    """One phenomenon: the question it asks, and the claims that answer it."""

    title: str
    question: str
    items: tuple[Item, ...]


@dataclass(frozen=True)
class Report:
    """All that a report says. Texts may hold `$LaTeX$` and `code` in backquotes.

    Attributes:
        title: The heading of the page.
        lead: The answer in three sentences.
        facts: Names and values of data, network, settings and versions.
        answers: What theory says of the user's data; empty for a reproduction.
        sections: One per phenomenon.
        not_asked: Claims that do not apply, each with its reason.
        command: The command that writes this report again.
        seconds: How long it took.
    """

    title: str
    lead: tuple[str, str, str]
    facts: tuple[tuple[str, str], ...]
    answers: tuple[Answer, ...]
    sections: tuple[Section, ...]
    not_asked: tuple[tuple[str, str], ...]
    command: str
    seconds: float


def write_report(report: Report, out: Path, document: Mapping[str, Any]) -> Path:
    """Write `report.html`, `report.json` and `figures/NAME.svg` and `.png` into `out`.

    Args:
        report: What to say.
        out: A folder, made if missing; files of an earlier report are replaced.
        document: The same for machines, written as it is.

    Returns:
        The path of `report.html`.

    Raises:
        ValueError: when `document` holds NaN or infinity; then nothing is written.
    """
    machine_text = _json(document)
    report = _with_unique_names(report)
    page = render(report)
    figures = out / "figures"
    figures.mkdir(parents=True, exist_ok=True)
    for item in _items(report):
        text_svg, image = svg_and_png(item.figure)
        (figures / f"{item.figure.name}.svg").write_text(text_svg, "utf-8")
        (figures / f"{item.figure.name}.png").write_bytes(image)
    (out / "report.json").write_text(machine_text, "utf-8")
    (out / "report.html").write_text(page, "utf-8")
    return out / "report.html"


def render(report: Report) -> str:
    """The page as text. Figures lose sharpness, largest first, until it fits.

    The limit is `PAGE_LIMIT`; a page whose words alone exceed it is returned as it is.
    """
    report = _with_unique_names(report)
    pictures = {i.figure.name: picture(i.figure) for i in _items(report)}
    page = _fill(report, pictures)
    excess = len(page.encode()) - PAGE_LIMIT
    while excess > 0 and any(p.can_shrink for p in pictures.values()):
        largest = max(
            (p for p in pictures.values() if p.can_shrink), key=lambda p: p.size
        )
        smaller = largest.shrunk()
        pictures[largest.figure.name] = smaller
        excess -= largest.size - smaller.size
        page = _fill(report, pictures) if excess <= 0 else page
    return page if excess <= 0 else _fill(report, pictures)


def _json(document: Mapping[str, Any]) -> str:
    try:
        text = json.dumps(document, allow_nan=False, ensure_ascii=False, indent=2)
    except ValueError as error:
        raise ValueError(
            "Argument `document` must hold finite numbers only, but one is not"
            f" ({error}): write None where a number is not known."
        ) from error
    return text + "\n"


def _items(report: Report) -> tuple[Item, ...]:
    return tuple(item for section in report.sections for item in section.items)


def _with_unique_names(report: Report) -> Report:
    """Figure names made fit for files and identifiers, repeated ones numbered."""
    taken: set[str] = set()

    def renamed(item: Item) -> Item:
        base = name = slug(item.figure.name)
        count = 1
        while name.lower() in taken:  # some file systems ignore case
            count += 1
            name = f"{base}-{count}"
        taken.add(name.lower())
        return replace(item, figure=replace(item.figure, name=name))

    return replace(
        report,
        sections=tuple(
            replace(section, items=tuple(renamed(item) for item in section.items))
            for section in report.sections
        ),
    )


def environment() -> Environment:
    """Templates of this folder with the filters of the house; all text is escaped."""
    made = Environment(
        loader=FunctionLoader(_resource),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "prose": prose,
        "plain": plain,
        "formulas": formulas,
        "number": number,
        "duration": duration,
        "slug": slug,
    }
    return made


def _fill(report: Report, pictures: Mapping[str, Picture]) -> str:
    return (
        environment()
        .get_template("report.html.j2")
        .render(
            report=report,
            pictures=pictures,
            v=verdicts,
            tally=_tally(report),
        )
    )


def _resource(name: str) -> str:
    return files("linnet.show").joinpath(name).read_text("utf-8")


def _tally(report: Report) -> list[tuple[str, str]]:
    """How many claims hold, miss, fail and stay open, as (kind, text)."""
    badges = [verdicts.badge(item.verdict) for item in _items(report)]
    words = {
        "holds": ("holds", "hold"),
        "misses": ("heuristic misses", "heuristics miss"),
        "fails": ("fails", "fail"),
        "open": ("not resolved", "not resolved"),
    }
    counts = {kind: sum(b.kind == kind for b in badges) for kind in words}
    return [
        (kind, f"{count} {words[kind][count > 1]}")
        for kind, count in counts.items()
        if count
    ]

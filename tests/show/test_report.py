import json
import math
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from linnet.show import Item, Section, render, report as module, write_report
from linnet.study import Answer, Panel, Series

HOSTILE = '<script>alert("1")</script>'


class Page(HTMLParser):
    """Tags with their attributes, and the text outside script and style."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.words, self.hidden = [], [], False
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        self.hidden = tag in {"script", "style", "title"}

    def handle_endtag(self, tag):
        self.hidden = False

    def handle_data(self, data):
        if not self.hidden and data.strip():
            self.words.append(" ".join(data.split()))

    def count(self, tag):
        return sum(name == tag for name, _ in self.tags)


@pytest.fixture
def page(report):
    return render(report)


def test_the_three_sentences_come_right_after_the_title(page):
    words = Page(page).words
    assert words[:5] == [
        "What theory says of",
        "digits",
        "First sentence.",
        "Second sentence.",
        "Third sentence.",
    ]


def test_parts_come_in_the_order_of_a_reader_in_a_hurry(page):
    order = ["<h1>", "First sentence.", 'id="answers"', 'id="verdicts"']
    order += ['class="phenomenon"', 'id="not-asked"', 'id="facts"', 'id="glossary"']
    places = [page.index(part) for part in order]
    assert places == sorted(places)


def test_every_verdict_has_a_row_that_leads_to_its_claim(page):
    table = page[page.index('id="verdicts"') : page.index('class="phenomenon"')]
    targets = re.findall(r'<a href="#(claim-[^"]+)">', table)
    assert targets == ["claim-mode_law", "claim-mode_law-2"]
    for target in targets:
        assert f'<article class="claim" id="{target}">' in page
    for word in ("exact", "heuristic", "1.520", "±", "2\N{NO-BREAK SPACE}s.e.", "0.42"):
        assert word in table


def test_every_link_inside_the_page_has_its_target(page):
    tags = Page(page).tags
    identifiers = [a["id"] for _, a in tags if "id" in a]
    assert len(identifiers) == len(set(identifiers))
    links = [a["href"] for tag, a in tags if tag == "a"]
    assert links
    assert {link.removeprefix("#") for link in links} <= set(identifiers)


def test_a_heuristic_that_fails_is_amber_and_not_red(page):
    assert 'class="badge misses">misses, by 31' in page
    assert 'class="badge fails"' not in page


def test_each_claim_shows_figure_formula_domain_source_comparisons_and_command(page):
    claim = page[
        page.index('id="claim-mode_law"') : page.index('id="claim-mode_law-2"')
    ]
    for part in (
        "<svg",
        "Dots lie on the line.",
        '<math display="block">',
        "white inputs",
        "derived here",
        "<details>",
        "half time of mode 1",
        "half time of mode 2",
        "<code>linnet reproduce mode_law --seed 0</code>",
    ):
        assert part in claim


def test_nothing_is_fetched_from_anywhere(page):
    for _, attributes in Page(page).tags:
        for name, value in attributes.items():
            if name in {"src", "href", "xlink:href", "srcset", "action", "data"}:
                assert value.startswith(("#", "data:"))
    assert not re.search(r"url\((?!#)", page)
    assert not re.search(r"@import|<link[^>]+https?:|<script[^>]+src", page)
    assert "default-src 'none'" in page


def test_hostile_names_stay_text_everywhere(report, figure, verdict):
    shown = ("statement", "source", "formula", "domain", "wrong_theory", "problem")
    words = dict.fromkeys((*shown, "command", "claim"), HOSTILE)
    comparisons = (replace(verdict.comparisons[0], label=HOSTILE),)
    (panel,) = figure.panels
    nasty_figure = replace(
        figure,
        name=HOSTILE,
        caption=HOSTILE,
        panels=(replace(panel, title=HOSTILE, x_label=HOSTILE, y_label=HOSTILE),),
    )
    nasty = Item(replace(verdict, comparisons=comparisons, **words), nasty_figure)
    answer = Answer(HOSTILE, HOSTILE, f"${HOSTILE}$", HOSTILE)
    page = render(
        replace(
            report,
            title=HOSTILE,
            lead=(HOSTILE, f"`{HOSTILE}`", f"$\\text{{{HOSTILE}}}$"),
            facts=((HOSTILE, HOSTILE),),
            answers=(answer,),
            sections=(Section(HOSTILE, HOSTILE, (nasty,)),),
            not_asked=((HOSTILE, HOSTILE),),
            command=HOSTILE,
        )
    )
    assert Page(page).count("script") == 1
    assert "alert(" in page
    assert "<script>alert" not in page


def test_a_reproduction_has_no_answers(report):
    assert 'id="answers"' not in render(replace(report, answers=()))


def test_a_report_without_claims_is_still_a_page(report):
    empty = replace(report, sections=(), answers=(), facts=(), not_asked=())
    assert "No claim was asked." in render(empty)


def test_unknown_numbers_are_dashes(report, verdict):
    fields = ("predicted", "observed", "stderr", "z", "deviation", "wrong_deviation")
    lost = replace(verdict, comparisons=(), **dict.fromkeys(fields))
    (section,) = report.sections
    items = (replace(section.items[0], verdict=lost),)
    page = render(replace(report, sections=(replace(section, items=items),)))
    assert ">—<" in page
    assert "None" not in page
    assert "nan" not in " ".join(Page(page).words).lower()


def test_the_same_report_gives_the_same_page(report):
    assert render(report) == render(report)


def test_figures_turn_into_images_largest_first_until_the_page_fits(
    report, figure, verdict, monkeypatch
):
    x = np.linspace(0, 1, 1500)
    heavy = replace(
        figure,
        name="heavy",
        panels=(Panel("", "", "", (Series(x, x, role="simulation"),)),),
    )
    items = (Item(verdict, figure), Item(verdict, heavy))
    report = replace(report, sections=(Section("", "", items),))
    full = len(render(report).encode())
    monkeypatch.setattr(module, "PAGE_LIMIT", full - 1)
    page = render(report)
    assert len(page.encode()) < full
    assert page.count("data:image/png") == 1
    assert "<img" in page[page.index('id="claim-heavy"') :]
    monkeypatch.setattr(module, "PAGE_LIMIT", 0)
    assert render(report).count("data:image/png") == 2


def test_a_report_is_written_with_its_numbers_and_figures(report, tmp_path):
    document = {"verdicts": [i.verdict.as_json() for i in report.sections[0].items]}
    path = write_report(report, tmp_path / "new" / "folder", document)
    assert path == tmp_path / "new" / "folder" / "report.html"
    assert path.read_text("utf-8") == render(report)
    read = json.loads((path.parent / "report.json").read_text("utf-8"))
    assert read["verdicts"][0]["claim"] == "mode_law"
    names = sorted(file.name for file in (path.parent / "figures").iterdir())
    stems = ("mode_law-2", "mode_law")
    assert names == [f"{stem}.{kind}" for stem in stems for kind in ("png", "svg")]


def test_a_figure_name_cannot_leave_the_folder(report, tmp_path):
    (section,) = report.sections
    item = section.items[0]
    outside = replace(item, figure=replace(item.figure, name="../../outside"))
    moved = replace(report, sections=(replace(section, items=(outside,)),))
    write_report(moved, tmp_path / "a" / "b", {})
    files = {p.name for p in tmp_path.rglob("*") if p.is_file()}
    assert files == {"report.html", "report.json", "outside.svg", "outside.png"}
    assert (tmp_path / "a" / "b" / "figures" / "outside.svg").exists()


@pytest.mark.parametrize("number", [math.nan, math.inf])
def test_numbers_that_json_does_not_know_are_refused_before_anything_is_written(
    report, tmp_path, number
):
    with pytest.raises(ValueError, match=r"`document` must hold finite numbers only"):
        write_report(report, tmp_path / "out", {"z": [number]})
    assert not (tmp_path / "out").exists()

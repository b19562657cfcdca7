from xml.etree.ElementTree import fromstring

import pytest
from hypothesis import given, strategies as st

from linnet.show.prose import formula, formulas, plain, prose

SCRIPT = "<script>alert(1)</script>"


def test_latex_becomes_mathml():
    text = formula(r"\frac{1}{2b} \log \gamma")
    assert text.startswith('<math display="block">')
    assert "<mfrac>" in text
    assert "γ" in text


@pytest.mark.parametrize("latex", [r"\frac{1}{", r"\unheard{x}", "", "x^2^3"])
def test_what_cannot_be_read_is_shown_as_code(latex):
    assert formula(latex) == f'<code class="latex">{latex}</code>'


def test_formulas_side_by_side_can_be_broken_between_them():
    latex = r"a = \frac{1}{2},\quad b = c, \qquad d"
    parts = (r"a = \frac{1}{2},", "b = c,", "d")
    assert formulas(latex) == "\n".join(formula(part) for part in parts)
    assert formulas("a = b") == formula("a = b")


@pytest.mark.parametrize(
    "latex",
    [
        r"\{a \quad b\}",
        r"\left( a \quad b \right)",
        r"\begin{matrix} a \quad b \end{matrix}",
        r"a \quad",
        r"\quadratic",
    ],
)
def test_what_cannot_stand_alone_stays_whole(latex):
    assert formulas(latex) == formula(latex)


def test_a_function_stands_apart_from_its_factors_but_not_from_a_bracket():
    thin = '<mspace width="0.167em"></mspace>'
    assert formula(r"2 \log x", "inline").count(thin) == 2
    assert formula(r"2 \log(x)", "inline").count(thin) == 1


def test_a_transpose_is_no_operation_between_matrices():
    assert '<mi mathvariant="normal">⊤</mi>' in formula(r"X^\top Y")


@pytest.mark.parametrize(
    "latex",
    [
        rf"\text{{{SCRIPT}}}",
        r"\text{&lt;script&gt;}",
        r"\href{javascript:alert(1)}{x}",
        rf"\unheard{{{SCRIPT}}}",
        SCRIPT,
    ],
)
def test_a_formula_brings_no_markup_of_its_own(latex):
    text = formula(latex)
    assert "<script" not in text
    assert "href" not in text or "<code" in text
    fromstring(text)


@given(st.text(alphabet=r"\abfrcxleghi{}^_$&<>'\"`;#%~ 12", max_size=40))
def test_whatever_is_written_ends_as_well_formed_markup(text):
    tags = {e.tag for e in fromstring(f"<p>{prose(text)}</p>").iter()}
    assert all(tag in {"p", "code", "math"} or tag.startswith("m") for tag in tags)


def test_prose_holds_formulas_and_code_and_escapes_the_rest():
    text = prose(f"scale $\\gamma$ of `x<y` {SCRIPT}")
    assert '<math display="inline">' in text
    assert "<code>x&lt;y</code>" in text
    assert "&lt;script&gt;" in text


def test_a_single_dollar_stays_a_dollar():
    assert prose("costs 5$") == "costs 5$"


def test_plain_text_loses_its_marks():
    assert plain("`digits` at $k=1$") == "digits at k=1"


def test_every_formula_of_a_claim_is_set_as_mathematics():
    # What cannot be read is shown as code, which no reader of a report should see.
    from linnet import phenomena

    for name in phenomena.names():
        for claim in phenomena.claims(name):
            assert "latex" not in formula(claim.formula), claim.name

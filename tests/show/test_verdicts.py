from dataclasses import replace

import pytest

from linnet.show import verdicts as v


def plain(text):
    return text.replace("\N{NO-BREAK SPACE}", " ").replace(
        "\N{NARROW NO-BREAK SPACE}", " "
    )


@pytest.mark.parametrize(
    ("outcome", "status", "kind", "text"),
    [
        ("holds", "heuristic", "holds", "holds"),
        ("fails", "exact", "fails", "fails"),
        ("fails", "asymptotic", "fails", "fails"),
        ("fails", "heuristic", "misses", "misses, by 6.2 s.e."),
        ("not resolved", "heuristic", "open", "not resolved"),
    ],
)
def test_only_a_heuristic_that_fails_says_by_how_much(
    verdict, outcome, status, kind, text
):
    badge = v.badge(replace(verdict, verdict=outcome, status=status, deviation=6.2))
    assert (badge.kind, plain(badge.text)) == (kind, text)


def test_a_heuristic_that_misses_without_measure_just_fails(verdict):
    lost = replace(verdict, verdict="fails", status="heuristic", deviation=None)
    assert v.badge(lost) == v.Badge("misses", "misses")


def test_no_outcome_has_no_kind():
    assert v.outcome_badge("") == v.Badge("", "")


def test_a_bound_is_relative_and_a_z_test_in_standard_errors(verdict):
    bound = replace(verdict, test="bound", deviation=0.31, tolerance=1e-8)
    assert plain(v.deviation(bound)) == "31 %"
    assert plain(v.tolerance(bound)) == "10⁻⁸"
    assert plain(v.deviation(verdict)) == "2 s.e."
    assert v.wrong_deviation(replace(verdict, wrong_deviation=None)) == "—"


def test_an_upper_bound_says_so_and_is_exceeded_by_a_share(verdict):
    upper = replace(verdict, test="at most", predicted=0.5, deviation=0.31)
    assert plain(v.predicted(upper)) == "at most 0.5"
    assert plain(v.deviation(upper)) == "31 %"
    assert plain(v.predicted(replace(verdict, predicted=0.5))) == "0.5"


def test_the_headline_names_the_comparison_that_the_numbers_belong_to(verdict):
    assert v.headline(verdict) == "half time of mode 2"
    assert v.headline(replace(verdict, comparisons=())) == ""


@pytest.mark.parametrize(
    ("deviation", "place"), [(0.0, 0), (0.4, 25), (4.0, 50), (40.0, 75), (None, 100)]
)
def test_the_tolerance_lies_in_the_middle_of_the_gauge(verdict, deviation, place):
    assert v.gauge(replace(verdict, deviation=deviation))[0] == place


def test_the_gauge_leaves_out_a_wrong_theory_without_deviation(verdict):
    assert v.gauge(replace(verdict, wrong_deviation=None))[1] is None
    assert v.gauge(verdict)[1] > 50


def test_the_glossary_explains_every_verdict_and_every_status():
    words = {word for word, _ in v.GLOSSARY}
    assert words >= {"holds", "fails", "not resolved"}
    assert words >= {"exact", "asymptotic", "heuristic"}

import numpy as np
import pytest
from judging import failed

from linnet.phenomena.sloppiness import theory
from linnet.phenomena.sloppiness.claims.dimension_peak import (
    ENDS,
    GROWTH,
    PLACE,
    RATIOS,
    DimensionPeak,
)
from linnet.study import run_claim

CLAIM = DimensionPeak()


@pytest.fixture(scope="module")
def asked():
    return CLAIM.canonical(0, True)


def test_dimensions_rise_peak_and_return_to_those_of_the_inputs(asked):
    verdict, figure = run_claim(CLAIM, asked)
    assert verdict.verdict == "holds"
    assert {c.label for c in verdict.comparisons} >= {PLACE, ENDS, GROWTH}
    with_targets, without = figure.panels
    labels = [series.label for series in with_targets.series]
    assert all(f"target / start {ratio:g}" in labels for ratio in RATIOS)
    assert "starts alone" in {series.label for series in without.series}
    for panel in figure.panels:
        assert {s.role for s in panel.series} == {
            "theory",
            "simulation",
            "wrong",
            "guide",
        }


def test_the_weaker_the_target_the_later_is_the_peak(asked):
    places = CLAIM.observe(asked)[PLACE].value
    assert (np.diff(places) > 1).all()


def test_the_observed_dimension_passes_the_peak_and_falls(asked):
    first, top, last = CLAIM.observe(asked)[ENDS].value
    assert top > 1.4 * last
    assert abs(first / last - 1) < 0.1


@pytest.mark.parametrize(
    ("name", "factor", "label"),
    [
        ("geometric_participation", 1.2, ENDS),
        ("zero_target_participation", 1.2, GROWTH),
    ],
)
def test_a_limit_that_is_a_fifth_off_fails(asked, monkeypatch, name, factor, label):
    exact = getattr(theory, name)
    monkeypatch.setattr(theory, name, lambda *given: factor * exact(*given))
    assert label in failed(CLAIM, asked, CLAIM.predict(asked))


def test_the_dimension_of_a_stronger_target_fails(asked):
    predicted = dict(CLAIM.predict(asked))
    strong, weak = [label for label in predicted if label.startswith("dimensions up")]
    predicted[weak] = predicted[strong]
    assert weak in failed(CLAIM, asked, predicted)

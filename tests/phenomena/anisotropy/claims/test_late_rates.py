import numpy as np
import pytest
from judging import failed

from linnet.phenomena.anisotropy import theory
from linnet.phenomena.anisotropy.claims.late_rates import (
    ALIGNMENTS,
    DEPTHS,
    NORM,
    REST,
    SLOW,
    STRENGTH,
    LateRates,
    _closure,
)
from linnet.study import run_claim

CLAIM = LateRates()


@pytest.fixture(scope="module")
def asked():
    return CLAIM.canonical(0, True)


def test_training_ends_at_the_predicted_rates_and_not_at_those_of_the_closure(asked):
    verdict, figure = run_claim(CLAIM, asked)
    assert verdict.verdict == "holds"
    assert {c.label for c in verdict.comparisons} == {SLOW, REST}
    for comparison in verdict.comparisons:
        assert comparison.wrong_deviation > 10 * comparison.tolerance
    assert len(figure.panels) == 2


def test_the_closure_is_that_of_the_theory_at_its_end():
    for alignment in ALIGNMENTS:
        plane = theory.spike_plane(1e5, alignment, NORM)
        near = plane.teacher[1] * (1 - 1e-4)
        path = theory.zero_gradient_closure(np.array([0.0, 0.5]), plane, start=near)
        left = plane.teacher[1] - path[:, 1]
        rate = np.log(left[0] / left[1]) / 0.5
        assert rate == pytest.approx(_closure(alignment, 2), rel=1e-3)


def test_the_closure_fails_where_it_was_made_for(asked):
    assert min(ALIGNMENTS) * STRENGTH >= 30
    wrong = CLAIM.wrong(asked)
    assert failed(CLAIM, asked, wrong) == {SLOW, REST}
    slow = np.asarray(CLAIM.observe(asked)[SLOW])
    gap = np.asarray(wrong[SLOW]) / slow - 1
    assert gap[:, 0] == pytest.approx(0, abs=1e-2)  # one layer: both agree
    assert (gap[:, 1:].max(0) > 0.1).all()


def test_rates_of_one_layer_less_fail(asked, monkeypatch):
    exact = theory.late_rates
    monkeypatch.setattr(
        theory, "late_rates", lambda plane, depth: exact(plane, depth=max(depth - 1, 1))
    )
    predicted = CLAIM.predict(asked)
    monkeypatch.undo()
    assert len(DEPTHS) == 3
    assert failed(CLAIM, asked, predicted) == {SLOW, REST}

"""Learning curves and the best time to stop: they share their way to data sets."""

import numpy as np
import pytest

from linnet.phenomena.anisotropy.claims import (
    early_stopping,
    expected_curves,
    learning_curves as curves,
)
from linnet.phenomena.anisotropy.claims.early_stopping import EarlyStopping
from linnet.phenomena.anisotropy.claims.learning_curves import LearningCurves
from linnet.phenomena.anisotropy.claims.trained_sets import ONE, TWO
from linnet.study import run_claim

CLAIMS = [LearningCurves(), EarlyStopping()]


@pytest.fixture(autouse=True)
def forget():
    """Predictions that are replaced must not leave anything behind."""
    expected_curves.regularizers.cache_clear()
    yield
    expected_curves.regularizers.cache_clear()


def failed(claim):
    verdict, _ = run_claim(claim, claim.canonical(0, True))
    return {c.label for c in verdict.comparisons if c.outcome == "fails"}


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.parametrize("claim", CLAIMS)
def test_it_holds_and_its_wrong_theory_is_rejected(claim, seed):
    verdict, figure = run_claim(claim, claim.canonical(seed, True))
    assert verdict.verdict == "holds"
    assert verdict.note == ""
    for part in verdict.comparisons:
        assert part.wrong_deviation is None or part.wrong_deviation > 10
    assert len(figure.panels) == 3
    for panel in figure.panels:
        assert {"theory", "simulation"} <= {s.role for s in panel.series}
        assert all(np.isfinite(s.y).all() for s in panel.series)
    assert any(s.role == "wrong" for panel in figure.panels for s in panel.series)


@pytest.mark.parametrize("claim", CLAIMS)
def test_it_is_not_asked_of_data(claim):
    assert not claim.of_data


def test_a_start_three_times_as_large_fails_for_two_layers_alone(monkeypatch):
    genuine = expected_curves.amplitude()
    monkeypatch.setattr(expected_curves, "amplitude", lambda: 3 * genuine)
    found = failed(CLAIMS[0])
    kind = curves.KINDS[0]
    assert curves.label(curves.RISK, kind, TWO) in found
    assert not any(ONE in label for label in found)


def test_the_curve_of_inputs_with_equal_variances_fails(monkeypatch):
    genuine = expected_curves.curve
    monkeypatch.setattr(expected_curves, "spectrum", equal)
    monkeypatch.setattr(expected_curves, "curve", genuine)
    found = failed(CLAIMS[0])
    assert any(ONE in label for label in found)
    assert any(TWO in label for label in found)


def test_the_ranking_of_equal_variances_fails_elsewhere(monkeypatch):
    monkeypatch.setattr(expected_curves, "spectrum", equal)
    assert failed(CLAIMS[1]) == {early_stopping.BEST, early_stopping.GAINS}


def equal(kind):
    """What theory would expect if there were no spike."""
    return expected_curves.theory.spiked_population(0.0, kind.alignment)


def test_predicted_rankings_are_those_of_the_two_extremes():
    equal_ones, aligned = early_stopping.kinds(CLAIMS[1].canonical(0, True))
    ridge, one, two = early_stopping._expected(equal_ones)
    assert ridge < one < two
    ridge, one, two = early_stopping._expected(aligned)
    assert two < one < ridge


def test_gains_are_paired_and_those_that_are_resolved_have_the_predicted_sign():
    asked = CLAIMS[1].canonical(0, True)
    for kind, sign in zip(early_stopping.kinds(asked), (-1, 1), strict=True):
        three = early_stopping.seen(asked, kind)
        apart = np.hypot(three[ONE].value.stderr, three[TWO].value.stderr)
        gains = early_stopping.gains(three)
        assert all(gain.stderr < apart for gain in gains)
        resolved = [gain for gain in gains if abs(gain.z(0.0)) > 3]
        assert resolved
        assert all(np.sign(gain.value) == sign for gain in resolved)


def test_all_kinds_are_asked_in_full():
    asked = CLAIMS[1].canonical(0, False)
    assert len(early_stopping.kinds(asked)) == 7
    assert len(CLAIMS[1].predict(asked)[early_stopping.GAINS]) == 14
    assert len(curves.kinds(CLAIMS[0].canonical(0, False))) == 2

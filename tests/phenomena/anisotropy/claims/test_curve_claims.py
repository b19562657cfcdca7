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
    assert curves.label(curves.WHEN, kind, TWO) in found
    assert not any(ONE in label for label in found)


def test_the_curve_of_inputs_with_equal_variances_fails(monkeypatch):
    genuine = expected_curves.curve
    monkeypatch.setattr(expected_curves, "spectrum", equal)
    monkeypatch.setattr(expected_curves, "curve", genuine)
    kind = curves.KINDS[0]
    assert curves.label(curves.RISK, kind, ONE) in failed(CLAIMS[0])


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


def test_gains_are_paired_and_seen_with_their_signs():
    asked = CLAIMS[1].canonical(0, True)
    signs = []
    for kind in early_stopping.kinds(asked):
        three = early_stopping.seen(asked, kind)
        for gain in early_stopping.gains(three):
            signs.append(np.sign(gain.value) * (abs(gain.z(0.0)) > 3))
            apart = np.hypot(three[ONE].value.stderr, three[TWO].value.stderr)
            assert gain.stderr < apart
    assert signs == [-1, -1, 1, 1]


def test_all_kinds_are_asked_in_full():
    asked = CLAIMS[1].canonical(0, False)
    assert len(early_stopping.kinds(asked)) == 7
    assert len(CLAIMS[1].predict(asked)[early_stopping.GAINS]) == 14
    assert len(curves.kinds(CLAIMS[0].canonical(0, False))) == 2

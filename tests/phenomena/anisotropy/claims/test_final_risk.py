from dataclasses import replace

import numpy as np
import pytest

from linnet.phenomena.anisotropy import theory
from linnet.phenomena.anisotropy.claims import final_risk, solutions
from linnet.phenomena.anisotropy.claims.final_risk import (
    PER_POWER,
    RAW,
    TRAINED,
    FinalRisk,
)
from linnet.study import run_claim

CLAIM = FinalRisk()


@pytest.fixture(scope="module")
def asked():
    return CLAIM.canonical(0, True)


def test_it_holds_and_rejects_a_theory_that_ignores_the_spike(asked):
    verdict, figure = run_claim(CLAIM, asked)
    assert verdict.verdict == "holds"
    assert verdict.status == "exact"
    assert verdict.note == ""
    assert [entry.label for entry in verdict.comparisons] == [RAW, PER_POWER, TRAINED]
    assert all(
        entry.wrong_deviation > 3 * entry.tolerance for entry in verdict.comparisons
    )
    assert len(figure.panels) == 3
    assert "most at 3, and helps beyond 15" in figure.caption
    for panel in figure.panels:
        roles = {series.role for series in panel.series}
        assert roles == {"theory", "simulation", "wrong", "guide"}
        assert all(np.isfinite(series.y).all() for series in panel.series)


def test_the_limit_of_large_data_in_place_of_the_exact_mean_fails(asked, monkeypatch):
    def limit(n, d, strength, alignment):
        return theory.limit_risk(strength, alignment, d / n)

    monkeypatch.setattr(theory, "finite_risk", limit)
    seen, predicted = CLAIM.observe(asked)[RAW], CLAIM.predict(asked)[RAW]
    judged = CLAIM.test(asked, RAW).judge(RAW, predicted, seen, 0 * predicted)
    assert judged.outcome == "fails"


def test_the_worst_and_the_even_spike_are_marked_with_five_inputs_a_sample(asked):
    panel = CLAIM.figure(asked).panels[2]
    upright = [s.x[0] for s in panel.series if s.role == "guide" and len(s.x) == 2]
    assert upright == [3.0, 15.0]


def test_risk_hurts_as_it_is_and_helps_per_signal_power(asked):
    seen = CLAIM.observe(asked)
    at_three = final_risk._strengths(asked).index(3.0)
    raw, per_power = (seen[label].value[2, at_three, 2] for label in (RAW, PER_POWER))
    assert raw > 1.1
    assert per_power < 0.4


def test_trained_networks_that_stop_early_fail(asked):
    predicted = CLAIM.predict(asked)[TRAINED]
    unfinished = np.asarray(predicted) + 0.01
    test = CLAIM.test(asked, TRAINED)
    judged = test.judge(TRAINED, predicted, unfinished, 0 * predicted)
    assert judged.outcome == "fails"


def test_it_is_not_asked_of_data(asked):
    assert not CLAIM.of_data
    assert "a spiked covariance" in CLAIM.applies(replace(asked, canonical=False))


def test_runs_that_do_not_come_to_rest_are_told():
    assert solutions.told_unfinished(0) == ""
    assert solutions.told_unfinished(2).startswith("2 trained networks did not")

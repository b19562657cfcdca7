import numpy as np
import pytest

from linnet.phenomena.fluctuations import theory
from linnet.phenomena.fluctuations.claims import exact_against_continuum as module
from linnet.phenomena.fluctuations.claims.exact_against_continuum import (
    RATIO,
    ExactAgainstContinuum,
    rates,
)
from linnet.study import run_claim

CLAIM = ExactAgainstContinuum()


def test_it_holds_on_its_canonical_problem_and_rejects_the_continuum():
    verdict, figure = run_claim(CLAIM, CLAIM.canonical(0, True))
    assert verdict.verdict == "holds"
    assert verdict.status == "exact"
    assert verdict.note == ""
    assert verdict.comparisons[0].wrong_deviation > 10
    for panel in figure.panels:
        assert {"theory", "simulation", "wrong"} <= {s.role for s in panel.series}
        assert all(np.isfinite(s.y).all() for s in panel.series)


def test_few_inputs_show_the_same_small_parameters_as_many():
    quick, full = (CLAIM.canonical(0, quick) for quick in (True, False))
    few, many = (
        np.array([module._small(asked, rate) for rate in rates(asked)])
        for asked in (quick, full)
    )
    np.testing.assert_allclose(few, many, rtol=0.05)
    np.testing.assert_allclose(many, 0.05 * np.array(module.RATES), rtol=0.03)


def test_ratios_are_those_of_the_rule_of_thumb_while_they_are_small():
    asked = CLAIM.canonical(0, True)
    ratios = np.asarray(CLAIM.predict(asked)[RATIO])
    rule = [1 / (1 - module._small(asked, rate)) for rate in rates(asked)]
    np.testing.assert_allclose(ratios[:4], rule[:4], rtol=0.1)
    assert ratios[-1] > 3.5


def test_a_noise_factor_that_is_off_by_a_twentieth_fails(monkeypatch):
    genuine = theory.batch_noise
    monkeypatch.setattr(theory, "batch_noise", lambda *given: 1.05 * genuine(*given))
    monkeypatch.setattr(module, "RATES", (8.0,))
    asked = CLAIM.canonical(7, True)
    observed = CLAIM.observe(asked)[RATIO]
    predicted = CLAIM.predict(asked)[RATIO]
    verdict = CLAIM.test(asked, RATIO).judge(RATIO, predicted, observed, np.ones(1))
    assert verdict.outcome == "fails"


@pytest.mark.slow
def test_it_holds_on_other_data(judged):
    assert all(entry.outcome == "holds" for entry in judged(CLAIM, 3))


def test_it_is_not_asked_of_data(problem):
    assert not CLAIM.of_data
    assert "scans learning rates" in CLAIM.applies(problem("plain"))

import numpy as np
import pytest

from linnet.phenomena.spectral_bias import theory
from linnet.phenomena.spectral_bias.claims import finite_rate, problems
from linnet.phenomena.spectral_bias.claims.finite_rate import (
    END,
    EXPONENT,
    RATES,
    FiniteRate,
)
from linnet.study import run_claim

CLAIM = FiniteRate()


@pytest.mark.parametrize("seed", range(5))
def test_the_claim_holds_on_its_canonical_problem(seed):
    verdict, figure = run_claim(CLAIM, CLAIM.canonical(seed, True))
    assert verdict.verdict == "holds"
    assert verdict.status == "asymptotic"
    for panel in figure.panels:
        assert {"theory", "simulation"} <= {s.role for s in panel.series}


def test_it_is_not_asked_of_data(problem):
    assert not CLAIM.of_data
    assert CLAIM.applies(problem("white")).startswith("its modes are those of white")


@pytest.mark.parametrize("factor", [0.999, 2.0])
def test_an_exponent_that_is_slightly_off_fails(factor, monkeypatch):
    genuine = theory.imbalance_left
    monkeypatch.setattr(
        theory, "imbalance_left", lambda *given: genuine(*given) ** factor
    )
    verdict, _ = run_claim(CLAIM, problems.isotropic(0, True))
    assert verdict.is_failure


def test_the_extrapolation_removes_two_orders():
    values = [np.array([1 + 2 * rate + 3 * rate**2]) for rate in RATES]
    np.testing.assert_allclose(finite_rate._extrapolated(values), 1, rtol=1e-13)


def test_the_course_of_the_imbalance_follows_the_law_on_the_way():
    asked, rate = problems.isotropic(0, True), RATES[0]
    times, seen = finite_rate._course(asked, rate)
    sigma = theory.mode_curve(times, 3.15, 1.0, asked.init_scale / 2)
    law = theory.imbalance_left(3.15, 1.0, asked.init_scale / 2, rate, sigma)
    halfway = (law < 0.9) & (law > 0.75)
    assert halfway.any()
    np.testing.assert_allclose(seen[:, 0], law, atol=0.03)


def test_the_end_that_the_wrong_theory_tells_is_another_one():
    asked = problems.isotropic(0, True)
    apart = np.abs(CLAIM.wrong(asked)[END] - CLAIM.predict(asked)[END]).max()
    assert 1e-6 < apart < 1e-3
    assert (CLAIM.wrong(asked)[EXPONENT] < CLAIM.predict(asked)[EXPONENT]).all()

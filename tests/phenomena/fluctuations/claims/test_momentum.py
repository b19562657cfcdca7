import numpy as np
import pytest

from linnet import dynamics
from linnet.numerics import Estimate
from linnet.phenomena.fluctuations.claims import momentum as module
from linnet.phenomena.fluctuations.claims.momentum import MOMENTA, Momentum
from linnet.study import run_claim

CLAIM = Momentum()


def test_it_holds_on_its_canonical_problem_and_rejects_a_larger_rate():
    verdict, figure = run_claim(CLAIM, CLAIM.canonical(0, True))
    assert verdict.verdict == "holds"
    assert verdict.status == "exact"
    for entry in verdict.comparisons:  # None: infinite, beyond the edge of that theory
        assert entry.wrong_deviation is None or entry.wrong_deviation > 10
    for panel in figure.panels:
        assert {"theory", "simulation", "wrong"} == {s.role for s in panel.series}
        assert all(np.isfinite(s.y).all() for s in panel.series)


def test_a_ball_with_a_little_less_momentum_fails(monkeypatch):
    genuine = dynamics.HeavyBall
    monkeypatch.setattr(dynamics, "HeavyBall", lambda beta: genuine(0.95 * beta))
    asked = CLAIM.canonical(7, True)
    label = module._variance_label(MOMENTA[1])
    seen = module._seen(asked, MOMENTA[1])
    predicted, wrong = CLAIM.predict(asked)[label], CLAIM.wrong(asked)[label]
    verdict = CLAIM.test(asked, label).judge(label, predicted, seen, wrong)
    assert verdict.outcome == "fails"


def test_the_zero_of_a_line_is_found_with_its_error():
    h = np.array([1.0, 2.0, 3.0])
    rng = np.random.default_rng(0)
    variances = 1 / (4 - h)
    noisy = variances * (1 + 0.01 * rng.normal(size=(4000, 3)))
    errors = 0.01 * variances
    zeros = [module._zero(h, Estimate(v, errors, 100)).value for v in noisy]
    exact = module._zero(h, Estimate(variances, errors, 100))
    assert exact.value == pytest.approx(4)
    assert exact.stderr == pytest.approx(np.std(zeros), rel=0.1)


def test_it_holds_on_other_data(judged):
    assert all(entry.outcome == "holds" for entry in judged(CLAIM, 3))


def test_it_is_not_asked_of_data(problem):
    assert not CLAIM.of_data
    assert "ignores the weights" in CLAIM.applies(problem("plain"))

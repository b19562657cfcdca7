import numpy as np

from linnet.phenomena.fluctuations import theory
from linnet.phenomena.fluctuations.claims import processes
from linnet.phenomena.fluctuations.claims.exact_covariance import (
    CASES,
    LARGEST,
    ExactCovariance,
)
from linnet.study import run_claim

CLAIM = ExactCovariance()


def test_it_holds_on_its_canonical_problem_and_rejects_the_continuum():
    verdict, figure = run_claim(CLAIM, CLAIM.canonical(0, True))
    assert verdict.verdict == "holds"
    assert verdict.status == "exact"
    assert verdict.note == ""
    assert len(verdict.comparisons) == 3 * len(CASES)
    assert all(entry.wrong_deviation > 10 for entry in verdict.comparisons)
    for panel in figure.panels:
        assert {s.role for s in panel.series} == {"theory", "simulation", "wrong"}
        assert all(np.isfinite(s.y).all() for s in panel.series)


def test_the_continuum_is_off_by_far_more_than_the_error_bars():
    asked = CLAIM.canonical(0, True)
    for case in CASES:
        exact = np.trace(processes.exact(asked, case))
        ratio = exact / np.trace(processes.continuum(asked, case))
        assert 1.1 < ratio < 2


def test_a_noise_factor_that_is_off_by_a_tenth_fails(monkeypatch):
    genuine = theory.batch_noise
    monkeypatch.setattr(theory, "batch_noise", lambda *given: 1.1 * genuine(*given))
    verdict, _ = run_claim(CLAIM, CLAIM.canonical(7, True))
    assert verdict.is_failure


def test_the_predicted_way_from_the_minimum_ends_at_the_exact_level():
    asked = CLAIM.canonical(0, True)
    way = processes.rise(asked, CASES[1], 300)
    assert way[0] == 0
    assert (np.diff(way) > -1e-15).all()
    np.testing.assert_allclose(
        way[-1], np.trace(processes.exact(asked, CASES[1])), rtol=1e-9
    )


def test_entries_are_those_of_a_covariance_of_all_weights():
    asked = CLAIM.canonical(0, True)
    predicted = CLAIM.predict(asked)
    for case in CASES:
        whole = processes.exact(asked, case)
        assert whole.shape == (6, 6)
        assert len(predicted[f"from below, {case.name}"]) == 21
        assert predicted[f"{LARGEST}, {case.name}"] == np.abs(whole).max()


def test_it_holds_on_other_data(judged):
    assert all(entry.outcome == "holds" for entry in judged(CLAIM, 3))


def test_it_is_not_asked_of_data(problem):
    assert not CLAIM.of_data
    assert "noise_floor" in CLAIM.applies(problem("plain"))

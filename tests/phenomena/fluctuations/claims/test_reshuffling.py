import numpy as np
import pytest

from linnet import dynamics
from linnet.phenomena.fluctuations.claims import reshuffling as module
from linnet.phenomena.fluctuations.claims.reshuffling import (
    BIAS,
    SECOND,
    VARIANCE,
    Reshuffling,
)
from linnet.study import run_claim

CLAIM = Reshuffling()


def test_it_holds_on_its_canonical_problem_and_rejects_noise_of_fixed_size():
    verdict, figure = run_claim(CLAIM, CLAIM.canonical(0, True))
    assert verdict.verdict == "holds"
    assert verdict.status == "asymptotic"
    assert verdict.note == ""
    assert all(entry.wrong_deviation > 10 for entry in verdict.comparisons)
    for panel in figure.panels:
        assert {s.role for s in panel.series} == {"theory", "simulation", "wrong"}
        assert all(np.isfinite(s.y).all() for s in panel.series)


def test_independent_batches_that_are_taken_for_epochs_fail(monkeypatch):
    monkeypatch.setattr(dynamics, "Epochs", dynamics.WithoutReplacement)
    monkeypatch.setattr(module, "_pairs", lambda problem: 32)
    monkeypatch.setattr(module, "MEMORIES", 0.5)
    asked = CLAIM.canonical(7, True)
    observed, predicted = CLAIM.observe(asked), CLAIM.predict(asked)
    wrong = CLAIM.wrong(asked)
    for label in (VARIANCE, SECOND):
        test = CLAIM.test(asked, label)
        verdict = test.judge(label, predicted[label], observed[label], wrong[label])
        assert verdict.outcome == "fails"


def test_the_stated_error_is_that_of_a_few_percent():
    asked = CLAIM.canonical(0, True)
    predicted = CLAIM.predict(asked)
    for label in (VARIANCE, SECOND):
        share = predicted[label].stderr / predicted[label].value
        assert (share > 0.01).all()
        assert (share < 0.04).all()
    assert np.abs(predicted[BIAS].value / predicted[BIAS].stderr).max() > 20


def test_the_flattest_direction_fluctuates_half_as_much_again_as_by_additive_noise():
    asked = CLAIM.canonical(0, True)
    ratio = CLAIM.predict(asked)[VARIANCE].value / CLAIM.wrong(asked)[VARIANCE]
    assert 1.4 < ratio < 1.8


def test_centered_samples_average_to_the_unbiased_variance():
    rng = np.random.default_rng(0)
    means = rng.normal(size=(2000, 50, 1)) + 3
    found = [module._centered(m, m**2).mean() for m in means]
    error = np.std(found) / np.sqrt(len(found))
    # Of chains that do not move, the unbiased variance of the means.
    assert abs(np.mean(found) - 1) < 4 * error


def test_labels_that_bend_upwards_push_flat_directions_the_same_way():
    for seed in range(3):
        bias = CLAIM.predict(CLAIM.canonical(seed, True))[BIAS].value
        assert (bias[1:3] > 0).all()


@pytest.mark.slow
def test_it_holds_on_other_data(judged):
    assert all(entry.outcome == "holds" for entry in judged(CLAIM, 3))


def test_it_is_not_asked_of_data(problem):
    assert not CLAIM.of_data
    assert "spread on purpose" in CLAIM.applies(problem("plain"))

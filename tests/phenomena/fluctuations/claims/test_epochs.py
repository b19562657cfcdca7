import numpy as np
import pytest

from linnet import dynamics
from linnet.phenomena.fluctuations import theory
from linnet.phenomena.fluctuations.claims import additive
from linnet.phenomena.fluctuations.claims.epochs import (
    CROSSOVER,
    CURVATURES,
    PHASES,
    PLAIN,
    Epochs,
)
from linnet.study import run_claim

CLAIM = Epochs()


def test_it_holds_on_its_canonical_problem_and_rejects_independent_batches():
    verdict, figure = run_claim(CLAIM, CLAIM.canonical(0, True))
    assert verdict.verdict == "holds"
    assert verdict.status == "asymptotic"
    assert all(entry.wrong_deviation > 10 for entry in verdict.comparisons)
    assert len(figure.panels) == 3
    assert "4.2 times its largest value" in figure.caption
    for panel in figure.panels:
        assert {"theory", "simulation"} <= {s.role for s in panel.series}
        assert all(np.isfinite(s.y).all() for s in panel.series)


def test_independent_batches_that_are_taken_for_epochs_fail(monkeypatch):
    monkeypatch.setattr(dynamics, "Epochs", dynamics.WithoutReplacement)
    asked = CLAIM.canonical(7, True)
    process = additive.Process(1.0)
    seen = additive.variances(asked, [process])
    predicted = np.asarray(CLAIM.predict(asked)[PLAIN])[[CURVATURES.index(1.0)]]
    verdict = CLAIM.test(asked, PLAIN).judge(PLAIN, predicted, seen, np.zeros(1))
    assert verdict.outcome == "fails"


def test_every_phase_of_the_epoch_is_seen_equally_often():
    run = additive.trained(CLAIM.canonical(0, True), additive.Process(1.0))
    count = np.bincount(np.asarray(run.steps) % additive.BATCHES)
    assert (count == 1).all()


def test_batches_of_the_canonical_problem_all_have_the_same_hessian():
    inputs = CLAIM.canonical(0, True).dataset.inputs
    assert inputs.shape == (90, 1)
    assert (inputs == 1).all()


def test_the_crossover_is_three_over_rate_and_batches_with_a_small_error():
    found = CLAIM.predict(CLAIM.canonical(0, True))[CROSSOVER]
    assert found.value == pytest.approx(3 / (additive.RATE * 11))
    assert 0 < found.stderr / found.value < 0.02


def test_an_epoch_starts_far_quieter_than_it_is_on_average():
    asked = CLAIM.canonical(0, True)
    phases = np.asarray(CLAIM.predict(asked)[PHASES])
    unit = additive.noise(asked) * additive.noise_factor() / 0.1
    assert phases[0] / unit == pytest.approx(6.0e-5, rel=0.01)
    assert phases.mean() / unit == pytest.approx(4.26e-4, rel=0.01)
    h = np.array([1.0])
    law = theory.epoch_variance(h, h, 0.05, 0.1, 10)
    assert phases.mean() / unit == pytest.approx(float(law[0]))


@pytest.mark.slow
def test_it_holds_on_other_data(judged):
    assert all(entry.outcome == "holds" for entry in judged(CLAIM, 3))


def test_it_is_not_asked_of_data(problem):
    assert not CLAIM.of_data
    assert "ignores the weights" in CLAIM.applies(problem("plain"))

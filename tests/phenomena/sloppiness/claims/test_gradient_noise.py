"""SGD on few samples with noisy labels: two ways of drawing, told from each other."""

from dataclasses import replace

import numpy as np
import pytest

from linnet.phenomena.sloppiness import theory
from linnet.phenomena.sloppiness.claims import gradient_noise
from linnet.phenomena.sloppiness.claims.gradient_noise import (
    ALL,
    DISTINCT,
    DRAWN,
    EPOCHS,
    SAMPLES,
    SCATTER,
    WITHOUT,
    GradientNoise,
)
from linnet.study import run_claim

CLAIM = GradientNoise()


@pytest.fixture(scope="module")
def asked():
    return CLAIM.canonical(0, True)


def judged(problem, label, predicted):
    test, seen = CLAIM.test(problem, label), CLAIM.observe(problem)[label]
    return test.judge(label, predicted, seen, 0 * np.asarray(predicted))


def test_it_holds_and_tells_the_two_ways_of_drawing_from_each_other(asked):
    verdict, figure = run_claim(CLAIM, asked)
    assert verdict.verdict == "holds"
    assert verdict.status == "exact"
    labels = [entry.label for entry in verdict.comparisons]
    assert labels == [DRAWN, DISTINCT, ALL, SCATTER]
    for entry in verdict.comparisons:
        assert entry.wrong_deviation > 5 * entry.tolerance
    assert len(figure.panels) == 2
    for panel in figure.panels:
        roles = [series.role for series in panel.series]
        assert roles.count("theory") == 2
        assert roles.count("simulation") == 3
        assert all(np.isfinite(series.y).all() for series in panel.series)
    assert "only observed" in figure.caption


@pytest.mark.parametrize("label", [DRAWN, DISTINCT])
def test_plain_descent_is_no_law_of_batches(asked, label):
    assert judged(asked, label, CLAIM.predict(asked)[ALL]).outcome == "fails"


def test_a_batch_of_one_sample_more_would_be_seen(asked, monkeypatch):
    exact = theory.noisy_descent

    def other(*given, batch_size, sampling):
        return exact(*given, batch_size=batch_size - 1, sampling=sampling)

    monkeypatch.setattr(theory, "noisy_descent", other)
    gradient_noise._law.cache_clear()
    predicted = CLAIM.predict(asked)
    gradient_noise._law.cache_clear()
    for label in (DRAWN, DISTINCT, ALL, SCATTER):
        assert judged(asked, label, predicted[label]).outcome == "fails"


def test_noise_that_ignores_the_weights_would_be_seen(asked, monkeypatch):
    exact = theory.noisy_fixed_target

    def additive(descent, *given):
        cloud = exact(descent, *given)
        rest = theory.noisy_random_target(descent, 0.0, 0.0, given[-1])
        return replace(cloud, noise=rest.noise)

    monkeypatch.setattr(theory, "noisy_fixed_target", additive)
    gradient_noise._law.cache_clear()
    predicted = CLAIM.predict(asked)[SCATTER]
    gradient_noise._law.cache_clear()
    assert judged(asked, SCATTER, predicted).outcome == "fails"


def test_epochs_scatter_less_than_independent_batches_and_move_the_mean(asked):
    epochs, apart, descent = (
        gradient_noise._seen(asked, *given)
        for given in ((EPOCHS, 8), (WITHOUT, 8), (WITHOUT, SAMPLES))
    )
    assert apart.total.z(2 * epochs.total.value) > 10
    moved, still = (
        np.abs(each.curve - descent.curve) / each.moments.stderr
        for each in (epochs, apart)
    )
    assert moved.max() > 10
    assert still.max() < 4


def test_labels_hold_what_no_weights_explain(asked):
    left = asked.moments.minimal_loss()
    np.testing.assert_allclose(2 * left, gradient_noise.MISFIT**2)


def test_it_is_not_asked_of_data(asked):
    assert not CLAIM.of_data
    assert "law of a spectrum" in CLAIM.applies(replace(asked, canonical=False))

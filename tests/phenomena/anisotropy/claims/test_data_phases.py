import json
from dataclasses import replace

import numpy as np
import pytest

import linnet
from linnet.analyze import pose
from linnet.phenomena.anisotropy import theory
from linnet.phenomena.anisotropy.claims import data_path, data_phases, question
from linnet.phenomena.anisotropy.claims.answers import answers, headline, predictions
from linnet.phenomena.anisotropy.claims.data_phases import LOSS, STEPS, DataPhases
from linnet.study import run_claim
from linnet.task import Dataset

CACHED = (data_path.path, data_path.half_times, data_path.phases)


@pytest.fixture(scope="module")
def diabetes():
    return pose(linnet.load("diabetes", center=True))


@pytest.fixture(scope="module")
def verdict(diabetes):
    return run_claim(DataPhases(), diabetes)[0]


def test_both_phases_come_at_their_predicted_steps(verdict):
    assert verdict.verdict == "holds"
    assert {c.label for c in verdict.comparisons} == {STEPS, LOSS}
    for comparison in verdict.comparisons:
        assert comparison.wrong_deviation > 10 * comparison.tolerance


def test_the_clock_of_finite_steps_is_needed(diabetes):
    flow = np.array(data_path.half_times(diabetes)) / question.learning_rate(diabetes)
    seen = data_phases.observed_phases(diabetes)
    assert np.abs(data_path.phases(diabetes) / seen - 1).max() < 1e-3
    assert np.abs(flow / seen - 1).max() > 0.01


@pytest.fixture
def forgotten():
    """Predictions that are replaced must not leave anything behind."""
    for cached in CACHED:
        cached.cache_clear()
    yield
    for cached in CACHED:
        cached.cache_clear()


def test_a_broken_flow_fails(diabetes, forgotten, monkeypatch):
    exact = theory.reduced_flow

    def broken(moment, drive, start, times, imbalance):
        return exact(moment, drive, start, 1.1 * times, imbalance=imbalance)

    monkeypatch.setattr(data_path.theory, "reduced_flow", broken)
    assert run_claim(DataPhases(), diabetes)[0].verdict == "fails"


def test_several_outputs_are_asked_for_the_most_correlated_combination():
    problem = pose(linnet.load("iris", center=True))
    verdict, figure = run_claim(DataPhases(), problem)
    assert verdict.verdict == "holds"
    assert [panel.title for panel in figure.panels] == [
        "two directions, one after the other",
        "loss above its minimum",
    ]
    assert headline(problem).startswith("Of all outputs the combination")


def test_white_inputs_have_one_phase():
    rng = np.random.default_rng(0)
    frame = np.linalg.qr(rng.normal(size=(60, 4)))[0] * np.sqrt(60)
    problem = pose(Dataset(frame, frame @ rng.normal(size=(4, 1)), "white"))
    assert len(data_path.phases(problem)) == 1
    verdict, figure = run_claim(DataPhases(), problem)
    assert verdict.verdict == "holds"
    assert verdict.note.startswith("There is one phase")
    assert len(answers(problem, {"data_phases": verdict})) >= 3
    assert figure.panels


def test_a_rate_that_is_not_stable_or_too_small_is_no_rate_to_watch(diabetes):
    edge = question.edge(diabetes)
    reason = DataPhases().applies(replace(diabetes, learning_rate=1.1 * edge))
    assert "stable up to a learning rate of" in reason
    reason = DataPhases().applies(replace(diabetes, learning_rate=1e-6 * edge))
    assert "raise --learning-rate" in reason


def test_the_answers_tell_predicted_beside_observed(diabetes, verdict):
    shape, when, alone, *_ = answers(diabetes, {"data_phases": verdict})
    assert "of the variance" in shape.observation
    assert when.prediction.startswith("half of the first direction after 78.2 steps")
    assert when.observation.startswith("half of the first direction after 78.2 steps")
    assert when.outcome == alone.outcome == "holds"
    assert answers(diabetes, {})[1].observation == "not trained"


def test_predictions_are_plain_numbers(diabetes):
    told = json.loads(json.dumps(predictions(diabetes), allow_nan=False))
    assert told["phase_steps"] == pytest.approx([78.2, 115.3], abs=0.1)
    assert told["plateau_losses"][0] == 1


def test_the_headline_says_at_which_rate_and_what_new_samples_will_show(diabetes):
    told = headline(diabetes)
    assert "at learning rate 0.0143" in told
    assert "half of it by step 78.2, then along what that leaves" in told
    assert "Trained on 20 of the samples" in told


def test_pure_noise_is_called_that():
    rng = np.random.default_rng(0)
    problem = pose(Dataset(rng.normal(size=(200, 4)), rng.normal(size=(200, 1)), "x"))
    assert headline(problem).endswith(
        "But the target does not depend on the inputs by more than chance."
    )

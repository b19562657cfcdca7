import json

import numpy as np
import pytest

import linnet
from linnet.analyze import pose
from linnet.phenomena.anisotropy import theory
from linnet.phenomena.anisotropy.claims import generalization, splits
from linnet.phenomena.anisotropy.claims.answers import answers
from linnet.phenomena.anisotropy.claims.data_generalization import (
    BEST,
    END,
    STOPPED,
    DataGeneralization,
)
from linnet.study import Problem, run_claim
from linnet.task import Dataset, Moments


def gaussian(n=600, d=16, noise=0.4, seed=0):
    rng = np.random.default_rng(seed)
    inputs = rng.standard_normal((n, d)) / np.sqrt(1 + np.arange(d))
    output = inputs @ np.linspace(1, 0.2, d) + noise * rng.standard_normal(n)
    return Dataset(inputs, output[:, None], "Gaussian")


@pytest.fixture(scope="module")
def problem():
    return pose(gaussian(), quick=True)


@pytest.fixture(scope="module")
def found(problem):
    return run_claim(DataGeneralization(), problem)


@pytest.fixture
def forgotten():
    """Predictions that are replaced must not leave anything behind."""
    generalization.predicted.cache_clear()
    yield
    generalization.predicted.cache_clear()


def test_on_gaussian_data_all_of_it_holds(found):
    verdict, _ = found
    assert verdict.verdict == "holds"
    assert verdict.status == "heuristic"
    assert {c.label for c in verdict.comparisons} == {BEST, STOPPED, END}
    assert all(c.wrong_deviation > 2 * c.tolerance for c in verdict.comparisons)


def test_a_broken_theory_fails(problem, found, forgotten, monkeypatch):
    exact = theory.learning_curve

    def broken(spectrum, times, *, noise, **given):
        return exact(spectrum, times, noise=1.3 * noise, **given)

    monkeypatch.setattr(generalization.theory, "learning_curve", broken)
    verdict, _ = run_claim(DataGeneralization(), problem)
    assert verdict.verdict == "fails"
    assert not verdict.is_failure  # a heuristic may miss


def test_the_figure_shows_both_depths_ridge_and_the_stop(problem, found):
    _, figure = found
    (panel,) = figure.panels
    assert panel.title == "32 training samples, 16 directions"
    roles = [s.role for s in panel.series]
    assert roles.count("theory") == roles.count("simulation") == 3
    assert all(s.stderr is not None for s in panel.series if s.role == "simulation")
    stop = next(s for s in panel.series if s.role == "guide")
    assert stop.x.tolist() == [1, 1]
    one = panel.series[0]
    assert one.x[one.y.argmin()] == 1


def test_the_note_tells_noise_and_what_was_left_out(found):
    note = found[0].note
    assert "above the noise of" in note
    assert "Fewer training samples than directions" in note


def test_numbers_for_the_owner_are_plain(problem, found):
    one, two = generalization.stopping_times(problem, 32)
    assert 0 < one < splits.paths(problem, 32).one[-1]
    assert 0 < two < splits.paths(problem, 32).two[-1]
    told = generalization.numbers(problem)
    assert json.loads(json.dumps(told)) == told
    assert told[0]["training_samples"] == 32
    assert told[0]["best_test_error"]["one_layer"] < told[0]["test_error_at_start"]


def test_the_owner_is_told_what_happens_without_a_stop(problem, found):
    verdict, _ = found
    *_, stopped, told = answers(problem, {"data_generalization": verdict})
    assert stopped.observation.startswith("trained on 32: best after ")
    assert "stopping as predicted costs nothing" in stopped.observation
    assert told.question == "And if training is not stopped?"
    one, two = generalization.ends_observed(problem, 32)
    ends = generalization.ends(splits.observed(problem, 32))
    np.testing.assert_allclose([one.value, two.value], ends)
    expected = generalization.ends(generalization.predicted(problem, 32)[0])
    assert f"one layer {expected[0]:.3g}, two layers {expected[1]:.3g}" in (
        told.prediction
    )
    assert f"one layer {one.value:.2f}"[:-1] in told.observation
    assert "standard errors over splits" in told.observation
    assert told.outcome == next(
        c.outcome for c in verdict.comparisons if c.label == END
    )
    *_, unasked = answers(problem, {})
    assert (unasked.observation, unasked.outcome) == ("not trained", "")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            {"n": 80},
            "half of the samples, 40, must tell the variances of 16 directions",
        ),
        ({"n": 140}, "half of the samples, 70, must leave at least 50"),
        ({"n": 600, "d": 300}, "more than 256 inputs"),
    ],
)
def test_data_that_cannot_be_split_are_refused(change, reason):
    assert reason in DataGeneralization().applies(pose(gaussian(**change), quick=True))


def test_other_problems_are_refused(problem):
    claim, rng = DataGeneralization(), np.random.default_rng(0)
    moments = Moments(np.eye(2), np.ones((1, 2)), np.eye(1) * 3)
    alone = Problem("moments", moments, None, 2, 1e-4, None)
    assert "only moments are known" in claim.applies(alone)
    large = pose(gaussian(), init_scale=1.0)
    assert "lower --init-scale" in claim.applies(large)
    data = gaussian()
    chance = Dataset(data.inputs, rng.standard_normal((600, 1)), "chance")
    assert "by more than chance" in claim.applies(pose(chance, quick=True))


def test_what_theory_cannot_answer_is_told_with_a_way_out(
    problem, forgotten, monkeypatch
):
    def lost(*given, **named):
        raise ArithmeticError("too wide")

    monkeypatch.setattr(generalization.theory, "learning_curve", lost)
    reason = DataGeneralization().applies(problem)
    assert "too wide" in reason
    assert "--scale standard" in reason


@pytest.mark.parametrize("name", ["iris", "wine", "diabetes", "breast_cancer"])
@pytest.mark.parametrize("scale", ["none", "standard"])
def test_theory_answers_for_every_table(name, scale):
    given = pose(linnet.load(name, scale=scale), quick=True)
    assert DataGeneralization().applies(given) is None
    for n in splits.sizes(given):
        best = generalization.best_predicted(given, n)
        assert (best > 0.8 * generalization.noise_power(given)).all()


def test_twenty_samples_are_off_the_limit_by_less_than_what_is_allowed():
    rng, d, n, noise = np.random.default_rng(0), 13, 20, 0.4
    variances, teacher = 1 / (1 + np.arange(d)), np.linspace(1, 0.2, d)
    spectrum = theory.PopulationSpectrum(variances, np.full(d, 1 / d), teacher**2)
    times = np.geomspace(0.1, 3e3, 80)
    given = {"aspect_ratio": d / n, "depth": 1, "noise": noise}
    expected = theory.learning_curve(spectrum, times, **given).risk + noise**2
    rows = []
    for _ in range(1000):
        inputs = rng.standard_normal((n, d)) * np.sqrt(variances)
        output = inputs @ teacher + noise * rng.standard_normal(n)
        moments = Moments.of_data(inputs, output[:, None])
        gap = splits.one_layer(moments, times) - teacher
        rows.append((gap**2 * variances).sum(1) + noise**2)
    seen = np.mean(rows, 0)
    limit = DataGeneralization().test(None, BEST).limit
    assert seen.min() / expected.min() - 1 < limit / 3
    assert 0.05 < seen[-1] / expected[-1] - 1 < limit

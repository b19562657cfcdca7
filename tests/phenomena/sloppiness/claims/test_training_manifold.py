import json
from dataclasses import replace

import numpy as np
import pytest
from judging import failed

import linnet
from linnet.analyze import pose
from linnet.phenomena.sloppiness.claims import (
    data_question,
    data_runs,
    settings,
    training_manifold as manifold,
)
from linnet.phenomena.sloppiness.claims.answers import answers, headline, predictions
from linnet.phenomena.sloppiness.claims.training_manifold import TrainingManifold
from linnet.study import run_claim
from linnet.task import Dataset

CLAIM = TrainingManifold()


@pytest.fixture(scope="module")
def diabetes():
    return pose(linnet.load("diabetes", center=True), quick=True)


@pytest.fixture(scope="module")
def found(diabetes):
    return run_claim(CLAIM, diabetes)


def dataset(inputs, targets):
    return Dataset(np.asarray(inputs, float), np.asarray(targets, float), "test")


def test_it_holds_and_its_wrong_theory_is_rejected_everywhere(found):
    verdict, _ = found
    assert verdict.verdict == "holds"
    assert verdict.note == ""
    assert len(verdict.comparisons) == 8
    assert min(c.wrong_deviation for c in verdict.comparisons) > 10


def test_shares_off_by_a_twentieth_fail(diabetes):
    predicted = CLAIM.predict(diabetes)
    off = {label: 0.95 * value for label, value in predicted.items()}
    assert failed(CLAIM, diabetes, off) == set(predicted)


def test_the_edge_of_the_ribbon_holds_what_it_says_it_holds(diabetes):
    for steps in data_question.durations(diabetes):
        widest = data_question.widest_start(diabetes, steps)
        seen = data_runs.share_of_networks(diabetes, steps, widest)
        assert abs(seen.z(0.95)) < 4
        assert seen.stderr < 0.003


def test_a_plain_loop_of_descent_from_zero_has_the_axes_of_narrow_starts(diabetes):
    data, rate = diabetes.dataset, data_question.learning_rate(diabetes)
    weights, path = np.zeros((10, 1)), []
    for _ in range(41):
        path.append(data.inputs @ weights)
        slope = (
            data.inputs.T @ (data.inputs @ weights - data.targets) / len(data.inputs)
        )
        weights = weights - rate * slope
    curve = np.concatenate(path, axis=1).T
    middle = curve - curve.mean(0)
    axes = np.linalg.svd(middle, full_matrices=False)[2][:3]
    found = data_runs._axes(diabetes) @ data_runs._named(diabetes, 40, 0.0)[:, 0]
    overlap = np.abs(axes @ found)
    np.testing.assert_allclose(overlap, np.eye(3), atol=1e-7)
    sizes = (middle @ found).var(0).sum() / middle.var(0).sum()
    axes_in_theory = data_question.axes(diabetes, 40)
    np.testing.assert_allclose(axes_in_theory.share(0.0, 3), sizes, rtol=1e-10)


def test_where_one_direction_dominates_starts_of_any_width_are_on_a_ribbon():
    wine = pose(linnet.load("wine", center=True), quick=True)
    assert data_question.widest_start(wine, 400) == np.inf
    assert manifold.starts(wine)[-1][0] == 400
    assert len([1 for steps, _ in manifold.starts(wine) if steps == 400]) == 1
    assert data_question.usual_share(wine, 400) == pytest.approx(0.9564, abs=1e-3)
    assert "on a ribbon: 3 dimensions hold 95.6" in headline(wine)
    first, second = answers(wine, {})
    assert first.prediction.startswith("any width")
    assert "one direction has" in second.prediction
    assert predictions(wine)["widest_start"][1] is None


def test_the_figure_has_a_map_its_boundary_and_dots_in_their_shade(found, diabetes):
    _, figure = found
    plane, target, others = figure.panels
    assert plane.field.values.shape == (len(plane.field.y), len(plane.field.x))
    border, dots = plane.series
    share = np.interp(border.x[-1], plane.field.x, plane.field.values[-1])
    assert share == pytest.approx(0.95, abs=0.01)
    assert set(dots.y) == set(data_question.durations(diabetes))
    for panel in (target, others):
        assert [s.label for s in panel.series if s.role == "theory"] == [
            "40 steps",
            "400 steps",
        ]
        assert all(s.stderr is not None for s in panel.series if s.role == "simulation")


def test_the_owner_of_data_is_told_widths_and_shares_in_plain_words(found, diabetes):
    verdict, _ = found
    told = answers(diabetes, {CLAIM.name: verdict})
    assert [a.outcome for a in told] == ["holds", "holds"]
    assert "deviation up to 126" in told[0].prediction
    assert "slope 0.5, " in told[1].prediction
    assert "thin ribbon" in told[1].question
    assert "on a ribbon: 3 dimensions hold 100" in headline(diabetes)
    numbers = predictions(diabetes)
    json.dumps(numbers, allow_nan=False)
    assert numbers["widest_start"][1] == pytest.approx(126, rel=0.01)
    assert settings(diabetes) == {"learning_rate": numbers["learning_rate"]}


def test_the_summary_says_what_the_usual_start_does_and_what_would_help():
    digits = pose(linnet.load("digits", center=True), quick=True)
    told = headline(digits)
    assert "these 10 targets together" in told
    assert "from the usual start, in more dimensions" in told
    assert "from starts of deviation 0.0015" in told
    assert told.endswith("they hold 95 %.")


def test_what_was_not_trained_is_told_as_such(diabetes):
    told = answers(diabetes, {})
    assert {a.observation for a in told} == {"not trained"}


def test_few_directions_white_inputs_and_huge_data_are_not_asked(monkeypatch, diabetes):
    thin = pose(linnet.load("iris", center=True))
    assert "vary in 4 directions only" in CLAIM.applies(thin)
    assert (predictions(thin), headline(thin), answers(thin, {})) == (
        {"silent": CLAIM.applies(thin)},
        "",
        (),
    )
    white = pose(linnet.load("diabetes", center=True).whitened())
    assert "white" in CLAIM.applies(white)
    problem = pose(linnet.load("diabetes", center=True))
    monkeypatch.setattr(data_question, "MOST_WORK", 1e6)
    assert "too long to train" in CLAIM.applies(problem)
    assert "no samples" in CLAIM.applies(replace(diabetes, dataset=None))


def test_runs_that_would_take_too_long_are_left_out_and_told(monkeypatch):
    problem = pose(linnet.load("diabetes", center=True), quick=True)
    monkeypatch.setattr(data_question, "MOST_WORK", 1e8)
    assert data_question.durations(problem) == (40,)
    assert CLAIM.note(problem) == "1 longer runs would take too long."


def test_a_curve_that_bends_too_much_has_no_ribbon_and_says_so():
    rng = np.random.default_rng(1)
    spectrum = np.exp(-0.05 * np.arange(40))
    inputs = np.linalg.qr(rng.normal(size=(60, 40)))[0] * np.sqrt(60 * spectrum)
    targets = inputs @ (np.ones(40) / spectrum**2)
    problem = pose(dataset(inputs, targets[:, None]), quick=True)
    assert data_question.widest_start(problem, 400) > 0
    assert all(steps in (40, 400) for steps, _ in manifold.starts(problem))

"""Data sets in pairs: what is trained on them, and what is read off their curves."""

import numpy as np
import pytest

from linnet.phenomena.anisotropy import theory
from linnet.phenomena.anisotropy.claims import expected_curves, trained_sets
from linnet.phenomena.anisotropy.claims.problems import data_sets
from linnet.phenomena.anisotropy.claims.trained_sets import Kind

FEW = Kind(2, 0.6, 5.0)  # 60 inputs, 30 samples
WIDE = Kind(4, 0.6, 20.0)


@pytest.fixture(scope="module")
def small():
    return trained_sets.trained(FEW, 60, 2, 0)


@pytest.fixture(scope="module")
def data():
    task = trained_sets._task(FEW, 60, 0)
    return task, list(data_sets(task, 30, 2, 0))


def test_one_layer_is_that_of_the_exact_filter(small, data):
    task, sets = data
    moments = sets[1].moments()
    values, vectors = np.linalg.eigh(moments.xx)
    gain = np.where(values > 1e-9, values, 1.0)
    left = (1 - FEW.rate * values) ** FEW.steps[:, None]
    filters = np.where(values > 1e-9, (1 - left) / gain, 0.0)
    maps = (moments.yx @ vectors * filters) @ vectors.T
    gap = maps - task.target
    risk = ((gap @ task.covariance.matrix()) * gap).sum(1)
    np.testing.assert_allclose(small.one.risk[1], risk, rtol=1e-9)
    error = ((sets[1].targets[:, 0] - maps @ sets[1].inputs.T) ** 2).mean(1)
    np.testing.assert_allclose(small.one.training_error[1], error, atol=1e-9)
    learned = maps @ task.directions[0] / 0.6
    np.testing.assert_allclose(small.one.spike[1], learned, atol=1e-9)


def test_two_layers_are_those_of_a_loop_over_steps(small, data):
    task, sets = data
    moments = sets[0].moments()
    first, second = (layer.copy() for layer in trained_sets._start(60, 0))
    at = int(np.searchsorted(FEW.times, 1.0))
    for _ in range(FEW.steps[at]):
        slope = moments.yx - second @ first @ moments.xx
        change = FEW.rate * second.T @ slope, FEW.rate * slope @ first.T
        first, second = first + change[0], second + change[1]
    gap = second @ first - task.target
    risk = float((gap @ task.covariance.matrix() @ gap.T)[0, 0])
    assert small.two.risk[0, at] == pytest.approx(risk, rel=1e-9)
    along = task.target @ task.directions[0]
    rest = task.target - along * task.directions[0]
    learned = float((second @ first @ rest)[0]) / (rest @ rest)
    assert small.two.rest[0, at] == pytest.approx(learned, rel=1e-7)


def test_ridge_solves_the_normal_equations(small, data):
    task, sets = data
    x, y = sets[1].inputs, sets[1].targets
    for at in (0, 17, len(trained_sets.PENALTIES) - 1):
        penalty = len(x) * trained_sets.PENALTIES[at] * np.eye(60)
        w = np.linalg.solve(x.T @ x + penalty, x.T @ y)[:, 0]
        gap = w - task.target
        risk = gap @ task.covariance.matrix() @ gap
        assert small.ridge[1, at] == pytest.approx(risk, rel=1e-9)


def test_the_start_grows_like_the_balanced_one_that_is_predicted():
    starts = [trained_sets._start(240, seed) for seed in range(20)]
    direction = np.random.default_rng(0).normal(size=240)
    grown = [theory.effective_start(start, direction) for start in starts]
    assert np.allclose(np.sqrt(grown), expected_curves.amplitude(), rtol=0.02)
    assert np.mean(np.sqrt(grown)) == pytest.approx(expected_curves.amplitude(), 5e-3)
    assert all(np.abs(layer).min() > 0 for layer in starts[0])


def test_pairs_forget_a_term_of_order_one_over_n_and_keep_the_rest(monkeypatch):
    def made(kind, inputs, count, seed):
        n = kind.samples(inputs)
        curve = np.full((count, 3), 0.5 + 7 / n)
        curves = trained_sets.Curves(curve, 2 * curve, curve, curve)
        return trained_sets.Trained(curves, curves, curve)

    monkeypatch.setattr(trained_sets, "trained", made)
    found = trained_sets.limit(WIDE, 4, 0)
    assert np.allclose(found.one.risk, 0.5)
    assert np.allclose(found.two.training_error, 1.0)
    assert np.allclose(found.ridge, 0.5)


def test_best_places_and_values_forget_it_too(monkeypatch):
    def made(kind, inputs, count, seed):
        n = kind.samples(inputs)
        rng = np.random.default_rng(inputs)
        lift = 0.5 + 7 / n + 1e-3 * rng.normal(size=(count, 1))
        time = np.log(kind.times[1:]) - np.log(1 + 3 / n)
        rows = np.column_stack([lift, lift + time**2])
        curves = trained_sets.Curves(rows, rows, rows, rows)
        logs = np.log(trained_sets.PENALTIES) - np.log(2 + 5 / n)
        return trained_sets.Trained(curves, curves, lift + logs**2)

    monkeypatch.setattr(trained_sets, "trained", made)
    found = trained_sets.limit_bests.__wrapped__(FEW, 50, 0)
    for name, place in (("ridge", 2.0), ("one layer", 1.0), ("two layers", 1.0)):
        assert float(found[name].place.value) == pytest.approx(place)
        assert abs(found[name].value.z(0.5)) < 4
        assert float(found[name].value.stderr) == pytest.approx(2e-4, rel=0.4)


@pytest.mark.parametrize("kind", [FEW, WIDE, Kind(0.5, 0.0, 0.0)])
def test_saved_times_start_at_zero_and_are_whole_steps(kind):
    steps = kind.steps
    assert steps[0] == 0
    assert (np.diff(steps) > 0).all()
    assert np.allclose(kind.times, trained_sets.SAVES, rtol=0.02)
    assert np.allclose(kind.times[[10, 16, 22, 34]], [0.5, 1, 2, 8])


def test_the_best_place_is_the_vertex_of_a_parabola_of_the_mean_for_all_pairs():
    places = 2.0 ** (np.arange(-6, 7) / 3)
    shifts = np.array([-0.3, 0.1, 0.5])[:, None]
    rows = 1 + (np.log(places / 1.2) - shifts) ** 2
    found = trained_sets.best(places, rows)
    middle = shifts.mean()
    assert float(found.place.value) == pytest.approx(1.2 * np.exp(middle))
    np.testing.assert_allclose(found.rows, 1 + (middle - shifts[:, 0]) ** 2)
    assert float(found.value.value) == pytest.approx(found.rows.mean())
    spread = shifts.std(ddof=1) / np.sqrt(3)
    assert float(found.place.stderr) == pytest.approx(found.place.value * spread)


def test_a_mean_that_still_falls_is_read_at_its_end():
    places = np.array([1.0, 2.0, 4.0, 8.0])
    rows = np.array([[4.0, 3.0, 2.0, 1.0], [4.0, 3.0, 2.0, 1.5]])
    found = trained_sets.best(places, rows)
    assert float(found.place.value) == 8
    assert float(found.place.stderr) == 0
    np.testing.assert_array_equal(found.rows, [1.0, 1.5])


def test_parabolas_between_saved_times_are_finer_than_data_sets_can_tell():
    for kind in (FEW, WIDE, Kind(0.5, 1.0, 20.0), Kind(0.5, 0.0, 0.0)):
        for layers in (trained_sets.ONE, trained_sets.TWO):
            curve = expected_curves.curve(kind, layers, kind.times).risk[1:]
            found = trained_sets.best(kind.times[1:], np.stack([curve, curve]))
            exact = expected_curves.stopping(kind, layers)
            assert float(found.value.value) == pytest.approx(exact.risk, abs=2.5e-4)
            assert float(found.place.value) == pytest.approx(exact.time, rel=0.02)

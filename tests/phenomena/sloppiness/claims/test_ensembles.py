"""Ensembles are those of plain descent, and their statistics those of samples."""

import numpy as np
import pytest

from linnet.dynamics import LinearEnsemble, OnlineEnsemble
from linnet.numerics import Estimate, participation_ratio
from linnet.phenomena.sloppiness import measure
from linnet.phenomena.sloppiness.claims import ensembles
from linnet.phenomena.sloppiness.claims.problems import sloppy_variances, spectral_data

DATA = spectral_data(sloppy_variances(0.7, 4), 6)
STEPS = range(5)


def _random() -> ensembles.Drawn:
    return ensembles.random_targets(
        DATA, init_deviation=1.0, target_deviation=0.3, trajectories=128, seed=1
    )


def _paths(drawn, rate=0.8):
    return ensembles.recorded(LinearEnsemble(DATA.inputs, rate), DATA, drawn, STEPS)


def test_a_trajectory_is_plain_descent_seen_along_the_axes():
    drawn = _random()
    weights, goal = drawn.starts[3].copy(), drawn.goals[3]
    expected = []
    for _ in STEPS:
        expected.append(DATA.axes.T @ DATA.inputs @ weights)
        weights -= 0.8 * DATA.inputs.T @ DATA.inputs @ (weights - goal) / 6
    np.testing.assert_allclose(list(_paths(drawn))[3], expected, rtol=1e-10)


def test_trajectories_to_a_fixed_target_share_it():
    goal = np.arange(4.0)
    drawn = ensembles.fixed_target(goal, init_deviation=0.0, trajectories=3, seed=0)
    first, *others = _paths(drawn)
    for each in others:
        np.testing.assert_array_equal(each, first)
    assert np.abs(first[-1]).max() > 0.1


def test_moments_are_those_of_the_cloud_and_its_functions_theirs():
    paths = list(_paths(_random()))
    found = ensembles.moments(iter(paths))
    np.testing.assert_allclose(found.value, np.mean([p**2 for p in paths], axis=(0, 1)))
    cloud = ensembles.clouded(iter(paths), groups=128)
    same = ensembles.along_axes(cloud, lambda v: v)
    np.testing.assert_allclose(same.value, found.value)
    np.testing.assert_allclose(same.stderr, found.stderr)
    ratio = ensembles.along_axes(cloud, participation_ratio)
    gap = abs(float(ratio.value) - participation_ratio(found.value))
    assert 0 < gap < float(ratio.stderr)


def test_a_centered_function_is_that_of_the_covariance():
    cloud = ensembles.clouded(_paths(_random()), groups=16)
    found = ensembles.of_cloud(cloud, np.trace, centered=True)
    other = measure.cloud_moments(cloud, centered=True)
    np.testing.assert_allclose(found.value, other.value.sum())


def test_what_diverges_is_no_ensemble():
    with pytest.raises(RuntimeError, match="diverged"):
        list(
            ensembles.recorded(
                LinearEnsemble(DATA.inputs, 3000.0), DATA, _random(), [0, 60]
            )
        )


def test_one_run_tells_of_all_shorter_ones():
    paths = np.random.default_rng(0).standard_normal((5, 6, 2))
    found = ensembles.squares_up_to(iter(paths), (1, 4, 6), groups=2)
    assert found.shape == (2, 3, 2)
    np.testing.assert_allclose(found[0, 1], (paths[::2, :4] ** 2).mean(1).sum(0))
    np.testing.assert_allclose(found[1, 2], (paths[1::2] ** 2).mean(1).sum(0))
    with pytest.raises(ValueError, match="must hold a trajectory"):
        ensembles.squares_up_to(iter([]), (1,))


def test_labels_may_hold_what_no_goal_explains():
    drawn, residuals = _random(), np.arange(6.0)
    process = LinearEnsemble(DATA.inputs, 0.8)
    found = ensembles.recorded(process, DATA, drawn, STEPS, residuals=residuals)
    weights = drawn.starts[0].copy()
    labels = DATA.inputs @ drawn.goals[0] + residuals
    for _ in STEPS[1:]:
        weights -= 0.8 * DATA.inputs.T @ (DATA.inputs @ weights - labels) / 6
    np.testing.assert_allclose(next(found)[-1], DATA.axes.T @ DATA.inputs @ weights)


def test_fresh_samples_are_seen_in_the_population():
    drawn = _random()
    process = OnlineEnsemble(DATA.variances, 0.3, 2)
    first = next(ensembles.recorded_online(process, drawn, STEPS, seed=1))
    again = next(ensembles.recorded_online(process, drawn, STEPS, seed=2))
    seen = np.sqrt(DATA.variances) * drawn.starts[0]
    np.testing.assert_allclose(first[0], seen)
    np.testing.assert_allclose(again[0], seen)
    assert np.abs(first[-1] - again[-1]).max() > 1e-3


def test_estimates_stand_side_by_side():
    parts = [Estimate(np.array(1.0), np.array(0.1), 9), Estimate([2, 3], [0.2, 0.3], 5)]
    found = ensembles.side_by_side(parts)
    np.testing.assert_array_equal(found.value, [1, 2, 3])
    np.testing.assert_array_equal(found.stderr, [0.1, 0.2, 0.3])
    assert found.effective_samples == 5


def test_some_entries_are_picked_with_their_errors():
    found = ensembles.entries(Estimate([1, 2, 3], [0.1, 0.2, 0.3], 7), np.array([0, 2]))
    np.testing.assert_array_equal([found.value, found.stderr], [[1, 3], [0.1, 0.3]])
    assert found.effective_samples == 7


def test_a_function_of_groups_has_the_error_of_leaving_each_out():
    sums = np.random.default_rng(0).chisquare(8, (40, 5))
    found = ensembles.of_groups(sums, participation_ratio)
    left = [participation_ratio(np.delete(sums, g, 0).sum(0)) for g in range(40)]
    np.testing.assert_allclose(found.stderr, np.std(left) * np.sqrt(39), rtol=1e-9)

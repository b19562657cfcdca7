"""Trajectories by progress, and distances of whole trajectories."""

import numpy as np
import pytest

from linnet.phenomena.sloppiness.measure import (
    Predictions,
    geodesic,
    ignorance,
    progress,
    reindex,
    trajectory_distances,
    truth,
)
from linnet.phenomena.sloppiness.measure.sphere import distances, square_roots

SAMPLES, CLASSES = 12, 3
END = truth(np.arange(SAMPLES) % CLASSES, CLASSES)


def softmax_path(seed: int, times: np.ndarray, strength: float = 4.0) -> np.ndarray:
    """Logits that grow towards the labels, each sample on a detour of its own."""
    detour = np.random.default_rng(seed).normal(size=(SAMPLES, CLASSES))
    t = times[:, None, None]
    logits = strength * t * (END + 0.4 * (1 - t) * detour)
    p = np.exp(logits)
    return p / p.sum(-1, keepdims=True)


def mean_distance(p: np.ndarray, q: np.ndarray) -> float:
    return float(distances(square_roots(p), square_roots(q)).mean())


def test_geodesic_passes_each_level_at_its_own_point():
    times, levels = np.linspace(0, 1, 7), np.array([0.0, 0.05, 0.5, 0.77, 1.0])
    path = geodesic(ignorance(SAMPLES, CLASSES), END, times)
    found = reindex(path, END, levels)
    expected = geodesic(ignorance(SAMPLES, CLASSES), END, levels)
    np.testing.assert_allclose(found.predictions, expected, atol=1e-11)
    np.testing.assert_allclose(found.along, times, atol=1e-12)


def test_predictions_at_a_level_have_that_progress():
    found = reindex(softmax_path(0, np.linspace(0, 1, 60)), END)
    again = progress(found.predictions, END).along
    assert 0 < found.reached.sum() < len(found.levels)
    gap = np.abs(again - found.levels)[found.reached]
    assert gap.max() < 1e-3
    # What is left falls with the square of the spacing of checkpoints.
    coarse = reindex(softmax_path(0, np.linspace(0, 1, 16)), END)
    off = np.abs(progress(coarse.predictions, END).along - coarse.levels)
    assert off[coarse.reached].max() > 4 * gap.max()


def test_checkpoints_that_fall_back_are_passed_over():
    path = softmax_path(1, np.array([0.0, 0.3, 0.5, 0.2, 0.4, 1.0]))
    along = progress(path, END).along
    level = np.array([(along[1] + along[2]) / 2, (along[2] + along[5]) / 2])
    found = reindex(path, END, level).predictions
    np.testing.assert_allclose(
        found[0], geodesic(path[1], path[2], np.array([0.5]))[0], atol=1e-12
    )
    share = (level[1] - along[4]) / (along[5] - along[4])
    np.testing.assert_allclose(
        found[1], geodesic(path[4], path[5], np.array([share]))[0], atol=1e-12
    )


def test_levels_not_reached_hold_the_first_and_the_furthest_checkpoint():
    path = softmax_path(2, np.array([0.3, 0.6, 0.5]), strength=3.0)
    found = reindex(path, END, np.array([0.0, 1.0]))
    np.testing.assert_allclose(found.predictions, path[:2], rtol=1e-12)
    assert not found.reached.any()


def test_one_path_at_two_speeds_is_one_trajectory():
    slow, fast = np.linspace(0, 1, 200), np.linspace(0, 1, 150) ** 2
    paths = [softmax_path(3, t) for t in (slow, fast)] + [softmax_path(4, slow)]
    found = trajectory_distances(paths, END)
    np.testing.assert_array_equal(found, found.T)
    np.testing.assert_array_equal(np.diag(found), 0)
    assert found[0, 1] < 1e-6 < 1e-3 < found[0, 2]
    # Compared at equal times the two speeds are far apart.
    same_time = mean_distance(softmax_path(3, slow), softmax_path(3, slow**2))
    assert same_time > 1e-3


def test_distance_is_the_mean_over_levels_of_the_distances_there():
    paths = [softmax_path(s, np.linspace(0, 1, 5 + s)) for s in (5, 6, 7)]
    levels = np.array([0.1, 0.2, 0.4])
    seen = []
    found = trajectory_distances(
        paths, END, levels, progress=lambda *at: seen.append(at)
    )
    u, v = (reindex(paths[k], END, levels).predictions for k in (0, 2))
    np.testing.assert_allclose(found[0, 2], mean_distance(u, v), rtol=1e-6)
    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_levels_that_one_does_not_reach_can_be_left_out():
    whole = softmax_path(8, np.linspace(0, 1, 40))
    short = softmax_path(8, np.linspace(0, 0.5, 40))
    levels = np.linspace(0, progress(whole, END).along.max(), 50)
    hold = trajectory_distances([whole, short], END, levels)
    left_out = trajectory_distances([whole, short], END, levels, beyond="leave out")
    assert left_out[0, 1] < 1e-6 < 1e-3 < hold[0, 1]


def test_what_cannot_be_compared_is_refused():
    early = softmax_path(9, np.linspace(0, 0.2, 5))
    late = softmax_path(9, np.linspace(0.8, 1.0, 5))
    with pytest.raises(ValueError, match="but 0 and 1 do not: give levels that both"):
        trajectory_distances([early, late], END, beyond="leave out")
    with pytest.raises(ValueError, match="must be 'hold' or 'leave out'"):
        trajectory_distances([early, late], END, beyond="extend")
    with pytest.raises(ValueError, match=r"`levels` must be .* in \[0, 1\]"):
        reindex(early, END, np.array([1.1]))
    with pytest.raises(ValueError, match=r"`levels` must be .* in \[0, 1\]"):
        reindex(early, END, np.array([np.nan]))
    with pytest.raises(ValueError, match=r"number 1 has shape \(12, 3\)"):
        trajectory_distances([early, late[0]], END)
    with pytest.raises(ValueError, match="must hold some, but is empty"):
        trajectory_distances([], END)
    with pytest.raises(ValueError, match="same samples and classes"):
        trajectory_distances([early[:, :5]], END)


def test_logits_and_what_lies_in_files_are_taken_as_predictions():
    paths = [softmax_path(seed, np.linspace(0, 1, 6)) for seed in (0, 1)]
    levels = np.linspace(0, 0.6, 4)
    logits = [Predictions(np.log(path) + 3.0, "logits") for path in paths]
    expected = trajectory_distances(paths, END, levels)
    found = trajectory_distances([logits[0], paths[1]], END, levels)
    np.testing.assert_allclose(found, expected, rtol=1e-10)
    again = reindex(logits[1], END, levels).predictions
    np.testing.assert_allclose(again, reindex(paths[1], END, levels).predictions)

"""Geodesics and lengths on the product of spheres."""

import numpy as np
import pytest
from hypothesis import given, strategies as st

from linnet.phenomena.sloppiness.measure import (
    geodesic,
    geodesic_length,
    ignorance,
    path_length,
    step_lengths,
    truth,
)
from linnet.phenomena.sloppiness.measure.sphere import distances, square_roots


def models(seed: int, *shape: int, sharpness: float = 2.0) -> np.ndarray:
    logits = sharpness * np.random.default_rng(seed).normal(size=shape)
    p = np.exp(logits)
    return p / p.sum(-1, keepdims=True)


def bhattacharyya(p: np.ndarray, q: np.ndarray) -> float:
    return float(distances(square_roots(p), square_roots(q)).mean())


def test_distance_to_the_truth_is_half_the_mean_cross_entropy():
    p, labels = models(0, 50, 4), np.random.default_rng(1).integers(0, 4, 50)
    cross_entropy = -np.log(p[np.arange(50), labels]).mean()
    found = bhattacharyya(p, truth(labels, 4))
    np.testing.assert_allclose(found, cross_entropy / 2, rtol=1e-13)


def test_ignorance_is_half_the_logarithm_of_the_classes_from_any_truth():
    labels = np.array([0, 6, 3])
    found = bhattacharyya(ignorance(3, 7), truth(labels, 7))
    np.testing.assert_allclose(found, np.log(7) / 2, rtol=1e-14)


def test_models_that_share_no_class_are_infinitely_far_but_pi_long():
    p, q = truth(np.array([0]), 3), truth(np.array([2]), 3)
    path = np.stack([p, q])
    assert path_length(path) == np.inf
    np.testing.assert_allclose(path_length(path, step="geodesic"), np.pi, rtol=1e-15)
    np.testing.assert_allclose(geodesic_length(p, q), np.pi, rtol=1e-15)


def test_distance_of_close_pairs_keeps_its_digits():
    p = models(2, 20, 5)
    turned = p * (1 + 1e-9 * np.cos(np.arange(5)))
    q = turned / turned.sum(-1, keepdims=True)
    # To second order the distance is a quarter of the variance of the logarithms, /2.
    spread = 1e-9 * np.cos(np.arange(5))
    variance = (p * spread**2).sum(-1) - (p * spread).sum(-1) ** 2
    expected = np.sqrt(variance.mean())  # sqrt(8 D), D = variance / 8
    found = step_lengths(np.stack([p, q]))
    np.testing.assert_allclose(found[0], expected, rtol=1e-6)


@given(seed=st.integers(0, 10_000))
def test_geodesic_starts_and_ends_at_its_models_and_divides_its_length(seed):
    p, q = models(seed, 6, 3), models(seed + 1, 6, 3)
    t = np.array([0.0, 0.3, 1.0])
    path = geodesic(p, q, t)
    np.testing.assert_allclose(path[[0, 2]], [p, q], atol=1e-14)
    np.testing.assert_allclose(path.sum(-1), 1, rtol=1e-14)
    whole = geodesic_length(p, q)
    parts = step_lengths(path, step="geodesic")
    np.testing.assert_allclose(parts, [0.3 * whole, 0.7 * whole], rtol=1e-10)


def test_geodesic_rests_where_both_models_agree():
    p, q = models(3, 4, 3), models(4, 4, 3)
    q[1] = p[1]
    q[2] = p[2] * (1 + 1e-14)
    middle = geodesic(p, q, np.array([0.5]))[0]
    assert np.isfinite(middle).all()
    np.testing.assert_allclose(middle[1:3], p[1:3], rtol=1e-13)


@given(seed=st.integers(0, 10_000))
def test_no_path_is_shorter_than_the_geodesic(seed):
    path = models(seed, 5, 8, 3)
    shortest = geodesic_length(path[0], path[-1])
    geodesic_steps = path_length(path, step="geodesic")
    assert path_length(path) >= geodesic_steps >= shortest * (1 - 1e-12)


def test_length_of_a_fine_path_does_not_depend_on_the_step():
    path = geodesic(models(5, 8, 3), models(6, 8, 3), np.linspace(0, 1, 200))
    whole = geodesic_length(path[0], path[-1])
    np.testing.assert_allclose(path_length(path, step="geodesic"), whole, rtol=1e-10)
    excess = path_length(path) / whole - 1
    coarse = path_length(path[::2][: len(path) // 2 + 1]) / geodesic_length(
        path[0], path[198]
    )
    assert 0 < excess < 1e-4
    # The excess is of second order in the step.
    np.testing.assert_allclose((coarse - 1) / excess, 4, rtol=0.02)


def test_lengths_of_many_trajectories_are_those_of_each():
    paths = models(7, 2, 3, 4, 30, 3)
    found = step_lengths(paths)
    assert found.shape == (2, 3, 3)
    one = np.sqrt(8 * bhattacharyya(paths[1, 2, 0], paths[1, 2, 1]))
    np.testing.assert_allclose(found[1, 2, 0], one, rtol=1e-13)


def test_length_does_not_depend_on_the_blocks(monkeypatch):
    path = models(8, 9, 10, 3)
    whole = step_lengths(path)
    monkeypatch.setattr("linnet.phenomena.sloppiness.measure.sphere.BLOCK", 65)
    np.testing.assert_array_equal(step_lengths(path), whole)


def test_length_does_not_depend_on_copies_of_samples():
    path = models(9, 4, 10, 3)
    twice = np.concatenate([path, path], axis=1)
    np.testing.assert_allclose(path_length(twice), path_length(path), rtol=1e-13)


def test_half_precision_is_renormalized():
    path = models(10, 3, 40, 10)
    half = path.astype(np.float16)
    np.testing.assert_allclose(path_length(half), path_length(path), rtol=1e-3)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda p: -p, "a probability is -"),
        (lambda p: 1.01 * p, "sum to 1.01, further .*: apply softmax"),
        (lambda p: p * np.nan, "on sample 0 a probability is nan"),
        (lambda p: p[..., :1] ** 0, "two columns, p and 1 - p"),
        (lambda p: p[:1], "at least two checkpoints"),
        (lambda p: p[0], "at least two checkpoints"),
    ],
)
def test_what_is_no_trajectory_of_probabilities_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        path_length(change(models(11, 3, 5, 4)))


def test_unknown_steps_times_labels_and_shapes_are_refused():
    p = models(12, 5, 4)
    with pytest.raises(ValueError, match="must be 'bhattacharyya' or 'geodesic'"):
        path_length(np.stack([p, p]), step="hellinger")
    with pytest.raises(ValueError, match=r"numbers in \[0, 1\]"):
        geodesic(p, p, np.array([1.5]))
    with pytest.raises(ValueError, match=r"numbers in \[0, 1\]"):
        geodesic(p, p, np.array([np.nan]))
    with pytest.raises(ValueError, match="of one shape"):
        geodesic_length(p, p[:3])
    with pytest.raises(ValueError, match="from 0 to 3, but spans 0 to 4"):
        truth(np.array([0, 4]), 4)
    with pytest.raises(ValueError, match="one whole number for each sample"):
        truth(np.array([[0, 1]]), 4)
    with pytest.raises(ValueError, match="but is empty"):
        truth(np.array([], dtype=int), 4)
    with pytest.raises(ValueError, match="at least 2, but is 1"):
        truth(np.array([0]), 1)
    with pytest.raises(ValueError, match="at least 1 and 2, but are 0 and 2"):
        ignorance(0, 2)

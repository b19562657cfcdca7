import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from plain_predictions import drawn, softmax

from linnet.phenomena.sloppiness.measure.distances import (
    Bhattacharyya,
    cross_distances,
    distance_matrix,
)
from linnet.phenomena.sloppiness.measure.predictions import Predictions
from linnet.phenomena.sloppiness.measure.tiles import ArrayTiles, assembled


def plain(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Every pair by itself, in double precision, in the form without cancellation."""
    first, second = (
        np.sqrt(p.astype(float) / p.astype(float).sum(-1, keepdims=True))
        for p in (first, second)
    )
    found = np.empty((len(first), len(second)))
    for u, p in enumerate(first):
        half = np.sum((p - second) ** 2, -1) / 2
        dot = np.sum(p * second, -1)
        careful = -np.log1p(-np.where(half < 0.5, half, 0))
        found[u] = np.mean(np.where(half < 0.5, careful, -np.log(dot)), -1)
    return found


@pytest.mark.parametrize(
    ("classes", "dtype"),
    [(2, "f4"), (10, "f4"), (35, "f4"), (10, "f8")],
)
def test_the_product_of_coefficients_is_the_sum_of_logarithms(classes: int, dtype: str):
    p = drawn(16, 40, classes).astype(dtype)
    error = abs(distance_matrix(p) - plain(p, p)).max()
    assert error < (3e-7 if dtype == "f4" else 3e-15)


SLOW = pytest.mark.slow


@pytest.mark.parametrize(
    "models",
    [1, 17, 257, *(pytest.param(count, marks=SLOW) for count in (16, 64, 65))],
)
def test_no_pair_is_lost_at_the_edges_of_panels(models: int):
    p = drawn(models, 40, 10).astype(np.float32)
    found = distance_matrix(p)
    assert (found == found.T).all()
    assert (np.diag(found) == 0).all()
    assert abs(found - plain(p, p)).max() < 3e-7


@pytest.mark.parametrize("step", [1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6])
@pytest.mark.parametrize("classes", [10, 35])
def test_neighbors_on_a_trajectory_keep_five_digits(step: float, classes: int):
    rng = np.random.default_rng(5)
    start = 2 * rng.normal(size=(1, 40, classes))
    way = step * np.cumsum(rng.normal(size=(12, 40, classes)), 0)
    p = softmax(start + way).astype(np.float32)
    found, expected = distance_matrix(p), plain(p, p)
    off = ~np.eye(12, dtype=bool)
    assert (abs(found - expected)[off] / expected[off]).max() < 1e-5


def test_few_close_pairs_among_many_keep_five_digits():
    p = drawn(257, 40, 10).astype(np.float32)
    p[[7, 256]] = p[[200, 31]] * (1 + 1e-4 * drawn(2, 40, 10).astype(np.float32))
    p /= p.sum(-1, keepdims=True)
    found, expected = distance_matrix(p), plain(p, p)
    for u, v in ((7, 200), (256, 31)):
        assert expected[u, v] < 1e-8
        assert found[u, v] == pytest.approx(expected[u, v], rel=1e-5)


def test_a_few_samples_far_apart_do_not_spoil_a_close_pair():
    p = drawn(3, 4000, 2).astype(np.float32)
    p[1] = p[0]
    p[0, :2], p[1, :2] = [1e-5, 1 - 1e-5], [1 - 1e-5, 1e-5]
    expected = plain(p, p)[0, 1]
    assert 1e-4 < expected < 1e-2
    assert distance_matrix(p)[0, 1] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(("classes", "bound"), [(10, 6e-7), (35, 3e-6)])
def test_where_all_samples_are_rounded_alike_errors_stay_small(
    classes: int, bound: float
):
    truth = np.eye(classes)[np.arange(40) % classes]
    p = softmax(np.linspace(0, 10, 12)[:, None, None] * truth).astype(np.float32)
    found, expected = distance_matrix(p), plain(p, p)
    assert abs(found - expected).max() < bound
    close = (expected < 1e-2) & (expected > 0)
    assert (abs(found - expected)[close] / expected[close] < 1e-5).all()


def test_copies_are_at_distance_zero():
    p = np.repeat(drawn(5, 40, 10), 3, axis=0).astype(np.float32)
    found = distance_matrix(p)
    for first in range(0, 15, 3):
        assert (found[first : first + 3, first : first + 3] == 0).all()


def test_products_that_underflow_are_found_and_formed_again():
    rng = np.random.default_rng(0)
    logits = 30 * rng.normal(size=(16, 40, 10))
    logs = logits - np.log(np.exp(logits - 200).sum(-1, keepdims=True)) - 200
    found = distance_matrix(Predictions(logits.astype(np.float32), "logits"))
    expected = distance_matrix(Predictions(logs, "log-probabilities"))
    assert expected.max() > 5
    np.testing.assert_allclose(found, expected, rtol=3e-6)


def test_models_without_a_common_class_are_refused():
    p = np.tile(drawn(4, 6, 3), 1)
    p[1, 2], p[3, 2] = [1, 0, 0], [0, 0.5, 0.5]
    with pytest.raises(ValueError, match="models 1 and 3 must have a class in common"):
        distance_matrix(p)


def test_a_sample_without_a_common_class_counts_what_is_stated():
    p = drawn(4, 6, 3)
    p[1, 2], p[3, 2] = [1, 0, 0], [0, 0.5, 0.5]
    found = distance_matrix(p, Bhattacharyya(disjoint=100.0))
    rest = plain(np.delete(p[[1]], 2, 1), np.delete(p[[3]], 2, 1))[0, 0]
    assert found[1, 3] == pytest.approx((5 * rest + 100) / 6, rel=1e-12)
    assert found[0, 1] == pytest.approx(plain(p[:1], p[1:2])[0, 0], rel=1e-12)


def test_smoothing_makes_all_distances_finite():
    p = np.eye(3)[:, None, :].repeat(2, 1)
    found = distance_matrix(Predictions(p, smoothing=0.03))
    high, low = 0.97 + 0.01, 0.01
    expected = -np.log(2 * np.sqrt(high * low) + low)
    assert found[0, 1] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("value", [0.0, -1.0, np.inf, np.nan])
def test_an_infinite_or_negative_count_of_disjoint_samples_is_refused(value: float):
    with pytest.raises(ValueError, match="`disjoint` must be finite and positive"):
        Bhattacharyya(disjoint=value)


def test_distance_to_the_truth_is_half_the_cross_entropy():
    p = drawn(5, 30, 4)
    labels = np.random.default_rng(1).integers(4, size=30)
    truth = np.eye(4)[None, labels]
    entropy = -np.log(p[:, np.arange(30), labels]).mean(1)
    found = cross_distances(p, truth)
    np.testing.assert_allclose(found[:, 0], entropy / 2, rtol=1e-12)


def test_tiles_and_pieces_do_not_change_a_bit():
    p = drawn(65, 40, 10).astype(np.float32)
    whole = distance_matrix(p)
    tiles = distance_matrix(p, tiles=ArrayTiles(65, side=64, dtype=np.float32))
    np.testing.assert_array_equal(assembled(tiles), whole)


def test_old_tiles_are_kept():
    p = drawn(10, 40, 10)
    tiles = ArrayTiles(10, side=4)
    tiles.write(0, 1, np.full((4, 4), 7.0))
    distance_matrix(p, tiles=tiles)
    assert (tiles.read(0, 1) == 7).all()
    assert tiles.matrix[0, 9] == pytest.approx(plain(p[:1], p[9:])[0, 0])


def test_progress_counts_all_tiles_and_those_that_were_there():
    seen: list[tuple[int, int]] = []
    tiles = ArrayTiles(10, side=4)
    tiles.write(0, 1, np.full((4, 4), 7.0))
    distance_matrix(
        drawn(10, 40, 10), tiles=tiles, progress=lambda *at: seen.append(at)
    )
    assert seen == [(done, 6) for done in range(2, 7)]


def test_cross_distances_are_a_part_of_all_distances():
    p = drawn(64, 40, 10).astype(np.float32)
    whole = distance_matrix(p)
    found = cross_distances(p[:20], p[20:])
    np.testing.assert_allclose(found, whole[:20, 20:], rtol=1e-5, atol=1e-9)


def test_models_on_other_samples_are_refused():
    with pytest.raises(ValueError, match=r"have \(5, 3\) and \(6, 3\)"):
        cross_distances(drawn(2, 5, 3), drawn(2, 6, 3))


def test_tiles_of_another_size_are_refused():
    with pytest.raises(ValueError, match="must be of size 4, one row for each"):
        distance_matrix(drawn(4, 5, 3), tiles=ArrayTiles(5))


def test_an_unknown_distance_is_refused():
    with pytest.raises(ValueError, match="must be one of bhattacharyya"):
        distance_matrix(drawn(4, 5, 3), "manhattan")


@given(seed=st.integers(0, 1000), shift=st.floats(-50, 50))
@settings(max_examples=20)
def test_logits_mean_the_same_when_shifted(seed: int, shift: float):
    logits = np.random.default_rng(seed).normal(size=(4, 40, 10))
    found = distance_matrix(Predictions(logits + shift, "logits"))
    np.testing.assert_allclose(found, distance_matrix(softmax(logits)), atol=1e-13)

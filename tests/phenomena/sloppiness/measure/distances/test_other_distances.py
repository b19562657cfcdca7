from collections.abc import Callable

import numpy as np
import pytest
from plain_predictions import drawn, softmax

from linnet.phenomena.sloppiness.measure.distances import (
    Gaussian,
    Hellinger,
    JensenShannon,
    SymmetrizedKL,
    distance_matrix,
)
from linnet.phenomena.sloppiness.measure.distances.passes import AbstractDistance
from linnet.phenomena.sloppiness.measure.predictions import Predictions

Pair = Callable[[np.ndarray, np.ndarray], float]


def kl_of_pair(p: np.ndarray, q: np.ndarray) -> float:
    return float(np.mean(np.sum((p - q) * (np.log(p) - np.log(q)), -1)))


def hellinger_of_pair(p: np.ndarray, q: np.ndarray) -> float:
    return float(np.mean(np.sum((np.sqrt(p) - np.sqrt(q)) ** 2, -1)) / 2)


def jensen_shannon_of_pair(p: np.ndarray, q: np.ndarray) -> float:
    gained = np.log1p((p - q) / (p + q)), np.log1p((q - p) / (p + q))
    return float(np.mean(np.sum(p * gained[0] + q * gained[1], -1)) / 2)


def plain(p: np.ndarray, pair: Pair) -> np.ndarray:
    p = p.astype(float)
    p = p / p.sum(-1, keepdims=True)
    return np.array([[pair(u, v) for v in p] for u in p])


PAIRS = [
    (SymmetrizedKL(), kl_of_pair),
    (Hellinger(), hellinger_of_pair),
    (JensenShannon(), jensen_shannon_of_pair),
]


@pytest.mark.parametrize(("distance", "pair"), PAIRS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_all_pairs_at_once_are_each_pair_alone(
    distance: AbstractDistance, pair: Pair, dtype: type
):
    p = drawn(8, 40, 4).astype(dtype)
    found, expected = distance_matrix(p, distance), plain(p, pair)
    assert found.dtype == dtype
    tolerance = 1e-6 if dtype == np.float32 else 1e-13
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance / 10)


@pytest.mark.parametrize(("distance", "pair"), PAIRS)
def test_neighbors_keep_five_digits(distance: AbstractDistance, pair: Pair):
    rng = np.random.default_rng(5)
    way = 1e-4 * np.cumsum(rng.normal(size=(8, 40, 4)), 0)
    p = softmax(2 * rng.normal(size=(1, 40, 4)) + way).astype(np.float32)
    found, expected = distance_matrix(p, distance), plain(p, pair)
    off = ~np.eye(8, dtype=bool)
    assert expected[off].max() < 1e-6
    np.testing.assert_allclose(found[off], expected[off], rtol=1e-5)


def test_pieces_of_samples_do_not_change_a_bit(monkeypatch: pytest.MonkeyPatch):
    from linnet.phenomena.sloppiness.measure.distances import panels

    p = drawn(5, 700, 3).astype(np.float32)
    distances = [distance for distance, _ in PAIRS]
    whole = [distance_matrix(p, distance) for distance in distances]
    monkeypatch.setattr(panels, "PANEL_BYTES", 1)
    for distance, expected in zip(distances, whole, strict=True):
        np.testing.assert_array_equal(distance_matrix(p, distance), expected)


@pytest.mark.parametrize("shape", [(9, 30), (9, 30, 3)])
def test_gaussian_distances_are_squared_distances_of_outputs(shape: tuple[int, ...]):
    values = np.random.default_rng(0).normal(size=shape)
    found = distance_matrix(Predictions(values, "values"), Gaussian(deviation=0.5))
    flat = values.reshape(9, -1)
    squared = ((flat[:, None] - flat[None]) ** 2).sum(-1)
    np.testing.assert_allclose(found, squared / (8 * 0.25 * 30), rtol=1e-12, atol=1e-15)


def test_what_values_have_in_common_costs_no_digits():
    small = np.random.default_rng(0).normal(size=(9, 30))
    common = 1e6 * np.linspace(1, 2, 30)
    expected = distance_matrix(
        Predictions(common + small - common, "values"), Gaussian()
    )
    found = distance_matrix(Predictions(common + small, "values"), Gaussian())
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_divergences_of_many_classes_keep_digits_in_double_precision():
    rng = np.random.default_rng(5)
    logits = 2 * rng.normal(size=(1, 40, 1000))
    sizes = 1e-4 * np.arange(4)[:, None, None]
    p = softmax(logits + sizes * rng.normal(size=(40, 1000)))
    found = distance_matrix(p, JensenShannon())[0, 1:]
    expected = plain(p, jensen_shannon_of_pair)[0, 1:]
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_disjoint_supports_are_ln_2_apart_for_jensen_shannon():
    p = np.eye(3, dtype=np.float32)[:, None, :]
    found = distance_matrix(p, "jensen-shannon")
    np.testing.assert_allclose(found[0, 1:], np.log(2), rtol=1e-6)
    assert distance_matrix(p, "hellinger")[0, 1] == 1


def test_an_impossible_class_is_refused_where_it_is_infinitely_far():
    p = drawn(3, 4, 3)
    p[1, 2] = [0.5, 0.5, 0]
    with pytest.raises(ValueError, match=r"model 1 on sample 2 .* class 2 none"):
        distance_matrix(p, "symmetrized-kl")


def test_logits_give_finite_divergence_where_probabilities_underflow():
    logits = np.array([[[0.0, 2000.0]], [[0.0, -2000.0]]])
    found = distance_matrix(Predictions(logits, "logits"), "symmetrized-kl")
    assert found[0, 1] == pytest.approx(4000)


@pytest.mark.parametrize("deviation", [0.0, -1.0, np.inf, np.nan])
def test_a_deviation_that_is_not_positive_is_refused(deviation: float):
    with pytest.raises(ValueError, match="`deviation` must be finite and positive"):
        Gaussian(deviation)


def test_values_are_not_taken_for_distributions_nor_the_other_way_round():
    values = Predictions(np.ones((2, 3, 4)), "values")
    for name in ("bhattacharyya", "symmetrized-kl", "hellinger", "jensen-shannon"):
        with pytest.raises(ValueError, match="must be given distributions"):
            distance_matrix(values, name)
    with pytest.raises(ValueError, match="must be given `values`"):
        distance_matrix(drawn(2, 3, 4), "gaussian")

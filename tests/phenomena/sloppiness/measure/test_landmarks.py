import numpy as np
import pytest

from linnet.phenomena.sloppiness.measure import (
    About,
    Embedding,
    Search,
    embed_distances,
    landmark_embedding,
    place,
)


def _cloud(models=400, features=12, seed=0):
    size = 0.6 ** np.arange(features)
    return np.random.default_rng(seed).standard_normal((models, features)) * size


def _between(points, asked=None):
    def between(rows, columns):
        if asked is not None:
            asked.append((len(rows), len(columns)))
        squared = (points[rows, None] - points[columns]) ** 2
        # The third direction is of the other sign.
        return squared.sum(-1) - 1.5 * squared[..., 2]

    return between


def _all(points):
    everything = np.arange(len(points))
    return _between(points)(everything, everything)


def test_landmarks_see_all_when_there_is_nothing_else_to_see():
    points = _cloud(features=4)
    found = landmark_embedding(_between(points), 400, 20, 4)
    np.testing.assert_allclose(
        found.distances(slice(None), slice(None)), _all(points), atol=1e-11
    )
    assert sorted(found.signature) == [-1, 1, 1, 1]
    assert found.sampled_error.value == pytest.approx(0, abs=1e-11)


def test_it_is_the_embedding_with_weight_on_landmarks_alone():
    points = _cloud()
    chosen = np.arange(3, 400, 9)
    found = landmark_embedding(_between(points), 400, chosen, 5)
    exact = embed_distances(_all(points), 5, weights=found.weights)
    np.testing.assert_allclose(np.flatnonzero(found.weights), chosen)
    np.testing.assert_allclose(found.eigenvalues, exact.eigenvalues, rtol=1e-10)
    np.testing.assert_allclose(found.coordinates, exact.coordinates, atol=1e-10)
    np.testing.assert_allclose(found.row_means, exact.row_means, rtol=1e-10)
    np.testing.assert_allclose(found.self_products, exact.self_products, atol=1e-10)
    assert found.trace == pytest.approx(exact.trace)
    np.testing.assert_allclose(found.explained_stress(), exact.explained_stress())
    np.testing.assert_allclose(found.distance_error(), exact.distance_error())


@pytest.mark.statistical
def test_the_sampled_error_is_that_of_all_pairs_without_landmarks():
    points = _cloud(models=600)
    found = landmark_embedding(_between(points), 600, 40, 3)
    others = np.flatnonzero(found.weights == 0)
    exact = _between(points)(others, others)
    lost = exact - found.distances(others, others)
    error = np.linalg.norm(lost) / np.linalg.norm(exact)
    assert abs(found.sampled_error.z(error)) < 4
    assert abs(found.sampled_error.z(2 * error)) > 10  # a factor of two would be seen


def test_only_distances_to_landmarks_and_of_the_sample_are_asked_for():
    asked = []
    landmark_embedding(_between(_cloud(), asked), 400, 20, 3)
    assert asked[0] == (20, 20)
    assert asked[1] == (380, 20)
    assert asked[2:] == [(11, 11)] * 16


def test_new_models_are_placed_from_their_distances_to_landmarks():
    points = _cloud()
    found = landmark_embedding(_between(points), 400, 30, 4)
    landmarks = np.flatnonzero(found.weights)
    distances = _between(points)(np.arange(400), landmarks)
    np.testing.assert_allclose(place(found, distances), found.coordinates, atol=1e-10)


def test_it_says_that_it_is_approximate_and_keeps_that():
    about = About(distance="own", models={"step": np.arange(400)})
    found = landmark_embedding(_between(_cloud()), 400, 30, 3, about=about)
    assert found.is_approximate
    assert found.method == "landmarks, dense"
    dataset = found.as_dataset()
    assert dataset.attrs["is_approximate"] == 1
    assert dataset.attrs["sampled_error"] == found.sampled_error.value
    again = Embedding.from_dataset(dataset)
    np.testing.assert_array_equal(again.coordinates, found.coordinates)
    assert again.sampled_error.stderr == found.sampled_error.stderr


def test_the_seed_draws_the_landmarks():
    between = _between(_cloud())
    one, same, other = (
        landmark_embedding(between, 400, 30, 3, search=Search(seed=seed))
        for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(one.coordinates, same.coordinates)
    assert (one.weights != other.weights).any()


@pytest.mark.parametrize(
    ("landmarks", "components", "message"),
    [
        (2, 1, "must be of 3 to 368 of the 400 models, but is 2"),
        (380, 1, "must be of 3 to 368"),
        (np.array([1, 2, 2, 5]), 1, "indices of different models"),
        (np.array([-1, 2, 5]), 1, "indices of different models"),
        (np.array([1, 2, 400]), 1, "must be of 3 to 368"),
        (10, 10, r"must lie in \[1, 9\], but is 10"),
    ],
)
def test_landmarks_that_cannot_be_are_refused(landmarks, components, message):
    with pytest.raises(ValueError, match=message):
        landmark_embedding(_between(_cloud()), 400, landmarks, components)


def test_distances_that_are_not_finite_are_refused():
    def between(rows, columns):
        return np.where(rows[:, None] == 399, np.inf, _between(_cloud())(rows, columns))

    with pytest.raises(ValueError, match="must be finite"):
        landmark_embedding(between, 400, np.arange(10), 2)

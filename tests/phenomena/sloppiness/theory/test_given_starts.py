import numpy as np
import plain_trajectories as plain
import pytest
from sklearn.decomposition import PCA

from linnet.phenomena.sloppiness.theory import (
    GradientDescent,
    fixed_target_covariance,
    given_checkpoints,
    input_directions,
    trajectory_pca,
    uniform_checkpoints,
)


def data(seed=0, n=12, d=5, k=2, replicas=6):
    rng = np.random.default_rng(seed)
    inputs = rng.standard_normal((n, d)) * np.geomspace(1, 0.1, d)
    teacher = rng.standard_normal((k, d))
    return inputs, teacher, 0.3 + 0.2 * rng.standard_normal((replicas, k, d))


@pytest.mark.parametrize("decay", [0.0, 0.1])
@pytest.mark.parametrize("n", [3, 12])
@pytest.mark.parametrize("space", ["weights", "predictions"])
def test_the_components_are_those_of_stepping_and_decomposing(space, n, decay):
    inputs, teacher, starts = data(n=n)
    directions = input_directions(inputs)
    rate = 1.5 / (directions.variances[0] + decay)
    path = plain.descend(inputs, inputs @ teacher.T, starts, rate, 80, decay)
    points = path if space == "weights" else path @ inputs.T
    mean, seen = plain.moments(points.reshape(80, 6, -1))
    found = trajectory_pca(
        directions, starts, GradientDescent(rate, decay), uniform_checkpoints(80),
        target=directions.coordinates(teacher).T @ directions.basis.T, space=space,
    )  # fmt: skip
    values = np.linalg.eigvalsh(seen)[::-1][: len(found.variances)]
    np.testing.assert_allclose(found.variances, values, atol=1e-13 * values[0])
    basis = found.basis
    if basis is None:
        basis = inputs @ directions.basis / np.sqrt(n * directions.variances)
    back = basis @ found.mean.reshape(found.modes, 2)
    np.testing.assert_allclose(back.T.ravel(), mean, atol=1e-12)
    first = basis @ found.components[0]
    gain = first.T.ravel() @ seen @ first.T.ravel()
    np.testing.assert_allclose(gain, values[0], rtol=1e-12)


def test_a_library_of_principal_components_agrees_to_rounding():
    inputs, teacher, starts = data(n=100, d=20, k=1, replicas=8)
    directions = input_directions(inputs)
    rate = 1 / directions.variances[0]
    path = plain.descend(inputs, inputs @ teacher.T, starts, rate, 300)
    library = PCA(svd_solver="full").fit(path.reshape(-1, 20))
    found = trajectory_pca(
        directions, starts, GradientDescent(rate), uniform_checkpoints(300),
        target=teacher,
    )  # fmt: skip
    expected = library.explained_variance_ * (2400 - 1) / 2400
    assert np.abs(found.variances - expected).max() < 1e-12 * expected[0]
    overlap = np.abs(
        np.sum(found.weight_components[:5, 0] * library.components_[:5], 1)
    )
    np.testing.assert_allclose(overlap, 1, atol=1e-10)


def test_a_thousand_and_a_billion_steps_are_the_same_work_and_meet_in_the_limit():
    inputs, teacher, starts = data()
    directions = input_directions(inputs)
    response = GradientDescent(1 / directions.variances[0])

    def first(count):
        found = trajectory_pca(
            directions, starts, response, uniform_checkpoints(count), target=teacher
        )
        return count * found.variances[0]

    # Once everything is learned, the sums over steps stand still.
    np.testing.assert_allclose(first(10**9), first(10**10), rtol=1e-6)


def test_weights_of_checkpoints_count():
    inputs, teacher, starts = data(k=1)
    directions = input_directions(inputs)
    rate, when = 1 / directions.variances[0], np.array([0, 3, 10])
    shares = np.array([0.5, 0.2, 0.3])
    path = plain.descend(inputs, inputs @ teacher.T, starts, rate, 11)[when, :, 0]
    mean = np.einsum("t,tad->d", shares, path) / 6
    seen = np.einsum("t,tad,tae->de", shares, path - mean, path - mean) / 6
    found = trajectory_pca(
        directions, starts, GradientDescent(rate), given_checkpoints(when, shares),
        target=teacher,
    )  # fmt: skip
    np.testing.assert_allclose(
        found.basis @ found.covariance @ found.basis.T, seen, atol=1e-14
    )


def test_starts_with_the_moments_of_an_ensemble_have_its_covariance():
    inputs, teacher, _ = data()
    directions = input_directions(inputs)
    starts = 0.4 * plain.cloud(np.eye(10)).reshape(-1, 2, 5)
    response = GradientDescent(1 / directions.variances[0])
    found = trajectory_pca(
        directions, starts, response, uniform_checkpoints(50), target=teacher,
        space="predictions",
    )  # fmt: skip
    expected = fixed_target_covariance(
        directions.variances, 12, directions.coordinates(teacher), response,
        uniform_checkpoints(50), init_deviation=0.4,
    )  # fmt: skip
    np.testing.assert_allclose(found.covariance, expected, atol=1e-13)


def test_starts_that_are_none_are_refused():
    inputs, teacher, starts = data()
    given = (input_directions(inputs), starts, GradientDescent(0.1),
             uniform_checkpoints(3))  # fmt: skip
    with pytest.raises(ValueError, match=r"must have shape \(replicas, k, 5\)"):
        trajectory_pca(given[0], starts[0], *given[2:])
    with pytest.raises(ValueError, match=r"`target` must have shape \(2, 5\)"):
        trajectory_pca(*given, target=teacher[:1])
    with pytest.raises(ValueError, match='`space` must be "weights" or "predictions"'):
        trajectory_pca(*given, space="outputs")
    with pytest.raises(ValueError, match="`starts` must be finite"):
        trajectory_pca(given[0], np.nan * starts, *given[2:])
    predictions = trajectory_pca(*given, space="predictions")
    with pytest.raises(ValueError, match="Components of predictions are no weights"):
        _ = predictions.weight_components

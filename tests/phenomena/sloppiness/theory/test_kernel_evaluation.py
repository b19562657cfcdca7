import numpy as np
import plain_trajectories as plain
import pytest

from linnet.phenomena.sloppiness.theory import (
    GradientDescent,
    StartKernels,
    evaluation_points,
    input_directions,
    kernel_modes,
    kernel_moment,
    kernel_test_fixed_target,
    kernel_test_moment,
    linear_kernel,
    radial_kernel,
    random_target_evaluation,
    uniform_checkpoints,
)

N, M, STEPS = 6, 4, 40


def blocks(factor):
    both = factor @ factor.T
    return StartKernels(both[:N, :N], both[N:, :N], both[N:, N:])


@pytest.mark.parametrize("rank", [N, 3])
def test_predictions_on_test_points_of_kernel_descent_have_this_moment(rank):
    rng = np.random.default_rng(rank)
    features = rng.standard_normal((N + M, rank))
    begin, end = rng.standard_normal((N + M, N + M)), rng.standard_normal((N, N))
    kernel, test_kernel = features[:N] @ features[:N].T, features[N:] @ features[:N].T
    modes = kernel_modes(kernel)
    rate = 1.4 / modes.variances[0]
    both = np.zeros((2 * N + M, 2 * N + M))
    both[: N + M, : N + M], both[N + M :, N + M :] = begin, end
    points = plain.cloud(both)
    starts, targets = points[:, : N + M], points[:, N + M :]
    path = plain.kernel_descend(kernel, targets, starts[:, :N], rate, STEPS)
    # A test prediction moves by -rate / n K_e (f - y) in every step.
    moves = -rate / N * (path - targets) @ test_kernel.T
    elsewhere = starts[:, N:] + np.concatenate([0 * moves[:1], moves.cumsum(0)[:-1]])
    seen = plain.moments(elsewhere)[1]
    found = kernel_test_moment(
        modes, test_kernel, blocks(begin), end @ end.T, GradientDescent(rate),
        uniform_checkpoints(STEPS),
    )  # fmt: skip
    np.testing.assert_allclose(found, seen, atol=1e-11 * np.trace(seen))


@pytest.mark.parametrize("outputs", [1, 2])
@pytest.mark.parametrize("rank", [N, 3])
def test_test_predictions_for_one_target_have_this_covariance(rank, outputs):
    rng = np.random.default_rng(rank)
    features = rng.standard_normal((N + M, rank))
    begin = rng.standard_normal((N + M, N + M))
    targets = rng.standard_normal((N, outputs))
    kernel, test_kernel = features[:N] @ features[:N].T, features[N:] @ features[:N].T
    modes = kernel_modes(kernel)
    rate = 1.4 / modes.variances[0]
    starts = plain.cloud(np.kron(begin, np.eye(outputs)))
    starts = starts.reshape(-1, N + M, outputs)
    elsewhere = []
    for c in range(outputs):
        start, y = starts[..., c], targets[:, c]
        path = plain.kernel_descend(kernel, y, start[:, :N], rate, STEPS)
        moves = -rate / N * (path - y) @ test_kernel.T
        moved = np.concatenate([0 * moves[:1], moves.cumsum(0)[:-1]])
        elsewhere.append(start[:, N:] + moved)
    seen = np.stack(elsewhere, -1).reshape(STEPS, len(starts), -1)
    expected = plain.moments(seen)[1]
    found = kernel_test_fixed_target(
        modes, test_kernel, blocks(begin), targets, GradientDescent(rate),
        uniform_checkpoints(STEPS),
    )  # fmt: skip
    np.testing.assert_allclose(found, expected, atol=1e-11 * np.trace(expected))


@pytest.mark.parametrize("decay", [0.0, 0.1])
@pytest.mark.parametrize("n", [3, N])
def test_a_linear_model_agrees_with_its_evaluation_on_other_inputs(n, decay):
    rng = np.random.default_rng(9)
    inputs, others = rng.standard_normal((n, 4)), rng.standard_normal((M, 4))
    points = evaluation_points(input_directions(inputs), others)
    response = GradientDescent(1 / (points.variances[0] + decay), decay)
    when = uniform_checkpoints(STEPS)
    expected = random_target_evaluation(points, 0.3, 0.8, response, when).moment
    kernel, cross = linear_kernel(inputs), linear_kernel(inputs, others)
    starts = StartKernels(0.09 * kernel, 0.09 * cross, 0.09 * linear_kernel(others))
    found = kernel_test_moment(
        kernel_modes(kernel), cross, starts, 0.64 * kernel, response, when
    )
    np.testing.assert_allclose(found, expected, atol=1e-11 * np.trace(expected))


def test_on_the_training_points_it_is_the_training_moment():
    grid = np.linspace(-1, 1, N)[:, None]
    kernel = radial_kernel(grid, 0.5)
    rng = np.random.default_rng(0)
    begin, end = rng.standard_normal((2, N, N))
    modes = kernel_modes(kernel)
    given = (GradientDescent(1 / modes.variances[0]), uniform_checkpoints(STEPS))
    start = begin @ begin.T
    found = kernel_test_moment(
        modes, kernel, StartKernels(start, start, start), end @ end.T, *given
    )
    expected = kernel_moment(modes, start, end @ end.T, *given)
    np.testing.assert_allclose(found, expected, atol=1e-10 * np.trace(expected))


def test_matrices_of_no_one_kernel_are_refused():
    modes = kernel_modes(np.diag([1.0, 0.0]))
    one, given = np.eye(2), (GradientDescent(0.1), uniform_checkpoints(3))
    starts = StartKernels(one, one, one)
    with pytest.raises(
        ValueError, match="must lie in the range of the training kernel"
    ):
        kernel_test_moment(modes, one, starts, one, *given)
    with pytest.raises(ValueError, match=r"`test_kernel` must have shape \(m, 2\)"):
        kernel_test_moment(modes, np.eye(3), starts, one, *given)
    inside = np.array([[1.0, 0.0]])
    with pytest.raises(
        ValueError, match=r"`starts\.test` must be a matrix of shape \(1"
    ):
        kernel_test_moment(modes, inside, starts, one, *given)

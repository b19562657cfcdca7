import numpy as np
import plain_trajectories as plain
import pytest

from linnet.phenomena.sloppiness.theory import (
    GradientDescent,
    fixed_target_spectrum,
    input_directions,
    kernel_fixed_target,
    kernel_modes,
    kernel_moment,
    linear_kernel,
    radial_kernel,
    random_target_spectrum,
    uniform_checkpoints,
)

N, STEPS = 6, 40


def factors(seed, rank=N):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((N, rank)), *rng.standard_normal((2, N, N))


@pytest.mark.parametrize("rank", [N, 3])
def test_kernel_descent_has_this_moment_with_starts_and_targets_of_their_own(rank):
    factor, begin, end = factors(0, rank)
    kernel = factor @ factor.T
    modes = kernel_modes(kernel)
    assert modes.rank == rank
    rate = 1.4 / modes.variances[0]
    both = np.zeros((2 * N, 2 * N))
    both[:N, :N], both[N:, N:] = begin, end
    points = plain.cloud(both)
    path = plain.kernel_descend(kernel, points[:, N:], points[:, :N], rate, STEPS)
    seen = plain.moments(path)[1]
    found = kernel_moment(
        modes, begin @ begin.T, end @ end.T, GradientDescent(rate),
        uniform_checkpoints(STEPS),
    )  # fmt: skip
    np.testing.assert_allclose(found, seen, atol=1e-12 * np.trace(seen))


def test_what_a_start_has_in_the_null_space_never_moves_and_is_never_lost():
    factor, begin, end = factors(1, rank=2)
    modes = kernel_modes(factor @ factor.T)
    still = modes.basis[:, 2:]
    starts, targets = begin @ begin.T, end @ end.T
    response = GradientDescent(1 / modes.variances[0])
    for steps in (1, 50, 10**9):
        found = kernel_moment(
            modes, starts, targets, response, uniform_checkpoints(steps)
        )
        np.testing.assert_allclose(
            still.T @ found @ still, still.T @ starts @ still, rtol=1e-12
        )
    # Nor is anything there ever learned.
    found = kernel_moment(modes, 0 * starts, targets, response, uniform_checkpoints(99))
    assert np.abs(found @ still).max() < 1e-12 * np.abs(found).max()


@pytest.mark.parametrize("outputs", [1, 2])
@pytest.mark.parametrize("rank", [N, 3])
def test_kernel_descent_to_one_target_has_this_covariance(rank, outputs):
    factor, begin, _ = factors(2, rank)
    kernel = factor @ factor.T
    modes = kernel_modes(kernel)
    rate = 1.4 / modes.variances[0]
    targets = np.random.default_rng(3).standard_normal((N, outputs))
    starts = plain.cloud(np.kron(begin, np.eye(outputs))).reshape(-1, N, outputs)
    paths = [
        plain.kernel_descend(kernel, targets[:, c], starts[..., c], rate, STEPS)
        for c in range(outputs)
    ]
    seen = plain.moments(np.stack(paths, -1).reshape(STEPS, len(starts), -1))[1]
    found = kernel_fixed_target(
        modes, begin @ begin.T, targets, GradientDescent(rate),
        uniform_checkpoints(STEPS),
    )  # fmt: skip
    np.testing.assert_allclose(found, seen, atol=1e-12 * np.trace(seen))


def test_a_linear_model_and_random_features_are_kernels_of_three_equal_matrices():
    rng = np.random.default_rng(4)
    inputs = rng.standard_normal((8, 4))
    features = np.maximum(inputs @ rng.standard_normal((4, 20)), 0) / np.sqrt(20)
    when = uniform_checkpoints(60)
    for given in (inputs, features):
        kernel, directions = linear_kernel(given), input_directions(given)
        r, rate = len(directions.variances), directions.variances
        response = GradientDescent(1 / rate[0])
        modes = kernel_modes(kernel)
        np.testing.assert_allclose(modes.variances[:r], rate, rtol=1e-8)
        found = kernel_moment(modes, 0.04 * kernel, 0.25 * kernel, response, when)
        expected = random_target_spectrum(rate, 8, 0.2, 0.5, response, when)
        values = np.linalg.eigvalsh(found)[::-1][:r]
        np.testing.assert_allclose(values, expected, atol=1e-13 * values[0])
        target = rng.standard_normal(r)
        found = kernel_fixed_target(
            modes, 0.04 * kernel, given @ directions.basis @ target, response, when
        )
        expected = fixed_target_spectrum(
            rate, 8, target, response, when, init_deviation=0.2
        )
        values = np.linalg.eigvalsh(found)[::-1][:r]
        np.testing.assert_allclose(values, expected, atol=1e-13 * values[0])


def test_a_centered_network_has_no_plateau_where_one_with_a_start_has():
    grid = np.linspace(-1, 1, 30)[:, None]
    kernel = radial_kernel(grid, 0.3)
    modes = kernel_modes(kernel)
    response, when = GradientDescent(1 / modes.variances[0]), uniform_checkpoints(3000)
    dimensions = {}
    for start in (0.0, 1.0):
        values = np.linalg.eigvalsh(
            kernel_moment(modes, start * kernel, 1e-6 * kernel, response, when)
        )
        dimensions[start] = values.sum() ** 2 / (values**2).sum()
    assert dimensions[1.0] > 1.3 * dimensions[0.0]


def test_the_radial_kernel_is_the_formula():
    inputs, others = np.random.default_rng(0).standard_normal((2, 4, 3)) + 1e3
    gap = others[:, None] - inputs
    expected = np.exp(-np.sum(gap**2, -1) / (2 * 0.7**2))
    np.testing.assert_allclose(radial_kernel(inputs, 0.7, others), expected, rtol=1e-9)
    square = radial_kernel(inputs, 0.7)
    np.testing.assert_array_equal(square.diagonal(), 1)
    np.testing.assert_allclose(linear_kernel(inputs, others), others @ inputs.T)


def test_what_is_no_kernel_is_refused():
    modes, one = kernel_modes(np.eye(2)), np.eye(2)
    given = (GradientDescent(0.1), uniform_checkpoints(3))
    with pytest.raises(ValueError, match="`kernel` must be symmetric"):
        kernel_modes(np.array([[1.0, 2.0], [0.0, 1.0]]))
    with pytest.raises(ValueError, match="must be positive semi-definite"):
        kernel_modes(np.diag([1.0, -0.1]))
    with pytest.raises(
        ValueError, match="must be positive semi-definite and not vanish"
    ):
        kernel_modes(np.zeros((2, 2)))
    with pytest.raises(
        ValueError, match=r"`start_kernel` must be a matrix of shape \(2"
    ):
        kernel_moment(modes, np.eye(3), one, *given)
    with pytest.raises(ValueError, match="`target_kernel` must be finite"):
        kernel_moment(modes, one, np.nan * one, *given)
    with pytest.raises(ValueError, match=r"`targets` must have shape \(2,\)"):
        kernel_fixed_target(modes, one, np.ones(3), *given)
    with pytest.raises(ValueError, match="`learning_rate` must be <= 4"):
        kernel_moment(modes, one, one, GradientDescent(5.0), given[1])
    with pytest.raises(ValueError, match="`width` must be positive"):
        radial_kernel(np.ones((2, 1)), 0.0)
    with pytest.raises(ValueError, match="`others` must have"):
        linear_kernel(np.ones((2, 1)), np.ones((2, 3)))

"""The matrix that becomes unstable first, also where there are several."""

import numpy as np
import plain_sgd as plain
import pytest
from scipy.linalg import eigh

from linnet.phenomena.fluctuations import theory

AXES = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
FEW = np.array([[1.0, 0.3], [-0.5, 1.0], [0.2, 0.2]])
PAIR = np.array([-1.0, 1.0])


def two_blocks():
    """Samples of either input, one of them with heavier tails."""
    ramp = np.linspace(-1, 1, 15)
    near, far = ramp[:, None] * [1.3, 0.0], ramp[:, None] ** 3 * [0.0, 1.5]
    return np.vstack([near, far])


DEGENERATE = {
    "axes": np.tile(AXES, (5, 1)),
    "one input each": np.tile(np.eye(5), (3, 1)),
    "equal blocks": np.tile(np.kron(np.eye(3), FEW), (2, 1)),
}
PLAIN = {
    "Gaussian": np.random.default_rng(0).normal(size=(30, 4)),
    "graded": np.random.default_rng(1).normal(size=(30, 4)) * 10.0 ** -np.arange(4),
    "blocks": two_blocks(),
    "corners of a cube": np.array(np.meshgrid(*[PAIR] * 3)).reshape(3, -1).T,
}


def minimum_of(inputs, weight_decay=0.0):
    targets = np.random.default_rng(2).normal(size=(len(inputs), 1))
    return theory.least_squares_minimum(inputs, targets, weight_decay=weight_decay)


def dense(minimum, factor):
    """Loss and gain on all r^2 second moments, as plain matrices."""
    h, k = np.diag(minimum.variances), np.diag(minimum.curvatures)
    one = np.eye(len(h))
    each = [np.outer(x, x) for x in minimum.coordinates]
    fourth = np.mean([np.kron(a, a) for a in each], axis=0)
    gain = np.kron(k, k) + factor * (fourth - np.kron(h, h))
    return np.kron(k, one) + np.kron(one, k), gain


@pytest.mark.parametrize("decay", [0.0, 0.2])
@pytest.mark.parametrize("inputs", [*DEGENERATE.values(), *PLAIN.values()])
def test_the_critical_pair_is_the_leading_one_of_the_dense_problem(inputs, decay):
    minimum = minimum_of(inputs, decay)
    factor = theory.batch_noise("without_replacement", len(inputs), 2)
    rate, matrix = theory.critical_covariance(minimum, factor)
    loss, gain = dense(minimum, factor)
    values, vectors = eigh(gain, loss)
    assert rate == pytest.approx(1 / values[-1], rel=1e-12)
    assert np.trace(matrix) == pytest.approx(1, rel=1e-14)
    np.testing.assert_array_equal(matrix, matrix.T)
    assert np.linalg.eigvalsh(matrix)[0] > -1e-15
    leading = vectors[:, values > values[-1] * (1 - 1e-9)]
    outside = matrix.ravel() - leading @ (leading.T @ loss @ matrix.ravel())
    assert np.abs(outside).max() < 1e-8


@pytest.mark.parametrize("inputs", DEGENERATE.values())
def test_of_several_leading_matrices_the_limit_of_powers_of_the_map_is_taken(inputs):
    minimum = minimum_of(inputs)
    factor = theory.batch_noise("without_replacement", len(inputs), 2)
    _, matrix = theory.critical_covariance(minimum, factor)
    loss, gain = dense(minimum, factor)
    values = eigh(gain, loss, eigvals_only=True)
    assert (values > values[-1] * (1 - 1e-9)).sum() > 1
    power = np.diag(minimum.curvatures).ravel()
    for _ in range(300):
        power = np.linalg.solve(loss, gain @ power)
        power /= np.trace(power.reshape(matrix.shape))
    np.testing.assert_allclose(matrix.ravel(), power, atol=1e-8)


def test_nearly_equal_leading_matrices_are_still_positive():
    sizes = 1 + 1e-9 * (np.arange(42) % 3)
    minimum = minimum_of(np.eye(3)[np.arange(42) % 3] * sizes[:, None])
    rate, matrix = theory.critical_covariance(minimum, 0.5)
    assert np.linalg.eigvalsh(matrix)[0] > -1e-15
    loss, gain = dense(minimum, 0.5)
    values = eigh(gain, loss, eigvals_only=True)
    assert rate == pytest.approx(1 / values[-1], rel=1e-8)


def test_just_beyond_the_rate_the_second_moment_of_every_start_explodes():
    inputs = DEGENERATE["axes"]
    minimum = minimum_of(inputs)
    size = 2
    factor = theory.batch_noise("without_replacement", len(inputs), size)
    rate, matrix = theory.critical_covariance(minimum, factor)
    drawn = np.array([*plain.batches("without_replacement", len(inputs), size)])
    hessians = np.einsum("bsi,bsj->bij", inputs[drawn], inputs[drawn]) / size
    for share, grows in ((0.99, False), (1.01, True)):
        moments = np.eye(2)
        maps = np.eye(2) - share * rate * hessians
        for _ in range(2000):
            moments = np.einsum("bij,jk,blk->il", maps, moments, maps) / len(maps)
        assert (np.trace(moments) > 2) == grows
    assert matrix == pytest.approx(np.eye(2) / 2)

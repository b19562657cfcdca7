import numpy as np
import pytest
from scipy.linalg import eigh

from linnet.numerics import critical_mean_square, scatter

DRAW = np.random.default_rng(0).normal(size=(12, 3)) * [1.0, 0.5, 0.2]
SAMPLES = DRAW @ np.linalg.eigh(DRAW.T @ DRAW)[1]
VARIANCES = (SAMPLES**2).mean(0)


def test_scatter_is_the_mean_of_samples_weighted_by_what_they_see():
    v = np.cov(np.random.default_rng(1).normal(size=(3, 9)))
    plain = np.mean([(x @ v @ x) * np.outer(x, x) for x in SAMPLES], axis=0)
    np.testing.assert_allclose(scatter(SAMPLES, v), plain, rtol=1e-13)


@pytest.mark.parametrize("decay", [0.0, 0.3])
def test_at_the_critical_rate_the_dense_map_has_radius_one(decay):
    rate, matrix = critical_mean_square(SAMPLES, VARIANCES, 0.5, decay)
    h, one = np.diag(VARIANCES), np.eye(3)
    shrink = one - rate * (h + decay * one)
    fourth = np.mean([np.kron(np.outer(x, x), np.outer(x, x)) for x in SAMPLES], 0)
    step = np.kron(shrink, shrink) + rate**2 * 0.5 * (fourth - np.kron(h, h))
    assert eigh(step, eigvals_only=True)[-1] == pytest.approx(1, abs=1e-12)
    np.testing.assert_allclose(step @ matrix.ravel(), matrix.ravel(), atol=1e-9)


def test_without_noise_the_edge_is_two_over_the_largest_curvature():
    rate, matrix = critical_mean_square(SAMPLES, VARIANCES, 0.0)
    assert rate == pytest.approx(2 / VARIANCES.max())
    assert matrix.trace() == 1

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from linnet.phenomena.sloppiness.theory import (
    GradientDescent,
    fixed_target_spectrum,
    gramian_decay,
    gramian_pivots,
    gramian_tails,
    residual_gramian,
    uniform_checkpoints,
)


def system(seed, r=6):
    rng = np.random.default_rng(seed)
    return rng.standard_normal(r), np.sort(rng.uniform(0.05, 1, r))[::-1]


@pytest.mark.parametrize("steps", [1, 2, 7, 400])
@pytest.mark.parametrize("rate", [0.3, 1.0, 1.9])
def test_the_gramian_is_the_sum_over_steps_and_solves_the_equation_of_stein(
    rate, steps
):
    residual, variances = system(0)
    found = residual_gramian(variances, residual, rate, rate * steps)
    factor = 1 - rate * variances
    path = residual * factor ** np.arange(steps)[:, None]
    np.testing.assert_allclose(found, rate * path.T @ path, rtol=1e-12)
    end = factor**steps * residual
    np.testing.assert_allclose(
        found - factor[:, None] * found * factor,
        rate * (np.outer(residual, residual) - np.outer(end, end)),
        atol=1e-14 * rate * (residual @ residual),
    )


@pytest.mark.parametrize("duration", [0.1, 3.0, np.inf])
def test_the_gramian_of_a_flow_solves_the_equation_of_lyapunov(duration):
    residual, variances = system(1)
    found = residual_gramian(variances, residual, duration=duration)
    end = np.exp(-variances * duration) * residual
    np.testing.assert_allclose(
        variances[:, None] * found + found * variances,
        np.outer(residual, residual) - np.outer(end, end),
        atol=1e-14 * (residual @ residual),
    )


def test_descent_in_small_steps_is_a_flow():
    residual, variances = system(2)
    flow = residual_gramian(variances, residual, duration=2.0)
    error = [
        np.abs(residual_gramian(variances, residual, step, 2.0) - flow).max()
        for step in (0.02, 0.01)
    ]
    assert 1.8 < error[0] / error[1] < 2.2


@pytest.mark.parametrize("rate", [0.0, 0.7, 1.9])
def test_pivots_are_those_of_elimination(rate):
    residual, variances = system(3)[0], np.geomspace(1, 0.001, 6)
    lower = np.linalg.cholesky(residual_gramian(variances, residual, rate))
    pivots = gramian_pivots(variances, residual, rate)
    np.testing.assert_allclose(pivots, lower.diagonal() ** 2, rtol=1e-8)
    turned = gramian_pivots(variances[::-1], residual[::-1], rate)
    np.testing.assert_allclose(pivots.prod(), turned.prod(), rtol=1e-12)


def test_a_sloppy_spectrum_has_pivots_of_hyperbolic_tangents():
    slope, index = 0.4, np.arange(8)
    pivots = gramian_pivots(np.exp(-slope * index), np.ones(8))
    expected = [
        np.exp(slope * k) / 2 * np.prod(np.tanh(slope * (k - index[:k]) / 2) ** 2)
        for k in index
    ]
    np.testing.assert_allclose(pivots, expected, rtol=1e-12)


@settings(max_examples=50)
@given(seed=st.integers(0, 9999), r=st.integers(1, 12), rate=st.floats(0, 1.9))
def test_the_rest_of_the_trace_is_below_its_bound_and_within_a_factor(seed, r, rate):
    residual, variances = system(seed, r)
    values = np.linalg.eigvalsh(residual_gramian(variances, residual, rate))[::-1]
    tails = np.maximum(values.sum() - np.cumsum(values), 0)
    bound = gramian_tails(variances, residual, rate)
    assert (bound >= tails - 1e-12 * values.sum()).all()
    assert bound[-1] < 1e-12 * values.sum()


def test_the_bound_holds_for_the_covariance_of_one_curve_and_says_something():
    rate, steps, n = 0.9, 2000, 5
    variances = np.exp(-0.5 * np.arange(20))
    target = np.random.default_rng(0).standard_normal(20)
    values = fixed_target_spectrum(
        variances, n, target, GradientDescent(rate), uniform_checkpoints(steps)
    )
    tails = np.r_[np.cumsum(values[::-1])[-2::-1], 0.0]
    bound = gramian_tails(variances, np.sqrt(n * variances) * target, rate)
    bound = bound / (rate * steps)
    assert (bound >= tails).all()
    assert 1 - bound[3] / values.sum() > 0.9  # four dimensions of twenty


@settings(max_examples=50)
@given(seed=st.integers(0, 9999), spread=st.floats(0.1, 20), r=st.integers(2, 30))
def test_eigenvalues_fall_as_the_number_of_zolotarev_demands(seed, spread, r):
    rng = np.random.default_rng(seed)
    variances = np.exp(-np.r_[0, spread, rng.uniform(0, spread, r - 2)])
    residual = rng.standard_normal(r)
    values = np.linalg.eigvalsh(residual_gramian(variances, residual))[::-1]
    bound = gramian_decay(spread, np.arange(r))
    assert (values <= bound * values[0] + 1e-13 * values[0]).all()


def test_gramians_of_no_system_are_refused():
    with pytest.raises(ValueError, match=r"`residual` must have shape \(2,\)"):
        residual_gramian([1.0, 0.5], [1.0])
    with pytest.raises(ValueError, match="must be one number below 2"):
        gramian_pivots([1.0], [1.0], 2.0)
    with pytest.raises(ValueError, match=r"must be a whole number of steps of 0\.5"):
        residual_gramian([1.0], [1.0], 0.5, 0.6)
    with pytest.raises(ValueError, match="`duration` must be positive"):
        residual_gramian([1.0], [1.0], 0.5, 0.0)
    with pytest.raises(ValueError, match="`variances` must be positive"):
        gramian_tails([0.0], [1.0])
    with pytest.raises(ValueError, match="`log_range` must be finite and >= 0"):
        gramian_decay(-1.0, 2)

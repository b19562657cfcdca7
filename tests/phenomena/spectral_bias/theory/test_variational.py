from functools import cache

import numpy as np
import plain_training as plain
import pytest
from scipy.optimize import minimize

from linnet.network import IsotropicFirstLayer
from linnet.phenomena.spectral_bias import theory

GAMMA = 0.3
SAMPLES = {"more samples than inputs": 20, "fewer samples than inputs": 3}
tasks = pytest.mark.parametrize("n", SAMPLES.values(), ids=SAMPLES)


@cache
def trained(n, hidden=7):
    """Moments, and the layers at which training ends."""
    moments = plain.moments(5, n=n, d=5, k=3)
    start = IsotropicFirstLayer(GAMMA).weights((5, hidden, 3), np.random.default_rng(0))
    return moments, plain.flow(start, moments, [400.0])[-1]


@tasks
def test_all_three_forms_have_one_value_where_training_ends(n):
    moments, (first, second) = trained(n)
    limit = theory.end_to_end_limit(moments)
    sigma = np.zeros(5)
    sigma[:3] = np.linalg.svd(limit, compute_uv=False)
    least = theory.mode_penalty(sigma, GAMMA).sum()
    seen = theory.parameter_penalty((first, second), GAMMA)
    kernel, slope = theory.kernel_penalty(first.T @ first, moments, GAMMA)
    # Stationary: an error of the flow enters squared.
    assert seen == pytest.approx(least, rel=1e-10)
    assert kernel == pytest.approx(least, rel=1e-10)
    assert np.abs(slope).max() < 1e-6


@tasks
def test_the_end_is_stationary_and_other_minimizers_of_the_loss_are_not(n):
    moments, (first, second) = trained(n)
    assert theory.parameter_stationarity((first, second), moments, GAMMA) < 1e-8
    assert theory.parameter_stationarity((first, second), moments, 2 * GAMMA) > 0.1
    turn = np.eye(7) + 0.1 * np.random.default_rng(1).normal(size=(7, 7))
    other = (turn @ first, second @ np.linalg.inv(turn))
    assert theory.parameter_stationarity(other, moments, GAMMA) > 0.1
    least = theory.parameter_penalty((first, second), GAMMA)
    assert theory.parameter_penalty(other, GAMMA) > least + 1e-2


@tasks
def test_a_numerical_minimizer_of_the_kernel_form_finds_the_trained_kernel(n):
    moments, (first, _) = trained(n)

    def penalty(entries):
        root = np.zeros((5, 5))
        root[np.tril_indices(5)] = entries
        value, slope = theory.kernel_penalty(root @ root.T, moments, GAMMA)
        return value, 2 * (slope @ root)[np.tril_indices(5)]

    start = np.eye(5)[np.tril_indices(5)]
    found = minimize(penalty, start, jac=True, method="BFGS", options={"gtol": 1e-9})
    root = np.zeros((5, 5))
    root[np.tril_indices(5)] = found.x
    np.testing.assert_allclose(root @ root.T, first.T @ first, atol=1e-6)


def test_the_slope_of_the_kernel_form_is_its_derivative():
    moments, _ = trained(20)
    rng = np.random.default_rng(2)
    half = rng.normal(size=(5, 5))
    kernel, turn = half @ half.T + np.eye(5), rng.normal(size=(5, 5))
    turn = turn + turn.T
    ends = [
        theory.kernel_penalty(kernel + s * 1e-5 * turn, moments, GAMMA)[0]
        for s in (-1, 1)
    ]
    slope = theory.kernel_penalty(kernel, moments, GAMMA)[1]
    assert np.sum(slope * turn) == pytest.approx((ends[1] - ends[0]) / 2e-5, rel=1e-7)


def test_the_slope_of_the_mode_form_is_the_ratio_of_the_layers():
    sigma, step = np.array([0.01, 0.3, 2.0, 50.0]), 1e-5
    first, second = theory.layer_singular_values(sigma, GAMMA)
    up, down = (theory.mode_penalty(sigma * (1 + s), GAMMA) for s in (step, -step))
    seen = (up - down) / (2 * step * sigma)
    np.testing.assert_allclose(seen, second / first, rtol=1e-5)


def test_a_vanishing_scale_leaves_the_nuclear_norm():
    sigma = np.array([2.0, 0.5])
    np.testing.assert_allclose(theory.mode_penalty(sigma, 1e-12), sigma, rtol=1e-10)


def test_a_first_layer_of_dependent_columns_meets_the_barrier():
    flat = (np.zeros((3, 3)), np.zeros((2, 3)))
    assert theory.parameter_penalty(flat, GAMMA) == float("inf")
    narrow = (np.ones((2, 3)), np.zeros((2, 2)))
    assert theory.parameter_penalty(narrow, GAMMA) == float("inf")
    with pytest.raises(ValueError, match="first layer of independent columns"):
        theory.parameter_stationarity(flat, plain.moments(0, d=3, k=2), GAMMA)


def test_bad_input_is_refused():
    moments, layers = trained(20)
    with pytest.raises(ValueError, match="`gamma` must be positive"):
        theory.parameter_penalty(layers, 0.0)
    with pytest.raises(ValueError, match="must be two layers, but holds 1"):
        theory.parameter_penalty(layers[:1], GAMMA)
    wrong = (np.ones((4, 4)), np.ones((3, 4)))
    with pytest.raises(ValueError, match="must have 5 inputs, but has 4"):
        theory.parameter_stationarity(wrong, moments, GAMMA)
    for kernel in (-np.eye(5), np.eye(4)):
        with pytest.raises(ValueError, match=r"positive definite matrix \(5, 5\)"):
            theory.kernel_penalty(kernel, moments, GAMMA)
    with pytest.raises(ValueError, match="`sigma` must be finite and >= 0"):
        theory.mode_penalty(-1.0, GAMMA)

import numpy as np
import plain_training as plain
import pytest
from hypothesis import given, strategies as st
from scipy.integrate import quad
from scipy.optimize import minimize

from linnet.network import LambdaBalanced
from linnet.phenomena.spectral_bias import theory

MOMENTS = plain.moments(6, n=3, d=5, k=1)  # two directions of no data
START = np.array([[0.5, -1.0, 0.3, 0.8, -0.2]])
deltas = pytest.mark.parametrize("delta", [5e-4, 0.2, 2.0])


@deltas
def test_training_from_a_start_that_is_not_zero_ends_at_the_closed_limit(delta):
    shape = LambdaBalanced(-2 * delta, START)
    layers = shape.weights((5, 5, 1), np.random.default_rng(0))
    first, second = plain.flow(layers, MOMENTS, [600.0])[-1]
    said = theory.scalar_limit(MOMENTS, START, delta)
    np.testing.assert_allclose(second @ first, said, atol=1e-9)
    # Neither the nearest solution to the start nor the least-norm one.
    least = theory.end_to_end_limit(MOMENTS)
    nearest = least + START - START @ np.linalg.pinv(MOMENTS.xx) @ MOMENTS.xx
    assert np.abs(said - least).max() > 0.05
    assert np.abs(said - nearest).max() > 1e-3


@deltas
def test_the_limit_minimizes_the_potential(delta):
    radius = np.linalg.norm(START)
    slope = np.sqrt(np.hypot(delta, radius) - delta) * START / radius
    least = theory.end_to_end_limit(MOMENTS)
    values, vectors = np.linalg.eigh(MOMENTS.xx)
    free = vectors[:, values < 1e-10 * values[-1]]

    def objective(along):
        there = least + along @ free.T
        potential = theory.radial_potential(float(np.linalg.norm(there)), delta)
        return float(potential) - float((slope * there).sum())

    found = minimize(objective, np.zeros(free.shape[1]), tol=1e-12)
    said = theory.scalar_limit(MOMENTS, START, delta)
    # A minimum is found to the root of rounding.
    np.testing.assert_allclose(least + found.x @ free.T, said, atol=1e-5)


@given(delta=st.floats(1e-6, 1e6), length=st.floats(1e-3, 1e3))
def test_the_potential_is_the_integral_of_its_slope(delta, length):
    area, error = quad(
        lambda r: np.sqrt(r * (r / (np.hypot(delta, r) + delta))), 0, length
    )
    said = float(theory.radial_potential(length, delta))
    assert said == pytest.approx(area, rel=1e-9, abs=10 * error)


def test_from_zero_the_limit_is_the_least_norm_solution():
    said = theory.scalar_limit(MOMENTS, np.zeros((1, 5)), 0.1)
    np.testing.assert_allclose(said, theory.end_to_end_limit(MOMENTS), atol=1e-14)


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="must have one output, but has 2"):
        theory.scalar_limit(plain.moments(0), np.ones((2, 4)), 0.1)
    with pytest.raises(ValueError, match="`delta` must be positive"):
        theory.scalar_limit(MOMENTS, START, 0.0)
    with pytest.raises(ValueError, match=r"= \(1, 5\) like the moments"):
        theory.scalar_limit(MOMENTS, np.ones((1, 4)), 0.1)
    with pytest.raises(ValueError, match="`length` must be finite and >= 0"):
        theory.radial_potential(-1.0, 0.1)

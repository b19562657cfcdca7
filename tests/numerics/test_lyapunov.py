import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy.linalg import solve_continuous_lyapunov

from linnet.numerics import solve_lyapunov, symmetric_lyapunov

seeds = st.integers(0, 2**32 - 1)


def drift_of(seed: int, p: int) -> np.ndarray:
    x = np.random.default_rng(seed).normal(size=(3 * p, p))
    return x.T @ x / len(x)


@given(seed=seeds, p=st.integers(1, 12))
def test_the_solution_solves_the_equation_and_is_symmetric_with_its_right_side(seed, p):
    drift = drift_of(seed, p)
    rhs = np.random.default_rng(seed).normal(size=(p, p))
    for given_rhs in (rhs, rhs + rhs.T):
        found = solve_lyapunov(drift, given_rhs)
        np.testing.assert_allclose(drift @ found + found @ drift, given_rhs, atol=1e-11)
    np.testing.assert_array_equal(found, found.T)


def test_it_agrees_with_the_general_solver():
    drift, rhs = drift_of(0, 60), drift_of(1, 60)
    slow = solve_continuous_lyapunov(drift, rhs)
    gap = np.linalg.norm(solve_lyapunov(drift, rhs) - slow)
    assert gap < 1e-12 * np.linalg.norm(slow)


def test_in_the_eigenbasis_entries_are_divided_and_leading_axes_kept():
    h, rhs = np.array([2.0, 1.0]), np.arange(24.0).reshape(2, 3, 2, 2)
    found = symmetric_lyapunov(h, rhs)
    np.testing.assert_allclose(np.diag(h) @ found + found @ np.diag(h), rhs)


@pytest.mark.parametrize(
    ("drift", "rhs", "message"),
    [
        (np.ones((2, 3)), np.eye(2), r"square matrix, but has shape \(2, 3\)"),
        (np.eye(2), np.eye(3), r"must be \(2, 2\) like the drift"),
        (np.eye(2), np.full((2, 2), np.nan), "`rhs` must be finite"),
        (np.array([[1, 0.1], [0, 1]]), np.eye(2), "must be symmetric, but differs"),
        (np.diag([1.0, 0.0]), np.eye(2), "Reduce to the range first"),
        (np.diag([1.0, 1e-17]), np.eye(2), "Reduce to the range first"),
        (np.diag([1.0, -0.5]), np.eye(2), "positive definite, but has an eigenvalue"),
        (np.zeros((2, 2)), np.eye(2), "positive definite"),
    ],
)
def test_what_has_no_stationary_state_is_refused(drift, rhs, message):
    with pytest.raises(ValueError, match=message):
        solve_lyapunov(drift, rhs)
    if np.shape(drift) == (2, 2) and "Reduce" in message:
        with pytest.raises(ValueError, match=message):
            symmetric_lyapunov(np.diag(drift), rhs)

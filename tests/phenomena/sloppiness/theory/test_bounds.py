import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from linnet.phenomena.sloppiness.theory import (
    explained_bounds,
    ky_fan_bounds,
    leading_columns,
    schur_horn_bounds,
    weyl_bounds,
)

SLACK = 1e-9


def symmetric(seed, r):
    rng = np.random.default_rng(seed)
    matrix = rng.standard_normal((2, r, r)) * 10.0 ** rng.uniform(-2, 2, (2, 1, 1))
    return matrix + np.swapaxes(matrix, 1, 2)


def down(matrix):
    return np.linalg.eigvalsh(matrix)[::-1]


@settings(max_examples=50)
@given(seed=st.integers(0, 9999), r=st.integers(1, 9))
def test_the_textbook_inequalities_hold_for_any_symmetric_matrices(seed, r):
    first, second = symmetric(seed, r)
    parts, whole = (down(first), down(second)), down(first + second)
    near = SLACK * (np.abs(parts[0]).max() + np.abs(parts[1]).max())
    low, high = weyl_bounds(*parts)
    assert (low <= whole + near).all()
    assert (high >= whole - near).all()
    assert (ky_fan_bounds(*parts) >= np.cumsum(whole) - near).all()
    assert (
        schur_horn_bounds((first + second).diagonal()) <= np.cumsum(whole) + near
    ).all()


def test_commuting_matrices_reach_ky_fan_and_schur_horn():
    first, second = np.array([5.0, 3.0, 1.0]), np.array([2.0, 0.5, 0.1])
    np.testing.assert_allclose(ky_fan_bounds(first, second), np.cumsum(first + second))
    np.testing.assert_allclose(schur_horn_bounds(first[::-1]), np.cumsum(first))


def test_grids_and_shorter_spectra_are_taken():
    first = np.random.default_rng(0).standard_normal((4, 1, 5))
    second = np.random.default_rng(1).standard_normal((3, 2))
    low, high = weyl_bounds(first, second)
    assert low.shape == high.shape == ky_fan_bounds(first, second).shape == (4, 3, 5)
    one = weyl_bounds(first[2, 0], np.r_[second[1], 0, 0, 0])
    np.testing.assert_array_equal(low[2, 1], one[0])
    np.testing.assert_array_equal(high[2, 1], one[1])


@settings(max_examples=50)
@given(
    seed=st.integers(0, 9999),
    r=st.integers(1, 12),
    s=st.integers(1, 12),
    strength=st.floats(-3, 3),
    rest=st.booleans(),
)
def test_explained_variance_lies_between_its_bounds(seed, r, s, strength, rest):
    rng = np.random.default_rng(seed)
    cloud = np.exp(-0.3 * np.arange(r)) * rng.uniform(0, 1, r)
    curve = 10**strength * rng.standard_normal((r, s)) * np.exp(-np.arange(s))
    left = symmetric(seed, r)[0] if rest else np.zeros((r, r))
    left = left @ left.T
    values = down(np.diag(cloud) + curve @ curve.T + left)
    explained = np.cumsum(values) / values.sum()
    found = explained_bounds(cloud, curve, np.trace(left))
    assert (found.lower <= explained + SLACK).all()
    assert (found.upper >= explained - SLACK).all()
    assert (np.diff(found.lower) >= -SLACK).all()


def test_bounds_close_without_a_curve_and_without_a_cloud():
    cloud = np.array([1.0, 4.0, 2.0])
    found = explained_bounds(cloud, np.zeros((3, 2)))
    np.testing.assert_allclose(found.lower, [4 / 7, 6 / 7, 1])
    np.testing.assert_allclose(found.upper, found.lower)
    curve = np.random.default_rng(0).standard_normal((6, 2))
    found = explained_bounds(np.zeros(6), curve)
    np.testing.assert_allclose(found.lower, found.upper)


def test_a_few_columns_make_up_a_curve_and_say_what_they_leave():
    when = np.linspace(0, 9, 500)
    curve = np.exp(-np.outer(np.exp(-0.2 * np.arange(60)), when))
    matrix = curve @ curve.T
    columns, rest = leading_columns(matrix)
    assert columns.shape[1] < 10
    assert 0 <= rest < 1e-9 * np.trace(matrix)
    left = matrix - columns @ columns.T
    assert down(left).min() > -1e-12 * np.trace(matrix)
    np.testing.assert_allclose(np.trace(left), rest, atol=1e-13 * np.trace(matrix))
    assert leading_columns(np.zeros((3, 3)))[0].shape == (3, 0)


def test_what_has_no_bounds_is_refused():
    with pytest.raises(ValueError, match="`second` must not be longer than `first`"):
        weyl_bounds([1.0], [1.0, 2.0])
    with pytest.raises(ValueError, match="`first` must be finite"):
        ky_fan_bounds([np.nan], [1.0])
    with pytest.raises(ValueError, match="must have values along its last axis"):
        schur_horn_bounds(3.0)
    with pytest.raises(ValueError, match="`cloud` must be finite and >= 0, but is -1"):
        explained_bounds([-1.0], np.zeros((1, 1)))
    with pytest.raises(ValueError, match="must not vanish together"):
        explained_bounds([0.0], np.zeros((1, 1)))
    with pytest.raises(ValueError, match=r"must have shape \(2, s\)"):
        explained_bounds([1.0, 1.0], np.zeros((1, 1)))
    with pytest.raises(ValueError, match="must be a square matrix"):
        leading_columns(np.ones((2, 3)))
    with pytest.raises(ValueError, match="`curve` must be finite and >= 0"):
        leading_columns(-np.eye(2))

import numpy as np
import pytest
from hypothesis import given, strategies as st

from linnet.numerics import Estimate

# Squares of what is smaller than 1e-100 lose their digits, or are zero.
number = st.floats(-1e3, 1e3).map(lambda x: x if abs(x) > 1e-100 else 0.0)
samples = st.lists(number, min_size=2, max_size=20)


def test_value_and_error_are_those_of_the_textbook():
    estimate = Estimate.from_samples([1.0, 2.0, 3.0, 6.0])
    np.testing.assert_allclose(estimate.value, 3.0)
    np.testing.assert_allclose(estimate.stderr, np.sqrt(14 / 3 / 4))
    assert estimate.effective_samples == 4


def test_samples_may_come_one_by_one():
    drawn = Estimate.from_samples(np.full(2, i) for i in (1.0, 3.0))
    np.testing.assert_allclose(drawn.value, [2, 2])
    np.testing.assert_allclose(drawn.stderr, [1, 1])


@given(first=samples, second=samples)
def test_pooling_equals_all_samples_together(first, second):
    pooled = Estimate.from_samples(first) + Estimate.from_samples(second)
    together = Estimate.from_samples(first + second)
    scale = max(map(abs, first + second))
    tiny = np.finfo(float).tiny
    np.testing.assert_allclose(
        pooled.value, together.value, rtol=1e-12, atol=1e-13 * scale + tiny
    )
    np.testing.assert_allclose(
        pooled.stderr, together.stderr, rtol=1e-10, atol=1e-10 * scale + tiny
    )
    assert pooled.effective_samples == together.effective_samples


@given(first=samples, second=samples, third=samples)
def test_pooling_does_not_depend_on_the_order(first, second, third):
    a, b, c = (Estimate.from_samples(s) for s in (first, second, third))
    left, right = (a + b) + c, c + (b + a)
    np.testing.assert_allclose(left.value, right.value, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(left.stderr, right.stderr, rtol=1e-9, atol=1e-9)


def test_arrays_are_pooled_entry_by_entry():
    rng = np.random.default_rng(0)
    data = rng.standard_normal((30, 2, 3))
    pooled = Estimate.from_samples(data[:11]) + Estimate.from_samples(data[11:])
    np.testing.assert_allclose(pooled.value, data.mean(0), rtol=1e-12)
    np.testing.assert_allclose(
        pooled.stderr, data.std(0, ddof=1) / np.sqrt(30), rtol=1e-12
    )


@pytest.mark.statistical
def test_z_is_of_order_one_at_the_truth_and_large_away_from_it():
    rng = np.random.default_rng(1)
    z = np.array(
        [Estimate.from_samples(rng.normal(2.0, 3.0, 50)).z(2.0) for _ in range(2000)]
    )
    # Student's t with 49 degrees of freedom has variance 49/47.
    spread = Estimate.from_samples(z**2)
    assert abs(spread.z(49 / 47)) < 4
    assert abs(spread.z(2 * 49 / 47)) > 10
    assert abs(Estimate.from_samples(rng.normal(2.0, 3.0, 2000)).z(4.0)) > 10


def test_z_has_the_sign_of_the_deviation():
    estimate = Estimate(np.array([3.0, 1.0]), np.array([0.5, 0.5]), 10)
    np.testing.assert_array_equal(estimate.z(2.0), [2.0, -2.0])


def test_z_without_error_bar_is_zero_or_infinite():
    exact = Estimate(np.array([1.0, 1.0, 1.0]), np.zeros(3), 2)
    np.testing.assert_array_equal(
        exact.z(np.array([1.0, 0.0, 2.0])), [0.0, np.inf, -np.inf]
    )


def test_estimates_of_arrays_can_be_compared_and_hashed():
    first = Estimate(np.ones(2), np.ones(2), 3)
    second = Estimate(np.ones(2), np.ones(2), 3)
    assert first == first
    assert first != second  # by identity
    assert len({first, second}) == 2


@pytest.mark.parametrize(
    ("value", "stderr", "count", "message"),
    [
        (np.ones(2), np.ones(3), 5, r"must have the shape of `value`, \(2,\)"),
        (np.array(np.nan), np.array(1.0), 5, "must be finite"),
        (np.array(1.0), np.array(np.inf), 5, "must be finite"),
        (np.array(1.0), np.array(-1.0), 5, r"must be >= 0, but its least entry is -1"),
        (np.array(1.0), np.array(1.0), 1, "must be > 1, but is 1: one sample has no"),
        (np.array(1.0), np.array(1.0), np.nan, "must be > 1, but is nan"),
    ],
)
def test_an_impossible_estimate_is_refused(value, stderr, count, message):
    with pytest.raises(ValueError, match=message):
        Estimate(value, stderr, count)


def test_one_sample_is_refused():
    with pytest.raises(ValueError, match="at least 2 samples, but holds 1"):
        Estimate.from_samples([1.0])


def test_pooling_different_shapes_is_refused():
    first, second = (Estimate(np.ones(d), np.ones(d), 5) for d in (2, 3))
    with pytest.raises(ValueError, match=r"one shape, but have \(2,\) and \(3,\)"):
        first + second

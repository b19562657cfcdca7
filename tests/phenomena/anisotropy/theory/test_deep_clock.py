import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy.special import hyp2f1

from linnet.phenomena.anisotropy.theory.deep_clock import deep_clock, deep_position


@pytest.mark.parametrize("depth", [3, 4, 5, 6, 10])
def test_the_clock_is_a_hypergeometric_function(depth):
    x = np.array([1e-9, 1e-3, 0.2, 0.5, 0.9, 0.999])
    power, two = 1 - 2 / depth, 2 / depth
    plain = -(x**-power) / power + x**two / two * hyp2f1(1, two, 1 + two, x)
    np.testing.assert_allclose(deep_clock(np.log(x), depth), plain, rtol=1e-9)


@given(depth=st.integers(3, 12), log_odds=st.floats(-300, 30))
def test_position_inverts_the_clock(depth, log_odds):
    log_x = -np.logaddexp(0, -np.array([log_odds]))
    found = deep_position(deep_clock(log_x, depth), depth)
    np.testing.assert_allclose(np.log(found), log_x, rtol=1e-9, atol=1e-9)


def test_the_ends_of_the_clock_are_answered():
    np.testing.assert_array_equal(deep_position(np.array([-np.inf, 1e3]), 3), [0, 1])
    with np.errstate(divide="ignore"):
        assert deep_clock(np.log(np.array(0.0)), 4) == -np.inf

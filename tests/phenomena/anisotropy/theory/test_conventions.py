import itertools

import numpy as np
import pytest
from hypothesis import given, strategies as st

from linnet.phenomena.anisotropy.theory import (
    EXCESS_RISK,
    Risk,
    RiskConvention,
    signal_power,
    spike_plane,
)

RISK = Risk(*(np.array(x) for x in ([1.0, 2.0], [0.5, np.inf], [4.0, 4.0], [3.0, 3.0])))


def test_the_risk_of_the_house_is_bias_plus_variance():
    np.testing.assert_array_equal(RISK.value(), [1.5, np.inf])
    np.testing.assert_array_equal(RISK.value(EXCESS_RISK), RISK.excess)


def test_every_convention_is_a_chain_of_three_choices():
    floor = RiskConvention(noise_floor=True)
    np.testing.assert_allclose(RISK.value(floor)[0], 1.5 + 9)
    power = RiskConvention("signal_power")
    np.testing.assert_allclose(RISK.value(power)[0], 1.5 / 4)
    every = RiskConvention("signal_power", half=True, noise_floor=True)
    np.testing.assert_allclose(RISK.value(every)[0], (1.5 + 9) / 4 / 2)


def test_every_convention_has_a_name_of_its_own():
    choices = itertools.product(("raw", "signal_power"), (False, True), (False, True))
    names = [RiskConvention(*choice).name for choice in choices]
    assert names[0] == "excess risk"
    assert names[-1] == "half the test error / signal power"
    assert len(set(names)) == 8


@given(st.floats(-0.99, 1e4), st.floats(-1, 1), st.floats(1e-3, 1e3))
def test_the_signal_power_is_that_of_the_plane(rho, cosine, size):
    plane = spike_plane(rho, cosine, size)
    np.testing.assert_allclose(signal_power(rho, cosine, size), plane.signal_power)


def test_signal_power_keeps_its_accuracy_where_the_spike_nearly_vanishes():
    rho = -1 + 2.0**-50
    assert signal_power(rho, 1.0) == 2.0**-50


def test_an_unknown_normalization_is_refused():
    with pytest.raises(ValueError, match="one of raw, signal_power, but is 'none'"):
        RiskConvention("none")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((-1.0, 0.5, 1.0), "`spike_strength` must be finite and > -1"),
        ((1.0, 1.1, 1.0), "`alignment` must lie in"),
        ((1.0, 0.5, 0.0), "`norm` must be positive and finite, but is 0"),
    ],
)
def test_a_signal_that_cannot_be_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        signal_power(*arguments)

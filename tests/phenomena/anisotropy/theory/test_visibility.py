import numpy as np
import plain_spike
import plain_training
import pytest
from hypothesis import given, strategies as st

from linnet.phenomena.anisotropy.theory import (
    corner,
    most_visible_spike,
    most_visible_spike_limit,
    plateau_ratio,
    spike_plane,
)


@given(rho=st.floats(-0.9, 50), cosine=st.floats(-0.99, 0.99), size=st.floats(0.1, 10))
def test_the_ratio_is_that_of_the_losses_at_the_corner_and_at_zero(rho, cosine, size):
    moments = plain_spike.spiked(rho, cosine, size)
    axis = moments.yx / np.linalg.norm(moments.yx)
    losses = [moments.loss(c * axis) for c in (corner(moments), 0.0)]
    ratio = plateau_ratio(spike_plane(rho, cosine, size))
    np.testing.assert_allclose(ratio, losses[0] / losses[1], atol=1e-12)
    # A sum of squares: rounding is that of its roots.
    np.testing.assert_allclose(
        np.sqrt(plateau_ratio(moments)), np.sqrt(ratio), rtol=1e-10, atol=1e-13
    )


def test_data_have_a_plateau_above_their_least_loss():
    moments = plain_training.moments(4, k=1)
    axis = moments.yx / np.linalg.norm(moments.yx)
    floor = moments.minimal_loss()
    above = [moments.loss(c * axis) - floor for c in (corner(moments), 0.0)]
    np.testing.assert_allclose(plateau_ratio(moments), above[0] / above[1], rtol=1e-10)


def test_a_barely_visible_second_phase_keeps_its_digits():
    tiny = 1e-9
    expected = 9 * 4 * tiny**2
    np.testing.assert_allclose(
        plateau_ratio(spike_plane(3.0, tiny)), expected, rtol=1e-8
    )
    np.testing.assert_allclose(
        plateau_ratio(plain_spike.spiked(3.0, tiny)), expected, rtol=1e-5
    )


@given(rho=st.floats(-0.99, 1e3), angle=st.floats(1e-3, 1.57))
def test_spike_and_bulk_may_change_places(rho, angle):
    one = spike_plane(rho, np.cos(angle))
    other = spike_plane(-rho / (1 + rho), np.sin(angle))
    # Ratios of vanishing spikes are numbers that have few digits left.
    np.testing.assert_allclose(
        plateau_ratio(one), plateau_ratio(other), rtol=1e-9, atol=1e-300
    )


@pytest.mark.parametrize("cosine", [0.001, 0.1, -0.3, 0.5, 0.9, 0.999])
@pytest.mark.parametrize("dip", [False, True])
def test_no_spike_is_more_visible_than_the_most_visible_one(cosine, dip):
    best = most_visible_spike(cosine, dip=dip)
    others = -np.geomspace(1e-4, 0.9999, 2000) if dip else np.geomspace(1e-3, 1e7, 2000)
    ratios = plateau_ratio(spike_plane(others, cosine))
    top = plateau_ratio(spike_plane(best, cosine))
    assert (top >= ratios).all()
    assert ratios.max() > 0.99 * top
    near = best + np.array([-1e-3, 1e-3]) * min(1 + best, abs(best))
    assert (plateau_ratio(spike_plane(near, cosine)) < top).all()


def test_the_limits_of_alignment_are_answered():
    assert most_visible_spike(0.0) == np.inf
    np.testing.assert_allclose(most_visible_spike([1.0, -1.0]), 2.0, rtol=1e-14)
    dips = most_visible_spike([0.0, 1.0, -1.0], dip=True)
    np.testing.assert_allclose(dips, [-2 / 3, -1.0, -1.0], rtol=1e-14)
    assert most_visible_spike_limit(0.0) == np.inf


def test_weak_alignment_is_approached_with_its_order():
    cosine = np.array([1e-2, 1e-3, 1e-4])
    spike = most_visible_spike(cosine)
    error = np.abs(spike - most_visible_spike_limit(cosine))
    np.testing.assert_allclose(error[:-1] / error[1:], 10, rtol=0.05)
    left = plateau_ratio(spike_plane(spike, cosine))
    error = np.abs(left - (1 - 16 / (3 * np.sqrt(3)) * cosine))
    np.testing.assert_allclose(error[:-1] / error[1:], 100, rtol=0.1)
    anywhere = np.linspace(0.01, 1, 300)
    error = most_visible_spike_limit(anywhere) - most_visible_spike(anywhere)
    assert np.abs(error).max() < 0.07


def test_an_alignment_beyond_one_is_refused():
    for ask in (most_visible_spike, most_visible_spike_limit):
        with pytest.raises(ValueError, match=r"`alignment` must lie in \[-1, 1\]"):
            ask(1.1)

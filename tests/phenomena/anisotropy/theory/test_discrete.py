import numpy as np
import plain_spike
import plain_training
import pytest
from hypothesis import given, strategies as st

from linnet.phenomena.anisotropy.theory import (
    balanced_sharpness,
    corner,
    discrete_half_time,
    discrete_slowdown,
    half_time,
    imbalance_step,
    largest_stable_step,
    spike_plane,
)


def descent_half_time(moments, start, rate):
    """When all weights under descent pass half the corner, between steps."""
    axis = moments.yx[0] / np.linalg.norm(moments.yx)
    weights, course = plain_spike.in_line(axis, start), [start]
    goal = corner(moments) / 2
    while course[-1] < goal:
        slopes = plain_training.gradients(weights, moments)
        weights = plain_training.moved(weights, slopes, rate)
        course.append(plain_training.product(weights, len(axis))[0] @ axis)
    # The log-odds of a sigmoid are straight from step to step; at the goal they are 0.
    last = np.log(np.array(course[-2:]) / (2 * goal - np.array(course[-2:])))
    part = last[0] / (last[0] - last[1])
    return rate * (len(course) - 2 + part)


def test_descent_grows_later_than_the_flow_by_the_slowdown():
    rate, drive, steps = 0.05, 8.0, 40
    moments = plain_spike.spiked(3.0, 0.0, drive, d=3)
    axis = moments.yx[0] / drive
    weights = plain_spike.in_line(axis, 1e-30)
    weights = plain_training.descent(weights, moments, rate, steps)[-1]
    grown = np.log(plain_training.product(weights, 3)[0] @ axis / 1e-30)
    time = discrete_slowdown(rate, drive) * grown / (2 * drive)
    np.testing.assert_allclose(time, rate * steps, rtol=1e-12)


def test_half_times_of_descent_are_predicted_to_second_order():
    moments, plane = plain_spike.spiked(4.0, 0.0, 1.5, d=3), spike_plane(4.0, 0.0, 1.5)
    for start in (1e-4, 1e-8):
        rates = np.array([0.08, 0.04, 0.02])
        found = np.array([descent_half_time(moments, start, rate) for rate in rates])
        error = found - discrete_half_time(plane, start, rates)
        np.testing.assert_allclose(error[:-1] / error[1:], 4, rtol=0.1)
        assert (np.abs(error) < 0.23 * rates**2 * plane.drive).all()
        flow_error = found - half_time(plane, start)
        assert (flow_error > 20 * np.abs(error)).all()


def test_descent_on_two_phases_is_late_as_predicted():
    # At learning rate 0.002 and spike 10, alignment 0.8, descent is late by 0.008.
    plane = spike_plane(10.0, 0.8)
    late = discrete_half_time(plane, 2e-8, 0.002) - half_time(plane, 2e-8)
    np.testing.assert_allclose(late, 0.008, atol=0.0005)


@given(growth=st.floats(1e-12, 0.01))
def test_small_steps_are_late_by_half_their_growth(growth):
    slowdown = discrete_slowdown(growth / 3, 3.0)
    np.testing.assert_allclose(slowdown - 1, growth / 2, rtol=0.01, atol=1e-15)


def test_no_step_is_the_flow_and_zero_never_starts():
    assert discrete_slowdown(0.0, 3.0) == 1
    plane = spike_plane(np.array([1.0, 2.0]), 0.5)
    np.testing.assert_array_equal(
        discrete_half_time(plane, 1e-3, 0.0), half_time(plane, 1e-3)
    )
    assert discrete_half_time(spike_plane(1.0, 0.5), 0.0, 0.1) == np.inf
    assert discrete_half_time(spike_plane(1.0, 0.5), 1.0, 0.1) == 0


@given(
    amplitude=st.floats(-3, 3),
    direction=st.lists(st.floats(-3, 3), min_size=3, max_size=3),
    rate=st.floats(1e-3, 0.5),
)
def test_a_step_of_all_weights_changes_the_imbalance_by_this(
    amplitude, direction, rate
):
    moments = plain_spike.spiked(4.0, 0.3, d=3)
    omega = np.array(direction)
    unit = np.array([0.6, 0.8])
    weights = (np.outer(unit, omega), amplitude * unit[None])
    slopes = plain_training.gradients(weights, moments)
    after = plain_training.moved(weights, slopes, rate)
    change = [
        (layers[1] ** 2).sum() - (layers[0] ** 2).sum() for layers in (after, weights)
    ]
    pull = moments.yx[0] - moments.xx @ (amplitude * omega)
    found = imbalance_step(amplitude, omega, pull, rate)
    size = sum((layer**2).sum() for layer in after)
    np.testing.assert_allclose(found, change[0] - change[1], atol=1e-12 * (1 + size))
    if abs(amplitude) >= np.linalg.norm(omega):
        assert found <= 1e-12 * size


def test_imbalance_steps_of_many_points_are_taken_at_once():
    rng = np.random.default_rng(0)
    amplitude, direction = rng.standard_normal((4, 2)), rng.standard_normal((4, 2, 3))
    pull = rng.standard_normal((4, 2, 3))
    found = imbalance_step(amplitude, direction, pull, 0.1)
    assert found.shape == (4, 2)
    one = imbalance_step(amplitude[3, 1], direction[3, 1], pull[3, 1], 0.1)
    np.testing.assert_allclose(found[3, 1], one, rtol=1e-14)


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_steps_beyond_the_largest_stable_one_leave_the_balanced_minimum(depth):
    moments = plain_spike.spiked(6.0, 0.5, d=3)
    teacher = moments.minimizer().end_to_end[0]
    limit = largest_stable_step(moments, depth=depth)
    np.testing.assert_allclose(limit, 2 / balanced_sharpness(moments, depth=depth))
    distances = []
    for rate in (0.97 * limit, 1.03 * limit):
        weights = plain_spike.in_line(teacher, 1 + 1e-6, depth)
        weights = plain_training.descent(weights, moments, rate, 100)[-1]
        end = plain_training.product(weights, 3)[0]
        distances.append(np.linalg.norm(end - teacher))
    assert distances[0] < 1e-7 < 1e-6 < distances[1]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: discrete_slowdown(-0.1, 1.0), "`learning_rate` must be finite and >="),
        (
            lambda: discrete_half_time(spike_plane(10.0, 0.3), 1e-6, 10.0),
            "`learning_rate` must be <= 1 / drive, but times drive is 34.4: this is an",
        ),
        (
            lambda: discrete_half_time(spike_plane(0.0, 0.3), 1e-6, [0.999, 1.001]),
            "`learning_rate` must be <= 1 / drive, but times drive is 1: this",
        ),
        (lambda: discrete_slowdown(0.1, 0.0), "`drive` must be positive and finite"),
        (
            lambda: imbalance_step(np.nan, np.ones(2), np.ones(2), 0.1),
            "`amplitude` must be finite, but is nan",
        ),
        (
            lambda: imbalance_step(1.0, np.ones(2), np.array([1.0, np.inf]), 0.1),
            "`pull` must be finite, but is inf",
        ),
        (
            lambda: imbalance_step(1.0, np.ones(2), np.ones(2), -1.0),
            "`learning_rate` must be finite and >= 0, but is -1",
        ),
    ],
)
def test_what_is_no_step_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()

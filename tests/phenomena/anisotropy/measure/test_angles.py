import itertools

import numpy as np
import pytest
from hypothesis import given, strategies as st

from linnet.numerics import Estimate
from linnet.phenomena.anisotropy import measure

seeds = st.integers(0, 2**32 - 1)


@given(angle=st.floats(0, np.pi / 2), scale=st.floats(1e-200, 1e200), seed=seeds)
def test_planted_angle_is_found_at_any_scale_and_sign(angle, scale, seed):
    frame = np.linalg.qr(np.random.default_rng(seed).normal(size=(6, 2)))[0].T
    turned = np.cos(angle) * frame[0] + np.sin(angle) * frame[1]
    for sign in (1, -1):
        found = measure.axis_angles(sign * scale * turned, frame[0])
        np.testing.assert_allclose(found, angle, atol=1e-14)
    np.testing.assert_allclose(
        measure.alignment_cosines(scale * turned, frame[0]), np.cos(angle), atol=1e-14
    )


def test_angles_far_below_the_rounding_of_a_cosine_are_seen():
    # arccos would give 0 for all angles below 1e-8.
    found = measure.axis_angles(np.array([1.0, 1e-11]), np.array([1.0, 0.0]))
    np.testing.assert_allclose(found, 1e-11, rtol=1e-6)


def tangent_kernel_direction(layers):
    """By differences: top eigenvector of the kernel summed over outputs and layers."""
    d = layers[0].shape[1]
    kernel = np.zeros((d, d))
    for at in range(1, len(layers)):  # the first layer's part is isotropic
        for index in np.ndindex(layers[at].shape):
            push = np.zeros(layers[at].shape)
            push[index] = 1.0
            moved = [*layers[:at], push, *layers[at + 1 :]]
            slope = moved[0]
            for layer in moved[1:]:
                slope = layer @ slope
            kernel += slope.T @ slope
    return np.linalg.eigh(kernel)[1][:, -1]


@pytest.mark.parametrize("sizes", [(5, 4, 1), (5, 4, 3), (6, 5, 4, 2), (4, 3, 3, 3, 1)])
def test_kernel_direction_is_that_of_all_weight_derivatives(sizes):
    rng = np.random.default_rng(3)
    layers = [rng.normal(size=(b, a)) for a, b in itertools.pairwise(sizes)]
    expected = tangent_kernel_direction(layers)
    found = measure.kernel_directions(layers)
    np.testing.assert_allclose(measure.axis_angles(found, expected), 0, atol=1e-7)
    stacked = measure.kernel_directions([np.stack([layer] * 3) for layer in layers])
    np.testing.assert_allclose(np.abs(stacked @ found), 1, rtol=1e-12)


def turning_path(times, angle, rate, axis):
    """From `angle` away at time 0 exponentially to a fixed axis, in its plane."""
    now = angle * np.exp(-rate * times)
    other = np.roll(axis, 1)
    return np.cos(now)[:, None] * axis + np.sin(now)[:, None] * other


def test_silent_alignment_angle_of_replicas_has_an_error():
    times = np.linspace(0, 40, 2001)
    rng = np.random.default_rng(4)
    starts = rng.normal(0.8, 0.05, size=20)
    axis = np.eye(3)[0]
    paths = np.array([turning_path(times, start, 1.0, axis) for start in starts])
    # At the first phase, t = ln 2, half of the angle is left; the sign means nothing.
    paths = paths * rng.choice([-1.0, 1.0], size=(20, 2001, 1))
    found = measure.turning(times, paths, when=np.log(2))
    assert isinstance(found, Estimate)
    assert abs(found.z(0.4)) < 4
    assert abs(found.z(0.8)) > 10
    one = measure.turning(times, paths[0], when=np.log(2))
    np.testing.assert_allclose(one, starts[0] / 2, rtol=1e-3)


def test_each_replica_may_have_its_own_time():
    times = np.linspace(0, 40, 4001)
    paths = np.array([turning_path(times, 0.8, rate, np.eye(3)[0]) for rate in (1, 2)])
    found = measure.turning(times, paths, when=np.log(2) / np.array([1.0, 2.0]))
    np.testing.assert_allclose(found.value, 0.4, rtol=1e-3)


TWO = np.ones((3, 2))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: measure.axis_angles(np.zeros(3), np.ones(3)), "must not vanish"),
        (lambda: measure.axis_angles(np.ones(3), np.ones(4)), "one dimension"),
        (lambda: measure.alignment_cosines(TWO, np.ones(3)), "one dimension"),
        (lambda: measure.alignment_cosines(np.full(2, np.nan), np.ones(2)), "finite"),
        (lambda: measure.kernel_directions([TWO]), "two layers"),
        (lambda: measure.kernel_directions([0 * TWO, np.ones((1, 3))]), "a saddle"),
        (lambda: measure.turning(np.arange(3.0), TWO, 5.0), "`when` must lie in"),
        (lambda: measure.turning(np.arange(4.0), TWO, 1.0), "`paths` must have shape"),
        (lambda: measure.turning(np.zeros(3), TWO, 0.0), "`times` must increase"),
    ],
)
def test_what_has_no_direction_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()

import numpy as np
import plain_spike
import plain_training
import pytest
from hypothesis import given, strategies as st
from scipy.integrate import quad, solve_ivp

from linnet.phenomena.anisotropy.theory import (
    FirstLine,
    corner,
    first_line,
    first_phase,
    first_phase_time,
    half_time,
    spike_plane,
)
from linnet.task import Moments


def line_flow(times, drive, curvature, start, depth=2, imbalance=0.0):
    """The equation of the line, integrated step by step."""

    def slope(_, c):
        if depth == 2:
            return np.hypot(imbalance, 2 * c) * (drive - curvature * c)
        return depth * c ** (2 - 2 / depth) * (drive - curvature * c)

    flow = solve_ivp(
        slope, (0, times[-1]), [start], "DOP853", times, rtol=1e-12, atol=1e-18
    )
    return flow.y[0]


@pytest.mark.parametrize(
    ("depth", "imbalance", "start"),
    [(1, 0, 0), (2, 0, 1e-5), (2, 0.7, 0.0), (2, -0.7, 1e-3), (2, 1e-9, 1e-6),
     (2, 50.0, 0.0), (3, 0, 1e-3), (4, 0, 1e-2), (5, 0, 0.05), (8, 0, 0.1)],
)  # fmt: skip
def test_growth_along_the_line_solves_its_equation(depth, imbalance, start):
    line = FirstLine(np.array(1.7), np.array(2.9))
    times = np.linspace(0, 6, 40)
    found = first_phase(times, line, start, depth=depth, imbalance=imbalance)
    plain = line_flow(times, 1.7, 2.9, start, depth, imbalance)
    np.testing.assert_allclose(found, plain, rtol=1e-9, atol=1e-14)
    half = half_time(line, start, depth=depth, imbalance=imbalance)
    reached = first_phase(
        np.array([half]), line, start, depth=depth, imbalance=imbalance
    )
    np.testing.assert_allclose(reached, corner(line) / 2, rtol=1e-11)


@pytest.mark.parametrize("depth", [3, 4, 5, 6])
@pytest.mark.parametrize("start", [1e-3, 1e-8])
def test_deep_half_time_is_the_quadrature_of_its_equation(depth, start):
    line = first_line(spike_plane(4.0, 0.5))
    end, power = corner(line), 2 - 2 / depth

    def slowness(u):  # in u = ln c, so that the singular start is smooth
        return np.exp(u * (1 - power)) / (depth * line.drive * (1 - np.exp(u) / end))

    plain, _ = quad(
        slowness,
        np.log(start), np.log(end / 2), epsabs=0, epsrel=1e-12, limit=500,
    )  # fmt: skip
    np.testing.assert_allclose(half_time(line, start, depth=depth), plain, rtol=1e-9)


@pytest.mark.parametrize("depth", [1, 2, 3])
@pytest.mark.parametrize("rho", [6.0, -0.6])
def test_all_weights_follow_the_first_phase_until_its_half(depth, rho):
    moments = plain_spike.spiked(rho, 0.0 if depth == 1 else 0.8, 1.3)
    plane = spike_plane(rho, 0.0 if depth == 1 else 0.8, 1.3)
    axis = moments.yx[0] / np.linalg.norm(moments.yx)
    start = 1e-3
    half = half_time(plane, start, depth=depth)
    times = np.linspace(0, half, 7)
    path = plain_training.flow(plain_spike.in_line(axis, start, depth), moments, times)
    found = plain_spike.end_to_end(path) @ axis
    predicted = first_phase(times, plane, start, depth=depth)
    np.testing.assert_allclose(found, predicted, rtol=2e-2)
    # A rate half as large, that of one layer, is far off.
    slow = first_phase(times / 2, plane, start, depth=depth)
    assert abs(slow[-1] - found[-1]) > 0.2 * found[-1]


@pytest.mark.parametrize("imbalance", [-0.8, 0.0, 0.8])
def test_where_there_is_one_dimension_the_first_phase_is_exact(imbalance):
    moments = plain_spike.spiked(6.0, 0.0, 1.3)
    axis = moments.yx[0] / np.linalg.norm(moments.yx)
    times = np.linspace(0, 9, 10)
    weights = plain_spike.in_line(axis, 1e-4, imbalance=imbalance)
    found = plain_spike.end_to_end(plain_training.flow(weights, moments, times)) @ axis
    for task in (moments, spike_plane(6.0, 0.0, 1.3)):
        predicted = first_phase(times, task, 1e-4, imbalance=imbalance)
        np.testing.assert_allclose(found, predicted, rtol=1e-8)


def test_moments_and_plane_give_the_same_line():
    plane, moments = spike_plane(7.0, 0.4, 2.0), plain_spike.spiked(7.0, 0.4, 2.0)
    np.testing.assert_allclose(corner(moments), corner(plane), rtol=1e-13)
    np.testing.assert_allclose(
        half_time(moments, 1e-6), half_time(plane, 1e-6), rtol=1e-13
    )


def test_the_corner_is_the_best_point_of_its_line():
    moments = plain_spike.spiked(7.0, 0.4, 2.0)
    axis = moments.yx[0] / np.linalg.norm(moments.yx)
    best = corner(moments)
    losses = [moments.loss((best + move) * axis[None]) for move in (-1e-3, 0, 1e-3)]
    assert losses[1] < min(losses[0], losses[2])
    np.testing.assert_allclose(losses[0], losses[2], rtol=1e-9)


@given(
    rho=st.floats(-0.9, 100),
    cosine=st.floats(-1, 1),
    start=st.floats(1e-12, 1e-4),
    size=st.floats(0.1, 10),
)
def test_the_sigmoid_is_the_balanced_case(rho, cosine, start, size):
    plane = spike_plane(rho, cosine, size)
    end = corner(plane)
    times = np.linspace(0, 20 / plane.drive, 5)
    sigmoid = end / (1 + (end / start - 1) * np.exp(-2 * plane.drive * times))
    np.testing.assert_allclose(first_phase(times, plane, start), sigmoid, rtol=1e-11)
    expected = np.log(end / start - 1) / (2 * plane.drive)
    np.testing.assert_allclose(half_time(plane, start), expected, rtol=1e-11)


def test_a_strongly_unbalanced_network_is_linear_regression():
    line = FirstLine(np.array(1.5), np.array(2.0))
    times = np.linspace(0, 3, 6)
    errors = []
    for delta in (1e2, 1e3):
        lazy = first_phase(times / delta, line, 0.0, imbalance=delta)
        errors.append(np.abs(lazy - first_phase(times, line, 0.0, depth=1)).max())
    np.testing.assert_allclose(errors[0] / errors[1], 100, rtol=0.05)


@pytest.mark.parametrize(("depth", "order"), [(2, 1.0), (3, 1 / 3), (4, 1 / 2)])
def test_the_law_of_small_starts_is_approached_with_its_order(depth, order):
    plane = spike_plane(10.0, 0.3)
    starts = np.array([1e-5, 1e-6, 1e-7])
    law = first_phase_time(plane, starts, depth=depth)
    error = np.abs(half_time(plane, starts, depth=depth) / law - 1)
    if depth == 2:  # the difference is c0 / (2 s1 corner), small beside the logarithm
        error = error * law
    np.testing.assert_allclose(error[1:] / error[:-1], 10**-order, rtol=0.02)


@pytest.mark.parametrize("delta", [-1e10, 1.0, 1e5, 1e10])
def test_a_small_start_keeps_its_digits_beside_a_large_imbalance(delta):
    line = FirstLine(np.array(1.5), np.array(2.0))
    starts = np.array([1e-13, 1e-6, 0.3])
    times = np.array([0.0, 1e-12]) / np.hypot(delta, 1.0)
    begun, later = first_phase(times, line, starts, imbalance=delta)
    np.testing.assert_allclose(begun, starts, rtol=1e-14)
    # So early the flow has constant speed.
    speed = np.hypot(delta, 2 * starts) * (line.drive - line.curvature * starts)
    np.testing.assert_allclose(later, starts + speed * times[1], rtol=1e-10)


def test_nothing_leaves_zero_but_an_unbalanced_or_single_layer():
    plane = spike_plane(3.0, 0.5)
    times = np.array([0.0, 1.0, 1e4])
    for depth in (2, 3):
        assert half_time(plane, 0.0, depth=depth) == np.inf
        assert first_phase_time(plane, 0.0, depth=depth) == np.inf
        assert not first_phase(times, plane, 0.0, depth=depth).any()
    assert 0 < half_time(plane, 0.0, depth=1) == first_phase_time(plane, 0, depth=1)
    assert np.isfinite(half_time(plane, 0.0, imbalance=[-1e-3, 1e-3])).all()


def test_a_start_beyond_the_corner_has_no_first_phase_and_no_negative_time():
    plane = spike_plane(10.0, 0.3)
    starts = np.array([0.5, 1.0, 2.0]) * corner(plane)
    law = first_phase_time(plane, starts)
    np.testing.assert_array_equal(law[1:], 0)
    np.testing.assert_allclose(law[0], np.log(2) / (2 * plane.drive), rtol=1e-14)


def test_a_start_beyond_the_half_is_there_at_once():
    plane = spike_plane(3.0, 0.5)
    starts = corner(plane) * np.array([0.5, 0.6, 1.0])
    for depth in (1, 2, 3):
        assert not half_time(plane, starts, depth=depth).any()
    np.testing.assert_allclose(
        first_phase(np.array([0.0, 5.0]), plane, starts[2]), starts[2]
    )


def test_phases_of_a_grid_are_those_of_its_points():
    rho, cosine, start = np.array([1.0, 20.0])[:, None], np.array([0.1, 0.5, 0.9]), 1e-4
    grid, times = spike_plane(rho, cosine), np.array([0.5, 2.0])
    for depth in (1, 2, 3):
        found = first_phase(times, grid, start, depth=depth)
        assert found.shape == (2, 2, 3)
        one = first_phase(times, spike_plane(20.0, 0.9), start, depth=depth)
        np.testing.assert_allclose(found[:, 1, 2], one, rtol=1e-13)
        assert half_time(grid, start, depth=depth).shape == (2, 3)


def test_the_whole_flow_is_earlier_by_a_time_that_small_starts_do_not_change():
    moments = plain_training.moments(2, k=1)
    axis = moments.yx[0] / np.linalg.norm(moments.yx)
    earlier = []
    for start in (1e-4, 1e-5, 1e-6):
        half = half_time(moments, start)
        times = np.linspace(0.9 * half, half, 200)
        path = plain_training.flow(
            plain_spike.in_line(axis, start), moments, np.append(0.0, times)
        )
        found = plain_spike.end_to_end(path[1:]) @ axis
        earlier.append(half - np.interp(corner(moments) / 2, found, times))
    # Beside the logarithm of the start, by which these times differ, it is nothing.
    np.testing.assert_allclose(earlier, earlier[-1], rtol=2e-3)
    assert 0 < earlier[-1] < 0.1 / first_line(moments).drive


LINE = FirstLine(np.array(1.0), np.array(2.0))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: half_time(LINE, -1.0), "`start` must be finite and >= 0, but is -1"),
        (lambda: half_time(LINE, np.nan), "`start` must be finite and >= 0, but is n"),
        (lambda: half_time(LINE, 0.1, depth=0), "`depth` must be a whole number >= 1"),
        (lambda: half_time(LINE, 0.1, depth=2.5), "a whole number >= 1, but is 2.5"),
        (lambda: half_time(LINE, 0.1, depth=np.nan), "`depth` must be a whole number"),
        (lambda: half_time(LINE, 0.1, depth=np.array([2, 3])), "counts layers, and is"),
        (lambda: half_time(LINE, 0.1, imbalance=np.inf), "`imbalance` must be finite"),
        (
            lambda: half_time(LINE, 0.1, depth=3, imbalance=1.0),
            "`imbalance` must be 0 unless `depth` is 2, but depth is 3",
        ),
        (lambda: half_time(LINE, 0.1, fraction=1), r"`fraction` must lie in \(0, 1\)"),
        (
            lambda: first_phase(np.zeros((2, 2)), LINE, 0.1),
            r"`times` must be a row \(times,\), but has shape \(2, 2\)",
        ),
        (
            lambda: first_phase(np.array([-1.0]), LINE, 0.1),
            "`times` must be finite and >= 0, but is -1",
        ),
        (
            lambda: first_phase(np.array([1.0]), LINE, 0.6),
            r"`start` must lie in \[0, corner\], but is 0.6 where the corner is 0.5",
        ),
        (
            lambda: corner(FirstLine(np.array(1.0), np.array(0.0))),
            "`curvature` must be positive and finite, but is 0",
        ),
        (
            lambda: corner(Moments(np.eye(2), np.ones((2, 2)), np.eye(2))),
            "must have one output, but has 2",
        ),
        (
            lambda: corner(Moments(np.eye(2), np.zeros((1, 2)), np.eye(1))),
            "`task` must have a `yx` that is not zero",
        ),
    ],
)  # fmt: skip
def test_what_has_no_first_phase_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_what_is_no_task_is_refused_by_its_type():
    message = (
        "`task` must be of type Plane, Moments, InputModes or FirstLine, but is of type"
    )
    for function in (first_line, corner):
        with pytest.raises(TypeError, match=f"{message} float"):
            function(10.0)
    for function in (half_time, first_phase_time):
        with pytest.raises(TypeError, match=f"{message} ndarray"):
            function(np.eye(2), 1e-3)


def test_a_grid_of_tasks_and_starts_that_do_not_fit_is_refused():
    plane = spike_plane(np.ones(3), 0.5)
    with pytest.raises(
        ValueError, match=r"`drive` \(3,\), .*`start` \(2,\): give each"
    ):
        half_time(plane, [0.1, 0.2])

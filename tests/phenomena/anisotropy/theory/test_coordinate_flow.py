import itertools

import numpy as np
import pytest
from hypothesis import given, strategies as st
from plain_training import flow, product

from linnet.numerics import haar_frame
from linnet.phenomena.anisotropy.theory import (
    adapted_basis,
    flow_velocity,
    nullclines,
    reduced_flow,
    spike_plane,
)
from linnet.task import Moments, Teacher, population_moments, spiked_covariance


def plane(rho, cosine):
    found = spike_plane(rho, cosine)
    return found.moment, np.array([float(found.drive), 0.0])


def spiked(seed, d=8):
    rng = np.random.default_rng(seed)
    frame = haar_frame(d, 2, rng).T
    covariance = spiked_covariance(d, np.array([6.0, 2.0]), frame)
    return population_moments(covariance, Teacher(rng.standard_normal((1, d)) / 2))


def rank_one_layers(alpha, omega, depth, seed, p=4):
    """Of upper layers of one length, in hidden directions drawn anew."""
    rng = np.random.default_rng(seed)
    hidden = [haar_frame(p, 1, rng)[:, 0] for _ in range(depth - 1)]
    layers = [np.outer(hidden[0], omega)]
    layers += [
        alpha * np.outer(after, before) for before, after in itertools.pairwise(hidden)
    ]
    return (*layers, alpha * hidden[-1][None])


@pytest.mark.parametrize("depth", [2, 3, 4])
def test_it_is_the_flow_of_all_weights_from_balanced_layers(depth):
    moments, times = spiked(0), np.linspace(0, 6, 7)
    basis = adapted_basis(moments)
    start = 0.02 * np.array([1.0, -0.5, 0.3])
    length = np.linalg.norm(start)
    omega = basis.in_inputs(start) / length ** (1 - 1 / depth)
    layers = rank_one_layers(length ** (1 / depth), omega, depth, seed=1)
    plain = [product(w, 8)[0] for w in flow(layers, moments, times)]
    found = reduced_flow(basis.moment, basis.drive_vector, start, times, depth=depth)
    np.testing.assert_allclose(basis.in_inputs(found), plain, atol=1e-9)


@pytest.mark.parametrize("imbalance", [-0.5, -1e-3, 0.0, 1e-3, 0.5])
def test_it_is_the_flow_of_all_weights_of_two_layers_with_an_imbalance(imbalance):
    # From the side away from the teacher: w comes close to zero or passes through it.
    moments, times = spiked(2), np.linspace(0, 8, 9)
    basis = adapted_basis(moments)
    start = np.array([-0.02, 0.0, 0.0])
    root = np.hypot(imbalance, 2 * 0.02)
    alpha = np.sqrt((root + imbalance) / 2)
    layers = rank_one_layers(alpha, basis.in_inputs(start) / alpha, 2, seed=3)
    np.testing.assert_allclose(
        layers[1] @ layers[1].T - np.sum(layers[0] ** 2), imbalance, atol=1e-12
    )
    plain = [product(w, 8)[0] for w in flow(layers, moments, times)]
    found = reduced_flow(
        basis.moment, basis.drive_vector, start, times, imbalance=imbalance
    )
    np.testing.assert_allclose(basis.in_inputs(found), plain, atol=1e-9)


def test_the_vector_passes_through_zero_where_imbalance_lets_it():
    moment, drive = plane(10.0, 0.3)
    times = np.linspace(0, 10, 200)
    path = reduced_flow(moment, drive, [-0.3, 0.0], times, imbalance=-1.0)
    assert path[0, 0] < 0 < path[-1, 0]
    np.testing.assert_allclose(path[-1], spike_plane(10.0, 0.3).teacher, atol=1e-4)


def test_one_layer_is_linear_regression():
    moments = spiked(4)
    basis = adapted_basis(moments)
    start, times = np.array([0.3, -0.2, 0.1]), np.linspace(0, 3, 5)
    plain = flow((basis.in_inputs(start)[None],), moments, times)
    found = reduced_flow(basis.moment, basis.drive_vector, start, times, depth=1)
    np.testing.assert_allclose(
        basis.in_inputs(found), np.array(plain)[:, 0, 0], atol=1e-11
    )
    flat = reduced_flow(np.diag([1.0, 0.0]), [0.0, 2.0], [1.0, 1.0], times, depth=1)
    np.testing.assert_allclose(flat, np.stack([np.exp(-times), 1 + 2 * times], 1))


def test_a_large_imbalance_is_linear_regression_up_to_its_inverse_square():
    moment, drive = plane(10.0, 0.5)
    times = np.linspace(0, 2, 9)
    lazy = reduced_flow(moment, drive, [0.0, 0.0], times, depth=1)
    gaps = []
    for imbalance in (1e3, 1e4):
        path = reduced_flow(
            moment, drive, [0.0, 0.0], times / imbalance, imbalance=imbalance
        )
        gaps.append(np.abs(path - lazy).max())
    # R is delta up to |c|^2 / delta: second order in 1/delta.
    np.testing.assert_allclose(gaps[0] / gaps[1], 100, rtol=0.02)


@pytest.mark.parametrize("rho", [1e4, 1e6])
def test_a_strong_spike_and_a_tiny_start_are_integrated_to_the_tolerance(rho):
    moment, drive = plane(rho, 0.3)
    times = np.linspace(0, 8, 50)
    fine = reduced_flow(moment, drive, [1e-12, 0.0], times, tolerance=1e-13)
    path = reduced_flow(moment, drive, [1e-12, 0.0], times)
    np.testing.assert_allclose(path, fine, atol=1e-9)
    coarse = reduced_flow(moment, drive, [1e-12, 0.0], times, tolerance=1e-4)
    assert 1e-8 < np.abs(coarse - fine).max() < 1e-2


@pytest.mark.parametrize("tiny", [1e-12, 1e-200, 1e-300])
def test_every_start_that_is_a_number_grows(tiny):
    # With the whole teacher along the spike the first phase is a sigmoid, exactly.
    moment, drive = plane(10.0, 1.0)
    top = drive[0] / moment[0, 0]
    half = (np.log(top) - np.log(tiny)) / (2 * drive[0])
    times = half + np.linspace(-0.2, 0.2, 5)
    path = reduced_flow(moment, drive, [tiny, 0.0], times)
    sigmoid = top / (1 + np.exp(-2 * drive[0] * (times - half)))
    np.testing.assert_allclose(path[:, 0], sigmoid, rtol=1e-8)


def test_it_is_the_table_of_half_times():
    # rho, A, half time of the first phase, half time of the second; c_0 = 1e-6.
    table = [
        (1, 0.5, 5.150, 6.042),
        (3, 0.3, 4.290, 5.287),
        (10, 0.1, 4.128, 5.407),
        (10, 0.3, 1.850, 3.128),
        (10, 0.5, 1.181, 2.260),
        (10, 0.8, 0.7708, 1.611),
        (30, 0.3, 0.6752, 2.048),
        (100, 0.3, 0.208, 1.614),
    ]
    for rho, cosine, first, second in table:
        moment, drive = plane(rho, cosine)
        path = reduced_flow(moment, drive, [1e-6, 0.0], [first, second])
        halves = drive[0] / moment[0, 0] / 2, spike_plane(rho, cosine).teacher[1] / 2
        slopes = flow_velocity(moment, drive, path)
        off = (path[0, 0] - halves[0]) / slopes[0, 0]
        assert abs(off) < 6e-4 * first, (rho, cosine)  # as many digits as there are
        off = (path[1, 1] - halves[1]) / slopes[1, 1]
        assert abs(off) < 6e-4 * second, (rho, cosine)


@given(
    rho=st.floats(-0.9, 50),
    cosine=st.floats(-1, 1),
    angle=st.floats(0, 7),
    depth=st.integers(1, 5),
    imbalance=st.floats(-2, 2),
)
def test_the_velocity_is_that_of_the_flow(rho, cosine, angle, depth, imbalance):
    moment, drive = plane(rho, cosine)
    delta = imbalance if depth == 2 else 0.0
    at = 0.7 * np.array([np.cos(angle), np.sin(angle)])
    step = 1e-5
    ahead = reduced_flow(
        moment, drive, at, [0, step], depth=depth, imbalance=delta, tolerance=1e-13
    )
    velocity = flow_velocity(moment, drive, at, depth=depth, imbalance=delta)
    speed = 1 + np.abs(velocity).max()
    np.testing.assert_allclose(
        (ahead[1] - at) / step, velocity, atol=1e-3 * speed * (1 + rho) * depth
    )


def test_the_velocity_of_a_plane_of_points_is_that_of_every_point():
    moment, drive = plane(10.0, 0.3)
    points = np.stack(np.meshgrid([-1.0, 0.0, 0.5], [0.0, 0.3]), axis=-1)
    for how in ({"depth": 3}, {"imbalance": 1.0}, {"depth": 1}, {}):
        field = flow_velocity(moment, drive, points, **how)
        assert field.shape == points.shape
        one = flow_velocity(moment, drive, points[1, 2], **how)
        np.testing.assert_array_equal(field[1, 2], one)
    origin = np.zeros(2)
    assert not flow_velocity(moment, drive, origin).any()
    assert not flow_velocity(moment, drive, origin, depth=4).any()
    np.testing.assert_allclose(
        flow_velocity(moment, drive, origin, imbalance=2.0), 2 * drive
    )


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_one_component_of_the_velocity_vanishes_on_its_nullcline(depth):
    moment, drive = plane(10.0, 0.3)
    curves = nullclines(moment, drive, np.linspace(0.01, 3.1, 40), depth=depth)
    for component, curve in enumerate(curves):
        field = flow_velocity(moment, drive, curve, depth=depth)
        size = np.linalg.norm(curve, axis=1) ** (3 - 2 / depth) * 11
        assert (np.abs(field[:, component]) < 1e-13 * (1 + size)).all()
        assert np.abs(field[:, 1 - component]).max() > 0.1
    along = nullclines(moment, drive, [0.0], depth=depth)
    np.testing.assert_allclose(along[0, 0], [drive[0] / moment[0, 0], 0])  # the corner


def test_a_line_that_meets_no_nullcline_gives_infinity():
    points = nullclines(np.eye(2), [1.0, 0.0], [0.0, np.pi / 2], depth=1)
    assert np.isinf(points[1, 0, 0])
    assert not np.isnan(points).any()


def test_a_grid_gives_what_each_of_its_points_gives():
    grid = spike_plane(np.array([1.0, 10.0])[:, None], np.array([0.1, 0.5, 0.9]))
    drive = grid.drive[..., None] * np.array([1.0, 0.0])
    times = [0.0, 1.0, 4.0]
    delta = np.array([-0.1, 0.0, 0.2])
    found = reduced_flow(grid.moment, drive, [1e-3, 0.0], times, imbalance=delta)
    assert found.shape == (2, 3, 3, 2)
    one = reduced_flow(
        grid.moment[1, 2], drive[1, 2], [1e-3, 0.0], times, imbalance=0.2
    )
    np.testing.assert_allclose(found[1, 2], one, rtol=1e-13, atol=1e-15)
    rough = reduced_flow(
        grid.moment, drive, [1e-3, 0.0], times, imbalance=delta, tolerance=1e-3
    )
    assert 1e-12 < np.abs(rough - found).max() < 1e-2  # each with steps of its own
    straight = reduced_flow(grid.moment, drive, [1e-3, 0.0], times, depth=1)
    assert straight.shape == (2, 3, 3, 2)


@pytest.mark.parametrize("depth", [2, 3, 5])
def test_zero_stays_for_balanced_layers(depth):
    moment, drive = plane(10.0, 0.3)
    path = reduced_flow(moment, drive, [0.0, 0.0], [0.0, 1e6], depth=depth)
    np.testing.assert_array_equal(path, 0)


def test_the_end_is_the_least_squares_solution_however_late():
    moment, drive = plane(1e4, 0.3)
    path = reduced_flow(moment, drive, [1e-8, 0.0], [1e6])
    np.testing.assert_allclose(path[0], spike_plane(1e4, 0.3).teacher, rtol=1e-9)
    assert reduced_flow(moment, drive, [1e-8, 0.0], []).shape == (0, 2)


EYE, ROW = np.eye(2), np.array([1.0, 0.0])


@pytest.mark.parametrize(
    ("arguments", "how", "message"),
    [
        ((EYE, ROW, ROW, [1.0, 0.5]), {}, "`times` must rise .*sort it"),
        ((EYE, ROW, ROW, [-1.0]), {}, "`times` must rise from a number >= 0"),
        ((EYE, ROW, ROW, [np.nan]), {}, "`times` must be finite"),
        ((EYE, ROW, ROW, 1.0), {}, r"`times` must be finite and a row .*shape \(\)"),
        ((np.nan * EYE, ROW, ROW, [1.0]), {}, "`moment` must be finite"),
        ((EYE, ROW + np.inf, ROW, [1.0]), {}, "`drive` must be finite"),
        ((EYE, ROW, ROW * np.nan, [1.0]), {}, "`start` must be finite"),
        ((EYE, ROW, ROW, [1.0]), {"imbalance": np.nan}, "`imbalance` must be finite"),
        ((EYE, ROW[:1], ROW, [1.0]), {}, r"but have \(2, 2\), \(1,\) and \(2,\)"),
        ((EYE, 1.0, ROW, [1.0]), {}, r"but have \(2, 2\), \(\) and \(2,\)"),
        ((np.triu(np.ones((2, 2))), ROW, ROW, [1.0]), {}, "must be symmetric"),
        ((-EYE, ROW, ROW, [1.0]), {}, "positive semi-definite, .*eigenvalue -1"),
        ((EYE, ROW, ROW, [1.0]), {"depth": 0}, "whole number >= 1, but is 0"),
        ((EYE, ROW, ROW, [1.0]), {"depth": 2.5}, "whole number >= 1, but is 2.5"),
        (
            (EYE, ROW, ROW, [1.0]),
            {"depth": 3, "imbalance": 1.0},
            "must be 0 unless `depth` is 2, but depth is 3",
        ),
        (
            (EYE, ROW, 0 * ROW, [1.0]),
            {"imbalance": -1.0},
            "must be >= 0 where w = 0.*mode_flow",
        ),
        ((EYE, ROW, ROW, [1.0]), {"tolerance": 0.0}, r"\[1e-13, 1e-2\], but is 0.0"),
    ],
)
def test_what_cannot_flow_is_refused(arguments, how, message):
    with pytest.raises(ValueError, match=message):
        reduced_flow(*arguments, **how)


def test_velocities_and_nullclines_that_do_not_exist_are_refused():
    with pytest.raises(ValueError, match="must be >= 0 where w = 0"):
        flow_velocity(EYE, ROW, np.zeros((3, 2)), imbalance=-1.0)
    with pytest.raises(ValueError, match="`depth` must be a whole number"):
        flow_velocity(EYE, ROW, ROW, depth=0)
    with pytest.raises(ValueError, match="`angles` must be a finite row"):
        nullclines(EYE, ROW, [np.nan])


def test_a_data_set_is_a_moment_like_any_other():
    rng = np.random.default_rng(8)
    inputs = rng.standard_normal((6, 10))
    moments = Moments.of_data(inputs, inputs @ rng.standard_normal((10, 1)))
    basis = adapted_basis(moments)
    start = 1e-3 * basis.drive_vector / basis.drive
    late = reduced_flow(basis.moment, basis.drive_vector, start, [1e4])[0]
    # The start lies in the inputs' range, and so does the solution of least norm.
    np.testing.assert_allclose(
        basis.in_inputs(late), moments.minimizer().end_to_end[0], atol=1e-8
    )

import numpy as np
import plain_spike
import plain_training
import pytest

from linnet.phenomena.anisotropy.theory import (
    corner,
    late_rates,
    slow_manifold,
    spike_plane,
    strong_spike_delay,
    zero_gradient_closure,
)


def from_the_corner(rho, cosine, times, size=1.0):
    """Both coordinates of all weights, started exactly at the corner."""
    moments = plain_spike.spiked(rho, cosine, size, d=3)
    axes = plain_spike.plane_axes(moments)
    weights = plain_spike.in_line(axes[0], float(corner(moments)))
    path = plain_training.flow(weights, moments, times)
    return plain_spike.end_to_end(path) @ axes.T


@pytest.mark.parametrize(("cosine", "size"), [(0.3, 1.0), (0.7, 2.0)])
def test_the_slow_manifold_errs_like_one_over_the_strength(cosine, size):
    times = np.linspace(0.2, 3, 15) / size
    errors, wrong = [], []
    for rho in (100.0, 200.0, 400.0):
        found = from_the_corner(rho, cosine, times, size)
        plane = spike_plane(rho, cosine, size)
        errors.append(np.abs(slow_manifold(times, plane) - found).max())
        wrong.append(np.abs(zero_gradient_closure(times, plane) - found).max())
    ratios = np.array(errors[:-1]) / errors[1:]
    np.testing.assert_allclose(ratios, 2, rtol=0.1)
    # The wrong closure does not get better: its error is of leading order.
    assert wrong[-1] > 0.9 * wrong[0]
    assert wrong[-1] > 10 * errors[-1]


@pytest.mark.parametrize("cosine", [0.2, 0.6])
def test_each_closure_ends_at_its_own_rate(cosine):
    plane, times = spike_plane(1e7, cosine), np.array([5.0, 6.0])
    for closure, rate in (
        (slow_manifold, late_rates(plane).slow),
        (zero_gradient_closure, 2 - cosine**2),
    ):
        left = plane.teacher[1] - closure(times, plane)[:, 1]
        np.testing.assert_allclose(np.log(left[0] / left[1]), rate, rtol=2e-3)
    np.testing.assert_allclose(late_rates(plane).slow, 2 / (1 + cosine**2), rtol=1e-5)


def test_the_manifold_of_infinite_strength_keeps_the_closed_delay():
    plane = spike_plane(1e9, 0.4, 1.5)
    time = strong_spike_delay(0.4, 1.5, 0.7)
    second = slow_manifold(np.array([time]), plane)[0, 1]
    np.testing.assert_allclose(second, 0.7 * plane.teacher[1], rtol=1e-6)


def test_teacher_and_times_in_any_order_stay_where_they_are():
    plane = spike_plane(20.0, 0.4)
    still = slow_manifold(np.array([3.0, 0.0]), plane, start=plane.teacher[1])
    np.testing.assert_allclose(still, [plane.teacher] * 2, rtol=1e-12)
    times = np.array([2.0, 0.5, 0.5, 1.0])
    mixed = slow_manifold(times, plane)
    ordered = slow_manifold(np.unique(times), plane)
    np.testing.assert_allclose(mixed, ordered[[2, 0, 0, 1]], rtol=1e-9)


def test_manifolds_of_a_grid_are_those_of_its_points():
    grid = spike_plane(np.array([5.0, 50.0])[:, None], np.array([0.2, 0.4, 0.9]))
    times = np.array([0.5, 1.5])
    found = slow_manifold(times, grid)
    assert found.shape == (2, 2, 3, 2)
    one = slow_manifold(times, spike_plane(50.0, 0.4))
    np.testing.assert_allclose(found[:, 1, 1], one, rtol=1e-9)


def test_negative_times_and_starts_are_refused():
    plane = spike_plane(5.0, 0.5)
    with pytest.raises(ValueError, match="`times` must be finite and >= 0, but is -1"):
        slow_manifold(np.array([-1.0]), plane)
    with pytest.raises(ValueError, match="`start` must be finite and >= 0, but is nan"):
        zero_gradient_closure(np.array([1.0]), plane, start=np.nan)

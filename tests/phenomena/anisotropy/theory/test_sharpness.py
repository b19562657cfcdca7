import numpy as np
import plain_spike
import plain_training
import pytest
from hypothesis import given, strategies as st

from linnet.phenomena.anisotropy.theory import (
    balanced_sharpness,
    escape_window,
    flattest_minimum,
    largest_stable_step,
    late_rates,
    minimum_sharpness,
    settling_layer,
    spike_plane,
    task_modes,
)
from linnet.task import Moments


def at_minimum(moments, second_layer):
    """Layers of the minimum with this size of the second one."""
    teacher = moments.minimizer().end_to_end[0]
    size = np.linalg.norm(teacher)
    imbalance = second_layer - size**2 / second_layer
    return plain_spike.in_line(teacher / size, size, imbalance=imbalance)


@pytest.mark.parametrize("second_layer", [0.3, 1.4, 4.0])
def test_sharpness_is_the_top_of_the_hessian_of_all_weights(second_layer):
    for moments in (
        plain_spike.spiked(5.0, 0.4, 1.4, d=3),
        plain_training.moments(3, d=3, k=1),
        plain_training.moments(3, n=2, d=3, k=1),
    ):
        weights = at_minimum(moments, second_layer)
        top = np.linalg.eigvalsh(plain_spike.hessian(weights, moments))[-1]
        found = minimum_sharpness(moments, second_layer)
        np.testing.assert_allclose(found, top, rtol=1e-6)
    plane = spike_plane(5.0, 0.4, 1.4)
    found = minimum_sharpness(plane, second_layer)
    moments = plain_spike.spiked(5.0, 0.4, 1.4, d=3)
    np.testing.assert_allclose(found, minimum_sharpness(moments, second_layer))


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_balanced_sharpness_is_the_fast_late_rate(depth):
    plane, moments = spike_plane(5.0, 0.4, 1.4), plain_spike.spiked(5.0, 0.4, 1.4)
    expected = late_rates(plane, depth=depth).fast
    for task in (plane, moments):
        found = balanced_sharpness(task, depth=depth)
        np.testing.assert_allclose(found, expected, rtol=1e-12)
        step = largest_stable_step(task, depth=depth)
        np.testing.assert_allclose(step, 2 / expected, rtol=1e-12)
    np.testing.assert_allclose(
        minimum_sharpness(plane, 1.4), late_rates(plane).fast, rtol=1e-12
    )


@given(rho=st.floats(-0.95, 1e3), cosine=st.floats(-1, 1), size=st.floats(0.1, 10))
def test_no_minimum_is_flatter_than_the_flattest(rho, cosine, size):
    plane = spike_plane(rho, cosine, size)
    flat = flattest_minimum(plane)
    assert 0 < flat.second_layer <= size * (1 + 1e-7)
    others = size * np.geomspace(1e-3, 10, 400)
    found = minimum_sharpness(plane, others)
    assert (found >= flat.sharpness * (1 - 1e-12)).all()
    here = minimum_sharpness(plane, flat.second_layer)
    np.testing.assert_allclose(flat.sharpness, here, rtol=1e-9)


@given(rho=st.floats(0.1, 300), cosine=st.floats(0.05, 0.95), size=st.floats(0.1, 10))
def test_in_a_plane_the_flattest_minimum_is_a_root_of_a_cubic(rho, cosine, size):
    plane = spike_plane(rho, cosine, size)
    square, power, u = size**2, plane.signal_power, 2 + rho
    cubic = [
        rho**2,
        -u * (u * square - 2 * power),
        -power * (3 * power - 2 * u * square),
        -square * power**2,
    ]
    roots = np.roots(cubic / np.array([1, square, square**2, square**3]))
    found = flattest_minimum(plane).second_layer ** 2 / square
    assert np.abs(roots - found).min() < 1e-5 * found


def test_printed_numbers_of_two_planes():
    one, other = spike_plane(10.0, 0.5), spike_plane(100.0, 0.3)
    flat = flattest_minimum(one)
    printed = [balanced_sharpness(one), flat.sharpness, flat.second_layer]
    np.testing.assert_allclose(printed, [13.919, 11.738, 0.5656], atol=6e-4)
    printed = [balanced_sharpness(other), flattest_minimum(other).sharpness]
    np.testing.assert_allclose(printed, [110.17, 62.09], atol=6e-3)


def test_strong_spikes_flatten_as_they_say():
    plane = spike_plane(1e6, np.array([0.2, 0.7]), 1.5)
    flat = flattest_minimum(plane)
    cosine = plane.alignment
    np.testing.assert_allclose(flat.second_layer, 1.5 * cosine, rtol=1e-4)
    np.testing.assert_allclose(flat.sharpness, 3 * cosine * (1 + 1e6), rtol=1e-4)
    balanced = 1.5 * (1 + cosine**2) * (1 + 1e6)
    np.testing.assert_allclose(balanced_sharpness(plane), balanced, rtol=1e-4)


def test_balance_is_flattest_where_there_is_one_dimension_of_variance():
    for plane in (spike_plane(0.0, 0.3, 1.5), spike_plane([5.0, 0.5], -1.0, 1.5)):
        flat = flattest_minimum(plane)
        np.testing.assert_allclose(flat.second_layer, 1.5, rtol=1e-7)
        first, last = escape_window(plane)
        np.testing.assert_allclose(first, last, rtol=1e-12)


def test_a_spike_that_the_teacher_does_not_see_still_limits_the_step():
    # Sharpness max(x (1 + rho), x + 1/x): the kink is at x^2 = 1 / rho.
    plane = spike_plane(9.0, 0.0)
    flat = flattest_minimum(plane)
    np.testing.assert_allclose(flat.second_layer, 1 / 3, rtol=1e-12)
    np.testing.assert_allclose(flat.sharpness, 10 / 3, rtol=1e-12)
    rate = 2 / np.array([4.0, 5.0])
    np.testing.assert_allclose(settling_layer(plane, rate), [0.4, 0.5], rtol=1e-12)


def test_flattest_minima_of_data_are_found_without_coordinates():
    plane, moments = spike_plane(10.0, 0.5, 2.0), plain_spike.spiked(10.0, 0.5, 2.0)
    one, other = flattest_minimum(plane), flattest_minimum(moments)
    np.testing.assert_allclose(one.second_layer, other.second_layer, rtol=1e-9)
    data = plain_training.moments(5, n=4, d=6, k=1)
    flat = flattest_minimum(data)
    near = minimum_sharpness(data, flat.second_layer * np.linspace(0.9, 1.1, 21))
    np.testing.assert_allclose(near.min(), flat.sharpness, rtol=1e-10)
    assert near.argmin() == 10


@pytest.mark.parametrize(("rho", "cosine"), [(10.0, 0.5), (100.0, 0.3)])
@pytest.mark.parametrize("part", [0.2, 0.5, 0.8])
def test_descent_in_the_window_settles_just_beyond_the_predicted_layer(
    rho, cosine, part
):
    moments = plain_spike.spiked(rho, cosine, d=4)
    first, last = escape_window(moments)
    rate = first + part * (last - first)
    rng = np.random.default_rng(1)
    teacher = moments.minimizer().end_to_end[0]
    weights = plain_spike.in_line(teacher, 1.0)
    weights = tuple(w + 1e-3 * rng.standard_normal(w.shape) for w in weights)
    for _ in range(5000):
        slopes = plain_training.gradients(weights, moments)
        weights = plain_training.moved(weights, slopes, rate)
    found = (weights[1] ** 2).sum()
    expected = settling_layer(moments, rate)
    np.testing.assert_allclose(
        minimum_sharpness(moments, expected), 2 / rate, rtol=1e-9
    )
    top = np.linalg.eigvalsh(plain_spike.hessian(weights, moments))[-1]
    assert 0.96 * 2 / rate < top < 2 / rate * (1 + 1e-4)
    assert 0.9 * expected < found < expected * (1 + 1e-4)
    # Never further below the edge than balance was above, nor near balance again.
    assert top > 4 / rate - balanced_sharpness(moments)
    assert expected < 0.95


def test_beyond_the_window_descent_settles_nowhere_and_below_it_at_balance():
    moments = plain_spike.spiked(10.0, 0.5, d=3)
    first, last = escape_window(spike_plane(10.0, 0.5))
    teacher = moments.minimizer().end_to_end[0]
    for rate, settles in ((0.98 * first, True), (1.1 * last, False)):
        weights = plain_spike.in_line(teacher, 1.01)
        for _ in range(3000):
            slopes = plain_training.gradients(weights, moments)
            weights = plain_training.moved(weights, slopes, rate)
        loss = moments.loss(plain_training.product(weights, 3))
        assert (loss < 1e-12) == settles
    np.testing.assert_allclose(settling_layer(moments, 0.98 * first), 1.0, rtol=1e-12)


def test_grids_are_computed_at_once():
    grid = spike_plane(np.array([5.0, 50.0])[:, None], np.array([0.2, 0.5, 0.9]), 2.0)
    one = spike_plane(50.0, 0.5, 2.0)
    flat = flattest_minimum(grid)
    assert flat.sharpness.shape == (2, 3)
    np.testing.assert_allclose(
        flat.sharpness[1, 1], flattest_minimum(one).sharpness, rtol=1e-14
    )
    rate = sum(escape_window(grid)) / 2
    found = settling_layer(grid, rate)
    assert found.shape == (2, 3)
    np.testing.assert_allclose(found[1, 1], settling_layer(one, rate[1, 1]))
    modes = task_modes(grid)
    np.testing.assert_allclose(modes.norm, 2.0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: minimum_sharpness(spike_plane(1, 0.5), 0.0),
            "`second_layer` must be positive and finite, but is 0",
        ),
        (
            lambda: settling_layer(spike_plane(10, 0.5), 0.2),
            r"flattest minimum\) = 0.1704, but is 0.2",
        ),
        (
            lambda: settling_layer(spike_plane(10, 0.5), np.nan),
            "`learning_rate` must be positive and finite, but is nan",
        ),
        (
            lambda: balanced_sharpness(spike_plane(1, 0.5), depth=0),
            "`depth` must be a whole number >= 1",
        ),
        (
            lambda: flattest_minimum(Moments(np.eye(2), np.ones((2, 2)), np.eye(2))),
            "must have one output, but has 2",
        ),
    ],
)
def test_what_has_no_sharpness_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()

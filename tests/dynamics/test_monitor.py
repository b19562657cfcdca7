import jax
import jax.numpy as jnp
import numpy as np
import plain_training as plain
import pytest

from linnet.dynamics import GradientDescent, simulate
from linnet.dynamics.frame import full_frame, full_weights, inner_weights, reduced_frame
from linnet.dynamics.monitor import Monitor, observe_all
from linnet.dynamics.reduction import reduce_weights, row_space
from linnet.network import end_to_end, imbalance
from linnet.task import Moments

DOUBLE = np.dtype("float64")
WIDE, NARROW = (4, 9, 2), (4, 1, 2)  # the first is reduced in width


def stacked(sizes, scales=(1.0, 2.0), seed=0):
    layers = plain.layers(sizes, seed)
    return tuple(np.multiply.outer(scales, layer) for layer in layers)


def on_device(weights):
    return tuple(jnp.asarray(layer) for layer in weights)


def view_of(moments, start, later):
    """What the monitor of a run from `start` sees of `later`."""
    space = row_space(moments)
    frame = full_frame(space, DOUBLE)
    return Monitor(space, on_device(start), frame).view(on_device(later), frame)


def plain_gap(moments, weights, start):
    floor = moments.minimal_loss(min(len(layer) for layer in weights))
    losses = [moments.loss(end_to_end(one)) for one in (weights, start)]
    zero = moments.loss(np.zeros(moments.yx.shape))
    return (losses[0] - floor) / (max(losses[1], zero) - floor)


def replica(weights, r):
    return tuple(layer[r] for layer in weights)


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("sizes", [WIDE, NARROW, (4, 2), (4, 3, 3, 2)])
def test_gap_is_the_excess_loss_over_the_best_map_of_the_narrowest_layer(sizes):
    moments, start = plain.moments(1), stacked(sizes)
    later = stacked(sizes, scales=(0.5, -1.0), seed=1)
    view = view_of(moments, start, later)
    expected = [
        plain_gap(moments, replica(later, r), replica(start, r)) for r in range(2)
    ]
    np.testing.assert_allclose(view.gap, expected, rtol=1e-11)


@pytest.mark.usefixtures("x64")
def test_speed_is_the_rate_at_which_gradient_flow_closes_the_gap():
    moments, start = plain.moments(1), stacked(WIDE)
    gaps = []
    for time in (-1e-4, 1e-4):  # along the flow and against it, by one small step
        moved = [
            plain.moved(
                replica(start, r), plain.gradients(replica(start, r), moments), time
            )
            for r in range(2)
        ]
        later = tuple(np.stack(layer) for layer in zip(*moved, strict=True))
        gaps.append(view_of(moments, start, later).gap)
    view = view_of(moments, start, start)
    slope = (gaps[0] - gaps[1]) / 2e-4
    np.testing.assert_allclose(view.speed, slope, rtol=1e-6)  # the rest is h², times d³


@pytest.mark.usefixtures("x64")
def test_drift_is_the_change_of_imbalance_over_the_squared_weight_norm():
    sizes = (4, 3, 3, 2)
    moments, start = plain.moments(1), stacked(sizes)
    later = stacked(sizes, seed=1)
    view = view_of(moments, start, later)
    for r in range(2):
        now, then = replica(later, r), replica(start, r)
        changes = zip(imbalance(now), imbalance(then), strict=True)
        total = sum(np.linalg.norm(a - b) for a, b in changes)
        expected = total / plain.squared_norm(now)
        np.testing.assert_allclose(view.drift[r], expected, rtol=1e-12)


@pytest.mark.usefixtures("x64")
def test_a_reduced_network_is_seen_as_the_whole_one():
    moments, start = plain.moments(1, n=3), stacked(WIDE)  # a row space of 3, not 4
    space = row_space(moments)
    reduction = reduce_weights(space, start)
    frame, full = reduced_frame(space, reduction, DOUBLE), full_frame(space, DOUBLE)
    inner, whole = on_device(reduction.start), on_device(start)
    assert inner[0].shape == (2, 5, 3)
    for one, other in zip(full_weights(inner, frame), whole, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-14)
    assert inner_weights(inner, frame) is inner
    np.testing.assert_allclose(inner_weights(whole, full)[0], start[0] @ space.basis)
    seen = Monitor(space, inner, frame).view(inner, frame)
    expected = Monitor(space, whole, full).view(whole, full)
    np.testing.assert_allclose(seen.gap, expected.gap, rtol=1e-13)
    np.testing.assert_allclose(seen.speed, expected.speed, rtol=1e-13)
    assert (seen.drift == 0).all()


def test_descent_drifts_by_what_the_monitor_says():
    moments, start = plain.moments(1), plain.layers(WIDE, 0)
    path = plain.descent(start, moments, 0.2, 40)
    drifts = [
        np.linalg.norm(imbalance(now)[0] - imbalance(start)[0])
        / plain.squared_norm(now)
        for now in path
    ]
    run = simulate(GradientDescent(moments, 0.2), start, steps=range(41))
    # The row space is all of the input space here, so nothing of W_1 is left out.
    np.testing.assert_allclose(run.imbalance_drift, max(drifts), rtol=1e-10)
    assert run.imbalance_drift > 1e-3


@pytest.mark.usefixtures("x64")
def test_a_start_at_the_minimum_has_no_gap_and_a_start_without_task_neither():
    moments = plain.moments(1)
    minimum = (moments.minimizer().end_to_end[None],)
    view = view_of(moments, minimum, minimum)
    assert view.gap < 1e-28
    nothing = Moments(moments.xx, np.zeros((2, 4)), moments.yy)
    zero = (np.zeros((1, 2, 4)),)
    view = view_of(nothing, zero, zero)
    assert (view.gap, view.drift, view.speed) == (0, 0, 0)


@pytest.mark.usefixtures("x64")
def test_rounding_of_a_loss_that_cannot_be_reached_counts_as_converged():
    moments = plain.moments(1)
    start = on_device(stacked(NARROW))
    frame = full_frame(row_space(moments), DOUBLE)
    resolution = Monitor(row_space(moments), start, frame).resolution
    floor = moments.minimal_loss(1) - moments.minimal_loss()
    zero = moments.loss(np.zeros((2, 4))) - moments.minimal_loss()
    most = 100 * np.finfo(float).eps * floor / (zero - floor)
    assert (resolution > 0).all()
    assert (resolution <= most * (1 + 1e-10)).all()


@pytest.mark.usefixtures("x64")
def test_observables_see_the_full_weights_of_every_replica():
    space, start = row_space(plain.moments(1, n=3)), stacked(WIDE)
    reduction = reduce_weights(space, start)
    frame = reduced_frame(space, reduction, DOUBLE)
    named = (("first", lambda weights: weights[0]), ("map", end_to_end))
    seen = observe_all(on_device(reduction.start), frame, named)
    np.testing.assert_allclose(seen["first"], start[0], atol=1e-14)
    for r in range(2):
        expected = end_to_end(replica(start, r))
        np.testing.assert_allclose(seen["map"][r], expected, atol=1e-13)
    assert isinstance(seen["map"], jax.Array)

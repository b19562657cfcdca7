import re

import jax.numpy as jnp
import numpy as np
import plain_training as plain
import pytest
from hypothesis import given, strategies as st

from linnet.dynamics import GradientFlow, simulate
from linnet.dynamics.flow import (
    EXPLICIT_INTERVAL,
    HANDOVER,
    MOST_EXPLICIT_STEPS,
    choose_method,
    explicit_steps,
    integrate,
    smallest_scales,
)
from linnet.dynamics.reduction import reduce_weights, row_space
from linnet.network import IsotropicFirstLayer, imbalance
from linnet.task import Moments

MOMENTS = plain.moments(0)
SIZES = {1: (4, 2), 2: (4, 3, 2), 3: (4, 3, 5, 2), 4: (4, 5, 3, 3, 2)}
WEIGHTS = plain.layers(SIZES[2], seed=1)
TIMES = [0.0, 0.3, 2.0, 10.0]
ALONE = {"dopri8": np.inf, "rkc3": 0}
DOUBLE, SINGLE = np.dtype("float64"), np.dtype("float32")


def assert_weights_agree(found, expected, rtol):
    for one, other in zip(found, expected, strict=True):
        scale = np.abs(other).max()
        np.testing.assert_allclose(one, other, rtol=0, atol=rtol * scale)


@pytest.mark.parametrize("depth", SIZES)
def test_flow_is_that_of_scipy_at_any_depth_and_conserves_the_imbalance(depth):
    start = plain.layers(SIZES[depth], seed=1)
    run = simulate(GradientFlow(MOMENTS), start, times=TIMES)
    path = plain.flow(start, MOMENTS, TIMES)
    maps = [plain.product(weights, 4) for weights in path]
    # A hundred times the relative tolerance of one step.
    np.testing.assert_allclose(run["end_to_end"], maps, rtol=0, atol=1e-8)
    assert_weights_agree(run.weights, path[-1], rtol=1e-8)
    assert run.imbalance_drift < 1e-8
    for now, then in zip(imbalance(run.weights), imbalance(start), strict=True):
        np.testing.assert_allclose(now, then, rtol=0, atol=1e-8)
    assert run.steps is None
    np.testing.assert_array_equal(run.times, TIMES)


def test_flow_of_a_wide_network_on_few_samples_is_that_of_the_whole_one():
    # 9 hidden units are reduced to 3 + 2, and 4 inputs to the row space of 3 samples.
    moments, start = plain.moments(3, n=3), plain.layers((4, 9, 2), seed=2)
    run = simulate(GradientFlow(moments), start, times=TIMES)
    expected = plain.flow(start, moments, TIMES)[-1]
    assert_weights_agree(run.weights, expected, rtol=1e-8)
    unseen = np.eye(4) - np.linalg.pinv(moments.xx) @ moments.xx
    np.testing.assert_allclose(run.weights[0] @ unseen, start[0] @ unseen, atol=1e-14)


# Orthogonal rows of scale √γ in the first layer, for γ = 1e-13, and a second at zero.
TINY = (
    np.sqrt(1e-13) * np.linalg.qr(plain.layers((4, 4), seed=0)[0])[0][:3],
    np.zeros((2, 3)),
)


def escaping():
    """When the first mode is half learned, and by whom that is known."""
    rise = np.log(1e13) / (2 * np.linalg.svd(MOMENTS.yx, compute_uv=False)[0])
    times = np.linspace(0, 1.2 * rise, 40)
    path = plain.flow(TINY, MOMENTS, times)
    sizes = np.array([np.linalg.norm(plain.product(weights, 4)) for weights in path])
    middle = np.searchsorted(sizes, 0.5 * sizes[-1])
    return times[middle], path[middle]


def test_what_grows_out_of_a_tiny_start_is_right_as_the_tolerance_follows_the_scale():
    time, expected = escaping()
    run = simulate(GradientFlow(MOMENTS), TINY, times=[0, time])
    found, truth = plain.product(run.weights, 4), plain.product(expected, 4)
    error = np.linalg.norm(found - truth) / np.linalg.norm(truth)
    assert error < 1e-7
    assert_weights_agree(run.weights, expected, rtol=1e-7)


@pytest.mark.usefixtures("x64")
def test_a_fixed_absolute_tolerance_would_decide_what_is_learned():
    time, expected = escaping()
    space = row_space(MOMENTS)
    start = reduce_weights(space, tuple(layer[None] for layer in TINY)).start
    data = (jnp.asarray(space.variances), jnp.asarray(space.yx))

    def error(absolute):
        length, step = jnp.asarray(time), jnp.asarray(1e-3)
        layers = tuple(map(jnp.asarray, start))
        tolerances = jnp.asarray(1e-10), jnp.asarray([absolute])
        ahead = integrate(layers, data, length, step, tolerances, "dopri8")
        assert ahead.success
        inner = tuple(np.array(layer[0]) for layer in ahead.layers)
        truth = plain.product(expected, 4)
        gap = plain.product(inner, 4) @ space.basis.T - truth
        return np.linalg.norm(gap) / np.linalg.norm(truth)

    assert error(1e-6) > 1e-3  # the default of many a library
    assert error(1e-20) < 1e-7


VARIANCES = np.array([1e-1, 1.0, 10.0, 1e3])
STIFF = Moments(
    np.diag(VARIANCES), VARIANCES * [[3, -1, 0.2, 0.5], [0, 1, 0, 0.2]], 1e3 * np.eye(2)
)


def stiff(method):
    return simulate(GradientFlow(STIFF), WEIGHTS, times=[0, 1.0, 60.0], method=method)


def test_a_stiff_flow_is_handed_to_rkc3_with_the_reason_and_ends_the_same():
    auto, explicit = stiff("auto"), stiff("dopri8")
    said = re.fullmatch(
        r"gradient flow by dopri8 up to time (.*), then rkc3, at relative tolerance"
        r" 1e-07 \(stability alone would ask an explicit method for about (.*) steps,"
        r" above 1e\+04\)",
        auto.method,
    )
    assert said
    time, steps = map(float, said.groups())
    # The age of the handover in explicit steps, at less than the final stiffness.
    assert HANDOVER <= time / 60 * steps < 6 * HANDOVER
    assert explicit.method.startswith("gradient flow by dopri8 at relative toler")
    assert "(asked for; stability alone" in explicit.method
    assert auto.evaluations < explicit.evaluations / 10
    assert_weights_agree(auto.weights, explicit.weights, rtol=1e-6)
    np.testing.assert_allclose(auto["end_to_end"], explicit["end_to_end"], atol=1e-6)


def test_rkc3_alone_is_to_be_had_and_told():
    run = stiff("rkc3")
    assert run.method.startswith(
        "gradient flow by rkc3 at relative tolerance 1e-07 (as"
    )
    assert_weights_agree(run.weights, stiff("dopri8").weights, rtol=1e-6)


def test_the_handover_follows_the_age_of_the_run_and_not_its_saves():
    schedules = [1e-4, 60.0], np.linspace(0, 60, 50), [60.0]
    runs = [simulate(GradientFlow(STIFF), WEIGHTS, times=times) for times in schedules]
    ages = [float(run.method.split("up to time ")[1].split(",")[0]) for run in runs]
    assert max(ages) < 2.1 * min(ages)


@pytest.mark.parametrize(("tolerance", "most"), [(1e-4, 10), (1e-8, 100), (1e-12, 1e3)])
def test_the_tighter_the_tolerance_the_later_the_handover(tolerance, most):
    method = choose_method("auto", tolerance, 1e6, np.ones(1), DOUBLE)
    np.testing.assert_allclose(method.handover, most, rtol=1e-12)
    alone = [choose_method(name, tolerance, 1e6, np.ones(1), DOUBLE) for name in ALONE]
    assert [method.handover for method in alone] == list(ALONE.values())


def test_stability_asks_dopri8_for_about_the_steps_that_were_told():
    run = stiff("dopri8")
    told = float(run.method.split("about ")[1].split(" steps")[0])
    assert 0.5 * told < run.evaluations < 2 * told


def test_a_flow_that_is_not_stiff_is_given_to_dopri8():
    run = simulate(GradientFlow(MOMENTS), WEIGHTS, times=TIMES)
    assert run.method.startswith(
        "gradient flow by dopri8 at relative tolerance 1e-10 ("
    )
    assert "steps, below 1e+04)" in run.method


@pytest.mark.parametrize("dtype", [DOUBLE, SINGLE], ids=lambda dtype: dtype.name)
def test_method_is_chosen_by_the_steps_that_stability_asks_for(dtype):
    below = choose_method("auto", None, 0.99 * MOST_EXPLICIT_STEPS, np.ones(1), dtype)
    above = choose_method("auto", None, 1.01 * MOST_EXPLICIT_STEPS, np.ones(1), dtype)
    assert (below.name, above.name) == ("dopri8", "rkc3")
    assert below.tolerance < above.tolerance < 1e-3
    asked = choose_method("dopri8", 1e-4, 1e9, np.ones(1), dtype)
    assert (asked.name, asked.tolerance) == ("dopri8", 1e-4)


@given(scale=st.floats(1e-250, 1e10), tolerance=st.floats(1e-14, 1e-2))
def test_absolute_tolerance_is_in_proportion_to_the_scale(scale, tolerance):
    scales = np.array([1, scale])
    floors = choose_method("auto", tolerance, 1.0, scales, DOUBLE).floors
    np.testing.assert_allclose(floors, 1e-3 * tolerance * scales, rtol=1e-14)


@pytest.mark.parametrize("dtype", [DOUBLE, SINGLE], ids=lambda dtype: dtype.name)
def test_absolute_tolerance_is_never_denormal(dtype):
    floors = choose_method("auto", None, 1.0, np.array([1e-300]), dtype).floors
    assert floors > np.finfo(dtype).tiny


@pytest.mark.parametrize(("first", "second"), [(1.0, 1.0), (3.0, 0.1), (2.0, 0.0)])
def test_explicit_steps_of_two_numbers_are_exact_at_start_and_minimum(first, second):
    # At the minimum the Hessian's only rate is λ (w₁² + w₂²) = λ √(q² + 4σ²).
    variance, target = 1.5, 2.0
    moments = Moments(variance * np.eye(1), variance * target * np.eye(1), np.eye(1))
    start = (np.full((1, 1, 1), first), np.full((1, 1, 1), second))
    gap = first**2 - second**2
    at_end = variance * np.sqrt(gap**2 + 4 * target**2)
    steps = explicit_steps(row_space(moments), start, horizon=7.0)
    expected = max(at_end, variance * max(first, second) ** 2) * 7.0 / EXPLICIT_INTERVAL
    np.testing.assert_allclose(steps, expected, rtol=1e-12)


def test_explicit_steps_of_one_layer_follow_the_sharpest_input():
    space = row_space(MOMENTS)
    steps = explicit_steps(space, (np.ones((3, 2, 4)),), horizon=12.0)
    expected = 12 * MOMENTS.spectrum()[0] / EXPLICIT_INTERVAL
    np.testing.assert_allclose(steps, expected, rtol=1e-12)


def test_explicit_steps_of_replicas_are_those_of_the_sharpest():
    space = row_space(MOMENTS)
    each = [tuple((s * layer)[None] for layer in WEIGHTS) for s in (1.0, 3.0)]
    both = tuple(np.concatenate(layer) for layer in zip(*each, strict=True))
    counts = [explicit_steps(space, one, horizon=1.0) for one in each]
    assert explicit_steps(space, both, horizon=1.0) == max(counts)
    assert counts[0] < counts[1]


def test_scale_of_a_start_is_its_smallest_layer_that_is_not_zero():
    layers = (np.zeros((2, 3, 4)), np.zeros((2, 2, 3)))
    space = row_space(MOMENTS)
    np.testing.assert_array_equal(smallest_scales(space, layers), [1, 1])
    layers[0][0, 1, 2] = 1e-9
    layers[1][1, 0, 0] = 1e-4
    np.testing.assert_array_equal(smallest_scales(space, layers), [1e-9, 1e-4])


def test_beside_a_large_layer_the_scale_is_that_of_what_grows():
    space = row_space(MOMENTS)
    layers = (1e6 * np.eye(3, 4)[None], np.zeros((1, 2, 3)))
    expected = np.linalg.norm(space.minimizer, 2) / 1e6
    assert smallest_scales(space, layers) == pytest.approx(expected)


@pytest.mark.parametrize("method", ["rkc3", "dopri8"])
def test_a_very_large_start_ends_at_the_solution_by_either_method(method):
    d, k = MOMENTS.xx.shape[0], MOMENTS.yx.shape[0]
    shape = IsotropicFirstLayer(1e7)
    start = shape.weights((d, d, k), np.random.default_rng(0))
    horizon = 40 / (1e7 * MOMENTS.spectrum()[-1])
    run = simulate(GradientFlow(MOMENTS), start, times=[horizon], method=method)
    limit = MOMENTS.minimizer().end_to_end
    error = np.abs(run["end_to_end"][-1] - limit).max() / np.abs(limit).max()
    assert error < 1e-6

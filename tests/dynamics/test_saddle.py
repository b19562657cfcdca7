import numpy as np
import plain_training as plain
import pytest

from linnet.dynamics import GradientDescent, GradientFlow, simulate
from linnet.dynamics.saddle import time_to_fall
from linnet.network import IsotropicFirstLayer
from linnet.task import Moments

STRENGTHS = np.diag([2.0, 1.0, 0.3])
MOMENTS = Moments(np.diag([1.0, 0.8, 0.6]), STRENGTHS, STRENGTHS @ STRENGTHS.T)
FLOW = GradientFlow(MOMENTS)
# Within these times a start of 1e-10 rests at rank 0, 1 and 2.
RESTS = [1.0, 3.0, 8.0, 20.0, 25.0]


def start(gamma=1e-10):
    rng = np.random.default_rng(0)
    return IsotropicFirstLayer(gamma).weights((3, 4, 3), rng)


@pytest.mark.parametrize("time", RESTS)
def test_a_plateau_is_left_when_it_was_said_to_be(time):
    outcome = simulate(FLOW, start(), times=[time]).outcome
    assert outcome.kind == "plateau"
    assert "train longer" in outcome.message
    later = simulate(
        FLOW, start(), times=[0.98 * outcome.leaves, 1.05 * outcome.leaves]
    )
    assert later.gap[0] > 0.9 * outcome.gap > later.gap[1]


def test_steps_on_a_plateau_of_descent_are_predicted_too():
    descent = GradientDescent(MOMENTS, 0.01)
    outcome = simulate(descent, start(), steps=[800]).outcome
    assert outcome.kind == "plateau"
    around = [int(0.97 * outcome.leaves), int(1.06 * outcome.leaves)]
    later = simulate(descent, start(), steps=around)
    assert later.gap[0] > 0.9 * outcome.gap > later.gap[1]


def test_replicas_are_told_apart():
    scales = [1e-10, 1e-20, 0.0]
    drawn = zip(*(start(gamma) for gamma in scales[:2]), strict=True)
    layers = tuple(np.stack([*pair, 0 * pair[0]]) for pair in drawn)
    tiny, tinier, zero = simulate(FLOW, layers, times=[2.0]).outcomes
    assert 2 < tiny.leaves < tinier.leaves < zero.leaves == np.inf
    assert "nothing moves it" in zero.message
    # Ten decades of the scale, at a rate of two for the weight and four for its square.
    np.testing.assert_allclose(tinier.leaves - tiny.leaves, np.log(1e10) / 4, rtol=0.02)


def test_a_direction_that_nothing_excites_leads_nowhere():
    # Only the third output is at work; the two stronger modes stay at zero for good.
    first = np.zeros((1, 3))
    first[0, 2] = 1e-3
    run = simulate(FLOW, (first, np.array([[0.0], [0.0], [1e-3]])), times=[1e3])
    assert run.outcome.kind == "plateau"
    assert run.outcome.leaves == np.inf


def test_a_deep_network_leaves_earlier_than_told():
    # Its growth speeds up as the layers grow.
    small = tuple(1e-1 * layer for layer in plain.layers((3, 3, 3, 3), seed=1))
    outcome = simulate(FLOW, small, times=[1.0]).outcome
    assert outcome.kind == "plateau"
    assert "at the latest" in outcome.message
    run = simulate(FLOW, small, times=np.linspace(1, outcome.leaves, 200))
    left = run.times[np.argmax(run.gap < 0.9 * outcome.gap)]
    assert outcome.leaves / 5 < left < outcome.leaves


def test_a_slow_way_down_that_ever_flattens_is_one_too():
    # Two input directions, a million times apart: the second has not begun to move.
    moments = Moments(np.diag([1.0, 1e-6]), np.diag([1.0, 1e-3]), np.eye(2))
    start = IsotropicFirstLayer(1e5).weights((2, 2, 2), np.random.default_rng(0))
    outcome = simulate(GradientFlow(moments), start, times=[5e-3]).outcome
    assert outcome.kind == "plateau"
    later = simulate(GradientFlow(moments), start, times=[outcome.leaves])
    np.testing.assert_allclose(later.gap[0], 0.9 * outcome.gap, rtol=1e-3)


@pytest.mark.parametrize("scale", [1e-10, 1e-20, 1e-25])
def test_data_of_any_scale_are_left_at_the_same_time_in_32_bits(scale):
    moments = Moments(scale * np.eye(2), scale * np.diag([2.0, 1.0]), np.eye(2))
    weights = IsotropicFirstLayer(1e-3).weights((2, 2, 2), np.random.default_rng(0))
    leaves = [
        simulate(
            GradientFlow(moments), weights, times=[0.1 / scale], precision=precision
        ).outcome.leaves
        for precision in ("float32", "float64")
    ]
    np.testing.assert_allclose(leaves[0], leaves[1], rtol=1e-3)


def test_a_network_that_loses_nothing_more_stays_for_ever():
    rates, pulls = np.array([[-1.0, -2.0, 0.0]]), np.array([[1e-3, 1e-3, 0.0]])
    total = 1e-3 / 2 + 1e-3 / 4
    assert np.isinf(time_to_fall(np.array([1.001 * total]), rates, pulls))
    assert np.isfinite(time_to_fall(np.array([0.999 * total]), rates, pulls))


def test_all_ways_count_each_at_its_own_rate():
    rates, pulls = np.array([[3.0, 0.0, -1.0]]), np.array([[1e-40, 1e-2, 1e-3]])
    time = time_to_fall(np.array([0.1]), rates, pulls)[0]
    fall = 1e-40 * np.expm1(6 * time) / 6 + 1e-2 * time - 1e-3 * np.expm1(-2 * time) / 2
    np.testing.assert_allclose(fall, 0.1, rtol=1e-9)

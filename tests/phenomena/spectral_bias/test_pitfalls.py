"""What goes wrong with the obvious way of doing it, and that ours does not."""

import numpy as np
import pytest

from linnet.dynamics import GradientDescent, GradientFlow, simulate
from linnet.network import IsotropicFirstLayer, LambdaBalanced
from linnet.phenomena.spectral_bias import theory
from linnet.task import Moments

RNG = np.random.default_rng(0)
INPUTS = RNG.normal(size=(40, 8))
LEFT, _, RIGHT = np.linalg.svd(RNG.normal(size=(3, 8)), full_matrices=False)
TEACHER = LEFT[:, :2] * [2.0, 1.0] @ RIGHT[:2]
MOMENTS = Moments.of_data(INPUTS, INPUTS @ TEACHER.T)
FLOW = GradientFlow(MOMENTS)


def start(gamma):
    return IsotropicFirstLayer(gamma).weights((8, 8, 3), np.random.default_rng(1))


def spectrum(layer):
    return np.linalg.svd(np.asarray(layer, float), compute_uv=False)


def test_a_fixed_horizon_stops_on_a_plateau_and_looks_low_rank():
    gamma = 1e-20
    run = simulate(FLOW, start(gamma), times=[16.0])
    sigma = spectrum(run["end_to_end"][-1])
    assert sigma[1] < 1e-3 * sigma[0]  # of rank one, it seems; but the truth has two
    assert run.outcome.kind == "plateau"
    assert 16 < run.outcome.leaves < 30
    later = simulate(FLOW, start(gamma), times=[3 * run.outcome.leaves])
    np.testing.assert_allclose(later["end_to_end"][-1], TEACHER, atol=1e-6)


@pytest.mark.parametrize("gamma", [1e-13, 1e-6, 1.0, 1e3])
def test_one_tolerance_serves_all_scales_from_1e_13_to_1e3(gamma):
    run = simulate(FLOW, start(gamma), times=[200.0 / min(gamma, 1.0) ** 0.02])
    expected = theory.hidden_spectrum(TEACHER, gamma)
    np.testing.assert_allclose(run["end_to_end"][-1], TEACHER, atol=1e-7)
    np.testing.assert_allclose(spectrum(run.weights[0]), expected, rtol=1e-6)
    assert run.outcome.imbalance_drift < 1e-9


@pytest.mark.parametrize("gamma", [pytest.param(1e-10, marks=pytest.mark.slow), 1e-3])
def test_inputs_of_condition_1e6_end_where_theory_says(gamma):
    variances = np.geomspace(1.0, 1e-6, 5)
    frame, _ = np.linalg.qr(np.random.default_rng(2).normal(size=(5, 5)))
    xx = frame * variances @ frame.T
    product = np.random.default_rng(3).normal(size=(2, 5))
    moments = Moments(xx, product @ xx, product @ xx @ product.T)
    weights = IsotropicFirstLayer(gamma).weights((5, 5, 2), np.random.default_rng(4))
    run = simulate(GradientFlow(moments), weights, times=[1e6, 1e7, 1e8])
    assert "then rkc3" in run.method
    np.testing.assert_allclose(run["end_to_end"][-1], product, rtol=0, atol=1e-5)
    assert run.imbalance_drift < 1e-6


def test_idle_singular_values_drown_in_32_bits_and_not_in_64():
    descent = GradientDescent(MOMENTS, 0.01)

    def idle(gamma, precision):
        run = simulate(descent, start(gamma), steps=[30_000], precision=precision)
        values = spectrum(run.weights[0])
        np.testing.assert_allclose(
            values[:2], theory.hidden_spectrum(TEACHER, gamma)[:2], rtol=1e-3
        )
        return np.abs(np.log(values[2:] / np.sqrt(gamma))).max()

    assert idle(1e-6, "float32") < 0.02
    assert idle(1e-12, "float32") > np.log(2)  # a factor of two or more
    assert idle(1e-12, "float64") < 1e-3


def test_descent_is_flow_only_after_extrapolation_in_the_learning_rate():
    gamma, time = 0.1, 4.0
    flow = simulate(FLOW, start(gamma), times=[time]).weights
    exact = flow[0] @ flow[0].T - flow[1].T @ flow[1]

    def imbalance(rate):
        steps = round(time / rate)
        first, second = simulate(
            GradientDescent(MOMENTS, rate), start(gamma), steps=[steps]
        ).weights
        return first @ first.T - second.T @ second

    coarse, fine = imbalance(0.02), imbalance(0.01)
    off = [np.linalg.norm(one - exact) for one in (coarse, fine, 2 * fine - coarse)]
    np.testing.assert_allclose(off[0] / off[1], 2, atol=0.15)  # of first order
    assert off[2] < 0.1 * off[1]
    assert off[1] > 1e-4  # far above rounding: a test at 1e-8 would have failed


def test_plain_regression_cannot_tell_potentials_apart_but_one_output_can():
    # Any increasing function of singular values is least at the least-norm solution.
    few = Moments.of_data(INPUTS[:3], INPUTS[:3] @ TEACHER.T)
    limit = theory.end_to_end_limit(few)
    span = few.row_space()
    unseen = np.eye(8) - span @ span.T
    other = limit + 0.1 * np.random.default_rng(5).normal(size=(3, 8)) @ unseen
    for delta in (1e-6, 1.0):
        potential = [
            theory.hyperbolic_entropy(spectrum(product), delta).sum()
            for product in (limit, other)
        ]
        assert potential[0] < potential[1]
    one = Moments.of_data(INPUTS[:3], INPUTS[:3] @ TEACHER[:1].T)
    begun = np.full((1, 8), 1.0)
    ends = [theory.scalar_limit(one, begun, delta) for delta in (1e-3, 10.0)]
    assert np.linalg.norm(ends[0] - ends[1]) > 1e-2  # solvers see 1e-8


def test_the_width_of_the_mirror_map_is_half_the_scale():
    gamma, moments = 0.3, Moments(np.eye(2), np.diag([2.0, 1.0]), np.diag([4.0, 1.0]))
    weights = IsotropicFirstLayer(gamma).weights((2, 2, 2), np.random.default_rng(0))
    run = simulate(GradientFlow(moments), weights, times=[0.0, 0.4])
    seen = spectrum(run["end_to_end"][-1])

    def law(delta):
        pairs = [theory.mode_curve(np.array([0.4]), b, 1.0, delta) for b in (2.0, 1.0)]
        return np.ravel(pairs)

    np.testing.assert_allclose(seen, law(gamma / 2), rtol=1e-8)
    assert np.abs(seen / law(gamma) - 1).max() > 0.1


def test_a_balanced_start_of_the_wrong_width_is_refused():
    # More hidden units than inputs cannot all carry the imbalance.
    with pytest.raises(ValueError, match="hidden"):
        LambdaBalanced(-0.1, np.ones((2, 4))).weights(
            (4, 6, 2), np.random.default_rng(0)
        )

import numpy as np
import plain_training as plain
import pytest

from linnet.dynamics import GradientFlow, flow, simulate
from linnet.network import IsotropicFirstLayer
from linnet.task import Moments

MOMENTS = plain.moments(0)
WEIGHTS = plain.layers((4, 3, 2), seed=1)
TIMES = [0.0, 0.3, 2.0, 10.0]
FLOW = GradientFlow(MOMENTS)


def scaled(weights, scales):
    return tuple(np.multiply.outer(scales, layer) for layer in weights)


def assert_weights_agree(found, expected, rtol):
    for one, other in zip(found, expected, strict=True):
        scale = np.abs(other).max()
        np.testing.assert_allclose(one, other, rtol=0, atol=rtol * scale)


TOLERANCES = {"dopri8": 1e-10, "rkc3": 1e-7}
methods = pytest.mark.parametrize("method", TOLERANCES)


@methods
def test_replicas_of_one_batch_end_as_they_do_alone(method):
    scales = [0.1, 1.0, 2.0]
    together = simulate(FLOW, scaled(WEIGHTS, scales), times=TIMES, method=method)
    assert together["end_to_end"].shape == (4, 3, 2, 4)
    assert together.gap.shape == (4, 3)
    for r, scale in enumerate(scales):
        start = tuple(scale * layer for layer in WEIGHTS)
        alone = simulate(FLOW, start, times=TIMES, method=method)
        found = tuple(layer[r] for layer in together.weights)
        # They share their steps, so each is at least as exact as alone.
        assert_weights_agree(found, alone.weights, rtol=100 * TOLERANCES[method])
        assert alone["end_to_end"].shape == (4, 2, 4)


def test_steps_are_those_that_the_most_demanding_replica_asks_for():
    at_rest, moving = (
        simulate(FLOW, scaled(WEIGHTS, scales), times=[10.0]).evaluations
        for scales in ([0.0, 0.0, 0.0], [0.0, 1.0, 0.0])
    )
    alone = simulate(FLOW, WEIGHTS, times=[10.0]).evaluations
    assert at_rest < 0.2 * alone
    assert moving == alone


@methods
def test_a_large_replica_does_not_blur_a_tiny_one(method):
    # Each has an absolute tolerance of its own, below its own scale.
    scales = [1e-6, 30.0]
    together = simulate(FLOW, scaled(WEIGHTS, scales), times=[8.0], method=method)
    start = tuple(1e-6 * layer for layer in WEIGHTS)
    expected = plain.flow(start, MOMENTS, [0.0, 8.0])[-1]
    found = tuple(layer[0] for layer in together.weights)
    assert_weights_agree(found, expected, rtol=1000 * TOLERANCES[method])


@methods
def test_many_saves_end_where_one_ends_and_cost_little_more(method):
    one = simulate(FLOW, WEIGHTS, times=[10.0], method=method)
    many = simulate(FLOW, WEIGHTS, times=np.linspace(0, 10, 31), method=method)
    assert_weights_agree(many.weights, one.weights, rtol=100 * TOLERANCES[method])
    # A save cuts one step in two; a cold start would take many.
    assert many.evaluations <= one.evaluations + 2 * 30


@methods
def test_a_checkpoint_goes_on_as_one_long_run(method):
    whole = simulate(FLOW, WEIGHTS, times=[4.0, 10.0], method=method)
    half = simulate(FLOW, WEIGHTS, times=[4.0], method=method)
    rest = simulate(FLOW, half.weights, times=[6.0], method=method)
    assert_weights_agree(rest.weights, whole.weights, rtol=100 * TOLERANCES[method])


def test_a_tighter_tolerance_comes_closer():
    exact = plain.flow(WEIGHTS, MOMENTS, [0.0, 2.0])[-1]
    errors = [
        np.linalg.norm(
            simulate(FLOW, WEIGHTS, times=[2.0], tolerance=tolerance).weights[0]
            - exact[0]
        )
        for tolerance in (1e-4, 1e-7, 1e-10)
    ]
    assert errors[0] > 10 * errors[1] > 100 * errors[2]


@methods
def test_a_flow_in_32_bits_ends_within_its_tolerance(method):
    run = simulate(FLOW, WEIGHTS, times=TIMES, method=method, precision="float32")
    expected = plain.flow(WEIGHTS, MOMENTS, TIMES)[-1]
    tolerance = {"dopri8": 1e-5, "rkc3": 1e-4}[method]
    assert f"at relative tolerance {tolerance:.0e}" in run.method
    assert_weights_agree(run.weights, expected, rtol=30 * tolerance)
    for array in (*run.weights, run["end_to_end"]):
        assert array.dtype == np.float32


def test_a_stiff_flow_in_32_bits_conserves_the_imbalance():
    # Long steps of many stages, and many of them: none may round the weights anew.
    variances = np.array([1.0, 1e-2, 1e-4, 1e-6])
    moments = Moments(np.diag(variances), np.eye(2, 4) * variances, np.eye(2))
    run = simulate(GradientFlow(moments), WEIGHTS, times=[1e6], precision="float32")
    assert "rkc3" in run.method
    assert run.imbalance_drift < 1e-3  # ten times the tolerance of one step


def test_a_very_stiff_flow_in_32_bits_comes_to_its_end():
    condition = 1e6
    variances = np.geomspace(1, 1 / condition, 3)
    strengths = variances * [1.0, 2.0, 1.5]
    moments = Moments(np.diag(variances), np.diag(strengths), np.diag(strengths))
    start = IsotropicFirstLayer(1.0).weights((3, 3, 3), np.random.default_rng(0))
    horizon = 20 * condition
    run = simulate(
        GradientFlow(moments),
        start,
        times=np.geomspace(1e-4 * horizon, horizon, 8),
        precision="float32",
    )
    assert run.times[-1] == pytest.approx(horizon)
    assert run.outcome.kind == "converged"
    assert run.evaluations < 20_000
    assert_weights_agree(
        (run["end_to_end"][-1],), (np.diag([1.0, 2.0, 1.5]),), rtol=1e-2
    )


def test_a_solver_that_uses_up_its_steps_says_so(monkeypatch):
    # Of a shape of its own: what is compiled here must not be found by another test.
    moments, start = plain.moments(0, d=3, k=1), plain.layers((3, 2, 1), seed=7)
    monkeypatch.setattr(flow, "MOST_STEPS", 20)
    weights = scaled(start, [1e-3, 1.0])
    run = simulate(GradientFlow(moments), weights, times=[0, 100.0, 101.0])
    np.testing.assert_array_equal(run.times, [0, run.outcome.at])
    for r, outcome in enumerate(run.outcomes):
        assert outcome.kind == "limit"
        assert 0 < outcome.at < 100
        text = f"used up its steps at time {outcome.at:.4g}: raise the tolerance"
        assert text in outcome.message
        found, alone = (tuple(layer[r] for layer in w) for w in (run.weights, weights))
        expected = plain.flow(alone, moments, [0.0, outcome.at])[-1]
        assert_weights_agree(found, expected, rtol=1e-8)


def test_progress_follows_the_time():
    seen = []
    simulate(FLOW, WEIGHTS, times=[0, 1.0, 2.5, 10.0], progress=seen.append)
    np.testing.assert_allclose(seen, [0, 0.1, 0.25, 1, 1])


def test_time_zero_alone_is_a_run():
    run = simulate(FLOW, WEIGHTS, times=[0], progress=lambda done: None)
    assert run.evaluations == 0
    assert_weights_agree(run.weights, WEIGHTS, rtol=1e-15)
    assert run.outcome.kind == "limit"

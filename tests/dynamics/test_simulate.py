import threading

import jax
import jax.numpy as jnp
import numpy as np
import plain_training as plain
import pytest

from linnet.dynamics import SGD, GradientDescent, GradientFlow, simulate
from linnet.network import end_to_end
from linnet.task import Moments

INPUTS, TARGETS = plain.samples(0)
MOMENTS = Moments.of_data(INPUTS, TARGETS)
WEIGHTS = plain.layers((4, 3, 2), seed=1)
RUNS = {
    "flow": (GradientFlow(MOMENTS), {"times": [0, 0.5, 1.0]}),
    "descent": (GradientDescent(MOMENTS, 0.1), {"steps": [0, 5, 10]}),
    "sgd": (SGD(INPUTS, TARGETS, 0.1, 3), {"steps": [0, 5, 10]}),
}
each = pytest.mark.parametrize("name", RUNS)


def run_of(name, weights=WEIGHTS, **options):
    dynamics, saves = RUNS[name]
    return simulate(dynamics, weights, **{**saves, **options})


def arrays(run):
    return [run.times, run.gap, *run.weights, *run.observables.values()]


@each
@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_results_are_numpy_in_the_precision_that_was_asked_for(name, precision):
    run = run_of(name, precision=precision)
    for array in arrays(run):
        assert type(array) is np.ndarray
    for array in (*run.weights, run["end_to_end"]):
        assert array.dtype == np.dtype(precision)
    assert run.times.dtype == run.gap.dtype == np.float64
    assert type(run.imbalance_drift) is float
    assert run.weights[0].flags.writeable
    assert not jax.config.jax_enable_x64
    assert jnp.ones(1).dtype == jnp.float32


@each
def test_32_bits_agree_with_64_to_their_own_accuracy(name):
    single, double = run_of(name, precision="float32"), run_of(name)
    gap = np.abs(single["end_to_end"] - double["end_to_end"]).max()
    # Ten times the tolerance of a step of the flow in 32 bits; steps add up rounding.
    assert 0 < gap < 1e-4 * np.abs(double["end_to_end"]).max()


def test_global_precision_stays_as_it_was_when_a_run_fails():
    def breaks(weights):
        raise RuntimeError("seen at work")

    for is_double in (False, True):
        with jax.enable_x64(is_double):
            with pytest.raises(RuntimeError, match="seen at work"):
                run_of("flow", observe={"a": breaks})
            assert jax.config.jax_enable_x64 == is_double


@each
def test_a_run_is_the_same_under_any_global_precision_and_in_any_thread(name):
    expected, found = run_of(name), []
    with jax.enable_x64(True):
        found.append(run_of(name))
    thread = threading.Thread(target=lambda: found.append(run_of(name)))
    thread.start()
    thread.join()
    for run in found:
        for one, other in zip(arrays(run), arrays(expected), strict=True):
            np.testing.assert_array_equal(one, other)


@each
def test_given_arrays_are_not_changed(name):
    start = tuple(layer.copy() for layer in WEIGHTS)
    run_of(name, start)
    run_of(name, start, replicas=3)
    for layer, original in zip(start, WEIGHTS, strict=True):
        np.testing.assert_array_equal(layer, original)


def rows(weights):
    return weights[0].sum(axis=0)


@each
def test_observables_are_functions_of_the_full_weights_by_name(name):
    observe = {"z": rows, "map": end_to_end, "size": lambda w: jnp.vdot(w[1], w[1])}
    run = run_of(name, observe=observe)
    assert set(run.observables) == {"z", "map", "size"}
    assert run["z"].shape == (3, 4)
    assert run["map"].shape == (3, 2, 4)
    assert run["size"].shape == (3,)
    np.testing.assert_allclose(run["z"][0], WEIGHTS[0].sum(0), rtol=1e-14)
    np.testing.assert_allclose(run["z"][-1], run.weights[0].sum(0), rtol=1e-13)
    np.testing.assert_allclose(run["map"][-1], end_to_end(run.weights), atol=1e-14)
    np.testing.assert_allclose(run["size"][-1], (run.weights[1] ** 2).sum())


def test_nothing_need_be_observed():
    run = run_of("descent", observe={})
    assert run.observables == {}
    assert run.gap.shape == (3,)


@each
def test_replicas_have_an_axis_of_their_own(name):
    run = run_of(name, replicas=3, observe={"rows": rows})
    assert run["rows"].shape == (3, 3, 4)
    assert run.gap.shape == (3, 3)
    assert [layer.shape for layer in run.weights] == [(3, 3, 4), (3, 2, 3)]
    assert len(run.outcomes) == 3
    one = run_of(name, replicas=1, observe={"rows": rows})
    assert one["rows"].shape == (3, 1, 4)
    alone = run_of(name, observe={"rows": rows})
    assert alone["rows"].shape == (3, 4)
    np.testing.assert_allclose(one["rows"][:, 0], alone["rows"], rtol=1e-13)


@each
def test_progress_rises_to_one(name):
    seen = []
    run_of(name, progress=seen.append)
    assert np.all(np.diff(seen) >= 0)
    assert seen[0] >= 0
    assert seen[-1] == 1


LONG = {
    "flow": {"times": [0, 50.0, 400.0]},
    "descent": {"steps": [0, 500, 4000]},
    "sgd": {"steps": [0, 500, 4000]},
}


@pytest.mark.parametrize("name", ["flow", "descent"])
def test_a_long_run_converges_and_a_short_one_still_moves(name):
    run = run_of(name, **LONG[name])
    assert run.outcome.kind == "converged"
    assert run.gap[0] == 1
    assert run.gap[-1] < 1e-8
    limit = MOMENTS.minimizer().end_to_end
    np.testing.assert_allclose(end_to_end(run.weights), limit, atol=1e-4)
    short = run_of(name)
    assert short.outcome.kind == "limit"
    assert "still moving" in short.outcome.message


def test_sgd_on_noisy_targets_does_not_rest():
    run = run_of("sgd", **LONG["sgd"])
    assert run.outcome.kind == "limit"
    assert run.gap[-1] > 1e-6


def test_sgd_on_targets_that_can_be_met_converges():
    met = INPUTS @ np.arange(8.0).reshape(4, 2)
    run = simulate(SGD(INPUTS, met, 0.02, 3), WEIGHTS, steps=[0, 20_000])
    assert run.outcome.kind == "converged"


def test_a_narrow_network_converges_to_the_best_map_it_can_have():
    start = plain.layers((4, 1, 2), seed=1)
    run = simulate(GradientDescent(MOMENTS, 0.05), start, steps=[0, 20_000])
    assert run.outcome.kind == "converged"
    loss = MOMENTS.loss(end_to_end(run.weights))
    np.testing.assert_allclose(loss, MOMENTS.minimal_loss(rank=1), rtol=1e-8)
    assert loss > 1.001 * MOMENTS.minimal_loss()


@each
def test_a_start_at_the_saddle_stays_on_its_plateau(name):
    zero = tuple(np.zeros_like(layer) for layer in WEIGHTS)
    run = run_of(name, zero)
    assert run.outcome.kind == "plateau"
    assert run.outcome.gap == 1
    assert "on a plateau at" in run.outcome.message
    assert "nothing moves it" in run.outcome.message
    for layer in run.weights:
        assert (layer == 0).all()


@pytest.mark.parametrize("name", ["flow", "descent"])
def test_a_start_beside_the_saddle_of_rank_one_is_seen_to_rest_there(name):
    # The best map of rank one, aligned in both layers: nothing drives the second mode.
    moments = Moments(np.eye(4), np.eye(2, 4) * [[3.0], [1.0]], 10 * np.eye(2))
    start = (np.zeros((3, 4)), np.zeros((2, 3)))
    start[0][0, 0] = start[1][0, 0] = np.sqrt(3)
    kind = {
        "flow": (GradientFlow(moments), {"times": [0, 50.0]}),
        "descent": (GradientDescent(moments, 0.1), {"steps": [0, 500]}),
    }[name]
    run = simulate(kind[0], start, **kind[1])
    assert run.outcome.kind == "plateau"
    np.testing.assert_allclose(run.gap, 0.1, rtol=1e-12)  # 1² of 3² + 1²


@each
def test_a_run_stops_at_the_gap_it_is_asked_for(name):
    whole = run_of(name, **LONG[name])
    stop_gap = float(whole.gap[1]) * 1.01
    run = run_of(name, stop_gap=stop_gap, **LONG[name])
    assert len(run.times) == len(run["end_to_end"]) == len(run.gap) == 2
    np.testing.assert_array_equal(run["end_to_end"], whole["end_to_end"][:2])
    assert run.outcome.kind == "converged"
    never = run_of(name, stop_gap=0.0, **LONG[name])
    assert len(never.times) == 3


def test_a_run_stops_when_the_last_replica_has_come_down():
    steps = [0, 10, 20, 50, 100, 200, 500, 1000]
    start = tuple(np.stack([layer, 0.1 * layer]) for layer in WEIGHTS)
    descent = GradientDescent(MOMENTS, 0.1)
    whole = simulate(descent, start, steps=steps)
    run = simulate(descent, start, steps=steps, stop_gap=1e-3)
    down = (whole.gap <= 1e-3).all(axis=1)
    assert len(run.steps) == np.argmax(down) + 1
    assert (whole.gap[np.argmax(down) - 1] <= 1e-3).any()  # one was down before
    np.testing.assert_array_equal(run.gap, whole.gap[: len(run.steps)])


def test_a_replica_that_diverges_does_not_keep_others_from_stopping():
    start = tuple(np.stack([layer, 300 * layer]) for layer in WEIGHTS)
    run = simulate(
        GradientDescent(MOMENTS, 0.1), start, steps=[0, 1000, 10**9], stop_gap=1e-3
    )
    assert [outcome.kind for outcome in run.outcomes] == ["converged", "diverged"]
    assert len(run.steps) == 2


@pytest.mark.parametrize("precision", ["float64", "float32"])
@pytest.mark.parametrize("scale", [0.0, 1e-300, 1e-30, 1e3, 3e5])
@each
def test_no_start_of_any_scale_gives_nan(name, scale, precision):
    weights = tuple(scale * layer for layer in WEIGHTS)
    short = {"times": [0, 1e-9, 2e-9]} if name == "flow" else {}
    run = run_of(name, weights, precision=precision, **short)
    for array in arrays(run):
        assert np.isfinite(array).all()
    assert np.isfinite(run.imbalance_drift)
    assert np.isfinite(run.outcome.gap)
    assert run.outcome.kind != "converged"


def test_a_start_of_denormal_scale_takes_no_more_steps_than_one_at_zero():
    tiny, zero = (
        run_of("flow", tuple(scale * layer for layer in WEIGHTS))
        for scale in (1e-300, 0.0)
    )
    assert tiny.outcome.kind == zero.outcome.kind == "plateau"
    assert tiny.evaluations < 100


@each
def test_targets_at_zero_are_learned_by_doing_nothing(name):
    nothing = Moments(MOMENTS.xx, np.zeros((2, 4)), np.eye(2))
    dynamics = {
        "flow": GradientFlow(nothing),
        "descent": GradientDescent(nothing, 0.1),
        "sgd": SGD(INPUTS, 0 * TARGETS, 0.1, 3),
    }[name]
    zero = tuple(np.zeros_like(layer) for layer in WEIGHTS)
    run = simulate(dynamics, zero, **RUNS[name][1])
    assert run.outcome.kind == "converged"
    assert (run.gap == 0).all()
    falling = simulate(dynamics, WEIGHTS, **RUNS[name][1])
    assert falling.gap[0] == 1
    assert np.all(np.diff(falling.gap) < 0)

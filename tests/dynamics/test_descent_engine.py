import jax
import numpy as np
import plain_training as plain
import pytest
from hypothesis import given, settings, strategies as st

from linnet.dynamics import (
    SGD,
    GradientDescent,
    WithReplacement,
    descent_engine,
    simulate,
)
from linnet.dynamics.bounds import divergence_bound
from linnet.dynamics.reduction import row_space
from linnet.task import Moments

seeds = st.integers(0, 2**32 - 1)
INPUTS, TARGETS = plain.samples(0)
MOMENTS = Moments.of_data(INPUTS, TARGETS)
SIZES = {1: (4, 2), 2: (4, 3, 2), 3: (4, 3, 5, 2), 4: (4, 5, 3, 3, 2)}
WEIGHTS = plain.layers(SIZES[2], seed=0)
SMALL = SGD(INPUTS, TARGETS, 0.1, 3)


def assert_weights_agree(found, expected, rtol):
    for one, other in zip(found, expected, strict=True):
        scale = np.abs(other).max()
        np.testing.assert_allclose(one, other, rtol=0, atol=rtol * scale)


def assert_same(found, expected):
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("depth", SIZES)
def test_descent_is_a_plain_loop_at_any_depth(depth):
    start, steps = plain.layers(SIZES[depth], seed=1), [0, 1, 2, 50, 300]
    # Low enough to be stable at any depth: else every rounding error would grow.
    run = simulate(GradientDescent(MOMENTS, 0.02), start, steps=steps)
    path = plain.descent(start, MOMENTS, 0.02, 300)
    assert_weights_agree(run.weights, path[-1], rtol=1e-12)
    maps = [plain.product(path[step], 4) for step in steps]
    np.testing.assert_allclose(run["end_to_end"], maps, rtol=0, atol=1e-12)
    np.testing.assert_array_equal(run.steps, steps)
    np.testing.assert_allclose(run.times, 0.02 * np.array(steps), rtol=1e-15)
    assert run.evaluations == 300
    assert run.method == "GradientDescent, full batch, learning rate 0.02"


@settings(max_examples=30)
@given(seed=seeds, share=st.floats(0.01, 0.5))
def test_descent_of_a_wide_network_on_few_samples_is_that_of_the_whole_one(seed, share):
    # 9 hidden units are reduced to 3 + 2, and 4 inputs to the row space of 3 samples.
    moments, start = plain.moments(seed, n=3), plain.layers((4, 9, 2), seed)
    # Stable from start to minimizer: else rounding errors would grow.
    sizes = plain.squared_norm(start) + 2 * np.linalg.norm(
        moments.minimizer().end_to_end
    )
    rate = share / (np.linalg.norm(moments.xx, 2) * sizes)
    run = simulate(GradientDescent(moments, rate), start, steps=[30])
    expected = plain.descent(start, moments, rate, 30)[-1]
    assert_weights_agree(run.weights, expected, rtol=1e-11)


def test_descent_that_diverges_says_when_and_keeps_its_last_weights():
    start = plain.layers(SIZES[2], seed=1)
    bound = divergence_bound(
        row_space(MOMENTS), tuple(layer[None] for layer in start), np.dtype(float)
    )
    path, step = [start], 0
    while plain.squared_norm(path[-1]) < bound:
        path += plain.descent(path[-1], MOMENTS, 2.0, 1)[1:]
        step += 1
    run = simulate(GradientDescent(MOMENTS, 2.0), start, steps=[0, 1, step + 50, 10**9])
    assert run.outcome.kind == "diverged"
    assert run.outcome.at == step
    assert f"diverged at step {step}: lower the learning rate" in run.outcome.message
    assert_weights_agree(run.weights, path[-2], rtol=1e-9)
    assert all(np.isfinite(layer).all() for layer in run.weights)
    # It is not trained on: the last save is the first one after the end.
    np.testing.assert_array_equal(run.steps, [0, 1, step + 50])
    np.testing.assert_allclose(run["end_to_end"][-1], plain.product(run.weights, 4))
    assert np.isfinite(run.gap).all()


@pytest.mark.parametrize("precision", ["float64", "float32"])
@pytest.mark.parametrize("kind", ["descent", "sgd"])
def test_a_replica_that_diverges_leaves_the_others_alone(kind, precision):
    dynamics = GradientDescent(MOMENTS, 0.1) if kind == "descent" else SMALL
    tame = plain.layers(SIZES[2], seed=1)
    wild = tuple(300 * layer for layer in tame)
    both = tuple(np.stack(pair) for pair in zip(tame, wild, tame, strict=True))
    calm = tuple(np.stack([layer] * 3) for layer in tame)
    run, undisturbed = (
        simulate(dynamics, start, steps=[0, 10, 100], precision=precision)
        for start in (both, calm)
    )
    assert [outcome.kind == "diverged" for outcome in run.outcomes] == [0, 1, 0]
    assert run.outcome.kind == "diverged"
    for layer, calm_layer in zip(run.weights, undisturbed.weights, strict=True):
        assert np.isfinite(layer).all()
        np.testing.assert_array_equal(layer[[0, 2]], calm_layer[[0, 2]])
    assert np.isfinite(run.gap).all()
    assert np.isfinite(run["end_to_end"]).all()
    assert len(run.steps) == 3  # the run goes on for the sake of the others


def test_a_run_ends_when_all_replicas_have_diverged():
    wild = tuple(300 * layer for layer in WEIGHTS)
    run = simulate(SMALL, wild, steps=[10, 100, 10**9], replicas=3)
    assert [outcome.kind for outcome in run.outcomes] == ["diverged"] * 3
    np.testing.assert_array_equal(run.steps, [10])


def test_a_replica_that_has_diverged_does_not_come_back_with_a_better_batch():
    # Only the first sample throws the weights out of all bounds.
    inputs, targets = np.array([[1e20], [1.0], [1.0], [1.0]]), np.ones((4, 1))
    thrower = SGD(inputs, targets, 0.1, 1)
    start = (np.full((1, 1), 0.5),)
    run = simulate(thrower, start, steps=[40])
    picks = WithReplacement().indices(jax.random.fold_in(stream(0, 0), 0), 4, 1)
    first = int(np.argmax(picks[:40, 0] == 0))
    assert run.outcome.kind == "diverged"
    assert run.outcome.at == first + 1
    # Before, every step closes a tenth of the gap between the weight and 1.
    np.testing.assert_allclose(run.weights[0], 1 - 0.5 * 0.9**first, rtol=1e-14)


def test_a_large_start_that_is_trained_slowly_does_not_diverge():
    large = tuple(1e5 * layer for layer in WEIGHTS)
    run = simulate(GradientDescent(MOMENTS, 1e-12), large, steps=[0, 1000])
    assert run.outcome.kind != "diverged"


def stream(seed, replica):
    """What a replica draws from."""
    return jax.random.fold_in(jax.random.key(seed), replica)


def sgd_loop(sgd, start, seed, replica, steps):
    """SGD in NumPy, on the samples that `simulate` draws."""
    weights = start
    length = sgd.block_length
    for step in range(steps):
        key = jax.random.fold_in(stream(seed, replica), step // length)
        pick = np.array(sgd.sampling.indices(key, 12, sgd.batch_size)[step % length])
        slopes = plain.batch_gradients(weights, INPUTS[pick], TARGETS[pick])
        weights = plain.moved(weights, slopes, sgd.learning_rate)
    return weights


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_sgd_is_a_plain_loop_over_the_samples_it_draws(depth):
    # Low enough for any batches at any depth: else every rounding error would grow.
    start, sgd = plain.layers(SIZES[depth], seed=1), SGD(INPUTS, TARGETS, 0.02, 3)
    run = simulate(sgd, start, steps=[0, 75], seed=5, replicas=3)
    for replica in range(3):
        expected = sgd_loop(sgd, start, 5, replica, 75)
        found = tuple(layer[replica] for layer in run.weights)
        assert_weights_agree(found, expected, rtol=1e-12)
    assert run.method == "SGD, batches of 3, learning rate 0.02"


def sgd(**options):
    options = {"steps": [0, 25], "seed": 5, "replicas": 3, **options}
    return simulate(SMALL, plain.layers(SIZES[2], seed=1), **options)


def test_a_seed_fixes_every_bit_and_another_one_none():
    run = sgd()
    assert_same(run.weights, sgd().weights)
    for layer, other in zip(run.weights, sgd(seed=6).weights, strict=True):
        assert (layer != other).all()


def test_replicas_draw_different_samples():
    for layer in sgd().weights:
        assert (layer[0] != layer[1]).all()


def test_a_replica_does_not_depend_on_how_many_there_are():
    few, many = sgd(replicas=2), sgd()
    # The sums of a larger batch may be added in another order: a last bit or two.
    for layer, other in zip(few.weights, many.weights, strict=True):
        np.testing.assert_allclose(layer, other[:2], rtol=0, atol=1e-13)
    alone = sgd(replicas=None)
    for layer, other in zip(few.weights, alone.weights, strict=True):
        np.testing.assert_allclose(layer[0], other, rtol=0, atol=1e-13)


def test_samples_do_not_depend_on_the_saved_steps_nor_on_the_chunks(monkeypatch):
    few = sgd()
    assert_same(few.weights, sgd(steps=[1, 2, 3, 11, 25]).weights)
    assert_same(few.weights, sgd(steps=range(26)).weights)
    monkeypatch.setattr(descent_engine, "LONGEST_CHUNK", 4)
    assert_same(few.weights, sgd().weights)


@pytest.mark.parametrize("seed", [5, 2**32 - 1])
def test_a_run_in_32_bits_is_trained_on_the_samples_of_one_in_64(seed):
    single, double = sgd(seed=seed, precision="float32"), sgd(seed=seed)
    assert_weights_agree(single.weights, double.weights, rtol=1e-5)
    # Other samples would show: two replicas differ by far more.
    assert np.abs(double.weights[0][0] - double.weights[0][1]).max() > 1e-2


def test_more_steps_than_a_chunk_holds_are_taken_and_told(monkeypatch):
    monkeypatch.setattr(descent_engine, "LONGEST_CHUNK", 10)
    seen = []
    run = simulate(
        GradientDescent(MOMENTS, 0.1), WEIGHTS, steps=[0, 35], progress=seen.append
    )
    np.testing.assert_allclose(seen, [10 / 35, 20 / 35, 30 / 35, 1, 1])
    expected = plain.descent(WEIGHTS, MOMENTS, 0.1, 35)[-1]
    assert_weights_agree(run.weights, expected, rtol=1e-12)


def test_a_checkpoint_goes_on_exactly_where_coordinates_are_those_of_the_data():
    # With xx diagonal nothing is rotated, so that nothing is rounded at the break.
    moments = Moments(np.diag([0.5, 1.0, 2.0, 3.0]), MOMENTS.yx, MOMENTS.yy)
    descent = GradientDescent(moments, 0.1)
    whole = simulate(descent, WEIGHTS, steps=[0, 100])
    half = simulate(descent, WEIGHTS, steps=[40])
    rest = simulate(descent, half.weights, steps=[60])
    assert_same(rest.weights, whole.weights)


def test_a_checkpoint_of_a_reduced_network_goes_on_to_rounding():
    start, moments = plain.layers((4, 9, 2), seed=0), plain.moments(0, n=3)
    descent = GradientDescent(moments, 0.1)
    whole = simulate(descent, start, steps=[100])
    half = simulate(descent, start, steps=[40])
    rest = simulate(descent, half.weights, steps=[60])
    assert_weights_agree(rest.weights, whole.weights, rtol=1e-13)


def test_descent_tends_to_flow_in_proportion_to_its_rate():
    start = plain.layers(SIZES[2], seed=1)
    exact = plain.flow(start, MOMENTS, [0.0, 2.0])[-1]
    errors = []
    for steps in (50, 100, 200):
        run = simulate(GradientDescent(MOMENTS, 2.0 / steps), start, steps=[steps])
        errors.append(np.linalg.norm(run.weights[0] - exact[0]))
    orders = np.log2(np.divide(errors[:-1], errors[1:]))
    # One, up to the next term of the error: it is half as large at every halving.
    np.testing.assert_allclose(orders, 1, atol=0.1)
    assert abs(orders[1] - 1) < 0.6 * abs(orders[0] - 1)

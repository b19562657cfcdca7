import jax
import jax.numpy as jnp
import numpy as np
import plain_training as plain
import pytest

from linnet.dynamics import (
    SGD,
    Epochs,
    GradientDescent,
    HeavyBall,
    WithoutReplacement,
    WithReplacement,
)
from linnet.dynamics.bounds import divergence_bound
from linnet.dynamics.descent_engine import DescentEngine
from linnet.dynamics.reduction import row_space
from linnet.network import flatten
from linnet.task import Moments

pytestmark = pytest.mark.usefixtures("x64")

INPUTS, TARGETS = plain.samples(0)
MOMENTS = Moments.of_data(INPUTS, TARGETS)
SPACE = row_space(MOMENTS)
WEIGHTS = plain.layers((4, 3, 2), seed=1)
REPLICAS = 3
SAMPLINGS = [WithReplacement(), WithoutReplacement(), Epochs()]


def engine(dynamics, start=None, seed=5):
    given = start or tuple(np.stack([layer] * REPLICAS) for layer in WEIGHTS)
    bound = divergence_bound(SPACE, given, np.dtype(float))
    return DescentEngine(dynamics, SPACE, given, seed, 1.0, bound, np.dtype(float))


def steps_of(dynamics, replica, count, seed=5):
    """Weights after every step, by single steps."""
    key = jax.random.fold_in(jax.random.key(seed), replica)
    weights = tuple(map(jnp.asarray, WEIGHTS))
    memory, path = dynamics.init(weights), [weights]
    step = jax.jit(lambda *given: dynamics.step(*given))
    for at in range(count):
        weights, memory = step(weights, memory, key, at)
        path.append(weights)
    return path


def every_weight(layers):
    return jnp.concatenate([layer.ravel() for layer in layers])


@pytest.mark.parametrize("sampling", SAMPLINGS, ids=lambda s: type(s).__name__)
def test_the_engine_repeats_the_single_step(sampling):
    update = HeavyBall(0.7, weight_decay=0.1)
    dynamics = SGD(INPUTS, TARGETS, 0.02, 3, sampling, update, label_noise=0.3)
    running = engine(dynamics)
    found = running.record(150, 1, every_weight)
    for replica in range(REPLICAS):
        path = steps_of(dynamics, replica, 150)[1:]
        expected = [flatten(layers) for layers in path]
        np.testing.assert_allclose(found[:, replica], expected, rtol=0, atol=1e-12)


def test_records_are_taken_at_multiples_whatever_was_reached_before():
    whole = engine(SGD(INPUTS, TARGETS, 0.02, 3)).record(133, 1, every_weight)
    running = engine(SGD(INPUTS, TARGETS, 0.02, 3))
    for until, every, steps in [
        (5, 7, []),
        (30, 7, [7, 14, 21, 28]),
        (30, 7, []),
        (50, 5, [35, 40, 45, 50]),
        (129, 20, [60, 80, 100, 120]),
        (133, 1, [130, 131, 132, 133]),
    ]:
        found = running.record(until, every, every_weight)
        assert found.shape == (len(steps), REPLICAS, 18)
        assert (running.at == until).all()
        for record, step in zip(found, steps, strict=True):
            np.testing.assert_array_equal(record, whole[step - 1])


def test_records_of_reduced_descent_see_the_whole_network():
    start = plain.layers((4, 9, 2), seed=0)
    wide = tuple(layer[None] for layer in start)
    found = engine(GradientDescent(MOMENTS, 0.02), wide).record(40, 20, every_weight)
    path = plain.descent(start, MOMENTS, 0.02, 40)
    expected = [flatten(path[20]), flatten(path[40])]
    np.testing.assert_allclose(found[:, 0], expected, rtol=0, atol=1e-12)


def test_a_replica_that_diverges_is_recorded_where_it_was_last_sound():
    wild = tuple(np.stack([layer, 300 * layer, layer]) for layer in WEIGHTS)
    running = engine(SGD(INPUTS, TARGETS, 0.02, 3), wild)
    found = np.array(running.record(20, 1, every_weight))
    again = np.array(running.record(40, 1, every_weight))
    calm = engine(SGD(INPUTS, TARGETS, 0.02, 3))
    undisturbed = np.array(calm.record(20, 1, every_weight))
    assert list(running.stopped) == [False, True, False]
    last = int(running.at[1]) - 1  # steps before the one that left the bound
    assert 0 < last < 20
    np.testing.assert_array_equal(found[:, [0, 2]], undisturbed[:, [0, 2]])
    assert np.isfinite(found).all()
    kept = found[last - 1, 1]
    np.testing.assert_array_equal(found[last:, 1], np.tile(kept, (20 - last, 1)))
    np.testing.assert_array_equal(again[:, 1], np.tile(kept, (len(again), 1)))
    assert (np.diff(found[:last, 1], axis=0) != 0).any(axis=1).all()


@pytest.mark.parametrize(
    ("until", "every", "message"),
    [
        (9, 1, "`until` must be at least the step reached, 10.*but they are 9 and 1"),
        (20, 0, "whole number >= 1, but they are 20 and 0"),
        (20, 2.5, r"20 and 2\.5"),
    ],
)
def test_records_that_cannot_be_taken_are_refused(until, every, message):
    running = engine(GradientDescent(MOMENTS, 0.02))
    running.advance(10, None)
    with pytest.raises(ValueError, match=message):
        running.record(until, every, every_weight)

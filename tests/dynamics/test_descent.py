import math
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import plain_training as plain
import pytest

from linnet.dynamics import (
    SGD,
    AbstractSampling,
    Epochs,
    GradientDescent,
    HeavyBall,
    PlainUpdate,
    WithReplacement,
    simulate,
)
from linnet.network import flatten
from linnet.numerics import Estimate
from linnet.task import Moments

INPUTS, TARGETS = plain.samples(0)
MOMENTS = Moments.of_data(INPUTS, TARGETS)
WEIGHTS = plain.layers((4, 3, 2), seed=0)


class InOrder(AbstractSampling):
    """One sample after the other, again and again: nothing random."""

    def block_length(self, n, batch_size):
        return math.lcm(n, batch_size) // batch_size

    def indices(self, key, n, batch_size):
        length = self.block_length(n, batch_size)
        return jnp.arange(length * batch_size).reshape(length, batch_size) % n


def assert_weights_agree(found, expected, rtol):
    for one, other in zip(found, expected, strict=True):
        scale = np.abs(other).max()
        np.testing.assert_allclose(one, other, rtol=0, atol=rtol * scale)


@pytest.mark.parametrize("batch_size", [5, 12])
def test_batches_in_order_give_the_weights_of_a_plain_loop(batch_size):
    sgd = SGD(INPUTS, TARGETS, 0.1, batch_size, sampling=InOrder())
    run = simulate(sgd, WEIGHTS, steps=[0, 7, 20])
    weights = WEIGHTS
    for step in range(20):
        pick = np.arange(step * batch_size, (step + 1) * batch_size) % 12
        slopes = plain.batch_gradients(weights, INPUTS[pick], TARGETS[pick])
        weights = plain.moved(weights, slopes, 0.1)
    assert_weights_agree(run.weights, weights, rtol=1e-12)


def test_batches_of_all_samples_are_full_batch_descent():
    sgd = SGD(INPUTS, TARGETS, 0.1, 12, sampling=InOrder())
    run = simulate(sgd, WEIGHTS, steps=[0, 7, 20])
    full = simulate(GradientDescent(MOMENTS, 0.1), WEIGHTS, steps=[0, 7, 20])
    assert_weights_agree(run.weights, full.weights, rtol=1e-12)
    np.testing.assert_allclose(run.gap, full.gap, rtol=1e-11)


def test_momentum_in_reduced_coordinates_is_momentum_in_full_ones():
    inputs, targets = plain.samples(0, n=3)
    moments, start = Moments.of_data(inputs, targets), plain.layers((4, 9, 2), seed=0)
    descent = GradientDescent(moments, 0.05, HeavyBall(0.8))
    run = simulate(descent, start, steps=[0, 30])
    weights, velocity = start, tuple(np.zeros_like(layer) for layer in start)
    for _ in range(30):
        slopes = plain.gradients(weights, moments)
        velocity = tuple(
            0.8 * v - 0.05 * g for v, g in zip(velocity, slopes, strict=True)
        )
        weights = plain.moved(weights, velocity, -1.0)
    assert_weights_agree(run.weights, weights, rtol=1e-12)
    # Without its memory the end would be another one.
    plain_end = plain.descent(start, moments, 0.05, 30)[-1]
    assert np.abs(plain_end[0] - weights[0]).max() > 0.01


def drawn_gradients(sgd, count, key):
    """`count` minibatch gradients at one place, each out of one step."""
    start = tuple(map(jnp.asarray, WEIGHTS))
    memory = sgd.init(start)

    def one(key):
        moved, _ = sgd.step(start, memory, key, 0)
        return jax.tree.map(lambda w, m: (w - m) / sgd.learning_rate, start, moved)

    drawn = jax.jit(jax.vmap(one))(jax.random.split(key, count))
    return np.concatenate([np.array(g).reshape(count, -1) for g in drawn], axis=1)


def sample_gradients():
    """The gradient of every sample alone."""
    pairs = zip(INPUTS, TARGETS, strict=True)
    return np.array(
        [flatten(plain.batch_gradients(WEIGHTS, x[None], y[None])) for x, y in pairs]
    )


def strongest(estimate, expected):
    return np.abs(estimate.z(expected)).max()


@pytest.mark.statistical
@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("batch_size", [1, 4, 9])
def test_batch_gradients_scatter_around_the_full_one_by_c_over_m(batch_size):
    sgd = SGD(INPUTS, TARGETS, 0.1, batch_size)
    drawn = drawn_gradients(sgd, 40_000, jax.random.key(0))
    each = sample_gradients()
    full, covariance = each.mean(0), np.cov(each.T, bias=True)
    mean = Estimate.from_samples(drawn)
    assert strongest(mean, full) < 4
    assert strongest(mean, 2 * full) > 10
    np.testing.assert_allclose(full, flatten(plain.gradients(WEIGHTS, MOMENTS)))

    # The variance along fixed directions: those of the covariance, sharpest ones first.
    along = (drawn - full) @ np.linalg.eigh(covariance)[1][:, -4:]
    variance = Estimate.from_samples(along**2)
    expected = np.linalg.eigvalsh(covariance)[-4:] / batch_size
    assert strongest(variance, expected) < 4
    assert np.abs(variance.z(2 * expected)).min() > 10
    if batch_size > 1:  # drawn without replacement, less would be left
        without = expected * (12 - batch_size) / 11
        assert np.abs(variance.z(without)).min() > 10
    mixed = Estimate.from_samples(along[:, 0] * along[:, 1])
    assert strongest(mixed, 0.0) < 4


def test_numbers_of_any_type_become_float64():
    sgd = SGD([[1, 2], [3, 4]], np.ones((2, 1), np.float32), 1, 2)
    assert sgd.inputs.dtype == sgd.targets.dtype == np.float64
    run = simulate(sgd, (np.ones((1, 2), int),), steps=[1])
    assert run.weights[0].dtype == np.float64


RATE = "`learning_rate` must be positive and finite, but is"


@pytest.mark.parametrize("rate", [0.0, -0.1, np.inf, np.nan, "0.1", [0.1], None])
@pytest.mark.parametrize(
    "kind", [partial(GradientDescent, MOMENTS), partial(SGD, INPUTS, TARGETS)]
)
def test_a_rate_that_is_not_positive_is_refused(kind, rate):
    size = {"batch_size": 3} if kind.func is SGD else {}
    with pytest.raises(ValueError, match=RATE):
        kind(learning_rate=rate, **size)


@pytest.mark.parametrize("rate", [-0.1, 0.0, np.nan])
def test_a_wrong_rate_is_refused_as_an_array_of_jax_too(rate):
    with pytest.raises(ValueError, match=RATE):
        GradientDescent(MOMENTS, jnp.asarray(rate))


def test_steps_can_be_transformed_over_the_rate():
    @jax.vmap
    def moved(rate):
        sgd = SGD(INPUTS, TARGETS, rate, 12, sampling=InOrder())
        first = (jnp.zeros((2, 4)),)
        return sgd.step(first, sgd.init(first), jax.random.key(0), 0)[0][0]

    found = moved(jnp.asarray([0.1, 0.2]))
    np.testing.assert_allclose(found[1], 2 * found[0], rtol=1e-6)
    np.testing.assert_allclose(found[0], 0.1 * MOMENTS.yx, rtol=1e-4)


HOLED = np.where(INPUTS > 1, np.nan, INPUTS)


@pytest.mark.parametrize(
    ("inputs", "targets", "batch_size", "message"),
    [
        (INPUTS[0], TARGETS, 3, r"`inputs` must be \(n, d\), one.* has shape \(4,\)"),
        (INPUTS[:0], TARGETS[:0], 3, r"`inputs` must be.* has shape \(0, 4\)"),
        (INPUTS, TARGETS[:, 0], 3, r"`targets` must be \(12, k\).* has shape \(12,\)"),
        (INPUTS, TARGETS[1:], 3, r"`targets` must be \(12, k\).* has shape \(11, 2\)"),
        (HOLED, TARGETS, 3, "`inputs` must be finite, but holds NaN or infinity"),
        (INPUTS, np.inf * TARGETS, 3, "`targets` must be finite, but holds NaN"),
        (
            INPUTS,
            TARGETS,
            0,
            r"`batch_size` must be a whole number in \[1, 12\], but i",
        ),
        (INPUTS, TARGETS, 13, r"in \[1, 12\], but is 13"),
        (INPUTS, TARGETS, 3.0, r"`batch_size` must be a whole number.* is 3\.0"),
    ],
)
def test_samples_that_make_no_sense_are_refused(inputs, targets, batch_size, message):
    with pytest.raises(ValueError, match=message):
        SGD(inputs, targets, 0.1, batch_size)


@pytest.mark.parametrize(
    ("position", "given", "name"),
    [
        (0, HeavyBall(0.9), "sampling"),
        (0, "epochs", "sampling"),
        (1, Epochs(), "update"),
    ],
)
def test_sampling_and_update_are_told_apart(position, given, name):
    kinds = [WithReplacement(), PlainUpdate()]
    kinds[position] = given
    with pytest.raises(TypeError, match=f"`{name}` must be a value such as"):
        SGD(np.ones((4, 2)), np.ones((4, 1)), 0.1, 2, *kinds)

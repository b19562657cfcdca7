import jax
import jax.numpy as jnp
import numpy as np
import plain_training as plain
import pytest

from linnet.dynamics import (
    SGD,
    AbstractUpdate,
    GradientDescent,
    HeavyBall,
    Nesterov,
    PlainUpdate,
    simulate,
)
from linnet.task import Moments

# Three samples of four inputs and nine hidden units: both would be reduced.
INPUTS, TARGETS = plain.samples(0, n=3)
MOMENTS = Moments.of_data(INPUTS, TARGETS)
WEIGHTS = plain.layers((4, 9, 2), seed=0)


def loop(momentum, decay, steps, rate=0.05):
    """Heavy ball with weight decay on the whole network, in NumPy."""
    weights, velocity = WEIGHTS, tuple(np.zeros_like(layer) for layer in WEIGHTS)
    for _ in range(steps):
        slopes = plain.gradients(weights, MOMENTS)
        velocity = tuple(
            momentum * v - rate * (g + decay * w)
            for v, g, w in zip(velocity, slopes, weights, strict=True)
        )
        weights = plain.moved(weights, velocity, -1.0)
    return weights


def assert_agree(found, expected):
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-12)


@pytest.mark.parametrize("decay", [0.0, 0.3])
@pytest.mark.parametrize("momentum", [0.0, 0.8])
def test_full_batch_descent_is_a_plain_loop_over_the_whole_network(momentum, decay):
    expected = loop(momentum, decay, steps=40)
    updates = [HeavyBall(momentum, decay)] + [PlainUpdate(decay)] * (momentum == 0)
    for update in updates:
        run = simulate(GradientDescent(MOMENTS, 0.05, update), WEIGHTS, steps=[3, 40])
        assert_agree(run.weights, expected)
        assert update.keeps_idle == (decay == 0)
    # Without either the end would be another one.
    if momentum or decay:
        assert np.abs(expected[0] - loop(0.0, 0.0, 40)[0]).max() > 0.01


def textbook_nesterov(momentum, decay, steps, rate=0.05):
    """Points at which gradients were taken, and the points that these led to."""
    before = at = WEIGHTS
    for _ in range(steps):
        ahead = tuple(w + momentum * (w - b) for w, b in zip(at, before, strict=True))
        slopes = plain.gradients(ahead, MOMENTS)
        slopes = tuple(g + decay * w for g, w in zip(slopes, ahead, strict=True))
        before, at = at, plain.moved(ahead, slopes, rate)
    return tuple(w + momentum * (w - b) for w, b in zip(at, before, strict=True)), at


@pytest.mark.parametrize("decay", [0.0, 0.3])
def test_nesterov_keeps_the_look_ahead_points_of_the_textbook(decay):
    update = Nesterov(0.8, decay)
    run = simulate(GradientDescent(MOMENTS, 0.05, update), WEIGHTS, steps=[3, 40])
    ahead, at = textbook_nesterov(0.8, decay, 40)
    assert_agree(run.weights, ahead)
    assert update.keeps_idle == (decay == 0)
    # Neither the textbook's other points nor the heavy ball are what is kept.
    others = at, loop(0.8, decay, 40)
    assert all(np.abs(ahead[0] - other[0]).max() > 1e-3 for other in others)


def test_nesterov_without_momentum_is_plain_descent():
    runs = [
        simulate(GradientDescent(MOMENTS, 0.05, update), WEIGHTS, steps=[20]).weights
        for update in (Nesterov(0.0, 0.1), PlainUpdate(0.1))
    ]
    assert_agree(*runs)


def test_weight_decay_shrinks_what_the_data_do_not_reach():
    # The fourth input direction gets no gradient: it decays and nothing else.
    idle = np.linalg.svd(INPUTS)[2][-1]
    run = simulate(
        GradientDescent(MOMENTS, 0.05, PlainUpdate(0.3)), WEIGHTS, steps=[50]
    )
    expected = (1 - 0.05 * 0.3) ** 50 * WEIGHTS[0] @ idle
    np.testing.assert_allclose(run.weights[0] @ idle, expected, rtol=1e-11)


def test_batches_of_all_samples_decay_as_the_full_batch_does():
    update = HeavyBall(0.5, weight_decay=0.2)
    inputs, targets = np.tile(INPUTS[:1], (3, 1)), np.tile(TARGETS[:1], (3, 1))
    moments = Moments.of_data(inputs, targets)  # any batch is all of it
    sgd = SGD(inputs, targets, 0.05, 2, update=update)
    full = simulate(GradientDescent(moments, 0.05, update), WEIGHTS, steps=[30])
    assert_agree(simulate(sgd, WEIGHTS, steps=[30]).weights, full.weights)


class Sign(AbstractUpdate):
    """Nothing linear about it."""

    def init(self, weights):
        return None

    def apply(self, weights, gradients, rate, memory):
        moved = jax.tree.map(lambda w, g: w - rate * jnp.sign(g), weights, gradients)
        return moved, memory


def test_an_update_of_ones_own_steps_the_whole_network_unless_it_says_otherwise():
    moments = plain.moments(1, n=6)  # gradients of no entry vanish
    run = simulate(GradientDescent(moments, 0.01, Sign()), WEIGHTS, steps=[5])
    weights = WEIGHTS
    for _ in range(5):
        signs = tuple(map(np.sign, plain.gradients(weights, moments)))
        weights = plain.moved(weights, signs, 0.01)
    assert_agree(run.weights, weights)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: PlainUpdate(-0.1),
            r"`weight_decay` must be.*\[0, inf\), but is -0\.1",
        ),
        (lambda: PlainUpdate(np.inf), "but is inf"),
        (lambda: PlainUpdate("much"), "but is 'much'"),
        (lambda: HeavyBall(1.0), r"`momentum` must be a number in \[0, 1\), but is 1"),
        (lambda: HeavyBall(-0.1), "`momentum`.*but is -0"),
        (lambda: HeavyBall(np.nan), "`momentum`.*but is nan"),
        (lambda: HeavyBall(jnp.asarray(2.0)), "`momentum`.*but is"),
        (lambda: HeavyBall(0.9, -1), "`weight_decay`.*but is -1"),
        (lambda: Nesterov(1.0), r"`momentum` must be a number in \[0, 1\), but is 1"),
        (lambda: Nesterov(0.9, np.nan), "`weight_decay`.*but is nan"),
    ],
)
def test_numbers_out_of_range_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()

import jax
import numpy as np
import plain_training as plain
import pytest

from linnet.dynamics import SGD, GradientDescent, PlainUpdate, simulate
from linnet.dynamics.descent import NOISE_STREAM
from linnet.numerics import Estimate
from linnet.task import Moments

INPUTS, TARGETS = plain.samples(0, n=6)
MOMENTS = Moments.of_data(INPUTS, TARGETS)
START = (np.zeros((2, 4)),)
RATE, NOISE, COPIES = 0.1, 0.7, 4_000


def first_gradients(dynamics, seed=0):
    """What the first step of many replicas took off the weights, over the rate."""
    run = simulate(dynamics, START, steps=[1], replicas=COPIES, seed=seed)
    return -run.weights[0].reshape(COPIES, -1) / RATE


def scatter(factor):
    """Covariance of the gradient under label noise, row-major."""
    return factor * NOISE**2 / len(INPUTS) * np.kron(np.eye(2), MOMENTS.xx)


FULL = {
    "reduced": GradientDescent(MOMENTS, RATE, label_noise=NOISE),
    "whole": GradientDescent(MOMENTS, RATE, PlainUpdate(0.1), label_noise=NOISE),
}


@pytest.mark.statistical
@pytest.mark.parametrize("name", FULL)
def test_full_batches_with_noisy_labels_scatter_as_their_gradients_do(name):
    drawn = first_gradients(FULL[name])
    mean = Estimate.from_samples(drawn)
    assert np.abs(mean.z(-MOMENTS.yx.ravel())).max() < 4
    apart = drawn + MOMENTS.yx.ravel()
    products = Estimate.from_samples(
        (apart[:, :, None] * apart[:, None, :]).reshape(COPIES, -1)
    )
    assert np.abs(products.z(scatter(1.0).ravel())).max() < 4
    diagonal = Estimate.from_samples(apart**2)
    assert np.abs(diagonal.z(np.diag(scatter(2.0)))).min() > 10


@pytest.mark.statistical
def test_noise_of_labels_adds_to_that_of_batches():
    batch = 2
    quiet, noisy = (
        first_gradients(SGD(INPUTS, TARGETS, RATE, batch, label_noise=noise))
        for noise in (0.0, NOISE)
    )
    added = noisy - quiet  # the batches are the same
    variance = Estimate.from_samples(added**2)
    expected = np.diag(scatter(len(INPUTS) / batch))
    assert np.abs(variance.z(expected)).max() < 4
    assert np.abs(variance.z(2 * expected)).min() > 10
    assert np.abs(Estimate.from_samples(added * quiet).z(0.0)).max() < 4


def test_noise_is_fresh_at_every_step_and_for_every_replica():
    for dynamics in (FULL["reduced"], SGD(INPUTS, TARGETS, RATE, 6, label_noise=0.5)):
        run = simulate(dynamics, START, steps=range(70), replicas=2)
        steps = np.diff(run["end_to_end"], axis=0).reshape(69, 2, -1)
        correlation = np.corrcoef(steps[30:].reshape(39 * 2, -1))
        off = np.abs(correlation - np.eye(len(correlation)))
        assert off.max() < 1 - 1e-6


def test_both_precisions_and_both_coordinates_draw_the_same_noise():
    runs = [
        simulate(FULL["reduced"], START, steps=[40], precision=precision)
        for precision in ("float64", "float32")
    ]
    np.testing.assert_allclose(runs[0].weights[0], runs[1].weights[0], atol=1e-5)
    assert "label noise 0.7" in runs[0].method


def test_a_plain_loop_on_the_labels_that_are_drawn_ends_at_the_same_weights():
    sgd = SGD(INPUTS, TARGETS, RATE, 2, label_noise=NOISE)
    run = simulate(sgd, START, steps=[70], seed=4)
    key = jax.random.fold_in(jax.random.key(4), 0)
    weights = START
    for step in range(70):
        block, row = divmod(step, 64)
        pick = np.array(sgd.sampling.indices(jax.random.fold_in(key, block), 6, 2)[row])
        stream = jax.random.fold_in(jax.random.fold_in(key, NOISE_STREAM), block)
        noise = jax.random.normal(jax.random.split(stream, 64)[row], (2, 2), "float32")
        labels = TARGETS[pick] + NOISE * np.array(noise, float)
        slopes = plain.batch_gradients(weights, INPUTS[pick], labels)
        weights = plain.moved(weights, slopes, RATE)
    np.testing.assert_allclose(run.weights[0], weights[0], rtol=0, atol=1e-12)


def test_full_batches_stay_noisy_for_ever_only_if_their_labels_do():
    assert FULL["reduced"].is_noisy
    assert not GradientDescent(MOMENTS, RATE).is_noisy
    assert SGD(INPUTS, TARGETS, RATE, 2).is_noisy
    run = simulate(FULL["reduced"], START, steps=[2000])
    assert run.outcome.kind == "limit"
    assert "lower the learning rate" in run.outcome.message


POPULATION = Moments(MOMENTS.xx, MOMENTS.yx, MOMENTS.yy)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: GradientDescent(POPULATION, RATE, label_noise=1.0),
            "`label_noise` needs a number of samples, but `moments` has none",
        ),
        (
            lambda: GradientDescent(MOMENTS, RATE, label_noise=-1.0),
            r"`label_noise` must be a number in \[0, inf\), but is -1",
        ),
        (
            lambda: SGD(INPUTS, TARGETS, RATE, 2, label_noise=np.nan),
            "`label_noise`.*but is nan",
        ),
    ],
)
def test_label_noise_that_makes_no_sense_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()

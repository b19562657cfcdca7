import jax
import jax.numpy as jnp
import numpy as np
import plain_training as plain
import pytest
from hypothesis import given, strategies as st

from linnet.dynamics.gradient import batch_gradients, moment_gradients, squared_norm
from linnet.task import Moments

seeds = st.integers(0, 2**32 - 1)
SIZES = {1: (4, 2), 2: (4, 3, 2), 3: (4, 3, 5, 2), 4: (4, 5, 3, 3, 2)}


def forward(weights, inputs):
    for layer in weights:
        inputs = inputs @ layer.T
    return inputs


def assert_layers_agree(found, expected, rtol):
    """Each layer to `rtol` of its own largest entry."""
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        scale = np.abs(other).max()
        np.testing.assert_allclose(one, other, rtol=0, atol=rtol * scale)


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("depth", SIZES)
def test_gradients_on_moments_are_those_of_the_loss(depth):
    rng = np.random.default_rng(depth)
    variances, yx = rng.uniform(0.1, 3, 4), rng.standard_normal((2, 4))

    def loss(weights):  # 1/2 tr[W xx W' - 2 W yx'] for a diagonal xx
        whole = forward(weights, jnp.eye(4)).T
        return (whole**2 * variances[None]).sum() / 2 - (whole * yx).sum()

    weights = plain.layers(SIZES[depth], seed=1)
    found = moment_gradients(weights, variances, yx)
    assert_layers_agree(found, jax.jit(jax.grad(loss))(weights), rtol=1e-13)


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("depth", SIZES)
def test_gradients_on_a_batch_are_those_of_its_mean_loss(depth):
    inputs, targets = plain.samples(depth, n=5)

    def loss(weights):  # half a square, mean over samples, sum over outputs
        return ((forward(weights, inputs) - targets) ** 2).sum(1).mean() / 2

    weights = plain.layers(SIZES[depth], seed=2)
    found = batch_gradients(weights, inputs, targets)
    assert_layers_agree(found, jax.jit(jax.grad(loss))(weights), rtol=1e-13)


@given(seed=seeds, depth=st.sampled_from(list(SIZES)), n=st.integers(1, 9))
def test_batch_of_all_samples_gives_the_gradients_on_their_moments(seed, depth, n):
    inputs, targets = plain.samples(seed, n=n)
    moments = Moments.of_data(inputs, targets)
    variances, basis = np.linalg.eigh(moments.xx)
    first, *rest = plain.layers(SIZES[depth], seed)
    on_batch = batch_gradients((first, *rest), inputs, targets)
    on_moments = moment_gradients((first @ basis, *rest), variances, moments.yx @ basis)
    turned_back = (on_moments[0] @ basis.T, *on_moments[1:])
    # The difference of W xx and yx is taken in another order.
    scale = max(np.abs(g).max() for g in on_batch) + np.abs(moments.yx).max()
    for one, other in zip(turned_back, on_batch, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-13 * scale)


@given(seed=seeds, depth=st.sampled_from([2, 3, 4]))
def test_neighboring_layers_gain_the_same_so_that_their_imbalance_stays(seed, depth):
    rng = np.random.default_rng(seed)
    weights = plain.layers(SIZES[depth], seed)
    found = moment_gradients(weights, rng.uniform(0, 3, 4), rng.standard_normal((2, 4)))
    for at in range(depth - 1):
        lower, upper = found[at] @ weights[at].T, weights[at + 1].T @ found[at + 1]
        scale = np.abs(upper).max()
        np.testing.assert_allclose(lower, upper, rtol=0, atol=1e-13 * (1 + scale))


@pytest.mark.parametrize("depth", SIZES)
def test_gradients_vanish_where_the_network_is_the_least_squares_map(depth):
    variances = np.array([0.5, 1.0, 2.0, 4.0])
    weights = plain.layers(SIZES[depth], seed=3)
    yx = forward(weights, np.eye(4)).T * variances
    for gradient in moment_gradients(weights, variances, yx):
        np.testing.assert_allclose(gradient, 0, atol=1e-15)


def test_squared_norm_sums_over_all_layers():
    weights = (jnp.full((2, 3), 2.0), jnp.full((1, 2), -1.0))
    assert squared_norm(weights) == 6 * 4 + 2

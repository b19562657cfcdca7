from functools import lru_cache
from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import plain_training as plain
import pytest
from hypothesis import given, strategies as st
from jax.flatten_util import ravel_pytree

from linnet.dynamics.curvature import hessian_bound, schatten_norm

seeds = st.integers(0, 2**32 - 1)
# One shape for each depth, so that every example after the first is compiled.
SIZES = {1: (4, 2), 2: (4, 3, 2), 3: (4, 3, 3, 2), 4: (4, 3, 3, 3, 2)}


def bound_and_truth(weights, variances, yx):
    """The bound, and the spectral radius of the dense Hessian of the loss."""
    flat, unflat = ravel_pytree(weights)

    def loss(vector):
        first, *rest = unflat(vector)
        for layer in rest:
            first = layer @ first
        return (first**2 * variances[None]).sum() / 2 - (first * yx).sum()

    truth = jnp.abs(jnp.linalg.eigvalsh(jax.hessian(loss)(flat))).max()
    return hessian_bound(weights, variances, yx), truth


@lru_cache
def compiled():
    return jax.jit(bound_and_truth)


def drawn(seed, depth):
    """Bound and truth for layers and targets of scales that differ by up to 1e4."""
    rng = np.random.default_rng(seed)
    layers = plain.layers(SIZES[depth], seed)
    weights = tuple(10 ** rng.uniform(-2, 2) * layer for layer in layers)
    yx = 10 ** rng.uniform(-2, 2) * rng.standard_normal((2, 4))
    with jax.enable_x64(True):
        bound, truth = compiled()(weights, rng.uniform(0.1, 3, 4), yx)
        return float(bound), float(truth)


@given(seed=seeds)
@pytest.mark.parametrize("depth", SIZES)
def test_no_curvature_of_the_loss_exceeds_the_bound(depth, seed):
    bound, truth = drawn(seed, depth)
    assert truth <= bound * (1 + 1e-12)


@pytest.mark.parametrize("depth", SIZES)
def test_the_bound_is_mostly_within_the_number_of_layers_of_the_truth(depth):
    pairs = np.array([drawn(seed, depth) for seed in range(200)])
    assert np.median(pairs[:, 0] / pairs[:, 1]) <= depth * (1 + 1e-12)


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("depth", SIZES)
def test_the_bound_is_the_truth_where_layers_line_up_at_the_minimum(depth):
    # All of rank one: on from where the one before points, from the sharpest input.
    weights = [np.zeros((b, a)) for a, b in pairwise(SIZES[depth])]
    for at, layer in enumerate(weights):
        layer[0, 3 if at == 0 else 0] = 0.5 + at
    variances, whole = np.array([0.1, 0.2, 0.3, 2.0]), plain.product(weights, 4)
    bound, truth = compiled()(
        tuple(map(jnp.asarray, weights)),
        jnp.asarray(variances),
        jnp.asarray(whole * variances),
    )
    np.testing.assert_allclose(bound, truth, rtol=1e-13)


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize(("weight", "target"), [(2.0, 1.0), (0.5, 0.0), (1.0, -3.0)])
def test_the_bound_is_the_truth_for_two_equal_numbers_above_their_target(
    weight, target
):
    # Hessian [[λw², 2λw² - b], [.., λw²]]: its largest eigenvalue is λw² + λw² + G.
    one = jnp.full((1, 1), weight)
    variances, yx = jnp.asarray([1.5]), jnp.asarray([[1.5 * target]])
    bound, truth = compiled()((one, one), variances, yx)
    np.testing.assert_allclose(bound, truth, rtol=1e-14)
    expected = 1.5 * (3 * weight**2 - target)
    np.testing.assert_allclose(truth, expected, rtol=1e-14)


@given(seed=seeds)
@pytest.mark.parametrize("shape", [(3, 7), (7, 3), (4, 4), (1, 5)])
def test_schatten_norm_is_the_one_of_the_singular_values(shape, seed):
    rng = np.random.default_rng(seed)
    layer = rng.standard_normal(shape) * 10 ** rng.uniform(-6, 6)
    values = np.linalg.svd(layer, compute_uv=False)
    with jax.enable_x64(True):
        norm = float(schatten_norm(jnp.asarray(layer)))
    np.testing.assert_allclose(norm, (values**8).sum() ** (1 / 8), rtol=1e-12)
    assert values[0] * (1 - 1e-14) <= norm <= 1.4 * values[0]  # 1.4 > 4^(1/8)


@pytest.mark.parametrize("scale", [1e-15, 1e-5, 1e15])
def test_schatten_norm_needs_no_eighth_powers_in_32_bits(scale):
    layer = np.array([[3.0, 0.0], [0.0, 1.0]], np.float32) * np.float32(scale)
    norm = schatten_norm(jnp.asarray(layer))
    assert norm.dtype == jnp.float32
    np.testing.assert_allclose(norm, scale * (3**8 + 1) ** (1 / 8), rtol=1e-6)


@pytest.mark.parametrize("depth", SIZES)
def test_layers_at_zero_are_bounded_too(depth):
    weights = tuple(jnp.zeros_like(layer) for layer in plain.layers(SIZES[depth], 0))
    yx = jnp.ones((2, 4), jnp.float32)
    bound = hessian_bound(weights, jnp.ones(4, jnp.float32), yx)
    # Of one layer the variance, of two the residual; beyond, every product is zero.
    np.testing.assert_allclose(bound, {1: 1, 2: 8**0.5}.get(depth, 0), rtol=1e-6)

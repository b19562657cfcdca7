import numpy as np
import pytest
from hypothesis import given, strategies as st

from linnet.network import IsotropicFirstLayer, LambdaBalanced, OrthogonalLayers
from linnet.phenomena.spectral_bias import theory
from linnet.task import Moments

seeds = st.integers(0, 2**32 - 1)
scales = st.floats(1e-8, 1e8)


def drawn_moments(rng, k=3, d=5, n=9):
    inputs = rng.standard_normal((n, d)) * np.geomspace(1, 3, d)
    return Moments.of_data(inputs, rng.standard_normal((n, k)))


def along_the_flow(product, gamma):
    """Layers with the conserved imbalance of the isotropic start and this product."""
    left, sigma, right = np.linalg.svd(product)
    first = np.full(len(right), np.sqrt(gamma))
    w2 = np.sqrt((np.sqrt(gamma**2 + 4 * sigma**2) - gamma) / 2)
    first[: len(sigma)] = np.sqrt(gamma + w2**2)
    second = np.zeros(product.shape)
    second[: len(w2), : len(w2)] = np.diag(w2)
    return first[:, None] * right, left @ second


def velocity(weights, moments):
    """Of the product, from the gradients of both layers written out by hand."""
    first, second = weights
    gradient = second @ first @ moments.xx - moments.yx
    move_first, move_second = -second.T @ gradient, -gradient @ first.T
    return move_second @ first + second @ move_first


@given(sigma=st.lists(st.just(0.0) | st.floats(1e-8, 1e8), min_size=1), gamma=scales)
def test_layers_of_a_mode_multiply_to_it_and_differ_by_the_scale(sigma, gamma):
    sigma = np.array(sigma)
    first, second = theory.layer_singular_values(sigma, gamma)
    np.testing.assert_allclose(first * second, sigma, rtol=1e-14)
    unit = np.abs(first**2).max()
    np.testing.assert_allclose(first**2 - second**2, gamma, atol=1e-14 * unit)
    assert (second[sigma == 0] == 0).all()


def test_second_layer_does_not_cancel_at_a_large_scale():
    first, second = theory.layer_singular_values(np.array([1e-3]), 1e8)
    np.testing.assert_allclose(second, 1e-7, rtol=1e-15)
    np.testing.assert_allclose(first, 1e4, rtol=1e-15)
    first, second = theory.layer_singular_values(np.array([1e8]), 1e-3)
    np.testing.assert_allclose([first, second], 1e4, rtol=1e-11)


def test_a_number_is_a_mode_too():
    first, second = theory.layer_singular_values(2.0, 3.0)
    np.testing.assert_allclose([first, second], [2.0, 1.0])


@given(seed=seeds, gamma=st.floats(1e-4, 1e4))
@pytest.mark.parametrize("shape", [(3, 5), (5, 3), (1, 4), (4, 1)])
def test_gram_matrices_square_back_to_the_product(shape, seed, gamma):
    product = np.random.default_rng(seed).standard_normal(shape)
    hidden, output = theory.gram_matrices(product, gamma)
    for gram, square, sign in (
        (hidden, product.T @ product, -1),
        (output, product @ product.T, 1),
    ):
        np.testing.assert_array_equal(gram, gram.T)
        eye = np.eye(len(gram))
        root = gram + sign * gamma / 2 * eye
        expected = gamma**2 / 4 * eye + square
        unit = np.abs(expected).max()
        np.testing.assert_allclose(root @ root, expected, atol=1e-12 * unit)


@given(seed=seeds, gamma=st.floats(1e-3, 1e3))
def test_gram_matrices_are_those_of_layers_with_the_conserved_imbalance(seed, gamma):
    product = np.random.default_rng(seed).standard_normal((3, 5))
    first, second = along_the_flow(product, gamma)
    np.testing.assert_allclose(second @ first, product, atol=1e-10)
    hidden, output = theory.gram_matrices(product, gamma)
    np.testing.assert_allclose(hidden, first.T @ first, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(output, second @ second.T, rtol=1e-9, atol=1e-9)


def test_small_second_layer_is_resolved_in_its_gram_matrix():
    _, output = theory.gram_matrices(np.array([[1e-3, 0.0]]), 1e8)
    np.testing.assert_allclose(output, 1e-14, rtol=1e-14)


@given(seed=seeds, gamma=st.floats(1e-6, 1e6), d=st.integers(1, 6))
def test_hidden_spectrum_is_that_of_the_gram_matrix(seed, gamma, d):
    product = np.random.default_rng(seed).standard_normal((3, d))
    spectrum = theory.hidden_spectrum(product, gamma)
    gram = theory.gram_matrices(product, gamma)[0]
    expected = np.linalg.eigvalsh(gram)[::-1]
    np.testing.assert_allclose(spectrum**2, expected, atol=1e-13 * expected[0])
    assert (spectrum[min(3, d) :] == np.sqrt(gamma)).all()


def test_stable_rank_runs_from_the_norm_ratio_to_the_number_of_inputs():
    product = np.diag([2.0, 1.0, 0.5]) @ np.eye(3, 7)
    ranks = theory.hidden_stable_rank(product, np.array([1e-14, 1e14]))
    np.testing.assert_allclose(ranks, [3.5 / 2, 7], rtol=1e-12)


@given(seed=seeds)
def test_stable_rank_grows_with_the_scale(seed):
    product = np.random.default_rng(seed).standard_normal((3, 6))
    ranks = theory.hidden_stable_rank(product, np.geomspace(1e-6, 1e6, 30))
    assert (np.diff(ranks) > 0).all()


@given(seed=seeds, n=st.integers(2, 12))
def test_the_limit_is_the_least_norm_solution(seed, n):
    rng = np.random.default_rng(seed)
    inputs, targets = rng.standard_normal((n, 6)), rng.standard_normal((n, 2))
    limit = theory.end_to_end_limit(Moments.of_data(inputs, targets))
    expected = (np.linalg.pinv(inputs) @ targets).T
    np.testing.assert_allclose(limit, expected, atol=1e-5 * np.abs(expected).max())


@given(seed=seeds, gamma=st.floats(1e-3, 1e3))
def test_flow_of_the_product_is_that_of_its_layers(seed, gamma):
    rng = np.random.default_rng(seed)
    moments, product = drawn_moments(rng), rng.standard_normal((3, 5))
    expected = velocity(along_the_flow(product, gamma), moments)
    moved = theory.flow_velocity(product, moments, gamma / 2)
    np.testing.assert_allclose(moved, expected, atol=1e-10 * np.abs(expected).max())


PRODUCT = np.arange(15.0).reshape(3, 5) ** 2 / 50


@pytest.mark.parametrize(
    ("shape", "sizes", "delta"),
    [
        (IsotropicFirstLayer(0.7), (5, 8, 3), 0.35),
        (OrthogonalLayers(0.7), (5, 8, 3), 0.7),
        (LambdaBalanced(0.0, PRODUCT), (5, 4, 3), 0.0),
        (LambdaBalanced(0.6, PRODUCT), (5, 3, 3), 0.3),
        (LambdaBalanced(-0.6, PRODUCT), (5, 5, 3), 0.3),
    ],
)
def test_flow_of_the_product_holds_for_every_known_shape(shape, sizes, delta):
    rng = np.random.default_rng(1)
    weights = shape.weights(sizes, rng)
    moments = drawn_moments(rng)
    moved = theory.flow_velocity(weights[1] @ weights[0], moments, delta)
    expected = velocity(weights, moments)
    np.testing.assert_allclose(moved, expected, atol=1e-12 * np.abs(expected).max())


def test_the_limit_is_at_rest():
    moments = drawn_moments(np.random.default_rng(2))
    still = theory.flow_velocity(theory.end_to_end_limit(moments), moments, 0.1)
    np.testing.assert_allclose(still, 0, atol=1e-12)


@given(seed=seeds, rate=st.floats(1e-4, 1.0))
def test_imbalance_step_is_one_step_of_descent(seed, rate):
    rng = np.random.default_rng(seed)
    moments = drawn_moments(rng)
    first, second = rng.standard_normal((4, 5)), rng.standard_normal((3, 4))
    gradient = second @ first @ moments.xx - moments.yx
    new_first = first - rate * second.T @ gradient
    new_second = second - rate * gradient @ first.T
    before = second.T @ second - first @ first.T
    after = new_second.T @ new_second - new_first @ new_first.T
    change = theory.imbalance_step((first, second), moments, rate)
    unit = max(np.abs(after).max(), np.abs(before).max(), np.abs(change).max())
    np.testing.assert_allclose(change, after - before, atol=1e-11 * unit)


MOMENTS = Moments(np.eye(2), np.ones((1, 2)), np.eye(1))
ONE = np.ones((1, 2))


@pytest.mark.parametrize("gamma", [0.0, -1.0, np.nan, np.inf])
@pytest.mark.parametrize(
    "ask",
    [
        lambda gamma: theory.layer_singular_values(np.ones(1), gamma),
        lambda gamma: theory.gram_matrices(ONE, gamma),
        lambda gamma: theory.hidden_spectrum(ONE, gamma),
        lambda gamma: theory.hidden_stable_rank(ONE, np.array([1.0, gamma])),
    ],
)
def test_a_scale_that_is_not_positive_is_refused(ask, gamma):
    with pytest.raises(ValueError, match="`gamma` must be positive and finite, but is"):
        ask(gamma)


@pytest.mark.parametrize("wrong", [-1.0, np.nan, np.inf])
def test_a_singular_value_that_is_none_is_refused(wrong):
    with pytest.raises(ValueError, match=f"`sigma` must be finite and >= 0.*{wrong}"):
        theory.layer_singular_values(np.array([1.0, wrong]), 1.0)


@pytest.mark.parametrize(
    ("product", "message"),
    [
        (np.ones(3), r"`product` must be a matrix \(k, d\), but has shape \(3,\)"),
        (np.ones((0, 2)), r"`product` must be a matrix"),
        (np.array([[1.0, np.nan]]), "`product` must be finite"),
    ],
)
@pytest.mark.parametrize("ask", [theory.gram_matrices, theory.hidden_spectrum])
def test_a_product_that_is_no_finite_matrix_is_refused(ask, product, message):
    with pytest.raises(ValueError, match=message):
        ask(product, 1.0)


def test_a_flow_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match=r"\(k, d\) = \(1, 2\) like the moments"):
        theory.flow_velocity(np.ones((2, 2)), MOMENTS, 1.0)
    with pytest.raises(ValueError, match="`delta` must be finite and >= 0"):
        theory.flow_velocity(ONE, MOMENTS, -1.0)


def test_a_step_of_other_networks_is_refused():
    with pytest.raises(ValueError, match="must be two layers, but holds 1"):
        theory.imbalance_step((ONE,), MOMENTS, 0.1)
    with pytest.raises(ValueError, match="weights"):
        theory.imbalance_step((np.ones((2, 3)), np.ones((1, 2))), MOMENTS, 0.1)
    with pytest.raises(ValueError, match="`learning_rate` must be positive"):
        theory.imbalance_step((np.ones((2, 2)), np.ones((1, 2))), MOMENTS, 0.0)

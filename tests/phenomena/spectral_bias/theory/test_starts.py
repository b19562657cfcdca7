import numpy as np
import plain_training as plain
import pytest
from hypothesis import given, strategies as st

from linnet.network import (
    Gaussian,
    GaussianFirstLayer,
    IsotropicFirstLayer,
    LambdaBalanced,
    OrthogonalLayers,
)
from linnet.numerics import Estimate
from linnet.phenomena.spectral_bias import theory
from linnet.task import Moments

MOMENTS = plain.moments(8, n=12, d=4, k=2)
PRODUCT = np.random.default_rng(3).normal(size=(2, 4))


def on_the_way(shape, hidden, time=0.7):
    layers = shape.weights((4, hidden, 2), np.random.default_rng(0))
    return plain.flow(layers, MOMENTS, [time])[-1]


@pytest.mark.parametrize(("balance", "hidden"), [(-0.4, 4), (0.4, 2), (0.0, 3)])
def test_a_balanced_start_of_any_sign_is_told_by_its_product(balance, hidden):
    first, second = on_the_way(LambdaBalanced(balance, PRODUCT), hidden)
    inputs, outputs = theory.balanced_gram_matrices(second @ first, balance)
    np.testing.assert_allclose(first.T @ first, inputs, atol=1e-9)
    np.testing.assert_allclose(second @ second.T, outputs, atol=1e-9)
    wrong = theory.balanced_gram_matrices(second @ first, balance + 0.1)[0]
    assert np.abs(wrong - inputs).max() > 1e-3


def test_orthogonal_layers_are_told_by_their_product():
    first, second = on_the_way(OrthogonalLayers(0.3), 7)
    inputs, outputs = theory.orthogonal_gram_matrices(second @ first, 0.3)
    np.testing.assert_allclose(first.T @ first, inputs, atol=1e-9)
    np.testing.assert_allclose(second @ second.T, outputs, atol=1e-9)
    wrong = theory.gram_matrices(second @ first, 0.3)[0]  # one layer at zero
    assert np.abs(wrong - inputs).max() > 1e-3


@given(sigma=st.floats(1e-9, 1e3), gamma=st.floats(1e-9, 1e6))
def test_the_orthogonal_root_is_a_root(sigma, gamma):
    inputs, _ = theory.orthogonal_gram_matrices(np.array([[sigma, 0.0]]), gamma)
    np.testing.assert_allclose(inputs[0, 0], np.hypot(gamma, sigma), rtol=1e-14)
    assert inputs[1, 1] == gamma


@pytest.mark.parametrize("descends", [False, True])
def test_what_no_data_show_is_moved_by_the_second_layer_alone(descends):
    few = plain.moments(8, n=2, d=4, k=2)
    drawn = GaussianFirstLayer(0.5)
    start = drawn.weights((4, 5, 2), np.random.default_rng(1))
    end = (
        plain.descent(start, few, 0.05, 200)[-1]
        if descends
        else plain.flow(start, few, [10.0])[-1]
    )
    _, vectors = np.linalg.eigh(few.xx)
    apart = vectors[:, :2] @ vectors[:, :2].T
    seen = end[1] @ end[0] @ apart
    said = theory.unseen_product(start[0], end[1], few)
    np.testing.assert_allclose(said, seen, atol=1e-10)
    assert np.abs(seen).max() > 1e-3


@pytest.mark.statistical
@pytest.mark.parametrize(
    ("shape", "both"),
    [
        pytest.param(GaussianFirstLayer, False, marks=pytest.mark.slow),
        (Gaussian, True),
    ],
)
def test_the_deviation_of_a_small_gaussian_start_is_the_same_law_at_any_width(
    shape, both
):
    few, gamma, width = plain.moments(8, n=2, d=6, k=2), 1e-3, 5
    limit, rng = few.minimizer().end_to_end, np.random.default_rng(4)
    squares = []
    for _ in range(40):
        start = shape(gamma).weights((6, width, 2), rng)
        end = plain.flow(start, few, [40.0])[-1]
        squares.append(((end[1] @ end[0] - limit) ** 2).sum() / (limit**2).sum())
    seen = Estimate.from_samples(squares)
    said = theory.gaussian_deviation(few, gamma, width, both) ** 2
    assert abs(seen.z(said)) < 4
    assert abs(seen.z(said / 4)) > 6


@given(gamma=st.floats(1e-6, 1e6), width=st.integers(1, 10**6), both=st.booleans())
def test_the_deviation_falls_as_one_over_the_root_of_the_width(gamma, width, both):
    few = plain.moments(8, n=2, d=6, k=2)
    one, wide = (theory.gaussian_deviation(few, gamma, h, both) for h in (1, width))
    assert wide == pytest.approx(one / np.sqrt(width), rel=1e-12)


def test_the_deviation_has_the_nuclear_norm_and_the_unseen_share_as_its_limits():
    few = plain.moments(8, n=2, d=6, k=2)
    sigma = np.linalg.svd(few.minimizer().end_to_end, compute_uv=False)
    norm = np.linalg.norm(sigma)
    for both in (False, True):
        rich = theory.gaussian_deviation(few, 1e-9, 50, both)
        assert rich == pytest.approx(np.sqrt(1e-9 * 4 * sigma.sum() / 50) / norm)
    assert theory.gaussian_deviation(few, 1e9, 50) == pytest.approx(np.sqrt(4 / 50))
    full = plain.moments(8, n=12, d=4, k=2)  # nothing is unseen
    assert theory.gaussian_deviation(full, 0.1, 50) == 0


def test_an_isotropic_first_layer_answers_nothing_there():
    few = plain.moments(8, n=2, d=4, k=2)
    start = IsotropicFirstLayer(0.5).weights((4, 6, 2), np.random.default_rng(1))
    end = plain.flow(start, few, [10.0])[-1]
    said = theory.unseen_product(start[0], end[1], few)
    np.testing.assert_allclose(said, 0, atol=1e-11)


def test_a_velocity_needs_only_the_gradient_of_the_loss():
    first, second = on_the_way(OrthogonalLayers(0.3), 7)
    product = second @ first
    gradient = np.tanh(product) - 0.2  # of a loss that is no square
    seen = -(second @ second.T @ gradient + gradient @ first.T @ first)
    said = theory.product_velocity(product, gradient, 0.3)
    np.testing.assert_allclose(said, seen, atol=1e-8)
    squared = theory.flow_velocity(product, MOMENTS, 0.3)
    pull = product @ MOMENTS.xx - MOMENTS.yx
    np.testing.assert_array_equal(squared, theory.product_velocity(product, pull, 0.3))


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="`balance` must be finite, but is nan"):
        theory.balanced_gram_matrices(PRODUCT, float("nan"))
    with pytest.raises(ValueError, match="`gamma` must be positive"):
        theory.orthogonal_gram_matrices(PRODUCT, 0.0)
    with pytest.raises(ValueError, match=r"must be \(h, 4\) and \(2, h\), but have"):
        theory.unseen_product(np.ones((3, 5)), np.ones((2, 3)), MOMENTS)
    with pytest.raises(ValueError, match=r"`gradient` must have the shape of"):
        theory.product_velocity(PRODUCT, np.ones((3, 3)), 0.1)
    with pytest.raises(ValueError, match="`width` must be at least 1, but is 0"):
        theory.gaussian_deviation(MOMENTS, 0.1, 0)
    nothing = Moments(np.eye(4), np.zeros((2, 4)), np.eye(2))
    with pytest.raises(ValueError, match="least-norm solution must not be zero"):
        theory.gaussian_deviation(nothing, 0.1, 5)
    flat = Moments(np.zeros((4, 4)), np.zeros((2, 4)), np.eye(2))
    np.testing.assert_array_equal(
        theory.unseen_product(np.eye(4), PRODUCT, flat), PRODUCT
    )

import numpy as np
import pytest
from hypothesis import given, strategies as st

from linnet.network import (
    Bottleneck,
    IsotropicFirstLayer,
    LambdaBalanced,
    OrthogonalLayers,
    end_to_end,
    imbalance,
    widths,
)
from linnet.numerics import Estimate

seeds = st.integers(0, 2**32 - 1)
scales = st.floats(1e-8, 1e8)
small = st.integers(1, 5)

# Orthonormal frames are so to a few 1e-15 in these dimensions.
ROUNDING = 1e-13


def generator(seed=0):
    return np.random.default_rng(seed)


def assert_close(found, expected, unit):
    np.testing.assert_allclose(found, expected, rtol=0, atol=ROUNDING * unit)


def check_exact_means(shape, sizes, weights):
    """Without spread, one draw must show what is said of the mean."""
    assert widths(weights) == tuple(sizes)
    d, h, _ = sizes
    unit = sum((layer**2).sum() for layer in weights)
    assert_close((weights[0] ** 2).sum() / d, shape.gamma(sizes), unit)
    assert_close(
        np.trace(imbalance(weights)[0]) / h, shape.mean_imbalance(sizes)[0], unit
    )


@given(seed=seeds, d=small, extra=st.integers(0, 4), k=small, scale=scales)
def test_an_isotropic_first_layer_has_this_gram_matrix(seed, d, extra, k, scale):
    shape, sizes = IsotropicFirstLayer(scale), (d, d + extra, k)
    first, second = shape.weights(sizes, generator(seed))
    assert_close(first.T @ first, scale * np.eye(d), scale)
    np.testing.assert_array_equal(second, 0)
    check_exact_means(shape, sizes, (first, second))
    # Minus the scale times a projector of rank d.
    balance = imbalance((first, second))[0]
    assert_close(balance @ balance, -scale * balance, scale**2)
    assert np.linalg.matrix_rank(balance) == d


@given(seed=seeds, h=small, extra=st.integers(1, 4), k=small, scale=scales)
def test_a_bottleneck_has_orthonormal_rows(seed, h, extra, k, scale):
    shape, sizes = Bottleneck(scale), (h + extra, h, k)
    first, second = shape.weights(sizes, generator(seed))
    assert_close(imbalance((first, second))[0], -scale * np.eye(h), scale)
    np.testing.assert_array_equal(second, 0)
    check_exact_means(shape, sizes, (first, second))


@given(seed=seeds, d=small, k=small, extra=st.integers(0, 4), scale=scales)
def test_orthogonal_layers_are_isotropic_and_cancel(seed, d, k, extra, scale):
    shape, sizes = OrthogonalLayers(scale), (d, d + k + extra, k)
    first, second = shape.weights(sizes, generator(seed))
    assert_close(first.T @ first, scale * np.eye(d), scale)
    assert_close(second @ second.T, scale * np.eye(k), scale)
    assert_close(second @ first, np.zeros((k, d)), scale)
    check_exact_means(shape, sizes, (first, second))
    expected = np.r_[np.full(d, -scale), np.zeros(extra), np.full(k, scale)]
    found = np.linalg.eigvalsh(imbalance((first, second))[0])
    assert_close(found, expected, scale)


def balanced_case(seed, sign, d, k, size, balance, zero):
    """A balanced shape with the one width that its sign allows."""
    product = np.zeros((k, d)) if zero else generator(seed).standard_normal((k, d))
    h = d if sign < 0 else k
    return LambdaBalanced(sign * balance, size * product), (d, h, k)


balanced_cases = {
    "seed": seeds,
    "sign": st.sampled_from([-1, 1]),
    "d": small,
    "k": small,
    "size": st.floats(1e-6, 1e6),
    "balance": st.floats(1e-6, 1e6),
    "zero": st.booleans(),
}


@given(**balanced_cases)
def test_balanced_layers_have_this_product_and_this_imbalance(seed, **case):
    shape, sizes = balanced_case(seed, **case)
    weights = shape.weights(sizes, generator(seed + 1))
    balance, h = shape.balance, sizes[1]
    largest = [np.linalg.norm(layer, 2) for layer in weights]
    assert_close(
        imbalance(weights)[0], balance * np.eye(h), largest[0] ** 2 + largest[1] ** 2
    )
    assert_close(end_to_end(weights), shape.end_to_end, largest[0] * largest[1])
    check_exact_means(shape, sizes, weights)
    assert shape.mean_imbalance(sizes) == (balance,)


@given(**balanced_cases)
def test_each_mode_is_shared_as_documented(seed, **case):
    shape, sizes = balanced_case(seed, **case)
    first, second = shape.weights(sizes, generator(seed + 1))
    rank, balance = min(sizes), shape.balance
    sigma = np.linalg.svd(shape.end_to_end, compute_uv=False)[:rank]
    larger = (abs(balance) + np.sqrt(balance**2 + 4 * sigma**2)) / 2
    smaller = sigma**2 / larger
    assert_close(larger - smaller, np.full(rank, abs(balance)), larger.max())
    squares = (larger, smaller) if balance < 0 else (smaller, larger)
    for layer, expected in zip((first, second), squares, strict=True):
        found = np.linalg.svd(layer, compute_uv=False)[:rank]
        assert_close(found, np.sqrt(expected), np.sqrt(expected.max()))


def test_the_smaller_layer_does_not_cancel_at_a_large_balance():
    product = np.array([[1e-3]])
    first, second = LambdaBalanced(-1e8, product).weights((1, 1, 1), generator())
    np.testing.assert_allclose(np.abs(second), 1e-7, rtol=1e-14)
    np.testing.assert_allclose(np.abs(first), 1e4, rtol=1e-14)
    first, second = LambdaBalanced(1e8, product).weights((1, 1, 1), generator())
    np.testing.assert_allclose(np.abs(first), 1e-7, rtol=1e-14)


@given(seed=seeds, d=small, k=small, rank=small, extra=st.integers(0, 3))
def test_a_zero_balance_takes_every_width_from_the_rank_on(seed, d, k, rank, extra):
    rng, rank = generator(seed), min(d, k, rank)
    product = rng.standard_normal((k, rank)) @ rng.standard_normal((rank, d))
    shape, sizes = LambdaBalanced(0.0, product), (d, rank + extra, k)
    weights = shape.weights(sizes, rng)
    unit = np.linalg.norm(product, 2)
    # The product was cut at 1e-14 of its largest singular value.
    assert_close(end_to_end(weights), product, unit)
    assert_close(imbalance(weights)[0], np.zeros((rank + extra,) * 2), unit)
    check_exact_means(shape, sizes, weights)
    assert shape.mirror_width(sizes) == 0


def test_no_product_is_the_zero_product():
    shape = LambdaBalanced(-2.0)
    first, second = shape.weights((3, 3, 2), generator())
    assert_close(first.T @ first, 2 * np.eye(3), 2)
    np.testing.assert_array_equal(second, np.zeros((2, 3)))
    isotropic = IsotropicFirstLayer(2.0)
    for tells in ("gamma", "mean_imbalance", "mirror_width"):
        np.testing.assert_allclose(
            getattr(shape, tells)((3, 3, 2)), getattr(isotropic, tells)((3, 3, 2))
        )


def square_root(matrix):
    values, basis = np.linalg.eigh(matrix)
    return basis * np.sqrt(np.maximum(values, 0)) @ basis.T


def mirror_velocity(product, width, slope):
    r"""$\sqrt{\delta^2+WW^T}G+G\sqrt{\delta^2+W^TW}$: the closed flow."""
    k, d = product.shape
    output = square_root(width**2 * np.eye(k) + product @ product.T)
    hidden = square_root(width**2 * np.eye(d) + product.T @ product)
    return output @ slope + slope @ hidden


PRODUCT = np.array([[1.0, -2.0, 0.5], [0.0, 1.5, 1.0]])


@pytest.mark.parametrize(
    ("shape", "sizes"),
    [
        (IsotropicFirstLayer(0.7), (3, 3, 2)),
        (IsotropicFirstLayer(0.7), (3, 8, 2)),
        (OrthogonalLayers(0.7), (3, 5, 2)),
        (OrthogonalLayers(0.7), (3, 9, 2)),
        (LambdaBalanced(-0.7), (3, 3, 2)),
        (LambdaBalanced(0.7), (3, 2, 2)),
        (LambdaBalanced(-0.7, PRODUCT), (3, 3, 2)),
        (LambdaBalanced(0.7, PRODUCT), (3, 2, 2)),
        (LambdaBalanced(0.0, PRODUCT), (3, 2, 2)),
        (LambdaBalanced(0.0, PRODUCT), (3, 7, 2)),
    ],
)
def test_the_mirror_width_is_that_of_the_motion_at_the_start(shape, sizes):
    first, second = shape.weights(sizes, generator(1))
    slope = generator(2).standard_normal((2, 3))
    velocity = second @ second.T @ slope + slope @ first.T @ first
    width, product = shape.mirror_width(sizes), second @ first
    # The square root halves the digits of a zero singular value when the width is 0.
    expected = mirror_velocity(product, width, slope)
    np.testing.assert_allclose(velocity, expected, atol=1e-7 if width == 0 else 1e-12)
    wrong = mirror_velocity(product, 2 * width + 0.1, slope)
    assert np.abs(velocity - wrong).max() > 1e-2


def test_a_bottleneck_has_no_mirror_width():
    shape, sizes = Bottleneck(0.7), (3, 2, 2)
    assert shape.mirror_width(sizes) is None
    first, _ = shape.weights(sizes, generator(1))
    # With a zero product every width would move all inputs alike.
    assert np.ptp(np.linalg.eigvalsh(first.T @ first)) == pytest.approx(0.7)


SHAPES = [
    (IsotropicFirstLayer(2.0), (3, 4, 2)),
    (Bottleneck(2.0), (4, 3, 2)),
    (OrthogonalLayers(2.0), (2, 5, 2)),
    (LambdaBalanced(-2.0, np.ones((2, 3))), (3, 3, 2)),
]


@pytest.mark.parametrize(("shape", "sizes"), SHAPES)
def test_the_same_generator_state_gives_the_same_weights(shape, sizes):
    draws = [shape.weights(sizes, generator(7)) for _ in "ab"]
    for one, other in zip(*draws, strict=True):
        np.testing.assert_array_equal(one, other)
    differs = shape.weights(sizes, generator(8))[0] != draws[0][0]
    assert differs.all()


@pytest.mark.statistical
@pytest.mark.parametrize(("shape", "sizes"), SHAPES)
def test_the_hidden_layer_points_anywhere(shape, sizes):
    rng = generator(3)
    draws = [shape.weights(sizes, rng)[0] for _ in range(2000)]
    mean, square = Estimate.from_samples(draws), Estimate.from_samples(np.square(draws))
    # Every column keeps its length and shares it among all hidden units.
    expected = (draws[0] ** 2).sum(0) / sizes[1]
    if isinstance(shape, Bottleneck):  # rows keep their length instead
        expected = np.full(sizes[0], 2.0 / sizes[0])
    expected = np.broadcast_to(expected, mean.value.shape)
    assert np.abs(mean.z(0.0)).max() < 4
    assert np.abs(square.z(expected)).max() < 4
    assert np.abs(square.z(2 * expected)).min() > 10


def test_a_product_that_changes_later_does_not_change_the_start():
    product = np.eye(2)
    shape = LambdaBalanced(0.0, product)
    product[:] = 0  # a saddle, which would have been refused
    assert_close(end_to_end(shape.weights((2, 2, 2), generator())), np.eye(2), unit=1.0)


METHODS = ("weights", "gamma", "mean_imbalance", "mirror_width")
RANK_TWO = np.diag([1.0, 1.0, 0.0])


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("shape", "sizes", "message"),
    [
        (IsotropicFirstLayer(1.0), (4, 3, 2), "at least d = 4, but `hidden` is 3"),
        (OrthogonalLayers(1.0), (4, 5, 2), r"at least d \+ k = 6, but `hidden` is 5"),
        (Bottleneck(1.0), (4, 4, 2), "below d = 4, but `hidden` is 4"),
        (LambdaBalanced(-0.5), (4, 5, 2), "= -0.5 needs.*exactly 4, but `hidden` is 5"),
        (LambdaBalanced(-0.5), (4, 3, 2), "exactly 4, but `hidden` is 3"),
        (LambdaBalanced(0.5), (4, 4, 2), "= 0.5 needs.*exactly 2, but `hidden` is 4"),
        (LambdaBalanced(0.0, RANK_TWO), (3, 1, 3), "rank 2 needs.*2, but `hidden` is"),
        (LambdaBalanced(1.0, RANK_TWO), (3, 2, 2), r"must have shape \(2, 3\), but"),
        (IsotropicFirstLayer(1.0), (3, 3, 3, 2), "shape of two-layer networks"),
        (OrthogonalLayers(1.0), (3, 2), "shape of two-layer networks"),
        (Bottleneck(1.0), (3, 2), "shape of two-layer networks"),
        (LambdaBalanced(1.0), (3, 2, 2, 2), "LambdaBalanced is a shape of two-layer"),
        (Bottleneck(1.0), (3, 0, 2), "whole numbers of at least 1"),
    ],
)
def test_every_method_refuses_sizes_that_the_shape_cannot_have(
    method, shape, sizes, message
):
    given_besides = (generator(),) if method == "weights" else ()
    with pytest.raises(ValueError, match=message):
        getattr(shape, method)(sizes, *given_besides)


@pytest.mark.parametrize("scale", [0.0, -1.0, np.nan, np.inf])
@pytest.mark.parametrize("shape", [IsotropicFirstLayer, OrthogonalLayers, Bottleneck])
def test_a_scale_that_starts_nothing_is_refused(shape, scale):
    with pytest.raises(ValueError, match=f"`scale` must be positive.*but is {scale}"):
        shape(scale)


@pytest.mark.parametrize(
    ("balance", "product", "message"),
    [
        (np.nan, np.eye(2), "`balance` must be finite, but is nan"),
        (-np.inf, None, "`balance` must be finite, but is -inf"),
        (1.0, np.array([[np.nan]]), "`end_to_end` must be finite"),
        (1.0, np.array([[np.inf]]), "`end_to_end` must be finite"),
        (0.0, None, "zero product is a saddle"),
        (0.0, np.zeros((2, 2)), "zero product is a saddle"),
    ],
)
def test_an_impossible_balance_is_refused(balance, product, message):
    with pytest.raises(ValueError, match=message):
        LambdaBalanced(balance, product)

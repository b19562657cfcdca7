import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy import stats

from linnet.network import (
    FanIn,
    Gaussian,
    GaussianFirstLayer,
    GivenWeights,
    IsotropicFirstLayer,
    OrthogonalLayers,
    SmallGaussian,
    imbalance,
    widths,
)
from linnet.numerics import Estimate

seeds = st.integers(0, 2**32 - 1)
sizes_of_networks = st.lists(st.integers(1, 6), min_size=2, max_size=5).map(tuple)
ANY_DEPTH = (Gaussian(2.0), SmallGaussian(0.3), FanIn())
DEEP = (6, 3, 8, 4, 2)


def generator(seed=0):
    return np.random.default_rng(seed)


def estimates(shape, sizes, measure, count=1000, seed=0):
    rng = generator(seed)
    return Estimate.from_samples(
        [measure(shape.weights(sizes, rng)) for _ in range(count)]
    )


def gram_scale(weights):
    return (weights[0] ** 2).sum() / weights[0].shape[1]


def mean_imbalances(weights):
    return [np.trace(matrix) / len(matrix) for matrix in imbalance(weights)]


@pytest.mark.parametrize("shape", ANY_DEPTH)
@given(seed=seeds, sizes=sizes_of_networks)
def test_every_size_gets_layers_that_fit(shape, seed, sizes):
    weights = shape.weights(sizes, generator(seed))
    assert widths(weights) == sizes
    assert all(np.isfinite(layer).all() for layer in weights)
    assert len(shape.mean_imbalance(sizes)) == len(sizes) - 2
    assert shape.gamma(sizes) > 0
    assert shape.mirror_width(sizes) is None


@pytest.mark.parametrize("shape", [*ANY_DEPTH, GaussianFirstLayer(2.0)])
def test_the_same_generator_state_gives_the_same_weights(shape):
    draws = [shape.weights((3, 4, 2), generator(seed)) for seed in (7, 7, 8)]
    for one, other in zip(*draws[:2], strict=True):
        np.testing.assert_array_equal(one, other)
    assert (draws[0][0] != draws[2][0]).all()


@pytest.mark.statistical
@pytest.mark.parametrize(
    ("shape", "sizes", "wrong"),
    [
        # Wrong theories: the variance over the inputs instead of the hidden width, the
        # narrower side, the standard deviation for the variance, +-1/sqrt(fan-in) taken
        # for the standard deviation.
        (GaussianFirstLayer(2.0), (3, 12, 2), 2.0 * 12 / 3),
        (Gaussian(2.0), (3, 12, 2), 2.0 * 12 / 3),
        (Gaussian(2.0), DEEP, 2.0 * 3 / 6),
        (Gaussian(2.0), (3, 12), 2.0 * 12 / 3),
        (Gaussian(2.0), (12, 3), 2.0),
        (SmallGaussian(0.3), (3, 12, 2), 12 * 0.3),
        (SmallGaussian(0.3), DEEP, 3 * 0.3),
        (FanIn(), (3, 12, 2), 12 / 3),
        (FanIn(), DEEP, 3 / 6),
    ],
)
def test_gamma_is_the_mean_scale_of_the_first_gram_matrix(shape, sizes, wrong):
    measured = estimates(shape, sizes, gram_scale)
    assert abs(measured.z(shape.gamma(sizes))) < 4
    assert abs(measured.z(2 * shape.gamma(sizes))) > 10
    assert abs(measured.z(wrong)) > 10


@pytest.mark.statistical
@pytest.mark.parametrize(
    ("shape", "sizes"),
    [
        (GaussianFirstLayer(2.0), (3, 12, 2)),
        (Gaussian(2.0), (3, 12, 2)),
        (Gaussian(2.0), DEEP),
        (SmallGaussian(0.3), DEEP),
        (FanIn(), DEEP),
    ],
)
def test_the_mean_imbalance_is_that_of_many_draws(shape, sizes):
    measured = estimates(shape, sizes, mean_imbalances, seed=1)
    expected = np.array(shape.mean_imbalance(sizes))
    assert np.abs(measured.z(expected)).max() < 4
    # The sign of the paper that writes W1 W1' first.
    unbalanced = np.abs(expected) > 1e-12
    assert unbalanced.any()
    assert np.abs(measured.z(-expected))[unbalanced].min() > 10


@pytest.mark.statistical
def test_the_imbalance_of_independent_entries_is_diagonal_on_average():
    rng = generator(2)
    draws = [imbalance(SmallGaussian(1.0).weights((3, 4, 2), rng)) for _ in range(2000)]
    measured = Estimate.from_samples([matrix for (matrix,) in draws])
    assert np.abs(measured.z(-np.eye(4))).max() < 4
    assert np.abs(np.diag(measured.z(np.eye(4)))).min() > 10


@pytest.mark.statistical
def test_each_gaussian_layer_is_as_wide_as_the_wider_of_its_hidden_sides():
    measured = [
        estimates(Gaussian(2.0), DEEP, lambda w, i=i: (w[i] ** 2).mean(), seed=3)
        for i in range(4)
    ]
    for layer, width, narrow in zip(measured, (3, 8, 8, 4), (6, 3, 4, 2), strict=True):
        assert abs(layer.z(2 / width)) < 4
        assert abs(layer.z(2 / narrow)) > 10
    np.testing.assert_allclose(Gaussian(2.0).variances(DEEP), [2 / 3, 0.25, 0.25, 0.5])


def test_a_single_gaussian_layer_counts_its_wider_side():
    assert Gaussian(2.0).variances((3, 5)) == Gaussian(2.0).variances((5, 3)) == [0.4]


@pytest.mark.statistical
def test_fan_in_entries_are_uniform_up_to_the_bound():
    entries = FanIn().weights((16, 2500, 16), generator(4))
    for layer, inputs in zip(entries, (16, 2500), strict=True):
        scaled = layer.ravel() * np.sqrt(inputs)
        assert np.abs(scaled).max() <= 1 + 1e-15
        uniform = stats.kstest(scaled, stats.uniform(-1, 2).cdf).pvalue
        normal = stats.kstest(scaled, stats.norm(0, np.sqrt(1 / 3)).cdf).pvalue
        # The levels of four and of ten standard errors.
        assert uniform > 2 * stats.norm.sf(4)
        assert normal < 2 * stats.norm.sf(10)


@pytest.mark.statistical
@pytest.mark.parametrize("h", [6, 96])
def test_a_wide_gaussian_first_layer_tends_to_an_isotropic_one(h):
    def spread(weights):
        gram = weights[0].T @ weights[0]
        return ((gram / 2.0 - np.eye(3)) ** 2).sum()

    # Exact for normal entries: d (d + 1) / h, so the limit is reached as 1/h.
    measured = estimates(GaussianFirstLayer(2.0), (3, h, 2), spread, seed=5)
    assert abs(measured.z(12 / h)) < 4
    assert abs(measured.z(24 / h)) > 10
    assert spread(IsotropicFirstLayer(2.0).weights((3, h, 2), generator())) < 1e-25


@pytest.mark.statistical
@pytest.mark.parametrize("h", [6, 96])
def test_wide_gaussian_layers_tend_to_orthogonal_ones(h):
    def product(weights):
        return ((weights[1] @ weights[0]) ** 2).sum()

    # Exact: k d h (gamma/h)^2.
    measured = estimates(Gaussian(2.0), (3, h, 2), product, seed=6)
    assert abs(measured.z(2 * 3 * 4 / h)) < 4
    assert abs(measured.z(2 * 2 * 3 * 4 / h)) > 10
    orthogonal, sizes = OrthogonalLayers(2.0), (3, h, 2)
    assert product(orthogonal.weights(sizes, generator())) < 1e-25
    assert Gaussian(2.0).gamma(sizes) == orthogonal.gamma(sizes)
    np.testing.assert_allclose(
        Gaussian(2.0).mean_imbalance(sizes), orthogonal.mean_imbalance(sizes)
    )


def test_the_output_layer_of_a_gaussian_first_layer_is_zero():
    shape = GaussianFirstLayer(2.0)
    _, second = shape.weights((3, 4, 2), generator())
    np.testing.assert_array_equal(second, np.zeros((2, 4)))
    assert shape.mirror_width((3, 4, 2)) is None


@pytest.mark.parametrize("factor", [1e-6, 3.0])
@pytest.mark.parametrize("shape", [Gaussian, GaussianFirstLayer])
def test_the_scale_only_scales(shape, factor):
    sizes, plain, scaled = (3, 4, 2), shape(1.0), shape(factor)
    np.testing.assert_allclose(scaled.gamma(sizes), factor * plain.gamma(sizes))
    np.testing.assert_allclose(
        scaled.mean_imbalance(sizes), np.multiply(factor, plain.mean_imbalance(sizes))
    )
    for a, b in zip(
        scaled.weights(sizes, generator()),
        plain.weights(sizes, generator()),
        strict=True,
    ):
        np.testing.assert_allclose(a, np.sqrt(factor) * b)


@given(seed=seeds, sizes=sizes_of_networks)
def test_given_weights_are_measured_on_themselves(seed, sizes):
    weights = SmallGaussian(1.0).weights(sizes, generator(seed))
    shape = GivenWeights(weights)
    state = generator(seed)
    for found, layer in zip(shape.weights(sizes, state), weights, strict=True):
        np.testing.assert_array_equal(found, layer)
    assert state.random() == generator(seed).random()  # nothing was drawn
    gram = weights[0].T @ weights[0]
    np.testing.assert_allclose(shape.gamma(sizes), np.trace(gram) / sizes[0])
    pairs = zip(weights[1:], weights[:-1], sizes[1:-1], strict=True)
    expected = [((a**2).sum() - (b**2).sum()) / h for a, b, h in pairs]
    np.testing.assert_allclose(shape.mean_imbalance(sizes), expected, atol=1e-12)
    assert shape.mirror_width(sizes) is None


def test_given_weights_are_a_copy_on_the_way_in_and_out():
    layer = np.ones((2, 3))
    shape = GivenWeights((layer,))
    layer[:] = 5
    shape.weights((3, 2), generator())[0][:] = 7
    np.testing.assert_array_equal(shape.weights((3, 2), generator())[0], 1)


METHODS = ("weights", "gamma", "mean_imbalance", "mirror_width")


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("shape", "sizes", "message"),
    [
        (GaussianFirstLayer(1.0), (3, 4, 4, 2), "is a shape of two-layer networks"),
        (GaussianFirstLayer(1.0), (3, 2), "is a shape of two-layer networks"),
        *[(shape, (3,), "whole numbers of at least 1") for shape in ANY_DEPTH],
        *[(shape, (3, 0, 2), "whole numbers of at least 1") for shape in ANY_DEPTH],
        *[(shape, (3, 1.5, 2), "whole numbers of at least 1") for shape in ANY_DEPTH],
        (
            GivenWeights((np.ones((2, 3)),)),
            (3, 3),
            r"have sizes \(3, 2\), but the network asked for has \(3, 3\)",
        ),
    ],
)
def test_every_method_refuses_sizes_that_the_shape_cannot_have(
    method, shape, sizes, message
):
    given_besides = (generator(),) if method == "weights" else ()
    with pytest.raises(ValueError, match=message):
        getattr(shape, method)(sizes, *given_besides)


@pytest.mark.parametrize("scale", [0.0, -1.0, np.nan, np.inf])
@pytest.mark.parametrize(
    ("shape", "name"),
    [
        (GaussianFirstLayer, "scale"),
        (Gaussian, "scale"),
        (SmallGaussian, "standard_deviation"),
    ],
)
def test_a_scale_that_starts_nothing_is_refused(shape, name, scale):
    with pytest.raises(ValueError, match=f"`{name}` must be positive.*but is {scale}"):
        shape(scale)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ((), "at least one layer"),
        ((np.ones((2, 3)), np.ones((2, 3))), "chain of layers, but layer 1"),
        ((np.full((2, 3), np.nan),), "layer 0 holds NaN"),
        ((np.ones(3),), r"layer 0 has shape \(3,\)"),
    ],
)
def test_given_weights_that_are_no_network_are_refused(weights, message):
    with pytest.raises(ValueError, match=message):
        GivenWeights(weights)

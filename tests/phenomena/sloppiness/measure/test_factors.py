import numpy as np
import pytest

from linnet.phenomena.sloppiness.measure import (
    Search,
    embed_distances,
    embed_factors,
    embed_gaussian,
    embed_symmetrized_kl,
    place,
)
from linnet.phenomena.sloppiness.measure.predictions import Predictions


def _factors(models, features, dtype=np.float64, seed=0):
    rng = np.random.default_rng(seed)
    size = 0.9 ** np.arange(features)
    left = rng.standard_normal((models, features)) * size + 3
    right = left + rng.standard_normal((models, features)) * size - 7
    return left.astype(dtype), right.astype(dtype)


def _distances(left, right, scale):
    left, right = left.astype(float), right.astype(float)
    inner = left @ right.T
    own = np.diag(inner)
    return scale * (own[:, None] + own - inner - inner.T)


def _weights(kind, models):
    if kind == "none":
        return None
    weights = np.random.default_rng(9).random(models)
    weights[[1, 4]] = 0
    return weights / weights.sum()


# Few models, few features, and more of both than a dense solve is used for.
SHAPES = {"models": (40, 90), "features": (90, 12), "both": (640, 630)}


@pytest.mark.parametrize("weights", ["none", "given"])
@pytest.mark.parametrize("pair", [False, True])
@pytest.mark.parametrize("shape", list(SHAPES))
def test_factors_give_what_distances_give(shape, pair, weights):
    models, features = SHAPES[shape]
    left, right = _factors(models, features)
    omega = _weights(weights, models)
    distances = _distances(left, right if pair else left, 0.3)
    exact = embed_distances(distances, 6, weights=omega, method="dense")
    found = embed_factors(left, right if pair else None, 6, scale=0.3, weights=omega)
    top = abs(exact.eigenvalues[0])
    np.testing.assert_allclose(found.eigenvalues, exact.eigenvalues, atol=1e-11 * top)
    size = np.abs(exact.coordinates).max(0)
    np.testing.assert_allclose(
        found.coordinates / size, exact.coordinates / size, atol=1e-6
    )
    assert found.residuals.max() < 1e-9 * top
    np.testing.assert_allclose(found.row_means, exact.row_means, rtol=1e-10)
    near = 1e-10 * np.abs(exact.self_products).max()
    np.testing.assert_allclose(found.self_products, exact.self_products, atol=near)
    assert found.trace == pytest.approx(exact.trace, rel=1e-10)
    np.testing.assert_allclose(
        found.explained_stress(), exact.explained_stress(), atol=1e-9
    )
    np.testing.assert_allclose(
        found.distance_error(), exact.distance_error(), atol=1e-9
    )


def test_single_precision_searches_and_double_certifies():
    left, right = _factors(640, 630, np.float32)
    exact = embed_factors(left.astype(float), right.astype(float), 5)
    found = embed_factors(left, right, 5)
    top = abs(exact.eigenvalues[0])
    np.testing.assert_allclose(found.eigenvalues, exact.eigenvalues, atol=1e-7 * top)
    assert 1e-10 * top < found.residuals.max() < 3e-6 * top
    np.testing.assert_allclose(
        found.explained_stress(), exact.explained_stress(), atol=1e-6
    )


def _probabilities(models=30, samples=25, classes=5):
    rng = np.random.default_rng(4)
    logits = np.linspace(0, 3, models)[:, None, None] * rng.standard_normal(
        (samples, classes)
    ) + 0.4 * rng.standard_normal((models, samples, classes))
    weights = np.exp(logits)
    return weights / weights.sum(-1, keepdims=True)


def test_symmetrized_kl_is_embedded_without_its_distances():
    p = _probabilities()
    gap = p[:, None] - p
    logarithms = np.log(p)[:, None] - np.log(p)
    distances = (gap * logarithms).sum((-1, -2)) / 25
    exact = embed_distances(distances, 8)
    found = embed_symmetrized_kl(p, 8)
    assert (found.signature < 0).any()
    np.testing.assert_allclose(found.eigenvalues, exact.eigenvalues, atol=1e-11)
    np.testing.assert_allclose(found.coordinates, exact.coordinates, atol=1e-9)
    assert (found.about.distance, found.about.samples) == ("symmetrized-kl", 25)
    np.testing.assert_allclose(place(found, distances), found.coordinates, atol=1e-9)


def test_gaussian_predictions_are_embedded_as_principal_components():
    values = np.random.default_rng(0).standard_normal((30, 8, 2))
    flat = values.reshape(30, 16)
    distances = _distances(flat, flat, 1 / (8 * 0.5**2 * 8))
    exact = embed_distances(distances, 5)
    found = embed_gaussian(values, 5, deviation=0.5)
    np.testing.assert_allclose(found.eigenvalues, exact.eigenvalues, rtol=1e-11)
    np.testing.assert_allclose(found.coordinates, exact.coordinates, atol=1e-10)
    covariance = np.linalg.eigvalsh(np.cov(flat.T, ddof=0))[::-1]
    expected = 30 * covariance[:5] / (8 * 0.5**2 * 8)
    np.testing.assert_allclose(found.eigenvalues, expected, rtol=1e-11)


def test_what_cannot_be_factors_is_refused():
    left, right = _factors(10, 4)
    with pytest.raises(ValueError, match="of one shape"):
        embed_factors(left, right[:, :2], 2)
    with pytest.raises(ValueError, match="`right` must be finite"):
        embed_factors(left, np.full_like(right, np.nan), 2)
    with pytest.raises(ValueError, match="`scale` must be positive"):
        embed_factors(left, right, 2, scale=-1.0)
    with pytest.raises(ValueError, match=r"must lie in \[1, 9\], but is 10"):
        embed_factors(left, right, 10)
    with pytest.raises(ValueError, match=r"rank.*only 4"):
        embed_factors(left, None, 5)
    with pytest.raises(ValueError, match="must sum to one"):
        embed_factors(left, right, 2, weights=np.ones(10))
    with pytest.raises(ValueError, match="`deviation` must be positive"):
        embed_gaussian(left, 2, deviation=0.0)
    sure = np.tile([[[1.0, 0.0]], [[0.5, 0.5]], [[0.2, 0.8]]], (2, 1, 1))
    with pytest.raises(ValueError, match=r"positive probabilities.*smoothing"):
        embed_symmetrized_kl(sure, 2)
    assert embed_symmetrized_kl(Predictions(sure, smoothing=1e-3), 1).components == 1


def test_the_seed_of_the_search_does_not_matter():
    left, right = _factors(640, 630)
    one, two = (embed_factors(left, right, 3, search=Search(seed=s)) for s in (0, 5))
    np.testing.assert_allclose(one.eigenvalues, two.eigenvalues, rtol=1e-12)
    np.testing.assert_allclose(one.coordinates, two.coordinates, atol=1e-6)

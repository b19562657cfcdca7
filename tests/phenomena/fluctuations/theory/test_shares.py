import numpy as np
import pytest
from scipy.linalg import null_space

from linnet.phenomena.fluctuations import theory


def layers(d, h, k, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(h, d)), rng.normal(size=(k, h))


SIZES = [(4, 5, 3), (3, 3, 3), (5, 2, 4), (2, 6, 1)]


def projector(weights):
    full = theory.jacobian(weights)
    return full.T @ np.linalg.pinv(full @ full.T) @ full


@pytest.mark.parametrize("sizes", SIZES)
def test_shares_are_the_blocks_of_the_projector_along_their_axes(sizes):
    weights = layers(*sizes)
    whole = projector(weights)
    shares, axes = theory.layer_shares(weights), theory.layer_axes(weights)
    start = 0
    for layer, share, (left, right) in zip(weights, shares, axes, strict=True):
        assert share.shape == layer.shape
        stop = start + layer.size
        turn = np.kron(left, right)
        seen = turn.T @ whole[start:stop, start:stop] @ turn
        np.testing.assert_allclose(seen, np.diag(share.ravel()), atol=1e-10)
        start = stop
    total = sum(share.sum() for share in shares)
    assert total == pytest.approx(theory.jacobian_rank(weights))


def test_a_hidden_unit_that_nothing_uses_has_shares_of_zero():
    first, second = np.zeros((3, 2)), np.zeros((1, 3))
    first[0, 0], second[0, 0] = 1.0, 2.0
    one, two = theory.layer_shares((first, second))
    np.testing.assert_allclose(one, [[0.8, 1], [0, 0], [0, 0]])
    np.testing.assert_allclose(two, [[0.2, 0, 0]])


@pytest.mark.parametrize("sizes", SIZES)
def test_white_noise_solves_the_lyapunov_equation_for_any_inputs(sizes):
    weights = layers(*sizes)
    rng = np.random.default_rng(2)
    xx = np.cov(
        rng.normal(size=(sizes[0], 20)) * rng.uniform(0.2, 2, sizes[0])[:, None]
    )
    full = theory.jacobian(weights)
    drift = full.T @ np.kron(np.eye(sizes[2]), np.atleast_2d(xx)) @ full
    said = theory.white_covariance(weights, theory.temperature(0.1, 0.3, 0.5))
    covariance = said.covariance()
    np.testing.assert_allclose(
        drift @ covariance + covariance @ drift,
        0.1 * 0.3 * 0.25 * drift,
        atol=1e-12 * np.abs(drift).max(),
    )
    np.testing.assert_allclose(covariance @ null_space(full), 0, atol=1e-12)
    assert said.total_variance == pytest.approx(np.trace(covariance))
    start = 0
    for index, layer in enumerate(weights):
        block = covariance[start : start + layer.size, start : start + layer.size]
        np.testing.assert_allclose(said.layer(index), block, atol=1e-15)
        np.testing.assert_allclose(said.variances()[index].ravel(), np.diag(block))
        start += layer.size


def test_three_layers_have_the_projector_too():
    rng = np.random.default_rng(4)
    weights = tuple(rng.normal(size=s) for s in ((3, 2), (2, 3), (3, 2)))
    said = theory.white_covariance(weights, 0.5).covariance()
    np.testing.assert_allclose(said, projector(weights) / 2, atol=1e-10)


def test_white_inputs_relax_at_the_eigenvalues_of_the_hessian():
    weights = layers(4, 5, 3)
    full = theory.jacobian(weights)
    seen = np.linalg.eigvalsh(1.7 * full @ full.T)
    rates = theory.relaxation_rates(weights, 1.7)
    assert rates.shape == (3, 4)
    np.testing.assert_allclose(np.sort(rates.ravel()), seen)


def test_variances_scale_with_the_temperature():
    weights = layers(4, 5, 3)
    heat = theory.temperature(0.1, 0.2, 3.0)
    assert heat == pytest.approx(0.09)
    for share, variance in zip(
        theory.layer_shares(weights),
        theory.white_layer_variances(weights, heat),
        strict=True,
    ):
        np.testing.assert_allclose(variance, heat * share)


def test_bad_input_is_refused():
    weights = layers(4, 5, 3)
    for name, range_ in (
        ("learning_rate", "positive and finite"),
        ("noise_factor", r"in \[0, 1\]"),
        ("noise", "finite and >= 0"),
    ):
        given = {"learning_rate": 0.1, "noise_factor": 0.1, "noise": 0.1, name: -1.0}
        with pytest.raises(ValueError, match=f"`{name}` must be {range_}"):
            theory.temperature(**given)
    with pytest.raises(ValueError, match="`temperature` must be finite and >= 0"):
        theory.white_covariance(weights, np.nan)
    with pytest.raises(ValueError, match="two layers here, but holds 1"):
        theory.layer_shares(weights[:1])
    with pytest.raises(ValueError, match="`variance` must be positive"):
        theory.relaxation_rates(weights, 0.0)
    said = theory.white_covariance(weights, 1.0)
    with pytest.raises(ValueError, match=r"`index` must be in \[0, 1\]"):
        said.layer(2)
    with pytest.raises(ValueError, match="without the data"):
        _ = said.excess_loss

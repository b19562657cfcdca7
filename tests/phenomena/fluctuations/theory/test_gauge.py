from itertools import pairwise

import numpy as np
import plain_layers as plain
import pytest
from hypothesis import given, strategies as st

from linnet.network import end_to_end, imbalance
from linnet.phenomena.fluctuations import theory

N = 40


def problem(sizes, seed=0, noise=0.2):
    """Data and layers whose product is the least-squares minimum."""
    rng = np.random.default_rng([seed, *sizes])
    d, k = sizes[0], sizes[-1]
    inputs = rng.normal(size=(N, d))
    targets = inputs @ rng.normal(size=(d, k)) + noise * rng.normal(size=(N, k))
    minimum = theory.least_squares_minimum(inputs, targets)
    inner = tuple(
        np.linalg.qr(rng.normal(size=(max(a, b),) * 2))[0][:b, :a]
        for a, b in pairwise(sizes[:-1])
    )
    last = minimum.end_to_end @ np.linalg.pinv(end_to_end(inner))
    pulls = -(minimum.residuals[:, :, None] * inputs[:, None, :]).reshape(N, -1)
    return inputs, targets, (*inner, last), pulls.T @ pulls / N, pulls


@given(seed=st.integers(0, 99), depth=st.integers(2, 4))
def test_one_step_changes_the_imbalance_as_said_at_any_point(seed, depth):
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 4, size=depth + 1)
    weights = tuple(rng.normal(size=(b, a)) for a, b in pairwise(sizes))
    x, y = rng.normal(size=(5, sizes[0])), rng.normal(size=(5, sizes[-1]))
    pulls = plain.gradients([layer[None] for layer in weights], x[None], y[None])
    after = tuple(w - 0.3 * pull[0] for w, pull in zip(weights, pulls, strict=True))
    gradient = (x @ end_to_end(weights).T - y).T @ x / 5
    said = theory.imbalance_step(weights, gradient, 0.3)
    for new, old, change in zip(
        imbalance(after), imbalance(weights), said, strict=True
    ):
        np.testing.assert_allclose(new - old, change, atol=1e-10 * (1 + new.max() ** 2))


@pytest.mark.parametrize("sizes", [(3, 4, 2), (3, 3, 3, 2), (2, 3, 3, 3, 2)])
def test_the_drift_is_the_mean_step_over_all_batches(sizes):
    _, _, weights, noise, pulls = problem(sizes)
    steps = [
        theory.imbalance_step(weights, pull.reshape(sizes[-1], sizes[0]), 0.1)
        for pull in pulls
    ]
    said = theory.imbalance_drift(weights, noise, 0.1, 1.0)
    for mean, one in zip(zip(*steps, strict=True), said, strict=True):
        np.testing.assert_allclose(np.mean(mean, axis=0), one, atol=1e-14)


def test_two_layers_have_the_traces_of_the_noise():
    _, _, (first, second), noise, _ = problem((3, 4, 2))
    blocks = noise.reshape(2, 3, 2, 3)
    over_outputs = np.einsum("aiaj->ij", blocks)
    over_inputs = np.einsum("aibi->ab", blocks)
    # Layers without orthogonal rows, so that the traces are not all alike.
    first, second = first * np.array([[1.0], [2], [3], [4]]), 2 * second
    (said,) = theory.imbalance_drift((first, second), noise, 0.1, 0.3)
    expected = first @ over_outputs @ first.T - second.T @ over_inputs @ second
    np.testing.assert_allclose(said, 0.1**2 * 0.3 * expected, atol=1e-15)


@pytest.mark.parametrize("sizes", [(3, 4, 2), (3, 3, 3, 2)])
def test_white_noise_is_the_noise_of_labels(sizes):
    inputs, _, weights, _, _ = problem(sizes)
    xx = inputs.T @ inputs / N
    noise = 0.6**2 * np.kron(np.eye(2), xx)
    heat = theory.temperature(0.1, 0.3, 0.6)
    for one, two in zip(
        theory.white_imbalance_drift(weights, xx, 0.1, heat),
        theory.imbalance_drift(weights, noise, 0.1, 0.3),
        strict=True,
    ):
        np.testing.assert_allclose(one, two, atol=1e-15)


def drifted(rate, replicas):
    """Measured change per step over the one said, along the latter."""
    inputs, targets, weights, noise, _ = problem((3, 3, 2))
    (said,) = theory.imbalance_drift(weights, noise, rate, 1.0)
    (start,) = imbalance(weights)
    steps = round(2 / rate)
    run = plain.sgd(
        weights,
        inputs,
        targets,
        np.random.default_rng(3),
        rate=rate,
        batch=1,
        steps=steps,
        replicas=replicas,
    )
    *_, (first, second) = run
    moved = second.transpose(0, 2, 1) @ second - first @ first.transpose(0, 2, 1)
    return ((moved - start) * said).sum(axis=(1, 2)) / (steps * (said**2).sum())


def test_sgd_drifts_as_said_in_the_limit_of_small_rates():
    coarse, middle, fine = (drifted(rate, 2000) for rate in (0.01, 0.005, 0.0025))
    errors = [seen.mean() - 1 for seen in (coarse, middle, fine)]
    np.testing.assert_allclose(np.divide(errors[:2], errors[1:]), 2, rtol=0.25)
    limit = (8 * fine - 6 * middle + coarse) / 3  # free of the first and second order
    assert abs(plain.z_of(limit, 1)) < 4
    assert abs(plain.z_of(limit, 2)) > 10
    assert abs(plain.z_of(limit, -1)) > 10  # the other sign of the imbalance


@pytest.mark.parametrize("width", [2, 5])
def test_balanced_by_noise_the_layers_have_their_product_and_no_drift(width):
    inputs, *_ = problem((4, 5, 2))
    xx = inputs.T @ inputs / N
    product = np.random.default_rng(1).normal(size=(2, 4))
    layers = theory.noise_balanced_layers(product, xx, width)
    np.testing.assert_allclose(end_to_end(layers), product, atol=1e-12)
    (drift,) = theory.white_imbalance_drift(layers, xx, 0.1, 1.0)
    np.testing.assert_allclose(drift, 0, atol=1e-12)
    white = theory.noise_balanced_layers(product, 1.3 * np.eye(4), width)
    s1, s2 = (np.linalg.svd(layer, compute_uv=False)[:2] for layer in white)
    np.testing.assert_allclose(s1**2 / s2**2, 4 / 2)
    (off,) = theory.white_imbalance_drift((2 * layers[0], layers[1] / 2), xx, 0.1, 1.0)
    (on,) = imbalance((2 * layers[0], layers[1] / 2))
    assert np.trace(on @ off) < 0 < np.trace(off)  # a first layer too large shrinks


def test_bad_input_is_refused():
    inputs, _, weights, noise, _ = problem((3, 4, 2))
    xx = inputs.T @ inputs / N
    with pytest.raises(ValueError, match=r"`gradient` must be \(k, d\) = \(2, 3\)"):
        theory.imbalance_step(weights, np.ones((3, 2)), 0.1)
    with pytest.raises(ValueError, match="a single layer has no imbalance"):
        theory.imbalance_step(weights[:1], np.ones((4, 3)), 0.1)
    with pytest.raises(ValueError, match=r"`gradient_noise` must be \(6, 6\)"):
        theory.imbalance_drift(weights, noise[:4, :4], 0.1, 0.1)
    with pytest.raises(ValueError, match="`temperature` must be finite"):
        theory.white_imbalance_drift(weights, xx, 0.1, -1.0)
    with pytest.raises(ValueError, match="`width` must be at least 2"):
        theory.noise_balanced_layers(end_to_end(weights), xx, 1)
    with pytest.raises(ValueError, match="full rank 3, but has rank 1"):
        theory.noise_balanced_layers(end_to_end(weights), np.ones((3, 3)), 3)

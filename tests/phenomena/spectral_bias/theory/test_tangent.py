from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import plain_training as plain
import pytest

from linnet.network import IsotropicFirstLayer, flatten
from linnet.phenomena.spectral_bias import theory
from linnet.phenomena.spectral_bias.theory import tangent

INPUTS, TARGETS = plain.samples(7, n=20, d=5, k=3)
MOMENTS = plain.moments(7, n=20, d=5, k=3)
SIZES = (5, 6, 3)


@cache
def trained():
    start = IsotropicFirstLayer(0.3).weights(SIZES, np.random.default_rng(0))
    return plain.flow(start, MOMENTS, [300.0])[-1]


def hessian(layers):
    """Of the mean loss over the samples, by automatic differentiation."""

    def loss(flat):
        first, second = flat[:30].reshape(6, 5), flat[30:].reshape(3, 6)
        return ((INPUTS @ (second @ first).T - TARGETS) ** 2).sum() / 40

    return np.asarray(jax.hessian(loss)(jnp.asarray(flatten(layers))))


@pytest.mark.usefixtures("x64")
def test_the_spectrum_at_the_minimizer_is_that_of_the_hessian():
    layers = trained()
    seen = np.linalg.eigvalsh(hessian(layers))[::-1]
    said = theory.sharpness_spectrum(layers, MOMENTS, 15)
    # The rest of the loss's gradient, which the flow leaves, is what differs.
    np.testing.assert_allclose(said, seen[:15], atol=1e-7 * seen[0])
    np.testing.assert_allclose(seen[15:], 0, atol=1e-7 * seen[0])


def test_lanczos_agrees_with_the_blocks(monkeypatch):
    layers = trained()
    blocks = theory.sharpness_spectrum(layers, MOMENTS, 6)
    monkeypatch.setattr(tangent, "DENSE", 1)
    np.testing.assert_allclose(
        theory.sharpness_spectrum(layers, MOMENTS, 6), blocks, rtol=1e-10
    )


def test_the_operator_is_the_velocity_of_the_product():
    layers = plain.layers(SIZES, 1)
    gradient = np.random.default_rng(0).normal(size=(3, 5))
    step = 1e-6
    first = layers[0] - step * layers[1].T @ gradient
    second = layers[1] - step * gradient @ layers[0].T
    moved = (second @ first - layers[1] @ layers[0]) / step
    said = theory.tangent_operator(layers, gradient)
    np.testing.assert_allclose(-moved, said, atol=1e-5)


def test_its_spectrum_holds_all_sums():
    layers = plain.layers(SIZES, 1)
    columns = [
        theory.tangent_operator(layers, unit.reshape(3, 5)).ravel()
        for unit in np.eye(15)
    ]
    seen = np.linalg.eigvalsh(np.array(columns))[::-1]
    np.testing.assert_allclose(theory.tangent_spectrum(layers), seen, atol=1e-12)


def test_the_sharpness_is_that_of_the_closed_curvature():
    said = theory.curvature(MOMENTS, 0.3).sharpness
    found = theory.sharpness_spectrum(trained(), MOMENTS, 1)[0]
    assert found == pytest.approx(said, rel=1e-9)


def test_bad_input_is_refused():
    layers = plain.layers(SIZES, 1)
    with pytest.raises(ValueError, match=r"must be \(k, d\) = \(3, 5\), but has shape"):
        theory.tangent_operator(layers, np.ones((5, 3)))
    with pytest.raises(ValueError, match="must be two layers, but holds 1"):
        theory.tangent_spectrum(layers[:1])
    for count in (0, 16):
        with pytest.raises(ValueError, match=r"must lie in \[1, k d\] = \[1, 15\]"):
            theory.sharpness_spectrum(layers, MOMENTS, count)
    with pytest.raises(ValueError, match="must have 4 inputs"):
        theory.sharpness_spectrum(layers, plain.moments(0, d=4, k=3), 1)

import jax
import jax.numpy as jnp
import numpy as np
import plain_training as plain
import pytest

from linnet.network import flatten
from linnet.phenomena.spectral_bias import measure

INPUTS, TARGETS = plain.samples(7, n=20, d=4, k=3)
MOMENTS = plain.moments(7, n=20, d=4, k=3)


@pytest.mark.usefixtures("x64")
def test_differences_give_the_hessian_of_automatic_differentiation():
    def loss(flat):
        first, second = flat[:20].reshape(5, 4), flat[20:].reshape(3, 5)
        return ((INPUTS @ (second @ first).T - TARGETS) ** 2).sum() / 40

    layers = plain.layers((4, 5, 3), 1)  # far from any minimizer
    seen = measure.loss_hessian(layers, MOMENTS)
    said = np.asarray(jax.hessian(loss)(jnp.asarray(flatten(layers))))
    np.testing.assert_allclose(seen, said, atol=1e-12 * np.abs(said).max())


def test_the_hessian_of_one_layer_is_the_input_moment_for_every_output():
    seen = measure.loss_hessian((np.ones((3, 4)),), MOMENTS)
    np.testing.assert_allclose(seen, np.kron(np.eye(3), MOMENTS.xx), atol=1e-12)


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="must be one or two layers, for which"):
        measure.loss_hessian(plain.layers((4, 5, 5, 3), 1), MOMENTS)
    with pytest.raises(ValueError, match="must not vanish, but does: no scale"):
        measure.loss_hessian((np.zeros((3, 4)),), MOMENTS)

import numpy as np
import plain_training as plain
import pytest
from hypothesis import given, strategies as st

from linnet.phenomena.spectral_bias import measure

SIZES = {1: (4, 3), 2: (4, 5, 3), 3: (4, 5, 2, 3)}
depths = pytest.mark.parametrize("depth", SIZES)


@depths
def test_the_product_moves_as_its_layers_do(depth):
    layers, moments = plain.layers(SIZES[depth], 1), plain.moments(0, d=4, k=3)
    slope = plain.product(layers, 4) @ moments.xx - moments.yx
    step = 1e-6
    moved = plain.moved(layers, plain.gradients(layers, moments), step)
    seen = (plain.product(moved, 4) - plain.product(layers, 4)) / step
    said = measure.product_velocity(layers, slope)
    np.testing.assert_allclose(said, seen, atol=1e-4 * np.abs(seen).max())


def test_the_frame_tells_speeds_pulls_and_mobilities():
    # A flow of known mobilities: 2 for the symmetric part, 3 for the other.
    pull = np.array([[1.0, 0.5], [0.2, -1.0]])
    even, odd = (pull + pull.T) / 2, (pull - pull.T) / 2
    found = measure.frame_motion(np.diag([2.0, 1.0]), -2 * even - 3 * odd, pull)
    np.testing.assert_array_equal(found.sigma, [2, 1])
    np.testing.assert_array_equal(found.pull, [1, -1])
    np.testing.assert_array_equal(found.speed, [-2, 2])
    off = ~np.eye(2, dtype=bool)
    np.testing.assert_allclose(found.symmetric[off], 2)
    np.testing.assert_allclose(found.antisymmetric[off], 3)
    assert np.isnan(np.diag(found.symmetric)).all()


@given(seed=st.integers(0, 2**32 - 1))
def test_a_turned_frame_tells_the_same(seed):
    rng = np.random.default_rng(seed)
    product, velocity, gradient = rng.normal(size=(3, 3, 4))
    left, right = (np.linalg.qr(rng.normal(size=(n, n)))[0] for n in (3, 4))
    plain_one = measure.frame_motion(product, velocity, gradient)
    turned = measure.frame_motion(
        *(left @ part @ right for part in (product, velocity, gradient))
    )
    np.testing.assert_allclose(turned.sigma, plain_one.sigma, rtol=1e-10)
    np.testing.assert_allclose(turned.speed, plain_one.speed, atol=1e-8)
    np.testing.assert_allclose(turned.pull, plain_one.pull, atol=1e-8)


@depths
def test_the_kernel_moves_as_its_matrix_does(depth):
    before, after = plain.layers(SIZES[depth], 1), plain.layers(SIZES[depth], 2)

    def kernel(layers):
        units = np.eye(12).reshape(12, 3, 4)
        columns = [-measure.product_velocity(layers, unit).ravel() for unit in units]
        return np.array(columns)

    old, new = kernel(before), kernel(after)
    found = measure.kernel_movement(before, after)
    distance = np.linalg.norm(new - old) / np.linalg.norm(old)
    assert found.distance == pytest.approx(distance, abs=1e-7)
    cosine = (old * new).sum() / np.linalg.norm(old) / np.linalg.norm(new)
    assert found.cosine == pytest.approx(cosine, rel=1e-12)


def test_a_change_of_scale_turns_no_kernel():
    layers = plain.layers((4, 5, 3), 1)
    found = measure.kernel_movement(layers, tuple(2 * layer for layer in layers))
    assert found.cosine == pytest.approx(1)
    assert found.distance == pytest.approx(3)  # two layers: the kernel grows by four


def test_bad_input_is_refused():
    layers = plain.layers((4, 5, 3), 1)
    with pytest.raises(ValueError, match=r"the shape of the product, \(3, 4\), but"):
        measure.product_velocity(layers, np.ones((4, 3)))
    with pytest.raises(ValueError, match="must have one shape, but have"):
        measure.frame_motion(np.ones((2, 3)), np.ones((2, 3)), np.ones((3, 2)))
    with pytest.raises(ValueError, match="must be one network at two times"):
        measure.kernel_movement(layers, plain.layers((4, 6, 3), 1))
    with pytest.raises(ValueError, match="it sits on a saddle"):
        measure.kernel_movement(tuple(0 * layer for layer in layers), layers)

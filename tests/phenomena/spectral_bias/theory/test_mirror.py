import numpy as np
import plain_training as plain
import pytest
from hypothesis import given, strategies as st

from linnet.network import IsotropicFirstLayer, OrthogonalLayers
from linnet.phenomena.spectral_bias import theory

SIZES = (4, 9, 3)
SHAPES = [(IsotropicFirstLayer(0.1), 0.05), (OrthogonalLayers(0.1), 0.1)]


def on_the_way(shape):
    """A product in the middle of training, its velocity and its gradient."""
    moments = plain.moments(3, n=20, d=4, k=3)
    start = shape.weights(SIZES, np.random.default_rng(1))
    first, second = plain.flow(start, moments, [1.5])[-1]
    product = second @ first
    gradient = product @ moments.xx - moments.yx
    velocity = -(second @ second.T @ gradient + gradient @ first.T @ first)
    return moments, product, gradient, velocity


@pytest.mark.parametrize(("shape", "delta"), SHAPES)
def test_singular_values_move_as_the_mirror_flow_says(shape, delta):
    moments, product, _, velocity = on_the_way(shape)
    left, _, right = np.linalg.svd(product, full_matrices=False)
    seen = np.einsum("ai,ab,ib->i", left, velocity, right)
    said = theory.singular_value_velocity(product, moments, delta)
    np.testing.assert_allclose(said, seen, rtol=1e-8)  # the accuracy of the flow
    wrong = theory.singular_value_velocity(product, moments, 2 * delta)
    assert np.abs(wrong / seen - 1).max() > 1e-3


@pytest.mark.parametrize(("shape", "delta"), SHAPES)
def test_the_matrix_turns_faster_than_the_mirror_flow_by_the_defect(shape, delta):
    _, product, gradient, velocity = on_the_way(shape)
    left, sigma, right = np.linalg.svd(product, full_matrices=False)
    moved, pull = left.T @ velocity @ right.T, left.T @ gradient @ right.T
    u = np.arcsinh(sigma / delta)
    off = ~np.eye(len(sigma), dtype=bool)
    slow = theory.mirror_mobility(sigma, delta)
    fast = theory.mirror_defect(sigma, delta)
    for sign, mobility, ratio in zip((1, -1), slow, fast, strict=True):
        # Mobility of the mirror flow: divided differences of its inverse map.
        steps = 2 * (sigma[:, None] - sign * sigma)[off] / (u[:, None] - sign * u)[off]
        np.testing.assert_allclose(mobility[off], steps, rtol=1e-10)
        parts = [(part + sign * part.T)[off] for part in (moved, pull)]
        seen = -parts[0] / parts[1] / steps
        np.testing.assert_allclose(ratio[off], seen, rtol=1e-7)
        assert (ratio[off] > 1.001).all()


def test_the_entropy_has_the_two_norms_as_its_limits():
    sigma = np.array([0.3, 1.0, 4.0])
    wide = theory.hyperbolic_entropy(sigma, 1e8)
    np.testing.assert_allclose(wide, sigma**2 / 2e8, rtol=1e-14)
    narrow = theory.hyperbolic_entropy(sigma, 1e-12)
    said = sigma * np.log(2 * sigma / 1e-12) - sigma
    np.testing.assert_allclose(narrow, said, rtol=1e-12)


@given(sigma=st.floats(1e-3, 1e3), delta=st.floats(1e-3, 1e3))
def test_the_slope_of_the_entropy_is_the_mirror_map(sigma, delta):
    step = 1e-4 * sigma
    ends = theory.hyperbolic_entropy(np.array([sigma - step, sigma + step]), delta)
    slope = (ends[1] - ends[0]) / (2 * step)
    # A central difference: error (step / scale)^2 / 6, and rounding of the values.
    rounding = 4e-16 * ends[1] / step
    assert abs(slope - np.arcsinh(sigma / delta)) <= 1e-8 * slope + rounding


@given(
    sigma=st.lists(st.floats(0, 1e6), min_size=1, max_size=5),
    delta=st.floats(1e-9, 1e6),
)
def test_the_defect_is_symmetric_and_at_least_one(sigma, delta):
    for ratio in theory.mirror_defect(np.array(sigma), delta):
        np.testing.assert_array_equal(ratio, ratio.T)
        assert (ratio >= 1).all()


def test_bad_input_is_refused():
    moments = plain.moments(0)
    with pytest.raises(ValueError, match="`delta` must be positive and finite"):
        theory.hyperbolic_entropy(1.0, 0.0)
    with pytest.raises(ValueError, match="`sigma` must be finite and >= 0"):
        theory.hyperbolic_entropy(-1.0, 1.0)
    for law in (theory.mirror_defect, theory.mirror_mobility):
        with pytest.raises(ValueError, match="`delta` must be positive and finite"):
            law(np.ones(2), -1.0)
    with pytest.raises(ValueError, match="`delta` must be finite and >= 0"):
        theory.singular_value_velocity(np.ones((2, 4)), moments, -1.0)
    with pytest.raises(ValueError, match=r"`product` must be \(k, d\) = \(2, 4\)"):
        theory.singular_value_velocity(np.ones((2, 3)), moments, 1.0)

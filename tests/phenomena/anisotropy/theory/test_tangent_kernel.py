import numpy as np
import plain_spike
import plain_training
import pytest
from hypothesis import given, strategies as st

from linnet.phenomena.anisotropy.theory import (
    half_time,
    silent_alignment_angle,
    spike_plane,
    tangent_matrix,
)


def plain_kernel(weights):
    first, second = weights
    return (second**2).sum() * np.eye(first.shape[1]) + first.T @ first


@pytest.mark.parametrize("imbalance", [-2.0, 0.0, 0.7])
def test_the_kernel_is_that_of_both_layers(imbalance):
    w = np.array([0.3, -0.8, 0.1, 0.5])
    size = np.linalg.norm(w)
    weights = plain_spike.in_line(w / size, size, imbalance=imbalance)
    found = tangent_matrix(w, imbalance)
    np.testing.assert_allclose(found, plain_kernel(weights), rtol=1e-12)


def test_the_kernel_is_the_product_of_gradients():
    w = np.array([0.3, -0.8])
    weights = plain_spike.in_line(w / np.linalg.norm(w), np.linalg.norm(w), width=2)

    def output(vector, x):
        return vector[4:] @ vector[:4].reshape(2, 2) @ x

    here = np.concatenate([layer.ravel() for layer in weights])
    step = 1e-6 * np.eye(6)
    slopes = [
        [(output(here + row, x) - output(here - row, x)) / 2e-6 for row in step]
        for x in np.eye(2)
    ]
    np.testing.assert_allclose(
        np.array(slopes) @ np.array(slopes).T, tangent_matrix(w), rtol=1e-8
    )


def test_kernels_of_a_grid_are_those_of_its_points():
    w = np.arange(1.0, 13.0).reshape(2, 2, 3)
    grid = tangent_matrix(w, np.array([0.5, -1e8]))
    assert grid.shape == (2, 2, 3, 3)
    one = tangent_matrix(w[1, 1], -1e8)
    np.testing.assert_allclose(grid[1, 1], one, rtol=1e-14)
    # The small part survives beside the large one.
    across = np.linalg.svd(w[1, 1][None])[2][1]
    size = w[1, 1] @ w[1, 1]
    np.testing.assert_allclose(
        tangent_matrix(w[1, 1], -1e5).trace(), 2 * size / 1e5 + 1e5 + size / 1e5 * 2,
        rtol=1e-6,
    )  # fmt: skip
    assert across @ tangent_matrix(w[1, 1], -1e5) @ across < 1e-1


@pytest.mark.parametrize(("rho", "cosine"), [(10.0, 0.3), (3.0, 0.8), (-0.7, 0.6)])
def test_the_kernel_turns_by_the_angle_between_both_phases(rho, cosine):
    moments = plain_spike.spiked(rho, cosine, d=3)
    axes = plain_spike.plane_axes(moments)
    plane = spike_plane(rho, cosine)
    start = 1e-6
    early = half_time(plane, start) / 2  # still far below the corner
    times = np.array([early, early + 60.0])
    path = plain_training.flow(
        plain_spike.in_line(axes[0], start), moments, np.append(0.0, times)
    )
    tops = [np.linalg.eigh(plain_kernel(weights))[1][:, -1] for weights in path[1:]]
    turned = np.arccos(min(abs(tops[0] @ tops[1]), 1.0))
    expected = silent_alignment_angle(plane)
    np.testing.assert_allclose(turned, expected, atol=3e-3)
    assert expected > 0.1
    np.testing.assert_allclose(silent_alignment_angle(moments), expected, rtol=1e-10)


@given(rho=st.floats(-0.9, 1e3), cosine=st.floats(-1, 1), size=st.floats(0.1, 10))
def test_the_angle_is_the_arc_cosine_of_the_part_along_the_first_axis(
    rho, cosine, size
):
    plane = spike_plane(rho, cosine, size)
    part = np.minimum(plane.teacher[0] / size, 1.0)
    angle = silent_alignment_angle(plane)
    np.testing.assert_allclose(np.cos(angle), part, atol=1e-14)
    if plane.dimensions == 1:
        assert angle == 0


def test_a_network_that_is_zero_has_no_kernel_direction():
    with pytest.raises(ValueError, match="`end_to_end` must not be zero"):
        tangent_matrix(np.zeros(3))
    with pytest.raises(ValueError, match="`end_to_end` must be finite, but is nan"):
        tangent_matrix(np.array([np.nan, 1.0]))
    with pytest.raises(ValueError, match="`imbalance` must be finite, but is inf"):
        tangent_matrix(np.ones(2), np.inf)

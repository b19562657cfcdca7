import numpy as np
import plain_spike
import plain_training
import pytest

from linnet.phenomena.anisotropy.theory import (
    balanced_sharpness,
    corner,
    decayed_solution,
    modes_of_data,
    plateau_ratio,
    silent_alignment_angle,
    spike_plane,
    task_modes,
)
from linnet.task import Moments


@pytest.mark.parametrize("rho", [-0.5, 0.0, 4.0])
def test_modes_of_a_plane_rebuild_it(rho):
    grid = spike_plane(rho, np.array([-0.3, 0.0, 0.8]), 1.7)
    modes = task_modes(grid)
    rebuilt = np.einsum("gim,gm,gjm->gij", modes.basis, modes.eigenvalues, modes.basis)
    np.testing.assert_allclose(rebuilt, grid.moment, atol=1e-13)
    drive = np.einsum("gim,gm->gi", modes.basis, modes.drive)
    np.testing.assert_allclose(drive, np.stack([grid.drive, 0 * rho * grid.drive], -1),
                               atol=1e-13)  # fmt: skip
    teacher = np.einsum("gim,gm->gi", modes.basis, modes.teacher)
    np.testing.assert_allclose(teacher, grid.teacher, atol=1e-13)
    np.testing.assert_allclose(modes.norm, 1.7)


def test_modes_of_moments_agree_with_those_of_the_plane():
    modes = task_modes(plain_spike.spiked(4.0, 0.3, d=2))
    plane = task_modes(spike_plane(4.0, 0.3))
    np.testing.assert_allclose(modes.eigenvalues, plane.eigenvalues)
    np.testing.assert_allclose(np.abs(modes.drive), np.abs(plane.drive))


def test_every_formula_takes_modes_of_data_for_data():
    inputs, targets = plain_training.samples(2, n=3, d=6, k=1)
    moments, modes = Moments.of_data(inputs, targets), modes_of_data(inputs, targets)
    for ask in (corner, plateau_ratio, balanced_sharpness, silent_alignment_angle):
        np.testing.assert_allclose(ask(modes), ask(moments), rtol=1e-9)
    found = decayed_solution(modes, [0.01, 0.1]).end_to_end
    expected = decayed_solution(moments, [0.01, 0.1]).end_to_end
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_directions_without_variance_are_left_out():
    moments = plain_training.moments(2, n=3, d=6, k=1)
    modes = task_modes(moments)
    assert modes.basis.shape == (6, 3)
    teacher = modes.basis @ modes.teacher
    np.testing.assert_allclose(teacher, moments.minimizer().end_to_end[0], rtol=1e-9)


def test_several_outputs_and_no_correlation_are_refused():
    with pytest.raises(ValueError, match="must have one output, but has 3"):
        task_modes(Moments(np.eye(2), np.ones((3, 2)), np.eye(3)))
    with pytest.raises(ValueError, match="`yx` that is not zero, but all of it is"):
        task_modes(Moments(np.eye(2), np.zeros((1, 2)), np.eye(1)))


def test_what_is_no_task_is_refused_by_its_type():
    message = (
        "`task` must be of type Plane, Moments or InputModes, but is of type float"
    )
    with pytest.raises(TypeError, match=message):
        task_modes(10.0)

import numpy as np
import pytest
from hypothesis import given, strategies as st

from linnet.phenomena.anisotropy.theory import spike_plane

STRENGTHS = st.floats(-0.99, 1e4)
COSINES = st.floats(-1, 1)


def plain(rho, cosine, size):
    """Covariance and teacher in the basis of spike and rest, nothing clever."""
    covariance = np.diag([1 + rho, 1.0])
    return covariance, size * np.array([cosine, np.sqrt(1 - cosine**2)])


@given(rho=STRENGTHS, cosine=COSINES, size=st.floats(1e-3, 1e3))
def test_the_plane_is_that_of_spike_and_teacher(rho, cosine, size):
    plane = spike_plane(rho, cosine, size)
    covariance, beta = plain(rho, cosine, size)
    scale = 1 + abs(rho)
    np.testing.assert_allclose(plane.axes @ plane.axes.T, np.eye(2), atol=1e-12)
    turned = plane.axes @ covariance @ plane.axes.T
    np.testing.assert_allclose(plane.moment, turned, atol=1e-12 * scale)
    np.testing.assert_allclose(plane.teacher, plane.axes @ beta, atol=1e-10 * size)
    drive = np.linalg.norm(covariance @ beta)
    np.testing.assert_allclose(plane.drive, drive, rtol=1e-10)
    np.testing.assert_allclose(
        plane.moment @ plane.teacher, [drive, 0], atol=1e-10 * scale * drive
    )
    assert plane.teacher[1] >= 0
    np.testing.assert_allclose(np.linalg.det(plane.moment), 1 + rho, rtol=1e-7)
    np.testing.assert_allclose(plane.signal_power, beta @ covariance @ beta, rtol=1e-10)


@pytest.mark.parametrize(("rho", "cosine"), [(0, 0.3), (5, 0), (5, 1), (5, -1)])
def test_there_is_one_dimension_where_spike_and_teacher_leave_only_one(rho, cosine):
    plane = spike_plane(rho, cosine, 2.0)
    assert plane.dimensions == 1
    assert plane.teacher[1] == 0
    moments = plane.moments()
    assert moments.xx.shape == (1, 1)
    np.testing.assert_allclose(moments.minimizer().end_to_end, [[2.0]], rtol=1e-14)


def test_a_vanishing_second_dimension_keeps_its_relative_accuracy():
    tiny = 1e-12
    plane = spike_plane(3.0, tiny)
    assert plane.dimensions == 2
    np.testing.assert_allclose(plane.teacher[1], 3 * tiny, rtol=1e-12)


def test_a_plane_is_a_task_whose_solution_is_the_teacher():
    plane = spike_plane(10.0, 0.3)
    moments = plane.moments()
    np.testing.assert_allclose(moments.minimizer().end_to_end[0], plane.teacher)
    np.testing.assert_allclose(moments.minimal_loss(), 0, atol=1e-14)


def test_a_grid_of_planes_is_computed_at_once():
    rho, cosine = np.array([1.0, 10.0])[:, None], np.array([0.1, 0.5, 0.9])
    grid = spike_plane(rho, cosine)
    assert grid.moment.shape == (2, 3, 2, 2)
    assert grid.teacher.shape == (2, 3, 2)
    one = spike_plane(10.0, 0.5)
    np.testing.assert_array_equal(grid.moment[1, 1], one.moment)
    np.testing.assert_array_equal(grid.axes[1, 1], one.axes)
    with pytest.raises(ValueError, match=r"a grid of shape \(2, 3\): ask for one"):
        grid.moments()


@pytest.mark.parametrize(
    ("rho", "cosine", "size", "message"),
    [
        (-1.0, 0.5, 1.0, "`spike_strength` must be finite and > -1, but is -1"),
        (np.nan, 0.5, 1.0, "`spike_strength` must be finite and > -1, but is nan"),
        ([1.0, -2.0], 0.5, 1.0, "`spike_strength` must be finite and > -1, but is -2"),
        (1.0, 1.5, 1.0, r"`alignment` must lie in \[-1, 1\], but is 1.5"),
        (1.0, 0.5, 0.0, "`norm` must be positive and finite, but is 0"),
        (
            np.ones(3),
            [0.5, 0.6],
            1.0,
            r"must have shapes that broadcast, but are `spike_strength` \(3,\),"
            r" `alignment` \(2,\): give each grid an axis of its own",
        ),
        (1.0, 0.5, np.inf, "`norm` must be positive and finite, but is inf"),
    ],
)
def test_what_makes_no_plane_is_refused(rho, cosine, size, message):
    with pytest.raises(ValueError, match=message):
        spike_plane(rho, cosine, size)

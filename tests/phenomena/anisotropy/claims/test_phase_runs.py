import numpy as np
import pytest

from linnet.phenomena.anisotropy.claims import phase_runs


def test_axes_are_correlation_and_what_the_solution_has_beside_it():
    moments = phase_runs.task(0, 7, 4.0, 0.5, 2.0)
    axes = phase_runs.axes(moments)
    np.testing.assert_allclose(axes.T @ axes, np.eye(2), atol=1e-12)
    np.testing.assert_allclose(
        axes[:, 0] * np.linalg.norm(moments.yx), moments.yx[0], atol=1e-12
    )
    solution = moments.minimizer().end_to_end[0]
    assert np.linalg.norm(solution) == pytest.approx(2)
    np.testing.assert_allclose(axes @ (axes.T @ solution), solution, atol=1e-12)
    assert solution @ axes[:, 1] > 0


@pytest.mark.parametrize(("rho", "a"), [(0.0, 0.3), (5.0, 0.0), (5.0, 1.0)])
def test_there_is_one_axis_where_there_is_one_phase(rho, a):
    assert phase_runs.axes(phase_runs.task(0, 7, rho, a)).shape == (7, 1)


def test_levels_are_the_best_of_the_first_axis_and_the_end_of_the_second():
    moments = phase_runs.task(0, 7, 4.0, 0.5, 2.0)
    along = phase_runs.axes(moments)
    corner, end = phase_runs.levels(moments)
    least = moments.excess_risk(corner * along[:, :1].T)
    for other in (0.99, 1.01):
        assert moments.excess_risk(other * corner * along[:, :1].T) > least
    assert end == pytest.approx(moments.minimizer().end_to_end[0] @ along[:, 1])
    assert len(phase_runs.levels(phase_runs.task(0, 7, 0.0, 0.3))) == 1

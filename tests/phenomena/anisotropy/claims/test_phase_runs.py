import itertools

import numpy as np
import pytest

from linnet.network import end_to_end
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


@pytest.mark.parametrize("depth", [1, 2, 3, 4])
def test_chains_are_balanced_and_have_the_product_asked_for(depth):
    vector = np.array([0.3, -0.1, 0.2])
    layers = phase_runs.chain(0, vector, depth, 5)
    assert len(layers) == depth
    np.testing.assert_allclose(end_to_end(layers)[0], vector, atol=1e-14)
    for below, above in itertools.pairwise(layers):
        np.testing.assert_allclose(above.T @ above, below @ below.T, atol=1e-14)


@pytest.mark.parametrize("delta", [-1.0, 0.0, 1.0])
@pytest.mark.parametrize("length", [1e-6, 0.5])
def test_tilted_layers_have_product_and_imbalance_asked_for(delta, length):
    vector = length * np.array([0.6, 0.8])
    first, last = phase_runs.tilted(0, vector, delta, 4)
    np.testing.assert_allclose((last @ first)[0], vector, rtol=1e-12)
    assert np.sum(last**2) - np.sum(first**2) == pytest.approx(delta, abs=1e-12)


def test_draws_are_independent_and_the_same_for_the_same_seed():
    one, other = (phase_runs.gaussian(s, 2, 3, 4, 1.0) for s in (0, 1))
    again = phase_runs.gaussian(0, 2, 3, 4, 1.0)
    assert (one[0] == again[0]).all()
    assert not np.allclose(one[0], other[0])
    assert not np.allclose(one[0][0], one[0][1])
    assert phase_runs.one_draw(one, 1)[1].shape == (1, 3)

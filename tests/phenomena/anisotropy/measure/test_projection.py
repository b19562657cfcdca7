import numpy as np
import pytest
from hypothesis import given, strategies as st

from linnet.numerics import krylov_basis
from linnet.phenomena.anisotropy import measure


def some_basis(seed=0, d=12):
    rng = np.random.default_rng(seed)
    matrix = np.diag(np.r_[9.0, 4.0, np.ones(d - 2)])
    return krylov_basis(matrix, rng.normal(size=d)), rng


@given(seed=st.integers(0, 2**32 - 1))
def test_squares_inside_and_outside_add_up(seed):
    basis, rng = some_basis(seed)
    path = rng.normal(size=(5, 2, 12))
    found = measure.project(path, basis)
    assert found.coordinates.shape == (5, 2, basis.vectors.shape[1])
    total = (found.coordinates**2).sum(-1) + found.outside**2
    np.testing.assert_allclose(total, (path**2).sum(-1), rtol=1e-10)


def test_planted_coordinates_come_back():
    basis, rng = some_basis()
    planted = rng.normal(size=(7, 3))
    away = rng.normal(size=12)
    away = away - basis.vectors @ (basis.vectors.T @ away)
    found = measure.project(planted @ basis.vectors.T + away, basis.vectors)
    np.testing.assert_allclose(found.coordinates, planted, atol=1e-12)
    np.testing.assert_allclose(found.outside, np.linalg.norm(away), rtol=1e-10)


def test_nothing_lies_outside_of_nothing():
    basis, _ = some_basis()
    found = measure.project(np.zeros((3, 12)), basis)
    np.testing.assert_array_equal(found.outside_share, 0)


@pytest.mark.parametrize(
    ("path", "columns", "message"),
    [
        (np.ones((3, 4)), np.eye(5), "of one dimension"),
        (np.full((3, 5), np.nan), np.eye(5), "must be finite"),
        (np.ones((3, 5)), 2 * np.eye(5), "orthonormal columns"),
    ],
)
def test_what_does_not_fit_is_refused(path, columns, message):
    with pytest.raises(ValueError, match=message):
        measure.project(path, columns)

import numpy as np
import pytest

from linnet.numerics import leading_pairs
from linnet.numerics.block_krylov import rayleigh_ritz


def _matrix(values, seed=0):
    rng = np.random.default_rng(seed)
    basis = np.linalg.qr(rng.standard_normal((len(values),) * 2))[0]
    return basis * values @ basis.T


def _found(
    matrix, count, width, *, seed=1, most=3000, dtype=np.float64, dimension=None
):
    matrix = matrix.astype(dtype)
    size = len(matrix)
    start = np.random.default_rng(1).standard_normal((size, width)).astype(dtype)
    return leading_pairs(
        lambda x: matrix @ x,
        start,
        count,
        dimension=size,
        tolerance=1e-10 if dtype == np.float64 else 1e-6,
        most_products=most,
    )


def _ranked(values, count):
    return values[np.argsort(-np.abs(values), kind="stable")][:count]


SPECTRA = {
    "fast": 0.5 ** np.arange(300.0) * np.where(np.arange(300) % 3 == 1, -1, 1),
    "slow": (1 + np.arange(300.0)) ** -0.5 * np.where(np.arange(300) % 4 == 2, -1, 1),
    "even": np.linspace(-1, 0.99, 300),
}


@pytest.mark.parametrize("width", [1, 2, 16])
@pytest.mark.parametrize("name", list(SPECTRA))
def test_pairs_are_those_of_a_dense_solve(name, width):
    found = _found(_matrix(SPECTRA[name]), 8, width)
    expected = _ranked(SPECTRA[name], 8)
    np.testing.assert_allclose(found.values, expected, atol=1e-12)
    assert found.residuals().max() < 1e-9
    unit = found.vectors.T @ found.vectors
    np.testing.assert_allclose(unit, np.eye(8), atol=1e-12)


def test_a_space_that_starts_again_still_converges():
    # 700 evenly spaced values need far more vectors than the space has room for.
    values = np.linspace(-1, 0.99, 700)
    found = _found(_matrix(values), 5, 1)
    assert found.products > 200
    np.testing.assert_allclose(found.values, _ranked(values, 5), atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("width", [1, 16])
def test_all_copies_of_an_eigenvalue_are_found(width, dtype):
    rng = np.random.default_rng(3)
    values = np.concatenate(
        [np.full(6, 3.0), np.full(4, -2.5), rng.uniform(-1, 1, 390)]
    )
    found = _found(_matrix(values), 10, width, dtype=dtype)
    tolerance = 1e-12 if dtype == np.float64 else 1e-5
    np.testing.assert_allclose(found.values, _ranked(values, 10), atol=tolerance)


def test_low_rank_is_exhausted_and_the_rest_is_zero():
    values = np.concatenate([[4.0, -3.0, 2.0], np.zeros(197)])
    found = _found(_matrix(values), 6, 1)
    np.testing.assert_allclose(found.values[:3], [4, -3, 2], atol=1e-12)
    np.testing.assert_allclose(found.values[3:], 0, atol=1e-12)


def test_as_many_as_the_dimension_are_found():
    values = np.array([3.0, -2.0, 1.0, 0.5, 0.25])
    found = _found(_matrix(values), 5, 2)
    np.testing.assert_allclose(found.values, values, atol=1e-13)


def test_an_early_end_tells_by_its_residuals():
    matrix = _matrix(SPECTRA["slow"])
    early, late = (_found(matrix, 5, 8, most=most) for most in (2, 12))
    assert early.products == 2
    assert early.residuals().max() > 1e-2
    assert late.residuals().max() < 1e-2 * early.residuals().max()
    exact = np.linalg.eigvalsh(matrix)
    nearest = np.abs(early.values[:, None] - exact).min(1)
    assert (nearest <= early.residuals() * (1 + 1e-9)).all()


def test_drawn_directions_stay_in_the_space():
    matrix = np.zeros((50, 50))
    matrix[:3, :3] = np.diag([3.0, 2.0, 2.0])

    def project(columns):
        return columns * (np.arange(50) < 10)[:, None]

    start = project(np.ones((50, 1)))
    found = leading_pairs(
        lambda x: matrix @ x,
        start,
        5,
        dimension=10,
        tolerance=1e-12,
        most_products=50,
        project=project,
    )
    np.testing.assert_allclose(found.values[:3], [3, 2, 2], atol=1e-12)
    assert np.abs(found.vectors[10:]).max() < 1e-12


def test_a_mixture_is_taken_apart_by_rayleigh_and_ritz():
    matrix = np.diag([5.0, -4.0, 1.0])
    columns = np.array([[1.0, 1.0], [1.0, -0.8], [0.0, 0.0]])
    found = rayleigh_ritz(columns, matrix @ columns, 1)
    np.testing.assert_allclose(found.values, [5, -4], atol=1e-14)
    assert found.residuals().max() < 1e-14

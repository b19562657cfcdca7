import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy.sparse.linalg import aslinearoperator

from linnet.numerics import krylov_basis, krylov_space

seeds = st.integers(0, 2**32 - 1)


def some_matrix(d, seed):
    rng = np.random.default_rng(seed)
    square = rng.normal(size=(d, d))
    return square @ square.T / d + np.eye(d), rng.normal(size=d)


def spikes(d, strengths, seed):
    """Unit bulk and spikes along orthonormal columns."""
    rng = np.random.default_rng(seed)
    frame = np.linalg.qr(rng.normal(size=(d, len(strengths))))[0]
    return np.eye(d) + (frame * np.array(strengths)) @ frame.T, rng.normal(size=d)


@given(d=st.integers(1, 12), seed=seeds, scale=st.floats(1e-6, 1e6))
def test_basis_is_orthonormal_and_makes_the_matrix_tridiagonal(d, seed, scale):
    matrix, start = some_matrix(d, seed)
    basis = krylov_basis(scale * matrix, start)
    u = basis.vectors
    np.testing.assert_allclose(u.T @ u, np.eye(u.shape[1]), atol=1e-12)
    expected = scale * u.T @ matrix @ u
    size = scale * np.linalg.norm(matrix)
    np.testing.assert_allclose(basis.matrix(), expected, atol=1e-12 * size)
    np.testing.assert_allclose(basis.drive * u[:, 0], start, rtol=1e-12)


def test_basis_is_gram_schmidt_of_the_powers_up_to_signs():
    matrix, start = some_matrix(9, 0)
    powers = [start]
    for _ in range(3):
        powers.append(matrix @ powers[-1])
    orthonormal = np.linalg.qr(np.array(powers).T)[0]
    basis = krylov_basis(matrix, start, most=4)
    np.testing.assert_allclose(
        np.abs(np.diag(orthonormal.T @ basis.vectors)), 1, rtol=1e-10
    )


def test_vectors_are_the_residuals_of_conjugate_gradients():
    matrix, start = some_matrix(10, 1)
    x, residual, direction = np.zeros(10), start, start
    basis = krylov_basis(matrix, start, most=5)
    for k in range(5):
        unit = residual / np.linalg.norm(residual)
        np.testing.assert_allclose(basis.vectors[:, k], unit, atol=1e-9)
        step = residual @ residual / (direction @ matrix @ direction)
        x = x + step * direction
        fresh = residual - step * matrix @ direction
        direction = fresh + (fresh @ fresh) / (residual @ residual) * direction
        residual = fresh


@given(seed=seeds)
def test_all_coordinates_of_the_solution_are_positive(seed):
    matrix, start = some_matrix(8, seed)
    basis = krylov_basis(matrix, start, most=6)
    end = basis.vectors.T @ np.linalg.solve(matrix, start)
    assert (basis.off_diagonal < 0).all()
    assert (end > 0).all()


@pytest.mark.parametrize("strengths", [[3.0], [8.0, 3.0], [8.0, 3.0, -0.6]])
def test_dimension_is_the_number_of_eigenvalues_that_carry_the_start(strengths):
    matrix, start = spikes(50, strengths, 2)
    assert krylov_basis(matrix, start).vectors.shape == (50, len(strengths) + 1)
    assert krylov_basis(matrix, matrix @ start).vectors.shape[1] == len(strengths) + 1


def test_eigenvector_has_a_basis_of_one_dimension():
    matrix, _ = spikes(20, [5.0], 3)
    start = np.linalg.eigh(matrix)[1][:, -1]
    assert krylov_basis(matrix, 1e-9 * start).vectors.shape == (20, 1)
    assert krylov_basis(np.eye(20), start).vectors.shape == (20, 1)


def test_small_eigenvalue_beside_a_large_one_is_not_lost_in_rounding():
    # Rounding of the large one is all that an eigenvector of the small one would see.
    rotation = np.linalg.qr(np.random.default_rng(4).normal(size=(30, 30)))[0]
    values = np.r_[np.full(15, 1e-7), np.full(15, 1.0)]
    matrix = (rotation * values) @ rotation.T
    matrix = (matrix + matrix.T) / 2
    assert krylov_basis(matrix, rotation[:, 0]).vectors.shape[1] == 1


def test_long_recursion_stays_orthogonal():
    values = np.r_[np.geomspace(1e-3, 1, 199), 50.0]
    basis = krylov_basis(np.diag(values), np.ones(200))
    overlap = basis.vectors.T @ basis.vectors
    np.testing.assert_allclose(overlap, np.eye(len(overlap)), atol=1e-13)
    # Without orthogonalization the large eigenvalue would come back again and again.
    found = np.linalg.eigvalsh(basis.matrix())
    assert (found > 10).sum() == 1


def test_operator_gives_what_its_array_gives():
    matrix, start = spikes(40, [6.0, 2.0], 5)
    direct = krylov_basis(matrix, start)
    through = krylov_basis(aslinearoperator(matrix), start)
    np.testing.assert_allclose(through.vectors, direct.vectors, atol=1e-10)
    np.testing.assert_allclose(through.diagonal, direct.diagonal, rtol=1e-10)


def test_most_cuts_the_same_basis():
    matrix, start = some_matrix(12, 6)
    whole, part = krylov_basis(matrix, start), krylov_basis(matrix, start, most=3)
    np.testing.assert_array_equal(part.vectors, whole.vectors[:, :3])
    np.testing.assert_array_equal(part.matrix(), whole.matrix()[:3, :3])


def test_space_of_one_start_is_that_of_the_basis():
    matrix, start = spikes(30, [4.0, 1.0], 7)
    space = krylov_space(matrix, start[:, None])
    np.testing.assert_allclose(
        np.abs(space.T @ krylov_basis(matrix, start).vectors), np.eye(3), atol=1e-9
    )


def test_space_of_several_starts_is_invariant_and_no_larger():
    # Target and p rows: at most p + 2 dimensions for one spike.
    rng = np.random.default_rng(8)
    matrix, target = spikes(40, [5.0], 8)
    starts = np.column_stack([target, rng.normal(size=(40, 3))])
    space = krylov_space(matrix, starts)
    assert space.shape == (40, 5)
    np.testing.assert_allclose(space.T @ space, np.eye(5), atol=1e-12)
    inside = space @ space.T
    np.testing.assert_allclose(inside @ matrix @ space, matrix @ space, atol=1e-9)
    np.testing.assert_allclose(inside @ starts, starts, atol=1e-9)


def test_dependent_start_adds_nothing():
    matrix, start = spikes(20, [5.0], 9)
    starts = np.column_stack([start, 2 * start, np.zeros(20), matrix @ start])
    assert krylov_space(matrix, starts).shape == (20, 2)
    assert krylov_space(matrix, starts, most=1).shape == (20, 1)


@pytest.mark.parametrize(
    ("matrix", "start", "options", "message"),
    [
        (np.eye(3), np.zeros(3), {}, "`start` must not vanish"),
        (np.eye(3), np.array([1, np.nan, 0]), {}, "`start` must be a finite vector"),
        (np.eye(3), np.ones((3, 1)), {}, "`start` must be a finite vector"),
        (np.eye(3), np.ones(4), {}, r"`matrix` must have shape \(4, 4\)"),
        (np.triu(np.ones((3, 3))), np.ones(3), {}, "`matrix` must be symmetric"),
        ([[1.0, 5.0], [0.0, 2.0]], np.ones(2), {}, "`matrix` must be symmetric"),
        (np.full((3, 3), np.inf), np.ones(3), {}, "`matrix` must be finite"),
        (np.eye(3), np.ones(3), {"most": 0}, "`most` must be a whole number >= 1"),
        (np.eye(3), np.ones(3), {"tolerance": 0.0}, r"`tolerance` must lie in \(0, 1"),
    ],
)
def test_what_has_no_basis_is_refused(matrix, start, options, message):
    with pytest.raises(ValueError, match=message):
        krylov_basis(matrix, start, **options)


def test_starts_without_a_direction_are_refused():
    with pytest.raises(ValueError, match="`starts` must not vanish"):
        krylov_space(np.eye(3), np.zeros((3, 2)))
    with pytest.raises(ValueError, match="`starts` must be finite"):
        krylov_space(np.eye(3), np.full((3, 2), np.nan))

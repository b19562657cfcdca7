import numpy as np
import pytest

from linnet.phenomena.sloppiness.measure.distances import given_distances


@pytest.fixture
def matrix() -> np.ndarray:
    points = np.random.default_rng(0).normal(size=(300, 3))
    return ((points[:, None] - points[None]) ** 2).sum(-1)


def test_a_good_matrix_is_handed_back_itself(matrix: np.ndarray):
    assert given_distances(matrix) is matrix


def test_an_asymmetric_matrix_is_refused(matrix: np.ndarray):
    matrix[270, 3] += 1
    with pytest.raises(ValueError, match=r"entries \(3, 270\) and \(270, 3\)"):
        given_distances(matrix)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_matrix_that_is_not_finite_is_refused(matrix: np.ndarray, value: float):
    matrix[290, 3] = value
    with pytest.raises(ValueError, match=r"must be finite, but entry \(290, 3\)"):
        given_distances(matrix)


def test_negative_entries_pass_only_when_told(matrix: np.ndarray):
    matrix[290, 3] = matrix[3, 290] = -1
    with pytest.raises(ValueError, match=r"must not be negative, but entry \(3, 290\)"):
        given_distances(matrix)
    assert given_distances(matrix, allow_negative=True) is matrix


def test_a_diagonal_passes_only_when_told(matrix: np.ndarray):
    matrix[290, 290] = 1
    with pytest.raises(ValueError, match=r"diagonal of zeros, but entry \(290, 290\)"):
        given_distances(matrix)
    assert given_distances(matrix, allow_diagonal=True) is matrix


@pytest.mark.parametrize("shape", [(2, 3), (4,), (0, 0)])
def test_a_matrix_that_is_not_square_is_refused(shape: tuple[int, ...]):
    with pytest.raises((ValueError, TypeError)):
        given_distances(np.zeros(shape))


def test_whole_numbers_are_refused():
    with pytest.raises((ValueError, TypeError)):
        given_distances(np.zeros((2, 2), int))

import numpy as np
import pytest

from linnet.phenomena.sloppiness.measure.tiles import (
    ArrayTiles,
    assembled,
    missing_pairs,
    tile_pairs,
    tile_rows,
)


@pytest.fixture
def matrix() -> np.ndarray:
    drawn = np.random.default_rng(0).normal(size=(7, 7))
    return drawn + drawn.T


def test_tiles_cover_the_upper_triangle_once():
    tiles = ArrayTiles(7, side=3)
    seen = np.zeros((7, 7), int)
    for i, j in tile_pairs(tiles):
        seen[tile_rows(tiles, i), tile_rows(tiles, j)] += 1
    assert (seen[np.triu_indices(7)] == 1).all()
    assert (seen[:3, 3:] == 1).all()
    assert (seen[3:, :3] == 0).all()


def test_a_matrix_goes_through_tiles_unchanged(matrix: np.ndarray):
    there, back = ArrayTiles.of(matrix, side=3), ArrayTiles(7, side=3)
    for pair in tile_pairs(there):
        back.write(*pair, there.read(*pair))
    np.testing.assert_array_equal(assembled(back), matrix)
    assert assembled(there) is matrix


def test_tiles_know_what_is_missing():
    tiles = ArrayTiles(7, side=4)
    tiles.write(0, 1, np.ones((4, 3)))
    assert missing_pairs(tiles) == [(0, 0), (1, 1)]
    with pytest.raises(ValueError, match="2 tiles are missing"):
        assembled(tiles)


def test_a_tile_below_the_diagonal_is_refused():
    with pytest.raises(ValueError, match=r"is \(1, 0\): tiles below"):
        ArrayTiles(7, side=4).write(1, 0, np.ones((3, 4)))


def test_a_block_of_the_wrong_shape_is_refused():
    with pytest.raises(ValueError, match=r"must have shape \(4, 3\), but has"):
        ArrayTiles(7, side=4).write(0, 1, np.ones((4, 4)))


def test_a_matrix_that_is_not_square_is_refused():
    with pytest.raises(ValueError, match="must be square"):
        ArrayTiles.of(np.ones((2, 3)))


@pytest.mark.parametrize(("size", "side"), [(0, 1), (1, 0)])
def test_a_matrix_without_rows_is_refused(size: int, side: int):
    with pytest.raises(ValueError, match="must be at least 1, but is 0"):
        ArrayTiles(size, side)

r"""A symmetric matrix in square tiles, which need not fit in memory at once.

Tile $(i, j)$ with $i \le j$ holds rows $i\,b, \dots$ and columns $j\,b, \dots$ of
the matrix, $b$ = `side`; tiles at the end are smaller, tiles on the diagonal are whole
squares. Tiles below the diagonal are not kept: they are transposes.
"""

from collections.abc import Iterator
from typing import Protocol

import numpy as np

DEFAULT_SIDE = 1024


class Tiles(Protocol):
    """The upper triangle of a symmetric matrix, in memory or anywhere else.

    Attributes:
        size: Rows of the matrix.
        side: Rows of a tile.
        dtype: Of the numbers kept.
    """

    @property
    def size(self) -> int: ...

    @property
    def side(self) -> int: ...

    @property
    def dtype(self) -> np.dtype: ...

    def has(self, i: int, j: int) -> bool:
        """Whether tile `(i, j)` has been written, `i <= j`."""
        ...

    def read(self, i: int, j: int) -> np.ndarray:
        """Tile `(i, j)`, `i <= j`; not to be changed."""
        ...

    def write(self, i: int, j: int, block: np.ndarray) -> None:
        """Keep `block` as tile `(i, j)`, `i <= j`."""
        ...


class ArrayTiles:
    """Tiles of one whole matrix in memory, both triangles filled.

    Example:
        >>> tiles = ArrayTiles(3, side=2)
        >>> tiles.write(0, 1, np.array([[5.0], [7.0]]))
        >>> tiles.matrix[2].tolist(), tiles.has(0, 1), tiles.has(0, 0)
        ([5.0, 7.0, 0.0], True, False)
    """

    def __init__(
        self,
        size: int,
        side: int = DEFAULT_SIDE,
        dtype: np.dtype | type = np.float64,
    ):
        check_sides(size, side)
        self.matrix = np.zeros((size, size), dtype)
        self.side = side
        self._written: set[tuple[int, int]] = set()

    @classmethod
    def of(cls, matrix: np.ndarray, side: int = DEFAULT_SIDE) -> "ArrayTiles":
        """The tiles of a symmetric matrix, without a copy."""
        if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
            raise ValueError(
                f"Argument `matrix` must be square, but has shape {matrix.shape}."
            )
        tiles = cls(1, side, matrix.dtype)
        tiles.matrix = matrix
        tiles._written = set(tile_pairs(tiles))
        return tiles

    @property
    def size(self) -> int:
        return len(self.matrix)

    @property
    def dtype(self) -> np.dtype:
        return self.matrix.dtype

    def has(self, i: int, j: int) -> bool:
        return (i, j) in self._written

    def read(self, i: int, j: int) -> np.ndarray:
        return self.matrix[tile_rows(self, i), tile_rows(self, j)]

    def write(self, i: int, j: int, block: np.ndarray) -> None:
        check_block(self, i, j, block)
        rows, columns = tile_rows(self, i), tile_rows(self, j)
        self.matrix[rows, columns] = block
        if i != j:
            self.matrix[columns, rows] = block.T
        self._written.add((i, j))


def check_sides(size: int, side: int) -> None:
    """Refuse a matrix or a tile without rows."""
    for name, value in (("size", size), ("side", side)):
        if value < 1:
            raise ValueError(f"Argument `{name}` must be at least 1, but is {value}.")


def tile_count(tiles: Tiles) -> int:
    """Tiles along one side of the matrix."""
    return -(-tiles.size // tiles.side)


def tile_pairs(tiles: Tiles) -> Iterator[tuple[int, int]]:
    """All `(i, j)` with `i <= j`, row by row."""
    count = tile_count(tiles)
    return ((i, j) for i in range(count) for j in range(i, count))


def tile_rows(tiles: Tiles, i: int) -> slice:
    """Rows of the matrix that tile row `i` covers."""
    start = i * tiles.side
    return slice(start, min(start + tiles.side, tiles.size))


def check_block(tiles: Tiles, i: int, j: int, block: np.ndarray) -> None:
    """Refuse what is not tile `(i, j)`."""
    count = tile_count(tiles)
    if not 0 <= i <= j < count:
        raise ValueError(
            f"Tile (i, j) must have 0 <= i <= j < {count}, but is ({i}, {j}): tiles"
            " below the diagonal are transposes."
        )
    shape = tuple(
        rows.stop - rows.start for rows in (tile_rows(tiles, i), tile_rows(tiles, j))
    )
    if block.shape != shape:
        raise ValueError(
            f"Argument `block` of tile ({i}, {j}) must have shape {shape}, but has"
            f" shape {block.shape}."
        )


def missing_pairs(tiles: Tiles) -> list[tuple[int, int]]:
    """Tiles that are not there yet, row by row."""
    return [pair for pair in tile_pairs(tiles) if not tiles.has(*pair)]


def assembled(tiles: Tiles) -> np.ndarray:
    """The whole matrix, in memory.

    Raises:
        ValueError: when a tile is missing.
    """
    missing = missing_pairs(tiles)
    if missing:
        raise ValueError(
            f"Argument `tiles` must be complete, but {len(missing)} tiles are missing,"
            f" the first is {missing[0]}: fill them with `distance_matrix`."
        )
    if isinstance(tiles, ArrayTiles):
        return tiles.matrix
    whole = ArrayTiles(tiles.size, tiles.side, tiles.dtype)
    for i, j in tile_pairs(tiles):
        whole.write(i, j, tiles.read(i, j))
    return whole.matrix

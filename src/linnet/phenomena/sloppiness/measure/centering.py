r"""The doubly centered matrix $W=-\frac12L\mathcal DL^\top$, never written down.

With weights $p$ that sum to one, $L = 1 - \mathbf 1p^\top$. What has eigenvalues is the
symmetric $S = c\sqrt p\,W\sqrt p$, of which $W\,\mathrm{diag}(cp)$ is the similar
matrix; $c=m$ and $p=1/m$ give $S=W$. Since $S=PBP$, with $B=-\frac c2\sqrt p\,\mathcal
D\sqrt p$ and $P=1-\sqrt p\sqrt p^\top$, a product needs the given distances only.
"""

from collections.abc import Callable

import numpy as np

from linnet.numerics.block_krylov import LeadingPairs
from linnet.phenomena.sloppiness.measure.distance_sums import (
    PANEL,
    Sums,
    panel_sums,
    refuse_not_finite,
    rows_of,
    symmetric_sums,
)
from linnet.phenomena.sloppiness.measure.tiles import (
    Tiles,
    check_block,
    missing_pairs,
    tile_count,
    tile_rows,
)
from linnet.shapes import Float

Columns = Float[np.ndarray, "m b"]
Progress = Callable[[int, int], None]

SMALL_PRODUCT = 900_000
"""Multiplications up to which BLAS takes a tall matrix as it lies, without packing it.

Packing costs as much as the product itself when columns are few.
"""

FEW = 6
"""Columns up to which the triangle, column by column, is faster than the square."""


class ArrayDistances:
    """Distances in memory, as they are: no copy, unless of another number type."""

    def __init__(self, matrix: np.ndarray) -> None:
        if matrix.dtype not in (np.dtype(np.float32), np.dtype(np.float64)):
            matrix = matrix.astype(float)
        self.matrix = matrix if matrix.flags.forc else np.ascontiguousarray(matrix)
        self.size, self.dtype = len(matrix), matrix.dtype

    def sums(self, weights: Float[np.ndarray, " m"]) -> Sums:
        """One pass, which also finds what is not finite or not symmetric."""
        rows = self.matrix if self.matrix.flags.c_contiguous else self.matrix.T
        right, squares = symmetric_sums(rows, weights, "")
        return Sums(right, np.diag(self.matrix).astype(float), squares)

    def multiply(self, columns: Columns) -> Columns:
        """In the precision of the distances; a few columns read one triangle only."""
        from scipy.linalg.blas import dsymv, ssymv

        if columns.shape[1] > FEW:
            return self.matrix @ columns
        symv = ssymv if self.dtype == np.float32 else dsymv
        # BLAS stores by columns; of a symmetric matrix the transpose is no other one.
        stored = self.matrix if self.matrix.flags.f_contiguous else self.matrix.T
        out = [symv(1.0, stored, np.ascontiguousarray(x)) for x in columns.T]
        return np.stack(out, 1)

    def multiply_precisely(self, columns: Columns) -> Columns:
        """In float64, panel by panel."""
        step = rows_of(self.size, PANEL)
        out, room = np.empty(columns.shape), np.empty((step, self.size))
        for at in range(0, self.size, step):
            panel = room[: self.size - at]
            panel[:] = self.matrix[at : at + step]
            np.matmul(panel, columns, out=out[at : at + step])
        return out


class TileDistances:
    """Distances in tiles: each is read once per product, for both triangles.

    The first product collects the sums on the way.
    """

    def __init__(
        self, tiles: Tiles, weights: Float[np.ndarray, " m"], progress: Progress | None
    ) -> None:
        missing = missing_pairs(tiles)
        if missing:
            raise ValueError(
                f"Argument `distances` must have all tiles, but {len(missing)} are"
                f" missing, the first is {missing[0]}: finish the distances first."
            )
        self.tiles, self.weights, self.progress = tiles, weights, progress
        self.size, self.reads = tiles.size, 0
        is_single = tiles.dtype.itemsize <= 4
        self.dtype = np.dtype(np.float32 if is_single else np.float64)
        self._sums: Sums | None = None

    def multiply(self, columns: Columns) -> Columns:
        """One read of all tiles; products in their precision, their sums in float64."""
        total = np.zeros(columns.shape)
        collect = None if self._sums is not None else _TileSums(self.weights)
        count, done = tile_count(self.tiles), 0
        columns = np.ascontiguousarray(columns, self.dtype)
        for i in range(count):
            for j in range(i, count):
                tile = self._read(i, j)
                rows, across = tile_rows(self.tiles, i), tile_rows(self.tiles, j)
                if collect is not None:
                    collect.add(tile, rows, across)
                _apply(tile, columns, total, rows, across)
                done += 1
                if self.progress is not None:
                    self.progress(done, count * (count + 1) // 2)
        self.reads += 1
        self._sums = self._sums if collect is None else collect.sums()
        return total

    @property
    def sums(self) -> Sums:
        """Of the first product."""
        if self._sums is None:
            self.multiply(np.zeros((self.size, 1), self.dtype))
        assert self._sums is not None
        return self._sums

    def _read(self, i: int, j: int) -> np.ndarray:
        tile = np.asarray(self.tiles.read(i, j))
        check_block(self.tiles, i, j, tile)
        return tile if tile.dtype == self.dtype else tile.astype(self.dtype)


class _TileSums:
    def __init__(self, weights: Float[np.ndarray, " m"]) -> None:
        self.weights, self.squares = weights, 0.0
        self.rows, self.diagonal = np.zeros(len(weights)), np.zeros(len(weights))

    def add(self, tile: np.ndarray, rows: slice, across: slice) -> None:
        left, right = self.weights[rows], self.weights[across]
        if rows == across:
            where = f" in rows {rows.start} to {rows.stop - 1}"
            by_row, squares = symmetric_sums(tile, left, where)
            self.rows[rows] += by_row
            self.diagonal[rows] = np.diag(tile)
            self.squares += squares
            return
        by_row, by_column, squares = panel_sums(tile, left[:, None], right[:, None])
        refuse_not_finite(squares, by_row)
        self.rows[rows] += by_row[:, 0]
        self.rows[across] += by_column[:, 0]
        self.squares += 2 * squares

    def sums(self) -> Sums:
        return Sums(self.rows, self.diagonal, self.squares)


def _apply(
    tile: np.ndarray, columns: Columns, total: Columns, rows: slice, across: slice
) -> None:
    """Adds the products with a tile and, off the diagonal, with its transpose."""
    right, left, is_square = columns[across], columns[rows], rows == across
    below = np.zeros_like(right)
    step = rows_of(right.size, SMALL_PRODUCT)
    for at in range(0, len(tile), step):
        panel = tile[at : at + step]
        total[rows.start + at : rows.start + at + len(panel)] += panel @ right
        if not is_square:
            below += panel.T @ left[at : at + step]
    total[across] += below


class Centering:
    """Makes of products with distances those with the symmetric centered matrix."""

    def __init__(self, weights: Float[np.ndarray, " m"], scale: float) -> None:
        self.root, self.scale = np.sqrt(weights)[:, None], scale
        self.weights, self.is_partial = weights, bool((weights == 0).any())

    def project(self, columns: Columns) -> Columns:
        """Off the direction that centering takes away, and off models of no weight."""
        root = self.root.astype(columns.dtype)
        if self.is_partial:
            columns = columns * (root > 0)
        return columns - root * (root.T @ columns)

    def around(self, multiply: Callable[[Columns], Columns]) -> Callable:
        r"""$x\mapsto Sx$, from $x\mapsto\mathcal Dx$."""

        def product(columns: Columns) -> Columns:
            root = self.root.astype(columns.dtype)
            inner = multiply(root * self.project(columns))
            outer = self.project((-self.scale / 2) * (self.root * inner))
            return outer.astype(columns.dtype)

        return product

    def vectors(
        self,
        pairs: LeadingPairs,
        multiply: Callable[[Columns], Columns],
    ) -> Columns:
        r"""Eigenvectors $v=u/\sqrt{cp}$; where $p=0$, from $W\,\mathrm{diag}(cp)v=ev$.

        That is one more product with the distances, if there is such a model.
        """
        if not self.is_partial:
            return pairs.vectors / (np.sqrt(self.scale) * self.root)
        product = multiply(self.root * pairs.vectors)
        centered = product - self.weights @ product
        placed = -np.sqrt(self.scale) / 2 * centered / pairs.values
        has = self.root > 0
        root = np.where(has, self.root, 1.0) * np.sqrt(self.scale)
        return np.where(has, pairs.vectors / root, placed)

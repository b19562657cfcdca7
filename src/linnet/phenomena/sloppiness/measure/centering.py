r"""The doubly centered matrix $W=-\frac12L\mathcal DL^\top$, never written down.

With weights $p$ that sum to one, $L = 1 - \mathbf 1p^\top$. What has eigenvalues is the
symmetric $S = c\sqrt p\,W\sqrt p$, of which $W\,\mathrm{diag}(cp)$ is the similar
matrix; $c=m$ and $p=1/m$ give $S=W$. Since $S=PBP$, with $B=-\frac c2\sqrt p\,\mathcal
D\sqrt p$ and $P=1-\sqrt p\sqrt p^\top$, a product needs the given distances only.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from linnet.numerics.block_krylov import LeadingPairs
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

PANEL = 65_536
"""Entries that are in float64 at a time, few enough for the cache."""

SMALL_PRODUCT = 900_000
"""Multiplications up to which BLAS takes a tall matrix as it lies, without packing it.

Packing costs as much as the product itself when columns are few.
"""

FEW = 6
"""Columns up to which the triangle, column by column, is faster than the square."""


@dataclass(frozen=True, eq=False)
class Sums:
    r"""What one pass over the distances says, summed in float64.

    Attributes:
        row_means: $\sum_vp_v\mathcal D_{uv}$.
        diagonal: $\mathcal D_{uu}$.
        squares: $\sum_{uv}p_up_v\mathcal D_{uv}^2$.
    """

    row_means: Float[np.ndarray, " m"]
    diagonal: Float[np.ndarray, " m"]
    squares: float


class ArrayDistances:
    """Distances in memory, as they are: no copy, unless of another number type."""

    def __init__(self, matrix: np.ndarray) -> None:
        if matrix.dtype not in (np.dtype(np.float32), np.dtype(np.float64)):
            matrix = matrix.astype(float)
        self.matrix = matrix if matrix.flags.forc else np.ascontiguousarray(matrix)
        self.size, self.dtype = len(matrix), matrix.dtype

    def sums(self, weights: Float[np.ndarray, " m"]) -> Sums:
        """One pass, which also finds what is not finite or not symmetric."""
        signs = np.random.default_rng(0).choice([-1.0, 1.0], self.size)
        probes = np.stack([weights, signs], 1)
        rows = self.matrix if self.matrix.flags.c_contiguous else self.matrix.T
        right, left, squares = _panel_sums(rows, probes, probes)
        _refuse_not_finite(squares, right)
        gap = np.abs(right[:, 1] - left[:, 1]).max()
        scale = np.sqrt(self.size * squares) if squares > 0 else 1.0
        if gap > 64 * np.finfo(self.dtype).eps * scale:
            raise ValueError(
                "Argument `distances` must be symmetric, but rows and columns differ:"
                " pass (D + D.T) / 2, if that is what you mean."
            )
        return Sums(right[:, 0], np.diag(self.matrix).astype(float), squares)

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
        step = _step(self.size, PANEL)
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
        left, right = self.weights[rows, None], self.weights[across, None]
        by_row, by_column, squares = _panel_sums(tile, left, right)
        _refuse_not_finite(squares, by_row)
        self.rows[rows] += by_row[:, 0]
        if rows == across:
            self.diagonal[rows] = np.diag(tile)
            self.squares += squares
            gap = np.abs(tile - tile.T).max()
            if gap > 64 * np.finfo(tile.dtype).eps * np.abs(tile).max():
                raise ValueError(
                    "Argument `distances` must have symmetric tiles on the diagonal,"
                    f" but rows and columns {rows.start} on differ by up to {gap:.3g}."
                )
        else:
            self.rows[across] += by_column[:, 0]
            self.squares += 2 * squares

    def sums(self) -> Sums:
        return Sums(self.rows, self.diagonal, self.squares)


def _step(width: int, entries: int) -> int:
    """Rows of this width that have so many entries, and a few at least."""
    return max(entries // width, 8)


def _apply(
    tile: np.ndarray, columns: Columns, total: Columns, rows: slice, across: slice
) -> None:
    """Adds the products with a tile and, off the diagonal, with its transpose."""
    right, left, is_square = columns[across], columns[rows], rows == across
    below = np.zeros_like(right)
    step = _step(right.size, SMALL_PRODUCT)
    for at in range(0, len(tile), step):
        panel = tile[at : at + step]
        total[rows.start + at : rows.start + at + len(panel)] += panel @ right
        if not is_square:
            below += panel.T @ left[at : at + step]
    total[across] += below


def _panel_sums(
    block: Float[np.ndarray, "r c"],
    left: Float[np.ndarray, "r b"],
    right: Float[np.ndarray, "c b"],
) -> tuple[np.ndarray, np.ndarray, float]:
    """`block @ right`, `block.T @ left`, and squares weighted by the first columns."""
    is_even = np.ptp(left[:, 0]) == 0 and np.ptp(right[:, 0]) == 0
    by_row = np.empty((len(block), right.shape[1]))
    by_column = np.zeros((block.shape[1], left.shape[1]))
    squares = 0.0
    with np.errstate(over="ignore", invalid="ignore"):
        step = _step(block.shape[1], PANEL)
        room = np.empty((step, block.shape[1]))
        for at in range(0, len(block), step):
            some = slice(at, at + step)
            panel = room[: len(block) - at]
            panel[:] = block[some]
            by_row[some] = panel @ right
            by_column += panel.T @ left[some]
            if is_even:
                part = np.vdot(panel, panel) * left[0, 0] * right[0, 0]
            else:
                part = left[some, 0] @ (np.square(panel, out=panel) @ right[:, 0])
            squares += float(part)
    return by_row, by_column, squares


def _refuse_not_finite(squares: float, by_row: np.ndarray) -> None:
    if not (np.isfinite(squares) and np.isfinite(by_row).all()):
        at = np.flatnonzero(~np.isfinite(by_row).all(1))
        where = f", first in row {at[0]}" if len(at) else ""
        raise ValueError(
            "Argument `distances` must be finite, but holds NaN or infinity"
            f"{where}: models of disjoint support are infinitely far apart; give"
            " predictions a floor, or leave such models out."
        )


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


def totals(
    sums: Sums, weights: Float[np.ndarray, " m"], scale: float
) -> tuple[np.ndarray, float, float]:
    r"""Diagonal of $W$, and sums of all $e$ and all $e^2$, from the sums of one pass.

    $W_{uu}=r_u-\frac12(\bar r+\mathcal D_{uu})$, $\sum e=\frac c2(\bar r-\sum
    p\mathcal D_{uu})$, $4\sum e^2=c^2[\sum pp\mathcal D^2-2\sum pr^2+\bar r^2]$, with
    the row means $r$ and their mean $\bar r=\sum pr$.
    """
    rows, grand = sums.row_means, float(weights @ sums.row_means)
    products = rows - (grand + sums.diagonal) / 2
    trace = scale / 2 * (grand - float(weights @ sums.diagonal))
    square = sums.squares - 2 * float(weights @ rows**2) + grand**2
    return products, trace, max(scale**2 / 4 * square, 0.0)

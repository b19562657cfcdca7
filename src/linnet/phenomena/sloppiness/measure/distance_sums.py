"""What one pass over distances says: sums in float64, and whether they can be used."""

from dataclasses import dataclass

import numpy as np

from linnet.shapes import Float

PANEL = 131_072
"""Entries that are in float64 at a time, few enough for the cache."""

LEAST_ROUNDING = 1e-9
"""Asymmetry of a row that passes: small distances are differences of large numbers."""


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


def rows_of(width: int, entries: int) -> int:
    """Rows of this width that have so many entries, and a few at least."""
    return max(entries // width, 8)


def panel_sums(
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
        step = rows_of(block.shape[1], PANEL)
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


def symmetric_sums(
    block: np.ndarray, weights: Float[np.ndarray, " m"], where: str
) -> tuple[Float[np.ndarray, " m"], float]:
    """Sums of rows, and of squares, of what is found to be finite and symmetric.

    With random signs, rows and columns sum to the same only if they are the same.
    """
    signs = np.random.default_rng(0).choice([-1.0, 1.0], len(block))
    probes = np.stack([weights, signs], 1)
    by_row, by_column, squares = panel_sums(block, probes, probes)
    refuse_not_finite(squares, by_row)
    gap = np.abs(by_row[:, 1] - by_column[:, 1]).max()
    size = np.linalg.norm(by_row[:, 1]) + np.linalg.norm(by_column[:, 1])
    close = max(8 * float(np.finfo(block.dtype).eps), LEAST_ROUNDING)
    if gap > close * size / np.sqrt(len(block)):
        raise ValueError(
            f"Argument `distances` must be symmetric, but rows and columns{where}"
            " differ: pass (D + D.T) / 2, if that is what you mean."
        )
    return by_row[:, 0], squares


def refuse_not_finite(squares: float, by_row: np.ndarray) -> None:
    """Sums tell: NaN and infinity stay what they are."""
    if not (np.isfinite(squares) and np.isfinite(by_row).all()):
        at = np.flatnonzero(~np.isfinite(by_row).all(1))
        where = f", first in row {at[0]}" if len(at) else ""
        raise ValueError(
            "Argument `distances` must be finite, but holds NaN or infinity"
            f"{where}: models of disjoint support are infinitely far apart; give"
            " predictions a floor, or leave such models out."
        )


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

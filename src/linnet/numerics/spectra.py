"""Spectra by name, and the numbers that summarise one: ranks, participation, overlap.

None of these functions knows a network: they take eigenvalues, singular values or
bases as arrays.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from linnet.shapes import Float


def geometric_spectrum(d: int, condition: float) -> Float[np.ndarray, " d"]:
    r"""Eigenvalues $\lambda_i = c^{-i/(d-1)}$, $i = 0..d-1$, from 1 down to $1/c$.

    Args:
        d: Number of eigenvalues.
        condition: $c \ge 1$, ratio of the largest to the smallest.

    Raises:
        ValueError: when `d` < 1 or `condition` < 1 or not finite.
    """
    _check_size(d)
    if not (np.isfinite(condition) and condition >= 1):
        raise ValueError(
            f"Argument `condition` must be finite and >= 1, but is {condition}."
        )
    return condition ** -(np.arange(d) / max(d - 1, 1))


def power_law_spectrum(d: int, exponent: float) -> Float[np.ndarray, " d"]:
    r"""Eigenvalues $\lambda_i = i^{-\alpha}$, $i = 1..d$.

    Raises:
        ValueError: when `d` < 1 or `exponent` ($\alpha$) is negative or not finite.
    """
    _check_size(d)
    if not (np.isfinite(exponent) and exponent >= 0):
        raise ValueError(
            f"Argument `exponent` must be finite and >= 0, but is {exponent}."
        )
    return np.arange(1, d + 1, dtype=float) ** -exponent


def stable_rank(
    singular_values: Float[np.ndarray, "... r"],
) -> Float[np.ndarray, "..."]:
    r"""Stable rank $\sum_i s_i^2 / \max_i s_i^2$, between 1 and the rank.

    Args:
        singular_values: $s$ along the last axis; leading axes are kept.

    Raises:
        ValueError: when all singular values of one spectrum are zero.
    """
    share = _normalized(np.asarray(singular_values, dtype=float))
    return (share**2).sum(-1)


def effective_rank(
    singular_values: Float[np.ndarray, "... r"],
) -> Float[np.ndarray, "..."]:
    r"""Effective rank $\exp(-\sum_i p_i \ln p_i)$ with $p_i = s_i/\sum_j s_j$.

    Raises:
        ValueError: when all singular values of one spectrum are zero.

    Reference: Roy and Vetterli 2007.
    """
    share = _normalized(np.asarray(singular_values, dtype=float))
    p = share / share.sum(-1, keepdims=True)
    log = np.log(np.where(p > 0, p, 1.0))
    return np.exp(-(p * log).sum(-1))


def participation_ratio(
    eigenvalues: Float[np.ndarray, "... r"],
) -> Float[np.ndarray, "..."]:
    r"""Participation ratio $(\sum_i \lambda_i)^2 / \sum_i \lambda_i^2$.

    Raises:
        ValueError: when all eigenvalues of one spectrum are zero.
    """
    share = _normalized(np.asarray(eigenvalues, dtype=float))
    return share.sum(-1) ** 2 / (share**2).sum(-1)


def subspace_overlap(
    first: Float[np.ndarray, "d r"], second: Float[np.ndarray, "d s"]
) -> float:
    r"""Mean squared cosine of the principal angles between two column spaces.

    $\lVert Q_1^\top Q_2\rVert_F^2 / \min(r, s)$ with $Q$ orthonormal bases: 1 when the
    smaller space lies in the larger, 0 when they are orthogonal. It does not depend on
    signs, order or scale of the columns.

    Raises:
        ValueError: when the row counts differ, or a set of columns is dependent.
    """
    if first.shape[0] != second.shape[0]:
        raise ValueError(
            "Arguments `first` and `second` must have equally many rows, but have"
            f" {first.shape[0]} and {second.shape[0]}."
        )
    bases = [_orthonormal(columns) for columns in (first, second)]
    overlap = np.linalg.norm(bases[0].T @ bases[1]) ** 2
    return float(overlap / min(bases[0].shape[1], bases[1].shape[1]))


@dataclass(frozen=True)
class Decay:
    r"""How a spectrum falls off: the better of a geometric and a power law.

    Attributes:
        law: `geometric` ($\lambda_i \sim e^{-ci}$) or `power-law` ($\sim i^{-\alpha}$).
        rate: $c$ or $\alpha$.
        quality: $R^2$ of the straight line in the fitted coordinates.
        other_quality: $R^2$ of the law that was not chosen.
    """

    law: Literal["geometric", "power-law"]
    rate: float
    quality: float
    other_quality: float


def spectrum_decay(eigenvalues: Float[np.ndarray, " r"]) -> Decay:
    r"""Fit $\ln\lambda_i$ against $i$ (geometric) and against $\ln i$ (power law).

    Only eigenvalues above the rounding level $4r\,\epsilon\,\lambda_{\max}$ enter,
    sorted downwards. A description, no test: a spectrum may follow neither law, and
    `quality` says so.

    Raises:
        ValueError: when an eigenvalue is not finite, or fewer than three are above the
            rounding level.
    """
    if not np.isfinite(eigenvalues).all():
        raise ValueError("Argument `eigenvalues` must be finite, but is not.")
    # Rounding noise in place of zeros would otherwise dominate a fit of logarithms.
    top = eigenvalues.max(initial=0.0)
    floor = 4 * len(eigenvalues) * np.finfo(float).eps * top
    positive = np.sort(eigenvalues[eigenvalues > floor])[::-1]
    if len(positive) < 3:
        raise ValueError(
            "Argument `eigenvalues` must hold at least 3 positive values above rounding"
            f" to show a decay, but holds {len(positive)}."
        )
    index, height = np.arange(1, len(positive) + 1), np.log(positive)
    geometric = _line(index, height)
    power = _line(np.log(index), height)
    if geometric[1] >= power[1]:
        return Decay("geometric", -geometric[0], geometric[1], power[1])
    return Decay("power-law", -power[0], power[1], geometric[1])


def _line(
    x: Float[np.ndarray, " r"], y: Float[np.ndarray, " r"]
) -> tuple[float, float]:
    """Slope and $R^2$ of the least-squares line."""
    dx, dy = x - x.mean(), y - y.mean()
    slope = (dx @ dy) / (dx @ dx)
    spread = dy @ dy
    # A constant is a straight line too, though rounding leaves it a spread.
    rounding = len(y) * (4 * np.finfo(float).eps * np.abs(y).max()) ** 2
    residual = ((dy - slope * dx) ** 2).sum()
    quality = 1.0 if spread <= rounding else 1 - residual / spread
    return float(slope), float(quality)


def _orthonormal(columns: Float[np.ndarray, "d r"]) -> Float[np.ndarray, "d r"]:
    # Columns of length one first: the scale of a column says nothing about its span.
    lengths = np.linalg.norm(columns, axis=0)
    unit = columns / np.where(lengths > 0, lengths, 1.0)
    basis, sizes, _ = np.linalg.svd(unit, full_matrices=False)
    if len(sizes) < columns.shape[1] or sizes[-1] <= 1e-12 * sizes[0]:
        raise ValueError(
            f"The {columns.shape[1]} columns of a subspace must be independent, but"
            " they are not: drop the redundant ones."
        )
    return basis


def _normalized(values: Float[np.ndarray, "... r"]) -> Float[np.ndarray, "... r"]:
    """Values divided by their largest: no overflow, no underflow in the squares."""
    if values.size == 0 or not np.isfinite(values).all() or (values < 0).any():
        raise ValueError("A spectrum must be non-empty, finite and >= 0.")
    top = values.max(-1, keepdims=True)
    if (top == 0).any():
        raise ValueError("A spectrum must not vanish, but all of its values are zero.")
    return values / top


def _check_size(d: int) -> None:
    if d < 1:
        raise ValueError(f"Argument `d` must be >= 1, but is {d}.")

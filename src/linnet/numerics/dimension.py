r"""How many dimensions hold a spectrum: explained variance and explained stress.

Variance weighs eigenvalues that are $\ge0$ by their size. Stress ranks eigenvalues of
either sign by magnitude and weighs them by their square: it is the measure for
embeddings with negative directions. For an infinite geometric spectrum
$\lambda_i\sim e^{-ci}$ both are $1-e^{-ck}$; otherwise they are different numbers.
"""

import numpy as np
from numpy.typing import ArrayLike

from linnet.shapes import Float, Int


def explained_variance(values: ArrayLike) -> Float[np.ndarray, "*grid r"]:
    r"""Share $\sum_{i\le k}v_i/\sum_iv_i$ of the $k$ largest, for $k=1..r$.

    Valid for: values $\ge0$ in any order; leading axes are kept.

    Args:
        values: $v$ along the last axis, not all zero.

    Returns:
        The shares, rising along the last axis to exactly 1.

    Raises:
        ValueError: when there are no values, one is negative or not finite, or all of
            one spectrum are zero.

    Reference: textbook.

    Example:
        >>> explained_variance([1.0, 3.0, 4.0])
        array([0.5  , 0.875, 1.   ])
    """
    given = _spectrum("values", values)
    if (given < 0).any():
        raise ValueError(
            f"Argument `values` must be >= 0, but holds {given.min():.6g}: negative"
            " directions have no variance, use `explained_stress`."
        )
    total = _scaled("values", given).cumsum(-1)
    return total / total[..., -1:]


def explained_stress(eigenvalues: ArrayLike) -> Float[np.ndarray, "*grid r"]:
    r"""$\chi_k = 1-\sqrt{1-\sum_{i\le k}e_i^2/\sum_ie_i^2}$ for $k=1..r$.

    Eigenvalues are ranked by magnitude, so negative ones count. Equal to
    $1-\lVert W-W_k\rVert_F/\lVert W\rVert_F$ of the matrix they belong to.

    Valid for: eigenvalues of either sign in any order; leading axes are kept.

    Args:
        eigenvalues: $e$ along the last axis, not all zero.

    Returns:
        The explained stress, rising along the last axis to exactly 1.

    Raises:
        ValueError: when there are no eigenvalues, one is not finite, or all of one
            spectrum are zero.

    Reference: Mao et al. 2024, whose definition this is.

    Example:
        >>> explained_stress([3.0, -4.0, 0.0])
        array([0.4, 1. , 1. ])
    """
    given = _spectrum("eigenvalues", eigenvalues)
    squares = _scaled("eigenvalues", np.abs(given)) ** 2
    # Summed from the small end: what is left over keeps its digits.
    left = squares[..., ::-1].cumsum(-1)[..., ::-1]
    rest = np.zeros_like(left)
    rest[..., :-1] = left[..., 1:] / left[..., :1]
    return 1 - np.sqrt(rest)


def dimensions_to(
    cumulative: Float[np.ndarray, "*grid r"], fraction: ArrayLike
) -> Int[np.ndarray, "*grid"]:
    r"""The least number $k$ of dimensions that explain a fraction or more.

    Args:
        cumulative: What $k=1..r$ dimensions explain, as from `explained_variance` or
            `explained_stress`; the last is 1.
        fraction: $q$ in (0, 1]; broadcasts against the leading axes.

    Returns:
        $k$, from 1 to $r$.

    Raises:
        ValueError: when `fraction` lies outside (0, 1], or `cumulative` does not rise
            to 1.

    Example:
        >>> int(dimensions_to(explained_variance([1.0, 3.0, 4.0]), 0.8))
        2
    """
    share, part = np.asarray(cumulative, float), np.asarray(fraction, float)
    if not ((part > 0) & (part <= 1)).all():
        wrong = part[~((part > 0) & (part <= 1))].flat[0]
        raise ValueError(
            f"Argument `fraction` must lie in (0, 1], but is {wrong:.6g}: it is a share"
            " of the whole."
        )
    rises = share.ndim and share.shape[-1] and np.isfinite(share).all()
    if not (rises and (np.diff(share) >= 0).all() and (share[..., -1] == 1).all()):
        raise ValueError(
            "Argument `cumulative` must rise to 1 along its last axis, but does not:"
            " give what `explained_variance` or `explained_stress` returns."
        )
    return (share < part[..., None]).sum(-1) + 1


def _spectrum(name: str, values: ArrayLike) -> Float[np.ndarray, "*grid r"]:
    given = np.asarray(values, dtype=float)
    if given.ndim == 0 or given.shape[-1] == 0:
        raise ValueError(
            f"Argument `{name}` must have values along its last axis, but has shape"
            f" {given.shape}."
        )
    if not np.isfinite(given).all():
        raise ValueError(f"Argument `{name}` must be finite, but is not.")
    return given


def _scaled(
    name: str, sizes: Float[np.ndarray, "*grid r"]
) -> Float[np.ndarray, "*grid r"]:
    """Sizes from the largest down, divided by it: squares stay in range."""
    ranked = np.sort(sizes, axis=-1)[..., ::-1]
    if (ranked[..., :1] == 0).any():
        raise ValueError(
            f"Argument `{name}` must not be all zero, but is: nothing moved, so there"
            " is nothing to explain."
        )
    return ranked / ranked[..., :1]

"""What modes are given as: numbers per mode, checked before work is lost."""

import numpy as np
from numpy.typing import ArrayLike

from linnet.shapes import Float


def real_numbers(name: str, value: ArrayLike) -> Float[np.ndarray, "..."]:
    """Finite real numbers of any shape."""
    given = np.asarray(value)
    if given.dtype.kind not in "biuf":
        raise TypeError(
            f"Argument `{name}` must be real numbers, but is of type {given.dtype}:"
            " convert it first."
        )
    given = given.astype(float, copy=False)
    if not np.isfinite(given).all():
        raise ValueError(
            f"Argument `{name}` must be finite, but holds NaN or infinity."
        )
    return given


def not_negative(name: str, value: ArrayLike) -> Float[np.ndarray, "..."]:
    """Finite numbers >= 0 of any shape."""
    given = real_numbers(name, value)
    if (given < 0).any():
        raise ValueError(
            f"Argument `{name}` must be >= 0, but holds {given.min():.6g}."
        )
    return given


def positive(name: str, value: ArrayLike) -> Float[np.ndarray, "..."]:
    """Finite numbers > 0 of any shape."""
    given = real_numbers(name, value)
    if (given <= 0).any():
        raise ValueError(f"Argument `{name}` must be > 0, but holds {given.min():.6g}.")
    return given


def mode_variances(
    variances: ArrayLike, *, grids: bool = False
) -> Float[np.ndarray, "*grid r"]:
    """Eigenvalues of the inputs' moment, positive; a row unless grids are taken."""
    given = real_numbers("variances", variances)
    if given.size == 0 or given.ndim == 0 or (given.ndim > 1 and not grids):
        raise ValueError(
            "Argument `variances` must be a row of eigenvalues (r,), but has shape"
            f" {given.shape}."
        )
    if (given <= 0).any():
        raise ValueError(
            f"Argument `variances` must be > 0, but holds {given.min():.6g}: leave out"
            " directions without variance, they never move."
        )
    return given


def per_mode(name: str, value: ArrayLike, r: int) -> Float[np.ndarray, "r k"]:
    """One number, or one per output, for each of `r` modes, as (r, outputs)."""
    given = real_numbers(name, value)
    if given.ndim not in (1, 2) or len(given) != r or given.size == 0:
        raise ValueError(
            f"Argument `{name}` must have shape ({r},) or ({r}, outputs), one row per"
            f" mode, but has {given.shape}: house weights (k, d) enter as their"
            " coordinates, transposed."
        )
    return given.reshape(r, -1)


def one_number(name: str, value: ArrayLike) -> float:
    """One finite number >= 0."""
    given = not_negative(name, value)
    if given.ndim:
        raise ValueError(
            f"Argument `{name}` must be one number, but has shape {given.shape}: loop"
            " over the entries."
        )
    return float(given)


def sample_count(n: ArrayLike) -> int:
    """Number of samples, whole and >= 1."""
    given = real_numbers("n", n)
    if given.ndim or given < 1 or given != np.floor(given):
        raise ValueError(
            f"Argument `n` must be a whole number >= 1, but is {n!r}: it is how many"
            " samples there are."
        )
    return int(given)

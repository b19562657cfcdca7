"""Arguments that no formula of this phenomenon has an answer for.

What passes comes back as an array of floats, so that lists and whole numbers are taken
everywhere.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from linnet.shapes import Float


def real_numbers(name: str, value: ArrayLike) -> Float[np.ndarray, "..."]:
    """Finite real numbers of any shape.

    Raises:
        TypeError: when they are complex, or no numbers.
        ValueError: when one is NaN or infinite.
    """
    given = _floats(name, value)
    if not np.isfinite(given).all():
        raise ValueError(
            f"Argument `{name}` must be finite, but holds NaN or infinity."
        )
    return given


def check_positive(
    name: str, value: ArrayLike, reason: str
) -> Float[np.ndarray, "..."]:
    """Refuse what is not positive and finite."""
    return _checked(name, value, lambda x: x > 0, "must be positive and finite", reason)


def check_not_negative(
    name: str, value: ArrayLike, reason: str
) -> Float[np.ndarray, "..."]:
    """Refuse what is negative or not finite."""
    return _checked(name, value, lambda x: x >= 0, "must be finite and >= 0", reason)


def check_deviation(name: str, value: ArrayLike) -> Float[np.ndarray, "..."]:
    """Refuse what is no standard deviation."""
    return check_not_negative(name, value, "it is a standard deviation")


def one_number(name: str, value: ArrayLike) -> float:
    """Refuse what is not a single number."""
    given = _floats(name, value)
    if given.ndim:
        raise ValueError(
            f"Argument `{name}` must be one number, but has shape {given.shape}: loop"
            " over the entries."
        )
    return float(given)


def one_deviation(name: str, value: ArrayLike) -> float:
    """Refuse what is not a single standard deviation."""
    return float(check_deviation(name, one_number(name, value)))


def check_fraction(fraction: ArrayLike) -> None:
    """Refuse what is no proper part of a whole."""
    _checked(
        "fraction",
        fraction,
        lambda part: (part > 0) & (part < 1),
        "must lie in (0, 1)",
        "it is the part of the whole that is to be explained",
    )


def check_count(name: str, value: ArrayLike, reason: str) -> Float[np.ndarray, "..."]:
    """Refuse what is no whole number >= 1."""
    return _checked(
        name,
        value,
        lambda count: (count >= 1) & (count == np.floor(count)),
        "must be a whole number >= 1",
        reason,
    )


def sample_count(n: ArrayLike) -> int:
    """Refuse what is not a single whole number of samples."""
    return int(check_count("n", one_number("n", n), "it is how many samples there are"))


def check_variances(variances: ArrayLike) -> Float[np.ndarray, "*grid r"]:
    r"""Refuse what are no eigenvalues $\lambda_i>0$ along the last axis."""
    given = real_numbers("variances", variances)
    if given.ndim == 0 or given.shape[-1] == 0:
        raise ValueError(
            "Argument `variances` must have eigenvalues along its last axis, but has"
            f" shape {given.shape}."
        )
    return check_positive(
        "variances", given, "drop the others, for they never move and never show"
    )


def row_of_variances(variances: ArrayLike) -> Float[np.ndarray, " r"]:
    r"""Refuse what is not one row of eigenvalues $\lambda_i>0$."""
    given = check_variances(variances)
    if given.ndim > 1:
        raise ValueError(
            "Argument `variances` must be one row of eigenvalues (r,), but has shape"
            f" {given.shape}: loop over the rows."
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


def check_steps(when: ArrayLike) -> Float[np.ndarray, " T"]:
    """Refuse what is no row of whole numbers >= 0."""
    return _checked(
        "when",
        when,
        lambda steps: (steps >= 0) & (steps == np.floor(steps)),
        "must be whole numbers >= 0",
        "this method moves in steps, from step 0",
    )


def _checked(
    name: str,
    value: ArrayLike,
    allowed: Callable[[Float[np.ndarray, "*grid"]], np.ndarray],
    rule: str,
    reason: str,
) -> Float[np.ndarray, "..."]:
    given = _floats(name, value)
    wrong = ~(np.isfinite(given) & allowed(given))
    if wrong.any():
        raise ValueError(
            f"Argument `{name}` {rule}, but is {given[wrong].flat[0]:.6g}: {reason}."
        )
    return given


def _floats(name: str, value: ArrayLike) -> Float[np.ndarray, "..."]:
    given = np.asarray(value)
    if given.dtype.kind not in "biuf":
        raise TypeError(
            f"Argument `{name}` must be real numbers, but is of type {given.dtype}:"
            " convert it first."
        )
    return given.astype(float, copy=False)

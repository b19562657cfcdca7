"""Arguments that no formula of this phenomenon has an answer for."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from linnet.shapes import Float


def check_positive(name: str, value: ArrayLike, reason: str) -> None:
    """Refuse what is not positive and finite."""
    _refuse(name, value, lambda x: x > 0, "must be positive and finite", reason)


def check_not_negative(name: str, value: ArrayLike, reason: str) -> None:
    """Refuse what is negative or not finite."""
    _refuse(name, value, lambda x: x >= 0, "must be finite and >= 0", reason)


def check_fraction(fraction: ArrayLike) -> None:
    """Refuse what is no proper part of a whole."""
    _refuse(
        "fraction",
        fraction,
        lambda part: (part > 0) & (part < 1),
        "must lie in (0, 1)",
        "it is the part of the whole that is to be explained",
    )


def check_count(name: str, value: ArrayLike, reason: str) -> None:
    """Refuse what is no whole number >= 1."""
    _refuse(
        name,
        value,
        lambda count: (count >= 1) & (count == np.floor(count)),
        "must be a whole number >= 1",
        reason,
    )


def check_variances(variances: ArrayLike) -> Float[np.ndarray, "*grid r"]:
    r"""Refuse what are no eigenvalues $\lambda_i>0$ along the last axis."""
    given = np.asarray(variances, dtype=float)
    if given.ndim == 0 or given.shape[-1] == 0:
        raise ValueError(
            "Argument `variances` must have eigenvalues along its last axis, but has"
            f" shape {given.shape}."
        )
    check_positive(
        "variances",
        given,
        "drop the others, for they never move and never show",
    )
    return given


def check_steps(when: ArrayLike) -> Float[np.ndarray, " T"]:
    """Refuse what is no row of whole numbers >= 0."""
    _refuse(
        "when",
        when,
        lambda steps: (steps >= 0) & (steps == np.floor(steps)),
        "must be whole numbers >= 0",
        "this method moves in steps, from step 0",
    )
    return np.asarray(when, dtype=float)


def _refuse(
    name: str,
    value: ArrayLike,
    allowed: Callable[[Float[np.ndarray, "*grid"]], np.ndarray],
    rule: str,
    reason: str,
) -> None:
    given = np.asarray(value, dtype=float)
    wrong = ~(np.isfinite(given) & allowed(given))
    if wrong.any():
        raise ValueError(
            f"Argument `{name}` {rule}, but is {given[wrong].flat[0]:.6g}: {reason}."
        )

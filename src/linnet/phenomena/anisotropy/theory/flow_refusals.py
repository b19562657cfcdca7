"""Arguments that a flow or a descent cannot start from."""

import numpy as np
from numpy.typing import ArrayLike

from linnet.network import Weights, check_weights
from linnet.shapes import Float, Int
from linnet.task import Moments


def check_times(times: ArrayLike) -> Float[np.ndarray, " times"]:
    """Refuse what does not rise from a number >= 0."""
    at = np.asarray(times, dtype=float)
    if at.ndim != 1 or not np.isfinite(at).all():
        raise ValueError(
            "Argument `times` must be finite and a row (times,), but has shape"
            f" {at.shape} or an entry that is not finite."
        )
    if (at < 0).any() or (np.diff(at) < 0).any():
        raise ValueError(
            "Argument `times` must rise from a number >= 0, but does not: sort it."
        )
    return at


def check_steps(steps: ArrayLike) -> Int[np.ndarray, " saves"]:
    """Refuse what are no rising whole numbers >= 0."""
    at = check_times(steps)
    if (at != np.floor(at)).any():
        raise ValueError(
            "Argument `steps` must be whole numbers, but one is"
            f" {at[at != np.floor(at)][0]:g}."
        )
    return at.astype(int)


def check_tolerance(tolerance: float) -> None:
    """Refuse what this arithmetic cannot reach, or what is no accuracy."""
    if not 1e-13 <= tolerance <= 1e-2:
        raise ValueError(
            f"Argument `tolerance` must lie in [1e-13, 1e-2], but is {tolerance}."
        )


def check_depth(depth: int, least: int = 1) -> None:
    """Refuse what is no number of layers."""
    if int(depth) != depth or depth < least:
        raise ValueError(
            f"Argument `depth` must be a whole number >= {least}, but is {depth}."
        )


def check_finite_row(
    name: str, value: ArrayLike, length: int
) -> Float[np.ndarray, " length"]:
    """Refuse what is not a finite vector of this length."""
    row = np.asarray(value, dtype=float)
    if row.shape != (length,):
        raise ValueError(
            f"Argument `{name}` must have shape ({length},), but has {row.shape}."
        )
    if not np.isfinite(row).all():
        raise ValueError(f"Argument `{name}` must be finite, but is not.")
    return row


def check_scalar_output(moments: Moments) -> None:
    """Refuse several outputs."""
    k = len(moments.yx)
    if k != 1:
        raise ValueError(
            f"Argument `moments` must have one output, but has {k}: ask for one"
            " output, or one combination of them, at a time."
        )


def check_two_layers(weights: Weights) -> None:
    """Refuse what is no pair of layers (p, d) and (1, p)."""
    check_weights(weights)
    if len(weights) != 2 or len(weights[-1]) != 1:
        raise ValueError(
            "Argument `weights` must be two layers (p, d) and (1, p), but they have"
            f" shapes {[layer.shape for layer in weights]}."
        )

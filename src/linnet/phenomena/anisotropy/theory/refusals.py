"""Arguments that no formula or flow of this phenomenon has an answer for."""

import operator
from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import ArrayLike

from linnet.network import Weights, check_weights
from linnet.shapes import Float, Int
from linnet.task import Moments


def check_spike(spike_strength: ArrayLike) -> None:
    r"""Refuse $\rho \le -1$ and what is not finite."""
    _refuse(
        "spike_strength",
        spike_strength,
        lambda rho: rho > -1,
        "must be finite and > -1",
        "at -1 the spiked direction loses its variance",
    )


def check_alignment(alignment: ArrayLike) -> None:
    r"""Refuse $\lvert A\rvert > 1$ and what is not finite."""
    _refuse(
        "alignment",
        alignment,
        lambda cosine: np.abs(cosine) <= 1,
        "must lie in [-1, 1]",
        "it is the cosine between spike and teacher",
    )


def check_positive(name: str, value: ArrayLike, reason: str) -> None:
    """Refuse what is not positive and finite."""
    _refuse(name, value, lambda x: x > 0, "must be positive and finite", reason)


def check_not_negative(name: str, value: ArrayLike, reason: str) -> None:
    """Refuse what is negative or not finite."""
    _refuse(name, value, lambda x: x >= 0, "must be finite and >= 0", reason)


def check_norm(norm: ArrayLike) -> None:
    """Refuse a teacher without length."""
    check_positive("norm", norm, "a teacher of length zero teaches nothing")


def check_noise(noise: ArrayLike) -> None:
    """Refuse what is no standard deviation of label noise."""
    check_not_negative("noise", noise, "it is the standard deviation of label noise")


def check_aspect_ratio(aspect_ratio: ArrayLike) -> None:
    """Refuse what is no ratio of inputs to samples."""
    check_positive("aspect_ratio", aspect_ratio, "it is inputs over samples, d / n")


def check_penalty(ridge: ArrayLike) -> None:
    """Refuse a penalty that rewards."""
    check_not_negative("ridge", ridge, "it is added to the eigenvalues of the inputs")


def check_sample_size(n: ArrayLike) -> None:
    """Refuse numbers of samples that are not whole, or below 1."""
    check_count("n", n, "it is how many samples there are")


def check_counts(n: ArrayLike, d: ArrayLike) -> None:
    """Refuse numbers of samples and inputs that are not whole, or below 1."""
    for name, value in (("n", n), ("d", d)):
        check_count(name, value, "samples are n, inputs are d")


def check_count(name: str, value: ArrayLike, reason: str) -> None:
    """Refuse what is no whole number >= 1."""
    _refuse(
        name,
        value,
        lambda count: (count >= 1) & (count == np.floor(count)),
        "must be a whole number >= 1",
        reason,
    )


def check_one_input(d: ArrayLike, alignment: ArrayLike) -> None:
    """Refuse a teacher of one input that is not parallel to the spike."""
    inputs, cosine = broadcast_floats(d=d, alignment=alignment)
    wrong = (inputs == 1) & (np.abs(cosine) < 1)
    if wrong.any():
        raise ValueError(
            "Argument `alignment` must be -1 or 1 where `d` is 1, but is"
            f" {cosine[wrong].flat[0]:.6g}: with one input there is one direction."
        )


def check_finite(name: str, value: ArrayLike) -> None:
    """Refuse what is not finite."""
    given = floats(name, value)
    if not np.isfinite(given).all():
        worst = given[~np.isfinite(given)].flat[0]
        raise ValueError(f"Argument `{name}` must be finite, but is {worst:.6g}.")


def check_fraction(fraction: ArrayLike) -> None:
    """Refuse what is no proper part of a whole."""
    _refuse(
        "fraction",
        fraction,
        lambda part: (part > 0) & (part < 1),
        "must lie in (0, 1)",
        "it is a part of the way",
    )


def check_time_row(times: ArrayLike) -> Float[np.ndarray, " times"]:
    """Refuse what is no row of numbers >= 0; any order is fine."""
    at = np.asarray(times, dtype=float)
    if at.ndim != 1:
        raise ValueError(
            f"Argument `times` must be a row (times,), but has shape {at.shape}."
        )
    check_not_negative("times", at, "the flow is followed forwards, from time 0")
    return at


def check_times(times: ArrayLike, name: str = "times") -> Float[np.ndarray, " times"]:
    """Refuse what does not rise from a number >= 0."""
    at = np.asarray(times, dtype=float)
    if at.ndim != 1 or not np.isfinite(at).all():
        raise ValueError(
            f"Argument `{name}` must be finite and a row ({name},), but has shape"
            f" {at.shape} or an entry that is not finite."
        )
    if (at < 0).any() or (np.diff(at) < 0).any():
        raise ValueError(
            f"Argument `{name}` must rise from a number >= 0, but does not: sort it."
        )
    return at


def check_steps(steps: ArrayLike) -> Int[np.ndarray, " saves"]:
    """Refuse what are no rising whole numbers >= 0."""
    at = check_times(steps, "steps")
    if (at != np.floor(at)).any():
        raise ValueError(
            "Argument `steps` must be whole numbers, but one is"
            f" {at[at != np.floor(at)][0]:g}."
        )
    return at.astype(int)


def check_one_number(name: str, value: ArrayLike) -> None:
    """Refuse grids, where they are loops over calls."""
    shape = np.shape(value)
    if shape:
        raise ValueError(
            f"Argument `{name}` must be one number, but has shape {shape}: loop over"
            " the entries."
        )


def check_tolerance(tolerance: float) -> None:
    """Refuse what this arithmetic cannot reach, or what is no accuracy."""
    if not 1e-13 <= tolerance <= 1e-2:
        raise ValueError(
            f"Argument `tolerance` must lie in [1e-13, 1e-2], but is {tolerance}."
        )


def check_depth(depth: int, least: int = 1) -> None:
    """Refuse what is no number of layers."""
    try:
        whole = operator.index(depth)
    except TypeError:
        whole = least - 1
    if whole < least:
        raise ValueError(
            f"Argument `depth` must be a whole number >= {least}, but is {depth!r}: it"
            " counts layers, and is an int."
        )


def check_imbalance(imbalance: ArrayLike, depth: int) -> Float[np.ndarray, "*grid"]:
    """Refuse what is not finite, or does not go with so many layers."""
    check_finite("imbalance", imbalance)
    delta = np.asarray(imbalance, dtype=float)
    if depth != 2 and delta.any():
        raise ValueError(
            "Argument `imbalance` must be 0 unless `depth` is 2, but depth is"
            f" {depth}: the conserved difference of more layers is not one number."
        )
    return delta


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
    check_type("moments", moments, Moments)
    k = len(moments.yx)
    if k != 1:
        raise ValueError(
            f"Argument `moments` must have one output, but has {k}: ask for one"
            " output, or one combination of them, at a time."
        )


def check_two_layers(weights: Weights) -> None:
    """Refuse what is no pair of layers (p, d) and (1, p)."""
    layers = tuple(weights) if isinstance(weights, Iterable) else (weights,)
    for layer in layers:
        if not hasattr(layer, "shape"):
            raise TypeError(
                "Argument `weights` must be two arrays (p, d) and (1, p), but holds"
                f" one of type {type(layer).__name__}."
            )
    check_weights(weights)
    if len(weights) != 2 or len(weights[-1]) != 1:
        raise ValueError(
            "Argument `weights` must be two layers (p, d) and (1, p), but they have"
            f" shapes {[layer.shape for layer in weights]}."
        )


def check_type(name: str, given: object, *kinds: type) -> None:
    """Refuse what is of another type than these."""
    if not isinstance(given, kinds):
        *others, last = (kind.__name__ for kind in kinds)
        allowed = f"{', '.join(others)} or {last}" if others else last
        raise TypeError(
            f"Argument `{name}` must be of type {allowed}, but is of type"
            f" {type(given).__name__}."
        )


def floats(name: str, value: ArrayLike) -> Float[np.ndarray, "*grid"]:
    """Numbers as an array, and no text that looks like numbers."""
    given = np.asarray(value)
    if given.dtype.kind in "SUMmc":
        raise TypeError(
            f"Argument `{name}` must be real numbers, but is {value!r}: convert it"
            " first."
        )
    return np.asarray(value, dtype=float)


def broadcast_floats(**values: ArrayLike) -> tuple[np.ndarray, ...]:
    """Arguments of a formula, by their names, as floats of one shape."""
    arrays = [floats(name, value) for name, value in values.items()]
    try:
        return tuple(np.broadcast_arrays(*arrays))
    except ValueError:
        pairs = zip(values, arrays, strict=True)
        shapes = [f"`{name}` {array.shape}" for name, array in pairs if array.ndim]
        raise ValueError(
            f"Arguments must have shapes that broadcast, but are {', '.join(shapes)}:"
            " give each grid an axis of its own."
        ) from None


def _refuse(
    name: str,
    value: ArrayLike,
    is_fine: Callable[[np.ndarray], np.ndarray],
    rule: str,
    reason: str,
) -> None:
    given = floats(name, value)
    fine = np.isfinite(given) & is_fine(given)
    if not fine.all():
        worst = given[~fine].flat[0]
        raise ValueError(f"Argument `{name}` {rule}, but is {worst:.6g}: {reason}.")

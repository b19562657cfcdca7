"""Arguments that no formula of this phenomenon has an answer for."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike


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
    check_counts(n, 1)


def check_counts(n: ArrayLike, d: ArrayLike) -> None:
    """Refuse numbers of samples and inputs that are not whole, or below 1."""
    for name, value in (("n", n), ("d", d)):
        _refuse(
            name,
            value,
            lambda count: (count >= 1) & (count == np.floor(count)),
            "must be a whole number >= 1",
            "samples are n, inputs are d",
        )


def check_finite(name: str, value: ArrayLike) -> None:
    """Refuse what is not finite."""
    given = np.asarray(value, dtype=float)
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


def _refuse(
    name: str,
    value: ArrayLike,
    is_fine: Callable[[np.ndarray], np.ndarray],
    rule: str,
    reason: str,
) -> None:
    given = np.asarray(value, dtype=float)
    fine = np.isfinite(given) & is_fine(given)
    if not fine.all():
        worst = given[~fine].flat[0]
        raise ValueError(f"Argument `{name}` {rule}, but is {worst:.6g}: {reason}.")

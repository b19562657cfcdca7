"""Refusals that every topic shares: what was given, what is allowed."""

import numpy as np

from linnet.shapes import Float


def check_positive(name: str, value: float, hint: str = "") -> None:
    """Refuse what is not a positive finite number.

    Raises:
        ValueError: with the name of the argument and, after a colon, the hint.
    """
    if not (np.isfinite(value) and value > 0):
        raise ValueError(
            f"Argument `{name}` must be positive and finite, but is {value}{hint}."
        )


def check_gamma(gamma: float) -> None:
    """Refuse a scale from which nothing can move.

    Raises:
        ValueError: when `gamma` is not positive and finite.
    """
    check_positive("gamma", gamma, ": at zero nothing moves")


def check_not_negative(name: str, values: Float[np.ndarray, "..."] | float) -> None:
    """Refuse negative, infinite and NaN entries.

    Raises:
        ValueError: with the name of the argument and the offending entry.
    """
    given = np.asarray(values, dtype=float)
    wrong = given[~(np.isfinite(given) & (given >= 0))]
    if wrong.size:
        raise ValueError(
            f"Argument `{name}` must be finite and >= 0, but holds {wrong.flat[0]}."
        )


def check_product(
    product: Float[np.ndarray, "k d"], shape: tuple[int, int] | None = None
) -> None:
    """Refuse what is not a finite matrix, of `shape` if one is given.

    Raises:
        ValueError: with the shape, or the reason.
    """
    if np.ndim(product) != 2 or not np.size(product):
        raise ValueError(
            "Argument `product` must be a matrix (k, d), but has shape"
            f" {np.shape(product)}."
        )
    if not np.isfinite(product).all():
        raise ValueError("Argument `product` must be finite, but has NaN or infinity.")
    if shape is not None and product.shape != shape:
        raise ValueError(
            f"Argument `product` must be (k, d) = {shape} like the moments, but is"
            f" {product.shape}."
        )

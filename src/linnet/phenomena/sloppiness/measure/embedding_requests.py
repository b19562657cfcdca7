"""What an embedding can be asked for, and how its columns are directed."""

import numpy as np

from linnet.phenomena.sloppiness.measure.embedding import About
from linnet.shapes import Float

SUM_TOLERANCE = 1e-9


def shares_of(
    weights: Float[np.ndarray, " m"] | None, size: int
) -> tuple[Float[np.ndarray, " m"], float]:
    """Weights that sum to one, and by what they are multiplied: m if none were given.

    Raises:
        ValueError: when weights do not fit, are negative or not finite, or do not sum
            to one.
    """
    if weights is None:
        return np.full(size, 1 / size), float(size)
    weights = np.asarray(weights, dtype=float)
    if weights.shape != (size,):
        raise ValueError(
            f"Argument `weights` must hold one number for each of the {size} models,"
            f" but has shape {weights.shape}."
        )
    if not (np.isfinite(weights).all() and (weights >= 0).all()):
        raise ValueError(
            "Argument `weights` must be finite and not negative, but its least entry is"
            f" {weights.min()}."
        )
    if abs(weights.sum() - 1) > SUM_TOLERANCE:
        raise ValueError(
            f"Argument `weights` must sum to one, but sums to {weights.sum():.12g}:"
            " divide by the sum, if that is what you mean."
        )
    return weights, 1.0


def check_request(
    components: int, shares: Float[np.ndarray, " m"], about: About
) -> None:
    """Refuses too few models, too many components, and labels that do not fit."""
    support = int((shares > 0).sum())
    if support < 3:
        raise ValueError(
            f"An embedding needs at least 3 models with weight, but there are {support}"
            ": two points make a line of any distance."
        )
    if not 1 <= components <= support - 1:
        raise ValueError(
            f"Argument `components` must lie in [1, {support - 1}], but is"
            f" {components}: centered, {support} models span {support - 1} dimensions"
            " at most."
        )
    for name, values in about.models.items():
        if np.shape(values) != shares.shape:
            raise ValueError(
                f"Argument `about` must hold one `{name}` for each of the"
                f" {len(shares)} models, but has shape {np.shape(values)}."
            )


def check_rank(values: Float[np.ndarray, " k"], noise: float, components: int) -> None:
    """Refuses eigenvalues that are no more than rounding of the distances."""
    rank = int((np.abs(values) > noise).sum())
    if rank < components:
        raise ValueError(
            f"Argument `components` must be at most the rank, but is {components}, and"
            f" only {rank} eigenvalues exceed the rounding of the distances,"
            f" {noise:.2g}: ask for {max(rank, 1)}."
            if rank
            else "Argument `distances` must tell models apart, but all eigenvalues are"
            f" within the rounding of the distances, {noise:.2g}."
        )


def directed(vectors: Float[np.ndarray, "m k"]) -> Float[np.ndarray, "m k"]:
    """Signs fixed: of the entries largest in size, to 1e-6, the first is positive."""
    size = np.abs(vectors)
    first = np.argmax(size >= (1 - 1e-6) * size.max(axis=0), axis=0)
    return vectors * np.sign(vectors[first, np.arange(vectors.shape[1])])

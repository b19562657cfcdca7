"""Starts whose theory is exact: layers of rank one, aligned with each other."""

import itertools

import numpy as np

from linnet.network import Weights


def rank_one(
    direction: np.ndarray, length: float, hidden: int, *, depth: int = 2, seed: int = 0
) -> Weights:
    """Balanced layers of rank one whose product is `length` along a direction.

    Args:
        direction: Unit vector of the input space.
        length: Of the product, positive.
        hidden: Width of every hidden layer.
        depth: Layers.
        seed: Fixes the hidden directions, which do not matter.
    """
    rng = np.random.default_rng([seed, depth])
    drawn = rng.standard_normal((depth - 1, hidden))
    units = drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
    ends = [np.asarray(direction, dtype=float), *units, np.ones(1)]
    size = length ** (1 / depth)
    return tuple(
        size * np.outer(after, before) for before, after in itertools.pairwise(ends)
    )


def shaken(weights: Weights, deviation: float, seed: int) -> Weights:
    """The same with independent normal deviations of every weight."""
    rng = np.random.default_rng([seed, len(weights)])
    return tuple(
        layer + deviation * rng.standard_normal(layer.shape) for layer in weights
    )

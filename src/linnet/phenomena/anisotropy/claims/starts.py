"""Starts of the claims: small random ones, and layers of rank one, aligned.

Theory is exact for the latter. Every draw follows from the given seed alone, and no two
kinds of start share their random numbers.
"""

import itertools

import numpy as np

from linnet.network import Weights
from linnet.shapes import Float

Stack = tuple[Float[np.ndarray, "_draws _out _in"], ...]  # layers of several starts


def gaussian(
    seed: int, draws: int, hidden: int, inputs: int, deviation: float
) -> Stack:
    """Independent normal layers, draws along the first axis."""
    rng = np.random.default_rng([seed, draws, hidden, inputs])
    first = deviation * rng.normal(size=(draws, hidden, inputs))
    return first, deviation * rng.normal(size=(draws, 1, hidden))


def one_draw(weights: Stack, index: int) -> Weights:
    """The layers of one of several draws."""
    return tuple(layer[index] for layer in weights)


def stacked(many: list[Weights]) -> Stack:
    """Starts of one shape along a first axis."""
    return tuple(np.stack(layers) for layers in zip(*many, strict=True))


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
    rng = np.random.default_rng([seed, depth, hidden])
    drawn = rng.standard_normal((depth - 1, hidden))
    units = drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
    ends = [np.asarray(direction, dtype=float), *units, np.ones(1)]
    size = length ** (1 / depth)
    return tuple(
        size * np.outer(after, before) for before, after in itertools.pairwise(ends)
    )


def tilted(vector: np.ndarray, imbalance: float, hidden: int, seed: int) -> Weights:
    """Two layers of rank one, product `vector`, squared norms apart by `imbalance`."""
    length = np.linalg.norm(vector)
    first, last = rank_one(vector / length, 1.0, hidden, seed=seed)
    larger = np.sqrt((np.hypot(imbalance, 2 * length) + np.abs(imbalance)) / 2)
    # The smaller layer from the product: a difference of squares would cancel.
    size = larger if imbalance >= 0 else length / larger
    return length / size * first, size * last


def shaken(weights: Weights, deviation: float, seed: int) -> Weights:
    """The same with independent normal deviations of every weight."""
    rng = np.random.default_rng([seed, len(weights)])
    return tuple(
        layer + deviation * rng.standard_normal(layer.shape) for layer in weights
    )

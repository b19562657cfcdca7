"""One-layer SGD as anyone would write it, and all its batches one by one.

Plain NumPy without the package: a reference for formulas of the stationary state.
"""

from collections.abc import Iterator
from itertools import combinations, product

import numpy as np


def data(
    rng: np.random.Generator, n: int, d: int, k: int = 1, noise: float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """Correlated inputs and noisy linear targets."""
    inputs = rng.normal(size=(n, d)) @ rng.normal(size=(d, d)) / np.sqrt(d)
    return inputs, inputs @ rng.normal(size=(d, k)) + noise * rng.normal(size=(n, k))


def batches(sampling: str, n: int, size: int) -> Iterator[tuple[int, ...]]:
    """Every batch, each as likely as the others."""
    if sampling == "with_replacement":
        return product(range(n), repeat=size)
    return combinations(range(n), size)


def gradient(
    inputs: np.ndarray, targets: np.ndarray, weights: np.ndarray
) -> np.ndarray:
    """Of the mean over the samples in the second to last axis."""
    error = inputs @ weights.swapaxes(-1, -2) - targets
    return error.swapaxes(-1, -2) @ inputs / inputs.shape[-2]


def ensemble(
    inputs: np.ndarray,
    targets: np.ndarray,
    start: np.ndarray,
    learning_rate: float,
    size: int,
    sampling: str,
    steps: int,
    rng: np.random.Generator,
    weight_decay: float = 0.0,
) -> Iterator[np.ndarray]:
    """Weights `(replicas, k, d)` after every step."""
    weights = start.copy()
    for _ in range(steps):
        if sampling == "with_replacement":
            pick = rng.integers(0, len(inputs), (len(start), size))
        else:
            order = rng.random((len(start), len(inputs)))
            pick = np.argpartition(order, size - 1, axis=1)[:, :size]
        step = gradient(inputs[pick], targets[pick], weights) + weight_decay * weights
        weights = weights - learning_rate * step
        yield weights

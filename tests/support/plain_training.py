"""Training written out in NumPy: slow, in full coordinates, with nothing reduced.

The other side of the comparisons with `linnet.dynamics`; shares no line with it.
"""

from collections.abc import Sequence
from functools import reduce
from itertools import pairwise

import numpy as np
from scipy.integrate import solve_ivp

from linnet.task import Moments

Layers = tuple[np.ndarray, ...]


def samples(
    seed: int, n: int = 12, d: int = 4, k: int = 2
) -> tuple[np.ndarray, np.ndarray]:
    """Inputs of unequal variances, and targets that are not a linear map of them."""
    rng = np.random.default_rng(seed)
    inputs = rng.standard_normal((n, d)) * np.geomspace(0.5, 1.5, d)
    noise = 0.3 * rng.standard_normal((n, k))
    return inputs, inputs @ rng.standard_normal((d, k)) + noise


def moments(seed: int, n: int = 12, d: int = 4, k: int = 2) -> Moments:
    return Moments.of_data(*samples(seed, n, d, k))


def layers(sizes: Sequence[int], seed: int, scale: float = 0.7) -> Layers:
    """Gaussian layers of about this norm, first layer first."""
    rng = np.random.default_rng([seed, len(sizes)])
    return tuple(
        scale * rng.standard_normal((b, a)) / np.sqrt(max(a, b))
        for a, b in pairwise(sizes)
    )


def product(weights: Layers, size: int) -> np.ndarray:
    """Of these layers, the last one leftmost; the identity if there are none."""
    return reduce(lambda below, layer: layer @ below, weights, np.eye(size))


def gradients(weights: Layers, moments: Moments) -> Layers:
    """Every gradient from the products above and below, each formed anew."""
    d = len(moments.xx)
    slope = product(weights, d) @ moments.xx - moments.yx
    found = []
    for at, layer in enumerate(weights):
        below = product(weights[:at], d)
        above = product(weights[at + 1 :], len(layer))
        found.append(above.T @ slope @ below.T)
    return tuple(found)


def batch_gradients(weights: Layers, inputs: np.ndarray, targets: np.ndarray) -> Layers:
    """Mean over the samples of a batch, one sample after the other."""
    each = [
        gradients(weights, Moments.of_data(x[None], y[None]))
        for x, y in zip(inputs, targets, strict=True)
    ]
    return tuple(np.mean(layer, axis=0) for layer in zip(*each, strict=True))


def moved(weights: Layers, along: Layers, rate: float) -> Layers:
    return tuple(w - rate * g for w, g in zip(weights, along, strict=True))


def descent(weights: Layers, moments: Moments, rate: float, steps: int) -> list[Layers]:
    """Weights after 0, 1, ..., `steps` steps."""
    path = [weights]
    for _ in range(steps):
        path.append(moved(path[-1], gradients(path[-1], moments), rate))
    return path


def flow(weights: Layers, moments: Moments, times: Sequence[float]) -> list[Layers]:
    """Gradient flow by SciPy, three digits more accurate than what is compared."""
    shapes = [layer.shape for layer in weights]
    ends = np.cumsum([layer.size for layer in weights])

    def unflat(vector: np.ndarray) -> Layers:
        parts = np.split(vector, ends[:-1])
        return tuple(p.reshape(s) for p, s in zip(parts, shapes, strict=True))

    def flat(weights: Layers) -> np.ndarray:
        return np.concatenate([layer.ravel() for layer in weights])

    # An absolute tolerance would decide what grows out of a tiny start.
    solution = solve_ivp(
        lambda _, vector: -flat(gradients(unflat(vector), moments)),
        (0.0, times[-1]),
        flat(weights),
        method="DOP853",
        t_eval=times,
        rtol=1e-13,
        atol=1e-13 * min(np.abs(layer[layer != 0]).min(initial=1) for layer in weights),
    )
    assert solution.success
    return [unflat(vector) for vector in solution.y.T]


def squared_norm(weights: Layers) -> float:
    return float(sum((layer**2).sum() for layer in weights))

"""Axes of two layers under SGD: their variances, and the widths of the loss along them.

What `flatness` fits and compares.
"""

from functools import lru_cache

import numpy as np

from linnet.numerics import Estimate
from linnet.phenomena.fluctuations import measure, theory
from linnet.phenomena.fluctuations.claims import networks, runs
from linnet.study import Problem

RATE, BATCH = 0.02, 10
REPLICAS, EVERY = 64, 60


def of_layer(problem: Problem, layer: int) -> np.ndarray:
    """Axes of one layer that move, as rows: singular directions of both layers."""
    first, second = networks.layers(problem)
    hidden, _, inputs = np.linalg.svd(first)
    outputs, _, seen = np.linalg.svd(second)
    if layer == 1:
        return np.kron(outputs, hidden).T
    return np.kron(seen[: min(second.shape)], inputs)


def predicted(problem: Problem, layer: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Variances and widths along the axes of a layer."""
    found = networks.fluctuations(problem, RATE, BATCH)
    axes = of_layer(problem, layer)
    variances = ((axes @ found.layer(layer)) * axes).sum(axis=1)
    curvature = theory.axis_curvature(
        networks.layers(problem), problem.moments.xx, layer, axes
    )
    least = runs.minimum(problem).least_loss
    return variances, theory.quadratic_width(curvature, least)


@lru_cache(maxsize=8)
def observed(problem: Problem, layer: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """The same by SGD and the full loss: (replicas, axes), and (axes,)."""
    start, axes = networks.layers(problem), of_layer(problem, layer)
    seen = networks.split(_deviations(problem), start)[layer]
    flat = seen.reshape(*seen.shape[:2], -1)
    variances = ((flat @ axes.T) ** 2).mean(axis=1)
    xx, yx, yy = problem.moments.xx, problem.moments.yx, problem.moments.yy

    def loss(rows: np.ndarray) -> np.ndarray:
        moved = rows.reshape(-1, *start[layer].shape)
        product = start[1] @ moved if layer == 0 else moved @ start[0]
        bent = ((product @ xx - 2 * yx) * product).sum(axis=(1, 2))
        return (bent + np.trace(yy)) / 2

    center = start[layer].ravel()
    return variances, measure.widths(loss, center, axes, is_batched=True).width


@lru_cache(maxsize=4)
def fitted(problem: Problem) -> measure.FlatnessExponent:
    """Exponent of the second layer with its error bar."""
    rng = np.random.default_rng(problem.seed)
    return measure.flatness_exponent(*observed(problem), rng)


@lru_cache(maxsize=4)
def _deviations(problem: Problem) -> np.ndarray:
    saves = 20 if problem.quick else 60
    return networks.about_means(problem, RATE, BATCH, REPLICAS, saves, EVERY)


def slope(problem: Problem) -> Estimate:
    """Exponent by least squares: linear in relative changes of the variances."""
    samples, widths = observed(problem)
    mean, x = samples.mean(axis=0), np.log(widths)
    pull = -(x - x.mean()) / ((x - x.mean()) ** 2).sum()
    around = Estimate.from_samples((samples / mean - 1) @ pull)
    return Estimate(pull @ np.log(mean), around.stderr, around.effective_samples)


def _within(problem: Problem, values: np.ndarray) -> np.ndarray:
    """Deviations from the mean of one output, of all axes of a layer."""
    grouped = values.reshape(*values.shape[:-1], len(problem.moments.yx), -1)
    return (grouped - grouped.mean(axis=-1, keepdims=True)).reshape(values.shape)


def spread(problem: Problem, values: np.ndarray) -> float:
    """Standard deviation of logarithms within outputs."""
    return float(_within(problem, np.log(values)).std())


def spread_seen(problem: Problem) -> Estimate:
    """The same of measured variances, without what their own errors add."""
    samples, _ = observed(problem, 0)
    off = samples / samples.mean(axis=0) - 1
    apart = _within(problem, np.log(samples.mean(axis=0)))
    noise = (_within(problem, off) ** 2).mean() / (len(samples) - 1)
    spread = np.sqrt(max(float((apart**2).mean() - noise), 0.0))
    around = Estimate.from_samples(off @ apart / (apart.size * apart.std()))
    return Estimate(spread, around.stderr, around.effective_samples)

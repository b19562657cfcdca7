"""Two layers at a minimum, and SGD chains that leave from it.

The layers are drawn with variance 1 / fan-in and trained by full-batch descent to its
end. `dynamics` is imported inside functions, so that listing claims stays light.
"""

from functools import lru_cache

import numpy as np

from linnet.network import Weights
from linnet.phenomena.fluctuations import theory
from linnet.phenomena.fluctuations.claims import runs
from linnet.study import Problem

DESCENT_RATE, DESCENT_STEPS = 0.1, 20_000
RELAXED = 8.0  # relaxation times of the slowest mode before chains are looked at


@lru_cache(maxsize=8)
def layers(problem: Problem) -> Weights:
    """Where descent from random layers ends."""
    from linnet.dynamics import GradientDescent, simulate

    k, d = problem.moments.yx.shape
    h = problem.hidden
    rng = np.random.default_rng(np.random.SeedSequence([problem.seed, d, h, k]))
    first = rng.normal(size=(h, d)) / np.sqrt(d)
    second = rng.normal(size=(k, h)) / np.sqrt(h)
    descent = GradientDescent(problem.moments, DESCENT_RATE)
    return simulate(descent, (first, second), steps=[DESCENT_STEPS]).weights


@lru_cache(maxsize=8)
def fluctuations(problem: Problem, rate: float, batch: int) -> theory.LayerFluctuations:
    """Predicted covariance of all weights."""
    return theory.visited_covariance(
        runs.minimum(problem), layers(problem), rate, noise_factor(problem, batch)
    )


def noise_factor(problem: Problem, batch: int) -> float:
    """Strength of the noise of a batch of distinct samples."""
    return theory.batch_noise(runs.SAMPLING, runs.minimum(problem).samples, batch)


def relaxed(problem: Problem, rate: float, batch: int) -> int:
    """Steps after which all modes that fluctuate have forgotten the start."""
    curvatures = fluctuations(problem, rate, batch).curvatures
    assert curvatures is not None
    return int(np.ceil(RELAXED / (rate * curvatures.min())))


def chains(
    problem: Problem,
    start: Weights,
    *,
    rate: float,
    batch: int,
    replicas: int,
    steps: list[int],
) -> np.ndarray:
    """All weights of SGD replicas at the given steps, shape (saves, replicas, p)."""
    from linnet.dynamics import SGD, WithoutReplacement, simulate

    dataset = problem.dataset
    assert dataset is not None
    sgd = SGD(dataset.inputs, dataset.targets, rate, batch, WithoutReplacement())
    return simulate(
        sgd,
        start,
        steps=steps,
        observe={"weights": all_weights},
        replicas=replicas,
        seed=problem.seed,
        memory_limit=problem.memory_limit,
    )["weights"]


def all_weights(weights: Weights) -> np.ndarray:
    """As one vector: row-major, first layer first."""
    import jax.numpy as jnp

    return jnp.concatenate([layer.ravel() for layer in weights])


def split(flat: np.ndarray, start: Weights) -> tuple[np.ndarray, np.ndarray]:
    """Back to both layers, whatever axes lead."""
    first, second = start
    lead = flat.shape[:-1]
    return (
        flat[..., : first.size].reshape(*lead, *first.shape),
        flat[..., first.size :].reshape(*lead, *second.shape),
    )


@lru_cache(maxsize=4)
def about_means(
    problem: Problem, rate: float, batch: int, replicas: int, saves: int, every: int
) -> np.ndarray:
    """Deviations from the mean of all replicas at the same step, (R, saves, p).

    What they share, a drift, is gone.
    """
    from linnet.phenomena.fluctuations import measure

    burn = relaxed(problem, rate, batch)
    seen = chains(
        problem,
        layers(problem),
        rate=rate,
        batch=batch,
        replicas=replicas,
        steps=[burn + every * i for i in range(1, saves + 1)],
    )
    return measure.about_replica_mean(seen.swapaxes(0, 1))


def along(
    layer: np.ndarray, axes: tuple[np.ndarray, np.ndarray], shape: tuple[int, int]
) -> np.ndarray:
    """Coordinates of one layer on the first rows and columns of its axes, flat."""
    rows, columns = shape
    left, right = axes[0][:, :rows], axes[1][:, :columns]
    turned = left.T @ layer @ right
    return turned.reshape(*turned.shape[:-2], rows * columns)

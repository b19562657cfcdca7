"""What the claims on the two phases share: tasks with one spike, starts and axes.

`dynamics` is imported by the claims inside functions, so that listing them stays light.
Every draw follows from the seed of the problem alone.
"""

from functools import lru_cache

import numpy as np

from linnet.network import Weights
from linnet.phenomena.anisotropy.claims import problems
from linnet.shapes import Float
from linnet.study import Problem
from linnet.task import Moments, Teacher, population_moments

Stack = tuple[Float[np.ndarray, "_draws _out _in"], ...]  # layers of several starts


@lru_cache(maxsize=256)
def task(
    seed: int, inputs: int, strength: float, alignment: float, norm: float = 1.0
) -> Moments:
    """Population with one spike in a random direction, teacher at the given cosine."""
    made = problems.planted(inputs, (strength,), (alignment,), seed=seed)
    teacher = Teacher(norm * made.teacher.end_to_end, 0.0)
    return population_moments(made.covariance, teacher)


def problem(
    title: str, *, inputs: int, hidden: int, deviation: float, seed: int, quick: bool
) -> Problem:
    """The task of spike strength 10 and alignment 0.3 as a problem."""
    made = problems.planted(inputs, (10.0,), (0.3,), seed=seed)
    return problems.population(
        made, title, hidden=hidden, deviation=deviation, seed=seed, quick=quick
    )


def axes(moments: Moments) -> np.ndarray:
    """Orthonormal columns: the correlation, and what the solution has beside it.

    One column where the solution has nothing beside it.
    """
    first = moments.yx[0] / np.linalg.norm(moments.yx[0])
    solution = np.linalg.solve(moments.xx, moments.yx[0])
    rest = solution - (solution @ first) * first
    rest -= (rest @ first) * first
    if np.linalg.norm(rest) < 1e-9 * np.linalg.norm(solution):
        return first[:, None]
    return np.column_stack([first, rest / np.linalg.norm(rest)])


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


def chain(seed: int, vector: np.ndarray, depth: int, hidden: int) -> Weights:
    """Balanced layers of rank one whose product is `vector`, in random directions."""
    rng = np.random.default_rng([seed, depth, hidden])
    length = np.linalg.norm(vector)
    share = length ** (1 / depth)
    given, layers = vector / length, []
    for _ in range(depth - 1):
        taken = rng.normal(size=hidden)
        taken /= np.linalg.norm(taken)
        layers.append(share * np.outer(taken, given))
        given = taken
    return (*layers, share * given[None, :])


def tilted(seed: int, vector: np.ndarray, imbalance: float, hidden: int) -> Weights:
    """Two layers of rank one, product `vector`, squared norms apart by `imbalance`."""
    rng = np.random.default_rng([seed, hidden])
    taken = rng.normal(size=hidden)
    taken /= np.linalg.norm(taken)
    length = np.linalg.norm(vector)
    larger = np.sqrt((np.hypot(imbalance, 2 * length) + np.abs(imbalance)) / 2)
    # The smaller layer from the product: a difference of squares would cancel.
    last = larger if imbalance >= 0 else length / larger
    return np.outer(taken, vector / last), last * taken[None, :]


def stacked(many: list[Weights]) -> Stack:
    """Starts of one shape along a first axis."""
    return tuple(np.stack(layers) for layers in zip(*many, strict=True))

"""What the claims on the two phases share: tasks with one spike, axes and corner.

`dynamics` is imported by the claims inside functions, so that listing them stays light.
"""

from functools import lru_cache

import numpy as np

from linnet.phenomena.anisotropy.claims import problems
from linnet.study import Problem
from linnet.task import Moments, Teacher, population_moments


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


def levels(moments: Moments) -> np.ndarray:
    """Best point along the correlation (the corner), then the end of the other axis."""
    along = axes(moments)
    found = moments.minimizer().end_to_end[0] @ along
    curvature = along[:, 0] @ moments.xx @ along[:, 0]
    found[0] = np.linalg.norm(moments.yx) / curvature
    return found


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

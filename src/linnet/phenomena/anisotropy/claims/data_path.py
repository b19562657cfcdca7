"""The predicted path of a network on a user's data, on the clock of gradient descent.

Theory alone: coordinates in the data's Krylov basis, from the reduced flow.
"""

from functools import lru_cache

import numpy as np

from linnet.phenomena.anisotropy import theory
from linnet.phenomena.anisotropy.claims import question
from linnet.study import Problem

MOST = 3e5  # steps of descent that a run can afford
POINTS = 4000  # of the path


@lru_cache(maxsize=8)
def phases(problem: Problem) -> np.ndarray:
    """Predicted steps to half of the first and, if it can be watched, of the second.

    The first is infinite where even that takes longer than a run can afford.
    """
    if np.isinf(half_times(problem)[0]):
        return np.array([np.inf])
    found = clock(problem, np.array(half_times(problem)))
    return found[: 1 + int((found[1:] < MOST).sum())]


@lru_cache(maxsize=8)
def path(problem: Problem) -> tuple[np.ndarray, np.ndarray]:
    """Predicted coordinates over times that are dense in their logarithm."""
    basis = question.basis(problem)
    end = MOST * question.learning_rate(problem)
    times = np.append(0.0, np.geomspace(1e-6 * end, end, POINTS))
    coordinates = theory.reduced_flow(
        basis.moment,
        basis.drive_vector,
        np.zeros(basis.dimensions),
        times,
        imbalance=problem.init_scale,
    )
    return times, coordinates


def levels(problem: Problem) -> list[float]:
    """Of what half is waited for: the corner, and the end of the second direction."""
    basis = question.basis(problem)
    return [basis.plateaus[0, 0], *basis.target[1:2]]


@lru_cache(maxsize=8)
def half_times(problem: Problem) -> tuple[float, ...]:
    """Of the flow, infinite where they lie beyond what a run can afford."""
    times, coordinates = path(problem)
    found = []
    for course, level in zip(coordinates.T, levels(problem), strict=False):
        beyond = course >= level / 2
        at = int(beyond.argmax())
        near = slice(at - 1, at + 1)
        half = np.interp(level / 2, course[near], times[near]) if at else np.inf
        found.append(float(half))
    return tuple(found)


def clock(problem: Problem, times: np.ndarray | float) -> np.ndarray:
    """Steps of descent at which it is where the flow is at `times`.

    Growth is slower by finite steps until the first phase is half over.
    """
    rate, first = question.learning_rate(problem), half_times(problem)[0]
    slowdown = theory.discrete_slowdown(rate, question.basis(problem).drive)
    late = (slowdown - 1) * first - 0.75 * rate * np.log(2)
    return (times + late * np.minimum(np.asarray(times) / first, 1.0)) / rate


def loss(problem: Problem, steps: np.ndarray) -> np.ndarray:
    """Predicted excess loss at these steps, over that of the start."""
    basis, (times, coordinates) = question.basis(problem), path(problem)
    gap = coordinates - basis.target
    excess = np.einsum("ti,ij,tj->t", gap, basis.moment, gap) / 2
    return np.interp(steps, clock(problem, times), excess / basis.excess[0])

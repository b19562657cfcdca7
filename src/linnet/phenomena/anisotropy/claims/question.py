"""What a user's data is asked here: one output, a small start, its phases.

Several outputs are asked for the combination of them that varies most with the inputs;
every theory of this phenomenon has one output.
"""

from functools import lru_cache

import numpy as np

from linnet.network import IsotropicFirstLayer, Weights
from linnet.phenomena.anisotropy import theory
from linnet.study import Problem
from linnet.task import Moments

SHARE = 0.1  # learning rate in units of the largest stable one


@lru_cache(maxsize=8)
def output(problem: Problem) -> np.ndarray:
    """The unit combination of outputs that varies most with the inputs.

    Means are taken off to choose it: of class labels that are not centered, all
    together would correlate most with the inputs, and that is the same for all samples.
    """
    cross, data = problem.moments.yx, problem.dataset
    if data is not None:
        inputs, targets = (a - a.mean(0) for a in (data.inputs, data.targets))
        cross = targets.T @ inputs
    left = np.linalg.svd(cross, full_matrices=False)[0][:, 0]
    return left * np.sign(left[np.abs(left).argmax()])


@lru_cache(maxsize=8)
def moments(problem: Problem) -> Moments:
    """Moments of that one output."""
    given, row = problem.moments, output(problem)[None, :]
    return Moments(given.xx, row @ given.yx, row @ given.yy @ row.T, given.n)


@lru_cache(maxsize=8)
def basis(problem: Problem) -> theory.AdaptedBasis:
    """The directions in which it is learned."""
    return theory.adapted_basis(moments(problem))


@lru_cache(maxsize=8)
def edge(problem: Problem) -> float:
    """Largest learning rate at which descent stays where training ends."""
    return float(theory.largest_stable_step(moments(problem)))


def learning_rate(problem: Problem) -> float:
    """The one asked for, or a tenth of the largest stable one."""
    if problem.learning_rate is not None:
        return problem.learning_rate
    return SHARE * edge(problem)


def start(problem: Problem) -> Weights:
    """First layer isotropic, second layer zero: the flow of the product is closed."""
    d = len(problem.moments.xx)
    rng = np.random.default_rng(problem.seed)
    return IsotropicFirstLayer(problem.init_scale).weights((d, problem.hidden, 1), rng)

"""The canonical problems: spiked covariances, a teacher at a chosen angle, data sets.

A `Planted` task is a covariance and a teacher; `population` makes a problem of its
moments, `data_sets` draws from it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from linnet.numerics import haar_frame
from linnet.study import Problem
from linnet.task import (
    Covariance,
    Dataset,
    Moments,
    Teacher,
    population_moments,
    sample_dataset,
    spiked_covariance,
)


@dataclass(frozen=True, eq=False)
class Planted:
    """A covariance with spikes and a scalar teacher, both known.

    Attributes:
        covariance: Unit bulk and spikes.
        teacher: Of length one.
        directions: Orthonormal rows, one a spike.
    """

    covariance: Covariance
    teacher: Teacher
    directions: np.ndarray

    @property
    def target(self) -> np.ndarray:
        """The teacher as a vector."""
        return self.teacher.end_to_end[0]


@lru_cache(maxsize=256)
def planted(
    d: int,
    spike_strengths: tuple[float, ...],
    alignments: tuple[float, ...],
    *,
    noise: float = 0.0,
    seed: int = 0,
) -> Planted:
    """Spikes in random directions, and a teacher at given cosines to them.

    Args:
        d: Inputs.
        spike_strengths: One or several.
        alignments: Cosine of the teacher with each spike; what they leave of its length
            points in a random direction orthogonal to all of them.
        noise: Standard deviation of the labels.
        seed: Fixes all directions; they do not depend on strengths and cosines.
    """
    count = len(spike_strengths)
    frame = haar_frame(d, count + 1, np.random.default_rng([seed, d, count])).T
    rest = np.sqrt(max(1 - np.sum(np.square(alignments)), 0.0))
    target = np.array([*alignments, rest]) @ frame
    covariance = spiked_covariance(d, np.array(spike_strengths), frame[:count])
    return Planted(covariance, Teacher(target[None, :], noise), frame[:count])


def population(
    task: Planted, title: str, *, hidden: int, deviation: float, seed: int, quick: bool
) -> Problem:
    """Infinitely many samples of a planted task.

    Args:
        task: What is learned.
        title: What a reader calls it.
        hidden: Hidden width.
        deviation: Standard deviation of every weight at the start.
        seed: Fixes the start.
        quick: Fewer settings, shorter runs.
    """
    moments = population_moments(task.covariance, task.teacher)
    return posed(
        moments, title, hidden=hidden, deviation=deviation, seed=seed, quick=quick
    )


def posed(
    moments: Moments,
    title: str,
    *,
    dataset: Dataset | None = None,
    hidden: int,
    deviation: float,
    seed: int,
    quick: bool,
) -> Problem:
    """A canonical problem of these moments; arguments as of `population`."""
    option = " --quick" if quick else ""
    return Problem(
        title=title,
        moments=moments,
        dataset=dataset,
        hidden=hidden,
        init_scale=hidden * deviation**2,
        learning_rate=None,
        seed=seed,
        quick=quick,
        command=f"linnet reproduce anisotropy --seed {seed}{option}",
        canonical=True,
    )


def data_sets(task: Planted, n: int, count: int, seed: int) -> Iterator[Dataset]:
    """Independent data sets of a planted task, the same ones for the same seed."""
    for i in range(count):
        rng = np.random.default_rng([seed, n, i, 1])  # 1: apart from directions
        yield sample_dataset(task.covariance, task.teacher, n, rng, f"data set {i}")

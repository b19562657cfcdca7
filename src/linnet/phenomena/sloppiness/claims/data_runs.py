"""Networks of one layer that are trained on a user's data, and where they moved."""

from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from linnet.numerics import Estimate
from linnet.phenomena.sloppiness import measure
from linnet.phenomena.sloppiness.claims.data_question import (
    DIMENSIONS,
    SPACES,
    TASKS,
    along,
    learning_rate,
    networks,
)
from linnet.shapes import Float
from linnet.study import Problem

if TYPE_CHECKING:
    from linnet.dynamics import LinearEnsemble


@lru_cache(maxsize=64)
def share_of_networks(problem: Problem, steps: int, init_deviation: float) -> Estimate:
    """Share along the axes that theory names; all networks learn the data's target."""
    targets = _samples(problem)[1]
    outputs, count = targets.shape[1], networks(problem)
    rng = np.random.default_rng([problem.seed, steps, 1])
    shape = count * outputs, problem.moments.xx.shape[0]
    starts = init_deviation * rng.standard_normal(shape)
    runs = _recorded(problem, steps, starts, np.tile(targets.T, (count, 1)))
    together = (np.stack(rows, axis=-1) for rows in _grouped(runs, outputs))
    found = measure.variance_share(together, _named(problem, steps, init_deviation))
    return Estimate(found.value[-1], found.stderr[-1], found.effective_samples)


@lru_cache(maxsize=64)
def share_over_tasks(problem: Problem, steps: int, target_ratio: float) -> Estimate:
    """Share along the three strongest axes of the inputs; a new target for each."""
    inputs, _ = _samples(problem)
    rng = np.random.default_rng([problem.seed, steps, 2])
    starts, goals = rng.standard_normal((2, TASKS, inputs.shape[1]))
    runs = _recorded(problem, steps, starts, target_ratio * goals @ inputs.T)
    lead = np.eye(_axes(problem).shape[1])[:, :DIMENSIONS]
    found = measure.variance_share(runs, lead)
    return Estimate(found.value[-1], found.stderr[-1], found.effective_samples)


def _samples(problem: Problem) -> tuple[np.ndarray, np.ndarray]:
    assert problem.dataset is not None  # `silent_because` has seen to it
    return problem.dataset.inputs, problem.dataset.targets


@lru_cache(maxsize=8)
def _axes(problem: Problem) -> Float[np.ndarray, "n r"]:
    """Orthonormal axes of all predictions that a linear network can make."""
    left, sizes, _ = np.linalg.svd(_samples(problem)[0], full_matrices=False)
    rank = problem.moments.minimizer().rank
    return left[:, :rank] * np.sign(sizes[:rank])


def _named(
    problem: Problem, steps: int, init_deviation: float
) -> Float[np.ndarray, "r k q"]:
    """The axes that theory names, in the coordinates of these runs."""
    named = along(problem, steps, init_deviation)
    seen = np.einsum("nr,nkq->rkq", _axes(problem), named)
    columns = np.linalg.qr(seen.reshape(-1, named.shape[-1]))[0]  # to rounding
    return columns.reshape(seen.shape)


def _process(problem: Problem) -> "LinearEnsemble":
    from linnet.dynamics import LinearEnsemble

    return LinearEnsemble(_samples(problem)[0], learning_rate(problem))


def _recorded(
    problem: Problem,
    steps: int,
    starts: Float[np.ndarray, "j d"],
    targets: Float[np.ndarray, "j n"],
) -> Iterator[Float[np.ndarray, "checkpoints r"]]:
    """Predictions along the axes, one output after the other."""
    from linnet.dynamics import linear_steps, stream_ensemble

    at = linear_steps(steps, SPACES + 1)
    parts = stream_ensemble(
        _process(problem),
        starts,
        targets,
        at,
        axes=_axes(problem),
        memory_limit=problem.memory_limit,
    )
    for part in parts:
        if part.diverged:
            raise RuntimeError(f"{part.diverged} networks diverged.")
        yield from part.predictions


def _grouped(
    rows: Iterator[Float[np.ndarray, "checkpoints r"]], size: int
) -> Iterator[list[Float[np.ndarray, "checkpoints r"]]]:
    """The outputs of one network together."""
    group: list[np.ndarray] = []
    for row in rows:
        group.append(row)
        if len(group) == size:
            yield group
            group = []

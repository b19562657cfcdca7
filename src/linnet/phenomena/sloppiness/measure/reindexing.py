r"""Trajectories as functions of progress, and how far apart whole trajectories are.

Two networks that train at different speeds can be compared where each is equally far on
its way to the truth.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from linnet.phenomena.sloppiness.measure import along_geodesic
from linnet.phenomena.sloppiness.measure.distances import distance_matrix
from linnet.phenomena.sloppiness.measure.distances.kinds import AbstractDistance
from linnet.phenomena.sloppiness.measure.geometry import between
from linnet.phenomena.sloppiness.measure.predictions import Predictions
from linnet.phenomena.sloppiness.measure.sphere import square_roots
from linnet.shapes import Float

LEVELS = 100
Beyond = Literal["hold", "leave out"]


@dataclass(frozen=True, eq=False)
class Reindexed:
    r"""One trajectory at given levels of progress. Exact: no error bar.

    Attributes:
        levels: Of progress.
        predictions: Probabilities at each level; those of the first checkpoint below
            what the trajectory has reached, those of the furthest one above.
        reached: Whether a level lies between the first and the largest progress.
        along: Progress of the checkpoints.
    """

    levels: Float[np.ndarray, " levels"]
    predictions: Float[np.ndarray, "levels samples classes"]
    reached: np.ndarray
    along: Float[np.ndarray, " times"]


@dataclass(frozen=True, eq=False)
class _Route:
    """Between which checkpoints a trajectory passes each level, and where there."""

    before: np.ndarray
    after: np.ndarray
    fraction: Float[np.ndarray, " levels"]
    reached: np.ndarray


def reindex(
    trajectory: Float[np.ndarray, "times samples classes"] | Predictions,
    truth: Float[np.ndarray, "samples classes"],
    levels: Float[np.ndarray, " levels"] | None = None,
    *,
    start: Float[np.ndarray, "samples classes"] | None = None,
) -> Reindexed:
    r"""A trajectory where it passes given levels of progress for the first time.

    Between the two checkpoints around a passage the path is their geodesic, passed at
    the fraction at which progress, taken as straight, meets the level. Checkpoints that
    fall back behind the progress made before are passed over.

    Valid for: checkpoints so dense that progress is straight between two of them.

    Args:
        trajectory: Probabilities at the checkpoints, in the order of time; or
            `Predictions`, for logits and for what lies in files.
        truth: The end of the geodesic along which progress is measured.
        levels: In $[0,1]$; None for 100 equally spaced ones.
        start: Its start; None for ignorance.

    Raises:
        ValueError: when these are no probabilities, shapes differ, or a level lies
            outside of $[0,1]$.

    Reference: progress is that of Mao et al. 2025 and earlier work of theirs; the
    passage is defined here.
    """
    at = _levels(levels)
    _check(trajectory, 0)
    along = along_geodesic.progress(trajectory, truth, start=start).along
    route = _route(along, at)
    predictions = np.stack(
        [_passage(trajectory, route, level) for level in range(len(at))]
    )
    return Reindexed(at, predictions, route.reached, along)


def trajectory_distances(
    trajectories: Sequence[Float[np.ndarray, "times samples classes"] | Predictions],
    truth: Float[np.ndarray, "samples classes"],
    levels: Float[np.ndarray, " levels"] | None = None,
    *,
    start: Float[np.ndarray, "samples classes"] | None = None,
    distance: str | AbstractDistance = "bhattacharyya",
    beyond: Beyond = "hold",
    progress: Callable[[int, int], None] | None = None,
) -> Float[np.ndarray, "m m"]:
    r"""Distances of whole trajectories, $\int_0^1D(P_u(\lambda),P_v(\lambda))d\lambda$.

    The mean over levels of the distances of trajectories where they are equally far
    (`reindex`). Zero for two that follow one path at different speeds, as far as their
    checkpoints are dense. Trajectories may be embedded with it as models are.

    Args:
        trajectories: Probabilities, or `Predictions`, as for `reindex`; their numbers
            of checkpoints may differ. What lies in files is read piece by piece.
        truth: The end of the geodesic along which progress is measured.
        levels: In $[0,1]$; None for 100 equally spaced ones.
        start: Its start; None for ignorance.
        distance: Name of a distance of models, or the distance itself.
        beyond: `hold` keeps a trajectory at its first or furthest point at levels it
            does not reach; `leave out` takes the mean over what both reach.
        progress: Called with the numbers of finished levels and of all.

    Returns:
        The matrix, symmetric with a diagonal of zero; infinite where the distance is.

    Raises:
        ValueError: when these are no probabilities, shapes differ, a level lies outside
            of $[0,1]$, or two trajectories share no level and those are left out.

    Reference: Mao et al. 2025 and earlier work of theirs; levels they do not reach are
    treated as said here.
    """
    if beyond not in ("hold", "leave out"):
        raise ValueError(
            f"Argument `beyond` must be 'hold' or 'leave out', but is {beyond!r}."
        )
    at, routes = _levels(levels), []
    for number, trajectory in enumerate(trajectories):
        _check(trajectory, number)
        found = along_geodesic.progress(trajectory, truth, start=start)
        routes.append(_route(found.along, at))
    if not routes:
        raise ValueError("Argument `trajectories` must hold some, but is empty.")
    total = np.zeros((len(routes), len(routes)))
    counts = np.zeros_like(total)
    for level in range(len(at)):
        models = np.stack(
            [
                _passage(trajectory, route, level)
                for trajectory, route in zip(trajectories, routes, strict=True)
            ]
        )
        here = np.array([beyond == "hold" or route.reached[level] for route in routes])
        both = np.outer(here, here)
        total[both] += distance_matrix(models, distance)[both]
        counts += both
        if progress is not None:
            progress(level + 1, len(at))
    _check_shared(counts)
    np.fill_diagonal(counts, 1.0)
    return total / counts


def _route(
    along: Float[np.ndarray, " times"], levels: Float[np.ndarray, " levels"]
) -> _Route:
    furthest = np.maximum.accumulate(along)
    after = np.searchsorted(furthest, levels)  # the first checkpoint that is as far
    beyond = after == len(along)
    after = np.where(beyond, int(along.argmax()), after)
    before = np.where(beyond | (after == 0), after, after - 1)
    rise = along[after] - along[before]
    # Between two checkpoints progress rises, for else the first would be as far.
    share = (levels - along[before]) / np.where(rise > 0, rise, 1.0)
    reached = (levels >= along[0]) & ~beyond
    return _Route(before, after, np.where(before == after, 0.0, share), reached)


def _passage(
    trajectory: Float[np.ndarray, "times samples classes"] | Predictions,
    route: _Route,
    level: int,
) -> Float[np.ndarray, "samples classes"]:
    before, after = int(route.before[level]), int(route.after[level])
    first = square_roots(_model(trajectory, before), "trajectory")
    second = square_roots(_model(trajectory, after), "trajectory")
    vectors = between(first, second, route.fraction[level])
    p = vectors**2
    return p / p.sum(-1, keepdims=True)


def _model(
    trajectory: Float[np.ndarray, "times samples classes"] | Predictions, time: int
) -> Float[np.ndarray, "samples classes"]:
    if isinstance(trajectory, Predictions):
        return trajectory.probabilities(slice(time, time + 1))[0]
    return trajectory[time]


def _levels(
    levels: Float[np.ndarray, " levels"] | None,
) -> Float[np.ndarray, " levels"]:
    if levels is None:
        return np.linspace(0, 1, LEVELS)
    given = np.asarray(levels, dtype=float)
    if given.ndim != 1 or not given.size or not ((given >= 0) & (given <= 1)).all():
        raise ValueError(
            "Argument `levels` must be one row of numbers in [0, 1], but has shape"
            f" {given.shape} or an entry outside."
        )
    return given


def _check(trajectory: Float[np.ndarray, "..."] | Predictions, number: int) -> None:
    if isinstance(trajectory, Predictions):
        return  # has checked its own shape
    if trajectory.ndim != 3 or not len(trajectory):
        raise ValueError(
            "A trajectory must be (times, samples, classes) of at least one checkpoint,"
            f" but number {number} has shape {trajectory.shape}."
        )


def _check_shared(counts: Float[np.ndarray, "m m"]) -> None:
    apart = (counts == 0) & ~np.eye(len(counts), dtype=bool)
    if apart.any():
        u, v = np.argwhere(apart)[0]
        raise ValueError(
            "Argument `beyond` must not be 'leave out' for trajectories that share no"
            f" level of progress, but {u} and {v} do not: give levels that both reach,"
            " or choose 'hold'."
        )

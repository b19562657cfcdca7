"""Ensembles of trajectories, trained step by step and seen along the inputs' axes.

Draw starts and targets (`random_targets`, `fixed_target`), train them by a process of
`linnet.dynamics` (`recorded`), and take moments along the left singular vectors of the
inputs (`moments`), or the whole cloud (`clouded`), of which any function of its second
moment is known with an error over trajectories (`of_cloud`, `along_axes`).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from linnet.numerics import Estimate, jackknife
from linnet.phenomena.sloppiness import measure
from linnet.phenomena.sloppiness.claims.problems import SpectralData
from linnet.shapes import Float, Int

if TYPE_CHECKING:
    from linnet.dynamics import AbstractEnsembleProcess, OnlineEnsemble

GROUPS = 64  # of trajectories, behind the error of what is no mean


@dataclass(frozen=True, eq=False)
class Drawn:
    """Where trajectories start, and what they learn.

    Attributes:
        starts: Weights of each trajectory, or one row for all.
        goals: Target weights of each trajectory, or one row for all.
        trajectories: How many there are.
    """

    starts: Float[np.ndarray, "*each d"]
    goals: Float[np.ndarray, "*some d"]
    trajectories: int


def random_targets(
    data: SpectralData,
    *,
    init_deviation: float,
    target_deviation: float,
    trajectories: int,
    seed: int,
    stream: int = 0,
) -> Drawn:
    """Normal starts and normal targets, anew for every trajectory.

    Args:
        data: The inputs.
        init_deviation: Of the starts.
        target_deviation: Of the targets.
        trajectories: Their number.
        seed: Of the problem.
        stream: Of the ensemble: each of another one has draws of its own, so that what
            two ensembles show are two observations.
    """
    # 2: not the problem's draws
    rng = np.random.default_rng([seed, trajectories, 2, stream])
    shape = trajectories, data.inputs.shape[1]
    starts = init_deviation * rng.standard_normal(shape)
    return Drawn(starts, target_deviation * rng.standard_normal(shape), trajectories)


def fixed_target(
    goal: Float[np.ndarray, " d"],
    *,
    init_deviation: float,
    trajectories: int,
    seed: int,
) -> Drawn:
    """Normal starts for every trajectory, and one goal for all."""
    rng = np.random.default_rng([seed, trajectories, 3])
    starts = init_deviation * rng.standard_normal((trajectories, len(goal)))
    return Drawn(starts, goal, trajectories)


def recorded(
    process: "AbstractEnsembleProcess",
    data: SpectralData,
    drawn: Drawn,
    steps: Sequence[int],
    *,
    residuals: Float[np.ndarray, " n"] | None = None,
    seed: int = 0,
) -> Iterator[Float[np.ndarray, "checkpoints r"]]:
    """Predictions along the axes of the inputs, one trajectory after the other.

    Args:
        process: What one step does, on the inputs of `data` and their labels.
        data: The inputs.
        drawn: Starts and goals; labels are predictions of the goals.
        steps: Checkpoints, from 0 on.
        residuals: What labels hold beside that; None for nothing.
        seed: Of batches.

    Raises:
        RuntimeError: when a trajectory diverged: the run was not meant to.
    """
    labels = drawn.goals @ data.inputs.T
    if residuals is not None:
        labels = labels + residuals
    return _sound_paths(process, drawn, labels, steps, data.axes, seed)


def recorded_online(
    process: "OnlineEnsemble", drawn: Drawn, steps: Sequence[int], *, seed: int = 0
) -> Iterator[Float[np.ndarray, "checkpoints r"]]:
    """The same on fresh samples: predictions in the population, along its axes.

    Args:
        process: What one step does.
        drawn: Starts and goals.
        steps: Checkpoints, from 0 on.
        seed: Of samples.

    Raises:
        RuntimeError: when a trajectory diverged: the run was not meant to.
    """
    return _sound_paths(process, drawn, drawn.goals, steps, None, seed)


def _sound_paths(
    process: "AbstractEnsembleProcess",
    drawn: Drawn,
    targets: Float[np.ndarray, "*some m"],
    steps: Sequence[int],
    axes: Float[np.ndarray, "n r"] | None,
    seed: int,
) -> Iterator[Float[np.ndarray, "checkpoints r"]]:
    from linnet.dynamics import stream_ensemble

    parts = stream_ensemble(
        process,
        drawn.starts,
        targets,
        steps,
        axes=axes,
        trajectories=drawn.trajectories,
        seed=seed,
    )
    for part in parts:
        if part.diverged:
            raise RuntimeError(f"{part.diverged} trajectories diverged.")
        yield from part.predictions


def moments(
    paths: Iterator[Float[np.ndarray, "checkpoints r"]],
    *,
    weights: Float[np.ndarray, " checkpoints"] | None = None,
    centered: bool = False,
) -> Estimate:
    """Second moment along each axis with its error over trajectories."""
    first = next(paths)
    axes = np.eye(first.shape[1])  # what was recorded lies along the axes already
    every = chain([first], paths)
    return measure.axis_moments(every, axes, weights=weights, centered=centered)


def clouded(
    paths: Iterator[Float[np.ndarray, "checkpoints r"]],
    *,
    weights: Float[np.ndarray, " checkpoints"] | None = None,
    groups: int = GROUPS,
) -> measure.Cloud:
    """Sums over all trajectories, in groups."""
    return measure.gather_cloud(paths, weights=weights, groups=groups)


def of_cloud(
    cloud: measure.Cloud,
    statistic: Callable[[Float[np.ndarray, "r r"]], Float[np.ndarray, "..."] | float],
    *,
    centered: bool = False,
) -> Estimate:
    """A function of the second moment of a cloud, by leaving groups out.

    Args:
        cloud: Of two groups or more.
        statistic: Of the matrix along the axes that were recorded. Sorted eigenvalues
            of a sampled cloud are biased to first order, moments along axes are not.
        centered: Whether the moment is around the mean of everything.
    """
    sums = cloud.moments.sum(0), cloud.centers.sum((0, 1)), cloud.counts.sum()

    def matrix(group: int | None) -> Float[np.ndarray, "r r"]:
        moment, center, count = sums
        if group is not None:
            moment = moment - cloud.moments[group]
            center = center - cloud.centers[group].sum(0)
            count = count - cloud.counts[group]
        mean = center / count if centered else np.zeros_like(center)
        return moment / count - np.outer(mean, mean)

    def without(group: int) -> Float[np.ndarray, "..."] | float:
        return statistic(matrix(group))

    return jackknife(statistic(matrix(None)), without, len(cloud.counts))


def along_axes(
    cloud: measure.Cloud,
    statistic: Callable[[Float[np.ndarray, " r"]], Float[np.ndarray, "..."] | float],
    *,
    centered: bool = False,
) -> Estimate:
    """A function of the moments along the axes, which random targets are diagonal in.

    Args:
        cloud: Of two groups or more.
        statistic: Of the moments along the axes, such as `participation_ratio`.
        centered: Whether moments are around the mean of everything.
    """
    return of_cloud(cloud, lambda matrix: statistic(np.diag(matrix)), centered=centered)


def squares_up_to(
    paths: Iterator[Float[np.ndarray, "checkpoints r"]],
    lengths: Sequence[int],
    groups: int = GROUPS,
) -> Float[np.ndarray, "groups lengths r"]:
    """Mean squares along each axis over the first checkpoints, summed in groups.

    One run tells of all shorter ones.

    Args:
        paths: Trajectories, one after the other.
        lengths: Numbers of first checkpoints.
        groups: Into which trajectories are put in turn.
    """
    count = np.asarray(lengths)
    found: Float[np.ndarray, "groups lengths r"] | None = None
    for number, path in enumerate(paths):
        means = np.cumsum(path**2, axis=0)[count - 1] / count[:, None]
        if found is None:
            found = np.zeros((groups, *means.shape))
        found[number % groups] += means
    if found is None:
        raise ValueError("Argument `paths` must hold a trajectory, but is empty.")
    return found


def side_by_side(found: Sequence[Estimate]) -> Estimate:
    """Entries of estimates, one after the other."""
    value, error = (
        np.hstack([getattr(each, name) for each in found])
        for name in ("value", "stderr")
    )
    return Estimate(value, error, min(each.effective_samples for each in found))


def entries(found: Estimate, at: Int[np.ndarray, " some"] | slice) -> Estimate:
    """Some of the entries of an estimate."""
    return Estimate(found.value[at], found.stderr[at], found.effective_samples)


def of_groups(
    sums: Float[np.ndarray, "groups ..."],
    statistic: Callable[[Float[np.ndarray, "..."]], Float[np.ndarray, "..."] | float],
) -> Estimate:
    """A function of sums over groups, leaving out one group after the other.

    Args:
        sums: Of each group.
        statistic: Of the sum over all; it must not ask for their scale.
    """
    total = sums.sum(0)

    def without(group: int) -> Float[np.ndarray, "..."] | float:
        return statistic(total - sums[group])

    return jackknife(statistic(total), without, len(sums))

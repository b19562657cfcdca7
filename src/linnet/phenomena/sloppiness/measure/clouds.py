r"""Spectra of a sampled ensemble of trajectories in the space of predictions.

The cloud is made of all checkpoints of all trajectories. Points of one trajectory are
strongly correlated, so every error bar is over trajectories, however many checkpoints
there are.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from linnet.numerics import Estimate, jackknife
from linnet.phenomena.sloppiness.measure.recordings import (
    checked_axes,
    checkpoint_weights,
    recordings,
)
from linnet.shapes import Float, Int

Outputs = Literal["joint", "pooled"]


def axis_moments(
    trajectories: Iterable[Float[np.ndarray, "..."]],
    axes: Float[np.ndarray, "samples k"],
    *,
    weights: Float[np.ndarray, " checkpoints"] | None = None,
    centered: bool = False,
) -> Estimate:
    r"""Second moments $(U^\top MU)_{kk}$ of predictions along given axes.

    $$M = \frac1J\sum_j\sum_tp_t\,f_j(t)f_j(t)^\top,\qquad
      C = M - \bar f\bar f^\top,\quad\bar f=\frac1J\sum_j\sum_tp_tf_j(t),$$
    a mean over $J$ trajectories, and over outputs where there are several. Without
    bias, which sorted eigenvalues are not: this is what a predicted spectrum is to be
    compared with, along the left singular vectors of the inputs. Small moments keep
    their digits.

    Args:
        trajectories: Predictions `(checkpoints, samples, outputs)` of each trajectory,
            or `(checkpoints, samples)`, in an array or one after the other; none is
            kept.
        axes: $U$, orthonormal columns.
        weights: $p$ of the checkpoints; None for equal ones.
        centered: Whether $C$ is meant, around the mean over everything.

    Returns:
        One moment per axis, with its standard error over trajectories.

    Raises:
        ValueError: when there are fewer than two trajectories, shapes do not fit, an
            entry is not finite, axes are not orthonormal, or weights do not sum to one.

    Reference: derived here.

    Example:
        >>> runs = np.array([[[1.0, 0.0], [3.0, 1.0]], [[2.0, 0.0], [2.0, 1.0]]])
        >>> axis_moments(runs, np.eye(2)).value
        array([4.5, 0.5])
        >>> axis_moments(runs, np.eye(2), centered=True).value
        array([0.5 , 0.25])
    """
    columns = checked_axes(axes)
    squares, means = [], []
    for values in recordings(trajectories, len(columns)):
        p = checkpoint_weights(weights, len(values))
        along = values @ columns
        squares.append(np.einsum("t,tok,tok->k", p, along, along) / along.shape[1])
        means.append(np.einsum("t,tok->ok", p, along))
    if len(squares) < 2:
        raise ValueError(
            "Argument `trajectories` must hold at least 2 trajectories, but holds"
            f" {len(squares)}: an error bar is over trajectories, not over correlated"
            " checkpoints of one."
        )
    if not centered:
        return Estimate.from_samples(squares)
    return _centered(np.stack(squares), np.stack(means))


def _centered(
    squares: Float[np.ndarray, "j k"], means: Float[np.ndarray, "j o k"]
) -> Estimate:
    count = len(squares)
    # Around an arbitrary origin near the mean: the difference keeps its digits.
    origin = means.mean(0)
    shifted = means - origin
    moments = squares - (2 * means * origin - origin**2).mean(1)
    sums = moments.sum(0), shifted.sum(0)

    def without(j: int) -> Float[np.ndarray, " k"]:
        rest = (sums[1] - shifted[j]) / (count - 1)
        return (sums[0] - moments[j]) / (count - 1) - (rest**2).mean(0)

    whole = sums[0] / count - ((sums[1] / count) ** 2).mean(0)
    return jackknife(whole, without, count)


@dataclass(frozen=True, eq=False)
class Cloud:
    r"""Sums over trajectories, in groups that are independent of each other.

    `a + b` is the cloud of disjoint trajectories of the same kind: same samples, axes
    and checkpoints, which only their shapes and weights can be checked for.

    Attributes:
        moments: Sums of $\sum_tp_tf(t)f(t)^\top$ over the trajectories of a group.
        centers: Sums of $\sum_tp_tf(t)$; one row for each of the pooled outputs.
        squares: Sums of $\sum_tp_t\lvert f(t)\rvert^2$, which what no axis holds is in.
        counts: Trajectories of each group.
        weights: $p$ of the checkpoints.
    """

    moments: Float[np.ndarray, "groups k k"]
    centers: Float[np.ndarray, "groups parts k"]
    squares: Float[np.ndarray, " groups"]
    counts: Int[np.ndarray, " groups"]
    weights: Float[np.ndarray, " checkpoints"]

    @property
    def trajectories(self) -> int:
        """How many there are in all groups."""
        return int(self.counts.sum())

    @property
    def outside(self) -> float:
        """Share of the mean square that no axis holds; explained shares leave it out.

        Zero but for rounding where no axes were given.
        """
        held = np.einsum("gkk->", self.moments)
        total = self.squares.sum()
        return float(max(1 - held / total, 0.0)) if total > 0 else 0.0

    def __add__(self, other: "Cloud") -> "Cloud":
        same = self.moments.shape[1:] == other.moments.shape[1:]
        same = same and self.centers.shape[1:] == other.centers.shape[1:]
        if not same or not np.array_equal(self.weights, other.weights):
            raise ValueError(
                "Clouds that are added must be of the same axes, outputs and"
                " checkpoints, but are not: gather both with the same arguments."
            )
        few, many = sorted((self, other), key=lambda cloud: len(cloud.counts))
        return replace(
            many,
            moments=_padded_sum(many.moments, few.moments),
            centers=_padded_sum(many.centers, few.centers),
            squares=_padded_sum(many.squares, few.squares),
            counts=_padded_sum(many.counts, few.counts),
        )


def gather_cloud(
    trajectories: Iterable[Float[np.ndarray, "..."]],
    *,
    axes: Float[np.ndarray, "samples k"] | None = None,
    weights: Float[np.ndarray, " checkpoints"] | None = None,
    outputs: Outputs = "joint",
    groups: int = 32,
    memory_limit: float = 2**30,
) -> Cloud:
    r"""Sums of an ensemble for `cloud_spectrum`, one trajectory at a time.

    Trajectories go to `groups` groups in turn; error bars come from leaving one group
    out, and are themselves known to $1/\sqrt{2G}$. Takes $8GD^2$ bytes for $D$
    dimensions: samples times outputs (`joint`), samples (`pooled`), or the number of
    axes in place of samples. Axes that span what training can reach, such as the left
    singular vectors of a linear network's inputs, change no eigenvalue.

    Args:
        trajectories: Predictions `(checkpoints, samples, outputs)` of each trajectory,
            or `(checkpoints, samples)`, in an array or one after the other; none is
            kept.
        axes: Orthonormal columns over samples; None for the samples themselves.
        weights: $p$ of the checkpoints; None for equal ones.
        outputs: `joint` for the space of samples times outputs; `pooled` for the mean
            over outputs of their clouds, when they are alike.
        groups: $G$; as many as trajectories, if there are fewer.
        memory_limit: Bytes that the sums may take.

    Raises:
        ValueError: when there is no trajectory, shapes do not fit, an entry is not
            finite, axes are not orthonormal, weights do not sum to one, or memory would
            not suffice.

    Reference: derived here.
    """
    if outputs not in ("joint", "pooled"):
        raise ValueError(
            f"Argument `outputs` must be 'joint' or 'pooled', but is {outputs!r}."
        )
    if not groups >= 1:
        raise ValueError(f"Argument `groups` must be at least 1, but is {groups}.")
    columns = None if axes is None else checked_axes(axes)
    cloud: Cloud | None = None
    given = recordings(trajectories, None if columns is None else len(columns))
    for number, values in enumerate(given):
        along = values if columns is None else values @ columns
        if cloud is None:
            p = checkpoint_weights(weights, len(along))
            cloud = _empty_cloud(along.shape, p, outputs, groups, memory_limit)
        _add(cloud, number % groups, along, values)
    if cloud is None:
        raise ValueError(
            "Argument `trajectories` must hold some trajectory, but is empty."
        )
    used = int((cloud.counts > 0).sum())
    return replace(
        cloud,
        moments=cloud.moments[:used],
        centers=cloud.centers[:used],
        squares=cloud.squares[:used],
        counts=cloud.counts[:used],
    )


def _padded_sum(many: np.ndarray, few: np.ndarray) -> np.ndarray:
    total = many.copy()
    total[: len(few)] += few
    return total


def _empty_cloud(
    shape: tuple[int, ...],
    weights: Float[np.ndarray, " checkpoints"],
    outputs: Outputs,
    groups: int,
    memory_limit: float,
) -> Cloud:
    _, count, axes = shape
    parts, k = (1, count * axes) if outputs == "joint" else (count, axes)
    needed = 8 * (groups * k * (k + parts) + 2 * k**2)
    if needed > memory_limit:
        fits = int((memory_limit / 8 - 2 * k**2) / (k * (k + parts)))
        remedy = f"`groups` <= {fits}, " if fits >= 2 else ""
        raise ValueError(
            f"Argument `memory_limit` must be at least {needed / 2**20:.0f} MiB for"
            f" {groups} groups of {k} dimensions, but is {memory_limit / 2**20:.0f}"
            f" MiB: choose {remedy}fewer samples, or `axes` that hold the predictions."
        )
    return Cloud(
        np.zeros((groups, k, k)),  # pages of groups that stay empty are never touched
        np.zeros((groups, parts, k)),
        np.zeros(groups),
        np.zeros(groups, dtype=int),
        weights,
    )


def _add(
    cloud: Cloud,
    group: int,
    along: Float[np.ndarray, "checkpoints outputs k"],
    values: Float[np.ndarray, "checkpoints outputs samples"],
) -> None:
    """Add one trajectory to its group, in place."""
    parts, k = cloud.centers.shape[1:]
    points = along.reshape(len(along), parts, k)
    rows = (np.sqrt(cloud.weights)[:, None, None] * points).reshape(-1, k)
    cloud.moments[group] += rows.T @ rows / parts
    cloud.centers[group] += np.einsum("t,tpk->pk", cloud.weights, points)
    size = np.einsum("t,ton,ton->", cloud.weights, values, values)
    cloud.squares[group] += size / parts
    cloud.counts[group] += 1

r"""At which points of training a trajectory is looked at, and how much each counts.

A cloud of predictions is a mean over checkpoints with weights $p_t$ that sum to one,
and its shape depends on them: uniform checkpoints are mostly late ones, log-spaced ones
dwell on the start. The house counts $T$ **points**, the start included: $t=0..T-1$ is
$T-1$ updates.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, final

import numpy as np
from numpy.typing import ArrayLike

from linnet.phenomena.sloppiness.theory.refusals import (
    check_count,
    check_positive,
)
from linnet.shapes import Float

LARGEST = 10_000_000
"""More checkpoints than this are not written out one by one."""


@final
@dataclass(frozen=True, repr=False, eq=False)
class Checkpoints:
    r"""Points of training with weights that sum to one; nothing is stored until asked.

    Make one by `uniform_checkpoints`, `log_checkpoints`, `given_checkpoints` or
    `continuous_checkpoints`.

    Attributes:
        kind: Whether the points are `uniform`, `given` one by one, or `continuous`.
        count: $T$, how many there are; None if continuous.
        every: Steps between uniform points, 1 unless asked.
        last: The last point.
    """

    kind: Literal["uniform", "given", "continuous"]
    count: int | None
    every: int
    last: float
    _points: Callable[[], tuple[np.ndarray, np.ndarray]]

    @property
    def when(self) -> Float[np.ndarray, " T"]:
        """The points, rising: steps of a discrete method, times of a flow.

        Raises:
            ValueError: when there are more than ten million, or a continuum.
        """
        return self._written_out()[0]

    @property
    def weights(self) -> Float[np.ndarray, " T"]:
        """$p_t$, one per point.

        Raises:
            ValueError: as `when`.
        """
        return self._written_out()[1]

    def _written_out(self) -> tuple[np.ndarray, np.ndarray]:
        if self.count is None or self.count > LARGEST:
            many = "a continuum" if self.count is None else f"{self.count} points"
            raise ValueError(
                f"Checkpoints must be {LARGEST} or fewer to be written out, but are"
                f" {many}: use `log_checkpoints` or `given_checkpoints`, or a response"
                " whose averages have a closed form (`GradientDescent`, `GradientFlow`,"
                " `HeavyBall`, `Nesterov`)."
            )
        return self._points()

    def __repr__(self) -> str:
        if self.kind == "continuous":
            return f"continuous_checkpoints({self.last:g})"
        return f"<{self.count} {self.kind} checkpoints up to {self.last:g}>"


def uniform_checkpoints(count: int, every: int = 1) -> Checkpoints:
    r"""$T$ points $0, 1, \dots, T-1$ times `every`, each of weight $1/T$.

    Nothing is written out: a billion points cost nothing.

    Args:
        count: $T\ge1$, the start included.
        every: Steps from one checkpoint to the next.

    Raises:
        ValueError: when `count` or `every` is no whole number >= 1.

    Example:
        >>> uniform_checkpoints(4, every=10).when
        array([ 0., 10., 20., 30.])
        >>> uniform_checkpoints(10**9).count
        1000000000
    """
    check_count("count", count, "it counts checkpoints, the start included")
    check_count("every", every, "it is how many steps lie between checkpoints")
    points, stride = int(count), int(every)

    def written_out() -> tuple[np.ndarray, np.ndarray]:
        return np.arange(points, dtype=float) * stride, np.full(points, 1 / points)

    last = float((points - 1) * stride)
    return Checkpoints("uniform", points, stride, last, written_out)


def log_checkpoints(last: int, num: int) -> Checkpoints:
    r"""Steps $t$ from 0 to the last with $t+1$ evenly spaced in its logarithm.

    Steps are whole, so early ones coincide after rounding; each is kept once, and
    `count` says how many are left. All have the same weight.

    Args:
        last: The last step, $\ge1$.
        num: How many points before rounding, $\ge2$.

    Raises:
        ValueError: when `last` or `num` is no such whole number.

    Example:
        >>> log_checkpoints(100, 6).when
        array([  0.,   2.,   5.,  15.,  39., 100.])
    """
    check_count("last", last, "it is the last step")
    check_count("num", num, "it counts checkpoints, the start included")
    if num < 2:
        raise ValueError(
            "Argument `num` must be at least 2, but is 1: the start and `last`."
        )
    points = np.geomspace(1, int(last) + 1, int(num))
    return given_checkpoints(np.unique(points.round()) - 1)


def given_checkpoints(when: ArrayLike, weights: ArrayLike | None = None) -> Checkpoints:
    r"""Checkpoints of your own, with weights of your own.

    Args:
        when: Steps, or times of a flow, that rise from a number >= 0.
        weights: $p_t\ge0$ that sum to one within 1e-9; equal if not given.

    Raises:
        ValueError: when `when` is no row of rising finite numbers >= 0; when `weights`
            have another length, are negative or not finite, or do not sum to one.

    Example:
        >>> given_checkpoints([0, 5, 50], [0.5, 0.25, 0.25]).weights
        array([0.5 , 0.25, 0.25])
    """
    points = np.array(when, dtype=float)
    if points.ndim != 1 or len(points) == 0 or not np.isfinite(points).all():
        raise ValueError(
            "Argument `when` must be a row of finite numbers, but has shape"
            f" {points.shape} or an entry that is not finite."
        )
    if points[0] < 0 or not (np.diff(points) > 0).all():
        raise ValueError(
            "Argument `when` must rise from a number >= 0, but does not: sort it and"
            " keep each point once, with the sum of its weights."
        )
    shares = np.full(len(points), 1 / len(points))
    if weights is not None:
        shares = _checked_weights(np.array(weights, dtype=float), len(points))
    for array in (points, shares):
        array.setflags(write=False)
    return Checkpoints(
        "given", len(points), 1, float(points[-1]), lambda: (points, shares)
    )


def continuous_checkpoints(duration: float) -> Checkpoints:
    r"""All times of a flow from 0 to $\tau$, uniformly: $p = ds/\tau$.

    Args:
        duration: $\tau>0$, learning rate times steps.

    Raises:
        ValueError: when `duration` is not positive and finite.
    """
    check_positive("duration", duration, "it is the time from start to end")

    def written_out() -> tuple[np.ndarray, np.ndarray]:
        raise AssertionError("a continuum is never written out")

    return Checkpoints("continuous", None, 1, float(duration), written_out)


def _checked_weights(
    weights: Float[np.ndarray, "*any"], count: int
) -> Float[np.ndarray, " T"]:
    if weights.shape != (count,):
        raise ValueError(
            f"Argument `weights` must have shape ({count},) as `when`, but has shape"
            f" {weights.shape}."
        )
    if not np.isfinite(weights).all() or (weights < 0).any():
        raise ValueError("Argument `weights` must be finite and >= 0, but is not.")
    if abs(weights.sum() - 1) > 1e-9:
        raise ValueError(
            f"Argument `weights` must sum to 1, but sums to {weights.sum():.9g}: divide"
            " by the sum."
        )
    return weights

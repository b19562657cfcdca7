"""Recorded predictions of one network after the other, checked, in given axes."""

from collections.abc import Iterable, Iterator

import numpy as np

from linnet.shapes import Float

OFF = 1e-8  # of products of axes that are orthonormal
SUM = 1e-9  # of weights that sum to one


def checkpoint_weights(
    weights: Float[np.ndarray, " checkpoints"] | None, checkpoints: int
) -> Float[np.ndarray, " checkpoints"]:
    """Weights of the checkpoints, equal ones where none are given.

    Raises:
        ValueError: when their number is wrong, one is negative or not finite, or they
            do not sum to one within 1e-9.
    """
    if weights is None:
        return np.full(checkpoints, 1 / checkpoints)
    given = np.asarray(weights, dtype=float)
    if given.shape != (checkpoints,):
        raise ValueError(
            f"Argument `weights` must hold one weight for each of {checkpoints}"
            f" checkpoints, but has shape {given.shape}."
        )
    if not (given >= 0).all() or not abs(given.sum() - 1) <= SUM:
        raise ValueError(
            "Argument `weights` must be >= 0 and sum to one, but sums to"
            f" {given.sum():.9g} with least entry {given.min():.3g}: divide by the sum."
        )
    return given


def checked_axes(axes: Float[np.ndarray, "..."]) -> Float[np.ndarray, "samples k"]:
    """Orthonormal columns.

    Raises:
        ValueError: when they are not finite, or not orthonormal to 1e-8.
    """
    columns = np.asarray(axes, dtype=float)
    if columns.ndim != 2 or 0 in columns.shape or not np.isfinite(columns).all():
        raise ValueError(
            "Argument `axes` must be finite columns (samples, k), but has shape"
            f" {columns.shape} or an entry that is not finite."
        )
    gap = np.abs(columns.T @ columns - np.eye(columns.shape[1])).max()
    if gap > OFF:
        raise ValueError(
            "Argument `axes` must have orthonormal columns, but their products are off"
            f" by {gap:.2g}: take left singular vectors, or a QR decomposition."
        )
    return columns


def recordings(
    trajectories: Iterable[Float[np.ndarray, "..."]], samples: int | None = None
) -> Iterator[Float[np.ndarray, "checkpoints outputs samples"]]:
    """Predictions of each trajectory, in float64, each output a row.

    Args:
        trajectories: `(checkpoints, samples)` or `(checkpoints, samples, outputs)`,
            one after the other, all of one shape. An array
            `(trajectories, checkpoints, samples, outputs)` is that too.
        samples: How many there must be, one for each row of given axes.

    Raises:
        ValueError: when a shape is wrong, or an entry is not finite.
    """
    first: tuple[int, ...] | None = None
    for number, given in enumerate(trajectories):
        values = np.asarray(given, dtype=float)
        first = values.shape if first is None else first
        _check(values, number, first, samples)
        yield values[:, None] if values.ndim == 2 else values.swapaxes(1, 2)


def _check(
    values: Float[np.ndarray, "..."],
    number: int,
    first: tuple[int, ...],
    samples: int | None,
) -> None:
    if values.ndim not in (2, 3) or 0 in values.shape or values.shape != first:
        raise ValueError(
            "Argument `trajectories` must hold predictions (checkpoints, samples,"
            f" outputs) of one shape, but number {number} has shape {values.shape},"
            f" and number 0 has {first}."
        )
    if samples is not None and values.shape[1] != samples:
        raise ValueError(
            f"Argument `axes` must have a row for each of {values.shape[1]} samples,"
            f" but has {samples}."
        )
    if not np.isfinite(values).all():
        raise ValueError(
            f"Argument `trajectories` must be finite, but number {number} holds NaN or"
            " infinity: drop diverged runs first, and count them."
        )

r"""How much of a cloud of trajectories lies along given directions, without bias.

Explained variance takes the cloud's own principal axes, which a sample bends towards
itself. Along axes that are named beforehand (those of one trajectory, of the inputs, of
an earlier half) the share is a ratio of two sums that have no bias.
"""

from collections.abc import Iterable
from itertools import islice

import numpy as np

from linnet.numerics import Estimate, jackknife
from linnet.phenomena.sloppiness.measure.recordings import (
    checked_axes,
    checkpoint_weights,
    recordings,
)
from linnet.shapes import Float

BLOCK = 64  # trajectories that are summed at once


def variance_share(
    trajectories: Iterable[Float[np.ndarray, "..."]],
    axes: Float[np.ndarray, "..."],
    *,
    weights: Float[np.ndarray, " checkpoints"] | None = None,
) -> Estimate:
    r"""Share of the cloud's variance along the first $1..k$ of given axes.

    $$s_k = \frac{\sum_{a\le k}A_a^\top CA_a}{\mathrm{tr}\,C},\qquad
      C = M - \bar f\bar f^\top,$$
    with the mean square of the sampled mean, which the trajectories' own scatter
    inflates, replaced by products of different trajectories. Memory: one mean of the
    predictions for each trajectory.

    Args:
        trajectories: Predictions `(checkpoints, samples, outputs)` of each trajectory,
            or `(checkpoints, samples)`, in an array or one after the other.
        axes: Orthonormal directions, `(samples, outputs, k)`, or `(samples, k)` of one
            output.
        weights: $p$ of the checkpoints; None for equal ones.

    Returns:
        $s_1..s_k$, with the error over trajectories.

    Raises:
        ValueError: when there are fewer than three trajectories, shapes do not fit, an
            entry is not finite, axes are not orthonormal, weights do not sum to one, or
            nothing varies.

    Reference: derived here.

    Example:
        >>> runs = np.array([[[1.0, 0.0], [3.0, 1.0]]] * 2 + [[[2.0, 0.0], [2.0, 1.0]]])
        >>> variance_share(runs, np.eye(2)).value.round(3)
        array([0.76, 1.  ])
    """
    given = np.asarray(axes, dtype=float)
    joint = given if given.ndim == 3 else given[:, None]
    samples, outputs = joint.shape[:2]
    columns = checked_axes(joint.swapaxes(0, 1).reshape(samples * outputs, -1))
    rows: list[tuple[np.ndarray, np.ndarray]] = []
    origin: np.ndarray | None = None
    every = recordings(trajectories, samples)
    while block := list(islice(every, BLOCK)):
        values = np.stack(block)
        if values.shape[2] != outputs:
            raise ValueError(
                f"Argument `axes` must have {values.shape[2]} outputs as the"
                f" predictions, (samples, outputs, k), but has {outputs}."
            )
        p = checkpoint_weights(weights, values.shape[1])
        flat = values.reshape(*values.shape[:2], -1)
        origin = flat[0, 0] if origin is None else origin
        around = flat - origin  # a far cloud keeps its digits
        rows.append((p @ around, p @ _squares(around, columns)))
    count = sum(len(mean) for mean, _ in rows)
    if count < 3:
        raise ValueError(
            "Argument `trajectories` must hold at least 3 trajectories, but holds"
            f" {count}: an error bar is over trajectories, not over correlated"
            " checkpoints of one."
        )
    means, squares = (np.concatenate(part) for part in zip(*rows, strict=True))
    return _share(means, squares, columns)


def _share(
    means: Float[np.ndarray, "j d"],
    squares: Float[np.ndarray, "j sums"],
    columns: Float[np.ndarray, "d k"],
) -> Estimate:
    """The ratio by leaving trajectories out; squares of means along axes and in all."""
    count = len(means)
    own = _squares(means, columns)
    totals = means.sum(0), own.sum(0), squares.sum(0)

    def ratio(skipped: int | None) -> Float[np.ndarray, " k"]:
        total, alone, spread = totals
        left = count
        if skipped is not None:
            left -= 1
            total = total - means[skipped]
            alone, spread = alone - own[skipped], spread - squares[skipped]
        mean = (_squares(total, columns) - alone) / (left * (left - 1))
        variance = spread / left - mean
        return variance[:-1] / variance[-1]

    if not totals[2][-1] > 0:
        raise ValueError(
            "Argument `trajectories` must vary, but all predictions are alike: there is"
            " no variance to be shared."
        )
    return jackknife(ratio(None), ratio, count)


def _squares(
    points: Float[np.ndarray, "*many d"], columns: Float[np.ndarray, "d k"]
) -> Float[np.ndarray, "*many sums"]:
    """Squared lengths along 1..k axes, and in all dimensions."""
    along = np.cumsum((points @ columns) ** 2, axis=-1)
    return np.concatenate([along, (points**2).sum(-1, keepdims=True)], axis=-1)

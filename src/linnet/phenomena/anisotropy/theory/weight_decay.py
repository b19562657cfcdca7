r"""The second phase cut short: weight decay, and the collapse to zero.

With the penalty $\frac\mu2(\lvert a\rvert^2+\lVert W\rVert_F^2)$ on two layers of one
output, minima are balanced, and the penalty of an end-to-end vector is
$\mu\lVert w\rVert$.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from linnet.phenomena.anisotropy.theory.modes import Task, task_modes
from linnet.phenomena.anisotropy.theory.phases import first_line
from linnet.phenomena.anisotropy.theory.refusals import check_not_negative
from linnet.shapes import Float

STEPS = 200  # of Newton's method at most; it climbs to the root, usually within ten
CLOSE = 1e-15  # relative change at which the root is at rounding


@dataclass(frozen=True, eq=False)
class DecayedSolution:
    r"""What training with weight decay ends at; from `decayed_solution`.

    Attributes:
        end_to_end: $w$ in the coordinates of the task, shape `(*grid, d)`.
        norm: $\lVert w\rVert = \lvert a\rvert^2 = \lVert W\rVert^2$, shape `grid`;
            exactly 0 where everything has collapsed.
        ridge: $\mu/\lVert w\rVert$, the penalty of the ridge regression with the same
            solution; infinity where everything has collapsed.
    """

    end_to_end: Float[np.ndarray, "*grid d"]
    norm: Float[np.ndarray, "*grid"]
    ridge: Float[np.ndarray, "*grid"]


def decayed_solution(task: Task, weight_decay: ArrayLike) -> DecayedSolution:
    r"""Minimum of the loss with weight decay: ridge with a self-consistent penalty.

    $$w = \Big(\Sigma+\frac\mu{\lVert w\rVert}I\Big)^{-1}\Sigma\beta,\qquad
      \sum_i\frac{v_i^2}{(\lVert w\rVert\lambda_i+\mu)^2} = 1,$$
    with $v_i$ the parts of $\mathtt{yx}$; the second equation has one root, and none
    exactly when $\mu\ge s_1 = \lVert\mathtt{yx}\rVert$, where $w = 0$. Just below,
    $\lVert w\rVert\simeq(s_1-\mu)/S_{11}$ along $u_1$: the collapse is continuous, with
    exponent 1 in $w$ and ½ in the layers.

    Valid for: depth 2, one output, loss with ½ and penalty
    $\frac\mu2(\lvert a\rvert^2+\lVert W\rVert_F^2)$; population or data. Without decay
    the least-squares solution of least norm.

    Args:
        task: A plane or a grid of them, or moments of one output.
        weight_decay: $\mu\ge0$, any shape that broadcasts with a grid of planes.

    Raises:
        ValueError: when `weight_decay` is negative or not finite, or the task has
            several outputs or nothing to learn.

    Reference: derived here.

    Example:
        >>> from linnet.phenomena.anisotropy.theory import spike_plane
        >>> decayed_solution(spike_plane(10.0, 0.3), [0.0, 1.0, 4.0]).norm.round(4)
        array([1.    , 0.3372, 0.    ])
    """
    check_not_negative("weight_decay", weight_decay, "growing weights have no minimum")
    modes = task_modes(task)
    decay = np.asarray(weight_decay, dtype=float)
    drive = np.linalg.norm(modes.drive, axis=-1)
    shape = np.broadcast_shapes(decay.shape, drive.shape)
    decay = np.broadcast_to(decay, shape)
    alive = decay < drive
    curvature = np.sum(modes.eigenvalues * modes.drive**2, axis=-1) / drive**2
    size = np.where(alive, (drive - decay) / curvature, 1.0)
    size = np.where(alive, _climb(size, decay, modes.eigenvalues, modes.drive), 0.0)
    # The vector (|w| Sigma + mu)^{-1} v has length 1 at the root; dead points have 0.
    below = size[..., None] * modes.eigenvalues + decay[..., None]
    parts = size[..., None] * modes.drive / below
    ridge = np.divide(decay, size, out=np.full(shape, np.inf), where=alive)
    return DecayedSolution(
        np.einsum("...dm,...m->...d", modes.basis, parts), size[()], ridge[()]
    )


def collapse_slope(task: Task) -> Float[np.ndarray, "*grid"]:
    r"""How fast the solution shrinks to zero: $\lVert w\rVert/(s_1-\mu)\to1/S_{11}$.

    Valid for: $\mu\to s_1$ from below; see `decayed_solution`.

    Raises:
        ValueError: when the task has several outputs or nothing to learn.

    Reference: derived here.
    """
    return 1 / first_line(task).curvature


def _climb(
    size: np.ndarray, decay: np.ndarray, eigenvalues: np.ndarray, drive: np.ndarray
) -> np.ndarray:
    """Newton's method on a concave rising function, from below: it cannot overshoot."""
    for _ in range(STEPS):
        lengths = size[..., None] * eigenvalues + decay[..., None]
        parts = drive / lengths
        total = np.sum(parts**2, axis=-1)
        slope = np.sum(parts**2 * eigenvalues / lengths, axis=-1)
        # f = 1 / sqrt(total) = 1, whose derivative is slope / total^(3/2).
        step = total * (np.sqrt(total) - 1) / slope
        size = size + np.maximum(step, 0.0)
        if (step <= CLOSE * size).all():
            break
    return size

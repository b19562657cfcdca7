r"""The tangent kernel of two layers, $x^\top(\lvert a\rvert^2I+W^\top W)x'$."""

import numpy as np
from numpy.typing import ArrayLike

from linnet.phenomena.anisotropy.theory.layers import layer_powers
from linnet.phenomena.anisotropy.theory.modes import Task, task_modes
from linnet.phenomena.anisotropy.theory.plane import Plane
from linnet.phenomena.anisotropy.theory.refusals import check_finite
from linnet.shapes import Float


def tangent_matrix(
    end_to_end: Float[np.ndarray, "*grid m"], imbalance: ArrayLike = 0.0
) -> Float[np.ndarray, "*grid m m"]:
    r"""Matrix of the tangent kernel between inputs, of rank-one layers.

    $$\lvert a\rvert^2I+W^\top W = \tfrac12(R+\delta)I+\tfrac12(R-\delta)\hat w\hat
      w^\top,\qquad R = \sqrt{\delta^2+4\lVert w\rVert^2};$$
    balanced: $\lVert w\rVert(I+\hat w\hat w^\top)$. Its top direction is that of $w$,
    always: it turns from $u_1$ to $\hat\beta$ in the second phase.

    Valid for: depth 2, one output, first layer of rank one.

    Args:
        end_to_end: $w$, not zero (its direction is asked for).
        imbalance: $\delta = \lvert a\rvert^2-\lVert W\rVert^2$; broadcasts with the
            grid.

    Raises:
        ValueError: when an argument is not finite, or $w$ is zero.

    Reference: the kernel is textbook; derived here.
    """
    check_finite("end_to_end", end_to_end)
    check_finite("imbalance", imbalance)
    w = np.asarray(end_to_end, dtype=float)
    size = np.linalg.norm(w, axis=-1)
    if (size == 0).any():
        raise ValueError(
            "Argument `end_to_end` must not be zero, but is somewhere: the direction of"
            " the first layer is then unknown."
        )
    last, first = (x[..., None, None] for x in layer_powers(size, imbalance))
    unit = w / size[..., None]
    return last * np.eye(w.shape[-1]) + first * unit[..., :, None] * unit[..., None, :]


def silent_alignment_angle(task: Task) -> Float[np.ndarray, "*grid"]:
    r"""Angle by which the kernel still turns once it has grown, $\arccos(\beta_1/b)$.

    While the kernel grows in the first phase, its top direction is $u_1$; at the end it
    is $\hat\beta$. Silent alignment, a kernel that only grows once it has turned, fails
    by this angle.

    Valid for: small starts, one output, any covariance; exact as an angle between
    $\mathtt{yx}$ and the least-squares solution.

    Args:
        task: A plane or a grid of them, or moments of one output.

    Returns:
        In radians, in $[0, \pi/2)$; 0 where there is no second phase.

    Raises:
        ValueError: when the task has several outputs or nothing to learn.

    Reference: silent alignment is that of Atanasov et al. 2022; derived here.

    Example:
        >>> from linnet.phenomena.anisotropy.theory import spike_plane
        >>> np.degrees(silent_alignment_angle(spike_plane(10.0, 0.3))).round(1)
        np.float64(56.4)
    """
    if isinstance(task, Plane):
        return np.arctan2(task.teacher[..., 1], task.teacher[..., 0])
    modes = task_modes(task)
    axis = modes.drive / np.linalg.norm(modes.drive)
    ahead = axis @ modes.teacher
    return np.arctan2(np.linalg.norm(modes.teacher - ahead * axis), ahead)

r"""The first phase: growth along $u_1$, the direction of input-output correlation.

From a small start the end-to-end vector grows along $u_1$ to the *corner*
$c^\ast = s_1/S_{11}$, the best point of that line, with $s_1$ the length of the
correlation and $S_{11} = u_1^\top\Sigma u_1$. In units of the corner, $x = c_1/c^\ast$,
balanced layers of depth $L$ obey $\dot c_1 = L\,c_1^{2-2/L}(s_1-S_{11}c_1)$.

Translation: loss with ½, time = learning rate times steps; the product of two layers
grows at $2s_1$, each layer at $s_1$.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from linnet.phenomena.anisotropy.theory.deep_clock import deep_clock, deep_position
from linnet.phenomena.anisotropy.theory.input_modes import InputModes
from linnet.phenomena.anisotropy.theory.modes import Task, check_one_output, task_modes
from linnet.phenomena.anisotropy.theory.plane import Plane
from linnet.phenomena.anisotropy.theory.refusals import (
    broadcast_floats,
    check_depth,
    check_fraction,
    check_imbalance,
    check_not_negative,
    check_positive,
    check_time_row,
    check_type,
)
from linnet.shapes import Float
from linnet.task import Moments


@dataclass(frozen=True, eq=False)
class FirstLine:
    r"""All that the first phase depends on, of one task or of a grid of them.

    Attributes:
        drive: $s_1 = \lVert\mathtt{yx}\rVert$.
        curvature: $S_{11} = u_1^\top\Sigma u_1$, same shape.
    """

    drive: Float[np.ndarray, "*grid"]
    curvature: Float[np.ndarray, "*grid"]


def first_line(task: Task | FirstLine) -> FirstLine:
    r"""Drive and curvature along $u_1$ of a plane, a grid of planes, or any moments.

    Raises:
        ValueError: when drive or curvature is not positive and finite, or when the task
            has several outputs.

    Reference: derived here.
    """
    check_type("task", task, Plane, Moments, InputModes, FirstLine)
    if isinstance(task, Plane):
        return FirstLine(task.drive, task.moment[..., 0, 0])
    if isinstance(task, Moments):
        correlation = check_one_output(task)
        drive = np.linalg.norm(correlation)
        axis = correlation / drive
        task = FirstLine(np.asarray(drive), np.asarray(axis @ task.xx @ axis))
    elif not isinstance(task, FirstLine):
        modes = task_modes(task)
        square = np.sum(modes.drive**2, axis=-1)
        curvature = np.sum(modes.eigenvalues * modes.drive**2, axis=-1) / square
        task = FirstLine(np.sqrt(square), curvature)
    reason = "without it nothing grows, or grows without end"
    check_positive("drive", task.drive, reason)
    check_positive("curvature", task.curvature, reason)
    return FirstLine(np.asarray(task.drive, float), np.asarray(task.curvature, float))


def corner(task: Task | FirstLine) -> Float[np.ndarray, "*grid"]:
    r"""Where the first phase ends: $c^\ast = s_1/S_{11}$ on the line along $u_1$.

    The minimizer of the loss on that line, and the first step of conjugate gradients
    from zero. The flow turns there and does not stop: $c_1$ ends at $\beta_1 > c^\ast$.

    Valid for: one output, any covariance.

    Raises:
        ValueError: see `first_line`.

    Reference: the phase is that of Watanabe et al. 2026; derived here.
    """
    line = first_line(task)
    return line.drive / line.curvature


def first_phase(
    times: Float[np.ndarray, " times"],
    task: Task | FirstLine,
    start: ArrayLike,
    *,
    depth: int = 2,
    imbalance: ArrayLike = 0.0,
) -> Float[np.ndarray, "times *grid"]:
    r"""Growth $c_1(t)$ along $u_1$ while the other directions are not yet learned.

    Depth 2 with $w = 2c_1 + \sqrt{\delta^2+4c_1^2}$, where $w_0$ belongs to the start,
    $w_\ast$ to the corner, and $\epsilon = e^{-S_{11}\sqrt{\delta^2+4c^{\ast2}}\,t}$:
    $$w(t) = \frac{Nw_\ast-\delta^2(w_\ast-w_0)\epsilon}
        {N+w_\ast(w_\ast-w_0)\epsilon},\quad N = w_0w_\ast+\delta^2,\quad
      c_1 = \tfrac14\Big(w-\frac{\delta^2}w\Big);$$
    without imbalance the sigmoid $c^\ast/[1+(c^\ast/c_0-1)e^{-2s_1t}]$. Depth 1
    relaxes as $e^{-S_{11}t}$. Deeper, the closed time of `half_time` is inverted.

    Valid for: a rank-one start along $u_1$ (layers aligned); accurate to about
    `half_time`, after which the true $c_1$ overtakes. Exact where the plane has one
    dimension.

    Args:
        times: Times >= 0.
        task: A plane or a grid of them, moments of one output, or a `FirstLine`.
        start: $c_0$ in $[0, c^\ast]$; broadcasts with the grid.
        depth: Number of layers $L$; all balanced unless `imbalance` is given.
        imbalance: $\delta = \lvert a\rvert^2-\lVert W\rVert^2$, for depth 2.

    Returns:
        $c_1$, shape `(times, *grid)`. It stays 0 for a balanced start at 0 of depth
        2 or more.

    Raises:
        ValueError: when `start` lies outside $[0, c^\ast]$, `depth` is not a whole
            number >= 1, `times` are no row of numbers >= 0, or there is an `imbalance`
            with another depth than 2.

    Reference: the sigmoid is that of Watanabe et al. 2026; derived here.

    Example:
        >>> from linnet.phenomena.anisotropy.theory import spike_plane
        >>> first_phase(np.array([0.0, 1.852, 9.0]), spike_plane(10.0, 0.3), 1e-6)
        array([1.00000000e-06, 1.67...e-01, 3.35...e-01])
    """
    at = check_time_row(times)
    line, begin, delta = _prepared(task, start, depth, imbalance)
    end = line.drive / line.curvature
    if (begin > end).any():
        worst, limit = begin[begin > end][0], end[begin > end][0]
        raise ValueError(
            f"Argument `start` must lie in [0, corner], but is {worst:.6g} where the"
            f" corner is {limit:.6g}: start smaller."
        )
    clock = np.reshape(at, (-1, *[1] * begin.ndim))
    if depth == 1:
        faded = -line.curvature * clock
        return begin * np.exp(faded) - end * np.expm1(faded)
    if depth == 2:
        return _two_layers(clock, line, begin, end, delta)
    rate = depth * line.drive * end ** (1 - 2 / depth)
    with np.errstate(divide="ignore"):
        target = deep_clock(np.log(begin / end), depth) + rate * clock
    return end * deep_position(target, depth)


def half_time(
    task: Task | FirstLine,
    start: ArrayLike,
    *,
    depth: int = 2,
    imbalance: ArrayLike = 0.0,
    fraction: ArrayLike = 0.5,
) -> Float[np.ndarray, "*grid"]:
    r"""When $c_1$ reaches half the corner (or another `fraction` of it).

    $$t_{1/2} = \frac{\ln(c^\ast/c_0-1)}{2s_1}\ (L=2),\qquad
      t = \frac{F(x)-F(c_0/c^\ast)}{L s_1 c^{\ast\,1-2/L}}\ (L\ge3),$$
    $F(y^L) = -\frac{L}{L-2}y^{2-L}-\sum_{\omega^L=1}\omega^{-2}\ln(1-\omega y)$, which
    is $\int dx\,x^{2/L-2}/(1-x)$. With imbalance, in the letters of `first_phase`,
    $t = \ln[Z(x)/Z(c_0)]/(S_{11}\sqrt{\delta^2+4c^{\ast2}})$,
    $Z = (ww_\ast+\delta^2)/(w_\ast-w)$.

    Valid for: see `first_phase`. At depth 2 the whole flow is earlier, since $u_2$
    helps, by a time that does not depend on a small start: 0.07/$s_1$ at most for
    $0.1\le\lvert A\rvert\le0.995$, and 0.002/$s_1$ at $\rho=10$, $A=0.5$.

    Args:
        task: A plane or a grid of them, moments of one output, or a `FirstLine`.
        start: $c_0\ge0$.
        depth: Number of layers.
        imbalance: $\delta$, for depth 2.
        fraction: Part of the corner that is asked for, in (0, 1).

    Returns:
        The time; 0 where the start is already there, infinity where a balanced network
        of depth 2 or more starts at 0.

    Raises:
        ValueError: as `first_phase`; when `fraction` lies outside (0, 1).

    Reference: derived here.

    Example:
        >>> from linnet.phenomena.anisotropy.theory import spike_plane
        >>> half_time(spike_plane(10.0, 0.3), 1e-6).round(3)
        np.float64(1.852)
    """
    line, begin, delta = _prepared(task, start, depth, imbalance)
    check_fraction(fraction)
    end = line.drive / line.curvature
    goal = np.asarray(fraction, dtype=float) * end
    first = np.minimum(begin, goal)
    with np.errstate(divide="ignore"):
        if depth == 1:
            return np.log((end - first) / (end - goal)) / line.curvature
        if depth == 2:
            speed = line.curvature * np.hypot(delta, 2 * end)
            gained = np.log(_odds(goal, end, delta)) - np.log(_odds(first, end, delta))
            return gained / speed
        rate = depth * line.drive * end ** (1 - 2 / depth)
        gained = deep_clock(np.log(goal / end), depth)
        return (gained - deep_clock(np.log(first / end), depth)) / rate


def first_phase_time(
    task: Task | FirstLine, start: ArrayLike, *, depth: int = 2
) -> Float[np.ndarray, "*grid"]:
    r"""How the first phase lengthens as the start shrinks.

    $$t \simeq \frac{\ln(c^\ast/c_0)}{2s_1}\ (L=2),\qquad
      t \simeq \frac{c_0^{-(1-2/L)}}{(L-2)s_1}\ (L\ge3),\qquad
      t \simeq \frac{\ln2}{S_{11}}\ (L=1).$$

    Valid for: $c_0\to0$. `half_time` differs at depth 2 by $c_0/(2s_1c^\ast)$, at
    depth $L\ge3$ by a constant. 0 at depth 2 from beyond the corner.

    Raises:
        ValueError: when `start` is negative or not finite, or `depth` is not a whole
            number >= 1.

    Reference: derived here.
    """
    line, begin, _ = _prepared(task, start, depth, 0.0)
    if depth == 1:
        return np.log(2) / line.curvature + np.zeros_like(begin)
    with np.errstate(divide="ignore"):
        if depth == 2:
            grown = np.log(line.drive / line.curvature / begin)
            return np.maximum(grown, 0.0) / (2 * line.drive)
        return begin ** (2 / depth - 1) / ((depth - 2) * line.drive)


def _prepared(
    task: Task | FirstLine, start: ArrayLike, depth: int, imbalance: ArrayLike
) -> tuple[FirstLine, np.ndarray, np.ndarray]:
    check_depth(depth)
    check_not_negative("start", start, "take the mirrored direction instead")
    delta = check_imbalance(imbalance, depth)
    line = first_line(task)
    drive, curvature, begin, delta = broadcast_floats(
        drive=line.drive, curvature=line.curvature, start=start, imbalance=delta
    )
    return FirstLine(drive, curvature), begin, delta


def _two_layers(
    clock: np.ndarray,
    line: FirstLine,
    begin: np.ndarray,
    end: np.ndarray,
    delta: np.ndarray,
) -> np.ndarray:
    faded = -line.curvature * np.hypot(delta, 2 * end) * clock
    first, last, least = _width(begin, delta), _width(end, delta), np.abs(delta)
    known = first * last + delta**2
    # Width less its value at c = 0, of positive terms: a small c keeps its digits.
    above = -np.expm1(faded) * known * _excess(end, delta)
    above = above + np.exp(faded) * (last**2 + delta**2) * _excess(begin, delta)
    below = known + last * _left(begin, end, delta) * np.exp(faded)
    # A balanced start at zero divides 0 by 0 once the decay underflows; it stays there.
    excess = above / np.where(below > 0, below, 1.0)
    width = np.where(excess + least > 0, excess + least, 1.0)
    return excess * (excess + 2 * least) / width / 4


def _width(position: np.ndarray, delta: np.ndarray) -> np.ndarray:
    return 2 * position + np.hypot(delta, 2 * position)


def _excess(position: np.ndarray, delta: np.ndarray) -> np.ndarray:
    """Width here minus width at zero, without the difference of close numbers."""
    total = np.hypot(delta, 2 * position) + np.abs(delta)
    ratio = position / np.where(total > 0, total, 1.0)
    return 2 * position + 4 * position * ratio


def _left(position: np.ndarray, end: np.ndarray, delta: np.ndarray) -> np.ndarray:
    """Width at the end minus width here, without the difference of close numbers."""
    total = np.hypot(delta, 2 * position) + np.hypot(delta, 2 * end)
    return (end - position) * (2 + 4 * (end + position) / total)


def _odds(position: np.ndarray, end: np.ndarray, delta: np.ndarray) -> np.ndarray:
    known = _width(position, delta) * _width(end, delta) + delta**2
    return known / _left(position, end, delta)

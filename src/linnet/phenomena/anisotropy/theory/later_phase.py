r"""The second phase: from the corner to the teacher, along $u_2$.

At the corner the gradient along $u_2$ is not zero: nothing has to grow from small
values, and the phase takes the same time for every start. For strong spikes $c_1$
follows $c_2$ at once and one equation is left.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from linnet.phenomena.anisotropy.theory.plane import Plane
from linnet.phenomena.anisotropy.theory.refusals import (
    check_not_negative,
    check_time_row,
)
from linnet.shapes import Float

TOLERANCE = 1e-11  # relative, of every integration


def slow_manifold(
    times: Float[np.ndarray, " times"], plane: Plane, *, start: ArrayLike = 0.0
) -> Float[np.ndarray, "times *grid 2"]:
    r"""The second phase as one equation, for strong spikes.

    $$c_1 = \frac{s_1-S_{12}c_2}{S_{11}},\qquad
      \dot c_2 = -\frac{2r^3}{r^2+c_1^2}\,(S_{12}c_1+S_{22}c_2),\qquad
      r^2 = c_1^2+c_2^2.$$
    A gradient $g_1$ of the size of $g_2$ is left along the stiff direction, just what
    keeps $c_1$ in place: $r^2g_1+c_1(c\cdot g) = 0$. Taking it to be zero is wrong,
    see `zero_gradient_closure`.

    Valid for: depth 2, balanced; error $O(1/\rho)$, at most about $0.3b/(\rho A)$, so
    that $\rho A$ must be large (below 10 the wrong closure may be closer, by accident).
    Time 0 is at the corner, or where $c_2$ is `start`.

    Args:
        times: Times >= 0.
        plane: A plane or a grid of them.
        start: $c_2$ at time 0, from 0 to $\beta_2$.

    Returns:
        $(c_1, c_2)$ at every time, shape `(times, *grid, 2)`.

    Raises:
        ValueError: when `times` are no row of numbers >= 0, or `start` is negative or
            not finite.

    Reference: derived here.
    """

    def speed(first: np.ndarray, second: np.ndarray, pull: np.ndarray) -> np.ndarray:
        square = first**2 + second**2
        return 2 * square**1.5 / (square + first**2) * pull

    return _along_manifold(times, plane, start, speed)


def zero_gradient_closure(
    times: Float[np.ndarray, " times"], plane: Plane, *, start: ArrayLike = 0.0
) -> Float[np.ndarray, "times *grid 2"]:
    r"""A wrong second phase, for comparison: the gradient along $u_1$ taken as zero.

    $$c_1 = \frac{s_1-S_{12}c_2}{S_{11}},\qquad
      \dot c_2 = -(r+c_2^2/r)\,(S_{12}c_1+S_{22}c_2).$$
    Tempting, and wrong at leading order: it ends at the rate $b(2-A^2)$ instead of
    $2b/(1+A^2)$.

    Valid for: nothing; a named wrong theory that a measurement must reject.

    Args:
        times: As in `slow_manifold`.
        plane: As in `slow_manifold`.
        start: As in `slow_manifold`.

    Raises:
        ValueError: as `slow_manifold`.

    Reference: derived here.
    """

    def speed(first: np.ndarray, second: np.ndarray, pull: np.ndarray) -> np.ndarray:
        length = np.hypot(first, second)
        return (length + second**2 / length) * pull

    return _along_manifold(times, plane, start, speed)


def _along_manifold(
    times: np.ndarray,
    plane: Plane,
    start: ArrayLike,
    speed: Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray],
) -> np.ndarray:
    from scipy.integrate import solve_ivp

    clock = check_time_row(times)
    check_not_negative("start", start, "the phase begins at 0")
    moment, drive = plane.moment, plane.drive
    shape = np.broadcast_shapes(np.shape(start), drive.shape)
    begin = np.broadcast_to(np.asarray(start, dtype=float), shape)

    def first(second: np.ndarray) -> np.ndarray:
        return (drive - moment[..., 0, 1] * second) / moment[..., 0, 0]

    def slope(_: float, flat: np.ndarray) -> np.ndarray:
        second = flat.reshape(shape)
        along = first(second)
        pull = -moment[..., 0, 1] * along - moment[..., 1, 1] * second
        return speed(along, second, pull).ravel()

    sorted_times, place = np.unique(clock, return_inverse=True)
    span = (0.0, max(float(clock.max(initial=0.0)), 1e-300))
    flow = solve_ivp(
        slope, span, begin.ravel(), "DOP853", sorted_times, rtol=TOLERANCE, atol=1e-13
    )
    second = flow.y.T[place].reshape(len(clock), *shape)
    return np.stack([first(second), second], axis=-1)

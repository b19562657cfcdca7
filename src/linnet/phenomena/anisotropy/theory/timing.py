r"""When the phases come: both half times of the exact flow, and the delay between.

The first phase comes later for smaller starts, like $\ln(1/c_0)$; what passes from the
first to the second does not depend on the start.
"""

import numpy as np
from numpy.typing import ArrayLike

from linnet.phenomena.anisotropy.theory.plane import Plane
from linnet.phenomena.anisotropy.theory.refusals import (
    check_alignment,
    check_fraction,
    check_positive,
)
from linnet.shapes import Float

SMALL = 1e-9  # start of the limit, in units of the corner; its error is of this order
TOLERANCE = 1e-11  # relative, of every integration


def phase_times(
    plane: Plane, start: ArrayLike, *, fraction: float = 0.5
) -> tuple[Float[np.ndarray, "*grid"], Float[np.ndarray, "*grid"]]:
    r"""When the two phases are half done, in the exact flow from $c_0u_1$.

    The first when $c_1$ is half the corner, the second when $c_2$ is half of $\beta_2$
    (or another `fraction`), by integrating both layers in the plane.

    Valid for: depth 2, balanced rank-one start along $u_1$; any $\rho>-1$.

    Args:
        plane: A plane or a grid of them, each integrated by itself (milliseconds).
        start: $c_0>0$, below `fraction` of the corner.
        fraction: Part of corner and of $\beta_2$, in (0, 1).

    Raises:
        ValueError: when there is no second phase somewhere ($\rho=0$ or
            $A\in\{0,\pm1\}$), `start` is not positive or too large, or `fraction` is
            out of range.

    Reference: the two phases are those of Watanabe et al. 2026; derived here.
    """
    _check_second(plane, fraction)
    check_positive("start", start, "a balanced network does not leave zero")
    corner = plane.drive / plane.moment[..., 0, 0]
    begin = np.asarray(start, dtype=float)
    if (begin >= fraction * corner).any():
        raise ValueError(
            f"Argument `start` must lie below {fraction:g} of the corner, but is"
            f" {begin.max():.6g} where that is {np.min(fraction * corner):.6g}."
        )
    shape = np.broadcast_shapes(begin.shape, plane.drive.shape)
    begin = np.broadcast_to(begin, shape)
    found = _crossings(plane, begin, np.zeros(shape), fraction)
    return found[0], found[1]


def phase_delay(plane: Plane, *, fraction: float = 0.5) -> Float[np.ndarray, "*grid"]:
    r"""Time from the first phase to the second, $t_2-t_1$, for vanishing starts.

    It tends to a constant: all small starts leave zero along the same curve,
    $c_2 = -\frac{S_{12}}{3s_1}c_1^2$, and it differs from that by $O(c_0^{3/2})$.

    Valid for: depth 2, balanced. To a few 1e-9.

    Args:
        plane: A plane or a grid of them, each integrated by itself (milliseconds).
        fraction: As in `phase_times`.

    Raises:
        ValueError: when there is no second phase somewhere ($\rho=0$ or
            $A\in\{0,\pm1\}$), or `fraction` is out of range.

    Reference: derived here.

    Example:
        >>> from linnet.phenomena.anisotropy.theory import spike_plane
        >>> phase_delay(spike_plane(10.0, 0.3)).round(3)
        np.float64(1.277)
    """
    _check_second(plane, fraction)
    first = SMALL * plane.drive / plane.moment[..., 0, 0]
    second = -plane.moment[..., 0, 1] / (3 * plane.drive) * first**2
    found = _crossings(plane, first, second, fraction)
    return found[1] - found[0]


def strong_spike_delay(
    alignment: ArrayLike, norm: ArrayLike = 1.0, fraction: ArrayLike = 0.5
) -> Float[np.ndarray, "*grid"]:
    r"""`phase_delay` for infinitely strong spikes, in closed form.

    The first phase then takes no time and ends at $c_1 = bA$, where $c_1$ stays. With
    $\cos\phi_\ast = A$ and $\chi = \phi_\ast-\phi$ the angle left to the teacher,
    $$t(\chi) = \frac1{2b}\Big[(1+A^2)\ln\tan\tfrac{\chi'}2+(A^2-B^2)\cos\chi'
      +2AB\sin\chi'\Big]_{\chi'=\chi}^{\phi_\ast}.$$

    Valid for: $\rho\to\infty$, $A\ne0$, error $O(1/\rho)$ once $\rho A\gg1$.

    Args:
        alignment: $A$, not 0, not $\pm1$.
        norm: $b$.
        fraction: Part of $\beta_2 = bB$ that is waited for, in (0, 1).

    Raises:
        ValueError: when $A$ is 0 or $\pm1$ or out of range, $b\le0$, or `fraction` is
            out of range.

    Reference: derived here.

    Example:
        >>> strong_spike_delay(0.3).round(3)
        np.float64(1.421)
    """
    check_alignment(alignment)
    check_positive("norm", norm, "a teacher of length zero teaches nothing")
    cosine = np.abs(np.asarray(alignment, dtype=float))
    sine = np.sqrt((1 - cosine) * (1 + cosine))
    _check_dimensions(cosine * sine == 0)
    check_fraction(fraction)
    whole = np.arctan2(sine, cosine)
    left = whole - np.arctan2(np.asarray(fraction) * sine, cosine)

    def until(angle: np.ndarray) -> np.ndarray:
        logarithm = (1 + cosine**2) * np.log(np.tan(angle / 2))
        bend = (cosine**2 - sine**2) * np.cos(angle)
        return logarithm + bend + 2 * cosine * sine * np.sin(angle)

    return (until(whole) - until(left)) / (2 * np.asarray(norm, dtype=float))


def _crossings(
    plane: Plane, first: np.ndarray, second: np.ndarray, fraction: float
) -> np.ndarray:
    """Times `(2, *grid)` of both phases, one point after the other.

    In units in which the teacher has length 1: depth 2 has no other scale.
    """
    shape, size = first.shape, plane.norm
    moment = np.broadcast_to(plane.moment, (*shape, 2, 2)).reshape(-1, 2, 2)
    rows = [
        np.broadcast_to(part, shape).ravel()
        for part in (
            plane.drive / size,
            fraction * plane.drive / plane.moment[..., 0, 0] / size,
            fraction * plane.teacher[..., 1] / size,
            first / size,
            second / size,
        )
    ]
    found = [_crossing(m, *row) for m, *row in zip(moment, *rows, strict=True)]
    return np.array(found).T.reshape(2, *shape) / size


def _crossing(
    moment: np.ndarray,
    drive: float,
    first_goal: float,
    second_goal: float,
    first: float,
    second: float,
) -> tuple[float, float]:
    from scipy.integrate import solve_ivp

    # In both layers, (alpha, omega): their field is smooth where the product is small.
    def slope(_: float, layers: np.ndarray) -> list[float]:
        size, along, aside = layers
        one = drive - size * (moment[0, 0] * along + moment[0, 1] * aside)
        two = -size * (moment[0, 1] * along + moment[1, 1] * aside)
        return [along * one + aside * two, size * one, size * two]

    def half(_: float, layers: np.ndarray) -> float:
        return layers[0] * layers[1] - first_goal

    def done(_: float, layers: np.ndarray) -> float:
        return layers[0] * layers[2] - second_goal

    done.terminal = True  # type: ignore[attr-defined]
    size = np.sqrt(np.hypot(first, second))
    # Far beyond the slowest growth or relaxation there is; it ends at the event.
    horizon = 1e3 * (1 - np.log(size)) / min(1.0, float(np.linalg.det(moment)))
    flow = solve_ivp(
        slope,
        (0.0, horizon),
        [size, first / size, second / size],
        "LSODA",
        events=(half, done),
        rtol=TOLERANCE,
        atol=TOLERANCE * np.array([size, size, size * 1e-4]),
    )
    return float(flow.t_events[0][0]), float(flow.t_events[1][0])


def _check_second(plane: Plane, fraction: float) -> None:
    _check_dimensions(plane.dimensions == 1)
    check_fraction(fraction)


def _check_dimensions(missing: np.ndarray) -> None:
    if np.any(missing):
        raise ValueError(
            "A second phase must exist, but there is none where the spike strength is 0"
            " or the alignment is 0 or ±1: leave these points out."
        )

"""Flatness of a loss along axes: how far to either side it takes to reach a level."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from linnet.phenomena.fluctuations.measure.window import unit_axes
from linnet.shapes import Float

Loss = Callable[..., float | np.ndarray]


@dataclass(frozen=True, eq=False)
class Widths:
    r"""Two-sided widths of a loss along axes; exact to a relative tolerance.

    No error bar: the loss is that of the full batch, hence no random number.

    Attributes:
        left: Distance to the level against the axis; infinite where it is not reached
            within `largest_distance`.
        right: The same along the axis.
        width: $F$, their sum.
        loss: $L_0$ at the center.
        level: Times which the level is.
        evaluations: Of the loss, at single points.
        largest_distance: Up to which was looked.
    """

    left: Float[np.ndarray, " m"]
    right: Float[np.ndarray, " m"]
    width: Float[np.ndarray, " m"]
    loss: float
    level: float
    evaluations: int
    largest_distance: float


def widths(
    loss: Loss,
    center: Float[np.ndarray, " p"],
    axes: Float[np.ndarray, "m p"],
    *,
    level: float = np.e,
    first_step: float = 1e-3,
    largest_distance: float = 1e4,
    tolerance: float = 1e-8,
    is_batched: bool = False,
) -> Widths:
    r"""Where the loss along $w_0 \pm \theta p_i$ first reaches `level` $\times L(w_0)$.

    Steps that double from `first_step` bracket the level, Chandrupatla's variant of
    Brent's method finds it. A loss that is not finite counts as above the level, so
    that a wall of overflow ends the width. A side that does not reach the level within
    `largest_distance`, as along a flat direction, is infinitely wide: that is an
    answer, and fits drop and count such axes (`power_law`). Along a loss that is not
    monotone the first *bracket* decides: a hump that is narrower than a step is stepped
    over. Take the *full* training loss at the mean of the window; its $L_0$ includes
    the noise floor of the labels. In terms of slope $g$ and curvature $\kappa$, for a
    quadratic loss, $F = \frac2\kappa\sqrt{g^2 + 2\kappa(e - 1)L_0}$.

    Args:
        loss: Of one vector of weights; of rows of such vectors if `is_batched`.
        center: $w_0$.
        axes: Rows of length one.
        level: Above 1; $e$ in the definition of the source.
        first_step: Distance where the search begins; below the smallest width.
        largest_distance: Beyond which a width counts as infinite.
        tolerance: Relative, of each distance.
        is_batched: Whether `loss` takes `(b, p)` and gives `(b,)`: fewer, larger calls.

    Raises:
        ValueError: when $L_0$ is not positive (an interpolating net: no relative
            level; add a floor to the loss, or use curvature), or an argument is out of
            its domain.

    Reference: Feng and Tu 2021 (the definition).
    """
    center = np.asarray(center, dtype=float)
    axes = unit_axes(axes, len(center))
    _check_search(level, first_step, largest_distance, tolerance)
    start = float(np.asarray(loss(center[None] if is_batched else center)).item())
    if not (np.isfinite(start) and start > 0):
        raise ValueError(
            "Argument `loss` must be finite and > 0 at the center, but is"
            f" {start}: a level relative to it means nothing. Add a floor to the loss,"
            " or measure curvatures instead."
        )
    ray = _Rays(loss, center, np.concatenate([-axes, axes]), start, level, is_batched)
    found = _roots(ray, *_brackets(ray, first_step, largest_distance), tolerance)
    left, right = np.split(found, 2)
    return Widths(
        left, right, left + right, start, level, ray.evaluations + 1, largest_distance
    )


class _Rays:
    """Excess of the loss over the level along rays, counted and tamed."""

    def __init__(
        self,
        loss: Loss,
        center: Float[np.ndarray, " p"],
        directions: Float[np.ndarray, "m2 p"],
        start: float,
        level: float,
        is_batched: bool,
    ) -> None:
        self.loss, self.center, self.directions = loss, center, directions
        self.start, self.level, self.is_batched = start, level, is_batched
        self.evaluations = 0

    def __call__(
        self, rays: np.ndarray, distances: Float[np.ndarray, " b"]
    ) -> Float[np.ndarray, " b"]:
        """In units of the level; from -1 to 1, NaN and infinity count as 1."""
        points = self.center + distances[:, None] * self.directions[rays]
        self.evaluations += len(points)
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            if self.is_batched:
                values = np.asarray(self.loss(points), dtype=float)
            else:
                values = np.array([float(self.loss(point)) for point in points])
        excess = values / (self.start * self.level) - 1
        return np.clip(np.where(np.isfinite(excess), excess, 1.0), -1.0, 1.0)


def _brackets(
    ray: _Rays, first_step: float, largest: float
) -> tuple[Float[np.ndarray, "2 m2"], Float[np.ndarray, "2 m2"]]:
    """Distances below and above the level, and the excess there.

    Both infinite where the level is not reached.
    """
    count = len(ray.directions)
    below = np.array([np.zeros(count), np.full(count, 1 / ray.level - 1)])
    above = np.full((2, count), np.inf)
    active, step = np.arange(count), first_step
    while active.size:
        excess = ray(active, np.full(len(active), step))
        over = excess >= 0
        for side, rays in ((above, over), (below, ~over)):
            side[0, active[rays]], side[1, active[rays]] = step, excess[rays]
        active = active[~over]
        if step >= largest:
            break
        step = min(2 * step, largest)
    return below, above


def _roots(
    ray: _Rays,
    below: Float[np.ndarray, "2 m2"],
    above: Float[np.ndarray, "2 m2"],
    tolerance: float,
) -> Float[np.ndarray, " m2"]:
    """Where the level is crossed, on all rays at once; infinite where it is not."""
    from scipy.optimize.elementwise import find_root

    reached = np.flatnonzero(np.isfinite(above[0]))
    found = np.full(above.shape[1], np.inf)
    if reached.size:
        found[reached] = find_root(
            lambda distances, rays: ray(rays, distances),
            (below[0, reached], above[0, reached]),
            args=(reached,),
            tolerances={"xatol": 0.0, "xrtol": tolerance},
        ).x
    return found


def _check_search(
    level: float, first_step: float, largest: float, tolerance: float
) -> None:
    if not (np.isfinite(level) and level > 1):
        raise ValueError(f"Argument `level` must be finite and > 1, but is {level}.")
    if not 0 < first_step < largest < np.inf:
        raise ValueError(
            "Arguments must obey 0 < `first_step` < `largest_distance` < infinity, but"
            f" are {first_step} and {largest}."
        )
    if not 1e-15 < tolerance < 1:
        raise ValueError(
            f"Argument `tolerance` must lie in (1e-15, 1), but is {tolerance}."
        )

r"""Fixed target: how wide starts may be before the cloud leaves the curve's dimensions.

Let $A$ be the leading principal axes of the mean curve (what training from the mean
start sweeps out). Along them lies the share
$$s_k(\sigma_0^2) = \frac{p_k+\sigma_0^2d_k}{p+\sigma_0^2d},\qquad
  p_k = \mathrm{tr}\,A^\top PA,\quad d_k = \mathrm{tr}\,A^\top DA/\sigma_0^2$$
of the variance, $p, d$ without $A$. No eigenvalue of $C = D+P$ enters, and the width
at which it falls to a fraction is explicit. It is a lower bound of the explained
variance, which it meets as $\sigma_0\to0$. Derived here.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from linnet.phenomena.sloppiness.theory.averages import mode_averages
from linnet.phenomena.sloppiness.theory.checkpoints import Checkpoints
from linnet.phenomena.sloppiness.theory.condensed import condense
from linnet.phenomena.sloppiness.theory.fixed_target import (
    centered_curve,
    fixed_problem,
)
from linnet.phenomena.sloppiness.theory.refusals import (
    check_deviation,
    check_fraction,
)
from linnet.phenomena.sloppiness.theory.responses import AbstractResponse
from linnet.shapes import Float


@dataclass(frozen=True, eq=False)
class CurveAxes:
    r"""Variance of curve and cloud along the curve's leading axes, and in all.

    Attributes:
        curve_along: $p_k$ of $k = 1..q$ axes, as many as the curve has.
        curve: $p$.
        cloud_along: $d_k$, for starts of unit deviation.
        cloud: $d$.
    """

    curve_along: Float[np.ndarray, " q"]
    curve: float
    cloud_along: Float[np.ndarray, " q"]
    cloud: float

    def share(
        self, init_deviation: ArrayLike, dimensions: int
    ) -> Float[np.ndarray, "..."]:
        r"""$s_k(\sigma_0^2)$: share of the variance along `dimensions` axes.

        Args:
            init_deviation: $\sigma_0\ge0$, any shape.
            dimensions: $k$.

        Raises:
            ValueError: when a deviation is negative or the curve has fewer axes.
        """
        square = check_deviation("init_deviation", init_deviation) ** 2
        along, spread = self._along(dimensions)
        return (along + square * spread) / (self.curve + square * self.cloud)

    def widest_start(self, fraction: float, dimensions: int) -> float:
        r"""Largest $\sigma_0$ at which $k$ axes of the curve hold `fraction` of all.

        $$\sigma_0^2 = \frac{p_k-qp}{qd-d_k}$$
        Zero where the curve itself is not as thin as that; infinite where the cloud is.

        Args:
            fraction: $q$ in (0, 1).
            dimensions: $k$.

        Raises:
            ValueError: when the fraction is not in (0, 1) or the curve has fewer axes.
        """
        check_fraction(fraction)
        along, spread = self._along(dimensions)
        thin, wide = along - fraction * self.curve, fraction * self.cloud - spread
        if thin < 0:
            return 0.0
        return float(np.sqrt(thin / wide)) if wide > 0 else float(np.inf)

    def _along(self, dimensions: int) -> tuple[float, float]:
        if not 1 <= dimensions <= len(self.curve_along):
            raise ValueError(
                "Argument `dimensions` must lie in"
                f" [1, {len(self.curve_along)}], the axes that the curve has, but is"
                f" {dimensions}."
            )
        place = dimensions - 1
        return float(self.curve_along[place]), float(self.cloud_along[place])


def curve_axes(
    variances: ArrayLike,
    n: int,
    target: ArrayLike,
    response: AbstractResponse,
    checkpoints: Checkpoints,
    *,
    mean_start: ArrayLike | None = None,
) -> CurveAxes:
    r"""Principal axes of the mean curve, with what curve and cloud have along them.

    The outputs of one mode move in one direction, so the axes are those of $r$ rows
    whatever the number of outputs; a start has its variance in all of them.

    Valid for: as `fixed_target_spectrum`, centered.

    Args:
        variances: $\lambda_i>0$, shape `(r,)`.
        n: Number of samples.
        target: $w^*$ in the eigenbasis of the inputs, shape `(r,)` or `(r, k)`.
        response: The method of training.
        checkpoints: When predictions are looked at, with which weights.
        mean_start: $\bar w^0$, as `target`; zero if not given.

    Raises:
        ValueError: as `fixed_target_spectrum`, or when nothing moves.

    Reference: derived here.

    Example:
        A curve of two modes; the starts leave its plane in none.

        >>> from linnet.phenomena.sloppiness.theory import (
        ...     GradientDescent, uniform_checkpoints)
        >>> axes = curve_axes(
        ...     [1.0, 0.1], 1, [1.0, 1.0], GradientDescent(0.5), uniform_checkpoints(9))
        >>> round(float(axes.share(0.0, 2)), 12), round(axes.widest_start(0.9, 1), 3)
        (1.0, 0.451)
    """
    rate, end, begin = fixed_problem(variances, n, target, mean_start)
    nodes = condense(response, rate, checkpoints)
    travel = response.rest(rate)[:, None] * end - begin
    rows = np.sqrt(n * rate)[:, None] * centered_curve(travel, nodes)
    axes, sizes, _ = np.linalg.svd(rows, full_matrices=False)
    if not sizes[0] > 0:
        raise ValueError(
            "Argument `target` must differ from the mean start at two checkpoints, but"
            " nothing moves: a curve that stands still has no axes."
        )
    moved = sizes > sizes[0] * np.finfo(float).eps * max(rows.shape)
    cloud = n * rate * mode_averages(response, rate, checkpoints).start
    along = (axes[:, moved] ** 2).T @ cloud
    return CurveAxes(
        np.cumsum(sizes[moved] ** 2),
        float((sizes**2).sum()),
        np.cumsum(along),
        float(end.shape[1] * cloud.sum()),
    )

r"""Fixed target: the best few dimensions of a cloud, for any width of its starts.

Curve and cloud add up, $C(\sigma_0) = P+\sigma_0^2D$, and few directions matter for the
leading ones: the main axes of the curve, and those in which starts spread most. The
eigenvalues of $C$ within these (Rayleigh and Ritz) are a lower bound, exact for narrow
and for wide starts, and in between as good as the directions left out are weak. They
cost the same for a thousand widths as for one. Derived here.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from linnet.phenomena.sloppiness.theory.averages import mode_averages
from linnet.phenomena.sloppiness.theory.checkpoints import Checkpoints
from linnet.phenomena.sloppiness.theory.condensed import condense
from linnet.phenomena.sloppiness.theory.fixed_target import fixed_problem
from linnet.phenomena.sloppiness.theory.refusals import check_deviation, check_fraction
from linnet.phenomena.sloppiness.theory.responses import AbstractResponse
from linnet.shapes import Float

KEPT = 8  # directions of the curve, and as many of the starts
REACH, PER_DECADE = 4, 20  # decades around even shares that are searched


@dataclass(frozen=True, eq=False)
class BestAxes:
    r"""Curve and cloud in the directions that matter; $k$ outputs, $r$ modes.

    Attributes:
        basis: Orthonormal directions of modes, shape `(r, q)`.
        sides: Direction of outputs in which each mode learns, shape `(r, k)`.
        curve_within: $P$ in that basis.
        cloud_within: $D$ in that basis, for starts of unit deviation.
        alone: $D_i$ of the modes that starts spread most in, downwards: every output
            across `sides` shows nothing but them.
        alone_at: Those modes.
        curve: $\mathrm{tr}P$.
        cloud: $\mathrm{tr}D$.
    """

    basis: Float[np.ndarray, "r q"]
    sides: Float[np.ndarray, "r k"]
    curve_within: Float[np.ndarray, "q q"]
    cloud_within: Float[np.ndarray, "q q"]
    alone: Float[np.ndarray, " p"]
    alone_at: np.ndarray
    curve: float
    cloud: float

    def share(
        self, init_deviation: ArrayLike, dimensions: int
    ) -> Float[np.ndarray, "..."]:
        r"""Share of the variance in the best dimensions.

        Args:
            init_deviation: $\sigma_0\ge0$, any shape.
            dimensions: Their number, at most `KEPT`.

        Raises:
            ValueError: when a deviation is negative or there are not so many.
        """
        square = np.asarray(check_deviation("init_deviation", init_deviation)) ** 2
        self._check(dimensions)
        matrix = self.curve_within + square[..., None, None] * self.cloud_within
        others = square[..., None] * self._others()
        values = np.concatenate([np.linalg.eigvalsh(matrix), others], axis=-1)
        leading = np.sort(values, axis=-1)[..., -dimensions:].sum(-1)
        return np.asarray(leading / (self.curve + square * self.cloud))

    def axes(
        self, init_deviation: float, dimensions: int
    ) -> Float[np.ndarray, "r k dimensions"]:
        r"""These dimensions, orthonormal, the widest first, by mode and output.

        Raises:
            ValueError: as `share`.
        """
        square = float(check_deviation("init_deviation", init_deviation)) ** 2
        self._check(dimensions)
        values, vectors = np.linalg.eigh(self.curve_within + square * self.cloud_within)
        found = [
            (value, along[:, None] * self.sides)
            for value, along in zip(values, (self.basis @ vectors).T, strict=True)
        ]
        for mode, value in zip(self.alone_at, square * self.alone, strict=True):
            for across in _across(self.sides[mode])[:KEPT]:
                axis = np.zeros_like(self.sides)
                axis[mode] = across
                found.append((value, axis))
        found.sort(key=lambda pair: -pair[0])
        return np.stack([axis for _, axis in found[:dimensions]], axis=-1)

    def widest_start(self, fraction: float, dimensions: int) -> float:
        r"""Largest $\sigma_0$ up to which the best dimensions hold `fraction` of all.

        Zero where the curve itself is not as thin as that; infinite where there is none
        within four decades of $\sqrt{\mathrm{tr}P/\mathrm{tr}D}$.

        Args:
            fraction: In (0, 1).
            dimensions: Their number.

        Raises:
            ValueError: when the fraction is not in (0, 1), or as `share`.
        """
        check_fraction(fraction)
        if self.share(0.0, dimensions) < fraction:
            return 0.0
        grid = np.logspace(-REACH, REACH, 2 * REACH * PER_DECADE + 1)
        grid *= np.sqrt(self.curve / self.cloud)
        below = np.flatnonzero(self.share(grid, dimensions) < fraction)
        if not len(below):
            return float("inf")
        low, high = (grid[below[0] - 1] if below[0] else 0.0), grid[below[0]]
        for _ in range(60):
            middle = (low + high) / 2
            if self.share(middle, dimensions) < fraction:
                high = middle
            else:
                low = middle
        return float(low)

    def _others(self) -> Float[np.ndarray, " m"]:
        """Variances of outputs that learn nothing, each as often as it may count."""
        return np.repeat(self.alone, min(self.sides.shape[1] - 1, KEPT))

    def _check(self, dimensions: int) -> None:
        most = min(KEPT, self.sides.size)
        if not 1 <= dimensions <= most:
            raise ValueError(
                f"Argument `dimensions` must lie in [1, {most}], but is {dimensions}:"
                " `fixed_target_spectrum` has all of them."
            )


def best_axes(
    variances: ArrayLike,
    n: int,
    target: ArrayLike,
    response: AbstractResponse,
    checkpoints: Checkpoints,
    *,
    mean_start: ArrayLike | None = None,
) -> BestAxes:
    r"""What few dimensions hold of a cloud with one target, at every width of starts.

    $$C(\sigma_0) = P+\sigma_0^2D,\qquad D_{ic} = n\lambda_i\langle h_i^2\rangle$$

    Valid for: as `fixed_target_spectrum`, centered; leading dimensions only.

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
        One wide direction of the inputs: starts are on a ribbon at every width.

        >>> from linnet.phenomena.sloppiness.theory import (
        ...     GradientDescent, uniform_checkpoints)
        >>> descent, when = GradientDescent(0.5), uniform_checkpoints(9)
        >>> found = best_axes([1.0, 0.01], 1, [1.0, 1.0], descent, when)
        >>> found.share([0.0, 1.0, 100.0], 1).round(3), found.widest_start(0.9, 1)
        (array([1.   , 0.963, 0.939]), inf)
    """
    rate, end, begin = fixed_problem(variances, n, target, mean_start)
    nodes = condense(response, rate, checkpoints)
    travel = response.rest(rate)[:, None] * end - begin
    length = np.linalg.norm(travel, axis=1)
    gap = nodes.learned - (nodes.learned @ nodes.weights)[:, None]
    rows = (np.sqrt(n * rate) * length)[:, None] * gap * np.sqrt(nodes.weights)
    main, sizes, _ = np.linalg.svd(rows, full_matrices=False)
    if not sizes[0] > 0:
        raise ValueError(
            "Argument `target` must differ from the mean start at two checkpoints, but"
            " nothing moves: a curve that stands still has no axes."
        )
    cloud = n * rate * mode_averages(response, rate, checkpoints).start
    widest = np.argsort(-cloud, kind="stable")[:KEPT]
    both = np.hstack([main[:, :KEPT], np.eye(len(rate))[:, widest]])
    basis, spread, _ = np.linalg.svd(both, full_matrices=False)
    basis = basis[:, spread > 1e-8]  # directions of both kinds may be the same
    within = basis.T @ rows
    first = np.eye(1, end.shape[1])[0]
    with np.errstate(invalid="ignore", divide="ignore"):
        sides = np.where(length[:, None] > 0, travel / length[:, None], first)
    return BestAxes(
        basis,
        sides,
        within @ within.T,
        basis.T @ (cloud[:, None] * basis),
        cloud[widest],
        widest,
        float((sizes**2).sum()),
        float(end.shape[1] * cloud.sum()),
    )


def _across(side: Float[np.ndarray, " k"]) -> Float[np.ndarray, "k_less_one k"]:
    """Orthonormal directions of outputs across one."""
    return np.linalg.svd(side[None])[2][1:]

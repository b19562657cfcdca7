r"""Phase maps: how many dimensions a cloud has over slope, target ratio and folds.

At small steps the shape of the spectrum of random targets depends on three numbers,
`slope` $c$ of $\lambda_i=\lambda_1e^{-c(i-1)}$, `target_ratio`
$\varepsilon=\sigma_*/\sigma_0$ and `folds` $z_1=\eta\lambda_1T$; at finite steps on
$x_1=\eta\lambda_1$ besides. The spectrum is infinite, or of a given number of modes,
and is nowhere cut off: see `geometric_sums`.

Reference: derived here.
"""

from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import ArrayLike

from linnet.phenomena.sloppiness.theory.boundary import Boundary
from linnet.phenomena.sloppiness.theory.geometric_sums import (
    Training,
    mode_parts,
    sums_from,
    training,
)
from linnet.phenomena.sloppiness.theory.refusals import (
    check_count,
    check_fraction,
    check_not_negative,
    check_positive,
)
from linnet.shapes import Float

LEAST_SLOPE = 1e-3
LARGEST_RATIO = 1e70
FOLDS = (1e-12, 1e12)


@final
@dataclass(frozen=True, eq=False)
class DimensionMap:
    r"""Measures of dimension over a plane; rows are the first axis, columns folds.

    Attributes:
        rows: Slopes or target ratios, `(m,)`.
        folds: $z_1$, `(f,)`; of descent $x_1T$ at whole $T$.
        explained: Share of the first $k$ modes, `(m, f)`.
        participation: Participation ratio $(\sum v)^2/\sum v^2$, `(m, f)`.
        boundary: Where the share is $q$, in the target ratio: over `(m, f)` where rows
            are slopes, over `(f,)` where they are ratios.
    """

    rows: Float[np.ndarray, " m"]
    folds: Float[np.ndarray, " f"]
    explained: Float[np.ndarray, "m f"]
    participation: Float[np.ndarray, "m f"]
    boundary: Boundary


def slope_map(
    slopes: ArrayLike,
    folds: ArrayLike,
    target_ratio: float,
    *,
    fraction: float = 0.95,
    dimensions: int = 3,
    step: float | None = None,
    modes: int | None = None,
) -> DimensionMap:
    r"""Dimension over slope and folds, of geometric spectra and random targets.

    Valid for: gradient flow with uniform checkpoints, or descent of any stable step;
    relative error below 1e-12. A million points take half a second for slopes of 0.1
    to 3, and a row costs in proportion to $1/c$.

    Args:
        slopes: $c$, from 0.001 up, `(m,)`.
        folds: $z_1$, from 1e-12 to 1e12, `(f,)`.
        target_ratio: $\varepsilon$.
        fraction: $q$, for the boundary.
        dimensions: $k$.
        step: $x_1=\eta\lambda_1\le2$ of gradient descent, whose number of points is
            $z_1/x_1$, rounded to a whole number; None for gradient flow.
        modes: How many modes there are; None for infinitely many.

    Raises:
        ValueError: when an argument is out of range.

    Reference: derived here.

    Example:
        >>> plane = slope_map([0.5, 1.2], [1.0, 100.0], 1.0)
        >>> plane.explained.round(3)
        array([[0.718, 0.795],
               [0.96 , 0.981]])
    """
    rows = _axis("slopes", slopes)
    if rows.min() < LEAST_SLOPE:
        raise ValueError(
            f"Argument `slopes` must be at least {LEAST_SLOPE}, but holds"
            f" {rows.min():.6g}: so flat a spectrum has no ribbon."
        )
    _check(fraction, dimensions, modes)
    ratio = _ratios("target_ratio", [target_ratio])
    cases, steep = _cases(folds, step)
    shape = (len(rows), len(cases.folds))
    missing, gained, explained, participation = np.empty((4, *shape))
    for row, slope in enumerate(rows):
        sums = _row(float(slope), cases, dimensions, steep, modes)
        explained[row], participation[row] = (one[0] for one in sums.measures(ratio))
        part = sums.boundary(fraction)
        missing[row], gained[row] = part.missing, part.gained
    return DimensionMap(
        rows, cases.folds, explained, participation, Boundary(missing, gained)
    )


def ratio_map(
    target_ratios: ArrayLike,
    folds: ArrayLike,
    slope: float,
    *,
    fraction: float = 0.95,
    dimensions: int = 3,
    step: float | None = None,
    modes: int | None = None,
) -> DimensionMap:
    r"""Dimension over target ratio and folds, at one slope; see `slope_map`.

    Valid for: as `slope_map`.

    Args:
        target_ratios: $\varepsilon\ge0$, `(m,)`.
        folds: $z_1$, `(f,)`.
        slope: $c$.
        fraction: $q$, for the boundary.
        dimensions: $k$.
        step: $x_1=\eta\lambda_1$ of gradient descent; None for gradient flow.
        modes: How many modes there are; None for infinitely many.

    Raises:
        ValueError: when an argument is out of range.

    Reference: derived here.
    """
    rows = _ratios("target_ratios", target_ratios)
    check_positive("slope", slope, "it is by how much ln(lambda) falls per mode")
    if slope < LEAST_SLOPE:
        raise ValueError(
            f"Argument `slope` must be at least {LEAST_SLOPE}, but is {slope:.6g}: so"
            " flat a spectrum has no ribbon."
        )
    _check(fraction, dimensions, modes)
    cases, steep = _cases(folds, step)
    sums = _row(float(slope), cases, dimensions, steep, modes)
    explained, participation = sums.measures(rows)
    return DimensionMap(
        rows, cases.folds, explained, participation, sums.boundary(fraction)
    )


@final
@dataclass(frozen=True, eq=False)
class _Sums:
    r"""Of the first $k$ modes and of the rest, in units of `geometric_sums`.

    Attributes:
        leading: $\sum\alpha$, $\sum\beta$ of the first $k$, `(2, f)`.
        rest: The same of all others, `(2, f)`.
        squares: $\sum\alpha^2$, $\sum\alpha\beta$, $\sum\beta^2$ of all, `(3, f)`.
    """

    leading: Float[np.ndarray, "2 f"]
    rest: Float[np.ndarray, "2 f"]
    squares: Float[np.ndarray, "3 f"]

    def measures(
        self, ratios: Float[np.ndarray, " m"]
    ) -> tuple[Float[np.ndarray, "m f"], Float[np.ndarray, "m f"]]:
        """Explained share and participation ratio at each target ratio."""
        square = ratios[:, None] ** 2
        first = self.leading[0] + square * self.leading[1]
        total = first + (self.rest[0] + square * self.rest[1])
        own, mixed, other = self.squares
        second = own + square * (2 * mixed + square * other)
        return first / total, total / (second / total)

    def boundary(self, fraction: float) -> Boundary:
        scale = self.leading[0] + self.rest[0]
        short = fraction * self.rest - (1 - fraction) * self.leading
        return Boundary(short[0] / scale, -short[1] / scale)


def _row(
    slope: float, cases: Training, dimensions: int, steep: float, modes: int | None
) -> _Sums:
    """Sums at one slope; modes with steps above one are taken one by one."""
    large = int(np.floor(np.log(steep) / slope)) + 1 if steep > 1 else 0
    single = max(dimensions, large if modes is None else min(large, modes))
    alpha, beta = mode_parts(slope, cases, single)
    others = sums_from(slope, cases, single)
    if modes is not None:
        others = (
            others - sums_from(slope, cases, modes) if modes > single else 0 * others
        )
    leading = np.array([part[:dimensions].sum(0) for part in (alpha, beta)])
    rest = np.array([part[dimensions:].sum(0) for part in (alpha, beta)])
    pairs = ((alpha, alpha), (alpha, beta), (beta, beta))
    squares = np.array([np.einsum("mf,mf->f", *pair) for pair in pairs])
    return _Sums(leading, rest + others[:2], squares + others[2:])


def _cases(folds: ArrayLike, step: float | None) -> tuple[Training, float]:
    """How long the first mode is trained, and its step (0 for the flow)."""
    z = _axis("folds", folds)
    if (np.diff(z) < 0).any():
        raise ValueError("Argument `folds` must rise, but does not: sort it.")
    if z.min() < FOLDS[0] or z.max() > FOLDS[1]:
        raise ValueError(
            f"Argument `folds` must lie in [{FOLDS[0]:g}, {FOLDS[1]:g}], but spans"
            f" [{z.min():g}, {z.max():g}]."
        )
    if step is None:
        return training(z, np.zeros_like(z)), 0.0
    check_positive("step", step, "it is learning rate times the largest eigenvalue")
    if step > 2:
        raise ValueError(
            f"Argument `step` must be <= 2, but is {step:.6g}: training diverges."
        )
    count = np.maximum(np.round(z / step), 1)
    return training(step * count, 1 / count), float(step)


def _check(fraction: float, dimensions: int, modes: int | None) -> None:
    check_fraction(fraction)
    check_count("dimensions", dimensions, "it counts leading dimensions")
    if modes is not None:
        check_count("modes", modes, "it counts eigenvalues")
        if modes <= dimensions:
            raise ValueError(
                f"Argument `modes` must be above `dimensions` = {dimensions}, but is"
                f" {modes}: all modes explain everything."
            )


def _ratios(name: str, ratios: ArrayLike) -> Float[np.ndarray, " m"]:
    given = check_not_negative(name, ratios, "it is a ratio of deviations")
    if given.ndim != 1 or not len(given) or given.max() > LARGEST_RATIO:
        raise ValueError(
            f"Argument `{name}` must be numbers up to {LARGEST_RATIO:g} in a row,"
            f" but has shape {given.shape} or a larger one."
        )
    return given


def _axis(name: str, values: ArrayLike) -> Float[np.ndarray, " m"]:
    given = check_positive(name, values, "it is an axis of the map")
    if given.ndim != 1 or not len(given):
        raise ValueError(
            f"Argument `{name}` must be a row of numbers, but has shape {given.shape}."
        )
    return given

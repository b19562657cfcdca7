r"""Where the ribbon ends: the phase boundary in closed form.

With random targets the spectrum is $v = \sigma_0^2(A+\varepsilon^2B)$,
$A_i = \lambda_i\langle h_i^2\rangle$, $B_i = \lambda_i\langle(1-h_i)^2\rangle$, and
$\varepsilon = \sigma_*/\sigma_0$ is `target_ratio`. That the first $k$ of its
dimensions explain a fraction $q$ or more is linear in $\varepsilon^2$: the boundary is
one division, without search and without an eigenvalue problem, and has four outcomes.

Reference: derived here; that phase boundaries exist, Mao et al. 2025.
"""

from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import ArrayLike

from linnet.phenomena.sloppiness.theory.averages import ModeAverages
from linnet.phenomena.sloppiness.theory.geometric_limits import critical_slope
from linnet.phenomena.sloppiness.theory.refusals import (
    check_count,
    check_fraction,
    check_not_negative,
    check_positive,
    check_variances,
)
from linnet.shapes import Float

ALWAYS, NEVER, ABOVE, BELOW = "always", "never", "above", "below"


@final
@dataclass(frozen=True, eq=False)
class Boundary:
    r"""At which target ratios $k$ dimensions explain the fraction $q$, over a grid.

    Attributes:
        missing: $q\sum_iA_i-\sum_{i\le k}A_i$ over $\sum_iA_i$: what the spread of
            starts alone is short of $q$, negative where it has more.
        gained: $\sum_{i\le k}B_i-q\sum_iB_i$ over $\sum_iA_i$: what targets have more.
    """

    missing: Float[np.ndarray, "*grid"]
    gained: Float[np.ndarray, "*grid"]

    @property
    def kind(self) -> np.ndarray:
        r"""`always`, `never`, `above` or `below`, as strings of the grid's shape.

        A ribbon at any ratio; at none; for $\varepsilon\ge\varepsilon_c$; for
        $\varepsilon\le\varepsilon_c$.
        """
        short, rises = self.missing > 0, self.gained > 0
        falls = self.gained < 0
        return np.select(
            [short & rises, ~short & falls, short], [ABOVE, BELOW, NEVER], ALWAYS
        )

    @property
    def ratio(self) -> Float[np.ndarray, "*grid"]:
        r"""$\varepsilon_c$; 0 where there is always a ribbon, infinite where never.

        Read together with `kind`: of `above` it is the least, of `below` the largest
        ratio with a ribbon.
        """
        kind = self.kind
        crosses = (kind == ABOVE) | (kind == BELOW)
        square = np.divide(
            self.missing, self.gained, out=np.zeros_like(self.missing), where=crosses
        )
        return np.where(kind == NEVER, np.inf, np.sqrt(np.abs(square)))

    def is_ribbon(self, target_ratio: ArrayLike) -> np.ndarray:
        r"""Whether $k$ dimensions explain the fraction at this target ratio.

        Args:
            target_ratio: $\varepsilon\ge0$; broadcasts against the grid.

        Raises:
            ValueError: when a ratio is negative or not finite.
        """
        check_not_negative("target_ratio", target_ratio, "it is a ratio of deviations")
        square = np.asarray(target_ratio, dtype=float) ** 2
        return np.asarray(self.missing <= square * self.gained)


def ribbon_boundary(
    averages: ModeAverages,
    variances: Float[np.ndarray, "*#grid r"],
    *,
    fraction: float = 0.95,
    dimensions: int = 3,
    rest: Float[np.ndarray, "*#grid r"] | float = 1.0,
) -> Boundary:
    r"""The boundary of the ribbon in the target ratio, of any averages.

    $$\varepsilon_c^2 = \frac{q\sum_iA_i-\sum_{i\le k}A_i}
      {\sum_{i\le k}B_i-q\sum_iB_i}$$
    where both are positive (a ribbon above $\varepsilon_c$) or both negative (below).

    Valid for: random targets, stable descent and flow: there the largest $k$ of $v$
    are those of the largest variances. With momentum, where that order can break, it
    is about the first $k$ modes, whose share is a lower bound. With $m$ outputs, $km$
    dimensions.

    Args:
        averages: Of `mode_averages`, `descent_averages` or `flow_averages`.
        variances: $\lambda$ along the last axis, falling; broadcasts against the
            averages.
        fraction: $q$ in (0, 1).
        dimensions: $k$.
        rest: $\bar r$ of the response, where training ends in units of the target.

    Raises:
        ValueError: when the variances do not fall, an argument is out of range, or
            there are no more modes than dimensions.

    Reference: derived here.

    Example:
        >>> from linnet.phenomena.sloppiness.theory import flow_averages
        >>> h = np.exp(-1.2 * np.arange(60))
        >>> late = ribbon_boundary(flow_averages(1000 * h), h)
        >>> str(late.kind), round(float(late.ratio), 3)
        ('above', 0.23)
    """
    h = check_variances(variances)
    check_fraction(fraction)
    check_count("dimensions", dimensions, "it counts leading dimensions")
    if not dimensions < h.shape[-1]:
        raise ValueError(
            f"Argument `dimensions` must be below the number of modes, {h.shape[-1]},"
            f" but is {dimensions}: all modes explain everything."
        )
    if (np.diff(h, axis=-1) > 0).any():
        raise ValueError("Argument `variances` must fall, but does not: sort it.")
    return _boundary_of_parts(
        h * averages.start, h * rest**2 * averages.target, fraction, dimensions
    )


def _boundary_of_parts(
    start: Float[np.ndarray, "*grid r"],
    target: Float[np.ndarray, "*grid r"],
    fraction: float,
    dimensions: int,
) -> Boundary:
    r"""The boundary from $A$ and $B$ themselves, unchecked."""
    # Leading and rest apart: a rest far below rounding of the total still decides.
    short = fraction * start[..., dimensions:].sum(-1)
    short = short - (1 - fraction) * start[..., :dimensions].sum(-1)
    more = (1 - fraction) * target[..., :dimensions].sum(-1)
    more = more - fraction * target[..., dimensions:].sum(-1)
    scale = start.sum(-1)
    return Boundary(np.asarray(short / scale), np.asarray(more / scale))


def late_boundary(
    slope: ArrayLike,
    folds: ArrayLike,
    *,
    fraction: float = 0.95,
    dimensions: int = 3,
) -> Float[np.ndarray, "*grid"]:
    r"""$\varepsilon_c$ of a geometric spectrum that has been trained for long.

    $$\varepsilon_c^2 \simeq \frac{\frac12[qm(2z_1)-k]}
      {z_1\frac{1-e^{-ck}-q}{1-e^{-c}}-\frac{3k}2+q[2m(z_1)-\frac12m(2z_1)]},\qquad
      m(z) = \frac{\ln z+\gamma_E}c+\frac12,$$
    where $m$ counts learned modes; infinite where the denominator is not positive. For
    $z_1\to\infty$ its first term alone is left, and there is no ribbon in the end for
    $c\le c_q$.

    Valid for: gradient flow (descent at $\eta\lambda_1\ll1$), uniform checkpoints, an
    infinite geometric spectrum, $z_k\gg1$, to relative $O(e^{-z_k}, e^{-\pi^2/c})$:
    for slopes above about 2 the boundary wavers with each mode that is learned.

    Args:
        slope: $c>0$.
        folds: $z_1=\lambda_1\tau$; broadcasts against the slope.
        fraction: $q$.
        dimensions: $k$.

    Raises:
        ValueError: when an argument is out of range, or so few modes are learned that
            $qm(2z_1)\le k$.

    Reference: derived here.
    """
    c, z = _positive_pair(slope, folds)
    check_fraction(fraction)
    check_count("dimensions", dimensions, "it counts leading dimensions")
    once, twice = ((np.log(folded) + np.euler_gamma) / c + 0.5 for folded in (z, 2 * z))
    short = (fraction * twice - dimensions) / 2
    if (short <= 0).any():
        raise ValueError(
            "Argument `folds` must be so large that more than `dimensions` modes are"
            f" learned, but is {z[short <= 0].flat[0]:.6g}: take `ribbon_boundary`,"
            " which is exact."
        )
    leading = z * (-np.expm1(-c * dimensions) - fraction) / -np.expm1(-c)
    gained = leading - 1.5 * dimensions + fraction * (2 * once - twice / 2)
    square = np.divide(short, gained, out=np.full_like(short, np.inf), where=gained > 0)
    return np.sqrt(square)


def early_boundary(
    slope: ArrayLike,
    folds: ArrayLike,
    *,
    fraction: float = 0.95,
    dimensions: int = 3,
) -> Float[np.ndarray, "*grid"]:
    r"""$\varepsilon_c$ of a geometric spectrum of which nothing has been learned yet.

    $$\varepsilon_c^2 \simeq \frac3{z_1^2}\,\frac{1-e^{-3c}}{1-e^{-c}}\,
      \frac{q-1+e^{-ck}}{1-e^{-3ck}-q}$$
    for $c_q/3 < c < c_q$; 0 from $c_q$ on, where starts alone are a ribbon, infinite at
    and below $c_q/3$, where not even targets are.

    Valid for: flow or descent with uniform checkpoints and $T\gg1$, an infinite
    geometric spectrum, $z_1\ll1$, to relative $O(z_1)$.

    Args:
        slope: $c>0$.
        folds: $z_1=\lambda_1\tau$; broadcasts against the slope.
        fraction: $q$.
        dimensions: $k$.

    Raises:
        ValueError: when an argument is out of range.

    Reference: derived here.
    """
    c, z = _positive_pair(slope, folds)
    edge = critical_slope(fraction, dimensions)
    between = (c > edge / 3) & (c < edge)
    inner = np.where(between, c, edge / 2)
    short = fraction + np.expm1(-inner * dimensions)
    more = -np.expm1(-3 * inner * dimensions) - fraction
    shape = np.expm1(-3 * inner) / np.expm1(-inner)
    ratio = np.sqrt(3 * shape * short / more) / z
    return np.where(between, ratio, np.where(c < edge, np.inf, 0.0))


def _positive_pair(
    slope: ArrayLike, folds: ArrayLike
) -> tuple[Float[np.ndarray, "*grid"], Float[np.ndarray, "*grid"]]:
    check_positive("slope", slope, "it is by how much ln(lambda) falls per mode")
    check_positive("folds", folds, "it is eigenvalue times time")
    c, z = np.broadcast_arrays(
        np.asarray(slope, dtype=float), np.asarray(folds, dtype=float)
    )
    return c, z

r"""Regimes of the spectrum of random targets on sloppy data, and what they imply.

Sloppy data have $\lambda_i=\lambda_1e^{-c(i-1)}$ with `slope` $c$. A mode is learned
when $z_i=\eta\lambda_iT\gg1$ (`folds` is $z_1$) and unlearned when $z_i\ll1$. Spreads
of starts leave learned modes on a flat plateau, which destroys the ribbon; spreads of
targets fall with slope $c$ or steeper, which builds it. With $\varepsilon$ the
`target_ratio` $\sigma_*/\sigma_0$, the shape of the spectrum depends on
$(c,\varepsilon,z_1)$ alone as long as $\eta\lambda_1\ll1$.
"""

from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import ArrayLike

from linnet.phenomena.sloppiness.theory.refusals import (
    check_count,
    check_deviation,
    check_not_negative,
    check_positive,
    check_variances,
)
from linnet.shapes import Float

SLOPE = "eigenvalues must fall from mode to mode"
FOLDS = "it is learning rate times largest eigenvalue times steps"
RATIO = "it is the scale of targets over that of starts"


@final
@dataclass(frozen=True, eq=False)
class Regimes:
    """One number, or one per mode, for each of the four regimes.

    Attributes:
        start_learned: Spread of starts, learned modes: the plateau.
        start_unlearned: Spread of starts, unlearned modes.
        target_learned: Spread of targets, learned modes.
        target_unlearned: Spread of targets, unlearned modes.
    """

    start_learned: Float[np.ndarray, "*values"]
    start_unlearned: Float[np.ndarray, "*values"]
    target_learned: Float[np.ndarray, "*values"]
    target_unlearned: Float[np.ndarray, "*values"]


def regime_slopes(slope: ArrayLike) -> Regimes:
    r"""Slopes $-d\ln v_i/di$ in the four regimes: $0, c, c, 3c$.

    Valid for: far from $z_i=1$, uniform checkpoints, $\eta\lambda\ll1$.

    Args:
        slope: $c>0$; a grid is kept.

    Raises:
        ValueError: when `slope` is not positive and finite.

    Reference: derived here.
    """
    check_positive("slope", slope, SLOPE)
    c = np.asarray(slope, dtype=float)
    return Regimes(np.zeros_like(c), c, c, 3 * c)


def regime_asymptotes(
    variances: Float[np.ndarray, "*grid r"],
    n: int,
    init_deviation: float,
    target_deviation: float,
    learning_rate: float,
    count: int,
) -> Regimes:
    r"""What `random_target_spectrum` of gradient descent tends to in each regime.

    With $x=\eta\lambda$ and uniform checkpoints $t=0..T-1$:
    learned $\frac{n\sigma_0^2}{\eta T(2-x)}$ and
    $n\lambda\sigma_*^2\big[1-\frac{3-2x}{xT(2-x)}\big]$; unlearned $n\lambda\sigma_0^2$
    and $n\lambda\sigma_*^2x^2\frac{(T-1)(2T-1)}6\approx n\lambda\sigma_*^2z^2/3$.

    Valid for: $z\gg1$ (error $\lvert1-x\rvert^T$) and $z\ll1$ (error of order $z$).
    All modes get all four: choose by `folds`.

    Args:
        variances: $\lambda_i>0$.
        n: Number of samples.
        init_deviation: $\sigma_0\ge0$.
        target_deviation: $\sigma_*\ge0$.
        learning_rate: $\eta>0$ with $\eta\lambda_1<2$.
        count: $T\ge1$ checkpoints.

    Raises:
        ValueError: when an argument is out of range, or the largest step is not
            stable.

    Reference: derived here.
    """
    given = check_variances(variances)
    check_count("n", n, "it is how many samples there are")
    check_count("count", count, "it counts checkpoints, the start included")
    check_deviation("init_deviation", init_deviation)
    check_deviation("target_deviation", target_deviation)
    check_positive("learning_rate", learning_rate, "zero is no training")
    x = learning_rate * given
    if x.max() >= 2:
        raise ValueError(
            f"Argument `learning_rate` must be < {2 / given.max():.6g}, but is"
            f" {learning_rate:.6g}: the first mode is never learned."
        )
    start, target = n * given * init_deviation**2, n * given * target_deviation**2
    return Regimes(
        start / (x * count * (2 - x)),
        start,
        target * (1 - (3 - 2 * x) / (x * count * (2 - x))),
        target * x**2 * (count - 1) * (2 * count - 1) / 6,
    )


def is_on_plateau(folds: ArrayLike, target_ratio: ArrayLike) -> np.ndarray:
    r"""Which modes make the plateau: learned, but not yet ruled by their targets.

    $1 < 2z_i < 1/\varepsilon^2$, that is $1/(2\eta T\varepsilon^2)>\lambda_i>
    1/(2\eta T)$.

    Valid for: as a scale, as `plateau_width`.

    Args:
        folds: $z_i\ge0$ of each mode.
        target_ratio: $\varepsilon\ge0$. Both broadcast.

    Raises:
        ValueError: when an argument is negative or not finite.

    Reference: derived here.
    """
    check_not_negative("folds", folds, FOLDS)
    check_not_negative("target_ratio", target_ratio, RATIO)
    twice = 2 * np.asarray(folds, dtype=float)
    return (twice > 1) & (twice * np.asarray(target_ratio, dtype=float) ** 2 < 1)


def plateau_width(
    slope: ArrayLike, folds: ArrayLike, target_ratio: ArrayLike
) -> Float[np.ndarray, "*grid"]:
    r"""How many modes wide the plateau is, as a real number.

    $\ln(1/\varepsilon^2)/c$ once $2z_1\varepsilon^2>1$, whatever the time; before that
    it grows as $\ln(2z_1)/c$. None for $\varepsilon\ge1$, or before $2z_1=1$.

    Valid for: as a scale; its ends are each about $1/c$ modes soft.

    Args:
        slope: $c>0$.
        folds: $z_1\ge0$.
        target_ratio: $\varepsilon\ge0$. All broadcast.

    Raises:
        ValueError: when an argument is out of range.

    Reference: derived here.

    Example:
        >>> float(plateau_width(0.5, 1e6, 0.1).round(3))
        9.21
    """
    check_positive("slope", slope, SLOPE)
    check_not_negative("folds", folds, FOLDS)
    check_not_negative("target_ratio", target_ratio, RATIO)
    twice = np.maximum(2 * np.asarray(folds, dtype=float), 1)
    power = np.asarray(target_ratio, dtype=float) ** 2
    width = -np.log(np.maximum(power, 1 / twice))
    return np.where(power < 1, width, 0.0) / np.asarray(slope, dtype=float)


def peak_folds(target_ratio: ArrayLike) -> Float[np.ndarray, "*grid"]:
    r"""When the dimension is largest: $z_1=1/(2\varepsilon^2)$.

    In steps $T^*=1/(2\eta\lambda_1\varepsilon^2)$: the plateau has reached its full
    width, and the first mode starts to be ruled by its target.

    Valid for: order of magnitude. At $c=0.5$ the peak lies at 1.24, 1.06, 0.98, 0.91
    times that for $\varepsilon=0.1, 0.03, 0.01, 0.001$, and at 2.0 for $\varepsilon=1$.

    Args:
        target_ratio: $\varepsilon>0$; without targets the dimension grows for ever.

    Raises:
        ValueError: when `target_ratio` is not positive and finite.

    Reference: derived here.
    """
    check_positive("target_ratio", target_ratio, RATIO)
    return 0.5 / np.asarray(target_ratio, dtype=float) ** 2

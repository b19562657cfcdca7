r"""The exponent of variance against flatness, $\mathrm{Var}\propto F^{-\psi}$.

$\psi>0$ is the inverse relation: where the valley is narrow the weights move far. Axes
of constant noise (equilibrium) have $\psi=-2$, a single layer under SGD $\psi=0$, the
second of two layers $0<\psi<2$, and modes that epochs quieten $\psi=2$. These are local
slopes; a fit over all axes mixes them and may leave the range.
"""

from dataclasses import dataclass

import numpy as np

from linnet.phenomena.fluctuations.theory.epochs import (
    epoch_variance,
    flat_epoch_variance,
)
from linnet.phenomena.fluctuations.theory.refusals import (
    check_noise,
    check_not_negative,
    check_positive,
)
from linnet.shapes import Float

EQUILIBRIUM_EXPONENT = -2.0
SINGLE_LAYER_EXPONENT = 0.0
FLAT_EPOCHS_EXPONENT = 2.0
SAME = 1e-9  # in ln F: widths closer than that count as equal


@dataclass(frozen=True)
class FittedExponent:
    r"""A power law fitted to variances and widths.

    Attributes:
        exponent: $\psi$ of $\mathrm{Var} = A F^{-\psi}$.
        prefactor: $A$.
        r_squared: Part of the spread of $\ln\mathrm{Var}$ that the law explains, in
            [0, 1]; 0 where the variances do not differ.
        decades: Range of $F$, in powers of ten.
        points: Number of axes.
    """

    exponent: float
    prefactor: float
    r_squared: float
    decades: float
    points: int

    @property
    def curvature_decades(self) -> float:
        r"""Range of the curvature at a minimum, $\propto F^{-2}$, in powers of ten."""
        return 2 * self.decades


def second_layer_exponent(
    first_singular: Float[np.ndarray, "..."] | float,
    second_singular: Float[np.ndarray, "..."] | float,
) -> Float[np.ndarray, "..."]:
    r"""Local exponent of the second of two layers.

    $$\psi = -\frac{d\ln\mathrm{Var}}{d\ln F}\Big|_{s_2} = \frac{2s_2^2}{s_1^2+s_2^2}.$$
    The variance of hidden direction $j$ and output direction $a$ is
    $s_{1j}^2/(s_{1j}^2+s_{2a}^2)$ of a single layer's, its curvature proportional to
    $s_{1j}^2$, hence $F\propto1/s_{1j}$: $\psi\to2$ where the first layer is weak,
    $\psi\to0$ where it is strong.

    Valid for: white noise ($C = \sigma^2I\otimes\mathtt{xx}$, many more samples than
    inputs) at a quasi-stationary minimum, inputs $\mathtt{xx}=hI$, independent batches.

    Args:
        first_singular: $s_{1j}\ge0$, singular values of the first layer.
        second_singular: $s_{2a}\ge0$, of the second.

    Returns:
        The exponents, of the shape that both have together.

    Raises:
        ValueError: when a value is negative, or both vanish (such a direction does not
            move, and its share is 0/0).

    Reference: Gross et al. 2024 (the relation); derived here.
    """
    first, second = _squares(first_singular, second_singular)
    return np.asarray(2 * second / (first + second))


def second_layer_epoch_variance(
    first_singular: Float[np.ndarray, "..."] | float,
    second_singular: Float[np.ndarray, "..."] | float,
    variance: float,
    noise: float,
    learning_rate: float,
    noise_factor: float,
    batches: int,
    momentum: float = 0.0,
) -> Float[np.ndarray, "..."]:
    r"""Variance of the second of two layers under reshuffled epochs.

    A pair of directions moves along one axis, of curvature $h(s_1^2+s_2^2)$ and noise
    $\sigma^2h(s_1^2+s_2^2)$, and the second layer has the part
    $s_1^2/(s_1^2+s_2^2)$ of its variance (`epoch_variance`). Below the crossover,
    $\eta h(s_1^2+s_2^2)M\ll1$, this is $\eta^2\kappa\sigma^2h\frac{M+1}6s_1^2$
    (`flat_second_layer_variance`) with $\psi=2$; above it the law of independent
    batches.

    Valid for: white noise, quasi-stationary minimum, inputs $\mathtt{xx}=hI$, noise
    that does not depend on the weights.

    Args:
        first_singular: $s_1\ge0$.
        second_singular: $s_2\ge0$.
        variance: $h > 0$, of the inputs.
        noise: $\sigma$, standard deviation of the label noise.
        learning_rate: $\eta > 0$.
        noise_factor: $\kappa$ in [0, 1].
        batches: $M \ge 2$.
        momentum: $\beta$ in [0, 1).

    Returns:
        The variances, of the shape that both singular values have together.

    Raises:
        ValueError: when an argument is out of its range, or SGD diverges.

    Reference: derived here.
    """
    first, second = _squares(first_singular, second_singular)
    check_positive("variance", variance)
    check_noise(noise)
    curvature = variance * (first + second)
    along = epoch_variance(
        curvature,
        noise**2 * curvature,
        learning_rate,
        noise_factor,
        batches,
        momentum,
    )
    return np.asarray(first / (first + second) * along)


def flat_second_layer_variance(
    first_singular: Float[np.ndarray, "..."] | float,
    variance: float,
    noise: float,
    learning_rate: float,
    noise_factor: float,
    batches: int,
    momentum: float = 0.0,
) -> Float[np.ndarray, "..."]:
    r"""Variance of the second layer below the crossover of epochs.

    $$\eta^2\kappa\sigma^2h\,\frac{M+1}6\,s_1^2$$
    (with momentum, the factor of `flat_epoch_variance`): proportional to the curvature
    $hs_1^2$ that the layer sees, so $\psi=2$ whatever the second layer is.

    Arguments and validity are those of `second_layer_epoch_variance`, and
    $\eta h(s_1^2+s_2^2)M\ll1-\beta$.

    Raises:
        ValueError: when an argument is out of its range.

    Reference: derived here.
    """
    check_not_negative("first_singular", first_singular)
    check_positive("variance", variance)
    check_noise(noise)
    gradient = noise**2 * variance * np.asarray(first_singular, dtype=float) ** 2
    return flat_epoch_variance(gradient, learning_rate, noise_factor, batches, momentum)


def fitted_exponent(
    variances: Float[np.ndarray, " m"], widths: Float[np.ndarray, " m"]
) -> FittedExponent:
    r"""Least squares of $\ln\mathrm{Var}$ on $\ln F$, with its range and quality.

    An exponent means nothing without the range of $F$ it was fitted over and the
    spread about it: where the axes span less than a decade of curvature, it measures
    what else differs between them.

    Args:
        variances: Positive and finite.
        widths: $F$, positive and finite; leave out axes of infinite width, along which
            the loss never reaches its level (`quadratic_width`).

    Raises:
        ValueError: when lengths differ, there are fewer than three axes, an entry is
            not positive and finite, or all widths are equal.

    Reference: Feng and Tu 2021 (the relation).
    """
    x, y = _logarithms(variances, widths)
    across, up = x - x.mean(), y - y.mean()
    slope = float(across @ up / (across @ across))
    spread = float(up @ up)
    return FittedExponent(
        exponent=-slope,
        prefactor=float(np.exp(y.mean() - slope * x.mean())),
        r_squared=slope**2 * float(across @ across) / spread if spread > 0 else 0.0,
        decades=float(np.ptp(x) / np.log(10)),
        points=len(x),
    )


def median_exponent(
    variances: Float[np.ndarray, " m"], widths: Float[np.ndarray, " m"]
) -> float:
    r"""$\psi$ as minus the median slope of all pairs of axes.

    $$\psi = -\operatorname{median}_{i<j}
      \frac{\ln\mathrm{Var}_i-\ln\mathrm{Var}_j}{\ln F_i-\ln F_j},$$
    over pairs whose widths differ: a third of the axes may be anything.

    Arguments and refusals are those of `fitted_exponent`.

    Raises:
        ValueError: when lengths differ, there are fewer than three axes, an entry is
            not positive and finite, or all widths are equal.

    Reference: Theil 1950, Sen 1968 (the fit).
    """
    x, y = _logarithms(variances, widths)
    order = np.argsort(x, kind="stable")
    x, y = x[order], y[order]
    slopes: list[float] = []
    for lag in range(1, len(x)):  # all pairs, by their distance in the order of widths
        run, rise = x[lag:] - x[:-lag], y[lag:] - y[:-lag]
        apart = run > SAME
        slopes.extend(rise[apart] / run[apart])
    return -float(np.median(slopes))


def _logarithms(
    variances: Float[np.ndarray, " m"], widths: Float[np.ndarray, " m"]
) -> tuple[Float[np.ndarray, " m"], Float[np.ndarray, " m"]]:
    r"""$\ln F$ and $\ln\mathrm{Var}$, if a line can be laid through them."""
    if variances.ndim != 1 or variances.shape != widths.shape or len(widths) < 3:
        raise ValueError(
            "Arguments `variances` and `widths` must be vectors of one length >= 3, but"
            f" have shapes {variances.shape} and {widths.shape}."
        )
    check_positive("variances", variances)
    hint = ": leave out axes along which the loss never reaches its level"
    check_positive("widths", widths, hint)
    x = np.log(widths)
    if np.ptp(x) <= SAME:
        raise ValueError(
            f"Argument `widths` must differ between axes, but all are {widths[0]:.6g}:"
            " an exponent needs a range. Take axes of different curvature."
        )
    return x, np.log(variances)


def _squares(
    first: Float[np.ndarray, "..."] | float, second: Float[np.ndarray, "..."] | float
) -> tuple[Float[np.ndarray, "..."], Float[np.ndarray, "..."]]:
    """Squares of the singular values of both layers, in the shape of the answer."""
    check_not_negative("first_singular", first)
    check_not_negative("second_singular", second)
    one, other = np.broadcast_arrays(
        np.asarray(first, dtype=float) ** 2, np.asarray(second, dtype=float) ** 2
    )
    if (one + other <= 0).any():
        raise ValueError(
            "Arguments `first_singular` and `second_singular` must not both vanish:"
            " such a direction does not move and has no share. Leave it out."
        )
    return one, other

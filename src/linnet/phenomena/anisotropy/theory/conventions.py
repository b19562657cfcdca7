r"""Which number is called the generalization error: one place for every such choice.

The house's risk is $(w-\beta)^\top\Sigma(w-\beta)$. Texts differ in a factor ½, in the
noise of fresh labels, and in whether the power of the signal is divided out, which
decides whether alignment *always* helps. A theory of the risk gives a `Risk`, in parts;
a `RiskConvention` makes one number of it, and has a name to print beside that number.
"""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from linnet.phenomena.anisotropy.theory.refusals import (
    broadcast_floats,
    check_alignment,
    check_noise,
    check_norm,
    check_spike,
)
from linnet.shapes import Float

Normalization = Literal["raw", "signal_power"]


@dataclass(frozen=True)
class RiskConvention:
    r"""What is added to the excess risk, and what it is divided by.

    Attributes:
        normalization: "raw", or "signal_power": divided by $\beta^\top\Sigma\beta$, the
            risk of $w = 0$ (after the noise floor, if there is one).
        half: Times ½, as the loss has it.
        noise_floor: Plus $\sigma^2$, the error of fresh labels.

    Raises:
        ValueError: when `normalization` is neither word.

    Example:
        >>> RiskConvention("signal_power", half=True).name
        'half the excess risk / signal power'
    """

    normalization: Normalization = "raw"
    half: bool = False
    noise_floor: bool = False

    def __post_init__(self) -> None:
        known = get_args(Normalization)
        if self.normalization not in known:
            raise ValueError(
                f"Argument `normalization` must be one of {', '.join(known)}, but is"
                f" {self.normalization!r}: with one alignment may hurt, with the other"
                " it helps."
            )

    @property
    def name(self) -> str:
        """What to write on an axis."""
        part = "half the " if self.half else ""
        whole = "test error" if self.noise_floor else "excess risk"
        below = " / signal power" if self.normalization == "signal_power" else ""
        return part + whole + below

    def __call__(
        self, excess: ArrayLike, signal_power: ArrayLike, noise: ArrayLike
    ) -> Float[np.ndarray, "*grid"]:
        r"""The number of this convention from the excess risk of the house.

        Args:
            excess: $(w-\beta)^\top\Sigma(w-\beta)$.
            signal_power: $\beta^\top\Sigma\beta$.
            noise: $\sigma$. All three broadcast.
        """
        value = np.asarray(excess, dtype=float)
        if self.noise_floor:
            value = value + np.square(np.asarray(noise, dtype=float))
        if self.normalization == "signal_power":
            value = value / np.asarray(signal_power, dtype=float)
        return (value / 2 if self.half else value)[()]


EXCESS_RISK = RiskConvention()
"""The house's own: neither ½ nor noise floor, nothing divided out."""


@dataclass(frozen=True, eq=False)
class Risk:
    r"""Excess risk in its two parts; arrays broadcast over a grid.

    Attributes:
        bias: What the signal alone leaves, $\propto b^2$.
        variance: What label noise adds, $\propto\sigma^2$; infinite where documented.
        signal_power: $\beta^\top\Sigma\beta$.
        noise: $\sigma$, the standard deviation of the labels.
    """

    bias: Float[np.ndarray, "*grid"]
    variance: Float[np.ndarray, "*grid"]
    signal_power: Float[np.ndarray, "*grid"]
    noise: Float[np.ndarray, "*grid"]

    @property
    def excess(self) -> Float[np.ndarray, "*grid"]:
        r"""Mean of $(w-\beta)^\top\Sigma(w-\beta)$."""
        return self.bias + self.variance

    def value(
        self, convention: RiskConvention = EXCESS_RISK
    ) -> Float[np.ndarray, "*grid"]:
        """One number in any convention."""
        return convention(self.excess, self.signal_power, self.noise)


def signal_power(
    spike_strength: ArrayLike, alignment: ArrayLike, norm: ArrayLike = 1.0
) -> Float[np.ndarray, "*grid"]:
    r"""$\beta^\top\Sigma\beta = b^2(1+\rho A^2)$: the risk of $w = 0$.

    Valid for: one spike on a unit bulk.

    Args:
        spike_strength: $\rho > -1$.
        alignment: $A$, cosine between spike and teacher.
        norm: $b = \lVert\beta\rVert$. All three broadcast.

    Raises:
        ValueError: when an argument is out of range.

    Reference: derived here.
    """
    check_spike(spike_strength)
    check_alignment(alignment)
    check_norm(norm)
    rho, cosine, size = broadcast_floats(
        spike_strength=spike_strength, alignment=alignment, norm=norm
    )
    # One minus the square, so that nothing cancels close to a spike of -1.
    rest = (1 - cosine) * (1 + cosine)
    return size**2 * (rest + (1 + rho) * cosine**2)


def risk_of_parts(
    bias: ArrayLike, variance: ArrayLike, power: ArrayLike, noise: ArrayLike
) -> Risk:
    """A `Risk` whose parts are brought to one shape.

    Raises:
        ValueError: when `noise` is negative or not finite.
    """
    check_noise(noise)
    parts = (np.asarray(x, dtype=float) for x in (bias, variance, power, noise))
    return Risk(*(part[()] for part in np.broadcast_arrays(*parts)))


def diverging(above: ArrayLike, below: ArrayLike) -> Float[np.ndarray, "*grid"]:
    """A quotient, infinite where `below` is not positive.

    Zero over zero is zero: what is not there does not grow at a divergence.
    """
    above, below = np.broadcast_arrays(
        np.asarray(above, dtype=float), np.asarray(below, dtype=float)
    )
    quotient = above / np.where(below > 0, below, 1.0)
    return np.where(below > 0, quotient, np.where(above > 0, np.inf, 0.0))[()]

r"""Final risk at any numbers of samples and inputs, exactly, for one Gaussian spike.

Trained from a small start, a linear network ends at the solution of least norm,
$w = X^+y$. Of the spike it sees the part in the row space; what is left,
$q = \mu^\top P_\perp\mu$, is a function of one Beta variable,
$$q = \frac V{V+(1+\rho)(1-V)},\qquad
  V\sim\mathrm{Beta}\Big(\frac{d-n}2, \frac n2\Big)\quad(d>n),$$
and every mean below is an average over it. With $d<n$ the null space is empty, $q=0$.
"""

import numpy as np
from numpy.typing import ArrayLike

from linnet.numerics import beta_averages
from linnet.phenomena.anisotropy.theory.conventions import (
    Risk,
    risk_of_parts,
    signal_power,
)
from linnet.phenomena.anisotropy.theory.refusals import (
    broadcast_floats,
    check_alignment,
    check_counts,
    check_noise,
    check_norm,
    check_one_input,
    check_spike,
)
from linnet.shapes import Float

STRONGEST = 1e12
"""Spike up to which means are right to 1e-11; at 1e20 they may be a tenth too small."""


def finite_risk(
    n: ArrayLike,
    d: ArrayLike,
    spike_strength: ArrayLike,
    alignment: ArrayLike,
    norm: ArrayLike = 1.0,
    noise: ArrayLike = 0.0,
) -> Risk:
    r"""Mean excess risk of the least-norm solution over data sets, in its two parts.

    For $d > n$
    $$\frac{\text{bias}}{b^2} = A^2\,\mathbb E[q(1+\rho q)]
      + \frac{1-A^2}{d-1}\,\big(d-n-1+\mathbb E[(1-q)(1+\rho q)]\big),$$
    $$\frac{\text{variance}}{\sigma^2} =
      \frac{n+\rho^2\,\mathbb E[q^2(1-V)/V]}{d-n-1},$$
    every term positive; without a spike $1-n/d$ and $n/(d-n-1)$. For $d\le n$ the bias
    is 0 and the variance $\sigma^2d/(n-d-1)$ for every covariance.

    Valid for: Gaussian inputs of covariance $I+\rho\mu\mu^\top$, any $n, d\ge1$ and
    $\rho\le10^{12}$ (at 1e20 and n = 4 a tenth would be lost). The variance is infinite
    for $\lvert d-n\rvert\le1$, and 0 without noise. About 1e-11.

    Args:
        n: Samples.
        d: Inputs.
        spike_strength: $\rho$ in $(-1, 10^{12}]$.
        alignment: $A$, cosine between spike and teacher.
        norm: $b = \lVert\beta\rVert$.
        noise: $\sigma$ of the labels. All broadcast.

    Raises:
        ValueError: when an argument is out of range, or a teacher of one input is not
            parallel to the spike.

    Reference: that there is a closed form is of Watanabe et al. 2026; derived here.

    Example:
        >>> finite_risk(n=20, d=80, spike_strength=0.0, alignment=1.0).bias.round(12)
        np.float64(0.75)
    """
    _check(n, d, spike_strength, alignment, norm, noise)
    samples, inputs, strength, cosine, size, label = broadcast_floats(
        n=n,
        d=d,
        spike_strength=spike_strength,
        alignment=alignment,
        norm=norm,
        noise=noise,
    )
    averages = _averages(samples, inputs, strength)
    rest = (1 - cosine) * (1 + cosine)
    aside = (averages["wide"] - 1 + averages["cross"]) / np.maximum(inputs - 1, 1)
    bias = size**2 * (cosine**2 * averages["along"] + rest * aside)
    # With d <= n it is the trace of an inverse Wishart matrix, whatever the covariance.
    numerator = np.where(
        inputs > samples, samples + strength**2 * averages["spread"], inputs
    )
    power = signal_power(spike_strength, alignment, norm)
    return risk_of_parts(
        np.where(inputs > samples, bias, 0.0),
        _noisy(label, numerator, samples, inputs),
        power,
        noise,
    )


def finite_squared_norm(
    n: ArrayLike,
    d: ArrayLike,
    spike_strength: ArrayLike,
    alignment: ArrayLike,
    norm: ArrayLike = 1.0,
    noise: ArrayLike = 0.0,
) -> Float[np.ndarray, "*grid"]:
    r"""Mean of $\lVert w\rVert^2$ of the least-norm solution.

    For $d > n$
    $$b^2\Big[A^2\,\mathbb E[1-q]+\frac{1-A^2}{d-1}(n-1+\mathbb Eq)\Big]
      + \sigma^2\,\frac{n-1+\mathbb E[q+(1-q)/(1+\rho)]}{d-n-1},$$
    for $d\le n$ it is $b^2+\sigma^2(d-1+\frac1{1+\rho})/(n-d-1)$.

    Valid for: as `finite_risk`; infinite for $\lvert d-n\rvert\le1$ with noise.

    Args:
        n: Samples.
        d: Inputs.
        spike_strength: $\rho$ in $(-1, 10^{12}]$.
        alignment: $A$.
        norm: $b$.
        noise: $\sigma$. All broadcast.

    Raises:
        ValueError: as `finite_risk`.

    Reference: derived here.

    Example:
        >>> finite_squared_norm(20, 80, 0.0, 0.3).round(12)  # n / d
        np.float64(0.25)
    """
    _check(n, d, spike_strength, alignment, norm, noise)
    samples, inputs, strength, cosine, size, label = broadcast_floats(
        n=n,
        d=d,
        spike_strength=spike_strength,
        alignment=alignment,
        norm=norm,
        noise=noise,
    )
    averages = _averages(samples, inputs, strength)
    rest = (1 - cosine) * (1 + cosine)
    aside = (samples - 1 + averages["null"]) / np.maximum(inputs - 1, 1)
    signal = np.where(inputs > samples, cosine**2 * averages["seen"] + rest * aside, 1)
    inverse = averages["seen"] / (1 + strength)
    numerator = np.where(
        inputs > samples,
        samples - 1 + averages["null"] + inverse,
        inputs - 1 + 1 / (1 + strength),
    )
    return size**2 * signal + _noisy(label, numerator, samples, inputs)


def null_space_power(
    n: ArrayLike, d: ArrayLike, spike_strength: ArrayLike
) -> Float[np.ndarray, "*grid"]:
    r"""$\mathbb E\,\mathrm{tr}(P_\perp\Sigma) = d-n+\rho\,\mathbb Eq$, 0 for $d\le n$.

    The power of inputs in the directions that no sample shows, where weights keep their
    initial values.

    Valid for: as `finite_risk`.

    Args:
        n: Samples.
        d: Inputs.
        spike_strength: $\rho$ in $(-1, 10^{12}]$. All broadcast.

    Raises:
        ValueError: when an argument is out of range.

    Reference: derived here.
    """
    check_counts(n, d)
    _check_strength(spike_strength)
    samples, inputs, strength = broadcast_floats(
        n=n, d=d, spike_strength=spike_strength
    )
    averages = _averages(samples, inputs, strength)
    # d - n - 1 + (1 - q) + (1 + rho) q, so that nothing cancels.
    power = averages["wide"] - 1 + averages["seen"] + (1 + strength) * averages["null"]
    return np.where(inputs > samples, power, 0.0)[()]


def _check(
    n: ArrayLike,
    d: ArrayLike,
    spike_strength: ArrayLike,
    alignment: ArrayLike,
    norm: ArrayLike,
    noise: ArrayLike,
) -> None:
    check_counts(n, d)
    _check_strength(spike_strength)
    check_alignment(alignment)
    check_norm(norm)
    check_noise(noise)
    check_one_input(d, alignment)


def _check_strength(spike_strength: ArrayLike) -> None:
    check_spike(spike_strength)
    largest = np.max(spike_strength, initial=0.0)
    if largest > STRONGEST:
        raise ValueError(
            f"Argument `spike_strength` must be <= {STRONGEST:g} for exact means, but"
            f" is {largest:.3g}: beyond, rare samples decide, and digits are lost."
        )


def _averages(
    samples: np.ndarray, inputs: np.ndarray, strength: np.ndarray
) -> dict[str, np.ndarray]:
    r"""Means over $q$ for $d>n$, nothing of meaning elsewhere."""
    wide = np.maximum(inputs - samples, 1)  # dimensions of the null space
    names = "null", "seen", "along", "cross", "spread"
    means = beta_averages(_functions, wide / 2, samples / 2, 1 + strength)
    return dict(zip(names, means, strict=True)) | {"wide": wide}


def _functions(odds: np.ndarray, variance: np.ndarray) -> tuple[np.ndarray, ...]:
    r"""Of the odds $o = V/(1-V)$: $q = o/(o+s)$ with $s=1+\rho$, and what it makes."""
    null, seen = odds / (odds + variance), variance / (odds + variance)
    grown = seen * (1 + odds)  # 1 + rho q
    return null, seen, null * grown, seen * grown, null / (odds + variance)


def _noisy(
    noise: np.ndarray, numerator: np.ndarray, samples: np.ndarray, inputs: np.ndarray
) -> Float[np.ndarray, "*grid"]:
    r"""$\sigma^2$ times `numerator` over $\lvert d-n\rvert-1$; 0 without noise."""
    margin = np.abs(inputs - samples) - 1
    part = noise**2 * numerator / np.maximum(margin, 1)
    return np.where((margin > 0) | (noise == 0), part, np.inf)[()]

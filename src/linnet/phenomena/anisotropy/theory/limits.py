r"""Final risk in the limit of many samples and inputs, in closed form.

$n, d\to\infty$ at a fixed `aspect_ratio` $\gamma = d/n$ and a fixed spike: the root
$\kappa$ of `effective_ridge` is that of a quadratic equation.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from linnet.phenomena.anisotropy.theory.conventions import (
    Risk,
    diverging,
    risk_of_parts,
    signal_power,
)
from linnet.phenomena.anisotropy.theory.refusals import (
    broadcast_floats,
    check_aspect_ratio,
    check_noise,
    check_penalty,
)
from linnet.shapes import Float


def limit_risk(
    spike_strength: ArrayLike,
    alignment: ArrayLike,
    aspect_ratio: ArrayLike,
    norm: ArrayLike = 1.0,
    noise: ArrayLike = 0.0,
    ridge: ArrayLike = 0.0,
) -> Risk:
    r"""Excess risk of the least-norm solution, or of ridge regression, in the limit.

    Without a penalty
    $$\gamma>1:\quad \frac{\text{bias}}{b^2} = \Big(1-\frac1\gamma\Big)
      \Big[1-A^2+A^2\frac{(1+\rho)\gamma^2}{(\gamma+\rho)^2}\Big],\quad
      \text{variance} = \frac{\sigma^2}{\gamma-1};\qquad
      \gamma<1:\quad 0,\ \frac{\sigma^2\gamma}{1-\gamma}.$$
    With fewer inputs than samples neither spike nor alignment matter. With a penalty
    $r$ see `equivalent_risk`, and $\kappa$ of `limit_kappa`.

    Valid for: one spike on a unit bulk. At $\gamma = 1$ without a penalty the bias is 0
    and the variance infinite. At finite size the relative error of the bias is about
    $1/n$, that of the variance $1/\lvert d-n\rvert$; a spike is fixed as long as
    $\rho\ll d$, and beyond that its part has gone to 0 anyway.

    Args:
        spike_strength: $\rho > -1$.
        alignment: $A$, cosine between spike and teacher.
        aspect_ratio: $\gamma$.
        norm: $b = \lVert\beta\rVert$.
        noise: $\sigma$ of the labels.
        ridge: $r\ge0$, finite. All broadcast.

    Raises:
        ValueError: when an argument is out of range.

    Reference: that alignment improves the risk is of Watanabe et al. 2026, when it does
        not, of Li and Sonthalia 2025; derived here.

    Example:
        >>> limit_risk(3.0, alignment=1.0, aspect_ratio=5.0).bias.round(9)
        np.float64(1.25)
    """
    power = signal_power(spike_strength, alignment, norm)  # and refuses
    check_noise(noise)
    kappa, ratio, penalty = _kappa(aspect_ratio, ridge)
    broadcast_floats(
        spike_strength=spike_strength,
        alignment=alignment,
        aspect_ratio=aspect_ratio,
        norm=norm,
        noise=noise,
        ridge=ridge,
    )  # or refuses
    rho, cosine = np.asarray(spike_strength, float), np.asarray(alignment, float)
    rest = (1 - cosine) * (1 + cosine)
    slope = _slope(kappa, ratio, penalty)
    aligned = (1 + rho) * (kappa / (1 + rho + kappa)) ** 2
    missed = cosine**2 * aligned + rest * (kappa / (1 + kappa)) ** 2
    signal = np.square(np.asarray(norm, dtype=float)) * missed
    noisy = np.square(np.asarray(noise, dtype=float)) * ratio / (1 + kappa) ** 2
    return risk_of_parts(
        diverging(signal, slope), diverging(noisy, slope), power, noise
    )


def limit_squared_norm(
    spike_strength: ArrayLike,
    alignment: ArrayLike,
    aspect_ratio: ArrayLike,
    norm: ArrayLike = 1.0,
    noise: ArrayLike = 0.0,
) -> Float[np.ndarray, "*grid"]:
    r"""$\lVert w\rVert^2$ of the least-norm solution in the limit.

    $$\gamma>1:\quad b^2\Big[\frac{A^2(1+\rho)}{\gamma+\rho}+\frac{1-A^2}\gamma\Big]
      +\frac{\sigma^2}{\gamma-1};\qquad
      \gamma<1:\quad b^2+\frac{\sigma^2\gamma}{1-\gamma}.$$

    Valid for: as `limit_risk`; infinite at $\gamma=1$ with noise.

    Args:
        spike_strength: $\rho > -1$.
        alignment: $A$.
        aspect_ratio: $\gamma$.
        norm: $b$.
        noise: $\sigma$. All broadcast.

    Raises:
        ValueError: when an argument is out of range.

    Reference: derived here.

    Example:
        >>> limit_squared_norm(0.0, 0.5, 4.0)
        np.float64(0.25)
    """
    signal_power(spike_strength, alignment, norm)  # refuses
    check_noise(noise)
    kappa, ratio, _ = _kappa(aspect_ratio, 0.0)
    broadcast_floats(
        spike_strength=spike_strength,
        alignment=alignment,
        aspect_ratio=aspect_ratio,
        norm=norm,
        noise=noise,
    )  # or refuses
    rho, cosine = np.asarray(spike_strength, float), np.asarray(alignment, float)
    rest = (1 - cosine) * (1 + cosine)
    known = cosine**2 * (1 + rho) / (1 + rho + kappa) + rest / (1 + kappa)
    noisy = np.square(np.asarray(noise, dtype=float)) * np.minimum(ratio, 1)
    signal = np.square(np.asarray(norm, dtype=float)) * known
    return signal + diverging(noisy, np.abs(ratio - 1))


def limit_kappa(
    aspect_ratio: ArrayLike, ridge: ArrayLike = 0.0
) -> Float[np.ndarray, "*grid"]:
    r"""Effective ridge of a unit bulk: the root of $\kappa(1-\gamma/(1+\kappa))=r$.

    $\gamma-1$ without a penalty if that is positive, else 0. A fixed number of spikes
    does not change it.

    Raises:
        ValueError: when $\gamma$ is not positive, or the penalty negative.

    Reference: derived here.

    Example:
        >>> limit_kappa(3.0)
        np.float64(2.0)
    """
    return _kappa(aspect_ratio, ridge)[0]


@dataclass(frozen=True, eq=False)
class HarmfulSpikes:
    r"""Spikes that make an aligned task harder, at a fixed length of the teacher.

    Attributes:
        least: Lower end of the interval, $\min(0, \gamma(\gamma-2))$.
        most: Upper end, $\max(0, \gamma(\gamma-2))$.
        worst: The strength of the largest risk, $\gamma-2$, in between.
        factor: By how much the aligned part of the risk is larger there than without a
            spike, $\gamma^2/(4(\gamma-1))$.
    """

    least: Float[np.ndarray, "*grid"]
    most: Float[np.ndarray, "*grid"]
    worst: Float[np.ndarray, "*grid"]
    factor: Float[np.ndarray, "*grid"]


def harmful_spikes(aspect_ratio: ArrayLike) -> HarmfulSpikes:
    r"""Between which strengths $\rho$ alignment does harm: $0$ and $\gamma(\gamma-2)$.

    At a fixed $\lVert\beta\rVert$ the aligned part of the bias is
    $(1-\frac1\gamma)(1+\rho)\gamma^2/(\gamma+\rho)^2$. It grows up to $\rho=\gamma-2$
    and is larger than without a spike as far as $\gamma(\gamma-2)$: for $\gamma>2$
    spikes of moderate strength do harm, for $\gamma<2$ no spike does but a shallow dip.
    Whatever $A\ne0$. Per signal power every spike helps, and every dip does harm.

    Valid for: the limit of `limit_risk`, $\gamma>1$, no label noise in question (the
    variance knows of no spike).

    Raises:
        ValueError: when $\gamma$ is not above 1, where there is no bias.

    Reference: for a related model Li and Sonthalia 2025; derived here.

    Example:
        >>> found = harmful_spikes(5.0)
        >>> float(found.worst), float(found.most)
        (3.0, 15.0)
    """
    check_aspect_ratio(aspect_ratio)
    ratio = np.asarray(aspect_ratio, dtype=float)
    if not np.all(ratio > 1):
        raise ValueError(
            "Argument `aspect_ratio` must be > 1, but is"
            f" {ratio[ratio <= 1].flat[0]:.6g}: with as many samples as inputs the"
            " signal is learned whatever the spike."
        )
    end = ratio * (ratio - 2)
    return HarmfulSpikes(
        least=np.minimum(end, 0.0),
        most=np.maximum(end, 0.0),
        worst=ratio - 2,
        factor=ratio**2 / (4 * (ratio - 1)),
    )


def _kappa(
    aspect_ratio: ArrayLike, ridge: ArrayLike
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    check_aspect_ratio(aspect_ratio)
    check_penalty(ridge)
    ratio, penalty = broadcast_floats(aspect_ratio=aspect_ratio, ridge=ridge)
    half = ((ratio - 1) + penalty) / 2
    root = np.hypot(half, np.sqrt(penalty))
    # Of the two forms of the root the one that adds.
    lower = penalty / np.where(half < 0, root - half, 1.0)
    return np.where(half < 0, lower, half + root)[()], ratio, penalty


def _slope(
    kappa: np.ndarray, ratio: np.ndarray, penalty: np.ndarray
) -> Float[np.ndarray, "*grid"]:
    r"""$1-\gamma/(1+\kappa)^2$, by $\gamma/(1+\kappa) = 1-r/\kappa$ where it helps."""
    share = penalty / np.where(kappa > 0, kappa, 1.0)
    return np.where(kappa > 0, (kappa + share) / (1 + kappa), 1 - ratio)[()]

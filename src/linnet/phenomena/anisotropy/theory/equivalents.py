r"""Final risk of ridge and ridgeless regression for any spectrum and any teacher.

The objective is $\frac1n\lVert y-Xw\rVert^2 + r\lVert w\rVert^2$, so that $r$ is added
to the eigenvalues of $X^\top X/n$; a linear network trained from a small start ends at
$r = 0$. One root $\kappa$ of the population spectrum (`effective_ridge`) gives all
means, up to a relative error of order $1/n$.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from linnet.numerics import (
    effective_ridge,
    learned_fractions,
    missed_fractions,
    unlearned_share,
)
from linnet.phenomena.anisotropy.theory.conventions import (
    Risk,
    diverging,
    risk_of_parts,
)
from linnet.phenomena.anisotropy.theory.refusals import (
    broadcast_floats,
    check_alignment,
    check_noise,
    check_norm,
    check_spike,
)
from linnet.shapes import Float
from linnet.task import Covariance


@dataclass(frozen=True, eq=False)
class EquivalentRisk:
    r"""What ridge regression reaches on average; arrays over a grid.

    Attributes:
        risk: Excess risk, bias and variance.
        kappa: $\kappa$, the effective ridge.
        squared_norm: Mean of $\lVert w\rVert^2$.
        training_error: Mean of $\frac1n\lVert y-Xw\rVert^2$, twice the loss.
    """

    risk: Risk
    kappa: Float[np.ndarray, "*grid"]
    squared_norm: Float[np.ndarray, "*grid"]
    training_error: Float[np.ndarray, "*grid"]


def equivalent_risk(
    eigenvalues: Float[np.ndarray, "*grid m"],
    target_power: Float[np.ndarray, "*more m"],
    n: ArrayLike,
    ridge: ArrayLike = 0.0,
    noise: ArrayLike = 0.0,
    multiplicities: Float[np.ndarray, "*others m"] | None = None,
) -> EquivalentRisk:
    r"""Deterministic equivalents of the risk of ridge regression.

    With $f_i = \lambda_i/(\lambda_i+\kappa)$ and $\mathrm{df}_k = \sum_im_if_i^k$
    $$\text{bias} = \frac{\sum_i\lambda_i(1-f_i)^2p_i}{1-\mathrm{df}_2/n},\quad
      \text{variance} = \sigma^2\frac{\mathrm{df}_2/n}{1-\mathrm{df}_2/n},\quad
      \frac1n\lVert y-Xw\rVert^2 = \Big(1-\frac{\mathrm{df}_1}n\Big)^2
      (\text{bias}+\text{variance}+\sigma^2),$$
    $$\lVert w\rVert^2 = \sum_ip_if_i\Big[f_i+\frac{(\mathrm{df}_1-\mathrm{df}_2)/n}
      {1-\mathrm{df}_2/n}(1-f_i)\Big] + \frac{\sigma^2}n\,
      \frac{\sum_im_if_i^2/\lambda_i}{1-\mathrm{df}_2/n}.$$

    Valid for: $n\to\infty$ with $d/n$ fixed; the relative error is of order $1/n$, and
    10 to 20 % at $n$ below ten. Without a penalty, variance and norm are infinite where
    there are as many positive eigenvalues as samples.

    Args:
        eigenvalues: $\lambda\ge0$ of the covariance of the inputs.
        target_power: $p_i$, the squares of the coordinates of the teacher in the
            eigenbasis, summed over equal eigenvalues.
        n: Samples.
        ridge: $r\ge0$; infinity leaves $w=0$.
        noise: $\sigma$ of the labels.
        multiplicities: $m_i$, how often each eigenvalue occurs; 1 when left out.

    Raises:
        ValueError: when an argument is out of range, or the teacher is zero.

    Reference: Hastie et al. 2022; Bach 2024; the norm is derived here.

    Example:
        >>> one = np.ones(1)
        >>> equivalent_risk(one, one, 20, multiplicities=80 * one).risk.bias.round(12)
        np.float64(0.75)
    """
    spectrum, power = _spectrum(eigenvalues, target_power)
    check_noise(noise)
    variance = np.square(np.asarray(noise, dtype=float))
    kappa = effective_ridge(spectrum, n, ridge, multiplicities)
    counts = np.ones(1) if multiplicities is None else np.asarray(multiplicities)
    learned = learned_fractions(spectrum, kappa)
    missed = missed_fractions(spectrum, kappa)
    first = _first_share(spectrum, n, kappa, ridge, multiplicities)
    slope = unlearned_share(spectrum, n, kappa, 2, multiplicities)  # dr / dkappa
    left = np.sum(spectrum * missed**2 * power, axis=-1)
    inverse = np.sum(counts * learned**2 / _safe(spectrum), axis=-1)
    samples = np.asarray(n, dtype=float)
    bias = diverging(left, slope)
    # Not by 1 - slope, which cancels where nearly nothing is learned.
    second = np.sum(counts * learned**2, axis=-1) / samples
    added = diverging(variance * second, slope)
    # One less (1 - df_1 / n) / (1 - df_2 / n), of which all but this cancels.
    spread = np.sum(counts * learned * missed, axis=-1) / samples
    kept = learned + diverging(spread, slope)[..., None] * missed
    with np.errstate(invalid="ignore"):  # zero times infinity: training error zero
        training = first**2 * (bias + added + variance)
    risk = risk_of_parts(bias, added, np.sum(spectrum * power, axis=-1), noise)
    norm = np.sum(power * learned * kept, axis=-1) + diverging(
        variance * inverse / samples, slope
    )
    return EquivalentRisk(
        risk=risk,
        kappa=np.broadcast_to(kappa, risk.bias.shape)[()],
        squared_norm=np.broadcast_to(norm, risk.bias.shape)[()],
        training_error=np.where(first == 0, 0.0, training)[()],
    )


def spike_and_bulk(
    d: ArrayLike,
    spike_strength: ArrayLike,
    alignment: ArrayLike,
    norm: ArrayLike = 1.0,
) -> tuple[
    Float[np.ndarray, "*grid 2"],
    Float[np.ndarray, "*grid 2"],
    Float[np.ndarray, "*grid 2"],
]:
    r"""Eigenvalues $(1+\rho, 1)$, target power $b^2(A^2, 1-A^2)$, counts $(1, d-1)$.

    What `equivalent_risk` and `optimal_ridge` take, for one spike on a unit bulk, over
    grids. For several spikes, or infinitely many inputs, see `spiked_population`, which
    holds one spectrum.

    Raises:
        ValueError: when an argument is out of range.
    """
    check_spike(spike_strength)
    check_alignment(alignment)
    check_norm(norm)
    inputs = np.asarray(d, dtype=float)
    wrong = inputs[~(np.isfinite(inputs) & (inputs >= 1))]
    if wrong.size:
        raise ValueError(
            f"Argument `d` must be finite and >= 1, but is {wrong.flat[0]:.6g}."
        )
    inputs, rho, cosine, size = broadcast_floats(
        d=d, spike_strength=spike_strength, alignment=alignment, norm=norm
    )
    rest = (1 - cosine) * (1 + cosine)
    pairs = (
        (1 + rho, np.ones_like(rho)),
        (size**2 * cosine**2, size**2 * rest),
        (np.ones_like(inputs), inputs - 1),
    )
    eigenvalues, power, counts = (np.stack(pair, axis=-1) for pair in pairs)
    return eigenvalues, power, counts


def target_power(
    covariance: Covariance, teacher: Float[np.ndarray, " d"]
) -> Float[np.ndarray, " d"]:
    r"""$(v_i\cdot\beta)^2$ for the eigenvectors $v_i$, in the order of the spectrum.

    Raises:
        ValueError: when the teacher has another length than there are inputs, is not
            finite, or zero.
    """
    vector = np.asarray(teacher, dtype=float)
    d = len(covariance.eigenvalues)
    if vector.shape != (d,):
        raise ValueError(
            f"Argument `teacher` must have shape ({d},), but has {vector.shape}."
        )
    largest = np.abs(vector).max()
    if not (np.isfinite(largest) and largest > 0):
        raise ValueError(
            "Argument `teacher` must be finite and not zero, but its largest entry is"
            f" {largest}."
        )
    return (covariance.basis.T @ vector) ** 2


def _spectrum(
    eigenvalues: ArrayLike, target: ArrayLike
) -> tuple[Float[np.ndarray, "*grid m"], Float[np.ndarray, "*more m"]]:
    spectrum, power = np.asarray(eigenvalues, float), np.asarray(target, float)
    if not (spectrum.ndim and power.ndim) or spectrum.shape[-1] != power.shape[-1]:
        raise ValueError(
            "Argument `target_power` must have as many entries as there are"
            f" eigenvalues, shape (..., {spectrum.shape[-1:]}), but has {power.shape}."
        )
    wrong = power[~(np.isfinite(power) & (power >= 0))]
    if wrong.size:
        raise ValueError(
            "Argument `target_power` must be finite and >= 0, but holds"
            f" {wrong.flat[0]:.6g}: it is the square of a coordinate."
        )
    if not np.all(power.sum(axis=-1) > 0):
        raise ValueError(
            "Argument `target_power` must not be all zero: a teacher of length zero"
            " teaches nothing."
        )
    return spectrum, power


def _first_share(
    spectrum: Float[np.ndarray, "..."],
    n: ArrayLike,
    kappa: ArrayLike,
    ridge: ArrayLike,
    multiplicities: Float[np.ndarray, "..."] | None,
) -> Float[np.ndarray, "..."]:
    r"""$1-\mathrm{df}_1/n$, which is $r/\kappa$: exactly 0 where all is fitted."""
    level = np.asarray(kappa, dtype=float)
    solved = (level > 0) & np.isfinite(level)
    penalty = np.where(solved, np.asarray(ridge, dtype=float), 0.0)
    share = unlearned_share(spectrum, n, kappa, 1, multiplicities)
    return np.where(solved, penalty / np.where(solved, level, 1.0), share)


def _safe(values: Float[np.ndarray, "..."]) -> Float[np.ndarray, "..."]:
    return np.where(values > 0, values, 1.0)

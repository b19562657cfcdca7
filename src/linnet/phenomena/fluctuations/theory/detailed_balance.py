r"""Circulating currents: single-layer SGD is no equilibrium in general.

The diffusion of drift $-H$, $H = I_k\otimes(\mathtt{xx}+\mu)$, and noise
$D = \frac12\eta\kappa C$ is reversible if and only if $[H, C] = 0$. Blocks are in the
eigenbasis of `xx`, see `Minimum.full`. (The note's $\Sigma$ is $V$ here.)

Reference: Gross et al. 2024 (statement that it is broken); derived here.
"""

import numpy as np

from linnet.numerics.lyapunov import symmetric_lyapunov
from linnet.numerics.marchenko_pastur import marchenko_pastur_rule
from linnet.phenomena.fluctuations.theory.minimum import Minimum
from linnet.phenomena.fluctuations.theory.noise import gradient_noise
from linnet.phenomena.fluctuations.theory.refusals import (
    check_blocks,
    check_positive,
    check_whole,
)
from linnet.shapes import Float


def antisymmetric_current(
    minimum: Minimum, covariance: Float[np.ndarray, "k k r r"]
) -> Float[np.ndarray, "k k r r"]:
    r"""$A = \frac12[H, V]$, antisymmetric; zero if and only if balance is detailed.

    In the continuum $A = HV - D$, half the rate at which the lagged covariance loses
    its symmetry.

    Raises:
        ValueError: when the covariance does not belong to the minimum.
    """
    check_blocks(covariance, minimum.outputs, len(minimum.variances))
    h = minimum.curvatures
    return (h[:, None] - h) / 2 * covariance


def lag_covariance(
    minimum: Minimum,
    covariance: Float[np.ndarray, "k k r r"],
    learning_rate: float,
    lag: int,
) -> Float[np.ndarray, "k k r r"]:
    r"""$\mathbb E[w_{t+l}w_t^\top] = (I-\eta H)^l\,V$ about the minimum, $l\ge0$ steps.

    Exact for independent batches, with the exact $V$.

    Raises:
        ValueError: when the covariance does not belong to the minimum, the rate is not
            positive, or the lag no whole number >= 0.
    """
    check_blocks(covariance, minimum.outputs, len(minimum.variances))
    check_positive("learning_rate", learning_rate)
    check_whole("lag", lag, 0, ": for a negative one transpose")
    kept = (1 - learning_rate * minimum.curvatures) ** lag
    return kept[:, None] * covariance


def antisymmetric_lag(
    minimum: Minimum, covariance: Float[np.ndarray, "k k r r"], learning_rate: float
) -> Float[np.ndarray, "k k r r"]:
    r"""$\mathbb E[w_{t+1}w_t^\top - w_tw_{t+1}^\top] = -\eta[H, V]$ per step.

    Exact for independent batches, with the exact $V$; what a simulation or a recorded
    training run shows of broken detailed balance.

    Raises:
        ValueError: when the covariance does not belong to the minimum, or the rate is
            not positive.
    """
    check_positive("learning_rate", learning_rate)
    return -2 * learning_rate * antisymmetric_current(minimum, covariance)


def current_matrix(minimum: Minimum) -> Float[np.ndarray, "k k r r"]:
    r"""$\Omega = DV^{-1} - H$ of the probability current $\Omega w\,p(w)$, traceless.

    In the continuum, where it depends on the data alone: $\eta$ and $\kappa$ cancel.

    Raises:
        ValueError: when the noise is singular.
    """
    _, covariance = _unit_diffusion(minimum)
    current = _matrix(antisymmetric_current(minimum, covariance))
    found = -np.linalg.solve(_matrix(covariance), current.T).T
    k, r = minimum.outputs, len(minimum.variances)
    return found.reshape(k, r, k, r).transpose(0, 2, 1, 3)


def entropy_production(minimum: Minimum) -> float:
    r"""Entropy production of the stationary state, per unit of time $\eta\times$ steps.

    $$e_p = \mathrm{tr}(HD^{-1}HV)-\mathrm{tr}\,H =
      \lVert D^{-1/2}A\,V^{-1/2}\rVert_F^2\ge0 ,$$
    in the continuum: $\eta$, $\kappa$ and the label noise cancel. Zero if and only if
    detailed balance holds. $O((kr)^3)$ operations.

    Raises:
        ValueError: when the noise is singular, as it is for fewer samples than weights.
    """
    noise, covariance = _unit_diffusion(minimum)
    current = _matrix(antisymmetric_current(minimum, covariance))
    half = np.linalg.solve(np.linalg.cholesky(_matrix(noise)), current)
    whole = np.linalg.solve(np.linalg.cholesky(_matrix(covariance)), half.T)
    return float((whole**2).sum())


def small_entropy_production(aspect_ratio: float, outputs: int = 1) -> float:
    r"""Leading order of $e_p/(kd)$ in $d/n$, for white Gaussian inputs, large n and d.

    $(1+k)\frac dn\langle h'(\frac{h-h'}{h+h'})^2\rangle$ over independent eigenvalues
    of `xx`: about $\frac{1+k}2(\frac dn)^2$. It holds for $kd\ll n$; at $d/n = 1/4$ it
    is 15 % too small for one output, and half for two.

    Raises:
        ValueError: when the aspect ratio is not in (0, 1), or there is no output.
    """
    check_whole("outputs", outputs, 1)
    h, weight = marchenko_pastur_rule(aspect_ratio)
    pairs = h * ((h[:, None] - h) / (h[:, None] + h)) ** 2
    return float((1 + outputs) * aspect_ratio * (weight @ pairs @ weight))


def correlation_steps(
    curvature: Float[np.ndarray, "*modes"] | float, learning_rate: float
) -> Float[np.ndarray, "*modes"]:
    r"""Integrated correlation time of a mode, $\sum_l(1-\eta h)^{|l|}$, in steps.

    $\frac{2-\eta h}{\eta h}$ over all lags from $-\infty$ to $\infty$: so many recorded
    steps count as one independent sample.

    Raises:
        ValueError: when $\eta h$ is not in (0, 2) for some mode.
    """
    check_positive("learning_rate", learning_rate)
    step = learning_rate * np.asarray(curvature, dtype=float)
    if not ((step > 0) & (step < 2)).all():
        raise ValueError(
            "Learning rate times curvature must be in (0, 2), where a mode is"
            f" stationary, but goes from {step.min():.3g} to {step.max():.3g}."
        )
    return (2 - step) / step


def _unit_diffusion(
    minimum: Minimum,
) -> tuple[Float[np.ndarray, "k k r r"], Float[np.ndarray, "k k r r"]]:
    r"""$D$ and $V$ of the continuum for $\eta\kappa = 1$."""
    noise = gradient_noise(minimum) / 2
    values = np.linalg.eigvalsh(_matrix(noise))
    if not values[0] > len(values) * np.finfo(float).eps * values[-1]:
        raise ValueError(
            f"The gradient noise must be positive definite, but its {len(values)}"
            f" eigenvalues go from {values[-1]:.3g} down to {values[0]:.3g}: take more"
            f" samples than weights (there are {minimum.samples}), or a reduced space."
        )
    return noise, symmetric_lyapunov(minimum.curvatures, 2 * noise)


def _matrix(blocks: Float[np.ndarray, "k k r r"]) -> Float[np.ndarray, "kr kr"]:
    k, _, r, _ = blocks.shape
    return blocks.transpose(0, 2, 1, 3).reshape(k * r, k * r)

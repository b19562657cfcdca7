r"""One mode on its own: how it grows from zero, and when it is half learned."""

import numpy as np

from linnet.phenomena.spectral_bias.theory.refusals import (
    check_not_negative,
    check_positive,
)
from linnet.shapes import Float


def mode_curve(
    times: Float[np.ndarray, " times"], strength: float, variance: float, delta: float
) -> Float[np.ndarray, " times"]:
    r"""Growth of one mode from zero.

    Solves $\dot\sigma = 2\sqrt{\delta^2+\sigma^2}(b - a\sigma)$. With
    $\sigma = \delta\sinh u$ and $x = e^u$ the law is logistic, and
    $$x - 1 = \frac{(x_+-1)(1-E)}{1-cE},\quad E = e^{-2qt},\ q =
    \sqrt{b^2+a^2\delta^2},\ x_+ = \frac{b+q}{a\delta},\ c = \frac{1-x_+}{1+1/x_+}.$$
    No difference of near numbers is formed, at early times or for any $\delta$.

    Valid for: isotropic inputs, $\mathtt{xx} = aI$ on the row space; then the singular
    vectors are those of `yx` at all times. Otherwise a heuristic.

    Args:
        times: $t \ge 0$.
        strength: $b > 0$, singular value of `yx`.
        variance: $a > 0$.
        delta: $\delta > 0$, width of the mirror map.

    Returns:
        $\sigma(t)$, from 0 to $b/a$.

    Raises:
        ValueError: when a time is negative or not finite, or `strength`, `variance` or
            `delta` is not positive.

    Reference: time evolution described by Varre et al. 2023; closed form derived here.
    """
    check_not_negative("times", times)
    top, contrast, rate = _logistic(strength, variance, delta)
    phase = -2 * rate * np.asarray(times, dtype=float)
    grown = top * (-np.expm1(phase) / (1 - contrast * np.exp(phase)))
    # sinh u = (x - 1/x) / 2 in terms of x - 1; no square, which might overflow.
    return delta / 2 * grown * (1 + 1 / (1 + grown))


def half_time(strength: float, variance: float, delta: float) -> float:
    r"""Time at which a mode reaches half of its end, $\sigma = b/2a$: exact.

    $$t_{1/2} = \frac1{2q}\ln\Big(1 + \frac{(x_h-1)(1-c)}{x_+-x_h}\Big),\qquad
    x_h = e^{\mathrm{arcsinh}(b/2a\delta)},$$ with the letters of `mode_curve`.

    Valid for: as `mode_curve`.

    Args:
        strength: $b > 0$, singular value of `yx`.
        variance: $a > 0$.
        delta: $\delta > 0$, width of the mirror map.

    Returns:
        $t_{1/2}$.

    Raises:
        ValueError: when `strength`, `variance` or `delta` is not positive.

    Reference: derived here.
    """
    top, contrast, rate = _logistic(strength, variance, delta)
    half = np.expm1(np.arcsinh(strength / (2 * variance * delta)))
    return float(np.log1p(half / (top - half) * (1 - contrast)) / (2 * rate))


def half_time_small_scale(strength: float, variance: float, delta: float) -> float:
    r"""Half time at small scale, $t_{1/2} \simeq \frac1{2b}\ln\frac{2b}{a\delta}$.

    In units of $\frac12\ln(1/\gamma)$ mode $i$ appears at $1/b_i$: modes are learned
    one after the other.

    Valid for: isotropic inputs, $s = a\delta/b \ll 1$. Too long by the fraction
    $s/\ln(2/s) + O(s^2)$: 8e-4 at $\gamma = 10^{-2}$ and 5e-6 at $10^{-4}$ for
    $a = b = 1$, less for larger $b$.

    Args:
        strength: $b > 0$, singular value of `yx`.
        variance: $a > 0$.
        delta: $\delta > 0$, below $b/a$.

    Returns:
        The leading term of `half_time`.

    Raises:
        ValueError: when an argument is not positive, or `delta` is not below $b/a$: a
            large scale, where the formula says nothing.

    Reference: derived here.
    """
    _check_mode(strength, variance, delta)
    end = strength / variance
    if delta >= end:
        raise ValueError(
            f"Argument `delta` must lie below strength / variance = {end:.4g}, but is"
            f" {delta:.4g}: use `half_time`, which holds at every scale."
        )
    return float(np.log(2 * end / delta) / (2 * strength))


def _logistic(
    strength: float, variance: float, delta: float
) -> tuple[float, float, float]:
    r"""$x_+ - 1$, $c$ and $q$ of the mode law."""
    _check_mode(strength, variance, delta)
    level = variance * delta
    rate = np.hypot(strength, level)
    top = strength * (1 + strength / (rate + level)) / level
    return float(top), float(-top / (1 + 1 / (1 + top))), float(rate)


def _check_mode(strength: float, variance: float, delta: float) -> None:
    check_positive("strength", strength, ": a mode without strength never grows")
    check_positive("variance", variance)
    check_positive("delta", delta, ": from a start at zero nothing grows")

r"""Spectra of $\frac1n\sum_i t_i\,x_ix_i^\top$: samples that carry random weights.

$n, p\to\infty$ at $\gamma = p/n$, inputs of a given covariance, $t\sim\nu$ independent
of them. The Stieltjes transform follows from one unknown function,
$$\delta = \int\frac{\tau\,d\mu(\tau)}{-z+\tau e},\qquad
  e = \psi(\gamma\delta),\quad\psi(a)=\int\frac{t\,d\nu(t)}{1+at},\qquad
  m = \int\frac{d\mu(\tau)}{-z+\tau e},$$
with $\mu$ the spectrum of the covariance. Weights are $\chi^2_o/o$, the squared norm of
$o$ Gaussian residuals, or all one; their mean is one.

Reference: separable covariance models (Paul and Silverstein 2009); derived here for
these weights, where $\psi(a) = \langle(1+as/o)^{-1}\rangle$ over $s\sim\chi^2_{o+2}$.
"""

import numpy as np

from linnet.numerics.marchenko_pastur import (
    check_aspect_ratio,
    check_order,
    moments_of_free_cumulants,
)
from linnet.shapes import Float

LEVELS, STEPS = 3, 2  # per decade of the distance to the real axis; of Newton on each
LAST_STEPS = 60
PRECISION = 1e-9
NEAREST = 1e-6  # to the real axis before the last level, relative to x
SMALL, TERMS = 3e-3, 9  # where the mean weight is a series; its terms


def weighted_covariance_density(
    x: Float[np.ndarray, "*points"],
    aspect_ratio: float,
    *,
    degrees: int | None = 1,
    spectrum: Float[np.ndarray, " r"] | None = None,
) -> Float[np.ndarray, "*points"]:
    r"""Density $\frac1\pi\mathrm{Im}\,m(x + i0)$ of the eigenvalues.

    Newton's method, followed from far above the real axis down onto it. Chi-square
    weights are unbounded, so the density has no upper edge but a thin tail.

    Args:
        x: Where; an atom at zero (of mass $1-1/\gamma$ for $\gamma>1$) is left out.
        aspect_ratio: $\gamma$.
        degrees: $o$ of the weights $\chi^2_o/o$; None for weights of one.
        spectrum: Eigenvalues of the input covariance; None for white inputs.

    Raises:
        ValueError: when an argument is outside its range, or x is not finite.
        ArithmeticError: when the equation is not solved to 1e-9 at some point.
    """
    x = np.asarray(x, dtype=float)
    if not np.isfinite(x).all():
        raise ValueError("Argument `x` must be finite, but holds NaN or infinity.")
    tau = _checked(aspect_ratio, degrees, spectrum)
    edge = weighted_covariance_edge(aspect_ratio, degrees=degrees, spectrum=spectrum)
    inside = x > edge
    density = np.zeros(x.shape)
    if inside.any():
        density[inside] = _density(x[inside], aspect_ratio, degrees, tau)
    return density


def weighted_covariance_edge(
    aspect_ratio: float,
    *,
    degrees: int | None = 1,
    spectrum: Float[np.ndarray, " r"] | None = None,
) -> float:
    r"""Lower edge of the continuous part; zero for $\gamma\ge1$ and random weights.

    Below the edge $\delta>0$ is real; on it $x$, as a function of $\delta$, is largest.

    Raises:
        ValueError: when an argument is outside its range.
    """
    from scipy.optimize import brentq

    tau = _checked(aspect_ratio, degrees, spectrum)
    if aspect_ratio >= 1:
        if degrees is None and aspect_ratio > 1:
            raise ValueError(
                f"Argument `aspect_ratio` must be <= 1 for weights of one, but is"
                f" {aspect_ratio}: exchange samples and inputs."
            )
        return 0.0

    def slope(logarithm: float) -> float:
        delta = np.exp(logarithm)
        z = _left_of_bulk(delta, aspect_ratio, degrees, tau)
        at = np.array([delta + 0j]), np.array([z + 0j])
        return float(_equation(*at, aspect_ratio, degrees, tau)[1][0].real)

    low = high = -np.log(tau.mean())
    while slope(low) <= 0:
        low -= 1
    while slope(high) >= 0:
        high += 1
    delta = np.exp(brentq(slope, low, high, xtol=1e-13))
    return _left_of_bulk(delta, aspect_ratio, degrees, tau)


def weighted_covariance_moments(
    aspect_ratio: float, order: int, *, degrees: int = 1
) -> Float[np.ndarray, " order"]:
    r"""Moments $\langle x\rangle, \langle x^2\rangle,\dots$ for white inputs.

    Free cumulants $\gamma^{j-1}\langle t^j\rangle$ with
    $\langle t^j\rangle = \prod_{l<j}(1+2l/o)$; so
    $\langle x^2\rangle = 1 + \gamma(o+2)/o$.

    Raises:
        ValueError: when an argument is outside its range.
    """
    _checked(aspect_ratio, degrees, None)
    check_order(order)
    weight = np.cumprod(1 + 2 * np.arange(order) / degrees)
    return moments_of_free_cumulants(weight * aspect_ratio ** np.arange(order))


def _density(
    x: Float[np.ndarray, " q"],
    aspect_ratio: float,
    degrees: int | None,
    tau: Float[np.ndarray, " r"],
) -> Float[np.ndarray, " q"]:
    top = 10 * max(tau.max(), np.abs(x).max())
    delta = -tau.mean() / (x + 1j * top)
    levels = int(LEVELS * np.log10(top / (NEAREST * x.min()))) + 1
    for level in range(levels + 1):
        last = level == levels
        z = x + 1j * (0.0 if last else top * (NEAREST * x / top) ** (level / levels))
        for _ in range(LAST_STEPS if last else STEPS):
            value, slope = _equation(delta, z, aspect_ratio, degrees, tau)
            step = value / np.where(slope == 0, 1.0, slope)
            if last and (np.abs(step) <= 1e-13 * np.abs(delta)).all():
                break
            low = (delta - step).imag < 0  # never leave the upper half plane
            step.imag[low] = delta.imag[low] / 2
            delta = delta - step
    value, slope = _equation(delta, z, aspect_ratio, degrees, tau)
    wrong = np.abs(value) > PRECISION * np.abs(delta)
    if wrong.any():
        raise ArithmeticError(
            f"The density was not found at x = {x[wrong][0]:.6g}: the equation is off"
            f" by {np.abs(value[wrong] / delta[wrong]).max():.1e}."
        )
    e = _mean_weight(aspect_ratio * delta, degrees)[0]
    m = (1 / (tau * e[:, None] - z[:, None])).mean(1)
    return np.clip(m.imag, 0, None) / np.pi


def _equation(
    delta: Float[np.ndarray, " q"],
    z: Float[np.ndarray, " q"],
    aspect_ratio: float,
    degrees: int | None,
    tau: Float[np.ndarray, " r"],
) -> tuple[Float[np.ndarray, " q"], Float[np.ndarray, " q"]]:
    """What vanishes at the solution, and its derivative by delta."""
    e, slope = _mean_weight(aspect_ratio * delta, degrees)
    share = tau / (tau * e[:, None] - z[:, None])
    return (
        delta - share.mean(1),
        1 + aspect_ratio * slope * (share**2).mean(1),
    )


def _left_of_bulk(
    delta: float,
    aspect_ratio: float,
    degrees: int | None,
    tau: Float[np.ndarray, " r"],
) -> float:
    """The real z at which the unknown function is `delta` > 0."""
    from scipy.optimize import brentq

    e = float(_mean_weight(np.array([aspect_ratio * delta + 0j]), degrees)[0][0].real)
    if tau.max() == tau.min():
        return float(tau[0] * (e - 1 / delta))
    # One term of the mean alone bounds z from above, the largest of all from below.
    below = float((tau * (e - 1 / delta)).min())
    above = float((tau * (e - 1 / (len(tau) * delta))).min())
    return float(
        brentq(lambda z: delta - (tau / (tau * e - z)).mean(), below, above, xtol=1e-15)
    )


def _mean_weight(
    a: Float[np.ndarray, " q"], degrees: int | None
) -> tuple[Float[np.ndarray, " q"], Float[np.ndarray, " q"]]:
    r"""$\psi(a)$ and its derivative, for a in the upper half plane or on its rim."""
    if degrees is None:
        return 1 / (1 + a), -1 / (1 + a) ** 2
    psi, slope = np.empty_like(a), np.empty_like(a)
    b, more = a / degrees, degrees + 2
    small = np.abs(b) * more < SMALL
    power = np.arange(TERMS)
    series = np.cumprod(np.r_[1.0, -(more + 2.0 * power[:-1])])
    psi[small] = (b[small, None] ** power) @ series
    slope[small] = (b[small, None] ** power[:-1]) @ (series * power)[1:]
    b = b[~small]
    exact = _three_degrees(b) if degrees == 1 else _inverse_of_chi_square(b, more)
    psi[~small] = exact
    slope[~small] = (1 - exact * (1 + more * b)) / (2 * b**2)
    return psi, slope / degrees


def _three_degrees(b: Float[np.ndarray, " q"]) -> Float[np.ndarray, " q"]:
    r"""$\langle(1+bs)^{-1}\rangle$ over $\chi^2_3$, by the function of Faddeeva."""
    from scipy.special import wofz

    u = (2 * b) ** -0.5
    return (1 - np.sqrt(np.pi) * u * wofz(1j * u)) / b


def _inverse_of_chi_square(
    b: Float[np.ndarray, " q"], degrees: int
) -> Float[np.ndarray, " q"]:
    r"""$\langle(1+bs)^{-1}\rangle = \int_0^\infty e^{-u}(1+2bu)^{-o/2}du$.

    The path of integration is turned by 45 degrees away from the branch point, which
    lies in the upper half plane; there the trapezoidal rule in $\ln|u|$ converges as
    $e^{-\pi^2/2h}$ with its width $h$.
    """
    width = 0.16
    first = -32 - max(0.0, np.log(np.abs(b).max(initial=1.0)))
    u = np.exp(np.arange(first, 4, width) - 0.25j * np.pi)
    root = 1 / np.sqrt(1 + 2 * b[:, None] * u)  # its whole powers are fast
    return root**degrees @ (width * u * np.exp(-u))


def _checked(
    aspect_ratio: float, degrees: int | None, spectrum: Float[np.ndarray, "..."] | None
) -> Float[np.ndarray, " r"]:
    """The spectrum as an array, after all refusals."""
    check_aspect_ratio(aspect_ratio)
    if degrees is not None and (int(degrees) != degrees or degrees < 1):
        raise ValueError(
            f"Argument `degrees` must be a whole number >= 1, but is {degrees}."
        )
    tau = np.ones(1) if spectrum is None else np.asarray(spectrum, dtype=float)
    if tau.ndim != 1 or not tau.size or not (np.isfinite(tau) & (tau > 0)).all():
        raise ValueError(
            "Argument `spectrum` must hold positive finite eigenvalues, but does not:"
            " leave out directions without variance."
        )
    return tau

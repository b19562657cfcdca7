r"""Late times, fixed target: the shape of one curve stops changing.

Once modes are learned, the curve $m_i(t)$ of a fixed target is a sum of exponentials
that have ended. Uniform time gives their covariance the entries
$\frac{\sqrt{\lambda_i\lambda_j}}{\lambda_i+\lambda_j} =
\frac12\mathrm{sech}\frac{\ln\lambda_i-\ln\lambda_j}2$: a function of the distance in
$\ln\lambda$ only, whatever the duration and the slope. Derived here.
"""

import numpy as np
from numpy.typing import ArrayLike

from linnet.phenomena.sloppiness.theory.refusals import (
    check_count,
    check_deviation,
    check_not_negative,
    check_positive,
    check_variances,
    real_numbers,
)
from linnet.shapes import Float

RANGE = "it is the logarithm of a ratio of eigenvalues"
SLOPE = "it is by how much ln(lambda) falls per mode"
LARGEST_RANGE = 1500.0
NEIGHBORS = 40  # in either sum of the symbol; what is beyond is below rounding


def late_covariance(
    variances: ArrayLike,
    n: ArrayLike,
    travel: ArrayLike,
    init_deviation: ArrayLike,
    duration: ArrayLike,
) -> Float[np.ndarray, "*grid r r"]:
    r"""Covariance of predictions over a long flow towards a fixed target.

    $$C_{ij}\to\frac n\tau\Big[\frac{\sigma_0^2}2\delta_{ij} + u_iu_j
      \frac{\sqrt{\lambda_i\lambda_j}}{\lambda_i+\lambda_j}\Big],\qquad
      u = w^*-\bar w^0 .$$

    Valid for: gradient flow, uniform time on $[0,\tau]$, every mode learned. What is
    left out is, relative to an entry, $(\lambda_i+\lambda_j)/(\lambda_i\lambda_j\tau)$
    (the mean of the curve) and $e^{-2\lambda_r\tau}$.

    Args:
        variances: $\lambda$, shape `(..., r)`.
        n: Number of samples.
        travel: $u$, from the mean start to the target, shape `(..., r)`.
        init_deviation: $\sigma_0$; broadcasts with the leading axes.
        duration: $\tau$; broadcasts with the leading axes.

    Raises:
        ValueError: when an argument is outside its range.

    Reference: derived here.
    """
    rate = check_variances(variances)
    way = real_numbers("travel", travel)
    spread = check_deviation("init_deviation", init_deviation)[..., None, None]
    whole = check_positive("duration", duration, "it is the time from start to end")
    scale = check_count("n", n, "it is how many samples there are") / whole
    root = np.sqrt(rate)
    shape = root[..., :, None] * root[..., None, :]
    shape = shape / (rate[..., :, None] + rate[..., None, :])
    cloud = spread**2 / 2 * np.eye(rate.shape[-1])
    return scale[..., None, None] * (
        cloud + way[..., :, None] * way[..., None, :] * shape
    )


def sech_toeplitz(count: int, slope: float) -> Float[np.ndarray, "r r"]:
    r"""Covariance of one learned curve, up to a factor: $\mathrm{sech}(c(i-j)/2)$.

    The limit of `late_covariance` without a cloud of starts, for a sloppy spectrum
    $\lambda_i\sim e^{-ci}$ and equal $\lvert u_i\rvert$; divided by its diagonal.

    Valid for: every mode learned, uniform time of a flow.

    Args:
        count: $r$ modes.
        slope: $c>0$.

    Raises:
        ValueError: when `count` < 1 or `slope` is not positive.

    Reference: derived here.
    """
    check_count("count", count, "it counts eigenvalues")
    check_positive("slope", slope, SLOPE)
    index = np.arange(count)
    return _sech(slope * np.abs(index[:, None] - index) / 2)


def sech_symbol(slope: ArrayLike, angle: ArrayLike) -> Float[np.ndarray, "..."]:
    r"""Symbol of `sech_toeplitz`: its eigenvalues when there are many modes.

    $$\sum_m\mathrm{sech}\frac{cm}2e^{im\theta} = \frac{2\pi}c\sum_{q\in\mathbb Z}
      \mathrm{sech}\frac{\pi(\theta+2\pi q)}c .$$
    For $c\ll1$ the term $q=0$ is all of it: about $c\cdot r/\pi^2$ eigenvalues per
    factor $e$, hence the dimension of a curve depends on $cr$ alone.

    Valid for: any slope; the sum on the right where $c\le3$, that on the left beyond.

    Args:
        slope: $c>0$.
        angle: $\theta$. Both broadcast.

    Raises:
        ValueError: when `slope` is not positive or `angle` is not finite.

    Reference: derived here (Poisson's sum).

    Example:
        >>> float(sech_symbol(0.5, 0.0).round(4))
        12.5664
    """
    decay = check_positive("slope", slope, SLOPE)[..., None]
    at = real_numbers("angle", angle)[..., None]
    whole = np.arange(-NEIGHBORS, NEIGHBORS + 1)
    at = at - 2 * np.pi * np.round(at / (2 * np.pi))
    gentle = np.pi / decay * _sech(np.pi * np.abs(at + 2 * np.pi * whole) / decay)
    steep = _sech(decay * np.abs(whole) / 2) * np.cos(whole * at)
    return np.where(decay <= 3, 2 * gentle, steep).sum(-1)


def curve_dimension(log_range: ArrayLike) -> Float[np.ndarray, "..."]:
    r"""Participation ratio of one learned curve, by its range of rates alone.

    $$\mathrm{PR} = \frac{L^2}{8\ln\cosh(L/2)},\qquad
      L = \ln\frac{\lambda_{\rm first}}{\lambda_{\rm last}} .$$
    It is 1 for one rate and $L/4$ for a wide range.

    Valid for: late times, equal $\lvert u_i\rvert$, no cloud of starts, modes dense in
    $\ln\lambda$ ($c\lesssim2$); a spectrum of $r$ modes has $L = cr$, each mode
    standing for an interval $c$ of the axis.

    Args:
        log_range: $L\ge0$, any shape.

    Raises:
        ValueError: when `log_range` is negative or not finite.

    Reference: derived here.

    Example:
        >>> curve_dimension([0.0, 5.0, 10.0, 20.0]).round(2)
        array([1.  , 1.72, 2.9 , 5.37])
    """
    length = check_not_negative("log_range", log_range, RANGE)
    short = length < 1e-3
    safe = np.where(short, 1.0, length)
    # ln cosh x = log1p(2 sinh^2(x / 2)), which overflows only where x itself serves.
    large = safe / 2 + np.log1p(np.exp(-safe)) - np.log(2.0)
    small = np.log1p(2 * np.sinh(np.minimum(safe, 2.0) / 4) ** 2)
    fine = safe**2 / (8 * np.where(safe < 2, small, large))
    return np.where(short, 1 + length**2 / 24, fine)[()]


def curve_spectrum(
    log_range: ArrayLike, count: int = 10
) -> Float[np.ndarray, "*grid count"]:
    r"""Shares of the variance of one learned curve in its leading directions.

    Eigenvalues of $\int_0^L\mathrm{sech}\frac{x-y}2f(y)\,dy/L$, downwards; they sum to
    one over all directions. The limit of `sech_toeplitz` for dense modes.

    Valid for: as `curve_dimension`.

    Args:
        log_range: $L$ in (0, 1500], any shape.
        count: How many eigenvalues.

    Raises:
        ValueError: when `log_range` is out of range or `count` no whole number >= 1.

    Reference: derived here; quadrature of Gauss and Legendre.

    Example:
        >>> curve_spectrum([5.0, 10.0, 20.0], 3).sum(-1).round(2)
        array([0.99, 0.9 , 0.69])
    """
    length = check_positive("log_range", log_range, RANGE)
    check_count("count", count, "it counts eigenvalues")
    if length.max(initial=0.0) > LARGEST_RANGE:
        raise ValueError(
            f"Argument `log_range` must be <= {LARGEST_RANGE:g}, the range of numbers"
            f" in double precision, but is {length.max():.6g}: eigenvalues follow"
            " `sech_symbol`."
        )
    # The kernel is analytic up to a distance pi of the axis.
    nodes = int(count + 24 + 2 * length.max(initial=0.0))
    at, weights = np.polynomial.legendre.leggauss(nodes)
    apart = (at[:, None] - at) / 2 * length[..., None, None]
    root = np.sqrt(weights / 2)
    kernel = root[:, None] * root * _sech(np.abs(apart) / 2)
    return np.maximum(np.linalg.eigvalsh(kernel)[..., ::-1][..., :count], 0.0)


def _sech(x: Float[np.ndarray, "..."]) -> Float[np.ndarray, "..."]:
    """Of numbers >= 0; by exponentials, which do not overflow far out."""
    half = np.exp(-x)
    return 2 * half / (1 + half**2)

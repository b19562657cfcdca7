r"""Stationary variances of SGD whose every sample is fresh: a closed form.

Gaussian inputs whose covariance has the eigenvalues $\lambda_i$, a linear teacher and
independent label noise. (The note's $S$ is `batch_size` here, $m$ in formulas.)
"""

import numpy as np

from linnet.numerics.gaussian_mean_square import (
    fresh_feedback,
    largest_stable_fresh_rate,
)
from linnet.phenomena.fluctuations.theory.refusals import (
    check_noise,
    check_positive,
    check_whole,
    unstable,
)
from linnet.shapes import Float


def online_variances(
    variances: Float[np.ndarray, " d"],
    learning_rate: float,
    batch_size: int,
    noise: float,
) -> Float[np.ndarray, " d"]:
    r"""Variances of the modes when every sample is fresh and Gaussian, exactly.

    $$V_i = \frac\eta m\,\frac{\sigma^2}{1-q}\,
      \frac1{2-\eta\lambda_i(1+1/m)},\qquad
      q = \frac\eta m\sum_i\frac{\lambda_i}{2-\eta\lambda_i(1+1/m)} < 1 .$$
    Modes are uncorrelated, and so are outputs of independent noise, each with these
    variances. The excess risk is $\sigma^2q/(1-q)$.

    Args:
        variances: Eigenvalues $\lambda > 0$ of the inputs' covariance.
        learning_rate: $\eta$.
        batch_size: $m$.
        noise: $\sigma$ of the labels.

    Raises:
        ValueError: when $q\ge1$ or a denominator is not positive (the message says
            where stability ends), or an argument is out of range.

    Reference: Liu et al. 2021 (statement); derived here.
    """
    check_noise(noise)
    check_positive("learning_rate", learning_rate)
    edge = largest_stable_online_rate(variances, batch_size)
    if not learning_rate < edge:
        raise unstable(learning_rate, edge, "Online SGD is unstable in the mean square")
    h = np.asarray(variances, dtype=float)
    share, q = fresh_feedback(h, learning_rate, batch_size)
    return share * noise**2 / (1 - q)


def largest_stable_online_rate(
    variances: Float[np.ndarray, " d"], batch_size: int
) -> float:
    r"""Learning rate at which online SGD explodes in the mean square: $q(\eta) = 1$.

    Valid for: fresh Gaussian samples; $q$ is that of `online_variances`.

    Raises:
        ValueError: when a variance is not positive, or the batch size no whole number.

    Reference: Liu et al. 2021 (statement); derived here.
    """
    h = np.asarray(variances, dtype=float)
    if h.ndim != 1 or not h.size:
        raise ValueError(
            f"Argument `variances` must be a vector (d,), but has shape {h.shape}."
        )
    check_positive("variances", h, ": leave out directions without variance")
    check_whole("batch_size", batch_size, 1)
    return largest_stable_fresh_rate(h, batch_size)

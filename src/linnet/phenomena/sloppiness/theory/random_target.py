r"""The spectrum of a cloud of trajectories with random starts and random targets.

Starts $w^0\sim N(0,\sigma_0^2)$ and targets $w^*\sim N(0,\sigma_*^2)$ are drawn anew
for each trajectory. The second moment of the predictions is then diagonal in the
eigenbasis of the inputs, so its eigenvalues are explicit, and its mean vanishes: second
moment and covariance are one. ($\sigma_0,\sigma_*$ are `init_deviation` and
`target_deviation`.)
"""

import numpy as np
from numpy.typing import ArrayLike

from linnet.phenomena.sloppiness.theory.averages import mode_averages
from linnet.phenomena.sloppiness.theory.checkpoints import Checkpoints
from linnet.phenomena.sloppiness.theory.refusals import (
    check_count,
    check_deviation,
    check_variances,
    sample_count,
)
from linnet.phenomena.sloppiness.theory.responses import AbstractResponse
from linnet.shapes import Float


def random_target_spectrum(
    variances: ArrayLike,
    n: int,
    init_deviation: ArrayLike,
    target_deviation: ArrayLike,
    response: AbstractResponse,
    checkpoints: Checkpoints,
    outputs: int = 1,
) -> Float[np.ndarray, "*wide values"]:
    r"""Eigenvalues of the second moment of predictions, random starts and targets.

    $$v_i=n\lambda_i\big[\sigma_0^2\langle h_i^2\rangle
        +\sigma_*^2\bar r_i^2\langle(1-h_i)^2\rangle\big],$$
    where $\bar r_i=\lambda_i/(\lambda_i+\mu)$ with weight decay $\mu$ and 1 without.
    In weight space the same mode has $v_i/(n\lambda_i)$, which is no ribbon.

    Valid for: exact for Gaussian or any independent centered starts and targets, any
    linear method. Each of $k$ outputs has this spectrum: every $v_i$ occurs $k$ times,
    and as many dimensions explain less.

    Args:
        variances: $\lambda_i>0$, nonzero eigenvalues of `xx`, shape `(..., r)`.
        n: Number of samples.
        init_deviation: $\sigma_0\ge0$; a grid of them broadcasts against the leading
            axes of `variances`.
        target_deviation: $\sigma_*\ge0$, likewise.
        response: The method of training.
        checkpoints: When the trajectories are looked at, and with which weights.
        outputs: $k$; with more than one, each $v_i$ is repeated $k$ times in a row, so
            that the last axis is $rk$ long.

    Returns:
        $v$ aligned with `variances` (not sorted).

    Raises:
        ValueError: when `n` or `outputs` is no whole number >= 1, a deviation is
            negative or not finite, or as `mode_averages`.

    Reference: derived here; Mao et al. 2025 for the statement that the decay of the
        eigenvalues, the scale of the target and the number of steps set the geometry.

    Example:
        >>> from linnet.phenomena.sloppiness.theory import (
        ...     GradientDescent, uniform_checkpoints)
        >>> random_target_spectrum(
        ...     [1.0, 0.1], 10, 1.0, 1.0, GradientDescent(1.0),
        ...     uniform_checkpoints(4))
        array([10.       ,  0.7792705])
    """
    given, samples = check_variances(variances), sample_count(n)
    copies = check_count(
        "outputs", outputs, "it is how many numbers a sample is mapped to"
    )
    start = check_deviation("init_deviation", init_deviation)[..., None]
    target = check_deviation("target_deviation", target_deviation)[..., None]
    averages = mode_averages(response, given, checkpoints)
    reached = target * response.rest(given)
    spread = start**2 * averages.start + reached**2 * averages.target
    return np.repeat(samples * given * spread, int(copies), axis=-1)

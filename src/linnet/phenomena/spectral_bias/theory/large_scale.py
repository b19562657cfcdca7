r"""The lazy end: a large start trains as a linear model, at a rate set by its scale."""

import numpy as np

from linnet.phenomena.spectral_bias.theory.refusals import (
    check_gamma,
    check_not_negative,
)
from linnet.shapes import Float
from linnet.task import Moments


def lazy_product(
    moments: Moments, gamma: float, times: Float[np.ndarray, " times"]
) -> Float[np.ndarray, "times k d"]:
    r"""Product in the lazy limit: $W(t) = W_\ast(I - e^{-\gamma\,\mathtt{xx}\,t})$.

    Valid for: first layer isotropic, second zero at the start, $\gamma\to\infty$ at
    fixed $\gamma t$; the relative error is of order $(\sigma/\gamma)^2$.

    Args:
        moments: Data or population.
        gamma: $\gamma > 0$.
        times: $t \ge 0$.

    Returns:
        $W(t)$.

    Raises:
        ValueError: when `gamma` is not positive, a time negative, or all inputs vanish.

    Reference: derived here.
    """
    check_gamma(gamma)
    check_not_negative("times", times)
    limit = moments.minimizer().end_to_end
    eigenvalues, basis = np.linalg.eigh(moments.xx)
    learned = -np.expm1(-gamma * np.outer(times, np.maximum(eigenvalues, 0)))
    return ((limit @ basis) * learned[:, None]) @ basis.T


def excess_loss_bound(
    moments: Moments, gamma: float, times: Float[np.ndarray, " times"]
) -> Float[np.ndarray, " times"]:
    r"""Bound of the excess loss, as a fraction of its start: $e^{-2\gamma\mu t}$.

    $\mu$ is the smallest non-zero eigenvalue of `xx`: the first layer never falls below
    its start, $W_1^\top W_1\succeq\gamma I$, so the loss falls at least as fast as that
    of a linear model trained at rate $\gamma$.

    Valid for: first layer isotropic, second zero at the start, any $\gamma$. Tight in
    the lazy limit for targets along the weakest input; loose at small scale.

    Args:
        moments: Data or population.
        gamma: $\gamma > 0$.
        times: $t \ge 0$.

    Returns:
        The bound, from 1 down.

    Raises:
        ValueError: when `gamma` is not positive, a time negative, or all inputs vanish.

    Reference: derived here.
    """
    check_gamma(gamma)
    check_not_negative("times", times)
    spectrum = moments.spectrum()
    rank = moments.minimizer().rank
    return np.exp(-2 * gamma * spectrum[rank - 1] * np.asarray(times, dtype=float))

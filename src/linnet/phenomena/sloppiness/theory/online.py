r"""SGD whose every sample is fresh and Gaussian: moments, stability, its own ribbon.

Inputs $x\sim N(0,\mathrm{diag}\,\lambda)$, labels $w_*\cdot x$ with noise of standard
deviation $\sigma$, $m$ new samples a step. The noise part $q_i$ of the mean square of
the error, beside $\rho_i^{2t}E_i$ of gradient descent on the population, obeys exactly
$$q_i' = \rho_i^2q_i + \tfrac{\eta^2}m\Big[\lambda_i^2Q_i
  + \lambda_i\Big(\sum_j\lambda_jQ_j+\sigma^2\Big)\Big],\qquad
  Q_i = q_i + \rho_i^{2t}E_i,\quad \rho_i = 1-\eta\lambda_i .$$
It stays finite if and only if all $2-\eta(1+\frac1m)\lambda_i$ are positive and the
feedback $f = \sum_i\frac{\eta\lambda_i/m}{2-\eta(1+1/m)\lambda_i}$ is below one.
($f$ is `online_feedback`, $m$ is `batch_size`.)

Noise adds $n\lambda_iq_i$ to the spectrum of predictions, and at rest $q_i$ is nearly
the same in all modes: it falls off as the inputs do, and gradient noise restores the
ribbon that a spread of starts has destroyed. Reference: Liu et al. 2021 (the stationary
state); derived here.
"""

import numpy as np
from numpy.typing import ArrayLike

from linnet.numerics.gaussian_mean_square import (
    fresh_feedback,
    largest_stable_fresh_rate,
)
from linnet.phenomena.sloppiness.theory.checkpoints import Checkpoints
from linnet.phenomena.sloppiness.theory.gradient_noise import mean_powers
from linnet.phenomena.sloppiness.theory.random_target import random_target_spectrum
from linnet.phenomena.sloppiness.theory.refusals import (
    check_count,
    check_not_negative,
    check_positive,
    check_steps,
    check_variances,
    one_deviation,
    row_of_variances,
    sample_count,
)
from linnet.phenomena.sloppiness.theory.responses import GradientDescent
from linnet.shapes import Float

MOST_STEPS = 200_000
"""More than this are not taken one by one."""


def online_feedback(
    variances: Float[np.ndarray, "... r"],
    learning_rate: ArrayLike,
    batch_size: ArrayLike,
) -> Float[np.ndarray, "..."]:
    r"""$f = \sum_i\frac{\eta\lambda_i/m}{2-\eta(1+1/m)\lambda_i}$: stable below one.

    Infinite where a denominator is not positive. Stricter than $\eta\lambda_1<2$.

    Valid for: Gaussian inputs, a fresh batch at each step, no weight decay.

    Args:
        variances: $\lambda$ along the last axis.
        learning_rate: $\eta$; broadcasts against the leading axes.
        batch_size: $m$, likewise.

    Raises:
        ValueError: when a variance or a rate is not positive, or a batch size no whole
            number >= 1.

    Reference: derived here.

    Example:
        >>> online_feedback(np.ones(4), 1 / 3, 1)
        array(1.)
    """
    given = check_variances(variances)
    check_positive("learning_rate", learning_rate, "a step must go somewhere")
    check_count("batch_size", batch_size, "it is how many samples a step sees")
    rate = np.asarray(learning_rate, dtype=float)
    size = np.asarray(batch_size, dtype=float)
    return np.asarray(fresh_feedback(given, rate, size)[1])


def online_largest_rate(variances: Float[np.ndarray, " r"], batch_size: int) -> float:
    r"""Learning rate at which online SGD explodes in the mean square.

    Valid for: as `online_feedback`.

    Args:
        variances: $\lambda$, shape `(r,)`.
        batch_size: $m$.

    Raises:
        ValueError: when a variance is not positive, or the batch size no whole number
            >= 1.

    Reference: derived here.
    """
    check_count("batch_size", batch_size, "it is how many samples a step sees")
    return largest_stable_fresh_rate(row_of_variances(variances), batch_size)


def online_noise(
    variances: Float[np.ndarray, " r"],
    error: Float[np.ndarray, " r"],
    learning_rate: float,
    batch_size: int,
    checkpoints: Checkpoints,
    *,
    noise: float = 0.0,
) -> Float[np.ndarray, " r"]:
    r"""$\langle q_i\rangle$ over checkpoints: what the noise of fresh samples adds.

    The recursion itself, $O(Tr)$, up to 200,000 steps; beyond, the eigenvectors of its
    symmetric map, $O(r^3)$ whatever $T$ is, to an absolute $10^{-16}$ of the initial
    error.

    Valid for: as `online_feedback`; exact at any stable learning rate.

    Args:
        variances: $\lambda$.
        error: $E_i$, mean squares of the initial error $w^0_i-w_{*i}$; modes are
            uncorrelated.
        learning_rate: $\eta$.
        batch_size: $m$.
        checkpoints: When the cloud is looked at, in steps.
        noise: $\sigma$ of the labels.

    Raises:
        ValueError: when the mean square explodes (the message says where stability
            ends), or an argument is out of range.

    Reference: derived here.
    """
    h, start = row_of_variances(variances), np.asarray(error, dtype=float)
    check_not_negative("error", start, "it is a mean square")
    check_not_negative("noise", noise, "it is the standard deviation of label noise")
    if start.shape != h.shape:
        raise ValueError(
            f"Argument `error` must have one entry per mode, {h.shape}, but has shape"
            f" {start.shape}."
        )
    _check_stable(h, learning_rate, batch_size)
    if checkpoints.count is None:
        raise ValueError(
            "Argument `checkpoints` must hold steps, but is a time of gradient flow:"
            " samples have no continuum. Take `uniform_checkpoints`."
        )
    if checkpoints.kind == "given":
        check_steps(checkpoints.when)
    if checkpoints.last <= MOST_STEPS:
        return _stepped(h, start, learning_rate, batch_size, checkpoints, noise)
    return _taken_apart(h, start, learning_rate, batch_size, checkpoints, noise)


def online_spectrum(
    variances: Float[np.ndarray, " r"],
    n: int,
    init_deviation: float,
    target_deviation: float,
    learning_rate: float,
    batch_size: int,
    checkpoints: Checkpoints,
    *,
    noise: float = 0.0,
) -> Float[np.ndarray, " r"]:
    r"""Second moments of the predictions of online SGD, random starts and targets.

    $v_i = n\lambda_i[\sigma_0^2\langle\rho_i^{2t}\rangle
    + \sigma_*^2\langle(1-\rho_i^t)^2\rangle + \langle q_i\rangle]$, each $k$-fold with
    $k$ outputs: gradient descent, and the noise from $E_i = \sigma_0^2+\sigma_*^2$.
    Predictions are those on $n$ points whose moment is $\mathrm{diag}\,\lambda$.

    Valid for: as `online_noise`.

    Args:
        variances: $\lambda$ of the inputs, and of the points looked at.
        n: Points at which predictions are looked at.
        init_deviation: $\sigma_0$.
        target_deviation: $\sigma_*$.
        learning_rate: $\eta$.
        batch_size: $m$, fresh samples a step.
        checkpoints: When, in steps.
        noise: $\sigma$ of the labels.

    Returns:
        $v$ in the order of the variances, of which it need not be a falling function.

    Raises:
        ValueError: when the mean square explodes, or an argument is out of range.

    Reference: derived here.
    """
    h = row_of_variances(variances)
    sample_count(n)
    begin = one_deviation("init_deviation", init_deviation)
    end = one_deviation("target_deviation", target_deviation)
    error = np.full_like(h, begin**2 + end**2)
    scatter = online_noise(
        h, error, learning_rate, batch_size, checkpoints, noise=noise
    )
    plain = random_target_spectrum(
        h,
        n,
        init_deviation,
        target_deviation,
        GradientDescent(learning_rate),
        checkpoints,
    )
    return plain + n * h * scatter


def stationary_ribbon(
    variances: Float[np.ndarray, "... r"],
    n: int,
    learning_rate: ArrayLike,
    batch_size: ArrayLike,
    noise: float,
) -> Float[np.ndarray, "... r"]:
    r"""What noise adds to the spectrum in the end: $n\lambda_iq_i$ at rest.

    $q_i = \frac{\eta\sigma^2}{m(1-f)}\,\frac1{2-\eta(1+1/m)\lambda_i}$. It falls off as
    the inputs do, but for large steps: there the fastest modes are wider still. The
    excess risk, $\sum_i\lambda_iq_i = \sigma^2f/(1-f)$, is the sum over $n$.

    Valid for: as `online_feedback`, late in training.

    Args:
        variances: $\lambda$ along the last axis.
        n: Points at which predictions are looked at.
        learning_rate: $\eta$; broadcasts against the leading axes.
        batch_size: $m$, likewise.
        noise: $\sigma$ of the labels.

    Raises:
        ValueError: when $f\ge1$ somewhere, or an argument is out of range.

    Reference: Liu et al. 2021 (the stationary state); derived here.
    """
    feedback = online_feedback(variances, learning_rate, batch_size)
    check_count("n", n, "it is how many points there are")
    check_not_negative("noise", noise, "it is the standard deviation of label noise")
    if not (feedback < 1).all():
        raise ValueError(
            "Argument `learning_rate` must keep the feedback of online SGD below 1, but"
            f" the feedback is {feedback.max():.4g}: lower it, or take larger batches"
            " (see `online_largest_rate`)."
        )
    h = np.asarray(variances, dtype=float)
    rate = np.asarray(learning_rate, dtype=float)
    size = np.asarray(batch_size, dtype=float)
    share, _ = fresh_feedback(h, rate, size)
    return n * h * share * noise**2 / (1 - feedback)[..., None]


def _stepped(
    variances: Float[np.ndarray, " r"],
    error: Float[np.ndarray, " r"],
    learning_rate: float,
    batch_size: int,
    checkpoints: Checkpoints,
    noise: float,
) -> Float[np.ndarray, " r"]:
    kept = (1 - learning_rate * variances) ** 2
    own = learning_rate**2 / batch_size * variances**2
    shared = learning_rate**2 / batch_size * variances
    q, total, left, now = np.zeros_like(error), np.zeros_like(error), error, 0
    for when, weight in zip(checkpoints.when, checkpoints.weights, strict=True):
        for _ in range(now, int(when)):
            seen = q + left
            q = kept * q + own * seen + shared * (variances @ seen + noise**2)
            left = kept * left
        now = int(when)
        total += weight * q
    return total


def _taken_apart(
    variances: Float[np.ndarray, " r"],
    error: Float[np.ndarray, " r"],
    learning_rate: float,
    batch_size: int,
    checkpoints: Checkpoints,
    noise: float,
) -> Float[np.ndarray, " r"]:
    r"""$\langle Q-\rho^{2t}E\rangle$ in eigenvectors of the map of $Q$."""
    strength = learning_rate / batch_size
    loss = -strength * np.multiply.outer(variances, variances)
    plain = 2 * variances - learning_rate * variances**2
    loss[np.diag_indices(len(variances))] += plain - strength * variances**2
    rates, axes = np.linalg.eigh(loss)
    stay, grown = mean_powers(rates, learning_rate, checkpoints)
    start, push = axes.T @ error, axes.T @ (strength * variances * noise**2)
    drift = mean_powers(plain, learning_rate, checkpoints)[0] * error
    return np.maximum(axes @ (stay * start + grown * push) - drift, 0)


def _check_stable(
    variances: Float[np.ndarray, " r"], learning_rate: float, batch_size: int
) -> None:
    if not online_feedback(variances, learning_rate, batch_size) < 1:
        edge = largest_stable_fresh_rate(variances, batch_size)
        raise ValueError(
            f"Argument `learning_rate` must be below {edge:.6g}, where the mean square"
            f" of online SGD explodes, but is {learning_rate:.6g}: lower it, or take"
            " larger batches."
        )

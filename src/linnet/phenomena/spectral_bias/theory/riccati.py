r"""White inputs, any balanced start: both layers at any time, in closed form."""

import numpy as np

from linnet.network import Weights, check_weights, imbalance
from linnet.phenomena.spectral_bias.theory.refusals import check_not_negative
from linnet.shapes import Float
from linnet.task import Moments

BALANCED = 1e-8  # relative deviation from the shape that still counts as rounding
LONGEST = 5.0  # of one step, in units of the fastest growth


def balanced_gram(
    weights: Weights, moments: Moments, times: Float[np.ndarray, " times"]
) -> Float[np.ndarray, "times p p"]:
    r"""Gram matrix of both layers over time, for white inputs and a balanced start.

    With $Z = (W_1^\top;\,W_2)$ of shape `(d + k, h)` and $M = ZZ^\top$ the flow is
    Riccati's, $\dot Z = FZ - \frac a2ZZ^\top Z$, so that
    $$M(t) = e^{Ft}Z_0\big[I + aZ_0^\top\Phi_tZ_0\big]^{-1}Z_0^\top e^{Ft},\quad
      F = \begin{pmatrix}-\frac{a\lambda}2I&\mathtt{yx}^\top\\
      \mathtt{yx}&\frac{a\lambda}2I\end{pmatrix},\quad
      \Phi_t = \int_0^t e^{2Fs}\,ds,$$
    with $\lambda$ of `LambdaBalanced`. The blocks of $M$ are $W_1^\top W_1$,
    $W_2W_2^\top$ and the product $W_2W_1$.

    The formula as it stands fails for long times: its matrix of condition $e^{2ft}$
    leaves nothing of the weak modes. It is a semigroup, though, and here $Z$ takes as
    many short steps as the time asks for, each well conditioned.

    Valid for: $\mathtt{xx} = aI$ (all inputs, not only their row space), two layers,
    $\mathcal I = \lambda I_h$, or $-\gamma$ times a projector that $W_2$ respects
    (isotropic first layer, zero second, any width $h\ge d$).

    Args:
        weights: Both layers at the start; the product need not be zero nor aligned.
        moments: Data or population.
        times: $t \ge 0$, increasing.

    Returns:
        $M(t)$, symmetric, $p = d + k$.

    Raises:
        ValueError: when the inputs are not white, the start is not balanced, the
            weights do not fit, or a time is negative or out of order.

    Reference: matrix Riccati solution as known for balanced layers; derived here.
    """
    check_not_negative("times", times)
    if (np.diff(times) < 0).any():
        raise ValueError("Argument `times` must increase, but does not.")
    k, d = moments.yx.shape
    variance = _white_variance(moments)
    balance = _balance(weights, d, k)
    tilt = np.diag(np.repeat([-1.0, 1.0], [d, k])) * variance * balance / 2
    tilt[:d, d:], tilt[d:, :d] = moments.yx.T, moments.yx
    rates, frame = np.linalg.eigh(tilt)
    z, now, found = frame.T @ np.vstack([weights[0].T, weights[1]]), 0.0, []
    for time in times:
        count = int(np.ceil(np.abs(rates).max() * (time - now) / LONGEST))
        for _ in range(count):
            z = _step(z, rates, (time - now) / count, variance)
        now = time
        whole = frame @ z
        found.append(whole @ whole.T)
    return np.array(found)


def _step(
    z: Float[np.ndarray, "p h"],
    rates: Float[np.ndarray, " p"],
    time: float,
    variance: float,
) -> Float[np.ndarray, "p h"]:
    r"""$e^{Ft}Z(I + aZ^\top\Phi Z)^{-1/2}$ in the eigenbasis of $F$."""
    phase = 2 * rates * time
    still = phase == 0
    growth = time * np.where(still, 1.0, np.expm1(phase) / np.where(still, 1.0, phase))
    _, size, right = np.linalg.svd(np.sqrt(growth)[:, None] * z, full_matrices=False)
    # What lies outside the right singular vectors is zero in z, for growth > 0.
    shrink = right.T @ (right / np.sqrt(1 + variance * size**2)[:, None])
    return np.exp(rates * time)[:, None] * (z @ shrink)


def _white_variance(moments: Moments) -> float:
    variance = moments.input_variance()
    if variance is None or moments.spectrum()[-1] <= moments.default_cutoff():
        raise ValueError(
            "Argument `moments` must have white inputs, xx = a I, but its eigenvalues"
            f" span [{moments.spectrum()[-1]:.3g}, {moments.spectrum()[0]:.3g}]: whiten"
            " the data, or leave out inputs that carry nothing."
        )
    return variance


def _balance(weights: Weights, d: int, k: int) -> float:
    r"""$\lambda$, after a check that the imbalance acts as $\lambda$ on both layers."""
    check_weights(weights, d, k)
    if len(weights) != 2:
        raise ValueError(
            f"Argument `weights` must be two layers, but holds {len(weights)}."
        )
    (gap,), (first, second) = imbalance(weights), weights
    size = np.linalg.norm(first) ** 2 + np.linalg.norm(second) ** 2
    if size == 0:
        return 0.0
    # The trace of I over the span of the layers, in units of that of the span.
    reached = np.vstack([first.T, second])
    spectrum = np.linalg.svd(reached, compute_uv=False)
    rank = int((spectrum > 1e-12 * spectrum[0]).sum())
    balance = float(np.trace(gap)) / rank
    off = np.linalg.norm(reached @ (gap - balance * np.eye(len(gap))))
    if off > BALANCED * np.sqrt(size) * size:
        raise ValueError(
            "Argument `weights` must be balanced, W2^T W2 - W1 W1^T = lambda I on what"
            f" the layers span, but is off by {off / size**1.5:.1e} of its size: start"
            " from LambdaBalanced or IsotropicFirstLayer, or simulate."
        )
    return balance

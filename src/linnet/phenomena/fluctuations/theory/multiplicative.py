r"""Noise that depends on the weights, exactly: the curvature of every sample.

In the eigenbasis of the Hessian the stationary covariance $M$ of independent batches
solves
$$KM + MK - \eta KMK = \eta\kappa\Big[c +
  \frac1n\sum_n(A_n-K)M(A_n-K)\Big],$$
with $A_n$ the Hessian of one sample. The sum is a positive map of $M$; where it feeds
back as much as the drift takes away there is no stationary covariance.
"""

import numpy as np

from linnet.phenomena.fluctuations.theory.linearization import Linearization
from linnet.phenomena.fluctuations.theory.residual_hessian import (
    residual_hessian_product,
)
from linnet.shapes import Float

LARGEST = 64  # directions; the map holds the fourth power of their number
CHUNK = 2**22  # numbers that the Hessians of samples may hold at once
SWEEPS = 500  # of the power iteration
STEADY = 1e-9  # relative change at which the power iteration has ended


def solve_exact(
    linear: Linearization,
    gradient_noise: Float[np.ndarray, "q q"],
    sums: Float[np.ndarray, "q q"],
    strength: float,
    weight_decay: float = 0.0,
) -> Float[np.ndarray, "q q"]:
    r"""Stationary covariance along the modes, multiplicative noise included.

    Args:
        linear: The layers, linearized.
        gradient_noise: $c$, covariance of single samples' gradients along the modes.
        sums: $\lambda_i + \lambda_j - \eta\lambda_i\lambda_j > 0$.
        strength: $\eta\kappa$.
        weight_decay: $\mu$, part of the curvatures.

    Raises:
        ValueError: when there are more than 64 directions, or SGD is mean-square
            unstable.

    Reference: derived here.
    """
    from scipy.sparse.linalg import LinearOperator, gmres

    q = len(sums)
    if q > LARGEST:
        raise ValueError(
            f"Argument `level` must not be `exact` for {q} directions that fluctuate:"
            f" it holds {q}**4 numbers, and at most {LARGEST} directions are allowed."
            " Take `additive`, or a smaller network."
        )
    feedback = strength * _feedback(linear, weight_decay) / sums.ravel()[:, None]
    radius = _spectral_radius(feedback, q)
    if radius >= 1:
        raise ValueError(
            "Argument `learning_rate` is mean-square unstable: the noise of the batch"
            f" Hessians feeds back {radius:.3g} of the variance, and must feed back"
            " less than 1. Lower the rate, or take larger batches."
        )
    source = (strength * gradient_noise / sums).ravel()
    operator = LinearOperator((q * q, q * q), lambda m: m - feedback @ m, dtype=float)
    found, status = gmres(operator, source, x0=source, rtol=1e-13, maxiter=200)
    if status != 0 or not np.isfinite(found).all():
        raise ValueError(
            "Argument `learning_rate` is so close to mean-square instability"
            f" ({radius:.5g} of the variance is fed back) that the covariance cannot"
            " be worked out: lower it."
        )
    reduced = found.reshape(q, q)
    return (reduced + reduced.T) / 2


def _feedback(linear: Linearization, weight_decay: float) -> Float[np.ndarray, "qq qq"]:
    r"""$M\mapsto\frac1n\sum_n(A_n-K)M(A_n-K)$ as a matrix over `M.ravel()`."""
    q = len(linear.curvatures)
    mean = np.diag(linear.curvatures - weight_decay).ravel()
    bends = _residual_part(linear)
    k = linear.residuals.shape[1]
    images = linear.images.reshape(k, -1, q)
    total = np.zeros((q * q, q * q))
    size = max(1, CHUNK // (q * q))
    for start in range(0, len(linear.residuals), size):
        inputs = linear.coordinates[start : start + size]
        residuals = linear.residuals[start : start + size]
        rows = np.einsum("nr,arq->naq", inputs, images)
        samples = (rows.transpose(0, 2, 1) @ rows).reshape(len(inputs), -1)
        gradients = -(residuals[:, :, None] * inputs[:, None, :])
        samples += gradients.reshape(len(inputs), -1) @ bends - mean
        total += samples.T @ samples
    total /= len(linear.residuals)
    # Entry [(i, j), (k, l)] is the mean of A_ij A_kl; the map needs [(i, l), (j, k)].
    return total.reshape(q, q, q, q).transpose(0, 3, 1, 2).reshape(q * q, q * q)


def _residual_part(linear: Linearization) -> Float[np.ndarray, "kr qq"]:
    r"""$B^\top E(G)B$ for each entry of $G$, inputs in their eigenbasis."""
    q = len(linear.curvatures)
    k, r = linear.residuals.shape[1], linear.coordinates.shape[1]
    found = np.empty((k, r, q * q))
    for output in range(k):
        for at in range(r):
            gradient = np.zeros((k, len(linear.directions)))
            gradient[output] = linear.directions[:, at]
            pushed = residual_hessian_product(linear.weights, gradient, linear.basis)
            found[output, at] = (linear.basis.T @ pushed).ravel()
    return found.reshape(k * r, q * q)


def _spectral_radius(matrix: Float[np.ndarray, "qq qq"], q: int) -> float:
    """Of a map of covariances that keeps them positive, by its powers on the unit."""
    state, radius = np.eye(q).ravel(), 0.0
    for _ in range(SWEEPS):
        state = matrix @ state
        grown = float(np.trace(state.reshape(q, q)))
        if grown == 0 or abs(grown - radius) <= STEADY * grown:
            return grown
        state, radius = state / grown, grown
    return radius

"""Gaussian series of known covariance and memory, drawn plainly, from the exact start.

$x_{t+1} = Ax_t + \\xi_t$: the covariance solves $V = AVA^\\top + Q$, and
$E[x_{t+k}x_t^\\top] = A^kV$.
"""

import numpy as np
from scipy.linalg import solve_discrete_lyapunov


def stationary(step, kick):
    """Covariance of the series."""
    return solve_discrete_lyapunov(np.asarray(step), np.asarray(kick))


def draw(rng, step, kick, replicas, times):
    """Series (replicas, times, m)."""
    step, kick = np.asarray(step, dtype=float), np.asarray(kick, dtype=float)
    m = len(step)
    root = np.linalg.cholesky(kick)
    x = rng.normal(size=(replicas, m)) @ np.linalg.cholesky(stationary(step, kick)).T
    series = np.empty((replicas, times, m))
    for t in range(times):
        series[:, t] = x
        x = x @ step.T + rng.normal(size=(replicas, m)) @ root.T
    return series


def modes(rng, memory, variances, replicas, times):
    """Independent AR(1) modes of given memory a and variance."""
    memory, variances = np.asarray(memory), np.asarray(variances)
    kick = np.diag(variances * (1 - memory**2))
    return draw(rng, np.diag(memory), kick, replicas, times)

"""Gradient descent from many starts, written out: what theory of trajectories claims.

Starts and targets come as clouds of few points with exactly the mean and covariance of
the ensemble, so second moments agree to rounding, without a draw.
"""

import numpy as np


def descend(inputs, targets, starts, rate, steps, decay=0.0):
    """Weights (steps, replicas, k, d), the start included; targets may be per start."""
    weights, path = np.array(starts, dtype=float), []
    for _ in range(steps):
        path.append(weights)
        gap = weights @ inputs.T - np.swapaxes(targets, -1, -2)
        weights = weights - rate * (gap @ inputs / len(inputs) + decay * weights)
    return np.array(path)


def kernel_descend(kernel, targets, starts, rate, steps):
    """Predictions (steps, replicas, n) of f <- f - rate / n K (f - y)."""
    values, path = np.array(starts, dtype=float), []
    for _ in range(steps):
        path.append(values)
        values = values - rate / len(kernel) * (values - targets) @ kernel
    return np.array(path)


def moments(points):
    """Mean and covariance of equally likely points (..., p)."""
    flat = points.reshape(-1, points.shape[-1])
    mean = flat.mean(0)
    return mean, (flat - mean).T @ (flat - mean) / len(flat)


def cloud(factor):
    """Points (2c, p) of mean zero and covariance F F^T, F of shape (p, c)."""
    columns = np.sqrt(factor.shape[1]) * factor.T
    return np.concatenate([columns, -columns])

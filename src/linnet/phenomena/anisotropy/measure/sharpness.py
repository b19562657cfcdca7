"""Sharpness of the loss around given weights, from products with its Hessian."""

import numpy as np

from linnet.network import (
    Weights,
    check_weights,
    end_to_end,
    flatten,
    unflatten,
    widths,
)
from linnet.task import Moments

TINY = 1e-30  # imaginary step; its square vanishes beside one, nothing is subtracted
FEW = 20  # weights up to which the whole Hessian is looked at


def sharpness(weights: Weights, moments: Moments) -> float:
    r"""Largest eigenvalue of the Hessian of the loss by all weights, at any depth.

    Lanczos on products with the Hessian, each from one gradient at
    $\theta + i\epsilon v$: the gradient is a polynomial, so that its imaginary part
    over $\epsilon$ is the product to rounding. Exact: no error bar.

    Args:
        weights: Layers, first layer first, at a minimizer or anywhere.
        moments: Data or population.

    Raises:
        ValueError: when the weights do not fit the moments or are not finite.

    Example:
        >>> import numpy as np
        >>> from linnet.task import Moments
        >>> one = Moments(np.eye(1), np.eye(1), np.eye(1))
        >>> round(sharpness((np.eye(1), np.eye(1)), one), 6)
        2.0
    """
    from scipy.sparse.linalg import LinearOperator, eigsh

    k, d = moments.yx.shape
    check_weights(weights, d, k)
    center, sizes = flatten(weights), widths(weights)

    def product(vector: np.ndarray) -> np.ndarray:
        moved = unflatten(center + 1j * TINY * vector.ravel(), sizes)
        return _gradient(moved, moments).imag / TINY

    size = len(center)
    if size <= FEW:
        hessian = np.array([product(row) for row in np.eye(size)])
        return float(np.linalg.eigvalsh((hessian + hessian.T) / 2)[-1])
    start = np.random.default_rng(0).standard_normal(size)
    operator = LinearOperator((size, size), matvec=product, dtype=float)
    top = eigsh(operator, k=1, which="LA", v0=start, return_eigenvectors=False)
    return float(top[0])


def _gradient(weights: Weights, moments: Moments) -> np.ndarray:
    """Of the loss, by the chain rule; of complex weights too."""
    pull = end_to_end(weights) @ moments.xx - moments.yx
    slopes = []
    for at in range(len(weights)):
        above, below = weights[at + 1 :], weights[:at]
        slope = end_to_end(above).T @ pull if above else pull
        slopes.append(slope @ end_to_end(below).T if below else slope)
    return flatten(tuple(slopes))

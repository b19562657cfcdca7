r"""Tangent kernel and Hessian of two layers, as operators on maps.

Row-major: a map $D$ of shape `(k, d)` is the vector `D.ravel()`.
"""

import numpy as np

from linnet.network import Weights, check_weights
from linnet.shapes import Float
from linnet.task import Moments

DENSE = 3000  # numbers in a map up to which every block is diagonalized


def tangent_operator(
    weights: Weights, gradient: Float[np.ndarray, "k d"]
) -> Float[np.ndarray, "k d"]:
    r"""Tangent kernel: $\Theta[D] = W_2W_2^\top D + D\,W_1^\top W_1$.

    The flow of the product is $\dot W = -\Theta[G]$ for any loss with gradient $G$.

    Valid for: any two layers.

    Args:
        weights: Both layers.
        gradient: $D$.

    Returns:
        $\Theta[D]$.

    Raises:
        ValueError: when `weights` are not two layers, or `gradient` does not fit them.

    Reference: known; derived here.
    """
    outputs, inputs = _kernels(weights)
    if np.shape(gradient) != (len(outputs), len(inputs)):
        raise ValueError(
            f"Argument `gradient` must be (k, d) = ({len(outputs)}, {len(inputs)}), but"
            f" has shape {np.shape(gradient)}."
        )
    return outputs @ gradient + gradient @ inputs


def tangent_spectrum(weights: Weights) -> Float[np.ndarray, " kd"]:
    r"""Eigenvalues of the tangent kernel: all sums of one of each layer's.

    $\Theta = W_2W_2^\top\otimes I_d + I_k\otimes W_1^\top W_1$, so its eigenvalues are
    $a_i + b_j$ with $a$ those of $W_2W_2^\top$ and $b$ those of $W_1^\top W_1$.

    Valid for: any two layers.

    Args:
        weights: Both layers.

    Returns:
        All $kd$ of them, downwards.

    Raises:
        ValueError: when `weights` are not two layers.

    Reference: derived here.
    """
    outputs, inputs = (np.linalg.eigvalsh(kernel) for kernel in _kernels(weights))
    return np.sort(np.add.outer(outputs, inputs), axis=None)[::-1]


def sharpness_spectrum(
    weights: Weights, moments: Moments, count: int
) -> Float[np.ndarray, " count"]:
    r"""Largest eigenvalues of the Hessian of the loss at a minimizer.

    The non-zero ones are those of
    $$D\mapsto W_2W_2^\top D\,\mathtt{xx} + D\,\mathtt{xx}^{1/2}W_1^\top W_1
      \mathtt{xx}^{1/2}.$$
    In the eigenbasis of $W_2W_2^\top$ these are $k$ problems of size $d$, solved whole
    up to `DENSE` numbers in a map; beyond, Lanczos finds the largest.

    Valid for: two layers at a minimizer of the loss (elsewhere the residual adds an
    indefinite part). Gradient descent is stable there for a learning rate below two
    over the first of them.

    Args:
        weights: Both layers.
        moments: Data or population.
        count: How many, at most $kd$.

    Returns:
        Eigenvalues, downwards.

    Raises:
        ValueError: when the weights are not two layers that fit the moments, or `count`
            is out of range.

    Reference: derived here.
    """
    k, d = moments.yx.shape
    check_weights(weights, d, k)
    if not 1 <= count <= k * d:
        raise ValueError(
            f"Argument `count` must lie in [1, k d] = [1, {k * d}], but is {count}."
        )
    outputs, inputs = _kernels(weights)
    eigenvalues, basis = np.linalg.eigh(moments.xx)
    root = (basis * np.sqrt(np.maximum(eigenvalues, 0))) @ basis.T
    levels, inner = np.linalg.eigvalsh(outputs), root @ inputs @ root
    if k * d > DENSE and count < k * d - 1:
        return _largest(levels, moments.xx, inner, count)
    blocks = [np.linalg.eigvalsh(level * moments.xx + inner) for level in levels]
    return np.sort(np.concatenate(blocks))[::-1][:count]


def _largest(
    levels: Float[np.ndarray, " k"],
    xx: Float[np.ndarray, "d d"],
    inner: Float[np.ndarray, "d d"],
    count: int,
) -> Float[np.ndarray, " count"]:
    """By Lanczos, from a start that is no accident of a random generator."""
    from scipy.sparse.linalg import LinearOperator, eigsh

    k, d = len(levels), len(xx)

    def apply(vector: Float[np.ndarray, " kd"]) -> Float[np.ndarray, " kd"]:
        given = vector.reshape(k, d)
        return (levels[:, None] * (given @ xx) + given @ inner).ravel()

    operator = LinearOperator((k * d, k * d), matvec=apply, dtype=float)
    # Not an eigenvector of anything, and not orthogonal to any by symmetry.
    start = 1 + np.sin(np.arange(1.0, k * d + 1))
    found = eigsh(operator, count, which="LA", v0=start, return_eigenvectors=False)
    return np.sort(found)[::-1]


def _kernels(
    weights: Weights,
) -> tuple[Float[np.ndarray, "k k"], Float[np.ndarray, "d d"]]:
    check_weights(weights)
    if len(weights) != 2:
        raise ValueError(
            f"Argument `weights` must be two layers, but holds {len(weights)}."
        )
    first, second = weights
    return second @ second.T, first.T @ first

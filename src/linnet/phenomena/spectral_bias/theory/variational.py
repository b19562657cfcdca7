r"""What the end of training minimizes: one choice, read as three problems.

Among all minimizers of the loss, training from an isotropic first layer picks the one
that minimizes a penalty of the parameters. The same choice is the solution of a convex
problem for the kernel $K = W_1^\top W_1$ and, mode by mode, of one for the product. All
three have the same least value.

Derived here. Which of these forms (or yet another) the paper prints is not known; their
common minimizer is what its statement is about.
"""

import numpy as np

from linnet.network import Weights, check_weights
from linnet.phenomena.spectral_bias.theory.layers import (
    end_to_end_limit,
    layer_singular_values,
)
from linnet.phenomena.spectral_bias.theory.refusals import check_gamma
from linnet.shapes import Float
from linnet.task import Moments


def parameter_penalty(weights: Weights, gamma: float) -> float:
    r"""Penalty of the parameters that the end of training minimizes.

    $$\tfrac12\lVert W_1\rVert_F^2 + \tfrac12\lVert W_2\rVert_F^2
      - \tfrac\gamma2\ln\det W_1^\top W_1$$
    among all $(W_1, W_2)$ that minimize the loss. For $\gamma\to0$ it is the least
    parameter norm, hence the nuclear norm of the product; the determinant is the
    barrier that keeps $\sqrt\gamma$ in every idle mode.

    Valid for: as `gram_matrices`.

    Args:
        weights: Both layers.
        gamma: $\gamma > 0$.

    Returns:
        The penalty; infinite where $W_1$ has dependent columns.

    Raises:
        ValueError: when `gamma` is not positive, or `weights` are not two layers.

    Reference: variational characterization stated by Varre et al. 2023; form derived
        here.
    """
    first, second = check_two_layers(weights, gamma)
    sign, logarithm = np.linalg.slogdet(first.T @ first)
    if sign <= 0 or len(first) < first.shape[1]:
        return float("inf")
    return float(((first**2).sum() + (second**2).sum() - gamma * logarithm) / 2)


def parameter_stationarity(weights: Weights, moments: Moments, gamma: float) -> float:
    r"""How far the parameters are from a constrained stationary point, relatively.

    With $V$ a basis of the inputs' row space the constraint is $W_2W_1V = W_\ast V$, so
    the gradient $(\nabla_1, \nabla_2)$ of `parameter_penalty` must be a combination
    $(W_2^\top\Lambda V^\top,\ \Lambda V^\top W_1^\top)$ of its normals; the best
    $\Lambda$ solves $W_2W_2^\top\Lambda + \Lambda V^\top W_1^\top W_1V =
    (W_2\nabla_1 + \nabla_2W_1)V$.

    Valid for: as `parameter_penalty`. Zero exactly when the imbalance is
    $-\gamma$ on what $W_1$ spans.

    Args:
        weights: Both layers, at a minimizer of the loss.
        moments: Data or population.
        gamma: $\gamma > 0$.

    Returns:
        Length of what no $\Lambda$ explains, over that of the plain part $(W_1, W_2)$.

    Raises:
        ValueError: when `gamma` is not positive, the weights are not two layers that
            fit the moments, or $W_1$ has dependent columns.

    Reference: derived here.
    """
    d = len(moments.xx)
    first, second = check_two_layers(weights, gamma, moments)
    left, size, right = np.linalg.svd(first, full_matrices=False)
    if len(size) < d or size[-1] <= 1e-14 * size[0]:
        raise ValueError(
            "Argument `weights` must have a first layer of independent columns, but"
            " its smallest singular value vanishes: the barrier is infinite there."
        )
    slope = (left * (size - gamma / size)) @ right
    span = moments.row_space()
    pull = (second @ slope + second @ first) @ span
    outputs, u = np.linalg.eigh(second @ second.T)
    inputs, v = np.linalg.eigh(span.T @ first.T @ first @ span)
    rates = np.maximum(outputs, 0)[:, None] + inputs
    multiplier = u @ ((u.T @ pull @ v) / rates) @ v.T @ span.T
    rest = [slope - second.T @ multiplier, second - multiplier @ first.T]
    return _norm(rest) / _norm([first, second])


def kernel_penalty(
    kernel: Float[np.ndarray, "d d"], moments: Moments, gamma: float
) -> tuple[float, Float[np.ndarray, "d d"]]:
    r"""Convex penalty of the kernel $K = W_1^\top W_1$, and its gradient.

    $$\tfrac12\big[\mathrm{tr}K - \gamma\ln\det K
      + \mathrm{tr}\,W_\ast V(V^\top KV)^{-1}V^\top W_\ast^\top\big],$$
    the trace promoting low rank. Its only minimizer is
    $K = \frac\gamma2I + (\frac{\gamma^2}4I + W_\ast^\top W_\ast)^{1/2}$.

    Valid for: $K\succ0$; as `gram_matrices`.

    Args:
        kernel: $K$.
        moments: Data or population.
        gamma: $\gamma > 0$.

    Returns:
        Value, and gradient (symmetric, zero at the minimizer).

    Raises:
        ValueError: when `gamma` is not positive, or `kernel` is not a positive definite
            matrix that fits the moments.

    Reference: derived here.
    """
    check_gamma(gamma)
    d = len(moments.xx)
    eigenvalues = np.linalg.eigvalsh(kernel) if kernel.shape == (d, d) else np.zeros(1)
    if not eigenvalues[0] > 0:
        raise ValueError(
            f"Argument `kernel` must be a positive definite matrix ({d}, {d}), but has"
            f" shape {kernel.shape} and smallest eigenvalue {eigenvalues[0]:.3g}."
        )
    span, product = moments.row_space(), end_to_end_limit(moments)
    # (V^T K V)^-1 V^T W_*^T: what the second layer has to make up for.
    needed = span @ np.linalg.solve(span.T @ kernel @ span, span.T @ product.T)
    value = np.trace(kernel) - gamma * np.log(eigenvalues).sum()
    value += np.sum(product.T * needed)
    slope = np.eye(d) - gamma * np.linalg.inv(kernel) - needed @ needed.T
    return float(value / 2), (slope + slope.T) / 4


def mode_penalty(
    sigma: Float[np.ndarray, "..."] | float, gamma: float
) -> Float[np.ndarray, "..."]:
    r"""Penalty of one singular value of the product.

    $$\psi_\gamma(\sigma) = \tfrac12\big[w_1^2 + w_2^2 - \gamma\ln w_1^2\big]$$ with the
    $w_1, w_2$ of `layer_singular_values`, which are the best for this $\sigma$; its
    slope is $w_2/w_1$. Summed over all $d$ modes, idle ones included, it is the least
    value of the other two forms.

    Valid for: as `layer_singular_values`.

    Args:
        sigma: $\sigma \ge 0$.
        gamma: $\gamma > 0$.

    Returns:
        $\psi_\gamma$, increasing and convex in $\sigma$.

    Raises:
        ValueError: when `gamma` is not positive, or a `sigma` negative or not finite.

    Reference: derived here.
    """
    first, second = layer_singular_values(sigma, gamma)
    return (first**2 + second**2 - 2 * gamma * np.log(first)) / 2


def check_two_layers(
    weights: Weights, gamma: float, moments: Moments | None = None
) -> tuple[Float[np.ndarray, "h d"], Float[np.ndarray, "k h"]]:
    """Both layers, or a refusal.

    Raises:
        ValueError: when `gamma` is not positive, or `weights` are not two layers that
            fit the moments, if any are given.
    """
    check_gamma(gamma)
    k, d = (None, None) if moments is None else moments.yx.shape
    check_weights(weights, d, k)
    if len(weights) != 2:
        raise ValueError(
            f"Argument `weights` must be two layers, but holds {len(weights)}."
        )
    first, second = weights
    return first, second


def _norm(parts: list[np.ndarray]) -> float:
    return float(np.sqrt(sum((part**2).sum() for part in parts)))

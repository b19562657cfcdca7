r"""Starts other than the isotropic first layer: what the product still tells."""

import numpy as np

from linnet.phenomena.spectral_bias.theory.layers import (
    end_to_end_limit,
    gram_matrices,
    layer_singular_values,
)
from linnet.phenomena.spectral_bias.theory.refusals import check_gamma, check_product
from linnet.shapes import Float
from linnet.task import Moments


def balanced_gram_matrices(
    product: Float[np.ndarray, "k d"], balance: float
) -> tuple[Float[np.ndarray, "d d"], Float[np.ndarray, "k k"]]:
    r"""Gram matrices of both layers of a balanced start, given only their product.

    With $\mathcal I = W_2^\top W_2 - W_1W_1^\top = \lambda I_h$,
    $$W_1^\top W_1 = -\tfrac\lambda2I_d + \big(\tfrac{\lambda^2}4I_d + W^\top
    W\big)^{1/2}, \qquad
    W_2W_2^\top = \tfrac\lambda2I_k + \big(\tfrac{\lambda^2}4I_k + WW^\top\big)^{1/2}.$$

    Valid for: $\lambda < 0$ with $h = d$ (as `gram_matrices` with $\gamma = -\lambda$),
    $\lambda > 0$ with $h = k$, $\lambda = 0$ with any width at least the rank; any loss
    of the product, every time of the flow.

    Args:
        product: $W$ at any one time; it need not start at zero.
        balance: $\lambda$, as in `LambdaBalanced`.

    Returns:
        $W_1^\top W_1$ and $W_2W_2^\top$, symmetric.

    Raises:
        ValueError: when `balance` is not finite, or `product` is no finite matrix.

    Reference: derived here.
    """
    if not np.isfinite(balance):
        raise ValueError(f"Argument `balance` must be finite, but is {balance}.")
    check_product(product)
    if balance < 0:
        return gram_matrices(product, -balance)
    if balance > 0:  # the same network seen from its output
        outputs, inputs = gram_matrices(product.T, balance)
        return inputs, outputs
    left, sigma, right = np.linalg.svd(product, full_matrices=False)
    return (right.T * sigma) @ right, (left * sigma) @ left.T


def orthogonal_gram_matrices(
    product: Float[np.ndarray, "k d"], gamma: float
) -> tuple[Float[np.ndarray, "d d"], Float[np.ndarray, "k k"]]:
    r"""Gram matrices of two layers that start orthogonal, given only their product.

    $$W_1^\top W_1 = (\gamma^2I_d + W^\top W)^{1/2},\qquad
      W_2W_2^\top = (\gamma^2I_k + WW^\top)^{1/2}.$$
    The flow multiplies the stacked layers from the left by matrices that preserve the
    form $J = \mathrm{diag}(I_d, -I_k)$, so $MJM = \gamma^2J$ at all times. Each layer's
    idle singular values stay at $\sqrt\gamma$, and $\delta = \gamma$ in every law.

    Valid for: `OrthogonalLayers`, the limit of wide Gaussian layers; any loss of the
    product, every time of the flow.

    Args:
        product: $W$ at any one time.
        gamma: $\gamma > 0$.

    Returns:
        $W_1^\top W_1$ and $W_2W_2^\top$, symmetric.

    Raises:
        ValueError: when `gamma` is not positive, or `product` is no finite matrix.

    Reference: derived here.
    """
    check_gamma(gamma)
    check_product(product)
    left, sigma, right = np.linalg.svd(product, full_matrices=False)
    # What a mode adds to the idle level, free of cancellation.
    grown = sigma * (sigma / (np.hypot(gamma, sigma) + gamma))
    k, d = product.shape
    inputs = gamma * np.eye(d) + (right.T * grown) @ right
    return inputs, gamma * np.eye(k) + (left * grown) @ left.T


def unseen_product(
    first: Float[np.ndarray, "h d"],
    second: Float[np.ndarray, "k h"],
    moments: Moments,
) -> Float[np.ndarray, "k d"]:
    r"""Part of the product that answers inputs no data have: $W_2(t)\,W_1(0)P_\perp$.

    With $P_\perp$ the projector on the complement of the inputs' row space,
    $W_1(t)P_\perp = W_1(0)P_\perp$ never moves. An isotropic first layer with a zero
    second one turns this into nothing (its $W_2$ stays orthogonal to it); a drawn one
    does not, so it ends off the least-norm solution.

    Valid for: any start, flow, descent, momentum and minibatch SGD alike.

    Args:
        first: $W_1(0)$, at the start.
        second: $W_2(t)$, at any later time.
        moments: Data or population.

    Returns:
        $W(t)P_\perp$.

    Raises:
        ValueError: when the layers do not fit the moments.

    Reference: derived here.
    """
    k, d = moments.yx.shape
    if first.shape[1:] != (d,) or second.shape != (k, len(first)):
        raise ValueError(
            f"Arguments `first` and `second` must be (h, {d}) and ({k}, h), but have"
            f" shapes {first.shape} and {second.shape}."
        )
    span = moments.row_space()
    return second @ (first - (first @ span) @ span.T)


def gaussian_deviation(
    moments: Moments, gamma: float, width: int, both: bool = False
) -> float:
    r"""How far a Gaussian start ends from the least-norm solution, root mean square.

    The unseen product is $W_2(\infty)\,W_1(0)P_\perp$ (`unseen_product`). Training
    looks only at the seen part of $W_1(0)$, of which the unseen part is independent, so
    that over the draws, with $r$ the rank of the inputs,
    $$\mathbb E\lVert W_\infty - W_*\rVert_F^2
      = \frac{\gamma\,(d-r)}h\;\mathbb E\lVert W_2(\infty)\rVert_F^2,\qquad
      \lVert W_2(\infty)\rVert_F^2 \to \begin{cases}
      \frac12\sum_{i\le k}(\sqrt{\gamma^2+4\sigma_i^2}-\gamma)
        & W_2(0) = 0,\\
      \sum_{i\le k}\sqrt{\gamma^2+\sigma_i^2} & \text{both layers drawn,}\end{cases}$$
    where $\sigma_i$ are the singular values of $W_*$. The first equation is exact at
    every width. The limits are those of wide layers, whose seen part is isotropic, and
    of $\gamma\to0$ at any width, where the layers are balanced: then the deviation is
    $\sqrt{\gamma(d-r)\lVert W_*\rVert_*/h}$, the nuclear norm under the root. For
    $\gamma\to\infty$ and $W_2(0) = 0$ it is exactly $\sqrt{(d-r)/(h-r-1)}$ times the
    norm of $W_*$: a relative correction of $(r+1)/h$ to the square.

    Valid for: two layers, $W_1(0)$ with entries $N(0,\gamma/h)$; end of gradient flow;
    relative corrections $O(r/h)$ to the square, which vanish with $\gamma$.

    Args:
        moments: Data or population.
        gamma: $\gamma > 0$.
        width: $h$, at least 1.
        both: Whether the second layer is drawn as well, with the same variance.

    Returns:
        Root of the mean square, in units of $\lVert W_*\rVert_F$.

    Raises:
        ValueError: when `gamma` is not positive, `width` is below 1, or the least-norm
            solution is zero, of which nothing is a multiple.

    Reference: derived here.
    """
    check_gamma(gamma)
    if width < 1:
        raise ValueError(f"Argument `width` must be at least 1, but is {width}.")
    limit = end_to_end_limit(moments)
    k, d = limit.shape
    sigma = np.zeros(k)
    sigma[: min(k, d)] = np.linalg.svd(limit, compute_uv=False)
    if not sigma.any():
        raise ValueError(
            "The least-norm solution must not be zero, but is: a deviation has no"
            " unit there."
        )
    seen = moments.row_space().shape[1]
    squares = (
        np.hypot(gamma, sigma) if both else layer_singular_values(sigma, gamma)[1] ** 2
    )
    share = gamma * squares.sum() / (sigma**2).sum()
    return float(np.sqrt((d - seen) / width * share))

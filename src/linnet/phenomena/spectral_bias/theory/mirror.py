r"""The hidden mirror flow: singular values that descend in a geometry of their own."""

import numpy as np

from linnet.phenomena.spectral_bias.theory.refusals import (
    check_not_negative,
    check_positive,
    check_product,
)
from linnet.shapes import Float
from linnet.task import Moments


def hyperbolic_entropy(
    sigma: Float[np.ndarray, "..."] | float, delta: float
) -> Float[np.ndarray, "..."]:
    r"""Potential of the hidden mirror flow.

    $$\phi_\delta(\sigma) = \sigma\,\mathrm{arcsinh}\frac\sigma\delta
      - \sqrt{\sigma^2 + \delta^2} + \delta.$$
    Its Hessian $1/\sqrt{\sigma^2+\delta^2}$ is half the inverse of the mobility of a
    singular value. The difference of the last two terms is formed as a ratio: it
    cancels for $\delta\gg\sigma$.

    Valid for: $\delta > 0$. For $\delta\gg\sigma$ it tends to $\sigma^2/2\delta$ (the
    Frobenius norm), for $\delta\ll\sigma$ to $\sigma\ln(2\sigma/\delta) - \sigma$: the
    nuclear norm, which it approaches in units of $\ln(1/\delta)$ only.

    Args:
        sigma: $\sigma \ge 0$.
        delta: $\delta > 0$, width of the mirror map.

    Returns:
        $\phi_\delta \ge 0$.

    Raises:
        ValueError: when a `sigma` is negative or not finite, or `delta` not positive.

    Reference: hidden mirror flow stated by Varre et al. 2023; formula derived here.
    """
    check_not_negative("sigma", sigma)
    check_positive("delta", delta)
    sigma = np.asarray(sigma, dtype=float)
    root = np.hypot(sigma, delta)
    return sigma * np.arcsinh(sigma / delta) - sigma * (sigma / (root + delta))


def singular_value_velocity(
    product: Float[np.ndarray, "k d"], moments: Moments, delta: float
) -> Float[np.ndarray, " r"]:
    r"""Velocity of every singular value of the product.

    $$\dot\sigma_i = -2\sqrt{\delta^2 + \sigma_i^2}\;u_i^\top G v_i
      \iff \frac{d}{dt}\phi_\delta'(\sigma_i) = -2\,\frac{\partial L}{\partial\sigma_i},
      \qquad G = W\mathtt{xx} - \mathtt{yx}.$$

    Valid for: as `flow_velocity`, where the singular values are distinct. Where they
    are tied only the sum over the tie has a meaning.

    Args:
        product: $W = \sum_i\sigma_iu_iv_i^\top$.
        moments: Data or population.
        delta: $\delta \ge 0$, width of the mirror map.

    Returns:
        $\dot\sigma_i$, the singular values downwards, min(k, d) of them.

    Raises:
        ValueError: when `delta` is negative, or `product` does not fit the moments.

    Reference: hidden mirror flow stated by Varre et al. 2023; formula derived here.
    """
    check_not_negative("delta", delta)
    check_product(product, moments.yx.shape)
    left, sigma, right = np.linalg.svd(product, full_matrices=False)
    slope = np.einsum("ai,ab,ib->i", left, product @ moments.xx - moments.yx, right)
    return -2 * np.hypot(delta, sigma) * slope


def mirror_mobility(
    sigma: Float[np.ndarray, " r"], delta: float
) -> tuple[Float[np.ndarray, "r r"], Float[np.ndarray, "r r"]]:
    r"""Mobilities of the mirror flow of $\sum_i\phi_\delta(\sigma_i)$, entry by entry.

    Its Hessian in the frame of the singular vectors has divided differences of the
    mirror map: with $u_i = \mathrm{arcsinh}(\sigma_i/\delta)$ the symmetric part
    of entry $(i, j)$ moves at $2\frac{\sigma_i-\sigma_j}{u_i-u_j}$ times the pull, the
    antisymmetric part at $2\frac{\sigma_i+\sigma_j}{u_i+u_j}$ times. The flow of a
    network is faster by `mirror_defect`.

    Valid for: $\delta > 0$; at a tie the limit, $2\sqrt{\delta^2+\sigma^2}$.

    Args:
        sigma: $\sigma \ge 0$.
        delta: $\delta > 0$.

    Returns:
        Mobilities of both parts, positive.

    Raises:
        ValueError: when a `sigma` is negative or not finite, or `delta` not positive.

    Reference: derived here.
    """
    check_not_negative("sigma", sigma)
    check_positive("delta", delta)
    u = np.arcsinh(np.asarray(sigma, dtype=float) / delta)
    middle, apart = (u[:, None] + u) / 2, (u[:, None] - u) / 2
    # sinh u_i -+ sinh u_j as products: no difference of near numbers.
    symmetric = np.cosh(middle) * _sinh_over(apart)
    return 2 * delta * symmetric, 2 * delta * np.cosh(apart) * _sinh_over(middle)


def mirror_defect(
    sigma: Float[np.ndarray, " r"], delta: float
) -> tuple[Float[np.ndarray, "r r"], Float[np.ndarray, "r r"]]:
    r"""How much faster singular vectors turn than the spectral mirror flow would.

    In their frame, with $u_i = \mathrm{arcsinh}(\sigma_i/\delta)$, the mobility of the
    symmetric part of entry $(i, j)$ exceeds that of the mirror flow of
    $\sum_i\phi_\delta(\sigma_i)$ by $x/\tanh x$, $x = (u_i - u_j)/2$; that of the
    antisymmetric part by $m/\tanh m$, $m = (u_i + u_j)/2$. Both are 1 only at zero: the
    mirror flow of the singular values is exact, that of the matrix is not.

    Valid for: as `flow_velocity`, $\delta > 0$.

    Args:
        sigma: $\sigma \ge 0$.
        delta: $\delta > 0$.

    Returns:
        Ratios of the symmetric and of the antisymmetric part, at least 1.

    Raises:
        ValueError: when a `sigma` is negative or not finite, or `delta` not positive.

    Reference: derived here.
    """
    check_not_negative("sigma", sigma)
    check_positive("delta", delta)
    u = np.arcsinh(np.asarray(sigma, dtype=float) / delta)
    return _over_tanh((u[:, None] - u) / 2), _over_tanh((u[:, None] + u) / 2)


def _sinh_over(x: Float[np.ndarray, "r r"]) -> Float[np.ndarray, "r r"]:
    r"""$\sinh(x)/x$, 1 at zero."""
    safe = np.where(x == 0, 1.0, x)
    return np.where(x == 0, 1.0, np.sinh(safe) / safe)


def _over_tanh(x: Float[np.ndarray, "r r"]) -> Float[np.ndarray, "r r"]:
    r"""$x/\tanh x$, 1 at zero."""
    safe = np.where(x == 0, 1.0, x)
    return np.where(x == 0, 1.0, safe / np.tanh(safe))

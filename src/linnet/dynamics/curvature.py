r"""How sharply the loss can bend: an upper bound of its Hessian's spectral radius.

Along a unit direction with parts $x_l$ in the layers, the second derivative is that of
the product's square, at most $\lambda_{\max}\sum_l\prod_{m\ne l}\lvert W_m\rvert^2$ by
Cauchy's inequality, plus $2\sum_{l<m}\lvert G\rvert\,x_lx_m\prod_{j\ne l,m}\lvert
W_j\rvert$ at most, where $2x_lx_m\le1$. Derived here.
"""

import itertools

import jax.numpy as jnp
from jaxtyping import Array, Float

from linnet.dynamics.gradient import Layers
from linnet.network import end_to_end


def hessian_bound(
    weights: Layers, variances: Float[Array, " r"], yx: Float[Array, "k r"]
) -> Float[Array, ""]:
    r"""Upper bound of the spectral radius of the Hessian, at any depth.

    $\lambda_{\max}\sum_l\prod_{m\ne l}\lvert W_m\rvert^2
    + \lvert G\rvert\sum_{l<m}\prod_{j\ne l,m}\lvert W_j\rvert$; for two layers
    $\lambda_{\max}(\lvert W_1\rvert^2 + \lvert W_2\rvert^2) + \lvert G\rvert$. Spectral
    norms are bounded by Schatten norms of order 8: close to them, free of iterations.
    """
    norms = [schatten_norm(layer) for layer in weights]
    one = jnp.ones_like(norms[0])
    curvature = jnp.zeros_like(one)
    for left_out in range(len(norms)):
        curvature += _product(norms, {left_out}, one) ** 2
    residual = jnp.zeros_like(one)
    for pair in itertools.combinations(range(len(norms)), 2):
        residual += _product(norms, set(pair), one)
    gradient = end_to_end(weights) * variances[None] - yx
    return variances.max() * curvature + jnp.linalg.norm(gradient) * residual


def schatten_norm(layer: Float[Array, "out in"]) -> Float[Array, ""]:
    r"""Schatten norm of order 8, $(\sum_i s_i^8)^{1/8}$, at least the largest $s_i$."""
    # Powers of numbers near one: 32-bit floats do not hold the eighth power of 1e-5.
    size = jnp.linalg.norm(layer)
    unit = layer / jnp.where(size > 0, size, 1)
    small = unit if layer.shape[0] <= layer.shape[1] else unit.T
    gram = small @ small.T
    return size * jnp.linalg.norm(gram @ gram) ** 0.25


def _product(
    norms: list[Float[Array, ""]], left_out: set[int], one: Float[Array, ""]
) -> Float[Array, ""]:
    """Product of the norms of all layers but those left out."""
    product = one
    for at, norm in enumerate(norms):
        if at not in left_out:
            product = product * norm
    return product

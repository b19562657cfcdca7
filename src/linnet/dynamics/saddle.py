r"""Whether a place of rest is a saddle, and how long training will stay there.

A small gradient says nothing: at a saddle it is small too. Lanczos on the Hessian,
started along the gradient, finds the ways down that the gradient excites at all, the
only ones that training without noise can take. Along one of curvature $-r$ the part
$g_u$ of the gradient grows as $e^{rt}$, so the loss falls by $g_u^2(e^{2rt} - 1)/2r$;
the way that is first to have fallen far enough is taken. Derived here.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float

from linnet.dynamics.gradient import Layers, Stacked, moment_gradients

KRYLOV = 60  # directions looked at
ROUNDING = 1e-10  # curvatures below this share of the largest one are none


def ways_down(
    layers: Stacked, data: tuple[Array, Array]
) -> tuple[Float[np.ndarray, "replicas ways"], Float[np.ndarray, "replicas ways"]]:
    """Growth rates along the ways down, and the squared gradient along each.

    Args:
        layers: Weights whose first layer takes the coordinates of the row space.
        data: Variances and cross moment in these coordinates.

    Returns:
        Both for every replica; rates of directions that do not lead down are zero.
    """
    count = min(KRYLOV, sum(layer[0].size for layer in layers))
    size, diagonal, beside = (
        np.asarray(part, float) for part in _lanczos(layers, data, count)
    )
    small = np.zeros((len(size), count, count))
    rows = np.arange(count)
    small[:, rows, rows] = diagonal
    small[:, rows[1:], rows[:-1]] = beside[:, :-1]
    curvatures, vectors = np.linalg.eigh(small)  # of the lower triangle
    none = -ROUNDING * np.abs(curvatures).max(1, keepdims=True)
    rates = np.where(curvatures < none, -curvatures, 0.0)
    return rates, (size[:, None] * vectors[:, 0]) ** 2


def time_to_fall(
    drop: Float[np.ndarray, " replicas"],
    rates: Float[np.ndarray, "replicas ways"],
    pulls: Float[np.ndarray, "replicas ways"],
) -> Float[np.ndarray, " replicas"]:
    """Time in which the loss falls by `drop` along the first of the ways down.

    Infinite where there is none.
    """
    leads = (rates > 0) & (pulls > 0)
    r, p = np.where(leads, rates, 1.0), np.where(leads, pulls, 1.0)
    # In two logarithms: a pull may be too small for its inverse to be a number.
    grown = np.logaddexp(0.0, np.log(2 * r * drop[:, None]) - np.log(p))
    return np.where(leads, grown / (2 * r), np.inf).min(1)


@partial(jax.jit, static_argnames="count")
def _lanczos(
    layers: Stacked, data: tuple[Array, Array], count: int
) -> tuple[
    Float[Array, " replicas"],
    Float[Array, "replicas {count}"],
    Float[Array, "replicas {count}"],
]:
    """Gradient norm, and the Hessian's tridiagonal matrix from there."""

    def one(weights: Layers) -> tuple[Array, Array, Array]:
        slope = moment_gradients(weights, *data)
        flat, shaped = ravel_pytree(slope)
        size = jnp.linalg.norm(flat)
        tiny = jnp.finfo(flat.dtype).tiny

        def curve(vector: Array) -> Array:
            _, bent = jax.jvp(
                lambda at: moment_gradients(at, *data), (weights,), (shaped(vector),)
            )
            return ravel_pytree(bent)[0]

        def grow(
            at: Array, state: tuple[Array, Array, Array]
        ) -> tuple[Array, Array, Array]:
            basis, diagonal, beside = state
            bent = curve(basis[at])
            scale = jnp.linalg.norm(bent)
            diagonal = diagonal.at[at].set(basis[at] @ bent)
            for _ in range(2):  # twice is enough
                bent = bent - basis.T @ (basis @ bent)
            left = jnp.linalg.norm(bent)
            # Where the space is exhausted all that is left is rounding.
            is_new = left > 1e3 * jnp.finfo(flat.dtype).eps * scale
            beside = beside.at[at].set(jnp.where(is_new, left, 0))
            new = jnp.where(is_new, bent / jnp.maximum(left, tiny), 0)
            return basis.at[at + 1].set(new), diagonal, beside

        none = jnp.zeros(count, flat.dtype)
        basis = jnp.zeros((count + 1, flat.size), flat.dtype)
        basis = basis.at[0].set(flat / jnp.maximum(size, tiny))
        _, diagonal, beside = jax.lax.fori_loop(0, count, grow, (basis, none, none))
        return size, diagonal, beside

    return jax.vmap(one)(layers)

r"""Whether a place of rest is a saddle, and how long training will stay there.

A small gradient says nothing: at a saddle it is small too. Lanczos on the Hessian,
started along the gradient, finds the directions that the gradient excites at all, the
only ones that training without noise can take. Along one of curvature $-r$ the part
$g_u$ of the gradient goes as $e^{rt}$, so the loss falls by $g_u^2(e^{2rt} - 1)/2r$:
without end where $r > 0$, by a finite amount where $r < 0$. Derived here.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float

from linnet.dynamics.gradient import Layers, Stacked, moment_gradients
from linnet.dynamics.reduction import StackedWeights

Data = tuple[Float[np.ndarray, " r"], Float[np.ndarray, "k r"]]

KRYLOV = 60  # directions looked at
ROUNDING = 1e-10  # curvatures below this share of the largest one are none
LONGEST = 1e16  # over the largest curvature: what takes longer, takes for ever


def ways_down(
    layers: StackedWeights, data: Data
) -> tuple[Float[np.ndarray, "replicas ways"], Float[np.ndarray, "replicas ways"]]:
    """Growth rates of the gradient along its ways, and its square along each.

    In 64 bits whatever the precision of the run: slow ways are told by small numbers.

    Args:
        layers: Weights whose first layer takes the coordinates of the row space.
        data: Variances and cross moment in these coordinates.

    Returns:
        Both for every replica; a rate is positive where the way is ever steeper.
    """
    count = min(KRYLOV, sum(layer[0].size for layer in layers))
    with jax.enable_x64(True):
        whole = tuple(jnp.asarray(layer, float) for layer in layers)
        moments = jnp.asarray(data[0], float), jnp.asarray(data[1], float)
        size, diagonal, beside = map(np.asarray, _lanczos(whole, moments, count))
    small = np.zeros((len(size), count, count))
    rows = np.arange(count)
    small[:, rows, rows] = diagonal
    small[:, rows[1:], rows[:-1]] = beside[:, :-1]
    curvatures, vectors = np.linalg.eigh(small)  # of the lower triangle
    none = ROUNDING * np.abs(curvatures).max(1, keepdims=True)
    rates = np.where(np.abs(curvatures) > none, -curvatures, 0.0)
    return rates, (size[:, None] * vectors[:, 0]) ** 2


def time_to_fall(
    drop: Float[np.ndarray, " replicas"],
    rates: Float[np.ndarray, "replicas ways"],
    pulls: Float[np.ndarray, "replicas ways"],
) -> Float[np.ndarray, " replicas"]:
    """Time in which the loss falls by `drop` along all ways together.

    Infinite where they do not lead so far down.
    """
    fastest = np.abs(rates).max(1)
    unit = np.where(fastest > 0, fastest, 1.0)
    low = np.full(len(drop), np.log(1e-16))
    high = np.full(len(drop), np.log(LONGEST))
    goal = np.log(drop)
    never = _log_fall(np.exp(high) / unit, rates, pulls) < goal
    for _ in range(60):  # of its logarithm: a fall only grows
        middle = (low + high) / 2
        reached = _log_fall(np.exp(middle) / unit, rates, pulls) >= goal
        low, high = np.where(reached, low, middle), np.where(reached, middle, high)
    return np.where(never, np.inf, np.exp(high) / unit)


def _log_fall(
    time: Float[np.ndarray, " replicas"],
    rates: Float[np.ndarray, "replicas ways"],
    pulls: Float[np.ndarray, "replicas ways"],
) -> Float[np.ndarray, " replicas"]:
    """Logarithm of the fall: the exponentials themselves would overflow."""
    x = 2 * rates * time[:, None]
    size = np.maximum(np.abs(x), 1e-300)
    # ln((e^x - 1) / x), of either sign, with the growth taken out.
    shape = np.maximum(x, 0) + np.log(-np.expm1(-size)) - np.log(size)
    with np.errstate(divide="ignore"):
        return np.log(time) + np.logaddexp.reduce(np.log(pulls) + shape, axis=1)


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

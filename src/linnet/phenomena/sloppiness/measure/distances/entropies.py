r"""Jensen-Shannon divergences of many pairs of models, summed over samples.

Panels hold probabilities, `(samples, classes, models)`. With $m = (p + q) / 2$,

* `mixed` sums $-\sum_c m \ln m$, the entropy of the mixture, one logarithm a class;
* `near` sums the divergence itself, for close pairs:
  $\frac12 \sum_c m\,[\ln(1 - \delta^2) + 2\delta\,\mathrm{artanh}\,\delta]$ with
  $\delta = (p - q) / (p + q)$, in which nothing large cancels.

Both need a 64-bit scope around them: sums over samples are in double precision.
"""

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax


@jax.jit
def mixed(total: Any, left: Any, right: Any) -> Any:
    """Entropies of the mixtures of all pairs, added to `total`."""
    return _summed(total, left, right, _entropy_term)


@jax.jit
def near(total: Any, left: Any, right: Any) -> Any:
    """Divergences of all pairs, added to `total`."""
    return _summed(total, left, right, _divergence_term)


def _summed(total: Any, left: Any, right: Any, term: Any) -> Any:
    def sample(at: Any, total: Any) -> Any:
        rows, columns = left[at], right[at]

        def one_class(c: Any, so_far: Any) -> Any:
            return so_far + term(rows[c][:, None], columns[c][None, :])

        nothing = jnp.zeros(total.shape, left.dtype)
        found = lax.fori_loop(0, left.shape[1], one_class, nothing)
        return total + found.astype(total.dtype)

    return lax.fori_loop(0, left.shape[0], sample, total)


def _entropy_term(p: Any, q: Any) -> Any:
    mixture = (p + q) / 2
    tiny = jnp.finfo(mixture.dtype).tiny
    return -mixture * jnp.log(jnp.maximum(mixture, tiny))


def _divergence_term(p: Any, q: Any) -> Any:
    both = p + q
    limits = jnp.finfo(both.dtype)
    delta = (p - q) / jnp.maximum(both, limits.tiny)
    # At the ends, where one of the two is zero, both terms are infinite; just before
    # them their sum has reached its limit.
    delta = jnp.clip(delta, -1 + limits.eps, 1 - limits.eps)
    inner = jnp.log1p(-delta * delta) + 2 * delta * jnp.arctanh(delta)
    return both * inner / 4

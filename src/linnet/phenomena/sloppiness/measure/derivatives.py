"""Outputs of a network given as a function, and their derivatives by its parameters.

JAX is loaded inside; 64-bit JAX lives in a scope inside. NumPy goes in and comes out.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Literal

import numpy as np

from linnet.shapes import Float

Network = Callable[[Any, Any], Any]
Precision = Literal["float64", "float32"]


class Derivatives:
    """A network, for any parameters and samples."""

    def __init__(self, function: Network, precision: Precision) -> None:
        if precision not in ("float64", "float32"):
            raise ValueError(
                "Argument `precision` must be one of float64, float32, but is"
                f" {precision!r}."
            )
        self._dtype = np.dtype(precision)
        try:
            self._table, self._slopes = _cached_programs(function)
        except TypeError:  # not hashable: a module that holds arrays
            self._table, self._slopes = _programs(function)

    def values(
        self, parameters: Any, samples: Float[np.ndarray, "n *sample"]
    ) -> Float[np.ndarray, "n k"]:
        """Outputs, a column each.

        Raises:
            ValueError: when there is not one row per sample, or one is not finite.
            TypeError: when the function calls NumPy, or parameters are no floats.
        """
        seen = np.asarray(self._run(self._table, parameters, samples), dtype=float)
        if not np.isfinite(seen).all():
            raise ValueError(
                "Argument `function` must return finite outputs, but some are NaN or"
                " infinite."
            )
        return seen

    def rows(
        self, parameters: Any, samples: Float[np.ndarray, "n *sample"]
    ) -> Float[np.ndarray, "n k p"]:
        """Derivatives of every output by all parameters.

        Raises:
            ValueError: when one is not finite.
        """
        import jax

        slopes = jax.tree.leaves(self._run(self._slopes, parameters, samples))
        n, k = slopes[0].shape[:2]
        flat = [np.asarray(leaf, dtype=float).reshape(n, k, -1) for leaf in slopes]
        found = np.concatenate(flat, axis=2)
        if not np.isfinite(found).all():
            raise ValueError(
                "Argument `function` must have finite derivatives at `parameters`, but"
                " some are NaN or infinite."
            )
        return found

    def _run(self, compiled: Callable, parameters: Any, samples: np.ndarray) -> Any:
        import jax

        try:
            with jax.enable_x64(self._dtype == np.float64):
                given = jax.tree.map(self._cast, parameters)
                found = compiled(given, jax.numpy.asarray(samples, self._dtype))
                return jax.tree.map(np.asarray, found)
        except jax.errors.TracerArrayConversionError as error:
            raise TypeError(
                "Argument `function` must be made of operators or `jax.numpy`, but"
                " calls NumPy: it is differentiated by JAX."
            ) from error

    def _cast(self, leaf: Any) -> Any:
        import jax.numpy as jnp

        given = np.asarray(leaf)
        if given.dtype.kind != "f" and str(given.dtype) != "bfloat16":
            raise TypeError(
                "Argument `parameters` must be arrays of floats, but holds one of"
                f" {given.dtype}: close over what does not train."
            )
        if not np.isfinite(np.asarray(given, dtype=float)).all():
            raise ValueError(
                "Argument `parameters` must be finite, but holds NaN or infinity."
            )
        return jnp.asarray(np.asarray(given, dtype=float), self._dtype)


def _programs(function: Network) -> tuple[Callable, Callable]:
    """Outputs and derivatives of many samples, compiled when first called."""
    import jax

    def single(parameters: Any, sample: Any) -> Any:
        return function(parameters, sample[None]).reshape(-1)

    def table(parameters: Any, samples: Any) -> Any:
        return function(parameters, samples).reshape(len(samples), -1)

    return jax.jit(table), jax.jit(jax.vmap(jax.jacrev(single), (None, 0)))


# The same function at another checkpoint compiles nothing anew.
_cached_programs = lru_cache(maxsize=16)(_programs)


def sample_rows(name: str, given: Any) -> Float[np.ndarray, "n *sample"]:
    """Samples along the first axis.

    Raises:
        ValueError: when there is none, or one is not finite.
    """
    rows = np.asarray(given, dtype=float)
    if rows.ndim < 1 or not rows.size:
        raise ValueError(
            f"Argument `{name}` must hold samples along its first axis, but has shape"
            f" {rows.shape}."
        )
    if not np.isfinite(rows).all():
        raise ValueError(
            f"Argument `{name}` must be finite, but holds NaN or infinity."
        )
    return rows

r"""The Jensen-Shannon divergence: bounded, and defined for any supports.

$$D_{uv} = \frac1n \sum_s \left[H\!\left(\tfrac{p_{us} + p_{vs}}2\right)
- \tfrac12 H(p_{us}) - \tfrac12 H(p_{vs})\right] \in [0, \ln 2].$$
"""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from linnet.phenomena.sloppiness.measure.distances.passes import (
    AbstractDistance,
    AbstractPass,
    Again,
    Models,
    Outcome,
    Panel,
    check_distributions,
    jax_scope,
    padded,
)
from linnet.phenomena.sloppiness.measure.predictions import Predictions

DOUBLE = np.dtype(np.float64)
# Below these the difference of entropies keeps too few digits for a relative 1e-5.
NEAR = {np.dtype(np.float32): 2e-2, DOUBLE: 1e-7}
VERY_NEAR = 2e-5  # below which rounding of the probabilities is felt


@dataclass(frozen=True)
class JensenShannon(AbstractDistance):
    r"""Entropy of the mixture of two predictions minus the mean of their entropies.

    A mean over samples, between 0 and $\ln 2$. One logarithm for each pair, sample and
    class: the most expensive of the distances. Close pairs come from a form without
    cancellation and keep a relative accuracy of 1e-5.
    """

    name: ClassVar[str] = "jensen-shannon"

    def check(self, predictions: Predictions) -> None:
        check_distributions(predictions, self.name)

    def first(self, predictions: Predictions) -> AbstractPass:
        return Mixed(predictions.dtype)

    def features(self, predictions: Predictions) -> tuple[int, np.dtype]:
        return predictions.classes, predictions.dtype


class Entropies(NamedTuple):
    """Sums over samples so far: of the mixtures, and of the models alone."""

    mixed: Any
    rows: np.ndarray
    columns: np.ndarray


@dataclass(frozen=True)
class Mixed(AbstractPass):
    """Entropies of mixtures; close pairs are done again."""

    dtype: np.dtype

    def scope(self) -> AbstractContextManager[Any]:
        return jax_scope(DOUBLE)

    def panel(
        self, predictions: Predictions, models: Models, samples: slice, width: int
    ) -> Panel:
        return probabilities(predictions, models, samples, width, self.dtype)

    def start(self, width: int) -> Entropies:
        return Entropies(np.zeros((width, width)), np.zeros(width), np.zeros(width))

    def add(self, state: Entropies, left: Panel, right: Panel) -> Entropies:
        from linnet.phenomena.sloppiness.measure.distances import entropies

        return Entropies(
            entropies.mixed(state.mixed, left[0], right[0]),
            state.rows + _entropy(left[0]),
            state.columns + _entropy(right[0]),
        )

    def finish(self, state: Entropies, samples: int, shape: tuple[int, int]) -> Outcome:
        rows, columns = shape
        block = np.asarray(state.mixed)[:rows, :columns].copy()
        block -= (state.rows[:rows, None] + state.columns[None, :columns]) / 2
        block /= samples
        near = block < NEAR[self.dtype]
        return Outcome(block, (Again(Near(self.dtype), near),))


@dataclass(frozen=True)
class Near(AbstractPass):
    """The divergence without cancellation; very close pairs in double precision."""

    dtype: np.dtype

    def scope(self) -> AbstractContextManager[Any]:
        return jax_scope(DOUBLE)

    def panel(
        self, predictions: Predictions, models: Models, samples: slice, width: int
    ) -> Panel:
        return probabilities(predictions, models, samples, width, self.dtype)

    def start(self, width: int) -> np.ndarray:
        return np.zeros((width, width))

    def add(self, state: Any, left: Panel, right: Panel) -> Any:
        from linnet.phenomena.sloppiness.measure.distances import entropies

        return entropies.near(state, left[0], right[0])

    def finish(self, state: Any, samples: int, shape: tuple[int, int]) -> Outcome:
        rows, columns = shape
        block = np.asarray(state)[:rows, :columns] / samples
        if self.dtype == DOUBLE:
            return Outcome(block)
        very_near = block < VERY_NEAR
        return Outcome(block, (Again(Near(DOUBLE), very_near),))


def probabilities(
    predictions: Predictions,
    models: Models,
    samples: slice,
    width: int,
    dtype: np.dtype,
) -> Panel:
    """A panel of probabilities, where XLA finds it without a copy."""
    import jax.numpy as jnp

    bare = predictions.packed_probabilities(models, samples, dtype)
    return (jnp.asarray(padded(bare, 1, width)),)


def _entropy(panel: Any) -> np.ndarray:
    """Of every model, summed over samples, double precision."""
    p = np.asarray(panel)
    terms = p * np.log(np.maximum(p, np.finfo(p.dtype).tiny))
    return -terms.sum(axis=(0, 1), dtype=np.float64)

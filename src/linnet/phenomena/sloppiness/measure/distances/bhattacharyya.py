r"""The Bhattacharyya distance, intensive: a mean over samples.

$$D_{uv} = -\frac1n \sum_s \ln \sum_c \sqrt{p_{usc}\, p_{vsc}}.$$
"""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, ClassVar

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

# Below this distance the product of coefficients keeps too few digits for a relative
# 1e-5 (2e-5 at worst, where all samples are predicted alike and rounded alike); below
# the second one the square roots do, in single precision.
NEAR = {np.dtype(np.float32): 1e-2, np.dtype(np.float64): 1e-9}
VERY_NEAR = 2e-5


@dataclass(frozen=True)
class Bhattacharyya(AbstractDistance):
    r"""$D_{uv} = -\frac1n \sum_s \ln \sum_c \sqrt{p_{usc}\, p_{vsc}}$.

    Products of coefficients are formed before one logarithm is taken. Close pairs come
    from $-\ln(1 - \frac12\sum_c(\sqrt p - \sqrt q)^2)$, and very close ones from that
    in double precision, so that neighbors on a trajectory keep a relative accuracy of
    1e-5. In single precision errors are about 1e-7; where many classes have the same
    probability on every sample, so that all roundings are alike, up to 4e-7 for ten
    classes and 3e-6 for a hundred. Double precision is free of that.

    Args:
        disjoint: What a sample counts on which two models have no class in common:
            $-\ln 0$, or beyond 87 in single precision and 708 in double. There is no
            default, such pairs are refused; 100 is a common choice.
    """

    disjoint: float | None = None
    name: ClassVar[str] = "bhattacharyya"

    def __post_init__(self) -> None:
        if self.disjoint is not None and not 0 < self.disjoint < np.inf:
            raise ValueError(
                "Argument `disjoint` must be finite and positive, but is"
                f" {self.disjoint}."
            )

    def check(self, predictions: Predictions) -> None:
        check_distributions(predictions, self.name)

    def first(self, predictions: Predictions) -> AbstractPass:
        return Fast(self.disjoint, predictions.dtype)

    def features(self, predictions: Predictions) -> tuple[int, np.dtype]:
        return predictions.classes, predictions.dtype


@dataclass(frozen=True)
class Fast(AbstractPass):
    """Products of coefficients; close pairs and underflows are done again."""

    disjoint: float | None
    dtype: np.dtype

    def scope(self) -> AbstractContextManager[Any]:
        return jax_scope(self.dtype)

    def panel(
        self, predictions: Predictions, models: Models, samples: slice, width: int
    ) -> Panel:
        """Square roots of probabilities, and what rounding makes of models alone.

        The latter is the logarithm of a model's coefficients with itself, zero but for
        rounding: half of it is taken off each distance, for both models.
        """
        from linnet.phenomena.sloppiness.measure.distances import coefficients

        panel = roots(predictions, models, samples, width, self.dtype)[0]
        alone = np.asarray(coefficients.alone(panel)).astype(np.float64)
        return panel, alone

    def start(self, width: int) -> Any:
        from linnet.phenomena.sloppiness.measure.distances import coefficients

        products = coefficients.empty_products(width, width, self.dtype)
        return products, 0, np.zeros(width), np.zeros(width)

    def add(self, state: Any, left: Panel, right: Panel) -> Any:
        from linnet.phenomena.sloppiness.measure.distances import coefficients

        products, splits, rows, columns = state
        count, classes, _ = left[0].shape
        more = count // coefficients.samples_per_split(classes)
        products = coefficients.fast(products, left[0], right[0])
        return products, splits + more, rows + left[1], columns + right[1]

    def finish(self, state: Any, samples: int, shape: tuple[int, int]) -> Outcome:
        from linnet.phenomena.sloppiness.measure.distances import coefficients

        rows, columns = shape
        products, splits, *alone = state
        total = coefficients.logarithm(products, splits)[:rows, :columns]
        total -= (alone[0][:rows, None] + alone[1][None, :columns]) / 2
        block = -total / samples
        lowest = np.asarray(products.lowest)[:rows, :columns]
        underflown = lowest == 0
        near = ~underflown & (block < NEAR[self.dtype])
        again = (
            Again(Careful(self.disjoint, self.dtype), underflown),
            Again(Near(self.dtype), near),
        )
        return Outcome(block, again)


@dataclass(frozen=True)
class Careful(AbstractPass):
    """Products of coefficients that may be small or zero."""

    disjoint: float | None
    dtype: np.dtype

    def scope(self) -> AbstractContextManager[Any]:
        return jax_scope(self.dtype)

    def panel(
        self, predictions: Predictions, models: Models, samples: slice, width: int
    ) -> Panel:
        return roots(predictions, models, samples, width, self.dtype)

    def start(self, width: int) -> Any:
        from linnet.phenomena.sloppiness.measure.distances import coefficients

        return coefficients.empty_guarded(width, width, self.dtype), 0

    def add(self, state: Any, left: Panel, right: Panel) -> Any:
        from linnet.phenomena.sloppiness.measure.distances import coefficients

        count = len(left[0])
        more = count + count // coefficients.SAMPLES_PER_SPLIT
        return coefficients.guarded(state[0], left[0], right[0]), state[1] + more

    def finish(self, state: Any, samples: int, shape: tuple[int, int]) -> Outcome:
        from linnet.phenomena.sloppiness.measure.distances import coefficients

        rows, columns = shape
        total = -coefficients.logarithm(*state)[:rows, :columns]
        zeros = np.asarray(state[0].disjoint)[:rows, :columns]
        each = np.inf if self.disjoint is None else self.disjoint
        total[zeros > 0] += each * zeros[zeros > 0]
        return Outcome(total / samples)


@dataclass(frozen=True)
class Near(AbstractPass):
    """The Hellinger form, for close pairs; very close ones in double precision."""

    dtype: np.dtype

    def scope(self) -> AbstractContextManager[Any]:
        return jax_scope(self.dtype)

    def panel(
        self, predictions: Predictions, models: Models, samples: slice, width: int
    ) -> Panel:
        return roots(predictions, models, samples, width, self.dtype)

    def start(self, width: int) -> Any:
        return np.zeros((width, width), self.dtype)

    def add(self, state: Any, left: Panel, right: Panel) -> Any:
        from linnet.phenomena.sloppiness.measure.distances import coefficients

        return coefficients.near(state, left[0], right[0])

    def finish(self, state: Any, samples: int, shape: tuple[int, int]) -> Outcome:
        rows, columns = shape
        block = np.asarray(state)[:rows, :columns].astype(np.float64) / samples
        if self.dtype == np.float64:
            return Outcome(block)
        very_near = block < VERY_NEAR
        return Outcome(block, (Again(Near(np.dtype(np.float64)), very_near),))


def roots(
    predictions: Predictions,
    models: Models,
    samples: slice,
    width: int,
    dtype: np.dtype,
) -> Panel:
    """Square roots of probabilities, where XLA finds them without a copy."""
    import jax.numpy as jnp

    from linnet.phenomena.sloppiness.measure.distances import coefficients

    bare = predictions.packed_roots(models, samples, dtype)
    step = coefficients.samples_per_split(predictions.classes)
    return (jnp.asarray(padded(bare, step, width)),)

r"""Distances that are products of differences, so that one matrix product gives all.

$$D_{uv} = \sum_f (L_{uf} - L_{vf})(R_{uf} - R_{vf})$$

with two factors $L, R$ of each model: both $f / \sqrt{8 \sigma^2 n}$ for Gaussian
predictions, both $\sqrt{p / 2n}$ for Hellinger, $p / n$ and $\ln p$ for the symmetrized
Kullback-Leibler divergence. No pair needs a logarithm, and with $L_c, R_c$ centered
over models the double-centered $-\frac12 D$ is $\frac12(L_c R_c^\top + R_c L_c^\top)$:
`embed_symmetrized_kl` and `embed_gaussian` need no distances at all.

Everything is in double precision, since terms cancel for close pairs.
"""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np

from linnet.phenomena.sloppiness.measure.distances.passes import (
    AbstractDistance,
    AbstractPass,
    Models,
    Outcome,
    Panel,
    check_distributions,
)
from linnet.phenomena.sloppiness.measure.predictions import Predictions

DOUBLE = np.dtype(np.float64)
SAMPLES_AT_ONCE = 256  # of one matrix product, so that pieces change no bit
Form = Literal["values", "roots", "information"]


@dataclass(frozen=True)
class Gaussian(AbstractDistance):
    r"""$D_{uv} = \lVert f_u - f_v \rVert^2 / (8 \sigma^2 n)$, for values.

    The Bhattacharyya distance between Gaussian predictions $N(f, \sigma^2)$: its
    embedding is the principal component analysis of the predictions.

    Args:
        deviation: $\sigma$; only the scale of distances depends on it.
    """

    deviation: float = 1.0
    name: ClassVar[str] = "gaussian"

    def __post_init__(self) -> None:
        if not 0 < self.deviation < np.inf:
            raise ValueError(
                "Argument `deviation` must be finite and positive, but is"
                f" {self.deviation}."
            )

    def check(self, predictions: Predictions) -> None:
        if predictions.kind != "values":
            raise ValueError(
                "The distance `gaussian` must be given `values`, but is given"
                f" `{predictions.kind}`: use a distance between distributions, or say"
                " that they are values (`kind`)."
            )

    def first(self, predictions: Predictions) -> AbstractPass:
        return Bilinear("values", 1 / (8 * self.deviation**2), origin=predictions)

    def features(self, predictions: Predictions) -> tuple[int, np.dtype]:
        return predictions.classes, DOUBLE


@dataclass(frozen=True)
class Hellinger(AbstractDistance):
    r"""$D_{uv} = \frac1{2n} \sum_{sc} (\sqrt{p_{usc}} - \sqrt{p_{vsc}})^2 \in [0, 1]$.

    One minus the mean Bhattacharyya coefficient: squared, as inPCA takes it.
    """

    name: ClassVar[str] = "hellinger"

    def check(self, predictions: Predictions) -> None:
        check_distributions(predictions, self.name)

    def first(self, predictions: Predictions) -> AbstractPass:
        return Bilinear("roots", 1 / 2)

    def features(self, predictions: Predictions) -> tuple[int, np.dtype]:
        return predictions.classes, DOUBLE


@dataclass(frozen=True)
class SymmetrizedKL(AbstractDistance):
    r"""$D_{uv} = \frac1n \sum_{sc} (p_{usc} - p_{vsc}) (\ln p_{usc} - \ln p_{vsc})$.

    The sum of both Kullback-Leibler divergences. A probability of zero makes it
    infinite and is refused.
    """

    name: ClassVar[str] = "symmetrized-kl"

    def check(self, predictions: Predictions) -> None:
        check_distributions(predictions, self.name)

    def first(self, predictions: Predictions) -> AbstractPass:
        return Bilinear("information", 1.0)

    def features(self, predictions: Predictions) -> tuple[int, np.dtype]:
        return 2 * predictions.classes, DOUBLE


class Sums(NamedTuple):
    """What products of factors sum up to so far: of pairs, and of models alone."""

    cross: np.ndarray
    rows: np.ndarray
    columns: np.ndarray


@dataclass(frozen=True)
class Bilinear(AbstractPass):
    """Sums of products of the factors of all pairs.

    Args:
        form: What the factors are.
        scale: What products of differences are multiplied with, beside $1 / n$.
        origin: Of values, whose first model is taken off all: what they have in common
            would cost the digits in which they differ.
    """

    form: Form
    scale: float
    origin: Predictions | None = None
    dtype: np.dtype = DOUBLE

    def scope(self) -> AbstractContextManager[Any]:
        return nullcontext()

    def panel(
        self, predictions: Predictions, models: Models, samples: slice, width: int
    ) -> Panel:
        """One factor or both, `(samples, features, models)` each."""
        if self.form == "values":
            values = predictions.packed_values(models, samples, DOUBLE)
            if self.origin is not None:
                values -= self.origin.packed_values(slice(0, 1), samples, DOUBLE)
            return (values,)
        if self.form == "roots":
            return (predictions.packed_roots(models, samples, DOUBLE),)
        return information(predictions, models, samples)

    def start(self, width: int) -> Sums:
        return Sums(np.zeros((width, width)), np.zeros(width), np.zeros(width))

    def add(self, state: Sums, left: Panel, right: Panel) -> Sums:
        shape = left[0].shape[-1], right[0].shape[-1]
        cross = state.cross[: shape[0], : shape[1]]
        for start in range(0, len(left[0]), SAMPLES_AT_ONCE):
            some = slice(start, start + SAMPLES_AT_ONCE)
            rows, columns = (
                [_flat(factor[some]) for factor in panel] for panel in (left, right)
            )
            cross += rows[0].T @ columns[-1]
            if self.form == "information":
                cross += rows[1].T @ columns[0]
            for alone, factors in ((state.rows, rows), (state.columns, columns)):
                alone[: factors[0].shape[-1]] += np.einsum(
                    "fm,fm->m", factors[0], factors[-1]
                )
        return state

    def finish(self, state: Sums, samples: int, shape: tuple[int, int]) -> Outcome:
        rows, columns = shape
        block = state.rows[:rows, None] + state.columns[None, :columns]
        twice = 1 if self.form == "information" else 2
        block -= twice * state.cross[:rows, :columns]
        block *= self.scale / samples
        return Outcome(np.maximum(block, 0, out=block))


def information(predictions: Predictions, models: Models, samples: slice) -> Panel:
    """Probabilities and their logarithms, all of them finite."""
    if predictions.kind == "probabilities" or predictions.smoothing:
        probabilities = predictions.packed_probabilities(models, samples, DOUBLE)
        with np.errstate(divide="ignore"):
            logarithms = np.log(probabilities)
    else:
        logarithms = predictions.packed_logarithms(models, samples, DOUBLE)
        probabilities = np.exp(logarithms)
    impossible = np.isneginf(logarithms)
    if impossible.any():
        sample, label, model = np.argwhere(impossible)[0]
        first = models.start or 0 if isinstance(models, slice) else models[0]
        raise ValueError(
            f"Predictions of model {first + model} on sample"
            f" {(samples.start or 0) + sample} must give every class a probability"
            f" above zero, but give class {label} none: the symmetrized"
            " Kullback-Leibler divergence is infinite. Smooth (`smoothing`,"
            " such as 1e-6), or use another distance."
        )
    return probabilities, logarithms


def _flat(panel: np.ndarray) -> np.ndarray:
    return panel.reshape(-1, panel.shape[-1])

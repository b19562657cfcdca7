r"""One pass over the samples of two panels of models, and what must be done again.

A panel is what a pass needs of some models on some samples: a few arrays, models last.
Sums over samples are carried as a state, so that samples may come in pieces.
"""

import abc
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

import numpy as np

from linnet.phenomena.sloppiness.measure.predictions import Predictions

Models = slice | np.ndarray
Panel = tuple[Any, ...]


class Again(NamedTuple):
    """Pairs that another pass computes better: `where` is true there."""

    better: "AbstractPass"
    where: np.ndarray


@dataclass(frozen=True)
class Outcome:
    """Distances `(rows, columns)` of one pass, and what is done again, in order."""

    block: np.ndarray
    again: tuple[Again, ...] = field(default=())


class AbstractPass(abc.ABC):
    """A sum over samples for all pairs of two panels."""

    dtype: np.dtype  # of the numbers in a panel

    @abc.abstractmethod
    def scope(self) -> AbstractContextManager[Any]:
        """What the other methods must be called in."""

    @abc.abstractmethod
    def panel(
        self, predictions: Predictions, models: Models, samples: slice, width: int
    ) -> Panel:
        """What is needed of at most `width` models, padded to `width`, models last."""

    @abc.abstractmethod
    def start(self, width: int) -> Any:
        """The state of no sample."""

    @abc.abstractmethod
    def add(self, state: Any, left: Panel, right: Panel) -> Any:
        """The state with the samples of two panels added."""

    @abc.abstractmethod
    def finish(self, state: Any, samples: int, shape: tuple[int, int]) -> Outcome:
        """Distances of the first `shape` models of both panels."""


class AbstractDistance(abc.ABC):
    """A mean over samples; plays the role of a squared distance."""

    name: ClassVar[str]

    @abc.abstractmethod
    def check(self, predictions: Predictions) -> None:
        """Refuse predictions of another kind before any of them is read."""

    @abc.abstractmethod
    def first(self, predictions: Predictions) -> AbstractPass:
        """The pass that all pairs go through."""

    @abc.abstractmethod
    def features(self, predictions: Predictions) -> tuple[int, np.dtype]:
        """Numbers in a panel for each model and sample, and their type."""


def check_distributions(predictions: Predictions, name: str) -> None:
    """Refuse values where distributions are asked for."""
    if predictions.kind == "values":
        raise ValueError(
            f"The distance `{name}` must be given distributions (`probabilities`,"
            " `logits`, `log-probabilities`), but is given `values`: use the distance"
            " `gaussian`."
        )


def jax_scope(dtype: np.dtype) -> AbstractContextManager[Any]:
    """64-bit JAX for double precision; nothing for single precision."""
    if dtype == np.float32:
        return nullcontext()
    import jax

    return jax.enable_x64(True)


def padded(panel: np.ndarray, step: int, width: int) -> np.ndarray:
    """A panel of roots or probabilities, enlarged by models and samples that are sure.

    On added samples all models are sure of class 0, so that nothing is added to any
    distance between them.
    """
    samples, classes, models = panel.shape
    steps = -(-samples // step) * step
    if (steps, classes, width) == panel.shape:
        return panel
    larger = np.zeros((steps, classes, width), panel.dtype)
    larger[:samples, :, :models] = panel
    larger[samples:, 0] = 1
    larger[:, 0, models:] = 1
    return larger

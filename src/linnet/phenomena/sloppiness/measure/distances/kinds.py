r"""The distances on offer, as values: what is read of the models, what is summed.

All are means over samples (intensive) and play the role of a *squared* distance: inPCA
takes them as they are.
"""

import abc
from dataclasses import dataclass

import numpy as np

from linnet.phenomena.sloppiness.measure.predictions import Predictions


class AbstractDistance(abc.ABC):
    """A distance that is a sum over samples, computed from two panels of models."""

    name: str

    @abc.abstractmethod
    def panel(
        self, predictions: Predictions, models: slice, samples: slice
    ) -> np.ndarray:
        """What is needed of some models, `(samples, features, models)`."""

    @abc.abstractmethod
    def add(self, total: np.ndarray, left: np.ndarray, right: np.ndarray) -> None:
        """Add the samples of two panels to the totals of all their pairs."""

    @abc.abstractmethod
    def finished(self, total: np.ndarray, samples: int) -> np.ndarray:
        """Distances from totals over all samples."""


@dataclass(frozen=True)
class Bhattacharyya(AbstractDistance):
    r"""$D_{uv} = -\frac1n \sum_s \ln \sum_c \sqrt{p_{usc}\, p_{vsc}}$."""

    name = "bhattacharyya"

    def panel(
        self, predictions: Predictions, models: slice, samples: slice
    ) -> np.ndarray:
        return predictions.packed_roots(models, samples)

    def add(self, total: np.ndarray, left: np.ndarray, right: np.ndarray) -> None:
        for u, v in zip(left, right, strict=True):
            u, v = u.astype(np.float64), v.astype(np.float64)
            half = np.zeros_like(total)
            for a, b in zip(u, v, strict=True):
                half += (a[:, None] - b[None, :]) ** 2
            total -= np.log1p(-half / 2)

    def finished(self, total: np.ndarray, samples: int) -> np.ndarray:
        return total / samples


DISTANCES: dict[str, type[AbstractDistance]] = {"bhattacharyya": Bhattacharyya}


def as_distance(distance: str | AbstractDistance) -> AbstractDistance:
    """A distance by its name, or as it is."""
    if isinstance(distance, AbstractDistance):
        return distance
    if distance not in DISTANCES:
        raise ValueError(
            f"Argument `distance` must be one of {', '.join(DISTANCES)}, but is"
            f" `{distance}`."
        )
    return DISTANCES[distance]()

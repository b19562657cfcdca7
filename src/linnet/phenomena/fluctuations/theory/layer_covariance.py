r"""The covariance of all weights of a network, kept as factors.

$V_\theta = BMB^\top$, with $B$ an orthonormal basis `(p, q)` of the directions that
fluctuate and $M$ the covariance along them: the $p\times p$ matrix is made when it is
asked for only.
"""

import itertools
import math
from dataclasses import dataclass

import numpy as np

from linnet.shapes import Float


@dataclass(frozen=True, eq=False)
class LayerFluctuations:
    r"""Stationary fluctuations of the weights of all layers about a minimum.

    Attributes:
        basis: $B$, orthonormal directions that fluctuate, shape `(p, q)`.
        reduced: $M$, covariance along them, shape `(q, q)`.
        shapes: `(out, in)` of each layer, first one first.
        curvatures: Of the loss (with its weight decay) along `basis`, shape `(q,)`,
            where `basis` diagonalizes it; None where it is not known.
        gap: How well the rank is defined: smallest singular value kept over the largest
            one dropped.
    """

    basis: Float[np.ndarray, "p q"]
    reduced: Float[np.ndarray, "q q"]
    shapes: tuple[tuple[int, int], ...]
    curvatures: Float[np.ndarray, " q"] | None = None
    gap: float = math.inf

    @property
    def rank(self) -> int:
        """Number of directions that fluctuate."""
        return self.basis.shape[1]

    @property
    def total_variance(self) -> float:
        """Sum of the variances of all weights."""
        return float(np.trace(self.reduced))

    @property
    def excess_loss(self) -> float:
        r"""$\frac12\mathrm{tr}\,KV_\theta$, the mean loss above the minimum.

        Raises:
            ValueError: when the curvatures are not known.
        """
        if self.curvatures is None:
            raise ValueError(
                "These fluctuations come from the layers alone, without the data: the"
                " excess loss needs the curvatures that `quasi_stationary` works out."
            )
        return float(self.curvatures @ np.diag(self.reduced) / 2)

    def covariance(self) -> Float[np.ndarray, "p p"]:
        """Of all weights, in the order of `linnet.network.flatten`."""
        return self.basis @ self.reduced @ self.basis.T

    def layer(self, index: int) -> Float[np.ndarray, "size size"]:
        """Covariance of the weights of one layer over its `ravel()`.

        Raises:
            ValueError: when there is no such layer.
        """
        if not 0 <= index < len(self.shapes):
            raise ValueError(
                f"Argument `index` must be in [0, {len(self.shapes) - 1}], first layer"
                f" 0, but is {index}."
            )
        part = self._parts()[index]
        return part @ self.reduced @ part.T

    def variances(self) -> tuple[Float[np.ndarray, "out in"], ...]:
        """Variance of every weight, in the shapes of the layers."""
        return tuple(
            ((part @ self.reduced) * part).sum(axis=1).reshape(shape)
            for part, shape in zip(self._parts(), self.shapes, strict=True)
        )

    def _parts(self) -> list[Float[np.ndarray, "size q"]]:
        sizes = [rows * columns for rows, columns in self.shapes]
        return np.split(self.basis, list(itertools.accumulate(sizes))[:-1])

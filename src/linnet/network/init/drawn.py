"""Shapes with independent entries, and weights that exist already: no closed law."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from linnet.network.init.shape import (
    AbstractInitialization,
    Sizes,
    check_scale,
    check_sizes,
    two_layers,
)
from linnet.network.linear import Weights, check_weights, imbalance, widths


@dataclass(frozen=True)
class GaussianFirstLayer(AbstractInitialization):
    r"""First layer $N(0, \gamma/h)$, second layer zero: two layers, any width.

    Tends to `IsotropicFirstLayer` as $h/d \to \infty$.

    Attributes:
        scale: $\gamma > 0$.
    """

    scale: float

    def __post_init__(self) -> None:
        check_scale(self.scale)

    def weights(self, sizes: Sizes, rng: np.random.Generator) -> Weights:
        """Independent normal entries, and a zero output layer."""
        d, h, k = two_layers(sizes, "GaussianFirstLayer")
        return rng.normal(0, np.sqrt(self.scale / h), (h, d)), np.zeros((k, h))

    def gamma(self, sizes: Sizes) -> float:
        """The scale itself."""
        two_layers(sizes, "GaussianFirstLayer")
        return self.scale

    def mean_imbalance(self, sizes: Sizes) -> tuple[float, ...]:
        r"""$-\gamma d/h$."""
        d, h, _ = two_layers(sizes, "GaussianFirstLayer")
        return (-self.scale * d / h,)

    def mirror_width(self, sizes: Sizes) -> None:
        """No closed law at finite width."""
        two_layers(sizes, "GaussianFirstLayer")


@dataclass(frozen=True)
class Gaussian(AbstractInitialization):
    r"""Layer $l$ has entries $N(0, \gamma/h_l)$, $h_l$ the wider of its hidden sides.

    Any depth. For two layers both variances are $\gamma/h$, and the limit of large $h$
    is `OrthogonalLayers`. A single layer has no hidden side; its wider side counts.

    Attributes:
        scale: $\gamma > 0$.
    """

    scale: float

    def __post_init__(self) -> None:
        check_scale(self.scale)

    def variances(self, sizes: Sizes) -> list[float]:
        """Variance of the entries of each layer."""
        check_sizes(sizes)
        hidden = [0, *sizes[1:-1], 0] if len(sizes) > 2 else list(sizes)
        return [self.scale / max(sides) for sides in itertools.pairwise(hidden)]

    def weights(self, sizes: Sizes, rng: np.random.Generator) -> Weights:
        """Independent normal entries in every layer."""
        return _normal_layers(sizes, self.variances(sizes), rng)

    def gamma(self, sizes: Sizes) -> float:
        r"""$h_1$ times the variance of the first layer."""
        first, *_ = self.variances(sizes)
        return sizes[1] * first

    def mean_imbalance(self, sizes: Sizes) -> tuple[float, ...]:
        """Difference of the two mean Gram matrices, per hidden layer."""
        return _mean_imbalance(sizes, self.variances(sizes))

    def mirror_width(self, sizes: Sizes) -> None:
        """No closed law at finite width."""
        check_sizes(sizes)


@dataclass(frozen=True)
class SmallGaussian(AbstractInitialization):
    r"""Every entry of every layer is $N(0, s^2)$: the textbook small start.

    $\gamma = h_1 s^2$.

    Attributes:
        standard_deviation: $s > 0$.
    """

    standard_deviation: float

    def __post_init__(self) -> None:
        check_scale(self.standard_deviation, "standard_deviation")

    def weights(self, sizes: Sizes, rng: np.random.Generator) -> Weights:
        """Independent normal entries in every layer."""
        return _normal_layers(sizes, self._variances(sizes), rng)

    def gamma(self, sizes: Sizes) -> float:
        r"""$h_1 s^2$."""
        first, *_ = self._variances(sizes)
        return sizes[1] * first

    def mean_imbalance(self, sizes: Sizes) -> tuple[float, ...]:
        """Difference of the two mean Gram matrices, per hidden layer."""
        return _mean_imbalance(sizes, self._variances(sizes))

    def mirror_width(self, sizes: Sizes) -> None:
        """No closed law at finite width."""
        check_sizes(sizes)

    def _variances(self, sizes: Sizes) -> list[float]:
        check_sizes(sizes)
        return [self.standard_deviation**2] * (len(sizes) - 1)


@dataclass(frozen=True)
class FanIn(AbstractInitialization):
    r"""Entries uniform in $\pm 1/\sqrt{\text{fan-in}}$: the default of PyTorch.

    Their variance is $1/(3\,\text{fan-in})$, so $\gamma = h_1/(3d)$.
    """

    def weights(self, sizes: Sizes, rng: np.random.Generator) -> Weights:
        """Independent uniform entries in every layer."""
        check_sizes(sizes)
        return tuple(
            rng.uniform(-1, 1, (rows, columns)) / np.sqrt(columns)
            for columns, rows in itertools.pairwise(sizes)
        )

    def gamma(self, sizes: Sizes) -> float:
        r"""$h_1/(3d)$."""
        check_sizes(sizes)
        return sizes[1] / (3 * sizes[0])

    def mean_imbalance(self, sizes: Sizes) -> tuple[float, ...]:
        """Difference of the two mean Gram matrices, per hidden layer."""
        check_sizes(sizes)
        return _mean_imbalance(sizes, [1 / (3 * size) for size in sizes[:-1]])

    def mirror_width(self, sizes: Sizes) -> None:
        """No closed law at finite width."""
        check_sizes(sizes)


@dataclass(frozen=True, eq=False)
class GivenWeights(AbstractInitialization):
    """Weights that exist already: a checkpoint, or a start of one's own.

    Attributes:
        given: The layers, first layer first, each `(out, in)`; kept as a copy.

    Raises:
        ValueError: when they are no chain of finite matrices.
    """

    given: Weights

    def __post_init__(self) -> None:
        copies = tuple(np.array(layer, dtype=float) for layer in self.given)
        check_weights(copies)
        object.__setattr__(self, "given", copies)

    def weights(self, sizes: Sizes, rng: np.random.Generator) -> Weights:
        """The weights themselves; nothing is drawn."""
        del rng
        self._check(sizes)
        return tuple(layer.copy() for layer in self.given)

    def gamma(self, sizes: Sizes) -> float:
        """Measured on the weights."""
        self._check(sizes)
        return float((self.given[0] ** 2).sum() / self.given[0].shape[1])

    def mean_imbalance(self, sizes: Sizes) -> tuple[float, ...]:
        """Measured on the weights."""
        self._check(sizes)
        return tuple(float(np.trace(i) / len(i)) for i in imbalance(self.given))

    def mirror_width(self, sizes: Sizes) -> None:
        """Not assumed."""
        self._check(sizes)

    def _check(self, sizes: Sizes) -> None:
        if tuple(sizes) != widths(self.given):
            raise ValueError(
                f"The given weights have sizes {widths(self.given)}, but the network"
                f" asked for has {tuple(sizes)}."
            )


def _normal_layers(
    sizes: Sizes, variances: Sequence[float], rng: np.random.Generator
) -> Weights:
    return tuple(
        rng.normal(0, np.sqrt(variance), (rows, columns))
        for variance, (columns, rows) in zip(
            variances, itertools.pairwise(sizes), strict=True
        )
    )


def _mean_imbalance(sizes: Sizes, variances: Sequence[float]) -> tuple[float, ...]:
    r"""$(v_{l+1}h_{l+1} - v_lh_{l-1})$ times the identity, for independent entries."""
    return tuple(
        variances[i + 1] * sizes[i + 2] - variances[i] * sizes[i]
        for i in range(len(sizes) - 2)
    )

"""What every initialization shape can tell, and the checks that shapes share."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from numbers import Integral

import numpy as np

from linnet.network.linear import Weights

Sizes = Sequence[int]


class AbstractInitialization(ABC):
    """How a network starts.

    Every method refuses sizes at which the shape is impossible.
    """

    @abstractmethod
    def weights(self, sizes: Sizes, rng: np.random.Generator) -> Weights:
        """Draw weights for a network of `sizes` `(d, h, ..., k)`.

        Raises:
            ValueError: when the shape is impossible at these sizes.
        """

    @abstractmethod
    def gamma(self, sizes: Sizes) -> float:
        r"""$\gamma = \mathrm{tr}\,\mathbb E[W_1^\top W_1]/d$, exact."""

    @abstractmethod
    def mean_imbalance(self, sizes: Sizes) -> tuple[float, ...]:
        r"""$\mathrm{tr}\,\mathbb E\,\mathcal I_l/h_l$ for each hidden layer, exact."""

    @abstractmethod
    def mirror_width(self, sizes: Sizes) -> float | None:
        r"""$\delta$ of the closed flow, or None where no closed law exists."""


def two_layers(sizes: Sizes, shape: str) -> tuple[int, int, int]:
    """`(d, h, k)` of a two-layer network; other depths are refused for `shape`."""
    check_sizes(sizes)
    if len(sizes) != 3:
        raise ValueError(
            f"{shape} is a shape of two-layer networks, so `sizes` must be (d, h, k),"
            f" but is {tuple(sizes)}: use Gaussian, SmallGaussian or FanIn."
        )
    d, h, k = sizes
    return d, h, k


def check_sizes(sizes: Sizes) -> None:
    """Refuse what is no list of two or more positive whole numbers."""
    whole = all(isinstance(size, Integral) and size >= 1 for size in sizes)
    if len(sizes) < 2 or not whole:
        raise ValueError(
            "Argument `sizes` must be (d, h, ..., k), whole numbers of at least 1, but"
            f" is {tuple(sizes)}."
        )


def check_scale(scale: float, name: str = "scale") -> None:
    """Refuse a scale that is not positive and finite."""
    if not (np.isfinite(scale) and scale > 0):
        raise ValueError(
            f"Argument `{name}` must be positive and finite, but is {scale}: at zero"
            " the network starts on a saddle and nothing moves."
        )

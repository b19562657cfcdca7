"""One classifier of an ensemble: its network, and how it is trained, as a value."""

from dataclasses import dataclass, fields
from itertools import product
from numbers import Integral
from typing import Any

import numpy as np
from jaxtyping import Float

from linnet.dynamics.sampling import AbstractSampling, WithoutReplacement
from linnet.dynamics.update import check_number

ACTIVATIONS = ("relu", "tanh")
OPTIMIZERS = ("sgd", "momentum", "nesterov", "adam")
GAINS = {"relu": 2.0, "tanh": 1.0}  # of the mean square that a layer keeps

INDEPENDENT_BATCHES = WithoutReplacement()

Parameters = tuple[tuple[np.ndarray, np.ndarray], ...]


@dataclass(frozen=True)
class Classifier:
    r"""Softmax regression or a network of one hidden layer, and how it is trained.

    Loss: mean cross entropy plus $\tfrac\mu2\lvert\theta\rvert^2$ over all parameters.

    Attributes:
        hidden: Hidden units; None for linear softmax.
        activation: `relu` or `tanh`, of the hidden layer.
        optimizer: `sgd`, `momentum` (heavy ball), `nesterov` or `adam`, of optax.
        learning_rate: $\eta > 0$.
        batch_size: Samples in a batch; None for all.
        seed: Fixes the start and the batches; in [0, 2**32).
        weight_decay: $\mu \ge 0$; added to the gradient, of Adam too.
        momentum: In [0, 1); of `momentum` and `nesterov`.
        init_scale: Weights start as normal numbers of variance
            $s^2 g/\text{fan-in}$, with $g = 2$ below a ReLU and 1 elsewhere; biases
            start at zero.
        sampling: How batches are drawn.

    Raises:
        ValueError: when a number or a word is out of range.
        TypeError: when the sampling is none.

    Example:
        >>> Classifier(hidden=32, optimizer="adam", learning_rate=0.01).name
        'relu 32, adam 0.01, full batch, seed 0'
    """

    hidden: int | None = None
    activation: str = "relu"
    optimizer: str = "sgd"
    learning_rate: float = 0.1
    batch_size: int | None = None
    seed: int = 0
    weight_decay: float = 0.0
    momentum: float = 0.9
    init_scale: float = 1.0
    sampling: AbstractSampling = INDEPENDENT_BATCHES

    def __post_init__(self) -> None:
        for name in ("hidden", "batch_size"):
            given = getattr(self, name)
            if given is not None and (not isinstance(given, Integral) or given < 1):
                raise ValueError(
                    f"Argument `{name}` must be None or a whole number >= 1, but is"
                    f" {given!r}."
                )
        for name, known in (("activation", ACTIVATIONS), ("optimizer", OPTIMIZERS)):
            if getattr(self, name) not in known:
                raise ValueError(
                    f"Argument `{name}` must be one of {', '.join(known)}, but is"
                    f" {getattr(self, name)!r}."
                )
        if not isinstance(self.seed, Integral) or not 0 <= self.seed < 2**32:
            raise ValueError(
                "Argument `seed` must be a whole number in [0, 2**32), but is"
                f" {self.seed!r}."
            )
        least = np.finfo(float).tiny
        check_number("learning_rate", self.learning_rate, least, np.inf)
        check_number("weight_decay", self.weight_decay, 0.0, np.inf)
        check_number("momentum", self.momentum, 0.0, 1.0)
        # A hidden layer of zeros gets no gradient and never moves.
        lowest = 0.0 if self.hidden is None else least
        check_number("init_scale", self.init_scale, lowest, np.inf)
        if not isinstance(self.sampling, AbstractSampling):
            raise TypeError(
                "Argument `sampling` must be a value such as Epochs(), but is"
                f" {self.sampling!r}."
            )

    @property
    def name(self) -> str:
        """In words."""
        kind = "linear" if self.hidden is None else f"{self.activation} {self.hidden}"
        size = "full batch" if self.batch_size is None else f"batch {self.batch_size}"
        parts = [kind, f"{self.optimizer} {self.learning_rate:g}", size]
        if self.weight_decay:
            parts.append(f"decay {self.weight_decay:g}")
        return ", ".join([*parts, f"seed {self.seed}"])

    def columns(self) -> dict[str, Any]:
        """Its settings by name, plain values, for tables and coordinates.

        `hidden` is 0 for linear softmax, and `batch_size` 0 for all samples.
        """
        given = {
            each.name: getattr(self, each.name)
            for each in fields(self)
            if each.name != "sampling"
        }
        given["activation"] = "none" if self.hidden is None else self.activation
        given["sampling"] = type(self.sampling).__name__
        return {name: 0 if value is None else value for name, value in given.items()}

    def start(self, inputs: int, classes: int) -> Parameters:
        """Weights `(out, in)` and biases, first layer first, drawn from the seed."""
        rng = np.random.default_rng(self.seed)
        if self.hidden is None:
            return (self._layer(rng, inputs, classes, 1.0),)
        gain = GAINS[self.activation]
        first = self._layer(rng, inputs, self.hidden, gain)
        return first, self._layer(rng, self.hidden, classes, 1.0)

    def _layer(
        self, rng: np.random.Generator, below: int, above: int, gain: float
    ) -> tuple[Float[np.ndarray, "_out _in"], Float[np.ndarray, " _out"]]:
        size = self.init_scale * np.sqrt(gain / below)
        return size * rng.standard_normal((above, below)), np.zeros(above)


def classifier_grid(**choices: Any) -> tuple[Classifier, ...]:
    """Every combination of settings; a list or tuple stands for a choice.

    Raises:
        ValueError: when a name or a value is none of `Classifier`.

    Example:
        >>> grid = classifier_grid(hidden=[None, 16], seed=range(3), batch_size=50)
        >>> len(grid)
        6
    """
    known = [each.name for each in fields(Classifier)]
    for name in choices:
        if name not in known:
            raise ValueError(
                f"Argument `{name}` must be a setting of a classifier, one of"
                f" {', '.join(known)}."
            )
    listed = [
        list(value) if isinstance(value, list | tuple | range) else [value]
        for value in choices.values()
    ]
    return tuple(
        Classifier(**dict(zip(choices, values, strict=True)))
        for values in product(*listed)
    )

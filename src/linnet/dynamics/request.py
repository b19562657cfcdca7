"""What `simulate` was asked for, refused before any work where it makes no sense."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from numbers import Integral, Real

import jax
import numpy as np

from linnet.dynamics.descent import SGD, GradientDescent
from linnet.dynamics.flow import GradientFlow
from linnet.dynamics.langevin import Langevin
from linnet.dynamics.monitor import Named, Observable
from linnet.dynamics.reduction import AnyWeights, StackedWeights
from linnet.network import check_weights, end_to_end
from linnet.task import Moments

Dynamics = GradientFlow | GradientDescent | SGD | Langevin
METHODS = ("auto", "dopri8", "rkc3")
PRECISIONS = ("float64", "float32")


@dataclass(frozen=True)
class Options:
    """How to run, apart from what is run.

    Attributes:
        seed: Fixes all randomness.
        method: Integrator of gradient flow.
        tolerance: Its relative tolerance, None for the default.
        stop_gap: Where to stop, None for the end.
        precision: `float64` or `float32`.
        memory_limit: In bytes, None for no limit.

    Raises:
        ValueError: when one of them makes no sense.
    """

    seed: int
    method: str
    tolerance: float | None
    stop_gap: float | None
    precision: str
    memory_limit: float | None

    def __post_init__(self) -> None:
        _check_word("method", self.method, METHODS)
        _check_word("precision", self.precision, PRECISIONS)
        if not isinstance(self.seed, Integral) or not 0 <= self.seed < 2**32:
            raise ValueError(
                "Argument `seed` must be a whole number in [0, 2**32), but is"
                f" {self.seed!r}."
            )
        least = 10 * float(np.finfo(self.precision).eps)
        _check_number("tolerance", self.tolerance, least, 1.0)
        _check_number("stop_gap", self.stop_gap, 0.0, np.inf)
        _check_number("memory_limit", self.memory_limit, 0.0, np.inf)

    def check_use(self, dynamics: Dynamics) -> None:
        """Refuse what the dynamics would silently ignore."""
        if isinstance(dynamics, GradientFlow):
            return
        if self.method != "auto" or self.tolerance is not None:
            raise ValueError(
                "Arguments `method` and `tolerance` are for GradientFlow, but the"
                f" dynamics is {type(dynamics).__name__}, whose steps are exact."
            )


def check_dynamics(dynamics: Dynamics) -> Moments:
    """The moments that `dynamics` trains on.

    Raises:
        TypeError: when it is none that `simulate` knows.
    """
    if isinstance(dynamics, SGD | Langevin):
        return Moments.of_data(dynamics.inputs, dynamics.targets)
    if isinstance(dynamics, GradientFlow | GradientDescent):
        return dynamics.moments
    raise TypeError(
        "Argument `dynamics` must be a GradientFlow, GradientDescent, SGD or Langevin,"
        f" but is of type {type(dynamics).__name__}."
    )


def stack(
    weights: AnyWeights, replicas: int | None, moments: Moments
) -> tuple[StackedWeights, bool]:
    """Weights with a replica axis, and whether it is to be dropped from the results.

    Copies of one start share their memory.

    Raises:
        TypeError: when `weights` are no layers.
        ValueError: when they do not fit the moments or the number of replicas.
    """
    if not isinstance(weights, tuple | list):
        raise TypeError(
            "Argument `weights` must be layers, first layer first, but is of type"
            f" {type(weights).__name__}: a shape draws them by `.weights(sizes, rng)`."
        )
    layers = tuple(np.asarray(layer, dtype=float) for layer in weights)
    k, d = moments.yx.shape
    if any(layer.ndim == 3 for layer in layers):
        _check_stacked(layers, replicas, d, k)
        return layers, False
    check_weights(layers, d, k)
    if replicas is None:
        return tuple(layer[None] for layer in layers), True
    if not isinstance(replicas, Integral) or replicas < 1:
        raise ValueError(
            f"Argument `replicas` must be a whole number >= 1, but is {replicas!r}."
        )
    shared = (np.broadcast_to(layer, (replicas, *layer.shape)) for layer in layers)
    return tuple(shared), False


def _check_stacked(
    layers: StackedWeights, replicas: int | None, d: int, k: int
) -> None:
    counts = [len(layer) if layer.ndim == 3 else 0 for layer in layers]
    if min(counts) < 1 or len(set(counts)) > 1:
        raise ValueError(
            "Argument `weights` must have one leading axis of replicas in all layers,"
            f" but their shapes are {[layer.shape for layer in layers]}."
        )
    if replicas not in (None, counts[0]):
        raise ValueError(
            f"Argument `replicas` must be None or {counts[0]}, the leading axis of"
            f" `weights`, but is {replicas}."
        )
    for index in range(counts[0]):
        check_weights(tuple(layer[index] for layer in layers), d, k)


def check_observables(
    observe: Mapping[str, Observable] | None,
    layers: StackedWeights,
    dtype: np.dtype,
) -> tuple[Named, int]:
    """What to observe, by name, and the bytes that one save of it takes.

    Raises:
        TypeError: when one is no function of the weights that returns an array.
    """
    named = {"end_to_end": end_to_end} if observe is None else dict(observe)
    shapes = tuple(layer.shape for layer in layers)
    size = 0
    for name, function in named.items():
        if not callable(function):
            raise TypeError(
                f"Observable `{name}` must be a function of the weights, but is"
                f" {function!r}."
            )
        try:
            shape = _shape_of(function, shapes, dtype)
        except jax.errors.TracerArrayConversionError as error:
            raise TypeError(
                f"Observable `{name}` must be made of operators or `jax.numpy`, but"
                " calls NumPy: it is compiled with the run."
            ) from error
        if not isinstance(shape, jax.ShapeDtypeStruct):
            raise TypeError(
                f"Observable `{name}` must return one array, but returns"
                f" {type(shape).__name__}: give each part a name of its own."
            )
        size += shape.size * shape.dtype.itemsize
    return tuple(sorted(named.items(), key=lambda item: item[0])), size


@lru_cache(maxsize=256)
def _shape_of(
    function: Observable, shapes: tuple[tuple[int, ...], ...], dtype: np.dtype
) -> object:
    """What an observable of all replicas is; to trace it takes longer than some runs.

    Keyed by the function itself, as compiled programs are.
    """
    whole = tuple(jax.ShapeDtypeStruct(shape, dtype) for shape in shapes)
    return jax.eval_shape(jax.vmap(function), whole)


def _check_word(name: str, given: str, known: tuple[str, ...]) -> None:
    if given not in known:
        raise ValueError(
            f"Argument `{name}` must be one of {', '.join(known)}, but is {given!r}."
        )


def _check_number(name: str, given: float | None, least: float, most: float) -> None:
    if given is None:
        return
    if not isinstance(given, Real) or not least <= given < most:
        raise ValueError(
            f"Argument `{name}` must be a number in [{least:.3g}, {most:g}), but is"
            f" {given!r}."
        )

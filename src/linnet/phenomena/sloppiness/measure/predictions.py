r"""What a set of models predicts on a set of samples, wherever it lies.

`Predictions` wraps anything with a shape that can be sliced: an array, a memory-mapped
file, a zarr array, a folder of checkpoints. Nothing is read before it is asked for, and
what is read is checked and renormalized block by block.
"""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from linnet.phenomena.sloppiness.measure.normalization import (
    KINDS,
    MODELS,
    SAMPLES,
    Conversion,
    Kind,
    Unusable,
    default_tolerance,
    finite,
    log_normalized,
    normalized,
    working_dtype,
)

WHOLE = slice(None)
BYTES_AT_ONCE = 2**23  # that `check` has in work, few enough for the cache


class Source(Protocol):
    """An array in memory or not: a shape, a type of numbers, slices."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    @property
    def dtype(self) -> Any: ...

    def __getitem__(self, key: Any) -> Any: ...


@dataclass(frozen=True, eq=False)
class Predictions:
    r"""Predictions of $m$ models on $n$ samples, as a measurement takes them.

    Valid for: probabilities over $C \ge 2$ classes in half, single or double precision.
    They are renormalized in single precision (double where the source is double),
    after a check that they sum to one.

    Args:
        source: `(models, samples, classes)`; `values` also `(models, samples)`.
        kind: `probabilities`, `logits`, `log-probabilities` (which half precision
            leaves unnormalized), or `values` of a regression.
        tolerance: How far a sum over classes may be from one; the default is what
            rounding explains, of half precision or of single precision.
        smoothing: $\delta \in [0, 1)$: probabilities become
            $(1-\delta)\,p + \delta / C$, so that no class is impossible.

    Raises:
        ValueError: when shape, type or an option cannot be right; blocks are checked
            when they are read.

    Example:
        >>> two = Predictions(np.array([[[0.5, 0.5]], [[0.9, 0.1]]]))
        >>> two.models, two.samples, two.classes
        (2, 1, 2)
        >>> Predictions(np.array([[[0.5, 0.6]]])).probabilities()
        Traceback (most recent call last):
            ...
        ValueError: Predictions of model 0 on sample 0 cannot be used: probabilities sum
        to 1.1, further from 1 than 6.5e-07: name what they are (`kind`), or state the
        deviation that their computation allows as `tolerance`.
    """

    source: Source
    kind: Kind = "probabilities"
    tolerance: float | None = None
    smoothing: float = 0.0

    def __post_init__(self) -> None:
        _check_kind(self.kind)
        _check_type(self.source)
        _check_shape(tuple(self.source.shape), self.kind)
        if self.tolerance is not None and not 0 <= self.tolerance < np.inf:
            raise ValueError(
                "Argument `tolerance` must be finite and not negative, but is"
                f" {self.tolerance}."
            )
        if not 0 <= self.smoothing < 1:
            raise ValueError(
                f"Argument `smoothing` must lie in [0, 1), but is {self.smoothing}."
            )

    @property
    def models(self) -> int:
        return int(self.source.shape[0])

    @property
    def samples(self) -> int:
        return int(self.source.shape[1])

    @property
    def classes(self) -> int:
        """Classes, or outputs of `values`."""
        shape = self.source.shape
        return int(shape[2]) if len(shape) > 2 else 1

    @property
    def dtype(self) -> np.dtype:
        """Precision in which blocks are handed out."""
        return working_dtype(np.dtype(self.source.dtype))

    def check(self) -> None:
        """Read everything once, and refuse what cannot be used before work is lost.

        Raises:
            ValueError: naming the first model and sample that cannot be used.
        """
        read = self.packed_probabilities
        if self.kind == "values":
            read = self.packed_values
        each = self.samples * self.classes * self.dtype.itemsize
        step = max(BYTES_AT_ONCE // each, 1)
        for start in range(0, self.models, step):
            read(slice(start, min(start + step, self.models)))

    def probabilities(
        self, models: slice = WHOLE, samples: slice = WHOLE
    ) -> np.ndarray:
        """Probabilities of a block, `(models, samples, classes)`."""
        return np.moveaxis(self.packed_probabilities(models, samples), MODELS, 0)

    def values(self, models: slice = WHOLE, samples: slice = WHOLE) -> np.ndarray:
        """Outputs of a block, `(models, samples, outputs)`."""
        return np.moveaxis(self.packed_values(models, samples), MODELS, 0)

    def packed_probabilities(
        self,
        models: slice | np.ndarray = WHOLE,
        samples: slice = WHOLE,
        dtype: np.dtype | None = None,
    ) -> np.ndarray:
        """Probabilities of a block, `(samples, classes, models)`.

        Args:
            models: A slice, or numbers of models in ascending order.
            samples: A slice.
            dtype: Precision, at least that of the source; single where it is half.
        """
        return self._checked(normalized, models, samples, dtype)

    def packed_logarithms(
        self,
        models: slice | np.ndarray = WHOLE,
        samples: slice = WHOLE,
        dtype: np.dtype | None = None,
    ) -> np.ndarray:
        """Logarithms of the probabilities of a block, `(samples, classes, models)`.

        From logits and log-probabilities they are exact where a probability underflows;
        a probability of zero gives minus infinity.
        """
        return self._checked(log_normalized, models, samples, dtype)

    def packed_roots(
        self,
        models: slice | np.ndarray = WHOLE,
        samples: slice = WHOLE,
        dtype: np.dtype | None = None,
    ) -> np.ndarray:
        """Square roots of the probabilities, `(samples, classes, models)`."""
        if self.kind == "probabilities" or self.smoothing:
            roots = self.packed_probabilities(models, samples, dtype)
            return np.sqrt(roots, out=roots)
        half = self.packed_logarithms(models, samples, dtype)
        half *= half.dtype.type(0.5)
        return np.exp(half, out=half)

    def packed_values(
        self,
        models: slice | np.ndarray = WHOLE,
        samples: slice = WHOLE,
        dtype: np.dtype | None = None,
    ) -> np.ndarray:
        """Outputs of a block, `(samples, outputs, models)`."""
        if self.kind != "values":
            raise ValueError(
                "Argument `kind` must be `values` for a distance between regressions,"
                f" but is `{self.kind}`."
            )
        return self._checked(finite, models, samples, dtype)

    def _checked(
        self,
        convert: Conversion,
        models: slice | np.ndarray,
        samples: slice,
        dtype: np.dtype | None,
    ) -> np.ndarray:
        if self.kind == "values" and convert is not finite:
            raise ValueError(
                "Argument `kind` must be `probabilities`, `logits` or"
                " `log-probabilities` for a distance between distributions, but is"
                " `values`: use the distance `gaussian`."
            )
        numbers = _numbers(models, self.models)
        block = np.asarray(self.source[_hull(models), samples])
        if not isinstance(models, slice):
            block = block[numbers - numbers[0]]
        if block.ndim == 2:
            block = block[:, :, None]
        packed = np.array(np.moveaxis(block, 0, MODELS), dtype or self.dtype, order="C")
        tolerance = self.tolerance
        if tolerance is None:
            tolerance = default_tolerance(np.dtype(self.source.dtype), self.classes)
        try:
            return convert(packed, self.kind, tolerance, self.smoothing)
        except Unusable as found:
            sample = samples.indices(self.samples)[0] + found.place[SAMPLES]
            model = numbers[found.place[MODELS]]
            raise ValueError(
                f"Predictions of model {model} on sample {sample} cannot be used:"
                f" {found.what}: {found.remedy}."
            ) from None


def _hull(models: slice | np.ndarray) -> slice:
    """The shortest slice that holds all the models."""
    if isinstance(models, slice):
        return models
    return slice(int(models[0]), int(models[-1]) + 1)


def _numbers(models: slice | np.ndarray, count: int) -> np.ndarray:
    if isinstance(models, slice):
        return np.arange(count)[models]
    return models


def as_predictions(source: "Source | Predictions") -> Predictions:
    """Predictions as they are; a bare array is taken for probabilities."""
    return source if isinstance(source, Predictions) else Predictions(source)


def _check_kind(kind: str) -> None:
    if kind not in KINDS:
        raise ValueError(
            f"Argument `kind` must be one of {', '.join(KINDS)}, but is `{kind}`."
        )


def _check_type(source: Source) -> None:
    if not hasattr(source, "shape") or not hasattr(source, "dtype"):
        raise ValueError(
            "Argument `source` must be an array or behave like one (`shape`, `dtype`,"
            f" slices), but is a {type(source).__name__}: pass `np.asarray(...)`, or"
            " open a file with `open_predictions`."
        )
    try:
        dtype = np.dtype(source.dtype)
    except TypeError:
        dtype = np.dtype(object)
    # In either order of bytes.
    if dtype.newbyteorder("=") not in (np.float16, np.float32, np.float64):
        raise ValueError(
            "Argument `source` must hold numbers of type float16, float32 or float64,"
            f" but holds {source.dtype}: labels and votes are not probabilities; write"
            " them as one-hot rows of floats."
        )


def _check_shape(shape: tuple[int, ...], kind: Kind) -> None:
    allowed = (2, 3) if kind == "values" else (3,)
    axes = "(models, samples, classes)"
    if kind == "values":
        axes = "(models, samples) or (models, samples, outputs)"
    if len(shape) not in allowed or 0 in shape:
        raise ValueError(
            f"Argument `source` must have the shape {axes}, none of them 0, but has"
            f" shape {shape}."
        )
    if kind != "values" and shape[-1] == 1:
        raise ValueError(
            "Argument `source` must have at least 2 classes, but has 1: all"
            " distributions over one class are the same, so every distance is zero;"
            " for one output, stack p and 1 - p, or use the kind `values`."
        )

"""Other views of arrays that lie anywhere: nothing is read before it is asked for."""

from typing import Any, Protocol

import numpy as np

from linnet.shapes import Int


class Source(Protocol):
    """An array in memory or not: a shape, a type of numbers, slices."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    @property
    def dtype(self) -> Any: ...

    def __getitem__(self, key: Any) -> Any: ...


class Flattened:
    """`(runs, checkpoints, samples, classes)` seen as `(models, samples, classes)`.

    Model `u` is checkpoint `u % checkpoints` of run `u // checkpoints`.

    Example:
        >>> Flattened(np.arange(12.0).reshape(2, 3, 2, 1))[1:4, 0:1].ravel()
        array([2., 4., 6.])
    """

    def __init__(self, source: Source) -> None:
        self.source = source
        runs, self.checkpoints, *rest = source.shape
        self.shape = (runs * self.checkpoints, *rest)
        self.dtype = np.dtype(source.dtype)

    def __getitem__(self, key: slice | tuple[slice, slice]) -> np.ndarray:
        models, samples = _pair(key)
        start, stop, _ = models.indices(self.shape[0])
        pieces = []
        while start < stop:  # a piece does not leave its run
            run, first = divmod(start, self.checkpoints)
            last = min(self.checkpoints, first + stop - start)
            pieces.append(np.asarray(self.source[run, first:last, samples]))
            start += last - first
        if not pieces:
            return np.asarray(self.source[0, 0:0, samples])
        return np.concatenate(pieces) if len(pieces) > 1 else pieces[0]


class Chosen:
    """Some models of a source, in any order; neighbors are read together.

    Example:
        >>> Chosen(np.arange(10.0).reshape(5, 2), np.array([4, 0, 1]))[0:3, 1:2].ravel()
        array([9., 1., 3.])
    """

    def __init__(self, source: Source, models: Int[np.ndarray, " _"]) -> None:
        self.source, self.models = source, models
        self.shape = (len(models), *source.shape[1:])
        self.dtype = np.dtype(source.dtype)

    def __getitem__(self, key: slice | tuple[slice, slice]) -> np.ndarray:
        models, samples = _pair(key)
        wanted = self.models[models]
        ends = np.flatnonzero(np.diff(wanted) != 1) + 1
        runs = np.split(wanted, ends) if len(wanted) else [np.array([0])[:0]]
        pieces = [
            np.asarray(self.source[int(run[0]) : int(run[-1]) + 1, samples])
            for run in runs
            if len(run)
        ]
        if not pieces:
            return np.asarray(self.source[0:0, samples])
        return np.concatenate(pieces) if len(pieces) > 1 else pieces[0]


def _pair(key: slice | tuple[slice, slice]) -> tuple[slice, slice]:
    """Slices of models and samples; all samples where they are not told."""
    return key if isinstance(key, tuple) else (key, slice(None))

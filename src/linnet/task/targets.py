"""Raw samples as a source holds them, and the rule that makes classes one-hot."""

from dataclasses import dataclass
from typing import Literal, final, get_args

import numpy as np

from linnet.shapes import Float
from linnet.task.dataset import Dataset, check_lengths

TargetKind = Literal["auto", "classes", "values"]

_AUTO_CLASSES = 20
_MOST_CLASSES = 1000


@final
@dataclass(frozen=True, eq=False)
class Raw:
    """What a source held, before classes become one-hot.

    Attributes:
        inputs: Numbers, one sample a row.
        targets: Numbers, `(n,)` or `(n, k)`, or one text label for each sample.
        name: What a reader calls the data.
        input_names: One for each input; empty for the default.
        target_names: One for each target column; empty for the default.
        class_names: Names of the classes 0, 1, ... where the source knows them.
    """

    inputs: np.ndarray
    targets: np.ndarray | list[str]
    name: str
    input_names: tuple[str, ...] = ()
    target_names: tuple[str, ...] = ()
    class_names: tuple[str, ...] = ()


def encoded(raw: Raw, kind: TargetKind) -> Dataset:
    """The data set of a source, classes as one-hot targets.

    `auto` takes text labels for classes, and one-dimensional integer-valued targets
    with at most 20 distinct values; all else is regression. What was made one-hot is
    recorded, except where the source itself names the classes.

    Raises:
        ValueError: when `kind` is unknown or contradicts the targets, there is one
            class only or more than 1000, or `Dataset` refuses.
    """
    if kind not in get_args(TargetKind):
        raise ValueError(
            "Argument `target_kind` must be `auto`, `classes` or `values`, but is"
            f" `{kind}`."
        )
    check_lengths(raw.name, len(raw.inputs), len(raw.targets))
    if isinstance(raw.targets, list):
        if kind == "values":
            raise ValueError(
                f"The targets of `{raw.name}` must be numbers when target_kind is"
                f" `values`, but the first is '{raw.targets[0]}'."
            )
        return _one_hot(raw, *_labels(raw.targets))
    if kind == "classes":
        return _one_hot(raw, *_integers(raw, raw.targets))
    if kind == "auto" and _looks_like_classes(raw.targets):
        return _one_hot(raw, *_integers(raw, raw.targets))
    targets = raw.targets if raw.targets.ndim != 1 else raw.targets[:, None]
    return Dataset(raw.inputs, targets, raw.name, raw.input_names, raw.target_names)


def _looks_like_classes(targets: np.ndarray) -> bool:
    if targets.ndim != 1 or targets.dtype.kind not in "biuf":
        return False
    values = np.unique(targets)
    return len(values) <= _AUTO_CLASSES and _are_integers(values)


def _are_integers(values: np.ndarray) -> bool:
    if values.dtype.kind in "biu":
        return True
    return bool(np.isfinite(values).all() and (values == np.round(values)).all())


def _labels(labels: list[str]) -> tuple[np.ndarray, tuple[str, ...]]:
    names = tuple(sorted(set(labels)))
    index = {name: position for position, name in enumerate(names)}
    return np.fromiter((index[label] for label in labels), int, len(labels)), names


def _integers(raw: Raw, targets: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    column = targets[:, 0] if targets.ndim == 2 and targets.shape[1] == 1 else targets
    if column.ndim != 1 or column.dtype.kind not in "biuf":
        raise ValueError(
            f"The targets of `{raw.name}` must be one column of integers or text to be"
            f" classes, but have shape {targets.shape} and dtype {targets.dtype}."
        )
    values, position = np.unique(column, return_inverse=True)
    if not _are_integers(values):
        row = int(np.argmax(~np.isfinite(column) | (column != np.round(column))))
        raise ValueError(
            f"The targets of `{raw.name}` must be integers or text to be classes, but"
            f" row {row} (counted from 0) is {column[row]}: use target_kind `values`."
        )
    names = tuple(str(int(value)) for value in values)
    if raw.class_names and len(raw.class_names) == len(names):
        names = raw.class_names
    return position, names


def _one_hot(raw: Raw, position: np.ndarray, names: tuple[str, ...]) -> Dataset:
    if not 2 <= len(names) <= _MOST_CLASSES:
        remedy = (
            f"all samples are `{names[0]}`; nothing is left to tell apart"
            if len(names) == 1
            else "are these names of samples, or values?"
        )
        raise ValueError(
            f"The targets of `{raw.name}` must show 2 to {_MOST_CLASSES} classes, but"
            f" show {len(names)}: {remedy}."
        )
    targets: Float[np.ndarray, "n k"] = np.zeros((len(position), len(names)))
    targets[np.arange(len(position)), position] = 1.0
    column = f"target `{raw.target_names[0]}`" if raw.target_names else "targets"
    note = f"{column}: {len(names)} classes as one-hot columns"
    record = () if raw.class_names else (note,)
    return Dataset(raw.inputs, targets, raw.name, raw.input_names, names, record)

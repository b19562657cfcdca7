"""What a file holds that is not refused, but that its owner may not have meant."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from linnet.study.model_labels import array_of_models, arrays_in

if TYPE_CHECKING:
    from linnet.phenomena.sloppiness.measure.predictions import Predictions

LOOKED_AT = 16  # models, spread over all of them
NEARLY = 1e-3  # of one: sums that only probabilities have


def remarks(
    path: Path, array: str | None, predictions: "Predictions | None", models: int
) -> tuple[str, ...]:
    """Warnings, one sentence each.

    Args:
        path: The file.
        array: The array of it that was asked for, or None.
        predictions: What it holds, or None for distances.
        models: How many models that is.
    """
    said = list(_unused(path, array, models))
    if predictions is not None and predictions.kind == "logits":
        said += _logits_that_are_none(predictions)
    return tuple(said)


def _unused(path: Path, array: str | None, models: int) -> list[str]:
    """Arrays beside the predictions that are no labels."""
    if path.suffix.lower() != ".npz" or not path.is_file():
        return []
    used = array_of_models(path) if array is None else array
    return [
        f"Array `{name}` of `{path.name}` is not used:"
        + (
            " it holds Python objects, which are never loaded."
            if shape is None
            else f" its shape is {shape}, and a label of the {models} models would"
            f" have ({models},)."
        )
        for name, shape in arrays_in(path).items()
        if name != used and shape != (models,)
    ]


def _logits_that_are_none(predictions: "Predictions") -> list[str]:
    step = max(predictions.models // LOOKED_AT, 1)
    for model in range(0, predictions.models, step):
        rows = np.asarray(predictions.source[model : model + 1, :], dtype=float)
        is_share = rows.min() >= 0 and np.abs(rows.sum(-1) - 1).max() < NEARLY
        if not is_share:
            return []
    return [
        "With `--kind logits` the numbers look like probabilities: none is negative,"
        " and all sum to one over classes. Leave `--kind` out if that is what they are."
    ]

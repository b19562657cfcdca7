"""What a file holds: predictions or distances, and what is known of the models."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from linnet.inpca.settings import Settings
from linnet.study.model_labels import (
    Labels,
    array_of_models,
    labels_beside,
    labels_of_names,
    read_labels,
)
from linnet.study.source_views import Flattened

if TYPE_CHECKING:
    from linnet.phenomena.sloppiness.measure.predictions import Predictions
    from linnet.study.prediction_files import Checkpoints

# Names that a saved embedding has for itself.
_TAKEN = {"component", "coordinates", "eigenvalues", "explained_distance"}
_TAKEN |= {"explained_stress", "residuals", "row_means", "self_products", "signature"}
_TAKEN |= {"weights"}


def opened(path: Path, settings: Settings) -> "Predictions":
    """The predictions of a file; nothing is read before it is needed."""
    from linnet.phenomena.sloppiness.measure.predictions import Predictions

    source = _source(path, settings.array)
    shape = tuple(source.shape)
    if settings.holds != "values" and len(shape) == 2 and shape[0] == shape[1]:
        raise ValueError(
            f"Predictions must be (models, samples, classes), but `{path.name}` holds a"
            f" square matrix, {shape}: if these are distances, say `--distance given`."
        )
    if settings.holds != "values" and len(shape) == 2:
        raise ValueError(
            f"Predictions must be (models, samples, classes), but `{path.name}` holds"
            f" {shape}: for one number per model and sample, as of a regression, say"
            " `--distance gaussian --kind values`."
        )
    return Predictions(
        Flattened(source) if len(source.shape) == 4 else source,
        settings.holds,  # type: ignore[arg-type]
        tolerance=settings.tolerance,
        smoothing=settings.smoothing,
    )


def read_matrix(path: Path, settings: Settings) -> np.ndarray:
    """Distances as they are: a matrix, one row per model."""
    matrix = np.asarray(_source(path, settings.array))
    if matrix.ndim != 2:
        raise ValueError(
            "With `--distance given` the file must hold a matrix of distances, but"
            f" holds the shape {matrix.shape}: predictions need another distance."
        )
    return matrix if matrix.dtype == np.float32 else matrix.astype(np.float64)


def known_labels(
    path: Path, table: Path | None, predictions: "Predictions | None", models: int
) -> Labels:
    """What axes, names of files, further arrays and a table tell of the models."""
    from linnet.study.prediction_files import Checkpoints

    labels: Labels = {}
    source = None if predictions is None else predictions.source
    if isinstance(source, Flattened):
        numbers = np.arange(models, dtype=float)
        labels["run"] = numbers // source.checkpoints
        labels["checkpoint"] = numbers % source.checkpoints
    if isinstance(source, Checkpoints):
        labels |= _labels_of(source)
    if path.suffix.lower() == ".npz":
        labels |= labels_beside(path, models)
    labels |= read_labels(table, models) if table is not None else {}
    return storable(labels)


def storable(labels: Labels) -> Labels:
    """The same under names that a file takes, and that nothing else in it has.

    Example:
        >>> list(storable({"learning rate": (), "weights": (), "a/b": (), "a b": ()}))
        ['learning_rate', 'weights_of_model', 'a_b', 'a_b_2']
    """
    found: Labels = {}
    for name, values in labels.items():
        free = re.sub(r"[\s/]+", "_", name.strip()) or "label"
        if free in _TAKEN or free.startswith("component_"):
            free += "_of_model"
        count = 1
        unique = free
        while unique in found:
            count += 1
            unique = f"{free}_{count}"
        found[unique] = values
    return found


def _labels_of(folder: "Checkpoints") -> Labels:
    """What the names of its files tell, once for each model in a file."""
    counts = np.diff((0, *folder.ends))
    names = [
        file.stem
        for file, count in zip(folder.files, counts, strict=True)
        for _ in range(count)
    ]
    labels = labels_of_names(names)
    if counts.max() > 1 and "run" not in labels:
        # Files of many models each are one file a checkpoint.
        labels["run"] = np.concatenate([np.arange(float(c)) for c in counts])
    return labels


def _source(path: Path, array: str | None) -> Any:
    from linnet.study.prediction_files import open_predictions

    if array is None and path.suffix.lower() == ".npz" and path.is_file():
        array = array_of_models(path)
    return open_predictions(path, array)

"""A file that is looked at: what is asked of it, and whether that can be done."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from linnet.inpca.cost import Cost, cost_of, distances_cost, factor_cost
from linnet.inpca.remarks import remarks
from linnet.inpca.settings import (
    GIVEN,
    Settings,
    check,
    components_kept,
    distance_of,
    identity,
)
from linnet.inpca.sources import known_labels, opened, read_matrix
from linnet.shapes import Float
from linnet.study.model_labels import Labels, read_weights

if TYPE_CHECKING:
    from linnet.phenomena.sloppiness.measure.predictions import Predictions


@dataclass(frozen=True)
class Job:
    """What will be done.

    Attributes:
        path: The file.
        settings: As they were given.
        predictions: What the models predict; None where distances are given.
        matrix: The given distances; None where they are computed.
        components: How many are kept.
        labels: What is known of each model.
        weights: Of each model, or None.
        cost: What it takes.
        content: Fingerprint of the file.
        command: The command that does the same, or empty.
        warnings: What the owner of the file may not have meant, in sentences.
    """

    path: Path
    settings: Settings
    predictions: "Predictions | None"
    matrix: np.ndarray | None
    components: int
    labels: Labels
    weights: Float[np.ndarray, " models"] | None
    cost: Cost
    content: str
    command: str = ""
    warnings: tuple[str, ...] = ()

    @property
    def models(self) -> int:
        """How many points there will be."""
        if self.predictions is not None:
            return self.predictions.models
        assert self.matrix is not None
        return len(self.matrix)

    def identity(self) -> str:
        """SHA-256 of all that changes the distances, so that none is mistaken."""
        return identity(self.settings, self.predictions, self.content)


def prepare(
    path: str | Path,
    settings: Settings | None = None,
    *,
    labels: str | Path | None = None,
    weights: str | Path | None = None,
    memory_limit: float | None = None,
    command: str = "",
) -> Job:
    """Look at a file, and refuse what cannot work before any work is done.

    Args:
        path: Predictions `(models, samples, classes)`, or `(runs, checkpoints, samples,
            classes)`, as .npy, an .npz member, zarr or a folder of checkpoints; or a
            square matrix of distances.
        settings: What to compute.
        labels: A table with one row per model. Of an .npz file, its further arrays of
            that length are labels too.
        weights: A file with one weight per model, with sum one.
        memory_limit: Bytes that the work may take; None for no limit.
        command: The command that does the same.

    Returns:
        What will be done, with its cost.

    Raises:
        ValueError: when file, labels, weights and settings do not fit together, or the
            work does not fit into the memory.
    """
    settings = settings or Settings()
    from linnet.study.prediction_files import fingerprint

    path = Path(path)
    labels, weights = (None if f is None else Path(f) for f in (labels, weights))
    check(settings)
    predictions, matrix = _opened(path, settings)
    models = predictions.models if predictions is not None else len(_known(matrix))
    components = components_kept(settings, models)
    if weights is not None and settings.landmarks is not None:
        raise ValueError(
            "Options `--weights` and `--landmarks` must not be given together:"
            " landmarks have equal weights, the others none."
        )
    if predictions is not None:
        distance_of(settings).check(predictions)
    known = known_labels(path, labels, predictions, models)
    shares = None if weights is None else read_weights(weights, models)
    cost = _cost(settings, predictions, matrix, memory_limit)
    if predictions is not None:
        predictions.check()
    return Job(
        path=path,
        settings=settings,
        predictions=predictions,
        matrix=matrix,
        components=components,
        labels=known,
        weights=shares,
        cost=cost,
        content=fingerprint(predictions.source if predictions else _known(matrix)),
        command=command,
        warnings=remarks(path, settings.array, predictions, models),
    )


def _cost(
    settings: Settings,
    predictions: "Predictions | None",
    matrix: np.ndarray | None,
    limit: float | None,
) -> Cost:
    if predictions is None:
        given = _known(matrix)
        return cost_of(len(given), given.dtype.itemsize, limit, on_disk=False)
    marks, itemsize = settings.landmarks, predictions.dtype.itemsize
    distance, models = distance_of(settings), predictions.models
    if marks is not None:
        cost = cost_of(marks, itemsize, limit, on_disk=False)
        return distances_cost(cost, predictions, distance, pairs=models * marks)
    found = factor_cost(predictions, settings.distance, limit)
    if found is not None:
        return found
    cost = cost_of(models, itemsize, limit)
    return distances_cost(cost, predictions, distance, pairs=models**2 // 2)


def _known(found: Any) -> Any:
    assert found is not None
    return found


def _opened(
    path: Path, settings: Settings
) -> "tuple[Predictions | None, np.ndarray | None]":
    if settings.distance != GIVEN:
        return opened(path, settings), None
    from linnet.phenomena.sloppiness.measure.distances import given_distances

    matrix = read_matrix(path, settings)
    return None, given_distances(matrix)

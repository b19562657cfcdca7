"""Truth and ignorance among models: placed on the map, which they do not move."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from linnet.inpca.job import Job
from linnet.inpca.settings import distance_of
from linnet.inpca.work import MARKS_FILE, table
from linnet.shapes import Float, Int
from linnet.study.whole_files import write_text

if TYPE_CHECKING:
    from linnet.phenomena.sloppiness.measure.embedding import Embedding

MARKS = ("truth", "ignorance")
FINITE = ("bhattacharyya", "hellinger", "jensen-shannon")


def mark_distances(job: Job, labels: str | Path) -> Float[np.ndarray, "marks models"]:
    """Distances of all models from the truth and from ignorance.

    Args:
        job: From `prepare`.
        labels: The class of each sample, a whole number from 0: a .npy file, or a .npz
            file in which one array alone has an entry per sample.

    Raises:
        ValueError: when the labels do not fit to the predictions, or the distance from
            a certain model is not finite.
    """
    from linnet.phenomena.sloppiness.measure import ignorance, truth
    from linnet.phenomena.sloppiness.measure.distances import cross_distances

    given = job.predictions
    if given is None or job.settings.distance not in FINITE:
        raise ValueError(
            f"Option `--truth` must be given with one of the distances"
            f" {', '.join(FINITE)}, which stay finite for models that are certain, but"
            f" the distance is {job.settings.distance}."
        )
    classes = _classes_of(Path(labels), given.samples)
    if classes.max() >= given.classes or classes.min() < 0:
        raise ValueError(
            f"Truth must be classes from 0 to {given.classes - 1}, but spans"
            f" {classes.min()} to {classes.max()}."
        )
    ends = [truth(classes, given.classes), ignorance(given.samples, given.classes)]
    marks = replace(given, source=np.array(ends, given.dtype), kind="probabilities")
    return cross_distances(
        marks, given, distance_of(job.settings), memory_limit=job.cost.for_distances
    )


def place_marks(
    embedding: "Embedding", distances: Float[np.ndarray, "marks models"], out: Path
) -> Float[np.ndarray, "marks components"]:
    """Coordinates of truth and ignorance, also written as `marks.csv`."""
    from linnet.phenomena.sloppiness.measure.inpca import place

    if embedding.is_approximate:  # the map is that of the landmarks
        distances = distances[:, np.flatnonzero(embedding.shares)]
    coordinates = place(embedding, distances)
    write_text(out / MARKS_FILE, table({"point": np.array(MARKS)}, coordinates))
    return coordinates


def _classes_of(path: Path, samples: int) -> Int[np.ndarray, " samples"]:
    from linnet.study.model_labels import shapes_in
    from linnet.study.prediction_files import open_predictions

    name = None
    if path.suffix.lower() == ".npz" and path.is_file():
        names = [n for n, shape in shapes_in(path).items() if shape == (samples,)]
        name = names[0] if len(names) == 1 else None
    classes = np.asarray(open_predictions(path, name))
    is_whole = classes.dtype.kind in "iu" or (
        classes.dtype.kind == "f" and bool((classes == np.round(classes)).all())
    )
    if classes.shape != (samples,) or not is_whole:
        raise ValueError(
            f"Truth `{path.name}` must hold one whole number, a class from 0, for each"
            f" of the {samples} samples, but has shape {classes.shape} and type"
            f" {classes.dtype}."
        )
    return classes.astype(np.int64)

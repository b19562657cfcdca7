"""Models that come later, put among those of a saved result."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from linnet.inpca.remarks import remarks
from linnet.inpca.settings import GIVEN, Settings, check, distance_of, identity
from linnet.inpca.sources import known_labels, opened, read_matrix
from linnet.inpca.work import SUMMARY, load_embedding, table
from linnet.shapes import Float
from linnet.study.model_labels import Labels
from linnet.study.source_views import Chosen
from linnet.study.whole_files import write_text

if TYPE_CHECKING:
    from linnet.phenomena.sloppiness.measure.embedding import Embedding


@dataclass(frozen=True)
class Placement:
    """New models in the components of old ones.

    Attributes:
        embedding: Of the old models; the new ones do not change it.
        coordinates: Of the new models.
        labels: What is known of each new model.
        settings: With which the old ones were embedded.
        warnings: What the owner of the new file may not have meant, in sentences.
    """

    embedding: "Embedding"
    coordinates: Float[np.ndarray, "models components"]
    labels: Labels
    settings: Settings
    warnings: tuple[str, ...] = ()


def place(
    path: str | Path,
    into: str | Path,
    out: str | Path,
    *,
    labels: str | Path | None = None,
    array: str | None = None,
    kind: str | None = None,
    tolerance: float | None = None,
    memory_limit: float | None = None,
    check_labels: Callable[[Labels, Labels], None] = lambda old, new: None,
) -> Placement:
    """Put the models of a file among those of a saved result.

    Each is placed for itself, from its distances to the embedded models, whose
    predictions must still lie where they were. An embedded model comes to lie on
    itself.

    Args:
        path: Predictions of the new models, on the same samples.
        into: Folder of the saved result.
        out: Folder for `placed.csv`.
        labels: A table with one row per new model.
        array: Name of the array, where the file holds several.
        kind: What this file holds, which may be another kind of numbers than the old
            one; None for the same.
        tolerance: How far its probabilities may be from a sum of one; None for what
            the old ones were allowed.
        memory_limit: Bytes that the distances may take; None for no limit.
        check_labels: Called with what is known of old and new models before any
            distance is computed, to refuse it.

    Returns:
        Their coordinates.

    Raises:
        ValueError: when there is no result, its predictions have changed or are gone,
            the new ones do not fit to them, or `out` would hide the result.
    """
    path, into, out = Path(path), Path(into), Path(out)
    labels = None if labels is None else Path(labels)
    if out.resolve() == into.resolve():
        raise ValueError(
            f"Option `--out` must be another folder than `--into`, {into}: the page"
            " there is that of the embedded models."
        )
    from linnet.phenomena.sloppiness.measure.distances import cross_distances
    from linnet.phenomena.sloppiness.measure.inpca import place as placed

    embedding = load_embedding(into)
    settings, origin = _origin(into, embedding)
    given = _as_given(settings, array, kind, tolerance)
    new = None
    if settings.distance == GIVEN:
        distances = read_matrix(path, given)
        known = known_labels(path, labels, None, len(distances))
        check_labels(_labels(embedding), known)
    else:
        new, old = opened(path, given), opened(origin, settings)
        known = known_labels(path, labels, new, new.models)
        check_labels(_labels(embedding), known)
        distance_of(given).check(new)
        if embedding.is_approximate:  # the map is that of the landmarks
            marks = np.flatnonzero(embedding.shares)
            old = replace(old, source=Chosen(old.source, marks))
        distances = cross_distances(
            new, old, distance_of(settings), memory_limit=memory_limit
        )
    coordinates = placed(embedding, distances)
    told = remarks(path, given.array, new, len(coordinates))
    found = Placement(embedding, coordinates, known, settings, told)
    out.mkdir(parents=True, exist_ok=True)
    arrays = {name: np.asarray(values) for name, values in known.items()}
    write_text(out / "placed.csv", table(arrays, coordinates))
    return found


def _as_given(
    settings: Settings, array: str | None, kind: str | None, tolerance: float | None
) -> Settings:
    """How the new file is read."""
    given = replace(
        settings,
        array=array,
        kind=settings.kind if kind is None else kind,
        tolerance=settings.tolerance if tolerance is None else tolerance,
    )
    check(given)
    return given


def _labels(embedding: "Embedding") -> Labels:
    return {
        name: values
        if values.dtype.kind in "iufb"
        else tuple(str(value) for value in values)
        for name, values in embedding.about.models.items()
    }


def _origin(into: Path, embedding: "Embedding") -> tuple[Settings, Path]:
    """How the old models were embedded, and where their predictions lie."""
    summary = into / SUMMARY
    if not summary.is_file():
        raise ValueError(
            f"Option `--into` must be a folder of `linnet inpca`, but {into} has no"
            f" {SUMMARY}."
        )
    told = json.loads(summary.read_text("utf-8"))
    settings, path = Settings(**told["settings"]), Path(told["file"])
    if settings.distance == GIVEN:
        return settings, path
    if not path.exists():
        raise ValueError(
            "New models are placed by their distances to the predictions of the old"
            f" ones, but {path} is gone: put it back, or write its new place as `file`"
            f" into {summary}."
        )
    from linnet.study.prediction_files import fingerprint

    old = opened(path, settings)
    content = fingerprint(old.source)
    if identity(settings, old, content) != embedding.about.identity:
        raise ValueError(
            f"The predictions of the old models, {path}, must be those that were"
            " embedded, but have changed since: embed them again."
        )
    return settings, path

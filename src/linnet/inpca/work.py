"""The work itself: distances, embedding, and what is saved of it."""

import csv
import importlib.metadata
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from linnet.inpca.cost import check_disk
from linnet.inpca.job import Job
from linnet.inpca.settings import distance_of
from linnet.inpca.stored import cost_left, store_of
from linnet.study.source_views import Chosen
from linnet.study.whole_files import write_text, write_whole

if TYPE_CHECKING:
    from linnet.phenomena.sloppiness.measure.embedding import About, Embedding

Progress = Callable[[int, int], None]
Told = Callable[[str], None]

RESULT = "coordinates.nc"
SUMMARY = "inpca.json"
MARKS_FILE = "marks.csv"


def embed(
    job: Job,
    out: str | Path,
    *,
    on_tile: Progress | None = None,
    on_stage: Told = lambda text: None,
) -> "Embedding":
    """Do the work, and save it as `coordinates.nc` and `coordinates.csv` in `out`.

    Distances lie in a folder of their name in `out/distances`, tile by tile; those that
    are there already are not computed again, and the result has the same bits as if
    they had been.

    Args:
        job: From `prepare`.
        out: A folder, made if missing.
        on_tile: Called with the numbers of finished and of all tiles.
        on_stage: Called with what is done next.

    Raises:
        ValueError: when predictions are no probabilities, there are fewer components
            than asked for, `out` holds these distances of other data or settings, or
            the disk has no room for them.
    """
    out = Path(out)
    check_disk(cost_left(job, out), out)
    out.mkdir(parents=True, exist_ok=True)
    if job.settings.landmarks is not None:
        on_stage(f"{job.settings.landmarks:,} of {job.models:,} models as landmarks")
        found = _from_landmarks(job)
    elif job.cost.route == "factors":
        on_stage(f"Embedding {job.models:,} models")
        found = _kept(job, partial(_from_factors, job))
    else:
        distances = job.matrix
        if distances is None:
            on_stage(f"Distances between {job.models:,} models")
            distances = _distances(job, out, on_tile)
        on_stage(f"Embedding {job.models:,} models")
        found = _kept(job, partial(_from_distances, job, distances))
    save_embedding(found, out)
    text = json.dumps(
        summary(job, found), ensure_ascii=False, allow_nan=False, indent=2
    )
    write_text(out / SUMMARY, text + "\n")
    (out / MARKS_FILE).unlink(missing_ok=True)  # were placed on another map
    return found


def summary(job: Job, embedding: "Embedding") -> dict[str, Any]:
    """The result for machines: settings, headline numbers, names of the labels."""
    stress, error = embedding.explained_stress(), embedding.sampled_error
    return {
        "command": job.command,
        "file": str(job.path.absolute()),
        "content": job.content,
        "settings": asdict(job.settings),
        "models": job.models,
        "samples": embedding.about.samples,
        "classes": 0 if job.predictions is None else job.predictions.classes,
        "components": len(embedding.eigenvalues),
        "eigenvalues": embedding.eigenvalues.tolist(),
        "signature": [int(sign) for sign in embedding.signature],
        "residuals": embedding.residuals.tolist(),
        "explained_stress": stress.tolist(),
        "explained_distance": embedding.explained_distance().tolist(),
        "trace": embedding.trace,
        "method": embedding.method,
        "is_approximate": embedding.is_approximate,
        "sampled_error": None if error is None else float(error.value),
        "sampled_error_stderr": None if error is None else float(error.stderr),
        "labels": list(embedding.about.models),
        "warnings": list(job.warnings),
        "versions": {
            name: importlib.metadata.version(name) for name in ("linnet", "numpy")
        },
    }


def save_embedding(embedding: "Embedding", out: Path) -> None:
    """Write `coordinates.nc`, from which it is loaded, and `coordinates.csv`."""
    dataset = embedding.as_dataset()
    write_whole(out / RESULT, lambda part: dataset.to_netcdf(part, engine="h5netcdf"))
    write_text(
        out / "coordinates.csv",
        table(embedding.about.models, embedding.coordinates),
    )


def load_embedding(path: str | Path) -> "Embedding":
    """A saved embedding, to the last bit.

    Args:
        path: `coordinates.nc`, or the folder in which it lies.

    Raises:
        ValueError: when there is none.
    """
    import xarray

    from linnet.phenomena.sloppiness.measure.embedding import Embedding

    path = Path(path)
    file = path / RESULT if path.is_dir() else path
    if not file.is_file():
        raise ValueError(
            f"Path must be a result of `linnet inpca`, but there is no {file}."
        )
    with xarray.open_dataset(file, engine="h5netcdf") as dataset:
        return Embedding.from_dataset(dataset.load())


def table(labels: Mapping[str, np.ndarray], coordinates: np.ndarray) -> str:
    """Labels, then components, one row per model; every digit is kept.

    Example:
        >>> print(table({"step": np.array([0.0, 10.0])}, np.array([[0.5], [-1.0]])))
        step,component_1
        0,0.5
        10,-1.0
        <BLANKLINE>
    """
    columns: dict[str, Sequence[Any]] = {k: _whole(v) for k, v in labels.items()}
    for k, column in enumerate(coordinates.T, 1):
        columns[f"component_{k}"] = column.tolist()
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    return text.getvalue()


def _whole(values: np.ndarray) -> list[Any]:
    """Numbers that are all whole, such as steps, as whole numbers."""
    is_whole = (
        values.dtype.kind == "f"
        and bool((values == np.round(values)).all())
        and bool((np.abs(values) < 2.0**53).all())
    )
    return values.astype(np.int64).tolist() if is_whole else values.tolist()


def _distances(job: Job, out: Path, on_tile: Progress | None) -> Any:
    from linnet.phenomena.sloppiness.measure.distances import distance_matrix
    from linnet.phenomena.sloppiness.measure.tiles import assembled

    assert job.predictions is not None
    store = store_of(job, out)
    distance_matrix(
        job.predictions,
        distance_of(job.settings),
        tiles=store,
        memory_limit=job.cost.for_distances,
        progress=on_tile,
    )
    return store if job.cost.route == "tiles" else assembled(store)


def _from_distances(job: Job, distances: Any, components: int) -> "Embedding":
    from linnet.phenomena.sloppiness.measure.inpca import Search, embed_distances

    return embed_distances(
        distances,
        components,
        weights=job.weights,
        search=Search(seed=job.settings.seed),
        about=about(job),
    )


def _from_factors(job: Job, components: int) -> "Embedding":
    """Without any distance."""
    from linnet.phenomena.sloppiness.measure.factors import (
        embed_gaussian,
        embed_symmetrized_kl,
    )
    from linnet.phenomena.sloppiness.measure.inpca import Search

    assert job.predictions is not None
    search = Search(seed=job.settings.seed)
    common: Any = {"weights": job.weights, "search": search, "about": about(job)}
    if job.settings.distance == "gaussian":
        common["deviation"] = job.settings.sigma
        return embed_gaussian(job.predictions, components, **common)
    return embed_symmetrized_kl(job.predictions, components, **common)


def _kept(job: Job, embedded: Callable[[int], "Embedding"]) -> "Embedding":
    """As many components as asked for; where none were, as many as there are."""
    count = job.components
    while True:
        try:
            return embedded(count)
        except ValueError as error:
            is_default = job.settings.components is None
            if not (is_default and count > 1 and "at most the rank" in str(error)):
                raise
            count -= 1


def about(job: Job) -> "About":
    """What the embedding is of."""
    from linnet.phenomena.sloppiness.measure.embedding import About

    samples = 0 if job.predictions is None else job.predictions.samples
    labels = {name: np.asarray(values) for name, values in job.labels.items()}
    return About(job.settings.distance, samples, job.identity(), labels)


def _from_landmarks(job: Job) -> "Embedding":
    from linnet.phenomena.sloppiness.measure.distances import cross_distances
    from linnet.phenomena.sloppiness.measure.inpca import Search
    from linnet.phenomena.sloppiness.measure.landmarks import landmark_embedding

    given, distance = job.predictions, distance_of(job.settings)
    assert given is not None
    assert job.settings.landmarks is not None

    def between(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        left = replace(given, source=Chosen(given.source, rows))
        right = replace(given, source=Chosen(given.source, columns))
        return cross_distances(
            left, right, distance, memory_limit=job.cost.for_distances
        )

    return landmark_embedding(
        between,
        job.models,
        job.settings.landmarks,
        job.components,
        search=Search(seed=job.settings.seed),
        about=about(job),
    )

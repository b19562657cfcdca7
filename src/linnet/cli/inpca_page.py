"""From an embedding to its page: words and choices, no number is made here."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from linnet.cli.inpca_words import (
    MARK_WORDS,
    headline,
    meanings,
    stress_note,
    told_facts,
    what_is_seen,
)
from linnet.inpca.marks import MARKS
from linnet.show.coordinates import coordinate_pictures, stress_pictures
from linnet.show.scatter import Scatter, render_scatter
from linnet.study.model_labels import Labels, column_of, trajectories
from linnet.study.whole_files import write_bytes, write_text

if TYPE_CHECKING:
    from linnet.inpca import Job, Placement
    from linnet.phenomena.sloppiness.measure.embedding import Embedding

FEW_LEVELS = 7  # colors that are told apart
MANY_LEVELS = 30  # names that a legend can hold


def check_columns(
    labels: Labels, columns: tuple[str | None, str | None, str | None]
) -> None:
    """Refuse color, run and step that are no labels before any work is done.

    Raises:
        ValueError: naming the labels that there are.
    """
    color, run, step = columns
    chosen_color(labels, color, run, step)
    trajectories(labels, run, step)


def scatter_of(
    job: "Job",
    embedding: "Embedding",
    color: str | None = None,
    run: str | None = None,
    step: str | None = None,
    *,
    marks: np.ndarray | None = None,
) -> Scatter:
    """The page of an embedding.

    Raises:
        ValueError: when a named column is missing.
    """
    labels = _plain(embedding.about.models)
    runs = trajectories(labels, run, step)
    named_run = column_of(labels, "--run", run, "run")
    named_step = column_of(labels, "--step", step, "step")
    return Scatter(
        title=f"inPCA of `{job.path.name}`",
        lead=(headline(embedding), what_is_seen(embedding)),
        coordinates=embedding.coordinates,
        signs=embedding.signature.astype(int),
        stress=embedding.explained_stress(),
        labels=labels,
        color=chosen_color(labels, color, named_run, named_step),
        runs=runs,
        stress_note=stress_note(embedding),
        words=meanings(embedding, len(runs), named_run, named_step)
        + (() if marks is None else (MARK_WORDS,)),
        marks={} if marks is None else dict(zip(MARKS, marks, strict=True)),
        facts=told_facts(job, embedding),
        command=job.command,
    )


def check_placed(
    before: Labels, new: Labels, columns: tuple[str | None, str | None, str | None]
) -> None:
    """Refuse color, run and step that old and new models do not both have.

    Raises:
        ValueError: naming the labels that both have.
    """
    check_columns(_together(before, new), columns)


def _together(before: Labels, new: Labels) -> Labels:
    """Labels that both old and new models have, and which of both a model is."""
    labels: Labels = {"models": ()}
    for column, values in new.items():
        known = before.get(column)
        if isinstance(values, tuple) and isinstance(known, tuple):
            labels[column] = known + values
        elif isinstance(values, np.ndarray) and isinstance(known, np.ndarray):
            labels[column] = np.concatenate([known, values])
    return labels


def placed_scatter(
    found: "Placement",
    name: str,
    command: str,
    columns: tuple[str | None, str | None, str | None] = (None, None, None),
) -> Scatter:
    """Old and new models together, in the components of the old ones."""
    color, run, step = columns
    embedding = found.embedding
    old, new = len(embedding.coordinates), len(found.coordinates)
    before = _plain(embedding.about.models)
    labels = _together(before, found.labels)
    later = trajectories(found.labels, run, step)
    runs = (*trajectories(before, run, step), *(members + old for members in later))
    labels["models"] = ("embedded",) * old + ("placed",) * new
    return Scatter(
        title=f"`{name}` among {old:,} embedded models",
        lead=(
            f"{new:,} new models, placed by their distances to {old:,} embedded ones,"
            " which they do not move.",
            headline(embedding),
        ),
        coordinates=np.concatenate([embedding.coordinates, found.coordinates]),
        signs=embedding.signature.astype(int),
        stress=embedding.explained_stress(),
        labels=labels,
        color="models" if color is None else color,
        runs=runs,
        stress_note=stress_note(embedding),
        words=meanings(
            embedding,
            len(runs),
            column_of(before, "--run", run, "run"),
            column_of(before, "--step", step, "step"),
        ),
        command=command,
    )


def write_page(scatter: Scatter, out: Path) -> Path:
    """The page and its pictures, each whole or not at all."""
    figures = out / "figures"
    figures.mkdir(parents=True, exist_ok=True)
    for name, draw in (
        ("coordinates", coordinate_pictures),
        ("stress", stress_pictures),
    ):
        svg, png = draw(scatter)
        write_text(figures / f"{name}.svg", svg)
        write_bytes(figures / f"{name}.png", png)
    return write_text(out / "inpca.html", render_scatter(scatter))


def chosen_color(
    labels: Labels, asked: str | None, run: str | None, step: str | None
) -> str | None:
    """The column that colors the points first: what tells most at a glance."""
    if asked is not None:
        return column_of(labels, "--color", asked, "")
    several = [name for name in labels if _levels(labels[name]) >= 2]
    few = [n for n in several if n != run and _levels(labels[n]) <= FEW_LEVELS]
    text = [n for n in few if isinstance(labels[n], tuple)]
    steps = [step] if step in several else []
    rest = [
        name
        for name in several
        if not isinstance(labels[name], tuple) or _levels(labels[name]) <= MANY_LEVELS
    ]
    return next(iter([*text, *steps, *few, *rest]), None)


def _levels(values: Any) -> int:
    return len(set(values if isinstance(values, tuple) else values.tolist()))


def _plain(models: Mapping[str, np.ndarray]) -> Labels:
    """Numbers as numbers, all else as text."""
    return {
        name: values.astype(float)
        if values.dtype.kind in "iufb"
        else tuple(str(value) for value in values)
        for name, values in models.items()
    }

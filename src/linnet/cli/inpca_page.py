"""From an embedding to its page: words and choices, no number is made here."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from linnet.inpca.marks import MARKS
from linnet.show.coordinates import coordinate_pictures, stress_pictures
from linnet.show.scatter import Scatter, render_scatter
from linnet.study.model_labels import Labels, column_of, trajectories
from linnet.study.whole_files import write_bytes, write_text
from linnet.study.words import measured, number

if TYPE_CHECKING:
    from linnet.inpca import Job, Placement
    from linnet.phenomena.sloppiness.measure.embedding import Embedding

ENOUGH = 0.9  # explained stress at which components are said to hold the models
FEW_LEVELS = 7  # colors that are told apart
MANY_LEVELS = 30  # names that a legend can hold

DISTANCE_WORDS = {
    "bhattacharyya": "Bhattacharyya: minus the logarithm of the overlap of two"
    " predictions, averaged over samples; 0 where models predict the same.",
    "symmetrized-kl": "Symmetrized Kullback-Leibler divergence, averaged over samples.",
    "hellinger": "Squared Hellinger distance, averaged over samples; at most 1.",
    "jensen-shannon": "Jensen-Shannon divergence, averaged over samples, ≤ log 2.",
    "gaussian": "Between Gaussian predictions: squared difference over 8 times the"
    " variance of the noise, averaged over samples. The map is then ordinary PCA.",
    "given": "As they were given; they play the role of squared distances.",
}
SIGN_WORDS = (
    "The distance of two models is the sum of their squared separations along"
    " + components, minus that along − (time-like) components. Separation along a −"
    " component therefore makes models closer, not farther apart."
)


MARK_WORDS = (
    "truth, ignorance",
    "Where a model would lie that is certain and right on every sample, and one that"
    " takes all classes for equally probable. They are placed by their distances to the"
    " models and do not move the map, which may have no axis for how the truth differs"
    " from all of them.",
)


def headline(embedding: "Embedding") -> str:
    """How few components hold the models, in one sentence."""
    stress = embedding.explained_stress()
    words = ("the first component explains", "the first two", "the first three")
    said = ", ".join(
        f"{text} {100 * part:.1f}\N{NARROW NO-BREAK SPACE}%"
        f"{' of the stress' if k == 0 else ''}"
        for k, (text, part) in enumerate(zip(words, stress, strict=False))
    )
    if embedding.is_approximate:
        return f"{_approximate(embedding)} Of the landmarks, {said}."
    models = f"{len(embedding.coordinates):,} models"
    if stress[min(3, len(stress)) - 1] >= ENOUGH:
        return f"Few dimensions hold the {models}: {said}."
    return f"It takes many dimensions to hold the {models}: {said}."


def _approximate(embedding: "Embedding") -> str:
    """What is known of models that are no landmarks."""
    marks = int(np.count_nonzero(embedding.shares))
    others = len(embedding.coordinates) - marks
    off = _off(embedding)
    error = "" if off is None else f", whose distances are off by {off} % (sampled)"
    return (
        f"Approximate: a map of {marks:,} landmarks, with {others:,} other models"
        f" placed by it{error}."
    )


def _off(embedding: "Embedding") -> str | None:
    error = embedding.sampled_error
    if error is None:
        return None
    return measured(100 * float(error.value), 100 * float(error.stderr))


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
        lead=(headline(embedding), _what_is_seen(embedding)),
        coordinates=embedding.coordinates,
        signs=embedding.signature.astype(int),
        stress=embedding.explained_stress(),
        labels=labels,
        color=chosen_color(labels, color, named_run, named_step),
        runs=runs,
        stress_note=_stress_note(embedding),
        words=_words(embedding, len(runs), named_run, named_step)
        + (() if marks is None else (MARK_WORDS,)),
        marks={} if marks is None else dict(zip(MARKS, marks, strict=True)),
        facts=_facts(job, embedding),
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
        stress_note=_stress_note(embedding),
        words=_words(
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


def _what_is_seen(embedding: "Embedding") -> str:
    samples = embedding.about.samples
    if not samples:
        return "Each point is one model, placed by its distances from all others."
    return (
        f"Each point is one model, placed by how its predictions on {samples:,} samples"
        " differ from those of all others: models that lie close together predict"
        " alike."
    )


def _stress_note(embedding: "Embedding") -> str:
    note = (
        "At 100 % the components that are kept reproduce every distance between two"
        " models. Filled: + components; open: − (time-like) ones."
    )
    if embedding.is_approximate:
        note += " Of the landmarks only: see below how far the others are off."
    return note


def _words(
    embedding: "Embedding", runs: int, run: str | None, step: str | None
) -> tuple[tuple[str, str], ...]:
    words = [
        (
            "component",
            "An axis of the map, ranked by how much of the distances it holds; which"
            " end is left or right means nothing.",
        ),
        ("+ and −", SIGN_WORDS),
        ("distance", DISTANCE_WORDS.get(embedding.about.distance, "As given.")),
        (
            "explained stress",
            "How much of the pattern of all distances between models the components up"
            " to this one reproduce: 100 % would be every distance exactly. It is one"
            " minus the relative error of the matrix of centered distances.",
        ),
    ]
    off = _off(embedding)
    if off is not None:
        words.append(
            (
                "approximate",
                "Only landmarks were embedded, the others placed by their distances to"
                f" them. Distances between others are off by {off} % (sampled, relative"
                " root mean square).",
            )
        )
    if runs:
        order = f"in the order of `{step}`" if step else "in the order of the file"
        text = f"Joins the checkpoints of one `{run}`, {order}; a ring marks the last."
        words.append(("line", text))
    return tuple(words)


def _facts(job: "Job", embedding: "Embedding") -> tuple[tuple[str, str], ...]:
    size = np.abs(embedding.eigenvalues)
    residual = float((embedding.residuals / size[0]).max())
    facts = [("file", f"`{job.path}`"), ("models", f"{job.models:,}")]
    if job.predictions is not None:
        given = job.predictions
        facts.append(("samples", f"{given.samples:,}"))
        facts.append(("classes", f"{given.classes:,}"))
        facts.append(("the file holds", job.settings.holds))
    facts.append(("distance", embedding.about.distance))
    facts += [
        (name, f"{value:g}")
        for name, value, usual in (
            ("noise", job.settings.sigma, 1.0),
            ("smoothing", job.settings.smoothing, 0.0),
            ("a sample without a common class counts", job.settings.disjoint, None),
        )
        if value is not None and value != usual
    ]
    facts += [
        ("weights", "uniform" if job.weights is None else "given"),
        ("method", embedding.method),
        (
            "largest residual",
            f"{number(residual, 2)} of the first eigenvalue: how exact the map is",
        ),
        ("seed", str(job.settings.seed)),
        ("linnet", embedding.about.version),
    ]
    return tuple(facts)

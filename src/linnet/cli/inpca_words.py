"""Sentences of a page of models: what is seen, and what its words mean."""

from typing import TYPE_CHECKING

import numpy as np

from linnet.study.words import measured, number

if TYPE_CHECKING:
    from linnet.inpca import Job
    from linnet.phenomena.sloppiness.measure.embedding import Embedding

ENOUGH = 0.9  # explained stress at which components are said to hold the models

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


def what_is_seen(embedding: "Embedding") -> str:
    """What a point is."""
    samples = embedding.about.samples
    if not samples:
        return "Each point is one model, placed by its distances from all others."
    return (
        f"Each point is one model, placed by how its predictions on {samples:,} samples"
        " differ from those of all others: models that lie close together predict"
        " alike."
    )


def stress_note(embedding: "Embedding") -> str:
    """Beside the curve of explained stress."""
    note = (
        "At 100 % the components that are kept reproduce every distance between two"
        " models. Filled: + components; open: − (time-like) ones."
    )
    if embedding.is_approximate:
        note += " Of the landmarks only: see below how far the others are off."
    return note


def meanings(
    embedding: "Embedding", runs: int, run: str | None, step: str | None
) -> tuple[tuple[str, str], ...]:
    """Words of the page and what they mean."""
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


def told_facts(job: "Job", embedding: "Embedding") -> tuple[tuple[str, str], ...]:
    """Names and values of data and settings, warnings among them."""
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
    facts += [("warning", warning) for warning in job.warnings]
    return tuple(facts)

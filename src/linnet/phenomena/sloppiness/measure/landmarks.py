"""A preview of many models: inPCA of some of them, and the others placed by it."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from linnet.numerics import Estimate, jackknife
from linnet.phenomena.sloppiness.measure.embedding import About, Embedding
from linnet.phenomena.sloppiness.measure.embedding_requests import (
    check_request,
    directed,
)
from linnet.phenomena.sloppiness.measure.inpca import Search, embed_distances, place
from linnet.shapes import Float, Int

Between = Callable[[Int[np.ndarray, " r"], Int[np.ndarray, " c"]], np.ndarray]

GROUPS, SIDE = 16, 16
"""Groups of models that are looked at again, and models on each side of a group."""

AT_ONCE = 1024


def landmark_embedding(
    between: Between,
    size: int,
    landmarks: int | Int[np.ndarray, " l"],
    components: int = 10,
    *,
    search: Search | None = None,
    about: About | None = None,
) -> Embedding:
    r"""Approximate inPCA of m models from their distances to $m'$ landmarks.

    The landmarks are embedded and all others placed: $mm'$ distances instead of
    $m^2/2$. That is the embedding in which landmarks have weight $1/m'$ and others
    none, so that eigenvalues, stress and residuals are those of the landmarks, divided
    by $m'$. What it misses of the others is measured: `sampled_error` is
    $\lVert\mathcal D-\mathcal D_k\rVert/\lVert\mathcal D\rVert$ over pairs of models
    that are no landmarks, from `GROUPS` groups of `SIDE` x `SIDE` pairs of different
    models, with its jackknife error over groups.

    Valid for: a preview. Directions in which no landmark differs are not seen, and
    distances of a model from itself count as zero.

    Args:
        between: Gives $\mathcal D$ of models (rows) from others (columns), by index.
        size: m.
        landmarks: How many are drawn, or which; at least 32 models must be left.
        components: k, less than the number of landmarks.
        search: Seed of what is drawn, and how the landmarks are embedded.
        about: Labels, metadata and names to be carried along.

    Raises:
        ValueError: as `embed_distances`, and when landmarks are not different models or
            leave too few others.

    Reference: textbook (landmark scaling of de Silva and Tenenbaum); both signs and the
    measured error derived here.

    Example:
        >>> line = np.linspace(0, 1, 50)
        >>> found = landmark_embedding(
        ...     lambda rows, columns: (line[rows, None] - line[columns]) ** 2, 50, 9, 1
        ... )
        >>> print(found.is_approximate, found.sampled_error.value < 1e-9)
        True True
    """
    search, about = search or Search(), about or About()
    random = np.random.default_rng(search.seed)
    chosen = _chosen(landmarks, size, random)
    count = len(chosen)
    weights = np.zeros(size)
    weights[chosen] = 1 / count
    check_request(components, weights, about)
    part = embed_distances(
        np.asarray(between(chosen, chosen)), components, search=search
    )
    coordinates, row_means = np.empty((size, components)), np.empty(size)
    others = np.flatnonzero(weights == 0)
    for at in range(0, len(others), AT_ONCE):
        some = others[at : at + AT_ONCE]
        distances = np.asarray(between(some, chosen), dtype=float)
        coordinates[some] = place(part, distances)
        row_means[some] = distances.mean(1)
    coordinates[chosen], row_means[chosen] = part.coordinates, part.row_means
    products = row_means - float(part.row_means.mean()) / 2
    products[chosen] = part.self_products
    found = replace(
        part,
        coordinates=directed(coordinates),
        eigenvalues=part.eigenvalues / count,
        residuals=part.residuals / count,
        row_means=row_means,
        self_products=products,
        trace=part.trace / count,
        rest_square=part.rest_square / count**2,
        weights=weights,
        method=f"landmarks, {part.method}",
        is_approximate=True,
        about=about,
    )
    return replace(found, sampled_error=_sampled_error(found, between, others, random))


def _chosen(
    landmarks: int | np.ndarray, size: int, random: np.random.Generator
) -> Int[np.ndarray, " l"]:
    if np.ndim(landmarks):
        chosen = np.unique(np.asarray(landmarks))
        is_valid = np.issubdtype(chosen.dtype, np.integer)
        if not is_valid or len(chosen) < np.size(landmarks) or chosen[0] < 0:
            raise ValueError(
                "Argument `landmarks` must hold indices of different models, but is"
                f" {landmarks}."
            )
        is_inside, count = chosen[-1] < size, len(chosen)
    else:
        is_inside, count = True, int(landmarks)
        chosen = np.sort(random.permutation(size)[: max(count, 0)])
    if not is_inside or not 3 <= count <= size - 2 * GROUPS:
        raise ValueError(
            f"Argument `landmarks` must be of 3 to {size - 2 * GROUPS} of the {size}"
            f" models, but is {landmarks}: with few models, embed all of them."
        )
    return chosen


def _sampled_error(
    found: Embedding,
    between: Between,
    others: Int[np.ndarray, " o"],
    random: np.random.Generator,
) -> Estimate:
    side = min(SIDE, len(others) // (2 * GROUPS))
    drawn = random.permutation(others)[: 2 * GROUPS * side].reshape(GROUPS, 2, side)
    lost, whole = np.empty(GROUPS), np.empty(GROUPS)
    for group, (rows, columns) in enumerate(drawn):
        distances = np.asarray(between(rows, columns), dtype=float)
        lost[group] = ((distances - found.distances(rows, columns)) ** 2).sum()
        whole[group] = (distances**2).sum()
    if not whole.sum() > 0:
        raise ValueError(
            "Argument `between` must tell models apart, but all that were sampled"
            " are at distance 0."
        )

    def error(keep: Float[np.ndarray, " g"]) -> Float[np.ndarray, ""]:
        return np.sqrt((keep @ lost) / (keep @ whole))

    one = np.eye(GROUPS)
    return jackknife(
        error(np.ones(GROUPS)), lambda group: error(1 - one[group]), GROUPS
    )

r"""Probabilities as points of a product of spheres, one sphere per sample.

The square roots of the probabilities of one sample are a unit vector without negative
entries. The angle between two of them is half their Fisher-Rao distance.
"""

from collections.abc import Iterator

import numpy as np

from linnet.phenomena.sloppiness.measure.normalization import (
    SAMPLES,
    Unusable,
    default_tolerance,
    normalized,
)
from linnet.shapes import Float, Int

BLOCK = 2**19  # entries of predictions in work at one time: 4 MB, to stay in cache


def truth(
    labels: Int[np.ndarray, " samples"], classes: int
) -> Float[np.ndarray, "samples classes"]:
    r"""The model that is right and certain: one at the label of each sample.

    Its Bhattacharyya distance to a model is half the mean cross entropy of that model.

    Args:
        labels: Whole numbers from 0 to `classes` - 1.
        classes: At least 2.

    Raises:
        ValueError: when a label is none of the classes, or there are fewer than two.

    Reference: derived here.

    Example:
        >>> print(truth(np.array([1, 0]), 2))
        [[0. 1.]
         [1. 0.]]
    """
    labels = np.asarray(labels)
    if not classes >= 2:
        raise ValueError(f"Argument `classes` must be at least 2, but is {classes}.")
    if labels.ndim != 1 or labels.dtype.kind not in "iu":
        raise ValueError(
            "Argument `labels` must hold one whole number for each sample, but has"
            f" shape {labels.shape} and type {labels.dtype}."
        )
    if labels.size == 0 or labels.min() < 0 or labels.max() >= classes:
        raise ValueError(
            f"Argument `labels` must hold numbers from 0 to {classes - 1}, but"
            + (
                f" spans {labels.min()} to {labels.max()}."
                if labels.size
                else " is empty."
            )
        )
    return np.eye(classes)[labels]


def ignorance(samples: int, classes: int) -> Float[np.ndarray, "samples classes"]:
    r"""The model that knows nothing: every class equally probable at every sample.

    Its Bhattacharyya distance to any truth is $\frac12\ln C$.

    Raises:
        ValueError: when there is no sample, or there are fewer than two classes.

    Reference: derived here.
    """
    if not (samples >= 1 and classes >= 2):
        raise ValueError(
            "Arguments `samples` and `classes` must be at least 1 and 2, but are"
            f" {samples} and {classes}."
        )
    return np.full((samples, classes), 1 / classes)


def square_roots(
    predictions: Float[np.ndarray, "... classes"], name: str = "predictions"
) -> Float[np.ndarray, "... classes"]:
    r"""Unit vectors $\sqrt p$ of probabilities, in float64, renormalized.

    Args:
        predictions: Probabilities `(..., samples, classes)` of any precision.
        name: What errors call them.

    Raises:
        ValueError: when there are fewer than two classes, or an entry is negative, NaN
            or infinite, or probabilities of one sample do not sum to one up to
            rounding, as `Predictions` have it.
    """
    given = np.asarray(predictions)
    if given.ndim < 2 or given.shape[-1] < 2 or given.size == 0:
        raise ValueError(
            f"Argument `{name}` must be probabilities (..., samples, classes) of at"
            f" least one sample and two classes, but has shape {given.shape}: two"
            " classes are two columns, p and 1 - p."
        )
    dtype = given.dtype if given.dtype.kind == "f" else np.dtype(float)
    allowed = default_tolerance(dtype, given.shape[-1])
    packed = np.array(given, float).reshape(-1, given.shape[-1], 1)
    try:
        p = normalized(packed, "probabilities", allowed, 0.0).reshape(given.shape)
    except Unusable as found:
        sample = found.place[SAMPLES] % given.shape[-2]
        raise ValueError(
            f"Argument `{name}` must hold probabilities >= 0 that sum to one over"
            f" classes, but on sample {sample} {found.what}: apply softmax to logits,"
            " leave out what came after a divergence, or divide by the sums."
        ) from None
    return np.sqrt(p, out=p)


def squared_chords(
    first: Float[np.ndarray, "... classes"], second: Float[np.ndarray, "... classes"]
) -> Float[np.ndarray, "..."]:
    r"""$\lvert\sqrt p-\sqrt q\rvert^2 = 2 - 2\,\mathrm{BC}$, exact for close pairs."""
    gap = first - second
    return np.einsum("...c,...c->...", gap, gap)


def angles(
    first: Float[np.ndarray, "... classes"], second: Float[np.ndarray, "... classes"]
) -> Float[np.ndarray, "..."]:
    r"""$\theta = \arccos\mathrm{BC}$ in $[0,\pi/2]$, exact for close pairs."""
    # Twice the arc sine of half the chord: the arc cosine loses half of the digits.
    half = np.sqrt(np.minimum(squared_chords(first, second), 2.0)) / 2
    return 2 * np.arcsin(half)


def distances(
    first: Float[np.ndarray, "... classes"], second: Float[np.ndarray, "... classes"]
) -> Float[np.ndarray, "..."]:
    r"""$-\ln\mathrm{BC}$ of each sample, exact for close pairs and far ones."""
    half = squared_chords(first, second) / 2
    near = half < 0.5
    far = np.einsum("...c,...c->...", first, second)
    with np.errstate(divide="ignore"):
        return -np.where(
            near, np.log1p(-np.where(near, half, 0.0)), np.log(np.where(near, 1.0, far))
        )


def blocks(models: int, size: int) -> Iterator[slice]:
    """Slices over models whose predictions, `size` entries each, stay in cache."""
    rows = max(1, BLOCK // size)
    for first in range(0, models, rows):
        yield slice(first, min(first + rows, models))


def check_same_samples(
    given: tuple[int, ...], shape: tuple[int, int], name: str
) -> None:
    """Refuse predictions whose samples and classes are not those of `name`."""
    if tuple(given[-2:]) != shape:
        raise ValueError(
            f"Arguments `predictions` and `{name}` must be (..., samples, classes) of"
            f" the same samples and classes, but have shapes {tuple(given)}"
            f" and {shape}."
        )

"""Distances between the predictions of a thousand models, against the public algorithm.

Bhattacharyya distances of 1024 softmax classifiers on 1000 samples: one logarithm for
products of coefficients, half of the pairs, and close pairs once more in the Hellinger
form. Along training 5 % of all pairs are close; of models that are far apart none is.
The reference algorithm, with the fastest of its chunks, takes the same time for both;
where it sees fewer samples its time is scaled, since each costs the same.

Errors are those against the same sums in float64.
"""

from dataclasses import dataclass

import numpy as np

from benchmarks.harness import Row, Spread, interleave, stopwatch
from benchmarks.machine import peak_growth
from benchmarks.reference_distances import best_chunk, reference
from benchmarks.softmax_paths import far_apart, softmax_paths
from linnet.phenomena.sloppiness.measure.distances import distance_matrix

MODELS, SAMPLES, CLASSES = 1024, 1000, (10, 2, 100)
MAIN = CLASSES[0]
GOAL, ERROR, CLOSE_ERROR = 25.0, 3e-7, 1e-5
CLOSE = 1e-2  # distances below
ROOM = 64 * 2**20


@dataclass(frozen=True)
class Sizes:
    """How much is computed.

    Attributes:
        models: How many.
        samples: On which they predict.
        part: Samples that the reference sees where it has no goal.
        trial: Samples on which its fastest chunk is found.
        checked: Models whose distances from all others are computed in float64.
        checked_pairs: Close pairs of them that are.
    """

    models: int = MODELS
    samples: int = SAMPLES
    part: int = 200
    trial: int = 40
    checked: int = 256
    checked_pairs: int = 2000


def run(full: bool) -> list[Row]:
    """Ten classes with the goal, two and a hundred beside it."""
    del full
    return [row for classes in CLASSES for row in rows_of_classes(classes, Sizes())]


def rows_of_classes(classes: int, sizes: Sizes) -> list[Row]:
    """Both kinds of models in turns with the reference, then what is close."""
    shape = sizes.models, sizes.samples, classes
    kinds = {"along training": softmax_paths(*shape), "far apart": far_apart(*shape)}
    given = kinds["along training"]
    first = {
        kind: stopwatch(lambda p=p: distance_matrix(p))() for kind, p in kinds.items()
    }
    part = sizes.samples if classes == MAIN else min(sizes.part, sizes.samples)
    chunk = best_chunk(given[:, : sizes.trial])
    name, call = reference(given[:, :part])
    timers = {
        kind: stopwatch(lambda p=p: distance_matrix(p)) for kind, p in kinds.items()
    }
    found = interleave({**timers, "theirs": stopwatch(lambda: call(chunk))})
    scaled = "" if part == sizes.samples else f", {part} samples, scaled"
    workload = f"inPCA distances N={sizes.models} n={sizes.samples} C={classes}"
    last: dict[str, np.ndarray] = {}
    rows = []
    for kind, predictions in kinds.items():

        def ours(kind: str = kind, predictions: np.ndarray = predictions) -> None:
            last[kind] = distance_matrix(predictions)

        memory = peak_growth(ours)
        row = Row(
            f"{workload}, {kind}",
            found[kind],
            f"{name}, chunks of {chunk}{scaled}",
            found["theirs"].per(part / sizes.samples),
            goal=GOAL if classes == MAIN else None,
            error=error(last[kind], predictions, sizes),
            error_limit=ERROR,
            memory=memory,
            compile_seconds=max(first[kind] - found[kind].median, 0.0),
            details=_details(predictions, found[kind], memory),
        )
        rows.append(row)
    close = Row(
        f"{workload}, close pairs",
        found["along training"],
        error=close_error(last["along training"], given, sizes),
        error_limit=CLOSE_ERROR,
        details={"error": f"relative, of distances below {CLOSE:g}"},
    )
    return [*rows, close]


def error(ours: np.ndarray, given: np.ndarray, sizes: Sizes) -> float:
    """The largest, over distances of the first models from all others."""
    exact = _exact_rows(given, sizes.checked)
    return float(np.abs(ours[: sizes.checked] - exact).max())


def close_error(ours: np.ndarray, given: np.ndarray, sizes: Sizes) -> float:
    """The largest relative one of pairs drawn from those that are close."""
    left, right = np.nonzero(np.triu(ours < CLOSE, 1))
    drawn = np.random.default_rng(0).permutation(len(left))[: sizes.checked_pairs]
    left, right = left[drawn], right[drawn]
    exact = np.zeros(len(drawn))
    for sample in range(given.shape[1]):
        roots = _roots(given[:, sample])
        exact -= np.log1p(-((roots[left] - roots[right]) ** 2).sum(-1) / 2)
    exact /= given.shape[1]
    seen = exact > 0
    return float(np.abs(ours[left, right][seen] / exact[seen] - 1).max())


def _details(given: np.ndarray, ours: Spread, memory: int) -> dict[str, float | str]:
    models, samples, classes = given.shape
    coefficients = models * (models + 1) / 2 * samples / ours.median
    bound = 2 * given.nbytes + 4 * models**2 + ROOM
    return {
        "coefficients per ns": 1e-9 * coefficients,
        "useful GF/s": 2e-9 * classes * coefficients,
        "memory over 2 inputs, N^2 words and 64 MiB": memory / bound,
    }


def _exact_rows(given: np.ndarray, rows: int) -> np.ndarray:
    """The first rows of the matrix, in float64."""
    total = np.zeros((min(rows, len(given)), len(given)))
    for sample in range(given.shape[1]):
        roots = _roots(given[:, sample])
        total -= np.log(roots[:rows] @ roots.T)
    np.fill_diagonal(total, 0.0)
    return total / given.shape[1]


def _roots(probabilities: np.ndarray) -> np.ndarray:
    exact = probabilities.astype(float)
    return np.sqrt(exact / exact.sum(-1, keepdims=True))

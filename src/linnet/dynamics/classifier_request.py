"""What classifiers are asked to learn, refused before any work where it is no task."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from linnet.dynamics.classifier import Classifier
from linnet.dynamics.ensemble_process import check_matrix, floats
from linnet.dynamics.schedule import check_schedule

FIT_COPIES = 6  # parameters, two moments of Adam, gradients, moves, old and new
ACTIVITY_COPIES = 3  # of a layer: forwards, backwards, and one on the way
SUM_ERROR = 1e-6  # of a row of probabilities


@dataclass(frozen=True, eq=False)
class TrainingSet:
    """All that fixes the numbers of an ensemble of classifiers.

    Attributes:
        models: What is trained.
        rows: Training inputs, their labels as probabilities, and inputs to predict on.
        steps: Checkpoints.
        dtype: Precision.
    """

    models: tuple[Classifier, ...]
    rows: tuple[
        Float[np.ndarray, "n d"], Float[np.ndarray, "n c"], Float[np.ndarray, "s d"]
    ]
    steps: Int[np.ndarray, " saves"]
    dtype: np.dtype

    @property
    def sizes(self) -> tuple[int, int]:
        """Inputs and classes."""
        return self.rows[0].shape[1], self.rows[1].shape[1]

    @property
    def seen(self) -> tuple[int, int]:
        """Shape of one prediction: samples and classes."""
        return len(self.rows[2]), self.rows[1].shape[1]

    def working_bytes(self, model: Classifier) -> int:
        """About what one model takes while it is trained or looked at."""
        d, classes = self.sizes
        n, samples = len(self.rows[0]), len(self.rows[2])
        inner = model.hidden or 0
        batch = n if model.batch_size is None else model.batch_size
        parameters = d * inner + inner * classes if inner else d * classes
        in_batch = batch * (d * (model.batch_size is not None) + inner + classes)
        at_look = max(n, samples) * (inner + classes)
        numbers = FIT_COPIES * parameters + ACTIVITY_COPIES * max(in_batch, at_look)
        return int(numbers) * self.dtype.itemsize


def pose_training(
    models: Sequence[Classifier],
    inputs: Float[np.ndarray, "n d"],
    labels: np.ndarray,
    steps: Sequence[int],
    evaluate_on: Float[np.ndarray, "s d"] | None,
    precision: str,
) -> TrainingSet:
    """Check what was asked for.

    Raises:
        ValueError: when shapes, labels, steps or batches do not fit.
        TypeError: when a model is none.
    """
    if precision not in ("float64", "float32"):
        raise ValueError(
            "Argument `precision` must be one of float64, float32, but is"
            f" {precision!r}."
        )
    rows = floats(inputs)
    check_matrix("inputs", rows)
    shown = rows if evaluate_on is None else floats(evaluate_on)
    check_matrix("evaluate_on", shown, columns=rows.shape[1])
    if not len(models):
        raise ValueError("Argument `models` must hold a Classifier, but is empty.")
    for model in models:
        if not isinstance(model, Classifier):
            raise TypeError(
                "Argument `models` must hold values such as Classifier(hidden=32), but"
                f" holds {model!r}."
            )
        _check_batch(model, len(rows))
    told = class_probabilities(labels, len(rows))
    schedule = check_schedule("An ensemble", None, steps, True).astype(np.int64)
    dtype = np.dtype(precision)
    return TrainingSet(tuple(models), (rows, told, shown), schedule, dtype)


def _check_batch(model: Classifier, n: int) -> None:
    if model.batch_size is None:
        return
    if model.batch_size > n:
        raise ValueError(
            f"Argument `batch_size` must lie in [1, {n}], the number of samples, but is"
            f" {model.batch_size}."
        )
    model.sampling.check(n, model.batch_size)


def class_probabilities(labels: np.ndarray, n: int) -> Float[np.ndarray, "n c"]:
    """Class numbers as one-hot rows; rows of probabilities as they are.

    Raises:
        ValueError: when they are neither, or there is one class only.
    """
    given = floats(labels)
    if given.ndim not in (1, 2) or len(given) != n:
        raise ValueError(
            f"Argument `labels` must be ({n},) class numbers or ({n}, classes), one row"
            f" per sample, but has shape {given.shape}."
        )
    if not np.isfinite(given).all():
        raise ValueError("Argument `labels` must be finite, but holds NaN or infinity.")
    if given.ndim == 1:
        if (given < 0).any() or (given != np.round(given)).any():
            raise ValueError(
                "Argument `labels` must be class numbers 0, 1, ..., but holds"
                f" {given[(given < 0) | (given != np.round(given))][0]:g}."
            )
        given = np.eye(int(given.max()) + 1)[given.astype(int)]
    if given.shape[1] < 2:
        raise ValueError(
            "Argument `labels` must tell two classes or more apart, but has one: its"
            " probability is always 1."
        )
    if (given < 0).any() or (np.abs(given.sum(axis=1) - 1) > SUM_ERROR).any():
        raise ValueError(
            "Argument `labels` must have rows of probabilities, >= 0 and of sum 1, but"
            " has others: leave one-hot columns uncentered."
        )
    return given


def check_classifier_memory(
    given: TrainingSet, together: int, limit: float | None
) -> None:
    """Refuse what would not fit, and say what would.

    Raises:
        ValueError: when results and the largest group in work exceed `limit` bytes.
    """
    if limit is None:
        return
    working = together * max(map(given.working_bytes, given.models))
    shared = sum(rows.size for rows in given.rows) * given.dtype.itemsize
    saves = len(given.steps)
    each = int(np.prod(given.seen)) * given.dtype.itemsize * len(given.models)
    needed = working + shared + saves * each
    if needed <= limit:
        return
    mebi = 2**20
    fitting = int((limit - working - shared) // each)
    advice = f"{fitting} checkpoints would fit" if fitting > 0 else "take fewer models"
    raise ValueError(
        f"{len(given.models)} models at {saves} checkpoints on {given.seen[0]} samples"
        f" need about {needed / mebi:.4g} MiB, {saves * each / mebi:.4g} MiB of it for"
        f" predictions, but `memory_limit` is {limit / mebi:.4g} MiB: {advice}."
    )

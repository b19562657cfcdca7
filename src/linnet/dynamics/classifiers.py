"""Ensembles of softmax classifiers, and their predictions along the way.

Predictions are saved inside the run, weights never. Models of one shape are trained
together in one compiled program.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Int

from linnet.dynamics.classifier import Classifier
from linnet.dynamics.classifier_loop import (
    Data,
    Fit,
    Knobs,
    advance,
    begin,
    draw,
    kind_of,
    knobs_of,
    look,
)
from linnet.dynamics.classifier_request import (
    TrainingSet,
    check_classifier_memory,
    pose_training,
)

PART_BYTES = 2**28  # that models trained together work in


@dataclass(frozen=True)
class ClassifierOutcome:
    """How the training of one model ended.

    Attributes:
        kind: `trained`, or `diverged`: predictions were no longer finite.
        step: Last checkpoint, or the first one that was lost.
        loss: Mean cross entropy on the training set where it was last sound.
        text: In words.
    """

    kind: Literal["trained", "diverged"]
    step: int
    loss: float
    text: str


@dataclass(frozen=True, eq=False, repr=False)
class ClassifierRuns:
    """Predictions of an ensemble along its training.

    Attributes:
        log_probabilities: Of every model at every checkpoint. A model that diverges
            keeps those of the checkpoint before, even ones if there is none: never NaN.
        losses: Mean cross entropy on the training set.
        steps: Checkpoints.
        models: As they were given.
        outcomes: One a model.
    """

    log_probabilities: Float[np.ndarray, "models saves samples classes"]
    losses: Float[np.ndarray, "models saves"]
    steps: Int[np.ndarray, " saves"]
    models: tuple[Classifier, ...]
    outcomes: tuple[ClassifierOutcome, ...]

    @property
    def diverged(self) -> tuple[int, ...]:
        """Numbers of the models that diverged."""
        found = enumerate(self.outcomes)
        return tuple(index for index, each in found if each.kind == "diverged")

    def points(
        self,
    ) -> tuple[Float[np.ndarray, "points samples classes"], dict[str, np.ndarray]]:
        """Every model at every checkpoint as a point, and columns that tell of them.

        Models that diverged are left out. Columns: `model`, `step`, `loss` and the
        settings of `Classifier.columns`.

        Raises:
            ValueError: when all models diverged.
        """
        kept = [m for m in range(len(self.models)) if m not in self.diverged]
        if not kept:
            raise ValueError(
                f"All {len(self.models)} models diverged: lower their learning rates."
            )
        saves = len(self.steps)
        settings = [self.models[m].columns() for m in kept]
        columns = {
            name: np.repeat([each[name] for each in settings], saves)
            for name in settings[0]
        }
        columns["model"] = np.repeat(kept, saves)
        columns["step"] = np.tile(self.steps, len(kept))
        columns["loss"] = self.losses[kept].reshape(-1)
        told = self.log_probabilities[kept]
        return told.reshape(-1, *told.shape[2:]), columns


def train_classifiers(
    models: Sequence[Classifier],
    inputs: Float[np.ndarray, "n d"],
    labels: Float[np.ndarray, "n *c"] | Int[np.ndarray, " n"],
    steps: Sequence[int],
    *,
    evaluate_on: Float[np.ndarray, "s d"] | None = None,
    precision: Literal["float64", "float32"] = "float32",
    memory_limit: float | None = None,
    progress: Callable[[float], None] | None = None,
) -> ClassifierRuns:
    r"""Train every model, and keep its predictions at checkpoints.

    Args:
        models: `Classifier` values, of any mixture.
        inputs: Training samples as rows.
        labels: Class numbers 0, 1, ..., or a column a class: rows of probabilities,
            such as one-hot ones.
        steps: Checkpoints, increasing, from 0 on: 0 is the start.
        evaluate_on: Inputs that predictions are on; None for the training samples.
        precision: 32 or 64 bits, of training and result.
        memory_limit: Bytes that results and working arrays may take; None for no limit.
        progress: Called with the fraction done.

    Returns:
        Log-probabilities `(models, checkpoints, samples, classes)`, losses and
        outcomes. A model gives the same numbers, to rounding, in any company.

    Raises:
        ValueError: when shapes, labels, steps or batches do not fit, an entry is not
            finite, there is one class only, or the memory would not suffice.
        TypeError: when a model is no `Classifier`.

    Example:
        >>> import numpy as np
        >>> inputs, labels = np.array([[-1.0], [1.0]]), np.array([0, 1])
        >>> model = Classifier(learning_rate=1.0, init_scale=0.0)
        >>> runs = train_classifiers([model], inputs, labels, [0, 100])
        >>> np.exp(runs.log_probabilities[0, :, 1, 1]).round(2)
        array([0.5, 1. ], dtype=float32)
    """
    given = pose_training(models, inputs, labels, steps, evaluate_on, precision)
    groups = _groups(given)
    largest = max(len(members) for members in groups) if groups else 0
    check_classifier_memory(given, largest, memory_limit)
    shape = len(given.models), len(given.steps)
    told = np.empty((*shape, *given.seen), given.dtype)
    losses = np.empty(shape, given.dtype)
    lost = np.full(len(given.models), -1)
    done = 0
    for members in groups:
        tell = None
        if progress is not None:
            tell = partial(_tell, progress, done, len(members), len(given.models))
        _train(given, members, told, losses, lost, tell)
        done += len(members)
    outcomes = tuple(
        _outcome(given.steps, losses[m], int(lost[m])) for m in range(len(lost))
    )
    return ClassifierRuns(told, losses, given.steps, given.models, outcomes)


def _groups(given: TrainingSet) -> list[list[int]]:
    """Models of one shape, in parts that fit into the working memory."""
    alike: dict[tuple, list[int]] = {}
    for index, model in enumerate(given.models):
        shape = model.hidden, model.batch_size, model.sampling, kind_of(model)
        alike.setdefault(shape, []).append(index)
    parts = []
    for members in alike.values():
        each = given.working_bytes(given.models[members[0]])
        most = max(1, int(PART_BYTES // each))
        count = -(-len(members) // most)
        parts += [part.tolist() for part in np.array_split(members, count)]
    return parts


def _train(
    given: TrainingSet,
    members: list[int],
    told: np.ndarray,
    losses: np.ndarray,
    lost: np.ndarray,
    tell: Callable[[float], None] | None,
) -> None:
    """Train models of one shape, and write what is seen into the results."""
    dtype = given.dtype
    with (
        jax.enable_x64(dtype == np.float64),
        jax.numpy_dtype_promotion("standard"),  # optax mixes types, and ranks
        jax.numpy_rank_promotion("allow"),
    ):
        group = _Group([given.models[m] for m in members], given)
        for save, step in enumerate(given.steps):
            seen, loss = group.go_to(int(step))
            is_sound = np.isfinite(seen).all(axis=(1, 2)) & np.isfinite(loss)
            for row, m in enumerate(members):
                if lost[m] < 0 and not is_sound[row]:
                    lost[m] = step
                if lost[m] < 0:
                    told[m, save], losses[m, save] = seen[row], loss[row]
                elif save:
                    told[m, save], losses[m, save] = (
                        told[m, save - 1],
                        losses[m, save - 1],
                    )
                else:  # a start that cannot be looked at: it tells nothing
                    classes = np.log(given.seen[-1])
                    told[m, save], losses[m, save] = -classes, classes
            if tell is not None:
                tell((save + 1) / len(given.steps))


class _Group:
    """Models of one shape on their way; lives inside the precision scope of one run."""

    def __init__(self, models: list[Classifier], given: TrainingSet) -> None:
        cast = partial(jnp.asarray, dtype=given.dtype)
        self._first, self._kind = models[0], kind_of(models[0])
        self._data = Data(*map(cast, given.rows))
        knobs = [knobs_of(model) for model in models]
        self._knobs = Knobs(
            *(cast(np.array(each)) for each in zip(*knobs, strict=True))
        )
        self._keys = jnp.stack([jax.random.key(model.seed) for model in models])
        starts = [model.start(*given.sizes) for model in models]
        stacked = jax.tree.map(lambda *layer: cast(np.stack(layer)), *starts)
        self._fit: Fit = begin(self._kind, self._knobs, stacked)
        self._at, self._block, self._picks = 0, -1, None

    def go_to(self, step: int) -> tuple[np.ndarray, np.ndarray]:
        """Train up to `step`, and look."""
        while self._at < step:
            origin, length = self._batches(step)
            stop = min(step, origin + length)
            rows = jnp.int32(self._at - origin), jnp.int32(stop - origin)
            given = self._kind, self._knobs, self._fit, self._data, self._picks
            self._fit, self._at = advance(*given, rows), stop
        seen, loss = look(self._kind, self._fit.parameters, self._data)
        return np.asarray(seen), np.asarray(loss)

    def _batches(self, step: int) -> tuple[int, int]:
        """Draw those of the block at hand, and tell where it begins, and its length."""
        size, n = self._first.batch_size, len(self._data.inputs)
        if size is None:
            return self._at, step - self._at
        sampling = self._first.sampling
        length = sampling.block_length(n, size)
        block = self._at // length
        if block != self._block:
            number = jnp.int32(block)
            self._picks = draw(sampling, n, size, self._keys, number)
            self._block = block
        return block * length, length


def _tell(
    progress: Callable[[float], None], done: int, group: int, all_: int, share: float
) -> None:
    progress((done + group * share) / all_)


def _outcome(
    steps: np.ndarray, losses: Float[np.ndarray, " saves"], lost: int
) -> ClassifierOutcome:
    loss = float(losses[-1])
    if lost >= 0:
        text = f"diverged by step {lost}: lower the learning rate or the initial scale"
        return ClassifierOutcome("diverged", lost, loss, text)
    last = int(steps[-1])
    text = f"trained to step {last}: mean cross entropy {loss:.3g}"
    return ClassifierOutcome("trained", last, loss, text)

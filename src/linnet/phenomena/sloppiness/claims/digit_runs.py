"""Linear and one-hidden-layer networks that learn digits, and maps of them.

Every network at every checkpoint is a point: what it predicts on the training images.
`maps` measures the points once, and says how well few dimensions hold them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from linnet.phenomena.sloppiness import measure
from linnet.phenomena.sloppiness.measure.distances import distance_matrix
from linnet.phenomena.sloppiness.measure.predictions import Predictions
from linnet.shapes import Float, Int
from linnet.task import Dataset, load

if TYPE_CHECKING:
    from linnet.dynamics import Classifier

SAMPLES = 500  # in a quick run; otherwise all
BATCH = 50
RATES = {"sgd": 0.3, "momentum": 0.03, "adam": 0.003}  # momentum moves 10x as far
OPTIMIZERS = (*RATES, "adam")  # twice: groups of one size share programs
FASTER = 3.0  # each optimizer with this rate as well
FEW = (  # nonlinear networks of a quick run
    (32, "relu", "sgd"),
    (32, "relu", "momentum"),
    (64, "tanh", "adam"),
    (64, "tanh", "adam"),
)
COMPONENTS = 10
LEVELS = 16  # of gray, of a pixel

Kind = tuple[int | None, str, str]  # hidden units, activation, optimizer


@dataclass(frozen=True, eq=False)
class Trained:
    """Networks of one kind along their training.

    Attributes:
        log_probabilities: Of every network at every checkpoint.
        steps: Checkpoints.
    """

    log_probabilities: Float[np.ndarray, "networks saves samples classes"]
    steps: Int[np.ndarray, " saves"]

    @property
    def predictions(self) -> Predictions:
        """All points, one network after the other."""
        shape = self.log_probabilities.shape
        return Predictions(
            self.log_probabilities.reshape(-1, *shape[2:]), "log-probabilities"
        )


@dataclass(frozen=True, eq=False)
class Maps:
    """What was measured of linear and nonlinear networks, for 1 to `COMPONENTS`.

    Attributes:
        together: The map of all networks, linear ones first.
        linear_points: How many of its points are linear.
        ends: Ignorance and the truth, placed in the map.
        stress: Of linear, nonlinear and all networks in a map of their own.
        placed: Of nonlinear networks in the map of linear ones.
        mistaught: The same, of linear networks that learned shuffled labels.
        progress: Of every network at every checkpoint, linear ones first.
        steps: Checkpoints.
    """

    together: measure.Embedding
    linear_points: int
    ends: Float[np.ndarray, "ends components"]
    stress: Float[np.ndarray, "sets components"]
    placed: Float[np.ndarray, " components"]
    mistaught: Float[np.ndarray, " components"]
    progress: Float[np.ndarray, "networks saves"]
    steps: Int[np.ndarray, " saves"]


@lru_cache(maxsize=4)
def digits(seed: int, quick: bool) -> Dataset:
    """Images as rows, gray levels from 0 to 1; some of them in a quick run."""
    whole = load("digits")
    order = np.random.default_rng([seed, 13]).permutation(len(whole.inputs))
    kept = np.sort(order[:SAMPLES]) if quick else np.arange(len(order))
    return Dataset(
        whole.inputs[kept] / LEVELS,
        whole.targets[kept],
        "digits",
        whole.input_names,
        whole.target_names,
        (f"inputs divided by {LEVELS}",),
    )


def linear_networks(seed: int, quick: bool) -> tuple["Classifier", ...]:
    """Softmax regression, by every optimizer at two rates."""
    return _networks([(None, "relu", each) for each in OPTIMIZERS], seed, quick)


def nonlinear_networks(seed: int, quick: bool) -> tuple["Classifier", ...]:
    """One hidden layer, of different widths and activations, likewise."""
    kinds: Sequence[Kind] = FEW
    if not quick:
        kinds = [
            (hidden, activation, optimizer)
            for hidden in (32, 128)
            for activation in ("relu", "tanh")
            for optimizer in OPTIMIZERS
        ]
    return _networks(kinds, seed, quick)


def _networks(
    kinds: Sequence[Kind], seed: int, quick: bool
) -> tuple["Classifier", ...]:
    from linnet.dynamics import Classifier

    found: list[Classifier] = []
    first = 2000 * seed + 1000 * (kinds[0][0] is not None)
    for _ in range(1 if quick else 2):
        for hidden, activation, optimizer in kinds:
            for factor in (1.0, FASTER):
                found.append(
                    Classifier(
                        hidden=hidden,
                        activation=activation,
                        optimizer=optimizer,
                        learning_rate=factor * RATES[optimizer],
                        batch_size=BATCH,
                        seed=first + len(found),
                    )
                )
    return tuple(found)


def trained(networks: tuple["Classifier", ...], data: Dataset, quick: bool) -> Trained:
    """Networks along their training; none of them may diverge."""
    from linnet.dynamics import log_steps, train_classifiers

    steps = log_steps(1000, 24) if quick else log_steps(4000, 28)
    runs = train_classifiers(networks, data.inputs, data.targets, steps)
    if runs.diverged:
        raise RuntimeError(f"{len(runs.diverged)} networks diverged.")
    return Trained(runs.log_probabilities, runs.steps)


@lru_cache(maxsize=4)
def maps(seed: int, quick: bool) -> Maps:
    """Train, and measure all that is asked of the points."""
    data, networks = digits(seed, quick), linear_networks(seed, quick)
    order = np.random.default_rng([seed, 14]).permutation(len(data.targets))
    shuffled = replace(data, targets=data.targets[order])
    linear = trained(networks, data, quick)
    others = trained(nonlinear_networks(seed, quick), data, quick)
    mistaught = trained(networks, shuffled, quick)
    told = (each.log_probabilities for each in (linear, others, mistaught))
    every = Trained(np.concatenate(list(told)), linear.steps)
    distances = distance_matrix(every.predictions)
    size, cut = distances.shape[0], linear.predictions.models
    first, rest, both = slice(cut), slice(cut, size - cut), slice(size - cut)
    wrong = slice(size - cut, size)
    embedded = [_embed(distances[part, part]) for part in (first, rest, both, wrong)]
    among, kept = distances[rest, rest], every.log_probabilities[: -len(networks)]
    ends = from_ends(kept.reshape(-1, *data.targets.shape), data.targets)
    return Maps(
        together=embedded[2],
        linear_points=cut,
        ends=measure.place(embedded[2], ends),
        stress=np.stack([each.explained_stress() for each in embedded[:3]]),
        placed=held_by(embedded[0], distances[rest, first], among),
        mistaught=held_by(embedded[3], distances[rest, wrong], among),
        progress=measure.progress(np.exp(kept.astype(float)), data.targets).along,
        steps=linear.steps,
    )


def _embed(distances: Float[np.ndarray, "m m"]) -> measure.Embedding:
    return measure.embed_distances(np.ascontiguousarray(distances), COMPONENTS)


def from_ends(
    log_probabilities: Float[np.ndarray, "m n c"], truth: Float[np.ndarray, "n c"]
) -> Float[np.ndarray, "ends m"]:
    """Bhattacharyya distances of ignorance and of the truth, which is one-hot."""
    told = log_probabilities.astype(float)
    right = np.einsum("mnc,nc->mn", told, truth) / 2
    even = np.log(np.exp(told / 2).sum(-1)) - np.log(truth.shape[1]) / 2
    return -np.stack([even, right]).mean(-1)


def held_by(
    embedding: measure.Embedding,
    across: Float[np.ndarray, "q m"],
    among: Float[np.ndarray, "q q"],
) -> Float[np.ndarray, " components"]:
    r"""$1-\lVert W-W_k\rVert/\lVert W\rVert$ of points in a map of others.

    Args:
        embedding: Of m other points.
        across: Distances of the points from those.
        among: Distances of the points from each other.
    """
    placed = measure.place(embedding, across)
    placed = placed - placed.mean(0)
    whole = np.asarray(among, dtype=float)
    whole = whole - whole.mean(0)
    rest = -(whole - whole.mean(1)[:, None]) / 2
    size, left = np.linalg.norm(rest), []
    for column, sign in zip(placed.T, embedding.signature, strict=True):
        rest = rest - sign * np.outer(column, column)
        left.append(np.linalg.norm(rest))
    return 1 - np.array(left) / size


def in_order(progress: Float[np.ndarray, "networks saves"]) -> float:
    """Of two checkpoints of one network, how often the later is further; ties half."""
    first, second = np.triu_indices(progress.shape[1], 1)
    gaps = progress[:, second] - progress[:, first]
    return float((np.sign(gaps).mean() + 1) / 2)

"""Two kernel machines on images of digits: what they are given, and how they train.

A radial kernel that starts from random linear functions of the images and learns random
values of the digits, and random features whose starts and targets are random weights.
The kernels that are trained with are formed here, apart from those of theory.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from linnet.phenomena.sloppiness import measure
from linnet.phenomena.sloppiness.claims import ensembles
from linnet.phenomena.sloppiness.claims.problems import posed_dataset
from linnet.shapes import Float
from linnet.study import Problem
from linnet.task import Dataset, load

if TYPE_CHECKING:
    from linnet.dynamics import EnsembleRun

RADIAL, RANDOM = "radial kernel", "random features"
TRAINING, TEST = 40, 20  # images
WIDTH = 3.0  # of the kernel: the usual distance of two images, gray levels in [0, 1]
FEATURES = 24
TARGET = {RADIAL: 1.0, RANDOM: 0.3}  # deviation of targets, that of starts being one
STEPS = 101  # checkpoints, the start included; the first mode is learned in one
SHOWN_TRAINING, SHOWN_TEST = 16, 8  # modes
GROUPS = 128

Matrix = Float[np.ndarray, "n n"]


@dataclass(frozen=True, eq=False)
class Images:
    """Images, of which the first are trained on.

    Attributes:
        pixels: Gray levels in [0, 1].
        centered: The same without the mean image, of mean square length one.
        features: Random cosines of the pixels.
        digits: One column for each digit, one where the image shows it.
    """

    pixels: Float[np.ndarray, "s d"]
    centered: Float[np.ndarray, "s d"]
    features: Float[np.ndarray, "s p"]
    digits: Float[np.ndarray, "s 10"]


@lru_cache(maxsize=8)
def images(seed: int) -> Images:
    """Some of the bundled digits."""
    rng = np.random.default_rng([seed, TRAINING, TEST])
    every = load("digits")
    picked = rng.permutation(len(every.inputs))[: TRAINING + TEST]
    pixels = every.inputs[picked] / 16
    centered = pixels - pixels.mean(0)
    centered /= np.sqrt((centered**2).sum(1).mean())
    waves = rng.standard_normal((pixels.shape[1], FEATURES)) / WIDTH
    phases = rng.uniform(0, 2 * np.pi, FEATURES)
    features = np.sqrt(2 / FEATURES) * np.cos(pixels @ waves + phases)
    return Images(pixels, centered, features, every.targets[picked])


def problem(seed: int, quick: bool) -> Problem:
    """Images with one target, which names the problem; ensembles draw their own."""
    pixels = images(seed).pixels[:TRAINING]
    dataset = Dataset(pixels, pixels[:, :1], "digits")
    title = f"{TRAINING} images of digits, {TEST} more to test"
    return posed_dataset(dataset, title, seed=seed, quick=quick)


def trajectories(problem: Problem) -> int:
    """How many there are of each machine."""
    return 2048 if problem.quick else 20_480


@lru_cache(maxsize=8)
def axes(seed: int, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Modes of the kernel: its eigenvectors, and the left ones between test and it."""
    whole = _gram(seed, name)
    training = np.linalg.eigh(whole[:TRAINING, :TRAINING])[1][:, ::-1]
    test = np.linalg.svd(whole[TRAINING:, :TRAINING])[0]
    return training[:, :SHOWN_TRAINING], test[:, :SHOWN_TEST]


@lru_cache(maxsize=8)
def learning_rate(seed: int, name: str) -> float:
    """The first mode is learned in one step."""
    whole = _gram(seed, name)[:TRAINING, :TRAINING]
    return float(TRAINING / np.linalg.eigvalsh(whole)[-1])


@lru_cache(maxsize=8)
def cloud(problem: Problem, name: str) -> measure.Cloud:
    """Sums over trajectories along the shown modes, training before test."""
    return ensembles.clouded(_paths(problem, name), groups=GROUPS)


@lru_cache(maxsize=8)
def _gram(seed: int, name: str) -> Matrix:
    """The kernel of all images."""
    given = images(seed)
    if name == RANDOM:
        return given.features @ given.features.T
    apart = ((given.pixels[:, None] - given.pixels) ** 2).sum(-1)
    return np.exp(-apart / (2 * WIDTH**2))


def _paths(problem: Problem, name: str) -> Iterator[Float[np.ndarray, "saves q"]]:
    training, test = axes(problem.seed, name)
    lens = np.zeros((TRAINING + TEST, SHOWN_TRAINING + SHOWN_TEST))
    lens[:TRAINING, :SHOWN_TRAINING] = training
    lens[TRAINING:, SHOWN_TRAINING:] = test
    train = _radial if name == RADIAL else _random
    for part in train(problem, lens):
        if part.diverged:
            raise RuntimeError(f"{part.diverged} trajectories diverged.")
        yield from part.predictions


def _radial(problem: Problem, lens: np.ndarray) -> Iterator["EnsembleRun"]:
    """Kernel descent from linear functions of images to values of digits."""
    from linnet.dynamics import KernelEnsemble, stream_ensemble

    count, seed = trajectories(problem), problem.seed
    given, whole = images(seed), _gram(seed, RADIAL)[:, :TRAINING]
    rng = np.random.default_rng([seed, count, 4])
    starts = rng.standard_normal((count, given.centered.shape[1])) @ given.centered.T
    digits = given.digits[:TRAINING]
    values = TARGET[RADIAL] * rng.standard_normal((count, digits.shape[1]))
    process = KernelEnsemble(whole, learning_rate(seed, RADIAL))
    return stream_ensemble(process, starts, values @ digits.T, range(STEPS), axes=lens)


def _random(problem: Problem, lens: np.ndarray) -> Iterator["EnsembleRun"]:
    """Descent on the weights of the features."""
    from linnet.dynamics import LinearEnsemble, stream_ensemble

    count, seed = trajectories(problem), problem.seed
    features = images(seed).features
    rng = np.random.default_rng([seed, count, 5])
    starts = rng.standard_normal((count, FEATURES))
    goals = TARGET[RANDOM] * rng.standard_normal((count, FEATURES))
    process = LinearEnsemble(
        features[:TRAINING], learning_rate(seed, RANDOM), evaluate_on=features
    )
    targets = goals @ features[:TRAINING].T
    return stream_ensemble(process, starts, targets, range(STEPS), axes=lens)

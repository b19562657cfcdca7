"""Predictions of softmax classifiers along their training, without training them.

Each run goes from near ignorance to confident answers, sample after sample at its own
pace, and answers some of them wrongly; checkpoints are spaced by logarithms, so that
neighbors range from nearly equal to far apart.
"""

from collections.abc import Iterator

import numpy as np

CHECKPOINTS = 64
START, CONFIDENCE, OWN = 0.05, 8.0, 0.3
APART = 2.0


def softmax_paths(models: int, samples: int, classes: int, seed: int = 0) -> np.ndarray:
    """Probabilities in single precision, `(models, samples, classes)`."""
    found = np.empty((models, samples, classes), np.float32)
    fill(found, seed)
    return found


def fill(target: np.ndarray, seed: int = 0) -> None:
    """The same into an array that is there, as one in a file: run after run."""
    models, samples, classes = target.shape
    for at, block in _runs(-(-models // CHECKPOINTS), samples, classes, seed):
        target[at : at + CHECKPOINTS] = block[: models - at]


def far_apart(models: int, samples: int, classes: int, seed: int = 0) -> np.ndarray:
    """Models that have nothing to do with each other, in the same form."""
    rng = np.random.default_rng(seed)
    shape = models, samples, classes
    return _softmax(APART * rng.standard_normal(shape, dtype=np.float32))


def _runs(
    runs: int, samples: int, classes: int, seed: int
) -> Iterator[tuple[int, np.ndarray]]:
    rng = np.random.default_rng(seed)
    truth = np.eye(classes, dtype=np.float32)[rng.integers(classes, size=samples)]
    slowness = 0.2 + rng.exponential(size=(samples, 1)).astype(np.float32)
    times = np.logspace(-2, 2, CHECKPOINTS, dtype=np.float32)[:, None, None]
    for run in range(runs):
        start, own = rng.standard_normal((2, samples, classes), dtype=np.float32)
        pace = np.float32(np.exp(0.3 * rng.standard_normal()))
        learned = -np.expm1(-pace * times / slowness)
        logits = START * start + CONFIDENCE * (truth + OWN * own) * learned
        yield run * CHECKPOINTS, _softmax(logits)


def _softmax(logits: np.ndarray) -> np.ndarray:
    """In place."""
    logits -= logits.max(-1, keepdims=True)
    raised = np.exp(logits, out=logits)
    raised /= raised.sum(-1, keepdims=True)
    return raised

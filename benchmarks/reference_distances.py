"""The public algorithm for inPCA distances, re-implemented as the baseline.

Samples first, `(samples, models, classes)`; for each chunk of samples the roots of both
operands, their product in batches, a logarithm of every coefficient, infinities set to
100 and negative values to zero, a look for what is no number, and the sum over samples:
all pairs, in both orders. With torch where it is installed, else the same in NumPy.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.harness import Spread, stopwatch

CHUNKS = (1, 2, 5, 20)
CAP = 100.0  # of a distance, where two models share no class
TRIALS = 3

Reference = Callable[[int], np.ndarray]


def reference(predictions: np.ndarray) -> tuple[str, Reference]:
    """Its name, and a function of the size of a chunk.

    Args:
        predictions: Probabilities `(models, samples, classes)`; transposing them is
            free for the baseline.
    """
    packed = np.ascontiguousarray(predictions.transpose(1, 0, 2))
    try:
        import torch
    except ImportError:
        return "reference algorithm, NumPy", lambda chunk: _in_numpy(packed, chunk)
    torch.set_num_threads(1)
    return "reference algorithm, torch", lambda chunk: _in_torch(torch, packed, chunk)


def best_chunk(predictions: np.ndarray) -> int:
    """The fastest of the chunks, on a few samples."""
    call = reference(predictions)[1]
    seconds = {}
    for chunk in CHUNKS:
        timed = stopwatch(lambda chunk=chunk: call(chunk))
        timed()
        seconds[chunk] = Spread.of(timed() for _ in range(TRIALS)).median
    return min(seconds, key=lambda chunk: seconds[chunk])


def _in_torch(lib: Any, packed: np.ndarray, chunk: int) -> np.ndarray:
    given = lib.from_numpy(packed)
    samples, models, _ = packed.shape
    total = lib.zeros(models, models)
    for at in range(0, samples, chunk):
        left, right = (lib.sqrt(given[at : at + chunk]) for _ in range(2))
        each = -lib.log(lib.bmm(left, right.transpose(1, 2)))
        each[lib.isinf(each)] = CAP
        each[each < 0] = 0
        if lib.isnan(each).any():
            raise ValueError("Distances must be numbers, but are not.")
        total += each.sum(0)
    return (total / samples).numpy()


def _in_numpy(packed: np.ndarray, chunk: int) -> np.ndarray:
    samples, models, _ = packed.shape
    total = np.zeros((models, models), np.float32)
    for at in range(0, samples, chunk):
        left, right = (np.sqrt(packed[at : at + chunk]) for _ in range(2))
        with np.errstate(divide="ignore"):
            each = -np.log(left @ right.transpose(0, 2, 1))
        each[np.isinf(each)] = CAP
        each[each < 0] = 0
        if np.isnan(each).any():
            raise ValueError("Distances must be numbers, but are not.")
        total += each.sum(0)
    return total / samples

"""What a distance matrix will take, before it takes it."""

from dataclasses import dataclass

import numpy as np

from linnet.phenomena.sloppiness.measure.distances.panels import (
    SAMPLE_STEP,
    WIDTHS,
    panel_width,
    samples_at_once,
)
from linnet.phenomena.sloppiness.measure.distances.passes import AbstractDistance
from linnet.phenomena.sloppiness.measure.predictions import Predictions

MEBI = 2**20
OVERHEAD = 64 * MEBI  # compiled programs, and panels while they are made
DEFAULT_CAPACITY = 2048 * MEBI  # for panels, where no limit is given
STATE_BYTES = 24  # of each pair of a tile while it is worked on


@dataclass(frozen=True)
class Cost:
    """Size of a distance computation.

    Attributes:
        pairs: Of models, each counted once.
        coefficients: Pairs times samples: proportional to the time.
        multiply_adds: Coefficients times features.
        result_bytes: The matrix in memory, or all tiles.
        working_bytes: Needed beside the result, at least.
        panel_bytes: All panels; with so much more room each model is read once.
        source_bytes: Of the predictions themselves.
    """

    pairs: int
    coefficients: int
    multiply_adds: int
    result_bytes: int
    working_bytes: int
    panel_bytes: int
    source_bytes: int


@dataclass(frozen=True)
class Plan:
    """How panels are read.

    Attributes:
        width: Models in a panel.
        at_once: Samples in a piece.
        capacity: Bytes of panels that are kept.
        rows_at_once: Rows of tiles that are worked on together.
    """

    width: int
    at_once: int
    capacity: float
    rows_at_once: int


def cost(
    predictions: Predictions,
    distance: AbstractDistance,
    *,
    side: int,
    itemsize: int,
    in_memory: bool,
) -> Cost:
    """Size of all distances between models, without reading any prediction."""
    m, n = predictions.models, predictions.samples
    features, dtype = distance.features(predictions)
    pairs = m * (m + 1) // 2
    side = min(side, m)
    width = panel_width(m)
    padded = -(-m // width) * width
    each = width * features * dtype.itemsize
    # Two tiles' worth of panels, of the fewest samples that are taken together.
    least = 2 * -(-side // width) * min(SAMPLE_STEP, n) * each
    kept = m * m if in_memory else pairs
    return Cost(
        pairs=pairs,
        coefficients=pairs * n,
        multiply_adds=pairs * n * features,
        result_bytes=kept * itemsize,
        working_bytes=least + side * side * STATE_BYTES + OVERHEAD,
        panel_bytes=padded * n * features * dtype.itemsize,
        source_bytes=int(
            np.prod(predictions.source.shape, dtype=float)
            * np.dtype(predictions.source.dtype).itemsize
        ),
    )


def planned(
    predictions: Predictions,
    distance: AbstractDistance,
    *,
    side: int,
    itemsize: int,
    in_memory: bool,
    memory_limit: float | None,
) -> Plan:
    """How to read within `memory_limit`.

    Raises:
        ValueError: when even the smallest pieces would not fit.
    """
    size = cost(
        predictions, distance, side=side, itemsize=itemsize, in_memory=in_memory
    )
    features, dtype = distance.features(predictions)
    result = size.result_bytes if in_memory else 0
    if memory_limit is None:
        capacity = float(max(DEFAULT_CAPACITY, size.working_bytes))
    else:
        _check_memory(size, result, memory_limit, in_memory)
        fixed = min(side, predictions.models) ** 2 * STATE_BYTES + OVERHEAD
        capacity = memory_limit - result - fixed
    width = panel_width(predictions.models)
    tile_panels = -(-min(side, predictions.models) // width)
    room = capacity / (2 * tile_panels) * WIDTHS[-1] / width
    at_once = samples_at_once(features, dtype.itemsize, room)
    tile_bytes = tile_panels * width * predictions.samples * features * dtype.itemsize
    rows_at_once = max(int(capacity // tile_bytes) - 1, 1)
    if size.panel_bytes <= capacity:
        rows_at_once = predictions.models
    return Plan(width, at_once, capacity, rows_at_once)


def _check_memory(size: Cost, result: int, limit: float, in_memory: bool) -> None:
    needed = result + size.working_bytes
    if needed <= limit:
        return
    fitting = "smaller tiles (`side`)"
    if in_memory and size.working_bytes <= limit:
        models = int(((limit - size.working_bytes) / result * size.pairs * 2) ** 0.5)
        fitting = (
            f"about {models} models, or tiles on disk (`tiles`), which take"
            f" {size.working_bytes / MEBI:.4g} MiB of memory,"
        )
    raise ValueError(
        f"Distances need about {needed / MEBI:.4g} MiB, {result / MEBI:.4g} MiB of it"
        f" for the matrix, but `memory_limit` is {limit / MEBI:.4g} MiB: {fitting}"
        " would fit."
    )

"""What a distance matrix will take, before it takes it."""

from dataclasses import asdict, dataclass, is_dataclass
from typing import Any

import numpy as np

from linnet.phenomena.sloppiness.measure.distances.kinds import as_distance
from linnet.phenomena.sloppiness.measure.distances.panels import (
    SAMPLE_STEP,
    WIDTHS,
    panel_width,
    samples_at_once,
)
from linnet.phenomena.sloppiness.measure.distances.passes import AbstractDistance
from linnet.phenomena.sloppiness.measure.predictions import (
    Predictions,
    Source,
    as_predictions,
)
from linnet.phenomena.sloppiness.measure.tiles import DEFAULT_SIDE

MEBI = 2**20
OVERHEAD = 64 * MEBI  # compiled programs, and panels while they are made
DEFAULT_CAPACITY = 2048 * MEBI  # for panels, where no limit is given
STATE_BYTES = 24  # of each pair of a tile while it is worked on


METHOD = 1  # raised whenever the same predictions give other bits


@dataclass(frozen=True)
class Cost:
    """Size of a distance computation.

    Attributes:
        models: How many.
        pairs: Of models, each counted once.
        coefficients: Pairs times samples: proportional to the time.
        multiply_adds: Coefficients times features.
        result_bytes: The matrix in memory, or all tiles.
        working_bytes: Of memory that is needed beside the result, at least.
        panel_bytes: All panels; with so much more memory each model is read once.
        source_bytes: Of the predictions themselves.
    """

    models: int
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
    source: Source | Predictions,
    distance: str | AbstractDistance = "bhattacharyya",
    *,
    side: int = DEFAULT_SIDE,
    itemsize: int | None = None,
    in_memory: bool = True,
) -> Cost:
    """Size of all distances between models, without reading any prediction.

    The time is `coefficients` over their rate, which is found by `distance_matrix` on a
    few models of the same samples.

    Args:
        source: As in `distance_matrix`.
        distance: As in `distance_matrix`.
        side: Rows of a tile.
        itemsize: Bytes of a distance; as of the predictions if left out.
        in_memory: Whether the result is a whole matrix, not the tiles of a half.

    Example:
        >>> size = cost(np.ones((1000, 50, 10), np.float32))
        >>> size.pairs, size.result_bytes
        (500500, 4000000)
    """
    predictions, distance = as_predictions(source), as_distance(distance)
    m, n = predictions.models, predictions.samples
    features, numbers = distance.features(predictions)
    pairs = m * (m + 1) // 2
    tile = min(side, m)
    width = panel_width(m)
    each = width * features * numbers.itemsize
    # Two tiles' worth of panels, of the fewest samples that are taken together.
    least = 2 * -(-tile // width) * min(SAMPLE_STEP, n) * each
    kept = m * m if in_memory else pairs
    stored = np.dtype(predictions.source.dtype).itemsize
    return Cost(
        models=m,
        pairs=pairs,
        coefficients=pairs * n,
        multiply_adds=pairs * n * features,
        result_bytes=kept * (itemsize or predictions.dtype.itemsize),
        working_bytes=least + tile * tile * STATE_BYTES + OVERHEAD,
        panel_bytes=-(-m // width) * n * each,
        source_bytes=m * n * predictions.classes * stored,
    )


def distance_facts(
    source: Source | Predictions,
    distance: str | AbstractDistance = "bhattacharyya",
) -> dict[str, Any]:
    """Everything that changes distances, apart from the predictions themselves.

    For the identity of stored tiles; plain text and numbers.

    Example:
        >>> distance_facts(np.ones((3, 5, 2)), "hellinger")["distance"]
        'hellinger'
    """
    predictions, distance = as_predictions(source), as_distance(distance)
    return {
        "method": METHOD,
        "distance": distance.name,
        "options": asdict(distance) if is_dataclass(distance) else {},
        "kind": predictions.kind,
        "smoothing": predictions.smoothing,
        "precision": predictions.dtype.name,
        "shape": [int(length) for length in predictions.source.shape],
    }


def planned(
    predictions: Predictions,
    distance: AbstractDistance,
    *,
    side: int,
    itemsize: int,
    in_memory: bool,
    memory_limit: float | None,
) -> Plan:
    """How to read within `memory_limit`; the rest is as in `cost`.

    Raises:
        ValueError: when even the smallest pieces would not fit.
    """
    size = cost(
        predictions, distance, side=side, itemsize=itemsize, in_memory=in_memory
    )
    tile = min(side, predictions.models)
    features, numbers = distance.features(predictions)
    result = size.result_bytes if in_memory else 0
    if memory_limit is None:
        capacity = float(max(DEFAULT_CAPACITY, size.working_bytes))
    else:
        _check_memory(size, result, memory_limit)
        capacity = memory_limit - result - tile**2 * STATE_BYTES - OVERHEAD
    width = panel_width(predictions.models)
    tile_panels = -(-tile // width)
    room = capacity / (2 * tile_panels) * WIDTHS[-1] / width
    at_once = samples_at_once(features, numbers.itemsize, room)
    tile_bytes = tile_panels * width * predictions.samples * features * numbers.itemsize
    rows_at_once = max(int(capacity // tile_bytes) - 1, 1)
    if size.panel_bytes <= capacity:
        rows_at_once = predictions.models
    return Plan(width, at_once, capacity, rows_at_once)


def _check_memory(size: Cost, result: int, limit: float) -> None:
    needed = result + size.working_bytes
    if needed <= limit:
        return
    fitting = "smaller tiles (`side`)"
    if result and size.working_bytes <= limit:
        models = int(((limit - size.working_bytes) / result) ** 0.5 * size.models)
        fitting = (
            f"about {models} models, or tiles on disk (`tiles`), which take"
            f" {size.working_bytes / MEBI:.4g} MiB of memory,"
        )
    raise ValueError(
        f"Distances need about {needed / MEBI:.4g} MiB, {result / MEBI:.4g} MiB of it"
        f" for the matrix, but `memory_limit` is {limit / MEBI:.4g} MiB: {fitting}"
        " would fit."
    )

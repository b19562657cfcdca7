"""All pairs of models: tile by tile, from panels of models, streaming over samples."""

from collections.abc import Callable
from typing import overload

import numpy as np

from linnet.phenomena.sloppiness.measure.distances.kinds import (
    AbstractDistance,
    as_distance,
)
from linnet.phenomena.sloppiness.measure.predictions import (
    Predictions,
    Source,
    as_predictions,
)
from linnet.phenomena.sloppiness.measure.tiles import (
    ArrayTiles,
    Tiles,
    missing_pairs,
    tile_pairs,
    tile_rows,
)

Progress = Callable[[int, int], None]
SAMPLES_AT_ONCE = 256


@overload
def distance_matrix(
    source: Source | Predictions,
    distance: str | AbstractDistance = "bhattacharyya",
    *,
    tiles: None = None,
    memory_limit: float | None = None,
    progress: Progress | None = None,
) -> np.ndarray: ...
@overload
def distance_matrix(
    source: Source | Predictions,
    distance: str | AbstractDistance = "bhattacharyya",
    *,
    tiles: Tiles,
    memory_limit: float | None = None,
    progress: Progress | None = None,
) -> Tiles: ...
def distance_matrix(
    source: Source | Predictions,
    distance: str | AbstractDistance = "bhattacharyya",
    *,
    tiles: Tiles | None = None,
    memory_limit: float | None = None,
    progress: Progress | None = None,
) -> np.ndarray | Tiles:
    """Distances between all pairs of models.

    Args:
        source: `Predictions`, or probabilities `(models, samples, classes)`.
        distance: Name of a distance, or the distance itself.
        tiles: Where results go; tiles that it has are not computed again.
        memory_limit: In bytes; what would not fit is refused.
        progress: Called with the numbers of finished tiles and of all tiles.

    Returns:
        `(models, models)`, or `tiles` when they were given.

    Example:
        >>> half, sure = [[0.5, 0.5]], [[1.0, 0.0]]
        >>> distance_matrix(np.array([half, sure, half]))[0].round(4).tolist()
        [0.0, 0.3466, 0.0]
    """
    predictions, distance = as_predictions(source), as_distance(distance)
    into = tiles
    if into is None:
        into = ArrayTiles(predictions.models, dtype=predictions.dtype)
    total = sum(1 for _ in tile_pairs(into))
    missing = missing_pairs(into)
    for done, (i, j) in enumerate(missing, start=total - len(missing)):
        rows, columns = tile_rows(into, i), tile_rows(into, j)
        block = _block(distance, (predictions, rows), (predictions, columns))
        if i == j:
            np.fill_diagonal(block, 0.0)
            block = (block + block.T) / 2
        into.write(i, j, block.astype(into.dtype))
        if progress is not None:
            progress(done + 1, total)
    return into.matrix if tiles is None and isinstance(into, ArrayTiles) else into


def cross_distances(
    new: Source | Predictions,
    old: Source | Predictions,
    distance: str | AbstractDistance = "bhattacharyya",
) -> np.ndarray:
    """Distances of `new` models from `old` ones, `(new models, old models)`."""
    left, right = as_predictions(new), as_predictions(old)
    return _block(
        as_distance(distance),
        (left, slice(0, left.models)),
        (right, slice(0, right.models)),
    )


def _block(
    distance: AbstractDistance,
    left: tuple[Predictions, slice],
    right: tuple[Predictions, slice],
) -> np.ndarray:
    samples = left[0].samples
    heights = [models.stop - models.start for _, models in (left, right)]
    total = np.zeros((heights[0], heights[1]))
    for start in range(0, samples, SAMPLES_AT_ONCE):
        some = slice(start, min(start + SAMPLES_AT_ONCE, samples))
        panels = [
            distance.panel(given, models, some) for given, models in (left, right)
        ]
        distance.add(total, panels[0], panels[1])
    return distance.finished(total, samples)

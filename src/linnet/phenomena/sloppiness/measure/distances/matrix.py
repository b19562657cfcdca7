"""All pairs of models: tile by tile, from panels of models, streaming over samples."""

from collections.abc import Callable
from typing import overload

import numpy as np

from linnet.phenomena.sloppiness.measure.distances.blocks import block_of_distances
from linnet.phenomena.sloppiness.measure.distances.kinds import as_distance
from linnet.phenomena.sloppiness.measure.distances.panels import Reader, parts
from linnet.phenomena.sloppiness.measure.distances.passes import AbstractDistance
from linnet.phenomena.sloppiness.measure.distances.plan import planned
from linnet.phenomena.sloppiness.measure.predictions import (
    Predictions,
    Source,
    as_predictions,
)
from linnet.phenomena.sloppiness.measure.tiles import (
    DEFAULT_SIDE,
    ArrayTiles,
    Tiles,
    missing_pairs,
    tile_pairs,
    tile_rows,
)
from linnet.shapes import Float

Progress = Callable[[int, int], None]


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
    distance.check(predictions)
    dtype = predictions.dtype if tiles is None else tiles.dtype
    plan = planned(
        predictions,
        distance,
        side=DEFAULT_SIDE if tiles is None else tiles.side,
        itemsize=dtype.itemsize,
        in_memory=tiles is None,
        memory_limit=memory_limit,
    )
    if tiles is None:
        into: Tiles = ArrayTiles(predictions.models, dtype=dtype)
    else:
        into = tiles
        _check_size(tiles, predictions)
    first = distance.first(predictions)
    reader = Reader(predictions, first, plan.width, plan.at_once, plan.capacity)
    missing = _grouped(missing_pairs(into), plan.rows_at_once)
    total = sum(1 for _ in tile_pairs(into))
    with first.scope():
        for done, (i, j) in enumerate(missing, start=total - len(missing)):
            rows, columns = tile_rows(into, i), tile_rows(into, j)
            block = block_of_distances(reader, rows, reader, columns, i == j)
            into.write(i, j, block.astype(dtype))
            if progress is not None:
                progress(done + 1, total)
    return into.matrix if tiles is None and isinstance(into, ArrayTiles) else into


def cross_distances(
    new: Source | Predictions,
    old: Source | Predictions,
    distance: str | AbstractDistance = "bhattacharyya",
    *,
    memory_limit: float | None = None,
) -> Float[np.ndarray, "new old"]:
    """Distances of `new` models from `old` ones, on the same samples.

    Args:
        new: As `source` of `distance_matrix`.
        old: The same samples and classes.
        distance: Name of a distance, or the distance itself.
        memory_limit: In bytes; what would not fit is refused.

    Returns:
        In single precision where both are.

    Raises:
        ValueError: when samples or classes differ, and as in `distance_matrix`.

    Reference: Mao et al. 2024, for the Bhattacharyya distance.

    Example:
        >>> half, sure = [[0.5, 0.5]], [[1.0, 0.0]]
        >>> cross_distances(np.array([half]), np.array([half, sure])).round(4).tolist()
        [[0.0, 0.3466]]
    """
    left, right = as_predictions(new), as_predictions(old)
    distance = as_distance(distance)
    for predictions in (left, right):
        distance.check(predictions)
    _check_same(left, right)
    larger = left if left.models >= right.models else right
    if left.dtype != right.dtype:
        # Both in the better precision, which only one of them asks for.
        larger = left if left.dtype == np.float64 else right
    first = distance.first(larger)
    plan = planned(
        larger,
        distance,
        side=DEFAULT_SIDE,
        itemsize=larger.dtype.itemsize,
        in_memory=True,
        memory_limit=memory_limit,
    )
    readers = [
        Reader(given, first, plan.width, plan.at_once, plan.capacity / 2)
        for given in (left, right)
    ]
    found = np.empty((left.models, right.models), larger.dtype)
    with first.scope():
        for rows in parts(slice(0, left.models), DEFAULT_SIDE):
            for columns in parts(slice(0, right.models), DEFAULT_SIDE):
                found[rows, columns] = block_of_distances(
                    readers[0], rows, readers[1], columns
                )
    return found


def _grouped(pairs: list[tuple[int, int]], rows: int) -> list[tuple[int, int]]:
    """`rows` rows of tiles at a time, column by column: each column is read once."""
    return sorted(pairs, key=lambda pair: (pair[0] // rows, pair[1], pair[0]))


def _check_size(tiles: Tiles, predictions: Predictions) -> None:
    if tiles.size != predictions.models:
        raise ValueError(
            f"Argument `tiles` must be of size {predictions.models}, one row for each"
            f" model, but is of size {tiles.size}."
        )


def _check_same(left: Predictions, right: Predictions) -> None:
    shapes = [(given.samples, given.classes) for given in (left, right)]
    if shapes[0] != shapes[1]:
        raise ValueError(
            "Arguments `new` and `old` must have the same samples and classes, but have"
            f" {shapes[0]} and {shapes[1]}."
        )

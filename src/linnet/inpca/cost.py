"""What an embedding will take, told before it is begun."""

import shutil
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from linnet.study.words import duration

if TYPE_CHECKING:
    from linnet.phenomena.sloppiness.measure.distances import AbstractDistance
    from linnet.phenomena.sloppiness.measure.predictions import Predictions

Route = Literal["factors", "memory", "tiles"]

GIB = 2.0**30
FACTOR_COPIES = {"gaussian": 4, "symmetrized-kl": 7}  # of the predictions
FACTORS_LIMIT = 4 * GIB  # where no limit is given
PANELS_LIMIT = 2 * GIB  # the same, while distances are computed
TILES_ALONG = 8  # at least, so that a killed run loses little
SMALLEST_SIDE, LARGEST_SIDE = 64, 1024
BASE_MEMORY = 0.4 * GIB  # the program itself and its libraries
_BASE_WORDS = "0.4 GiB of it for the program and its libraries"
VECTORS = 200  # numbers per model while eigenvectors are sought in tiles
LONG = 1e10  # multiplications from which on the time is worth a measurement
PROBE_MODELS, PROBE_SAMPLES = 512, 256  # fewer are mostly overhead


@dataclass(frozen=True)
class Cost:
    """What the work will take.

    Attributes:
        memory: Bytes at the peak; pages of a mapped file, which can be given back at
            any time, do not count.
        disk: Bytes of the distances.
        seconds: Of the distances, rough; None where it is not worth telling.
        route: `factors` needs no distances; `memory` holds all of them at once for the
            embedding, `tiles` reads them from disk piece by piece.
        limit: Bytes of memory that may be taken, or None.
    """

    memory: float
    disk: float
    seconds: float | None
    route: Route
    limit: float | None = None

    @property
    def for_distances(self) -> float | None:
        """Bytes that are left for distances while they are computed, or None."""
        return None if self.limit is None else self.limit - BASE_MEMORY

    def sentence(self) -> str:
        """For a person who is about to wait."""
        parts = [f"{size_words(self.memory)} of memory ({_BASE_WORDS})"]
        if self.disk:
            parts.append(f"{size_words(self.disk)} of disk for the distances")
        if self.seconds is not None:
            parts.append(f"about {duration(self.seconds)} for them")
        return "This takes " + ", ".join(parts)


def side_of(models: int) -> int:
    """Rows of a tile of the distances."""
    return min(max(-(-models // TILES_ALONG), SMALLEST_SIDE), LARGEST_SIDE)


def cost_of(
    models: int, itemsize: int, limit: float | None, *, on_disk: bool = True
) -> Cost:
    """Memory and disk for the distances of `models` models.

    Args:
        models: How many there are.
        itemsize: Bytes of a distance.
        limit: Bytes of memory that may be taken; None for no limit.
        on_disk: Whether the distances are yet to be computed, to lie on disk.

    Raises:
        ValueError: when not even an embedding out of tiles fits; the message says what
            would.
    """
    whole = float(models) ** 2 * itemsize
    dense = BASE_MEMORY + 1.1 * whole + 8.0 * VECTORS * models
    if models <= 600:  # a dense solve in double precision
        dense += 4 * 8.0 * models**2
    tiled = BASE_MEMORY + 8.0 * VECTORS * models
    disk = 0.5 * whole * (1 + side_of(models) / models) if on_disk else 0.0
    if limit is None or dense <= limit:
        return Cost(dense, disk, None, "memory", limit)
    if tiled > limit or not on_disk:
        raise ValueError(_too_large(models, itemsize, min(tiled, dense), limit))
    return Cost(tiled, disk, None, "tiles", limit)


def factor_cost(
    predictions: "Predictions", distance: str, limit: float | None
) -> Cost | None:
    """Memory for an embedding without distances; None where that cannot be.

    The symmetrized divergence and that of Gaussian predictions are products of known
    factors, as large as the predictions.
    """
    if distance not in FACTOR_COPIES:
        return None
    numbers = float(predictions.models) * predictions.samples * predictions.classes
    each = predictions.dtype.itemsize * FACTOR_COPIES[distance]
    needed = BASE_MEMORY + numbers * each + 8.0 * VECTORS * predictions.models
    fits = needed <= (FACTORS_LIMIT if limit is None else limit)
    return Cost(needed, 0.0, None, "factors", limit) if fits else None


def check_disk(cost: Cost, folder: Path) -> None:
    """Refuse distances that the disk of `folder` has no room for.

    Raises:
        ValueError: saying how much is missing.
    """
    place = next(p for p in (folder, *folder.absolute().parents) if p.exists())
    free = shutil.disk_usage(place).free
    if cost.disk > 0.95 * free:
        raise ValueError(
            f"The distances take {size_words(cost.disk)}, but only"
            f" {size_words(free)} are free at {folder}: give another `--out`, or embed"
            " a part of the models with `--landmarks`."
        )


def distances_cost(
    cost: Cost, predictions: "Predictions", distance: "AbstractDistance", pairs: int
) -> Cost:
    """`cost` with the memory and the time that distances of so many pairs take.

    The time is that for a few models on a few samples, scaled; None where it is too
    short to be told.

    Raises:
        ValueError: when there is not enough memory for a few of them.
    """
    from linnet.phenomena.sloppiness.measure.distances import cost as size_of

    size = size_of(
        predictions,
        distance,
        side=side_of(predictions.models),
        itemsize=predictions.dtype.itemsize,
        in_memory=False,
    )
    room = cost.for_distances
    if room is not None and size.working_bytes > room:
        needed = size_words(size.working_bytes + BASE_MEMORY)
        raise ValueError(
            f"Distances on {predictions.samples:,} samples take {needed} of memory"
            f" ({_BASE_WORDS}), but there is room for"
            f" {size_words(cost.limit or 0)}: allow more with `--memory`, or give fewer"
            " samples."
        )
    most = PANELS_LIMIT if room is None else room
    panels = BASE_MEMORY + min(size.working_bytes + size.panel_bytes, most)
    seconds = None
    if size.multiply_adds / size.pairs * pairs >= LONG:
        seconds = pairs * _seconds_of_a_pair(predictions, distance)
    return replace(cost, memory=max(cost.memory, panels), seconds=seconds)


def _seconds_of_a_pair(
    predictions: "Predictions", distance: "AbstractDistance"
) -> float:
    from linnet.phenomena.sloppiness.measure.distances import distance_matrix

    m, n = predictions.models, predictions.samples
    b, s = min(m, PROBE_MODELS), min(n, PROBE_SAMPLES)
    part = replace(predictions, source=predictions.source[0:b, 0:s])
    distance_matrix(part, distance)  # compiles, reads the file into the cache
    begin = time.perf_counter()
    distance_matrix(part, distance)
    return (time.perf_counter() - begin) / (b**2 / 2) * (n / s)


def size_words(size: float) -> str:
    """Bytes in the unit that suits them."""
    if size < GIB / 10:
        return f"{max(size / 2**20, 0.1):.2g} MiB"
    return f"{size / GIB:.2g} GiB"


def _too_large(models: int, itemsize: int, needed: float, limit: float) -> str:
    room = max(limit - BASE_MEMORY, 0.0)
    fits = int((room / (1.1 * itemsize + 8.0)) ** 0.5)
    what = f"`--landmarks {fits}`" if fits > 100 else "a part of the models"
    return (
        f"Embedding {models:,} models takes {size_words(needed)} of memory"
        f" ({_BASE_WORDS}), but there is room for {size_words(limit)}:"
        f" allow more with `--memory`, or take {what}."
    )

"""Where distances lie while and after they are computed, and what is left of them."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from linnet.inpca.cost import Cost, side_of
from linnet.inpca.settings import facts

if TYPE_CHECKING:
    from linnet.inpca.job import Job
    from linnet.study.tile_store import TileStore

TILES = "distances"


def folder_of(job: "Job", out: Path) -> Path:
    """Each distance has its own: none lies beside results of another."""
    return out / TILES / job.settings.distance


def store_of(job: "Job", out: Path) -> "TileStore":
    """Begin to keep the distances of `job`, or go on.

    Raises:
        ValueError: when its folder holds those of other settings or another file.
    """
    from linnet.study.tile_store import TileStore

    assert job.predictions is not None
    return TileStore(
        folder_of(job, out),
        facts(job.settings, job.predictions, job.content),
        job.models,
        side_of(job.models),
        job.predictions.dtype,
    )


def cost_left(job: "Job", out: Path) -> Cost:
    """What is still to be done where a run into `out` was interrupted.

    Raises:
        ValueError: when `out` holds distances of the same name, but of other settings
            or another file.
    """
    cost, folder = job.cost, folder_of(job, out)
    if not cost.disk or not any(folder.glob("tile_*.npy")):
        return cost
    store_of(job, out)
    rows = -(-job.models // side_of(job.models))
    there = sum(1 for _ in folder.glob("tile_*.npy"))
    share = max(1 - there / (rows * (rows + 1) / 2), 0.0)
    seconds = None if cost.seconds is None else share * cost.seconds
    return replace(cost, disk=share * cost.disk, seconds=seconds)

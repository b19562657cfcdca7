"""From a file of predictions to points: the command's work, end to end.

Distances go to tiles on disk, are read into memory as one matrix or read piece by
piece, whatever fits, and models become points. By default a small file; `--full` takes
16,384 models on 1000 samples with 10 classes, which must do with 8 GB. Memory counts
pages of mapped files too, although the system may take them back.
"""

import tempfile
from pathlib import Path

import numpy as np

from benchmarks.harness import Row, Spread, stopwatch
from benchmarks.machine import peak_growth
from benchmarks.softmax_paths import fill
from linnet.inpca import Settings, embed, prepare

SMALL, LARGE = (1024, 100, 10), (16_384, 1000, 10)
LIMIT = 8e9
RESIDUAL = 1e-5


def run(full: bool) -> list[Row]:
    """The small file, and the large one where there is time."""
    return [row(*SMALL), *([row(*LARGE)] if full else [])]


def row(models: int, samples: int, classes: int) -> Row:
    """One run; it is too long to be repeated."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        file = folder / "predictions.npy"
        shape = models, samples, classes
        fill(np.lib.format.open_memmap(file, "w+", np.float32, shape))
        seconds: dict[str, float] = {}
        found = []

        def work() -> None:
            job = prepare(file, Settings(), memory_limit=LIMIT)
            found.append((job, embed(job, folder / "out")))

        def timed() -> None:
            seconds["whole"] = stopwatch(work)()

        memory = peak_growth(timed)
        job, embedding = found[0]
        read = sum(file.stat().st_size for file in folder.rglob("tile_*"))
    top = abs(embedding.eigenvalues[0])
    return Row(
        f"linnet inpca, {models:,} models, {samples} samples, {classes} classes",
        Spread.of([seconds["whole"]]),
        error=float(embedding.residuals.max() / top),
        error_limit=RESIDUAL,
        memory=memory,
        details={
            "memory over 8 GB": memory / LIMIT,
            "GB of tiles on disk": read / 1e9,
            "route": f"{job.cost.route}, {embedding.method}",
            "memory told before, over that taken": job.cost.memory / memory,
            "stress explained by 2": float(embedding.explained_stress()[1]),
            "error": "the largest residual",
        },
    )

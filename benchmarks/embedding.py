"""inPCA: eigenpairs of both signs in memory, and from tiles on disk read a few times.

Distances are those of softmax regressions on digits along their training, and for
comparison some whose spectrum decays slowly. The rival in memory gets the centered
matrix for nothing, in the precision of the distances (twice as fast as float64), and
solves for both ends of its spectrum.

Out of core there is no rival but the disk: every tile is mapped and copied to memory as
often as ours reads it. The system is made to forget the files before each read, as it
must when they do not fit; the details tell the ratio when it keeps them in memory.
"""

import os
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import scipy.linalg
from sklearn.datasets import load_digits

from benchmarks.harness import Row, interleave, stopwatch
from benchmarks.machine import peak_growth
from linnet.phenomena.sloppiness.measure import Embedding, Search, embed_distances
from linnet.phenomena.sloppiness.measure.tiles import tile_pairs

MODELS, RUNS, SAMPLES, SIDE = 16_384, 128, 64, 1024
FEW, COMPONENTS, GOAL, RESIDUAL = 4096, 10, 30.0, 2e-6
LEADING, READS, OVER_READING, ERROR = 3, 5, 2.0, 1e-5
LAST, BATCH = 600, 64


def run(full: bool) -> list[Row]:
    """Both matrices in memory, then more models than that, in tiles."""
    del full
    roots = np.sqrt(_predictions())
    few = roots[:, :: MODELS // FEW]
    rows = [
        _in_memory("softmax", _distances(few, few)),
        _in_memory("slowly decaying", _slow_distances()),
    ]
    with tempfile.TemporaryDirectory() as folder:
        tiles = _Folder(Path(folder))
        for i, j in tile_pairs(tiles):
            some = (roots[:, at * SIDE : (at + 1) * SIDE] for at in (i, j))
            tiles.write(i, j, _distances(*some))
        return [*rows, _out_of_core(tiles)]


def _in_memory(name: str, distances: np.ndarray) -> Row:
    ours = partial(embed_distances, distances, COMPONENTS, method="lanczos")
    centered = distances.astype(float)
    centered -= centered.mean(0)
    centered -= centered.mean(1)[:, None]
    centered = (centered / -2).astype(distances.dtype)
    ends = [(0, COMPONENTS - 1), (FEW - COMPONENTS, FEW - 1)]

    def rival() -> np.ndarray:
        solve = partial(scipy.linalg.eigh, centered, driver="evx")
        return np.concatenate([solve(subset_by_index=end)[0] for end in ends])

    found = ours()
    exact = rival()
    exact = exact[np.argsort(-np.abs(exact))][:COMPONENTS]
    timers = {"ours": stopwatch(ours), "ends": stopwatch(rival)}
    times = interleave(timers, once=["ends"])
    top = abs(exact[0])
    return Row(
        f"inPCA of {FEW} models, {name}, {COMPONENTS} of both signs",
        times["ours"],
        "two eigh(driver='evx') for both ends",
        times["ends"],
        goal=GOAL,
        error=float(found.residuals.max() / top),
        error_limit=RESIDUAL,
        memory=(memory := peak_growth(ours)),
        details={
            "error": "the largest residual",
            "memory over one N x N array": memory / distances.nbytes,
            "error of eigenvalues": float(
                np.abs(found.eigenvalues - exact).max() / top
            ),
            "products": found.reads,
            "last eigenvalue over first": float(abs(exact[-1]) / top),
        },
    )


def _out_of_core(tiles: "_Folder") -> Row:
    exact = _embedded(tiles, LEADING, tolerance=1e-7, most_reads=20).eigenvalues
    found, more = _embedded(tiles, LEADING), _embedded(tiles, COMPONENTS)
    warm = partial(_embedded, tiles)

    def cold(components: int) -> None:
        def between(done: int, total: int) -> None:
            if done == total:
                tiles.forget()

        _embedded(tiles, components, progress=between)

    timers = {
        "ours": stopwatch(lambda: cold(LEADING)),
        "reading": stopwatch(lambda: tiles.read_all(found.reads, forget=True)),
        "more": stopwatch(lambda: cold(COMPONENTS)),
        "ours, warm": stopwatch(lambda: warm(LEADING)),
        "reading, warm": stopwatch(lambda: tiles.read_all(found.reads)),
    }
    tiles.forget()
    times = interleave(timers)
    top, middle = abs(exact[0]), {name: time.median for name, time in times.items()}
    return Row(
        f"inPCA of {MODELS} models in tiles, {LEADING} components",
        times["ours"],
        f"reading {found.reads} times",
        times["reading"],
        "fraction",
        OVER_READING,
        error=float(np.abs(found.eigenvalues - exact).max() / top),
        error_limit=ERROR,
        memory=peak_growth(lambda: warm(LEADING)),
        details={
            "reads": found.reads,
            "largest residual": float(found.residuals.max() / top),
            "GB/s": found.reads * MODELS**2 * 2e-9 / middle["reading"],
            "ratio from memory": middle["ours, warm"] / middle["reading, warm"],
            f"ratio with {COMPONENTS}": middle["more"] / middle["reading"],
            f"largest residual with {COMPONENTS}": float(more.residuals.max() / top),
        },
    )


def _embedded(tiles: "_Folder", components: int, **how: Any) -> Embedding:
    search = Search(**({"most_reads": READS} | how))
    return embed_distances(tiles, components, search=search)


def _predictions() -> np.ndarray:
    """Softmax regressions of many rates and starts at log-spaced steps of SGD.

    Probabilities `(samples, models, classes)`, all steps of one run in a row.
    """
    rng = np.random.default_rng(0)
    inputs, labels = load_digits(return_X_y=True)
    inputs, labels = (
        inputs.astype(np.float32) / 16,
        np.eye(10, dtype=np.float32)[labels],
    )
    shown = inputs[:SAMPLES]
    rates = np.geomspace(0.02, 1, RUNS).astype(np.float32)[:, None, None]
    widths = rng.permutation(np.geomspace(1e-3, 0.1, RUNS))[:, None, None]
    weights = (widths * rng.standard_normal((RUNS, 64, 10))).astype(np.float32)
    steps = np.unique(np.geomspace(1, LAST, 4 * MODELS // RUNS).round().astype(int))
    saved = steps[np.linspace(0, len(steps) - 1, MODELS // RUNS).round().astype(int)]
    out = np.empty((RUNS, len(saved), SAMPLES, 10), np.float32)
    for step in range(1, LAST + 1):
        for at in np.flatnonzero(saved == step):
            out[:, at] = _softmax(shown @ weights)
        drawn = rng.integers(0, len(inputs), (RUNS, BATCH))
        gap = _softmax(inputs[drawn] @ weights) - labels[drawn]
        weights -= rates / BATCH * inputs[drawn].transpose(0, 2, 1) @ gap
    return np.ascontiguousarray(out.reshape(MODELS, SAMPLES, 10).transpose(1, 0, 2))


def _softmax(logits: np.ndarray) -> np.ndarray:
    weights = np.exp(logits - logits.max(-1, keepdims=True))
    return weights / weights.sum(-1, keepdims=True)


def _distances(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Bhattacharyya distances from roots of probabilities, one logarithm for four."""
    total = np.zeros((left.shape[1], right.shape[1]), np.float32)
    for at in range(0, SAMPLES, 4):
        product = left[at] @ right[at].T
        for more in range(at + 1, at + 4):
            product *= left[more] @ right[more].T
        total -= np.log(product)
    total /= SAMPLES
    return (total + total.T) / 2 if left is right else total


def _slow_distances() -> np.ndarray:
    """Of points whose squared spreads fall like i^-0.7, every second one timelike."""
    rng = np.random.default_rng(1)
    spread = (np.arange(400) + 1) ** -0.35
    points = (rng.standard_normal((FEW, 400)) * spread).astype(np.float32)
    signed = points * np.where(np.arange(400) % 2, -0.5, 1.0).astype(np.float32)
    own = (points * signed).sum(1)
    distances = own[:, None] + own - 2 * points @ signed.T
    return (distances + distances.T) / 2


class _Folder:
    """Tiles as files, mapped into memory when they are read."""

    size, side, dtype = MODELS, SIDE, np.dtype(np.float32)

    def __init__(self, folder: Path) -> None:
        self.path: Callable[[int, int], Path] = lambda i, j: folder / f"{i}-{j}.npy"

    def has(self, i: int, j: int) -> bool:
        return self.path(i, j).exists()

    def read(self, i: int, j: int) -> np.ndarray:
        return np.load(self.path(i, j), mmap_mode="r")

    def write(self, i: int, j: int, block: np.ndarray) -> None:
        np.save(self.path(i, j), (block + block.T) / 2 if i == j else block)

    def read_all(self, times: int, forget: bool = False) -> None:
        """Every tile of the triangle, mapped and copied."""
        room = np.empty((SIDE, SIDE), np.float32)
        for _ in range(times):
            for i, j in tile_pairs(self):
                np.copyto(room, self.read(i, j))
            if forget:
                self.forget()

    def forget(self) -> None:
        """The system keeps none of the files in memory, where it can be told so."""
        os.sync()
        for i, j in tile_pairs(self):
            file = os.open(self.path(i, j), os.O_RDONLY)
            if hasattr(os, "posix_fadvise"):
                os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(file)

"""A million points of a phase diagram: how many dimensions a cloud of training has.

1000 slopes by 1000 durations, for gradient flow and for descent of a finite step, with
an infinite spectrum: shares, participation ratios and the boundary. Checked against
spectra that are written out mode by mode.
"""

from functools import partial

import numpy as np

from benchmarks.harness import Row, interleave, stopwatch
from benchmarks.machine import peak_growth
from linnet.phenomena.sloppiness.theory import DimensionMap, slope_map
from linnet.phenomena.sloppiness.theory.averages import (
    descent_averages,
    flow_averages,
)

GRID, RATIO, DIMENSIONS, STEP = 1000, 1.0, 3, 0.1
SLOPES, FOLDS = (0.1, 3.0), (0.1, 1e4)
SECONDS, ERROR = 1.0, 1e-12
CHECKED, SMALLEST = 5, 1e-18  # points along each axis, and the last mode over the first


def run(full: bool) -> list[Row]:
    """Flow and descent."""
    del full
    return rows(GRID)


def rows(grid: int) -> list[Row]:
    """Maps of so many points along each axis."""
    kinds = {"gradient flow": None, f"descent of step {STEP:g}": STEP}
    calls = {name: partial(_map, grid, step) for name, step in kinds.items()}
    found = interleave({name: stopwatch(call) for name, call in calls.items()})
    return [
        Row(
            f"dimensions over slope and folds, {grid} x {grid}, {name}",
            found[name],
            sense="seconds",
            goal=SECONDS,
            error=_error(call(), kinds[name]),
            error_limit=ERROR,
            memory=peak_growth(call),
        )
        for name, call in calls.items()
    ]


def _map(grid: int, step: float | None) -> DimensionMap:
    slopes, folds = np.linspace(*SLOPES, grid), np.geomspace(*FOLDS, grid)
    return slope_map(slopes, folds, RATIO, dimensions=DIMENSIONS, step=step)


def _error(found: DimensionMap, step: float | None) -> float:
    """The largest relative one of shares and participation ratios on a few points."""
    some = np.linspace(0, len(found.rows) - 1, CHECKED).astype(int)
    gaps = []
    for row in some:
        modes = int(-np.log(SMALLEST) / found.rows[row])
        sizes = np.exp(-found.rows[row] * np.arange(modes))[:, None]
        folds = found.folds[some]
        if step is None:
            parts = flow_averages(folds * sizes)
        else:
            parts = descent_averages(step * sizes, np.round(folds / step))
        spectrum = sizes * (parts.start + RATIO**2 * parts.target)
        total = spectrum.sum(0)
        share = spectrum[:DIMENSIONS].sum(0) / total
        ratio = total**2 / (spectrum**2).sum(0)
        gaps.append(found.explained[row, some] / share - 1)
        gaps.append(found.participation[row, some] / ratio - 1)
    return float(np.abs(gaps).max())

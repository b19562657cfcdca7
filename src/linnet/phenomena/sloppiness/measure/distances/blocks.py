"""One tile of distances, from the panels of its rows and its columns."""

from collections.abc import Iterator

import numpy as np

from linnet.phenomena.sloppiness.measure.distances.panels import (
    Reader,
    panel_width,
    parts,
)
from linnet.phenomena.sloppiness.measure.distances.passes import (
    AbstractPass,
    Again,
)

WINDOW = 64  # models of either side whose pairs are done again together


def block_of_distances(
    left: Reader, rows: slice, right: Reader, columns: slice, is_diagonal: bool = False
) -> np.ndarray:
    """Distances of models `rows` of `left` from models `columns` of `right`.

    Args:
        left: Where panels of the rows come from.
        rows: Models.
        right: Where panels of the columns come from.
        columns: Models.
        is_diagonal: Whether both sides are the same models: then half of it is done.

    Returns:
        `(rows, columns)`, double precision.
    """
    sides = parts(rows, left.width), parts(columns, right.width)
    pairs = [
        (a, b)
        for a in range(len(sides[0]))
        for b in range(len(sides[1]))
        if not is_diagonal or a <= b
    ]
    states = {pair: left.first.start(left.width) for pair in pairs}
    for samples in left.pieces():
        for a, b in pairs:
            panels = (
                left.panel(sides[0][a], samples),
                right.panel(sides[1][b], samples),
            )
            states[a, b] = left.first.add(states[a, b], *panels)
    block = np.empty((rows.stop - rows.start, columns.stop - columns.start))
    for a, b in pairs:
        at = sides[0][a], sides[1][b]
        part = _finished(left, at[0], right, at[1], states.pop((a, b)), is_diagonal)
        block[_within(at[0], rows), _within(at[1], columns)] = part
    return _mirrored(block) if is_diagonal else block


def _within(models: slice, whole: slice) -> slice:
    return slice(models.start - whole.start, models.stop - whole.start)


def _finished(
    left: Reader,
    rows: slice,
    right: Reader,
    columns: slice,
    state: object,
    is_diagonal: bool,
) -> np.ndarray:
    shape = rows.stop - rows.start, columns.stop - columns.start
    samples = left.predictions.samples
    counted = np.ones(shape, bool)
    if is_diagonal and rows == columns:
        counted = np.triu(counted, 1)
    outcome = left.first.finish(state, samples, shape)
    block, waiting = outcome.block, list(outcome.again)
    while waiting:
        again = waiting.pop(0)
        for window in _windows(again.where & counted):
            some = Again(again.better, window)
            waiting += _improve(block, some, left, rows, right, columns)
    _refuse_infinite(block, counted, rows, columns, samples)
    return block


def _windows(where: np.ndarray) -> Iterator[np.ndarray]:
    """Parts of a mask in few rows and columns, which are what is computed."""
    rows, columns = np.flatnonzero(where.any(1)), np.flatnonzero(where.any(0))
    for first in range(0, len(rows), WINDOW):
        for second in range(0, len(columns), WINDOW):
            here = np.ix_(
                rows[first : first + WINDOW], columns[second : second + WINDOW]
            )
            if where[here].any():
                window = np.zeros_like(where)
                window[here] = where[here]
                yield window


def _improve(
    block: np.ndarray,
    again: Again,
    left: Reader,
    rows: slice,
    right: Reader,
    columns: slice,
) -> list[Again]:
    """Replace what another pass does better; returns what is still to be done."""
    some = np.flatnonzero(again.where.any(1)), np.flatnonzero(again.where.any(0))
    shape = len(some[0]), len(some[1])
    width = panel_width(max(shape))
    here = np.ix_(*some)
    better: AbstractPass = again.better
    with better.scope():
        state = better.start(width)
        sides = (
            left.picked(better, rows, some[0], width),
            right.picked(better, columns, some[1], width),
        )
        for panels in zip(*sides, strict=True):
            state = better.add(state, *panels)
        outcome = better.finish(state, left.predictions.samples, shape)
    where = again.where[here]
    block[here] = np.where(where, outcome.block, block[here])
    follow = []
    for further in outcome.again:
        wider = np.zeros_like(again.where)
        wider[here] = further.where & where
        follow.append(Again(further.better, wider))
    return follow


def _mirrored(block: np.ndarray) -> np.ndarray:
    upper = np.triu(block, 1)
    return upper + upper.T


def _refuse_infinite(
    block: np.ndarray, counted: np.ndarray, rows: slice, columns: slice, samples: int
) -> None:
    infinite = np.argwhere(np.isinf(block) & counted)
    if not len(infinite):
        return
    u, v = infinite[0] + (rows.start, columns.start)
    raise ValueError(
        f"Predictions of models {u} and {v} must have a class in common on each of the"
        f" {samples} samples, but have none on some, and so have {len(infinite)} pairs"
        f" of models {rows.start} to {rows.stop - 1} and {columns.start} to"
        f" {columns.stop - 1}: their distance is infinite. State what such a sample"
        " counts (`disjoint`, 100 is common), or smooth (`smoothing`, such as 1e-6)."
    )

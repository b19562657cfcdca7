"""What is known of each model beside its predictions: a table, one row per model."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from linnet.shapes import Float, Int

Labels = dict[str, "Float[np.ndarray, ' models'] | tuple[str, ...]"]

RUN_NAMES = ("run", "trajectory", "run_id")
STEP_NAMES = ("step", "checkpoint", "epoch", "iteration", "time")
_SHOWN = 20  # names in a message


def read_labels(path: Path, models: int) -> Labels:
    """Columns of a .csv or .tsv file with a header, or the arrays of an .npz file.

    Args:
        path: The file. Of an .npz file, arrays with one axis of length `models`.
        models: How many models there are.

    Returns:
        Each column as numbers where all its cells are finite numbers, else as text.

    Raises:
        ValueError: when the file is no such table, or has other than `models` rows.
    """
    kind = path.suffix.lower()
    if kind == ".npz":
        found = labels_beside(path, models)
        if not found:
            raise ValueError(
                f"Labels `{path.name}` must hold arrays of length {models}, one entry"
                " per model, but hold none: save them under their names."
            )
        return found
    if kind not in {".csv", ".tsv"}:
        raise ValueError(
            f"Labels must be a .csv, .tsv or .npz file, but are `{path.name}`."
        )
    with path.open(encoding="utf-8-sig", newline="") as lines:
        rows = [row for row in csv.reader(lines, delimiter=_delimiter(kind)) if row]
    return _columns(rows, path.name, models)


def labels_beside(path: Path, models: int) -> Labels:
    """Arrays of an .npz file that have one entry per model.

    Arrays of Python objects are left out: reading them could run code.
    """
    found: Labels = {}
    with np.load(path, allow_pickle=False) as archive:
        for name in archive.files:
            try:
                values = archive[name]
            except ValueError:
                continue
            if values.shape == (models,):
                found[name] = as_label([str(v) for v in values.tolist()])
    return found


def as_label(cells: Sequence[str]) -> "Float[np.ndarray, ' models'] | tuple[str, ...]":
    """Numbers where every cell is a finite number, else text.

    Example:
        >>> as_label(["1", "2.5"])
        array([1. , 2.5])
        >>> as_label(["1", "a"])
        ('1', 'a')
    """
    try:
        values = np.array([float(cell) for cell in cells])
    except ValueError:
        return tuple(cells)
    if not np.isfinite(values).all() or any("_" in cell for cell in cells):
        return tuple(cells)
    return values


def trajectories(
    labels: Mapping[str, "Float[np.ndarray, ' models'] | tuple[str, ...]"],
    run: str | None = None,
    step: str | None = None,
) -> tuple[Int[np.ndarray, " _"], ...]:
    """Models of each trajectory, in the order of their steps.

    Args:
        labels: Columns of the models.
        run: The column that names trajectories; None looks for `run` or `trajectory`.
        step: The column that orders them; None looks for `step`, `checkpoint`,
            `epoch`, `iteration` or `time`, and keeps the order of the rows otherwise.

    Returns:
        One array of indices per trajectory of two models or more; empty when no
        column names trajectories.

    Raises:
        ValueError: when a named column is missing, or `step` is no number.
    """
    run = _column(labels, "run", run, RUN_NAMES)
    step = _column(labels, "step", step, STEP_NAMES)
    if run is None:
        return ()
    names = [str(value) for value in labels[run]]
    order = np.arange(len(names))
    if step is not None:
        steps = labels[step]
        if isinstance(steps, tuple):
            raise ValueError(
                f"Column `{step}` must hold numbers to order checkpoints by, but holds"
                f" text such as '{steps[0][:40]}': name another one."
            )
        order = np.argsort(steps, kind="stable")
    members: dict[str, list[int]] = {name: [] for name in dict.fromkeys(names)}
    for index in order.tolist():
        members[names[index]].append(index)
    return tuple(np.array(run) for run in members.values() if len(run) > 1)


def _column(
    labels: Mapping[str, object], role: str, given: str | None, usual: tuple[str, ...]
) -> str | None:
    if given is None:
        lower = {name.lower(): name for name in labels}
        return next((lower[name] for name in usual if name in lower), None)
    if given not in labels:
        raise ValueError(
            f"Option `{role}` must name a column of the labels, but `{given}` is none"
            f" of {', '.join(f'`{name}`' for name in list(labels)[:_SHOWN]) or 'them'}."
        )
    return given


def _delimiter(kind: str) -> str:
    return "\t" if kind == ".tsv" else ","


def _columns(rows: list[list[str]], name: str, models: int) -> Labels:
    header = [cell.strip() for cell in rows[0]] if rows else []
    if len(rows) - 1 != models:
        raise ValueError(
            f"Labels `{name}` must have a header and one row for each of the {models}"
            f" models, but have {max(len(rows) - 1, 0)} rows below the header."
        )
    if not all(header) or len(set(header)) < len(header):
        raise ValueError(
            f"Labels `{name}` must name every column, each differently, but the header"
            f" is {', '.join(header)}."
        )
    for number, row in enumerate(rows[1:], 1):
        if len(row) != len(header):
            raise ValueError(
                f"Labels `{name}` must have {len(header)} cells in every row, but row"
                f" {number} has {len(row)}."
            )
    cells = zip(*rows[1:], strict=True)
    return {
        column: as_label([cell.strip() for cell in texts])
        for column, texts in zip(header, cells, strict=True)
    }

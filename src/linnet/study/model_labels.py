"""What is known of each model beside its predictions: a table, one row per model."""

import csv
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from linnet.shapes import Float, Int

Labels = dict[str, "Float[np.ndarray, ' models'] | tuple[str, ...]"]

USUAL_NAMES = {
    "run": ("run", "trajectory", "run_id"),
    "step": ("step", "checkpoint", "epoch", "iteration", "time"),
}
_SHOWN = 20  # names in a message
_SUM_TOLERANCE = 1e-9


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
    return _columns(_rows(path, "\t" if kind == ".tsv" else ","), path.name, models)


def _rows(path: Path, delimiter: str) -> list[list[str]]:
    """Rows that hold anything."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            rows = [row for row in csv.reader(lines, delimiter=delimiter) if row]
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(
            f"Labels `{path.name}` must be a table in UTF-8, but cannot be read"
            f" ({error}): save it anew as CSV in UTF-8."
        ) from error
    if any("\0" in cell for row in rows for cell in row):
        raise ValueError(
            f"Labels `{path.name}` must be text, but hold a null character: save them"
            " anew as CSV in UTF-8."
        )
    return rows


def labels_beside(path: Path, models: int) -> Labels:
    """Arrays of an .npz file that have one entry per model; no other is read."""
    names = [name for name, shape in shapes_in(path).items() if shape == (models,)]
    with np.load(path, allow_pickle=False) as archive:
        return {
            name: as_label([str(value) for value in archive[name].tolist()])
            for name in names
        }


def array_of_models(path: Path) -> str | None:
    """The array of an .npz file with the most axes, when there is one such array.

    Predictions have two axes or more; labels, which may lie beside them, have one.
    """
    axes = {name: len(shape) for name, shape in shapes_in(path).items()}
    most = [name for name, count in axes.items() if count == max(axes.values())]
    return most[0] if len(most) == 1 else None


def shapes_in(path: Path) -> dict[str, tuple[int, ...]]:
    """Shapes of the arrays of an .npz file, from their headers.

    Arrays of Python objects are left out: reading them could run code.

    Raises:
        ValueError: when it is no such file.
    """
    return {name: s for name, s in arrays_in(path).items() if s is not None}


def arrays_in(path: Path) -> dict[str, tuple[int, ...] | None]:
    """The same; None for arrays of Python objects."""
    shapes: dict[str, tuple[int, ...] | None] = {}
    try:
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                with archive.open(name) as member:
                    version = np.lib.format.read_magic(member)
                    read = np.lib.format.read_array_header_1_0
                    if version != (1, 0):
                        read = np.lib.format.read_array_header_2_0
                    shape, _, dtype = read(member)
                shapes[name.removesuffix(".npy")] = None if dtype.hasobject else shape
    except (zipfile.BadZipFile, EOFError, ValueError) as error:
        raise ValueError(
            f"File `{path.name}` must be a NumPy archive, but cannot be read ({error})."
        ) from error
    return shapes


def labels_of_names(names: Sequence[str]) -> Labels:
    """Labels that file names tell, such as `run=3,step=100`; else the names.

    Example:
        >>> labels_of_names(["run=a,step=0", "run=a,step=10"])
        {'run': ('a', 'a'), 'step': array([ 0., 10.])}
        >>> labels_of_names(["first", "second"])
        {'file': ('first', 'second')}
    """
    told = [_pairs(name) for name in names]
    keys = list(told[0]) if told else []
    if not keys or any(list(pairs) != keys for pairs in told):
        return {"file": tuple(names)}
    return {key: as_label([pairs[key] for pairs in told]) for key in keys}


def _pairs(name: str) -> dict[str, str]:
    """What `key=value,key=value` says; empty when it is not of that form."""
    parts = [part.partition("=") for part in name.split(",")]
    if not all(key.strip() and equals for key, equals, _ in parts):
        return {}
    return {key.strip(): value.strip() for key, _, value in parts}


def read_weights(path: Path, models: int) -> Float[np.ndarray, " models"]:
    """One weight per model: an .npy array, or text with one number per line.

    Raises:
        ValueError: when there are not as many as models, one is negative or not finite,
            or they do not sum to one.
    """
    try:
        if path.suffix.lower() == ".npy":
            weights = np.asarray(np.load(path, allow_pickle=False), dtype=float)
        else:
            words = path.read_text("utf-8-sig").replace(",", " ").split()
            weights = np.array([float(word) for word in words])
    except (ValueError, TypeError, EOFError) as error:
        raise ValueError(
            f"Weights `{path.name}` must be numbers, one per model: {error}."
        ) from None
    if weights.shape != (models,):
        raise ValueError(
            f"Weights `{path.name}` must be one number for each of the {models} models,"
            f" but have shape {weights.shape}."
        )
    if not (weights >= 0).all() or not np.isfinite(weights).all():
        raise ValueError(
            f"Weights `{path.name}` must be finite and not negative, but the least is"
            f" {weights.min()}."
        )
    if abs(weights.sum() - 1) > _SUM_TOLERANCE:
        raise ValueError(
            f"Weights `{path.name}` must sum to one, but sum to"
            f" {weights.sum():.12g}: divide them by their sum."
        )
    return weights


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
    run = column_of(labels, "--run", run, "run")
    step = column_of(labels, "--step", step, "step")
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


def column_of(
    labels: Mapping[str, object], option: str, given: str | None, role: str
) -> str | None:
    """The column that was named, or the one that is usually called so, or None.

    Args:
        labels: The columns.
        option: What a message calls `given`.
        given: A name that must be there; None to look for a usual one.
        role: `run` or `step`.

    Raises:
        ValueError: when `given` is no column.
    """
    if given is None:
        lower = {name.lower(): name for name in labels}
        usual = USUAL_NAMES.get(role, ())
        return next((lower[name] for name in usual if name in lower), None)
    if given not in labels:
        there = ", ".join(f"`{name}`" for name in list(labels)[:_SHOWN])
        raise ValueError(
            f"Option `{option}` must name a column of the labels, but `{given}` is"
            f" none of them: there are {there or 'none at all'}."
        )
    return given


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

"""From a name or a file to a `Dataset`; the only room of the task that opens files."""

import difflib
import os
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from linnet.task.dataset import Dataset, Scaling
from linnet.task.tables import parse_table
from linnet.task.targets import Raw, TargetKind, encoded

BUNDLED = ("digits", "breast_cancer", "wine", "diabetes", "iris")
_DELIMITERS = {".csv": ",", ".tsv": "\t"}
_PAIRS = (("inputs", "targets"), ("X", "Y"), ("X", "y"), ("x", "y"))

Source = str | Path | tuple[str | Path, str | Path]


def load(
    source: Source,
    target: str | Sequence[str] | None = None,
    *,
    target_kind: TargetKind = "auto",
    center: bool = False,
    scale: Scaling = "none",
) -> Dataset:
    """Read a data set; refuse what cannot be trusted, naming row and column.

    Args:
        source: One of

            * `digits`, `breast_cancer`, `wine`, `diabetes`, `iris`: bundled with
              scikit-learn;
            * a `.csv` or `.tsv` file with a header, in UTF-8;
            * a `.npz` file with arrays `inputs` and `targets`, or `X` and `Y` (or `y`),
              or `x` and `y`;
            * a pair of `.npy` files, as a tuple or as "inputs.npy,targets.npy".
        target: Name of the target column of a table; several as a sequence or
            separated by commas.
        target_kind: `classes` makes targets one-hot columns, `values` leaves numbers
            alone. `auto` takes text for classes, and one-dimensional integer-valued
            targets with at most 20 distinct values; what it made of a file is recorded
            in `Dataset.preprocessing`.
        center: Subtract the mean of every input and target.
        scale: `standard` divides every input by its standard deviation.

    Raises:
        ValueError: when the source is missing, unreadable, truncated or of an unknown
            kind; holds text, gaps, NaN, infinite or complex numbers or Python objects
            (pickles are never loaded); has fewer than two samples, unequal lengths, one
            class only, no input or no target; or an option is unknown.

    Example:
        >>> load("iris").target_names
        ('setosa', 'versicolor', 'virginica')
    """
    raw = _read(source, target, target_kind)
    return encoded(raw, target_kind).prepared(center=center, scale=scale)


def _read(source: Source, target: str | Sequence[str] | None, kind: TargetKind) -> Raw:
    if isinstance(source, str) and source in BUNDLED:
        _refuse_target(target, source)
        return _bundled(source)
    paths = _paths(source)
    name = ",".join(path.name for path in paths)
    for path in paths:
        _check_file(path)
    suffix = paths[0].suffix.lower()
    if len(paths) == 1 and suffix in _DELIMITERS:
        return _table(paths[0], target, kind)
    _refuse_target(target, name)
    if len(paths) == 1:
        inputs, targets = _archive(paths[0])
    else:
        inputs, targets = (_array(path) for path in paths)
    return _raw_arrays(inputs, targets, name)


def _bundled(name: str) -> Raw:
    from sklearn import datasets

    bunch = getattr(datasets, f"load_{name}")()
    regression = name == "diabetes"
    return Raw(
        bunch.data,
        bunch.target,
        name,
        tuple(str(column) for column in bunch.feature_names),
        ("disease_progression",) if regression else ("class",),
        () if regression else tuple(str(label) for label in bunch.target_names),
    )


def _paths(source: Source) -> tuple[Path, ...]:
    """One path, or the two of a pair."""
    if isinstance(source, tuple):
        pair = tuple(Path(part) for part in source)
        if len(pair) != 2 or any(path.suffix.lower() != ".npy" for path in pair):
            raise ValueError(
                "Argument `source` must be a pair of .npy files when it is a tuple, but"
                f" is ({', '.join(str(path) for path in pair)})."
            )
        return pair
    parts = str(source).split(",")
    if len(parts) == 2 and all(part.lower().endswith(".npy") for part in parts):
        return tuple(Path(part.strip()) for part in parts)
    return (Path(source),)


def _check_file(path: Path) -> None:
    if not os.path.exists(path):  # unlike Path.exists, never raises
        close = difflib.get_close_matches(str(path), BUNDLED, n=1)
        hint = f" Did you mean `{close[0]}`?" if close else ""
        raise ValueError(
            "Argument `source` must be a file or a bundled name, but there is no file"
            f" `{path}`; bundled are {', '.join(BUNDLED)}.{hint}"
        )
    if not path.is_file():
        raise ValueError(f"Argument `source` must be a file, but `{path}` is none.")
    if path.suffix.lower() not in (*_DELIMITERS, ".npz", ".npy"):
        raise ValueError(
            "Argument `source` must end in .csv, .tsv, .npz or .npy, but is"
            f" `{path.name}`: save it in one of these formats."
        )
    if path.stat().st_size == 0:
        raise ValueError(f"File `{path.name}` must hold data, but is empty.")


def _refuse_target(target: str | Sequence[str] | None, name: str) -> None:
    if target is not None:
        raise ValueError(
            f"Argument `target` must be left out for `{name}`, which knows its targets,"
            f" but is `{target}`: it chooses columns of a .csv or .tsv."
        )


def _table(path: Path, target: str | Sequence[str] | None, kind: TargetKind) -> Raw:
    delimiter = _DELIMITERS[path.suffix.lower()]
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            return parse_table(lines, path.name, delimiter, target, kind)
    except UnicodeDecodeError as error:
        raise ValueError(
            f"File `{path.name}` must be text in UTF-8, but line {_bad_line(path)}"
            f" cannot be decoded ({error.reason}): save it as UTF-8."
        ) from error
    except OSError as error:
        raise _unreadable(path, error) from error


def _bad_line(path: Path) -> int:
    """First line that is not UTF-8; the decoder only knows its place in a block."""
    content = path.read_bytes()
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        return content.count(b"\n", 0, error.start) + 1
    return 1


def _array(path: Path) -> np.ndarray:
    _check_magic(path, b"\x93NUMPY", ".npy")
    try:
        return np.load(path, allow_pickle=False)
    except Exception as error:
        raise _unreadable(path, error) from error


def _archive(path: Path) -> tuple[np.ndarray, np.ndarray]:
    _check_magic(path, b"PK", ".npz")
    try:
        # An open file, because NumPy leaves its own open when the archive is damaged.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            present = tuple(archive.files)
            pair = next((pair for pair in _PAIRS if set(pair) <= set(present)), None)
            found = None if pair is None else (archive[pair[0]], archive[pair[1]])
    except Exception as error:
        raise _unreadable(path, error) from error
    if found is None:
        pairs = "; ".join(f"`{first}` and `{second}`" for first, second in _PAIRS)
        raise ValueError(
            f"File `{path.name}` must hold arrays named {pairs}, but holds"
            f" {', '.join(f'`{key}`' for key in present) or 'none'}."
        )
    return found


def _check_magic(path: Path, magic: bytes, suffix: str) -> None:
    """Before NumPy looks: it takes every unknown file for a pickle, and says so."""
    if path.suffix.lower() != suffix:
        raise ValueError(
            "Argument `source` must be a pair of .npy files, one for inputs and one"
            f" for targets, but is `{path.name}` alone: pass 'inputs.npy,targets.npy'."
        )
    try:
        with path.open("rb") as file:
            start = file.read(len(magic))
    except OSError as error:
        raise _unreadable(path, error) from error
    if start != magic:
        raise ValueError(
            f"File `{path.name}` must be a NumPy {suffix} file, but does not begin like"
            " one: it is damaged or of another format (pickles are never loaded)."
        )


def _unreadable(path: Path, error: Exception) -> ValueError:
    """Whatever goes wrong in foreign bytes becomes a refusal that names the file."""
    if isinstance(error, ValueError) and "allow_pickle" in str(error):
        return ValueError(
            f"File `{path.name}` must hold plain numbers, but holds Python objects, and"
            " pickles are never loaded: save arrays of one numeric dtype."
        )
    damaged = isinstance(error, EOFError | zipfile.BadZipFile) or not str(error)
    reason = f"truncated or damaged ({error})" if damaged else str(error)
    return ValueError(f"File `{path.name}` must be readable, but: {reason}.")


def _raw_arrays(inputs: np.ndarray, targets: np.ndarray, name: str) -> Raw:
    for field, array in (("inputs", inputs), ("targets", targets)):
        if not isinstance(array, np.ndarray) or array.ndim == 0:
            raise ValueError(
                f"The {field} of `{name}` must be an array with samples as rows, but"
                f" are a single {type(array).__name__}."
            )
    if targets.dtype.kind != "U":
        return Raw(inputs, targets, name)
    if targets.ndim != 1:
        raise ValueError(
            f"Text targets of `{name}` must be one-dimensional, one class name for each"
            f" sample, but have shape {targets.shape}."
        )
    labels = [label.strip() for label in targets.tolist()]
    if "" in labels:
        raise ValueError(
            f"Text targets of `{name}` must not be empty, but row {labels.index('')}"
            " (counted from 0) is: fill it, or drop the row."
        )
    return Raw(inputs, labels, name)

"""Tables as text: a header, then one sample a line. Lines in, numbers out.

Cells are converted a block of rows at a time, so that the text of a large table is
never held as a whole. Rows are counted from 1 below the header, lines as an editor
counts them. Blank lines are skipped.
"""

import csv
import difflib
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from linnet.shapes import Float
from linnet.task.targets import Raw, TargetKind

_BLOCK_CELLS = 200_000
_SHOWN_COLUMNS = 20


class Row(NamedTuple):
    """One row of a table, and where it stands."""

    number: int
    line: int
    cells: list[str]


def parse_table(
    lines: Iterable[str],
    name: str,
    delimiter: str,
    target: str | Sequence[str] | None,
    kind: TargetKind,
) -> Raw:
    """Split a table into inputs and target column(s).

    A single target column may hold text, unless `kind` is `values`; every other cell
    must be a finite number.

    Args:
        lines: The text, header first.
        name: What messages call the table.
        delimiter: Between cells.
        target: Name of the target column; several as a sequence or separated by commas.
        kind: As in `load`.

    Raises:
        ValueError: naming row and column, when the table is not of this form.
    """
    reader = csv.reader(lines, delimiter=delimiter, strict=True, skipinitialspace=True)
    try:
        return _parsed(reader, name, target, kind)
    except csv.Error as error:
        raise ValueError(
            f"Table `{name}` must be well-formed, but near line {reader.line_num}:"
            f" {error}."
        ) from error


def _parsed(
    reader: Iterator[list[str]],
    name: str,
    target: str | Sequence[str] | None,
    kind: TargetKind,
) -> Raw:
    header = _header(reader, name)
    wanted = _target_columns(header, target, name)
    inputs = [j for j in range(len(header)) if j not in wanted]
    if not inputs:
        raise ValueError(
            f"Table `{name}` must keep an input column, but every column is a target:"
            " name fewer in `target`."
        )
    label = wanted[0] if len(wanted) == 1 and kind != "values" else None
    numeric = inputs if label is not None else inputs + wanted
    numbers: list[Float[np.ndarray, "rows columns"]] = []
    labels: list[str] = []
    for rows in _blocks(_rows(reader, len(header), name), len(header)):
        numbers.append(_numbers(rows, numeric, header, name))
        if label is not None:
            labels += _label_cells(rows, label, header, name)
    values = np.concatenate(numbers or [np.empty((0, len(numeric)))])
    targets: np.ndarray | list[str] = values[:, len(inputs) :]
    if label is not None:
        targets = _as_targets(labels, kind, header[label], name)
    names = [tuple(header[j] for j in columns) for columns in (inputs, wanted)]
    return Raw(values[:, : len(inputs)], targets, name, *names)


def _header(reader: Iterator[list[str]], name: str) -> list[str]:
    header = next((cells for cells in reader if cells), None)
    if header is None:
        raise ValueError(f"Table `{name}` must begin with a header, but is empty.")
    names = [cell.strip() for cell in header]
    for j, column in enumerate(names):
        if not column:
            raise ValueError(
                f"Table `{name}` must name every column, but column {j + 1} of its"
                " header is empty: name it, or save without the index."
            )
        if column in names[:j]:
            raise ValueError(
                f"Table `{name}` must name every column differently, but columns"
                f" {names.index(column) + 1} and {j + 1} are both `{column}`."
            )
    return names


def _target_columns(
    header: list[str], target: str | Sequence[str] | None, name: str
) -> list[int]:
    if target is None or not target:
        raise ValueError(
            f"Argument `target` must name the target column(s) of `{name}`, but none is"
            f" given: choose from {_listed(header)}."
        )
    if isinstance(target, str):  # a name may itself contain a comma
        whole = target.strip() in header
        target = [target] if whole else target.split(",")
    wanted: list[int] = []
    for column in (given.strip() for given in target):
        if column not in header:
            close = difflib.get_close_matches(column, header, n=1, cutoff=0.5)
            hint = f" Did you mean `{close[0]}`?" if close else ""
            raise ValueError(
                f"Argument `target` must name columns of `{name}`, but `{column}` is"
                f" none of {_listed(header)}.{hint}"
            )
        if header.index(column) in wanted:
            raise ValueError(
                "Argument `target` must name every column once, but names"
                f" `{column}` twice."
            )
        wanted.append(header.index(column))
    return wanted


def _listed(header: list[str]) -> str:
    shown = ", ".join(f"`{column}`" for column in header[:_SHOWN_COLUMNS])
    hidden = len(header) - _SHOWN_COLUMNS
    return f"{shown} and {hidden} more" if hidden > 0 else shown


def _rows(reader: Iterator[list[str]], columns: int, name: str) -> Iterator[Row]:
    number = 0
    for cells in reader:
        if not cells:
            continue
        number += 1
        row = Row(number, reader.line_num, cells)  # type: ignore[attr-defined]
        if len(cells) != columns:
            raise ValueError(
                f"Table `{name}` must have {columns} cells in every row, as in its"
                f" header, but {_place(row)} has {len(cells)}."
            )
        yield row


def _blocks(rows: Iterator[Row], columns: int) -> Iterator[list[Row]]:
    size = max(1, _BLOCK_CELLS // columns)
    block: list[Row] = []
    for row in rows:
        block.append(row)
        if len(block) == size:
            yield block
            block = []
    if block:
        yield block


def _numbers(
    rows: list[Row], columns: list[int], header: list[str], name: str
) -> Float[np.ndarray, "rows columns"]:
    """One conversion per column; a cell to blame is looked for only after a failure."""
    cells = list(zip(*(row.cells for row in rows), strict=True))
    n = len(rows)
    values = np.empty((n, len(columns)))
    try:
        for position, column in enumerate(columns):
            # Python reads 1_000 as a number, a table means a name.
            if "_" in "".join(cells[column]):
                raise ValueError
            values[:, position] = np.fromiter(map(float, cells[column]), float, n)
        if np.isfinite(values).all():
            return values
    except ValueError:
        pass
    for row in rows:
        for column in columns:
            _check_cell(row, column, header, name)
    raise AssertionError("a block that failed to convert holds a cell to blame")


def _check_cell(row: Row, column: int, header: list[str], name: str) -> None:
    cell = row.cells[column].strip()
    number = _number(cell)
    if number is not None and math.isfinite(number):
        return
    place = f"{_place(row)}, column `{header[column]}`"
    if not cell:
        raise ValueError(
            f"Table `{name}` must have no empty cells, but {place} is empty: fill it,"
            " or drop the row or the column."
        )
    if number is not None:
        raise ValueError(
            f"Table `{name}` must hold finite numbers, but {place} is {cell}: fill it,"
            " or drop the row or the column."
        )
    raise ValueError(
        f"Table `{name}` must hold numbers, but {place} is the text '{cell[:40]}': drop"
        " the column, encode it as numbers, or make it the target."
    )


def _label_cells(
    rows: list[Row], column: int, header: list[str], name: str
) -> list[str]:
    labels = [row.cells[column].strip() for row in rows]
    for row, label in zip(rows, labels, strict=True):
        number = _number(label)
        if not label or (number is not None and not math.isfinite(number)):
            _check_cell(row, column, header, name)
    return labels


def _as_targets(
    labels: list[str], kind: TargetKind, column: str, name: str
) -> Float[np.ndarray, " n"] | list[str]:
    """Numbers when every label is one, text when none is; a mixture must be meant."""
    numbers = [_number(label) for label in labels]
    values = [number for number in numbers if number is not None]
    if len(values) == len(labels):
        return np.array(values, dtype=float)
    if kind == "classes" or not values:
        return labels
    row = numbers.index(None)
    raise ValueError(
        f"Target column `{column}` of `{name}` must hold numbers or text, but mixes"
        f" them: row {row + 1} is '{labels[row][:40]}'. Correct it, or ask for"
        " target_kind `classes`."
    )


def _number(cell: str) -> float | None:
    if "_" in cell:
        return None
    try:
        return float(cell)
    except ValueError:
        return None


def _place(row: Row) -> str:
    return f"row {row.number} (line {row.line})"

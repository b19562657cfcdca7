"""From rows to the table on the terminal and the JSON document beside it."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.harness import Row, Spread

SCHEMA = 1
HEAD = (
    "workload",
    "baseline",
    "ours",
    "ratio",
    "goal",
    "met?",
    "memory",
    "compile s",
    "error",
)

LEGEND = (
    "ratio: median [quartiles]; with x, baseline / ours; without, ours / baseline."
    " memory: growth of the peak in one steady call."
)


def render(rows: Sequence[Row]) -> str:
    """The table, aligned, with numbered details below it."""
    lines = [HEAD, *(_cells(row) for row in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(HEAD))]
    text = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        for line in lines
    ]
    text.insert(1, "  ".join("-" * width for width in widths))
    text.append(LEGEND)
    text += [_details(row) for row in rows if row.details]
    return "\n".join(line.rstrip() for line in text)


def document(
    rows: Sequence[Row], environment: Mapping[str, Any], runs: Mapping[str, Any]
) -> dict[str, Any]:
    """Plain values for JSON: schema, environment, one entry per run, one per row.

    Numbers that are not finite become null: JSON has none.
    """
    plain = {
        "schema": SCHEMA,
        "environment": environment,
        "runs": runs,
        "rows": [_plain_row(row) for row in rows],
    }
    return _finite(plain)


def rows_of(entries: Sequence[Mapping[str, Any]]) -> list[Row]:
    """Rows read back from a document."""
    return [_row(entry) for entry in entries]


def duration(seconds: float) -> str:
    """Three digits and the unit that fits."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if abs(seconds) >= 0.9995 * size:
            return f"{_three(seconds / size)} {unit}"
    return f"{_three(seconds / 1e-9)} ns"


def _cells(row: Row) -> tuple[str, ...]:
    baseline = "-"
    if row.theirs is not None:
        single = " (once)" if len(row.theirs.values) == 1 else ""
        baseline = f"{row.baseline}: {duration(row.theirs.median)}{single}"
    return (
        row.workload,
        baseline,
        duration(row.ours.median),
        _ratio(row),
        _goal(row),
        {True: "yes", False: "MISSED", None: "-"}[row.met],
        "-" if row.memory is None else f"{row.memory / 2**20:.1f} MiB",
        "-" if row.compile_seconds is None else f"{row.compile_seconds:.2f}",
        "-" if row.error is None else f"{row.error:.1e}",
    )


def _ratio(row: Row) -> str:
    ratio = row.ratio
    if ratio is None:
        return "-"
    times = "x" if row.sense == "speedup" else ""
    return f"{_three(ratio.median)}{times} [{_three(ratio.low)}, {_three(ratio.high)}]"


def _goal(row: Row) -> str:
    limit = "" if row.error_limit is None else f", error <= {row.error_limit:.0e}"
    if row.goal is None:
        return limit.removeprefix(", ") or "-"
    if row.sense == "seconds":
        return f"<= {duration(row.goal)}{limit}"
    if row.sense == "speedup":
        return f">= {row.goal:g}x{limit}"
    return f"<= {row.goal:g}{limit}"


def _details(row: Row) -> str:
    parts = [
        f"{name} {value if isinstance(value, str) else _three(value)}"
        for name, value in row.details.items()
    ]
    return f"  {row.workload}: {'; '.join(parts)}"


def _three(value: float) -> str:
    """Three significant digits, without an exponent for the numbers of a table."""
    if value == 0 or not 1e-4 <= abs(value) < 1e7:
        return f"{value:.3g}"
    decimals = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:,.{decimals}f}"


def _plain_row(row: Row) -> dict[str, Any]:
    return {
        "workload": row.workload,
        "baseline": row.baseline,
        "ours": _plain_spread(row.ours),
        "theirs": _plain_spread(row.theirs),
        "ratio": _plain_spread(row.ratio),
        "sense": row.sense,
        "goal": row.goal,
        "met": row.met,
        "error": row.error,
        "error_limit": row.error_limit,
        "memory": row.memory,
        "compile_seconds": row.compile_seconds,
        "details": dict(row.details),
    }


def _plain_spread(spread: Spread | None) -> dict[str, Any] | None:
    if spread is None:
        return None
    return {
        "median": spread.median,
        "low": spread.low,
        "high": spread.high,
        "values": list(spread.values),
    }


def _row(entry: Mapping[str, Any]) -> Row:
    fields = {name: entry[name] for name in entry if name not in ("ratio", "met")}
    for name in ("ours", "theirs"):
        if fields[name] is not None:
            fields[name] = Spread.of(fields[name]["values"])
    return Row(**fields)


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _finite(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value

"""`python -m benchmarks [--full] [--json FILE] [--only NAME...]`.

A goal that is missed is shown as missed; the exit status stays 0 unless `--strict` is
given. A benchmark that breaks is told, and the status is 1 in any case.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import NAMES, machine
from benchmarks.harness import Row
from benchmarks.table import document, render, rows_of

ROOT = Path(__file__).parents[1]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what was asked for, print the table, return the exit status."""
    asked = _parser().parse_args(arguments)
    core = machine.cores()[-1] if asked.core is None else asked.core
    rows: list[Row] = []
    runs: dict[str, Any] = {}
    broken = []
    about = machine.environment()
    for name in asked.only or NAMES:
        print(f"{name} ...", flush=True)
        found = run_apart(name, core, asked.full)
        if found is None:
            broken.append(name)
            continue
        about = found["environment"]  # as the pinned process saw it
        rows += rows_of(found["rows"])
        runs |= found["runs"]
        print(f"  {_summary(found['runs'][name])}", flush=True)
    if asked.json is not None:
        text = json.dumps(document(rows, about, runs), indent=2, allow_nan=False)
        asked.json.write_text(text + "\n")
    print(f"\n{about['cpu']}, one core of {about['core_count']}, {about['date']}\n")
    print(render(rows))
    for name in broken:
        print(f"FAILED: {name} (its message is above)")
    missed = [row.workload for row in rows if row.met is False]
    if missed:
        print(f"MISSED: {', '.join(missed)}")
    return int(bool(broken) or (asked.strict and bool(missed)))


def run_apart(name: str, core: int, full: bool) -> dict[str, Any] | None:
    """The document of one benchmark from a fresh process, or None when it broke."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "rows.json"
        command = [sys.executable, "-m", "benchmarks.worker", name]
        command += ["--core", str(core), "--out", str(out)]
        command += ["--full"] if full else []
        ended = subprocess.run(command, cwd=ROOT, check=False)
        if ended.returncode != 0:
            return None
        return json.loads(out.read_text())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--full", action="store_true", help="the slow ones too")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all numbers")
    parser.add_argument("--only", nargs="+", choices=NAMES, metavar="NAME")
    parser.add_argument("--core", type=int, choices=machine.cores())
    parser.add_argument("--strict", action="store_true", help="status 1 on a miss")
    return parser


def _summary(run: dict[str, Any]) -> str:
    pairs = [
        f"{name.split('_')[0]} {before:.0f} -> {run['peaks_after'][name]:.0f}"
        for name, before in run["peaks_before"].items()
    ]
    pairs += [f"load {run['load_before']} -> {run['load_after']}"]
    return f"{run['seconds']:.0f} s; before -> after: {', '.join(pairs)}"


if __name__ == "__main__":
    raise SystemExit(main())

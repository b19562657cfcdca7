"""One benchmark in a process of its own, pinned to one core: the inner command.

`python -m benchmarks.worker NAME --core N --out FILE [--full]`; `python -m benchmarks`
starts it.
"""

import argparse
import importlib
import json
import time
from pathlib import Path

from benchmarks import NAMES, machine
from benchmarks.table import document


def main() -> None:
    """Pin, measure the machine, run, measure the machine again, write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.worker")
    parser.add_argument("name", choices=NAMES)
    parser.add_argument("--core", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--full", action="store_true")
    asked = parser.parse_args()
    machine.use_one_core(asked.core)
    begin = time.perf_counter()
    run = {"load_before": machine.load_average(), "peaks_before": machine.peaks()}
    rows = importlib.import_module(f"benchmarks.{asked.name}").run(asked.full)
    run["peaks_after"] = machine.peaks()
    run["load_after"] = machine.load_average()
    run["thread_pools"] = machine.thread_pools()
    run["seconds"] = time.perf_counter() - begin
    found = document(rows, machine.environment(), {asked.name: run})
    asked.out.write_text(json.dumps(found, allow_nan=False))


if __name__ == "__main__":
    main()

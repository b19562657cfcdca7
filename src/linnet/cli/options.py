"""Options that several commands share, and what is read off the command line."""

import shlex
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from linnet.cli import machine

Seed = Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Fixes all randomness.")]
Out = Annotated[
    Path | None, typer.Option(help="Folder of the report; default: reports/NAME.")
]
Quick = Annotated[bool, typer.Option("--quick", help="Fewer scales, same verdicts.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Cache = Annotated[str, typer.Option(help="Folder of compiled programs, or `off`.")]
Threads = Annotated[
    int | None, typer.Option(min=1, help="Processor cores to use; all by default.")
]


def one_of(option: str, given: str, *allowed: str) -> Any:
    """`given`, which must be one of those.

    Raises:
        ValueError: naming the option and what is allowed.
    """
    if given not in allowed:
        raise ValueError(
            f"Option `{option}` must be one of {', '.join(allowed)}, but is `{given}`."
        )
    return given


def report_folder(out: Path | None, name: str) -> Path:
    """Where the report goes; refused before any work is lost if it cannot go there."""
    folder = Path("reports") / name if out is None else out
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"Option `--out` must be a folder, but {folder} is a file.")
    machine.check_writable("--out", folder)
    return folder


def given_command(seed: int) -> str:
    """The command that was given, its seed spelled out even if it was the default."""
    given = sys.argv[1:]
    has_seed = any(word.split("=")[0] == "--seed" for word in given)
    seeded = given if has_seed else [*given, "--seed", str(seed)]
    return shlex.join(["linnet", *seeded])

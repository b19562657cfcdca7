"""Files that are there whole or not at all, whenever the program is killed."""

import os
from collections.abc import Callable
from pathlib import Path

PART = ".part"  # in the name of a file that is not finished


def write_whole(path: Path, write: Callable[[Path], object]) -> Path:
    """Let `write` fill a file beside `path`, then put it in its place at once.

    Two processes may write the same file: the last one stays, whole.

    Args:
        path: Where the file shall be; one that is there is replaced.
        write: Given the path to write to, in the same folder, with the same suffix.

    Returns:
        `path`.
    """
    part = path.with_name(f".{path.stem}.{os.getpid()}{PART}{path.suffix}")
    try:
        write(part)
        _flush(part)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
    return path


def write_text(path: Path, text: str) -> Path:
    """A whole text file, lines ending alike everywhere."""
    return write_bytes(path, text.encode())


def write_bytes(path: Path, content: bytes) -> Path:
    """A whole file of these bytes."""
    return write_whole(path, lambda part: part.write_bytes(content))


def is_part(path: Path) -> bool:
    """Whether a file is one that `write_whole` did not finish."""
    return path.name.startswith(".") and PART in path.suffixes


def _flush(path: Path) -> None:
    """On the disk itself, before the name is there: power may fail too."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())

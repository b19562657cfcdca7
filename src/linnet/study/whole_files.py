"""Files that are there whole or not at all, whenever the program is killed."""

import os
from collections.abc import Callable
from pathlib import Path


def write_whole(path: Path, write: Callable[[Path], object]) -> Path:
    """Let `write` fill a file beside `path`, then put it in its place at once.

    Args:
        path: Where the file shall be; one that is there is replaced.
        write: Given the path to write to, in the same folder, with the same suffix.

    Returns:
        `path`.
    """
    part = path.with_name(f".{path.stem}.part{path.suffix}")
    try:
        write(part)
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

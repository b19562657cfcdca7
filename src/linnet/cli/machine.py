"""What only a door may know: the machine's cores, memory and cache folder."""

import importlib.metadata
import os
from pathlib import Path

DEFAULT_CACHE = "auto"
GIB = 2.0**30
WORKING_SHARE = 0.5  # of the available memory, for one large piece of work
MEMORY_SHARE = 0.25  # of the available memory, for the saved observables of one run


def prepare(threads: int | None, cache: str) -> None:
    """Set cores and compilation cache before JAX is loaded.

    Environment flags do not limit XLA's threads on a CPU; the affinity mask does.

    Raises:
        ValueError: when the cache folder cannot be made.
    """
    if threads is not None and hasattr(os, "sched_setaffinity"):
        allowed = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, allowed[: max(1, min(threads, len(allowed)))])
    if cache == "off":
        return
    folder = _default_folder() if cache == DEFAULT_CACHE else Path(cache)
    check_writable("--cache", folder)
    # Read by JAX when it is first imported; small programs are worth keeping too.
    os.environ["JAX_COMPILATION_CACHE_DIR"] = str(folder)
    os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
    os.environ["JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES"] = "-1"


def check_writable(option: str, folder: Path) -> None:
    """Make the folder and put a file there, to see that it can be done.

    Raises:
        ValueError: when it cannot.
    """
    probe = folder / ".linnet-probe"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        off = ", or `off`" if option == "--cache" else ""
        raise ValueError(
            f"Option `{option}` must be a folder that can be written, but {folder} is"
            f" not ({error.strerror}): give another one{off}."
        ) from error


def memory_limit() -> float | None:
    """Bytes that the saved observables of one run may take; None if unknown."""
    try:
        page, free = os.sysconf("SC_PAGE_SIZE"), os.sysconf("SC_AVPHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None
    return MEMORY_SHARE * page * free if page > 0 and free > 0 else None


def working_memory(asked: float | None) -> float | None:
    """Bytes that one piece of work may take: GiB as asked for, or half of what is free.

    What other programs could give back (the file cache) counts as free.
    """
    if asked is not None:
        return asked * GIB
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        found = next(line for line in lines if line.startswith("MemAvailable:"))
        return WORKING_SHARE * 1024 * int(found.split()[1])
    except (OSError, StopIteration, ValueError, IndexError):
        limit = memory_limit()
        return None if limit is None else limit / MEMORY_SHARE * WORKING_SHARE


def _default_folder() -> Path:
    """A folder of the user's, one per version, so that an update starts afresh."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "linnet" / importlib.metadata.version("linnet")

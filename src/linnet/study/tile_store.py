"""Tiles of a symmetric matrix in a folder: finished ones survive an interruption.

One `.npy` file for each tile, with a checksum behind its numbers, written beside its
name and renamed; and a manifest that says what the tiles are of. A damaged file is
noticed and counts as missing.
"""

import hashlib
import io
import json
import shutil
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from linnet.study.whole_files import is_part, write_bytes, write_text

SCHEMA = 1
MANIFEST = "manifest.json"
DEFAULT_SIDE = 1024
CHECKSUM_BYTES = 4


def identity_of(facts: Mapping[str, Any]) -> str:
    """SHA-256 of everything that changes the numbers, whatever the order of keys.

    Args:
        facts: What JSON can hold: text, numbers, lists, mappings.

    Example:
        >>> identity_of({"a": 1, "b": 2}) == identity_of({"b": 2, "a": 1})
        True
    """
    text = json.dumps(facts, sort_keys=True, allow_nan=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class TileStore:
    """The upper triangle of a symmetric matrix in square tiles, on disk.

    Any Python or C program can read the files; NumPy passes over the checksum.

    Args:
        folder: Made when missing; holds nothing but the store.
        facts: Everything that changes the numbers (source, distance, versions); tiles
            that were made from other facts are refused, never mixed.
        size: Rows of the matrix.
        side: Rows of a tile.
        dtype: Of the numbers in the files.

    Raises:
        ValueError: when the folder holds tiles of something else or other files, or the
            disk has no room for the missing tiles.
    """

    folder: Path
    facts: Mapping[str, Any]
    size: int
    side: int = DEFAULT_SIDE
    dtype: np.dtype = field(default_factory=lambda: np.dtype(np.float32))
    _sound: set[tuple[int, int]] = field(default_factory=set, init=False, repr=False)

    def __post_init__(self) -> None:
        for name in ("size", "side"):
            value = getattr(self, name)
            if value < 1:
                raise ValueError(
                    f"Argument `{name}` must be at least 1, but is {value}."
                )
        path = self.folder / MANIFEST
        is_begun = path.exists() and not self._is_without_tiles()
        if is_begun:
            _check_manifest(path, self._manifest())
        else:
            _check_empty(self.folder)
        self._check_room()
        if not is_begun:
            self.folder.mkdir(parents=True, exist_ok=True)
            text = json.dumps(self._manifest(), indent=1, sort_keys=True)
            write_text(path, text)

    @property
    def identity(self) -> str:
        """Of the facts, the sizes and the layout."""
        return identity_of(self._layout())

    def has(self, i: int, j: int) -> bool:
        """Whether tile `(i, j)` is there, whole and undamaged."""
        if (i, j) not in self._sound and _is_sound(self._path(i, j), self._bytes(i, j)):
            self._sound.add((i, j))
        return (i, j) in self._sound

    def read(self, i: int, j: int) -> np.ndarray:
        """Tile `(i, j)`, `i <= j`, mapped from its file.

        Raises:
            ValueError: when it is missing or damaged.
        """
        if not self.has(i, j):
            raise ValueError(
                f"Tile ({i}, {j}) in `{self.folder}` must be whole, but is missing or"
                " damaged: run the same computation again, which makes it anew."
            )
        return np.load(self._path(i, j), mmap_mode="r")

    def write(self, i: int, j: int, block: np.ndarray) -> None:
        """Keep tile `(i, j)`, `i <= j`; what was there before is replaced at once."""
        shape = self._shape(i, j)
        if block.shape != shape:
            raise ValueError(
                f"Argument `block` of tile ({i}, {j}) must have shape {shape}, but has"
                f" shape {block.shape}."
            )
        content = _npy(np.ascontiguousarray(block, self.dtype))
        write_bytes(self._path(i, j), content + _checksum(content))
        self._sound.add((i, j))

    def _shape(self, i: int, j: int) -> tuple[int, int]:
        count = -(-self.size // self.side)
        if not 0 <= i <= j < count:
            raise ValueError(
                f"Tile (i, j) must have 0 <= i <= j < {count}, but is ({i}, {j}): tiles"
                " below the diagonal are transposes."
            )
        height, width = (min(self.side, self.size - at * self.side) for at in (i, j))
        return height, width

    def _bytes(self, i: int, j: int) -> int:
        """Length of a whole file."""
        empty = np.broadcast_to(np.zeros((), self.dtype), self._shape(i, j))
        return len(_header(empty)) + empty.size * self.dtype.itemsize + CHECKSUM_BYTES

    def _path(self, i: int, j: int) -> Path:
        self._shape(i, j)
        return self.folder / f"tile_{i:04d}_{j:04d}.npy"

    def _is_without_tiles(self) -> bool:
        """Whether what was begun here ended before the first tile: nothing is lost."""
        _manifest_in(self.folder / MANIFEST)
        return not any(self.folder.glob("tile_*.npy"))

    def _check_room(self) -> None:
        there = 0
        if self.folder.is_dir():
            there = sum(file.stat().st_size for file in self.folder.glob("tile_*.npy"))
        needed = self.size * (self.size + self.side) // 2 * self.dtype.itemsize - there
        nearest = next(p for p in (self.folder.absolute() / "_").parents if p.exists())
        free = shutil.disk_usage(nearest).free
        if needed > free:
            rows = int((2 * (free + there) / self.dtype.itemsize) ** 0.5)
            raise ValueError(
                f"Folder `{self.folder}` must have room for {needed / 2**20:.4g} MiB of"
                f" tiles, but its disk has {free / 2**20:.4g} MiB: about {rows} models"
                " would fit; name a folder on another disk."
            )

    def _layout(self) -> dict[str, Any]:
        return {
            "schema": SCHEMA,
            "size": self.size,
            "side": self.side,
            "dtype": self.dtype.name,
            "facts": dict(self.facts),
        }

    def _manifest(self) -> dict[str, Any]:
        return {"identity": self.identity, **self._layout()}


def _manifest_in(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
        return {**found, "identity": found["identity"], "facts": dict(found["facts"])}
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"File `{path}` must be the manifest of a store of tiles, but cannot be"
            " read: name another folder, or delete this one."
        ) from error


def _check_manifest(path: Path, expected: dict[str, Any]) -> None:
    found = _manifest_in(path)
    if found["identity"] == expected["identity"]:
        return
    differences = "; ".join(_differences(_told(found), _told(expected)))
    raise ValueError(
        f"Folder `{path.parent}` must hold tiles of the same computation, but theirs"
        f" was another ({differences or 'its manifest was changed'}): name another"
        " folder (`--out`), or delete this one to begin anew."
    )


def _told(manifest: dict[str, Any]) -> dict[str, Any]:
    """Facts and the options among them, side by side."""
    facts = manifest["facts"]
    options = facts.get("options")
    told = {**manifest, **facts, **(options if isinstance(options, dict) else {})}
    return {k: v for k, v in told.items() if k not in ("identity", "facts", "options")}


def _differences(was: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """In words; no one can tell two hashes apart, and a size brings others along."""
    names = {name for name in {*was, *now} if was.get(name) != now.get(name)}
    if "size" in names:
        names -= {"side", "shape"}
    words = {"content": "the file has changed"}
    return [
        words.get(
            name, f"{name} was {_value(was.get(name))}, is {_value(now.get(name))}"
        )
        for name in sorted(names)
    ]


def _value(value: Any) -> str:
    return "not set" if value is None else repr(value)


def _check_empty(folder: Path) -> None:
    if not folder.exists():
        return
    if not folder.is_dir():
        raise ValueError(f"Argument `folder` must be a folder, but `{folder}` is none.")
    ours = folder / MANIFEST
    others = [f.name for f in folder.iterdir() if f != ours and not is_part(f)]
    if others:
        raise ValueError(
            f"Folder `{folder}` must be empty or hold a store of tiles, but holds"
            f" `{others[0]}`: name another folder."
        )


def _npy(numbers: np.ndarray) -> bytes:
    return _header(numbers) + numbers.tobytes()


def _header(numbers: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    facts = np.lib.format.header_data_from_array_1_0(np.empty((0, 0), numbers.dtype))
    np.lib.format.write_array_header_1_0(buffer, {**facts, "shape": numbers.shape})
    return buffer.getvalue()


def _checksum(content: bytes) -> bytes:
    return zlib.crc32(content).to_bytes(CHECKSUM_BYTES, "little")


def _is_sound(path: Path, length: int) -> bool:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return False
    end = length - CHECKSUM_BYTES
    return len(content) == length and _checksum(content[:end]) == content[end:]

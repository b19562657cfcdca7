"""Predictions in files, opened but not read: what is asked for is read, no more."""

import hashlib
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from linnet.study.source_views import Source

BYTES_AT_ONCE = 2**25


def open_predictions(path: str | Path, member: str | None = None) -> Source:
    """Predictions in a file or folder, as something that can be sliced.

    Args:
        path: One of

            * a `.npy` file, which is mapped, not read;
            * a `.npz` file; a member that is not compressed is mapped, else read whole;
            * a zarr array or group (`pip install zarr`);
            * a folder of `.npy` files, one for each checkpoint, `(samples, classes)`
              or `(models, samples, classes)` each, in the order of the numbers in their
              names (`step2.npy` before `step10.npy`).
        member: Name of the array in a `.npz` file or zarr group; may be left out where
            there is only one.

    Returns:
        `shape`, `dtype` and slices of `(models, samples, classes)`.

    Raises:
        ValueError: when there is nothing at `path`, it is damaged or of another kind,
            holds Python objects, or its files do not fit together.
    """
    path = Path(path)
    if not path.exists():
        raise ValueError(
            f"Argument `path` must name predictions, but there is nothing at `{path}`."
        )
    suffix = path.suffix.lower()
    if member is not None and (suffix == ".npy" or _is_checkpoint_folder(path)):
        raise ValueError(
            f"Argument `member` must be left out for `{path.name}`, which holds one"
            f" array, but is `{member}`."
        )
    if path.is_dir() and _is_checkpoint_folder(path):
        return Checkpoints.of(path)
    if path.is_dir() or suffix == ".zarr":
        return _zarr(path, member)
    if suffix == ".npy":
        return _mapped(path)
    if suffix == ".npz":
        return _member(path, member)
    raise ValueError(
        f"Argument `path` must be a .npy, .npz or zarr file or a folder of .npy files,"
        f" but is `{path.name}`: save predictions with `numpy.save`."
    )


def fingerprint(opened: Source) -> str:
    """SHA-256 of the numbers, their type and shape, whatever file they are in.

    Reads everything once, models after models.
    """
    shape, dtype = tuple(opened.shape), np.dtype(opened.dtype).newbyteorder("<")
    digest = hashlib.sha256(f"{shape} {dtype.str}".encode())
    row = int(np.prod(shape[1:], dtype=np.int64)) * dtype.itemsize
    step = max(BYTES_AT_ONCE // max(row, 1), 1)
    for start in range(0, shape[0], step):
        block = np.ascontiguousarray(opened[start : start + step], dtype)
        digest.update(block.data.cast("B") if block.size else b"")
    return digest.hexdigest()


@dataclass(frozen=True)
class Checkpoints:
    """A folder of checkpoints, one after the other along the axis of models.

    Attributes:
        files: In their order.
        ends: Models up to the end of each file.
        shape: Of all together.
        dtype: Of all of them.
    """

    files: tuple[Path, ...]
    ends: tuple[int, ...]
    shape: tuple[int, ...]
    dtype: np.dtype

    @classmethod
    def of(cls, folder: Path) -> "Checkpoints":
        """The `.npy` files of `folder`, which must fit together."""
        files = tuple(sorted(folder.glob("*.npy"), key=_natural))
        first = _mapped(files[0])
        counts = []
        for file in files:
            found = _mapped(file)
            _check_alike(file, found, files[0], first)
            counts.append(len(found) if found.ndim == 3 else 1)
        ends = np.cumsum(counts)
        shape = (int(ends[-1]), *first.shape[-2:])
        return cls(files, tuple(int(end) for end in ends), shape, first.dtype)

    def __getitem__(self, key: Any) -> np.ndarray:
        models, *rest = key if isinstance(key, tuple) else (key,)
        if not isinstance(models, slice):
            raise ValueError(
                "Checkpoints must be read by slices of models, but are asked for"
                f" `{models}`."
            )
        start, stop, step = models.indices(self.shape[0])
        if step != 1:
            raise ValueError(
                f"Checkpoints must be read in steps of 1, but are asked for {step}."
            )
        pieces = [piece[(slice(None), *rest)] for piece in self._between(start, stop)]
        if not pieces:
            return np.empty((0, *self.shape[1:]), self.dtype)[(slice(None), *rest)]
        return np.concatenate(pieces) if len(pieces) > 1 else pieces[0]

    def _between(self, start: int, stop: int) -> list[np.ndarray]:
        found = []
        for file, end, begin in zip(
            self.files, self.ends, (0, *self.ends[:-1]), strict=True
        ):
            if begin < stop and start < end:
                mapped = _mapped(file)
                whole = mapped if mapped.ndim == 3 else mapped[None]
                found.append(whole[max(start - begin, 0) : stop - begin])
        return found


def _natural(path: Path) -> list[tuple[int, int, str]]:
    """Numbers in a name count as numbers."""
    parts = re.split(r"(\d+)", path.name)
    return [(1, int(part), "") if part.isdigit() else (0, 0, part) for part in parts]


def _is_checkpoint_folder(path: Path) -> bool:
    return path.is_dir() and any(path.glob("*.npy"))


def _check_alike(
    file: Path, found: np.ndarray, first_file: Path, first: np.ndarray
) -> None:
    if found.ndim not in (2, 3):
        raise ValueError(
            f"File `{file.name}` must hold (samples, classes) or (models, samples,"
            f" classes), but has shape {found.shape}."
        )
    for what, one, other in (
        ("samples and classes", found.shape[-2:], first.shape[-2:]),
        ("type", found.dtype, first.dtype),
    ):
        if one != other:
            raise ValueError(
                f"File `{file.name}` must have the same {what} as `{first_file.name}`,"
                f" {other}, but has {one}: keep other arrays in another folder."
            )


def _mapped(path: Path) -> np.ndarray:
    _check_magic(path)
    try:
        return np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise ValueError(
            f"File `{path.name}` must be a NumPy array of plain numbers, but cannot be"
            f" read ({error}): it is truncated, damaged or of another format (pickles"
            " are never loaded)."
        ) from error


def _check_magic(path: Path) -> None:
    """What begins in another way is no array, whatever its name says."""
    with path.open("rb") as file:
        begin = file.read(len(np.lib.format.MAGIC_PREFIX))
    if begin and begin != np.lib.format.MAGIC_PREFIX:
        raise ValueError(
            f"File `{path.name}` must be a NumPy array, but is no .npy file, whatever"
            " its name: write it with `numpy.save`; tables of numbers are read with"
            " `numpy.loadtxt`."
        )


def _member(path: Path, member: str | None) -> np.ndarray:
    try:
        with zipfile.ZipFile(path) as archive:
            listed = archive.infolist()
        infos = {info.filename.removesuffix(".npy"): info for info in listed}
        name = _chosen(path, member, list(infos))
        if infos[name].compress_type == zipfile.ZIP_STORED:
            return _mapped_member(path, infos[name])
        with np.load(path, allow_pickle=False) as arrays:
            return arrays[name]
    except (zipfile.BadZipFile, OSError, EOFError) as error:
        raise ValueError(
            f"File `{path.name}` must be a NumPy archive, but cannot be read ({error}):"
            " it is truncated, damaged or of another format."
        ) from error


def _chosen(path: Path, member: str | None, names: list[str]) -> str:
    """The member that is meant, if only one can be."""
    listed = ", ".join(f"`{name}`" for name in names) or "none"
    if member is None:
        if len(names) != 1:
            raise ValueError(
                f"Argument `member` must name an array of `{path.name}`, which holds"
                f" {listed}."
            )
        return names[0]
    if member not in names:
        raise ValueError(
            f"Argument `member` must be an array of `{path.name}`, but is `{member}`;"
            f" it holds {listed}."
        )
    return member


def _mapped_member(path: Path, info: zipfile.ZipInfo) -> np.ndarray:
    """An array inside an archive that is not compressed, mapped where it lies."""
    with path.open("rb") as file:
        file.seek(info.header_offset + 26)
        name_length, extra_length = np.frombuffer(file.read(4), "<u2")
        file.seek(info.header_offset + 30 + int(name_length) + int(extra_length))
        version = np.lib.format.read_magic(file)
        read = (
            np.lib.format.read_array_header_1_0
            if version == (1, 0)
            else np.lib.format.read_array_header_2_0
        )
        shape, is_fortran, dtype = read(file)
        if dtype.hasobject:
            raise ValueError(
                f"File `{path.name}` must hold plain numbers, but `{info.filename}`"
                " holds Python objects, and pickles are never loaded."
            )
        order: Literal["F", "C"] = "F" if is_fortran else "C"
        return np.memmap(path, dtype, "r", file.tell(), shape, order)


def _zarr(path: Path, member: str | None) -> Source:
    try:
        import zarr
    except ImportError as error:
        raise ValueError(
            f"Argument `path` must be a .npy or .npz file or a folder of .npy files"
            f" unless zarr is installed, but is `{path.name}`: pip install zarr."
        ) from error
    try:
        found: Any = zarr.open(path, mode="r")
    except Exception as error:
        raise ValueError(
            f"Argument `path` must be a zarr array or group or a folder of .npy files,"
            f" but `{path.name}` is none: {error}."
        ) from error
    if hasattr(found, "shape"):
        if member is not None:
            raise ValueError(
                f"Argument `member` must be left out for `{path.name}`, which holds one"
                f" array, but is `{member}`."
            )
        return found
    return found[_chosen(path, member, sorted(name for name, _ in found.arrays()))]

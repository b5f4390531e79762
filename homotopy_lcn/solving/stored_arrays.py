"""Arrays in files: the user's cache of start systems, and the start systems that are shipped.

The cache folder is ``$HOMOTOPY_LCN_CACHE`` if set, else the platform's usual one. A file there is believed only if it
is an ordinary file, its arrays are plain numbers that fill the file as its headers say, and its checksum is that of its
arrays. Nothing in such a file makes the program wait, run anything, or take more memory than the file is long.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import os
import warnings
import zipfile
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from ..files import read_regular, remove_leftovers, replace_file

__all__ = ["cache_folder", "damaged_files", "keep", "packed_arrays", "read_arrays", "remove", "write_arrays"]


FORMAT = "homotopy-lcn/start-system"
VERSION = 1
#: Files larger than this are not read: the checkpoint of 20 million points of 25 coordinates over either data.
LARGEST_ARCHIVE = 2**34
#: Arrays of an archive that may be compressed are not unpacked if they are larger than this.
LARGEST_UNPACKED = 2**30
#: Kinds of NumPy types that are numbers.
NUMBERS = "biufc"


def cache_folder() -> Path:
    """Where computed start systems are kept.

    A leading ``~`` of ``$HOMOTOPY_LCN_CACHE`` is the home folder, ``~name`` that of a user. If there is none, the usual
    folder of the platform is taken, with a warning.
    """
    folder = os.environ.get("HOMOTOPY_LCN_CACHE")
    if folder:
        try:
            return Path(folder).expanduser()
        except RuntimeError:
            _warn_of_home(folder)
    from platformdirs import user_cache_path

    return Path(user_cache_path("homotopy-lcn")) / "start-systems"


def damaged_files() -> list[Path]:
    """Files of the cache that are damaged or of another version; what they held is computed again when needed."""
    return [path for path in sorted(cache_folder().glob("*.npz")) if read_arrays(path) is None]


def write_arrays(path: Path, arrays: dict[str, NDArray[np.generic]], **description: object) -> None:
    """Write arrays with a description and a checksum to a file, whole or not at all.

    Uncompressed: compression saves 6 % of random points and takes twenty times as long.
    """
    header = {"format": FORMAT, "version": VERSION, "checksum": _checksum(arrays), **description}

    def write(stream: BinaryIO) -> None:
        np.savez(stream, header=np.array(json.dumps(header)), **arrays)  # type: ignore[arg-type]

    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, write)


def read_arrays(path: Path, **description: object) -> dict[str, NDArray[np.generic]] | None:
    """Read what `write_arrays` wrote; None if the file is absent, damaged, or has another description."""
    try:
        content = read_regular(path, LARGEST_ARCHIVE)
        arrays = _unpacked(content, most=len(content))
        header = json.loads(str(arrays.pop("header")))
        wanted = {"format": FORMAT, "version": VERSION, "checksum": _checksum(arrays), **description}
        if any(header.get(key) != value for key, value in wanted.items()):
            return None
    except Exception:  # the parsers of damaged archives and headers raise almost anything
        return None
    return arrays if all(array.dtype.kind in NUMBERS for array in arrays.values()) else None


def packed_arrays(path: Path, names: Iterable[str]) -> dict[str, NDArray[np.generic]] | None:
    """Some arrays of an ``.npz`` file that may be compressed; None if the file lacks one or that one is damaged."""
    try:
        return _unpacked(read_regular(path, LARGEST_UNPACKED), names, LARGEST_UNPACKED)
    except Exception:  # as in `read_arrays`
        return None


def _unpacked(content: bytes, names: Iterable[str] | None = None, most: int = 0) -> dict[str, NDArray[np.generic]]:
    """The arrays of an ``.npz`` file with these names, or all of them, if they are no longer than ``most`` together."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = archive.namelist() if names is None else [f"{name}.npy" for name in names]
        if sum(archive.getinfo(member).file_size for member in members) > most:
            raise ValueError("more arrays than the file can hold")
        return {member.removesuffix(".npy"): _array(archive.read(member)) for member in members}


def _array(content: bytes) -> NDArray[np.generic]:
    """The array of an ``.npy`` file, if it is as long as its header says.

    NumPy's own reader makes room for the shape in the header before it has seen the array.
    """
    stream = io.BytesIO(content)
    if np.lib.format.read_magic(stream) != (1, 0):
        raise ValueError("a header of an unusual version")
    shape, columns_first, dtype = np.lib.format.read_array_header_1_0(stream)
    if dtype.hasobject or min(shape, default=0) < 0:
        raise ValueError("an array of objects, or of negative size")
    if math.prod(shape) * dtype.itemsize != len(content) - stream.tell():
        raise ValueError("longer or shorter than its header says")
    return np.ndarray(shape, dtype, content, stream.tell(), order="F" if columns_first else "C").copy()


def _checksum(arrays: dict[str, NDArray[np.generic]]) -> str:
    digest = hashlib.sha256()
    for key in sorted(arrays):
        array = np.ascontiguousarray(arrays[key])
        digest.update(f"{key} {array.dtype.str} {array.shape}".encode())
        digest.update(array.reshape(-1).view(np.uint8).data)  # no copy
    return digest.hexdigest()


def keep(path: Path, arrays: dict[str, NDArray[np.generic]], **description: object) -> None:
    """Write to the cache; a cache that cannot be written costs time later, but is no reason to stop.

    Each folder is warned of once. Temporary files that killed processes left in the cache are removed.
    """
    try:
        write_arrays(path, arrays, **description)
    except OSError as error:
        _warn_of(path.parent, error.strerror or str(error))
    else:
        remove_leftovers(path.parent)


@cache
def _warn_of(folder: Path, reason: str) -> None:
    """Say once in each process that a folder cannot be written."""
    warnings.warn(
        f"start systems cannot be kept in {folder} ({reason}), and are computed again in each process; set "
        "HOMOTOPY_LCN_CACHE to a writable folder",
        RuntimeWarning,
        stacklevel=3,
    )


@cache
def _warn_of_home(folder: str) -> None:
    warnings.warn(
        f"HOMOTOPY_LCN_CACHE is {folder!r}, and there is no such home folder: start systems are kept in the usual "
        "folder; set HOMOTOPY_LCN_CACHE to a writable folder",
        RuntimeWarning,
        stacklevel=4,
    )


def remove(path: Path) -> None:
    """Remove a file of the cache, if it is there and can be removed."""
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return

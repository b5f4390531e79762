"""A survey's draws in a directory: Parquet files that are complete or absent, and a manifest that describes them.

    manifest.json          what is computed, by which versions, in which chunks
    draws/part-….parquet   one for each chunk of draws, written under another name first, then renamed

A part that is there is finished, so a run that was killed goes on with the parts that are missing. Each draw depends on
nothing but the seed and its number, so the table is the same as that of an uninterrupted run. Two runs cannot write to
one directory at the same time. Needs pyarrow (extra ``survey``).
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import platform
import re
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InputError
from ..extras import import_extra
from ..files import write_atomically
from ..networks.architecture import Architecture
from ..version import __version__
from .draws import Table
from .plans import Chunk

__all__ = ["RunDirectory", "arrow_table"]

#: Version 2 counts continua.
FORMAT, VERSION = "homotopy-lcn/survey-run", 2
MANIFEST, PARTS, LOCK = "manifest.json", "draws", ".lock"
#: The key in the metadata of each part whose value names the survey and the chunk.
KEY = b"homotopy-lcn"


class RunDirectory:
    """The directory of one survey, locked while it is open.

    Parameters
    ----------
    path : path-like
        Made if it does not exist; its parent must. One that exists must be of the same survey.
    survey : mapping
        Everything that the draws depend on, in JSON's types. A directory of another survey is refused.
    architectures : sequence of Architecture
    chunks : sequence of int
        Draws in a chunk, for each architecture. An existing run keeps its own.
    record : mapping
        Further entries of the manifest.

    Raises
    ------
    InputError
        If pyarrow is not installed, the directory belongs to another survey or to no survey or is in use, or cannot be
        written.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        survey: Mapping[str, Any],
        architectures: Sequence[Architecture],
        chunks: Sequence[int],
        record: Mapping[str, Any] | None = None,
    ) -> None:
        self._parquet = import_extra("pyarrow.parquet", "survey", "output")
        self.path = Path(path)
        self.architectures = tuple(architectures)
        self.survey = json.loads(json.dumps(dict(survey)))
        self._lock: Any = None
        existing = self._existing()
        self.chunks = tuple(existing["chunks"]) if existing is not None else tuple(chunks)
        text = json.dumps([VERSION, self.survey, __version__], sort_keys=True)
        self._fingerprint = hashlib.sha256(text.encode()).hexdigest()
        with self._writing():
            self.path.mkdir(exist_ok=True)
            (self.path / PARTS).mkdir(exist_ok=True)
        self._take_lock()
        try:
            if existing is None:
                self._write_manifest({**(record or {}), "complete": False})
            for leftover in (self.path / PARTS).glob(".*.tmp"):
                leftover.unlink(missing_ok=True)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> RunDirectory:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let another run use the directory."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def find(self, chunk: Chunk) -> Table | None:
        """The draws of a chunk if they are there, whole, undamaged and of this survey."""
        try:
            arrow = self._load(chunk)
            mark = (arrow.schema.metadata or {}).get(KEY)
            return _from_arrow(arrow) if arrow.num_rows == chunk.draws and mark == self._mark(chunk) else None
        except Exception:  # absent, truncated or damaged in any way: it is computed again
            return None

    def write(self, chunk: Chunk, table: Table) -> None:
        """Write the draws of a chunk, whole or not at all.

        Raises
        ------
        InputError
            If they cannot be written, as the disk is full. What was written before is kept.
        """
        arrow = arrow_table(table, self.architectures[chunk.architecture])
        arrow = arrow.replace_schema_metadata({**(arrow.schema.metadata or {}), KEY: self._mark(chunk)})
        stream = BytesIO()
        self._parquet.write_table(arrow, stream, compression="zstd", write_page_checksum=True)
        with self._writing():
            write_atomically(self._part(chunk), stream.getvalue())

    def read(self, chunk: Chunk) -> Table:
        """The draws of a chunk.

        Raises
        ------
        InputError
            If they are not there or cannot be read.
        """
        try:
            return _from_arrow(self._load(chunk))
        except Exception as error:
            raise InputError(
                f"output: cannot read {self._part(chunk)} ({error}); expected a part of this survey"
            ) from None

    def _load(self, chunk: Chunk) -> Any:
        """With the checksums of all pages: a bit that the disk has changed does not go unnoticed."""
        return self._parquet.read_table(self._part(chunk), page_checksum_verification=True)

    def finish(self) -> None:
        """Note in the manifest that all draws are there."""
        manifest = self._existing() or {}
        if not manifest.get("complete"):
            self._write_manifest({**manifest, "complete": True})

    def _mark(self, chunk: Chunk) -> bytes:
        """The mark of a file that holds this chunk of this survey."""
        return f"{self._fingerprint} {chunk.architecture} {chunk.first} {chunk.last}".encode()

    def _part(self, chunk: Chunk) -> Path:
        name = f"part-{chunk.architecture:04d}-{chunk.first:012d}-{chunk.last:012d}.parquet"
        return self.path / PARTS / name

    def _existing(self) -> dict[str, Any] | None:
        """The manifest that is there, if it is one of this survey; None in a directory that is empty or absent."""
        place = self.path / MANIFEST
        if not self.path.exists():
            return None
        if not self.path.is_dir():
            raise InputError(
                f"output: {self.path} is a file; expected a directory for the draws, or a name for a new one"
            )
        try:
            manifest = json.loads(place.read_text(encoding="utf-8"))
            known, chunks, software = manifest["survey"], manifest["chunks"], manifest["software"]
            version = manifest["version"]
            if manifest["format"] != FORMAT or not isinstance(chunks, list):
                known = None
        except FileNotFoundError:
            others = [entry.name for entry in self.path.iterdir() if entry.name not in (PARTS, LOCK)]
            others = [name for name in others if not re.fullmatch(rf"\.{re.escape(MANIFEST)}\..*\.tmp", name)]
            if others:
                raise InputError(
                    f"output: {self.path} holds {others[0]!r} but no {MANIFEST}; expected an empty or new directory, "
                    "or that of a survey to go on with"
                ) from None
            return None
        except (OSError, ValueError, KeyError, TypeError):
            known = None
        if known is None:
            raise InputError(f"output: {place} cannot be read as the manifest of a survey; expected another directory")
        if version != VERSION:
            raise InputError(
                f"output: {self.path} holds draws in version {version!r} of their format, and this program writes "
                f"version {VERSION}, with other columns; expected another directory"
            )
        for name in sorted({*known, *self.survey}):
            if known.get(name) != self.survey.get(name):
                raise InputError(
                    f"output: {self.path} belongs to a survey with {name} {_short(known.get(name))}, not "
                    f"{_short(self.survey.get(name))}; expected the same command as before, or another directory"
                )
        if software != f"homotopy-lcn {__version__}":
            raise InputError(
                f"output: {self.path} was begun by {software}, and this is {__version__}; expected the same version, "
                "or another directory"
            )
        return dict(manifest)

    def _write_manifest(self, record: Mapping[str, Any]) -> None:
        versions = {"python": platform.python_version(), "numpy": np.__version__}
        versions["pyarrow"] = import_module("pyarrow").__version__
        manifest = {
            "format": FORMAT,
            "version": VERSION,
            "software": f"homotopy-lcn {__version__}",
            "survey": self.survey,
            "chunks": list(self.chunks),
            "versions": versions,
            **record,
        }
        with self._writing():
            write_atomically(self.path / MANIFEST, json.dumps(manifest, indent=1) + "\n")

    def _take_lock(self) -> None:
        """So that two runs do not do the same work; the system releases the lock of a process that is killed."""
        try:
            import fcntl
        except ImportError:  # no such locks on Windows; two runs there would write equal parts
            return
        with self._writing():
            stream = open(self.path / LOCK, "a")  # noqa: SIM115 (open while the directory is)
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            stream.close()
            if not isinstance(error, BlockingIOError):
                return  # a file system without locks
            raise InputError(f"output: {self.path} is in use by another run; expected another directory") from None
        self._lock = stream

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except (InputError, OSError) as error:
            cause = error.__cause__ if isinstance(error.__cause__, OSError) else error
            reason = getattr(cause, "strerror", None) or str(cause)
            raise InputError(
                f"output: {self.path} cannot be written: {reason}; the draws written so far are kept; expected room "
                "and permission to write there, with which the same command goes on"
            ) from error


def _short(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def arrow_table(table: Table, arch: Architecture) -> Any:
    """Draws as a table of pyarrow, with the architecture; a value that is not established is null."""
    pyarrow = import_extra("pyarrow", "survey", "output")
    count = len(table["draw"])
    arrays = {
        "filters": pyarrow.repeat(",".join(map(str, arch.filters)), count),
        "strides": pyarrow.repeat(",".join(map(str, arch.strides)), count),
    }
    for name, column in table.items():
        if name == "global_minimum_pure":
            arrays[name] = pyarrow.array(column > 0, mask=column < 0)
        elif name == "least_loss":
            arrays[name] = pyarrow.array(column, mask=np.isnan(column))
        else:
            arrays[name] = pyarrow.array(column)
    return pyarrow.table(arrays)


def _from_arrow(arrow: Any) -> Table:
    """Back again, without the architecture."""
    table: Table = {}
    for name in arrow.column_names:
        column = arrow.column(name)
        if name in ("filters", "strides"):
            continue
        if name == "global_minimum_pure":
            table[name] = column.cast("int8").fill_null(-1).to_numpy()
        elif name == "least_loss":
            table[name] = column.to_numpy(zero_copy_only=False).astype(float)
        else:
            table[name] = column.to_numpy()
    return table

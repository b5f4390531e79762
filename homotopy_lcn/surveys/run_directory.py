"""A survey's draws in a directory: Parquet files that are complete or absent, and a manifest that describes them.

    manifest.json              what is computed, by which versions, in which chunks, with a checksum
    draws/part-….parquet       one for each chunk of draws, written under another name first, then renamed
    checksums/part-….sha256    the SHA-256 of the part, as the program sha256sum writes it

A part that is there is finished, so a run that was killed goes on with the parts that are missing. So does a survey of
more draws: the manifest keeps where the survey ended before, as parts end there. A part is read only
if all its bytes are those that were written; any other part is damaged, and its draws are computed again. Each draw
depends on nothing but the seed and its number, so the table is the same as that of an uninterrupted run. Two runs
cannot write to one directory at the same time. Needs pyarrow (extra ``survey``).
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import platform
import re
import stat
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InputError
from ..extras import import_extra
from ..files import content_digest, json_content, read_regular, remove_leftovers, replace_file
from ..networks.architecture import Architecture
from ..version import __version__
from .draws import Table, empty_table, saddle_columns
from .plans import LARGEST_CHUNK, Chunk

__all__ = ["RunDirectory", "arrow_table"]

#: Version 2 counts continua; version 3 has checksums; version 4 can be extended.
FORMAT, VERSION = "homotopy-lcn/survey-run", 4
MANIFEST, PARTS, CHECKSUMS, LOCK = "manifest.json", "draws", "checksums", ".lock"
#: The key in the metadata of each part whose value names the survey and the chunk.
KEY = b"homotopy-lcn"
PART = re.compile(r"part-(\d{4,9})-(\d{12,18})-(\d{12,18})\.parquet")
#: Bytes that a manifest has at most: the names of a million architectures.
LARGEST_MANIFEST = 64_000_000
#: Bytes that a part has at most: those of its schema, and for each draw.
SCHEMA_BYTES, DRAW_BYTES = 1_000_000, 2_000


class RunDirectory:
    """The directory of one survey, locked while it is open.

    Parameters
    ----------
    path : path-like
        Made if it does not exist; its parent must. One that exists must be of the same survey.
    survey : mapping
        Everything that a draw depends on beside its number, in JSON's types. A directory of another survey is refused.
    draws : int
        Number of draws of each architecture. A directory with fewer draws is extended, one with more is refused.
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
        draws: int,
        architectures: Sequence[Architecture],
        chunks: Sequence[int],
        record: Mapping[str, Any] | None = None,
    ) -> None:
        self._parquet = import_extra("pyarrow.parquet", "survey", "output")
        self.path = Path(path)
        self.architectures = tuple(architectures)
        self.survey = json.loads(json.dumps(dict(survey)))
        self.draws = draws
        #: Parts that `find` has found damaged, with the damage.
        self.damaged: list[str] = []
        self._lock: Any = None
        existing = self._existing()
        self.chunks = tuple(chunks) if existing is None else self._checked_chunks(existing["chunks"])
        #: Where the survey ended before it was extended.
        self.ends = self._ends_of_parts() if existing is None else self._checked_ends(existing.get("ends"))
        text = json.dumps([VERSION, self.survey, __version__], sort_keys=True)
        self._fingerprint = hashlib.sha256(text.encode()).hexdigest()
        self._check_parts(existing is None)
        with self._writing():
            self.path.mkdir(exist_ok=True)
            for folder in (PARTS, CHECKSUMS):
                (self.path / folder).mkdir(exist_ok=True)
        self._take_lock()
        try:
            if existing is None or self.draws not in existing["ends"]:
                self._write_manifest({**(record or {}), "complete": False})
            for folder in (".", PARTS, CHECKSUMS):
                remove_leftovers(self.path / folder, all_dead=self._lock is not None)
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
        """The draws of a chunk if they are there, whole, undamaged and of this survey.

        A damaged part is noted in `damaged`.
        """
        place = self._part(chunk)
        if not os.path.lexists(place):
            return None
        try:
            return self._verified(chunk)
        except Exception as error:  # truncated or damaged in any way: it is computed again
            self.damaged.append(f"{place} ({_one_line(error)})")
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
        # Statistics of columns would serve readers that skip rows, and nothing would notice damage to them then.
        self._parquet.write_table(arrow, stream, compression="zstd", write_page_checksum=True, write_statistics=False)
        content = stream.getvalue()
        with self._writing():
            # The checksum comes first: a part that is there and has another one is damaged.
            replace_file(self._checksum(chunk), self._checksum_line(chunk, content))
            replace_file(self._part(chunk), content)

    def read(self, chunk: Chunk) -> Table:
        """The draws of a chunk.

        Raises
        ------
        InputError
            If they are not there, or are damaged.
        """
        try:
            return self._verified(chunk)
        except Exception as error:
            raise InputError(
                f"output: cannot read {self._part(chunk)} ({_one_line(error)}); expected a part of this survey, which "
                "the same call computes again"
            ) from None

    def _verified(self, chunk: Chunk) -> Table:
        """The draws of a part, if every byte of it is the one that was written; otherwise an exception of any kind."""
        content = read_regular(self._part(chunk), SCHEMA_BYTES + DRAW_BYTES * chunk.draws)
        try:
            line = read_regular(self._checksum(chunk), SCHEMA_BYTES)
        except OSError as error:
            raise ValueError(f"its checksum cannot be read: {error.strerror or error}") from None
        if line != self._checksum_line(chunk, content):
            raise ValueError("its checksum is another one")
        arrow = self._parquet.read_table(BytesIO(content))
        if (arrow.schema.metadata or {}).get(KEY) != self._mark(chunk) or arrow.num_rows != chunk.draws:
            raise ValueError("it holds other draws")
        if not arrow.schema.equals(self._schema(chunk)):
            raise ValueError("it has other columns")
        return _from_arrow(arrow)

    def _schema(self, chunk: Chunk) -> Any:
        """Names and types of the columns of a part."""
        table = {"draw": np.empty(0, np.int64), **empty_table(0, len(saddle_columns(self.architectures)))}
        return arrow_table(table, self.architectures[chunk.architecture]).schema

    def _checksum_line(self, chunk: Chunk, content: bytes) -> bytes:
        return f"{hashlib.sha256(content).hexdigest()}  {self._part(chunk).name}\n".encode()

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

    def _checksum(self, chunk: Chunk) -> Path:
        return self.path / CHECKSUMS / self._part(chunk).with_suffix(".sha256").name

    def _check_parts(self, without_manifest: bool) -> None:
        """Raise InputError if there are parts of another survey, or parts that hold draws of this one once more."""
        try:
            names = sorted(entry.name for entry in (self.path / PARTS).iterdir() if not entry.name.startswith("."))
        except OSError:  # no parts yet
            return
        for name in names:
            match = PART.fullmatch(name)
            chunk = Chunk(*map(int, match.groups())) if match else None
            if chunk is None or not self._is_own(chunk) or (without_manifest and not self._is_of_this_survey(chunk)):
                raise InputError(
                    f"output: {self.path / PARTS} holds {name!r}, which is no part of this survey or of these chunks; "
                    "expected parts of this survey only, as readers take all files there; move it elsewhere, or choose "
                    "another directory"
                )

    def _is_own(self, chunk: Chunk) -> bool:
        if chunk.architecture >= len(self.chunks):
            return False
        size = self.chunks[chunk.architecture]
        last = min([chunk.first - chunk.first % size + size, *(end for end in self._bounds() if end > chunk.first)])
        begins = chunk.first % size == 0 or chunk.first in self.ends
        return begins and chunk.first < chunk.last == last <= self.draws

    def _bounds(self) -> tuple[int, ...]:
        """Where the survey ends, and where it ended before."""
        return (*self.ends, self.draws)

    def _ends_of_parts(self) -> tuple[int, ...]:
        """Where the survey ended before, as the names of the parts tell in a directory without a manifest."""
        try:
            matches = [PART.fullmatch(entry.name) for entry in (self.path / PARTS).iterdir()]
        except OSError:  # no parts yet
            return ()
        found = [Chunk(*map(int, match.groups())) for match in matches if match]
        known = [(chunk, self.chunks[chunk.architecture]) for chunk in found if chunk.architecture < len(self.chunks)]
        ends = {end for chunk, size in known for end in (chunk.first, chunk.last) if end % size and end < self.draws}
        return tuple(sorted(ends))

    def _checked_ends(self, ends: Any) -> tuple[int, ...]:
        """Where the survey ended before, by the list in a manifest, whose last entry is where it ends."""
        ascending = isinstance(ends, list) and ends and all(type(end) is int and end > 0 for end in ends)
        if not ascending or sorted(set(ends)) != ends:
            raise InputError(
                f"output: {self.path / MANIFEST} has ends {_short(ends)}; expected increasing numbers of draws; "
                "choose another directory"
            )
        if ends[-1] > self.draws:
            raise InputError(
                f"output: {self.path} belongs to a survey with draws {ends[-1]}, not {self.draws}; expected at least "
                "as many draws as it has, or another directory"
            )
        return tuple(end for end in ends if end < self.draws)

    def _is_of_this_survey(self, chunk: Chunk) -> bool:
        try:
            self._verified(chunk)
        except Exception:
            return False
        return True

    def _checked_chunks(self, chunks: list[Any]) -> tuple[int, ...]:
        if len(chunks) != len(self.architectures) or not all(
            type(size) is int and 1 <= size <= LARGEST_CHUNK for size in chunks
        ):
            raise InputError(
                f"output: {self.path / MANIFEST} has chunks {_short(chunks)}; expected an integer from 1 to "
                f"{LARGEST_CHUNK} for each network; choose another directory"
            )
        return tuple(chunks)

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
            manifest = json_content(read_regular(place, LARGEST_MANIFEST).decode(), "expected a manifest")
            known, chunks, software = manifest["survey"], manifest["chunks"], manifest["software"]
            version, checksum = manifest["version"], manifest.get("checksum")
            if manifest["format"] != FORMAT or not isinstance(chunks, list):
                known = None
        except FileNotFoundError:
            others = [entry.name for entry in self.path.iterdir() if entry.name not in (PARTS, CHECKSUMS, LOCK)]
            others = [name for name in others if not re.fullmatch(rf"\.{re.escape(MANIFEST)}\..*\.tmp", name)]
            if others:
                raise InputError(
                    f"output: {self.path} holds {others[0]!r} but no {MANIFEST}; expected an empty or new directory, "
                    "or that of a survey to go on with"
                ) from None
            return None
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            known = None
        if not isinstance(known, dict):
            raise InputError(f"output: {place} cannot be read as the manifest of a survey; expected another directory")
        if version != VERSION:
            raise InputError(
                f"output: {self.path} holds draws in version {_short(version)} of their format, and this program "
                f"writes version {VERSION}, with other columns or checksums; expected another directory"
            )
        if checksum != _checksum_of(manifest):
            raise InputError(
                f"output: {place} is damaged or was edited, as its checksum is another one; expected the manifest as "
                "it was written, or another directory; without that file the same command goes on with the draws that "
                "are there"
            )
        for name in sorted({*known, *self.survey}):
            if known.get(name) != self.survey.get(name):
                raise InputError(
                    f"output: {self.path} belongs to a survey with {name} {_short(known.get(name))}, not "
                    f"{_short(self.survey.get(name))}; expected the same command as before, or another directory"
                )
        if software != f"homotopy-lcn {__version__}":
            raise InputError(
                f"output: {self.path} was begun by {_short(software)}, and this is {__version__}; expected the same "
                "version, or another directory"
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
            "ends": list(self._bounds()),
            "versions": versions,
            **record,
        }
        manifest["checksum"] = _checksum_of(manifest)
        with self._writing():
            replace_file(self.path / MANIFEST, (json.dumps(manifest, indent=1) + "\n").encode())

    def _take_lock(self) -> None:
        """So that two runs do not do the same work; the system releases the lock of a process that is killed."""
        try:
            import fcntl
        except ImportError:  # no such locks on Windows; two runs there would write equal parts
            return
        with self._writing():
            descriptor = os.open(self.path / LOCK, os.O_RDWR | os.O_CREAT | os.O_NONBLOCK, 0o666)
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                os.close(descriptor)
                raise OSError(f"{LOCK} is not a regular file")
            stream = open(descriptor, "rb+", buffering=0)  # noqa: SIM115 (open while the directory is)
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
        except OSError as error:
            reason = error.strerror or str(error)
            raise InputError(
                f"output: {self.path} cannot be written: {reason}; the draws written so far are kept; expected room "
                "and permission to write there, with which the same command goes on"
            ) from error


def _checksum_of(manifest: Mapping[str, Any]) -> str:
    """The SHA-256 of everything else in a manifest."""
    rest = {key: value for key, value in manifest.items() if key != "checksum"}
    return content_digest(rest)


def _one_line(error: Exception) -> str:
    text = " ".join((getattr(error, "strerror", None) or str(error) or type(error).__name__).split())
    return text if len(text) <= 200 else f"{text[:197]}..."


def _short(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def arrow_table(table: Table, arch: Architecture) -> Any:
    """Draws as a table of pyarrow, with the architecture; a value that is not established is null."""
    pyarrow = import_extra("pyarrow", "survey", "output")
    count = len(table["draw"])
    arrays = {
        "filters": pyarrow.repeat(arch.texts[0], count),
        "strides": pyarrow.repeat(arch.texts[1], count),
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

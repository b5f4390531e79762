"""Reading the file of a large result, which nobody vouches for.

The head is read as any JSON of a result. Of the columns, those that tell complex points are read, if they have the
types and the lengths that the head says. Nothing in the file is executed, and no array is longer than the file.
"""

from __future__ import annotations

import math
import os
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..extras import import_extra
from ..files import MOST_BYTES, open_for_reading, shown
from ..networks.architecture import Architecture
from ..networks.patterns import format_pattern
from .columns_file import HEAD, PARQUET, ROW_GROUP, VECTORS, check_columns_path, digest_of, lengths_of
from .json_reader import parts_of_text
from .pairs import ConjugatePairs, ManyPoints
from .parts import ResultParts
from .points import CriticalPoint, StratumResult

__all__ = ["read_columns"]

EXPECTED = "expected a file of solve --columns"
#: Bytes of the longest column that is read: 20 million points of 32 complex numbers.
LARGEST_COLUMN = 2**34


class _Source(Protocol):
    """A file with columns."""

    def head(self) -> bytes:
        """The JSON of everything but columns."""
        ...

    def column(self, name: str, kind: type, shape: tuple[int, ...], names: list[str]) -> NDArray[Any]:
        """A column with a type and a shape; ``names`` are those of the strata."""
        ...


def read_columns(path: str | os.PathLike[str]) -> ResultParts:
    """Read a result from a file with columns, without the checks of `claims`; see `CriticalPoints.from_columns`."""
    check_columns_path(path)
    parquet = Path(path).suffix.lower() in PARQUET
    try:
        with open_for_reading(path) as stream:
            if not stream.seekable():
                raise InputError(f"no regular file; {EXPECTED}")
            source = _Parquet(stream) if parquet else _Archive(stream)
            return _parts(source)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    except OSError as error:
        raise InputError(f"{path}: cannot read: {error.strerror or error}; {EXPECTED}") from error


def _parts(source: _Source) -> ResultParts:
    edited = False

    def columns(
        entry: Mapping[str, Any], arch: Architecture, strata: tuple[StratumResult, ...], real: tuple[CriticalPoint, ...]
    ) -> ManyPoints:
        nonlocal edited
        if not all(point.real for point in real):
            raise InputError(f"points: one is not real, and not in columns; {EXPECTED}")
        points = ManyPoints(real, _pairs(source, entry.get("points"), arch, strata, real))
        edited = entry.get("digest") != digest_of(points.pairs, tuple(row.pattern for row in strata))
        return points.with_pairs(points.pairs.sorted())

    try:
        text = source.head().decode()
    except UnicodeDecodeError:
        raise InputError(f"its head is no text; {EXPECTED}") from None
    parts = parts_of_text(text, columns)
    return replace(parts, edited=True) if edited else parts


def _pairs(
    source: _Source,
    count: object,
    arch: Architecture,
    strata: tuple[StratumResult, ...],
    real: tuple[CriticalPoint, ...],
) -> ConjugatePairs:
    """The first point of each pair, if the second one is its conjugate."""
    first = len(real)
    if type(count) is not int or count < first or (count - first) % 2:
        raise InputError(f"columns.points: {shown(count)}; expected the number of real points and pairs")
    names = [format_pattern(row.pattern) for row in strata]
    lengths = lengths_of(arch, strata)
    shapes = {
        "filters": ("filter", complex, (count, arch.filter_size)),
        "losses": ("loss", complex, (count,)),
        "coordinates": ("coordinates", complex, (count, max(lengths))),
        "stratum": ("stratum", np.int16, (count,)),
        "conditions": ("condition", float, (count,)),
        "residuals": ("residual", float, (count,)),
        "thetas": ("parameters", complex, (count, sum(arch.layer_sizes))),
    }
    columns: dict[str, NDArray[Any]] = {}
    for attribute, (name, kind, shape) in shapes.items():
        whole = source.column(name, kind, shape, names)
        rest = whole[first:]
        if not np.isfinite(rest).all():
            raise InputError(f"{name}: not a number for a point that is not real; {EXPECTED}")
        if not np.array_equal(rest[1::2], rest[::2].conj()):
            raise InputError(f"{name}: two points in a row that are no conjugate pair; {EXPECTED}")
        if name == "filter" and not np.array_equal(whole[:first], _filters(real, arch.filter_size)):
            raise InputError(f"filter: not those of the real points of the head; {EXPECTED}")
        columns[attribute] = rest[::2].copy()
    if not ((columns["stratum"] >= 0) & (columns["stratum"] < len(strata))).all():
        raise InputError(f"stratum: none of the strata of the head; {EXPECTED}")
    return ConjugatePairs(arch, tuple(row.pattern for row in strata), lengths=lengths, **columns)


def _filters(points: tuple[CriticalPoint, ...], size: int) -> NDArray[np.complex128]:
    return np.array([point.filter for point in points], complex).reshape(-1, size)


class _Archive:
    """An ``.npz`` file whose arrays are not compressed."""

    def __init__(self, stream: BinaryIO) -> None:
        try:
            self._archive = zipfile.ZipFile(stream)
        except (zipfile.BadZipFile, ValueError):
            raise InputError(f"not a whole .npz file; {EXPECTED}") from None

    def head(self) -> bytes:
        return self._array(HEAD, np.dtype(np.uint8), None).tobytes()

    def column(self, name: str, kind: type, shape: tuple[int, ...], names: list[str]) -> NDArray[Any]:
        return self._array(name, np.dtype(kind), shape)

    def _array(self, name: str, dtype: np.dtype[Any], shape: tuple[int, ...] | None) -> NDArray[Any]:
        try:
            info = self._archive.getinfo(f"{name}.npy")
        except KeyError:
            raise InputError(f"has no array {name}; {EXPECTED}") from None
        if info.compress_type != zipfile.ZIP_STORED:
            raise InputError(f"{name}: compressed; {EXPECTED}")
        if info.file_size > (MOST_BYTES if shape is None else LARGEST_COLUMN):
            raise InputError(f"{name}: {info.file_size} bytes, more than such an array has; {EXPECTED}")
        with suppress(zipfile.BadZipFile, ValueError, EOFError), self._archive.open(info) as member:
            if np.lib.format.read_magic(member) == (1, 0):
                found, columns_first, kind = np.lib.format.read_array_header_1_0(member)
                fits = len(found) == 1 if shape is None else found == shape
                if fits and kind == dtype and not columns_first:
                    content = member.read()
                    if len(content) == math.prod(found) * dtype.itemsize:
                        return np.frombuffer(content, dtype).reshape(found)
        size = "a list" if shape is None else f"shape {shape}"
        raise InputError(f"{name}: damaged, or of another type or shape; expected {dtype} and {size}")


class _Parquet:
    """A Parquet file; it is read some rows at a time."""

    def __init__(self, stream: BinaryIO) -> None:
        self._arrow = import_extra("pyarrow", "survey", "columns")
        parquet = import_extra("pyarrow.parquet", "survey", "columns")
        try:
            self._file = parquet.ParquetFile(stream)
        except (self._arrow.ArrowException, OSError) as error:
            raise InputError(f"not a whole Parquet file ({' '.join(str(error).split())}); {EXPECTED}") from None

    def head(self) -> bytes:
        content: bytes | None = (self._file.schema_arrow.metadata or {}).get(HEAD.encode())
        if content is None or len(content) > MOST_BYTES:
            raise InputError(f"its metadata have no {HEAD}; {EXPECTED}")
        return content

    def column(self, name: str, kind: type, shape: tuple[int, ...], names: list[str]) -> NDArray[Any]:
        rows, entries = shape[0], shape[1:]
        if self._file.metadata.num_rows != rows:
            raise InputError(f"{self._file.metadata.num_rows} rows; expected {rows}, by the head")
        if math.prod(shape) * np.dtype(kind).itemsize > LARGEST_COLUMN:
            raise InputError(f"{name}: {rows} rows, more than such a file has; {EXPECTED}")
        result: NDArray[Any] = np.empty((rows, *entries), kind)
        parts = [result] if kind is not complex else [result.real, result.imag]
        for number, part in enumerate(parts):
            for entry in range(entries[0]) if entries else [None]:
                if name in VECTORS:
                    column = f"{VECTORS[name]}{entry}_{('re', 'im')[number]}"
                else:
                    column = f"{name}_imag" if number else name
                self._fill(part if entry is None else part[:, entry], column, names if name == "stratum" else None)
        return result

    def _fill(self, result: NDArray[Any], column: str, names: list[str] | None) -> None:
        """Enter the values of one column; with ``names``, the places of its texts among them."""
        types, schema = self._arrow.types, self._file.schema_arrow
        if schema.names.count(column) != 1:
            raise InputError(f"has no column {column}; {EXPECTED}")
        kind = schema.field(column).type
        if names is not None:
            fits = types.is_dictionary(kind) and types.is_string(kind.value_type)
        else:
            fits = kind == self._arrow.float64()
        if not fits:
            raise InputError(f"{column}: of type {kind}; expected {'texts' if names else 'float64'}")
        places = {name: place for place, name in enumerate(names or [])}
        done = 0
        try:
            for batch in self._file.iter_batches(batch_size=ROW_GROUP, columns=[column]):
                values = batch.column(0)
                if names is not None:
                    known = np.array([places.get(text, -1) for text in values.dictionary.to_pylist()], np.int16)
                    codes = values.indices.fill_null(-1).to_numpy(zero_copy_only=False)
                    values = np.where(codes < 0, -1, known[codes] if len(known) else -1)
                else:
                    values = values.to_numpy(zero_copy_only=False)
                result[done : done + len(values)] = values
                done += len(values)
        except (self._arrow.ArrowException, OSError, ValueError) as error:
            raise InputError(f"{column}: damaged ({' '.join(str(error).split())}); {EXPECTED}") from None
        if done != len(result):
            raise InputError(f"{column}: {done} rows; expected {len(result)}")

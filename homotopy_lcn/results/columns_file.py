"""The file of a large result: all points as columns, in an ``.npz`` archive or as Parquet.

A row is a point, in the order of the result. The head of the file is the JSON of the result with the real points alone,
and holds all that columns do not: the real parameters over each real filter, strata, counts, the loss. In Parquet it is
the entry ``homotopy-lcn`` of the metadata, and a coefficient has one column for its real part and one for its imaginary
part, as in a data frame of the result.
"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from ..arrays import Real
from ..errors import InputError
from ..extras import import_extra
from ..files import write_atomically
from ..networks.architecture import Architecture
from ..networks.patterns import Pattern, format_pattern
from ..networks.strata import Embedding
from .json_file import to_text
from .pairs import ConjugatePairs, ManyPoints
from .parts import ResultParts
from .points import CriticalPoint, StratumResult

__all__ = [
    "HEAD",
    "PARQUET",
    "VECTORS",
    "check_columns_path",
    "digest_of",
    "in_columns",
    "lengths_of",
    "write_columns",
]

#: The name of the head in either format.
HEAD = "homotopy-lcn"
#: The ends of the names of Parquet files.
PARQUET = (".parquet", ".pq")
#: Points of a row group of Parquet, and points whose columns are made together.
ROW_GROUP = 2**16
#: The columns that are vectors of complex numbers, with the names of their columns in Parquet.
VECTORS = {"filter": "w", "coordinates": "x", "parameters": "theta"}
#: The answers that may be undecided: 1 yes, 0 no, −1 no answer.
ANSWERS = ("in_function_space", "attained", "interior", "smooth")
Columns = dict[str, NDArray[Any]]


def check_columns_path(path: str | os.PathLike[str]) -> None:
    """Raise InputError for a name of neither format, MissingPackage if Parquet cannot be written."""
    end = Path(path).suffix.lower()
    if end not in (".npz", *PARQUET):
        raise InputError(f"{path}: the name ends with {end or 'nothing'!r}; expected .npz or .parquet")
    if end in PARQUET:
        import_extra("pyarrow.parquet", "survey", str(path))


def in_columns(points: ManyPoints | tuple[CriticalPoint, ...], patterns: tuple[Pattern, ...]) -> ManyPoints:
    """The points of a result with complex ones in columns.

    Raises
    ------
    InputError
        If there are complex points that columns do not hold: singular, certified, without a conjugate, or with `smooth`
        undecided.
    """
    if isinstance(points, ManyPoints):
        return points
    real = [point for point in points if point.real]
    rest = points[len(real) :]
    firsts = rest[::2]
    if (
        not all(map(_is_plain, rest))
        or len(rest) % 2
        or not all(
            np.array_equal(one.filter.conj(), other.filter) for one, other in zip(firsts, rest[1::2], strict=True)
        )
    ):
        raise InputError(
            "columns: this result has complex points that are singular, certified, without a conjugate or of undecided "
            "smoothness, which columns do not hold; expected a JSON file for it"
        )
    arch = points[0].architecture if points else None
    if arch is None:
        raise InputError("columns: the result has no points; expected a JSON file for it")
    wide = max((len(np.asarray(point.coordinates)) for point in firsts), default=0)
    coordinates = np.zeros((len(firsts), wide), complex)
    lengths = dict.fromkeys(patterns, 0)
    for row, point in enumerate(firsts):
        values = np.asarray(point.coordinates)
        coordinates[row, : len(values)] = values
        lengths[point.stratum] = len(values)
    size = arch.filter_size
    return ManyPoints(
        real,
        ConjugatePairs(
            arch,
            patterns,
            np.array([point.filter for point in firsts], complex).reshape(-1, size),
            np.array([point.loss for point in firsts], complex),
            coordinates,
            tuple(lengths.values()),
            np.array([patterns.index(point.stratum) for point in firsts], np.int16),
            np.array([point.condition for point in firsts], float),
            np.array([point.residual for point in firsts], float),
            np.array([np.concatenate(point.parameters[0]) for point in firsts], complex).reshape(
                -1, sum(arch.layer_sizes)
            ),
        ),
    )


def lengths_of(arch: Architecture, strata: tuple[StratumResult, ...]) -> tuple[int, ...]:
    """How many coordinates a point has on each stratum; 0 where there are no points."""
    return tuple(
        Embedding.of_pattern(arch, row.pattern).stratum.coordinates if row.found or row.singular else 0
        for row in strata
    )


def digest_of(pairs: ConjugatePairs, patterns: tuple[Pattern, ...]) -> str:
    """SHA-256 of the numbers of the pairs; ``patterns`` are those of the result."""
    digest = sha256()
    numbers = np.array([patterns.index(pattern) for pattern in pairs.patterns], np.int16)
    for name in ConjugatePairs.COLUMNS:
        column = numbers[pairs.stratum] if name == "stratum" else getattr(pairs, name)
        if name == "coordinates":  # a wider stratum may have no pairs
            column = column[:, : max((pairs.lengths[number] for number in set(pairs.stratum.tolist())), default=0)]
        digest.update(np.ascontiguousarray(column).reshape(-1).view(np.uint8).data)
    return digest.hexdigest()


def _is_plain(point: CriticalPoint) -> bool:
    """Whether columns hold all that is known of a complex point."""
    told = point.coordinates is not None and point.condition is not None and point.residual is not None
    assert point.architecture is not None
    usual = point.nonsingular and point.isolated and point.multiplicity == 1
    usual &= point.smooth is not point.architecture.has_equal_layers(point.stratum) and point.smooth is not None
    more = point.windings or point.also_on or point.root_pattern or point.certified is not None
    return told and usual and not more and len(point.parameters) == 1


def write_columns(path: str | os.PathLike[str], result: ResultParts) -> None:
    """Write a result to a file, whole or not at all; see `CriticalPoints.to_columns`."""
    check_columns_path(path)
    points = in_columns(result.points, tuple(row.pattern for row in result.strata))
    kept = {"points": len(points), "digest": digest_of(points.pairs, tuple(row.pattern for row in result.strata))}
    head = to_text(replace(result, points=points.real), {"columns": kept})
    parquet = Path(path).suffix.lower() in PARQUET

    def write(stream: BinaryIO) -> None:
        (_write_parquet if parquet else _write_npz)(stream, head, points, result)

    write_atomically(path, write)


def _write_npz(stream: BinaryIO, head: str, points: ManyPoints, result: ResultParts) -> None:
    """One array a column; no more than one is in memory."""
    names = list(_columns(ManyPoints((), points.pairs.part(slice(0, 0))), result))
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        for name in (HEAD, *names):
            if name == HEAD:
                array = np.frombuffer(head.encode(), np.uint8)
            else:
                array = np.concatenate([columns[name] for columns in _blocks(points, result)])
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, version=(1, 0), allow_pickle=False)


def _write_parquet(stream: BinaryIO, head: str, points: ManyPoints, result: ResultParts) -> None:
    pa, parquet = import_extra("pyarrow", "survey", "columns"), import_extra("pyarrow.parquet", "survey", "columns")
    patterns = [format_pattern(row.pattern) for row in result.strata]
    writer = None
    for columns in _blocks(points, result):
        flat: dict[str, Any] = {}
        for name, values in columns.items():
            if name in VECTORS:
                for i, column in enumerate(values.T):
                    flat[f"{VECTORS[name]}{i}_re"] = np.ascontiguousarray(column.real)
                    flat[f"{VECTORS[name]}{i}_im"] = np.ascontiguousarray(column.imag)
            elif name == "loss":
                flat |= {"loss": np.ascontiguousarray(values.real), "loss_imag": np.ascontiguousarray(values.imag)}
            elif name == "stratum":
                flat[name] = pa.DictionaryArray.from_arrays(values.astype(np.int32), patterns)
            elif name in ANSWERS:
                flat[name] = pa.array(values == 1, mask=values < 0)
            else:
                flat[name] = values
        table = pa.table(flat)
        if writer is None:
            schema = table.schema.with_metadata({HEAD: head})
            writer = parquet.ParquetWriter(stream, schema, compression="none", use_dictionary=["stratum"])
        writer.write_table(table.replace_schema_metadata({HEAD: head}))
    assert writer is not None
    with suppress(BrokenPipeError):
        writer.close()


def _blocks(points: ManyPoints, result: ResultParts) -> Iterator[Columns]:
    """The columns of some points at a time: the real ones first."""
    empty = points.pairs.part(slice(0, 0))
    yield _columns(ManyPoints(points.real, empty), result)
    for first in range(0, len(points.pairs), ROW_GROUP // 2):
        yield _columns(ManyPoints((), points.pairs.part(slice(first, first + ROW_GROUP // 2))), result)


def _columns(points: ManyPoints, result: ResultParts) -> Columns:
    """The columns of real points and of pairs."""
    real, pairs, arch = points.real, points.pairs, result.architecture
    numbers = {row.pattern: number for number, row in enumerate(result.strata)}
    of_pairs = np.array([numbers[pattern] for pattern in pairs.patterns], np.int16)[pairs.stratum]
    wide = max(lengths_of(arch, result.strata))
    coordinates = np.zeros((len(real), wide), complex)
    for row, point in enumerate(real):
        if point.coordinates is not None:
            values = point.coordinates[:wide]
            coordinates[row, : len(values)] = values
    of_complex = _both(pairs.coordinates)
    nothing = np.full((len(real), sum(arch.layer_sizes)), np.nan, complex)
    filters = np.array([point.filter for point in real], complex).reshape(-1, arch.filter_size)
    undecided = np.full(2 * len(pairs), -1, np.int8)
    answers = {
        name: np.concatenate([np.array([_answer(getattr(p, name)) for p in real], np.int8), undecided])
        for name in ANSWERS
    }
    smooth = np.array([not arch.has_equal_layers(pattern) for pattern in pairs.patterns], np.int8)
    answers["smooth"][len(real) :] = np.repeat(smooth[pairs.stratum], 2)
    return {
        "filter": np.concatenate([filters, _both(pairs.filters)]),
        "loss": np.concatenate([np.array([point.loss for point in real], complex), _both(pairs.losses)]),
        "real": np.arange(len(real) + 2 * len(pairs)) < len(real),
        "stratum": np.concatenate(
            [np.array([numbers[point.stratum] for point in real], np.int16), np.repeat(of_pairs, 2)]
        ),
        **answers,
        "minimum": np.concatenate([np.array([point.minimum for point in real], bool), np.zeros(2 * len(pairs), bool)]),
        "real_parameters": np.concatenate(
            [np.array([len(point.parameters) for point in real], np.int32), np.zeros(2 * len(pairs), np.int32)]
        ),
        "condition": np.concatenate([_numbers(real, "condition"), np.repeat(pairs.conditions, 2)]),
        "residual": np.concatenate([_numbers(real, "residual"), np.repeat(pairs.residuals, 2)]),
        "coordinates": np.concatenate([coordinates, np.pad(of_complex, ((0, 0), (0, wide - of_complex.shape[1])))]),
        "parameters": np.concatenate([nothing, _both(pairs.thetas)]),
    }


def _answer(value: bool | None) -> int:
    return -1 if value is None else int(value)


def _numbers(points: tuple[CriticalPoint, ...], name: str) -> Real:
    return np.array([getattr(point, name) for point in points], float)


def _both(column: NDArray[np.complex128]) -> NDArray[np.complex128]:
    """The rows of a column, each with its conjugate behind it."""
    return np.stack([column, column.conj()], axis=1).reshape(2 * len(column), *column.shape[1:])

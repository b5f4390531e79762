"""Reading the file of a solve, which nobody vouches for.

An entry that is missing, has the wrong type or length, or contradicts the rest is named in one line. What the entries
say of the critical points is checked by `claims`, when the whole file is read. The work is bounded by the size of the
file: nothing is counted or allocated that the file only names.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import numpy as np

from ..errors import InputError
from ..files import check_is_path, content_digest, json_content, read_text, shown
from ..losses.preparation import Preparation
from ..losses.squared_loss import DEFAULT_TOLERANCE, SquaredLoss
from ..losses.zero_residual import ZeroResidual
from ..networks.architecture import Architecture
from ..networks.patterns import Pattern
from ..networks.untrusted import untrusted_architecture
from .continua import UNDECIDED, Continuum, Infimum
from .json_file import FORMAT, VERSION, data_digest
from .pairs import ManyPoints, count_all
from .parts import LONGEST_TEXT, ResultParts
from .points import Counts, CriticalPoint, StratumResult
from .tolerances import Tolerances

__all__ = ["Columns", "Record", "loss_from_json", "parts_of_text", "pattern_from_json", "read_file"]

KINDS = ("minimum", "saddle", "degenerate")
EXPECTED = "expected the whole file that solve wrote"

#: From the entry of a file about its columns, the network, the strata and the listed points: all points.
Columns = Callable[[Mapping[str, Any], Architecture, tuple[StratumResult, ...], tuple[CriticalPoint, ...]], ManyPoints]


def read_file(path: str | os.PathLike[str]) -> ResultParts:
    """Read a result from a file, without the checks of `claims`; see `CriticalPoints.from_json`."""
    check_is_path(path)
    try:
        return parts_of_text(read_text(path, EXPECTED))
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def parts_of_text(text: str, columns: Columns | None = None) -> ResultParts:
    """A result from its JSON, of which ``columns`` adds complex points to those that are listed."""
    data = json_content(text, EXPECTED)
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise InputError(f"not a file of solve; expected JSON with format {FORMAT!r}")
    if type(data.get("version")) is not int or data["version"] != VERSION:
        raise InputError(f"version: {shown(data.get('version'))} is not known; expected {VERSION}")
    stated_digest = data.pop("digest", None)
    edited: bool | None = None if stated_digest is None else stated_digest != content_digest(data)
    record = Record(data, "")
    if edited is False and "edited" in data:
        edited = record.answer("edited")
    architecture = _architecture_from_json(record.record("architecture"), _rows(record.record("loss")))
    loss = loss_from_json(record.record("loss"), architecture)
    if "data_digest" in data and record.string("data_digest") != data_digest(loss):
        edited = True
    seed = record.integer("seed")
    if seed < 0:
        raise InputError(f"seed: {shown(seed)}; expected an integer, at least 0")
    listed = tuple(_point_from_json(item, architecture) for item in record.records("points"))
    strata = tuple(_stratum_from_json(item, architecture) for item in record.records("strata"))
    zero_residual = None
    if "zero_residual" in data:
        zero_residual = _zero_residual_from_json(record.record("zero_residual"), architecture)
    continua = tuple(_continuum_from_json(item, architecture) for item in record.records("continua", optional=True))
    points: tuple[CriticalPoint, ...] | ManyPoints = listed
    if columns is not None:
        points = columns(record.record("columns").data, architecture, strata, listed)
    counts = count_all(points, strata, (part.real for part in continua))
    stored = record.record("counts")
    for column in fields(Counts):
        value = getattr(counts, column.name)
        found = stored.data.get(column.name, 0) if column.default == 0 else stored.get(column.name)
        if found != value or isinstance(found, bool | float):
            raise InputError(f"counts.{column.name}: {shown(found)}; expected {value}, by the points")
    parts = ResultParts(
        architecture=architecture,
        loss=loss,
        seed=seed,
        points=points,
        strata=strata,
        complete=record.boolean("complete"),
        counts=counts,
        statistics=record.statistics(),
        software=record.string("software"),
        zero_residual=zero_residual,
        continua=continua,
        infimum=_infimum_from_json(record),
        on_continua=tuple(
            _point_from_json(item, architecture) for item in record.records("on_continua", optional=True)
        ),
        stopped=_text(record.data.get("stopped", ""), "stopped"),
        computed_with=_texts(record.data.get("computed_with", {}), "computed_with"),
        contradictions=record.texts("contradictions"),
        edited=edited,
        data=_text(record.data.get("data", ""), "data"),
        solved=_time(record.data.get("solved", "")),
        tolerances=_tolerances_from_json(record),
    )
    if "few_samples" in data:
        from .claims import check_zero_residual
        from .few_samples import check_few_samples

        check_zero_residual(parts)
        check_few_samples(data["few_samples"], parts)
    return parts


def _tolerances_from_json(record: Record) -> Tolerances:
    if "tolerances" not in record.data:
        return Tolerances()
    found = record.record("tolerances")
    try:
        return Tolerances(found.number("real"), found.number("singular"))
    except InputError as error:
        message = str(error)
        raise InputError(message if message.startswith(found.path) else f"{found.path}{message}") from None


def _architecture_from_json(record: Record, rows: int) -> Architecture:
    """The architecture; ``rows`` is the number of rows of the Gram matrix in the file."""
    architecture = untrusted_architecture(record.data, rows)
    size = record.integer("filter_size")
    if size != rows:
        raise InputError(f"architecture.filter_size: {shown(size)}; expected {rows}, by the rest")
    return architecture


def _rows(record: Record) -> int:
    return len(_list(record.get("gram"), f"{record.path}gram"))


def loss_from_json(record: Record, architecture: Architecture) -> SquaredLoss:
    loss = _bare_loss_from_json(record, architecture)
    if "preparation" not in record.data:
        return loss
    return loss.with_preparation(_preparation_from_json(record.record("preparation")))


def _preparation_from_json(record: Record) -> Preparation:
    of = record.string("of")
    if of not in ("columns", "series"):
        raise InputError(f"{record.path}of: {shown(of)} is unknown; expected columns or series")
    lists: dict[str, tuple[float, ...]] = {}
    for part in ("x", "y"):
        means = _list(record.get(f"{part}_mean"), f"{record.path}{part}_mean", 1 if of == "series" else None)
        for name in (f"{part}_mean", f"{part}_scale"):
            lists[name] = tuple(_vector(record.get(name), f"{record.path}{name}", len(means)).tolist())
        if any(scale <= 0 for scale in lists[f"{part}_scale"]):
            raise InputError(f"{record.path}{part}_scale: not positive; expected standard deviations")
    return Preparation(of, record.boolean("standardized"), **lists)


def _bare_loss_from_json(record: Record, architecture: Architecture) -> SquaredLoss:
    K = architecture.filter_size
    rows = _list(record.get("gram"), f"{record.path}gram", K)
    gram = np.array([_vector(row, f"{record.path}gram[{i}]", K) for i, row in enumerate(rows)])
    b, constant = _vector(record.get("b"), f"{record.path}b", K), record.number("constant")
    if "exact" not in record.data:
        tolerance = record.number("tolerance") if "tolerance" in record.data else DEFAULT_TOLERANCE
        try:
            return SquaredLoss.with_tolerance(gram, b, constant, tolerance)
        except InputError as error:
            raise InputError(f"{record.path}{error}") from None
    stated = record.record("exact")
    try:
        exact = SquaredLoss.from_exact(stated.get("gram"), stated.get("b"), stated.get("constant"))
    except InputError as error:
        raise InputError(f"{stated.path}{error}") from None
    if not (np.array_equal(exact.gram, gram) and np.array_equal(exact.b, b) and exact.constant == constant):
        raise InputError(
            f"{stated.path[:-1]}: its nearest doubles are others than in loss; expected the numbers that were rounded"
        )
    return exact


def _stratum_from_json(record: Record, architecture: Architecture) -> StratumResult:
    return StratumResult(
        pattern=pattern_from_json(record, architecture),
        pure=record.boolean("pure"),
        generic=record.integer("generic"),
        found=record.integer("found"),
        factorizations=record.integer("factorizations"),
        at_infinity=record.integer("at_infinity", default=0),
        singular=record.integer("singular", default=0),
        origin=record.integer("origin", default=0),
        statistics=record.statistics(),
    )


def _zero_residual_from_json(record: Record, architecture: Architecture) -> ZeroResidual:
    def theta(name: str, real: bool) -> tuple[np.ndarray, ...] | None:
        path = f"{record.path}{name}"
        if record.get(name) is None:
            return None
        layers = _list(record.get(name), path, architecture.depth)
        return tuple(
            _layer_from_json(entries, k, real, f"{path}[{layer}]")
            for layer, (entries, k) in enumerate(zip(layers, architecture.layer_sizes, strict=True))
        )

    w = record.get("filter")
    return ZeroResidual(
        rank=record.integer("rank"),
        dimension=None if record.get("dimension") is None else record.integer("dimension"),
        filter=None if w is None else _complex_vector(w, f"{record.path}filter", architecture.filter_size),
        point=theta("point", real=True),
        complex_point=theta("complex_point", real=False),
        meets_function_space=record.answer("meets_function_space"),
    )


def _continuum_from_json(record: Record, architecture: Architecture) -> Continuum:
    kind = record.data.get("kind")
    if kind not in (*KINDS, None):
        raise InputError(f"{record.path}kind: {shown(kind)} is unknown; expected one of {', '.join(KINDS)} or null")
    dimension = record.integer("dimension")
    if dimension < 1:
        raise InputError(f"{record.path}dimension: {dimension}; expected at least 1")
    loss = record.get("loss")
    return Continuum(
        pattern=pattern_from_json(record, architecture),
        dimension=dimension,
        loss=_complex_number(record.record("loss")) if isinstance(loss, dict) else record.number("loss"),
        real=record.answer("real"),
        attained=record.answer("attained"),
        kind=kind,
        points=tuple(_point_from_json(item, architecture) for item in record.records("points")),
        real_dimension=None if record.data.get("real_dimension") is None else record.integer("real_dimension"),
    )


def _infimum_from_json(record: Record) -> Infimum:
    if "infimum" not in record.data:  # a file of an earlier version
        return UNDECIDED
    found = record.record("infimum")
    return Infimum(found.optional_number("value"), found.answer("attained"))


def _point_from_json(record: Record, architecture: Architecture) -> CriticalPoint:
    real = record.boolean("real")
    w = _complex_vector(record.get("filter"), f"{record.path}filter", architecture.filter_size)
    if real and w.imag.any():
        raise InputError(f"{record.path}filter: not real; expected imaginary parts 0, as real is true")
    path = f"{record.path}parameters"
    parameters = tuple(
        tuple(
            _layer_from_json(entries, k, real, f"{path}[{i}][{layer}]")
            for layer, (entries, k) in enumerate(
                zip(_list(theta, f"{path}[{i}]", architecture.depth), architecture.layer_sizes, strict=True)
            )
        )
        for i, theta in enumerate(_list(record.get("parameters"), path))
    )
    kinds = _list(record.get("kinds"), f"{record.path}kinds", len(parameters))
    indices = _list(record.get("indices"), f"{record.path}indices", len(parameters))
    for i, kind in enumerate(kinds):
        if kind not in (*KINDS, None):
            raise InputError(
                f"{record.path}kinds[{i}]: {shown(kind)} is unknown; expected one of {', '.join(KINDS)} or null"
            )
    for i, index in enumerate(indices):
        if index is not None and (isinstance(index, bool) or not isinstance(index, int)):
            raise InputError(f"{record.path}indices[{i}]: {shown(index)} is not an integer; expected integers or null")
    stratum, root_pattern = _stratum_and_pattern(record, architecture)
    point = CriticalPoint(
        filter=w,
        real=real,
        loss=record.number("loss") if real else _complex_number(record.record("loss")),
        stratum=stratum,
        root_pattern=root_pattern,
        pure=record.boolean("pure"),
        in_function_space=record.answer("in_function_space"),
        attained=record.answer("attained"),
        interior=record.answer("interior"),
        smooth=record.answer("smooth"),
        residual=record.optional_number("residual"),
        condition=record.optional_number("condition"),
        parameters=parameters,
        kinds=tuple(kinds),
        indices=tuple(indices),
        certified=record.answer("certified"),
        nonsingular=record.boolean("nonsingular", default=True),
        multiplicity=record.integer("multiplicity", default=1),
        isolated=record.boolean("isolated", default=True),
        windings=tuple(_integers(record.data.get("windings", []), f"{record.path}windings")),
        also_on=tuple(
            _pattern(value, f"{record.path}also_on[{i}]", architecture)
            for i, value in enumerate(_list(record.data.get("also_on", []), f"{record.path}also_on"))
        ),
        coordinates=_coordinates_from_json(record),
        conjugate=None if record.data.get("conjugate") is None else record.integer("conjugate"),
    )
    if record.boolean("ill_conditioned", default=point.ill_conditioned) != point.ill_conditioned:
        raise InputError(
            f"{record.path}ill_conditioned: {not point.ill_conditioned}; expected {point.ill_conditioned}, by condition"
        )
    return point


def _coordinates_from_json(record: Record) -> np.ndarray | None:
    value = record.data.get("coordinates")
    if value is None:
        return None
    path = f"{record.path}coordinates"
    length = len(_list(value.get("re") if isinstance(value, dict) else None, f"{path}.re"))
    return _complex_vector(value, path, length)


def _stratum_and_pattern(record: Record, architecture: Architecture) -> tuple[Pattern, Pattern | None]:
    """The stratum of a point, and the root pattern of its filter if that is another one."""
    pattern = pattern_from_json(record, architecture)
    if "stratum" not in record.data:
        return pattern, None
    return _pattern(record.get("stratum"), f"{record.path}stratum", architecture), pattern


def pattern_from_json(record: Record, architecture: Architecture) -> Pattern:
    return _pattern(record.get("pattern"), f"{record.path}pattern", architecture)


def _pattern(value: object, path: str, architecture: Architecture) -> Pattern:
    totals = architecture.pattern_totals
    well_formed = isinstance(value, list) and len(value) == len(totals)
    for partition, total in zip(_list(value, path), totals, strict=True) if well_formed else ():
        well_formed = (
            well_formed
            and isinstance(partition, list)
            and all(isinstance(part, int) and not isinstance(part, bool) and part > 0 for part in partition)
            and sorted(partition, reverse=True) == partition
            and sum(partition) == total
        )
    if not well_formed:
        numbers = ", ".join(map(str, totals))
        raise InputError(f"{path}: {shown(value)}; expected partitions of {numbers}, parts decreasing")
    assert isinstance(value, list)
    return tuple(tuple(partition) for partition in value)


def _layer_from_json(value: object, length: int, real: bool, path: str) -> np.ndarray:
    return _vector(value, path, length) if real else _complex_vector(value, path, length)


def _complex_vector(value: object, path: str, length: int) -> np.ndarray:
    if not isinstance(value, dict):
        raise InputError(f"{path}: {shown(value)} is not an object; expected {{re, im}}")
    vector = np.empty(length, dtype=np.complex128)
    vector.real = _vector(value.get("re"), f"{path}.re", length)
    vector.imag = _vector(value.get("im"), f"{path}.im", length)
    return vector


def _complex_number(record: Record) -> complex:
    return complex(record.number("re"), record.number("im"))


def _vector(value: object, path: str, length: int) -> np.ndarray:
    items = _list(value, path, length)
    if all(type(item) is float and math.isfinite(item) for item in items):
        return np.array(items, dtype=np.float64)
    return np.array([_number(item, f"{path}[{i}]") for i, item in enumerate(items)], dtype=np.float64)


def _list(value: object, path: str, length: int | None = None) -> list[Any]:
    if not isinstance(value, list):
        raise InputError(f"{path}: {shown(value)} is not a list; expected a list")
    if length is not None and len(value) != length:
        raise InputError(f"{path}: {len(value)} entries; expected {length}")
    return value


def _texts(value: object, name: str) -> dict[str, str]:
    if not isinstance(value, dict):
        raise InputError(f"{name}: {shown(value)}; expected an object of texts")
    return {_text(key, name): _text(item, f"{name}.{key}") for key, item in value.items()}


def _text(value: object, path: str) -> str:
    """A short text without control characters, which terminals and pages would obey."""
    if not isinstance(value, str) or len(value) > LONGEST_TEXT or not value.isprintable():
        raise InputError(f"{path}: {shown(value)}; expected a text of at most {LONGEST_TEXT} printable characters")
    return value


def _time(value: object) -> str:
    """A time as `time_of_day` writes it, or an empty text."""
    text = _text(value, "solved")
    try:
        if text:
            datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ")
    except ValueError:
        raise InputError(f"solved: {shown(value)}; expected a time such as 2026-11-30T12:00:00Z") from None
    return text


def _integers(value: object, path: str) -> list[int]:
    for i, item in enumerate(_list(value, path)):
        if isinstance(item, bool) or not isinstance(item, int):
            raise InputError(f"{path}[{i}]: {shown(item)} is not an integer; expected integers")
    return _list(value, path)


def _number(value: object, path: str) -> float:
    try:
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
            return float(value)
    except OverflowError:
        pass
    raise InputError(f"{path}: {shown(value)} is not a finite number; expected a finite number")


@dataclass(frozen=True)
class Record:
    """A JSON object, read with checks; `path` says in messages where it stands in the file."""

    data: Mapping[str, Any]
    path: str

    def get(self, name: str) -> Any:
        if name not in self.data:
            raise InputError(f"{self.path}{name}: missing; every such file has an entry of this name")
        return self.data[name]

    def record(self, name: str) -> Record:
        return self._wrap(self.get(name), f"{self.path}{name}")

    def records(self, name: str, *, optional: bool = False) -> list[Record]:
        path = f"{self.path}{name}"
        items = self.data.get(name, []) if optional else self.get(name)
        return [self._wrap(item, f"{path}[{i}]") for i, item in enumerate(_list(items, path))]

    def boolean(self, name: str, default: bool | None = None) -> bool:
        value = self.get(name) if default is None else self.data.get(name, default)
        if not isinstance(value, bool):
            raise InputError(f"{self.path}{name}: {shown(value)}; expected true or false")
        return value

    def answer(self, name: str) -> bool | None:
        return None if self.get(name) is None else self.boolean(name)

    def integer(self, name: str, default: int | None = None) -> int:
        value = self.data.get(name, default) if default is not None else self.get(name)
        if not isinstance(value, int) or isinstance(value, bool):
            raise InputError(f"{self.path}{name}: {shown(value)} is not an integer; expected an integer")
        return value

    def number(self, name: str) -> float:
        return _number(self.get(name), f"{self.path}{name}")

    def optional_number(self, name: str) -> float | None:
        return None if self.get(name) is None else self.number(name)

    def string(self, name: str) -> str:
        return _text(self.get(name), f"{self.path}{name}")

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts, empty if there is no such entry."""
        path = f"{self.path}{name}"
        return tuple(_text(item, f"{path}[{i}]") for i, item in enumerate(_list(self.data.get(name, []), path)))

    def integers(self, name: str) -> tuple[int, ...]:
        """A list of integers."""
        return tuple(_integers(self.get(name), f"{self.path}{name}"))

    def vector(self, name: str, length: int) -> np.ndarray:
        """A list of numbers, as an array."""
        return _vector(self.get(name), f"{self.path}{name}", length)

    def statistics(self) -> Mapping[str, int]:
        statistics = self._wrap(self.data.get("statistics", {}), f"{self.path}statistics")
        return {_text(name, statistics.path): statistics.integer(name) for name in statistics.data}

    @staticmethod
    def _wrap(value: object, path: str) -> Record:
        if not isinstance(value, dict):
            raise InputError(f"{path}: {shown(value)} is not an object; expected a JSON object")
        return Record(value, f"{path}.")

"""The file of walls: JSON with both losses, all walls, and the critical points of every chamber.

Nobody vouches for a file that is read. The critical points of each chamber are checked as those of a file of a solve,
and have to be those of the data in its middle; branches are followed anew.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Protocol

import numpy as np

from ..errors import InputError
from ..files import check_is_path, content_digest, has_format, json_content, read_text, shown
from ..losses.squared_loss import SquaredLoss
from ..networks.architecture import Architecture
from ..results.json_file import data_to_json
from ..results.json_reader import Record, loss_from_json, parts_of_text, pattern_from_json
from ..results.result import CriticalPoints
from ..solving.solve import critical_points
from .certified_walls import with_checked_proofs
from .claimed_walls import check_walls
from .exact_walls import ExactLine
from .exchanges import exchanges
from .joining import COUNTED, differing_lists, joined_chambers, places_of, reason_of, written
from .kinds import questions
from .records import Chamber, Wall, WallStratum
from .segments import WALLS_OF_OTHERS, Segment
from .tolerances import WALLS
from .uncounted_escapes import uncounted_escapes

__all__ = ["FORMAT", "is_file_of_walls", "read_strata", "read_walls", "to_text"]

FORMAT = "homotopy-lcn/walls"
VERSION = 1
EXPECTED = "expected the whole file that walls wrote"
KINDS = ("fold", "pitchfork", "membership", "escape", "exchange")


class Contents(Protocol):
    """What a file holds: the fields of `Walls`."""

    @property
    def architecture(self) -> Architecture: ...
    @property
    def loss0(self) -> SquaredLoss: ...
    @property
    def loss1(self) -> SquaredLoss: ...
    @property
    def walls(self) -> tuple[Wall, ...]: ...
    @property
    def chambers(self) -> tuple[Chamber, ...]: ...
    @property
    def strata(self) -> tuple[WallStratum, ...]: ...
    @property
    def complete(self) -> bool: ...
    @property
    def contradictions(self) -> tuple[str, ...]: ...
    @property
    def edited(self) -> bool | None: ...


def to_text(found: Contents) -> str:
    """Walls as JSON; see `Walls.to_json`."""
    arch = found.architecture
    content = {
        "format": FORMAT,
        "version": VERSION,
        "architecture": {
            "filters": list(arch.filters),
            "strides": list(arch.strides),
            "filter_size": arch.filter_size,
        },
        "loss0": data_to_json(found.loss0),
        "loss1": data_to_json(found.loss1),
        "strata": _strata_to_json(found.strata),
        "complete": found.complete,
        **({"contradictions": list(found.contradictions)} if found.contradictions else {}),
        **({"edited": found.edited} if found.edited is not False else {}),
        "walls": [
            {
                "t": wall.t,
                "kind": wall.kind,
                "pattern": wall.pattern,
                "filter": wall.filter.tolist(),
                "loss": wall.loss,
                "certified": wall.certified,
                **({} if wall.multiplicity == 1 else {"multiplicity": wall.multiplicity}),
            }
            for wall in found.walls
        ],
        "chambers": [
            {**chamber.to_dict(), "result": json.loads(chamber.points.to_json() or "")} for chamber in found.chambers
        ],
    }
    content = {"format": FORMAT, "version": VERSION, "digest": content_digest(content), **content}
    lines = [f"{_dumps(key)}: {_dumps(value)}" for key, value in content.items() if key not in LISTS]
    lines += [f"{_dumps(key)}: {_one_per_line(content[key])}" for key in LISTS]
    return "{" + ",\n ".join(lines) + "}\n"


#: Lists of which each entry has a line of the file.
LISTS = ("strata", "walls", "chambers")


def _dumps(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _one_per_line(items: Any) -> str:
    return "[" + ",\n  ".join(_dumps(item) for item in items) + "]"


def _strata_to_json(strata: Sequence[WallStratum]) -> list[dict[str, object]]:
    """An entry for the folds of each stratum, that has the other kinds of its walls."""

    def account(row: WallStratum) -> dict[str, object]:
        return {
            "generic": row.generic,
            "found": row.found,
            "at_infinity": row.at_infinity,
            "escaped": row.escaped,
            "complete": row.complete,
        }

    return [
        {
            "pattern": row.pattern,
            **account(row),
            "others": [
                {"kind": other.kind, **account(other)}
                for other in strata
                if other.pattern == row.pattern and other.kind != "fold"
            ],
        }
        for row in strata
        if row.kind == "fold"
    ]


def is_file_of_walls(path: str | os.PathLike[str]) -> bool:
    """Whether a file says that it holds walls; pipes, which can be read once, and unreadable files do not."""
    return has_format(path, FORMAT)


def read_walls(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The fields of `Walls` from a file; see `Walls.from_json`."""
    check_is_path(path)
    try:
        return _fields(json_content(read_text(path, EXPECTED), EXPECTED))
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def _fields(data: object) -> dict[str, Any]:
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise InputError(f"not a file of walls; expected JSON with format {FORMAT!r}")
    if type(data.get("version")) is not int or data["version"] != VERSION:
        raise InputError(f"version: {shown(data.get('version'))} is not known; expected {VERSION}")
    stated = data.pop("digest", None)
    edited: bool | None = None if stated is None else stated != content_digest(data)
    record = Record(data, "")
    if edited is False and "edited" in data:
        edited = record.answer("edited")
    entries = record.records("chambers")
    if not entries:
        raise InputError("chambers: no entries; expected one at least")
    results = [_result(entry) for entry in entries]
    arch = _architecture(record, results)
    loss0, loss1 = (loss_from_json(record.record(name), arch) for name in ("loss0", "loss1"))
    segment = Segment.checked(arch, loss0, loss1)
    found = tuple(_wall(entry, segment) for entry in record.records("walls"))
    if any(a.t > b.t for a, b in pairwise(found)):
        raise InputError("walls: not in the order of t; expected them in this order")
    chambers = tuple(_chamber(entry, result) for entry, result in zip(entries, results, strict=True))
    strata = read_strata(record, segment)
    complete, contradictions = record.boolean("complete"), record.texts("contradictions")
    _check_chambers(segment, found, chambers, complete)
    solutions = check_walls(segment, found, chambers, complete)
    _check_account(segment, strata, found, contradictions)
    found, chambers = with_checked_proofs(segment, found, chambers, solutions)
    if complete and (contradictions or not all(row.complete for row in strata)):
        raise InputError("complete: true; expected false, as not all walls are accounted for")
    if not complete and not contradictions:
        raise InputError("contradictions: none; expected the reasons why complete is false")
    return {
        "architecture": arch, "loss0": loss0, "loss1": loss1, "walls": found, "chambers": chambers, "strata": strata,
        "complete": complete, "contradictions": contradictions, "edited": edited,
    }  # fmt: skip


def _result(entry: Record) -> CriticalPoints:
    """The critical points in the middle of a chamber."""
    inner = entry.record("result")
    try:
        return CriticalPoints.of_parts(parts_of_text(_dumps(inner.data)))
    except InputError as error:
        raise InputError(f"{inner.path[:-1]}: {error}") from None


def _architecture(record: Record, results: Sequence[CriticalPoints]) -> Architecture:
    """The network, which all chambers name."""
    arch = results[0].architecture
    arch.check_ordinary(WALLS_OF_OTHERS)
    for i, result in enumerate(results):
        if result.architecture != arch:
            raise InputError(f"chambers[{i}].result.architecture: another network; expected that of chambers[0]")
    stated = record.record("architecture").data
    known = {"filters": list(arch.filters), "strides": list(arch.strides), "filter_size": arch.filter_size}
    for name, value in known.items():
        if stated.get(name) != value:
            raise InputError(
                f"architecture.{name}: {shown(stated.get(name))}; expected {shown(value)}, by the chambers"
            )
    return arch


def _wall(entry: Record, segment: Segment) -> Wall:
    t, kind = entry.number("t"), entry.string("kind")
    if not 0 <= t <= 1:
        raise InputError(f"{entry.path}t: {t!r}; expected a number from 0 to 1")
    if kind not in KINDS:
        raise InputError(f"{entry.path}kind: {shown(kind)} is unknown; expected one of {', '.join(KINDS)}")
    w, certified = entry.vector("filter", segment.arch.filter_size), entry.answer("certified")
    if certified is False:
        raise InputError(f"{entry.path}certified: false; expected true or null")
    stated, loss = entry.number("loss"), float(segment.loss(t)(w))
    if not abs(stated - loss) <= WALLS.joined * (1 + abs(loss)):
        raise InputError(f"{entry.path}loss: {stated!r}; expected {loss!r}, by the filter")
    multiplicity = entry.integer("multiplicity") if "multiplicity" in entry.data else 1
    if multiplicity < 1:
        raise InputError(f"{entry.path}multiplicity: {multiplicity}; expected an integer of at least 1")
    return Wall(t, kind, pattern_from_json(entry, segment.arch), w, stated, certified, multiplicity)


def _chamber(entry: Record, points: CriticalPoints) -> Chamber:
    certified = entry.answer("certified") if "certified" in entry.data else None
    at = entry.number("at") if "at" in entry.data else None
    chamber = Chamber(entry.number("from"), entry.number("to"), points, entry.integers("branches"), certified, at)
    if not chamber.start < chamber.middle < chamber.end:
        raise InputError(f"{entry.path}at: {at!r}; expected a number between the ends of the chamber")
    if len(chamber.branches) != len(points.real) or len(set(chamber.branches)) != len(chamber.branches):
        raise InputError(f"{entry.path}branches: expected {len(points.real)} different numbers, one for a real point")
    if min(chamber.branches, default=0) < 0:
        raise InputError(f"{entry.path}branches: {min(chamber.branches)}; expected numbers that are not negative")
    for name, value in chamber.to_dict().items():
        if _dumps(entry.get(name)) != _dumps(value):
            raise InputError(f"{entry.path}{name}: {shown(entry.data.get(name))}; expected {shown(value)}")
    return chamber


def read_strata(record: Record, segment: Segment) -> tuple[WallStratum, ...]:
    """The account of all kinds, each of which has its known number."""
    stated: dict[tuple[object, str], list[Record]] = {}
    for entry in record.records("strata"):
        pattern = pattern_from_json(entry, segment.arch)
        for kind, one in [("fold", entry), *((other.string("kind"), other) for other in entry.records("others"))]:
            stated.setdefault((pattern, kind), []).append(one)
    result = []
    for question in questions(segment.arch):
        key = (question.pattern, question.kind)
        if not stated.get(key):
            raise InputError(f"strata: no account of the kind {question.kind}; expected one of each stratum")
        one = stated[key].pop(0)  # A stratum can have several accounts of pitchforks, for different pairs of roots.
        line = segment.line(question.embedding(segment.arch))
        generic = question.condition.count(line.motion) if any(line.motion) else 0
        row = WallStratum(
            question.pattern, question.kind, one.integer("generic"), one.integer("found"), one.integer("at_infinity"),
            one.integer("escaped"), one.boolean("complete"),
        )  # fmt: skip
        if row.generic != generic:
            raise InputError(f"{one.path}generic: {row.generic}; expected {generic}, the exact count")
        if min(row.found - row.at_infinity, row.at_infinity, row.escaped) < 0:
            raise InputError(f"{one.path}found: {row.found}; expected numbers that are not negative")
        missing = generic - row.found - row.escaped
        if missing < 0:
            raise InputError(
                f"{one.path}found: {row.found}, and {row.escaped} escaped; expected {generic} together at most"
            )
        if row.complete and missing:
            raise InputError(f"{one.path}complete: true; expected false, as {missing} are missing")
        if not row.complete and not missing:
            raise InputError(f"{one.path}complete: false; expected true, as none is missing")
        result.append(row)
    left = [one for rest in stated.values() for one in rest]
    if left:
        raise InputError(
            f"{left[0].path}kind: the stratum has no such walls, or fewer accounts of them; expected these"
        )
    return tuple(result)


def _check_account(
    segment: Segment, strata: Sequence[WallStratum], found: Sequence[Wall], contradictions: Sequence[str]
) -> None:
    """Raise InputError if more walls of a kind are listed than are found, or the reasons name other numbers."""
    for pattern, kind in dict.fromkeys((row.pattern, row.kind) for row in strata):
        rows = [row for row in strata if (row.pattern, row.kind) == (pattern, kind)]
        listed = [wall for wall in found if (wall.pattern, wall.kind) == (pattern, kind)]
        if kind == "escape" and not any(row.generic for row in rows):
            continue  # Special data have some; each is checked by itself.
        if kind == "escape" and segment.zero is not None:
            # One wall of each stratum is that of all its critical filters, where b is zero, and is not counted.
            listed = listed[1:]
        finite, number = sum(row.found - row.at_infinity for row in rows), sum(wall.multiplicity for wall in listed)
        if number > finite:
            raise InputError(
                f"strata: {finite} finite walls of the kind {kind} of the stratum {written(pattern)}; "
                f"expected {number} at least, as so many are listed"
            )
    reasons = {reason for reason in contradictions if COUNTED in reason}
    known = {reason_of(row) for row in strata if not row.complete}
    if reasons != known:
        raise InputError(
            f"contradictions: {shown(next(iter(reasons ^ known)))} is not in both these reasons and the account of "
            "strata; expected the same numbers in both"
        )


def _check_chambers(segment: Segment, found: Sequence[Wall], chambers: Sequence[Chamber], complete: bool) -> None:
    """Raise InputError if the chambers are not those between the walls, or their points not those of their data."""
    places = [0.0, *(t for t in places_of(found) if WALLS.together < t < 1 - WALLS.together), 1.0]
    ends = [(chamber.start, chamber.end) for chamber in chambers]
    if ends != list(pairwise(places)):
        raise InputError("chambers: not the intervals between the walls; expected these, from 0 to 1")
    known: dict[float, CriticalPoints] = {}
    for i, chamber in enumerate(chambers):
        if not _is_mean(chamber.points.loss, segment, chamber.middle):
            raise InputError(
                f"chambers[{i}].result.loss: not that in the middle of the chamber; expected the mean of the data there"
            )
        known[chamber.middle] = chamber.points
    if not complete:
        return
    joined, problems = joined_chambers(segment, found, known.__getitem__, [chamber.middle for chamber in chambers])
    problems += differing_lists(chambers, lambda t: critical_points(segment.arch, segment.loss(t)))
    if problems:
        raise InputError(f"complete: true; expected false: {problems[0]}")
    known_exchanges = [wall.t for wall in found if wall.kind == "exchange"]
    for number in range(len(chambers)):
        for wall in exchanges(segment, found, chambers, number).walls:
            if all(abs(wall.t - t) > WALLS.moved for t in known_exchanges):
                raise InputError(f"walls: no exchange at t = {wall.t!r}; expected one there")
    passages = uncounted_escapes(segment, chambers, ExactLine.of(segment))
    known_passages = [(wall.pattern, wall.t) for wall in found if wall.kind == "escape"]
    for wall in passages.walls:
        if all(wall.pattern != pattern or abs(wall.t - t) > WALLS.moved for pattern, t in known_passages):
            raise InputError(f"walls: no escape at t = {wall.t!r}; expected one there")
    if passages.problems:
        raise InputError(f"complete: true; expected false: {passages.problems[0]}")
    for i, (stated, chamber) in enumerate(zip(chambers, joined, strict=True)):
        if stated.branches != chamber.branches:
            raise InputError(f"chambers[{i}].branches: {shown(stated.branches)}; expected {shown(chamber.branches)}")


def _is_mean(loss: SquaredLoss, segment: Segment, t: float) -> bool:
    """Whether a loss is that of the segment at t but for rounding."""
    mean = segment.loss(t)
    for name in ("gram", "b", "constant"):
        stated, known, *ends = (np.asarray(getattr(one, name)) for one in (loss, mean, segment.start, segment.end))
        size = max(float(np.abs(end).max()) for end in ends)
        if not float(np.abs(stated - known).max()) <= WALLS.rounding * size:
            return False
    return True

"""The entries of a certificate: which there are, of what type and size, and how they are read.

Nobody vouches for a file. An entry that is missing, unknown, or of another type or size is named in one line, with what
stands there and what is expected. What the entries claim is checked by `certificate_file`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import InputError
from ..files import shown
from ..networks.patterns import Pattern
from ..networks.strata import Stratum
from ._flint import acb, working_precision
from .exact_numbers import METHODS
from .krawczyk_in_balls import LARGEST_EXPONENT, Ball, Box, read_dyadic
from .tolerances import CERTIFICATION

__all__ = [
    "CERTIFICATE",
    "CONJUGATE",
    "POINT",
    "check_entries",
    "check_statement",
    "check_types",
    "listed",
    "read_box",
    "read_claimed_loss",
    "read_pattern",
]

#: The entries of a certificate, and which of them it must have.
CERTIFICATE = {
    "format": True,
    "version": True,
    "digest": True,
    "software": True,
    "architecture": True,
    "loss": True,
    "source": False,
    "statement": True,
    "points": True,
}
#: The entries of its objects.
OBJECTS = {
    "architecture": {"filters": False, "supports": False, "strides": True},
    "loss": {"gram": True, "b": True, "constant": True},
    "statement": {
        "strata": True,
        "complete": True,
        "distinct": True,
        "global_minimum": True,
        "ordered": True,
        "in_parameters": False,
        "method": False,
    },
}
#: The entries of a point with a box.
POINT = {
    "pattern": True,
    "space": False,
    "chart": True,
    "middle": True,
    "radii": True,
    "precision": True,
    "claims": True,
}
#: The entries of a point that is the conjugate of another one.
CONJUGATE = {"conjugate_of": True}
#: The entries of a row of the statement.
ROW = {"pattern": True, "generic": True, "proved": True, "exact": False}
#: Claims that are true, false or null.
ANSWERS = ("real", "in_function_space", "attained", "interior", "smooth", "exact_pattern")
CLAIMS = dict.fromkeys((*ANSWERS, "indices", "loss", "loss_radius"), True)
#: A number as it stands in a certificate.
DYADIC = f"a text 'm*2^e', e an integer up to {LARGEST_EXPONENT}"


def check_types(content: Mapping[str, Any]) -> None:
    """Check the entries of a certificate and of its objects, and the types of those that are neither data nor boxes."""
    check_entries(content, CERTIFICATE, "")
    for name, entries in OBJECTS.items():
        check_entries(content[name], entries, f"{name}.")
    for name in ("digest", "software"):
        _text(content[name], name)
    listed(content["loss"]["gram"], "loss.gram")
    listed(content["statement"]["strata"], "statement.strata")
    listed(content["points"], "points")


def check_entries(item: object, entries: Mapping[str, bool], path: str) -> dict[str, Any]:
    """The item as an object with these entries.

    Raise InputError for an entry that is missing, or that no certificate has: nobody knows what it would claim.
    """
    if not isinstance(item, dict):
        raise InputError(f"{path.rstrip('.')}: {shown(item)}; expected an object with {', '.join(entries)}")
    for name in item:
        if name not in entries:
            raise InputError(f"{path}{shown(name)[1:-1]}: unknown; expected {', '.join(entries)} alone")
    for name, needed in entries.items():
        if needed and name not in item:
            raise InputError(f"{path}{name}: missing; every certificate has an entry of this name")
    return item


def check_statement(statement: Mapping[str, Any]) -> None:
    """Check the types of the statement on all points."""
    for i, row in enumerate(statement["strata"]):
        place = f"statement.strata[{i}]."
        check_entries(row, ROW, place)
        _text(row["pattern"], f"{place}pattern")
        for name in ("generic", "proved"):
            _integer(row[name], f"{place}{name}")
        _integer(row.get("exact", 0), f"{place}exact")
    for name in ("complete", "distinct", "ordered"):
        _answer(statement[name], f"statement.{name}", "true or false")
    if statement["global_minimum"] is not None:
        _integer(statement["global_minimum"], "statement.global_minimum", expected="the number of a point, or null")
    _integer(statement.get("in_parameters", 0), "statement.in_parameters")
    if (method := statement.get("method", METHODS[0])) not in METHODS:
        raise InputError(f"statement.method: {shown(method)}; expected one of {', '.join(map(repr, METHODS))}")


def read_pattern(value: object, degrees: tuple[int, ...], path: str) -> Pattern:
    """The root pattern of a stratum, as a certificate holds it."""
    found: list[tuple[int, ...]] = []
    for partition in value if isinstance(value, list) else ():
        parts = partition if isinstance(partition, list) else [0]
        found.append(tuple(part if type(part) is int and part > 0 else 0 for part in parts))
    if not isinstance(value, list) or tuple(map(sum, found)) != degrees or any(0 in parts for parts in found):
        raise InputError(f"{path}: {shown(value)}; expected a list of partitions of {degrees}")
    return tuple(found)


def read_box(item: Mapping[str, Any], stratum: Stratum, path: str) -> Box:
    """The box of a point in the coordinates of a stratum."""
    n = stratum.dimension
    precision = _integer(item["precision"], f"{path}precision", 2, CERTIFICATION.most_bits)
    charts = listed(item["chart"], f"{path}chart", len(stratum.factors))
    chart = tuple(
        _integer(one, f"{path}chart[{i}]", 0, factor.degree)
        for i, (one, factor) in enumerate(zip(charts, stratum.factors, strict=True))
    )
    middle, radii = listed(item["middle"], f"{path}middle", n), listed(item["radii"], f"{path}radii", n)
    if n**3 * precision > CERTIFICATION.most_box_work:
        raise InputError(f"{path}precision: {precision} bits for {n} unknowns; expected less")
    with working_precision(precision):
        return Box(
            chart,
            tuple(acb(*_pair(value, f"{path}middle[{i}]")) for i, value in enumerate(middle)),
            tuple(_number(value, f"{path}radii[{i}]") for i, value in enumerate(radii)),
            precision,
        )


def read_claimed_loss(item: object, path: str) -> tuple[Ball, Ball, Ball]:
    """Real part, imaginary part and radius of the loss that is claimed; all other claims have the right type."""
    claims = check_entries(item, CLAIMS, path)
    for name in ANSWERS:
        if claims[name] is not None:
            _answer(claims[name], f"{path}{name}", "true, false or null")
    if claims["indices"] is not None:
        for i, index in enumerate(listed(claims["indices"], f"{path}indices")):
            if index is not None:
                _integer(index, f"{path}indices[{i}]", expected="an integer, at least 0, or null")
    return (*_pair(claims["loss"], f"{path}loss"), _number(claims["loss_radius"], f"{path}loss_radius"))


def listed(value: object, path: str, length: int | None = None) -> list[Any]:
    """A list, of a given length if one is given."""
    if not isinstance(value, list):
        raise InputError(f"{path}: {shown(value)}; expected a list")
    if length is not None and len(value) != length:
        raise InputError(f"{path}: {len(value)} entries; expected {length}")
    return value


def _pair(value: object, path: str) -> tuple[Ball, Ball]:
    re, im = listed(value, path, 2)
    return _number(re, f"{path}[0]"), _number(im, f"{path}[1]")


def _number(value: object, path: str) -> Ball:
    try:
        if isinstance(value, str):
            return read_dyadic(value)
    except ValueError:
        pass
    raise InputError(f"{path}: {shown(value)}; expected {DYADIC}")


def _integer(value: object, path: str, least: int = 0, most: int | None = None, expected: str = "") -> int:
    if type(value) is int and least <= value and (most is None or value <= most):
        return value
    limits = f"at least {least}" if most is None else f"from {least} to {most}"
    raise InputError(f"{path}: {shown(value)}; expected {expected or f'an integer, {limits}'}")


def _answer(value: object, path: str, expected: str) -> None:
    if not isinstance(value, bool):
        raise InputError(f"{path}: {shown(value)}; expected {expected}")


def _text(value: object, path: str) -> None:
    if not isinstance(value, str):
        raise InputError(f"{path}: {shown(value)}; expected a text")

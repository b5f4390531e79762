"""The file of a certificate, and its check.

A certificate holds the data as exact rational numbers. For every point it holds the box around the point (chart,
middle, radii, working precision; dyadic numbers ``"m*2^e"``) and the claims on the point, or the number of the point
whose conjugate it is. A point that was proved in the parameter space says so, and its box holds parameters. In the end
there is the statement on all points together. `check` trusts neither the claims nor the arithmetic in doubles by which
most boxes were found: it computes Krawczyk's test anew from data and boxes, in ball arithmetic, draws all conclusions
again, and compares the conclusions with the claims. A digest over the whole content is compared first. The digest also
finds changes that leave every claim true, such as another last digit in the middle of a box.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import InputError
from ..files import read_text
from ..losses.exact_data import ExactData
from ..networks.architecture import Architecture
from ..networks.patterns import Pattern, format_pattern
from ..networks.strata import Stratum
from ..rationals import fraction_text
from ..version import __version__
from ._flint import acb, arb, in_standard_precision, working_precision
from .certificates import Certificate
from .completeness import ProvedPoints, Statement, state
from .conclusions import Claims, stratum_of
from .disc_arithmetic import Complex, Real
from .krawczyk_in_balls import BallEquations, Box, dyadic, read_dyadic
from .point_proofs import NotReal, Proof, ProvedPoint, Search, in_processes
from .tolerances import CERTIFICATION

__all__ = ["Check", "check", "to_text"]

FORMAT = "homotopy-lcn/certificate"
VERSION = 1
#: The space of a box that holds parameters; other boxes hold coordinates of a stratum.
PARAMETERS = "parameters"


@dataclass(frozen=True)
class Check:
    """The outcome of a check.

    Attributes
    ----------
    architecture : Architecture
    points : int
        Number of points in the file.
    failures : tuple of str
        For each part that could not be verified, a sentence; empty if everything in the file is proved.
    statement : Statement or None
        The statement on all points together, computed anew; None if there are failures.
    least_loss : str or None
        Enclosure of the proved global minimum of the loss.
    """

    architecture: Architecture
    points: int
    failures: tuple[str, ...]
    statement: Statement | None
    least_loss: str | None = None


@in_standard_precision
def to_text(certificate: Certificate) -> str:
    """Write a certificate as JSON text, one point a line."""
    data = certificate.data
    mirrors = certificate.points.mirrors
    points = [
        _point_to_json(certificate.points[position]) if mirror is None else {"conjugate_of": mirror}
        for position, mirror in enumerate(mirrors)
    ]
    content = {
        "format": FORMAT,
        "version": VERSION,
        "software": f"homotopy-lcn {__version__}",
        "architecture": {
            "filters": list(certificate.architecture.filters),
            "strides": list(certificate.architecture.strides),
        },
        "loss": {
            "gram": [[fraction_text(value) for value in row] for row in data.gram],
            "b": [fraction_text(value) for value in data.b],
            "constant": fraction_text(data.constant),
        },
        "statement": _statement_to_json(certificate.statement),
        "points": points,
    }
    lines = [f'"digest": "{_digest(content)}"']
    lines += [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in content.items() if key != "points"]
    lines.append('"points": [' + ",\n  ".join(json.dumps(item) for item in points) + "]")
    return "{" + ",\n ".join(lines) + "}\n"


def check(path: str, *, jobs: int = 1) -> Check:
    """Verify the certificate in a file, from its data and boxes alone.

    Parameters
    ----------
    path : str
    jobs : int
        Number of processes, where there are enough points.

    Raises
    ------
    InputError
        If the file cannot be read as a certificate.
    """
    try:
        text = read_text(path)
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot read ({error}); expected a file of certify") from None
    try:
        return check_text(text, jobs=jobs)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


@in_standard_precision
def check_text(text: str, *, jobs: int = 1) -> Check:
    """As `check`, from the content of the file."""
    try:
        content = json.loads(text, object_pairs_hook=_without_repeated_keys)
    except InputError:
        raise
    except (ValueError, RecursionError):
        raise InputError("not whole JSON; expected the whole file that certify wrote") from None
    if not isinstance(content, dict) or not _same([content.get("format"), content.get("version")], [FORMAT, VERSION]):
        raise InputError(f"not a certificate; expected JSON with format {FORMAT!r} and version {VERSION}")
    try:
        arch = Architecture(content["architecture"]["filters"], content["architecture"]["strides"])
        stated_digest = content.pop("digest")
        data = _data_from_json(content["loss"], arch.filter_size)
        items = list(content["points"])
        failures = [] if stated_digest == _digest(content) else ["the digest does not fit: the file was changed"]
        points = _verify_points(arch, data, items, failures, jobs)
        statement = None
        if not failures:
            statement = state(arch, data, points)
            if not _same(_statement_to_json(statement), content["statement"]):
                failures.append("the statement on all points does not follow")
                statement = None
    except InputError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError) as error:
        raise InputError(f"malformed ({type(error).__name__}: {error}); expected a file of certify") from None
    least = None
    if statement is not None and statement.global_minimum is not None:
        least = str(points[statement.global_minimum].claims.loss.real)
    return Check(arch, len(items), tuple(failures), statement, least)


def _without_repeated_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON without repeated keys: readers disagree on which of two values of one key counts."""
    result = dict(pairs)
    if len(result) < len(pairs):
        keys = [key for key, _ in pairs]
        raise InputError(f"{next(key for key in keys if keys.count(key) > 1)!r} is given twice; expected it once")
    return result


def _same(left: object, right: object) -> bool:
    """Equal in value and type: ``True == 1 == 1.0`` for Python, not in a file."""
    return json.dumps(left, sort_keys=True) == json.dumps(right, sort_keys=True)


def _data_from_json(item: Mapping[str, Any], size: int) -> ExactData:
    try:
        data = ExactData.of(item["gram"], item["b"], item["constant"])
    except InputError as error:
        raise InputError(f"loss.{error}") from None
    if len(data.b) != size:
        raise InputError(f"loss: of {len(data.b)} coefficients; expected {size}, the filter size")
    return data


@dataclass(frozen=True)
class Verified(NotReal):
    """The part of a verified point that is not real which `completeness.state` needs."""

    pattern: Pattern
    exact_pattern: bool
    middles: list[complex]
    radii: list[float]
    in_parameters: bool = False

    @property
    def in_doubles(self) -> bool:
        return False

    @property
    def enclosure(self) -> tuple[Complex, Real]:
        return np.array(self.middles), np.array(self.radii)

    @property
    def whole(self) -> ProvedPoint:
        raise LookupError("a verified point that is not real is kept without its box")


def _verify_points(
    arch: Architecture, data: ExactData, items: Sequence[Mapping[str, Any]], failures: list[str], jobs: int
) -> ProvedPoints:
    """The points of the file if all are proved; otherwise the reasons are added to ``failures``."""
    degrees = tuple(block.degree for block in arch.blocks)
    leaders: list[tuple[int, Mapping[str, Any]]] = []
    for position, item in enumerate(items):
        leader = item.get("conjugate_of")
        if leader is None:
            pattern = tuple(tuple(partition) for partition in item["pattern"])
            parts = [part for partition in pattern for part in partition]
            if any(type(part) is not int or part < 1 for part in parts) or tuple(map(sum, pattern)) != degrees:
                raise InputError(f"points[{position}].pattern: {item['pattern']!r}; expected partitions of {degrees}")
            leaders.append((position, item))
        elif type(leader) is not int or not 0 <= leader < position or items[leader].get("conjugate_of") is not None:
            raise InputError(
                f"points[{position}].conjugate_of: {leader!r}; expected the number of an earlier point with a box"
            )
    found = in_processes(_verify_some, (arch, data), leaders, (), jobs)
    failures += [failure for failure in found if isinstance(failure, str)]
    if failures:
        return ProvedPoints([], [], arch.filter_size)
    by_position = dict(zip((position for position, _ in leaders), found, strict=True))
    mirrors = [item.get("conjugate_of") for item in items]
    proofs = [by_position[i if mirror is None else mirror] for i, mirror in enumerate(mirrors)]
    return ProvedPoints(proofs, mirrors, arch.filter_size)


def _verify_some(
    arch: Architecture, data: ExactData, items: Sequence[tuple[int, Mapping[str, Any]]]
) -> list[Proof | str | None]:
    """The proved points. In place of the first point that fails stands the reason; later points are skipped."""
    by_space: dict[tuple[Pattern, bool], BallEquations] = {}
    result: list[Proof | str | None] = []
    for position, item in items:
        pattern = tuple(tuple(int(part) for part in partition) for partition in item["pattern"])
        space = pattern, _in_parameters(item, position)
        if space not in by_space:
            stratum = Stratum.of_layers(arch) if space[1] else stratum_of(arch, pattern)
            by_space[space] = BallEquations(stratum, data)
        point = _verify(Search(arch, by_space[space], *space), item, position)
        if isinstance(point, str):
            return [*result, point, *[None] * (len(items) - len(result) - 1)]
        if point.real is False and point.precision <= CERTIFICATION.first_precision:
            middles, radii = point.enclosure
            kept = pattern, point.exact_pattern, middles.tolist(), radii.tolist(), point.in_parameters
            result.append(Verified(*kept))
        else:
            result.append(point)
    return result


def _in_parameters(item: Mapping[str, Any], position: int) -> bool:
    """Whether the box holds parameters, and not coordinates of the stratum."""
    space = item.get("space")
    if space not in (None, PARAMETERS):
        raise InputError(f"points[{position}].space: {space!r}; expected {PARAMETERS!r}, or no such entry")
    return space is not None


def _verify(search: Search, item: Mapping[str, Any], position: int) -> ProvedPoint | str:
    """The proved point, or the reason why the proof fails.

    A box that was found in doubles, with discs, may be too tight for balls with as many bits, which are rectangles. So
    a test that fails is tried again with more bits.
    """
    box = _read_box(item, search.equations, position)
    failure = ""
    for precision in (box.precision, 2 * box.precision, 4 * box.precision):
        with working_precision(precision):
            solution = search.equations.prove(box)
            if solution is None:
                failure = failure or f"point {position}: Krawczyk's test fails"
                continue
            point = search.point(box, solution)
            if _follows(item["claims"], point.claims):
                return point
            failure = f"point {position}: the claims do not follow"
    return failure


def _read_box(item: Mapping[str, Any], equations: BallEquations, position: int) -> Box:
    precision, chart = item["precision"], item["chart"]
    n = equations.stratum.dimension
    valid = isinstance(precision, int) and not isinstance(precision, bool) and 2 <= precision <= CERTIFICATION.most_bits
    valid = valid and len(item["middle"]) == len(item["radii"]) == n
    valid = valid and len(chart) == len(equations.stratum.factors)
    valid = valid and all(
        isinstance(one, int) and 0 <= one <= factor.degree
        for one, factor in zip(chart, equations.stratum.factors, strict=True)
    )
    if not valid:
        raise InputError(f"points[{position}]: not a box; expected chart, middle, radii and precision of {n} unknowns")
    with working_precision(precision):
        middle = tuple(acb(read_dyadic(re), read_dyadic(im)) for re, im in item["middle"])
        radii = tuple(read_dyadic(radius) for radius in item["radii"])
    return Box(tuple(chart), middle, radii, precision)


def _follows(stated: Mapping[str, Any], proved: Claims) -> bool:
    """Whether the stated answers are the proved answers, and the stated enclosure of the loss holds the proved one."""
    loss = dict(stated)
    if not all(_same(loss.pop(key), value) for key, value in proved.answers.items()):
        return False
    (re, im), radius = loss.pop("loss"), read_dyadic(loss.pop("loss_radius"))
    claimed = acb(arb(read_dyadic(re)) + arb(0, radius), arb(read_dyadic(im)) + arb(0, radius))
    return not loss and claimed.contains(proved.loss)


def _point_to_json(point: ProvedPoint) -> dict[str, Any]:
    box = point.box
    with working_precision(box.precision):
        loss = point.claims.loss
        return {
            "pattern": [list(partition) for partition in point.pattern],
            **({"space": PARAMETERS} if point.in_parameters else {}),
            "chart": list(box.chart),
            "middle": [[dyadic(x.real), dyadic(x.imag)] for x in box.middle],
            "radii": [dyadic(radius) for radius in box.radii],
            "precision": box.precision,
            "claims": {
                **point.claims.answers,
                "loss": [dyadic(loss.real.mid()), dyadic(loss.imag.mid())],
                "loss_radius": dyadic(point.claims.loss_radius),
            },
        }


def _statement_to_json(statement: Statement) -> dict[str, Any]:
    return {
        "strata": [
            {"pattern": format_pattern(row.pattern), "generic": row.generic, "proved": row.proved}
            for row in statement.strata
        ],
        "complete": statement.complete,
        "distinct": statement.distinct,
        "global_minimum": statement.global_minimum,
        "ordered": statement.ordered,
    } | ({"in_parameters": statement.in_parameters} if statement.in_parameters else {})


def _digest(content: Mapping[str, Any]) -> str:
    """SHA-256 of the content as JSON without spaces, keys sorted, put together piece by piece to save memory."""
    digest = hashlib.sha256()
    compact = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode
    for i, (key, value) in enumerate(sorted(content.items())):
        digest.update(f"{',' if i else '{'}{compact(key)}:".encode())
        if key == "points":
            for k, item in enumerate(value):
                digest.update(f"{',' if k else '['}{compact(item)}".encode())
            digest.update(b"]" if value else b"[]")
        else:
            digest.update(compact(value).encode())
    digest.update(b"}")
    return digest.hexdigest()

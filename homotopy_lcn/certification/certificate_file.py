"""The file of a certificate, and its check.

A certificate holds the data as exact rational numbers. For every point it holds the box around the point (chart,
middle, radii, working precision; dyadic numbers ``"m*2^e"``) and the claims on the point, or the number of the point
whose conjugate it is. A point that was proved in the parameter space says so, and its box holds parameters. In the end
there is the statement on all points together. `check` does not trust the claims: it computes Krawczyk's test anew from
data and boxes, in discs with rigorous bounds of all errors (`boxes_in_discs`) or in ball arithmetic, draws all
conclusions again, and compares the conclusions with the claims. A digest over the whole content is compared first. The
digest also finds changes that leave every claim true, such as another last digit in the middle of a box.

Nobody vouches for a file, so the work of a check is bounded before it begins: the strata of the architecture are
counted only if the file lists them all, exact numbers have a bounded length, and boxes a bounded precision.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..counting.groebner_programs import INSTALL
from ..errors import InputError
from ..files import content_digest, json_content, read_text, shown, without_collection
from ..losses.exact_data import ExactData
from ..losses.exact_elimination import check_elimination
from ..networks.architecture import Architecture
from ..networks.counts import generic_count
from ..networks.patterns import Pattern, format_pattern
from ..networks.strata import Stratum
from ..networks.support_networks import SupportNetwork
from ..networks.untrusted import check_number_of_strata, untrusted_architecture
from ..rationals import fraction_text
from ..version import __version__
from ._flint import acb, arb, in_standard_precision, working_precision
from .boxes_in_discs import verified_in_discs
from .certificate_entries import (
    CONJUGATE,
    POINT,
    check_entries,
    check_statement,
    check_types,
    read_box,
    read_claimed_loss,
    read_pattern,
)
from .certificates import SOURCES, Certificate
from .checks import Check
from .completeness import ProvedPoints, Statement, state
from .conclusions import Claims, stratum_of
from .disc_arithmetic import Complex, Real
from .exact_numbers import MODULAR
from .krawczyk_in_balls import Ball, BallEquations
from .lines_of_points import PARAMETERS, compact, encoded_points
from .point_proofs import NotReal, Proof, ProvedPoint, Search, in_processes
from .tolerances import CERTIFICATION

__all__ = ["Check", "check", "check_text", "checked_points", "to_text"]

FORMAT = "homotopy-lcn/certificate"
VERSION = 1
#: The failure of a check that cannot compute the number which a certificate is complete by.
NOT_CONFIRMED = (
    "the number of points modulo primes, by which the list is said to be complete, could not be confirmed in "
    f"{CERTIFICATION.seconds_for_groebner:g} s; a check needs {INSTALL}"
)
EXPECTED = "expected the whole file that certify wrote"


@without_collection()
@in_standard_precision
def to_text(certificate: Certificate) -> str:
    """Write a certificate as JSON text, one point a line."""
    data = certificate.data
    content = {
        "format": FORMAT,
        "version": VERSION,
        "software": f"homotopy-lcn {__version__}",
        "architecture": _architecture_to_json(certificate.architecture),
        "loss": {
            "gram": [[fraction_text(value) for value in row] for row in data.gram],
            "b": [fraction_text(value) for value in data.b],
            "constant": fraction_text(data.constant),
        },
        "source": certificate.source,
        "statement": _statement_to_json(certificate.statement),
    }
    lines = [f'"digest": "{content_digest(content, points=encoded_points(certificate.points, compact))}"']
    lines += [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in content.items()]
    lines.append('"points": [' + ",\n  ".join(encoded_points(certificate.points, json.dumps)) + "]")
    return "{" + ",\n ".join(lines) + "}\n"


def _architecture_to_json(arch: Architecture) -> dict[str, object]:
    names = ("filters", "supports", "strides")
    return {name: value for name, value in arch.to_dict().items() if name in names}


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
        return check_text(read_text(path, EXPECTED), jobs=jobs)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


@in_standard_precision
def check_text(text: str, *, jobs: int = 1) -> Check:
    """As `check`, from the content of the file."""
    return _checked_text(text, jobs, whole=False)[0]


@in_standard_precision
def checked_points(text: str, jobs: int = 1) -> tuple[Check, ProvedPoints]:
    """As `check_text`, with the points, which are none if something could not be verified."""
    return _checked_text(text, jobs, whole=True)


@without_collection()
def _checked_text(text: str, jobs: int, whole: bool) -> tuple[Check, ProvedPoints]:
    content = json_content(text, EXPECTED)
    if not isinstance(content, dict) or not _same([content.get("format"), content.get("version")], [FORMAT, VERSION]):
        raise InputError(f"not a certificate; expected JSON with format {FORMAT!r} and version {VERSION}")
    return _checked(content, jobs, whole)


def _checked(content: dict[str, Any], jobs: int, whole: bool) -> tuple[Check, ProvedPoints]:
    """The outcome and the points. Without ``whole``, points that are not real are kept without their boxes."""
    check_types(content)
    gram = content["loss"]["gram"]
    arch = untrusted_architecture(content["architecture"], len(gram))
    stated_digest = content.pop("digest")
    source = content.get("source")
    if source is not None and source not in SOURCES:
        raise InputError(f"source: {shown(source)}; expected one of {', '.join(map(repr, SOURCES))}")
    if isinstance(arch, SupportNetwork) and arch.one_dimensional is not None:
        raise InputError(
            f"architecture: {arch.notation}; expected the ordinary network {arch.one_dimensional.in_words}"
        )
    check_number_of_strata(arch, len(content["statement"]["strata"]), "statement.strata")
    _check_factorizations(arch)
    data = _data_from_json(content["loss"], arch.filter_size)
    check_statement(content["statement"])
    items = content["points"]
    failures = [] if stated_digest == content_digest(content) else ["the digest does not fit: the file was changed"]
    if source == SOURCES[0] and not data.in_doubles:
        failures.append("the numbers of the data are not all doubles, as the source says")
    points = _verify_points(arch, data, items, failures, (whole, jobs))
    statement = None
    if not failures:
        method = content["statement"].get("method")
        statement = state(arch, data, points, at_once=method is not None, groebner=method in MODULAR)
        if method in MODULAR and statement.method in MODULAR:
            statement = replace(statement, method=method)  # either of them confirms the other
        if method in MODULAR and statement.method not in MODULAR:
            failures.append(NOT_CONFIRMED)
            statement = None
        elif not _same(_statement_to_json(statement), content["statement"]):
            failures.append("the statement on all points does not follow")
            statement = None
    least = None
    if statement is not None and statement.global_minimum is not None:
        least = str(points[statement.global_minimum].claims.loss.real)
    return Check(arch, len(items), tuple(failures), statement, data, source, least), points


def _check_factorizations(arch: Architecture) -> None:
    try:
        most = max(row.factorizations for row in generic_count(arch))
    except RecursionError:
        raise InputError("architecture: a network larger than any that certify can count") from None
    if most > CERTIFICATION.most_factorizations:
        raise InputError(
            f"architecture: {shown(most)} critical parameters over one filter; expected at most "
            f"{CERTIFICATION.most_factorizations}, as all real ones are looked at"
        )


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
    try:
        check_elimination(data)
    except InputError as error:
        raise InputError(f"loss.{error}") from None
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
    arch: Architecture,
    data: ExactData,
    items: Sequence[Mapping[str, Any]],
    failures: list[str],
    how: tuple[bool, int],
) -> ProvedPoints:
    """The points of the file if all are proved; otherwise the reasons are added to ``failures``.

    ``how`` says whether points that are not real keep their boxes, and the number of processes.
    """
    whole, jobs = how
    degrees = arch.pattern_totals
    known = {row.pattern for row in generic_count(arch)} if isinstance(arch, SupportNetwork) else None
    leaders: list[tuple[int, Mapping[str, Any]]] = []
    for position, item in enumerate(items):
        alone = not isinstance(item, dict) or "conjugate_of" not in item
        check_entries(item, POINT if alone else CONJUGATE, f"points[{position}].")
        leader = item.get("conjugate_of")
        if alone:
            pattern = read_pattern(item["pattern"], degrees, f"points[{position}].pattern")
            if known is not None and pattern not in known:
                shown_pattern = shown(item["pattern"])
                raise InputError(f"points[{position}].pattern: {shown_pattern}; expected a class of the network")
            leaders.append((position, item))
        elif type(leader) is not int or not 0 <= leader < position or items[leader].get("conjugate_of") is not None:
            raise InputError(
                f"points[{position}].conjugate_of: {shown(leader)}; expected the number of an earlier point with a box"
            )
    in_discs = verified_in_discs(arch, data, [item for _, item in leaders], jobs)
    by_position: dict[int, Any] = {leaders[row][0]: proof for row, proof in in_discs.items()}
    rest = [leader for row, leader in enumerate(leaders) if row not in in_discs]
    found = in_processes(_verify_some, (arch, data), rest, (whole,), jobs)
    failures += [failure for failure in found if isinstance(failure, str)]
    if failures:
        return ProvedPoints([], [], arch.filter_size)
    by_position.update(zip((position for position, _ in rest), found, strict=True))
    mirrors = [item.get("conjugate_of") for item in items]
    proofs = [by_position[i if mirror is None else mirror] for i, mirror in enumerate(mirrors)]
    return ProvedPoints(proofs, mirrors, arch.filter_size)


def _verify_some(
    arch: Architecture, data: ExactData, items: Sequence[tuple[int, Mapping[str, Any]]], whole: bool
) -> list[Proof | str | None]:
    """The proved points. In place of the first point that fails stands the reason; later points are skipped."""
    by_space: dict[tuple[Pattern, bool], BallEquations] = {}
    result: list[Proof | str | None] = []
    for position, item in items:
        pattern = tuple(tuple(int(part) for part in partition) for partition in item["pattern"])
        space = pattern, _in_parameters(arch, item, position)
        if space not in by_space:
            stratum = Stratum.of_layers(arch) if space[1] else stratum_of(arch, pattern)
            by_space[space] = BallEquations(stratum, data)
        point = _verify(Search(arch, by_space[space], *space), item, position)
        if isinstance(point, str):
            return [*result, point, *[None] * (len(items) - len(result) - 1)]
        if not whole and point.real is False and point.precision <= CERTIFICATION.first_precision:
            middles, radii = point.enclosure
            kept = pattern, point.exact_pattern, middles.tolist(), radii.tolist(), point.in_parameters
            result.append(Verified(*kept))
        else:
            result.append(point)
    return result


def _in_parameters(arch: Architecture, item: Mapping[str, Any], position: int) -> bool:
    """Whether the box holds parameters, and not coordinates of the stratum."""
    space = item.get("space")
    if space is not None and isinstance(arch, SupportNetwork):
        raise InputError(f"points[{position}].space: {shown(space)}; expected no such entry for {arch.notation}")
    if space not in (None, PARAMETERS):
        raise InputError(f"points[{position}].space: {shown(space)}; expected {PARAMETERS!r}, or no such entry")
    return space is not None


def _verify(search: Search, item: Mapping[str, Any], position: int) -> ProvedPoint | str:
    """The proved point, or the reason why the proof fails.

    A box that was found in doubles, with discs, may be too tight for balls with as many bits, which are rectangles. So
    a test that fails is tried again with more bits.
    """
    box = read_box(item, search.equations.stratum, f"points[{position}].")
    claimed = read_claimed_loss(item["claims"], f"points[{position}].claims.")
    failure = ""
    precisions = [box.precision, 2 * box.precision, 4 * box.precision]
    for precision in precisions[:1] + [one for one in precisions[1:] if one <= CERTIFICATION.most_bits]:
        with working_precision(precision):
            solution = search.equations.prove(box)
            if solution is None:
                failure = failure or f"point {position}: Krawczyk's test fails"
                continue
            point = search.point(box, solution)
            if _follows(item["claims"], claimed, point.claims):
                if _says_nothing(claimed[2], point):
                    return f"point {position}: the enclosure of the loss is so wide that it leaves the loss undecided"
                return point
            failure = f"point {position}: the claims do not follow"
    return failure


def _follows(stated: Mapping[str, Any], loss: tuple[Ball, Ball, Ball], proved: Claims) -> bool:
    """Whether the stated answers are the proved answers, and the stated enclosure of the loss holds the proved one."""
    re, im, radius = loss
    claimed = acb(re + arb(0, radius), im + arb(0, radius))
    return all(_same(stated[key], value) for key, value in proved.answers.items()) and claimed.contains(proved.loss)


def _says_nothing(radius: Ball, point: ProvedPoint) -> bool:
    """Whether the stated enclosure of the loss is wide beside the loss and the filter: true, and without meaning."""
    loss = point.claims.loss
    size = 1 + abs(loss) + sum((abs(x) for x in point.solution.filter), arb(0))
    return not radius < arb(CERTIFICATION.loose_loss) * size + 2**10 * point.claims.loss_radius


def _statement_to_json(statement: Statement) -> dict[str, Any]:
    return {
        "strata": [
            {"pattern": format_pattern(row.pattern), "generic": row.generic, "proved": row.proved}
            | ({} if row.exact is None else {"exact": row.exact})
            for row in statement.strata
        ],
        "complete": statement.complete,
        "distinct": statement.distinct,
        "global_minimum": statement.global_minimum,
        "ordered": statement.ordered,
    } | {
        name: value
        for name, value in (("in_parameters", statement.in_parameters or None), ("method", statement.method))
        if value is not None
    }

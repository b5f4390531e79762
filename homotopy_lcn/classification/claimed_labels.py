"""The answers that the file of a solve gives on its points, compared with what the roots of the filters say.

The rules for generic data answer again for all points with coordinates, at the cost of a solve's own classification.
Points of special data are asked one by one, some hundreds of them, by the general code of `filter_geometry`, at several
accuracies. An answer of the file is refused only where the other answer is clear: no root is near another one or near
the real line, or all accuracies agree.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import NamedTuple

import numpy as np

from ..equations.critical_equations import equations_of
from ..errors import InputError
from ..geometry.filter_geometry import describe_filter
from ..networks.architecture import Architecture
from ..networks.patterns import Pattern
from ..networks.strata import Embedding
from ..networks.support_networks import SupportNetwork
from ..results.pairs import ConjugatePairs, ManyPoints, maybe_special
from ..results.parts import ResultParts
from ..results.points import CriticalPoint
from .rules import distances_to_hyperroots, have_plain_roots, real_answers
from .stratum_problem import StratumProblem
from .support_labels import check_support_labels
from .tolerances import CLASSIFICATION

__all__ = ["check_labels"]

#: Distances to hyperroots beyond this many times the distance at which the general code is asked are clear.
CLEARLY_APART = 10.0
#: Points of special data that are looked at, a few milliseconds each.
MOST_SPECIAL = 300
#: Pairs of complex points that are looked at together.
PAIRS_LABELLED_TOGETHER = 4096
#: The accuracies at which a filter is described, relative to the accuracy that a solve assumes.
ACCURACIES = (0.01, 1.0, 100.0)
#: Answers on filters that are not in the function space, or not real, are null.
Answers = Mapping[str, bool | None]


class _Item(NamedTuple):
    place: str
    point: CriticalPoint


def check_labels(parts: ResultParts) -> None:
    """Compare `smooth`, and for real filters `in_function_space`, `interior` and `attained`, with the roots.

    Parameters
    ----------
    parts : ResultParts
        With coordinates that are those of the filters.

    Raises
    ------
    InputError
        With one line that names the first answer that is wrong.
    """
    if isinstance(parts.architecture, SupportNetwork):
        check_support_labels(parts)
        return
    if isinstance(parts.points, ManyPoints):
        _check_pairs(parts, parts.points.pairs, len(parts.points.real))
    items = [_Item(f"points[{i}]", point) for i, point in enumerate(maybe_special(parts.points))]
    items += [
        _Item(f"continua[{j}].points[{i}]", point)
        for j, part in enumerate(parts.continua)
        for i, point in enumerate(part.points)
    ]
    by_stratum: dict[Pattern, list[_Item]] = {}
    special = []
    for item in items:
        plain = item.point.nonsingular and item.point.isolated and not item.point.also_on
        if plain and item.point.coordinates is not None:
            by_stratum.setdefault(item.point.stratum, []).append(item)
        else:
            special.append(item)
    for pattern, group in by_stratum.items():
        special += _check_by_rules(parts, pattern, group)
    for item in islice(special, MOST_SPECIAL):
        _compare(item, _described(parts.architecture, item.point), bool(parts.stopped))


def _check_pairs(parts: ResultParts, pairs: ConjugatePairs, first: int) -> None:
    """Raise InputError for a complex point in columns, which says that it is smooth, that is not clearly so."""
    arch, loss = parts.architecture, parts.loss
    for number, pattern in enumerate(pairs.patterns):
        rows = np.flatnonzero(pairs.stratum == number)
        if not rows.size:
            continue
        embedding = Embedding.of_pattern(arch, pattern)
        problem = StratumProblem(arch, embedding, pattern, loss.gram, loss.b, loss.constant)
        for start in range(0, len(rows), PAIRS_LABELLED_TOGETHER):
            some = rows[start : start + PAIRS_LABELLED_TOGETHER]
            points = pairs.coordinates[some, : embedding.stratum.coordinates]
            points = equations_of(embedding.stratum).normalize(points)
            points[:, 0] = 1.0
            near = ~(distances_to_hyperroots(problem, points) > CLASSIFICATION.hyperroot)
            for row in some[near][:1].tolist():
                raise InputError(f"points[{first + 2 * row}].smooth: True; expected None or False, by its roots")


def _check_by_rules(parts: ResultParts, pattern: Pattern, items: list[_Item]) -> list[_Item]:
    """Compare the answers of the rules for generic data; the points where these are not clear are left over."""
    arch, loss = parts.architecture, parts.loss
    embedding = Embedding.of_pattern(arch, pattern)
    size = embedding.stratum.coordinates
    known = [item for item in items if np.size(np.asarray(item.point.coordinates)) == size]
    if not known:
        return items
    problem = StratumProblem(arch, embedding, pattern, loss.gram, loss.b, loss.constant)
    equations = equations_of(embedding.stratum)
    points = equations.normalize(np.array([item.point.coordinates for item in known]))
    points[:, 0] = 1.0  # the size of the filter plays no part
    clear = have_plain_roots(problem, points)
    clear &= distances_to_hyperroots(problem, points) > CLEARLY_APART * CLASSIFICATION.near_hyperroot
    real = np.array([item.point.real for item in known])
    original = np.array([item.point.coordinates for item in known])
    with_real_factors = real & (original.imag == 0).all(axis=1)
    rows = np.flatnonzero(clear & with_real_factors)
    found = real_answers(problem, original[rows].real)
    for n, row in enumerate(rows.tolist()):
        clear[row] &= bool(found.settled[n] and found.apart[n])
        if clear[row]:
            inside = bool(found.in_function_space[n])
            answers = {
                "smooth": True,
                "in_function_space": inside,
                "attained": bool(found.attained[n]),
                "interior": bool(found.interior[n]) if inside else None,
            }
            _compare(known[row], answers, bool(parts.stopped))
            number, listed = int((found.owners == n).sum()), len(known[row].point.parameters)
            if number != listed:
                raise InputError(f"{known[row].place}.parameters: {listed} θ; expected {number}, by its real factors")
    for row in np.flatnonzero(clear & ~real).tolist():
        _compare(known[row], {"smooth": True}, bool(parts.stopped))
    left = {id(known[row]) for row in np.flatnonzero(clear & (with_real_factors | ~real)).tolist()}
    return [item for item in items if id(item) not in left]


def _compare(item: _Item, answers: Answers, stopped: bool) -> None:
    """Raise InputError for an answer that differs; a solve that stopped may have left answers undecided."""
    for name, answer in answers.items():
        stated = getattr(item.point, name)
        if stated != answer and not (stated is None and stopped):
            raise InputError(f"{item.place}.{name}: {stated}; expected {answer}, by the roots of the filter")


def _described(arch: Architecture, point: CriticalPoint) -> Answers:
    """The answers of the general code that it gives at all accuracies, where the point gives an answer at all."""
    descriptions = list(_descriptions(arch, point))
    if len(descriptions) < len(ACCURACIES):
        return {}
    result: dict[str, bool | None] = {}
    for name in ("smooth", "in_function_space", "interior") if point.real else ("smooth",):
        answers = {one[name] for one in descriptions}
        if len(answers) == 1 and None not in answers and getattr(point, name) is not None:
            result[name] = answers.pop()
    return result


def _descriptions(arch: Architecture, point: CriticalPoint) -> Iterator[Answers]:
    w = point.filter.real if point.real else point.filter
    accuracy = CLASSIFICATION.regular_accuracy if point.nonsingular else CLASSIFICATION.singular_accuracy
    for factor in ACCURACIES:
        tolerance = min(max(accuracy * factor, CLASSIFICATION.regular_accuracy), CLASSIFICATION.loosest_accuracy)
        try:
            facts = describe_filter(arch, w, tolerance=tolerance)
        except InputError:
            return
        if facts.in_closure:
            inside = facts.in_function_space
            yield {
                "smooth": facts.smooth,
                "in_function_space": inside,
                "interior": facts.interior if inside else None,
            }

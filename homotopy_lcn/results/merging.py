"""Lists of critical points: one point for each filter, and their order in a result."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ..equations.distinct import first_occurrences

if TYPE_CHECKING:
    from .points import CriticalPoint

__all__ = ["merged", "sorted_points"]

#: Nonsingular points with filters nearer than this, relative to their norm, belong to one filter of special data.
SAME_FILTER = 1e-11
#: The same where one of the points is singular, and so less accurate.
NEAR_SINGULAR = 1e-7


def merged(points: Sequence[CriticalPoint]) -> list[tuple[int, CriticalPoint]]:
    """One point for each filter, with the index of the one it is made from.

    In special data a filter may be critical twice: with several factorizations, at a singular point of the function
    space, or on a stratum and on the closure of another one. The point on the smallest stratum is kept, as it tells
    most of the filter; the multiplicity on that stratum is the sum of all that meet there, and the parameters are
    those of all.
    """
    if len(points) < 2:
        return list(enumerate(points))
    filters = np.array([point.filter for point in points])
    leaders = first_occurrences(filters, tolerance=SAME_FILTER)
    singular = np.array([not point.nonsingular for point in points])
    if singular.any():
        wide = first_occurrences(filters, tolerance=NEAR_SINGULAR)
        leaders = np.where(np.isin(wide, wide[singular]), wide, leaders)
    groups: dict[int, list[int]] = {}
    for index, leader in enumerate(leaders.tolist()):
        groups.setdefault(leader, []).append(index)
    result = []
    for indices in groups.values():
        kept = min(indices, key=lambda index: sum(len(partition) for partition in points[index].stratum))
        group = [points[index] for index in indices]
        result.append((kept, group[0] if len(group) == 1 else _merge(points[kept], group)))
    return result


def _merge(kept: CriticalPoint, group: list[CriticalPoint]) -> CriticalPoint:
    same = [point for point in group if point.stratum == kept.stratum]
    over = [triple for point in same for triple in zip(point.parameters, point.kinds, point.indices, strict=True)]
    return replace(
        kept,
        pure=any(point.pure for point in group),
        in_function_space=_any(point.in_function_space for point in same),
        attained=_any(point.attained for point in same),
        interior=_any(point.interior for point in same),
        smooth=None if kept.smooth is None else all(point.smooth is not False for point in group),
        nonsingular=all(point.nonsingular for point in same),
        multiplicity=sum(point.multiplicity for point in same),
        windings=tuple(sorted(winding for point in same for winding in point.windings)),
        isolated=all(point.isolated for point in same),
        also_on=tuple(sorted({point.stratum for point in group} - {kept.stratum})),
        parameters=tuple(theta for theta, _, _ in over),
        kinds=tuple(kind for _, kind, _ in over),
        indices=tuple(index for _, _, index in over),
    )


def _any(answers: Iterable[bool | None]) -> bool | None:
    """Three-valued disjunction."""
    collected = list(answers)
    if True in collected:
        return True
    return None if None in collected else False


def sorted_points(points: Iterable[CriticalPoint]) -> tuple[CriticalPoint, ...]:
    """Real points by loss, then complex ones by |loss|; ties by the filter's values, conjugates adjacent."""
    listed = list(points)
    if not listed:
        return ()
    filters = np.array([point.filter for point in listed])
    patterns = {pattern: rank for rank, pattern in enumerate(sorted({point.stratum for point in listed}))}
    keys = [
        [not point.real for point in listed],
        [point.loss if point.real else _modulus(point.loss) for point in listed],
        *filters.real.T,
        *np.abs(filters.imag).T,
        *filters.imag.T,
        [patterns[point.stratum] for point in listed],
    ]
    ordered = [listed[index] for index in np.lexsort(keys[::-1]).tolist()]
    first_complex = sum(point.real for point in ordered)
    return tuple(ordered[:first_complex] + _conjugates_adjacent(ordered[first_complex:]))


def _conjugates_adjacent(ordered: list[CriticalPoint]) -> list[CriticalPoint]:
    """Move each point up behind its conjugate if only points of the same |loss| up to rounding stand between."""
    rest, result = list(reversed(ordered)), []
    while rest:
        point = rest.pop()
        result.append(point)
        limit = _modulus(point.loss) * (1 + 1e-9)
        scale = float(np.max(np.abs(point.filter), initial=0.0))
        for position in range(len(rest) - 1, -1, -1):
            other = rest[position]
            if _modulus(other.loss) > limit:
                break
            distance = np.max(np.abs(other.filter - point.filter.conj()), initial=0.0)
            if other.stratum == point.stratum and distance <= 1e-7 * scale:
                result.append(rest.pop(position))
                break
    return result


def _modulus(value: complex) -> float:
    """|value|, infinite where abs would raise OverflowError."""
    return math.hypot(value.real, value.imag)

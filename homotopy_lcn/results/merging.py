"""Lists of critical points: one point for each filter, and their order in a result."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..arrays import Complex
from ..equations.distinct import first_occurrences
from .pairs import ManyPoints

if TYPE_CHECKING:
    from .points import CriticalPoint

__all__ = ["Group", "are_conjugate", "merged", "sorted_points"]

#: Nonsingular points with filters nearer than this, relative to their norm, belong to one filter of special data.
SAME_FILTER = 1e-11
#: The same where one of the points is singular, and so less accurate.
NEAR_SINGULAR = 1e-7
#: Filters are conjugate if they are within this distance, relative to their largest coefficient.
NEAR_CONJUGATE = 1e-7
#: Losses of conjugate points have moduli that differ by this part at most.
SAME_MODULUS = 1e-9


class Group(NamedTuple):
    """Points of one filter: the index of the one kept, the indices of all, and the point that stands for all."""

    kept: int
    members: tuple[int, ...]
    point: CriticalPoint


def merged(points: Sequence[CriticalPoint]) -> list[Group]:
    """One point for each filter.

    In special data a filter may be critical twice: with several factorizations, at a singular point of the function
    space, or on a stratum and on the closure of another one. The point on the smallest stratum is kept, as it tells
    most of the filter, with all parameters there; a real one, if rounding left another one that is nearly real. The
    multiplicity is the sum of all multiplicities.
    """
    if len(points) < 2:
        return [Group(index, (index,), point) for index, point in enumerate(points)]
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
        kept = min(indices, key=lambda index: (_parts(points[index]), not points[index].real))
        group = [points[index] for index in indices]
        result.append(Group(kept, tuple(indices), group[0] if len(group) == 1 else _merge(points[kept], group)))
    return result


def _parts(point: CriticalPoint) -> int:
    return sum(len(partition) for partition in point.stratum)


def _merge(kept: CriticalPoint, group: list[CriticalPoint]) -> CriticalPoint:
    there = [point for point in group if point.stratum == kept.stratum]
    same = [point for point in there if point.real == kept.real]
    over = [triple for point in same for triple in zip(point.parameters, point.kinds, point.indices, strict=True)]
    return replace(
        kept,
        pure=any(point.pure for point in group),
        in_function_space=_any(point.in_function_space for point in same),
        attained=_any(point.attained for point in same),
        interior=_any(point.interior for point in same),
        smooth=None if kept.smooth is None else all(point.smooth is not False for point in group),
        nonsingular=all(point.nonsingular for point in there),
        multiplicity=sum(point.multiplicity for point in group),
        windings=tuple(sorted(winding for point in there for winding in point.windings)),
        isolated=all(point.isolated for point in there),
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


def sorted_points(points: Iterable[CriticalPoint]) -> tuple[CriticalPoint, ...] | ManyPoints:
    """Real points by loss, then complex ones by |loss|; ties by the filter's values, conjugates adjacent.

    The conjugate of each complex point is its `conjugate` in the order given, where that is set and true. For points
    without it, as files of earlier versions hold them, the conjugate is looked for. In the result every `conjugate`
    is an index of the result.
    """
    if isinstance(points, ManyPoints):  # of which the pairs are sorted
        return points.with_real(sorted_points(points.real))
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
    ordered = np.lexsort(keys[::-1]).tolist()
    first_complex = sum(point.real for point in listed)
    pairs = _conjugates_adjacent(listed, ordered[first_complex:], filters)
    order = ordered[:first_complex] + [index for pair in pairs for index in pair]
    place = {index: number for number, index in enumerate(order)}
    partner = {pair[0]: pair[1] for pair in pairs if len(pair) == 2}
    partner |= {other: one for one, other in partner.items()}
    return tuple(listed[index].with_conjugate(place[partner[index]] if index in partner else None) for index in order)


def _conjugates_adjacent(points: list[CriticalPoint], ordered: list[int], filters: Complex) -> list[tuple[int, ...]]:
    """Each complex point with its conjugate behind it, or alone if it has none. The points have ``filters``."""
    known = _known_conjugates(points, ordered, filters)
    searched = _Unpaired(points, [index for index in ordered if known[index] is None])
    result: list[tuple[int, ...]] = []
    taken: set[int] = set()
    for index in ordered:
        if index in taken:
            continue
        other = known[index]
        if other is None or other in taken:
            other = searched.conjugate(index)
        result.append((index,) if other is None else (index, other))
        taken |= set(result[-1])
    return result


def _known_conjugates(points: list[CriticalPoint], ordered: list[int], filters: Complex) -> dict[int, int | None]:
    """For each point the one that `conjugate` names, if the two name each other and are conjugate."""
    known: dict[int, int | None] = dict.fromkeys(ordered)
    for index in ordered:
        other = points[index].conjugate
        if other is None or not 0 <= other < len(points) or points[other].conjugate != index or other == index:
            continue
        if not points[other].real and points[other].stratum == points[index].stratum:
            known[index] = other
    named = [(one, other) for one, other in known.items() if other is not None]
    if named:
        ones, others = np.array(named).T
        scales = np.abs(filters[ones]).max(axis=1, initial=0.0)
        distances = np.abs(filters[others] - filters[ones].conj()).max(axis=1, initial=0.0)
        for one in ones[~(distances <= NEAR_CONJUGATE * scales)].tolist():
            known[one] = None
    return known


class _Unpaired:
    """Points that name no conjugate, by |loss|: a conjugate has the same |loss| up to rounding.

    The filters are compared in arrays, as many points may have one |loss|.
    """

    def __init__(self, points: list[CriticalPoint], indices: list[int]) -> None:
        self.points = points
        self.indices = indices
        self.places = {index: place for place, index in enumerate(indices)}
        self.moduli = np.array([_modulus(points[index].loss) for index in indices])
        self.filters = np.array([points[index].filter for index in indices])
        self.free = np.ones(len(indices), dtype=bool)

    def conjugate(self, index: int) -> int | None:
        """The first later point that is the conjugate of this one; both are free no more."""
        place = self.places.get(index)
        if place is None:
            return None
        self.free[place] = False
        wanted = self.filters[place].conj()
        with np.errstate(over="ignore"):
            end = int(np.searchsorted(self.moduli, self.moduli[place] * (1 + SAME_MODULUS), side="right"))
            rest = slice(place + 1, end)
            distances = np.abs(self.filters[rest] - wanted).max(axis=1, initial=0.0)
            near = self.free[rest] & (distances <= NEAR_CONJUGATE * float(np.abs(wanted).max(initial=0.0)))
        for offset in np.flatnonzero(near).tolist():
            other = self.indices[place + 1 + offset]
            if are_conjugate(self.points[index], self.points[other]):
                self.free[place + 1 + offset] = False
                return other
        return None


def are_conjugate(one: CriticalPoint, other: CriticalPoint) -> bool:
    """Whether two points are on one stratum and their filters are conjugate, up to `NEAR_CONJUGATE`."""
    scale = float(np.max(np.abs(one.filter), initial=0.0))
    distance = np.max(np.abs(other.filter - one.filter.conj()), initial=0.0)
    return other.stratum == one.stratum and bool(distance <= NEAR_CONJUGATE * scale)


def _modulus(value: complex) -> float:
    """|value|, infinite where abs would raise OverflowError."""
    return math.hypot(value.real, value.imag)

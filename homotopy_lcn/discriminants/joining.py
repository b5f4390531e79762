"""The chambers between walls, with branches that go on from one to the next, and what contradicts completeness."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from ..networks.patterns import Pattern
from ..results.result import CriticalPoints
from .following import Contradiction, matched
from .records import Chamber, Wall, WallStratum
from .segments import Segment
from .tolerances import WALLS

__all__ = ["COUNTED", "OTHER_PLACE", "differing_lists", "joined_chambers", "places_of", "reason_of", "written"]

#: In the sentence that says that walls are missing.
COUNTED = " complex walls of the kind "
#: Where in a chamber its list is looked at again, as parts of its length: near both ends, and farther from them if
#: points of two strata that meet at the end are so near each other that they are listed as one.
NEAR_ENDS = ((0.0193, 0.0818, 0.2269), (0.9711, 0.9137, 0.7773))
#: The same, around a middle in which the data may be special.
NEAR_MIDDLE = ((0.4999,), (0.5001,))
#: Where in a chamber its list is taken if the data in its middle are special, as a part of its length.
OTHER_PLACE = 0.5618033988749895


def joined_chambers(
    segment: Segment,
    found: Sequence[Wall],
    solved: Callable[[float], CriticalPoints],
    places: Sequence[float] | float | None = None,
) -> tuple[tuple[Chamber, ...], list[str]]:
    """The intervals between walls with numbers of branches, and what contradicts completeness.

    Parameters
    ----------
    segment : Segment
    found : sequence of Wall
        In the order of t.
    solved : callable
        The critical points at t.
    places : float or sequence, optional
        Where in each interval its list is taken: the part of its length, or each `Chamber.middle`. By default in the
        middle, or beside it if the middle has more points on which more roots coincide than their stratum says.
    """
    ends = [0.0]
    ends += [t for t in places_of(found) if WALLS.together < t < 1 - WALLS.together]
    ends.append(1.0)
    if isinstance(places, float):
        places = [a + places * (b - a) for a, b in pairwise(ends)]
    elif places is None:
        places = [_ordinary_place(a, b, solved) for a, b in pairwise(ends)]
    chambers = [
        (a, b, None if t == (a + b) / 2 else t, solved(t)) for (a, b), t in zip(pairwise(ends), places, strict=True)
    ]
    problems = [
        f"chamber from {start} to {end}: not all critical points are known"
        for start, end, _, points in chambers
        if not points.complete
    ]
    result: list[Chamber] = []
    used = 0
    for start, end, at, points in chambers:
        chamber = Chamber(start, end, points, (), at=at)
        real = points.real
        numbers = [-1] * len(real)
        if result:
            last = result[-1]
            pairs = {}
            try:
                around = start if segment.is_singular else None
                pairs = matched(segment, (last.middle, last.points.real), (chamber.middle, real), around)
            except Contradiction as error:
                problems.append(str(error))
            for i, j in pairs.items():
                numbers[j] = last.branches[i]
            between = [wall for wall in found if abs(wall.t - start) <= WALLS.together]
            problems += _miscounted(last.points, points, between)
            if not any(wall.kind == "exchange" for wall in between):
                problems += _unseen_exchange(last.points, points, pairs)
        for i, number in enumerate(numbers):
            if number < 0:
                numbers[i], used = used, used + 1
        result.append(replace(chamber, branches=tuple(numbers)))
    return tuple(result), problems


def _ordinary_place(start: float, end: float, solved: Callable[[float], CriticalPoints]) -> float:
    """The middle of an interval, or a t beside it where fewer points are special.

    On a stratum with powers a point can pass through one at which two of its roots coincide: no wall, as the point goes
    on, but the coordinates of the stratum are singular there.
    """
    middle, other = (start + end) / 2, start + OTHER_PLACE * (end - start)
    special = _special_points(solved(middle))
    return other if special and _special_points(solved(other)) < special else middle


def _special_points(points: CriticalPoints) -> int:
    """How many real points have a root pattern other than that of their stratum."""
    return sum(point.pattern != point.stratum for point in points.real)


def places_of(found: Sequence[Wall]) -> list[float]:
    """The t of the walls in their order, one for walls that are at one place."""
    result: list[float] = []
    for wall in found:
        if not result or wall.t - result[-1] > WALLS.together:
            result.append(wall.t)
    return result


def _miscounted(left: CriticalPoints, right: CriticalPoints, between: Sequence[Wall]) -> list[str]:
    """Strata whose numbers of real points on both sides do not fit to the folds between."""
    result = []
    for pattern in dict.fromkeys(point.stratum for side in (left, right) for point in side.real):
        before, after = (sum(point.stratum == pattern for point in side.real) for side in (left, right))
        folds = sum(wall.multiplicity for wall in between if (wall.kind, wall.pattern) == ("fold", pattern))
        if abs(after - before) > 2 * folds or (after - before - 2 * folds) % 4:
            result.append(
                f"stratum {written(pattern)}: {before} and {after} real points on the two sides of t = "
                f"{between[0].t if between else None} with {folds} folds"
            )
    return result


def _unseen_exchange(left: CriticalPoints, right: CriticalPoints, pairs: Mapping[int, int]) -> list[str]:
    """Whether the global minima of two chambers are two minima that exist, as minima, in both of them.

    A global minimum that ends at the wall, or begins there, is no exchange; nor are minima that are tied.
    """
    both = [(i, j) for i, j in pairs.items() if left.real[i].minimum and right.real[j].minimum]
    before, after = left.global_minimum, right.global_minimum
    first = next((pair for pair in both if left.real[pair[0]] is before), None)
    second = next((pair for pair in both if right.real[pair[1]] is after), None)
    if first is None or second is None or first == second or _are_tied(left, (first[0], second[0])):
        return []
    return ["two minima exchange their order between two chambers"]


def _are_tied(points: CriticalPoints, rows: tuple[int, int]) -> bool:
    """Whether the losses of two real points are equal as far as can be told."""
    places = {next(n for n, point in enumerate(points) if point is points.real[row]) for row in rows}
    return any(places <= set(tie.points) for tie in points.ties)


def differing_lists(chambers: Sequence[Chamber], solved: Callable[[float], CriticalPoints]) -> list[str]:
    """Chambers in which the list in the middle is not that near both ends.

    Generic data have no such chamber. Special data can have points that pass through zero, or through a part of the
    boundary of the function space, which no point of generic data meets: there no wall is counted.
    """
    result = []
    for chamber in chambers:
        known = _labels(chamber.points)
        for parts in NEAR_ENDS if chamber.at is None else (*NEAR_ENDS, *NEAR_MIDDLE):
            for part in parts:
                t = chamber.start + part * (chamber.end - chamber.start)
                points = solved(t)
                if _joint_points(points) <= _joint_points(chamber.points):
                    break
            found = _labels(points)
            if points.complete and None not in (known, found) and found != known:
                result.append(
                    f"the real points at t = {chamber.middle} and t = {t} differ, and no wall is known between"
                )
    return result


def _joint_points(points: CriticalPoints) -> int:
    """How many real points stand for points of several strata."""
    return sum(bool(point.also_on) for point in points.real)


def _labels(points: CriticalPoints) -> list[tuple[object, ...]] | None:
    """What is constant in a chamber; None where something is undecided."""
    labels = []
    for point in points.real:
        indices = [-1 if index is None else index for index in point.indices]
        interior = point.interior if point.attained else False
        if point.attained is None or interior is None or -1 in indices:
            return None
        labels.append((point.stratum, point.attained, interior, sorted(indices)))
    return sorted(labels)


def reason_of(row: WallStratum) -> str:
    """Why an account is not complete, in words."""
    return f"stratum {written(row.pattern)}: {row.found} of {row.generic}{COUNTED}{row.kind} found"


def written(pattern: Pattern) -> str:
    """A pattern as in ``(3,1)(2)``."""
    return "".join("(" + ",".join(map(str, partition)) + ")" for partition in pattern)

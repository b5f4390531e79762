"""The chambers between walls, with branches that go on from one to the next, and what contradicts completeness."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

import numpy as np

from ..networks.patterns import Pattern
from ..results.result import CriticalPoints
from .following import Contradiction, matched
from .records import Chamber, Wall
from .segments import Segment
from .tolerances import WALLS

__all__ = ["joined_chambers", "places_of", "written"]


def joined_chambers(
    segment: Segment, found: Sequence[Wall], solved: Callable[[float], CriticalPoints]
) -> tuple[tuple[Chamber, ...], list[str]]:
    """The intervals between walls with numbers of branches, and what contradicts completeness."""
    ends = [0.0]
    ends += [t for t in places_of(found) if WALLS.together < t < 1 - WALLS.together]
    ends.append(1.0)
    chambers = [(a, b, solved((a + b) / 2)) for a, b in pairwise(ends)]
    problems = [
        f"chamber from {start} to {end}: not all critical points are known"
        for start, end, points in chambers
        if not points.complete
    ]
    result: list[Chamber] = []
    used = 0
    for start, end, points in chambers:
        real = points.real
        numbers = [-1] * len(real)
        if result:
            last = result[-1]
            pairs = {}
            try:
                pairs = matched(segment, (last.middle, last.points.real), ((start + end) / 2, real))
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
        result.append(Chamber(start, end, points, tuple(numbers)))
    return tuple(result), problems


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
        folds = sum(wall.kind == "fold" and wall.pattern == pattern for wall in between)
        if abs(after - before) > 2 * folds or (after - before - 2 * folds) % 4:
            result.append(
                f"stratum {written(pattern)}: {before} and {after} real points on the two sides of t = "
                f"{between[0].t if between else None} with {folds} folds"
            )
    return result


def _unseen_exchange(left: CriticalPoints, right: CriticalPoints, pairs: Mapping[int, int]) -> list[str]:
    """Whether the least of the minima that go on from one chamber to the next is another one there."""
    both = [(i, j) for i, j in pairs.items() if left.real[i].minimum and right.real[j].minimum]
    if not both:
        return []
    before = min(both, key=lambda pair: float(np.real(left.real[pair[0]].loss)))
    after = min(both, key=lambda pair: float(np.real(right.real[pair[1]].loss)))
    return [] if before == after else ["two minima exchange their order between two chambers"]


def written(pattern: Pattern) -> str:
    """A pattern as in ``(3,1)(2)``."""
    return "".join("(" + ",".join(map(str, partition)) + ")" for partition in pattern)

"""Where paths end that do not end at a nonsingular wall, and how many of them end at one place.

All unknowns are homogeneous, so that every path has a limit. Data in special position have walls that are multiple
solutions: symmetric data, for example, where a symmetric point splits into three. As many paths end at an isolated
solution as its multiplicity says, whatever the homotopy. Near the end a path is a power series in a root of 1 − τ. On a
small circle around τ = 1 the paths are permuted, and the mean of the points of one cycle on the circle is their common
limit (Cauchy's integral).

Two homotopies are compared. A limit that both have, with the same number of paths, is taken for an isolated solution
of this multiplicity. Limits on a continuum of solutions depend on the homotopy. If at least their t do not, the
continuum is at this t.

References
----------
Morgan, Sommese, Wampler, *Computing singular solutions to nonlinear analytic systems*, Numerische Mathematik 58 (1991).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..arrays import Complex, Real
from .conditions import Condition, homogeneous_coordinates, local_coordinates
from .extended_system import Patches, WallPoints
from .generic_walls import GenericWalls, distinct_walls
from .homotopies import follow
from .lines import DataLine
from .path_tracker import PathOptions
from .tolerances import WALLS

__all__ = ["Cycle", "Ending", "Endings", "endings"]

#: Radii of circles around τ = 1, and the number of places on each; more places on small ones, where few paths are left,
#: since a series converges so on circles of nearly its radius of convergence.
RADII = (0.03, 0.01, 0.003, 0.001, 3e-4, 1e-4, 3e-5, 1e-5, 1e-6, 1e-7)
PLACES, MORE_PLACES, SMALL_RADIUS = 16, 32, 1e-4
#: All but the first quarter of the terms of the power series are smaller than this part of the point. Those of negative
#: exponents are among them: they tell of a pole inside the circle, where a path leaves the patch.
STEADY = 1e-6
#: Points on a circle that are one after a turn, and limits that are one, differ by this part at most.
ONE = 1e-8
#: How far from the segment t is at least, relative to its last changes, on a path that leads to no real wall.
OFF = 30
#: From how many circles that is seen, and the factor by which 1 / w becomes smaller on them if w goes to infinity.
LEAST_TRAIL, SHRINKS = 3, 1.5
#: How often two homotopies that agree are sought.
ATTEMPTS = 4


@dataclass(frozen=True)
class Cycle:
    """A cycle of paths on a circle around τ = 1.

    Attributes
    ----------
    start : DataLine
        The line at τ = 0 of a homotopy to the line of data.
    radius : float
        That of the circle.
    paths : int
    points : WallPoints
        The points at equally many places of the circle for each path, in the order in which they are passed.
    """

    start: DataLine
    radius: float
    paths: int
    points: WallPoints


class OffSegment(NamedTuple):
    """Paths without a limit, whose t comes to a number off [0, 1]: t (P,), its last change, whether w goes to infinity.

    They lead to no real wall of the segment.
    """

    t: Complex
    changes: Real
    infinite: NDArray[np.bool_]

    @classmethod
    def of_trail(cls, trail: Sequence[WallPoints]) -> OffSegment | None:
        """Paths from their points on circles that become smaller, None if one of them may come to the segment."""
        if len(trail) < LEAST_TRAIL:
            return None
        with np.errstate(all="ignore"):
            places = [at.t[:, 1] / at.t.sum(axis=1) for at in trail]
            lengths = [np.abs(at.scale[:, 1] / at.scale[:, 0]) for at in trail]
            t, infinite = places[-1], lengths[-1] < lengths[-LEAST_TRAIL] / SHRINKS
        changes = np.max([np.abs(a - b) for a, b in pairwise(places[-LEAST_TRAIL:])], axis=0)
        nearest = np.abs(t - np.clip(t.real, 0, 1))
        off = np.isfinite(t) & (nearest > OFF * np.maximum(changes, WALLS.outside))
        return cls(t, changes, infinite) if off.all() else None

    def agrees_with(self, other: OffSegment) -> bool:
        """Whether both are the same t up to their changes, each as often."""
        if len(self.t) != len(other.t):
            return False
        left = np.ones(len(self.t), bool)
        for t, change in zip(self.t, self.changes, strict=True):
            near = np.where(left, np.abs(other.t - t), np.inf)
            best = int(np.argmin(near))
            if not near[best] <= OFF / 2 * (change + other.changes[best] + WALLS.outside):
                return False
            left[best] = False
        return True


@dataclass(frozen=True)
class Ending:
    """A limit of paths, or limits at one t that depend on the homotopy.

    Attributes
    ----------
    points : WallPoints
        The limit on the line of data, or all those of one homotopy.
    paths : int
        How many paths end there. For an isolated solution this is its multiplicity.
    isolated : bool
        Whether two homotopies have the same limit. If not, only the t of the continuum is known.
    at_one_place : bool
        Whether it is known.
    cycles : tuple of Cycle
        The paths of one homotopy.
    """

    points: WallPoints
    paths: int
    isolated: bool
    cycles: tuple[Cycle, ...]
    at_one_place: bool = True


@dataclass(frozen=True)
class Endings:
    """What became of all paths: nonsingular walls, the limits of others, and paths whose t stays off the segment."""

    walls: WallPoints
    others: tuple[Ending, ...]
    off_segment: OffSegment


#: No such paths.
NONE_OFF = OffSegment(np.zeros(0, complex), np.zeros(0), np.zeros(0, bool))


@dataclass(frozen=True)
class _Limits:
    """The distinct limits of one homotopy in local coordinates (P, N), and the cycles of paths that end at each."""

    points: Complex
    cycles: tuple[tuple[Cycle, ...], ...]
    off_segment: OffSegment

    @property
    def paths(self) -> NDArray[np.int64]:
        """How many paths end at each."""
        return np.array([sum(cycle.paths for cycle in cycles) for cycles in self.cycles], np.int64)


def endings(start: GenericWalls, line: DataLine, rng: np.random.Generator) -> Endings | None:
    """The ends of all paths from a generic line to a line of real data, None if two homotopies do not agree on them."""
    condition = start.condition
    patches = Patches.random(condition.coordinates, rng)
    known: list[tuple[WallPoints, _Limits]] = []
    options = PathOptions()
    for _ in range(ATTEMPTS):
        turns = line.random_factors(rng)
        # The same homotopy, of which the line at τ = 1 is that of the data.
        lines = start.line.scaled(1 / turns), line
        points = start.points.turned(turns)
        ends = follow(condition, points, lines, rng, options)
        walls = ends.points.chosen(ends.regular)
        options = options.tighter()
        if len(distinct_walls(condition.coordinates, walls)) < len(walls):
            continue
        found = _limits(condition, points.chosen(~ends.regular), lines, patches, rng)
        if found is None:
            continue
        walls, found = _with_regular_ends(condition, (walls, found), line, patches, rng)
        if len(distinct_walls(condition.coordinates, walls)) < len(walls):
            continue
        for others, limits in known:
            if len(others) == len(walls):
                agreed = _agreed(condition, patches, found, limits)
                if agreed is not None and found.off_segment.agrees_with(limits.off_segment):
                    return Endings(walls, agreed, found.off_segment)
        known.append((walls, found))
    return None


def _with_regular_ends(
    condition: Condition, found: tuple[WallPoints, _Limits], line: DataLine, patches: Patches, rng: np.random.Generator
) -> tuple[WallPoints, _Limits]:
    """The walls with the limits of single paths that are nonsingular, too, and all other limits.

    A path is lost if it comes near another one, although it ends at a nonsingular wall.
    """
    walls, limits = found
    single = np.flatnonzero(limits.paths == 1)
    if not len(single):
        return found
    ends = follow(
        condition,
        homogeneous_coordinates(condition.coordinates, patches, limits.points[single]),
        (line, line),
        rng,
        between=(1.0, 1.0),
    )
    left = np.ones(len(limits.points), bool)
    left[single[ends.regular]] = False
    walls = WallPoints(*(np.concatenate(pair) for pair in zip(walls, ends.points.chosen(ends.regular), strict=True)))
    return walls, replace(
        limits, points=limits.points[left], cycles=tuple(limits.cycles[i] for i in np.flatnonzero(left))
    )


def _limits(
    condition: Condition,
    points: WallPoints,
    lines: tuple[DataLine, DataLine],
    patches: Patches,
    rng: np.random.Generator,
) -> _Limits | None:
    """The limits of paths, None if they are not found."""
    begin, options = 0.0, PathOptions().tighter()
    ends: list[tuple[Complex, Cycle]] = []
    trail: list[WallPoints] = []
    lost: list[OffSegment | None] = []
    for radius in RADII:
        near = follow(condition, points, lines, rng, between=(begin, 1 - radius))
        there = near.arrived
        lost.append(OffSegment.of_trail([at.chosen(~there) for at in trail]) if not there.all() else None)
        points, begin = near.points.chosen(there), 1 - radius
        trail = [*(at.chosen(there) for at in trail), points]
        if not there.all() and lost[-1] is None:
            return None
        if not len(points):
            break
        circle, kept = _circle(condition, points, (lines, radius), rng, options)
        places = [local_coordinates(condition.coordinates, patches, at, lines[1].motion) for at in circle]
        around, left = np.array(places[:-1]), np.ones(len(points), bool)
        for cycle in _cycles(places[0], places[-1], kept):
            terms = np.fft.fft(np.concatenate([around[:, i] for i in cycle]), axis=0, norm="forward")
            if _late(terms) <= STEADY:
                passed = _joined([at.row(i) for i in cycle for at in circle[: -1 : len(circle) // PLACES]])
                ends.append((terms[0], Cycle(lines[0], radius, len(cycle), passed)))
                left[cycle] = False
        points, trail = points.chosen(left), [at.chosen(left) for at in trail]
        if not len(points):
            break
    if len(points):
        lost.append(OffSegment.of_trail(trail))
        if lost[-1] is None:
            return None
    known = [one for one in lost if one is not None]
    off = OffSegment(*(np.concatenate(parts) for parts in zip(NONE_OFF, *known, strict=True)))
    size = condition.coordinates.dimension + 1
    means = np.array([mean for mean, _ in ends], complex).reshape(len(ends), size)
    first = [int(np.flatnonzero(_apart(means, mean) <= ONE)[0]) for mean in means]
    chosen = sorted(set(first))
    return _Limits(
        means[chosen], tuple(tuple(c for (_, c), row in zip(ends, first, strict=True) if row == i) for i in chosen), off
    )


def _joined(points: Sequence[WallPoints]) -> WallPoints:
    return WallPoints(*(np.concatenate(parts) for parts in zip(*points, strict=True)))


def _circle(
    condition: Condition,
    points: WallPoints,
    circle: tuple[tuple[DataLine, DataLine], float],
    rng: np.random.Generator,
    options: PathOptions,
) -> tuple[list[WallPoints], NDArray[np.bool_]]:
    """The points on a circle around τ = 1, from 1 − radius around to it, and which paths are not lost."""
    lines, radius = circle
    result, kept = [points], np.ones(len(points), bool)
    places = PLACES if radius > SMALL_RADIUS else MORE_PLACES
    turns = radius * np.exp(2j * np.pi * np.arange(places + 1) / places)
    for one, other in pairwise(turns.tolist()):
        at = WallPoints(*(array.copy() for array in result[-1]))
        ends = follow(condition, at.chosen(kept), (_between(lines, one), _between(lines, other)), rng, options)
        for whole, part in zip(at, ends.points, strict=True):
            whole[kept] = part
        result.append(at)
        kept[kept] = ends.arrived & (ends.steps < WALLS.settled)
    return result, kept


def _between(lines: tuple[DataLine, DataLine], rest: complex) -> DataLine:
    """The line at τ = 1 − rest."""
    first, last = lines
    grams, bs = (rest * a + (1 - rest) * b for a, b in ((first.grams, last.grams), (first.bs, last.bs)))
    return DataLine(grams, bs, first.motion)


def _late(terms: Complex) -> float:
    """The largest of all but the first quarter of the terms (M, N) of a series, relative to its end."""
    late = np.linalg.norm(terms[len(terms) // 4 :], axis=1).max()
    return float(late / (1 + np.linalg.norm(terms[0])))


def _cycles(before: Complex, after: Complex, kept: NDArray[np.bool_]) -> list[list[int]]:
    """The cycles in which points (P, N) come back, of those that are kept; a point that comes back to none is in none.

    A point that two others seem to come back to is in none either.
    """
    distances = np.linalg.norm(after[:, None] - before[None], axis=2)
    goals = np.where(np.isfinite(distances), distances, np.inf).argmin(axis=1)
    back = kept & (_apart(after, before[goals]) <= ONE)
    back &= np.bincount(goals[back], minlength=len(goals))[goals] == 1
    result, seen = [], np.zeros(len(goals), bool)
    for first in range(len(goals)):
        cycle, at = [], first
        while back[at] and not seen[at]:
            seen[at] = True
            cycle.append(at)
            at = int(goals[at])
        if cycle and at == first:
            result.append(cycle)
    return result


def _apart(one: Complex, other: Complex) -> NDArray[np.float64]:
    """Distances of points (P, N), relative to their sizes."""
    return np.asarray(np.linalg.norm(one - other, axis=-1) / (1 + np.linalg.norm(other, axis=-1)))


def _agreed(condition: Condition, patches: Patches, one: _Limits, other: _Limits) -> tuple[Ending, ...] | None:
    """The limits that both homotopies have, and the t of the other limits; None if the numbers of paths differ."""
    paths, numbers = one.paths, other.paths
    if paths.sum() != numbers.sum():
        return None
    left, right = np.ones(len(paths), bool), np.ones(len(numbers), bool)
    for i, point in enumerate(one.points):
        same = np.flatnonzero(right & (_apart(other.points, point) <= ONE))
        if len(same) and numbers[same[0]] == paths[i]:
            left[i] = right[same[0]] = False
    found, moved = (homogeneous_coordinates(condition.coordinates, patches, at.points) for at in (one, other))
    result = [Ending(found.row(i), int(paths[i]), True, one.cycles[i]) for i in np.flatnonzero(~left).tolist()]
    while left.any():
        first = int(np.flatnonzero(left)[0])
        here, there = (
            rest & (np.abs(np.linalg.det(_pairs(at.t, found.t[first]))) <= ONE)
            for rest, at in ((left, found), (right, moved))
        )
        one_place = bool(paths[here].sum() == numbers[there].sum())
        if not one_place:
            here, there = left, right
        rows = np.flatnonzero(here)
        cycles = tuple(cycle for i in rows.tolist() for cycle in one.cycles[i])
        result.append(Ending(found.chosen(rows), int(paths[here].sum()), False, cycles, one_place))
        left, right = left & ~here, right & ~there
    return tuple(result)


def _pairs(vectors: Complex, other: Complex) -> Complex:
    """Matrices of two unit vectors: their determinant is the sine of the angle between both."""
    both = np.stack([vectors, np.broadcast_to(other, vectors.shape)], axis=1)
    return np.asarray(both / np.linalg.norm(both, axis=2, keepdims=True))

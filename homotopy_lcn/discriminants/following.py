"""Real critical points followed along the segment, inside a chamber and from one chamber to the next."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, pairwise

import numpy as np
from numpy.typing import NDArray

from ..arrays import Complex, Real
from ..equations.critical_equations import equations_of
from ..networks.patterns import Pattern
from ..networks.strata import Embedding
from ..results.points import CriticalPoint
from .conditions import Fold, local_coordinates
from .digits_near_walls import followed_in_digits
from .extended_system import CriticalSystem, Patches, WallPoints
from .lines import DataLine, Motion
from .path_tracker import PathOptions, newton, track_paths
from .pieces import real_forms
from .records import Chamber
from .segments import Segment
from .tolerances import WALLS

__all__ = ["Contradiction", "followed_filters", "followed_in_chamber", "followed_points", "matched"]


class Contradiction(ValueError):
    """Two chambers do not fit together."""


def followed_filters(
    segment: Segment, points: Sequence[CriticalPoint], start: float, end: float, over: Sequence[complex] = ()
) -> tuple[Complex, NDArray[np.bool_]]:
    """Filters (R, K) at ``end`` of critical points at ``start``, and whether each was reached.

    The way goes straight from each t to the next one, ``over`` being those between start and end.
    """
    filters = np.array([point.filter for point in points], complex).reshape(len(points), segment.arch.filter_size)
    reached = np.ones(len(points), bool)
    if start == end:
        return filters, reached
    for pattern in dict.fromkeys(point.stratum for point in points):
        rows = np.array([i for i, point in enumerate(points) if point.stratum == pattern])
        way = (start, *over, end)
        _, filters[rows], reached[rows] = followed_points(segment, pattern, [points[i] for i in rows], way)
    return filters, reached


def followed_points(
    segment: Segment, pattern: Pattern, points: Sequence[CriticalPoint], places: Sequence[complex]
) -> tuple[WallPoints, Complex, NDArray[np.bool_]]:
    """Critical points of one stratum followed from the first t to the last one.

    Returns
    -------
    WallPoints
        Their factors and scalars, for Σ and b divided by `Segment.sizes`.
    (R, K) complex array
        Their filters.
    (R,) bool array
        Whether each was reached.
    """
    embedding = Embedding.of_pattern(segment.arch, pattern)
    stratum, rng = embedding.stratum, np.random.default_rng(len(points))
    lines = [_at(segment, embedding, t) for t in places]
    start, end = places[0].real, places[-1].real
    gram, b = segment.sizes
    coordinates = np.array([point.coordinates for point in points], complex)
    scale = np.stack([coordinates[:, 0] * (gram / b / segment.multiple(start)), np.ones(len(points))], axis=1)
    still = np.tile([1.0 + 0j, 0.0], (len(points), 1))
    given = WallPoints(coordinates[:, 1:], scale, still)
    options = PathOptions(movement=WALLS.real_movement, largest=np.inf)
    for _ in range(WALLS.attempts):
        patches, arrived = Patches.random(stratum, rng), np.ones(len(points), bool)
        system = CriticalSystem(stratum, patches, *lines[:2])
        z = local_coordinates(stratum, patches, given, Motion(False, False))[:, : system.unknowns]
        z, _ = newton(system, z, 0.0)
        for leg in pairwise(lines):
            system = CriticalSystem(stratum, patches, *leg)
            ends = track_paths(system, z, options)
            z, steps = newton(system, ends.points, 1.0)
            arrived &= ends.arrived
        blank = np.zeros((len(z), stratum.dimension), complex)
        found = Fold(stratum).points(patches, np.concatenate([z, blank], axis=1))
        best = segment.filters(embedding, _filters(embedding, found), end)
        size = np.linalg.norm(best, axis=1)
        reached = arrived & (steps < WALLS.settled * _part_that_is_known(system, z, points))
        reached &= np.linalg.norm(best.imag, axis=1) <= WALLS.joined * size
        if not segment.multiple(end):
            return found, best, np.zeros(len(points), bool)
        if reached.all() and _distinct(best).all():
            break
        options = options.tighter()
    return found, best, reached


def followed_in_chamber(
    segment: Segment, chamber: Chamber, points: Sequence[CriticalPoint], t: float
) -> tuple[Complex, list[Real], NDArray[np.bool_]]:
    """Real critical points in the middle of a chamber at another t of it, in many digits where doubles do not suffice.

    Returns
    -------
    (R, K) complex array
        Their filters.
    list of arrays
        The coefficients of the factors of each one after the other, as `real_forms` turns them.
    (R,) bool array
        Whether each was reached. Exactly at an end of the chamber doubles alone are asked.
    """
    middle = chamber.middle
    filters = np.array([point.filter for point in points], complex).reshape(len(points), segment.arch.filter_size)
    reached, factors = np.ones(len(points), bool), [np.zeros(0)] * len(points)
    for pattern in dict.fromkeys(point.stratum for point in points):
        rows = [i for i, point in enumerate(points) if point.stratum == pattern]
        stratum = Embedding.of_pattern(segment.arch, pattern).stratum
        found, *there = followed_points(segment, pattern, [points[i] for i in rows], (middle, t))
        if t != middle:
            filters[rows], reached[rows] = there
        for row, forms in zip(rows, real_forms(stratum, found.factors), strict=True):
            factors[row] = forms
    if t in (middle, chamber.start, chamber.end):
        return filters, factors, reached
    again = np.flatnonzero(~reached | ~_distinct(filters)).tolist()
    for row in again:
        end = followed_in_digits(segment, points[row], (middle, t, chamber.start if t < middle else chamber.end))
        reached[row] = end is not None
        if end is not None:
            filters[row], factors[row] = end
    for i, k in combinations(again, 2):
        same = points[i].stratum == points[k].stratum and np.allclose(filters[i], filters[k], rtol=WALLS.same, atol=0)
        if same and np.allclose(factors[i], factors[k], rtol=WALLS.same, atol=0):
            reached[[i, k]] = False
    return filters, factors, reached


def _part_that_is_known(system: CriticalSystem, z: Complex, points: Sequence[CriticalPoint]) -> Real:
    """How near w is to zero or to infinity: an error of (c : s) is that of w times this number, about."""
    parts = np.abs(system.coefficients(z[:, -1:], len(system.stratum.factors)))
    with np.errstate(all="ignore"):
        nearness = parts.min(axis=1) / np.linalg.norm(parts, axis=1)
    return np.where([point.filter.any() for point in points], nearness, 1.0)


def _at(segment: Segment, embedding: Embedding, t: complex) -> DataLine:
    data = segment.data(embedding, t)
    return DataLine(
        np.array([data.gram, np.zeros_like(data.gram)], complex),
        np.array([data.b, np.zeros_like(data.b)], complex),
        Motion(False, False),
    )


def _around(start: float, wall: float, end: float) -> tuple[complex, ...]:
    """Three t on a small half circle around a wall."""
    radius = WALLS.detour * min(abs(wall - start), abs(end - wall)) * (1 if end > start else -1)
    return wall - radius, wall + 1j * radius, wall + radius


def _filters(embedding: Embedding, points: WallPoints) -> Complex:
    """Filters (P, K) of the stratum."""
    coordinates = np.concatenate([(points.scale[:, 0] / points.scale[:, 1])[:, None], points.factors], axis=1)
    return equations_of(embedding.stratum).filters(coordinates)


def _distinct(filters: Complex) -> NDArray[np.bool_]:
    """For each filter whether no other one is nearly the same."""
    apart = np.linalg.norm(filters[:, None] - filters[None], axis=2)
    np.fill_diagonal(apart, np.inf)
    return np.asarray((apart > WALLS.same * np.linalg.norm(filters, axis=1)[:, None]).all(axis=1))


def matched(
    segment: Segment,
    left: tuple[float, Sequence[CriticalPoint]],
    right: tuple[float, Sequence[CriticalPoint]],
    around: float | None = None,
) -> dict[int, int]:
    """Which real points of the left chamber go on in the right one: index by index.

    On each stratum the points are followed from the chamber with fewer of them, where all go on. Where Σ is singular on
    the whole segment, one of them can meet two others at the wall between. Then the way leads ``around`` the t of the
    wall, in complex numbers.

    Raises
    ------
    Contradiction
        If a point that must go on does not.
    """
    result: dict[int, int] = {}
    patterns = dict.fromkeys(point.stratum for _, points in (left, right) for point in points)
    for pattern in patterns:
        sides = [[i for i, point in enumerate(points) if point.stratum == pattern] for _, points in (left, right)]
        swap = len(sides[0]) > len(sides[1])
        (t, points), (other, others) = (right, left) if swap else (left, right)
        rows, goals = sides[::-1] if swap else sides
        over = () if around is None else _around(t, around, other)
        filters, reached = followed_filters(segment, [points[i] for i in rows], t, other, over)
        if not reached.all():
            raise Contradiction(f"a real point of the stratum {pattern} does not reach t = {other}")
        known = np.array([others[j].filter for j in goals]).reshape(len(goals), -1)
        for row, found in zip(rows, filters, strict=True):
            distances = np.linalg.norm(known - found, axis=1)
            place = int(np.argmin(distances)) if len(goals) else -1
            if place < 0 or distances[place] > WALLS.joined * np.linalg.norm(found):
                raise Contradiction(f"a real point of the stratum {pattern} does not arrive at one at t = {other}")
            pair = (goals[place], row) if swap else (row, goals[place])
            if pair[0] in result or pair[1] in result.values():
                raise Contradiction(f"two real points of the stratum {pattern} arrive at one at t = {other}")
            result[pair[0]] = pair[1]
    return result

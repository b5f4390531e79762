"""Whether paths that seem to run to infinity, or to w = 0, go on doing so near the data.

The size of a filter on the way to infinity grows like a power of the distance s from the data, s^(−1/m) for winding
number m, and shrinks like s^(1/m) on the way to w = 0. Near data in special position a path may do so for a long time,
and turn to a finite end at last: where b misses the special position by 1e-7, at s = 1e-7. So the paths are followed by
powers of ten. Where the last growth is much smaller than the largest one, the end is not known.

Where all data move, this says little if the Gram matrix is special and b is nearly so: on the way w may grow like
s^(−1/6) only, and would turn at s = 1e-17. Where b alone moves, the path turns at s = 1e-7. There doubles may lose a
path long before that, and many digits do not.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..arrays import Complex, Real
from ..equations.critical_equations import Equations
from ..networks.strata import Stratum
from ..tracking import Homotopy
from ..tracking.endgame import End, PathEnds
from ..tracking.many_digits import PreciseHomotopy, PrecisePath
from ..tracking.refinement import filters_of
from ..tracking.settings import Tracking
from ..tracking.tolerances import RETRACKING
from .tolerances import FAR

__all__ = ["FarEnds", "Growth", "follow_far", "growth_in_doubles"]


class Growth(NamedTuple):
    """What doubles see of paths to infinity or to w = 0.

    Attributes
    ----------
    turned : (P,) bool array
        Which paths are seen to turn to a finite end.
    reached : (P,) bool array
        Which paths doubles have followed to the last distance. Others are not seen to turn.
    """

    turned: NDArray[np.bool_]
    reached: NDArray[np.bool_]


def growth_in_doubles(stratum: Stratum, starts: Complex, homotopy: Homotopy, tracking: Tracking) -> Growth:
    """Whether the paths from ``starts`` (P, coordinates) are seen to turn to a finite end near the data."""
    chain = _known_points(stratum, starts, homotopy, FAR.growth_distances, tracking)
    reached = np.asarray(np.isfinite(chain[:, -1]).all(axis=1))
    filters = filters_of(stratum, chain.reshape(-1, stratum.coordinates)).reshape(*chain.shape[:2], -1)
    with np.errstate(invalid="ignore"):
        growth = np.abs(np.diff(np.log(np.linalg.norm(filters, axis=2)), axis=1))
    return Growth(_have_turned(growth), reached)


def _have_turned(growth: Real) -> NDArray[np.bool_]:
    """Whether the last known one of some changes of logarithms (P, L) is much smaller than the largest one.

    From some place on they may be unknown, NaN.
    """
    known = np.isfinite(growth)
    last = np.maximum(known.sum(axis=1) - 1, 0)
    largest = np.where(known, growth, 0.0).max(axis=1)
    return np.asarray(growth[np.arange(len(growth)), last] < FAR.growth_goes_on * largest)


@dataclass
class FarEnds:
    """What is known in the end of paths that seemed to run to infinity or to w = 0, or were lost.

    Attributes
    ----------
    kinds : (P,) integer array
        `End.AT_INFINITY` and `End.ORIGIN` for those that go on doing so, else `End.UNKNOWN`.
    points : dict
        The finite ends that were found, extended-precision complex arrays (coordinates,), by the numbers of the paths.
    followed : int
        Number of paths followed in many digits.
    """

    kinds: NDArray[np.int64]
    points: dict[int, NDArray[Any]] = field(default_factory=dict)
    followed: int = 0


def follow_far(
    equations: Equations, traced: PathEnds, starts: Complex, homotopy: Homotopy, tracking: Tracking
) -> FarEnds:
    """Follow paths to data with the Gram matrix of the start until it is clear whether they end far away.

    Parameters
    ----------
    equations : Equations
    traced : PathEnds
        What the endgame says of P paths.
    starts : (P, coordinates) complex array
    homotopy : Homotopy
        Along which the kernel of the Gram matrix stays the same.
    tracking : Tracking
        When the time is up, the ends that are left stay unknown.
    """
    stratum = equations.stratum
    result = FarEnds(np.full(len(starts), End.UNKNOWN.value))
    away = np.flatnonzero(traced.kinds != End.UNKNOWN)
    if away.size:
        growth = growth_in_doubles(stratum, starts[away], homotopy, tracking)
        sure = away[growth.reached & ~growth.turned]
        result.kinds[sure] = traced.kinds[sure]
    rest = np.flatnonzero(result.kinds == End.UNKNOWN)
    if not rest.size:
        return result
    precise = PreciseHomotopy(equations, homotopy)
    for known in FAR.known:
        chain = _known_points(stratum, starts[rest], homotopy, known, tracking)
        lost = np.ones(len(rest), dtype=bool)
        for place, (row, points) in enumerate(zip(rest.tolist(), chain, strict=True)):
            if tracking.clock.is_up():
                return result
            if np.isfinite(points).all():
                path = PrecisePath(precise, points, known)
                result.followed += 1
                result.kinds[row], end = _fate(path, tracking)
                lost[place] = path.lost
                if end is not None:
                    result.points[row] = end
        rest = rest[lost]
        if not rest.size:
            break
    return result


def _known_points(
    stratum: Stratum, starts: Complex, homotopy: Homotopy, distances: tuple[float, ...], tracking: Tracking
) -> Complex:
    """The points of paths (P, coordinates) at some distances, (P, L, coordinates), NaN where doubles lose them."""
    result = np.full((len(starts), len(distances), stratum.coordinates), np.nan, complex)
    going, points, here = np.arange(len(starts)), starts, homotopy.start
    patient = tracking.with_options(replace(RETRACKING.patient, max_steps=FAR.steps))
    for number, distance in enumerate(distances):
        there = homotopy.start.mix(distance, homotopy.target)
        tracked = patient.follow(stratum, points, Homotopy(here, there))
        kept = np.flatnonzero(tracked.success)
        going, points, here = going[kept], tracked.points[kept], there
        if not going.size:
            break
        result[going, number] = points
    return result


def _fate(path: PrecisePath, tracking: Tracking) -> tuple[End, NDArray[Any] | None]:
    """Where a path ends: far away if its size goes on changing by equal factors, else at a finite point."""
    sizes: list[float] = []
    for distance in FAR.distances:
        if tracking.clock.is_up() or not path.reach(distance):
            break
        sizes.append(path.log_size)
        growth = np.diff(sizes[-FAR.equal_factors - 1 :])
        if len(growth) < FAR.equal_factors:
            continue
        least, largest = np.abs(growth).min(), np.abs(growth).max()
        if distance <= FAR.special and least >= max(FAR.still_grows, FAR.as_before * largest):
            return (End.AT_INFINITY if growth[-1] > 0 else End.ORIGIN), None
        if abs(growth[-1]) <= FAR.hardly_grows and (end := path.end()) is not None:
            return End.UNKNOWN, end
    return End.UNKNOWN, None

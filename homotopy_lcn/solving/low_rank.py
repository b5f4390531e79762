"""Start systems for data whose Gram matrix has a rank below the dimension of a stratum.

Gram matrices Σ = A D Aᵀ and moment vectors b = A c with a fixed A (K × r), D complex symmetric and c complex, form a
linear family, in which straight segments stay. Its critical points of residual zero fill a continuum; the others, where
the projection of the stratum by Aᵀ is ramified, are isolated for generic (D, c), and `generic_count` says how many
there are for generic A. Here they are found for random (D, c) and the A of the user's data:

1. by a homotopy from a start system of full rank: each isolated solution is the end of a path, and the remaining paths
   end on the continuum or at infinity;
2. should some be missing after several detours, by monodromy loops within the family.

From there on the data are reached within the family, with every path accounted for.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..arrays import Complex
from ..equations.critical_equations import Data, Equations, equations_of
from ..equations.distinct import find, first_occurrences, point_keys
from ..tracking import Engine, Homotopy, TrackerOptions
from ..tracking.refinement import refine
from .start_systems import StartSystem

__all__ = ["low_rank_start_system", "random_member", "regular_points"]

#: Homotopies from the start system of full rank before monodromy has to help.
DETOURS = 4
#: Loops in a row without a new point after which monodromy gives up.
FRUITLESS_LOOPS = 10
#: A point is regular if its last Newton step is at most this, relative to the point, …
VERIFIED = 1e-8
#: … and the condition number of its Newton matrix, scaled to unit diagonal, at most this.
CONDITION = 1e8


def low_rank_start_system(
    full: StartSystem,
    count: int,
    data: Data,
    rank: int,
    rng: np.random.Generator,
    engine: Engine,
    *,
    jobs: int = 1,
    report: Callable[[int], None] | None = None,
) -> StartSystem:
    """The isolated critical points of random data with the column space of the given ones.

    Parameters
    ----------
    full : StartSystem
        The start system of the stratum, of full rank.
    count : int
        How many points there are for generic data of this rank: when to stop.
    data : Data
        The user's data, Gram matrix (K, K) of rank ``rank``.
    rank : int
    rng : numpy.random.Generator
    engine : Engine
    jobs : int
        Number of threads.
    report : callable, optional
        Called with the number of points known.

    Returns
    -------
    StartSystem
        Fewer than ``count`` points if no more were found, as may be for special column spaces. Its trace is NaN: the
        sum of the points need not be linear, as some go to infinity.
    """
    equations = equations_of(full.stratum)
    member = random_member(data, rank, rng)
    points = np.empty((0, full.stratum.coordinates), complex)
    for _ in range(DETOURS):
        if len(points) >= count:
            break
        turns = np.exp(2j * np.pi * rng.random(2))
        starts = full.points.copy()
        starts[:, 0] *= turns[1] / turns[0]
        start = Data(turns[0] * full.data.gram, turns[1] * full.data.b)
        points = _arrivals(equations, engine, starts, Homotopy(start, member), points, jobs)
        if report is not None:
            report(min(len(points), count))
    fruitless = 0
    while 0 < len(points) < count and fruitless < FRUITLESS_LOOPS:
        known, current, here = len(points), points, member
        for there in (random_member(data, rank, rng), random_member(data, rank, rng), member):
            nothing = np.empty((0, full.stratum.coordinates), complex)
            current = _arrivals(equations, engine, current, Homotopy(here, there), nothing, jobs)
            here = there
        points = _united(equations, points, current)
        fruitless = 0 if len(points) > known else fruitless + 1
        if report is not None:
            report(min(len(points), count))
    return StartSystem(full.stratum, member, points, float("nan"))


def random_member(data: Data, rank: int, rng: np.random.Generator) -> Data:
    """Random complex data whose Gram matrix has the range of that of ``data``, spanned by its first eigenvectors."""
    basis = np.linalg.eigh(data.gram)[1][:, len(data.b) - rank :]
    inner = rng.normal(size=(rank, rank)) + 1j * rng.normal(size=(rank, rank))
    moments = rng.normal(size=rank) + 1j * rng.normal(size=rank)
    return Data(basis @ (inner + inner.T) @ basis.T / np.sqrt(8 * rank), basis @ moments / np.sqrt(2))


def regular_points(equations: Equations, points: Complex, data: Data, jobs: int = 1) -> Complex:
    """Those of the points that are accurate and well conditioned, refined."""
    refined = refine(equations, points, data, jobs=jobs)
    good = (refined.errors <= VERIFIED) & (refined.conditions <= CONDITION)
    return refined.points[good].astype(complex)


def _arrivals(
    equations: Equations, engine: Engine, starts: Complex, homotopy: Homotopy, known: Complex, jobs: int
) -> Complex:
    """The known points and the new regular ends of the paths."""
    result = engine.track(equations.stratum, starts, homotopy, TrackerOptions.conservative(), jobs=jobs)
    return _united(equations, known, regular_points(equations, result.points[result.success], homotopy.target, jobs))


def _united(equations: Equations, known: Complex, new: Complex) -> Complex:
    """The distinct points of both."""
    keys = point_keys(equations.stratum, new)
    keep = first_occurrences(keys) == np.arange(len(keys))
    keep &= find(point_keys(equations.stratum, known), keys) < 0
    return np.concatenate([known, new[keep]])

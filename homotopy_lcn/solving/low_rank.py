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

import numpy as np

from ..arrays import Complex
from ..equations.critical_equations import Data, Equations
from ..equations.distinct import find, first_occurrences, point_keys
from ..tracking import Homotopy
from ..tracking.refinement import refine
from ..tracking.settings import Tracking
from .problem import Problem
from .stored_systems import StartSystem
from .tolerances import SOLVING

__all__ = ["low_rank_start_system", "random_member", "regular_points"]


def low_rank_start_system(full: StartSystem, problem: Problem, rank: int, tracking: Tracking) -> StartSystem:
    """The isolated critical points of random data with the column space of the given ones.

    Parameters
    ----------
    full : StartSystem
        The start system of the stratum, of full rank.
    problem : Problem
        With the user's data. Its count for generic data of this rank tells when to stop.
    rank : int
        Rank of the user's Gram matrix (K, K).
    tracking : Tracking
        `Tracking.report` is called with the number of points known.

    Returns
    -------
    StartSystem
        Fewer points than the count if no more were found, as may be for special column spaces. Its trace is NaN: the
        sum of the points need not be linear, as some go to infinity.
    """
    count, data, rng = problem.count, problem.data, tracking.rng
    member = random_member(data, rank, rng)
    points = np.empty((0, full.stratum.coordinates), complex)
    for _ in range(SOLVING.low_rank_detours):
        if len(points) >= count:
            break
        start = full.turned(np.exp(2j * np.pi * rng.random(2)))
        points = _arrivals(problem, start.points, start.to(member), points, tracking)
        tracking.tell(min(len(points), count))
    fruitless = 0
    while 0 < len(points) < count and fruitless < SOLVING.fruitless_loops:
        known, current, here = len(points), points, member
        for there in (random_member(data, rank, rng), random_member(data, rank, rng), member):
            nothing = np.empty((0, full.stratum.coordinates), complex)
            current = _arrivals(problem, current, Homotopy(here, there), nothing, tracking)
            here = there
        points = _distinct_union(problem, points, current)
        fruitless = 0 if len(points) > known else fruitless + 1
        tracking.tell(min(len(points), count))
    return StartSystem(full.stratum, member, points, float("nan"))


def random_member(data: Data, rank: int, rng: np.random.Generator) -> Data:
    """Random complex data whose Gram matrix has the range of that of ``data``, spanned by its first eigenvectors."""
    basis = np.linalg.eigh(data.gram)[1][:, len(data.b) - rank :]
    inner = rng.normal(size=(rank, rank)) + 1j * rng.normal(size=(rank, rank))
    moments = rng.normal(size=rank) + 1j * rng.normal(size=rank)
    return Data(basis @ (inner + inner.T) @ basis.T / np.sqrt(8 * rank), basis @ moments / np.sqrt(2))


def regular_points(equations: Equations, points: Complex, data: Data, jobs: int = 1) -> Complex:
    """The accurate and well-conditioned points among the given points, refined."""
    refined = refine(equations, points, data, jobs=jobs)
    good = (refined.errors <= SOLVING.verified) & (refined.conditions <= SOLVING.low_rank_condition)
    return refined.points[good].astype(complex)


def _arrivals(problem: Problem, starts: Complex, homotopy: Homotopy, known: Complex, tracking: Tracking) -> Complex:
    """The known points and the new regular ends of the paths."""
    result = tracking.careful.follow(problem.stratum, starts, homotopy)
    arrived = result.points[result.success]
    return _distinct_union(problem, known, regular_points(problem.equations, arrived, homotopy.target, tracking.jobs))


def _distinct_union(problem: Problem, known: Complex, new: Complex) -> Complex:
    """The distinct points of both."""
    keys = point_keys(problem.stratum, new)
    keep = first_occurrences(keys) == np.arange(len(keys))
    keep &= find(point_keys(problem.stratum, known), keys) < 0
    return np.concatenate([known, new[keep]])

"""Ends of paths at which Newton's method is singular: multiple points, clusters of points, points of continua."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..arrays import Complex
from ..equations.distinct import first_occurrences, point_keys
from ..tracking import Homotopy
from ..tracking.endgame import PathEnds
from ..tracking.refinement import refine
from ..tracking.settings import Tracking
from .accounts import RegularEnds, SingularEnd, in_whole_cycles
from .local_structure import LocalStructure, local_structures
from .nearly_tied import follow_along_continuum
from .problem import Problem
from .regular_ends import on_smaller_stratum
from .tolerances import SOLVING

__all__ = ["SettledEnds", "settle"]


class SettledEnds(NamedTuple):
    """What singular ends turn out to be: nonsingular points, and points that are singular.

    ``resolved`` is the number of paths that lead to the nonsingular points. Paths that are neither among these nor at
    the singular points stay open.
    """

    regular: RegularEnds
    singular: list[SingularEnd]
    resolved: int

    @property
    def settled(self) -> int:
        """The number of paths that do not stay open."""
        return self.resolved + sum(len(end.windings) for end in self.singular)


def settle(
    problem: Problem, traced: PathEnds, rows: NDArray[np.int64], homotopy: Homotopy, tracking: Tracking
) -> SettledEnds:
    """Tell for singular ends whether they are multiple points, clusters of nonsingular points, or points of continua.

    A path that winds m times around its end is one of a cycle of m paths with this end: where some of them are missing,
    the end or the winding number is wrong, and none is accounted for. Where the data are nearly tied, the endgame stops
    short of a path's end, near no critical point. From there the path is followed on.

    Parameters
    ----------
    problem : Problem
    traced : PathEnds
    rows : (S,) integer array
        Which of the ends are finite and singular.
    homotopy : Homotopy
        The one along which the paths were traced.
    tracking : Tracking
        For its random numbers and its clock. When the time is up, the ends that are left stay open.
    """
    keys = point_keys(problem.stratum, traced.points[rows])
    first = first_occurrences(keys, tolerance=SOLVING.same_limit)
    solutions: list[NDArray[Any]] = []
    singular: list[SingularEnd] = []
    resolved, cones = 0, not np.any(problem.data.b)
    groups = [rows[first == leader] for leader in np.unique(first).tolist()]
    groups = [group for group in groups if in_whole_cycles(traced.windings[group]) == len(group)]
    for group, found in _structures(problem, traced, groups, tracking):
        if tracking.clock.is_up():
            break
        if cones and found.dimension == 0 and found.singular:
            # Without a target each multiple of a critical filter is critical.
            found = replace(found, dimension=1)
        solutions += found.solutions
        resolved += len(group) if found.solutions else 0
        if found.dimension is None:
            with tracking.clock.stage("nearly tied ends"):
                end = follow_along_continuum(problem.equations, found.point, homotopy, found.residual)
            solutions += [] if end is None else [end]
            resolved += 0 if end is None else len(group)
        elif found.singular and len(group) <= (found.multiplicity or len(group)):
            singular.append(_singular_end(found, tuple(sorted(traced.windings[group].tolist()))))
    return SettledEnds(_as_ends(problem, solutions), singular, resolved)


def _structures(
    problem: Problem, traced: PathEnds, groups: list[NDArray[np.int64]], tracking: Tracking
) -> Iterator[tuple[NDArray[np.int64], LocalStructure]]:
    """The groups of ends that are one point, and the critical set there, until the time is up."""
    for start in range(0, len(groups), SOLVING.ends_at_once):
        if tracking.clock.is_up():
            return
        some = groups[start : start + SOLVING.ends_at_once]
        best = np.array([group[np.argmin(traced.residuals[group])] for group in some])
        with tracking.clock.stage("singular ends"):
            found = local_structures(
                problem.equations, traced.points[best], problem.data, tracking.rng, exact=problem.exact
            )
        yield from zip(some, found, strict=True)


def _singular_end(found: LocalStructure, windings: tuple[int, ...]) -> SingularEnd:
    return SingularEnd(found.point, windings, found.dimension or 0, found.corank)


def _as_ends(problem: Problem, solutions: list[NDArray[Any]]) -> RegularEnds:
    """Solutions from Newton's method in many digits, one of each, without those that belong to a smaller stratum."""
    if not solutions:
        return RegularEnds.none(problem.stratum)
    points = np.array(solutions)
    rounded: Complex = points.astype(complex)
    refined = refine(problem.equations, points, problem.data, steps=1)
    kept = ~on_smaller_stratum(problem.equations, rounded)
    kept &= refined.conditions <= SOLVING.singular_in_many_digits  # near a multiple point rounding has solutions, too
    return RegularEnds(rounded[kept], problem.equations.filters(rounded[kept]), refined.conditions[kept])

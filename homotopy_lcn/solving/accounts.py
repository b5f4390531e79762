"""The account of all paths of a stratum: where each of them ends."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..arrays import Complex, Real
from ..equations.distinct import DISTINCT, find_points, first_points, point_keys
from ..networks.strata import Stratum
from ..tracking.refinement import Refined
from .tolerances import SOLVING

__all__ = ["PathAccount", "RegularEnds", "SingularEnd", "accuracy", "distinct_union", "too_near"]


@dataclass(frozen=True, eq=False)
class RegularEnds:
    """Refined nonsingular points: (P, coordinates), their filters (P, K) and condition numbers (P,)."""

    points: Complex
    filters: Complex
    conditions: Real

    @classmethod
    def none(cls, stratum: Stratum) -> RegularEnds:
        """No points."""
        return cls(
            np.empty((0, stratum.coordinates), complex), np.empty((0, stratum.filter_size), complex), np.empty(0)
        )

    @classmethod
    def of(cls, refined: Refined, rows: NDArray[np.integer | np.bool_]) -> RegularEnds:
        """Some of the points of a refinement."""
        return cls(refined.points[rows].astype(complex), refined.filters[rows], refined.conditions[rows])

    def part(self, rows: NDArray[np.integer | np.bool_]) -> RegularEnds:
        """Some of the points."""
        return RegularEnds(self.points[rows], self.filters[rows], self.conditions[rows])

    def joined(self, others: RegularEnds, rows: NDArray[np.integer | np.bool_]) -> RegularEnds:
        """These points and some of other ones."""
        return RegularEnds(
            np.concatenate([self.points, others.points[rows]]),
            np.concatenate([self.filters, others.filters[rows]]),
            np.concatenate([self.conditions, others.conditions[rows]]),
        )

    def conjugate(self) -> RegularEnds:
        """The conjugate points, which solve real equations as well."""
        return RegularEnds(self.points.conj(), self.filters.conj(), self.conditions)

    def __len__(self) -> int:
        return len(self.points)


@dataclass(frozen=True, eq=False)
class SingularEnd:
    """A finite singular end of paths, see `local_structure`.

    Attributes
    ----------
    point : (coordinates,) complex array
    windings : tuple of int
        The winding numbers of the paths that meet there.
    dimension : int
        Local dimension of the critical set: 0 at an isolated point.
    corank : int
        Corank of the Newton matrix. Where it is `dimension`, the loss is nondegenerate across the continuum.
    """

    point: Complex
    windings: tuple[int, ...]
    dimension: int
    corank: int

    @property
    def isolated(self) -> bool:
        """Whether no continuum of critical points passes through the point."""
        return self.dimension == 0


@dataclass
class PathAccount:
    """Where all paths of a stratum end, as far as it is known.

    Attributes
    ----------
    regular : RegularEnds
        The distinct finite nonsingular ends.
    singular : list of SingularEnd
        The distinct finite singular ends.
    limits : list of SingularEnd
        Where a continuum of critical points is met, the ends of paths from real data nearby that are on one.
    approaches : int
        How many times all paths were followed from real data nearby, see `real_limits`.
    at_infinity, origin : int
        Numbers of paths that end at infinity and at w = 0.
    unlisted : int
        Paths that many digits follow to finite ends so ill-conditioned that they are not listed.
    losses_away : (P,) complex array or None
        For paths from a generic loss to a singular Gram matrix: the limits of the loss without its constant along all
        paths that end at infinity, NaN where a limit is not known. None if not all ends are known.
    never_started : tuple of int
        How many critical points of generic data are at infinity, and at w = 0, for every moment vector of a start
        system with the Gram matrix of the data: no paths lead there.
    retracked, extended, detours, paths, steps : int
        Paths tracked again, and in extended precision; detours taken; all paths and steps.
    """

    regular: RegularEnds
    singular: list[SingularEnd] = field(default_factory=list)
    limits: list[SingularEnd] = field(default_factory=list)
    approaches: int = 0
    at_infinity: int = 0
    origin: int = 0
    unlisted: int = 0
    losses_away: Complex | None = None
    never_started: tuple[int, int] = (0, 0)
    retracked: int = 0
    extended: int = 0
    detours: int = 0
    paths: int = 0
    steps: int = 0

    @classmethod
    def empty(cls, stratum: Stratum) -> PathAccount:
        """Nothing known yet."""
        return cls(RegularEnds.none(stratum))

    @property
    def singular_paths(self) -> int:
        """Number of paths that end at finite singular points."""
        return sum(len(end.windings) for end in self.singular)

    @property
    def on_continua(self) -> list[SingularEnd]:
        """The singular ends that are not isolated."""
        return [end for end in self.singular if not end.isolated]

    @property
    def accounted(self) -> int:
        """Number of paths whose ends are known."""
        return len(self.regular) + self.singular_paths + self.at_infinity + self.origin

    def covers(self, count: int) -> bool:
        """Whether all of `count` critical points of generic data are accounted for."""
        return self.accounted + sum(self.never_started) == count

    def is_final(self, count: int) -> bool:
        """Whether other ways to the data would tell no more."""
        return self.accounted + self.unlisted + sum(self.never_started) == count

    @property
    def statistics(self) -> dict[str, int]:
        """Numbers of paths, steps and repetitions, and `unlisted` if it is not 0; none depends on the machine."""
        numbers = {
            "paths": self.paths,
            "steps": self.steps,
            "retracked": self.retracked,
            "extended": self.extended,
            "detours": self.detours,
        }
        return numbers | ({"unlisted": self.unlisted} if self.unlisted else {})


def accuracy(conditions: Real) -> float:
    """How near to each other points with these condition numbers may be and still be one."""
    return max(DISTINCT, SOLVING.end_rounding * float(conditions.max(initial=0.0)))


def distinct_union(stratum: Stratum, known: RegularEnds, new: RegularEnds) -> RegularEnds:
    """The distinct points of both."""
    if len(new) == 0:
        return known
    tolerance = max(accuracy(known.conditions), accuracy(new.conditions))
    keep = first_points(stratum, new.points, tolerance) == np.arange(len(new))
    keep &= find_points(stratum, known.points, new.points, tolerance) < 0
    if not keep.any():
        return known
    added = np.flatnonzero(keep)
    union = known.joined(new, added)
    doubtful = too_near(stratum, union.points, union.conditions)[len(known) :]
    return known.joined(new, added[~doubtful]) if doubtful.any() else union


def in_whole_cycles(windings: NDArray[np.int64]) -> int:
    """How many paths with these winding numbers m are there in multiples of m; unknown ones, 0, may fill any gap."""
    if (windings == 0).any():
        return len(windings)
    numbers, counts = np.unique(windings, return_counts=True)
    return int(counts[counts % numbers == 0].sum())


def too_near(stratum: Stratum, points: Complex, conditions: Real) -> NDArray[np.bool_]:
    """Which of some points (P, coordinates) are too near to another one for their condition numbers (P,).

    At a distance d from each other two solutions have condition numbers of order 1/d. If the numbers are smaller,
    both points are one singular solution, where rounding makes up the Newton matrix.
    """
    result = np.zeros(len(points), dtype=bool)
    near = first_points(stratum, points, SOLVING.near)
    for group in np.flatnonzero(np.bincount(near, minlength=len(points)) > 1).tolist():
        members = np.flatnonzero(near == group)
        keys = point_keys(stratum, points[members])
        apart = np.linalg.norm(keys[:, None] - keys, axis=2) / np.linalg.norm(keys, axis=1)
        np.fill_diagonal(apart, np.inf)
        least = np.minimum.outer(conditions[members], conditions[members])
        result[members] = (least * apart < SOLVING.near_condition).any(axis=1)
    return result

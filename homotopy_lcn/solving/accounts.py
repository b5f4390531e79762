"""What is known of the ends of all paths of a stratum."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..arrays import Complex, Real
from ..equations.critical_equations import Equations
from ..equations.distinct import DISTINCT, find, first_occurrences, point_keys
from ..tracking.refinement import Refined

__all__ = ["ROUNDING", "Account", "Regular"]


#: Rounding in refined points for each unit of their condition number; ends that are nearer to each other than the
#: square root of it may be one double end.
ROUNDING = 8 * float(np.finfo(np.longdouble).eps)


@dataclass(frozen=True)
class Regular:
    """Refined nonsingular points: (P, coordinates), their filters (P, K) and condition numbers (P,)."""

    points: Complex
    filters: Complex
    conditions: Real

    @classmethod
    def of(cls, refined: Refined, rows: NDArray[np.integer | np.bool_]) -> Regular:
        """Some of the points of a refinement."""
        return cls(refined.points[rows].astype(complex), refined.filters[rows], refined.conditions[rows])

    def part(self, rows: NDArray[np.integer | np.bool_]) -> Regular:
        """Some of the points."""
        return Regular(self.points[rows], self.filters[rows], self.conditions[rows])

    def conjugate(self) -> Regular:
        """The conjugate points, which solve real equations as well."""
        return Regular(self.points.conj(), self.filters.conj(), self.conditions)

    def __len__(self) -> int:
        return len(self.points)


@dataclass
class Account:
    """What is known of the ends of all paths of a stratum.

    ``regular`` holds the distinct finite nonsingular ends, ``singular`` the distinct finite singular ones with the
    winding numbers of the paths that meet there and whether they are isolated; the rest are numbers of paths.
    """

    regular: Regular
    singular: Complex
    windings: list[tuple[int, ...]] = field(default_factory=list)
    isolated: list[bool] = field(default_factory=list)
    at_infinity: int = 0
    origin: int = 0
    retracked: int = 0
    extended: int = 0
    detours: int = 0
    paths: int = 0
    steps: int = 0

    @property
    def singular_paths(self) -> int:
        return sum(len(windings) for windings in self.windings)

    @property
    def accounted(self) -> int:
        return len(self.regular) + self.singular_paths + self.at_infinity + self.origin


def _accuracy(conditions: Real) -> float:
    """How near to each other points with these condition numbers may be and still be one."""
    return max(DISTINCT, ROUNDING * float(conditions.max(initial=0.0)))


def _united(equations: Equations, known: Regular, new: Regular) -> Regular:
    """The distinct points of both."""
    keys = point_keys(equations.stratum, new.points)
    tolerance = max(_accuracy(known.conditions), _accuracy(new.conditions))
    keep = first_occurrences(keys, tolerance) == np.arange(len(keys))
    keep &= find(point_keys(equations.stratum, known.points), keys, tolerance) < 0
    return Regular(
        np.concatenate([known.points, new.points[keep]]),
        np.concatenate([known.filters, new.filters[keep]]),
        np.concatenate([known.conditions, new.conditions[keep]]),
    )

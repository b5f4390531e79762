"""What `walls` returns: walls, the chambers between them, and the strata they come from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..arrays import ComparedByValue, frozen
from ..networks.patterns import Pattern
from ..results.result import CriticalPoints

__all__ = ["Branch", "Chamber", "FollowedPoint", "Wall", "WallStratum"]


@dataclass(frozen=True, eq=False)
class Wall(ComparedByValue):
    """One point t of the segment where the list of real critical points changes.

    Attributes
    ----------
    t : float
    kind : str
        ``"fold"``: two real critical filters are born or die. ``"pitchfork"``: two roots of a critical filter become
        one root of higher multiplicity, where it meets a critical filter of a deeper stratum. ``"membership"``: two
        real roots become a pair of complex ones without that. ``"escape"``: a critical filter passes through zero,
        which may change its index. ``"exchange"``: two minima have equal loss, and the global minimum goes from one to
        the other.
    pattern : tuple of partitions
        The root pattern of the stratum.
    filter : ndarray of shape (K,), float64, read-only
        The end-to-end filter where it happens. For an exchange, the global minimum before.
    loss : float
        The loss there.
    certified : bool or None
        True if the wall is proved to exist; None if it is not, or if no proof was asked for.
    multiplicity : int
        How many walls of nearby data are here: the multiplicity of the solution of the equations of the kind. It is 1
        but for data in special position, as at a t where a symmetric critical filter of symmetric data splits into
        three: that is a fold of multiplicity 3.
    """

    t: float
    kind: str
    pattern: Pattern
    filter: np.ndarray
    loss: float
    certified: bool | None = None
    multiplicity: int = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "filter", frozen(np.asarray(self.filter, float)))


@dataclass(frozen=True)
class WallStratum:
    """The account of all complex walls of one kind of one stratum on the line of data.

    Attributes
    ----------
    pattern : tuple of partitions
    kind : str
        As in `Wall`; exchanges are not counted, nor are escapes where ``generic`` is 0, which special data can have.
    generic : int
        Number of complex t for generic data of which the same move, by intersection theory.
    found : int
        Number of complex walls found, those at infinity included; each counts as often as its multiplicity says.
    at_infinity : int
        How many of them are at t = ∞.
    escaped : int
        On how many paths from generic data the filter goes to infinity: walls that special data do not have. They are
        not among ``found``.
    complete : bool
        Whether all paths are accounted for.
    """

    pattern: Pattern
    kind: str
    generic: int
    found: int
    at_infinity: int = 0
    escaped: int = 0
    complete: bool = True


@dataclass(frozen=True)
class Chamber:
    """An interval between two walls, on which all counts are constant.

    Attributes
    ----------
    start, end : float
        The interval of t.
    points : CriticalPoints
        All critical points inside the interval, at `middle`.
    branches : tuple of int
        For each real point of ``points`` the number of its branch, see `Walls.branches`.
    certified : bool or None
        True if it is proved that ``points`` are all critical points there; None if it is not, or if no proof was asked
        for.
    at : float or None
        The t of ``points`` if it is not the middle of the interval, where the data can be special.
    """

    start: float
    end: float
    points: CriticalPoints = field(repr=False)
    branches: tuple[int, ...]
    certified: bool | None = None
    at: float | None = None

    @property
    def middle(self) -> float:
        """The t of ``points``: the middle of the interval, or another t inside it."""
        return (self.start + self.end) / 2 if self.at is None else self.at

    @property
    def counts(self) -> dict[str, int]:
        """Numbers of real, attained, interior and spurious filters, and of filters with a minimum over them."""
        points = self.points
        return {
            "real": len(points.real),
            "attained": len(points.attained),
            "interior": sum(point.interior is True for point in points.attained),
            "minima": len(points.minima),
            "spurious": sum(not point.pure for point in points.real),
        }

    @property
    def saddles(self) -> dict[int, int]:
        """For each index of the Hessian the number of attained filters that are saddles of it, and no minima."""
        result: dict[int, int] = {}
        for point in self.points.attained:
            indices = [index for index in point.indices if index is not None]
            if indices and min(indices) > 0:
                result[min(indices)] = result.get(min(indices), 0) + 1
        return dict(sorted(result.items()))

    @property
    def global_minimum(self) -> int | None:
        """The branch of the global minimum, None if it is unknown or not attained."""
        lowest = self.points.global_minimum
        return next((b for b, p in zip(self.branches, self.points.real, strict=True) if p is lowest), None)

    def to_dict(self) -> dict[str, Any]:
        """The entry of the file."""
        return {
            "from": self.start,
            "to": self.end,
            **self.counts,
            "saddles": {str(index): number for index, number in self.saddles.items()},
            "global_minimum": self.global_minimum,
            "branches": list(self.branches),
            **({} if self.certified is None else {"certified": self.certified}),
            **({} if self.at is None else {"at": self.at}),
        }


@dataclass(frozen=True)
class Branch:
    """A real critical filter that is followed through chambers.

    Attributes
    ----------
    number : int
    pattern : tuple of partitions
        The stratum it belongs to.
    start, end : float
        The t where it is born and where it dies; 0 and 1 are the ends of the segment.
    """

    number: int
    pattern: Pattern
    start: float
    end: float


@dataclass(frozen=True, eq=False)
class FollowedPoint(ComparedByValue):
    """A real critical filter at some t.

    Attributes
    ----------
    branch : int
    filter : ndarray of shape (K,), float64, read-only
    loss : float
    pattern : tuple of partitions
    attained : bool or None
    kinds, indices : tuple
        As in `CriticalPoint`.
    """

    branch: int
    filter: np.ndarray
    loss: float
    pattern: Pattern
    attained: bool | None
    kinds: tuple[str | None, ...]
    indices: tuple[int | None, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "filter", frozen(np.asarray(self.filter, float)))

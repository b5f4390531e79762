"""Many known points of a stratum, to which new ones are compared and added.

The keys of the known filters (see `distinct`) are kept sorted, so that a new filter meets few candidates. The filters
themselves are not kept: those of the candidates are computed from their points.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..arrays import Complex
from .critical_equations import Equations
from .distinct import DISTINCT, KEYED_TOGETHER, find_among, projection

__all__ = ["KnownPoints"]


class KnownPoints:
    """Points of a stratum with distinct filters, in the order in which they were found.

    Parameters
    ----------
    equations : Equations
        Those of the stratum.
    points : (P, coordinates) complex array, optional
        By default there are none.
    """

    def __init__(self, equations: Equations, points: Complex | None = None) -> None:
        self.equations = equations
        self._room = np.empty((0, equations.stratum.coordinates), complex) if points is None else points
        self._count = len(self._room)
        blocks = (self._room[i : i + KEYED_TOGETHER] for i in range(0, self._count, KEYED_TOGETHER))
        keys = np.concatenate([np.empty(0), *(projection(equations.filters(block)) for block in blocks)])
        self._order = np.argsort(keys, kind="stable")
        self._keys = keys[self._order]

    def __len__(self) -> int:
        return self._count

    @property
    def points(self) -> Complex:
        """The points (P, coordinates)."""
        return self._room[: self._count]

    def reserve(self, count: int) -> None:
        """Make room for so many points, so that none is moved later. Memory is taken when it is filled."""
        if count > len(self._room):
            room = np.empty((count, self._room.shape[1]), complex)
            room[: self._count] = self.points
            self._room = room

    def find(self, filters: Complex, tolerance: float = DISTINCT) -> NDArray[np.int64]:
        """For each of the filters (P, K) the number of the known point with this filter, or −1; see `find`."""
        return find_among(
            self._keys, self._order, lambda rows: self.equations.filters(self._room[rows]), filters, tolerance
        )

    def add(self, points: Complex, filters: Complex) -> None:
        """Add points (P, coordinates) with filters (P, K) that differ from each other and from all known ones."""
        end = self._count + len(points)
        if end > len(self._room):
            self.reserve(max(end, 2 * len(self._room)))
        self._room[self._count : end] = points
        keys = projection(filters)
        order = np.argsort(keys, kind="stable")
        places = np.searchsorted(self._keys, keys[order], side="right")
        self._keys = np.insert(self._keys, places, keys[order])
        self._order = np.insert(self._order, places, self._count + order)
        self._count = end

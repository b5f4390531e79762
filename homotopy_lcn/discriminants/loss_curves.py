"""Losses of real critical points as functions of t inside a chamber, with their derivatives.

At a critical point w(t) the loss ℓ_t = (1 − t) ℓ_0 + t ℓ_1 does not change with w to first order, so its derivative
along the branch is ℓ_1(w) − ℓ_0(w). Where the point is a minimum over some critical parameter, the second derivative is
−gᵀ H⁻¹ g ≤ 0 with the Hessian H in the coordinates of the stratum: the loss of a minimum is a concave function of t.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..arrays import Real
from .following import followed_in_chamber
from .records import Chamber, Wall
from .segments import Segment
from .tolerances import WALLS

__all__ = ["LossCurves", "Place"]


class Place(NamedTuple):
    """Some real points at one t: filters (R, K), losses (R,) and their derivatives in t (R,); NaN where not reached."""

    t: float
    filters: Real
    losses: Real
    slopes: Real


class LossCurves:
    """The losses of some real points of one chamber.

    Parameters
    ----------
    segment : Segment
    walls : sequence of Wall
        Where branches begin and end.
    chambers : sequence of Chamber
    number : int
        Which of them.
    rows : sequence of int, optional
        Which real points; all by default.
    """

    def __init__(
        self,
        segment: Segment,
        walls: Sequence[Wall],
        chambers: Sequence[Chamber],
        number: int,
        rows: Sequence[int] | None = None,
    ) -> None:
        self.segment = segment
        self.chamber = chamber = chambers[number]
        real = chamber.points.real
        self.rows = list(range(len(real)) if rows is None else rows)
        self.points = [real[row] for row in self.rows]
        self.branches = [chamber.branches[row] for row in self.rows]
        sides = (chambers[number - 1] if number else None, chambers[number + 1] if number + 1 < len(chambers) else None)
        self._beyond = [None if side is None else set(side.branches) for side in sides]
        self._walls = walls
        self._known: dict[float, Place] = {}

    def at(self, t: float) -> Place:
        """The points at t, in the chamber or at its ends."""
        if t not in self._known:
            self._known[t] = self._computed(t)
        return self._known[t]

    def _computed(self, t: float) -> Place:
        chamber = self.chamber
        filters = np.full((len(self.points), self.segment.arch.filter_size), np.nan)
        follows = np.ones(len(self.points), bool)
        for end, beyond in zip((chamber.start, chamber.end), self._beyond, strict=True):
            if t == end and beyond is not None:
                follows &= np.array([branch in beyond for branch in self.branches], bool)
        rows = np.flatnonzero(follows)
        if len(rows):
            found, _, reached = followed_in_chamber(self.segment, chamber, [self.points[i] for i in rows], t)
            filters[rows[reached]] = found.real[reached]
        if t in (chamber.start, chamber.end):
            missing = np.flatnonzero(np.isnan(filters[:, 0]))
            for row, w in zip(missing, self._at_walls(t, missing), strict=True):
                filters[row] = w
        losses, slopes = self._losses(t, filters)
        return Place(t, filters, losses, slopes)

    def _at_walls(self, t: float, missing: NDArray[np.int64]) -> list[Real]:
        """The filters of points at the wall where they merge or are zero: of several walls there the nearest one."""
        if not len(missing):
            return []
        width = self.chamber.end - self.chamber.start
        near = self.at(t + (WALLS.margin * width if t == self.chamber.start else -WALLS.margin * width))
        result = []
        for row in missing:
            here = [
                wall.filter
                for wall in self._walls
                if abs(wall.t - t) <= WALLS.together
                and wall.kind in ("fold", "escape")
                and wall.pattern == self.points[row].stratum
            ]
            distances = [float(np.linalg.norm(w - near.filters[row])) for w in here]
            result.append(here[int(np.argmin(distances))] if here else np.full(near.filters.shape[1], np.nan))
        return result

    def _losses(self, t: float, filters: Real) -> tuple[Real, Real]:
        ends = [np.asarray(loss(filters), float) for loss in (self.segment.start, self.segment.end)]
        return np.asarray(self.segment.loss(t)(filters), float), ends[1] - ends[0]

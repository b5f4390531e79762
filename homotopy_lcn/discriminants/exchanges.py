"""Exchanges: where two minima have equal loss, and the global minimum goes from one to the other.

Losses of minima are concave functions of t, see `loss_curves`. Between two places a < b a concave function lies above
its chord and below its tangents, and its derivative decreases. These bounds decide whether one minimum stays below
another one between a and b, or whether their losses are equal exactly once; if not, the interval is halved.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .loss_curves import LossCurves, Place
from .records import Chamber, Wall
from .segments import Segment
from .tolerances import WALLS

__all__ = ["ExchangesOfChamber", "exchanges"]


@dataclass(frozen=True)
class ExchangesOfChamber:
    """The exchanges of one chamber, and in words what could not be decided."""

    walls: list[Wall] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def exchanges(segment: Segment, walls: Sequence[Wall], chambers: Sequence[Chamber], number: int) -> ExchangesOfChamber:
    """All exchanges inside a chamber, in the order of t.

    Parameters
    ----------
    segment : Segment
    walls : sequence of Wall
        The other walls.
    chambers : sequence of Chamber
    number : int
        Which of them.
    """
    chamber, result = chambers[number], ExchangesOfChamber()
    rows = [row for row, point in enumerate(chamber.points.real) if point.minimum]
    if len(rows) < 2 or chamber.points.global_minimum is None:
        return result
    search = _Search(LossCurves(segment, walls, chambers, number, rows), result)
    search.run()
    return result


class _Search:
    """The search for exchanges of the minima of a chamber."""

    def __init__(self, curves: LossCurves, result: ExchangesOfChamber) -> None:
        self.curves = curves
        self.result = result
        self.active = np.ones(len(curves.rows), bool)

    def run(self) -> None:
        """Find all exchanges."""
        chamber = self.curves.chamber
        places = [self.curves.at(t) for t in (chamber.start, chamber.middle, chamber.end)]
        if not all(np.isfinite(place.losses).all() for place in places):
            self._problem(f"a minimum between t = {chamber.start} and {chamber.end} is not followed to the end")
            return
        if self._are_without_residual(places).any():
            return  # They are the global minimum in the whole chamber, and their losses are equal.
        self._set_ties_aside(places)
        start, middle, end = places
        first, lowest, last = self._lowest_inside(start), self._lowest(middle), self._lowest_inside(end)
        self._at_end_of_segment(start, first)
        self._between(start, middle, first, lowest)
        self._between(middle, end, lowest, last)
        self._at_end_of_segment(end, last)

    def _are_without_residual(self, places: list[Place]) -> NDArray[np.bool_]:
        """For each minimum, whether Σ w = b at all places: then no filter has a lower loss."""
        free = np.ones(len(self.curves.rows), bool)
        for place in places:
            loss = self.curves.segment.loss(place.t)
            residuals = np.linalg.norm(place.filters @ loss.gram - loss.b, axis=1)
            free &= residuals <= WALLS.without_residual * np.linalg.norm(loss.b)
        return free

    def _at_end_of_segment(self, end: Place, inside: int) -> None:
        """The exchange exactly at t = 0 or t = 1, where another minimum is the lower one on the other side.

        On both sides of the end losses are given by their derivatives, which have to differ.
        """
        if end.t not in (0, 1):
            return
        sign = 1 if end.t == 0 else -1
        steps = sign * (end.slopes - end.slopes[inside])
        apart = np.linalg.norm(end.filters - end.filters[inside], axis=1)
        beyond = self.active & (end.losses - end.losses[inside] <= self._noise(end))
        beyond &= apart > WALLS.joined * np.linalg.norm(end.filters[inside])
        beyond &= steps > WALLS.joined * (1 + np.abs(end.slopes[inside]))
        if beyond.any() and all(wall.t != end.t for wall in self.result.walls):
            other = int(np.argmax(np.where(beyond, steps, -np.inf)))
            self._exchange(end, other if end.t == 0 else inside)

    def _set_ties_aside(self, places: list[Place]) -> None:
        """Of minima whose losses are equal in the whole chamber one is enough."""
        points = self.curves.chamber.points
        tied = [set(tie.points) for tie in points.ties if tie.symmetries]
        own = [next(i for i, point in enumerate(points) if point is chosen) for chosen in self.curves.points]
        for k in range(1, len(own)):
            for i in range(k):
                same = all(abs(place.losses[k] - place.losses[i]) <= self._noise(place) for place in places)
                if same and self.active[i]:
                    self.active[k] = False
                    if not any({own[i], own[k]} <= tie for tie in tied):
                        start, end = self.curves.chamber.start, self.curves.chamber.end
                        self._problem(f"two minima have equal losses up to rounding from t = {start} to {end}")
                    break

    def _between(self, a: Place, b: Place, first: int, last: int) -> None:
        """Search between two places, whose lowest minima are given."""
        length = b.t - a.t
        if not self._fit(a, b):
            self._problem(f"the losses of minima at t = {a.t} and {b.t} do not fit together")
            return
        if first != last and _slopes(a, b, first, last)[1] < 0:
            self._cross(a, b, first, last)
            return
        doubtful = [
            k
            for k in np.flatnonzero(self.active).tolist()
            if k != first and not _stays_below(a, b, first, k) and not self._only_meet(a, b, first, k)
        ]
        if first == last and not doubtful:
            return
        if length < WALLS.narrow or all(_gap(a, b, k) < self._noise(a) for k in {first, last, *doubtful}):
            if first != last:
                self._exchange(b, first)
            else:
                self._problem(f"two minima have equal losses up to rounding near t = {a.t}")
            return
        middle = self.curves.at((a.t + b.t) / 2)
        if not np.isfinite(middle.losses).all():
            self._problem(f"a minimum is not followed to t = {middle.t}")
            return
        lowest = self._lowest(middle)
        self._between(a, middle, first, lowest)
        self._between(middle, b, lowest, last)

    def _cross(self, a: Place, b: Place, first: int, last: int) -> None:
        """The losses of two minima are equal exactly once between a and b."""
        from scipy.optimize import brentq

        def difference(t: float) -> float:
            losses = self.curves.at(t).losses
            return float(losses[first] - losses[last])

        at_ends = difference(a.t), difference(b.t)
        t = a.t if at_ends[0] >= 0 else b.t if at_ends[1] <= 0 else 0.0
        t = t or float(brentq(difference, a.t, b.t, xtol=1e-15, rtol=8.9e-16))
        at = self.curves.at(t)
        lowest = self._lowest(at)
        if min(at.losses[[first, last]]) > at.losses[lowest] + self._noise(at) and a.t < t < b.t:
            self._between(a, at, first, lowest)
            self._between(at, b, lowest, last)
            return
        if a.t < t:
            self._between(a, at, first, first)
        self._exchange(at, first)
        if t < b.t:
            self._between(at, b, last, last)

    def _exchange(self, at: Place, before: int) -> None:
        pattern = self.curves.points[before].stratum
        self.result.walls.append(Wall(at.t, "exchange", pattern, at.filters[before], float(at.losses[before])))

    def _problem(self, text: str) -> None:
        if text not in self.result.problems:
            self.result.problems.append(text)

    def _lowest(self, place: Place) -> int:
        return int(np.argmin(np.where(self.active, place.losses, np.inf)))

    def _lowest_inside(self, end: Place) -> int:
        """The lowest minimum next to an end of the chamber; at the end itself several can have the least loss."""
        lowest = self._lowest(end)
        tied = self.active & (end.losses <= end.losses[lowest] + self._noise(end))
        if tied.sum() == 1:
            return lowest
        chamber = self.curves.chamber
        step = WALLS.margin * (chamber.end - chamber.start)
        near = self.curves.at(end.t + step if end.t == chamber.start else end.t - step)
        return int(np.argmin(np.where(tied, near.losses, np.inf)))

    def _only_meet(self, a: Place, b: Place, i: int, k: int) -> bool:
        """Whether i and k are one filter at one of the places, an end of the chamber, and i is below k up to it.

        There the difference of the losses has a double zero. How the difference and its derivative compare at the other
        place tells whether its first term describes it.
        """
        for end, other in ((a, b), (b, a)):
            if end.t not in (self.curves.chamber.start, self.curves.chamber.end):
                continue
            apart = float(np.linalg.norm(end.filters[k] - end.filters[i]))
            difference = float(other.losses[k] - other.losses[i])
            slope = float(other.slopes[k] - other.slopes[i])
            if apart > WALLS.joined * np.linalg.norm(end.filters[i]) or difference <= self._noise(other):
                continue
            if abs(slope * (other.t - end.t) / difference - 2) < WALLS.leading:
                return True
        return False

    def _noise(self, place: Place) -> float:
        """How wrong losses at a place may be by rounding."""
        loss = self.curves.segment.loss(place.t)
        sizes = np.abs(place.filters)
        terms = ((sizes @ np.abs(loss.gram) + 2 * np.abs(loss.b)) * sizes).sum(axis=1) + abs(loss.constant)
        return WALLS.rounding * float(terms.max())

    def _fit(self, a: Place, b: Place) -> bool:
        """Whether the losses can be those of concave functions."""
        length, noise = b.t - a.t, self._noise(a) + self._noise(b)
        slack = WALLS.joined * (1 + np.abs(a.slopes) + np.abs(b.slopes)) + noise / length
        chords = (b.losses - a.losses) / length
        return bool(((chords <= a.slopes + slack) & (chords >= b.slopes - slack))[self.active].all())


def _slopes(a: Place, b: Place, i: int, k: int) -> tuple[float, float]:
    """Bounds of the derivative of the loss of k minus that of i between two places."""
    return float(b.slopes[k] - a.slopes[i]), float(a.slopes[k] - b.slopes[i])


def _stays_below(a: Place, b: Place, i: int, k: int) -> bool:
    """Whether the loss of i is below that of k between two places, if it is not above it at both."""
    least, most = _slopes(a, b, i, k)
    if least >= 0 or most <= 0:
        return True
    if a.slopes[i] <= b.slopes[i]:
        # The loss of i is linear, and that of k is above its chord.
        return True
    # The chord of k minus the lower one of the two tangents of i is least where these meet.
    t = (b.losses[i] - a.losses[i] + a.slopes[i] * a.t - b.slopes[i] * b.t) / (a.slopes[i] - b.slopes[i])
    part = (min(max(t, a.t), b.t) - a.t) / (b.t - a.t)
    chord = (1 - part) * a.losses[k] + part * b.losses[k]
    return bool(chord > _tangents(a, b, i, a.t + part * (b.t - a.t)))


def _tangents(a: Place, b: Place, i: int, t: float) -> float:
    return float(min(a.losses[i] + a.slopes[i] * (t - a.t), b.losses[i] + b.slopes[i] * (t - b.t)))


def _gap(a: Place, b: Place, i: int) -> float:
    """How far the loss of i can be above its chord between two places at most."""
    return float((b.t - a.t) * abs(a.slopes[i] - b.slopes[i]))

"""Exchanges: where two minima have equal loss, and the global minimum goes from one to the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np

from ..arrays import Real
from .following import followed_filters
from .records import Chamber, Wall
from .segments import Segment
from .tolerances import WALLS

__all__ = ["exchanges"]


def exchanges(segment: Segment, chamber: Chamber) -> Iterator[Wall]:
    """The exchanges inside a chamber, without an order.

    The minima are followed to a few places, and between two places with different global minima the exchange is
    found. Two exchanges between neighbouring places that undo each other are not seen.
    """
    minima = [point for point in chamber.points.real if point.minimum]
    if len(minima) < 2 or chamber.points.global_minimum is None:
        return
    known: dict[float, tuple[Real, Real]] = {}

    def at(t: float) -> tuple[Real, Real]:
        """Filters and losses of the minima at t; losses are infinite where a minimum is not reached."""
        if t not in known:
            filters, reached = followed_filters(segment, minima, chamber.middle, t)
            loss = segment.loss(t)
            known[t] = filters.real, np.where(reached, loss(filters.real), np.inf)
        return known[t]

    width = chamber.end - chamber.start
    # Not the ends themselves, where two of the points may merge.
    inside = np.linspace(chamber.start + WALLS.margin * width, chamber.end - WALLS.margin * width, WALLS.places)
    places = inside.tolist()
    for a, b in pairwise(places):
        for t, index in _between(at, a, b):
            pattern = minima[index].stratum
            yield Wall(t, "exchange", pattern, at(t)[0][index], float(at(t)[1][index]))


def _between(at: Callable[[float], tuple[Real, Real]], a: float, b: float) -> Iterator[tuple[float, int]]:
    """Where the least loss goes from one minimum to another between a and b, and the minimum before."""
    from scipy.optimize import brentq

    first, last = (int(np.argmin(at(t)[1])) for t in (a, b))
    if first == last:
        return
    if b - a < WALLS.narrow:
        yield (a + b) / 2, first
        return

    def difference(t: float) -> float:
        return float(at(t)[1][first] - at(t)[1][last])

    if not np.isfinite([difference(a), difference(b)]).all():
        return
    t = float(brentq(difference, a, b, xtol=1e-15, rtol=8.9e-16))
    lowest = int(np.argmin(at(t)[1]))
    if lowest in (first, last):
        yield t, first
    else:
        yield from _between(at, a, t)
        yield from _between(at, t, b)

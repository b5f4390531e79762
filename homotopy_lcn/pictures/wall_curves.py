"""Losses of real branches against t, as curves that pictures draw."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..arrays import Real
from ..discriminants.loss_curves import LossCurves
from ..discriminants.segments import Segment

if TYPE_CHECKING:
    from ..discriminants.records import Chamber
    from ..discriminants.walls_of_segments import Walls

__all__ = ["Curve", "rank_of", "wall_curves"]

#: At how many places of a chamber losses are computed.
COMPUTED = 9


class Curve(NamedTuple):
    """A part of a branch in one chamber: its look, points (t, loss), and whether it is the global minimum there."""

    branch: int
    label: str
    t: Real
    loss: Real
    lowest: bool


def wall_curves(found: Walls, drawn: int) -> list[Curve]:
    """The branches of all chambers: minima first, then saddles by index, then all others.

    Losses and their derivatives are computed at a few places of each chamber, and cubic curves go through them.

    Parameters
    ----------
    found : Walls
    drawn : int
        How many points a curve has from one of these places to the next.
    """
    curves = [curve for number in range(len(found.chambers)) for curve in _curves(found, number, drawn)]
    return sorted(curves, key=lambda curve: (*rank_of(curve.label), curve.label))


def _curves(found: Walls, number: int, drawn: int) -> Iterator[Curve]:
    """The branches of a chamber."""
    segment = Segment(found.architecture, found.loss0, found.loss1)
    chamber = found.chambers[number]
    source = LossCurves(segment, found.walls, found.chambers, number)
    # Near folds losses bend like a power 3/2 of the distance: the places are denser there.
    parts = (1 - np.cos(np.linspace(0, np.pi, COMPUTED))) / 2
    places = [source.at(float(t)) for t in chamber.start + parts[1:-1] * (chamber.end - chamber.start)]
    places = [source.at(chamber.start), *places, source.at(chamber.end)]
    for row, label in enumerate(_labels(chamber)):
        known = [place for place in places if np.isfinite(place.losses[row])]
        if len(known) < 2:
            continue
        t, loss = _cubics(
            np.array([place.t for place in known]),
            np.array([place.losses[row] for place in known]),
            np.array([place.slopes[row] for place in known]),
            drawn,
        )
        yield Curve(chamber.branches[row], label, t, loss, chamber.branches[row] == chamber.global_minimum)


def _labels(chamber: Chamber) -> Iterator[str]:
    for point in chamber.points.real:
        indices = [index for index in point.indices if index is not None]
        if not point.attained:
            yield "real, not attained"
        elif point.minimum:
            yield "minimum"
        elif indices and min(indices) > 0:
            yield f"saddle of index {min(indices)}"
        else:
            yield "degenerate or undecided"


def rank_of(label: str) -> tuple[int, int]:
    """The order in the legend: minima, saddles by index, all others."""
    return (1, int(label.rpartition(" ")[2])) if label.startswith("saddle") else (0 if label == "minimum" else 2, 0)


def _cubics(t: Real, values: Real, slopes: Real, drawn: int) -> tuple[Real, Real]:
    """Points on the cubic curves through values with given slopes."""
    u = np.linspace(0, 1, drawn, endpoint=False)[None]
    step = np.diff(t)[:, None]
    a, b = values[:-1, None], values[1:, None]
    p, q = slopes[:-1, None] * step, slopes[1:, None] * step
    curve = a * (1 + 2 * u) * (1 - u) ** 2 + p * u * (1 - u) ** 2 + b * u**2 * (3 - 2 * u) + q * u**2 * (u - 1)
    return np.append(t[:-1, None] + step * u, t[-1]), np.append(curve, values[-1])

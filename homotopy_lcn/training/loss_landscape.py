"""The loss on a plane of parameter space through two minima and a saddle."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, product
from math import prod
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..networks.architecture import Architecture
from ..networks.parameters import compose
from ..results.result import CriticalPoints
from .tolerances import LANDSCAPE

__all__ = ["Landscape", "landscape"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Landscape:
    """The loss on a plane with orthonormal coordinates.

    Attributes
    ----------
    x, y : (n,) float arrays
        Coordinates, in the units of θ.
    loss : (n, n) float array
        Loss at x[j], y[i].
    minima : (2, 2) float array
        Coordinates of the two minima, the lower one first, at the origin.
    saddle : (2,) float array
    losses : tuple of three float
        Loss at the minima and at the saddle.
    index : int
        Of the saddle.
    on_continua : tuple of three bool
        Whether the minima and the saddle are points of continua.
    """

    x: Array
    y: Array
    loss: Array
    minima: Array
    saddle: Array
    losses: tuple[float, float, float]
    index: int
    on_continua: tuple[bool, bool, bool] = (False, False, False)


def landscape(result: CriticalPoints, resolution: int = 161) -> Landscape:
    """The loss on the plane through two minima and a saddle.

    The minima are the two lowest minima of different filters, or of one filter if no other filter has a minimum; points
    of one continuum count as one filter. The
    parameters are balanced. Signs of layers are chosen so that the parameters are nearest to the lowest minimum; the
    loss does not depend on the signs as long as their product is kept. Of the saddles of least index the saddle nearest
    to both minima is taken.

    Parameters
    ----------
    result : CriticalPoints
    resolution : int
        Grid points along each axis.

    Raises
    ------
    InputError
        If the result lacks two minima that differ up to scaling, or a saddle off the line through them.
    """
    arch = result.architecture
    minima = [item for item in _critical(result) if item.morse_index == 0]
    pairs = [
        (first, second)
        for first, second in combinations(minima, 2)
        if not _equal(_nearest(arch, first.theta, second.theta), first.theta)
    ]
    if not pairs:
        raise InputError(
            "result: it has not two minima, different up to scaling; expected the critical points of other data, or of "
            "another network"
        )
    one, two = min(pairs, key=lambda pair: pair[0].filter == pair[1].filter)  # the first pair: minima come by loss
    start, other = one.theta, _nearest(arch, one.theta, two.theta)
    saddles = []
    for item in _critical(result):
        at = _nearest(arch, start, item.theta, other)
        if item.morse_index > 0 and _off_line(start, other, at) > LANDSCAPE.least_angle:
            saddles.append((item, at))
    if not saddles:
        raise InputError("result: it has no saddle off the line through two minima; expected other data")
    third, saddle = min(
        saddles,
        key=lambda pair: (pair[0].morse_index, np.linalg.norm(pair[1] - start) + np.linalg.norm(pair[1] - other)),
    )
    u = (other - start) / np.linalg.norm(other - start)
    v = saddle - start - u * (u @ (saddle - start))
    v /= np.linalg.norm(v)
    places = np.array([[0.0, 0.0], [u @ (other - start), 0.0], [u @ (saddle - start), v @ (saddle - start)]])
    low, high = places.min(axis=0), places.max(axis=0)
    room = LANDSCAPE.margin * (high - low).max()
    x, y = (np.linspace(low[axis] - room, high[axis] + room, resolution) for axis in (0, 1))
    theta_grid = start + x[None, :, None] * u + y[:, None, None] * v
    cuts = np.cumsum(arch.layer_sizes)[:-1]
    values = result.loss(compose(arch, np.split(theta_grid, cuts, axis=-1)))
    return Landscape(
        x, y, np.asarray(values), places[:2], places[2],
        (one.loss, two.loss, third.loss), third.morse_index,
        (one.on_continuum, two.on_continuum, third.on_continuum),
    )  # fmt: skip


class _Critical(NamedTuple):
    """A real critical θ: number of its filter or continuum, loss, its layers one after the other, Morse index."""

    filter: int
    loss: float
    theta: Array
    morse_index: int
    on_continuum: bool


def _critical(result: CriticalPoints) -> list[_Critical]:
    groups = [(point,) for point in result.attained] + [part.points for part in result.continua if part.attained]
    found = [
        _Critical(number, float(point.loss.real), np.concatenate(theta), index, not point.isolated)
        for number, group in enumerate(groups)
        for point in group
        for theta, kind, index in zip(point.parameters, point.kinds, point.indices, strict=True)
        if kind in ("minimum", "saddle") and index is not None
    ]
    return sorted(found, key=lambda item: item.loss)


def _nearest(arch: Architecture, goal: Array, theta: Array, also: Array | None = None) -> Array:
    """θ with the signs of its layers that bring it nearest to one place, or to two places."""
    goals = [goal] if also is None else [goal, also]
    cuts = np.cumsum(arch.layer_sizes)[:-1]
    layers = np.split(theta, cuts)
    if len(layers) > LANDSCAPE.most_layers:
        return theta
    candidates = []
    for signs in product((1, -1), repeat=len(layers) - 1):
        signed = [sign * w for sign, w in zip((*signs, prod(signs)), layers, strict=True)]
        candidates.append(np.concatenate(signed))
    return min(candidates, key=lambda t: sum(float(np.linalg.norm(t - g)) for g in goals))


def _equal(left: Array, right: Array) -> bool:
    return bool(np.linalg.norm(left - right) <= LANDSCAPE.same * np.linalg.norm(right))


def _off_line(start: Array, end: Array, point: Array) -> float:
    """Distance of a point to a line, relative to its distance to the start."""
    u = (end - start) / np.linalg.norm(end - start)
    move = point - start
    length = float(np.linalg.norm(move))
    return float(np.linalg.norm(move - u * (u @ move))) / length if length > 0 else 0.0

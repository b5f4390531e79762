"""Where a path ends that does not arrive at a regular finite point.

The Cauchy endgame (Morgan, Sommese, Wampler, *Computing singular solutions to polynomial systems*, Adv. in Appl.
Math. 13 (1992)). Near s = 0 a path is a power series in s^{1/m}, m its winding number: tracked m times around a small
circle |s| = r it closes, and the mean of an analytic function over the m rounds is its value at the end, by Cauchy's
integral formula. The data are affine in s, so every chord of the circle is a straight segment of data, and any engine
can track it.

Points are taken in P¹ × Π P^{e_f}: w = (c : t) · Π Q_f^{m_f}, so that ends with c = ∞ (at infinity) and c = 0 (the
origin) are points like others. With the factors in charts where they stay finite, c is s^{a/m} times a unit. The
integer a is the number of times that c runs around zero while the path closes: a path with a < 0 ends at infinity, with
a > 0 at the origin, with a = 0 at a finite filter. An end is believed if two circles tell the same end and the end
solves the equations, which for c = ∞ read JᵀΣΠQ_f^{m_f} = 0 and for c = 0 read Jᵀb = 0. Where doubles cannot reach
this, a ≠ 0 is believed if many circles agree on its sign and the equations are almost solved. Ends that doubles leave
open may be asked for in extended precision, on smaller circles.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..arrays import Complex, Real
from ..equations.critical_equations import Data, equations_of, least_eigenvalue
from ..equations.distinct import find, point_keys
from ..networks.strata import Stratum
from ..progress import TimeUp
from . import Engine, Homotopy, TrackerOptions
from .engine import track_along
from .refinement import gradient_residual
from .timed import in_extended_precision
from .tolerances import ENDGAME, Circles

__all__ = ["End", "PathEnds", "trace_ends"]


class End(IntEnum):
    """The kinds of ends of paths."""

    UNKNOWN = 0
    FINITE = 1
    AT_INFINITY = 2
    ORIGIN = 3


@dataclass
class PathEnds:
    """Ends of P paths.

    Attributes
    ----------
    kinds : (P,) integer array
        An `End` for each path.
    points : (P, coordinates) complex array
        The limits, factors of norm one; the scalar is 1 at infinity and at the origin.
    windings : (P,) integer array
        Winding numbers, 0 where unknown.
    residuals : (P,) float array
        Residual of the equations at the limit, relative to their terms; infinite where the limit is unknown.
    losses : (P,) complex array
        For ends at infinity the mean of wᵀΣw − 2bᵀw, the loss without its constant, over a circle: its limit, if it has
        one; infinite where the loss diverges. NaN where two circles do not agree, and for all other ends.
    """

    kinds: NDArray[np.int64]
    points: Complex
    windings: NDArray[np.int64]
    residuals: Real
    losses: Complex

    @classmethod
    def unknown(cls, points: Complex) -> PathEnds:
        """No end known yet."""
        count = len(points)
        return cls(
            np.zeros(count, np.int64), points.copy(), np.zeros(count, np.int64), np.full(count, np.inf), _unknown(count)
        )

    def part(self, rows: NDArray[np.int64]) -> PathEnds:
        """The ends of some of the paths."""
        return PathEnds(*(values[rows] for values in vars(self).values()))

    def put(self, rows: NDArray[np.int64], other: PathEnds) -> None:
        """Enter the ends of some of the paths."""
        self.kinds[rows], self.points[rows] = other.kinds, other.points
        self.windings[rows], self.residuals[rows] = other.windings, other.residuals
        self.losses[rows] = other.losses


def trace_ends(
    engine: Engine, stratum: Stratum, starts: Complex, homotopy: Homotopy, *, jobs: int = 1, precise: int = 0
) -> PathEnds:
    """Where the paths from ``starts`` (P, coordinates) end.

    Parameters
    ----------
    engine : Engine
    stratum : Stratum
    starts : (P, coordinates) complex array
        Critical points of the start data.
    homotopy : Homotopy
        Generic start data; the target data may be special in any way.
    jobs : int
        Number of threads.
    precise : int
        How many ends that doubles leave open, of `ENDGAME.together` paths, are asked for in extended precision at most,
        which takes seconds; of more of them none. Ends that the first circles leave open stay open if the time of a
        `TimedEngine` is up before.
    """
    ends = PathEnds.unknown(starts)
    for first in range(0, len(starts), ENDGAME.together):
        rows = np.arange(first, min(first + ENDGAME.together, len(starts)))
        with np.errstate(all="ignore"):  # an engine may return anything for paths that it loses
            ends.put(rows, _trace(engine, stratum, starts[rows], homotopy, ENDGAME.in_doubles, jobs))
            left = rows[ends.kinds[rows] == End.UNKNOWN]
            with suppress(TimeUp):
                if left.size:
                    ends.put(left, _trace(engine, stratum, starts[left], homotopy, ENDGAME.larger, jobs))
                    left = left[ends.kinds[left] == End.UNKNOWN]
                if 0 < left.size <= precise:
                    extended = in_extended_precision(engine)
                    found = _trace(extended, stratum, starts[left], homotopy, ENDGAME.in_extended_precision, jobs)
                    ends.put(left, found)
    return ends


@dataclass
class _Circle:
    """Measurements of P paths on one circle."""

    windings: NDArray[np.int64]  # 0 where the path has not closed
    exponents: NDArray[np.int64]  # a, where c ~ s^(a/m)
    limits: Complex  # (P, coordinates), factors of norm one
    tails: Real
    losses: Complex  # means of wᵀΣw − 2bᵀw of paths to infinity
    keys: Complex  # of the limits, see `_limit_keys`

    @classmethod
    def unknown(cls, points: Complex) -> _Circle:
        """Before anything is measured."""
        count = len(points)
        windings, exponents = np.zeros((2, count), np.int64)
        unknown = np.full_like(points, np.nan)
        return cls(windings, exponents, points.copy(), np.full(count, np.inf), _unknown(count), unknown)

    def part(self, rows: NDArray[np.bool_]) -> _Circle:
        """Some of the paths."""
        return _Circle(*(values[rows] for values in vars(self).values()))

    def enter(self, stratum: Stratum, rows: NDArray[np.int64], around: Complex, winding: int, target: Data) -> None:
        """Enter the paths of some rows, from their samples (n, rows, coordinates) all the way round."""
        self.windings[rows] = winding
        exponents, limits, self.tails[rows] = _means(stratum, around)
        self.exponents[rows], self.limits[rows] = exponents, limits
        self.keys[rows] = _limit_keys(stratum, limits, exponents)
        away = exponents < 0
        if away.any():
            self.losses[rows[away]] = _mean_losses(stratum, around[:, away], target)


def _unknown(count: int) -> Complex:
    return np.full(count, np.nan, complex)


class _Orbits(NamedTuple):
    """Where paths come to by going round again and again, as far as they come back to points of paths of the same list.

    Attributes
    ----------
    turns : list of (P,) integer arrays
        The path at whose point each path is after 0, 1, 2, … rounds; −1 where it is at none of them.
    windings : (P,) integer array
        The number of rounds after which a path is back; 0 if it does not come back.
    leave : (P,) bool array
        Which paths come to a point that is none of theirs.
    """

    turns: list[NDArray[np.int64]]
    windings: NDArray[np.int64]
    leave: NDArray[np.bool_]


def _orbits(starts: Complex, ends: Complex, rounds: int) -> _Orbits:
    """The orbits of paths from the keys of their points before and after one round, (P, coordinates) each."""
    known = np.isfinite(ends).all(axis=1)
    after = np.full(len(starts) + 1, -1)  # the last entry is the image of −1
    after[:-1][known] = find(starts, ends[known], ENDGAME.closed)
    hits = np.bincount(after[after >= 0], minlength=len(starts))
    after[(after >= 0) & (hits[after] > 1)] = -1
    first = np.arange(len(starts))
    turns, windings = [first], np.zeros(len(starts), np.int64)
    for winding in range(1, rounds + 1):
        turns.append(after[turns[-1]])
        windings[(windings == 0) & (turns[-1] == first)] = winding
        if ((windings > 0) | (turns[-1] < 0)).all():
            break
    return _Orbits(turns, windings, (windings == 0) & (turns[-1] < 0))


def _trace(
    engine: Engine, stratum: Stratum, starts: Complex, homotopy: Homotopy, circles_on: Circles, jobs: int
) -> PathEnds:
    ends = PathEnds.unknown(starts)
    telling = ENDGAME.part_of_eigenvalue * least_eigenvalue(homotopy.target.gram)
    if circles_on.radii[-1] > telling:
        return ends
    path = np.arange(len(starts))
    points, radius = starts, 1.0
    before: _Circle | None = None
    away, circles = np.zeros(len(starts), np.int64), np.zeros(len(starts), np.int64)
    left_open = np.zeros(len(starts), np.int64)
    last_residuals = np.full(len(starts), np.inf)
    number, leap = -1, 1
    while number < len(circles_on.radii) - 1:
        number = min(number + leap, len(circles_on.radii) - 1)
        smaller = circles_on.radii[number]
        chain = _data_at(homotopy, np.array([radius, smaller]))
        reached = track_along(engine, stratum, points, chain, TrackerOptions.conservative(), jobs=jobs)[1]
        alive = np.isfinite(reached).all(axis=1)
        path, points, radius = path[alive], reached[alive], smaller
        if path.size == 0:
            break
        patient = left_open[path] >= circles_on.patience
        circle = _go_round(engine, stratum, points, _data_on_circle(homotopy, radius), patient, circles_on, jobs)
        left_open[path] += circle.windings == 0
        closed = (circle.windings > 0) & (radius <= telling)
        direction = np.sign(circle.exponents[closed])
        circles[path[closed]] = np.where(direction == away[path[closed]], circles[path[closed]] + 1, 1)
        away[path[closed]] = direction
        if before is not None and radius <= telling:
            same = (circle.windings > 0) & (circle.windings == before.windings[alive])
            same &= circle.exponents == before.exponents[alive]
            apart = _distances(circle.keys, before.keys[alive])
            kinds = np.where(
                circle.exponents < 0, End.AT_INFINITY, np.where(circle.exponents > 0, End.ORIGIN, End.FINITE)
            )
            # Of ends that are not finite no number is asked for, and one accurate circle is enough: on the larger the
            # series may still be coarse, on the smaller rounding may have spoilt it.
            larger = before.tails[alive]
            finer, coarser = np.minimum(circle.tails, larger), np.maximum(circle.tails, larger)
            accurate = np.where(kinds == End.FINITE, circles_on.agreement, circles_on.agreement_away)
            same &= (finer <= circles_on.agreement) & (coarser <= accurate)
            same &= apart <= np.minimum(accurate, np.maximum(circles_on.agreement, ENDGAME.part_of_tail * coarser))
            use_larger = (kinds != End.FINITE) & (larger < circle.tails)
            limits = np.where(use_larger[:, None], before.limits[alive], circle.limits)
            limits[kinds != End.FINITE, 0] = 1.0
            residuals = _residuals(stratum, limits, kinds, homotopy.target)
            last_residuals[path[circle.windings > 0]] = residuals[circle.windings > 0]
            coarse = np.where(apart <= circles_on.agreement, ENDGAME.residual_of_distance * apart, 0.0)
            found = same & (residuals <= np.maximum(ENDGAME.residual, coarse))
            # Paths that wind around each other on large circles may part on smaller ones.
            parted = (circle.windings > 0) & (circle.windings < ends.windings[path])
            ends.put(path[parted], PathEnds.unknown(limits[parted]))
            losses = np.where(_agree(circle.losses, before.losses[alive], homotopy.target), circle.losses, np.nan)
            ends.put(
                path[found],
                PathEnds(kinds[found], limits[found], circle.windings[found], residuals[found], losses[found]),
            )
            going = ~found | ((kinds == End.FINITE) & (circle.windings > 1) & (residuals > ENDGAME.residual))
            path, points = path[going], points[going]
            circle = circle.part(going)
            if path.size == 0:
                break
            # Branch points that a circle cannot see from outside are far inside.
            hollow = (circle.tails <= circles_on.agreement) & (residuals[going] > ENDGAME.almost_solved)
            leap = leap + 1 if hollow.all() else 1
        before = circle
    # Branch points too near to the end for doubles leave its winding number and its limit open, but not where it is.
    vague = (ends.kinds == End.UNKNOWN) & (away != 0)
    vague &= (circles >= ENDGAME.enough_circles) & (last_residuals <= ENDGAME.almost_solved)
    ends.kinds[vague] = np.where(away[vague] < 0, End.AT_INFINITY, End.ORIGIN)
    return ends


def _go_round(
    engine: Engine,
    stratum: Stratum,
    points: Complex,
    data: _DataOnCircle,
    patient: NDArray[np.bool_],
    circles_on: Circles,
    jobs: int,
) -> _Circle:
    corners, target = data
    points = equations_of(stratum).normalize(points)
    keys = point_keys(stratum, points)
    result = _Circle.unknown(points)
    around = track_along(engine, stratum, points, corners, circles_on.options, jobs=jobs)
    orbits = _orbits(keys, point_keys(stratum, around[-1]), circles_on.rounds)
    for winding in np.unique(orbits.windings[orbits.windings > 0]).tolist():
        rows = np.flatnonzero(orbits.windings == winding)
        samples = np.concatenate([around[:-1, turn[rows]] for turn in orbits.turns[:winding]])
        result.enter(stratum, rows, samples, winding, target)
    path = np.flatnonzero(orbits.leave & patient)
    rounds, current = [around[:-1]], around[-1, path]
    for winding in range(2, circles_on.rounds + 1):
        arrived = np.isfinite(current).all(axis=1)
        path, current = path[arrived], current[arrived]
        if path.size == 0:
            break
        around = track_along(engine, stratum, current, corners, circles_on.options, jobs=jobs)
        rounds.append(np.full((ENDGAME.corners, *points.shape), np.nan, complex))
        rounds[-1][:, path] = around[:-1]
        current = around[-1]
        gap = np.linalg.norm(point_keys(stratum, current) - keys[path], axis=1)
        closed = gap <= ENDGAME.closed * np.linalg.norm(keys[path], axis=1)
        back = path[closed]
        if back.size:
            result.enter(stratum, back, np.concatenate([part[:, back] for part in rounds]), winding, target)
        path, current = path[~closed], current[~closed]
    return result


class _DataOnCircle(NamedTuple):
    """The data at the corners of the polygon for a circle, the first corner once more at the end, and at its centre."""

    corners: Data
    target: Data


def _data_on_circle(homotopy: Homotopy, radius: float) -> _DataOnCircle:
    s = radius * np.exp(2j * np.pi * np.arange(ENDGAME.corners + 1) / ENDGAME.corners)
    s[-1] = radius
    return _DataOnCircle(_data_at(homotopy, s), homotopy.target)


def _data_at(homotopy: Homotopy, s: Complex) -> Data:
    """The data at some values of s, one after the other."""
    start, target = homotopy
    matrices, vectors = s[:, None, None], s[:, None]
    return Data(matrices * start.gram + (1 - matrices) * target.gram, vectors * start.b + (1 - vectors) * target.b)


def _means(stratum: Stratum, around: Complex) -> tuple[NDArray[np.int64], Complex, Real]:
    """Exponents, limits and Fourier tails from samples (n, P, coordinates) around closed circles."""
    scalars = around[:, :, 0].copy()
    limits = np.empty_like(around[0])
    tails = np.zeros(around.shape[1])
    for factor, part in zip(stratum.factors, stratum.slices, strict=True):
        form = around[:, :, part]
        chart = np.einsum("npi,pi->np", form, form[0].conj())
        scalars = scalars * chart**factor.power
        limits[:, part], last = _first_and_last(form / chart[:, :, None])
        tails = np.maximum(tails, np.abs(last).max(axis=1))
    ratios = np.concatenate([scalars[1:] / scalars[:-1], scalars[:1] / scalars[-1:]])
    turns = np.angle(ratios).sum(axis=0) / (2 * np.pi)
    exponents = np.round(turns).astype(np.int64)
    finite = exponents == 0
    mean, last = _first_and_last(scalars)
    limits[:, 0] = np.where(finite, mean, 1.0)
    tails = np.where(finite, np.maximum(tails, np.abs(last) / np.abs(limits[:, 0])), tails)
    return exponents, equations_of(stratum).normalize(limits), tails


def _first_and_last(samples: Complex) -> tuple[Complex, Complex]:
    """The Fourier coefficients of index 0 and n/2 of samples (n, …), n even."""
    even, odd = samples[::2].sum(axis=0), samples[1::2].sum(axis=0)
    return (even + odd) / len(samples), (even - odd) / len(samples)


def _mean_losses(stratum: Stratum, around: Complex, target: Data) -> Complex:
    """The means of wᵀΣw − 2bᵀw over samples (n, P, coordinates) around closed circles; infinite where it diverges.

    The loss is a series in s^(1/m). It diverges where the series has negative exponents.
    """
    filters = equations_of(stratum).filters(around.reshape(-1, around.shape[2]))
    losses = np.einsum("pi,pi->p", filters @ target.gram - 2 * target.b, filters)
    sizes = np.abs(spectrum := np.fft.fft(losses.reshape(around.shape[:2]), axis=0) / len(around))
    diverges = sizes[len(around) // 2 + 1 :].max(axis=0) > ENDGAME.diverging_loss * sizes.max(axis=0)
    return np.asarray(np.where(diverges, np.inf, spectrum[0]), complex)


def _agree(one: Complex, other: Complex, target: Data) -> NDArray[np.bool_]:
    """Where two means of losses are one, relative to the size of the loss."""
    size = np.linalg.norm(target.b) ** 2 / np.linalg.norm(target.gram, 2)
    return np.asarray((one == other) | (np.abs(one - other) <= ENDGAME.same_loss * size), bool)


def _limit_keys(stratum: Stratum, limits: Complex, exponents: NDArray[np.int64]) -> Complex:
    """The keys of limits (P, coordinates); their scalars count only where they are finite, else they are one."""
    away, limits = exponents != 0, limits.copy()
    limits[away, 0] = 1.0
    keys = point_keys(stratum, limits)
    keys[away, 0] = 1.0
    return keys


def _distances(one: Complex, other: Complex) -> Real:
    """Relative distances of limits from their keys."""
    return np.asarray(np.linalg.norm(one - other, axis=1) / np.linalg.norm(one, axis=1))


def _residuals(stratum: Stratum, limits: Complex, kinds: NDArray[np.int64], target: Data) -> Real:
    """Residual of the equations at the limits, relative to their terms."""
    result = np.full(len(limits), np.inf)
    for kind, data in (
        (End.FINITE, target),
        (End.AT_INFINITY, Data(target.gram, np.zeros_like(target.b))),
        (End.ORIGIN, Data(np.zeros_like(target.gram), target.b)),
    ):
        rows = np.flatnonzero(kinds == kind)
        if rows.size:
            result[rows] = gradient_residual(stratum, limits[rows], data)
    return result

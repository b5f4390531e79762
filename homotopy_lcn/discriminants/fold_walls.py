"""All walls of one kind on the line through two real data sets: one homotopy from a generic line."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..arrays import Complex, Real
from ..equations.critical_equations import equations_of
from ..networks.strata import Stratum
from .conditions import Condition, Fold
from .degrees import tangency_count
from .extended_system import Patches, WallPoints, evaluated
from .generic_walls import GenericWalls, distinct_walls
from .homotopies import follow
from .lines import DataLine
from .path_tracker import PathOptions, newton
from .tangencies import Tangency, common_image, kernel_meets, tangencies
from .tolerances import WALLS

__all__ = ["RealWall", "StratumWalls", "real_wall", "walls_on_line"]


@dataclass(frozen=True)
class RealWall:
    """A real wall: t, the pieces one after the other, and c/s, so that w is c/s times the product of their powers."""

    t: float
    factors: Real
    scale: float


@dataclass(frozen=True)
class StratumWalls:
    """What became of all paths to the walls of one kind of one stratum.

    Attributes
    ----------
    generic : int
        Number of walls on a generic line of data.
    places : complex array
        The finite t of all walls with a finite filter; those of triple ones three times.
    at_infinity : int
        Number of walls at t = ∞.
    escaped : int
        Number of paths on which the filter goes to infinity.
    real : tuple of RealWall
        The real walls with t in [0, 1], in their order.
    complete : bool
        Whether all paths are accounted for.
    """

    generic: int
    places: Complex
    at_infinity: int
    escaped: int
    real: tuple[RealWall, ...]
    complete: bool


def walls_on_line(start: GenericWalls, line: DataLine, rng: np.random.Generator) -> StratumWalls:
    """Follow all walls of a generic line to the line of real data.

    Parameters
    ----------
    start : GenericWalls
    line : DataLine
        The same data move as on the line of ``start``.
    rng : numpy.random.Generator
    """
    if not len(start):
        return StratumWalls(0, np.zeros(0, complex), 0, 0, (), start.complete)
    points, escaped = _followed(start, line, rng)
    tangent = _tangent(start, line, rng) if len(points) + escaped < len(start) else None
    sums = points.t.sum(axis=1)
    far = np.abs(sums) < WALLS.far * np.linalg.norm(points.t, axis=1)
    finite = points.chosen(~far)
    places = finite.t[:, 1] / finite.t.sum(axis=1)
    nearly = np.abs(places.imag) <= WALLS.nearly_real * (1 + np.abs(places))
    nearly &= (places.real >= -WALLS.outside) & (places.real <= 1 + WALLS.outside)
    real = [real_wall(start.condition, finite.chosen(np.array([row])), line) for row in np.flatnonzero(nearly)]
    inside = [
        RealWall(min(max(wall.t, 0.0), 1.0), wall.factors, wall.scale)
        for wall in real
        if wall is not None and -WALLS.together <= wall.t <= 1 + WALLS.together
    ]
    found = len(points) + escaped
    if tangent is not None:
        # Each is a triple solution of the equations of folds.
        found += 3 * len(tangent)
        places = np.concatenate([places, np.repeat([one.t for one in tangent], 3)])
        inside += [wall for one in tangent if (wall := _real_tangency(start.condition.coordinates, one)) is not None]
    inside.sort(key=lambda wall: wall.t)
    complete = start.complete and found >= len(start)
    return StratumWalls(len(start), places, int(far.sum()), escaped, tuple(inside), complete)


def _followed(start: GenericWalls, line: DataLine, rng: np.random.Generator) -> tuple[WallPoints, int]:
    """The distinct walls on the line that any attempt finds, and the number of paths to infinity of one attempt."""
    condition, options = start.condition, PathOptions()
    known, most = start.points.chosen(np.zeros(0, np.int64)), 0
    for attempt in range(WALLS.attempts):
        # Another representative of the line in homogeneous coordinates makes each homotopy a generic one.
        turns = np.exp(2j * np.pi * rng.random(3))
        lines = start.line, line.scaled(turns)
        ends = follow(condition, start.points, lines, rng, options)
        found = _turned(ends.points.chosen(ends.regular), turns)
        known = WallPoints(*(np.concatenate(pair) for pair in zip(known, found, strict=True)))
        known = known.chosen(distinct_walls(condition.coordinates, known))
        if len(known) >= len(start):
            return known, 0
        most = max(most, _escaping(start, ~ends.regular, (line, turns), rng, options))
        if len(known) + most >= len(start):
            break
        if attempt % 2:
            options = options.tighter()
    return known, most


def _tangent(start: GenericWalls, line: DataLine, rng: np.random.Generator) -> list[Tangency] | None:
    """All tangencies of filters without residual; None where there are none, or where not all are found."""
    condition, stratum = start.condition, start.condition.coordinates
    image = common_image(line)
    simple = all(factor.power == 1 for factor in stratum.factors)
    if not isinstance(condition, Fold) or image is None or image.shape[1] != stratum.dimension or not simple:
        return None
    if kernel_meets(stratum, image):
        return None  # The number is that for a kernel in general position.
    expected = tangency_count(stratum, gram_moves=line.motion.gram, b_moves=line.motion.b)
    known: list[Tangency] = []
    for _ in range(WALLS.attempts):
        turns = np.exp(2j * np.pi * rng.random(3))
        lines = start.line, line.scaled(turns)
        lost = ~follow(condition, start.points, lines, rng).regular
        points, begin = start.points.chosen(lost), 0.0
        for distance in WALLS.stages:
            near = follow(condition, points, lines, rng, between=(begin, 1 - distance))
            points, begin = near.points, 1 - distance
            new = tangencies(stratum, line, image, _turned(points.chosen(near.arrived), turns))
            known += [one for one in new if all(one.differs_from(other) for other in known)]
            if len(known) >= expected:
                return known
    return None


def _real_tangency(stratum: Stratum, found: Tangency) -> RealWall | None:
    """The real wall of a tangency in the segment, None if it is none."""
    if abs(found.t.imag) > WALLS.real * (1 + abs(found.t)) or not 0 <= found.t.real <= 1:
        return None
    parts, start, scale = [], 0, found.scale
    for factor in stratum.factors:
        form = found.factors[start : start + factor.degree + 1]
        start += factor.degree + 1
        largest = form[np.argmax(np.abs(form))]
        parts.append(form / largest)
        scale = scale * largest
    factors = np.concatenate(parts)
    if np.abs(factors.imag).max() > WALLS.same or abs(scale.imag) > WALLS.same * abs(scale):
        return None
    return RealWall(float(found.t.real), np.asarray(factors.real), float(scale.real))


def _escaping(
    start: GenericWalls,
    chosen: NDArray[np.bool_],
    goal: tuple[DataLine, Complex],
    rng: np.random.Generator,
    options: PathOptions,
) -> int:
    """On how many of the paths the filter goes to infinity as τ goes to 1.

    It grows from stage to stage, and at the end it is longer than all real critical filters there.
    """
    condition, (line, turns), begin = start.condition, goal, 0.0
    points = start.points.chosen(chosen)
    lengths, going = [], np.ones(len(points), bool)
    for distance in WALLS.stages:
        ends = follow(condition, points, (start.line, line.scaled(turns)), rng, options, (begin, 1 - distance))
        points, begin = ends.points, 1 - distance
        going &= ends.arrived
        coordinates = np.concatenate([np.ones((len(points), 1)), points.factors], axis=1)
        filters = equations_of(condition.coordinates).filters(coordinates)
        found = _turned(points, turns)
        with np.errstate(all="ignore"):
            total = found.t.sum(axis=1)
            scale = found.scale[:, 0] / found.scale[:, 1]
            scale *= (total if line.motion.gram else 1) / (total if line.motion.b else 1)
            filters = filters * scale[:, None]
            lengths.append(np.linalg.norm(filters, axis=1))
            places = np.clip(np.nan_to_num((found.t[:, 1] / total).real), 0, 1)
    with np.errstate(all="ignore"):
        rates = np.diff(np.log(np.array(lengths)), axis=0) / -np.diff(np.log(np.array(WALLS.stages)))[:, None]
        grows = going & (rates > WALLS.least_rate).all(axis=0)
    return sum(_is_too_long(line, t, w) for t, w in zip(places[grows].tolist(), filters[grows], strict=True))


def _is_too_long(line: DataLine, t: float, w: Complex) -> bool:
    """Whether a filter is longer than all real critical filters at t.

    A real critical filter w has wᵀ Σ w = wᵀ b, so that wᵀ Σ w is at most bᵀ Σ⁻¹ b, the square of the norm of Σ⁻¹ b.
    """
    gram, b = (
        ((1 - t) * part[0] + t * part[1] if moves else part[0]).real
        for part, moves in ((line.grams, line.motion.gram), (line.bs, line.motion.b))
    )
    values, vectors = np.linalg.eigh(gram)
    if not (values > WALLS.singular * values[-1]).all():
        return False
    most = float(((vectors.T @ b) ** 2 / values).sum())
    return bool((w.conj() @ gram @ w).real > WALLS.large**2 * most)


def _turned(points: WallPoints, turns: Complex) -> WallPoints:
    """Walls on the line `DataLine.scaled` by three numbers as walls on the line itself."""
    return WallPoints(points.factors, points.scale * turns[:2], points.t * np.array([1, turns[2]]))


def real_wall(condition: Condition, point: WallPoints, line: DataLine, nearby: float = WALLS.nearby) -> RealWall | None:
    """The real wall that a numerical one is, None if it is none: Newton's method in real patches decides.

    Parameters
    ----------
    condition : Condition
    point : WallPoints
        One point. The kernel vector of a fold is computed.
    line : DataLine
        Real data.
    nearby : float
        How far Newton's method may go, in patches centred at the point.
    """
    stratum = condition.coordinates
    parts, start, turn = [], 0, 1.0 + 0j
    for factor in stratum.factors:
        form = point.factors[0, start : start + factor.degree + 1]
        start += factor.degree + 1
        largest = form[np.argmax(np.abs(form))]
        unit = largest / abs(largest) * np.linalg.norm(form)
        parts.append((form / unit).real)
        turn *= unit**factor.power
    # The data are real where t_0 + t_1 is, and c and s make up for another factor of the data that move.
    total = point.t[0].sum()
    t = (point.t[0] / total).real
    total *= np.linalg.norm(t)
    c, s = point.scale[0]
    ratio = c * turn * (total if line.motion.gram else 1) / (s * (total if line.motion.b else 1))
    if not np.isfinite(ratio):
        return None
    vectors = [part.astype(complex) for part in (*parts, np.array([ratio.real, 1.0]), t / np.linalg.norm(t))]
    given = WallPoints(np.concatenate(vectors[:-2])[None], vectors[-2][None], vectors[-1][None])
    patches = Patches.at([*vectors, np.ones(stratum.dimension, complex)])
    system = condition.system(patches, line, line)
    if isinstance(condition, Fold):
        size = stratum.dimension
        blank = np.zeros((1, system.unknowns), complex)
        hessian = evaluated(system, blank, np.zeros(1)).jacobian[0, :size, :size]
        patches = Patches.at([*vectors, np.linalg.svd(hessian.real)[2][-1].astype(complex)])
        system = condition.system(patches, line, line)
    z = condition.local(system, given, line.motion, 0.0)
    z, step = newton(system, z.real.astype(complex), 0.0)
    if not step[0] < WALLS.settled or np.abs(z.imag).max() > WALLS.real or np.abs(z).max() > nearby:
        return None
    found = condition.points(patches, z)
    c, s = found.scale[0].real
    total = found.t[0].real.sum()
    scale = c * (total if line.motion.gram else 1) / (s * (total if line.motion.b else 1))
    return RealWall(float(found.t[0, 1].real / total), found.factors[0].real, float(scale))

"""All walls of one kind on the line through two real data sets: one homotopy from a generic line."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from ..arrays import Complex, Real
from ..equations.critical_equations import equations_of
from ..networks.strata import Stratum
from .conditions import Condition, Fold, PassageThroughZero, local_coordinates
from .degrees import tangency_count
from .extended_system import Patches, System, WallPoints, evaluated
from .generic_walls import GenericWalls, conjugate_walls, distinct_walls
from .homotopies import follow
from .lines import DataLine
from .multiple_ends import Cycle, Ending, Endings, endings
from .path_tracker import PathOptions, newton
from .tangencies import Tangency, common_image, kernel_meets, tangencies
from .tolerances import WALLS

__all__ = [
    "RealWall",
    "StratumWalls",
    "is_singular_solution",
    "real_end",
    "real_wall",
    "settled_pieces",
    "walls_on_line",
]

#: The multiplicity of a tangency as a solution of the equations of folds.
TRIPLE = 3


@dataclass(frozen=True)
class RealWall:
    """A real wall: t, the pieces one after the other, and c/s, so that w is c/s times the product of their powers.

    ``multiplicity`` is that of the solution of the equations, and ``cycles`` are the paths to a singular one. One of an
    ``infinite`` filter is no wall inside the segment; its scale is s/c.
    """

    t: float
    factors: Real
    scale: float
    multiplicity: int = 1
    cycles: tuple[Cycle, ...] = field(default=(), repr=False, compare=False)
    infinite: bool = False


@dataclass(frozen=True)
class StratumWalls:
    """What became of all paths to the walls of one kind of one stratum.

    Attributes
    ----------
    generic : int
        Number of walls on a generic line of data.
    places : complex array
        The finite t of all walls with a finite filter; those of multiple ones as often as their multiplicity says.
    at_infinity : int
        Number of walls at t = ∞.
    escaped : int
        Number of paths on which the filter goes to infinity.
    real : tuple of RealWall
        The real walls with t in [0, 1], in their order.
    complete : bool
        Whether all paths are accounted for.
    multiple : tuple of RealWall
        More real walls, near which doubles find singular solutions. They are to be confirmed in more digits.
    everywhere : int
        On how many paths the filter goes to a continuum of critical filters that are zero, at all t. A critical filter
        that passes through zero there is a fold, too, since two critical points are one there.
    continua : tuple of float
        The t in [0, 1] of solutions that are not isolated: on one t the limits of paths depend on the homotopy.
    """

    generic: int
    places: Complex
    at_infinity: int
    escaped: int
    real: tuple[RealWall, ...]
    complete: bool
    multiple: tuple[RealWall, ...] = ()
    everywhere: int = 0
    continua: tuple[float, ...] = ()


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
    tangent: list[Tangency] | None = None
    others = _Others()
    continua: tuple[float, ...] = ()
    if len(points) + escaped < len(start):
        tangent = _tangent(start, line, rng)
        if tangent is None or len(points) + escaped + TRIPLE * len(tangent) < len(start):
            found = None if _kernel_of_all_meets(start, line) else endings(start, line, rng)
            known = None if found is None else _others(start.condition, line, found)
            if found is not None and known is None:
                continua = _continua(found)
            elif found is not None and known is not None:
                points, escaped, tangent, others = found.walls, known.escaped, None, known
    far = np.abs(points.t.sum(axis=1)) < WALLS.far * np.linalg.norm(points.t, axis=1)
    finite = points.chosen(~far)
    places = finite.t[:, 1] / finite.t.sum(axis=1)
    nearly = np.abs(places.imag) <= WALLS.nearly_real * (1 + np.abs(places))
    nearly &= (places.real >= -WALLS.outside) & (places.real <= 1 + WALLS.outside)
    if nearly.any():
        nearly &= ~conjugate_walls(start.condition.coordinates, finite)
    rows = np.flatnonzero(nearly)
    real = [real_wall(start.condition, finite.row(row), line) for row in rows.tolist()]
    stratum = start.condition.coordinates
    again = [
        i for i, wall in enumerate(real) if wall is not None and any(_are_one(stratum, wall, one) for one in real[:i])
    ]
    places = np.delete(places, rows[again])
    real = [wall for i, wall in enumerate(real) if i not in again]
    inside = [
        replace(wall, t=min(max(wall.t, 0.0), 1.0))
        for wall in real
        if wall is not None and -WALLS.together <= wall.t <= 1 + WALLS.together and not _is_infinite_at_end(wall)
    ]
    if tangent is not None:
        places = np.concatenate([places, np.repeat([one.t for one in tangent], TRIPLE)])
        inside += [wall for one in tangent if (wall := _real_tangency(start.condition.coordinates, one)) is not None]
    inside.sort(key=lambda wall: wall.t)
    places = np.concatenate([places, np.array(others.places, complex)])
    infinite = int(far.sum()) + others.at_infinity
    ends = sum(wall.multiplicity for wall in others.real if wall.infinite)
    escaped = min(escaped, len(start) - len(places) - infinite - len(again))
    complete = start.complete and len(places) + infinite + escaped + others.everywhere + ends == len(start)
    return StratumWalls(
        len(start), places, infinite, escaped, tuple(inside), complete, others.real, others.everywhere, continua
    )


def _are_one(stratum: Stratum, wall: RealWall, other: RealWall | None) -> bool:
    """Whether Newton's method has gone to one real wall from two places."""
    if other is None or abs(wall.t - other.t) > WALLS.together:
        return False
    start = 0
    for factor in stratum.factors:
        one, two = (each.factors[start : start + factor.degree + 1] for each in (wall, other))
        start += factor.degree + 1
        largest = int(np.argmax(np.abs(one)))
        if not np.abs(one * two[largest] - two * one[largest]).max() <= WALLS.same * abs(one[largest] * two[largest]):
            return False
    return True


def _is_infinite_at_end(wall: RealWall) -> bool:
    """Whether a filter is infinite up to rounding at an end of the segment, where Σ is singular: no wall inside it."""
    return min(abs(wall.t), abs(1 - wall.t)) <= WALLS.together and WALLS.far * abs(wall.scale) >= 1


def _kernel_of_all_meets(start: GenericWalls, line: DataLine) -> bool:
    """Whether a filter of the stratum is in the kernel of Σ at all t: then paths end on continua at infinity."""
    image = common_image(line)
    return image is not None and kernel_meets(start.condition.coordinates, image)


@dataclass(frozen=True)
class _Others:
    """What paths to singular ends say: finite t, one for each path, numbers of other paths, real walls.

    ``everywhere`` is the number of paths to a continuum of critical filters that are zero, at all t.
    """

    places: tuple[complex, ...] = ()
    at_infinity: int = 0
    escaped: int = 0
    real: tuple[RealWall, ...] = ()
    everywhere: int = 0


def _others(condition: Condition, line: DataLine, found: Endings) -> _Others | None:
    """What the ends of paths at singular solutions mean, None if that is not clear for one of them.

    Where t is not a number of [0, 1] there is no real wall, on a continuum neither. Where t is one, no filter at
    infinity is that of a real critical point, as Σ(t) is positive definite.
    """
    off = found.off_segment
    places: list[complex] = off.t[~off.infinite].tolist()
    real, at_infinity, escaped, everywhere = [], 0, int(off.infinite.sum()), 0
    for end in found.others:
        if not end.at_one_place:
            if not isinstance(condition, PassageThroughZero):
                return None
            everywhere += end.paths
            continue
        t, inside = _place(end)
        infinite = not np.isfinite(t)
        lengths = np.abs(end.points.scale)
        if (lengths[:, 1] <= WALLS.outside * lengths[:, 0]).all():
            place = min(max(t.real, 0.0), 1.0)
            if inside and not all(_is_too_long(line, place, w) for w in _filters(condition, line, end.points)):
                # At an end where Σ is singular real filters can be infinite. That is no wall inside the segment.
                wall = real_end(condition, line, end.points) if end.isolated else None
                if wall is None or min(place, 1 - place) > WALLS.outside:
                    return None
                real.append(replace(wall, multiplicity=end.paths, cycles=end.cycles))
                continue
            escaped += end.paths
        elif infinite:
            at_infinity += end.paths
        else:
            places += [t] * end.paths
            if not inside:
                continue
            wall = real_end(condition, line, end.points) if end.isolated else None
            if wall is not None:
                real.append(replace(wall, multiplicity=end.paths, cycles=end.cycles))
            elif not end.isolated or _is_real(_filters(condition, line, end.points)[0]):
                return None
    real.sort(key=lambda wall: wall.t)
    return _Others(tuple(places), at_infinity, escaped, tuple(real), everywhere)


def _place(end: Ending) -> tuple[complex, bool]:
    """The t of limits, and whether it is in the segment up to rounding."""
    total = end.points.t.sum(axis=1)
    if (np.abs(total) <= WALLS.outside * np.linalg.norm(end.points.t, axis=1)).all():
        return complex(np.inf), False
    t = complex(end.points.t[0, 1] / total[0])
    return t, abs(t.imag) <= WALLS.nearly_real * (1 + abs(t)) and -WALLS.outside <= t.real <= 1 + WALLS.outside


def _continua(found: Endings) -> tuple[float, ...]:
    """The t in the segment of limits with finite filters that are not isolated."""
    result = []
    for end in found.others:
        t, inside = _place(end)
        lengths = np.abs(end.points.scale)
        if inside and end.at_one_place and not end.isolated and (lengths[:, 1] > WALLS.outside * lengths[:, 0]).any():
            result.append(min(max(t.real, 0.0), 1.0))
    return tuple(sorted(result))


def _is_real(w: Complex) -> bool:
    """Whether a filter is real up to rounding."""
    return bool(np.linalg.norm(w.imag) <= WALLS.nearly_real * np.linalg.norm(w))


def _filters(condition: Condition, line: DataLine, points: WallPoints) -> Complex:
    """The filters (P, K) of walls; those at infinity are so long that doubles hold their squares."""
    total = points.t.sum(axis=1)
    least = np.finfo(float).eps
    c, s = points.scale.T
    with np.errstate(all="ignore"):
        scale = np.asarray(c / np.where(np.abs(s) < least, least, s), complex)
        if line.motion.gram:
            scale = scale * total
        if line.motion.b:
            scale = scale / total
    coordinates = np.concatenate([scale[:, None], points.factors], axis=1)
    return equations_of(condition.coordinates).filters(coordinates)


def real_end(condition: Condition, line: DataLine, point: WallPoints) -> RealWall | None:
    """The real wall that is one point, finite or not; None if its t, or one of its pieces, is not real."""
    total = complex(point.t[0].sum())
    t = complex(point.t[0, 1]) / total
    c, s = point.scale[0].tolist()
    c, s = c * (total if line.motion.gram else 1), s * (total if line.motion.b else 1)
    parts, start = [], 0
    for factor in condition.coordinates.factors:
        form = point.factors[0, start : start + factor.degree + 1]
        start += factor.degree + 1
        largest = form[np.argmax(np.abs(form))]
        parts.append(form / largest)
        c *= complex(largest) ** factor.power
    infinite = abs(s) <= WALLS.outside * abs(c)
    scale, factors = s / c if infinite else c / s, np.concatenate(parts)
    if max(abs(t.imag), np.abs(factors.imag).max(), abs(scale.imag) / (1 + abs(scale))) > WALLS.nearly_real:
        return None
    return RealWall(min(max(t.real, 0.0), 1.0), np.asarray(factors.real), scale.real, infinite=infinite)


def _followed(start: GenericWalls, line: DataLine, rng: np.random.Generator) -> tuple[WallPoints, int]:
    """The distinct walls on the line that any attempt finds, and the number of paths to infinity of one attempt."""
    condition, options = start.condition, PathOptions()
    known, most = start.points.chosen(np.zeros(0, np.int64)), 0
    for attempt in range(WALLS.attempts):
        # Another representative of the line in homogeneous coordinates makes each homotopy a generic one.
        turns = line.random_factors(rng)
        lines = start.line, line.scaled(turns)
        ends = follow(condition, start.points, lines, rng, options)
        found = ends.points.chosen(ends.regular).turned(turns)
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
        turns = line.random_factors(rng)
        lines = start.line, line.scaled(turns)
        lost = ~follow(condition, start.points, lines, rng).regular
        points, begin = start.points.chosen(lost), 0.0
        for distance in WALLS.stages:
            near = follow(condition, points, lines, rng, between=(begin, 1 - distance))
            points, begin = near.points, 1 - distance
            new = tangencies(stratum, line, image, points.chosen(near.arrived).turned(turns))
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
    return RealWall(float(found.t.real), np.asarray(factors.real), float(scale.real), TRIPLE)


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
        found = points.turned(turns)
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


def is_singular_solution(
    condition: Condition, point: WallPoints, line: DataLine, vanishing: float = WALLS.vanishing
) -> bool:
    """Whether a point, right up to rounding, solves the equations of a condition, and their Jacobian is singular."""
    local = _in_real_patches(condition, point, line)
    if local is None:
        return False
    value = evaluated(local[0], local[1], np.zeros(1))
    singular = np.linalg.svd(value.jacobian[0], compute_uv=False)
    return bool(np.abs(value.equations).max() <= vanishing and singular[-1] <= WALLS.flat * singular[0])


def settled_pieces(condition: Condition, point: WallPoints, line: DataLine) -> WallPoints | None:
    """The point with pieces near those given that solve the equations at its t and scalar, by Gauss and Newton.

    The filter zero tells nothing of its pieces. At a double solution half of the digits of the pieces are right.
    """
    local = _in_real_patches(condition, point, line)
    if local is None:
        return None
    system, z = local
    size = condition.coordinates.dimension - 1
    rows = size + 1 if isinstance(condition, Fold) else None
    for _ in range(WALLS.steps_to_pieces):
        value = evaluated(system, z, np.zeros(1))
        step = np.linalg.lstsq(value.jacobian[0, :rows, :size], value.equations[0, :rows], rcond=None)[0]
        z[0, :size] -= step / max(1.0, float(np.linalg.norm(step)))
    return condition.points(system.patches, z)


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
    local = _in_real_patches(condition, point, line)
    if local is None:
        return None
    system, z = local
    z, step = newton(system, z.real.astype(complex), 0.0)
    if not step[0] < WALLS.settled or np.abs(z.imag).max() > WALLS.real or np.abs(z).max() > nearby:
        return None
    found = condition.points(system.patches, z)
    c, s = found.scale[0].real
    total = found.t[0].real.sum()
    scale = c * (total if line.motion.gram else 1) / (s * (total if line.motion.b else 1))
    return RealWall(float(found.t[0, 1].real / total), found.factors[0].real, float(scale))


def _in_real_patches(condition: Condition, point: WallPoints, line: DataLine) -> tuple[System, Complex] | None:
    """The equations in real patches centred at the real point next to one, and its coordinates; None at infinity."""
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
    if isinstance(condition, Fold):
        # The kernel vector is the centre of its patch.
        z = local_coordinates(stratum, patches, given, line.motion)
        return system, np.concatenate([z, np.zeros((1, stratum.dimension - 1))], axis=1)
    return system, condition.local(system, given, line.motion, 0.0)

"""Continua of critical points: their real points, which of them belong together, and of what kind they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..arrays import Complex, without_specks
from ..classification.points import FoundPoints, classify
from ..classification.real_parameters import settle_real
from ..classification.rules import have_plain_roots
from ..classification.special_data import reclassify
from ..classification.stratum_problem import StratumProblem, losses_of
from ..equations.critical_equations import Data, equations_of
from ..equations.restriction import whole_filters, without_phases
from ..losses.exact_losses import least_loss
from ..losses.squared_loss import SquaredLoss
from ..losses.zero_residual import ZeroResidual
from ..networks.architecture import Architecture
from ..networks.parameters import compose
from ..networks.patterns import Pattern
from ..networks.strata import Stratum
from ..progress import Clock
from ..results.continua import Continuum
from ..results.infimum import loss_tolerance
from ..results.points import CriticalPoint
from .accounts import PathAccount, SingularEnd
from .local_structure import local_dimensions, onto_critical_set, real_dimension
from .problem import Problem
from .stratum_task import StratumTask
from .tolerances import LOCAL, SOLVING

__all__ = [
    "PointOnContinuum",
    "continua_of",
    "of_kind",
    "on_continua",
    "points_of_residual_zero",
    "points_on_continua",
    "real_dimension_over",
]


class PointOnContinuum(NamedTuple):
    """A critical point with a continuum of critical points through it.

    Attributes
    ----------
    point : CriticalPoint
    dimension : int
        Local dimension of the continuum.
    smooth : bool
        Whether the loss is nondegenerate across the continuum.
    sought : bool
        Whether real points were looked for on the stratum from real data nearby, with every path accounted for.
    real_dimension : int or None
        At a real point the local dimension of the real critical set; None if it is not known.
    """

    point: CriticalPoint
    dimension: int
    smooth: bool
    sought: bool
    real_dimension: int | None = None


def points_on_continua(task: StratumTask, account: PathAccount, clock: Clock) -> list[PointOnContinuum]:
    """The classified points of continua that paths of a stratum ended at; none if the time is up before all are known.

    Some of the points do not tell whether a continuum has real or attained points. Where no path from real data nearby
    comes to a continuum that other paths end at, it stays open whether it is real.
    """
    sought = account.approaches > 0 and bool(account.limits)
    limits = account.limits if sought else [*account.limits, *account.on_continua]
    made = [_made_real(task.problem, end) for end in limits if not clock.is_late()]
    if len(made) < len(limits) or not made:
        return []
    coordinates, real = np.concatenate([one for one, _ in made]), np.array([is_real for _, is_real in made])
    real_sets = _real_sets(task.problem, limits, coordinates, real)
    loss, arch = task.loss, task.architecture
    problem = StratumProblem(arch, task.embedding, task.row.pattern, loss.gram, loss.b, loss.constant)
    filters = whole_filters(arch, task.embedding, task.scale * task.problem.equations.filters(coordinates))
    coordinates[:, 0] *= task.scale
    filters = without_specks(np.where(real[:, None], filters.real, filters), LOCAL.tie)
    found = FoundPoints(coordinates, filters, real, np.full(len(real), np.inf))
    points = classify(problem, found, kinds=False).points
    plain = have_plain_roots(problem, coordinates) & ~real
    result = []
    for end, point, is_plain, real_set in zip(limits, points, plain.tolist(), real_sets, strict=True):
        if clock.is_late():
            return []
        if not np.isfinite(point.filter).all():
            continue
        point = replace(point, nonsingular=False, isolated=False, multiplicity=len(end.windings), windings=end.windings)
        if not is_plain:
            again = reclassify(arch, Data(loss.gram, loss.b), point, end.dimension)
            point = of_kind(arch, loss, again, end.dimension) if again.kinds is point.kinds else again
        smooth = end.corank == end.dimension
        result.append(PointOnContinuum(point, end.dimension, smooth, sought, real_set))
    return result


def _real_sets(
    problem: Problem, ends: Sequence[SingularEnd], coordinates: Complex, real: NDArray[np.bool_]
) -> list[int | None]:
    """The dimensions of the real critical sets at real ends with real coordinates."""
    result: list[int | None] = []
    for end, point, is_real in zip(ends, coordinates, real.tolist(), strict=True):
        known = is_real and not point.imag.any()
        rng = np.random.default_rng(0)
        result.append(real_dimension(problem.equations, point, problem.data, end.dimension, rng) if known else None)
    return result


def _made_real(problem: Problem, end: SingularEnd) -> tuple[np.ndarray, bool]:
    """The coordinates (1, coordinates) of an end, real if its filter is real, and whether it is real."""
    equations, points = problem.equations, problem.equations.normalize(end.point[None])
    filters = equations.filters(points)
    if np.abs(filters.imag).max() > SOLVING.real_limit * np.linalg.norm(filters):
        return points, False
    turned = without_phases(problem.stratum, points)
    if np.abs(turned[:, 1:].imag).max(initial=0.0) > SOLVING.real_factor:
        return points, True
    moved, residual = onto_critical_set(equations, turned[0].real.astype(complex), problem.data)
    return (moved[None], True) if residual <= LOCAL.tie else (points, False)


def of_kind(arch: Architecture, loss: SquaredLoss, point: CriticalPoint, dimension: int) -> CriticalPoint:
    """A point of a continuum with the kinds that leave the directions along the continuum apart."""
    if not (point.real and point.attained and point.parameters):
        return point
    theta = [np.array(layers) for layers in zip(*point.parameters, strict=True)]
    settled = settle_real(arch, Data(loss.gram, loss.b), theta, dimension)
    return replace(point, kinds=tuple(settled.kinds), indices=tuple(settled.indices))


def on_continua(
    arch: Architecture, loss: SquaredLoss, points: Sequence[CriticalPoint], clock: Clock | None = None
) -> list[int]:
    """For each point the dimension of the set of critical θ at the θ over it, the largest one; scaling is left apart.

    Points that are left when the time is up count as isolated.
    """
    result: list[int] = []
    while len(result) < len(points) and not (clock is not None and clock.is_late()):
        result += _on_continua(arch, loss, points[len(result) : len(result) + SOLVING.ends_at_once])
    return result + [0] * (len(points) - len(result))


def _on_continua(arch: Architecture, loss: SquaredLoss, points: Sequence[CriticalPoint]) -> list[int]:
    starts = [_coordinates_of(arch, point) for point in points]
    owners = np.repeat(np.arange(len(points)), [len(one) for one in starts])
    together = [start for one in starts for start in one]
    result = np.zeros(len(points), int)
    if together:
        equations, data = equations_of(Stratum.of_layers(arch)), Data(loss.gram, loss.b)
        exact = None if loss.exact is None else Data(np.array(loss.exact.gram, object), np.array(loss.exact.b, object))
        found = local_dimensions(equations, np.array(together), data, np.random.default_rng(0), exact)
        np.maximum.at(result, owners, found)
    return result.tolist()


def real_dimension_over(arch: Architecture, loss: SquaredLoss, point: CriticalPoint, dimension: int) -> int | None:
    """The largest dimension of the set of real critical θ near the real θ over a point of a continuum."""
    if not point.real or not point.attained:
        return None
    equations, data = equations_of(Stratum.of_layers(arch)), Data(loss.gram, loss.b)
    rng = np.random.default_rng(0)
    starts = _coordinates_of(arch, point)
    return _largest([real_dimension(equations, start, data, dimension, rng) for start in starts])


def _coordinates_of(arch: Architecture, point: CriticalPoint) -> list[Complex]:
    """The θ over a point in the coordinates of `Stratum.of_layers`."""
    stratum = Stratum.of_layers(arch)
    part_of = dict(zip((layer for layer, k in enumerate(arch.filters) if k > 1), stratum.slices, strict=True))
    starts = []
    for theta in point.parameters:
        start = np.ones(stratum.coordinates, complex)
        for layer, w in enumerate(theta):
            if layer in part_of:
                start[part_of[layer]] = w
            else:
                start[0] *= w[0]
        starts.append(start)
    return starts


def points_of_residual_zero(arch: Architecture, loss: SquaredLoss, found: ZeroResidual) -> list[PointOnContinuum]:
    """A point of the filters of residual zero, if they form a set of positive dimension."""
    if not found.dimension or found.filter is None:
        return []
    # Without a target w = 0 has no residual. That is no critical filter, and others may be real.
    real = found.point is not None and bool(found.filter.any())
    theta = found.point if real else found.complex_point
    if theta is None:
        return []
    w = found.filter[None].real if real else compose(arch, theta)[None].astype(complex)
    value = losses_of(w, w @ loss.gram, loss.b, loss.constant)[0]
    point = CriticalPoint(
        filter=w[0].astype(complex),
        real=real,
        loss=float(value.real) if real else complex(value),
        stratum=tuple((1,) * block.degree for block in arch.blocks),
        pure=True,
        in_function_space=True if real else None,
        attained=True if real else None,
        parameters=(theta,),
        nonsingular=False,
        isolated=False,
    )
    decided = found.meets_function_space is False
    listed = of_kind(arch, loss, point, found.dimension)
    return [PointOnContinuum(listed, found.dimension, smooth=decided, sought=decided)]


def continua_of(
    found: Sequence[PointOnContinuum], extra: Sequence[PointOnContinuum], loss: SquaredLoss
) -> list[Continuum]:
    """Points of continua, put together to continua.

    Parameters
    ----------
    found : sequence of PointOnContinuum
        From the strata.
    extra : sequence of PointOnContinuum
        Points of strata that turned out to lie on a continuum of another stratum.
    loss : SquaredLoss
    """
    if not found and not extra:
        return []
    tolerance = loss_tolerance(loss, (item.point for item in [*found, *extra]))
    groups: list[list[PointOnContinuum]] = []
    for item in [*found, *extra]:
        fits = [group for group in groups if _together(group[0], item, tolerance)]
        if fits:
            fits[0].append(item)
        else:
            groups.append([item])
    for item in extra:
        _move_to_others(groups, item, tolerance)
    groups = _without_repetition([group for group in groups if group], cones=not loss.b.any(), tolerance=tolerance)
    parts = [part for group in groups for part in _by_index(group)]
    return sorted((_continuum(part, loss, tolerance) for part in parts), key=partial(_order, tolerance=tolerance))


def _move_to_others(groups: list[list[PointOnContinuum]], item: PointOnContinuum, tolerance: float) -> None:
    """Let a point of a smaller stratum stand on the continuum of a larger one with its loss, if there is one."""
    own = next(group for group in groups if any(other is item for other in group))
    for group in groups:
        same_loss = group and group is not own and abs(group[0].point.loss - item.point.loss) <= tolerance
        if same_loss and _parts(group[0]) > _parts(item) and group[0].dimension >= item.dimension:
            group.append(item)
            own[:] = [other for other in own if other is not item]
            return


def _without_repetition(
    groups: list[list[PointOnContinuum]], *, cones: bool, tolerance: float
) -> list[list[PointOnContinuum]]:
    """Groups of different strata put together where they have one loss, one dimension, and a filter in common.

    With ``cones``, continua are cones: filters that are multiples of each other are in common.
    """
    kept: list[list[PointOnContinuum]] = []
    for group in sorted(groups, key=lambda group: -_parts(group[0])):
        same = [
            other
            for other in kept
            if abs(other[0].point.loss - group[0].point.loss) <= tolerance
            and other[0].dimension == group[0].dimension
            and any(_same_filter(one.point, two.point, cones) for one in other for two in group)
        ]
        if same:
            same[0].extend(group)
        else:
            kept.append(group)
    return kept


def _same_filter(one: CriticalPoint, other: CriticalPoint, cones: bool) -> bool:
    left, right = one.filter, other.filter
    if cones:
        left = left / np.linalg.norm(left)
        right = right / np.linalg.norm(right)
        right = right * np.exp(1j * np.angle(np.vdot(right, left)))
    return bool(np.linalg.norm(left - right) <= SOLVING.same_limit * np.linalg.norm(left))


def _parts(item: PointOnContinuum) -> int:
    return sum(len(partition) for partition in item.point.stratum)


def _together(one: PointOnContinuum, other: PointOnContinuum, tolerance: float) -> bool:
    same = one.point.stratum == other.point.stratum and one.dimension == other.dimension
    return same and abs(one.point.loss - other.point.loss) <= tolerance


def _by_index(group: list[PointOnContinuum]) -> list[list[PointOnContinuum]]:
    """Points of one loss apart if the Hessian tells that they are on different pieces.

    Pieces may meet at points where the loss is degenerate across them. Such points are left out where other points of
    the loss are known.
    """
    indices: dict[int, list[PointOnContinuum]] = {}
    rest = []
    for item in group:
        index = _index(item)
        if index is None:
            rest.append(item)
        else:
            indices.setdefault(index, []).append(item)
    if not indices:
        return [rest]
    least = min(indices)
    indices[least] += [item for item in rest if not item.point.attained]
    return [indices[index] for index in sorted(indices)]


def _index(item: PointOnContinuum) -> int | None:
    """The index at a real θ over the point if the loss is nondegenerate across the continuum; the least one."""
    if not item.smooth or not item.point.real or "degenerate" in item.point.kinds:
        return None
    known = [index for index in item.point.indices if index is not None]
    return min(known, default=None)


def _real_if_close(loss: float | complex, tolerance: float) -> float | complex:
    return float(loss.real) if abs(loss.imag) <= tolerance else loss


def _may_be_real(value: complex, loss: SquaredLoss, tolerance: float) -> bool:
    """Whether real filters w ≠ 0 may be critical with this loss.

    At a critical point wᵀΣw = bᵀw, so that the loss is c − wᵀΣw: real, at most c, and at least the least loss of any
    filter.
    """
    definite = loss.rank == loss.filter_size
    below = value.real <= loss.constant - tolerance if definite else value.real <= loss.constant + tolerance
    return abs(value.imag) <= tolerance and below and value.real >= least_loss(loss) - tolerance


def _continuum(group: Sequence[PointOnContinuum], loss: SquaredLoss, tolerance: float) -> Continuum:
    real = [item.point for item in group if item.point.real]
    attained = [point for point in real if point.attained]
    kinds = {kind for point in attained for kind in point.kinds}
    decided = all(item.smooth and item.sought for item in group)
    possible = _may_be_real(complex(group[0].point.loss), loss, tolerance)
    is_real = True if real else False if decided or not possible else None
    # If Σ is regular, one filter only has residual zero.
    alone = is_real and loss.rank == loss.filter_size and real[0].loss.real <= least_loss(loss) + tolerance
    return Continuum(
        pattern=max(group, key=_parts).point.stratum,
        dimension=max(item.dimension for item in group),
        loss=_real_if_close(real[0].loss if real else group[0].point.loss, tolerance),
        real=is_real,
        attained=_attained(is_real, real),
        real_dimension=0 if alone else _largest([item.real_dimension for item in group if item.point.real]),
        kind=next((kind for kind in ("minimum", "degenerate", "saddle") if kind in kinds), None),
        points=_distinct(attained or real or [item.point for item in group]),
    )


def _largest(dimensions: Sequence[int | None]) -> int | None:
    """The largest of the known dimensions; None if none is known, or if all known ones are zero and others are not."""
    known = [one for one in dimensions if one is not None]
    most = max(known, default=0)
    return most if known and (most > 0 or len(known) == len(dimensions)) else None


def _attained(is_real: bool | None, real: Sequence[CriticalPoint]) -> bool | None:
    answers = {point.attained for point in real}
    if True in answers or is_real is False:
        return is_real
    return None if None in answers or is_real is None else False


def _distinct(points: Sequence[CriticalPoint]) -> tuple[CriticalPoint, ...]:
    """The points, one of each filter."""
    kept: list[CriticalPoint] = []
    for point in points:
        limit = SOLVING.same_limit * np.linalg.norm(point.filter)
        if all(np.linalg.norm(point.filter - other.filter) > limit for other in kept):
            kept.append(point)
    return tuple(sorted(kept, key=lambda point: tuple(np.round(point.filter.real, 9).tolist())))


def _order(continuum: Continuum, tolerance: float) -> tuple[bool, int, int, Pattern]:
    """Real ones first, by loss; losses that are one loss do not decide."""
    loss = float(np.real(continuum.loss))
    return continuum.real is not True, round(loss / max(2 * tolerance, 1e-300)), continuum.dimension, continuum.pattern

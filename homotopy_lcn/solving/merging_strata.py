"""From the points of strata to one point for each filter, and which of them are isolated in the whole critical set."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from ..classification.special_data import reclassify
from ..equations.critical_equations import Data
from ..equations.residuals import have_no_residual
from ..losses.squared_loss import SquaredLoss
from ..losses.zero_residual import ZeroResidual
from ..networks.architecture import Architecture
from ..networks.parameters import compose
from ..progress import Clock
from ..results.merging import merged
from ..results.points import CriticalPoint, StratumResult
from .continua import PointOnContinuum, of_kind, on_continua, real_dimension_over
from .one_stratum import Found
from .tolerances import SOLVING

__all__ = ["isolated_ones", "merge_by_filter", "renumbered", "without_moved"]


def renumbered(found: list[Found], offset: int) -> list[Found]:
    """The points of a stratum with the numbers of their conjugates in the list of all points."""
    return [item._replace(conjugate=item.conjugate + offset) if item.conjugate >= 0 else item for item in found]


class _Merged(NamedTuple):
    """The point of a filter, whether the rules for generic data may not apply to it, and the points found there.

    ``settled`` as for `Found`.
    """

    point: CriticalPoint
    special: bool
    members: list[CriticalPoint]
    settled: bool


def merge_by_filter(arch: Architecture, loss: SquaredLoss, found: list[Found], clock: Clock) -> list[_Merged]:
    """The points, one for each filter: in special data a filter may be critical on several strata."""
    groups = merged([item.point for item in found])
    place = {index: number for number, group in enumerate(groups) for index in group.members}
    result = []
    for kept, members, point in groups:
        item = found[kept]
        special = item.special or point is not item.point or not point.nonsingular
        settled = item.settled and point is item.point
        if special and clock.is_late():
            point = _undecided(point)
        elif special:
            point = _with_accurate_filter(arch, reclassify(arch, Data(loss.gram, loss.b), point))
        conjugate = place[item.conjugate] if item.conjugate >= 0 and not point.real else None
        others = [found[index].point for index in members]
        result.append(_Merged(point.with_conjugate(conjugate), special, others, settled))
    return result


def _undecided(point: CriticalPoint) -> CriticalPoint:
    """A point of special data without the answers of the rules for generic data."""
    if not point.real:
        return replace(point, smooth=None)
    nothing: tuple[None, ...] = ()
    return replace(
        point, in_function_space=None, attained=None, interior=None, smooth=None, residual=None, parameters=(),
        kinds=nothing, indices=nothing,
    )  # fmt: skip


def _with_accurate_filter(arch: Architecture, point: CriticalPoint) -> CriticalPoint:
    """A singular point with the filter of its real θ, which Newton's method may know better than the endgame."""
    if point.nonsingular or not point.real or not point.attained or not point.parameters:
        return point
    composed = np.array([compose(arch, theta) for theta in point.parameters])
    spread = np.abs(composed - composed[0]).max()
    if spread > SOLVING.same_composed * np.linalg.norm(composed[0]):
        return point
    return replace(point, filter=composed[0].astype(complex))


def isolated_ones(
    arch: Architecture, loss: SquaredLoss, found: list[_Merged], continuum: ZeroResidual | None, clock: Clock
) -> tuple[list[CriticalPoint], list[PointOnContinuum], list[CriticalPoint]]:
    """The points that are isolated, and the points that lie on a continuum of another stratum, merged and as found.

    A point that is isolated on its stratum may be an end of a continuum of another one. Then the Hessian is degenerate
    at a critical θ over it. Points that are looked at after the time is up count as isolated, as they are on their
    strata.
    """
    fits = np.zeros(len(found), dtype=bool)
    if found and loss.rank < loss.filter_size:
        points = [item.point for item in found]
        filters, polished = (np.array([getattr(one, name) for one in points]) for name in ("filter", "nonsingular"))
        fits = have_no_residual(Data(loss.gram, loss.b), filters, polished=polished)
    bare = fits & (continuum is not None)
    numbers: dict[int, int] = {}
    isolated: list[CriticalPoint] = []
    moved: list[PointOnContinuum] = []
    members: list[CriticalPoint] = []
    # The Hessian of a perfect fit may be degenerate although it is known to be a minimum.
    doubtful = [
        n
        for n, item in enumerate(found)
        if fits[n] or (not item.settled and (item.special or "degenerate" in item.point.kinds))
    ]
    dimensions = dict(zip(doubtful, on_continua(arch, loss, [found[n].point for n in doubtful], clock), strict=True))
    for number, (item, without_residual) in enumerate(zip(found, bare.tolist(), strict=True)):
        point, dimension = item.point, dimensions.get(number, 0)
        if continuum is not None and without_residual:
            dimension = max(dimension, continuum.dimension or 1)
        if dimension:
            point = of_kind(arch, loss, replace(point, isolated=False, conjugate=None), dimension)
            real_set = real_dimension_over(arch, loss, point, dimension)
            moved.append(PointOnContinuum(point, dimension, smooth=False, sought=True, real_dimension=real_set))
            members += [replace(member, isolated=False, conjugate=None) for member in item.members]
        else:
            numbers[number] = len(isolated)
            isolated.append(point)
    renumbered = [
        point.with_conjugate(None if point.conjugate is None else numbers.get(point.conjugate)) for point in isolated
    ]
    return renumbered, moved, members


def without_moved(strata: list[StratumResult], moved: list[CriticalPoint]) -> list[StratumResult]:
    """The accounts of the strata, with nonsingular points that are not isolated among the singular ends."""
    result = []
    for row in strata:
        number = sum(point.nonsingular and point.stratum == row.pattern for point in moved)
        result.append(replace(row, found=row.found - number, singular=row.singular + number))
    return result

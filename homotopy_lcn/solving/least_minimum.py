"""The real critical points of a loss and the minimum among them, without all that a result says about them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np

from ..arrays import Complex, Real
from ..equations.restriction import whole_filters
from ..losses.squared_loss import SquaredLoss
from ..losses.zero_residual import restricted
from ..networks.architecture import Architecture
from ..networks.counts import generic_count
from ..networks.patterns import Pattern
from ..networks.support_networks import SupportNetwork
from ..results.points import CriticalPoint
from ..results.result import CriticalPoints
from ..tracking.settings import Tracking
from .one_stratum import classified
from .real_points import SortedEnds, real_and_conjugate
from .start_systems import StartSystems
from .stratum_paths import follow_all_paths
from .stratum_task import StratumTask

__all__ = ["LeastMinimum", "RealPoint", "least_minimum", "least_of_result"]


class RealPoint(NamedTuple):
    """A real critical point of which little is known.

    Attributes
    ----------
    pattern : Pattern
        Of the stratum.
    coordinates : (coordinates,) complex array
        In the stratum.
    filter : (K,) float array
    loss : float
    classified : callable
        Returns the point with all that is said of points in a result but for its kind.
    """

    pattern: Pattern
    coordinates: Complex
    filter: Real
    loss: float
    classified: Callable[[], CriticalPoint]


class LeastMinimum(NamedTuple):
    """The real critical point of least loss that real parameters attain, and all real critical points."""

    point: CriticalPoint
    real: tuple[RealPoint, ...]


def least_minimum(
    arch: Architecture, loss: SquaredLoss, tracking: Tracking, systems: StartSystems
) -> LeastMinimum | None:
    """The real critical point of least loss that real parameters attain, from the paths alone.

    Parameters
    ----------
    arch : Architecture
    loss : SquaredLoss
        With a positive definite Gram matrix.
    tracking : Tracking
    systems : StartSystems

    Returns
    -------
    LeastMinimum or None
        The kind of the point is not told. None if not all critical points are nonsingular and found, and for networks
        of any supports.
    """
    if isinstance(arch, SupportNetwork):
        return None
    rank = restricted(arch, loss).rank
    found: list[RealPoint] = []
    for row in generic_count(arch):
        if row.count == 0:
            continue
        task = StratumTask(arch, loss, row, rank)
        account, count = follow_all_paths(task, tracking, systems)
        if len(account.regular) != count:
            return None
        ends = real_and_conjugate(task.problem, account.regular, nonsingular=True)
        real = np.flatnonzero(ends.real)
        filters = whole_filters(arch, task.embedding, task.scale * ends.filters[real]).real
        coordinates = ends.points[real]
        coordinates[:, 0] *= task.scale
        found += [
            RealPoint(row.pattern, point, w, float(loss(w)), partial(_classified_alone, task, ends, number))
            for point, w, number in zip(coordinates, filters, real.tolist(), strict=True)
        ]
    for candidate in sorted(found, key=lambda one: one.loss):
        point = candidate.classified()
        if point.attained:
            return LeastMinimum(point, tuple(found))
    return None


def least_of_result(result: CriticalPoints) -> LeastMinimum | None:
    """The same from a result; None if it has no global minimum."""
    best = result.global_minimum
    if best is None:
        return None
    real = [
        RealPoint(point.stratum, point.coordinates, point.filter.real, float(point.loss.real), partial(_itself, point))
        for point in result.points
        if point.real and point.coordinates is not None
    ]
    return LeastMinimum(best, tuple(real))


def _itself(point: CriticalPoint) -> CriticalPoint:
    return point


def _classified_alone(task: StratumTask, ends: SortedEnds, row: int) -> CriticalPoint:
    rows = [row]
    alone = SortedEnds(ends.points[rows], ends.filters[rows], ends.conditions[rows], ends.real[rows], np.array([-1]))
    return next(classified(task, alone, kinds=False))[0].point

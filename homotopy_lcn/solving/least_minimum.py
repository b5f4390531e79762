"""The global minimum of a loss, without all that a result says about the other critical points."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..equations.restriction import whole_filters
from ..losses.squared_loss import SquaredLoss
from ..losses.zero_residual import restricted
from ..networks.architecture import Architecture
from ..networks.counts import generic_count
from ..results.points import CriticalPoint
from ..tracking.settings import Tracking
from .one_stratum import classified
from .real_points import SortedEnds, real_and_conjugate
from .start_systems import StartSystems
from .stratum_paths import follow_all_paths
from .stratum_task import StratumTask

__all__ = ["least_minimum"]


class _Candidate(NamedTuple):
    """A real critical filter that may be the minimum, as number ``row`` of the ends on a stratum."""

    loss: float
    task: StratumTask
    ends: SortedEnds
    row: int


def least_minimum(
    arch: Architecture, loss: SquaredLoss, tracking: Tracking, systems: StartSystems
) -> CriticalPoint | None:
    """The real critical point of least loss that real parameters attain.

    Parameters
    ----------
    arch : Architecture
    loss : SquaredLoss
        With a positive definite Gram matrix.
    tracking : Tracking
    systems : StartSystems

    Returns
    -------
    CriticalPoint or None
        Its kind is not told. None if not all critical points are nonsingular and found.
    """
    rank = restricted(arch, loss).rank
    candidates: list[_Candidate] = []
    for row in generic_count(arch):
        if row.count == 0:
            continue
        task = StratumTask(arch, loss, row, rank)
        account, count = follow_all_paths(task, tracking, systems)
        if len(account.regular) != count:
            return None
        ends = real_and_conjugate(task.problem, account.regular, nonsingular=True)
        real = np.flatnonzero(ends.real)
        filters = whole_filters(arch, task.embedding, task.scale * ends.filters[real])
        values = [float(loss(w.real)) for w in filters]
        candidates += [
            _Candidate(value, task, ends, number) for value, number in zip(values, real.tolist(), strict=True)
        ]
    for candidate in sorted(candidates, key=lambda one: one.loss):
        point = _classified_alone(candidate)
        if point.attained:
            return point
    return None


def _classified_alone(candidate: _Candidate) -> CriticalPoint:
    ends, row = candidate.ends, [candidate.row]
    alone = SortedEnds(ends.points[row], ends.filters[row], ends.conditions[row], ends.real[row], np.array([-1]))
    return next(classified(candidate.task, alone, kinds=False))[0].point

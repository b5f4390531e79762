"""All critical points of one stratum: found, made real, classified."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from ..classification.points import FoundPoints, classify
from ..classification.stratum_problem import StratumProblem
from ..equations.restriction import whole_filters
from ..results.points import CriticalPoint, StratumResult
from ..tracking.settings import Tracking
from .accounts import PathAccount, RegularEnds, SingularEnd
from .continua import PointOnContinuum, points_on_continua
from .real_points import SortedEnds, real_and_conjugate
from .start_systems import StartSystems
from .stratum_paths import follow_all_paths
from .stratum_task import StratumTask
from .tolerances import SOLVING

__all__ = ["Found", "SolvedStratum", "classified", "solve_stratum"]


class Found(NamedTuple):
    """A critical point as it was found.

    Attributes
    ----------
    point : CriticalPoint
    special : bool
        Whether roots coincide, or nearly so, and the rules for generic data may not apply.
    conjugate : int
        The number of the conjugate point in the same list; −1 for a real point, or if none is known.
    """

    point: CriticalPoint
    special: bool
    conjugate: int


class SolvedStratum(NamedTuple):
    """What was found on a stratum: isolated critical points, points of continua, and the account of all paths."""

    isolated: list[Found]
    on_continua: list[PointOnContinuum]
    account: StratumResult


def solve_stratum(task: StratumTask, tracking: Tracking, systems: StartSystems) -> SolvedStratum:
    """All isolated critical points of one stratum, points of continua, and the account of all paths.

    Parameters
    ----------
    task : StratumTask
    tracking : Tracking
    systems : StartSystems
        Where start systems come from.
    """
    row = task.row
    if row.count == 0:
        return SolvedStratum([], [], StratumResult(row.pattern, row.pure, 0, 0, row.factorizations))
    with tracking.clock.stratum(row.pattern):
        account, count = follow_all_paths(task, tracking, systems)
        with tracking.clock.stage("classification"):
            isolated = _isolated_points(task, account)
            on_continua = points_on_continua(task, account, tracking.clock)
    lost, zero = account.never_started
    result = StratumResult(
        row.pattern, row.pure, count, len(account.regular), row.factorizations,
        account.at_infinity + lost, account.singular_paths, account.origin + zero, account.statistics,
    )  # fmt: skip
    return SolvedStratum(isolated, on_continua, result)


def _isolated_points(task: StratumTask, account: PathAccount) -> list[Found]:
    """The nonsingular and the isolated singular ends, classified."""
    task.tell("classification", 0)
    found: list[Found] = []
    if len(account.regular):
        ends = real_and_conjugate(task.problem, account.regular, nonsingular=True)
        for points in classified(task, ends):
            found += points
            task.tell("classification", len(found))
    isolated = [end for end in account.singular if end.isolated]
    if isolated:
        limits = np.array([end.point for end in isolated])
        unrefined = RegularEnds(limits, task.problem.equations.filters(limits), np.full(len(limits), np.inf))
        ends = real_and_conjugate(task.problem, unrefined, nonsingular=False)
        singular = [item for points in classified(task, ends) for item in points]
        found += _with_multiplicities(singular, isolated, len(found))
        task.tell("classification", len(found))
    return found


def classified(task: StratumTask, ends: SortedEnds, *, kinds: bool = True) -> Iterator[list[Found]]:
    """The points of the network, classified, some thousand at a time; ``kinds`` as for `classify`."""
    points, loss = ends.points.copy(), task.loss
    points[:, 0] *= task.scale
    problem = StratumProblem(task.architecture, task.embedding, task.row.pattern, loss.gram, loss.b, loss.constant)
    filters = whole_filters(task.architecture, task.embedding, task.scale * ends.filters)
    for first in range(0, len(points), SOLVING.classified_together):
        part = slice(first, first + SOLVING.classified_together)
        found = FoundPoints(points[part], filters[part], ends.real[part], ends.conditions[part])
        points_found, special = classify(problem, found, kinds=kinds)
        yield [
            Found(point, is_special, conjugate)
            for point, is_special, conjugate in zip(
                points_found, special.tolist(), ends.conjugates[part].tolist(), strict=True
            )
        ]


def _with_multiplicities(singular: list[Found], ends: list[SingularEnd], offset: int) -> list[Found]:
    """The singular ends with multiplicities and winding numbers; ``offset`` points stand before them in the list."""
    return [
        Found(
            replace(item.point, nonsingular=False, multiplicity=len(end.windings), windings=end.windings),
            item.special,
            item.conjugate + offset if item.conjugate >= 0 else -1,
        )
        for item, end in zip(singular, ends, strict=True)
    ]

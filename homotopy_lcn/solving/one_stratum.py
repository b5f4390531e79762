"""All critical points of one stratum: found, made real, classified."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import numpy as np

from ..arrays import Complex
from ..classification.pairs import classify_pairs
from ..classification.points import FoundPoints, classify
from ..classification.rules import have_plain_roots
from ..classification.special_data import reclassify
from ..classification.stratum_problem import StratumProblem
from ..equations.critical_equations import Data
from ..equations.distinct import are_distinct
from ..equations.restriction import whole_filters
from ..networks.counts import generic_count
from ..results.merging import SAME_FILTER
from ..results.pairs import ConjugatePairs
from ..results.points import CriticalPoint, StratumResult
from ..tracking.settings import Tracking
from .accounts import PathAccount, RegularEnds, SingularEnd
from .continua import PointOnContinuum, on_continua, points_on_continua
from .real_points import SortedEnds, real_and_conjugate
from .start_systems import StartSystems
from .stratum_paths import follow_all_paths
from .stratum_task import StratumTask
from .tolerances import SOLVING

#: No losses.
_NONE = np.empty(0, complex)

__all__ = ["Found", "SolvedStratum", "classified", "pairs_of", "solve_stratum"]


class Found(NamedTuple):
    """A critical point as it was found.

    Attributes
    ----------
    point : CriticalPoint
    special : bool
        Whether roots coincide, or nearly so, and the rules for generic data may not apply.
    conjugate : int
        The number of the conjugate point in the same list; −1 for a real point, or if none is known.
    settled : bool
        Whether the point is known to be isolated in the whole critical set although it is singular: parameters over a
        filter without multiple roots are coordinates of the function space.
    """

    point: CriticalPoint
    special: bool
    conjugate: int
    settled: bool = False


class SolvedStratum(NamedTuple):
    """What was found on a stratum: isolated critical points, points of continua, and the account of all paths.

    Complex points of a large stratum are in ``pairs``, and not in ``isolated``. ``losses_away`` are the losses (P,) to
    which the loss tends along paths to infinity, where real points may go; NaN where unknown, None if all are.
    """

    isolated: list[Found]
    on_continua: list[PointOnContinuum]
    account: StratumResult
    pairs: ConjugatePairs | None = None
    losses_away: Complex | None = None

    def without_pairs(self) -> SolvedStratum:
        """The same with all points in the list."""
        if self.pairs is None:
            return self
        points, first = self.pairs.points(0, 0), len(self.isolated)
        found = [Found(point.with_conjugate(None), False, first + (place ^ 1)) for place, point in enumerate(points)]
        return self._replace(isolated=[*self.isolated, *found], pairs=None)


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
        return SolvedStratum([], [], StratumResult(row.pattern, row.pure, 0, 0, row.factorizations), None, _NONE)
    with tracking.clock.stratum(row.pattern):
        account, count = follow_all_paths(task, tracking, systems)
        with tracking.clock.stage("classification"):
            isolated, pairs = _isolated_points(task, account)
            on_continua = points_on_continua(task, account, tracking.clock)
    lost, zero = account.never_started
    result = StratumResult(
        row.pattern, row.pure, count, len(account.regular), row.factorizations,
        account.at_infinity + lost, account.singular_paths, account.origin + zero, account.statistics,
    )  # fmt: skip
    away = account.losses_away
    if task.problem.definite or result.at_infinity == 0:
        away = _NONE  # real filters of bounded loss are bounded
    return SolvedStratum(isolated, on_continua, result, pairs, None if away is None else task.losses(away))


def pairs_of(strata: Sequence[SolvedStratum]) -> ConjugatePairs | None:
    """The pairs of all strata, sorted; None if there are none, or if they have to be looked at with other points.
    That is so if a filter is critical on two strata, or if complex points are listed beside the pairs.


    """
    parts = [solved.pairs for solved in strata if solved.pairs is not None]
    if not parts:
        return None
    if not all(item.point.real for solved in strata for item in solved.isolated):
        return None
    others = [item.point.filter for solved in strata for item in solved.isolated]
    pairs = ConjugatePairs.joined(parts)
    filters = [pairs.filters, *([np.array(others)] if others else [])]
    if len(strata) > 1 and not are_distinct(filters, SAME_FILTER):
        return None
    return pairs.sorted()


def _isolated_points(task: StratumTask, account: PathAccount) -> tuple[list[Found], ConjugatePairs | None]:
    """The nonsingular and the isolated singular ends, classified; the pairs apart if there are many."""
    task.tell("classification", 0)
    found: list[Found] = []
    pairs, parts = None, []
    if len(account.regular):
        # Of the account only the number of these ends is asked for later.
        ends = real_and_conjugate(task.problem, account.regular, nonsingular=True, overwritten=True)
        if generic_count(task.architecture).filters > SOLVING.in_columns:
            pairs = _pairs(task, ends)
            if pairs is not None:
                ends = ends.part(np.flatnonzero(ends.real))
        parts.append(ends)
    isolated = [end for end in account.singular if end.isolated]
    if isolated:
        limits = np.array([end.point for end in isolated])
        unrefined = RegularEnds(limits, task.problem.equations.filters(limits), np.full(len(limits), np.inf))
        parts.append(real_and_conjugate(task.problem, unrefined, nonsingular=False))
    for points in classified(task, SortedEnds.joined(parts)) if parts else ():
        found += points
        task.tell("classification", len(found) + (0 if pairs is None else 2 * len(pairs)))
    first = len(found) - len(isolated)
    return found[:first] + _with_multiplicities(task, found[first:], isolated), pairs


def _pairs(task: StratumTask, ends: SortedEnds) -> ConjugatePairs | None:
    """The complex ends as pairs, if each has its conjugate and special ones turn out as for generic data."""
    rows = np.flatnonzero(ends.conjugates > np.arange(len(ends.real)))
    if int(ends.real.sum()) + 2 * len(rows) < len(ends.real):
        return None
    loss, problem = task.loss, _stratum_problem(task)
    tell = partial(task.tell, "classification")
    pairs, special = classify_pairs(problem, ends.points, ends.filters, ends.conditions, rows, task.scale, tell)
    for row in special.tolist():
        point = pairs.part(slice(row, row + 1)).points(0, 0)[0]
        point = reclassify(task.architecture, Data(loss.gram, loss.b), point)
        usual = point.smooth and point.root_pattern is None and None not in (point.residual, point.condition)
        if not usual or any(on_continua(task.architecture, loss, [point])):
            return None
    return pairs


def classified(task: StratumTask, ends: SortedEnds, *, kinds: bool = True) -> Iterator[list[Found]]:
    """The points of the network, classified, some thousand at a time; ``kinds`` as for `classify`."""
    points, problem = ends.points.copy(), _stratum_problem(task)
    points[:, 0] *= task.scale
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


def _with_multiplicities(task: StratumTask, singular: list[Found], ends: list[SingularEnd]) -> list[Found]:
    """The singular ends with multiplicities and winding numbers."""
    if not singular:
        return []
    settled = np.zeros(len(ends), dtype=bool)
    if task.row.pure:
        settled = have_plain_roots(_stratum_problem(task), np.array([end.point for end in ends]))
    return [
        item._replace(
            point=replace(item.point, nonsingular=False, multiplicity=len(end.windings), windings=end.windings),
            settled=is_settled and not item.special,
        )
        for item, end, is_settled in zip(singular, ends, settled.tolist(), strict=True)
    ]


def _stratum_problem(task: StratumTask) -> StratumProblem:
    loss = task.loss
    return StratumProblem(task.architecture, task.embedding, task.row.pattern, loss.gram, loss.b, loss.constant)

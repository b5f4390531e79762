"""Results of solves about which nothing is in doubt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from ..losses.squared_loss import SquaredLoss
from ..networks.architecture import Architecture
from ..networks.counts import CountTable
from ..progress import Clock, Progress, ProgressCallback, time_of_day
from ..results.columns import ResultColumns
from ..results.points import StratumResult
from ..results.result import CriticalPoints
from ..results.tolerances import Tolerances
from ..tracking.machine import computed_with
from ..tracking.settings import Tracking
from .interrupted import SolveInterrupted

__all__ = ["facts_of", "plain_result", "told_in_steps"]


class Task(Protocol):
    """What is solved."""

    @property
    def architecture(self) -> Architecture: ...
    @property
    def loss(self) -> SquaredLoss: ...
    @property
    def seed(self) -> int: ...


def facts_of(labels: Tolerances, tracking: Tracking) -> dict[str, object]:
    """What results tell of their solve: when it ended, with what it was computed, and the user's tolerances."""
    return {"solved": time_of_day(), "tolerances": labels, "computed_with": computed_with(tracking.engine)}


def plain_result(columns: ResultColumns, task: Task, words: str, facts: dict[str, object]) -> CriticalPoints:
    """The result with the points of columns.

    Parameters
    ----------
    columns : ResultColumns
    task : Task
    words : str
        Which data these are.
    facts : dict
        Those of `facts_of`.
    """
    return CriticalPoints.of_columns(columns, task.architecture, loss=task.loss, seed=task.seed, data=words, **facts)


def told_in_steps(
    result: CriticalPoints,
    table: CountTable,
    report: ProgressCallback | None,
    stop_early: Callable[[CriticalPoints], bool] | None,
    clock: Clock,
) -> CriticalPoints:
    """The result, told stratum by stratum.

    It is a result of the first strata, not complete, if ``stop_early`` says so, if the clock is stopped, or if the
    result has no more strata.

    Raises
    ------
    SolveInterrupted
        On Ctrl-C, with the strata told so far.
    """
    told = 0
    try:
        for row in result.strata:
            if told and stop_early is not None and stop_early(_first_strata(result, told, table)):
                clock.stop("stopped early, as stop_early asked")
            if len(result.strata) == len(table) and clock.is_up():
                break
            if report is not None and row.generic and not _told(row, report, clock):
                break
            told += 1
    except KeyboardInterrupt:
        raise SolveInterrupted(_first_strata(result, told, table)) from None
    if told == len(table):
        return result
    return replace(_first_strata(result, told, table), stopped=clock.describe())


def _told(row: StratumResult, report: ProgressCallback, clock: Clock) -> bool:
    """Report the stages of a stratum; whether nobody stopped the clock before the last one."""
    for stage, done in (("start system", 0), ("tracking", row.generic), ("classification", row.generic)):
        report(Progress(stage, row.pattern, done, row.generic))
        if stage != "classification" and clock.is_up():
            return False
    return True


def _first_strata(result: CriticalPoints, number: int, table: CountTable) -> CriticalPoints:
    """The points of the first strata of a result; it is not complete."""
    strata = list(result.strata[:number])
    known = {row.pattern for row in strata}
    places = [place for place, point in enumerate(result.points) if point.stratum in known]
    moved = {place: new for new, place in enumerate(places)}
    points = []
    for place in places:
        point = result.points[place]
        points.append(point.with_conjugate(None if point.conjugate is None else moved[point.conjugate]))
    strata += [StratumResult(row.pattern, row.pure, row.count, 0, row.factorizations) for row in table.rows[number:]]
    part = CriticalPoints.build(result.architecture, result.loss, points, strata, seed=result.seed, complete=False)
    return replace(
        part, data=result.data, solved=result.solved, tolerances=result.tolerances, computed_with=result.computed_with
    )

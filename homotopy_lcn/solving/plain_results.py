"""Results of solves about which nothing is in doubt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from ..losses.squared_loss import SquaredLoss
from ..networks.architecture import Architecture
from ..progress import Clock, Progress, ProgressCallback, time_of_day
from ..results.columns import ResultColumns
from ..results.points import StratumResult
from ..results.result import CriticalPoints
from ..results.tolerances import Tolerances
from ..tracking.machine import computed_with
from ..tracking.settings import Tracking
from .interrupted import SolveInterrupted

__all__ = ["plain_result", "told_in_steps"]


class Task(Protocol):
    """What is solved."""

    @property
    def architecture(self) -> Architecture: ...
    @property
    def loss(self) -> SquaredLoss: ...
    @property
    def seed(self) -> int: ...


def plain_result(
    columns: ResultColumns, task: Task, words: str, labels: Tolerances, tracking: Tracking
) -> CriticalPoints:
    """The complete result with the points of columns.

    Parameters
    ----------
    columns : ResultColumns
    task : Task
    words : str
        Which data these are.
    labels : Tolerances
        From where on filters are called nearly real, and points nearly singular.
    tracking : Tracking
        How the paths were followed.
    """
    return CriticalPoints.of_columns(
        columns,
        task.architecture,
        loss=task.loss,
        seed=task.seed,
        data=words,
        solved=time_of_day(),
        tolerances=labels,
        computed_with=computed_with(tracking.engine),
    )


def told_in_steps(
    result: CriticalPoints,
    report: ProgressCallback | None,
    stop_early: Callable[[CriticalPoints], bool] | None,
    clock: Clock,
) -> CriticalPoints:
    """The result, told stratum by stratum; or its first strata, if ``stop_early`` says so or the clock is stopped.

    Raises
    ------
    SolveInterrupted
        On Ctrl-C, with the strata told so far.
    """
    told = 0
    try:
        for row in result.strata:
            if told and stop_early is not None and stop_early(_first_strata(result, told)):
                clock.stop("stopped early, as stop_early asked")
            stages = (("start system", 0), ("tracking", row.generic), ("classification", row.generic))
            for stage, done in stages if report is not None and row.generic else ():
                report(Progress(stage, row.pattern, done, row.generic))  # type: ignore[misc]
            if clock.is_up():
                return replace(_first_strata(result, told), stopped=clock.describe())
            told += 1
    except KeyboardInterrupt:
        raise SolveInterrupted(_first_strata(result, told)) from None
    return result


def _first_strata(result: CriticalPoints, number: int) -> CriticalPoints:
    """The points of the first strata of a result; it is not complete."""
    known = {row.pattern for row in result.strata[:number]}
    places = [place for place, point in enumerate(result.points) if point.stratum in known]
    moved = {place: new for new, place in enumerate(places)}
    points = []
    for place in places:
        point = result.points[place]
        points.append(point.with_conjugate(None if point.conjugate is None else moved[point.conjugate]))
    strata = [
        row if row.pattern in known else StratumResult(row.pattern, row.pure, row.generic, 0, row.factorizations)
        for row in result.strata
    ]
    part = CriticalPoints.build(result.architecture, result.loss, points, strata, seed=result.seed, complete=False)
    return replace(
        part, data=result.data, solved=result.solved, tolerances=result.tolerances, computed_with=result.computed_with
    )

"""Tables and the summary of the terminal, as renderables of rich."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.box import ROUNDED, SIMPLE_HEAD
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.measure import Measurement
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from ..networks.architecture import Architecture
from ..networks.counts import CountTable, Totals
from ..networks.patterns import format_pattern
from ..results.result import CriticalPoints
from ..tables.uncut_tables import Uncut, UncutPanel
from .wording import (
    CONTINUUM_COLUMNS,
    NARROW_POINT_COLUMNS,
    POINT_COLUMNS,
    POINTS_TITLE,
    STAR,
    continuum_cells,
    describe_network,
    describe_purity,
    entries_of,
    explain_counts,
    has_point,
    legend_of_points,
    narrow_point_cells,
    point_cells,
    summary,
)

if TYPE_CHECKING:
    from ..interchange.installation import Finding

__all__ = ["render_counts", "render_findings", "render_result", "render_totals"]

#: Continua shown; a file of the result has all.
MOST_CONTINUA = 20
CONTINUA_TITLE = "Continua of critical filters, by loss"
#: How the state of a finding is shown.
MARKS = {"ok": ("✓", "green"), "absent": ("–", "dim"), "broken": ("✗", "bold red")}


def render_result(result: CriticalPoints, data: str | None = None) -> RenderableType:
    """The table of the real points, that of the continua, and the summary, one below the other.

    Parameters
    ----------
    result : CriticalPoints
    data : str, optional
        The data in a few words.

    Returns
    -------
    rich renderable
    """
    parts: list[RenderableType] = []
    if result.real:
        parts += [_fitted(_PointsTable(result)), Text(f"{legend_of_points(result)}\n", style="dim")]
    if result.continua:
        parts += [_fitted(_ContinuaTable(result)), _legend_of_continua(result)]
    return Group(*parts, _summary(result, data))


def render_findings(findings: list[Finding]) -> RenderableType:
    """The findings of ``homotopy-lcn doctor``, a line each, with remedies.

    Parameters
    ----------
    findings : list of Finding

    Returns
    -------
    rich renderable
    """
    rows = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for finding in findings:
        mark, style = MARKS[finding.state]
        remedy = f" ({finding.remedy})" if finding.remedy else ""
        rows.add_row(Text(mark, style), finding.subject, Text(finding.text + remedy, style if mark != "✓" else ""))
    return Uncut(rows)


def render_counts(table: CountTable) -> RenderableType:
    """The generic counts by stratum, with their sums.

    Parameters
    ----------
    table : CountTable

    Returns
    -------
    rich renderable
    """
    rows = Table(
        box=SIMPLE_HEAD,
        title=describe_network(table.architecture),
        title_justify="left",
        title_style="bold",
        show_footer=True,
    )
    rows.add_column("stratum", footer="all")
    rows.add_column("", footer=f"{table.pure} pure, {table.spurious} spurious")
    rows.add_column("critical filters", footer=str(table.filters), justify="right")
    special = any(row.generic is not None for row in table)
    if special:
        rows.add_column("for generic data", footer=str(sum(row.generic or 0 for row in table)), justify="right")
    rows.add_column("θ over each", justify="right")
    rows.add_column("critical θ", footer=str(table.parameters), justify="right")
    for row in table:
        rows.add_row(
            format_pattern(row.pattern),
            describe_purity(row.pure),
            str(row.count),
            *([str(row.generic)] if special else []),
            str(row.factorizations),
            str(row.count * row.factorizations),
        )
    reasons = [Text(f"{format_pattern(row.pattern)}: {row.method}. {row.reason}") for row in table if row.method]
    return Group(Uncut(rows), *reasons, Text(explain_counts(table), style="dim"))


def render_totals(architecture: Architecture, totals: Totals, reason: str) -> RenderableType:
    """The sums of the generic counts of a network whose strata are not listed.

    Parameters
    ----------
    architecture : Architecture
    totals : Totals
    reason : str
        Why the strata are not listed.
    """
    title = Text(describe_network(architecture), style="bold", overflow="fold")
    rows = [
        Text(
            f"{name}: {number}", overflow="ignore", no_wrap=True
        )  # in one piece: the terminal goes on in its next line
        for name, number in (("pure critical filters", totals.pure), ("critical θ", totals.parameters))
    ]
    return Group(title, *rows, Text(f"The strata are not listed: {reason}.", style="dim"))


@dataclass(frozen=True)
class _FittedTable:
    """A table with a line for each point; where that does not fit the terminal, the filter goes below the rest.

    ``wide`` and ``narrow`` make the two tables.
    """

    wide: Callable[[], Table]
    narrow: Callable[[], Table]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        wide = self.wide()
        fits = Measurement.get(console, options.update(max_width=10**6), wide).maximum <= options.max_width
        yield Uncut(wide if fits else self.narrow())


class _PointsTable:
    """The real points."""

    def __init__(self, result: CriticalPoints) -> None:
        self._result = result

    def wide(self) -> Table:
        return self._table(POINT_COLUMNS, tuple)

    def narrow(self) -> Table:
        table = self._table(NARROW_POINT_COLUMNS, narrow_point_cells)
        table.columns[-1].no_wrap = False
        return table

    def _table(self, columns: Sequence[tuple[str, bool]], arrange: Callable[[Sequence[str]], tuple[str, ...]]) -> Table:
        table = _titled(POINTS_TITLE)
        for title, is_number in columns:
            table.add_column(title, justify="right" if is_number else "left", no_wrap=True)
        best = self._result.global_minimum
        for number, point in enumerate(self._result.real):
            star, *cells = arrange(point_cells(self._result, number))
            style = "bold" if point is best else "" if point.attained else "dim"
            table.add_row(Text(star, style="yellow") if star else "", *cells, style=style)
        return table


class _ContinuaTable:
    """The continua, each with one of its real points."""

    def __init__(self, result: CriticalPoints) -> None:
        self._result = result

    def wide(self) -> Table:
        table = _titled(CONTINUA_TITLE)
        for title, is_number in CONTINUUM_COLUMNS:
            table.add_column(title, justify="right" if is_number else "left", no_wrap=True)
        table.add_column("a point w", no_wrap=True)
        for number in self._shown():
            self._add(table, number, *continuum_cells(self._result, number), self._point(number))
        return table

    def narrow(self) -> Table:
        table = _titled(CONTINUA_TITLE)
        table.add_column("", justify="right", no_wrap=True)
        table.add_column("loss", justify="right", no_wrap=True)
        table.add_column("dimension, kind, real, attained, stratum, a point w", overflow="fold")
        for number in self._shown():
            first, loss, *others = continuum_cells(self._result, number)
            self._add(table, number, first, loss, f"{', '.join(others)}\n{self._point(number)}".strip())
        return table

    def _shown(self) -> range:
        return range(min(len(self._result.continua), MOST_CONTINUA))

    def _point(self, number: int) -> str:
        """The global minimum if it lies on the continuum, or else the first real point."""
        points, best = self._result.continua[number].points, self._result.global_minimum
        real = sorted((point for point in points if point.real), key=lambda point: point is not best)
        return entries_of(real[0]) if real else ""

    def _add(self, table: Table, number: int, *cells: str) -> None:
        part = self._result.continua[number]
        best = has_point(part, self._result.global_minimum)
        table.add_row(*cells, style="bold" if best else "" if part.attained else "dim")


def _fitted(tables: _PointsTable | _ContinuaTable) -> _FittedTable:
    return _FittedTable(tables.wide, tables.narrow)


def _titled(title: str) -> Table:
    return Table(box=SIMPLE_HEAD, title=title, title_justify="left", title_style="bold")


def _legend_of_continua(result: CriticalPoints) -> Text:
    notes = (
        [f"{STAR} the global minimum lies there"]
        if any(has_point(part, result.global_minimum) for part in result.continua)
        else []
    )
    notes.append("on a continuum the loss is constant")
    notes.append("kind: of the real critical θ, directions along the continuum apart")
    if (left := len(result.continua) - MOST_CONTINUA) > 0:
        notes.append(f"{left} more are not shown")
    return Text("; ".join(notes) + ".\n", style="dim")


def _summary(result: CriticalPoints, data: str | None) -> UncutPanel:
    colour = "green" if result.complete else "red"
    rows = Table.grid(padding=(0, 2))
    rows.add_column(style="bold", no_wrap=True)
    rows.add_column(overflow="fold")
    for heading, text in summary(result, data):
        rows.add_row(heading, Text(text, style=colour if heading == "complete" else ""))
    return UncutPanel(rows, Panel(rows, box=ROUNDED, expand=False, border_style=colour))

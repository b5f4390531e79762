"""What Jupyter shows: an HTML table or two for results, surveys, facts of geometry and all else that people look at."""

from __future__ import annotations

from collections.abc import Sequence
from functools import singledispatch

from ..certification.certificates import Certificate
from ..discriminants.walls_of_segments import Walls
from ..geometry.filter_geometry import FilterGeometry
from ..geometry.function_space import FunctionSpace
from ..interchange.cross_checks import CrossCheck
from ..networks.architecture import Architecture
from ..networks.counts import CountTable
from ..networks.patterns import format_pattern
from ..networks.support_networks import SupportNetwork
from ..results.continua import Continuum
from ..results.points import CriticalPoint, Parameters, quantity
from ..results.result import CriticalPoints
from ..surveys.statistics import Survey
from ..tables.tabulation import ArchitectureTable
from ..tables.text_tables import TextTable, shown
from ..training.basins import BasinTable
from .basins import render_basins
from .geometry import render_filter, render_function_space
from .glossary import HOW_TO_ASK
from .html_tables import note_html, table_html
from .rich_html import rich_html
from .surveys import survey_table
from .walls import CHAMBER_COLUMNS, WALL_COLUMNS, account_of_walls, chamber_cells, wall_cells
from .wording import (
    CONTINUUM_COLUMNS,
    POINT_COLUMNS,
    POINTS_TITLE,
    STAR,
    continuum_cells,
    describe_answer,
    describe_kinds,
    describe_network,
    describe_notation,
    describe_place,
    describe_place_and_condition,
    describe_purity,
    explain_counts,
    summary,
)

__all__ = ["html"]

#: Number of real points shown for a result; the report has all.
MOST_POINTS = 30
#: Number of entries of a filter shown in a line.
MOST_ENTRIES = 12

#: Rows shown of a longer table.
MOST_ROWS = 100


@singledispatch
def html(thing: object) -> str:
    """The HTML that Jupyter shows of an object; every class that is `ShownInNotebooks` has its own function below.

    Raises
    ------
    TypeError
        For any other object.
    """
    raise TypeError(f"{type(thing).__name__} has no HTML representation")


@html.register
def _architecture_html(architecture: Architecture) -> str:
    """The network, its reduced architecture and its blocks."""
    rows = [
        ("network", describe_notation(architecture)),
        ("filter size K", str(architecture.filter_size)),
        ("total stride S", str(architecture.stride)),
        ("dim M", str(architecture.dimension)),
        ("reduced architecture", describe_notation(architecture.reduced)),
        ("blocks", "; ".join(f"degree {degree}, dilation {dilation}" for degree, dilation in architecture.blocks)),
    ]
    return table_html([("", False), ("", False)], [row for row in rows if row[1]], "Linear convolutional network")


@html.register
def _other_network_html(network: SupportNetwork) -> str:
    """The network, its shape and its dimension."""
    rows = [
        ("network", describe_notation(network)),
        ("shape of end-to-end filters", " × ".join(map(str, network.shape))),
        ("total stride S", " × ".join(map(str, network.total_stride))),
        ("dim M", str(network.dimension)),
    ]
    return table_html([("", False), ("", False)], rows, "Linear convolutional network")


@html.register
def _counts_html(table: CountTable) -> str:
    """The counts by stratum, with their sums."""
    special = any(row.generic is not None for row in table)
    columns = [("stratum", False), ("", False), ("critical filters", True)]
    columns += [("for generic data", True)] if special else []
    columns += [("θ over each", True), ("critical θ", True)]

    def line(stratum: str, purity: str, count: int, generic: int, over: str, parameters: int) -> list[str]:
        return [stratum, purity, str(count), *([str(generic)] if special else []), over, str(parameters)]

    rows = [
        line(
            format_pattern(row.pattern),
            describe_purity(row.pure),
            row.count,
            row.generic or 0,
            str(row.factorizations),
            row.count * row.factorizations,
        )
        for row in table
    ]
    generic = sum(row.generic or 0 for row in table)
    rows.append(
        line("all", f"{table.pure} pure, {table.spurious} spurious", table.filters, generic, "", table.parameters)
    )
    return table_html(columns, rows, describe_network(table.architecture)) + note_html(explain_counts(table))


@html.register
def _result_html(result: CriticalPoints) -> str:
    """The summary of a result, its real points of least loss, and its continua."""
    parts = [table_html([("", False), ("", False)], summary(result), "Critical points")]
    if result.real:
        best = result.global_minimum
        rows = [
            [
                STAR if point is best else "",
                str(number),
                f"{point.loss:.7g}",
                describe_kinds(point),
                describe_place_and_condition(point),
                format_pattern(point.pattern),
                describe_purity(point.pure),
                _entries(point),
            ]
            for number, point in enumerate(result.real[:MOST_POINTS])
        ]
        parts.append(table_html(POINT_COLUMNS, rows, POINTS_TITLE))
        parts.append(note_html(f"{HOW_TO_ASK}, in a terminal."))
    left = len(result.real) - MOST_POINTS
    if left > 0:
        parts.append(note_html(f"and {quantity(left, 'real point', 'real points')} of larger loss"))
    if result.continua:
        numbers = range(min(len(result.continua), MOST_POINTS))
        lines = [continuum_cells(result, number) for number in numbers]
        parts.append(table_html(CONTINUUM_COLUMNS, lines, "Continua of critical filters, by loss"))
        note = "On a continuum the loss is constant. Points of continuum 0 are shown by result.continua[0]"
        left = len(result.continua) - len(numbers)
        parts.append(note_html(note + (f"; {left} more are not shown." if left else ".")))
    return "".join(parts)


@html.register
def _continuum_html(continuum: Continuum) -> str:
    """Everything known about a continuum, and the points that stand for it."""
    facts = [
        ("stratum", format_pattern(continuum.pattern)),
        ("dimension", f"{continuum.dimension}{'' if continuum.real else ', complex'}"),
        ("loss", _number(continuum.loss, 10)),
        ("real", describe_answer(continuum.real)),
    ]
    if continuum.real is not False:
        facts.append(("attained", describe_answer(continuum.attained)))
    if continuum.kind is not None:
        facts.append(("kind", continuum.kind))
    columns = [("", True), ("kind", False), ("filter w", False), ("critical θ", False)]
    rows = [
        [
            str(number),
            describe_kinds(point) if point.real else "–",
            _entries(point),
            "\n".join(_layers(theta) for theta in point.parameters),
        ]
        for number, point in enumerate(continuum.points[:MOST_POINTS])
    ]
    caption = "Real points of the continuum" if continuum.real else "Points of the continuum"
    return table_html([("", False), ("", False)], facts, "Continuum of critical filters") + table_html(
        columns, rows, caption
    )


@html.register
def _point_html(point: CriticalPoint) -> str:
    """Everything known about one critical point, and the real critical θ over it."""
    rows = [
        ("filter w", _entries(point)),
        ("loss", _number(point.loss, 10)),
        ("stratum", f"{format_pattern(point.stratum)}, {describe_purity(point.pure)}"),
    ]
    if point.also_on:
        rows.append(("also critical on", ", ".join(map(format_pattern, point.also_on))))
    if point.real:
        rows.append(("place", describe_place(point)))
    rows += [
        (name, f"{value:.2g}")
        for name, value in (("residual", point.residual), ("condition number", point.condition))
        if value is not None
    ]
    if not point.isolated:
        rows.append(("isolated", "no, on a continuum"))
    elif not point.nonsingular or point.multiplicity > 1:
        rows.append(("multiplicity", str(point.multiplicity)))
    if point.certified is not None:
        rows.append(("certified", "yes" if point.certified else "no"))
    for theta, kind, index in zip(point.parameters, point.kinds, point.indices, strict=True):
        which = "" if not point.real else f": {kind or 'undecided'}" + (f" of index {index}" if index else "")
        rows.append((f"critical θ{which}", _layers(theta)))
    caption = "Real critical point" if point.real else "Complex critical point"
    return table_html([("", False), ("", False)], rows, caption)


@html.register
def _certificate_html(proofs: Certificate) -> str:
    """The statement of a certificate."""
    rows = [(line.strip(),) for line in str(proofs).splitlines()]
    return table_html([("", False)], rows, f"Certificate, {describe_notation(proofs.architecture)}")


@html.register
def _table_html(table: TextTable) -> str:
    """The first rows of a table, and its notes."""
    columns = [
        (column.title, not any(isinstance(row[index], str) for row in table.rows))
        for index, column in enumerate(table.columns)
    ]
    rows = [[shown(cell) for cell in row] for row in table.rows[:MOST_ROWS]]
    left = len(table.rows) - len(rows)
    notes = [f"and {left} more", *table.notes] if left else table.notes
    return table_html(columns, rows, table.caption) + "".join(note_html(note) for note in notes)


@html.register
def _architectures_html(table: ArchitectureTable) -> str:
    """The table that is printed in a terminal, too."""
    return _table_html(table.to_table())


@html.register
def _function_space_html(space: FunctionSpace) -> str:
    """The facts that the terminal shows, with one network a table."""
    return rich_html(render_function_space(space))


@html.register
def _filter_html(facts: FilterGeometry) -> str:
    """The facts of one filter, and its factorizations."""
    return rich_html(render_filter(facts))


@html.register
def _survey_html(survey: Survey) -> str:
    """The statistics that people are shown, a row for each quantity."""
    return _table_html(survey_table(survey))


@html.register
def _basins_html(table: BasinTable) -> str:
    """Where the runs went, and what the columns mean."""
    return rich_html(render_basins(table))


@html.register
def _cross_check_html(comparison: CrossCheck) -> str:
    """Whether the other program agrees, and the sentences that say so."""
    rows = [("agrees", describe_answer(comparison.agrees))]
    rows += [("", line.strip()) for line in str(comparison).splitlines()]
    return table_html([("", False), ("", False)], rows, f"Comparison with {comparison.program}")


def _entries(point: CriticalPoint) -> str:
    values = point.filter.real if point.real else point.filter
    return _numbers(values[:MOST_ENTRIES].tolist()) + (", …" if len(values) > MOST_ENTRIES else "")


def _layers(theta: Parameters) -> str:
    return ",  ".join(f"({_numbers(w.tolist())})" for w in theta)


def _numbers(values: Sequence[complex]) -> str:
    return ", ".join(_number(value, 4) for value in values)


def _number(value: complex, digits: int) -> str:
    return f"{value:.{digits}g}".replace("j", "i").replace("-", "−")


@html.register
def _walls_html(walls: Walls) -> str:
    """The walls, the chambers between them, and whether these are all."""
    title = f"Walls of {describe_notation(walls.architecture)}"
    columns = [(name, justify == "right") for name, justify in WALL_COLUMNS]
    parts = [table_html(columns, [wall_cells(wall) for wall in walls.walls], title)]
    columns = [(name, justify == "right") for name, justify in CHAMBER_COLUMNS]
    parts.append(table_html(columns, [chamber_cells(chamber) for chamber in walls.chambers], "Chambers"))
    parts.append(note_html(account_of_walls(walls)))
    parts += [note_html(f"not complete: {reason}") for reason in walls.contradictions]
    return "\n".join(parts)

"""The tables of ``homotopy-lcn walls`` in the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ..discriminants.planes import Plane
from ..discriminants.records import Chamber, Wall
from ..discriminants.walls_of_segments import Walls
from ..results.points import quantity
from ..tables.uncut_tables import Uncut
from .wording import describe_notation

__all__ = [
    "CHAMBER_COLUMNS",
    "WALL_COLUMNS",
    "account_of_walls",
    "chamber_cells",
    "plane_text",
    "render_walls",
    "wall_cells",
]

Justify = Literal["left", "right"]
#: Titles of columns, and on which side their entries stand.
WALL_COLUMNS: tuple[tuple[str, Justify], ...] = (
    ("wall at t", "right"),
    ("kind", "left"),
    ("root pattern", "left"),
    ("loss", "right"),
)
CHAMBER_COLUMNS: tuple[tuple[str, Justify], ...] = (
    ("chamber", "left"),
    ("real", "right"),
    ("attained", "right"),
    ("minima", "right"),
    ("saddles by index", "left"),
    ("global minimum", "right"),
    ("branches", "left"),
)
#: Columns whose entries are not broken into lines.
UNBROKEN = {title for title, _ in (*WALL_COLUMNS, *CHAMBER_COLUMNS[:4])}


def render_walls(found: Walls, data: Sequence[str]) -> RenderableType:
    """The walls, the chambers between them, and whether these are all.

    Parameters
    ----------
    found : Walls
    data : sequence of two str
        The data at t = 0 and at t = 1 in a few words.
    """
    head = Text(f"{describe_notation(found.architecture)}: from {data[0]} to {data[1]}", style="bold")
    parts: list[RenderableType] = [head]
    if found.walls:
        parts.append(Uncut(_table(WALL_COLUMNS, [wall_cells(wall) for wall in found.walls])))
    parts.append(Uncut(_table(CHAMBER_COLUMNS, [chamber_cells(chamber) for chamber in found.chambers])))
    parts.append(Text(account_of_walls(found), style="dim"))
    if any(chamber.certified for chamber in found.chambers) or any(wall.certified for wall in found.walls):
        proved = sum(wall.certified is True for wall in found.walls)
        lists = sum(chamber.certified is True for chamber in found.chambers)
        parts.append(
            Text(
                f"proved: {proved} of {quantity(len(found.walls), 'wall', 'walls')}, and the lists of {lists} of "
                f"{quantity(len(found.chambers), 'chamber', 'chambers')}.",
                style="dim",
            )
        )
    parts += [Text(f"not complete: {reason}", style="bold") for reason in found.contradictions]
    return Group(*parts)


def account_of_walls(found: Walls) -> str:
    """How many walls there are, complex ones included, in a sentence."""
    counted = sum(row.found for row in found.strata)
    escaped = sum(row.escaped for row in found.strata)
    whole = sum(row.generic for row in found.strata)
    lost = f", {escaped} at infinity," if escaped else ""
    return (
        f"{quantity(len(found.walls), 'wall', 'walls')} in [0, 1]; {counted} complex walls{lost} of {whole} for "
        f"generic data. Branches are numbered; a fold begins or ends two of them."
    )


def _table(columns: Sequence[tuple[str, Justify]], rows: Sequence[Sequence[str]]) -> Table:
    table = Table(box=SIMPLE_HEAD)
    for title, justify in columns:
        table.add_column(title, justify=justify, no_wrap=title in UNBROKEN)
    for row in rows:
        table.add_row(*row)
    return table


def wall_cells(wall: Wall) -> tuple[str, ...]:
    """The row of a wall."""
    pattern = " ".join("(" + ",".join(map(str, partition)) + ")" for partition in wall.pattern)
    kind = wall.kind if wall.multiplicity == 1 else f"{wall.kind} ({wall.multiplicity} times)"
    return f"{wall.t:.10g}", kind, pattern, f"{wall.loss:.7g}"


def chamber_cells(chamber: Chamber) -> tuple[str, ...]:
    """The row of a chamber."""
    counts = chamber.counts
    lowest = chamber.global_minimum
    return (
        f"{chamber.start:.6g} to {chamber.end:.6g}",
        *(str(counts[name]) for name in ("real", "attained", "minima")),
        ", ".join(f"{index}: {number}" for index, number in chamber.saddles.items()),
        "" if lowest is None else str(lowest),
        " ".join(map(str, chamber.branches)),
    )


def plane_text(found: Plane, colour: str) -> str:
    """The chambers of a triangle of data in a few lines.

    Parameters
    ----------
    found : Plane
    colour : str
        Of `Plane.shares`.
    """
    words = {"real": "real critical filters", "minima": "minima", "pattern": "root pattern of the global minimum"}
    lines = [f"{describe_notation(found.architecture)}: {words[colour]}, parts of the triangle"]
    for value, share in found.shares(colour).items():
        written = value
        if colour == "pattern":
            written = "none" if value is None else " ".join("(" + ",".join(map(str, part)) + ")" for part in value)
        lines.append(f"  {written}: {share:.2%}")
    curves: dict[str, int] = {}
    for curve in found.curves:
        curves[curve.kind] = curves.get(curve.kind, 0) + 1
    listed = ", ".join(f"{kind} {number}" for kind, number in sorted(curves.items())) or "none"
    lines.append(f"curves of walls: {listed}; from {quantity(2 * found.grid + 1, 'line', 'lines')}")
    lines.append(f"not seen: chambers that meet no line, inside cells of 1/{2 * found.grid**2} of the triangle at most")
    return "\n".join(lines) + "\n"

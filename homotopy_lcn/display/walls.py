"""The tables of ``homotopy-lcn walls`` in the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ..discriminants.records import Chamber
from ..discriminants.walls_of_segments import Walls
from ..results.points import quantity
from ..tables.uncut_tables import Uncut
from .wording import describe_notation

__all__ = ["render_walls"]


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
        parts.append(Uncut(_walls(found)))
    parts.append(Uncut(_chambers(found)))
    counted = sum(row.found for row in found.strata)
    escaped = sum(row.escaped for row in found.strata)
    whole = sum(row.generic for row in found.strata)
    lost = f", {escaped} at infinity," if escaped else ""
    parts.append(
        Text(
            f"{quantity(len(found.walls), 'wall', 'walls')} in [0, 1]; {counted} complex walls{lost} of {whole} for "
            f"generic data. Branches are numbered; a fold begins or ends two of them.",
            style="dim",
        )
    )
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


def _walls(found: Walls) -> Table:
    table = Table(box=SIMPLE_HEAD)
    for title, justify in (("wall at t", "right"), ("kind", "left"), ("root pattern", "left"), ("loss", "right")):
        table.add_column(title, justify="right" if justify == "right" else "left", no_wrap=True)
    for wall in found.walls:
        pattern = " ".join("(" + ",".join(map(str, partition)) + ")" for partition in wall.pattern)
        table.add_row(f"{wall.t:.10g}", wall.kind, pattern, f"{wall.loss:.7g}")
    return table


def _chambers(found: Walls) -> Table:
    table = Table(box=SIMPLE_HEAD)
    titles = ("chamber", "real", "attained", "minima", "saddles by index", "global minimum", "branches")
    for number, title in enumerate(titles):
        table.add_column(title, justify="left" if number in (0, 4, 6) else "right", no_wrap=number < 4)
    for chamber in found.chambers:
        table.add_row(*_cells(chamber))
    return table


def _cells(chamber: Chamber) -> tuple[str, ...]:
    counts = chamber.counts
    lowest = chamber.global_minimum
    return (
        f"{chamber.start:.6g} to {chamber.end:.6g}",
        *(str(counts[name]) for name in ("real", "attained", "minima")),
        ", ".join(f"{index}: {number}" for index, number in chamber.saddles.items()),
        "" if lowest is None else str(lowest),
        " ".join(map(str, chamber.branches)),
    )

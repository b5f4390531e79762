"""The basin table of ``homotopy-lcn descend`` in the terminal."""

from __future__ import annotations

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ..results.points import quantity
from ..tables.uncut_tables import Uncut
from ..training.basins import BasinTable, describe_optimizer, describe_place
from .wording import describe_notation

__all__ = ["render_basins"]


def render_basins(table: BasinTable, data: str | None = None) -> RenderableType:
    """The basin table and what its columns mean.

    Parameters
    ----------
    table : BasinTable
    data : str, optional
        The data in a few words.

    Returns
    -------
    rich renderable
    """
    total = len(table.runs)
    network = describe_notation(table.result.architecture)
    heading = f"{quantity(total, 'run', 'runs')} of {describe_optimizer(table)}, {network}"
    rows = Table(box=SIMPLE_HEAD)
    rows.add_column("critical point")
    for title in ("loss", "runs", "share", "lingered", "mean steps", "mean time"):
        rows.add_column(title, justify="right", no_wrap=True)
    for row in table:
        stays = (str(row.visits), f"{row.steps:.4g}", f"{row.time:.3g}") if row.visits else ("", "", "")
        rows.add_row(
            describe_place(row),
            "" if row.loss is None else f"{row.loss:.7g}",
            str(row.runs),
            f"{row.runs / total:.1%}",
            *stays,
            style="bold" if row.runs else "",
        )
    what = "Points and continua" if table.result.continua else "Points"
    notes = [
        f"{what} are numbered as solve lists them. lingered: runs that were slow while the nearest critical filter was "
        "this saddle, and for how long on average"
    ]
    if table.result.infimum.attained is False:
        notes.append(
            f"the infimum {table.result.infimum.value:.7g} of the loss is not attained: runs may go on for ever"
        )
    resting = sum(run.settled for run in table.runs)
    diverged = sum(run.outcome == "diverged" for run in table.runs)
    if table.optimizer != "flow" and resting + diverged < total:
        notes.append(
            f"{total - resting - diverged} of {quantity(total, 'run', 'runs')} had not come to rest after the allowed "
            "steps and were followed to their end by gradient flow"
        )
    head = Text(f"{heading}; {data}" if data else heading, style="bold")
    return Group(head, Uncut(rows), Text("; ".join(notes) + ".", style="dim"))

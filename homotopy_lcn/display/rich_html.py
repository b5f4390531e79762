"""The tables of the terminal as HTML, so that notebooks show the same rows."""

from __future__ import annotations

from html import escape
from itertools import zip_longest

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from ..tables.uncut_tables import Uncut, UncutPanel
from .html_tables import note_html, table_html

__all__ = ["rich_html"]


def rich_html(thing: RenderableType, caption: str = "") -> str:
    """Groups, panels, tables and texts as HTML.

    Parameters
    ----------
    thing : Group, Panel, Table, the same uncut, Text or str
    caption : str
        Of the table; by default its title.

    Returns
    -------
    str

    Raises
    ------
    TypeError
        For any other thing.
    """
    if isinstance(thing, Group):
        return "".join(rich_html(part) for part in thing.renderables)
    if isinstance(thing, Uncut):
        return rich_html(thing.table, caption)
    if isinstance(thing, UncutPanel):
        return rich_html(thing.panel)
    if isinstance(thing, Panel):
        return rich_html(thing.renderable, _plain(thing.title or ""))
    if isinstance(thing, Table):
        columns = [(_plain(column.header), column.justify == "right") for column in thing.columns]
        rows = zip_longest(*(map(_plain, column.cells) for column in thing.columns), fillvalue="")
        notes = note_html(_plain(thing.caption)) if thing.caption else ""
        return table_html(columns, list(rows), caption or _plain(thing.title or "")) + notes
    if isinstance(thing, Text) and "bold" in str(thing.style):
        return f'<p style="font-weight:bold;margin:0.4em 0">{escape(thing.plain)}</p>'
    return note_html(_plain(thing))


def _plain(thing: RenderableType) -> str:
    if not isinstance(thing, Text | str):
        raise TypeError(f"{type(thing).__name__} has no HTML representation")
    return thing.plain if isinstance(thing, Text) else thing

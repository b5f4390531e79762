"""Small HTML tables for notebooks.

No colour is set, only opacity and borders in the colour of the text, so that light and dark themes are readable alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

__all__ = ["Column", "note_html", "table_html"]

_CELL = "padding:0.15em 0.7em;border:0;border-bottom:1px solid rgba(128,128,128,0.35);text-align:"

#: A column: its heading, and whether it holds numbers.
Column = tuple[str, bool]


def table_html(columns: Sequence[Column], rows: Iterable[Sequence[str]], caption: str = "") -> str:
    """A table of escaped texts with inline styles, which notebooks keep where they drop style sheets.

    Parameters
    ----------
    columns : sequence of (str, bool)
        Headings, and whether the column is set flush right as numbers are; no heading at all if all are empty.
    rows : iterable of sequences of str
    caption : str

    Returns
    -------
    str

    Examples
    --------
    >>> "&lt;w&gt;" in table_html([("", False)], [["<w>"]])
    True
    """

    def cell(tag: str, text: str, right: bool) -> str:
        lines = "<br>".join(escape(text).split("\n"))
        return f'<{tag} style="{_CELL}{"right" if right else "left"}">{lines}</{tag}>'

    parts = ['<div style="overflow-x:auto"><table style="border-collapse:collapse;margin:0.4em 0;color:inherit">']
    if caption:
        parts.append(f'<caption style="text-align:left;font-weight:bold;color:inherit">{escape(caption)}</caption>')
    if any(heading for heading, _ in columns):
        parts.append(f"<thead><tr>{''.join(cell('th', *column) for column in columns)}</tr></thead>")
    parts.append("<tbody>")
    for row in rows:
        cells = (cell("td", text, right) for text, (_, right) in zip(row, columns, strict=True))
        parts.append(f"<tr>{''.join(cells)}</tr>")
    return "".join([*parts, "</tbody></table></div>"])


def note_html(text: str) -> str:
    """A line below a table."""
    return f'<p style="opacity:0.75;margin:0.3em 0">{escape(text)}</p>'

"""A result as plain text, for output that is no terminal: what `terminal.render_result` gives there, without rich.

Loading rich and laying out the tables takes longer than a small solve. The text is the same to the last character; a
result that needs more than these simple tables (continua, lines that do not fit, signs of unusual width) is left to
`terminal`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from ..results.result import CriticalPoints
from .wording import (
    NARROW_POINT_COLUMNS,
    POINT_COLUMNS,
    POINTS_TITLE,
    legend_of_points,
    narrow_point_cells,
    point_cells,
    summary,
)

__all__ = ["plain_text"]

#: Characters beyond ASCII that take one place each.
NARROW = frozenset("×°µäöüÄÖÜßéèàçθμΣ–—−→∞≠≤≥★ᵀ·…")
#: The horizontal line.
RULE = "─"
#: Columns of the frame around the summary: the edges, and a space within each.
FRAME = 4
#: Spaces between the headings and the texts of the summary.
GAP = 2


def plain_text(result: CriticalPoints, data: str | None, width: int) -> str | None:
    """The table of the real points and the summary, one below the other; None if `terminal` has to lay them out.

    Parameters
    ----------
    result : CriticalPoints
    data : str, optional
        The data in a few words.
    width : int
        Characters of a line.
    """
    if result.continua:
        return None
    lines: list[str] = []
    if result.real:
        legend = _wrapped(legend_of_points(result), width)
        cells = [point_cells(result, number) for number in range(len(result.real))]
        table = _table(POINT_COLUMNS, cells)
        if max(map(len, table)) > width:
            table = _table(NARROW_POINT_COLUMNS, list(map(narrow_point_cells, cells)))
        if legend is None or max(map(len, table)) > width:
            return None
        lines += [POINTS_TITLE, *table, *legend, ""]
    rows = _rows(summary(result, data), width - FRAME)
    if rows is None or not _are_narrow(lines) or not _are_narrow(rows):
        return None
    lines += [f"╭{RULE * (width - 2)}╮", *(f"│ {row:{width - FRAME}} │" for row in rows), f"╰{RULE * (width - 2)}╯"]
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _table(columns: Sequence[tuple[str, bool]], rows: Sequence[Sequence[str]]) -> list[str]:
    """The lines of a table of points, with a line below the heads; the last cells of a row may have several lines."""
    lines = [[title for title, _ in columns]]
    for row in rows:
        *cells, last = row
        first, *more = last.split("\n")
        lines += [[*cells, first], *([*[""] * len(cells), line] for line in more)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]

    def placed(cells: Sequence[str]) -> str:
        return "   ".join(
            cell.rjust(width) if is_number else cell.ljust(width)
            for cell, width, (_, is_number) in zip(cells, widths, columns, strict=True)
        )

    heads, *others = (f"  {placed(cells)}  " for cells in lines)
    return ["", heads, f" {RULE * (sum(widths) + 3 * len(widths) - 1)} ", *others, ""]


def _rows(entries: Sequence[tuple[str, str]], width: int) -> list[str] | None:
    """The lines of headings and texts side by side; None if a word is longer than the line."""
    indent = max(len(heading) for heading, _ in entries) + GAP
    lines = []
    for heading, text in entries:
        wrapped = _wrapped(text, width - indent)
        if wrapped is None:
            return None
        headings = [heading, *[""] * (len(wrapped) - 1)]
        lines += [f"{start:{indent}}{line}" for start, line in zip(headings, wrapped, strict=True)]
    return lines


def _wrapped(text: str, width: int) -> list[str] | None:
    """The lines of a text, broken between words; None if a word is longer than the line."""
    lines = []
    for paragraph in text.split("\n"):
        line = ""
        for word in re.findall(r"\s*\S+\s*", paragraph):
            bare = len(word.rstrip())
            if bare > width:
                return None
            if line and len(line) + bare > width:
                lines.append(line.rstrip())
                line = ""
            line += word
        lines.append(line.rstrip())
    return lines


def _are_narrow(lines: Iterable[str]) -> bool:
    """Whether every character takes one place."""
    return all(" " <= sign <= "~" or sign == RULE or sign in NARROW for line in lines for sign in line)

"""Tables of the terminal in which no number is cut, whatever the width."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from copy import copy

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.measure import Measurement
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

__all__ = ["Uncut", "UncutPanel"]

#: Longer words, such as the stratum of thirty blocks, may go over several lines of a cell. Numbers never do.
LONGEST_WORD = 24
#: Wider than every terminal: the width that a table takes if it may.
UNLIMITED = 10**7


class Uncut:
    """A table whose columns become narrower where the text can be wrapped, but never narrower than their numbers.

    Where the numbers do not fit side by side, the rows stand one below the other, with a line for each cell. A number
    longer than a line is written in one piece there, and the terminal itself goes on in its next line. So the text
    holds all digits in a row.

    Parameters
    ----------
    table : rich.table.Table
        Its columns have no widths of their own. Columns with ``no_wrap`` are not made narrower.
    between : str
        Stands between the cells of a row in a table without heads, if the cells do not fit side by side.
    """

    def __init__(self, table: Table, between: str = " ") -> None:
        self.table = table
        self._between = between
        for column in table.columns:
            column.overflow = "fold"

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        widths = self.widths(console, options, options.max_width)
        if widths is None:
            yield from self.lines(console, options.max_width)
            return
        for column, width in zip(self.table.columns, widths, strict=True):
            column.width = width
        yield self.table

    def widths(self, console: Console, options: ConsoleOptions, width: int) -> list[int] | None:
        """A width for each column, so that the table is not wider than ``width``; None if there are none."""
        columns = self._texts(console)
        for column in self.table.columns:
            column.width = None
        full = [max((_longest(text.plain, "\n") for text in texts), default=0) for texts in columns]
        least = [
            all_of_it if column.no_wrap else max((_least(text.plain) for text in texts), default=0)
            for column, texts, all_of_it in zip(self.table.columns, columns, full, strict=True)
        ]
        whole = Measurement.get(console, options.update(max_width=UNLIMITED), self.table).maximum
        slack = width - (whole - sum(full)) - sum(least)
        if slack < 0:
            return None
        found = list(least)
        needs = sorted(range(len(full)), key=lambda number: full[number] - least[number])
        for place, number in enumerate(needs):
            given = min(full[number] - least[number], slack // (len(needs) - place))
            found[number] += given
            slack -= given
        return found

    def lines(self, console: Console, width: int) -> Iterator[Text]:
        """The rows one below the other."""
        table = self.table
        if table.title is not None:
            yield _line(_text(console, table.title), width)
        titles = [_text(console, column.header).plain for column in table.columns]
        cells: list[Sequence[RenderableType]] = list(
            zip(*(list(column.cells) for column in table.columns), strict=True)
        )
        if table.show_footer:
            cells.append([column.footer for column in table.columns])
        for row in cells:
            texts = [_text(console, cell) for cell in row]
            if not table.show_header or not any(titles):
                yield _line(Text(self._between).join(text for text in texts if text.plain), width)
                continue
            for title, text in zip(titles, texts, strict=True):
                if text.plain:
                    yield _line(Text(f"{title}: ").append_text(text) if title else text, width)
            yield Text("")

    def _texts(self, console: Console) -> list[list[Text]]:
        """Everything that stands in each column."""
        found = []
        for column in self.table.columns:
            cells = [*column.cells]
            cells += [column.header] if self.table.show_header else []
            cells += [column.footer] if self.table.show_footer else []
            found.append([_text(console, cell) for cell in cells])
        return found


class UncutPanel:
    """A frame around rows of a heading and a text; without the frame, and in lines, where there is no room.

    Parameters
    ----------
    rows : rich.table.Table
        A grid.
    panel : rich.panel.Panel
        The frame around the grid.
    """

    def __init__(self, rows: Table, panel: Panel) -> None:
        self._rows = Uncut(rows, between=": ")
        self.panel = panel

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        frame = 4  # the edges, and a space within each
        if self._rows.widths(console, options, options.max_width - frame) is None:
            if self.panel.title is not None:
                yield _line(_text(console, self.panel.title), options.max_width)
            yield from self._rows.lines(console, options.max_width)
        else:
            framed = copy(self.panel)
            framed.renderable = self._rows
            yield framed


def _text(console: Console, cell: object) -> Text:
    return cell.copy() if isinstance(cell, Text) else console.render_str(str(cell))


def _line(text: Text, width: int) -> Text:
    """A text that is wrapped, unless a number is longer than the line."""
    if max(map(cell_len, re.findall(r"\d+", text.plain)), default=0) >= width:
        text.no_wrap, text.overflow = True, "ignore"
    else:
        text.no_wrap, text.overflow = False, "fold"
    text.justify = "left"
    return text


def _longest(text: str, separators: str) -> int:
    return max(cell_len(part) for part in re.split(f"[{separators}]", text))


def _least(text: str) -> int:
    """The width below which a word or a number would be broken."""
    number = max(map(cell_len, re.findall(r"[−-]?\d[\d.,–]*", text)), default=0)
    return max(min(_longest(text, r"\s"), LONGEST_WORD), number)

"""Tables as text: CSV, JSON, Markdown, LaTeX (booktabs), and for the terminal."""

from __future__ import annotations

import csv
import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from hashlib import sha256
from io import StringIO
from math import ceil
from typing import TYPE_CHECKING, Any

from ..doors import ShownInNotebooks
from ..errors import InputError
from ..extras import import_extra
from ..files import write_atomically

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult

__all__ = [
    "FORMATS",
    "Cell",
    "Column",
    "TextTable",
    "format_table",
    "grid",
    "markdown_lines",
    "plain",
    "plain_text",
    "render_table",
    "shown",
    "write_table",
]

#: The values of a cell; None means that a value does not apply or is not known.
Cell = bool | int | float | str | tuple[int, ...] | None

#: Tables of more lines than this, and turned ones of more than half as many, may go over several pages in LaTeX.
LONGEST_ON_A_PAGE = 40
#: Sizes for LaTeX, the larger first, each with the points that a character and a column take; and the points that fit
#: between the margins of an article. A table that does not fit even in the smaller size is turned.
SIZES = ((r"\footnotesize", 4.2, 12), (r"\scriptsize\setlength{\tabcolsep}{3pt}", 3.8, 6))
TEXT_WIDTH = 345
#: Digits of the longest decimal numbers of Arrow, and so of Parquet and Feather.
MOST_DECIMALS = 76
#: Cells with longer texts are wrapped.
WRAPPED = 24
NOTHING = "–"
#: Lets LaTeX break a number between any two digits: LaTeX has no other way to keep a long one within a column.
SPLIT = r"\seqsplit{"

#: How LaTeX writes what is not ASCII; every symbol used in a table is here.
_SYMBOLS = {
    "–": "--", "—": "---", "…": r"\dots{}", "ö": r'\"{o}', "ž": r"\v{z}", "ú": r"\'{u}", "É": r"\'{E}", "č": r"\v{c}",
    "Σ": r"$\Sigma$", "θ": r"$\theta$", "μ": r"$\mu$", "σ": r"$\sigma$", "ρ": r"$\rho$", "λ": r"$\lambda$",
    "∞": r"$\infty$", "≤": r"$\leq$", "≥": r"$\geq$", "<": r"$<$", ">": r"$>$", "≠": r"$\neq$", "×": r"$\times$",
    "·": r"$\cdot$", "−": r"$-$", "²": r"$^2$", "ᵀ": r"$^{\top}$", "ℝ": r"$\mathbb{R}$", "⊂": r"$\subset$",
    "→": r"$\to$", "∂": r"$\partial$", "√": r"$\surd$", "‖": r"$\|$", "₁": r"$_1$", "₂": r"$_2$",
    "⁻": r"$^{-}$", "¹": r"$^1$",
}  # fmt: skip
_LATEX = {
    **{character: f"\\{character}" for character in "&%$#_{}"},
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "\\": r"\textbackslash{}",
    **_SYMBOLS,
}


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes
    ----------
    name : str
        The name in files that programs read.
    title : str
        The title where people read.
    right : bool or None
        Whether the cells stand to the right on a terminal and in Markdown. None: if they are numbers.
    """

    name: str
    title: str
    right: bool | None = None


@dataclass(frozen=True)
class TextTable(ShownInNotebooks):
    """A table, with its caption and notes.

    Attributes
    ----------
    name : str
        Of files, and of the label in LaTeX.
    caption : str
    columns : tuple of Column
    rows : tuple of tuple of Cell
        One cell a column.
    notes : tuple of str
        Printed below the table.
    subject : str
        What the table is about, where several tables of one name may stand in one paper.
    """

    name: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()
    subject: str = ""

    @property
    def label(self) -> str:
        """The label in LaTeX: the name, and a mark of the subject, if there is one, and of the columns."""
        if not self.subject:
            return f"tab:{self.name}"
        said = "\n".join([self.subject, *(column.name for column in self.columns)])
        return f"tab:{self.name}-{sha256(said.encode()).hexdigest()[:8]}"

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(f"a row of {len(row)} cells in a table of {len(self.columns)} columns")

    def records(self) -> list[dict[str, Cell]]:
        """The rows as dictionaries by column name."""
        names = [column.name for column in self.columns]
        return [dict(zip(names, row, strict=True)) for row in self.rows]

    def to_frame(self) -> pd.DataFrame:
        """The table as a pandas data frame: integers and truth values in nullable columns.

        A column with integers beyond 64 bits holds `decimal.Decimal`, equal to them; with more than 76 digits, which
        are more than Parquet and Feather can keep, it holds text.
        """
        pd = _pandas()
        columns: dict[str, Any] = {}
        for index, column in enumerate(self.columns):
            values = [row[index] for row in self.rows]
            known = [value for value in values if value is not None]
            if known and all(isinstance(value, bool) for value in known):
                columns[column.name] = pd.array(values, dtype="boolean")
            elif known and all(isinstance(value, int) and not isinstance(value, bool) for value in known):
                # Counts of deep networks exceed 64 bits.
                small = all(abs(int(value)) < 2**63 for value in known if not isinstance(value, (str, tuple)))
                columns[column.name] = pd.array(values, dtype="Int64") if small else _decimals(pd, values)
            elif known and all(isinstance(value, float) for value in known):
                columns[column.name] = pd.array(values, dtype="float64")
            else:
                columns[column.name] = pd.Series(values, dtype=object)
        return pd.DataFrame(columns, columns=[column.name for column in self.columns])


def _decimals(pd: Any, values: Sequence[Any]) -> Any:
    """Integers of any size as a column of exact decimal numbers, or of text, with None where there is none."""
    large = any(value is not None and abs(value) >= 10**MOST_DECIMALS for value in values)
    kind = str if large else Decimal
    return pd.Series([None if value is None else kind(value) for value in values], dtype=object)


def _pandas() -> Any:
    """The module pandas, which is an optional dependency.

    Raises
    ------
    MissingPackage
        If it is not installed.
    """
    return import_extra("pandas", "frame", "to_frame")


def shown(cell: Cell) -> str:
    """A cell as people read it."""
    if cell is None:
        return NOTHING
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, tuple):
        return ",".join(map(str, cell))
    return f"{cell:.4g}" if isinstance(cell, float) else str(cell)


def _csv(table: TextTable) -> str:
    def written(cell: Cell) -> str:
        if cell is None:
            return ""
        if isinstance(cell, bool):
            return "true" if cell else "false"
        return repr(cell) if isinstance(cell, float) else shown(cell)

    stream = StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([column.name for column in table.columns])
    writer.writerows([written(cell) for cell in row] for row in table.rows)
    return stream.getvalue()


def _json(table: TextTable) -> str:
    document = {
        "format": "homotopy-lcn/table",
        "version": 1,
        "name": table.name,
        "caption": table.caption,
        "columns": [{"name": column.name, "title": column.title} for column in table.columns],
        "rows": table.records(),
        "notes": table.notes,
    }
    return json.dumps(document, ensure_ascii=False) + "\n"


def markdown_lines(table: TextTable, number: str = "--:") -> list[str]:
    """The columns and rows in Markdown, without caption and notes.

    Parameters
    ----------
    table : TextTable
    number : str
        The rule under the titles of columns to the right: one dash or more, and a colon. All are read alike.
    """

    def escaped(text: str) -> str:
        return text.replace("|", "\\|").replace("\n", " ")

    return [
        "| " + " | ".join(escaped(column.title) for column in table.columns) + " |",
        "|" + "|".join(number if right else "---" for right in _right_aligned(table)) + "|",
        *("| " + " | ".join(escaped(shown(cell)) for cell in row) + " |" for row in table.rows),
    ]


def _markdown(table: TextTable) -> str:
    lines = [f"**{table.caption}**", "", *markdown_lines(table)]
    for note in table.notes:
        lines += ["", note]
    return "\n".join(lines) + "\n"


def _latex(table: TextTable) -> str:
    header = " & ".join(_to_latex(column.title) for column in table.columns) + r" \\"
    body = [" & ".join(_to_latex(shown(cell)) for cell in row) + r" \\" for row in table.rows]
    caption, label = _to_latex(table.caption), rf"\label{{{table.label}}}"
    notes = [rf"\par\smallskip {_to_latex(note)}" for note in table.notes]
    columns = _latex_columns(table)
    size, turned = _latex_size(table)
    packages = "amssymb,array,booktabs,longtable" + ",pdflscape" * turned
    packages += ",seqsplit" * any(SPLIT in line for line in body)
    if _latex_lines(table) <= (LONGEST_ON_A_PAGE // 2 if turned else LONGEST_ON_A_PAGE):
        lines = [
            r"\begin{table}", r"\centering" + size, rf"\caption{{{caption}}}{label}",
            rf"\begin{{tabular}}{{{columns}}}", r"\toprule", header, r"\midrule", *body, r"\bottomrule",
            r"\end{tabular}", *notes, r"\end{table}",
        ]  # fmt: skip
    else:
        lines = [
            r"\begingroup" + size, rf"\begin{{longtable}}{{{columns}}}",
            rf"\caption{{{caption}}}{label}\\", r"\toprule", header, r"\midrule", r"\endfirsthead",
            r"\toprule", header, r"\midrule", r"\endhead", r"\bottomrule", r"\endlastfoot", *body,
            r"\end{longtable}", *notes, r"\endgroup",
        ]  # fmt: skip
    if turned:
        lines = [r"\begin{landscape}", *lines, r"\end{landscape}"]
    return "\n".join([rf"% \usepackage{{{packages}}}", *lines]) + "\n"


def _latex_size(table: TextTable) -> tuple[str, bool]:
    """The size that a table is set in, and whether it is turned; long texts are wrapped, so that they fit."""
    longest = [
        max(len(text) for text in (column.title, *(shown(row[i]) for row in table.rows)))
        for i, column in enumerate(table.columns)
    ]
    if any(_wrapped(table)):
        return SIZES[0][0], False
    for size, character, column_gap in SIZES:
        if sum(longest) * character + len(longest) * column_gap <= TEXT_WIDTH:
            return size, False
    return SIZES[-1][0], True


def _wrapped(table: TextTable) -> list[bool]:
    """The columns whose cells are paragraphs."""
    columns = range(len(table.columns))
    return [max((len(shown(row[i])) for row in table.rows), default=0) > WRAPPED for i in columns]


def _latex_columns(table: TextTable) -> str:
    """Column types: numbers to the right, long texts in paragraphs."""
    wide = _wrapped(table)
    if not any(wide):
        return "".join("r" if right else "l" for right in _numeric(table))
    types = [rf">{{\raggedright\arraybackslash}}p{{{_share(wide):.2f}\linewidth}}" if broad else "l" for broad in wide]
    return "".join(types)


def _share(wide: Sequence[bool]) -> float:
    """The part of the width that each column of paragraphs has."""
    return 0.74 / (sum(wide) + 0.5 * (len(wide) - sum(wide)))


def _latex_lines(table: TextTable) -> int:
    """About how many lines the body takes."""
    wide = _wrapped(table)
    if not any(wide):
        return len(table.rows)
    line = _share(wide) * TEXT_WIDTH / SIZES[0][1]
    return sum(
        max(ceil(len(shown(cell)) / line) for cell, broad in zip(row, wide, strict=True) if broad) for row in table.rows
    )


def _to_latex(text: str) -> str:
    pieces = ("".join(_LATEX.get(character, character) for character in piece) for piece in text.split("k_l"))
    written = re.sub(rf"\d{{{WRAPPED + 1},}}", lambda number: f"{SPLIT}{number[0]}}}", "$k_l$".join(pieces))
    unknown = re.sub(r"[\x20-\x7e]", "", written)
    if unknown:
        raise ValueError(f"no way to write {unknown!r} in LaTeX")
    return written


def _right_aligned(table: TextTable) -> list[bool]:
    """Columns whose cells stand to the right on a terminal and in Markdown."""
    numeric = _numeric(table)
    return [
        number if column.right is None else column.right for column, number in zip(table.columns, numeric, strict=True)
    ]


def _numeric(table: TextTable) -> list[bool]:
    """Columns of numbers and ranges of numbers."""
    return [
        all(re.fullmatch(r"[\d.,–\-+e ]*", shown(row[i])) is not None and not isinstance(row[i], tuple)
            for row in table.rows)
        for i in range(len(table.columns))
    ]  # fmt: skip


_WRITERS: Mapping[str, Callable[[TextTable], str]] = {
    "csv": _csv,
    "json": _json,
    "markdown": _markdown,
    "latex": _latex,
}
#: Formats of `format_table`, and the endings of their files.
FORMATS: Mapping[str, str] = {"csv": "csv", "json": "json", "markdown": "md", "latex": "tex"}


def format_table(table: TextTable, format: str) -> str:
    """The table as text.

    Parameters
    ----------
    table : TextTable
    format : {"csv", "json", "markdown", "latex"}
        CSV and JSON hold the values, empty or null where there is none. LaTeX needs the packages that its
        first line names.

    Raises
    ------
    InputError
        If the format is not known.

    Examples
    --------
    >>> table = TextTable("t", "Counts", (Column("k", "k"), Column("pure", "pure")), (((3, 2), 10),))
    >>> print(format_table(table, "csv"), end="")
    k,pure
    "3,2",10
    """
    if format not in _WRITERS:
        raise InputError(f"format: {format!r} given; expected one of {', '.join(_WRITERS)}")
    return _WRITERS[format](table)


def write_table(table: TextTable, folder: str | os.PathLike[str]) -> list[str]:
    """Write a table as CSV, Markdown and LaTeX into a folder, and return the paths."""
    written = []
    for format in ("csv", "markdown", "latex"):
        path = os.path.join(folder, f"{table.name}.{FORMATS[format]}")
        write_atomically(path, format_table(table, format))
        written.append(path)
    return written


def plain_text(table: TextTable) -> str:
    """The table as on a wide terminal, without colours."""
    return plain(render_table(table), 200)


def plain(renderable: RenderableType, width: int) -> str:
    """The text on a terminal of this width, without colours and without spaces at the ends of lines."""
    from rich.console import Console

    stream = StringIO()
    Console(file=stream, width=width, color_system=None, force_jupyter=False).print(renderable, crop=False)
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines()) + "\n"


def render_table(table: TextTable) -> RenderableType:
    """The table for a terminal; where it is too wide, in parts that repeat the first two columns."""
    return _Rendered(table)


class _Rendered:
    def __init__(self, table: TextTable) -> None:
        self._table = table

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        from rich.text import Text

        yield Text(self._table.caption, style="bold")
        for columns in self._parts(options.max_width):
            yield grid(self._table, columns)
        for note in self._table.notes:
            yield Text(note, style="dim")

    def _parts(self, width: int) -> list[list[int]]:
        """Column numbers, in groups that fit; columns of text wrap, and so need less than their length."""
        table = self._table
        widths = [
            min(max(len(text) for text in (column.title, *(shown(row[i]) for row in table.rows))), WRAPPED) + 3
            for i, column in enumerate(table.columns)
        ]
        keys = [0, 1] if len(widths) > 2 else []
        parts: list[list[int]] = [list(keys)]
        for i in range(len(keys), len(widths)):
            if sum(widths[j] for j in parts[-1]) + widths[i] > width and len(parts[-1]) > len(keys):
                parts.append(list(keys))
            parts[-1].append(i)
        return parts


def grid(
    table: TextTable, columns: Sequence[int] | None = None, *, title: str | None = None, edges: bool = False
) -> RenderableType:
    """The columns and rows for a terminal, without caption and notes.

    Parameters
    ----------
    table : TextTable
    columns : sequence of int, optional
        The numbers of the columns; all by default.
    title : str, optional
        A line above the columns.
    edges : bool
        A space before the first column, and one behind the last.
    """
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    from .uncut_tables import Uncut

    right = _right_aligned(table)
    chosen = range(len(table.columns)) if columns is None else columns
    rows = Table(box=SIMPLE_HEAD, padding=(0, 1), pad_edge=edges, title=title, title_justify="left")
    for i in chosen:
        wraps = any(len(shown(row[i])) > WRAPPED for row in table.rows)
        rows.add_column(Text(table.columns[i].title), justify="right" if right[i] else "left", no_wrap=not wraps)
    for row in table.rows:
        rows.add_row(*(Text(shown(row[i])) for i in chosen))
    return Uncut(rows)

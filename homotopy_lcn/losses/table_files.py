"""Columns of tables in files: CSV in its usual dialects, and Parquet.

What a CSV file means is never guessed where two readings are possible: such a file is refused with a message that names
the arguments ``sep`` and ``decimal``, which decide.
"""

from __future__ import annotations

import csv
import os
import re
from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from io import TextIOWrapper
from itertools import chain, islice
from math import isfinite
from typing import Any, BinaryIO, NoReturn

import numpy as np

from ..arrays import Real
from ..errors import InputError, shortened
from ..extras import import_extra
from ..files import open_for_reading
from .checked_arrays import row_list

__all__ = ["FOUND_OUT", "LARGEST_DATA", "TableFormat", "is_not_zero", "is_table", "listed", "read_columns", "readable"]

#: Bytes of the arrays of a file, and characters of a table.
LARGEST_DATA = 2**32
#: Characters of a line of a table.
LONGEST_LINE = 2**24
#: Names that a message lists.
MOST_NAMES = 20
#: Characters of a name by which near names are found.
LONGEST_NAME = 200
#: Lines by which the separator is found.
SAMPLED = 200
#: Separators that are found without being named, and how a message names them.
SEPARATORS = {",": "a comma", ";": "a semicolon", "\t": "a tab"}
#: Words for separators that shells or eyes do not show well.
WORDS = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "space": " "}
#: A number with a comma that may be a decimal comma, or stand before thousands.
THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+")
#: Cells that stand for a missing value.
MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "-", "."})
PARQUET = (".parquet", ".pq")
TABLES = (".csv", ".tsv", ".txt", *PARQUET)


@dataclass(frozen=True)
class TableFormat:
    """How a CSV file is written, as far as that is said; None means that it is found out.

    Attributes
    ----------
    sep : str or None
        One character between cells, or ``"tab"``, ``"comma"``, ``"semicolon"``, ``"space"``.
    decimal : str or None
        ``"."`` or ``","``.
    """

    sep: str | None = None
    decimal: str | None = None

    def __post_init__(self) -> None:
        if self.sep is not None:
            sep = WORDS.get(self.sep.lower(), self.sep)
            if len(sep) != 1 or sep in '"\r\n' or sep.isalnum():
                raise InputError(
                    f"sep: {shortened(self.sep)} given; expected one character that separates cells, such as , or ; "
                    "or tab"
                )
            object.__setattr__(self, "sep", sep)
        if self.decimal not in (None, ".", ","):
            raise InputError(f"decimal: {shortened(self.decimal)} given; expected . or ,")
        if self.decimal is not None and self.decimal == self.sep:
            raise InputError(f"sep, decimal: both are {self.sep!r}; expected two characters")

    @property
    def given(self) -> bool:
        """Whether anything is said."""
        return self.sep is not None or self.decimal is not None


#: Separator and decimal mark are found out.
FOUND_OUT = TableFormat()


def is_table(path: str | os.PathLike[str]) -> bool:
    """Whether the name of a file is that of a table."""
    return os.fspath(path).lower().endswith(TABLES)


def read_columns(
    argument: str,
    path: str | os.PathLike[str],
    selection: Sequence[tuple[str, str]],
    table: TableFormat,
) -> Real:
    """Columns of a CSV or Parquet file as an array (rows, columns).

    Parameters
    ----------
    argument : str
        The argument through which the file came.
    path : path
    selection : sequence of (str, str)
        For each column the argument that names it, and its name.
    table : TableFormat

    Raises
    ------
    InputError
        If the file cannot be read, may be read in two ways, lacks a column, or a cell is not a finite number.
    """
    name = os.fspath(path)
    with readable(argument, path), open_for_reading(path) as file:
        if name.lower().endswith(PARQUET):
            if table.given:
                option = "sep" if table.sep is not None else "decimal"
                raise InputError(f"{option}: given with {name!r}; expected only with a file of text")
            return _read_parquet(argument, name, file, selection)
        text = TextIOWrapper(file, encoding="utf-8-sig", newline="")
        return _Csv(argument, name, table).columns(text, selection)


@contextmanager
def readable(argument: str, path: str | os.PathLike[str]) -> Iterator[None]:
    """Raise InputError in place of errors of the operating system about a file that is read."""
    name = os.fspath(path)
    try:
        yield
    except FileNotFoundError:
        raise InputError(f"{argument}: no such file {name!r}; expected a file to read") from None
    except IsADirectoryError:
        raise InputError(f"{argument}: {name!r} is a directory; expected a file") from None
    except OSError as error:
        raise InputError(f"{argument}: cannot read {name!r} ({error.strerror or error}); expected a file") from None


def listed(names: Sequence[str], quoted: bool = False) -> str:
    """Names from a file for a message: the first ones, each shortened and without control characters."""
    shown = [shortened(name) if quoted else shortened(name)[1:-1] for name in names[:MOST_NAMES]]
    more = len(names) - MOST_NAMES
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")


def is_not_zero(text: str) -> bool:
    """Whether a number that is written with digits and an exponent is not zero, as "1e-400" is not."""
    return any(digit in "123456789" for digit in text.lower().partition("e")[0])


class _Csv:
    """A CSV file that is read."""

    def __init__(self, argument: str, name: str, table: TableFormat) -> None:
        self.argument, self.name, self.table = argument, name, table
        self.line = 0
        #: The first line with a decimal point, with a comma as in 1,234, and with another comma.
        self.point = self.thousands = self.comma = 0
        self.missing: list[int] = []
        self.no_cell = ""

    def columns(self, text: TextIOWrapper, selection: Sequence[tuple[str, str]]) -> Real:
        """The columns, one a column of the array."""
        try:
            return self._columns(_lines(text), selection)
        except UnicodeDecodeError:
            self._refuse(f"{self.name!r} is not UTF-8 text; expected a CSV file")
        except csv.Error as error:
            self._refuse(f"{self.name!r}, line {self.line}: {error}; expected a CSV file")

    def _columns(self, lines: Iterator[str], selection: Sequence[tuple[str, str]]) -> Real:
        sample = list(islice(lines, SAMPLED))
        sep, skipped = self.table.sep, 0
        if sample and (told := re.fullmatch(r"sep=(\S|\t)\s*", sample[0], re.IGNORECASE)):  # Excel's own first line
            sample, skipped = sample[1:], 1
            sep = sep or told[1]
        if not sample or not sample[0].strip():
            self._refuse(f"{self.name!r} is empty; expected a header and rows of numbers")
        sep = sep or self._separator(sample, [column.strip() for _, column in selection])
        reader = csv.reader(chain(sample, lines), delimiter=sep)
        header = [cell.strip() for cell in next(reader, [])]
        indices = [column_index(asked, column, header, self.name) for asked, column in selection]
        values = array("d")
        try:
            for row in filter(None, reader):
                self.line = reader.line_num + skipped
                if len(row) != len(header):
                    self._refuse(
                        f"{self._place} has {len(row)} cells; expected {len(header)} as in the header"
                        + (self._other_reading(sep) if len(row) > len(header) else "")
                    )
                for index in indices:
                    values.append(self._number(row[index], header[index]))
        finally:
            self.line = reader.line_num + skipped
        if not values:
            self._refuse(f"{self.name!r} has a header only; expected rows of numbers below it")
        self._check_missing()
        self._check_commas()
        return np.array(values).reshape(-1, len(selection))

    @property
    def _place(self) -> str:
        return f"{self.name!r}, line {self.line}"

    def _refuse(self, problem: str) -> NoReturn:
        raise InputError(f"{self.argument}: {problem}") from None

    def _separator(self, sample: list[str], columns: list[str]) -> str:
        """The separator by which the header has the columns that are asked for, and all rows the cells of the header.

        Raises InputError if several separators do that.
        """
        rows = {sep: self._sampled(sample, sep) for sep in SEPARATORS}
        if len(sample) == SAMPLED:  # the last row may go on
            rows = {sep: found[:-1] or found for sep, found in rows.items()}
        # One column has no separator; what looks like one in a row below may be a decimal comma, or may not.
        splitting = [sep for sep, found in rows.items() if len(found[0]) > 1]
        if not splitting:
            for sep, found in rows.items():
                if any(len(row) > 1 for row in found) and not (sep == "," and self.table.decimal == ","):
                    self._refuse(
                        f"{self.name!r} has one column by its header, and {SEPARATORS[sep]} in a row below, which may "
                        "separate cells or be a decimal comma; expected decimal=',' for a decimal comma, or sep=SEP"
                    )
            return ";" if self.table.decimal == "," else ","
        if self.table.decimal == "," and len(splitting) > 1 and "," in splitting:
            splitting.remove(",")
        whole = [sep for sep in splitting if all(len(row) == len(rows[sep][0]) for row in rows[sep])] or splitting
        known = [sep for sep in whole if set(columns) <= {cell.strip() for cell in rows[sep][0]}] or whole
        if len(known) > 1:
            names = " and ".join(SEPARATORS[sep] for sep in known)
            self._refuse(f"{self.name!r} may be separated by {names}; expected sep=SEP, which says by which")
        return known[0]

    def _sampled(self, sample: list[str], sep: str) -> list[list[str]]:
        reader = csv.reader(sample, delimiter=sep)
        try:
            return [row for row in reader if row]
        except csv.Error:
            self.line = reader.line_num
            raise

    def _other_reading(self, sep: str) -> str:
        if sep == "," and self.table.sep is None:
            return " (is the comma a decimal comma? then sep=SEP says what separates cells)"
        return ""

    def _number(self, cell: str, column: str) -> float:
        if cell.strip().lower() in MISSING:
            if not self.missing:
                found = "empty cell" if not cell.strip() else shortened(cell)
                self.no_cell = f"{self._place}, column {shortened(column)}: {found}"
            if not self.missing or self.missing[-1] != self.line:
                self.missing.append(self.line)
            return 0.0
        text = cell.strip()
        if "," in text:
            text = self._with_point(text, cell, column)
        elif "." in text:
            if self.table.decimal == ",":
                self._no_number(cell, column, " with a decimal comma")
            self.point = self.point or self.line
        try:
            value = float(text)
        except ValueError:
            self._no_number(cell, column)
        place = f"{self._place}, column {shortened(column)}"
        if not isfinite(value):
            self._refuse(f"{place}: {shortened(cell)}; expected a finite number")
        if value == 0 and is_not_zero(text):
            self._refuse(f"{place}: {shortened(cell)} is below the range of doubles; expected a larger number")
        return value

    def _with_point(self, text: str, cell: str, column: str) -> str:
        """A number that is written with a comma, with a decimal point."""
        if self.table.decimal == "." or text.count(",") > 1 or "." in text:
            self._no_number(cell, column)
        if THOUSANDS.fullmatch(text):
            self.thousands = self.thousands or self.line
        else:
            self.comma = self.comma or self.line
        return text.replace(",", ".")

    def _no_number(self, cell: str, column: str, kind: str = "") -> NoReturn:
        self._refuse(
            f"{self._place}, column {shortened(column)}: {shortened(cell)} is not a number{kind}; expected a finite "
            "number"
        )

    def _check_missing(self) -> None:
        if len(self.missing) == 1:
            self._refuse(f"{self.no_cell}; expected a finite number")
        if self.missing:
            lines = row_list(np.array(self.missing))
            self._refuse(f"{self.no_cell}, and lines {lines} have such cells; expected finite numbers")

    def _check_commas(self) -> None:
        """Raise InputError if commas in numbers may mean two things."""
        if self.table.decimal is not None:
            return
        comma = self.comma or self.thousands
        if comma and self.point:
            self._refuse(
                f"{self.name!r} has numbers with a comma (line {comma}) and with a point (line {self.point}); expected "
                "decimal=MARK, which says which of them is the decimal mark, and numbers that have it alone"
            )
        if self.thousands and not self.comma:
            self._refuse(
                f"{self.name!r}, line {self.thousands}: a comma before three digits may be a decimal comma or stand "
                "before thousands; expected decimal=',' for a decimal comma, or numbers without commas"
            )


def _lines(file: TextIOWrapper) -> Iterator[str]:
    """The lines of a text, of bounded length and number of characters in all."""
    total = 0
    while line := file.readline(LONGEST_LINE):
        total += len(line)
        if len(line) == LONGEST_LINE or total > LARGEST_DATA:
            limit = LONGEST_LINE if len(line) == LONGEST_LINE else LARGEST_DATA
            raise csv.Error(f"more than {limit / 1e6:.0f} MB{' in one line' if limit == LONGEST_LINE else ''}")
        yield line


def column_index(argument: str, column: str, header: Sequence[str], name: str) -> int:
    """The position of a column in the header; raises InputError with the names that are near if there is none."""
    found = list(header).count(column.strip())
    if found == 1:
        return list(header).index(column.strip())
    if found:
        problem = f"{found} columns {shortened(column)}"
    else:
        problem = f"no column {shortened(column)}"
        lower = {cell.lower(): cell for cell in reversed(header)}
        near = [lower[match] for match in get_close_matches(column.strip().lower()[:LONGEST_NAME], lower, 3)]
        if near:
            problem += f" (perhaps {' or '.join(map(shortened, near))})"
    raise InputError(f"{argument}: {problem} in {name!r}; expected one of: {listed(header, quoted=True)}")


def _read_parquet(argument: str, name: str, file: BinaryIO, selection: Sequence[tuple[str, str]]) -> Real:
    parquet: Any = import_extra("pyarrow.parquet", "survey", argument)
    arrow: Any = import_extra("pyarrow", "survey", argument)
    try:
        source = parquet.ParquetFile(file)
        header = list(source.schema_arrow.names)
        indices = [column_index(asked, column, header, name) for asked, column in selection]
        rows = source.metadata.num_rows
        if 8 * rows * len(set(indices)) > LARGEST_DATA:
            raise InputError(f"{argument}: {name!r} has {rows} rows; expected at most {LARGEST_DATA / 1e9:.1f} GB")
        if not rows:
            raise InputError(f"{argument}: {name!r} has no rows; expected rows of numbers")
        types = {index: source.schema_arrow.field(index).type for index in indices}
        for index, kind in types.items():
            if not (arrow.types.is_integer(kind) or arrow.types.is_floating(kind) or arrow.types.is_decimal(kind)):
                raise InputError(
                    f"{argument}: column {shortened(header[index])} of {name!r} is of type {kind}; expected numbers"
                )
        content = source.read(columns=[header[index] for index in dict.fromkeys(indices)])
        columns = {
            index: content.column(header[index]).cast(arrow.float64(), safe=False).to_numpy(zero_copy_only=False)
            for index in types
        }
    except arrow.ArrowException as error:
        raise InputError(f"{argument}: {name!r} is not a whole Parquet file ({error}); expected one") from None
    result = np.stack([np.asarray(columns[index], dtype=float) for index in indices], axis=1)
    wrong = ~np.isfinite(result)
    if wrong.any():
        column = header[indices[int(wrong.any(axis=0).argmax())]]
        found = row_list(np.flatnonzero(wrong.any(axis=1)))
        raise InputError(
            f"{argument}: {name!r}, column {shortened(column)}: missing or infinite values, in rows {found} (the first "
            "is 0); expected finite numbers"
        )
    return result

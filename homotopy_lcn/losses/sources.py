"""Data in files: each function reads one kind of file and returns the loss with a line that describes the data.

The messages of all errors begin with the name of the argument that cannot be used.
"""

from __future__ import annotations

import csv
import json
import os
import zipfile
from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import TextIOWrapper
from math import isfinite
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from ..errors import InputError, check_integer, shortened
from ..files import MOST_BYTES, open_for_reading, read_bounded, without_repeated_keys
from ..networks.architecture import Architecture
from ..networks.limits import check_filter_size
from ..rationals import MOST_EXACT_DIGITS
from .random_data import LoadedData
from .squared_loss import SquaredLoss

#: Arrays of a file that have a meaning.
ARRAYS = frozenset({"X", "Y", "gram", "b", "constant"})
#: Bytes of the arrays of a file, and characters of a table.
LARGEST_DATA = 2**32
#: Characters of a line of a table.
LONGEST_LINE = 2**24
#: Names that a message lists.
MOST_NAMES = 20

__all__ = ["from_csv", "from_file", "from_json", "from_npz", "from_series", "samples_from_npz"]


def from_npz(path: str | os.PathLike[str], arch: Architecture) -> LoadedData:
    """Read the arrays X and Y, or gram and b (and constant, if there is one), from an ``.npz`` file.

    Parameters
    ----------
    path : path-like
        File written by `numpy.savez` or `numpy.savez_compressed`. Other arrays in it are ignored.
    arch : Architecture

    Raises
    ------
    InputError
        If the file cannot be read, is not an intact archive of plain numeric arrays, holds neither pair of arrays or
        both, or the arrays do not fit each other and the architecture.
    """
    arrays = _read_npz(path)
    name = os.fspath(path)
    data, moments = {"X", "Y"} <= arrays.keys(), {"gram", "b"} <= arrays.keys()
    if data == moments:
        found = ", ".join(arrays) or "none of them"
        raise InputError(f"path: {name!r} holds {found}; expected the arrays X and Y, or gram and b")
    with _named("path"):
        if data:
            loss = SquaredLoss.from_data(arrays["X"], arrays["Y"], arch)
            samples, width_in = arrays["X"].shape
            description = f"{name}: {samples} samples, {width_in} → {arrays['Y'].shape[1]} values"
            return LoadedData(loss, description, samples, (arrays["X"], arrays["Y"]))
        loss = SquaredLoss(arrays["gram"], arrays["b"], arrays.get("constant", 0.0))
    _check_size(loss, arch)
    return LoadedData(loss, f"{name}: Gram matrix and moment vector", None)


def from_json(path: str | os.PathLike[str], arch: Architecture) -> LoadedData:
    """Read ``gram`` and ``b`` (and ``constant``, if there is one) from a JSON file, exact numbers as texts.

    Texts such as ``"1/3"`` and ``"0.1"`` are exact numbers, for which a certificate is valid then; a solve uses the
    nearest doubles. Numbers without quotation marks are doubles, as everywhere.

    Parameters
    ----------
    path : path-like
        A JSON object, such as ``{"gram": [["1", "1/3"], ["1/3", "1"]], "b": ["0.1", "0"], "constant": "1"}``.
    arch : Architecture

    Raises
    ------
    InputError
        If the file cannot be read, is not such JSON, or the arrays do not fit each other and the architecture.
    """
    name = os.fspath(path)
    expected = "expected a JSON object with gram and b, and constant, if there is one"
    try:
        with _readable("path", path):
            data = read_bounded(path)
        if len(data) > MOST_BYTES:
            raise InputError(f"path: {name!r} has more than {MOST_BYTES >> 20} MB; {expected}")
        content = json.loads(
            data.decode("utf-8-sig"), parse_float=_double, parse_int=_integer, object_pairs_hook=_object
        )
    except InputError:
        raise
    except (ValueError, RecursionError):
        raise InputError(f"path: {name!r} is not JSON; {expected}") from None
    if not isinstance(content, dict) or not {"gram", "b"} <= content.keys():
        raise InputError(f"path: {name!r} has no gram and b; {expected}")
    unknown = sorted(content.keys() - {"gram", "b", "constant"})
    if unknown:
        raise InputError(f"path: {name!r} holds {_listed(unknown)}; {expected}")
    gram, b, constant = content["gram"], content["b"], content.get("constant", 0)
    exact = any(isinstance(value, str) for value in _leaves([gram, b, constant]))
    with _named("path"):
        loss = SquaredLoss.from_exact(gram, b, constant) if exact else SquaredLoss(gram, b, constant)
    _check_size(loss, arch)
    return LoadedData(loss, f"{name}: {'exact ' if exact else ''}Gram matrix and moment vector", None)


def from_file(path: str | os.PathLike[str], arch: Architecture) -> LoadedData:
    """Read data from a file by `from_json` if its name ends with ``.json``, otherwise by `from_npz`."""
    return (from_json if os.fspath(path).lower().endswith(".json") else from_npz)(path, arch)


def samples_from_npz(path: str | os.PathLike[str]) -> tuple[NDArray[np.generic], NDArray[np.generic]]:
    """The arrays X and Y themselves from an ``.npz`` file."""
    arrays = _read_npz(path)
    if not {"X", "Y"} <= arrays.keys():
        found = ", ".join(arrays) or "nothing"
        raise InputError(f"path: {os.fspath(path)!r} holds {found}; expected the arrays X and Y")
    return arrays["X"], arrays["Y"]


def from_csv(
    path: str | os.PathLike[str], x_columns: Sequence[str], y_columns: Sequence[str], arch: Architecture
) -> LoadedData:
    """Read inputs and outputs from columns of a CSV file, one sample a row.

    Parameters
    ----------
    path : path-like
        Comma-separated UTF-8 text; the first row names the columns. Empty lines are skipped.
    x_columns, y_columns : sequence of str
        Names of the d_0 input columns and of the d_L output columns, in the order of the network's positions.
    arch : Architecture

    Raises
    ------
    InputError
        If the file cannot be read, a column is missing or named twice, a cell is not a finite number, or the number of
        columns does not fit the architecture.
    """
    for argument, columns in ("x_columns", x_columns), ("y_columns", y_columns):
        if not columns:
            raise InputError(f"{argument}: no columns; expected the names of columns of {os.fspath(path)!r}")
    selection = [("x_columns", column) for column in x_columns] + [("y_columns", column) for column in y_columns]
    table = _read_columns("path", path, selection)
    X, Y = table[:, : len(x_columns)], table[:, len(x_columns) :]
    with _named("x_columns, y_columns"):
        loss = SquaredLoss.from_data(X, Y, arch)
    description = f"{os.fspath(path)}: {len(table)} samples, {X.shape[1]} → {Y.shape[1]} columns"
    return LoadedData(loss, description, len(table), (X, Y))


def from_series(series: str, horizon: int, arch: Architecture) -> LoadedData:
    """Read a time series and predict the value `horizon` steps after each window of K values.

    Sample i has the input x[i], …, x[i + K − 1] and the one output x[i + K − 1 + horizon].

    Parameters
    ----------
    series : str
        ``FILE.csv:COLUMN``, a file as in `from_csv` and one of its columns, in the order of time.
    horizon : int
        At least 1.
    arch : Architecture

    Raises
    ------
    InputError
        If the file or the column cannot be read as numbers, or the series is shorter than K + horizon.

    Examples
    --------
    >>> from homotopy_lcn._data import data_path
    >>> arch = Architecture((3, 2), (2, 1))
    >>> data = from_series(f"{data_path('sunspots.csv')}:SUNACTIVITY", 1, arch)
    >>> data.samples, data.loss.rank
    (304, 5)
    """
    steps = check_integer("horizon", horizon, 1)
    check_filter_size(arch)
    path, column = _split_source(series)
    values = _read_columns("series", path, [("series", column)])[:, 0]
    size = arch.filter_size
    samples = len(values) - size - steps + 1
    if samples < 1:
        raise InputError(
            f"series: {len(values)} values in {column!r}; expected at least {size + steps}, "
            f"the filter size {size} plus the horizon {steps}"
        )
    with _named("series"):
        windows, following = sliding_window_view(values, size)[:samples], values[size - 1 + steps :]
        loss = SquaredLoss.from_data(windows, following[:, None], arch)
    ahead = "the next one" if steps == 1 else f"the one {steps} steps ahead"
    return LoadedData(loss, f"{series}: {samples} windows, {ahead} from {size} values", samples,
                      (windows, following[:, None]))  # fmt: skip


def _check_size(loss: SquaredLoss, arch: Architecture) -> None:
    if loss.filter_size != arch.filter_size:
        raise InputError(
            f"path: gram has shape {loss.gram.shape}; expected {(arch.filter_size, arch.filter_size)}, "
            "the architecture's filter size"
        )


def _double(text: str) -> float:
    """A number of JSON as a double."""
    value = float(text)
    if value == 0 and _is_not_zero(text):
        raise InputError(
            f"path: {shortened(text)} is below the range of doubles; expected a larger number, or an exact one as "
            "a text"
        )
    return value


def _integer(text: str) -> int:
    if len(text) > MOST_EXACT_DIGITS:
        raise InputError(f"path: holds an integer of {len(text)} digits; expected at most {MOST_EXACT_DIGITS} digits")
    return int(text)


def _is_not_zero(text: str) -> bool:
    """Whether a number that is written with digits and an exponent is not zero, as "1e-400" is not."""
    return any(digit in "123456789" for digit in text.lower().partition("e")[0])


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON, without keys that it has twice: readers disagree on which of the two values counts."""
    with _named("path"):
        return without_repeated_keys(pairs)


def _leaves(value: object) -> Iterator[object]:
    """What nested lists hold."""
    if isinstance(value, list):
        for item in value:
            yield from _leaves(item)
    else:
        yield value


@contextmanager
def _named(argument: str) -> Iterator[None]:
    """Name the argument through which arrays came in errors about the arrays."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{argument}: {error}") from None


@contextmanager
def _readable(argument: str, path: str | os.PathLike[str]) -> Iterator[None]:
    name = os.fspath(path)
    try:
        yield
    except FileNotFoundError:
        raise InputError(f"{argument}: no such file {name!r}; expected a file to read") from None
    except IsADirectoryError:
        raise InputError(f"{argument}: {name!r} is a directory; expected a file") from None
    except OSError as error:
        raise InputError(f"{argument}: cannot read {name!r} ({error.strerror or error}); expected a file") from None


def _read_npz(path: str | os.PathLike[str]) -> dict[str, NDArray[np.generic]]:
    """The arrays of the file that have a name with a meaning here."""
    name = os.fspath(path)
    with _readable("path", path), open_for_reading(path) as file:
        if not file.seekable():
            raise InputError(f"path: {name!r} is a pipe, and not a regular file; expected arrays saved by numpy.savez")
        if not zipfile.is_zipfile(file):
            raise InputError(f"path: {name!r} is not an .npz file, or truncated; expected arrays saved by numpy.savez")
        file.seek(0)
        member = ""
        try:
            with np.load(file, allow_pickle=False) as archive:
                arrays = {}
                _check_unpacked(archive.zip, name)
                for member in sorted(ARRAYS.intersection(archive.files)):
                    arrays[member] = archive[member]
        except (OSError, InputError):
            raise
        except Exception as error:  # a damaged header makes the parsers beneath NumPy raise almost anything
            if "allow_pickle" in str(error):
                raise InputError(
                    f"path: array {member} in {name!r} holds pickled Python objects; expected an array of numbers"
                ) from None
            where = f"array {member} in {name!r}" if member else f"{name!r}"
            raise InputError(f"path: {where} is corrupt; expected arrays saved by numpy.savez") from None
    return arrays


def _check_unpacked(archive: zipfile.ZipFile | None, name: str) -> None:
    """Raise InputError if the arrays that are read are larger than `LARGEST_DATA`; a packed file may be small."""
    members = {f"{array}.npy" for array in ARRAYS}
    size = sum(info.file_size for info in archive.infolist() if info.filename in members) if archive else 0
    if size > LARGEST_DATA:
        raise InputError(
            f"path: the arrays in {name!r} take {size / 1e9:.1f} GB; expected at most {LARGEST_DATA / 1e9:.1f} GB "
            "(SquaredLoss.from_data takes arrays that are mapped from files)"
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


def _listed(names: Sequence[str], quoted: bool = False) -> str:
    """Names from a file for a message: the first ones, each shortened and without control characters."""
    shown = [shortened(name) if quoted else shortened(name)[1:-1] for name in names[:MOST_NAMES]]
    more = len(names) - MOST_NAMES
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")


def _split_source(series: str) -> tuple[str, str]:
    """``FILE.csv:COLUMN`` as file and column; both may hold further colons."""
    colons = [position for position, character in enumerate(series) if character == ":"]
    splits = [(series[:position], series[position + 1 :]) for position in reversed(colons)]
    splits = [(path, column) for path, column in splits if path and column]
    if not splits:
        raise InputError(f"series: {series!r}; expected FILE.csv:COLUMN")
    return next((split for split in splits if os.path.isfile(split[0])), splits[0])


def _read_columns(
    argument: str, path: str | os.PathLike[str], selection: Sequence[tuple[str, str]]
) -> NDArray[np.float64]:
    """Columns of a CSV file as an array (rows, columns).

    The file came through ``argument``; ``selection`` holds for each column the argument that names it, and its name.
    """
    name = os.fspath(path)
    try:
        with (
            _readable(argument, path),
            open_for_reading(path) as file,
            TextIOWrapper(file, encoding="utf-8-sig", newline="") as text,
        ):
            reader = csv.reader(_lines(text))
            header = [cell.strip() for cell in next(reader, [])]
            if not header:
                raise InputError(f"{argument}: {name!r} is empty; expected a header and rows of numbers")
            indices = [_column_index(asked, column, header, name) for asked, column in selection]
            values = array("d")
            for row in filter(None, reader):
                place = f"{name!r}, line {reader.line_num}"
                if len(row) != len(header):
                    raise InputError(
                        f"{argument}: {place} has {len(row)} cells; expected {len(header)} as in the header"
                    )
                for index in indices:
                    values.append(_number(argument, row[index], f"{place}, column {shortened(header[index])}"))
    except UnicodeDecodeError:
        raise InputError(f"{argument}: {name!r} is not UTF-8 text; expected a CSV file") from None
    except csv.Error as error:
        raise InputError(f"{argument}: {name!r}, line {reader.line_num}: {error}; expected a CSV file") from None
    if not values:
        raise InputError(f"{argument}: {name!r} has a header only; expected rows of numbers below it")
    return np.array(values).reshape(-1, len(selection))


def _column_index(argument: str, column: str, header: list[str], name: str) -> int:
    found = header.count(column.strip())
    if found != 1:
        problem = f"no column {shortened(column)}" if not found else f"{found} columns {shortened(column)}"
        raise InputError(f"{argument}: {problem} in {name!r}; expected one of: {_listed(header, quoted=True)}")
    return header.index(column.strip())


def _number(argument: str, cell: str, place: str) -> float:
    try:
        value = float(cell)
    except ValueError:
        found = f"{shortened(cell)} is not a number" if cell.strip() else "empty cell"
        raise InputError(f"{argument}: {place}: {found}; expected a finite number") from None
    if not isfinite(value):
        raise InputError(f"{argument}: {place}: {shortened(cell)}; expected a finite number")
    if value == 0 and _is_not_zero(cell):
        raise InputError(
            f"{argument}: {place}: {shortened(cell)} is below the range of doubles; expected a larger number"
        )
    return value

"""Data in files: each function reads one kind of file and returns the loss with a line that describes the data.

The messages of all errors begin with the name of the argument that cannot be used.
"""

from __future__ import annotations

import json
import math
import os
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._data import data_path
from ..errors import InputError, shortened
from ..files import MOST_BYTES, open_for_reading, read_bounded, without_repeated_keys
from ..networks.architecture import Architecture
from ..networks.limits import check_filter_size
from ..networks.support_networks import SupportNetwork
from ..rationals import MOST_EXACT_DIGITS
from .digits import load_digits, next_pixels
from .image_samples import samples_of, shape_in_words
from .random_data import LoadedData
from .samples import samples_table, series_samples
from .squared_loss import SquaredLoss
from .sunspots import COLUMN, FILE
from .table_files import FOUND_OUT, LARGEST_DATA, TableFormat, is_not_zero, is_table, listed, read_columns, readable

#: Arrays of a file that have a meaning.
ARRAYS = frozenset({"X", "Y", "gram", "b", "constant"})
#: The name that stands for the shipped series of sunspot numbers.
SUNSPOTS = "sunspots"
#: The name that stands for the shipped images of digits.
SHIPPED_IMAGES = "digits"
#: How messages name the functions that read the other files.
READ_BY = "from_file(path)"
TABLES_READ_BY = "from_csv(path, x_columns, y_columns)"

__all__ = [
    "LoadedBatch",
    "batch_from_file",
    "from_csv",
    "from_file",
    "from_images",
    "from_json",
    "from_npz",
    "from_series",
    "gram_from_file",
    "samples_from_file",
    "series_from_file",
]

Path = str | os.PathLike[str]


def from_npz(path: Path, arch: Architecture, *, center: bool = False, standardize: bool = False) -> LoadedData:
    """Read the arrays X and Y, or gram and b (and constant, if there is one), from an ``.npz`` file.

    Parameters
    ----------
    path : path-like
        File written by `numpy.savez` or `numpy.savez_compressed`. Other arrays in it are ignored.
    arch : Architecture
    center, standardize : bool
        As in `SquaredLoss.from_data`; only with X and Y.

    Raises
    ------
    InputError
        If the file cannot be read, is not an intact archive of plain numeric arrays, holds neither pair of arrays or
        both, or the arrays do not fit each other and the architecture.
    """
    arrays, others = _read_npz(path)
    name = os.fspath(path)
    data, moments = {"X", "Y"} <= arrays.keys(), {"gram", "b"} <= arrays.keys()
    if data == moments:
        found = ", ".join(arrays) or f"none of them{f', but {listed(others)}' if others else ''}"
        raise InputError(f"path: {name!r} holds {found}; expected the arrays X and Y, or gram and b")
    if data:
        return _of_samples(name, (arrays["X"], arrays["Y"]), arch, center, standardize)
    _check_samples_given(name, center, standardize)
    with _named("path"):
        loss = SquaredLoss(arrays["gram"], arrays["b"], arrays.get("constant", 0.0))
    _check_size(loss, arch)
    return LoadedData(loss, f"{name}: Gram matrix and moment vector", None)


def _of_samples(
    name: str, arrays: tuple[object, object], arch: Architecture, center: bool, standardize: bool
) -> LoadedData:
    """The data of the arrays X and Y of a file."""
    with _named("path"):
        X, Y = samples_of(*arrays, arch)
        loss = SquaredLoss.from_data(X, Y, arch, center=center, standardize=standardize)
    description = f"{name}: {len(X)} samples, {shape_in_words(X)} → {shape_in_words(Y)} values"
    return LoadedData(loss, description + _prepared(center, standardize), len(X), (X, Y))


def _prepared(center: bool, standardize: bool) -> str:
    """The end of a description of data."""
    return ", standardized" if standardize else ", centred" if center else ""


def _check_samples_given(name: str, center: bool, standardize: bool) -> None:
    if center or standardize:
        argument = "standardize" if standardize else "center"
        raise InputError(
            f"{argument}: {name!r} holds a Gram matrix and a moment vector; expected samples X and Y, as means cannot "
            "be subtracted from sums of products"
        )


def from_json(path: Path, arch: Architecture) -> LoadedData:
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
    content = _json_content(path, expected)
    if not isinstance(content, dict) or not {"gram", "b"} <= content.keys():
        raise InputError(f"path: {name!r} has no gram and b; {expected}")
    unknown = sorted(content.keys() - {"gram", "b", "constant"})
    if unknown:
        raise InputError(f"path: {name!r} holds {listed(unknown)}; {expected}")
    gram, b, constant = content["gram"], content["b"], content.get("constant", 0)
    exact = any(isinstance(value, str) for value in _leaves([gram, b, constant]))
    with _named("path"):
        loss = SquaredLoss.from_exact(gram, b, constant) if exact else SquaredLoss(gram, b, constant)
    _check_size(loss, arch)
    return LoadedData(loss, f"{name}: {'exact ' if exact else ''}Gram matrix and moment vector", None)


def _json_content(path: Path, expected: str) -> Any:
    name = os.fspath(path)
    try:
        with readable("path", path):
            data = read_bounded(path)
        if len(data) > MOST_BYTES:
            raise InputError(f"path: {name!r} has more than {MOST_BYTES >> 20} MB; {expected}")
        return json.loads(data.decode("utf-8-sig"), parse_float=_double, parse_int=_integer, object_pairs_hook=_object)
    except InputError:
        raise
    except (ValueError, RecursionError):
        raise InputError(f"path: {name!r} is not JSON; {expected}") from None


def gram_from_file(path: Path) -> Any:
    """The Gram matrix ``gram`` in a JSON file, as nested lists of numbers and texts, or in an ``.npz`` file.

    Raises
    ------
    InputError
        If the file cannot be read, or has no ``gram``. The message begins with ``path``.
    """
    name = os.fspath(path)
    expected = "expected gram in a JSON object, or in a file saved by numpy.savez"
    content: Any = _json_content(path, expected) if name.lower().endswith(".json") else _read_npz(path)[0]
    if not isinstance(content, dict) or "gram" not in content:
        raise InputError(f"path: {name!r} has no gram; {expected}")
    return content["gram"]


def from_file(path: Path, arch: Architecture, *, center: bool = False, standardize: bool = False) -> LoadedData:
    """Read data from a file by `from_json` if its name ends with ``.json``, otherwise by `from_npz`.

    The name may also be that of a pair of files, ``X.npy,Y.npy``, written by `numpy.save`.
    """
    name = os.fspath(path)
    if name.lower().endswith(".json"):
        _check_samples_given(name, center, standardize)
        return from_json(path, arch)
    if _pair(name) is not None:
        return _of_samples(name, _read_pair(name), arch, center, standardize)
    return from_npz(path, arch, center=center, standardize=standardize)


class LoadedBatch(NamedTuple):
    """Gram matrices (n, K, K), moment vectors (n, K) and constants of many losses, and a line that describes them."""

    gram: NDArray[Any]
    b: NDArray[Any]
    constant: NDArray[Any]
    description: str


def batch_from_file(path: Path, arch: Architecture) -> LoadedBatch | None:
    """The arrays ``gram`` (n, K, K), ``b`` (n, K) and ``constant`` (n,), if there is one, of an ``.npz`` file.

    None if the file is of another kind, or its ``gram`` is a single matrix.

    Raises
    ------
    InputError
        If such a file cannot be read, or does not hold both arrays.
    """
    name = os.fspath(path)
    if name.lower().endswith(".json") or _pair(name) is not None:
        return None
    arrays, _ = _read_npz(path)
    gram = arrays.get("gram")
    if gram is None or gram.ndim != 3:
        return None
    if "b" not in arrays or {"X", "Y"} <= arrays.keys():
        raise InputError(f"path: {name!r} holds {', '.join(arrays)}; expected gram (n, K, K) and b (n, K)")
    check_filter_size(arch)
    return LoadedBatch(gram, arrays["b"], arrays.get("constant", np.zeros(())), name)


def samples_from_file(path: Path, arch: Architecture | None = None) -> tuple[NDArray[Any], NDArray[Any]]:
    """The arrays X and Y themselves from an ``.npz`` file, or a pair ``X.npy,Y.npy``, as they fit a network.

    Without a network they are tables X (N, d_0) and Y (N, d_L).
    """
    name = os.fspath(path)
    if _pair(name) is not None:
        arrays: Any = dict(zip("XY", _read_pair(name), strict=True))
    else:
        arrays, others = _read_npz(path)
        found = ", ".join(arrays) or listed(others) or "nothing"
    if not {"X", "Y"} <= arrays.keys():
        raise InputError(f"path: {name!r} holds {found}; expected the arrays X and Y")
    with _named("path"):
        if arch is not None:
            return samples_of(arrays["X"], arrays["Y"], arch)
        return samples_table("X", arrays["X"]), samples_table("Y", arrays["Y"], outputs=True)


def from_csv(
    path: Path,
    x_columns: Sequence[str],
    y_columns: Sequence[str],
    arch: Architecture,
    *,
    table: TableFormat = FOUND_OUT,
    center: bool = False,
    standardize: bool = False,
) -> LoadedData:
    """Read inputs and outputs from columns of a CSV or Parquet file, one sample a row.

    Parameters
    ----------
    path : path-like
        UTF-8 text; the first row names the columns. Empty lines are skipped. Or a file of Apache Parquet, whose name
        ends with ``.parquet`` or ``.pq``.
    x_columns, y_columns : sequence of str
        Names of the d_0 input columns and of the d_L output columns, in the order of the network's positions.
    arch : Architecture
    table : TableFormat
        By which character cells are separated, and which one is the decimal mark. By default both are found out: a
        comma, a semicolon or a tab separates, and a comma is the decimal mark where no number has a point.
    center, standardize : bool
        As in `SquaredLoss.from_data`.

    Raises
    ------
    InputError
        If the file cannot be read, or may be read in two ways, a column is missing or named twice, a cell is not a
        finite number, or the number of columns does not fit the architecture.
    """
    _check_is_table("path", path)
    for argument, columns in ("x_columns", x_columns), ("y_columns", y_columns):
        if not columns:
            raise InputError(f"{argument}: no columns; expected the names of columns of {os.fspath(path)!r}")
    selection = [("x_columns", column) for column in x_columns] + [("y_columns", column) for column in y_columns]
    values = read_columns("path", path, selection, table)
    X, Y = values[:, : len(x_columns)], values[:, len(x_columns) :]
    with _named("x_columns, y_columns"):
        loss = SquaredLoss.from_data(X, Y, arch, center=center, standardize=standardize)
    names = f"columns ({listed(x_columns)} → {listed(y_columns)})"
    description = f"{os.fspath(path)}: {len(values)} samples, {X.shape[1]} → {Y.shape[1]} {names}"
    return LoadedData(loss, description + _prepared(center, standardize), len(values), (X, Y))


def series_from_file(series: str, table: TableFormat = FOUND_OUT) -> tuple[NDArray[np.float64], str]:
    """The values (n,) of a time series, and the name of its column; parameters and errors as of `from_series`."""
    if series == SUNSPOTS:
        path, column, table = os.fspath(data_path(FILE)), COLUMN, FOUND_OUT
    else:
        path, column = _split_source(series)
        _check_is_table("series", path)
    return read_columns("series", path, [("series", column)], table)[:, 0], column


def from_series(
    series: str,
    horizon: int,
    arch: Architecture,
    *,
    table: TableFormat = FOUND_OUT,
    center: bool = False,
    standardize: bool = False,
) -> LoadedData:
    """Read a time series and predict the value `horizon` steps after each window of K values.

    Sample i has the input x[i], …, x[i + K − 1] and the one output x[i + K − 1 + horizon].

    Parameters
    ----------
    series : str
        ``FILE.csv:COLUMN``, a file as in `from_csv` and one of its columns, in the order of time. ``sunspots`` is the
        shipped series, see `load_sunspots`.
    horizon : int
        At least 1.
    arch : Architecture
    table : TableFormat
        As in `from_csv`.
    center, standardize : bool
        As in `SquaredLoss.from_series`.

    Raises
    ------
    InputError
        If the file or the column cannot be read as numbers, or the series is shorter than K + horizon.

    Examples
    --------
    >>> data = from_series("sunspots", 1, Architecture((3, 2), (2, 1)))
    >>> data.samples, data.loss.rank
    (304, 5)
    """
    check_filter_size(arch)
    values, column = series_from_file(series, table)
    windows, following = series_samples("series", values, arch, horizon, f" in {column!r}")
    with _named("series"):
        loss = SquaredLoss.from_series(values, arch, horizon, center=center, standardize=standardize)
    ahead = "the next one" if horizon == 1 else f"the one {horizon} steps ahead"
    description = f"{series}: {len(windows)} windows, {ahead} from {arch.filter_size} values"
    return LoadedData(loss, description + _prepared(center, standardize), len(windows), (windows, following))


def from_images(images: str, arch: Architecture, *, center: bool = False, standardize: bool = False) -> LoadedData:
    """Read images, and predict the pixel to the right of each patch's middle row, see `next_pixels`.

    Parameters
    ----------
    images : str
        A file of an array (N, H, W) written by `numpy.save`. ``digits`` are the shipped images, see `load_digits`.
    arch : Architecture
        A network in two dimensions.
    center, standardize : bool
        As in `SquaredLoss.from_data`.

    Raises
    ------
    InputError
        If the file cannot be read, or the images do not fit the network.

    Examples
    --------
    >>> data = from_images("digits", Architecture(filters=((2, 2), (2, 2)), strides=(1, 1)))
    >>> data.description
    'digits: 1797 images, 8×7 → 6×5 pixels, the pixel to the right of each patch of 3×3'
    """
    check_filter_size(arch)
    if images == SHIPPED_IMAGES:
        array = load_digits()
    elif images.lower().endswith(".npy"):
        array = _read_npy(images, "images")
    else:
        raise InputError(f"images: {images!r}; expected an array FILE.npy, or {SHIPPED_IMAGES}, the shipped images")
    X, Y = next_pixels(array, arch)
    loss = SquaredLoss.from_data(X, Y, arch, center=center, standardize=standardize)
    assert isinstance(arch, SupportNetwork)
    patch = "×".join(map(str, arch.shape))
    description = (
        f"{images}: {len(X)} images, {shape_in_words(X)} → {shape_in_words(Y)} pixels, the pixel to the right "
    )
    description += f"of each patch of {patch}"
    return LoadedData(loss, description + _prepared(center, standardize), len(X), (X, Y))


def _check_is_table(argument: str, path: Path) -> None:
    """Raise InputError if the name of a file is that of arrays, not of a table."""
    name = os.fspath(path)
    if name.lower().endswith((".npz", ".npy", ".json")):
        raise InputError(f"{argument}: {name!r} is no table; expected a CSV or Parquet file ({READ_BY} reads {name!r})")


def _check_size(loss: SquaredLoss, arch: Architecture) -> None:
    if loss.filter_size != arch.filter_size:
        raise InputError(
            f"path: gram has shape {loss.gram.shape}; expected {(arch.filter_size, arch.filter_size)}, "
            "the architecture's filter size"
        )


def _double(text: str) -> float:
    """A number of JSON as a double."""
    value = float(text)
    if value == 0 and is_not_zero(text):
        raise InputError(
            f"path: {shortened(text)} is below the range of doubles; expected a larger number, or an exact one as "
            "a text"
        )
    return value


def _integer(text: str) -> int:
    if len(text) > MOST_EXACT_DIGITS:
        raise InputError(f"path: holds an integer of {len(text)} digits; expected at most {MOST_EXACT_DIGITS} digits")
    return int(text)


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


def _pair(name: str) -> tuple[str, str] | None:
    """The two names of ``X.npy,Y.npy``; None if the name is not such a pair."""
    if not name.lower().endswith(".npy"):
        return None
    commas = [place for place, character in enumerate(name) if character == ","]
    pairs = [(name[:place].strip(), name[place + 1 :].strip()) for place in commas]
    return next((pair for pair in pairs if all(part.lower().endswith(".npy") for part in pair)), None)


def _read_pair(name: str) -> tuple[NDArray[Any], NDArray[Any]]:
    one, other = _pair(name) or ("", "")
    return _read_npy(one), _read_npy(other)


def _read_npy(path: str, argument: str = "path") -> NDArray[Any]:
    """The array of a file of `numpy.save`; errors name the argument."""
    with readable(argument, path), open_for_reading(path) as file:
        try:
            _check_header(file, path, argument)
            array: NDArray[Any] = np.lib.format.read_array(file, allow_pickle=False)
        except (OSError, InputError):
            raise
        except Exception:  # a damaged header makes the parsers beneath NumPy raise almost anything
            raise InputError(
                f"{argument}: {path!r} is not a whole .npy file of numbers; expected an array saved by numpy.save"
            ) from None
    return array


def _check_header(file: BinaryIO, path: str, argument: str) -> None:
    """Raise InputError if the array is larger than `LARGEST_DATA` or than its file, before memory is taken for it."""
    version = np.lib.format.read_magic(file)
    read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, kind = read_header(file)
    size = math.prod(shape) * kind.itemsize
    here = file.tell()
    if size > LARGEST_DATA:
        raise InputError(
            f"{argument}: {path!r} takes {size / 1e9:.1f} GB; expected at most {LARGEST_DATA / 1e9:.1f} GB"
        )
    if size > file.seek(0, os.SEEK_END) - here:
        raise InputError(f"{argument}: {path!r} is truncated; expected an array saved by numpy.save")
    file.seek(0)


def _read_npz(path: Path) -> tuple[dict[str, NDArray[Any]], list[str]]:
    """The arrays of the file that have a name with a meaning here, and the names of the others."""
    name = os.fspath(path)
    with readable("path", path), open_for_reading(path) as file:
        if not file.seekable():
            raise InputError(f"path: {name!r} is a pipe, and not a regular file; expected arrays saved by numpy.savez")
        if not zipfile.is_zipfile(file):
            if is_table(name):
                raise InputError(f"path: {name!r} is a table; expected arrays ({TABLES_READ_BY} reads tables)")
            hint = f"; two of them are a pair, as in {name},Y.npy" if name.lower().endswith(".npy") else ""
            raise InputError(
                f"path: {name!r} is not an .npz file, or truncated; expected arrays saved by numpy.savez{hint}"
            )
        file.seek(0)
        member = ""
        try:
            with np.load(file, allow_pickle=False) as archive:
                arrays: dict[str, NDArray[Any]] = {}
                others = sorted(name for name in archive.files if name not in ARRAYS)
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
    return arrays, others


def _check_unpacked(archive: zipfile.ZipFile | None, name: str) -> None:
    """Raise InputError if the arrays that are read are larger than `LARGEST_DATA`; a packed file may be small."""
    members = {f"{array}.npy" for array in ARRAYS}
    size = sum(info.file_size for info in archive.infolist() if info.filename in members) if archive else 0
    if size > LARGEST_DATA:
        raise InputError(
            f"path: the arrays in {name!r} take {size / 1e9:.1f} GB; expected at most {LARGEST_DATA / 1e9:.1f} GB "
            "(SquaredLoss.from_data takes arrays that are mapped from files)"
        )


def _split_source(series: str) -> tuple[str, str]:
    """``FILE.csv:COLUMN`` as file and column; both may hold further colons."""
    colons = [position for position, character in enumerate(series) if character == ":"]
    splits = [(series[:position], series[position + 1 :]) for position in reversed(colons)]
    splits = [(path, column) for path, column in splits if path and column]
    if not splits:
        raise InputError(f"series: {series!r}; expected FILE.csv:COLUMN, or {SUNSPOTS}, the shipped series")
    return next((split for split in splits if os.path.isfile(split[0])), splits[0])

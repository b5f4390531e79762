"""Samples as users give them: tables of several shapes and libraries, and sums over the patches of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from ..errors import InputError, check_integer, shortened
from ..networks.limits import check_filter_size
from ..networks.support_networks import SupportNetwork
from .checked_arrays import finite, numbers, table
from .exact_range import scaled_samples

if TYPE_CHECKING:
    from ..networks.architecture import Architecture

__all__ = [
    "CHUNK_ENTRIES",
    "LARGEST",
    "SMALLEST",
    "check_powers",
    "check_rows",
    "check_widths",
    "patches_of",
    "samples_table",
    "series_samples",
    "series_values",
]

# Beyond this size, products of two such numbers overflow.
LARGEST = 1e150
# Squares of numbers below this size lose digits to underflow; so do squares of products of inputs below its root.
SMALLEST = 1e-140
# Patch entries held at a time while a Gram matrix is summed up: 16 MB.
CHUNK_ENTRIES = 2**21


def samples_table(name: str, values: object, *, outputs: bool = False) -> NDArray[Any]:
    """Samples as a table (N, width) in the type of their numbers; entries may still be NaN or infinite.

    Parameters
    ----------
    name : str
        The argument, for messages.
    values : array_like
        Shape (N, width), or (N, 1, width) with one channel; also a data frame with a column for each position.
    outputs : bool
        Whether shape (N,), and so a pandas Series, is one output for each sample.

    Raises
    ------
    InputError
        If it is no such table of real numbers.
    """
    array = numbers(name, _frame_array(name, values))
    if outputs and array.ndim == 1:
        array = array[:, None]
    if array.ndim == 3 and array.shape[1] == 1:
        array = array[:, 0, :]
    return table(name, array)


def series_values(name: str, values: object) -> NDArray[np.float64]:
    """A time series as finite numbers (n,): an array, a list, a pandas Series, or a table of one column.

    The labels of a pandas Series have to increase, and whole numbers without a jump, as ``dropna`` leaves one: a window
    would join values that do not follow each other.
    """
    _check_order(name, values)
    array = numbers(name, _frame_array(name, values))
    if array.ndim == 2 and 1 in array.shape:
        array = array.reshape(-1)
    if array.ndim != 1:
        raise InputError(f"{name}: shape {array.shape}; expected one series of numbers, (n,)")
    return finite(name, array, (0,))


def _check_order(name: str, values: object) -> None:
    labels: Any = getattr(values, "index", None) if hasattr(values, "to_numpy") else None
    if not hasattr(labels, "is_monotonic_increasing") or len(labels) < 2:
        return
    remedy = f"expected labels in the order of time, or {name}.to_numpy() if the values follow each other as they stand"
    if not labels.is_monotonic_increasing:
        raise InputError(f"{name}: its labels (index) do not increase; {remedy}")
    numbered = np.asarray(labels)
    if numbered.dtype.kind in "iu":
        steps = np.diff(numbered)
        if (jumps := np.flatnonzero(steps != steps.min())).size:
            before, after = numbered[jumps[0]], numbered[jumps[0] + 1]
            raise InputError(f"{name}: its labels (index) jump from {before} to {after}; {remedy}")


def series_samples(
    name: str, values: NDArray[np.float64], arch: Architecture, horizon: int, quoted: str = ""
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The windows (N, K) of a series, and the values (N, 1) that are ``horizon`` steps after them.

    ``quoted`` says in messages where the values are from, as in ``" in 'TEMPERATURE'"``.
    """
    steps = check_integer("horizon", horizon, 1)
    check_filter_size(arch)
    if isinstance(arch, SupportNetwork) and arch.axes > 1:
        raise InputError(f"{name}: a series for {arch.notation}; expected a network of one dimension")
    size = arch.filter_size
    samples = len(values) - size - steps + 1
    if samples < 1:
        raise InputError(
            f"{name}: {len(values)} values{quoted}; expected at least {size + steps}, "
            f"the filter size {size} plus the horizon {steps}"
        )
    return sliding_window_view(values, size)[:samples], values[size - 1 + steps :, None]


def _frame_array(name: str, values: object) -> object:
    """The numbers of a pandas or polars frame or series, missing ones as NaN; all other values as they are.

    Nullable types of pandas become objects in NumPy, so they are asked for doubles column by column.
    """
    if isinstance(values, np.ndarray) or not hasattr(values, "to_numpy"):
        return values
    columns = getattr(values, "columns", None)
    if columns is None:
        return _column_array(name, values, name)
    labels = list(columns)
    if len(set(map(str, labels))) < len(labels):
        raise InputError(f"{name}: several columns of one name; expected a column for each position")
    parts = [_column_array(name, values[label], f"column {shortened(label)}") for label in labels]  # type: ignore[index]
    return np.stack(parts, axis=1) if parts else np.empty((len(values), 0))  # type: ignore[arg-type]


def _column_array(name: str, column: Any, place: str) -> NDArray[Any]:
    array: NDArray[Any] = np.asarray(column)
    if array.dtype.kind == "O":
        missing = [entry is None or entry != entry or type(entry).__name__ == "NAType" for entry in _plain(array)]
        array = np.where(missing, np.nan, array)
        texts = [entry for entry in array.flat if isinstance(entry, str)]
        if texts:
            raise InputError(f"{name}: {place} holds texts, as {shortened(texts[0])}; expected columns of numbers")
        return numbers(name, array)
    if array.dtype.kind not in "biuf":
        raise InputError(f"{name}: {place} is not numeric, dtype {array.dtype}; expected columns of numbers")
    return array


def _plain(array: NDArray[Any]) -> Iterator[Any]:
    """The entries of an array of objects; a missing value of pandas, which has no truth value, as None."""
    for entry in array.flat:
        yield None if type(entry).__name__ == "NAType" else entry


def check_rows(X: object, Y: object) -> None:
    """Raise InputError if X and Y of pandas have labels of rows that differ: positions would pair the wrong rows."""
    one, other = getattr(X, "index", None), getattr(Y, "index", None)
    if not all(hasattr(labels, "equals") for labels in (one, other)) or len(one) != len(other):  # type: ignore[arg-type]
        return
    if not one.equals(other):  # type: ignore[union-attr]
        raise InputError(
            "Y: its row labels (index) are not those of X; expected the same labels in the same order, as from "
            "Y.loc[X.index], or Y.to_numpy() to pair rows by position"
        )


def check_widths(inputs: tuple[int, ...], outputs: tuple[int, ...], arch: Architecture) -> None:
    """Raise InputError if shapes (N, d_0) and (N, d_L) do not fit each other and the architecture."""
    size, stride = arch.filter_size, arch.stride
    hint = _transposed(inputs, outputs, arch)
    if inputs[0] != outputs[0]:
        raise InputError(f"Y: {outputs[0]} samples; expected {inputs[0]}, as many as X has{hint}")
    width_in, width_out = inputs[1], outputs[1]
    least = size + stride * (width_out - 1)
    widths = f"{least}" if stride == 1 else f"{least} to {least + stride - 1}"
    needs = f"for filter size {size} and stride {stride}"
    if width_in < size:
        raise InputError(f"X: width {width_in}; expected {widths} {needs}, as Y has width {width_out}{hint}")
    fitting = (width_in - size) // stride + 1
    if fitting != width_out:
        raise InputError(
            f"X, Y: widths {width_in} and {width_out}; expected X of width {widths}, or Y of width {fitting}, "
            f"{needs}{hint}"
        )


def _transposed(inputs: tuple[int, ...], outputs: tuple[int, ...], arch: Architecture) -> str:
    """Say which of the tables would fit if rows and columns were exchanged; nothing if none would."""

    def fit(x: tuple[int, ...], y: tuple[int, ...]) -> bool:
        return x[0] == y[0] and x[1] >= arch.filter_size and (x[1] - arch.filter_size) // arch.stride + 1 == y[1]

    x, y = inputs[::-1], outputs[::-1]
    for name, one, other in ("X.T", x, outputs), ("Y.T", inputs, y), ("X.T and Y.T", x, y):
        if fit(one, other):
            verb = "fit" if " and " in name else "fits"
            return f" (samples are rows: {name} {verb})"
    return ""


def patches_of(
    inputs: NDArray[Any], outputs: NDArray[Any], arch: Architecture
) -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Patches, shape (n, K), and the outputs they belong to, shape (n,), a bounded number at a time."""
    size, stride = arch.filter_size, arch.stride
    width = outputs.shape[1]
    span = max(size, stride)
    positions = min(width, max(1, CHUNK_ENTRIES // span))
    rows = max(1, CHUNK_ENTRIES // (span * positions))
    largest = dict.fromkeys("XY", 0.0)
    for row in range(0, len(inputs), rows):
        for first in range(0, width, positions):
            last = min(first + positions, width)
            # The trailing entries that no patch reaches are checked with the last slice.
            end = (last - 1) * stride + size if last < width else inputs.shape[1]
            x = finite("X", inputs[row : row + rows, first * stride : end], (row, first * stride))
            y = finite("Y", outputs[row : row + rows, first:last], (row, first))
            for name, values in ("X", x), ("Y", y):
                largest[name] = max(largest[name], values.max(), -values.min())
            windows = sliding_window_view(x, size, axis=1)[:, ::stride]
            yield windows.reshape(-1, size), y.ravel()
    check_powers(largest)


def check_powers(largest: Mapping[str, float]) -> None:
    """Raise InputError if the largest entries of X and Y are so small that squares of them underflow."""
    for name, least in ("X", SMALLEST**0.5), ("Y", SMALLEST):
        value = largest[name]
        if 0 < value < least:
            raise InputError(
                f"{name}: largest entry {value:.1e}, powers of which underflow; expected a moderate size: "
                f"{scaled_samples(name, float(value))}"
            )

"""Arrays of real numbers as users give them, checked: a message says which argument it is, and what was expected."""

from __future__ import annotations

import sys
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError

__all__ = ["finite", "numbers", "row_list", "table"]

#: Rows that a message lists.
ROWS_LISTED = 8


def numbers(name: str, values: object) -> NDArray[Any]:
    """As an array of real numbers, in its own type: entries may still be NaN or infinite."""
    if "numpy.ma" in sys.modules and isinstance(values, np.ma.MaskedArray):  # there is none before NumPy has loaded it
        values = np.ma.filled(values.astype(np.float64), np.nan)
    try:
        array = np.asarray(values)
    except (TypeError, ValueError):
        raise InputError(f"{name}: not an array, or its rows differ in length; expected real numbers") from None
    if array.dtype.kind == "O":
        for entry in array.flat:
            if not isinstance(entry, Real):
                kind = type(entry).__name__
                raise InputError(f"{name}: not numeric, holds a {kind}; expected an array of real numbers")
        try:
            doubles = array.astype(np.float64)
        except OverflowError:
            raise InputError(f"{name}: holds a number beyond double precision; expected finite numbers") from None
        _check_underflow(name, array, doubles)
        array = doubles
    if array.dtype.kind == "c":
        raise InputError(f"{name}: complex, dtype {array.dtype}; expected an array of real numbers")
    if array.dtype.kind not in "biuf":
        raise InputError(f"{name}: not numeric, dtype {array.dtype}; expected an array of real numbers")
    return array


def finite(name: str, array: NDArray[Any], start: tuple[int, ...] | None = None) -> NDArray[np.float64]:
    """As a new float64 array, in C order so that sums do not depend on the layout.

    `start` is the position of its first entry in the user's array of samples, and lets messages list rows.
    """
    with np.errstate(over="ignore"):
        result = np.array(array, dtype=np.float64, order="C")
    if array.dtype.itemsize > result.dtype.itemsize:
        _check_underflow(name, array, result)
    finite = np.isfinite(result)
    if not finite.all():
        position = tuple(int(index) for index in np.argwhere(~finite)[0])
        offset = (0,) * len(position) if start is None else start
        where = [index + first for index, first in zip(position, offset, strict=False)]
        found = f"entry {where} is {result[position]}" if where else f"{result[position]}"
        if start is not None:
            rows = np.flatnonzero(~finite.all(axis=tuple(range(1, finite.ndim))))
            if len(rows) > 1:
                found += f", and rows {row_list(rows + start[0])} have such entries"
        raise InputError(f"{name}: {found}; expected finite numbers")
    return result


def _check_underflow(name: str, given: NDArray[Any], doubles: NDArray[np.float64]) -> None:
    """Raise InputError if numbers that are not zero are all zero as doubles; beside larger ones that is rounding."""
    if not doubles.any() and (given != 0).any():
        raise InputError(f"{name}: numbers below the range of doubles, which would be zero; expected a moderate size")


def row_list(rows: NDArray[np.int64]) -> str:
    """Numbers of rows for a message: the first ones, and how many there are beyond.

    Examples
    --------
    >>> row_list(np.arange(10)), row_list(np.array([3, 5]))
    ('0, 1, 2, 3, 4, 5, 6, 7 and 2 more', '3, 5')
    """
    more = len(rows) - ROWS_LISTED
    return ", ".join(map(str, rows[:ROWS_LISTED].tolist())) + (f" and {more} more" if more > 0 else "")


def table(name: str, values: object) -> NDArray[Any]:
    """As a table (samples, width) of real numbers in its own type, with at least one entry."""
    array = numbers(name, values)
    if array.ndim != 2:
        raise InputError(
            f"{name}: shape {array.shape}; expected two dimensions, (samples, width){_advice(name, array.shape)}"
        )
    if not array.size:
        raise InputError(f"{name}: empty, shape {array.shape}; expected at least one sample and one column")
    return array


def _advice(name: str, shape: tuple[int, ...]) -> str:
    if len(shape) == 1 and shape[0]:
        return f": {name}[None] is one sample of this width, {name}[:, None] are samples of width 1"
    if len(shape) == 3 and shape[2] == 1:
        return f", or one channel as (samples, 1, width): {name}[:, :, 0] drops the last axis"
    if len(shape) == 3:
        return f", or one channel as (samples, 1, width), but {name} has {shape[1]} channels"
    return ""

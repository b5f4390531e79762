"""Names for the types of arrays that all packages share, records with arrays that are compared by value, constants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import FrozenInstanceError, fields
from itertools import pairwise
from typing import Any, ClassVar, TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["ComparedByValue", "Complex", "Constants", "Real", "frozen", "rows_times", "sealed", "without_specks"]

Complex = NDArray[np.complex128]
Real = NDArray[np.float64]

Number = TypeVar("Number", bound=np.generic)

#: Entries below this part of the largest entry of a vector mean zero: points are refined with a mantissa of 64 bits.
SPECK = 1e-19

#: Multiplications in a product of matrices from which on OpenBLAS shares it out among threads.
SHARED_BY_THREADS = 2**16
#: Rows that are multiplied together at least; with fewer, a matrix is so large that threads help.
LEAST_ROWS = 8


def frozen(array: NDArray[Number]) -> NDArray[Number]:
    """A copy of an array that nobody can write to, so that its rows can be handed on without further copies."""
    result = np.array(array)
    result.flags.writeable = False
    return result


def rows_times(rows: NDArray[Any], matrix: NDArray[Any]) -> NDArray[Any]:
    """The product of many short rows (…, k) with a small matrix (k, n), in blocks that BLAS multiplies in one thread.

    BLAS would wake its threads for a product of some microseconds, and wait for them without pause. On a machine with
    other work, a cluster's workers for instance, that takes a hundred times as long as the product.
    """
    size = (SHARED_BY_THREADS - 1) // max(matrix.size, 1)
    if rows.ndim < 2 or rows.size * matrix.shape[1] < SHARED_BY_THREADS or size < LEAST_ROWS:
        return np.asarray(rows @ matrix)
    flat = rows.reshape(-1, rows.shape[-1])
    result = np.empty((len(flat), matrix.shape[1]), np.result_type(rows, matrix))
    blocks = -(-len(flat) // size)
    ends = [len(flat) * block // blocks for block in range(blocks + 1)]  # a block of one row would be rounded otherwise
    for first, end in pairwise(ends):
        np.matmul(flat[first:end], matrix, out=result[first:end])
    return result.reshape(*rows.shape[:-1], matrix.shape[1])


def without_specks(array: NDArray[Number], part: float = SPECK) -> NDArray[Number]:
    """The same rows (…, n) with entries so small beside the largest entry of their row that they mean zero.

    Where an entry is exactly zero, Newton's method leaves numbers like 1e-33 or 1e-120, and near a tie, where it is
    slow, numbers like 1e-23. A larger ``part`` is for points that are known in doubles only.
    """
    sizes = np.abs(array)
    small = sizes <= part * sizes.max(axis=-1, keepdims=True, initial=0.0)
    return np.asarray(np.where(small, 0.0, array), array.dtype)


def sealed(value: Any) -> Any:
    """The same value; nobody can write to it any more if it is an array, nor to arrays in tuples, to any depth."""
    if isinstance(value, np.ndarray):
        value.flags.writeable = False
    elif isinstance(value, tuple):
        for item in value:
            sealed(item)
    return value


class ComparedByValue:
    """A frozen dataclass with fields that are arrays: equal if all fields are equal, with a hash that fits.

    Fields with ``compare=False`` are left out, as the time at which something was computed.
    The dataclass is declared with ``eq=False``, as arrays have no truth value. Equal arrays have equal shapes and equal
    entries. A copy, or an object that was pickled, holds the fields alone, and its arrays are read-only.
    """

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if type(self) is not type(other):
            return NotImplemented
        return all(_same(getattr(self, column.name), getattr(other, column.name)) for column in _compared(self))

    def __hash__(self) -> int:
        return hash(tuple(_hashable(getattr(self, column.name)) for column in _compared(self)))

    def __getstate__(self) -> dict[str, Any]:
        return {column.name: getattr(self, column.name) for column in _fields(self)}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        self.__dict__.update({name: sealed(value) for name, value in state.items()})


class Constants:
    """The base of a record of constants, each field with a default; ``dataclasses.replace`` makes another one.

    The class of the record is a ``dataclass(init=False, repr=False, eq=False, match_args=False)``: none of its methods
    are generated. A frozen dataclass of forty fields would write and compile a function of forty arguments when its
    module is imported, and such records together would take a tenth of the time of a small solve.

    Examples
    --------
    >>> from dataclasses import dataclass, replace
    >>> @dataclass(init=False, repr=False, eq=False, match_args=False)
    ... class Limits(Constants):
    ...     most: int = 5
    ...     near: float = 1e-3
    >>> Limits().most, replace(Limits(), most=6).most, replace(Limits(), most=6).near
    (5, 6, 0.001)
    """

    __dataclass_fields__: ClassVar[dict[str, Any]]

    def __init__(self, **values: Any) -> None:
        unknown = values.keys() - self.__dataclass_fields__.keys()
        if unknown:
            raise TypeError(f"{type(self).__name__} has no field {min(unknown)}")
        self.__dict__.update(values)

    def __setattr__(self, name: str, value: Any) -> None:
        raise FrozenInstanceError(f"cannot assign to field {name!r}")

    def __delattr__(self, name: str) -> None:
        raise FrozenInstanceError(f"cannot delete field {name!r}")

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__dataclass_fields__)
        return f"{type(self).__name__}({values})"


def _fields(record: Any) -> Any:
    return fields(record)


def _compared(record: Any) -> list[Any]:
    return [column for column in fields(record) if column.compare]


def _same(left: Any, right: Any) -> bool:
    if isinstance(left, np.ndarray) or isinstance(right, np.ndarray):
        return isinstance(left, np.ndarray) and isinstance(right, np.ndarray) and np.array_equal(left, right)
    if isinstance(left, tuple) and isinstance(right, tuple):
        return len(left) == len(right) and all(map(_same, left, right))
    return bool(left == right)


def _hashable(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.shape, *value.ravel().tolist()
    if isinstance(value, tuple):
        return tuple(map(_hashable, value))
    return frozenset(value.items()) if isinstance(value, Mapping) else value

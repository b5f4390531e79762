"""Complex numbers of many digits, in NumPy's arrays of objects: python-flint's where it is installed, else mpmath's.

python-flint is some twenty times as fast. Its numbers are balls; of these only the middles are used here, so that both
are floating-point numbers of the same precision.
"""

from __future__ import annotations

import math
from contextlib import AbstractContextManager, nullcontext
from importlib.util import find_spec
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..extras import flint_precision
from .multiprecision import exact

__all__ = ["FlintNumbers", "MpmathNumbers", "Numbers", "PreciseNumbers", "numbers_of"]

#: Arrays of numbers of many digits.
Numbers = NDArray[np.object_]

#: Bits of a decimal digit.
BITS = math.log2(10)


class PreciseNumbers(Protocol):
    """What paths in many digits ask of numbers; each computation with them has to stand within `precision`."""

    #: The complex numbers 0 and 2π i.
    zero: Any
    turn: Any

    def precision(self) -> AbstractContextManager[None]:
        """Computes with this number of digits. Other threads may compute with other digits meanwhile, or wait."""

    def exact(self, values: NDArray[Any]) -> Numbers:
        """The same numbers, extended precision included."""

    def exp(self, value: Any) -> Any:
        """The exponential function."""

    def log(self, value: Any) -> Any:
        """The logarithm, its imaginary part from −π to π."""

    def norm(self, values: Numbers) -> float:
        """The norm of a vector, in double precision."""

    def middles(self, values: Numbers) -> Numbers:
        """The numbers without bounds of their errors."""

    def solve(self, matrix: Numbers, right: Numbers) -> Numbers | None:
        """The solution of n linear equations, from arrays (n, n) and (n,); None if the matrix is singular."""


class MpmathNumbers:
    """Numbers of mpmath.

    Parameters
    ----------
    digits : int
    """

    def __init__(self, digits: int) -> None:
        import mpmath

        self._context = mpmath.MPContext()  # of its own, as other threads may compute with other digits
        self._context.dps = digits
        self.exp, self.log = self._context.exp, self._context.log
        self.zero = self._context.mpc(0)
        self.turn = 2 * self._context.pi * self._context.mpc(1j)

    def precision(self) -> AbstractContextManager[None]:
        return nullcontext()

    def exact(self, values: NDArray[Any]) -> Numbers:
        return exact(values, self._context)

    def norm(self, values: Numbers) -> float:
        return math.hypot(*(float(abs(value)) for value in values))

    def middles(self, values: Numbers) -> Numbers:
        return values

    def solve(self, matrix: Numbers, right: Numbers) -> Numbers | None:
        numbers = self._context
        try:
            found = numbers.lu_solve(numbers.matrix(matrix.tolist()), numbers.matrix(right.tolist()))
        except (ZeroDivisionError, TypeError, ValueError):  # for singular matrices, one or the other
            return None
        return np.array(list(found), object)


class FlintNumbers:
    """Numbers of python-flint.

    Parameters
    ----------
    digits : int
    """

    def __init__(self, digits: int) -> None:
        import flint

        self._flint, self._bits = flint, math.ceil(digits * BITS)
        with self.precision():
            self.zero = flint.acb(0)
            self.turn = 2 * flint.acb.pi() * flint.acb(0, 1)

    def precision(self) -> AbstractContextManager[None]:
        return flint_precision(self._bits)

    def exact(self, values: NDArray[Any]) -> Numbers:
        number = self._flint.acb
        flat: list[Any] = []
        for value in values.ravel():
            high = complex(value)
            flat.append(number(high) + number(complex(value - high)))
        return np.array(flat, object).reshape(values.shape)

    def exp(self, value: Any) -> Any:
        return value.exp()

    def log(self, value: Any) -> Any:
        return value.log()

    def norm(self, values: Numbers) -> float:
        return math.hypot(*(float(abs(value)) for value in values))

    def middles(self, values: Numbers) -> Numbers:
        return np.array([value.mid() for value in values.ravel()], object).reshape(values.shape)

    def solve(self, matrix: Numbers, right: Numbers) -> Numbers | None:
        number = self._flint.acb_mat
        try:
            found = number(matrix.tolist()).solve(number(right[:, None].tolist()), algorithm="approx")
        except ZeroDivisionError:
            return None
        result = np.array(found.entries(), object)
        return result if all(value.is_finite() for value in result) else None


def numbers_of(digits: int) -> PreciseNumbers:
    """Numbers of so many decimal digits, the fastest ones that are installed."""
    return FlintNumbers(digits) if find_spec("flint") else MpmathNumbers(digits)

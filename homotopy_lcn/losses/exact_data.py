"""Data of a loss as rational numbers, for statements about the exact numbers and not about rounded ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import isfinite
from typing import Any

import numpy as np

from ..doors import cached_property
from ..errors import InputError
from ..files import content_digest
from ..rationals import as_fraction, check_digits, exact_text, fraction_text

__all__ = ["ExactData"]

#: Entries are shown in messages up to this length.
LONGEST_ENTRY_SHOWN = 30


@dataclass(frozen=True)
class ExactData:
    """Gram matrix Σ, moment vector b and constant of a loss.

    Attributes
    ----------
    gram : tuple of tuple of Fraction, (K, K), symmetric
    b : tuple of Fraction, (K,)
    constant : Fraction
    """

    gram: tuple[tuple[Fraction, ...], ...]
    b: tuple[Fraction, ...]
    constant: Fraction

    @classmethod
    def of(cls, gram: Iterable[Iterable[object]], b: Iterable[object], constant: object) -> ExactData:
        """From exact numbers: integers, fractions, texts such as ``"1/3"`` or ``"0.1"``, doubles.

        Raises
        ------
        InputError
            If an entry is no finite number, the shapes do not fit, or the matrix is not symmetric.
        """
        rows = tuple(
            tuple(as_fraction(value, f"gram[{i}][{j}]") for j, value in enumerate(_entries(row, f"gram[{i}]")))
            for i, row in enumerate(_entries(gram, "gram"))
        )
        size = len(rows)
        if not size or any(len(row) != size for row in rows):
            raise InputError(f"gram: {size} rows of lengths {[len(row) for row in rows]}; expected a square matrix")
        for i in range(size):
            for j in range(i):
                if rows[i][j] != rows[j][i]:
                    one, other = _short(rows[i][j]), _short(rows[j][i])
                    raise InputError(
                        f"gram: not symmetric, entry [{i}][{j}] is {one} but [{j}][{i}] is {other}; "
                        "expected a matrix of exact numbers that is exactly symmetric"
                    )
        moments = tuple(as_fraction(value, f"b[{i}]") for i, value in enumerate(_entries(b, "b")))
        if len(moments) != size:
            raise InputError(f"b: {len(moments)} entries; expected {size}, the number of rows of gram")
        return cls(rows, moments, as_fraction(constant, "constant"))

    @classmethod
    def of_doubles(cls, gram: np.ndarray, b: np.ndarray, constant: float) -> ExactData:
        """Every double is a rational number."""
        return cls(
            tuple(tuple(Fraction(value) for value in row) for row in gram.tolist()),
            tuple(Fraction(value) for value in b.tolist()),
            Fraction(float(constant)),
        )

    def regularized(self, eps: Fraction) -> ExactData:
        """The data with eps added to the diagonal of the Gram matrix."""
        gram = tuple(
            tuple(value + eps if i == j else value for j, value in enumerate(row)) for i, row in enumerate(self.gram)
        )
        return ExactData(gram, self.b, self.constant)

    def restricted(self, support: Sequence[int]) -> ExactData:
        """The data of filters that are zero outside the given coefficients."""
        gram = tuple(tuple(self.gram[i][j] for j in support) for i in support)
        return ExactData(gram, tuple(self.b[i] for i in support), self.constant)

    def check_digits(self) -> None:
        """Raise InputError if a number has more digits than a file can hold."""
        for i, row in enumerate(self.gram):
            for j, value in enumerate(row):
                check_digits(value, f"gram[{i}][{j}]")
        for i, value in enumerate(self.b):
            check_digits(value, f"b[{i}]")
        check_digits(self.constant, "constant")

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the exact numbers, which tells whether two files are about the same data.

        Examples
        --------
        >>> ExactData.of([[1]], ["0.5"], 0).digest == ExactData.of([["1"]], [0.5], "0/1").digest
        True
        """
        return content_digest(
            {
                "gram": [[fraction_text(value) for value in row] for row in self.gram],
                "b": [fraction_text(value) for value in self.b],
                "constant": fraction_text(self.constant),
            }
        )

    @property
    def in_doubles(self) -> bool:
        """Whether all numbers are doubles."""
        return self.gram_in_doubles and _are_doubles(self.b) and _are_doubles([self.constant])

    @property
    def gram_in_doubles(self) -> bool:
        """Whether all entries of the Gram matrix are doubles."""
        return _are_doubles([value for row in self.gram for value in row])

    @property
    def b_in_doubles(self) -> bool:
        """Whether all entries of the moment vector are doubles."""
        return _are_doubles(self.b)

    def rounded(self) -> tuple[np.ndarray, np.ndarray, float]:
        """The nearest doubles; infinity beyond the range of doubles."""
        gram = np.array([[_double(value) for value in row] for row in self.gram])
        return gram, np.array([_double(value) for value in self.b]), _double(self.constant)


def _short(value: Fraction) -> str:
    text = exact_text(value)
    return text if len(text) <= LONGEST_ENTRY_SHOWN else f"{text[:LONGEST_ENTRY_SHOWN]}…"


def _are_doubles(values: Iterable[Fraction]) -> bool:
    doubles = ((value, _double(value)) for value in values)
    return all(isfinite(d) and d.as_integer_ratio() == (value.numerator, value.denominator) for value, d in doubles)


def _double(value: Fraction) -> float:
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def _entries(values: Any, name: str) -> list[object]:
    if isinstance(values, str | bytes):
        raise InputError(f"{name}: a text given; expected a list of numbers")
    if isinstance(values, dict):
        raise InputError(f"{name}: dict given; expected a list of numbers")
    try:
        return list(values)
    except TypeError:
        raise InputError(f"{name}: {type(values).__name__} given; expected a list of numbers") from None

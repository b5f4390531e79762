"""Rank, definiteness and solutions of symmetric rational systems, decided exactly by elimination in integers.

Σ and b are multiplied by a common denominator and eliminated by the fraction-free method of Bareiss (1968),
*Sylvester's identity and multistep integer-preserving Gaussian elimination*, with pivots on the diagonal. With pivots
in the rows and columns S, the entry (i, j) is the minor of Σ of the rows S ∪ {i} and the columns S ∪ {j}. A negative
entry on the diagonal is a negative principal minor. If all entries left on the diagonal are zero, and Σ is positive
semidefinite, then all entries left are zero. So the elimination decides whether Σ is positive semidefinite, and the
number of pivots is its rank.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm

from ..errors import InputError
from .exact_data import ExactData

__all__ = ["Elimination", "check_elimination", "eliminate", "least_norm_solution"]

#: Products of words in an elimination, about: n³ products of numbers that get n times as long as the entries. Some
#: twenty seconds.
MOST_ELIMINATION_WORK = 2e9

Rows = Sequence[Sequence[Fraction]]


@dataclass(frozen=True)
class Elimination:
    """What elimination tells about Σ and b.

    Attributes
    ----------
    semidefinite : bool
        Whether Σ is positive semidefinite. If it is not, the other attributes mean nothing.
    pivots : tuple of int
        Rows of Σ that are a basis of its row space.
    in_range : bool
        Whether b is in the range of Σ.
    """

    semidefinite: bool
    pivots: tuple[int, ...]
    in_range: bool

    @property
    def rank(self) -> int:
        return len(self.pivots)


def eliminate(data: ExactData) -> Elimination:
    """Decide whether Σ is positive semidefinite, its rank, and whether b is in its range.

    Examples
    --------
    >>> eliminate(ExactData.of([[1, "1/3"], ["1/3", "1/9"]], [3, 1], 0))
    Elimination(semidefinite=True, pivots=(0,), in_range=True)
    """
    rows = _integers([[*row, value] for row, value in zip(data.gram, data.b, strict=True)])
    size = len(rows)
    left, pivots, before = list(range(size)), [], 1
    while True:
        if any(rows[i][i] < 0 for i in left):
            return Elimination(False, (), False)
        pivot = next((i for i in left if rows[i][i]), None)
        if pivot is None:
            break
        left.remove(pivot)
        pivots.append(pivot)
        chosen = rows[pivot]
        value = chosen[pivot]
        for place, i in enumerate(left):
            row, factor = rows[i], rows[i][pivot]
            for j in left[place:]:
                row[j] = rows[j][i] = (value * row[j] - factor * chosen[j]) // before
            row[size] = (value * row[size] - factor * chosen[size]) // before
        before = value
    if any(rows[i][j] for i in left for j in left):
        return Elimination(False, (), False)
    return Elimination(True, tuple(sorted(pivots)), not any(rows[i][size] for i in left))


def least_norm_solution(data: ExactData, pivots: Sequence[int]) -> list[Fraction]:
    """The solution of Σu = b of least norm, for b in the range of Σ and the pivots of `eliminate`.

    The solution of least norm is in the range of Σ: it is a combination of the columns C of the pivots. The rows of the
    pivots say CᵀC z = b, as Σ is symmetric.

    Examples
    --------
    >>> least_norm_solution(ExactData.of([[1, 1], [1, 1]], [1, 1], 0), (0,))
    [Fraction(1, 2), Fraction(1, 2)]
    """
    columns = [data.gram[i] for i in pivots]
    right = [data.b[i] for i in pivots]
    if len(pivots) == len(data.b):
        return _solved(columns, right)
    products = [[sum(map(Fraction.__mul__, x, y), Fraction(0)) for y in columns] for x in columns]
    z = _solved(products, right)
    return [sum((z[j] * column[i] for j, column in enumerate(columns)), Fraction(0)) for i in range(len(data.b))]


def _solved(matrix: Rows, right: Sequence[Fraction]) -> list[Fraction]:
    """The solution of a system with a positive definite matrix."""
    rows = _integers([[*row, value] for row, value in zip(matrix, right, strict=True)])
    size, before = len(rows), 1
    for k, chosen in enumerate(rows):
        for i in range(k + 1, size):
            factor = rows[i][k]
            for j in range(k, size + 1):
                rows[i][j] = (chosen[k] * rows[i][j] - factor * chosen[j]) // before
        before = chosen[k]
    result = [Fraction(0)] * size
    for k in reversed(range(size)):
        known = sum((rows[k][j] * result[j] for j in range(k + 1, size)), Fraction(0))
        result[k] = (rows[k][size] - known) / rows[k][k]
    return result


def check_elimination(data: ExactData) -> None:
    """Raise InputError if an elimination of these data would take more than `MOST_ELIMINATION_WORK`."""
    _common_denominator([[*row, value] for row, value in zip(data.gram, data.b, strict=True)])


def _common_denominator(rows: Rows) -> int:
    """The common denominator, or InputError if there are too many digits in too many rows."""
    size, common = len(rows), 1
    longest = max((abs(value.numerator) for row in rows for value in row), default=0).bit_length()
    for row in rows:
        for value in row:
            common = lcm(common, value.denominator)
            words = size * (longest + common.bit_length()) / 64
            if size**3 * words**1.6 > MOST_ELIMINATION_WORK:
                raise InputError(
                    f"gram, b: exact numbers of {longest} bits in {size} rows, with a common denominator of "
                    f"{common.bit_length()} bits or more; expected shorter numbers, or fewer rows"
                )
    return common


def _integers(rows: Rows) -> list[list[int]]:
    """The rows multiplied by their common denominator."""
    common = _common_denominator(rows)
    return [[value.numerator * (common // value.denominator) for value in row] for row in rows]

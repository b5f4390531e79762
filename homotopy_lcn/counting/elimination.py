"""Elimination of rows of fractions, and of integers modulo a prime."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

__all__ = ["Rows", "echelon", "echelon_modulo", "quotient"]

Rows = list[list[Fraction]]


def echelon_modulo(rows: Sequence[Sequence[int]], prime: int) -> dict[int, list[int]]:
    """The reduced echelon form modulo a prime: for the column of each pivot the row that has it.

    Examples
    --------
    >>> echelon_modulo([[0, 2, 4], [1, 1, 1], [1, 3, 5]], 7)
    {1: [0, 1, 2], 0: [1, 0, 6]}
    """
    found: dict[int, list[int]] = {}
    for given in rows:
        row = [value % prime for value in given]
        for place, known in found.items():
            if factor := row[place]:
                row = [(value - factor * other) % prime for value, other in zip(row, known, strict=True)]
        pivot = next((j for j, value in enumerate(row) if value), None)
        if pivot is None:
            continue
        inverse = pow(row[pivot], -1, prime)
        row = [value * inverse % prime for value in row]
        for place, known in found.items():
            if factor := known[pivot]:
                found[place] = [(value - factor * other) % prime for value, other in zip(known, row, strict=True)]
        found[pivot] = row
    return found


def echelon(rows: Sequence[Sequence[Fraction]]) -> tuple[Rows, list[int]]:
    """The nonzero rows of the reduced row echelon form, and the pivot columns.

    Examples
    --------
    >>> echelon([[Fraction(2), Fraction(4)], [Fraction(1), Fraction(2)]])
    ([[Fraction(1, 1), Fraction(2, 1)]], [0])
    """
    left = [list(row) for row in rows]
    pivots: list[int] = []
    for column in range(len(left[0])):
        place = next((i for i in range(len(pivots), len(left)) if left[i][column]), None)
        if place is None:
            continue
        rank = len(pivots)
        left[rank], left[place] = left[place], left[rank]
        left[rank] = [value / left[rank][column] for value in left[rank]]
        for i in range(len(left)):
            if i != rank and left[i][column]:
                factor = left[i][column]
                left[i] = [value - factor * other for value, other in zip(left[i], left[rank], strict=True)]
        pivots.append(column)
    return left[: len(pivots)], pivots


def quotient(left: Rows, right: Rows) -> Rows:
    """left^{−1} right, for a positive definite left matrix.

    Examples
    --------
    >>> quotient([[Fraction(2), Fraction(0)], [Fraction(0), Fraction(1)]], [[Fraction(4)], [Fraction(3)]])
    [[Fraction(2, 1)], [Fraction(3, 1)]]
    """
    size = len(left)
    rows = [[*one, *other] for one, other in zip(left, right, strict=True)]
    for k in range(size):
        rows[k] = [value / rows[k][k] for value in rows[k]]
        for i in range(size):
            if i != k and rows[i][k]:
                factor = rows[i][k]
                rows[i] = [value - factor * other for value, other in zip(rows[i], rows[k], strict=True)]
    return [row[size:] for row in rows]

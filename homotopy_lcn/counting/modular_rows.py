"""Elimination of rows of integers modulo a prime."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["echelon_modulo"]


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

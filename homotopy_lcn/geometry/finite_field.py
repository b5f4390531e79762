"""Linear algebra modulo a prime."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["PRIME", "Echelon", "independent_columns", "kernel", "power_products", "row_reduce"]

Residues = NDArray[np.int64]

#: Products of two residues fit into 64 bits.
PRIME = 2**31 - 1


class Echelon(NamedTuple):
    """The nonzero rows of a reduced row echelon form, and its pivot columns."""

    rows: Residues
    pivots: list[int]


def row_reduce(matrix: NDArray[Any]) -> Echelon:
    """Reduced row echelon form."""
    rows, pivots = _eliminate(matrix, above=True)
    return Echelon(rows[: len(pivots)], pivots)


def independent_columns(matrix: NDArray[Any]) -> list[int]:
    """The columns that are no combinations of the columns before them."""
    return _eliminate(matrix, above=False)[1]


def kernel(matrix: NDArray[Any]) -> Residues:
    """A basis of the vectors v with matrix · v = 0, one a row; each has a one where all other rows have zeros."""
    rows, pivots = row_reduce(matrix)
    size = matrix.shape[1]
    free = sorted(set(range(size)) - set(pivots))
    result = np.zeros((len(free), size), np.int64)
    result[np.arange(len(free)), free] = 1
    result[:, pivots] = -rows[:, free].T % PRIME
    return result


def power_products(values: Residues, indices: Residues) -> Residues:
    """The products of the columns of ``values`` (P, N) that the rows of ``indices`` (M, d) name, (P, M)."""
    result = np.ones((len(values), len(indices)), np.int64)
    for index in indices.T:
        result = result * values[:, index] % PRIME
    return result


def _eliminate(matrix: NDArray[Any], above: bool) -> tuple[Residues, list[int]]:
    matrix = np.array(matrix, dtype=np.int64) % PRIME
    pivots: list[int] = []
    for column in range(matrix.shape[1]):
        row = len(pivots)
        if row == len(matrix):
            break
        candidates = np.flatnonzero(matrix[row:, column])
        if candidates.size == 0:
            continue
        other = row + int(candidates[0])
        matrix[[row, other]] = matrix[[other, row]]
        matrix[row, column:] = matrix[row, column:] * pow(int(matrix[row, column]), -1, PRIME) % PRIME
        others = np.flatnonzero(matrix[:, column])
        others = others[others != row] if above else others[others > row]
        factors = PRIME - matrix[others, column]
        matrix[others, column:] = _reduced(matrix[others, column:] + factors[:, None] * matrix[row, column:])
        pivots.append(column)
    return matrix, pivots


def _reduced(values: Residues) -> Residues:
    """Numbers from 0 to 2⁶² + 2³¹ modulo the prime 2³¹ − 1: 2³¹ is one. Faster than division."""
    for _ in range(2):
        values = (values & PRIME) + (values >> 31)
    values[values == PRIME] = 0
    return values

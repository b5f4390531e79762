"""Scaling symmetric matrices before eigenvalues or condition numbers are taken."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arrays import Real

__all__ = ["symmetric_scale"]

#: A row of a matrix whose entries are below this part of the largest entry of the matrix is rounding.
ROUNDING_OF_ROW = 1e-14


def symmetric_scale(matrices: NDArray[Any], sizes: Real) -> Real:
    """Factors by which rows and columns of Hessians are multiplied before their condition is judged.

    Parameters
    ----------
    matrices : (P, n, n) array
        Symmetric matrices H = JᵀΣJ + (Σw − b)ᵀ∂²w.
    sizes : (P, n) array
        The diagonals of JᴴΣJ, or their absolute values.

    Returns
    -------
    (P, n) float array

    Notes
    -----
    For data whose directions have very different sizes, a matrix scaled so tells what its eigenvalues are: entries are
    known relative to the terms they are sums of. A diagonal entry of H that is small because its two terms cancel is
    not scaled up, nor is one that is small beside the largest entry r of its row: r² / ‖H‖, which is at most the
    diagonal entry of a positive semidefinite matrix, takes its place. A row of rounding errors is left small, so that
    the matrix stays as singular as it is.
    """
    entries = np.abs(matrices)
    diagonal, rows = np.einsum("pii->pi", entries), entries.max(axis=2)
    largest = np.maximum(rows, sizes).max(axis=1, keepdims=True)
    largest = np.where(largest > 0, largest, 1.0)
    own = np.maximum(np.maximum(diagonal, sizes), rows * (rows / largest))
    return np.asarray(1 / np.sqrt(np.where(own > ROUNDING_OF_ROW * largest, own, largest)), float)

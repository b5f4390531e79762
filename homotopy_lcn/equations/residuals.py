"""Filters of residual zero: Σw = b, so that the loss is as small as it can be for any filter."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arrays import rows_times
from .critical_equations import ZERO_EIGENVALUE, Data

__all__ = ["have_no_residual"]

#: A residual below this part of the moment vector is zero, both measured in the norm of Σ⁻¹, at filters that are known
#: to about ten digits, and at filters that Newton's method has polished.
NO_RESIDUAL, NO_RESIDUAL_POLISHED = 1e-9, 1e-13
#: Rounding of Σw, relative to the norms of Σ and w.
ROUNDING_OF_PRODUCT = 1e-14


def have_no_residual(
    data: Data, filters: NDArray[np.number[Any]], *, polished: NDArray[np.bool_] | bool = False
) -> NDArray[np.bool_]:
    """Which filters w (P, K) have residual Σw − b = 0, up to rounding.

    Residuals are measured by the part of the loss that they cause: rᵀΣ⁺r, where r = Σw − b. So small eigenvalues of Σ
    do not make every residual small.

    Parameters
    ----------
    data : Data
        Real.
    filters : (P, K) array
    polished : bool or (P,) bool array
        Which filters are as exact as doubles are. Next to special data the residual of a critical filter may be a
        billionth of the moment vector, and yet not zero.
    """
    gram, b = np.asarray(data.gram, float), np.asarray(data.b, float)
    values, vectors = np.linalg.eigh(gram)
    seen = values > ZERO_EIGENVALUE * values[-1]
    weights = vectors[:, seen] / np.sqrt(values[seen])
    residuals = np.linalg.norm(rows_times(rows_times(filters, gram) - b, weights), axis=1)
    part = np.where(polished, NO_RESIDUAL_POLISHED, NO_RESIDUAL)
    rounding = ROUNDING_OF_PRODUCT * np.sqrt(max(values[-1], 0.0)) * np.linalg.norm(filters, axis=1)
    return np.asarray(residuals <= part * np.linalg.norm(b @ weights) + rounding)

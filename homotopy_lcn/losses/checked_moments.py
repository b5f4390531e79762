"""The arrays of a loss, checked: Σ symmetric and positive semidefinite, b in its range, sizes that do not overflow."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .checked_arrays import finite
from .samples import SMALLEST

__all__ = ["DEFAULT_TOLERANCE", "check_sizes", "checked_rank", "symmetric", "tolerance_of"]

# Eigenvalues of a Gram matrix below this fraction of the largest one are rounding. Sums over 10^6 samples are accurate
# to about 1e-13, and the condition numbers that the rest of the package can work with end well before 1e12.
DEFAULT_TOLERANCE = 1e-12


def check_sizes(gram: float, b: float) -> None:
    """Refuse largest entries for which squares of the loss, or of its filters, overflow or underflow; 0 is fine."""
    for name, size in ("gram", gram), ("b", b):
        if 0 < size < SMALLEST:
            raise InputError(f"{name}: largest entry {size:.1e}, powers of which underflow; expected a moderate size")
    if gram > 0 and b > 0 and not SMALLEST <= b / gram <= 1 / SMALLEST:
        raise InputError(
            f"b: largest entry {b:.1e}, that of gram {gram:.1e}: squares of filters {b / gram:.1e} in size overflow or "
            "underflow; expected a moderate size"
        )


def symmetric(gram: NDArray[Any], tolerance: float) -> NDArray[np.float64]:
    """Σ, exactly symmetric, once its asymmetry is found to be rounding."""
    if gram.ndim != 2 or gram.shape[0] != gram.shape[1] or not gram.size:
        raise InputError(f"gram: shape {gram.shape}; expected a square matrix (K, K)")
    sigma = finite("gram", gram)
    half = sigma / 2
    difference = np.abs(half - half.T)
    if difference.max() > np.sqrt(tolerance) * np.abs(half).max():
        i, j = (int(index) for index in np.argwhere(difference == difference.max())[0])
        raise InputError(
            f"gram: not symmetric, entry [{i}, {j}] is {sigma[i, j]:.6g} but [{j}, {i}] is {sigma[j, i]:.6g}; "
            "expected a symmetric matrix"
        )
    return half + half.T


def checked_rank(sigma: NDArray[np.float64], b: NDArray[np.float64], constant: float, tolerance: float) -> int:
    """Numerical rank of Σ, once Σ is found to be positive semidefinite with b in its range."""
    values, vectors = np.linalg.eigh(sigma)
    largest = max(values[-1], 0.0)
    if values[0] < -tolerance * largest:
        raise InputError(
            f"gram: indefinite, its most negative eigenvalue is {values[0]:.6g} (the largest is {values[-1]:.6g}); "
            "expected a positive semidefinite matrix"
        )
    kernel = vectors[:, values <= tolerance * largest]
    outside = np.linalg.norm(kernel.T @ b)
    size = max(np.linalg.norm(b), np.sqrt(largest) * np.sqrt(max(constant, 0.0)))
    if outside > np.sqrt(tolerance) * size:
        raise InputError(
            f"b: outside the range of gram, which is singular (rank {len(b) - kernel.shape[1]} of {len(b)}), by "
            f"{outside:.6g} of {np.linalg.norm(b):.6g}, so that the loss is unbounded below; expected b = gram @ filter"
        )
    return len(b) - kernel.shape[1]


def tolerance_of(gram: NDArray[Any]) -> float:
    """The part of the largest eigenvalue below which eigenvalues of a matrix of this type are rounding."""
    rounding = float(np.finfo(gram.dtype).eps) if gram.dtype.kind == "f" else 0.0
    return max(DEFAULT_TOLERANCE, 100 * rounding)

"""Data restricted to a stratum, filters back at full length, and factors made real."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arrays import Complex, Real
from ..losses.squared_loss import SquaredLoss
from ..networks.architecture import Architecture
from ..networks.strata import Embedding, Stratum
from .critical_equations import Data
from .polynomials import projected

__all__ = [
    "STRAIGHT_FACTOR",
    "exact_stratum_data",
    "power_of_two",
    "stratum_data",
    "whole_filters",
    "with_real_factors",
    "without_phases",
]

#: Imaginary parts of the factors of a real filter, scaled to norm one.
STRAIGHT_FACTOR = 1e-7


def stratum_data(loss: SquaredLoss, positions: NDArray[np.integer]) -> tuple[Data, float]:
    """The data of a loss in the coordinates of a stratum, scaled to order one.

    Parameters
    ----------
    loss : SquaredLoss
    positions : (K',) integer array
        For each coefficient of the stratum's filters, the coefficient of the network's filter that it adds to.

    Returns
    -------
    data : Data
        Gram matrix (K', K') and moment vector (K',), of order one.
    scale : float
        The factor from filters for these data to filters of the loss. All scales are powers of two, so that nothing is
        rounded.
    """
    gram, b = loss.gram[np.ix_(positions, positions)], loss.b[positions]
    gram_scale, b_scale = _scales(gram, b)
    return Data(gram / gram_scale, b / b_scale), b_scale / gram_scale


def exact_stratum_data(loss: SquaredLoss, positions: NDArray[np.integer]) -> Data | None:
    """The rational numbers that `stratum_data` rounds, scaled alike, in arrays of fractions; None if none are known.

    Parameters
    ----------
    loss : SquaredLoss
    positions : (K',) integer array
    """
    if loss.exact is None:
        return None
    gram_scale, b_scale = _scales(loss.gram[np.ix_(positions, positions)], loss.b[positions])
    gram = np.array(loss.exact.gram, object)[np.ix_(positions, positions)] / Fraction(gram_scale)
    return Data(gram, np.array(loss.exact.b, object)[positions] / Fraction(b_scale))


def _scales(gram: Real, b: Real) -> tuple[float, float]:
    """The powers of two by which a Gram matrix and a moment vector are divided."""
    b_norm = float(np.linalg.norm(b))
    return float(power_of_two(np.linalg.norm(gram, 2))), float(power_of_two(b_norm)) if b_norm > 0 else 1.0


def power_of_two(values: Any) -> Any:
    """The powers of two nearest to positive numbers, on the logarithmic scale: multiplying by them rounds nothing."""
    return np.exp2(np.round(np.log2(values)))


def whole_filters(arch: Architecture, embedding: Embedding, filters: Complex) -> Complex:
    """Filters (P, K') of the stratum as filters (P, K) of the architecture."""
    return projected(filters, embedding.positions, arch.filter_size)


def without_phases(stratum: Stratum, points: Complex) -> Complex:
    """Every factor divided by the phase of its largest coefficient, which makes it real if it can be real.

    The scalar is multiplied by the phases, so that the filters stay the same.

    Parameters
    ----------
    stratum : Stratum
    points : (P, coordinates) complex array
    """
    result = points.copy()
    for factor, part in zip(stratum.factors, stratum.slices, strict=True):
        largest = np.abs(points[:, part]).argmax(axis=1)
        phase = points[np.arange(len(points)), part.start + largest]
        phase = phase / np.abs(phase)
        result[:, part] /= phase[:, None]
        result[:, 0] *= phase**factor.power
    return result


def with_real_factors(stratum: Stratum, points: Complex) -> tuple[Real, NDArray[np.bool_]]:
    """The real parts of points `without_phases`, and where all factors are real.

    Parameters
    ----------
    stratum : Stratum
    points : (P, coordinates) complex array

    Returns
    -------
    points : (P, coordinates) float array
    straight : (P,) bool array
        Where the imaginary parts of every factor are at most `STRAIGHT_FACTOR` of its largest coefficient.
    """
    result = without_phases(stratum, points)
    straight = np.ones(len(points), dtype=bool)
    for part in stratum.slices:
        largest = np.abs(points[:, part]).max(axis=1)
        straight &= np.abs(result[:, part].imag).max(axis=1) <= STRAIGHT_FACTOR * largest
    return result.real.copy(), straight

"""Data restricted to a stratum, filters back at full length, and factors made real."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..arrays import Complex, Real
from ..losses.squared_loss import SquaredLoss
from ..networks.architecture import Architecture
from ..networks.strata import Embedding, Stratum
from .critical_equations import Data

__all__ = ["STRAIGHT_FACTOR", "stratum_data", "whole_filters", "with_real_factors"]

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
    gram_scale = float(np.exp2(np.round(np.log2(np.linalg.norm(gram, 2)))))
    b_norm = float(np.linalg.norm(b))
    b_scale = float(np.exp2(np.round(np.log2(b_norm)))) if b_norm > 0 else 1.0
    return Data(gram / gram_scale, b / b_scale), b_scale / gram_scale


def whole_filters(arch: Architecture, embedding: Embedding, filters: Complex) -> Complex:
    """Filters (P, K') of the stratum as filters (P, K) of the architecture."""
    whole = np.zeros((len(filters), arch.filter_size), complex)
    for column, position in enumerate(embedding.positions):
        whole[:, position] += filters[:, column]
    return whole


def with_real_factors(stratum: Stratum, points: Complex) -> tuple[Real, NDArray[np.bool_]]:
    """Every factor divided by a phase that makes it real if it can be real.

    Parameters
    ----------
    stratum : Stratum
    points : (P, coordinates) complex array

    Returns
    -------
    points : (P, coordinates) float array
        The real parts.
    straight : (P,) bool array
        Where all factors are real, up to `STRAIGHT_FACTOR`.
    """
    result = np.empty(points.shape)
    straight = np.ones(len(points), dtype=bool)
    scalar = points[:, 0]
    for factor, part in zip(stratum.factors, stratum.slices, strict=True):
        form = points[:, part]
        largest = form[np.arange(len(form)), np.abs(form).argmax(axis=1)]
        phase = largest / np.abs(largest)
        form = form / phase[:, None]
        scalar = scalar * phase**factor.power
        straight &= np.abs(form.imag).max(axis=1) <= STRAIGHT_FACTOR * np.abs(largest)
        result[:, part] = form.real
    result[:, 0] = scalar.real
    return result, straight

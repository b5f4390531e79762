"""Data with continua of critical points, or without a minimum."""

from __future__ import annotations

from functools import cache

import numpy as np

from homotopy_lcn import Architecture, CriticalPoints, SquaredLoss, critical_points

__all__ = ["curve_of_minima", "no_minimum", "periodic_series"]


@cache
def curve_of_minima() -> CriticalPoints:
    """The best approximations of the unit matrix by matrices of rank one: a circle of minima, and no isolated point."""
    return critical_points(Architecture((2, 2), (2, 1)), SquaredLoss.white([1, 0, 0, 1]))


@cache
def no_minimum() -> CriticalPoints:
    """The filters (1/e, 1, 1, e) have losses that tend to zero; the critical points are two saddles."""
    loss = SquaredLoss(np.diag([0.0, 1.0, 1.0, 1.0]), [0.0, 1.0, 1.0, 0.0], 2.0)
    return critical_points(Architecture((2, 2), (2, 1)), loss)


@cache
def periodic_series() -> CriticalPoints:
    """Windows of six values of a series of period four, of which the third value to come is predicted."""
    series, arch = np.array([1.0, 3.0, -2.0, 5.0] * 10), Architecture((2, 3), (2, 1))
    X = np.lib.stride_tricks.sliding_window_view(series, 6)[:-3]
    return critical_points(arch, SquaredLoss.from_data(X, series[8:, None], arch))

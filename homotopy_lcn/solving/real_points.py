"""Which critical points are real, and which are conjugate to each other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..arrays import Complex, Real
from ..equations.critical_equations import Data, Equations
from ..equations.distinct import DISTINCT, find, point_keys
from ..tracking.refinement import refine
from .accounts import Regular

__all__ = []


#: A filter within this distance of its conjugate, relative to its norm, may count as real if nothing else decides.
REAL_TOLERANCE = 1e-9
#: Relative error of a refined point for each unit of its condition number.
ROUNDING = 32 * float(np.finfo(np.longdouble).eps)


def _real_and_conjugate(
    equations: Equations, group: Regular, data: Data, nonsingular: bool
) -> tuple[Complex, Complex, NDArray[np.bool_], Real]:
    """Decide which filters are real, make these exactly real and the others exactly conjugate.

    The data are real, so conjugation permutes the critical points: a filter is real if it belongs to its point's
    conjugate, too, that is, if no point with another filter is nearer to the conjugate.

    Returns
    -------
    points, filters, real, conditions
    """
    points, filters, conditions = group.points.copy(), group.filters.copy(), group.conditions.copy()
    keys = point_keys(equations.stratum, points)
    partner = find(keys, keys.conj(), tolerance=1e-6)
    norms = np.linalg.norm(filters, axis=1)
    norms = np.where(norms > 0, norms, 1.0)
    asymmetry = np.abs(filters.imag).max(axis=1, initial=0.0) / norms
    twin = (partner >= 0) & (np.linalg.norm(filters - filters[partner], axis=1) <= DISTINCT * norms)
    real = (partner == np.arange(len(points))) | ((twin | (partner < 0)) & (asymmetry <= REAL_TOLERANCE))
    # Refinement leaves what its residuals' rounding makes of the condition number.
    rounded = (partner < 0) & ~real & np.isfinite(conditions) & (asymmetry <= ROUNDING * conditions)
    for row in np.flatnonzero(rounded):
        real[row] = np.linalg.norm(keys - keys[row].conj(), axis=1).argmin() == row

    turned = equations.normalize(points)
    for factor, part in zip(equations.stratum.factors, equations.stratum.slices, strict=True):
        largest = np.abs(turned[:, part]).argmax(axis=1)
        phase = turned[np.arange(len(turned)), part.start + largest]
        phase = phase / np.abs(phase)
        turned[:, part] /= phase[:, None]
        turned[:, 0] *= phase**factor.power
    factors_real = real & (np.abs(turned[:, 1:].imag).max(axis=1, initial=0.0) < 1e-5)
    rows = np.flatnonzero(factors_real)
    if rows.size and nonsingular:
        exact = refine(equations, turned[rows].real.astype(complex), data, real=True)
        points[rows] = exact.points.astype(complex)
        filters[rows] = exact.filters
        conditions[rows] = exact.conditions
    elif rows.size:
        points[rows] = turned[rows].real
        filters[rows] = equations.filters(points[rows]).real
    filters[real] = filters[real].real
    paired = np.flatnonzero(~real & (partner > np.arange(len(points))))
    paired = paired[partner[partner[paired]] == paired]
    points[partner[paired]], filters[partner[paired]] = points[paired].conj(), filters[paired].conj()
    return points, filters, real, conditions

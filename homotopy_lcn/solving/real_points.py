"""Which critical points are real, and which are conjugate to each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..arrays import Complex, Real
from ..equations.distinct import DISTINCT, KEYED_TOGETHER, find_conjugates, point_keys
from ..equations.restriction import without_phases
from ..tracking.refinement import refine
from .accounts import RegularEnds
from .problem import Problem
from .tolerances import SOLVING

__all__ = ["SortedEnds", "real_and_conjugate"]


class SortedEnds(NamedTuple):
    """Critical points of real data: real ones exactly real, conjugate ones exactly conjugate.

    Attributes
    ----------
    points : (P, coordinates) complex array
    filters : (P, K) complex array
    conditions : (P,) float array
    real : (P,) bool array
        Whether the filter is real.
    conjugates : (P,) int array
        For a complex point the number of its conjugate, −1 for a real point, or if none is known.
    """

    points: Complex
    filters: Complex
    conditions: Real
    real: NDArray[np.bool_]
    conjugates: NDArray[np.int64]

    @classmethod
    def joined(cls, parts: Sequence[SortedEnds]) -> SortedEnds:
        """The points of some lists, one list after the other."""
        offsets = np.cumsum([0, *(len(part.real) for part in parts)])
        moved = [
            part._replace(conjugates=np.where(part.conjugates >= 0, part.conjugates + offset, -1))
            for part, offset in zip(parts, offsets[:-1].tolist(), strict=True)
        ]
        return moved[0] if len(moved) == 1 else cls(*(np.concatenate(arrays) for arrays in zip(*moved, strict=True)))

    def part(self, rows: NDArray[np.int64]) -> SortedEnds:
        """Some of the points, real ones."""
        return SortedEnds(
            self.points[rows], self.filters[rows], self.conditions[rows], self.real[rows], self.conjugates[rows]
        )


def real_and_conjugate(
    problem: Problem, ends: RegularEnds, nonsingular: bool, *, overwritten: bool = False
) -> SortedEnds:
    """Decide which filters are real, make these exactly real and the others exactly conjugate.

    The data are real, so conjugation permutes the critical points: a filter is real if it belongs to its point's
    conjugate, too, that is, if no point with another filter is nearer to the conjugate.

    With ``overwritten`` the arrays of the ends are overwritten and returned: there may be millions of points.
    """
    points, filters, conditions = ends.points, ends.filters, ends.conditions
    if not overwritten:
        points, filters, conditions = points.copy(), filters.copy(), conditions.copy()
    keys = point_keys(problem.stratum, points)
    partner = find_conjugates(keys, SOLVING.conjugate)
    real = _real_filters(keys, filters, conditions, partner)
    del keys
    chosen = np.flatnonzero(real)
    turned = without_phases(problem.stratum, problem.equations.normalize(points[chosen]))
    straight = np.abs(turned[:, 1:].imag).max(axis=1, initial=0.0) < SOLVING.real_factor
    rows, turned = chosen[straight], turned[straight]
    if rows.size and nonsingular:
        exact = refine(problem.equations, turned.real.astype(complex), problem.data, real=True)
        points[rows], filters[rows] = exact.points.astype(complex), exact.filters
        conditions[rows] = exact.conditions
    elif rows.size:
        points[rows] = turned.real
        filters[rows] = problem.equations.filters(points[rows]).real
    filters[real] = filters[real].real
    paired = np.flatnonzero(~real & (partner > np.arange(len(points))))
    paired = paired[partner[partner[paired]] == paired]
    points[partner[paired]], filters[partner[paired]] = points[paired].conj(), filters[paired].conj()
    conjugates = np.full(len(points), -1)
    conjugates[paired], conjugates[partner[paired]] = partner[paired], paired
    return SortedEnds(points, filters, conditions, real, conjugates)


def _real_filters(keys: Complex, filters: Complex, conditions: Real, partner: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which filters are real; ``partner`` is the point that is the conjugate of each, −1 where none is near."""
    asymmetry, twin = np.zeros(len(filters)), partner >= 0
    for first in range(0, len(filters), KEYED_TOGETHER):  # without copies of all filters
        part = slice(first, first + KEYED_TOGETHER)
        here = filters[part]
        norms = np.linalg.norm(here, axis=1)
        norms = np.where(norms > 0, norms, 1.0)
        asymmetry[part] = np.abs(here.imag).max(axis=1, initial=0.0) / norms
        twin[part] &= np.linalg.norm(here - filters[partner[part]], axis=1) <= DISTINCT * norms
    # Near a singular point of M the filters of a conjugate pair are much nearer to each other than its points.
    twin &= ~np.isfinite(conditions) | (asymmetry <= SOLVING.twin)
    real = (partner == np.arange(len(keys))) | ((twin | (partner < 0)) & (asymmetry <= SOLVING.real))
    # Rounding of the residuals, times the condition number, is left after refinement.
    rounded = (partner < 0) & ~real & np.isfinite(conditions) & (asymmetry <= SOLVING.real_rounding * conditions)
    for row in np.flatnonzero(rounded):
        real[row] = np.linalg.norm(keys - keys[row].conj(), axis=1).argmin() == row
    return np.asarray(real)

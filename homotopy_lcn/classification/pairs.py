"""Conjugate pairs of complex critical points of a large stratum, classified into columns.

Nothing but the parameters has to be found for a complex point, unless it is special: hyperroots come so close to each
other that the rules for generic data may not apply.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ..arrays import Complex, Real, without_specks
from ..equations.restriction import whole_filters
from ..results.pairs import ConjugatePairs
from .points import complex_parameters
from .rules import distances_to_hyperroots
from .stratum_problem import StratumProblem
from .tolerances import CLASSIFICATION

__all__ = ["classify_pairs"]

#: Pairs classified together.
PAIRS_TOGETHER = 4096


def classify_pairs(
    problem: StratumProblem,
    points: Complex,
    filters: Complex,
    conditions: Real,
    rows: NDArray[np.int64],
    scale: float,
    tell: Callable[[int], None],
) -> tuple[ConjugatePairs, NDArray[np.int64]]:
    """The pairs of some complex points and their conjugates, and which of the pairs are special.

    Parameters
    ----------
    problem : StratumProblem
        With one real data set.
    points : (P, coordinates) complex array
        For the data of the stratum.
    filters : (P, K') complex array
        In the coordinates of the stratum.
    conditions : (P,) float array
    rows : (M,) integer array
        One point of each pair.
    scale : float
        The factor from filters for the data of the stratum to filters of the loss.
    tell : callable
        Called with the number of points classified so far.
    """
    arch, count = problem.arch, len(rows)
    columns = {
        "filters": np.empty((count, arch.filter_size), complex),
        "losses": np.empty(count, complex),
        "coordinates": np.empty((count, points.shape[1]), complex),
        "thetas": np.empty((count, sum(arch.filters)), complex),
    }
    residuals, distances = np.empty(count), np.empty(count)
    for first in range(0, count, PAIRS_TOGETHER):
        part = slice(first, first + PAIRS_TOGETHER)
        some = points[rows[part]]
        some[:, 0] *= scale
        distances[part] = distances_to_hyperroots(problem, some)
        whole = whole_filters(arch, problem.embedding, scale * filters[rows[part]])
        thetas, residuals[part] = complex_parameters(problem, some, whole)
        columns["filters"][part] = without_specks(whole)
        columns["losses"][part] = problem.losses(whole)
        columns["coordinates"][part] = some
        columns["thetas"][part] = np.concatenate(thetas, axis=1)
        tell(2 * min(first + PAIRS_TOGETHER, count))
    pairs = ConjugatePairs(
        arch,
        (problem.pattern,),
        lengths=(points.shape[1],),
        stratum=np.zeros(count, np.int16),
        conditions=conditions[rows],
        residuals=residuals,
        **columns,
    )
    usual = (distances > CLASSIFICATION.near_hyperroot) & np.isfinite(residuals) & np.isfinite(pairs.conditions)
    return pairs, np.flatnonzero(~usual)

"""Which ends of paths are nonsingular critical points, beyond doubt."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from ..arrays import Complex, Real
from ..equations.critical_equations import ZERO, Data, Equations, least_eigenvalue
from ..equations.distinct import first_occurrences, point_keys
from ..tracking import ReturnCode, TrackResult
from ..tracking.multiprecision import converge
from ..tracking.refinement import Refined, refine
from .accounts import ROUNDING, Regular, _accuracy

__all__ = [
    "ILL_CONDITIONED",
    "SAME_LIMIT",
    "SUSPICIOUS",
    "WINDING",
    "attracting",
    "doubtful_paths",
    "sensitivities",
    "without_residual",
]


#: A Gram matrix with a nonzero eigenvalue below this part of the largest one is ill-conditioned: paths that get lost
#: are tracked in extended precision.
ILL_CONDITIONED = 1e-7
#: A point counts as verified if its last Newton step is at most this, relative to the point.
VERIFIED = 1e-8
#: Above this condition number (scaled to unit diagonal) an end is looked at closely, however well it was reached.
SUSPICIOUS = 1e6
#: Above this condition number the Newton matrix counts as singular.
SINGULAR = 1e13
#: Above this one the end of a path that winds around it is singular.
WINDING = 1e11
#: How far off Newton's method is started to see whether it comes back, in how many steps, and how near it has to come,
#: as a part of that way. At a double point it comes nearer by half in each step; rounding is 1e-19 times the condition
#: number.
ASIDE, STEPS_BACK, BACK = 1e-7, 4, 0.03
#: An ill-conditioned end is regular if its sensitivity in the norms of the data is below this part of what it is at the
#: ends that may be one double end.
INSENSITIVE = 0.1
#: At most so many ends are looked at in many digits, which takes some hundredths of a second each.
MOST_IN_MANY_DIGITS = 500
#: Factors of one block with a least singular value of their Sylvester matrix below this share a root.
SHARED_ROOT = 1e-10
#: Limits of paths nearer than this, relative to their norm, are one singular end.
SAME_LIMIT = 1e-6


def doubtful_paths(equations: Equations, result: TrackResult) -> NDArray[np.int64]:
    """Paths that failed on the way, or that ended where another one ended."""
    success = np.flatnonzero(result.success)
    first = first_occurrences(point_keys(equations.stratum, result.points[success]))
    groups, sizes = np.unique(first, return_counts=True)
    shared = np.isin(first, groups[sizes > 1])
    shared |= _on_smaller_stratum(equations, result.points[success])
    on_the_way = np.isin(result.codes, (ReturnCode.STEP_TOO_SMALL, ReturnCode.TOO_MANY_STEPS))
    return np.union1d(np.flatnonzero(on_the_way), success[shared])


def _on_smaller_stratum(equations: Equations, points: Complex) -> NDArray[np.bool_]:
    """Where two factors of one block share a root.

    Such a point is on a smaller stratum. The derivative of the filter drops rank there, so the critical points of the
    smaller stratum solve the equations of the larger one, too, for all data. Being nonsingular they are no ends of its
    paths, unless a path has gone astray.
    """
    factors, slices = equations.stratum.factors, equations.stratum.slices
    result = np.zeros(len(points), dtype=bool)
    points = equations.normalize(points)
    for f, g in combinations(range(len(factors)), 2):
        if factors[f].dilation == factors[g].dilation:
            size = factors[f].degree + factors[g].degree
            sylvester = np.zeros((len(points), size, size), complex)
            shifts = [(one, shift) for one, other in ((f, g), (g, f)) for shift in range(factors[other].degree)]
            for row, (factor, shift) in enumerate(shifts):
                sylvester[:, row, shift : shift + factors[factor].degree + 1] = points[:, slices[factor]]
            finite = np.flatnonzero(np.isfinite(sylvester).all(axis=(1, 2)))
            result[finite] |= np.linalg.svd(sylvester[finite], compute_uv=False)[:, -1] <= SHARED_ROOT
    return result


class _Verified:
    """The refined ends of paths, and which of them, each looked at alone, are accurate, nonsingular and not astray."""

    def __init__(self, equations: Equations, count: int) -> None:
        stratum = equations.stratum
        self.equations = equations
        self.points = np.full((count, stratum.coordinates), np.nan, np.clongdouble)
        self.filters = np.full((count, stratum.filter_size), np.nan, complex)
        self.conditions = np.full(count, np.inf)
        self.fine = np.zeros(count, dtype=bool)
        self.success = np.zeros(count, dtype=bool)

    def enter(
        self, rows: NDArray[np.int64], result: TrackResult, data: Data, jobs: int
    ) -> tuple[Regular, NDArray[np.bool_]]:
        """Refine the ends of some paths; which ends of all are beyond doubt, distinct ones too, and whose these are."""
        self.success, self.fine[rows] = result.success, False
        rows = rows[result.success[rows]]
        refined = refine(self.equations, result.points[rows], data, jobs=jobs)
        points = refined.points.astype(complex)
        fine = _solved(self.equations, refined, data) & ~_on_smaller_stratum(self.equations, points)
        near = np.flatnonzero(fine & (refined.conditions > SUSPICIOUS))
        fine[near] = _regular(self.equations, refined, near, data, jobs)
        self.points[rows], self.filters[rows] = refined.points, refined.filters
        self.conditions[rows], self.fine[rows] = refined.conditions, fine
        return self._beyond_doubt()

    def _beyond_doubt(self) -> tuple[Regular, NDArray[np.bool_]]:
        rows = np.flatnonzero(self.success)
        points = self.points[rows].astype(complex)
        tolerance = _accuracy(self.conditions[self.fine & self.success])
        first = first_occurrences(point_keys(self.equations.stratum, points), tolerance)
        alone = self.fine[rows] & (np.bincount(first, minlength=len(rows))[first] == 1)
        good = np.zeros(len(self.fine), dtype=bool)
        good[rows[alone]] = True
        return Regular(points[alone], self.filters[good], self.conditions[good]), good


def _solved(equations: Equations, refined: Refined, data: Data) -> NDArray[np.bool_]:
    """Where Newton's method has come to rest, up to rounding, with a matrix that is not singular.

    Scaling to unit diagonal hides that a matrix is singular where zeros of a singular Σ make its rows vanish.
    """
    with np.errstate(invalid="ignore"):
        rest = np.maximum(VERIFIED, ROUNDING * refined.conditions)
    solved = (refined.errors <= rest) & (refined.conditions <= SINGULAR)
    values = np.linalg.svd(data.gram, compute_uv=False)
    rows = np.flatnonzero(solved)
    if values[-1] <= ZERO * values[0] and rows.size:
        sizes = np.linalg.svd(_newton_matrices(equations, refined.points[rows].astype(complex), data), compute_uv=False)
        solved[rows] = sizes[:, -1] > sizes[:, 0] / SINGULAR
    return solved


def _newton_matrices(equations: Equations, points: Complex, data: Data) -> Complex:
    points = equations.normalize(points)
    directions = equations.patch_values(equations.patches(points))
    transformed = equations.transform(data)
    hessian = equations.evaluate(points, directions, transformed, transformed, np.zeros(len(points))).hessian
    assert hessian is not None
    return hessian


def _regular(
    equations: Equations, refined: Refined, rows: NDArray[np.int64], data: Data, jobs: int
) -> NDArray[np.bool_]:
    """Whether ill-conditioned ends are regular: by the norms of ill-conditioned data, or as Newton's method says.

    Of ill-conditioned data Newton's method is asked in many digits, too, if it hesitates in few, and what it then finds
    is entered.
    """
    points, conditions = refined.points[rows].astype(complex), refined.conditions[rows]
    with np.errstate(divide="ignore"):
        result = sensitivities(equations, points, data) <= INSENSITIVE / np.sqrt(ROUNDING * conditions)
    rest = np.flatnonzero(~result)
    result[rest] = attracting(equations, points[rest], data, jobs)
    if least_eigenvalue(data.gram) < ILL_CONDITIONED:
        for place in np.flatnonzero(~result)[:MOST_IN_MANY_DIGITS]:
            row = rows[place]
            there = converge(equations, refined.points[row], data)
            if there is not None and there.distance <= ROUNDING * conditions[place]:
                result[place] = True
                refined.points[row], refined.errors[row] = there.point, 0.0
                refined.filters[row] = equations.filters(there.point[None])[0]
    return result


def sensitivities(equations: Equations, points: Complex, data: Data) -> Real:
    """How much the critical points change with the data, the data and their filters w in the norm of the loss.

    With Σ = U S Vᴴ (for real data U = V) the derivative of S^½ Vᴴ w by S^−½ Uᴴ b is S^½ Vᴴ J H⁻¹ Jᵀ U S^½. Its norm is
    1 where the residual is zero, however ill-conditioned Σ is, and infinite where critical filters meet. Points change
    with their filters as the inverse of J says, the condition number of which is the other factor. A singular Σ has no
    norm to measure filters in: infinite.
    """
    if len(points) == 0:
        return np.ones(0)
    left, values, right = np.linalg.svd(data.gram)
    if values[-1] <= ZERO * values[0]:
        return np.full(len(points), np.inf)
    hessian = _newton_matrices(equations, points, data)
    roots = np.sqrt(values)[:, None]
    jacobian = equations.tangent_space(points)
    filters, moments = (roots * right) @ jacobian, (roots * left.T) @ jacobian
    scale = np.linalg.norm(filters, axis=1)
    scale = np.where(scale > 0, scale, 1.0)
    with np.errstate(all="ignore"):
        try:
            matrix = hessian / scale[:, :, None] / scale[:, None, :]
            solved = np.linalg.solve(matrix, (moments / scale[:, None, :]).swapaxes(1, 2))
        except np.linalg.LinAlgError:
            return np.full(len(points), np.inf)
        change = np.linalg.norm((filters / scale[:, None, :]) @ solved, 2, axis=(1, 2))
        sizes = np.linalg.norm(jacobian, axis=1)
        singular = np.linalg.svd(jacobian / np.where(sizes > 0, sizes, 1.0)[:, None, :], compute_uv=False)
        return np.asarray(change * singular[:, 0] / singular[:, -1])


def attracting(equations: Equations, points: Complex, data: Data, jobs: int) -> NDArray[np.bool_]:
    """Whether Newton's method comes back to the points from a little way off on all sides, where its matrix is weakest.

    At a singular solution, or near one, it comes slower or does not. Unlike the condition number this tells it from a
    regular solution that others are near.
    """
    if len(points) == 0:
        return np.ones(0, dtype=bool)
    keys = point_keys(equations.stratum, points)
    result = np.ones(len(points), dtype=bool)
    bases, transformed = equations.patches(points), equations.transform(data)
    hessian = equations.evaluate(
        points, equations.patch_values(bases), transformed, transformed, np.zeros(len(points))
    ).hessian
    assert hessian is not None
    weakest = np.linalg.svd(hessian)[2][:, -1].conj()
    for turn in (1, 1j, -1, -1j):
        started = equations.move(points, bases, complex(turn) * ASIDE * weakest)
        away = np.linalg.norm(point_keys(equations.stratum, started) - keys, axis=1)
        ended = refine(equations, started, data, steps=STEPS_BACK, jobs=jobs)
        distance = np.linalg.norm(point_keys(equations.stratum, ended.points.astype(complex)) - keys, axis=1)
        result &= distance <= BACK * away
    return result


def without_residual(equations: Equations, points: Complex, data: Data) -> NDArray[np.bool_]:
    """Which points have filters with Σw = b, up to the accuracy of a limit."""
    filters = equations.filters(points)
    terms = np.linalg.norm(data.gram, 2) * np.linalg.norm(filters, axis=1) + np.linalg.norm(data.b)
    errors: Real = np.linalg.norm(filters @ data.gram - data.b, axis=1)
    return np.asarray(errors <= SAME_LIMIT * terms)

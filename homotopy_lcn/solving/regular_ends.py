"""Which ends of paths are nonsingular critical points, beyond doubt."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from ..arrays import Complex, Real, rows_times
from ..equations.critical_equations import ZERO_EIGENVALUE, Equations
from ..equations.distinct import first_points, point_keys
from ..tracking import ReturnCode, TrackResult
from ..tracking.multiprecision import converge
from ..tracking.refinement import Refined, refine
from ..tracking.settings import Tracking
from .accounts import RegularEnds, accuracy, too_near
from .local_structure import local_structures
from .problem import Problem
from .tolerances import SOLVING

__all__ = [
    "VerifiedEnds",
    "arrived",
    "attracting",
    "doubtful_paths",
    "have_zero_residual",
    "on_smaller_stratum",
    "regular_rows",
    "sensitivities",
    "solved_rows",
]


def doubtful_paths(equations: Equations, result: TrackResult) -> NDArray[np.int64]:
    """Paths that failed on the way, or that ended where another one ended."""
    success = np.flatnonzero(result.success)
    first = first_points(equations.stratum, result.points[success])
    groups, sizes = np.unique(first, return_counts=True)
    shared = np.isin(first, groups[sizes > 1])
    shared |= on_smaller_stratum(equations, result.points[success])
    on_the_way = np.isin(result.codes, (ReturnCode.STEP_TOO_SMALL, ReturnCode.TOO_MANY_STEPS))
    return np.union1d(np.flatnonzero(on_the_way), success[shared])


def arrived(result: TrackResult) -> NDArray[np.bool_]:
    """Which paths have come to the data: no other ends can be regular."""
    # Newton's method without pivots may fail at the very end, where the Gram matrix has zeros on its diagonal.
    nearly = (result.distances == 0) & (result.errors <= SOLVING.nearly_arrived)
    return np.asarray(result.success | (nearly & np.isfinite(result.points).all(axis=1)))


def on_smaller_stratum(equations: Equations, points: Complex) -> NDArray[np.bool_]:
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
            result[finite] |= np.linalg.svd(sylvester[finite], compute_uv=False)[:, -1] <= SOLVING.shared_root
    return result


class VerifiedEnds:
    """The refined ends of paths, and which of them, each looked at alone, are accurate, nonsingular and not astray."""

    def __init__(self, problem: Problem, count: int) -> None:
        stratum = problem.stratum
        self.problem = problem
        self.points = np.full((count, stratum.coordinates), np.nan, complex)
        self.filters = np.full((count, stratum.filter_size), np.nan, complex)
        self.conditions = np.full(count, np.inf)
        self.fine = np.zeros(count, dtype=bool)
        self.success = np.zeros(count, dtype=bool)
        self.waiting = np.zeros(count, dtype=bool)
        self._left: list[tuple[NDArray[np.int64], Refined]] = []

    def enter(
        self, rows: NDArray[np.int64], result: TrackResult, tracking: Tracking, *, later: bool = False
    ) -> NDArray[np.bool_]:
        """Refine the ends of some paths.

        Parameters
        ----------
        rows : integer array
            The paths whose ends are new.
        result : TrackResult
            The ends of all paths.
        tracking : Tracking
            For its number of threads and its clock.
        later : bool
            Whether ill-conditioned ends are left in doubt, for `look_closer`; then they are ``waiting``.

        Returns
        -------
        good : (P,) bool array
            The paths whose ends are beyond doubt, of all paths, and different from each other.
        """
        self.success = arrived(result)
        self.fine[rows] = self.waiting[rows] = False
        rows = rows[self.success[rows]]
        for first in range(0, len(rows), SOLVING.refined_together):
            self._refine(rows[first : first + SOLVING.refined_together], result, tracking, later)
        return self._beyond_doubt()

    def look_closer(self, tracking: Tracking) -> NDArray[np.bool_]:
        """Tell which of the waiting ends are regular; the paths whose ends are beyond doubt then, as `enter` says."""
        for rows, refined in reversed(self._left):  # the last refinement of an end counts
            some = np.flatnonzero(self.waiting[rows])
            self.waiting[rows] = False
            self.fine[rows[some]] = regular_rows(self.problem, refined, some, tracking)
            self.points[rows[some]] = refined.points[some].astype(complex)
            self.filters[rows[some]], self.conditions[rows[some]] = refined.filters[some], refined.conditions[some]
        self._left.clear()
        return self._beyond_doubt()

    def _refine(self, rows: NDArray[np.int64], result: TrackResult, tracking: Tracking, later: bool) -> None:
        """Refine the ends of some paths, and enter them."""
        equations = self.problem.equations
        refined = refine(equations, result.points[rows], self.problem.data, jobs=tracking.jobs)
        limit = SOLVING.singular_in_many_digits if self.problem.rank_in_doubt else SOLVING.singular
        fine = solved_rows(self.problem, refined, limit) & ~on_smaller_stratum(
            equations, refined.points.astype(complex)
        )
        fine &= result.success[rows] | (refined.conditions <= SOLVING.suspicious)
        near = np.flatnonzero(fine & (refined.conditions > SOLVING.suspicious))
        if later:
            fine[near], self.waiting[rows[near]] = False, True
            self._left.append((rows[near], Refined(*(values[near] for values in vars(refined).values()))))
        else:
            fine[near] = regular_rows(self.problem, refined, near, tracking)
        self.points[rows], self.filters[rows] = refined.points.astype(complex), refined.filters
        self.conditions[rows], self.fine[rows] = refined.conditions, fine

    def _beyond_doubt(self) -> NDArray[np.bool_]:
        rows = np.flatnonzero(self.success)
        whole = len(rows) == len(self.success)
        points = self.points if whole else self.points[rows]
        tolerance = accuracy(self.conditions[self.fine & self.success])
        first = first_points(self.problem.stratum, points, tolerance)
        alone = self.fine[rows] & (np.bincount(first, minlength=len(rows))[first] == 1)
        some = np.flatnonzero(alone)
        alone[some] = ~too_near(self.problem.stratum, points[some], self.conditions[rows[some]])
        good = np.zeros(len(self.fine), dtype=bool)
        good[rows[alone]] = True
        return good

    def give_up(self, good: NDArray[np.bool_]) -> RegularEnds:
        """The ends of some paths (P,) of them, in the arrays of all ends, which hold nothing else from then on."""
        rows = np.flatnonzero(good)
        for array in (self.points, self.filters, self.conditions) if len(rows) < len(good) else ():
            for first in range(0, len(rows), SOLVING.refined_together):  # a row never moves to a later place
                some = rows[first : first + SOLVING.refined_together]
                array[first : first + len(some)] = array[some]
        return RegularEnds(self.points[: len(rows)], self.filters[: len(rows)], self.conditions[: len(rows)])


def solved_rows(problem: Problem, refined: Refined, singular: float = SOLVING.singular) -> NDArray[np.bool_]:
    """Where Newton's method has come to rest, up to rounding, with a matrix that is not singular.

    A matrix with a condition number above ``singular`` counts as singular. A filter below rounding is w = 0, where the
    matrix may be regular, too: it is no critical filter.
    """
    with np.errstate(invalid="ignore"):
        rest = np.maximum(SOLVING.verified, SOLVING.end_rounding * refined.conditions)
        sizes = np.linalg.norm(refined.filters, axis=1) * np.linalg.norm(problem.data.gram, 2)
    nonzero = ~(sizes <= SOLVING.zero_filter * np.linalg.norm(problem.data.b)) | (not np.any(problem.data.b))
    return np.asarray((refined.errors <= rest) & (refined.conditions <= singular) & nonzero)


def _newton_matrices(problem: Problem, points: Complex) -> Complex:
    """The Newton matrices (P, n, n) at points whose factors are scaled to norm one first."""
    hessian = problem.equations.evaluate_at(problem.equations.normalize(points), problem.data).hessian
    assert hessian is not None
    return hessian


def regular_rows(problem: Problem, refined: Refined, rows: NDArray[np.int64], tracking: Tracking) -> NDArray[np.bool_]:
    """Whether ill-conditioned ends are regular: by the norms of ill-conditioned data, or as Newton's method says.

    If Newton's method does not come back in few digits, it is tried in many digits. The point that it finds then
    replaces the refined one. When the time is up, the ends that are left are in doubt.
    """
    equations, data = problem.equations, problem.data
    points, conditions = refined.points[rows].astype(complex), refined.conditions[rows]
    with np.errstate(divide="ignore"):
        result = sensitivities(problem, points) <= SOLVING.insensitive / np.sqrt(SOLVING.end_rounding * conditions)
    mild = conditions <= (SOLVING.singular if problem.definite else SOLVING.attracted)
    rest = np.flatnonzero(~result & mild)
    result[rest] = attracting(problem, points[rest], tracking.jobs)
    result &= mild
    doubtful = np.flatnonzero(~result)[: SOLVING.most_in_many_digits]
    if doubtful.size and not problem.ill_conditioned and not tracking.clock.is_up():
        # Many digits tell where the critical set nearby is no continuum.
        random = np.random.default_rng(0)
        found = local_structures(equations, points[doubtful], data, random, dimensions=False)
        doubtful = doubtful[[bool(one.solutions) for one in found]]
    for place in doubtful:
        if tracking.clock.is_up():
            break
        row = rows[place]
        there = converge(equations, refined.points[row], data)
        if there is not None and there.distance <= SOLVING.end_rounding * conditions[place]:
            result[place] = True
            refined.points[row], refined.errors[row] = there.point, 0.0
            refined.filters[row] = equations.filters(there.point[None])[0]
    return result


def sensitivities(problem: Problem, points: Complex) -> Real:
    """How much the critical points change with the data, the data and their filters w in the norm of the loss.

    With Σ = U S Vᴴ (for real data U = V) the derivative of S^½ Vᴴ w by S^−½ Uᴴ b is S^½ Vᴴ J H⁻¹ Jᵀ U S^½. Its norm is
    1 where the residual is zero, however ill-conditioned Σ is, and infinite where critical filters meet. Points change
    with their filters as the inverse of J says, the condition number of which is the other factor. A singular Σ has no
    norm to measure filters in: infinite.
    """
    if len(points) == 0:
        return np.ones(0)
    left, values, right = np.linalg.svd(problem.data.gram)
    if values[-1] <= ZERO_EIGENVALUE * values[0]:
        return np.full(len(points), np.inf)
    hessian = _newton_matrices(problem, points)
    roots = np.sqrt(values)[:, None]
    jacobian = problem.equations.tangent_space(points)
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


def attracting(problem: Problem, points: Complex, jobs: int) -> NDArray[np.bool_]:
    """Whether Newton's method comes back to the points from a little way off on all sides, where its matrix is weakest.

    At a singular solution, or near one, it comes back slowly or not at all. Unlike the condition number this tells a
    singular solution from a regular one that has others near it.
    """
    if len(points) == 0:
        return np.ones(0, dtype=bool)
    equations, data, stratum = problem.equations, problem.data, problem.stratum
    keys = point_keys(stratum, points)
    bases = equations.patches(points)
    hessian = equations.evaluate_at(points, data).hessian
    assert hessian is not None
    weakest = np.asarray(SOLVING.aside * np.linalg.svd(hessian)[2][:, -1].conj(), complex)
    sides = np.concatenate([equations.move(points, bases, turn * weakest) for turn in (1, 1j, -1, -1j)])
    ended = refine(equations, sides, data, steps=SOLVING.steps_back, jobs=jobs).points.astype(complex)
    distances = [np.linalg.norm(point_keys(stratum, moved) - np.tile(keys, (4, 1)), axis=1) for moved in (sides, ended)]
    return np.asarray((distances[1] <= SOLVING.back * distances[0]).reshape(4, -1).all(axis=0))


def have_zero_residual(problem: Problem, points: Complex) -> NDArray[np.bool_]:
    """Which points have filters with Σw = b, up to the accuracy of a limit."""
    filters, data = problem.equations.filters(points), problem.data
    terms = np.linalg.norm(data.gram, 2) * np.linalg.norm(filters, axis=1) + np.linalg.norm(data.b)
    errors: Real = np.linalg.norm(rows_times(filters, data.gram) - data.b, axis=1)
    return np.asarray(errors <= SOLVING.same_limit * terms)

"""Following all paths of a start system to the data, and accounting for each of them.

One homotopy finds nearly all ends. Paths that fail on the way or end together are tracked again with shorter steps; the
endgame then says where the rest end: at infinity, at w = 0, at a singular point. What is still missing is looked for
along other detours through complex data. The exact number of paths is known, so nothing is lost in silence.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from .arrays import Complex, Real
from .equations.critical_equations import ZERO, Data, Equations, least_eigenvalue
from .equations.distinct import DISTINCT, find, first_occurrences, point_keys
from .monodromy import random_data
from .start_systems import StartSystem
from .tracking import Engine, Homotopy, ReturnCode, TrackerOptions, TrackResult, short_segment_engine
from .tracking.endgame import End, PathEnds, trace_ends
from .tracking.ill_conditioned import PATIENT, Way, from_the_start, in_doubles, in_two_parts
from .tracking.multiprecision import converge
from .tracking.refinement import Refined, refine

__all__ = ["Account", "Regular", "attracting", "doubtful_paths", "follow_paths", "sensitivities", "without_residual"]

#: Homotopies tried in all for one stratum, each through other random data.
DETOURS = 6
#: A Gram matrix with a nonzero eigenvalue below this part of the largest one is ill-conditioned: paths that get lost
#: are tracked in extended precision.
ILL_CONDITIONED = 1e-7
#: The first so many ways to ill-conditioned data are taken without tracking whole paths in extended precision: another
#: way may find what one has lost, and takes less time.
QUICK_DETOURS = 2
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
#: Rounding in refined points for each unit of their condition number; ends that are nearer to each other than the
#: square root of it may be one double end.
ROUNDING = 8 * float(np.finfo(np.longdouble).eps)
#: An ill-conditioned end is regular if its sensitivity in the norms of the data is below this part of what it is at the
#: ends that may be one double end.
INSENSITIVE = 0.1
#: At most so many ends are looked at in many digits, which takes some hundredths of a second each.
MOST_IN_MANY_DIGITS = 500
#: Factors of one block with a least singular value of their Sylvester matrix below this share a root.
SHARED_ROOT = 1e-10
#: Limits of paths nearer than this, relative to their norm, are one singular end.
SAME_LIMIT = 1e-6


@dataclass(frozen=True)
class Regular:
    """Refined nonsingular points: (P, coordinates), their filters (P, K) and condition numbers (P,)."""

    points: Complex
    filters: Complex
    conditions: Real

    @classmethod
    def of(cls, refined: Refined, rows: NDArray[np.integer | np.bool_]) -> Regular:
        """Some of the points of a refinement."""
        return cls(refined.points[rows].astype(complex), refined.filters[rows], refined.conditions[rows])

    def part(self, rows: NDArray[np.integer | np.bool_]) -> Regular:
        """Some of the points."""
        return Regular(self.points[rows], self.filters[rows], self.conditions[rows])

    def conjugate(self) -> Regular:
        """The conjugate points, which solve real equations as well."""
        return Regular(self.points.conj(), self.filters.conj(), self.conditions)

    def __len__(self) -> int:
        return len(self.points)


@dataclass
class Account:
    """What is known of the ends of all paths of a stratum.

    ``regular`` holds the distinct finite nonsingular ends, ``singular`` the distinct finite singular ones with the
    winding numbers of the paths that meet there and whether they are isolated; the rest are numbers of paths.
    """

    regular: Regular
    singular: Complex
    windings: list[tuple[int, ...]] = field(default_factory=list)
    isolated: list[bool] = field(default_factory=list)
    at_infinity: int = 0
    origin: int = 0
    retracked: int = 0
    extended: int = 0
    detours: int = 0
    paths: int = 0
    steps: int = 0

    @property
    def singular_paths(self) -> int:
        return sum(len(windings) for windings in self.windings)

    @property
    def accounted(self) -> int:
        return len(self.regular) + self.singular_paths + self.at_infinity + self.origin


def follow_paths(
    equations: Equations,
    start: StartSystem,
    data: Data,
    rng: np.random.Generator,
    engine: Engine,
    jobs: int,
    options: TrackerOptions,
    report: Callable[[int], None] | None,
    detours: int | None = None,
    few_samples: bool = False,
    precise_ends: bool = False,
) -> Account:
    """One homotopy from the start system to the data, and whatever else it takes to account for all paths.

    The straight segment from the start data, which are random, complex, avoids the discriminant with probability one.
    Failed and coinciding paths are tracked again conservatively, and in extended precision if the Gram matrix is
    ill-conditioned; where that does not help, the endgame says where they end. If paths are still missing, all of them
    are tracked along other detours: from start data multiplied by random complex numbers, Σ and b separately, which
    scales the start filters.

    With ``few_samples`` the filters of residual zero form a continuum. A path that seems to end there may have strayed
    to it, so it is not accounted for. With ``precise_ends`` the endgame goes on in extended precision if need be.
    """
    count = len(start.points)
    nothing = np.empty((0, equations.stratum.coordinates), complex)
    regular = Regular(nothing, np.empty((0, equations.stratum.filter_size), complex), np.empty(0))
    ends = Account(regular=regular, singular=nothing)
    everything = np.arange(count)
    real = not np.iscomplexobj(data.gram) and not np.iscomplexobj(data.b)
    ill_conditioned = least_eigenvalue(data.gram) < ILL_CONDITIONED
    detours = DETOURS if detours is None or ill_conditioned else detours
    for detour in range(detours):
        homotopy, starts = _detour(start, data, rng) if detour else (Homotopy(start.data, data), start.points)
        chosen = options if detour == 0 else PATIENT
        result = engine.track(equations.stratum, starts, homotopy, chosen, jobs=jobs, report=report)
        ends.paths += count
        ends.steps += int(result.steps.sum())
        ends.detours = detour
        verified = _Verified(equations, count)
        found, good = verified.enter(everything, result, data, jobs)
        if detour == 0 and not good.all():
            doubtful = np.intersect1d(doubtful_paths(equations, result), np.flatnonzero(~good))
            if doubtful.size:
                careful = TrackerOptions.conservative()
                again = engine.track(equations.stratum, starts[doubtful], homotopy, careful, jobs=jobs)
                ends.paths += doubtful.size
                ends.steps += int(again.steps.sum())
                ends.retracked += int(doubtful.size)
                result.put(doubtful, again)
                found, good = verified.enter(doubtful, result, data, jobs)
        if not good.all() and ill_conditioned:
            for way in _ways(detour):
                lost = np.flatnonzero(~good)
                rows, again = way(engine, equations.stratum, starts, homotopy, result, lost, jobs)
                ends.paths += rows.size
                ends.steps += int(again.steps.sum())
                ends.extended += 0 if way is in_doubles else int(rows.size)
                kept = np.flatnonzero(again.success | ~result.success[rows])
                result.put(rows[kept], again.part(kept))
                found, good = verified.enter(rows, result, data, jobs)
                if good.all():
                    break
        ends.regular = _united(equations, ends.regular, found) if len(ends.regular) else found
        if ill_conditioned and len(ends.regular) < count and real:
            ends.regular = _united(equations, ends.regular, ends.regular.conjugate())
        if len(ends.regular) >= count:
            break
        rest = np.flatnonzero(~good)
        traced = trace_ends(
            short_segment_engine(engine), equations.stratum, starts[rest], homotopy, jobs=jobs, precise=precise_ends
        )
        direct = result.points[rest]
        if few_samples:
            bare = without_residual(equations, traced.points, data)
            traced.kinds[bare & (traced.kinds == End.FINITE)] = End.UNKNOWN
            direct[bare | without_residual(equations, direct, data)] = np.nan
        _enter(equations, ends, traced, direct, data, jobs)
        if ends.accounted == count:
            _find_isolated(equations, ends, start, data, rng, engine, jobs)
            break
    return ends


def _ways(detour: int) -> tuple[Way, ...]:
    """How to go on with paths to ill-conditioned data on a detour, in this order."""
    quick: tuple[Way, ...] = (in_two_parts,) if detour else (in_doubles, in_two_parts)
    return quick if detour < QUICK_DETOURS else (*quick, from_the_start)


def _detour(start: StartSystem, data: Data, rng: np.random.Generator) -> tuple[Homotopy, Complex]:
    """A random segment of data to the target, and where its paths start."""
    turns = np.exp(2j * np.pi * rng.random(2))
    if np.array_equal(start.data.gram, data.gram):
        turns[0] = 1.0  # a start system of this very Gram matrix: only b moves
    starts = start.points.copy()
    starts[:, 0] *= turns[1] / turns[0]
    return Homotopy(Data(turns[0] * start.data.gram, turns[1] * start.data.b), data), starts


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


def _accuracy(conditions: Real) -> float:
    """How near to each other points with these condition numbers may be and still be one."""
    return max(DISTINCT, ROUNDING * float(conditions.max(initial=0.0)))


def _united(equations: Equations, known: Regular, new: Regular) -> Regular:
    """The distinct points of both."""
    keys = point_keys(equations.stratum, new.points)
    tolerance = max(_accuracy(known.conditions), _accuracy(new.conditions))
    keep = first_occurrences(keys, tolerance) == np.arange(len(keys))
    keep &= find(point_keys(equations.stratum, known.points), keys, tolerance) < 0
    return Regular(
        np.concatenate([known.points, new.points[keep]]),
        np.concatenate([known.filters, new.filters[keep]]),
        np.concatenate([known.conditions, new.conditions[keep]]),
    )


def _enter(equations: Equations, ends: Account, traced: PathEnds, direct: Complex, data: Data, jobs: int) -> None:
    """Enter the ends that the endgame found for the paths in doubt; ``direct`` is where these were tracked to.

    A path that winds m times around its end is one of a cycle of m paths with this end: where some of them are missing,
    the end or the winding number is wrong, and none is accounted for.

    A finite end is nonsingular if the Newton matrix is regular there. Then no other path can end there: one that seems
    to has gone astray and is not accounted for. So has one that ends at a nonsingular point of a smaller stratum. Near
    the discriminant the endgame may stop short of an ill-conditioned end of one path, which Newton's method finds.
    """
    stratum = equations.stratum
    ends.at_infinity = _in_whole_cycles(traced.windings[traced.kinds == End.AT_INFINITY])
    ends.origin = _in_whole_cycles(traced.windings[traced.kinds == End.ORIGIN])
    finite = np.flatnonzero(traced.kinds == End.FINITE)
    limits = traced.points[finite]
    keys = point_keys(stratum, limits)
    first = first_occurrences(keys, tolerance=SAME_LIMIT)
    several = np.bincount(first, minlength=len(finite))[first] > 1
    several |= traced.windings[finite] > 1
    refined = refine(equations, limits, data, jobs=jobs)
    moved = np.linalg.norm(point_keys(stratum, refined.points.astype(complex)) - keys, axis=1)
    solved = _solved(equations, refined, data)
    there = moved <= SAME_LIMIT * np.linalg.norm(keys, axis=1)
    regular = solved & (there | ~several)
    doubtful = np.flatnonzero(regular & (several | ~there))
    regular[doubtful] = attracting(equations, refined.points[doubtful].astype(complex), data, jobs)
    # Where the Newton matrix vanishes to higher order, rounding is all that is left of it nearby, and that attracts.
    # But a path does not wind around a nonsingular solution.
    regular &= ~(there & (traced.windings[finite] > 1) & (refined.conditions > WINDING))
    strayed = regular & _on_smaller_stratum(equations, refined.points.astype(complex))
    ends.regular = _united(equations, ends.regular, Regular.of(refined, regular & ~strayed))
    # What the endgame could not tell, but Newton's method confirms, counts as found. It may be as ill-conditioned as
    # the Gram matrix.
    unknown = np.flatnonzero((traced.kinds == End.UNKNOWN) & np.isfinite(direct).all(axis=1))
    confirmed = refine(equations, direct[unknown], data, jobs=jobs)
    sure = _solved(equations, confirmed, data) & ~_on_smaller_stratum(equations, confirmed.points.astype(complex))
    near = np.flatnonzero(sure & (confirmed.conditions > SUSPICIOUS))
    sure[near] = _regular(equations, confirmed, near, data, jobs)
    ends.regular = _united(equations, ends.regular, Regular.of(confirmed, sure))
    singular = np.flatnonzero(~regular)
    groups = [finite[singular[first[singular] == leader]] for leader in np.unique(first[singular])]
    groups = [group for group in groups if _in_whole_cycles(traced.windings[group]) == len(group)]
    best = [group[np.argmin(traced.residuals[group])] for group in groups]
    ends.singular = traced.points[np.array(best, dtype=int)]
    ends.windings = [tuple(sorted(traced.windings[group].tolist())) for group in groups]
    ends.isolated = [True] * len(groups)


def without_residual(equations: Equations, points: Complex, data: Data) -> NDArray[np.bool_]:
    """Which points have filters with Σw = b, up to the accuracy of a limit."""
    filters = equations.filters(points)
    terms = np.linalg.norm(data.gram, 2) * np.linalg.norm(filters, axis=1) + np.linalg.norm(data.b)
    errors: Real = np.linalg.norm(filters @ data.gram - data.b, axis=1)
    return np.asarray(errors <= SAME_LIMIT * terms)


def _in_whole_cycles(windings: NDArray[np.int64]) -> int:
    """How many paths with these winding numbers m are there in multiples of m; unknown ones, 0, may fill any gap."""
    if (windings == 0).any():
        return len(windings)
    numbers, counts = np.unique(windings, return_counts=True)
    return int(counts[counts % numbers == 0].sum())


def _find_isolated(
    equations: Equations,
    ends: Account,
    start: StartSystem,
    data: Data,
    rng: np.random.Generator,
    engine: Engine,
    jobs: int,
) -> None:
    """Which singular ends are isolated solutions: those that the paths of another detour end at, too.

    On a component of positive dimension the ends depend on the detour. If only b moves, they are the same on all
    segments from multiples of one b, so the other detour starts from another one.
    """
    if not ends.windings:
        return
    if np.array_equal(start.data.gram, data.gram):
        elsewhere = Data(start.data.gram, random_data(equations.stratum.filter_size, rng).b)
        way = Homotopy(start.data, elsewhere)
        moved = engine.track(equations.stratum, start.points, way, TrackerOptions.conservative(), jobs=jobs)
        start = StartSystem(start.stratum, elsewhere, moved.points[moved.success], start.trace)
        ends.paths += len(moved)
    homotopy, starts = _detour(start, data, rng)
    other = trace_ends(short_segment_engine(engine), equations.stratum, starts, homotopy, jobs=jobs)
    ends.paths += len(starts)
    keys = point_keys(equations.stratum, other.points[other.kinds == End.FINITE])
    ends.isolated = (find(keys, point_keys(equations.stratum, ends.singular), tolerance=SAME_LIMIT) >= 0).tolist()

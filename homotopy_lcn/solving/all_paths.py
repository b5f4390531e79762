"""Following all paths of a start system to the data, and accounting for each of them.

One homotopy finds nearly all ends. Paths that fail on the way or end together are tracked again with shorter steps; the
endgame then says where the rest end: at infinity, at w = 0, at a singular point. What is still missing is looked for
along other detours through complex data. The exact number of paths is known, so nothing is lost in silence.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ..arrays import Complex
from ..equations.critical_equations import Data, Equations, least_eigenvalue
from ..equations.distinct import find, first_occurrences, point_keys
from ..tracking import Engine, Homotopy, TrackerOptions, short_segment_engine
from ..tracking.endgame import End, PathEnds, trace_ends
from ..tracking.ill_conditioned import Retracking, from_the_start, in_doubles, in_two_parts
from ..tracking.refinement import refine
from ..tracking.tolerances import RETRACKING
from .accounts import Account, Regular, _united
from .monodromy import random_data
from .regular_ends import (
    ILL_CONDITIONED,
    SAME_LIMIT,
    SUSPICIOUS,
    WINDING,
    _on_smaller_stratum,
    _regular,
    _solved,
    _Verified,
    attracting,
    doubtful_paths,
    without_residual,
)
from .start_systems import StartSystem

__all__ = ["follow_paths"]

#: Homotopies tried in all for one stratum, each through other random data.
DETOURS = 6
#: The first so many ways to ill-conditioned data are taken without tracking whole paths in extended precision: another
#: way may find what one has lost, and takes less time.
QUICK_DETOURS = 2


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
        chosen = options if detour == 0 else RETRACKING.patient
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
            for retrack in _retrackings(detour):
                rows = np.flatnonzero(~good)
                again = retrack(engine, equations.stratum, starts[rows], homotopy, jobs)
                ends.paths += rows.size
                ends.steps += int(again.steps.sum())
                ends.extended += 0 if retrack is in_doubles else int(rows.size)
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


def _retrackings(detour: int) -> tuple[Retracking, ...]:
    """How to go on with paths to ill-conditioned data on a detour, in this order."""
    quick: tuple[Retracking, ...] = (in_two_parts,) if detour else (in_doubles, in_two_parts)
    return quick if detour < QUICK_DETOURS else (*quick, from_the_start)


def _detour(start: StartSystem, data: Data, rng: np.random.Generator) -> tuple[Homotopy, Complex]:
    """A random segment of data to the target, and where its paths start."""
    turns = np.exp(2j * np.pi * rng.random(2))
    if np.array_equal(start.data.gram, data.gram):
        turns[0] = 1.0  # a start system of this very Gram matrix: only b moves
    starts = start.points.copy()
    starts[:, 0] *= turns[1] / turns[0]
    return Homotopy(Data(turns[0] * start.data.gram, turns[1] * start.data.b), data), starts


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

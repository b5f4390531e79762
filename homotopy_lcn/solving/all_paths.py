"""Following all paths of a start system to the data, and accounting for each of them.

One homotopy finds nearly all ends. Paths that fail on the way or end together are tracked again with shorter steps. The
endgame then says where the remaining paths end: at infinity, at w = 0, at a singular point. Points that are still
missing are looked for along other detours through complex data. The exact number of paths is known, so no path is lost
in silence.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arrays import Complex
from ..equations.critical_equations import Data, is_definite
from ..equations.distinct import first_occurrences, point_keys
from ..progress import TimeUp
from ..tracking import Homotopy, ReturnCode, TrackResult
from ..tracking.endgame import End, PathEnds, trace_ends
from ..tracking.ill_conditioned import (
    Retracking,
    along_eigenvalues,
    from_the_start,
    in_doubles,
    in_two_parts,
)
from ..tracking.refinement import refine
from ..tracking.settings import Tracking
from ..tracking.tolerances import RETRACKING
from .accounts import PathAccount, RegularEnds, distinct_union, in_whole_cycles
from .far_ends import FarEnds, follow_far, growth_in_doubles
from .problem import Problem
from .regular_ends import (
    VerifiedEnds,
    attracting,
    doubtful_paths,
    have_zero_residual,
    on_smaller_stratum,
    regular_rows,
    solved_rows,
)
from .stored_systems import StartSystem
from .tolerances import FAR, SOLVING

__all__ = ["follow_paths"]


def follow_paths(
    problem: Problem,
    start: StartSystem,
    tracking: Tracking,
    *,
    detours: int | None = None,
    precise_ends: int = 0,
    same_range: bool | None = None,
    most_far: int | None = None,
) -> PathAccount:
    """One homotopy from the start system to the data, and whatever else it takes to account for all paths.

    The straight segment from the start data, which are random and complex, avoids the discriminant with probability
    one. If paths are missing after the endgame, all of them are tracked along other detours: from start data multiplied
    by random complex numbers, Σ and b separately, which scales the start filters.

    Parameters
    ----------
    problem : Problem
        If its Gram matrix is rank deficient, the filters of residual zero form a continuum. A path that seems to end
        there may have strayed to the continuum, so it is not accounted for.
    start : StartSystem
    tracking : Tracking
        Its options are used for the first homotopy.
    detours : int, optional
        Homotopies tried in all, by default `SolvingTolerances.detours`, which ill-conditioned data always get.
    precise_ends : int
        For how many ends at most the endgame goes on in extended precision if need be, see `trace_ends`.
    same_range : bool, optional
        Whether the Gram matrices of start and data have the same range. Then paths to infinity and to w = 0, and those
        that get lost, are followed in many digits. By default, if start and data have the same Gram matrix.
    most_far : int, optional
        Only if these are not more than this number, or if one of so many of them does not end far away.

    Returns
    -------
    PathAccount
    """
    account = PathAccount.empty(problem.stratum)
    count = len(start.points)
    detours = SOLVING.detours if detours is None or problem.ill_conditioned else detours
    for detour in range(detours):
        homotopy, starts = (
            _detour(start, problem.data, tracking.rng) if detour else (start.to(problem.data), start.points)
        )
        paths, known = _Paths(problem, homotopy, starts, account), account.accounted
        paths.same_range = start.has_gram(problem.data.gram) if same_range is None else same_range
        paths.most_far = len(starts) if most_far is None else most_far
        del starts  # there may be millions
        account.detours = detour
        try:
            _follow_detour(paths, tracking, detour)
        except TimeUp:
            _add_regular_ends(problem, account, paths.give_up_ends(), count)
            break
        paths.keep_the_rest()
        _add_regular_ends(problem, account, paths.give_up_ends(), count)
        if len(account.regular) < count and not _ended_by_number(problem, account, count):
            try:
                _add_endgame_ends(account, paths, *paths.ends_of_the_rest(tracking, precise_ends), tracking)
            except TimeUp:
                break
        # Where even extended precision from the start has led to no further end, further detours lead to none.
        fruitless = problem.ill_conditioned and detour >= SOLVING.quick_detours and account.accounted <= known
        if len(account.regular) >= count or account.is_final(count) or fruitless:
            break
    return account


def _ended_by_number(problem: Problem, account: PathAccount, count: int) -> bool:
    """Whether the exact number for the Gram matrix says that all critical points are found; then the rest is counted.

    For no moment vector there are further points, and paths to w = 0 would be paths to further points for others. So
    all other paths end at infinity, as they do for generic moment vectors.
    """
    if account.singular or not problem.has_all(account.regular):
        return False
    account.at_infinity, account.origin = count - len(account.regular), 0
    return True


def _follow_detour(paths: _Paths, tracking: Tracking, detour: int) -> None:
    """Track the paths of a detour, those that get lost several times."""
    if not np.any(paths.problem.data.b):
        # Each multiple of a critical filter is critical, so that no end is nonsingular: the endgame has them all.
        paths.leave_to_the_endgame()
        return
    with tracking.clock.stage("tracking"):
        paths.track(tracking if detour == 0 else tracking.with_options(RETRACKING.patient))
        if detour == 0:
            paths.track_doubtful_again(tracking)
        paths.look_closer(tracking)
        if paths.problem.ill_conditioned:
            paths.track_lost_again(_retrackings(detour, paths.problem), tracking)


class _Paths:
    """All paths of a start system along one segment of data, and which of their ends are beyond doubt."""

    def __init__(self, problem: Problem, homotopy: Homotopy, starts: Complex, account: PathAccount) -> None:
        self.problem, self.homotopy, self.starts, self.account = problem, homotopy, starts, account
        self.verified = VerifiedEnds(problem, len(starts))
        self.good = np.zeros(len(starts), dtype=bool)
        self.result: TrackResult
        self.same_range, self.most_far = False, len(starts)
        self.far: NDArray[np.int64] = np.array([], np.int64)  # ends of the rest that many digits have found

    def track(self, tracking: Tracking) -> None:
        """Track all paths."""
        self.result = tracking.follow(self.problem.stratum, self.starts, self.homotopy, reported=True)
        self._enter(np.arange(len(self.starts)), self.result, tracking)

    def leave_to_the_endgame(self) -> None:
        """Track no path."""
        count = len(self.starts)
        nothing, nowhere = np.zeros(count, np.int64), np.full(count, np.inf)
        codes = np.full(count, ReturnCode.SINGULAR.value)
        points = np.full_like(self.starts, np.nan)
        self.result = TrackResult(points, codes, nowhere, nowhere, nothing, np.ones(count))
        self.account.paths += count

    def track_doubtful_again(self, tracking: Tracking) -> None:
        """Track the paths again that failed on the way, or ended together, in shorter steps."""
        if self.good.all() or tracking.options == tracking.careful.options:
            return
        doubtful = np.intersect1d(doubtful_paths(self.problem.equations, self.result), np.flatnonzero(~self.good))
        if doubtful.size:
            again = tracking.careful.follow(self.problem.stratum, self.starts[doubtful], self.homotopy)
            self.account.retracked += int(doubtful.size)
            self.result.put(doubtful, again)
            self._enter(doubtful, again, tracking)

    def track_lost_again(self, retrackings: tuple[Retracking, ...], tracking: Tracking) -> None:
        """Track the paths again that are not beyond doubt, one way of retracking after the other."""
        for retrack in retrackings:
            if self.good.all():
                return
            rows = np.flatnonzero(~self.good)
            with tracking.clock.stage("extended precision" if retrack is not in_doubles else "tracking"):
                again = retrack(tracking, self.problem.stratum, self.starts[rows], self.homotopy)
            self.account.extended += 0 if retrack is in_doubles else int(rows.size)
            kept = np.flatnonzero(again.success | ~self.result.success[rows])
            self.result.put(rows[kept], again.part(kept))
            self._enter(rows, again, tracking)

    def _enter(self, rows: NDArray[np.int64], tracked: TrackResult, tracking: Tracking) -> None:
        self.account.paths += len(rows)
        self.account.steps += int(tracked.steps.sum())
        later = not self.problem.ill_conditioned
        with tracking.clock.stage("verification"):
            self.good = self.verified.enter(rows, self.result, tracking, later=later)

    def look_closer(self, tracking: Tracking) -> None:
        """Tell whether ill-conditioned ends are regular; not where the endgame has as many other paths to trace."""
        waiting = int(self.verified.waiting.sum())
        if waiting > len(self.good) - int(self.good.sum()) - waiting:
            with tracking.clock.stage("verification"):
                self.good = self.verified.look_closer(tracking)

    def keep_the_rest(self) -> None:
        """Keep the starts of the paths that are in doubt, and where these were tracked to: no others are needed."""
        rest = np.flatnonzero(~self.good)
        self.starts, self.result = self.starts[rest], self.result.part(rest)

    def give_up_ends(self) -> RegularEnds:
        """The ends that are beyond doubt; they are in no memory but what held all ends."""
        return self.verified.give_up(self.good)

    def ends_of_the_rest(self, tracking: Tracking, precise: int) -> tuple[PathEnds, NDArray[Any]]:
        """The ends of the other paths, as the endgame tells them, and where these paths were tracked to."""
        problem, starts, engine = self.problem, self.starts, tracking.on_short_segments.timed_engine
        with tracking.clock.stage("endgame"):
            traced = trace_ends(engine, problem.stratum, starts, self.homotopy, jobs=tracking.jobs, precise=precise)
        direct: NDArray[Any] = self.result.points.astype(np.clongdouble)
        self._look_far(traced, starts, direct, tracking)
        if problem.rank_deficient:
            bare = have_zero_residual(problem, traced.points)
            traced.kinds[bare & (traced.kinds == End.FINITE)] = End.UNKNOWN
            direct[bare | have_zero_residual(problem, direct)] = np.nan
        return traced, direct

    def _look_far(self, traced: PathEnds, starts: Complex, direct: NDArray[Any], tracking: Tracking) -> None:
        """Whether the paths that seem to end at infinity or at w = 0 do so: correct what the endgame says of them."""
        problem = self.problem
        away = np.isin(traced.kinds, (End.AT_INFINITY, End.ORIGIN))
        rows = np.flatnonzero(away | (traced.kinds == End.UNKNOWN))
        in_digits = self.same_range and not problem.ill_conditioned and np.any(problem.data.b)
        if in_digits and self._may_turn(traced, starts, rows, tracking):
            if rows.size > max(self.most_far, FAR.most_followed):
                traced.kinds[rows] = End.UNKNOWN
                return
            part, found = traced.part(rows), self._far_ends(traced, starts, rows, tracking)
            traced.windings[rows[found.kinds != part.kinds]] = 0
            traced.kinds[rows] = found.kinds
            self.far = rows[list(found.points)]
            direct[self.far] = np.array(list(found.points.values()), np.clongdouble).reshape(-1, direct.shape[1])
        elif away.any() and problem.moments_suffice:
            rows = np.flatnonzero(away)
            with tracking.clock.stage("endgame"):
                growth = growth_in_doubles(problem.stratum, starts[rows], self.homotopy, tracking)
            traced.kinds[rows[growth.turned]], traced.windings[rows[growth.turned]] = End.UNKNOWN, 0

    def _may_turn(self, traced: PathEnds, starts: Complex, rows: NDArray[np.int64], tracking: Tracking) -> bool:
        """Whether paths to infinity and to w = 0 have to be followed: if they are few, or if one of a few turns.

        Where many paths end far away whatever b is, the Gram matrix is special, or nearly so. Then most of them turn.
        """
        if rows.size <= self.most_far:
            return rows.size > 0
        away = rows[traced.kinds[rows] != End.UNKNOWN]
        few = away[np.linspace(0, away.size - 1, min(self.most_far, away.size)).astype(int)]
        return bool((self._far_ends(traced, starts, few, tracking).kinds == End.UNKNOWN).any())

    def _far_ends(self, traced: PathEnds, starts: Complex, rows: NDArray[np.int64], tracking: Tracking) -> FarEnds:
        """Where some of the paths end, followed in many digits."""
        with tracking.clock.stage("ends far away"):
            found = follow_far(self.problem.equations, traced.part(rows), starts[rows], self.homotopy, tracking)
        self.account.extended += found.followed
        return found


def _retrackings(detour: int, problem: Problem) -> tuple[Retracking, ...]:
    """How lost paths to ill-conditioned data are tracked again on a detour, in this order."""
    if detour and problem.several_doubtful_eigenvalues:
        return (along_eigenvalues,)
    quick: tuple[Retracking, ...] = (in_two_parts,) if detour else (in_doubles, in_two_parts)
    return quick if detour < SOLVING.quick_detours else (*quick, from_the_start)


def _detour(start: StartSystem, data: Data, rng: np.random.Generator) -> tuple[Homotopy, Complex]:
    """A random segment of data to the target, and where its paths start."""
    turns = np.exp(2j * np.pi * rng.random(2))
    if start.has_gram(data.gram):
        turns[0] = 1.0  # only b moves
    turned = start.turned(turns)
    return turned.to(data), turned.points


def _add_regular_ends(problem: Problem, account: PathAccount, found: RegularEnds, count: int) -> None:
    """Add the ends beyond doubt; of ill-conditioned real data their conjugates, too, where points are missing."""
    stratum = problem.stratum
    account.regular = distinct_union(stratum, account.regular, found) if len(account.regular) else found
    if problem.ill_conditioned and len(account.regular) < count and problem.real:
        account.regular = distinct_union(stratum, account.regular, account.regular.conjugate())


def _add_endgame_ends(
    account: PathAccount, paths: _Paths, traced: PathEnds, direct: NDArray[Any], tracking: Tracking
) -> None:
    """Add the ends that the endgame found for the paths in doubt; ``direct`` is where these paths were tracked to."""
    problem, homotopy = paths.problem, paths.homotopy
    account.at_infinity = in_whole_cycles(traced.windings[traced.kinds == End.AT_INFINITY])
    account.origin = in_whole_cycles(traced.windings[traced.kinds == End.ORIGIN])
    account.losses_away = _losses_away(problem, traced, homotopy)
    unknown = np.flatnonzero((traced.kinds == End.UNKNOWN) & np.isfinite(direct).all(axis=1))
    finite = np.flatnonzero(traced.kinds == End.FINITE)
    singular = finite
    if finite.size:
        found, regular = _regular_limits(problem, traced.part(finite), tracking.jobs)
        account.regular = distinct_union(problem.stratum, account.regular, found)
        singular = finite[~regular]
    account.regular = distinct_union(problem.stratum, account.regular, _confirmed(problem, direct[unknown], tracking))
    far = _confirmed(problem, direct[paths.far], tracking)
    account.unlisted = len(paths.far) - len(far)
    settled = None
    if singular.size:
        from .singular_ends import settle  # with much that most solves do without

        settled = settle(problem, traced, singular, homotopy, tracking)
        account.regular = distinct_union(problem.stratum, account.regular, settled.regular)
    account.singular = [] if settled is None else settled.singular


def _regular_limits(problem: Problem, traced: PathEnds, jobs: int) -> tuple[RegularEnds, NDArray[np.bool_]]:
    """The nonsingular ends among P finite limits of paths, and which of the limits are nonsingular, (P,).

    A finite end is nonsingular if the Newton matrix is regular there. Then no other path can end there: a path that
    seems to has gone astray and is not accounted for. So has a path that ends at a nonsingular point of a smaller
    stratum. Near the discriminant the endgame may stop short of an ill-conditioned end of one path, which Newton's
    method finds.
    """
    stratum, equations = problem.stratum, problem.equations
    limits, windings = traced.points, traced.windings
    keys = point_keys(stratum, limits)
    first = first_occurrences(keys, tolerance=SOLVING.same_limit)
    several = np.bincount(first, minlength=len(limits))[first] > 1
    several |= windings > 1
    refined = refine(equations, limits, problem.data, jobs=jobs)
    moved = np.linalg.norm(point_keys(stratum, refined.points.astype(complex)) - keys, axis=1)
    there = moved <= SOLVING.same_limit * np.linalg.norm(keys, axis=1)
    regular = solved_rows(problem, refined) & (there | ~several)
    if not problem.definite:
        regular &= refined.conditions <= SOLVING.attracted
    doubtful = np.flatnonzero(regular & (several | ~there))
    regular[doubtful] = attracting(problem, refined.points[doubtful].astype(complex), jobs)
    # Where the Newton matrix vanishes to higher order, rounding is all that is left of it nearby, and that attracts.
    # But a path does not wind around a nonsingular solution.
    regular &= ~(there & (windings > 1) & (refined.conditions > SOLVING.winding))
    strayed = regular & on_smaller_stratum(equations, refined.points.astype(complex))
    return RegularEnds.of(refined, regular & ~strayed), regular


def _losses_away(problem: Problem, traced: PathEnds, homotopy: Homotopy) -> Complex | None:
    """The limits of the loss along the paths to infinity, see `PathAccount`."""
    generic = not problem.definite and is_definite(homotopy.start.gram)
    if not generic or (traced.kinds == End.UNKNOWN).any():
        return None
    return traced.losses[traced.kinds == End.AT_INFINITY]


def _confirmed(problem: Problem, points: NDArray[Any], tracking: Tracking) -> RegularEnds:
    """The points that Newton's method confirms although the endgame could not tell the end of their paths.

    They may be as ill-conditioned as the Gram matrix.
    """
    if not len(points):
        return RegularEnds.none(problem.stratum)
    refined = refine(problem.equations, points, problem.data, jobs=tracking.jobs)
    sure = solved_rows(problem, refined) & ~on_smaller_stratum(problem.equations, refined.points.astype(complex))
    near = np.flatnonzero(sure & (refined.conditions > SOLVING.suspicious))
    sure[near] = regular_rows(problem, refined, near, tracking)
    return RegularEnds.of(refined, sure)

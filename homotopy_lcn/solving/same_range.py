"""A second way to the data, on which ends far away are told from ends at infinity.

Paths from generic data to special ones end at infinity, or at w = 0, and some would turn to a finite end so near the
data that no computation sees it, see `far_ends`. So the critical points are found once more, on a way in three parts:
from generic data to random ones whose Gram matrix has the range of Σ, from there to Σ with a random moment vector in
the range, and from there to the data with Σ as it is. For random moment vectors nothing is special but Σ, so that the
finite critical points are easily found; on the last part they run to infinity only if b is special for Σ. Each
isolated nonsingular critical point of the data is the end of a path of the last part, as it moves a little if b does.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..arrays import Real
from ..equations.critical_equations import ZERO_EIGENVALUE, Data
from ..equations.distinct import find_points
from ..progress import TimeUp
from ..tracking import TrackerOptions, TrackResult
from ..tracking.settings import Tracking
from .accounts import PathAccount, RegularEnds, accuracy, distinct_union
from .all_paths import follow_paths
from .fixed_gram_matrix import generator_for, is_white
from .low_rank import random_member
from .monodromy import random_data
from .problem import Problem
from .regular_ends import VerifiedEnds, arrived
from .start_systems import CountInRange, StartSystems
from .stored_systems import StartSystem
from .tolerances import FAR

__all__ = ["confirm_far_ends"]


def confirm_far_ends(
    problem: Problem, start: StartSystem, account: PathAccount, tracking: Tracking, systems: StartSystems
) -> None:
    """Correct an account that says of paths that they end at infinity or at w = 0, if they do not, or may not.

    Points that it lacks are added to it, and paths that are in doubt taken out of it.

    Parameters
    ----------
    problem : Problem
        With b ≠ 0.
    start : StartSystem
        The one that the paths of the account come from.
    account : PathAccount
    tracking : Tracking
    systems : StartSystems
        Which know how many critical points random data with the range of Σ have, where this was asked before.

    Raises
    ------
    TimeUp
        If the time is up; then all these paths are in doubt.
    """
    known, away = account.regular, account.at_infinity + account.origin
    tracking = tracking.with_generator(generator_for(problem.stratum, "range")).telling(None)
    few = replace(tracking.options, max_steps=FAR.start_steps)
    try:
        if _are_all(problem, start, len(known), tracking, systems):
            return
        ends, doubtful, unlisted = _on_the_second_way(problem, start, tracking, few)
        missing = _missing(problem, known, ends)
        if missing.any():  # the first part has lost points
            ends, doubtful, unlisted = _on_the_second_way(problem, start, tracking, tracking.careful.options)
            missing = _missing(problem, known, ends)
    except TimeUp:
        account.at_infinity = account.origin = 0
        raise
    account.regular = distinct_union(problem.stratum, known, ends)
    away = max(away - doubtful - int(missing.sum()) - (len(account.regular) - len(known)), 0)
    account.at_infinity = min(account.at_infinity, away)
    account.origin = away - account.at_infinity
    account.unlisted = min(unlisted, doubtful)
    if len(account.regular) > len(known):
        account.losses_away = None


def _are_all(problem: Problem, start: StartSystem, known: int, tracking: Tracking, systems: StartSystems) -> bool:
    """Whether random data whose Gram matrix has the range of Σ have no more critical points than are known.

    Nonsingular isolated points move a little if the data do, so random data have at least as many. As paths may get
    lost, random data are asked twice. They depend on the range alone, so that the answer serves all data with it.
    """
    if problem.definite or problem.rank_deficient:
        return False
    projection = _projection(problem)
    counts = systems.counts_in_range(problem.stratum, projection)
    tracking = tracking.with_options(TrackerOptions(max_steps=FAR.start_steps))
    for number in range(FAR.asked):
        count = counts.get(number)
        if count is None or (count.number > known and not count.verified):
            member = _random(problem, projection, generator_for(problem.stratum, f"range {number}"))
            count = counts[number] = _count(member, start, known, tracking)
        if count.number > known:
            return False
    return True


def _count(problem: Problem, start: StartSystem, enough: int, tracking: Tracking) -> CountInRange:
    """How many critical points of random data are found at once; no more than ``enough`` ends are not verified.

    Most time goes to the verification, and nearly all paths that arrive have regular ends.
    """
    tracked = tracking.follow(problem.stratum, start.points, start.to(problem.data))
    at_most = int(arrived(tracked).sum())
    if at_most <= enough:
        return CountInRange(at_most, verified=False)
    return CountInRange(len(_regular(problem, tracked, tracking).points), verified=True)


def _on_the_second_way(
    problem: Problem, start: StartSystem, tracking: Tracking, options: TrackerOptions
) -> tuple[RegularEnds, int, int]:
    """The nonsingular ends, and the numbers of paths in doubt and of those of them in `PathAccount.unlisted`.

    ``options`` are for the first part.
    """
    stratum, gram, quick = problem.stratum, problem.gram, tracking.with_options(options)
    moments = random_data(stratum.filter_size, tracking.rng).b
    if not problem.definite:
        moments = gram @ moments / np.linalg.norm(gram, 2)
    there = replace(problem, data=Data(gram.astype(complex), moments))
    first = start
    if not problem.definite and not problem.rank_deficient:
        first = _arrived(_random(problem, gram, tracking.rng), start, quick)
    doubtful = unlisted = 0
    direct = _arrived(there, start, quick)
    if is_white(gram) or len(direct.points) >= len(first.points):
        system = direct
    else:
        special = replace(there, count=len(first.points))
        account = follow_paths(special, first, tracking, detours=1, same_range=True, most_far=FAR.most_away)
        doubtful, unlisted = len(first.points) - account.accounted, account.unlisted
        system = StartSystem(stratum, there.data, account.regular.points, float("nan"))
    tracking.clock.check()
    last = follow_paths(replace(problem, count=len(system.points)), system, tracking, detours=1)
    tracking.clock.check()
    return last.regular, len(system.points) - last.accounted + doubtful, last.unlisted + unlisted


def _projection(problem: Problem) -> Real:
    """The orthogonal projection onto the range of Σ, rounded where data count as special: equal for equal ranges."""
    basis = np.linalg.eigh(problem.gram)[1][:, len(problem.gram) - _rank(problem) :]
    return np.asarray(np.round((basis @ basis.T) / FAR.special) * FAR.special + 0.0)


def _rank(problem: Problem) -> int:
    """The rank of Σ."""
    values = np.linalg.eigvalsh(problem.gram)
    return int((values > ZERO_EIGENVALUE * values[-1]).sum())


def _random(problem: Problem, gram: Real, rng: np.random.Generator) -> Problem:
    """The same for random data with the range of a positive semidefinite matrix, which is the range of Σ."""
    return replace(problem, data=random_member(Data(gram, problem.data.b), _rank(problem), rng))


def _arrived(problem: Problem, start: StartSystem, tracking: Tracking) -> StartSystem:
    """The critical points of random data that are found at once."""
    tracked = tracking.follow(problem.stratum, start.points, start.to(problem.data))
    ends = _regular(problem, tracked, tracking)
    return StartSystem(problem.stratum, problem.data, ends.points, float("nan"))


def _regular(problem: Problem, tracked: TrackResult, tracking: Tracking) -> RegularEnds:
    """The verified ends of paths."""
    verified = VerifiedEnds(problem, len(tracked))
    return verified.give_up(verified.enter(np.arange(len(tracked)), tracked, tracking))


def _missing(problem: Problem, points: RegularEnds, ends: RegularEnds) -> NDArray[np.bool_]:
    """Which of some points are not among the ends."""
    tolerance = max(accuracy(points.conditions), accuracy(ends.conditions))
    return np.asarray(find_points(problem.stratum, ends.points, points.points, tolerance) < 0)

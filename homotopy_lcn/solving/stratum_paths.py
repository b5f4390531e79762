"""All paths of one stratum: the start system they come from, and other start systems if paths are missing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from ..equations.distinct import find, point_keys
from ..progress import TimeUp
from ..tracking.settings import Tracking
from .accounts import PathAccount, SingularEnd
from .all_paths import follow_paths
from .fixed_gram_matrix import FixedGramSystem, is_structured
from .problem import Problem
from .regular_ends import have_zero_residual
from .start_systems import StartSystems
from .stored_systems import StartSystem
from .stratum_task import StratumTask
from .tolerances import FAR, SOLVING

__all__ = ["follow_all_paths"]


def follow_all_paths(task: StratumTask, tracking: Tracking, systems: StartSystems) -> tuple[PathAccount, int]:
    """The account of all paths to the data of a stratum.

    Returns
    -------
    account : PathAccount
    count : int
        The number of points that it has to account for.

    When the time is up, the account is what is known by then.
    """
    if task.problem.rank_deficient:
        return _follow_from_low_rank(task, tracking, systems)
    account = PathAccount.empty(task.problem.stratum)
    for known in _accounts(task, tracking, systems):
        if known.accounted >= account.accounted or not tracking.clock.stopped:
            account = known
        if tracking.clock.stopped:
            break
    return account, task.row.count


def _accounts(task: StratumTask, tracking: Tracking, systems: StartSystems) -> Iterator[PathAccount]:
    """One account of all paths after the other; the last one is the best, unless the time is up."""
    problem, count = task.problem, task.row.count
    task.tell("start system", 0)
    starting = tracking.on_short_segments.telling(task.report("start system"))
    try:
        with tracking.clock.stage("start system"):
            system = _first_system(problem, starting, systems)
        state = tracking.rng.bit_generator.state
        account = _follow_from(system, task, tracking)
        yield account
        if account.at_infinity:
            with tracking.clock.stage("start system"):
                better = _fixed_gram_system(system, problem, tracking, systems)
            if better is not None:
                # Every later solve with this Gram matrix begins here. So does this one, with the same random numbers:
                # one seed has one result.
                tracking.rng.bit_generator.state = state
                system, account = better, _follow_from(better, task, tracking)
                yield account
        start, continua = system.start, account.on_continua
        final = account.is_final(count)
        _confirm(problem, start, account, tracking, systems)
        if not final and not problem.rank_in_doubt:
            for again in _follow_again(problem, _reporting(task, tracking), systems):
                account, start = again
                yield account
                final = account.is_final(count)
                _confirm(problem, start, account, tracking, systems)
                if final:
                    break
        if account.on_continua or continua:
            if not problem.definite:
                start = systems.generic(problem.stratum, problem.count, starting)
            with tracking.clock.stage("real points of continua"):
                _add_real_limits(problem, start, tracking, account)
    except TimeUp:
        return


# Most solves do without the modules that the next two functions import, and without all that these need.
def _add_real_limits(problem: Problem, start: StartSystem, tracking: Tracking, account: PathAccount) -> None:
    from .real_limits import add_real_limits

    add_real_limits(problem, start, tracking, account)


def _confirm(
    problem: Problem, start: StartSystem, account: PathAccount, tracking: Tracking, systems: StartSystems
) -> None:
    """Ask on a second way whether the paths end far away that are said to do so, unless b alone has moved."""
    away = account.at_infinity + account.origin
    if away and np.any(problem.data.b) and not (start.has_gram(problem.gram) or problem.ill_conditioned):
        from .same_range import confirm_far_ends

        with tracking.clock.stage("ends far away"):
            confirm_far_ends(problem, start, account, tracking, systems)


def _first_system(problem: Problem, tracking: Tracking, systems: StartSystems) -> FixedGramSystem:
    """The start system to begin with.

    The start systems with the Gram matrix of the data lead to all isolated critical points. They also lead to all
    continua if the Gram matrix is regular, so that no continuum runs along its kernel, and b ≠ 0, so that there are no
    cones of critical points. Otherwise the start system is generic.
    """
    if problem.moments_suffice:
        return systems.first_for(problem, tracking)
    return FixedGramSystem(systems.generic(problem.stratum, problem.count, tracking), 0, 0)


def _follow_from(system: FixedGramSystem, task: StratumTask, tracking: Tracking) -> PathAccount:
    """The account of the paths of a start system."""
    task.tell("tracking", 0)
    detours, following = SOLVING.first_detours, _reporting(task, tracking)
    if not task.problem.definite:
        # Other detours lose the same paths. Paths to infinity may take steps without end, and come no nearer.
        steps = min(tracking.options.max_steps, FAR.steps_to_singular)
        detours, following = 1, following.with_options(replace(tracking.options, max_steps=steps))
    precise = task.precise_ends
    account = follow_paths(task.problem, system.start, following, detours=detours, precise_ends=precise)
    account.never_started = system.never_started
    return account


def _reporting(task: StratumTask, tracking: Tracking) -> Tracking:
    return tracking.telling(task.report("tracking"))


def _follow_again(
    problem: Problem, tracking: Tracking, systems: StartSystems
) -> Iterator[tuple[PathAccount, StartSystem]]:
    """The accounts of the paths of a start system with the Gram matrix of the data, and of more detours."""
    starting = tracking.on_short_segments.telling(None)
    fixed = None
    if np.any(problem.data.b):
        with tracking.clock.stage("start system"):
            fixed = systems.with_gram(problem.stratum, problem.gram, problem.count, starting)
    if fixed is not None:
        detours = None if problem.definite else SOLVING.detours_to_singular
        account = follow_paths(problem, fixed.start, tracking.careful, detours=detours)
        account.never_started = fixed.never_started
        yield account, fixed.start
    start = systems.generic(problem.stratum, problem.count, starting)
    yield follow_paths(problem, start, tracking.careful), start


def _fixed_gram_system(
    used: FixedGramSystem, problem: Problem, tracking: Tracking, systems: StartSystems
) -> FixedGramSystem | None:
    """After paths went to infinity: a start system with this Gram matrix to begin with instead, if there is one."""
    if not problem.moments_suffice:
        return None
    systems.note_lost_paths(problem.stratum, problem.gram)
    if used.start.has_gram(problem.gram) or not is_structured(problem.gram):
        return None
    starting = tracking.on_short_segments.telling(None)
    return systems.kept_with_gram(problem.stratum, problem.gram, problem.count, starting)


def _follow_from_low_rank(task: StratumTask, tracking: Tracking, systems: StartSystems) -> tuple[PathAccount, int]:
    """The account of all paths if the rank of the Gram matrix is below the dimension of the stratum.

    The start system has the rank and the column space of the data. It is found by homotopies from the start system of
    full rank.
    """
    from .low_rank import low_rank_start_system

    problem = task.problem
    task.tell("start system", 0)
    starting = tracking.on_short_segments.telling(task.report("start system"))
    account = PathAccount.empty(problem.stratum)
    try:
        with tracking.clock.stage("start system"):
            full = systems.generic(problem.stratum, task.full_rank_count, starting.telling(None))
            start = low_rank_start_system(full, problem, task.rank, starting)
        task.tell("tracking", 0)
        account = follow_paths(problem, start, _reporting(task, tracking))
        _confirm(problem, start, account, tracking, systems)
        if account.covers(problem.count):
            if account.on_continua:
                _add_real_limits(problem, full, tracking, account)
            return account, problem.count
        tracking.clock.check()
        whole = _account_of_special_column_space(task, tracking, systems)
    except TimeUp:
        return account, problem.count
    known = find(point_keys(problem.stratum, whole.regular.points), point_keys(problem.stratum, account.regular.points))
    complete = whole.covers(task.full_rank_count) and bool((known >= 0).all())
    return (whole, task.full_rank_count) if complete else (account, problem.count)


def _account_of_special_column_space(task: StratumTask, tracking: Tracking, systems: StartSystems) -> PathAccount:
    """The account of all paths from generic data of full rank.

    Column spaces in special position have fewer isolated points than generic ones of this rank. Each of them is the end
    of a path from full rank; the other paths end on the filters of residual zero, on other continua, or at infinity.
    """
    problem = replace(task.problem, count=task.full_rank_count, rank_deficient=False)
    start = systems.generic(problem.stratum, problem.count, tracking.on_short_segments.telling(None))
    following = _reporting(task, tracking).careful
    whole = follow_paths(problem, start, following, detours=SOLVING.first_detours, precise_ends=len(start.points))
    bare = have_zero_residual(problem, whole.regular.points)
    whole.singular += [SingularEnd(point, (1,), 1, 1) for point in whole.regular.points[bare]]
    whole.regular = whole.regular.part(~bare)
    if whole.on_continua:
        _add_real_limits(problem, start, tracking, whole)
    return whole

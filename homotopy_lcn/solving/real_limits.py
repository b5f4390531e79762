"""Real points on continua of critical points: the limits of critical points of real data nearby.

To the loss a multiple s of (w − u)ᵀR(w − u) is added, with a random real filter u and a random positive definite R. The
data stay generic for almost all s, and as s goes to zero along the real axis, real critical points stay real: on a
continuum of critical points they end where the distance to u is critical. A real piece of a continuum has a point next
to u, so a path ends on it, if the loss is nondegenerate across the piece. The set of limits does not depend on the way
that s goes to zero, so paths come from random complex s, and are real in the limit alone: real paths may become complex
before, where two pieces touch or the loss is degenerate.

Where only the moment vector moves, R = Σ. This serves if Σ is positive definite: on a continuum wᵀΣw is constant, so
that the distance to u in Σ is a linear function up to a constant, and pieces are compact.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..arrays import Complex
from ..equations.critical_equations import Data
from ..equations.distinct import find, point_keys
from ..tracking import Homotopy
from ..tracking.endgame import End, trace_ends
from ..tracking.settings import Tracking
from .accounts import PathAccount, SingularEnd
from .problem import Problem
from .singular_ends import settle
from .stored_systems import StartSystem
from .tolerances import SOLVING

__all__ = ["add_real_limits", "data_nearby"]


def add_real_limits(problem: Problem, start: StartSystem, tracking: Tracking, account: PathAccount) -> None:
    """Follow all paths from real data nearby, and add their ends on continua to an account.

    Parameters
    ----------
    problem : Problem
    start : StartSystem
        With all critical points of generic data, or of generic moment vectors if Σ is positive definite.
    tracking : Tracking
    account : PathAccount
        With all nonsingular ends.
    """
    if problem.definite and not np.any(problem.data.b):
        # Real critical filters satisfy wᵀΣw = bᵀw = 0, so they are zero.
        account.limits += account.on_continua
        account.approaches += 1
        return
    for _ in range(SOLVING.approaches):
        nearby = data_nearby(problem.data, tracking.rng, only_moments=start.has_gram(problem.data.gram))
        moved = tracking.careful.follow(problem.stratum, start.points, start.to(nearby))
        homotopy = Homotopy(nearby, problem.data)
        starts = moved.points[moved.success]
        account.paths += len(moved)
        rest = np.arange(len(starts))
        if len(account.regular):
            direct = tracking.careful.follow(problem.stratum, starts, homotopy)
            account.paths += len(direct)
            rest = np.flatnonzero(~_at_known_points(problem, direct.points, account) | ~direct.success)
        engine = tracking.on_short_segments.timed_engine
        traced = trace_ends(engine, problem.stratum, starts[rest], homotopy, jobs=tracking.jobs)
        finite = np.flatnonzero(traced.kinds == End.FINITE)
        settled = settle(problem, traced, finite, homotopy, tracking)
        limits = [end for end in settled.singular if not end.isolated]
        account.limits += limits
        known = (traced.kinds != End.UNKNOWN).all() and settled.settled == len(finite)
        account.approaches += bool(moved.success.all() and known)
        if account.approaches and _all_real(problem, limits):
            break


def data_nearby(data: Data, rng: np.random.Generator, *, only_moments: bool) -> Data:
    """The data of the loss with a complex multiple of a random real distance added; of size one, as the data are."""
    size = len(data.b)
    target = rng.normal(size=size)
    if only_moments:
        metric, gram = np.asarray(data.gram, float), np.zeros((size, size))
    else:
        root = rng.normal(size=(size, size))
        metric = gram = root @ root.T / size + np.eye(size) / 2
    turn = np.exp(2j * np.pi * rng.random())
    return Data(data.gram + turn * gram, data.b + turn * (metric @ target))


def _all_real(problem: Problem, limits: list[SingularEnd]) -> bool:
    """Whether there are limits and their filters are real."""
    if not limits:
        return False
    filters = problem.equations.filters(np.array([end.point for end in limits]))
    sizes = SOLVING.real_limit * np.linalg.norm(filters, axis=1)
    return bool((np.abs(filters.imag).max(axis=1) <= sizes).all())


def _at_known_points(problem: Problem, points: Complex, account: PathAccount) -> NDArray[np.bool_]:
    """Which points are nonsingular ends of the account."""
    finite = np.flatnonzero(np.isfinite(points).all(axis=1))
    result = np.zeros(len(points), dtype=bool)
    keys = point_keys(problem.stratum, points[finite])
    known = point_keys(problem.stratum, account.regular.points)
    result[finite] = find(known, keys, tolerance=SOLVING.same_limit) >= 0
    return result

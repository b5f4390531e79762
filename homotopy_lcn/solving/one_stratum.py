"""All critical points of one stratum."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import numpy as np

from ..arrays import Complex
from ..classification.points import FoundPoints, classify
from ..classification.stratum_problem import StratumProblem
from ..equations.critical_equations import Data, Equations, equations_of
from ..equations.distinct import find, point_keys
from ..equations.stratum_data import normalized
from ..losses.squared_loss import SquaredLoss
from ..networks.architecture import Architecture
from ..networks.counts import StratumCount, generic_count
from ..networks.strata import Embedding, Stratum
from ..progress import Progress, ProgressCallback
from ..results.points import CriticalPoint, StratumResult
from ..tracking import Engine, TrackerOptions, short_segment_engine
from .accounts import Account, Regular
from .all_paths import DETOURS, follow_paths
from .fixed_gram_matrix import family_of, kept_family, known_family, remember, seen_before, structured
from .low_rank import low_rank_start_system
from .real_points import _real_and_conjugate
from .regular_ends import without_residual
from .start_systems import StartSystem, start_system

__all__ = []


#: Homotopies from the usual start system before another one is tried.
FIRST_DETOURS = 2
#: Points classified together: bounds the memory.
CLASSIFIED_TOGETHER = 4096


class _Placed(NamedTuple):
    """A critical point with its coordinates on its stratum; special if the rules for generic data may not apply."""

    point: CriticalPoint
    coordinates: Complex
    special: bool


def _solve_stratum(
    arch: Architecture,
    loss: SquaredLoss,
    row: StratumCount,
    rank: int,
    rng: np.random.Generator,
    engine: Engine,
    jobs: int,
    options: TrackerOptions,
    progress: ProgressCallback | None,
) -> tuple[list[_Placed], StratumResult]:
    def tell(stage: str, done: int) -> None:
        if progress is not None:
            progress(Progress(stage, row.pattern, done, row.count))

    if row.count == 0:
        return [], StratumResult(row.pattern, row.pure, 0, 0, row.factorizations)
    embedding = Embedding.of_pattern(arch, row.pattern)
    equations = equations_of(embedding.stratum)
    data, scale = normalized(loss, np.array(embedding.positions))
    starter = short_segment_engine(engine)
    tell("start system", 0)
    few = rank < embedding.stratum.dimension
    if few:
        start = _low_rank_start(
            arch, embedding.stratum, row, data, rank, rng, starter, jobs, partial(tell, "start system")
        )
        lost = zero = 0
    else:
        start, lost, zero = _start(embedding.stratum, row.count, data, starter, jobs, partial(tell, "start system"))
    tell("tracking", 0)
    fresh = deepcopy(rng)
    report = None if progress is None else partial(tell, "tracking")
    detours = DETOURS if few else FIRST_DETOURS
    ends = follow_paths(equations, start, data, rng, engine, jobs, options, report, detours, few_samples=few)
    if few and ends.accounted != row.count:
        ends, row = _special_column_space(arch, equations, row, ends, data, rng, engine, jobs, report)
    elif ends.accounted + lost + zero != row.count:
        ends, lost, zero = _follow_again(equations, row.count, data, rng, engine, jobs, report)
    if ends.at_infinity and not few:
        gram = np.asarray(data.gram, float)
        remember(embedding.stratum, gram)
        from_family = np.array_equal(start.data.gram, gram)
        if structured(gram) and not from_family and kept_family(embedding.stratum, gram, row.count, starter, jobs=jobs):
            # Once more from the family's start system, as every time from now on: a seed gives one result.
            return _solve_stratum(arch, loss, row, rank, fresh, engine, jobs, options, progress)
    ends.at_infinity += lost
    ends.origin += zero
    tell("classification", 0)
    classified: list[_Placed] = []
    problem = StratumProblem(arch, embedding, row.pattern, loss.gram, loss.b, loss.constant)
    unrefined = Regular(ends.singular, equations.filters(ends.singular), np.full(len(ends.singular), np.inf))
    for group, nonsingular in ((ends.regular, True), (unrefined, False)):
        if not len(group):
            continue
        points, filters, real, conditions = _real_and_conjugate(equations, group, data, nonsingular)
        points[:, 0] *= scale
        whole = np.zeros((len(filters), arch.filter_size), complex)
        for column, position in enumerate(embedding.positions):
            whole[:, position] += scale * filters[:, column]
        for first in range(0, len(points), CLASSIFIED_TOGETHER):
            part = slice(first, first + CLASSIFIED_TOGETHER)
            found, special = classify(problem, FoundPoints(points[part], whole[part], real[part], conditions[part]))
            if not nonsingular:
                found = [
                    replace(point, nonsingular=False, multiplicity=len(windings), windings=windings, isolated=isolated)
                    for point, windings, isolated in zip(found, ends.windings[part], ends.isolated[part], strict=True)
                ]
            classified += map(_Placed, found, points[part], special.tolist())
            tell("classification", len(classified))
    result = StratumResult(
        row.pattern, row.pure, row.count, len(ends.regular), row.factorizations,
        ends.at_infinity, ends.singular_paths, ends.origin,
        {"paths": ends.paths, "steps": ends.steps, "retracked": ends.retracked,
         "extended": ends.extended, "detours": ends.detours},
    )  # fmt: skip
    return classified, result


def _low_rank_start(
    arch: Architecture,
    stratum: Stratum,
    row: StratumCount,
    data: Data,
    rank: int,
    rng: np.random.Generator,
    engine: Engine,
    jobs: int,
    report: Callable[[int], None],
) -> StartSystem:
    """A start system within the family of the data's rank and column space, by way of the one of full rank."""
    full = start_system(stratum, _of_full_rank(arch, row).count, engine, jobs=jobs)
    return low_rank_start_system(full, row.count, data, rank, rng, engine, jobs=jobs, report=report)


def _of_full_rank(arch: Architecture, row: StratumCount) -> StratumCount:
    return next(other for other in generic_count(arch) if other.pattern == row.pattern)


def _special_column_space(
    arch: Architecture,
    equations: Equations,
    row: StratumCount,
    ends: Account,
    data: Data,
    rng: np.random.Generator,
    engine: Engine,
    jobs: int,
    report: Callable[[int], None] | None,
) -> tuple[Account, StratumCount]:
    """The account of all paths from generic data of full rank, if one of the data's rank has gaps.

    Column spaces in special position have fewer isolated points than generic ones of this rank. Each of them is the end
    of a path from full rank; the other paths end on the filters of residual zero, on other continua, or at infinity.
    """
    full, starter = _of_full_rank(arch, row), short_segment_engine(engine)
    start = start_system(equations.stratum, full.count, starter, jobs=jobs)
    careful = TrackerOptions.conservative()
    whole = follow_paths(equations, start, data, rng, engine, jobs, careful, report, FIRST_DETOURS, precise_ends=True)
    bare = without_residual(equations, whole.regular.points, data)
    whole.singular = np.concatenate([whole.singular, whole.regular.points[bare]])
    whole.windings += [(1,)] * int(bare.sum())
    whole.isolated += [False] * int(bare.sum())
    whole.regular = whole.regular.part(~bare)
    known = find(
        point_keys(equations.stratum, whole.regular.points), point_keys(equations.stratum, ends.regular.points)
    )
    return (whole, full) if whole.accounted == full.count and (known >= 0).all() else (ends, row)


def _start(
    stratum: Stratum, count: int, data: Data, engine: Engine, jobs: int, report: Callable[[int], None]
) -> tuple[StartSystem, int, int]:
    """A start system, and how many critical points are at infinity and at zero for all data of its family.

    For white data, and for a Gram matrix with lost points that comes up again, it is one of data with that Gram matrix;
    if it is diagonal or Toeplitz, also in another process.
    """
    gram = np.asarray(data.gram, float)
    family = None
    if np.array_equal(gram, gram[0, 0] * np.eye(len(gram))):
        family = kept_family(stratum, gram, count, engine, jobs=jobs, report=report)
    elif structured(gram):
        family = known_family(stratum, gram, count)
    elif seen_before(stratum, gram):
        family = family_of(stratum, gram, count, engine, jobs=jobs, report=report)
    if family is not None:
        return family.start, family.at_infinity, family.origin
    return start_system(stratum, count, engine, jobs=jobs, report=report), 0, 0


def _follow_again(
    equations: Equations,
    count: int,
    data: Data,
    rng: np.random.Generator,
    engine: Engine,
    jobs: int,
    report: Callable[[int], None] | None,
) -> tuple[Account, int, int]:
    """What else accounts for all paths: a start system of this very Gram matrix, or more detours.

    Returns
    -------
    account, number of points at infinity and at zero for all data with this Gram matrix
    """
    careful = TrackerOptions.conservative()
    starter = short_segment_engine(engine)
    family = family_of(equations.stratum, np.asarray(data.gram, float), count, starter, jobs=jobs)
    if family is not None:
        ends = follow_paths(equations, family.start, data, rng, engine, jobs, careful, report)
        if ends.accounted + family.at_infinity + family.origin == count:
            return ends, family.at_infinity, family.origin
    start = start_system(equations.stratum, count, starter, jobs=jobs)
    return follow_paths(equations, start, data, rng, engine, jobs, careful, report), 0, 0

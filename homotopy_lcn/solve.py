"""All critical points of the squared loss of a network for given data."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .arrays import Complex, Real
from .classification.points import classify
from .classification.special_data import relabel
from .equations.critical_equations import Data, Equations, equations_of
from .equations.distinct import DISTINCT, find, point_keys
from .equations.stratum_data import normalized
from .errors import InputError, check_integer
from .families import family_of, kept_family, known_family, remember, seen_before, structured
from .losses.squared_loss import SquaredLoss
from .losses.zero_residual import restricted, zero_residual
from .low_rank import low_rank_start_system
from .networks.architecture import Architecture
from .networks.counts import CountTable, StratumCount, generic_count
from .networks.strata import Embedding, Stratum
from .paths import DETOURS, Account, Regular, follow_paths, without_residual
from .progress import Progress, ProgressCallback
from .results.merging import merged
from .results.points import CriticalPoint, StratumResult
from .results.result import CriticalPoints
from .start_systems import StartSystem, start_system
from .tracking import Engine, TrackerOptions, get_engine, short_segment_engine
from .tracking.refinement import refine

__all__ = ["SolveInterrupted", "critical_points"]

#: Homotopies from the usual start system before another one is tried.
FIRST_DETOURS = 2
#: Points classified together: bounds the memory.
CLASSIFIED_TOGETHER = 4096
#: How many critical parameters over one filter are listed at most.
MAX_PARAMETERS = 100_000
#: A filter within this distance of its conjugate, relative to its norm, may count as real if nothing else decides.
REAL_TOLERANCE = 1e-9
#: Relative error of a refined point for each unit of its condition number.
ROUNDING = 32 * float(np.finfo(np.longdouble).eps)
#: A filter has residual zero if ‖Σw − b‖ is at most this, relative to ‖Σ‖‖w‖ + ‖b‖.
NO_RESIDUAL = 1e-10


class SolveInterrupted(KeyboardInterrupt):
    """Ctrl-C during a solve. ``partial`` holds the strata finished so far, as an incomplete result."""

    def __init__(self, partial: CriticalPoints) -> None:
        super().__init__("interrupted")
        self.partial = partial


def critical_points(
    arch: Architecture,
    loss: SquaredLoss,
    *,
    seed: int = 0,
    engine: str | Engine = "auto",
    jobs: int = 1,
    max_count: int = 20_000,
    options: TrackerOptions | None = None,
    progress: ProgressCallback | None = None,
    isolated: bool = False,
) -> CriticalPoints:
    """Compute, verify and classify every critical point of the squared loss of a network.

    Parameters
    ----------
    arch : Architecture
    loss : SquaredLoss
        Its Gram matrix must have at least the rank of the dimension of the function space, unless ``isolated``.
    seed : int
        All random choices come from it.
    engine : str or Engine
        What tracks paths: "auto", the fastest there is of "native" and "reference", or "phcpack", where PHCpack tracks
        the paths to the data (start systems and the endgame are the package's own); its ends are refined and verified
        as all are.
    jobs : int
        Number of threads. Results do not depend on it.
    max_count : int
        Refuse a problem with more critical filters than this for generic data.
    options : TrackerOptions, optional
        Options of the path tracker; `TrackerOptions()` by default.
    progress : callable, optional
        Called with a `Progress` now and then.
    isolated : bool
        Accept a Gram matrix of smaller rank r, too: then the filters of residual zero form a set of positive dimension
        and are left out on every stratum of a dimension above r, and the isolated critical points are computed. Of
        these there are `generic_count(arch, rank=r)` for generic data of rank r. Column spaces in special position may
        have fewer: then all paths from generic data of full rank are accounted for.

    Returns
    -------
    CriticalPoints
        ``complete`` is true only if every stratum has as many distinct, verified points as it has for generic data (of
        this rank), or if all its other paths are accounted for.

    Warns
    -----
    RuntimeWarning
        If the numerical rank is in doubt, see `SquaredLoss.rank_in_doubt`.

    Raises
    ------
    InputError
        If the loss does not fit the architecture, its Gram matrix has too small a rank, or there are more than
        ``max_count`` points.
    IncompleteStartSystem
        If the start system of a stratum could not be computed.
    SolveInterrupted
        On Ctrl-C, with the strata finished so far.

    Examples
    --------
    >>> import numpy as np
    >>> from homotopy_lcn import Architecture, SquaredLoss, critical_points
    >>> gram = np.array([[3.0, 1.0, 0.5], [1.0, 2.0, 1.0], [0.5, 1.0, 4.0]])
    >>> result = critical_points(Architecture((2, 2), (1, 1)), SquaredLoss(gram, [1.0, 0.0, 2.0]))
    >>> len(result), result.complete, result.counts.pure, result.counts.spurious
    (5, True, 1, 4)
    """
    table, rank = _validated(arch, loss, seed, jobs, max_count, isolated)
    continuum = zero_residual(arch, loss, seed=seed) if rank < arch.dimension else None
    chosen = get_engine(engine)
    options = options or TrackerOptions()
    points: list[_Placed] = []
    strata: list[StratumResult] = []
    try:
        for index, row in enumerate(table):
            rng = np.random.default_rng([seed, 2, index])  # apart from the stream of random data
            found, result = _solve_stratum(arch, loss, row, rank, rng, chosen, jobs, options, progress)
            points += found if continuum is None else _on_continuum(loss, found)
            strata.append(result)
    except KeyboardInterrupt:
        rest = [StratumResult(r.pattern, r.pure, r.count, 0, r.factorizations) for r in table.rows[len(strata) :]]
        finished = CriticalPoints.build(
            arch, loss, _one_a_filter(arch, loss, points), [*strata, *rest], seed=seed, complete=False,
            zero_residual=continuum,
        )  # fmt: skip
        raise SolveInterrupted(finished) from None
    return CriticalPoints.build(
        arch, loss, _one_a_filter(arch, loss, points), strata, seed=seed, zero_residual=continuum
    )


class _Placed(NamedTuple):
    """A critical point with its coordinates on its stratum; special if the rules for generic data may not apply."""

    point: CriticalPoint
    coordinates: Complex
    special: bool


def _one_a_filter(arch: Architecture, loss: SquaredLoss, placed: list[_Placed]) -> list[CriticalPoint]:
    """The points, one for each filter: in special data a filter may be critical on several strata."""
    result = []
    for index, point in merged([item.point for item in placed]):
        item = placed[index]
        if item.special or point is not item.point or not point.nonsingular:
            point = relabel(arch, Data(loss.gram, loss.b), point, item.coordinates)
        result.append(point)
    return result


def _on_continuum(loss: SquaredLoss, placed: list[_Placed]) -> list[_Placed]:
    """The points, those of residual zero marked as not isolated: through them passes the set of all such filters."""
    size, offset = np.linalg.norm(loss.gram, 2), np.linalg.norm(loss.b)
    result = []
    for item in placed:
        w = item.point.filter
        zero = np.linalg.norm(loss.gram @ w - loss.b) <= NO_RESIDUAL * (size * np.linalg.norm(w) + offset)
        result.append(item._replace(point=replace(item.point, isolated=False)) if zero else item)
    return result


def _validated(
    arch: Architecture, loss: SquaredLoss, seed: int, jobs: int, max_count: int, isolated: bool
) -> tuple[CountTable, int]:
    """What to find, and the rank of the Gram matrix where filters can be nonzero."""
    if not isinstance(arch, Architecture):
        raise InputError(f"arch: {type(arch).__name__} given; expected an Architecture")
    if not isinstance(loss, SquaredLoss):
        raise InputError(f"loss: {type(loss).__name__} given; expected a SquaredLoss")
    if loss.filter_size != arch.filter_size:
        raise InputError(
            f"loss: its filters have size {loss.filter_size}; expected {arch.filter_size}, the end-to-end filter size "
            f"of filters {arch.filters} with strides {arch.strides}"
        )
    for name, value, least in (("seed", seed, 0), ("jobs", jobs, 1), ("max_count", max_count, 1)):
        check_integer(name, value, least)
    table = generic_count(arch)
    if table.filters > max_count:
        raise InputError(
            f"max_count: this architecture has {table.filters} critical filters for generic data, above the limit "
            f"{max_count}; raise the limit (--max-count) to solve it all the same"
        )
    most = max(row.factorizations for row in table)
    if most > MAX_PARAMETERS:
        raise InputError(
            f"filters: {most} critical parameters lie over one critical filter; expected at most {MAX_PARAMETERS}, as "
            "all real ones are listed (merge some of the layers with equal dilation)"
        )
    inner = restricted(arch, loss)
    few = inner.rank < arch.dimension
    if inner.rank_in_doubt and (isolated or not few):
        warnings.warn(f"loss: {inner.describe_rank()}", RuntimeWarning, stacklevel=3)
    if not few:
        return table, inner.rank
    if isolated:
        return generic_count(arch, rank=inner.rank), inner.rank
    why = inner.describe_rank() if inner.rank_in_doubt else "too few samples?"
    raise InputError(
        f"loss: its Gram matrix has rank {inner.rank} ({why}), so that minimizers are not isolated: "
        f"{zero_residual(arch, loss, seed=seed).describe()}; expected at least rank {arch.dimension}, the dimension of "
        "the function space, or isolated=True (--isolated) for the isolated critical points alone, or "
        "loss.regularized(eps) (--regularize EPS)"
    )


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
            found, special = classify(
                arch, Data(loss.gram, loss.b), loss.constant, embedding, row.pattern,
                points[part], whole[part], real[part], conditions[part],
            )  # fmt: skip
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


def _real_and_conjugate(
    equations: Equations, group: Regular, data: Data, nonsingular: bool
) -> tuple[Complex, Complex, NDArray[np.bool_], Real]:
    """Decide which filters are real, make these exactly real and the others exactly conjugate.

    The data are real, so conjugation permutes the critical points: a filter is real if it belongs to its point's
    conjugate, too, that is, if no point with another filter is nearer to the conjugate.

    Returns
    -------
    points, filters, real, conditions
    """
    points, filters, conditions = group.points.copy(), group.filters.copy(), group.conditions.copy()
    keys = point_keys(equations.stratum, points)
    partner = find(keys, keys.conj(), tolerance=1e-6)
    norms = np.linalg.norm(filters, axis=1)
    norms = np.where(norms > 0, norms, 1.0)
    asymmetry = np.abs(filters.imag).max(axis=1, initial=0.0) / norms
    twin = (partner >= 0) & (np.linalg.norm(filters - filters[partner], axis=1) <= DISTINCT * norms)
    real = (partner == np.arange(len(points))) | ((twin | (partner < 0)) & (asymmetry <= REAL_TOLERANCE))
    # Refinement leaves what its residuals' rounding makes of the condition number.
    rounded = (partner < 0) & ~real & np.isfinite(conditions) & (asymmetry <= ROUNDING * conditions)
    for row in np.flatnonzero(rounded):
        real[row] = np.linalg.norm(keys - keys[row].conj(), axis=1).argmin() == row

    turned = equations.normalize(points)
    for factor, part in zip(equations.stratum.factors, equations.stratum.slices, strict=True):
        largest = np.abs(turned[:, part]).argmax(axis=1)
        phase = turned[np.arange(len(turned)), part.start + largest]
        phase = phase / np.abs(phase)
        turned[:, part] /= phase[:, None]
        turned[:, 0] *= phase**factor.power
    factors_real = real & (np.abs(turned[:, 1:].imag).max(axis=1, initial=0.0) < 1e-5)
    rows = np.flatnonzero(factors_real)
    if rows.size and nonsingular:
        exact = refine(equations, turned[rows].real.astype(complex), data, real=True)
        points[rows] = exact.points.astype(complex)
        filters[rows] = exact.filters
        conditions[rows] = exact.conditions
    elif rows.size:
        points[rows] = turned[rows].real
        filters[rows] = equations.filters(points[rows]).real
    filters[real] = filters[real].real
    paired = np.flatnonzero(~real & (partner > np.arange(len(points))))
    paired = paired[partner[partner[paired]] == paired]
    points[partner[paired]], filters[partner[paired]] = points[paired].conj(), filters[paired].conj()
    return points, filters, real, conditions

"""All critical points of the squared loss of a network for given data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .architecture import Architecture
from .classification import classify, critical_on_function_space
from .counts import CountTable, StratumCount, generic_count
from .distinct import DISTINCT, find, first_occurrences
from .endgame import End, PathEnds, point_keys, trace_ends
from .equations import Complex, Data, Equations, Real, equations_of
from .errors import InputError
from .loss import SquaredLoss
from .progress import Progress, ProgressCallback
from .refinement import refine
from .results import CriticalPoint, CriticalPoints, StratumResult, merged
from .start_systems import StartSystem, start_system
from .strata import Embedding
from .tracking import Engine, Homotopy, ReturnCode, TrackerOptions, TrackResult, get_engine

__all__ = ["SolveInterrupted", "critical_points"]

#: Homotopies tried in all for one stratum, each through other random data.
DETOURS = 6
#: Points classified together: bounds the memory.
CLASSIFIED_TOGETHER = 4096
#: How many critical parameters over one filter are listed at most.
MAX_PARAMETERS = 100_000
#: A point counts as verified if its last Newton step is at most this, relative to the point.
VERIFIED = 1e-8
#: Above this condition number (scaled to unit diagonal) the endgame looks at an end, however well it was reached.
SUSPICIOUS = 1e6
#: Above this condition number the Newton matrix counts as singular.
SINGULAR = 1e13
#: The same where several paths end, or one that winds: there the matrix is singular, up to the accuracy of the limit.
SINGULAR_IF_SHARED = 1e7
#: Limits of paths nearer than this, relative to their norm, are one singular end.
SAME_LIMIT = 1e-6
#: A filter within this distance of its conjugate, relative to its norm, may count as real if nothing else decides.
REAL_TOLERANCE = 1e-9


class SolveInterrupted(KeyboardInterrupt):
    """Ctrl-C during a solve. ``partial`` holds the strata finished so far, as an incomplete result."""

    def __init__(self, partial: CriticalPoints) -> None:
        super().__init__("interrupted")
        self.partial = partial


@dataclass
class _Ends:
    """What is known of the ends of all paths of a stratum.

    ``regular`` holds the distinct finite nonsingular ends, ``singular`` the distinct finite singular ones with the
    winding numbers of the paths that meet there and whether they are isolated; the rest are numbers of paths.
    """

    regular: Complex
    singular: Complex
    windings: list[tuple[int, ...]] = field(default_factory=list)
    isolated: list[bool] = field(default_factory=list)
    at_infinity: int = 0
    origin: int = 0
    retracked: int = 0
    detours: int = 0
    paths: int = 0
    steps: int = 0

    @property
    def singular_paths(self) -> int:
        return sum(len(windings) for windings in self.windings)

    @property
    def accounted(self) -> int:
        return len(self.regular) + self.singular_paths + self.at_infinity + self.origin


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
) -> CriticalPoints:
    """Compute, verify and classify every critical point of the squared loss of a network.

    Parameters
    ----------
    arch : Architecture
    loss : SquaredLoss
        Its Gram matrix must have at least the rank of the dimension of the function space.
    seed : int
        All random choices come from it.
    engine : str or Engine
        What tracks paths: "auto" or "reference".
    jobs : int
        Number of threads. Results do not depend on it.
    max_count : int
        Refuse a problem with more critical filters than this for generic data.
    options : TrackerOptions, optional
        Options of the path tracker; `TrackerOptions()` by default.
    progress : callable, optional
        Called with a `Progress` now and then.

    Returns
    -------
    CriticalPoints
        ``complete`` is true only if every stratum has as many distinct, verified points as it has for generic data.

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
    table = _validated(arch, loss, seed, jobs, max_count)
    chosen = get_engine(engine)
    options = options or TrackerOptions()
    points: list[_Placed] = []
    strata: list[StratumResult] = []
    try:
        for index, row in enumerate(table):
            rng = np.random.default_rng([seed, 2, index])  # apart from the stream of random data
            found, result = _solve_stratum(arch, loss, row, rng, chosen, jobs, options, progress)
            points += found
            strata.append(result)
    except KeyboardInterrupt:
        rest = [StratumResult(r.pattern, r.pure, r.count, 0, r.factorizations) for r in table.rows[len(strata) :]]
        partial = CriticalPoints.build(
            arch, loss, _one_a_filter(arch, loss, points), [*strata, *rest], seed=seed, complete=False
        )
        raise SolveInterrupted(partial) from None
    return CriticalPoints.build(arch, loss, _one_a_filter(arch, loss, points), strata, seed=seed)


class _Placed(NamedTuple):
    """A critical point with its coordinates on its stratum."""

    point: CriticalPoint
    embedding: Embedding
    coordinates: Complex


def _one_a_filter(arch: Architecture, loss: SquaredLoss, placed: list[_Placed]) -> list[CriticalPoint]:
    """The points, one for each filter: in special data a filter may be critical on several strata."""
    result = []
    for index, point in merged([item.point for item in placed]):
        if point.pure and not placed[index].point.pure:
            _, embedding, coordinates = placed[index]
            point = critical_on_function_space(arch, Data(loss.gram, loss.b), embedding, coordinates, point)
        result.append(point)
    return result


def _validated(arch: Architecture, loss: SquaredLoss, seed: int, jobs: int, max_count: int) -> CountTable:
    if not isinstance(arch, Architecture):
        raise InputError(f"arch: {type(arch).__name__} given; expected an Architecture")
    if not isinstance(loss, SquaredLoss):
        raise InputError(f"loss: {type(loss).__name__} given; expected a SquaredLoss")
    if loss.filter_size != arch.filter_size:
        raise InputError(
            f"loss: its filters have size {loss.filter_size}; expected {arch.filter_size}, the end-to-end filter size "
            f"of filters {arch.filters} with strides {arch.strides}"
        )
    integers: tuple[tuple[str, object, int], ...] = (("seed", seed, 0), ("jobs", jobs, 1), ("max_count", max_count, 1))
    for name, value, least in integers:
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
            raise InputError(f"{name}: {value!r} given; expected an integer, at least {least}")
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
    support = sorted(set(Embedding.of_pattern(arch, table.rows[0].pattern).positions))
    whole = len(support) == arch.filter_size
    rank = loss.rank if whole else SquaredLoss(loss.gram[np.ix_(support, support)], loss.b[support]).rank
    if rank < arch.dimension:
        raise InputError(
            f"loss: its Gram matrix has rank {rank} (too few samples?), so that minimizers are not isolated; expected "
            f"at least rank {arch.dimension}, the dimension of the function space"
        )
    return table


def _solve_stratum(
    arch: Architecture,
    loss: SquaredLoss,
    row: StratumCount,
    rng: np.random.Generator,
    engine: Engine,
    jobs: int,
    options: TrackerOptions,
    progress: ProgressCallback | None,
) -> tuple[list[_Placed], StratumResult]:
    def tell(stage: str, done: int) -> None:
        if progress is not None:
            progress(Progress(stage, row.pattern, done, row.count))

    embedding = Embedding.of_pattern(arch, row.pattern)
    equations = equations_of(embedding.stratum)
    data, scale = _normalized(loss, embedding)
    tell("start system", 0)
    start = start_system(
        embedding.stratum, row.count, engine, jobs=jobs, report=lambda done: tell("start system", done)
    )
    tell("tracking", 0)
    report = None if progress is None else lambda done: tell("tracking", done)
    ends = _track_all(equations, start, data, rng, engine, jobs, options, report)
    tell("classification", 0)
    classified: list[_Placed] = []
    for group, nonsingular in ((ends.regular, True), (ends.singular, False)):
        points, filters, real, conditions = _real_and_conjugate(equations, group, data, jobs, nonsingular)
        points[:, 0] *= scale
        whole = np.zeros((len(filters), arch.filter_size), complex)
        for column, position in enumerate(embedding.positions):
            whole[:, position] += scale * filters[:, column]
        for first in range(0, len(points), CLASSIFIED_TOGETHER):
            part = slice(first, first + CLASSIFIED_TOGETHER)
            found = classify(
                arch, Data(loss.gram, loss.b), loss.constant, embedding, row.pattern,
                points[part], whole[part], real[part], conditions[part],
            )  # fmt: skip
            if not nonsingular:
                found = [
                    replace(point, nonsingular=False, multiplicity=len(windings), windings=windings, isolated=isolated)
                    for point, windings, isolated in zip(found, ends.windings[part], ends.isolated[part], strict=True)
                ]
            classified += [_Placed(p, embedding, x) for p, x in zip(found, points[part], strict=True)]
            tell("classification", len(classified))
    result = StratumResult(
        row.pattern, row.pure, row.count, len(ends.regular), row.factorizations,
        ends.at_infinity, ends.singular_paths, ends.origin,
        {"paths": ends.paths, "steps": ends.steps, "retracked": ends.retracked, "detours": ends.detours},
    )  # fmt: skip
    return classified, result


def _normalized(loss: SquaredLoss, embedding: Embedding) -> tuple[Data, float]:
    """Data of order one in the coordinates of the stratum, and by what the filters have to be multiplied afterwards.

    The scales are powers of two, so nothing is rounded.
    """
    positions = np.array(embedding.positions)
    gram, b = loss.gram[np.ix_(positions, positions)], loss.b[positions]
    gram_scale = float(np.exp2(np.round(np.log2(np.linalg.norm(gram, 2)))))
    b_norm = float(np.linalg.norm(b))
    b_scale = float(np.exp2(np.round(np.log2(b_norm)))) if b_norm > 0 else 1.0
    return Data(gram / gram_scale, b / b_scale), b_scale / gram_scale


def _track_all(
    equations: Equations,
    start: StartSystem,
    data: Data,
    rng: np.random.Generator,
    engine: Engine,
    jobs: int,
    options: TrackerOptions,
    report: Callable[[int], None] | None,
) -> _Ends:
    """One homotopy from the start system to the data, and whatever else it takes to account for all paths.

    The start data are multiplied by random complex numbers, Σ and b separately, which scales the start filters: the
    straight segment from there is a random detour through complex data that avoids the discriminant with probability
    one. Failed and coinciding paths are tracked again conservatively; where that does not help, the endgame says where
    they end. If paths are still missing, all of them are tracked along other detours.
    """
    count = len(start.points)
    nothing = np.empty((0, equations.stratum.coordinates), complex)
    ends = _Ends(regular=nothing, singular=nothing)
    for detour in range(DETOURS):
        homotopy, starts = _detour(start, data, rng)
        chosen = options if detour == 0 else TrackerOptions.conservative()
        result = engine.track(equations.stratum, starts, homotopy, chosen, jobs=jobs, report=report)
        ends.paths += count
        ends.steps += int(result.steps.sum())
        doubtful = _doubtful(equations, result)
        if detour == 0 and doubtful.size:
            again = engine.track(
                equations.stratum, starts[doubtful], homotopy, TrackerOptions.conservative(), jobs=jobs
            )
            ends.paths += doubtful.size
            ends.steps += int(again.steps.sum())
            result.put(doubtful, again)
        ends.retracked += int(doubtful.size)
        ends.detours = detour
        points, good = _verified(equations, result, data, jobs)
        ends.regular = _united(equations, ends.regular, points[good])
        if len(ends.regular) >= count:
            break
        rest = np.flatnonzero(~good)
        traced = trace_ends(engine, equations.stratum, starts[rest], homotopy, jobs=jobs)
        _enter(equations, ends, traced, points[rest], data, jobs)
        if ends.accounted == count:
            _find_isolated(equations, ends, start, data, rng, engine, jobs)
            break
    return ends


def _detour(start: StartSystem, data: Data, rng: np.random.Generator) -> tuple[Homotopy, Complex]:
    """A random segment of data to the target, and where its paths start."""
    turns = np.exp(2j * np.pi * rng.random(2))
    starts = start.points.copy()
    starts[:, 0] *= turns[1] / turns[0]
    return Homotopy(Data(turns[0] * start.data.gram, turns[1] * start.data.b), data), starts


def _doubtful(equations: Equations, result: TrackResult) -> NDArray[np.int64]:
    """Paths that failed on the way, or that ended where another one ended."""
    success = np.flatnonzero(result.success)
    first = first_occurrences(point_keys(equations.stratum, result.points[success]))
    groups, sizes = np.unique(first, return_counts=True)
    shared = np.isin(first, groups[sizes > 1])
    on_the_way = np.isin(result.codes, (ReturnCode.STEP_TOO_SMALL, ReturnCode.TOO_MANY_STEPS))
    return np.union1d(np.flatnonzero(on_the_way), success[shared])


def _verified(equations: Equations, result: TrackResult, data: Data, jobs: int) -> tuple[Complex, NDArray[np.bool_]]:
    """The ends, refined, and which of them are beyond doubt: distinct, accurate and well conditioned."""
    points, good = result.points.copy(), np.zeros(len(result), dtype=bool)
    rows = np.flatnonzero(result.success)
    refined = refine(equations, points[rows], data, jobs=jobs)
    points[rows] = refined.points.astype(complex)
    fine = (refined.errors <= VERIFIED) & (refined.conditions <= SUSPICIOUS)
    first = first_occurrences(point_keys(equations.stratum, points[rows]))
    alone = np.bincount(first, minlength=len(rows))[first] == 1
    good[rows[fine & alone]] = True
    return points, good


def _united(equations: Equations, known: Complex, new: Complex) -> Complex:
    """The distinct points of both."""
    keys = point_keys(equations.stratum, new)
    keep = first_occurrences(keys) == np.arange(len(keys))
    keep &= find(point_keys(equations.stratum, known), keys) < 0
    return np.concatenate([known, new[keep]])


def _enter(equations: Equations, ends: _Ends, traced: PathEnds, direct: Complex, data: Data, jobs: int) -> None:
    """Enter the ends that the endgame found for the paths in doubt; ``direct`` is where these were tracked to.

    A finite end is nonsingular if the Newton matrix is regular there. Then no other path can end there: one that seems
    to has gone astray and is not accounted for.
    """
    stratum = equations.stratum
    ends.at_infinity = int((traced.kinds == End.AT_INFINITY).sum())
    ends.origin = int((traced.kinds == End.ORIGIN).sum())
    finite = np.flatnonzero(traced.kinds == End.FINITE)
    limits = traced.points[finite]
    keys = point_keys(stratum, limits)
    first = first_occurrences(keys, tolerance=SAME_LIMIT)
    several = np.bincount(first, minlength=len(finite))[first] > 1
    several |= traced.windings[finite] > 1
    refined = refine(equations, limits, data, jobs=jobs)
    moved = np.linalg.norm(point_keys(stratum, refined.points.astype(complex)) - keys, axis=1)
    regular = (refined.errors <= VERIFIED) & (moved <= SAME_LIMIT * np.linalg.norm(keys, axis=1))
    regular &= refined.conditions <= np.where(several, SINGULAR_IF_SHARED, SINGULAR)
    ends.regular = _united(equations, ends.regular, refined.points[regular].astype(complex))
    # What the endgame could not tell, but Newton's method confirms (ill-conditioned ends), counts as found.
    unknown = np.flatnonzero((traced.kinds == End.UNKNOWN) & np.isfinite(direct).all(axis=1))
    confirmed = refine(equations, direct[unknown], data, jobs=jobs)
    sure = (confirmed.errors <= VERIFIED) & (confirmed.conditions <= SINGULAR)
    ends.regular = _united(equations, ends.regular, confirmed.points[sure].astype(complex))
    singular = np.flatnonzero(~regular)
    groups = [finite[singular[first[singular] == leader]] for leader in np.unique(first[singular])]
    best = [group[np.argmin(traced.residuals[group])] for group in groups]
    ends.singular = traced.points[np.array(best, dtype=int)]
    ends.windings = [tuple(sorted(traced.windings[group].tolist())) for group in groups]
    ends.isolated = [True] * len(groups)


def _find_isolated(
    equations: Equations,
    ends: _Ends,
    start: StartSystem,
    data: Data,
    rng: np.random.Generator,
    engine: Engine,
    jobs: int,
) -> None:
    """Which singular ends are isolated solutions: those that the paths of another detour end at, too.

    On a component of positive dimension the ends depend on the detour.
    """
    if not ends.windings:
        return
    homotopy, starts = _detour(start, data, rng)
    other = trace_ends(engine, equations.stratum, starts, homotopy, jobs=jobs)
    ends.paths += len(starts)
    keys = point_keys(equations.stratum, other.points[other.kinds == End.FINITE])
    ends.isolated = (find(keys, point_keys(equations.stratum, ends.singular), tolerance=SAME_LIMIT) >= 0).tolist()


def _real_and_conjugate(
    equations: Equations, points: Complex, data: Data, jobs: int, nonsingular: bool
) -> tuple[Complex, Complex, NDArray[np.bool_], Real]:
    """Refine the points if that is possible; decide which filters are real, make these exactly real and the others
    exactly conjugate.

    The data are real, so conjugation permutes the critical points: a filter is real if it belongs to its point's
    conjugate, too, that is, if no point with another filter is nearer to the conjugate.

    Returns
    -------
    points, filters, real, conditions
    """
    refined = refine(equations, points, data, jobs=jobs)
    conditions = refined.conditions
    if nonsingular:
        points, filters = refined.points.astype(complex), refined.filters
    else:
        points, filters, conditions = points.copy(), equations.filters(points), np.full(len(points), np.inf)
    partner = find(point_keys(equations.stratum, points), point_keys(equations.stratum, points.conj()), tolerance=1e-6)
    norms = np.linalg.norm(filters, axis=1)
    norms = np.where(norms > 0, norms, 1.0)
    asymmetry = np.abs(filters.imag).max(axis=1, initial=0.0) / norms
    twin = (partner >= 0) & (np.linalg.norm(filters - filters[partner], axis=1) <= DISTINCT * norms)
    real = (partner == np.arange(len(points))) | ((twin | (partner < 0)) & (asymmetry <= REAL_TOLERANCE))

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

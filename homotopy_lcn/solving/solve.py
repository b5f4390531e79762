"""All critical points of the squared loss of a network for given data."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..arrays import Complex
from ..errors import InputError, check_integer
from ..losses.checked_moments import DEFAULT_TOLERANCE
from ..losses.squared_loss import SquaredLoss
from ..losses.zero_residual import ZeroResidual, restricted, zero_residual
from ..networks.architecture import Architecture
from ..networks.counts import CountTable, fewest_filters, generic_count
from ..networks.limits import check_filter_size, magnitude
from ..networks.support_networks import SupportNetwork
from ..processes import MOST_JOBS
from ..progress import TIME_LIMIT, Clock, Progress, ProgressCallback, TimeUp, check_time_limit, time_of_day, told
from ..results.accurate_losses import with_accurate_losses
from ..results.columns import ResultColumns
from ..results.infimum import with_minima_of_least_loss
from ..results.invariants import with_contradictions
from ..results.pairs import ManyPoints, count_all
from ..results.parts import as_text
from ..results.points import StratumResult
from ..results.result import CriticalPoints
from ..results.tolerances import Tolerances
from ..tracking import Engine, TrackerOptions, get_engine
from ..tracking.choice import engine_on
from ..tracking.machine import computed_with
from ..tracking.refinement import refined_as_by
from ..tracking.settings import NOT_DRAWN, Tracking
from .interrupted import SolveInterrupted
from .plain_data import Moments, PlainInterrupted, solve_plain
from .plain_results import facts_of, plain_result, told_in_steps
from .start_systems import StartSystems, shared_start_systems
from .tolerances import SOLVING

if TYPE_CHECKING:
    from .one_stratum import Found, SolvedStratum

# The modules that plain data do without are imported where they are used: they take longer than a small solve.

__all__ = ["SolveInterrupted", "critical_points"]

#: Columns are of similar units if the least norm is at least this part of the largest one.
SIMILAR_UNITS = 0.01
#: What is taken where no options and no tolerances are given.
ORDINARY, LABELS = TrackerOptions(), Tolerances()
#: What helps where columns have very different units.
RESCALED = "if each is scaled to norm one; rescale them, as standardize=True does"
#: Larger numbers are told by their size alone.
LONG = 10**15
#: Who hears of a rank in doubt, in place of a warning.
_hears_of_ranks: ContextVar[Callable[[str], object] | None] = ContextVar("_hears_of_ranks", default=None)


def critical_points(
    arch: Architecture,
    loss: SquaredLoss,
    *,
    seed: int = 0,
    engine: str | Engine = "auto",
    jobs: int = 1,
    max_count: int = 20_000,
    options: TrackerOptions | None = None,
    progress: ProgressCallback | bool | None = None,
    isolated: bool = False,
    start_systems: StartSystems | None = None,
    time_limit: float = TIME_LIMIT,
    stop_early: Callable[[CriticalPoints], bool] | None = None,
    data: str = "",
    tolerances: Tolerances | None = None,
    scheduler: str | None = None,
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
        The tracker of paths: "native", "reference", "auto" (the faster one of these two that is installed), or
        "phcpack". PHCpack tracks the paths to the data only; start systems and the endgame are the package's own. Its
        ends are refined and verified like all ends.
    jobs : int
        Number of threads. Results do not depend on it.
    max_count : int
        Refuse a problem with more critical filters than this for generic data.
    options : TrackerOptions, optional
        Options of the path tracker; `TrackerOptions()` by default.
    progress : callable or bool, optional
        Called with a `Progress` now and then; if its answer is True, the solve stops as at the time limit. In place of
        a function, True shows a bar in a terminal or a notebook.
    isolated : bool
        Accept a Gram matrix of smaller rank r, too: then the filters of residual zero form a set of positive dimension
        and are left out on every stratum of a dimension above r, and the isolated critical points are computed. Of
        these there are `generic_count(arch, rank=r)` for generic data of rank r. Column spaces in special position may
        have fewer: then all paths from generic data of full rank are accounted for.
    start_systems : StartSystems, optional
        Start systems that are known; by default, the start systems of this process.
    time_limit : float
        Seconds after which the solve stops, a day by default. The result then holds what was found by then; it is not
        complete, and ``stopped`` says where the time went. A solve that finishes in time has the same result whatever
        the limit.
    stop_early : callable, optional
        Called after each stratum but the last one with the result so far. If its answer is true, the solve stops and
        keeps this result, which is not complete. ``lambda found: bool(found.minima)`` stops after the first stratum
        with a minimum. A stratum needs no such function to end as soon as its generic number of points is found.
    data : str
        Which data these are, in words, which the result and its file keep. By default the words tell the shape of the
        Gram matrix.
    tolerances : Tolerances, optional
        From where on the result calls complex filters nearly real, and nonsingular points nearly singular. They decide
        nothing else; `Tolerances()` by default.
    scheduler : str, optional
        Address of a Dask scheduler, as ``tcp://host:8786``: its workers track the paths of large strata, in blocks, and
        the points are the same to the last bit. Everything else is done here. The scheduler has 20 seconds for each
        answer, and a cluster that has lost all its workers 60 seconds to get one. Needs dask.distributed.

    Returns
    -------
    CriticalPoints
        ``complete`` is true only if every stratum has as many distinct, verified points as it has for generic data (of
        this rank), as many as the exact number for its Gram matrix says, or if all its other paths are accounted for.

    Warns
    -----
    RuntimeWarning
        If the numerical rank is in doubt, see `SquaredLoss.rank_in_doubt`.

    Raises
    ------
    InputError
        If the loss does not fit the architecture, its Gram matrix has too small a rank, or there are more than
        ``max_count`` points, or the cluster cannot be used.
    IncompleteStartSystem
        If the start system of a stratum could not be computed.
    SolveInterrupted
        On Ctrl-C, with the strata finished so far.

    Notes
    -----
    There are many parameters because a user sets each of them on its own; the functions below take two records,
    `Tracking` and `StratumTask`.

    Examples
    --------
    >>> import numpy as np
    >>> from homotopy_lcn import Architecture, SquaredLoss, critical_points
    >>> gram = np.array([[3.0, 1.0, 0.5], [1.0, 2.0, 1.0], [0.5, 1.0, 4.0]])
    >>> result = critical_points(Architecture((2, 2), (1, 1)), SquaredLoss(gram, [1.0, 0.0, 2.0]))
    >>> len(result), result.complete, result.counts.pure, result.counts.spurious
    (5, True, 1, 4)
    """
    if isinstance(arch, SupportNetwork) and arch.one_dimensional is not None:
        return critical_points(**{**locals(), "arch": arch.one_dimensional}).on_network(arch)
    clock = Clock(check_time_limit(time_limit))
    if stop_early is not None and not callable(stop_early):
        raise InputError(f"stop_early: {type(stop_early).__name__} given; expected a function of the result so far")
    seed, jobs = check_integer("seed", seed, 0), check_integer("jobs", jobs, 1, MOST_JOBS)
    labels = checked_labels(tolerances)
    settings, systems = checked_settings(options, start_systems)
    words = checked_words(data)
    task = validated_task(arch, loss, seed, check_integer("max_count", max_count, 1), isolated)
    words = words or words_of(loss)
    with engine_on(scheduler, get_engine(engine)) as tracker, refined_as_by(tracker):
        tracking = Tracking(tracker, jobs, settings, rng=NOT_DRAWN, clock=clock)
        strata: list[SolvedStratum] = []

        def told_result(found: list[SolvedStratum]) -> CriticalPoints:
            result = with_accurate_losses(task.result(found, clock))
            return replace(result, data=words, solved=time_of_day(), tolerances=labels)

        def completed(result: CriticalPoints, away: list[Complex | None]) -> CriticalPoints:
            """With the infimum, from the losses along paths to infinity, and with minima that it tells."""
            if result.infimum.attained is None and result.complete and not clock.stopped:
                from .infimum import infimum_of
                from .least_minimum import LeastMinimum, least_minimum, least_of_result

                def solve(other: SquaredLoss) -> CriticalPoints:
                    found = critical_points(
                        arch, other, seed=seed, engine=tracker, jobs=jobs, options=options, max_count=max_count,
                        time_limit=clock.remaining,
                    )  # fmt: skip
                    clock.check()
                    return found

                def minimum_of(regularized: SquaredLoss) -> LeastMinimum | None:
                    random = tracking.with_generator(np.random.default_rng([seed, 5]))
                    least = least_minimum(arch, regularized, random, systems)
                    clock.check()
                    return least_of_result(solve(regularized)) if least is None else least

                short_segments = tracking.on_short_segments.engine
                with suppress(TimeUp), clock.stage("infimum"):
                    result = replace(result, infimum=infimum_of(result, away, minimum_of, seed, short_segments))
            points, continua = with_minima_of_least_loss(result)
            if points is not result.points or continua is not result.continua:
                counts = count_all(points, result.strata, (part.real for part in continua))
                result = replace(result, points=points, continua=continua, counts=counts)
            result = replace(result, computed_with=computed_with(tracking.engine))
            if clock.stopped:
                result = replace(result, complete=False, stopped=clock.describe())
            return with_contradictions(result)

        try:
            with told(progress) as report:
                if isinstance(arch, SupportNetwork):
                    from .support_networks import solve_supports

                    stopping = _stopping(report, clock)
                    bare, losses = solve_supports(loss, task.table, task.rank, seed, tracking, systems, stopping)
                    bare = with_accurate_losses(bare)
                    return completed(replace(bare, data=words, solved=time_of_day(), tolerances=labels), [losses])
                columns = _plain_columns(task, tracking, systems, report)
                if columns is not None:
                    result = with_accurate_losses(plain_result(columns, task, words, facts_of(labels, tracking)))
                    if report is None and stop_early is None and not clock.stopped:
                        return result
                    return told_in_steps(result, task.table, _stopping(report, clock), stop_early, clock)
                from .one_stratum import solve_stratum
                from .stratum_task import StratumTask

                for index, row in enumerate(task.table):
                    if strata and stop_early is not None and stop_early(told_result(strata)):
                        clock.stop("stopped early, as stop_early asked")
                    if clock.is_up():
                        break
                    rng = np.random.default_rng([seed, 2, index])  # apart from the stream of random data
                    stratum = StratumTask(arch, loss, row, task.rank, _stopping(report, clock))
                    strata.append(solve_stratum(stratum, tracking.with_generator(rng), systems))
        except SolveInterrupted:
            raise
        except KeyboardInterrupt as stop:
            found = stop.partial[0] if isinstance(stop, PlainInterrupted) else None
            if found is not None:
                result = plain_result(found, task, words, facts_of(labels, tracking))
                raise SolveInterrupted(told_in_steps(result, task.table, None, None, clock)) from None
            raise SolveInterrupted(with_contradictions(told_result(strata))) from None
        with clock.stage("classification"):
            result = told_result(strata)
        return completed(result, [solved.losses_away for solved in strata])


def _plain_columns(
    task: Task, tracking: Tracking, systems: StartSystems, report: ProgressCallback | None
) -> ResultColumns | None:
    """The points as columns if nothing about them is in doubt."""
    if task.continuum is None:
        with suppress(TimeUp):
            return solve_plain(task.architecture, Moments.of(task.loss), tracking, systems, report)[0]
    return None


def _stopping(report: ProgressCallback | None, clock: Clock) -> ProgressCallback | None:
    """The same reports; the answer True stops the clock."""
    if report is None:
        return None

    def tell(progress: Progress) -> None:
        if report(progress) is True:
            clock.stop("stopped early, as progress asked")

    return tell


def words_of(loss: SquaredLoss) -> str:
    size = loss.filter_size
    return f"{'exact ' if loss.exact is not None else ''}Gram matrix {size} × {size} and moment vector"


def checked_labels(tolerances: Tolerances | None) -> Tolerances:
    if not isinstance(tolerances, Tolerances | None):
        raise InputError(f"tolerances: {type(tolerances).__name__} given; expected Tolerances")
    return tolerances or LABELS


def checked_settings(
    options: TrackerOptions | None, start_systems: StartSystems | None
) -> tuple[TrackerOptions, StartSystems]:
    """The options of the tracker and where start systems come from, or the ordinary ones."""
    if not isinstance(options, TrackerOptions | None):
        raise InputError(f"options: {type(options).__name__} given; expected TrackerOptions")
    if not isinstance(start_systems, StartSystems | None):
        raise InputError(f"start_systems: {type(start_systems).__name__} given; expected StartSystems")
    return options or ORDINARY, shared_start_systems() if start_systems is None else start_systems


def checked_words(data: str) -> str:
    """Which data a result is about, as its file has it; empty if nothing is said."""
    if not isinstance(data, str):
        raise InputError(f"data: {type(data).__name__} given; expected words")
    return as_text(data)


class Task(NamedTuple):
    """A validated solve: the table of counts for data of this rank, and the filters of residual zero if they matter."""

    architecture: Architecture
    loss: SquaredLoss
    seed: int
    table: CountTable
    rank: int
    continuum: ZeroResidual | None

    def result(self, strata: list[SolvedStratum], clock: Clock) -> CriticalPoints:
        """What was found on the strata solved so far; a result that lacks strata is not complete.

        Once the time is up, questions on points of special data are left undecided.
        """
        from .continua import continua_of, points_of_residual_zero
        from .merging_strata import isolated_ones, merge_by_filter, renumbered, without_moved
        from .nearly_coincident import describe_nearly_coincident
        from .one_stratum import pairs_of

        arch, loss = self.architecture, self.loss
        missing = self.table.rows[len(strata) :]
        rest = [StratumResult(row.pattern, row.pure, row.count, 0, row.factorizations) for row in missing]
        pairs = None if self.continuum is not None else pairs_of(strata)
        strata = [solved.without_pairs() if pairs is None else solved for solved in strata]
        found: list[Found] = []
        for solved in strata:
            found += renumbered(solved.isolated, len(found))
        merged = merge_by_filter(arch, loss, found, clock)
        points, moved, members = isolated_ones(arch, loss, merged, self.continuum, clock)
        known = [item for solved in strata for item in solved.on_continua]
        if self.continuum is not None:
            known += points_of_residual_zero(arch, loss, self.continuum)
        listed = points if pairs is None else ManyPoints(points, pairs)
        result = CriticalPoints.build(
            arch, loss, listed,
            [*without_moved([solved.account for solved in strata], members), *rest],
            seed=self.seed,
            complete=False if rest else None, zero_residual=self.continuum, continua=continua_of(known, moved, loss),
        )  # fmt: skip
        on_continua = tuple(point for point in members if point.nonsingular)
        result = replace(result, on_continua=on_continua) if on_continua else result
        apart = describe_nearly_coincident(arch, loss, (item.members for item in merged), clock)
        return replace(result, complete=False, contradictions=apart) if apart else result


@lru_cache(maxsize=256)
def _table(arch: Architecture, max_count: int) -> CountTable:
    """The counts of all strata; raises InputError, before strata are listed, if there are too many critical filters."""
    fewest = fewest_filters(arch)
    if fewest > SOLVING.most_points:
        number = str(fewest) if fewest < LONG else magnitude(fewest)
        raise InputError(
            f"filters: this architecture has at least {number} critical filters for generic data, more than can be "
            f"solved; expected at most {SOLVING.most_points}, which take tens of gigabytes of memory"
        )
    table = generic_count(arch)
    number = str(table.filters) if table.filters < LONG else magnitude(table.filters)
    if table.filters > SOLVING.most_points:
        raise InputError(
            f"filters: this architecture has {number} critical filters for generic data, more than can be solved; "
            f"expected at most {SOLVING.most_points}"
        )
    if table.filters > max_count:
        raise InputError(
            f"max_count: this architecture has {number} critical filters for generic data, above the limit "
            f"{max_count}; raise the limit to solve it all the same"
        )
    return table


def validated_task(arch: Architecture, loss: SquaredLoss, seed: int, max_count: int, isolated: bool) -> Task:
    """The table of points to find; raises InputError, or warns, where the arguments do not fit."""
    if not isinstance(arch, Architecture):
        raise InputError(f"arch: {type(arch).__name__} given; expected an Architecture")
    check_loss(arch, loss)
    table = checked_table(arch, max_count)
    inner = restricted(arch, loss)
    rank_deficient = inner.rank < arch.dimension
    if (isolated or not rank_deficient) and (hidden := _hidden_by_units(inner)):
        raise InputError(f"loss: its Gram matrix has rank {inner.rank} in double precision, but {hidden}")
    if inner.rank_in_doubt and (isolated or not rank_deficient):
        _tell_of_rank(inner.describe_rank())
    if not rank_deficient:
        return Task(arch, loss, seed, table, inner.rank, None)
    if isolated:
        continuum = zero_residual(arch, loss, seed=seed)
        return Task(arch, loss, seed, generic_count(arch, rank=inner.rank), inner.rank, continuum)
    units = _different_units(inner, arch.dimension) or "too few samples?"
    why = inner.describe_rank() if inner.rank_in_doubt else units
    raise InputError(
        f"loss: its Gram matrix has rank {inner.rank} ({why}), so that minimizers are not isolated: "
        f"{zero_residual(arch, loss, seed=seed).describe()}; expected at least rank {arch.dimension}, the dimension of "
        "the function space, or isolated=True for the isolated critical points alone, or "
        "loss.regularized(eps)"
    )


@contextmanager
def ranks_in_doubt_told_to(hear: Callable[[str], object]) -> Iterator[None]:
    """In the body, a function is called with words about a rank in doubt, in place of a warning."""
    token = _hears_of_ranks.set(hear)
    try:
        yield
    finally:
        _hears_of_ranks.reset(token)


def _tell_of_rank(words: str) -> None:
    hear = _hears_of_ranks.get()
    if hear is None:
        warnings.warn(f"loss: {words}", RuntimeWarning, stacklevel=4)  # where `critical_points` was called
    else:
        hear(words)


def check_loss(arch: Architecture, loss: SquaredLoss) -> None:
    """Raise InputError if a loss is none of this architecture."""
    if not isinstance(loss, SquaredLoss):
        raise InputError(f"loss: {type(loss).__name__} given; expected a SquaredLoss")
    if loss.filter_size != arch.filter_size:
        raise InputError(
            f"loss: its filters have size {loss.filter_size}; expected {arch.filter_size}, the end-to-end filter size "
            f"of {arch.in_words}"
        )


def checked_table(arch: Architecture, max_count: int) -> CountTable:
    """The counts of all strata; raises InputError if there are too many critical filters or parameters."""
    check_filter_size(arch)
    table = _table(arch, max_count)
    most = max(row.factorizations for row in table)
    if most > SOLVING.most_parameters:
        raise InputError(
            f"filters: {most} critical parameters lie over one critical filter; expected at most "
            f"{SOLVING.most_parameters}, as all real ones are listed (merge some of the layers with equal dilation)"
        )
    return table


def _different_units(loss: SquaredLoss, needed: int) -> str:
    """Say that columns have very different units, if that is why few eigenvalues stand out of rounding; else nothing.

    Columns of very different units make eigenvalues of their squares, the smaller of which are near rounding beside the
    largest. If each column is scaled to norm one, the rank tells.
    """
    norms = _norms_of_columns(loss)
    if not norms.size or not _clear(loss.gram) < needed <= _clear_if_scaled(loss):
        return ""
    return f"{_describe_norms(norms)}, and rank {needed} or more {RESCALED}"


def _hidden_by_units(loss: SquaredLoss) -> str:
    """Say that eigenvalues count as zero for the units of their columns alone; else nothing.

    A tolerance of few digits is the user's word that small eigenvalues are rounding, unless the loss falls with them.
    """
    norms = _norms_of_columns(loss)
    if not norms.size or loss.rank >= _clear_if_scaled(loss):
        return ""
    if loss.tolerance > DEFAULT_TOLERANCE and not _falls_if_scaled(loss):
        return ""
    return f"{_describe_norms(norms)}, and it has rank {_clear_if_scaled(loss)} {RESCALED}"


def _falls_if_scaled(loss: SquaredLoss) -> bool:
    """Whether the least loss of all filters is lower for columns scaled to norm one."""
    norms = np.sqrt(np.diag(loss.gram))
    kept = np.flatnonzero(norms > 0)
    moments = loss.b[kept] / norms[kept]
    scaled = loss.gram[np.ix_(kept, kept)] / norms[kept, None] / norms[kept]
    explained = float(moments @ np.linalg.lstsq(scaled, moments, rcond=SOLVING.ill_conditioned)[0])
    return explained - float(loss.b @ loss.target) > SOLVING.below_all * abs(explained)


def _norms_of_columns(loss: SquaredLoss) -> NDArray[np.float64]:
    """The norms of the columns that are not zero, if the data are no exact numbers and these norms differ much."""
    norms = np.sqrt(np.diag(loss.gram))
    norms = norms[norms > 0]
    much = loss.exact is None and norms.min(initial=np.inf) < SIMILAR_UNITS * norms.max(initial=0.0)
    return norms if much else np.zeros(0)


def _describe_norms(norms: NDArray[np.float64]) -> str:
    return f"the columns have norms from {norms.min():.1e} to {norms.max():.1e}"


def _clear(gram: NDArray[np.float64]) -> int:
    """The number of eigenvalues that stand out of rounding."""
    values = np.linalg.eigvalsh(gram)
    return int((values > SOLVING.ill_conditioned * values[-1]).sum())


def _clear_if_scaled(loss: SquaredLoss) -> int:
    """The same for the columns that are not zero, each scaled to norm one."""
    norms = np.sqrt(np.diag(loss.gram))
    kept = np.flatnonzero(norms > 0)
    return _clear(loss.gram[np.ix_(kept, kept)] / norms[kept, None] / norms[kept])

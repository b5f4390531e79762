"""Statistics of critical points over many random data sets: in this process, in several, or on a cluster."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..errors import InputError, check_integer
from ..losses.data_models import DataModel, data_model, draw_loss
from ..networks.architecture import Architecture
from ..progress import Progress, ProgressCallback, told
from ..solving.solve import critical_points
from .draws import Table
from .execution import computed
from .plans import LARGEST_CHUNK, MOST_CHUNKS, Chunk, SolvePlan, SurveyPlan
from .run_directory import RunDirectory
from .starts import prepare
from .statistics import Survey
from .tallies import Tally

if TYPE_CHECKING:
    from ..results.result import CriticalPoints

__all__ = ["many_draws", "solve_draw", "survey"]


def survey(
    architectures: Architecture | Iterable[Architecture],
    draws: int = 1000,
    data_model: str | DataModel = "gaussian",
    *,
    seed: int = 0,
    jobs: int = 1,
    output: str | os.PathLike[str] | None = None,
    scheduler: str | None = None,
    engine: str = "auto",
    chunk: int | None = None,
    keep: bool = True,
    progress: ProgressCallback | bool | None = None,
) -> Survey:
    """Solve many random data sets and count their critical points by kind.

    Parameters
    ----------
    architectures : Architecture or iterable of Architecture
    draws : int
        Number of data sets for each.
    data_model : str or DataModel
        ``gaussian[:N]``, ``white``, ``ar1:RHO[:N]``, ``teacher:SIGMA[:N]`` or ``FILE.npz[:N]``, see
        `homotopy_lcn.losses.data_models`.
    seed : int
        Draw d depends on the seed, on d and on nothing else.
    jobs : int
        Number of processes. The result does not depend on it.
    output : path-like, optional
        A directory for the draws; a survey that was killed goes on there if it is called again, and a survey of more
        draws goes on where a smaller one ended. A part of it that is damaged is named in a warning, and its draws are
        computed again. Needs pyarrow.
    scheduler : str, optional
        Address of a Dask scheduler, as ``tcp://host:8786``; ``jobs`` is not used then. The scheduler has 20 seconds for
        each answer, and a cluster that has lost all its workers 60 seconds to get one. Needs dask.distributed.
    engine : str
        The path tracker: "auto", "native" or "reference".
    chunk : int, optional
        Draws computed at a time, at most a million; a survey has at most a million chunks. The result does not depend
        on it.
    keep : bool
        Whether the draws are kept in memory for `Survey.to_frame` if there is no ``output``: some hundred bytes each.
        Without them the memory needed does not depend on the number of draws.
    progress : callable or bool, optional
        Called with a `Progress` now and then. True shows a bar in a terminal or a notebook.

    Returns
    -------
    Survey

    Notes
    -----
    There are many parameters, as each of them is an option that users choose independently of the others. The first
    four and the engine decide the draws; they become one `SurveyPlan`.

    Raises
    ------
    InputError
        If an argument is unusable, the model does not suit an architecture, the directory belongs to another survey or
        cannot be written, or the cluster cannot be used.
    IncompleteStartSystem
        If a start system could not be computed.

    Examples
    --------
    >>> from homotopy_lcn import Architecture, survey
    >>> found = survey(Architecture((2, 2), (1, 1)), draws=50, seed=0)
    >>> found.distribution("real_pure").draws              # one point of least loss among all filters
    {1: 50}
    >>> found.tallies[0].global_minimum_pure.yes < 50      # M is a cone in R³, the target often outside
    True
    """
    plan = _planned(architectures, draws, data_model, seed, engine)
    jobs = check_integer("jobs", jobs, 1)
    given = None if chunk is None else check_integer("chunk", chunk, 1, LARGEST_CHUNK)
    sizes = [given or plan.chunk_size(arch) for arch in plan.architectures]
    _check_chunks(plan.draws, sizes)
    tallies = tuple(Tally() for _ in plan.architectures)
    with ExitStack() as stack:
        store: RunDirectory | _Memory = _Memory(sizes, keep)
        if output is not None:
            record = {"command": plan.command(f"--draws {plan.draws}")}
            store = stack.enter_context(
                RunDirectory(output, plan.identity(), plan.draws, plan.architectures, sizes, record)
            )
        _check_chunks(plan.draws, store.chunks)
        pieces = list(plan.chunks(store.chunks, store.ends))
        count = _Count(plan.draws * len(plan.architectures), stack.enter_context(told(progress)))
        for arch in plan.architectures:
            # Start systems that are not shipped are computed once, here; the other processes find them in the cache.
            prepare(arch, plan.model, plan.engine, jobs)
        missing = []
        for piece in pieces:
            table = store.find(piece)
            if table is None:
                missing.append(piece)
            else:
                tallies[piece.architecture].add(table)
                count.find(piece)
        if store.damaged:
            warnings.warn(
                f"output: damaged parts are computed again: {len(store.damaged)}, the first of them {store.damaged[0]}",
                RuntimeWarning,
                stacklevel=2,
            )
        for piece, table in stack.enter_context(closing(computed(plan.run, missing, jobs, scheduler))):
            store.write(piece, table)
            tallies[piece.architecture].add(table)
            count.add(piece)
        store.finish()
    if output is None and not keep:
        return Survey(plan, tallies)
    return Survey(plan, tallies, lambda: ((piece.architecture, store.read(piece)) for piece in pieces))


def many_draws(
    arch: Architecture,
    draws: int,
    seed: int,
    *,
    white: bool = False,
    jobs: int = 1,
    report: Callable[[int], None] | None = None,
) -> Tally:
    """Count the critical points of many data sets of ``solve --random``, complex ones included.

    Parameters
    ----------
    arch : Architecture
    draws : int
        Number of data sets, at least 1.
    seed : int
        Draw d is the data set of ``random_loss_seed(seed, d)``.
    white : bool
        Gram matrix I and a standard normal target, instead of independent standard normal X (4K, K) and Y (4K, 1).
    jobs : int
        Number of processes. The counts do not depend on it.
    report : callable, optional
        Called now and then with the number of data sets solved.

    Returns
    -------
    Tally
        Of `COLUMNS` and `FURTHER_COLUMNS`. Data sets whose critical points could not all be found are counted all the
        same, with the points that were found.

    Raises
    ------
    InputError
        If ``draws`` is less than 1, or as `critical_points`.

    Examples
    --------
    >>> drawn = many_draws(Architecture((3, 2), (2, 1)), 5, seed=0)
    >>> drawn.draws, drawn.incomplete, drawn.distribution("found").range, drawn.distribution("boundary").total
    (5, 0, '10', 0)
    """
    plan, tally = SolvePlan(arch, check_integer("draws", draws, 1), seed, white), Tally()
    with closing(computed(plan.run, list(plan.chunks(jobs)), jobs)) as tables:
        for _, table in tables:
            tally.add(table)
            if report is not None:
                report(tally.draws)
    return tally


def solve_draw(arch: Architecture, model: str | DataModel, seed: int, draw: int, **options: Any) -> CriticalPoints:
    """The critical points of one draw of a survey, with everything that is known of them.

    Parameters
    ----------
    arch : Architecture
    model : str or DataModel
    seed, draw : int
    options
        Of `critical_points`.
    """
    chosen = data_model(model) if isinstance(model, str) else model
    return critical_points(arch, draw_loss(chosen, arch, seed, draw), seed=seed, **options)


def _planned(
    architectures: Architecture | Iterable[Architecture],
    draws: int,
    model: str | DataModel,
    seed: int,
    engine: str,
) -> SurveyPlan:
    given = (architectures,) if isinstance(architectures, Architecture) else tuple(architectures)
    if not given:
        raise InputError("architectures: none given; expected at least one")
    for arch in given:
        if not isinstance(arch, Architecture):
            raise InputError(f"architectures: {type(arch).__name__} given; expected an Architecture or several")
    if len(set(given)) < len(given):
        twice = next(arch for arch in given if given.count(arch) > 1)
        raise InputError(f"architectures: {twice} given twice; expected different ones")
    draws, seed = check_integer("draws", draws, 1), check_integer("seed", seed, 0)
    chosen = data_model(model) if isinstance(model, str) else model
    return SurveyPlan(given, chosen, draws, seed, engine)


def _check_chunks(draws: int, sizes: Sequence[int]) -> None:
    number = sum(-(-draws // size) for size in sizes)
    if number > MOST_CHUNKS:
        raise InputError(
            f"draws: {draws} given, which are {number} chunks; expected at most {MOST_CHUNKS} chunks, as with fewer "
            f"draws or larger chunks (at most {LARGEST_CHUNK} draws)"
        )


class _Memory:
    """Draws kept in memory or not at all, with the methods of a `RunDirectory`."""

    damaged: Sequence[str] = ()
    ends: Sequence[int] = ()

    def __init__(self, chunks: Sequence[int], keep: bool) -> None:
        self.chunks = tuple(chunks)
        self._keep = keep
        self._tables: dict[Chunk, Table] = {}

    def find(self, chunk: Chunk) -> Table | None:
        return self._tables.get(chunk)

    def write(self, chunk: Chunk, table: Table) -> None:
        if self._keep:
            self._tables[chunk] = table

    def read(self, chunk: Chunk) -> Table:
        return self._tables[chunk]

    def finish(self) -> None:
        """There is nothing to note."""


class _Count:
    """Draws done, told to a callback after each chunk, those that were there before as well."""

    def __init__(self, total: int, progress: ProgressCallback | None) -> None:
        self._report = Progress("draws", None, 0, total)
        self._progress = progress

    def find(self, chunk: Chunk) -> None:
        """Count a chunk that was there before."""
        done = self._report.done + chunk.draws
        self._report = replace(self._report, done=done, known=done)
        self._tell()

    def add(self, chunk: Chunk) -> None:
        """Count a chunk that was computed, and tell it."""
        self._report = replace(self._report, done=self._report.done + chunk.draws)
        self._tell()

    def _tell(self) -> None:
        if self._progress is not None:
            self._progress(self._report)

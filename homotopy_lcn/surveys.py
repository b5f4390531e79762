"""Statistics of critical points over many random data sets: in this process, in several, or on a cluster."""

from __future__ import annotations

import os
import shlex
import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from multiprocessing import get_context, parent_process
from threading import Thread
from typing import TYPE_CHECKING, Any

import numpy as np

from .doors import door
from .draws import Table, cell_size, prepare, saddle_columns, solve_draws
from .errors import InputError, check_integer
from .losses.data_models import DataModel, data_model, draw_loss
from .networks.architecture import Architecture
from .networks.counts import generic_count
from .progress import Progress, ProgressCallback
from .runs import Chunk, RunDirectory
from .solving.solve import critical_points
from .tallies import CONFIDENCE, Distribution, Tally
from .version import __version__

if TYPE_CHECKING:
    import pandas as pd

    from .results.result import CriticalPoints

__all__ = ["Survey", "SurveyPlan", "solve_draw", "survey"]

#: Chunks that a survey of one architecture is cut into at least, if each has a whole cell.
LEAST_CHUNKS = 16
#: Cells in a chunk at most.
MOST_CELLS = 16
#: Chunks handed to each process at a time.
AHEAD = 2


@dataclass(frozen=True)
class SurveyPlan:
    """What is to be computed.

    Attributes
    ----------
    architectures : tuple of Architecture
    model : DataModel
        The distribution of the data sets.
    draws : int
        Number of data sets for each architecture.
    seed : int
    engine : str
        What tracks paths.
    """

    architectures: tuple[Architecture, ...]
    model: DataModel
    draws: int
    seed: int
    engine: str = "auto"

    def chunk_size(self, arch: Architecture) -> int:
        """Draws computed at a time, by default: whole cells, of some seconds together."""
        cell = cell_size(arch)
        return cell * min(MOST_CELLS, max(1, -(-self.draws // (cell * LEAST_CHUNKS))))

    def chunks(self, sizes: Sequence[int]) -> Iterator[Chunk]:
        """All draws of all architectures in chunks."""
        for index, size in enumerate(sizes):
            for first in range(0, self.draws, size):
                yield Chunk(index, first, min(first + size, self.draws))

    def run(self, chunk: Chunk) -> Table:
        """Solve the draws of a chunk."""
        return solve_draws(
            self.architectures[chunk.architecture],
            self.model,
            self.seed,
            range(chunk.first, chunk.last),
            engine=self.engine,
            indices=len(saddle_columns(self.architectures)),
        )

    def command(self, draws: str) -> str:
        """The command line of this survey, with the option that says which draws."""
        words = ["homotopy-lcn", "survey"]
        for arch in self.architectures:
            words += ["-k", ",".join(map(str, arch.filters)), "-s", ",".join(map(str, arch.strides))]
        words += ["--data-model", shlex.quote(self.model.text), "--seed", str(self.seed), draws]
        return " ".join(words if self.engine == "auto" else [*words, "--engine", self.engine])

    def identity(self) -> dict[str, Any]:
        """What decides the draws, in JSON's types."""
        return {
            "filters": [list(arch.filters) for arch in self.architectures],
            "strides": [list(arch.strides) for arch in self.architectures],
            "data model": self.model.identity,
            "draws": self.draws,
            "seed": self.seed,
            "engine": self.engine,
        }


@dataclass(frozen=True, repr=False)
class Survey:
    """The statistics of a survey, and its draws.

    Attributes
    ----------
    plan : SurveyPlan
    tallies : tuple of Tally
        One for each architecture.
    """

    plan: SurveyPlan
    tallies: tuple[Tally, ...]
    _read: Callable[[], Iterator[tuple[int, Table]]] | None = None

    @property
    def architectures(self) -> tuple[Architecture, ...]:
        return self.plan.architectures

    @property
    def incomplete(self) -> int:
        """Number of draws of which not all critical points are accounted for."""
        return sum(tally.incomplete for tally in self.tallies)

    def distribution(self, name: str, architecture: int = 0) -> Distribution:
        """The distribution of a quantity over the draws of one of the architectures.

        Parameters
        ----------
        name : str
            One of `COLUMNS` in `homotopy_lcn.draws` that are counts, or ``saddles_i``.
        architecture : int
            Its place in `architectures`.
        """
        known = self.tallies[architecture].names
        if name not in known:
            raise InputError(f"name: {name!r} is not counted; expected one of {', '.join(known)}")
        return self.tallies[architecture].distribution(name)

    def mean_real_ed_degree(self, architecture: int = 0) -> float:
        """The mean number of real pure critical filters, those of the loss on the Zariski closure of M."""
        return self.distribution("real_pure", architecture).mean

    def to_frame(self) -> pd.DataFrame:
        """Return a pandas data frame with one row a draw, by architecture and number.

        The columns are ``filters`` and ``strides`` as text, ``draw``, and those of `COLUMNS` in `homotopy_lcn.draws`;
        ``global_minimum_pure`` and ``least_loss`` are missing where the global minimum is not established.

        Raises
        ------
        InputError
            If pandas is not installed, or the draws were not kept.
        """
        from .extras import import_extra

        pandas = import_extra("pandas", "frame", "to_frame")
        if self._read is None:
            raise InputError("to_frame: the draws were not kept; expected a survey with keep=True or output=...")
        frames = []
        for index, table in self._read():
            arch = self.architectures[index]
            frame = pandas.DataFrame(table)
            frame.insert(0, "filters", ",".join(map(str, arch.filters)))
            frame.insert(1, "strides", ",".join(map(str, arch.strides)))
            pure = frame["global_minimum_pure"].astype("Int8")
            frame["global_minimum_pure"] = pure.mask(pure < 0).astype("boolean")
            frames.append(frame)
        return pandas.concat(frames, ignore_index=True)

    def to_dict(self) -> dict[str, Any]:
        """The statistics, in JSON's types; what is not a number is None."""
        plan = self.plan
        return {
            "format": "homotopy-lcn/survey",
            "version": 1,
            "software": f"homotopy-lcn {__version__}",
            "seed": plan.seed,
            "draws": plan.draws,
            "command": plan.command(f"--draws {plan.draws}"),
            "data_model": {"description": plan.model.description, "identity": plan.model.identity},
            "confidence": CONFIDENCE,
            "architectures": [
                _statistics(arch, tally) for arch, tally in zip(self.architectures, self.tallies, strict=True)
            ],
        }

    def plot(self, path: str | os.PathLike[str]) -> None:
        """Draw histograms to a file ``.pdf``, ``.png`` or ``.svg``; needs the extra ``figures``."""
        door("histograms")(self, path)

    def __str__(self) -> str:
        lines = [f"Survey of {self.plan.model.description}: {self.plan.draws} draws each, seed {self.plan.seed}"]
        for arch, tally in zip(self.architectures, self.tallies, strict=True):
            degree, pure = tally.distribution("real_pure"), tally.global_minimum_pure
            low, high = degree.interval
            lines.append(
                f"  k = {arch.filters}, s = {arch.strides}: mean real ED degree {degree.mean:.4g} "
                f"({low:.4g} to {high:.4g}), global minimum pure in {pure.yes} of {pure.yes + pure.no}"
                + (f", {tally.incomplete} draws incomplete" if tally.incomplete else "")
            )
        return "\n".join(lines)

    __repr__ = __str__


def _statistics(arch: Architecture, tally: Tally) -> dict[str, Any]:
    table, pure = generic_count(arch), tally.global_minimum_pure
    distributions = {}
    for name in tally.names:
        found = tally.distribution(name)
        low, high = found.interval
        distributions[name] = {
            "mean": found.mean,
            "deviation": found.deviation,
            "interval": [_number(low), _number(high)],
            "minimum": found.minimum,
            "maximum": found.maximum,
            "values": list(found.draws),
            "draws": list(found.draws.values()),
        }
    return {
        "filters": list(arch.filters),
        "strides": list(arch.strides),
        "generic": {"pure": table.pure, "spurious": table.spurious, "filters": table.filters},
        "draws": tally.draws,
        "incomplete": tally.incomplete,
        "mean_real_ed_degree": {key: distributions["real_pure"][key] for key in ("mean", "deviation", "interval")},
        "global_minimum": {
            "pure": pure.yes,
            "spurious": pure.no,
            "not_established": pure.unknown,
            "proportion_pure": _number(pure.value),
            "interval": [_number(value) for value in pure.interval],
        },
        "distributions": distributions,
    }


def _number(value: float) -> float | None:
    return None if np.isnan(value) else value


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
    progress: ProgressCallback | None = None,
) -> Survey:
    """Solve many random data sets and count what there is among their critical points.

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
        A directory for the draws; a survey that was killed goes on there if it is called again. Needs pyarrow.
    scheduler : str, optional
        Address of a Dask scheduler, as ``tcp://host:8786``; ``jobs`` is not used then. Needs dask.distributed.
    engine : str
        What tracks paths: "auto", "native" or "reference".
    chunk : int, optional
        Draws computed at a time. The result does not depend on it.
    keep : bool
        Whether the draws are kept in memory for `Survey.to_frame` if there is no ``output``: some hundred bytes each.
        Without them the memory needed does not depend on the number of draws.
    progress : callable, optional
        Called with a `Progress` now and then.

    Returns
    -------
    Survey

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
    plan = _planned(architectures, draws, data_model, seed, jobs, engine, chunk)
    sizes = [chunk or plan.chunk_size(arch) for arch in plan.architectures]
    tallies = tuple(Tally() for _ in plan.architectures)
    kept: dict[Chunk, Table] = {}
    with ExitStack() as stack:
        directory = None
        if output is not None:
            record = {"command": plan.command(f"--draws {plan.draws}")}
            directory = stack.enter_context(RunDirectory(output, plan.identity(), plan.architectures, sizes, record))
            sizes = list(directory.chunks)
        for arch in plan.architectures:
            # Once and here: the processes then find in the cache what is not shipped.
            prepare(arch, plan.model, plan.engine, jobs)
        count = _Count(plan.draws * len(plan.architectures), progress)
        missing = []
        for piece in plan.chunks(sizes):
            table = None if directory is None else directory.find(piece)
            if table is None:
                missing.append(piece)
            else:
                tallies[piece.architecture].add(table)
                count.add(piece)
        for piece, table in stack.enter_context(_Closing(_computed(plan, missing, jobs, scheduler))):
            if directory is not None:
                directory.write(piece, table)
            elif keep:
                kept[piece] = table
            tallies[piece.architecture].add(table)
            count.add(piece)
        if directory is not None:
            directory.finish()
    if directory is not None:
        pieces, read = list(plan.chunks(sizes)), directory.read
        return Survey(plan, tallies, lambda: ((piece.architecture, read(piece)) for piece in pieces))
    if keep:
        ordered = sorted(kept)
        return Survey(plan, tallies, lambda: ((piece.architecture, kept[piece]) for piece in ordered))
    return Survey(plan, tallies)


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
    jobs: int,
    engine: str,
    chunk: int | None,
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
    check_integer("jobs", jobs, 1)
    if chunk is not None:
        check_integer("chunk", chunk, 1)
    chosen = data_model(model) if isinstance(model, str) else model
    return SurveyPlan(given, chosen, draws, seed, engine)


class _Count:
    """Draws done, told to a callback."""

    def __init__(self, total: int, progress: ProgressCallback | None) -> None:
        self._report = Progress("draws", None, 0, total)
        self._progress = progress

    def add(self, chunk: Chunk) -> None:
        self._report = replace(self._report, done=self._report.done + chunk.draws)
        if self._progress is not None:
            self._progress(self._report)


class _Closing:
    """A generator whose `finally` runs when the block is left, not when the garbage collector comes."""

    def __init__(self, generator: Iterator[tuple[Chunk, Table]]) -> None:
        self._generator: Any = generator

    def __enter__(self) -> Iterator[tuple[Chunk, Table]]:
        return self._generator

    def __exit__(self, *_: object) -> None:
        self._generator.close()


def _computed(
    plan: SurveyPlan, chunks: Sequence[Chunk], jobs: int, scheduler: str | None
) -> Iterator[tuple[Chunk, Table]]:
    """The chunks and their draws, in any order."""
    if not chunks:
        return
    if scheduler is not None:
        from .distributed import on_cluster

        yield from on_cluster(scheduler, plan.run, chunks)
    elif jobs == 1 or len(chunks) == 1:
        for chunk in chunks:
            yield chunk, plan.run(chunk)
    else:
        yield from _in_processes(plan, chunks, min(jobs, len(chunks)))


def _in_processes(plan: SurveyPlan, chunks: Sequence[Chunk], jobs: int) -> Iterator[tuple[Chunk, Table]]:
    coming = iter(chunks)
    pool = ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=partial(_begin, plan))
    try:
        waiting: dict[Future[Table], Chunk] = {pool.submit(_run, c): c for c in islice(coming, AHEAD * jobs)}
        while waiting:
            done, _ = wait(waiting, return_when=FIRST_COMPLETED)
            for future in sorted(done, key=waiting.__getitem__):
                chunk = waiting.pop(future)
                waiting.update({pool.submit(_run, following): following for following in islice(coming, 1)})
                yield chunk, future.result()
    except BrokenProcessPool:
        raise InputError(
            "jobs: a process of the survey was killed, perhaps for want of memory, or could not begin, as in a script "
            "without if __name__ == '__main__'; expected fewer jobs or a smaller chunk, and such a line in a script; "
            "with an output directory the same call goes on where this run ended"
        ) from None
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


_plan: SurveyPlan | None = None


def _begin(plan: SurveyPlan) -> None:
    """The plan goes to each process once: it may hold a file's samples."""
    global _plan
    _plan = plan
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends the others
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A process that waits for chunks would wait for ever if its parent is killed."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _run(chunk: Chunk) -> Table:
    assert _plan is not None
    return _plan.run(chunk)

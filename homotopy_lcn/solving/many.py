"""All critical points for each of many data sets of one network."""

from __future__ import annotations

import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError, check_integer
from ..losses.batches import LossBatch
from ..losses.squared_loss import SquaredLoss
from ..networks.architecture import Architecture
from ..networks.counts import generic_count
from ..networks.support_networks import SupportNetwork
from ..processes import MOST_JOBS
from ..progress import TIME_LIMIT, Clock, Progress, ProgressCallback, TimeUp, check_time_limit, time_of_day, told
from ..results.columns import ResultColumns
from ..results.parts import as_text
from ..results.points import quantity
from ..results.result import CriticalPoints
from ..results.tolerances import Tolerances
from ..tracking import Engine, TrackerOptions, get_engine
from ..tracking.settings import Tracking
from .interrupted import BatchInterrupted
from .plain_data import Moments, are_regular, solve_plain
from .plain_results import facts_of, plain_result
from .solve import (
    SIMILAR_UNITS,
    Task,
    check_loss,
    checked_labels,
    checked_settings,
    checked_table,
    checked_words,
    critical_points,
    ranks_in_doubt_told_to,
    validated_task,
    words_of,
)
from .start_systems import StartSystems
from .tolerances import PLAIN

__all__ = ["EachOfMany", "critical_points_of_many", "each_of_many"]

#: What can be done with losses that cannot be used.
ERRORS = ("raise", "keep")
#: Parts of the losses that are solved before they are taken, for each thread.
PARTS_AHEAD = 2


def critical_points_of_many(
    arch: Architecture,
    losses: Iterable[SquaredLoss] | ArrayLike | None = None,
    b: ArrayLike | None = None,
    constant: ArrayLike = 0.0,
    *,
    gram: ArrayLike | None = None,
    seed: int = 0,
    engine: str | Engine = "auto",
    jobs: int = 1,
    max_count: int = 20_000,
    options: TrackerOptions | None = None,
    progress: ProgressCallback | bool | None = None,
    isolated: bool = False,
    start_systems: StartSystems | None = None,
    time_limit: float = TIME_LIMIT,
    data: str = "",
    tolerances: Tolerances | None = None,
    errors: str = "raise",
) -> list[CriticalPoints]:
    """Compute, verify and classify every critical point of each of many losses of one network.

    The results are those of `critical_points` for one loss after the other, bit for bit. Losses about which nothing is
    in doubt are solved together, which is many times as fast; the others are solved one by one.

    Parameters
    ----------
    arch : Architecture
    losses : iterable of SquaredLoss, or array_like of shape (n, K, K)
        The losses; or Gram matrices, and `b` then. A pair of the two arrays will do as well.
    b : array_like, shape (n, K)
        Moment vectors, with Gram matrices.
    constant : array_like, shape (n,) or ()
        Constants of the losses, with Gram matrices.
    gram : array_like, shape (n, K, K)
        The Gram matrices, by name.
    seed : int
        All random choices come from it, the same ones for each loss.
    engine, max_count, options, isolated, start_systems, tolerances
        As for `critical_points`.
    jobs : int
        Number of threads. Results do not depend on it.
    progress : callable or bool, optional
        Called with a `Progress` of the stage "data sets" now and then; if its answer is True, the computation stops as
        at the time limit. In place of a function, True shows a bar in a terminal or a notebook.
    time_limit : float
        Seconds for all losses. The results of losses that are not solved by then hold no points, and are not complete.
    data : str
        Which data these are, in words. Each result adds the number of its data set.
    errors : "raise" or "keep"
        What is done with losses that cannot be used. With "keep" the message stands in place of the result.

    Returns
    -------
    list of CriticalPoints
        In the order of the losses; with ``errors="keep"``, texts among them. The points of a result are made from
        arrays when they are first asked for.

    Warns
    -----
    RuntimeWarning
        As `critical_points`, but once: of the first loss whose numerical rank is in doubt, and how many more there are.

    Raises
    ------
    InputError
        As `critical_points`. If a loss cannot be used, the message names its index, counted from 0, and nothing is
        solved.
    IncompleteStartSystem
        If the start system of a stratum could not be computed.
    BatchInterrupted
        On Ctrl-C, with the results so far.

    Notes
    -----
    There are many parameters because a user sets each of them on its own.

    Examples
    --------
    >>> import numpy as np
    >>> from homotopy_lcn import Architecture, critical_points_of_many
    >>> X = np.random.default_rng(0).normal(size=(100, 20, 5))
    >>> results = critical_points_of_many(Architecture((3, 2), (2, 1)), X.transpose(0, 2, 1) @ X, X.sum(axis=1))
    >>> len(results), {len(result) for result in results}, all(result.complete for result in results)
    (100, {10}, True)
    """
    each = each_of_many(**locals())
    found: list[CriticalPoints | str | None] = []
    try:
        found.extend(each)
    except KeyboardInterrupt:
        raise BatchInterrupted(found + each.faults[len(found) :]) from None
    return found  # type: ignore[return-value]


def each_of_many(
    arch: Architecture, losses: Any = None, b: ArrayLike | None = None, constant: ArrayLike = 0.0, **options: Any
) -> EachOfMany:
    """The results of `critical_points_of_many`, which are solved as they are taken one by one, and not kept.

    The parameters, the warning and the errors are those of `critical_points_of_many`. Unusable data are refused here,
    before the first result is taken. Ctrl-C is a `KeyboardInterrupt` as usual.
    """
    given = {**(critical_points_of_many.__kwdefaults__ or {}), **options}
    clock = Clock(check_time_limit(given["time_limit"]))
    errors = given["errors"]
    if errors not in ERRORS:
        raise InputError(f"errors: {errors!r} given; expected one of {', '.join(ERRORS)}")
    if not isinstance(arch, Architecture):
        raise InputError(f"arch: {type(arch).__name__} given; expected an Architecture")
    if isinstance(arch, SupportNetwork) and arch.one_dimensional is not None:
        return replace(each_of_many(arch.one_dimensional, losses, b, constant, **options), network=arch)
    seed, jobs = check_integer("seed", given["seed"], 0), check_integer("jobs", given["jobs"], 1, MOST_JOBS)
    most, labels = check_integer("max_count", given["max_count"], 1), checked_labels(given["tolerances"])
    checked_table(arch, most)
    settings, systems = checked_settings(given["options"], given["start_systems"])
    words = checked_words(given["data"])
    tracking = Tracking(get_engine(given["engine"]), jobs, options=settings, clock=clock)
    gram, isolated = given["gram"], given["isolated"]
    if losses is not None and gram is not None:
        raise InputError("gram: given beside losses; expected one of them, as losses have Gram matrices of their own")
    batch = _Batch(arch, LossBatch.of(arch.filter_size, losses if gram is None else gram, b, constant), seed, words)

    def validate(loss: SquaredLoss) -> Task:
        return validated_task(arch, loss, seed, most, isolated)

    faults = batch.validated(errors, validate)
    if batch.ranks_in_doubt:
        warnings.warn(batch.describe_ranks(), RuntimeWarning, stacklevel=3)

    def alone(index: int) -> CriticalPoints:
        loss = batch.loss(index)
        with ranks_in_doubt_told_to(told_before):
            return critical_points(
                arch, loss, seed=seed, engine=tracking.engine, jobs=jobs, max_count=most, options=settings,
                isolated=isolated, start_systems=systems, time_limit=clock.remaining, data=batch.words(index, loss),
                tolerances=labels,
            )  # fmt: skip

    def unsolved(index: int) -> CriticalPoints:
        loss = batch.loss(index)
        with ranks_in_doubt_told_to(told_before):
            empty = validate(loss).result([], clock)
        return replace(
            empty, complete=False, stopped=clock.describe(), data=batch.words(index, loss), solved=time_of_day(),
            tolerances=labels,
        )  # fmt: skip

    return EachOfMany(batch, faults, tracking, systems, labels, given["progress"], (alone, unsolved))


@dataclass(frozen=True, eq=False)
class EachOfMany:
    """Results in the order of the losses, made as they are taken; see `each_of_many`.

    Attributes
    ----------
    batch : _Batch
    faults : list
        For each loss that cannot be used, the message; None for the others.
    tracking : Tracking
    systems : StartSystems
    labels : Tolerances
    progress : callable, bool or None
    careful : pair of callable
        What solves the loss with some number with all care, and the result of a loss that is not solved in time.
    network : Architecture, optional
        The network of the results, if it is another than the one that is solved.
    """

    batch: _Batch
    faults: list[CriticalPoints | str | None]
    tracking: Tracking
    systems: StartSystems
    labels: Tolerances
    progress: ProgressCallback | bool | None
    careful: tuple[Callable[[int], CriticalPoints], Callable[[int], CriticalPoints]]
    network: Architecture | None = None

    def __len__(self) -> int:
        return len(self.faults)

    def __iter__(self) -> Iterator[CriticalPoints | str]:
        for result in self._solved():
            yield result if self.network is None or isinstance(result, str) else result.on_network(self.network)

    def _solved(self) -> Iterator[CriticalPoints | str]:
        clock, (alone, unsolved) = self.tracking.clock, self.careful
        open_ones = np.array([index for index, fault in enumerate(self.faults) if fault is None], dtype=np.int64)
        following, done = 0, len(self) - len(open_ones)
        with told(self.progress) as report:
            for rows, columns in _plain_parts(self.batch, open_ones, self.tracking, self.systems):
                facts = facts_of(self.labels, self.tracking)
                for index, column in zip(rows.tolist(), columns, strict=True):
                    yield from self.faults[following:index]  # type: ignore[misc]
                    following = index + 1
                    if column is not None:
                        yield self.batch.result(index, column, facts)
                    else:
                        yield unsolved(index) if clock.is_up() else alone(index)
                    done += 1
                del columns
                if report is not None and report(Progress("data sets", None, done, len(self))) is True:
                    clock.stop("stopped early, as progress asked")
        yield from self.faults[following:]  # type: ignore[misc]


def told_before(words: str) -> None:
    """Ranks in doubt are told once, when the losses are looked at first."""


@dataclass(frozen=True)
class _OneLoss:
    """A loss that needs no further checks."""

    architecture: Architecture
    loss: SquaredLoss
    seed: int


class _Batch:
    """Losses with what is known of them."""

    def __init__(self, arch: Architecture, losses: LossBatch, seed: int, words: str) -> None:
        self.architecture = arch
        self.losses = losses
        self.seed = seed
        self._words = words
        self.ranks_in_doubt: dict[int, str] = {}
        self.moments = Moments(losses.gram, losses.b, losses.constant, losses.tolerance)
        self.regular: NDArray[np.bool_] = losses.plain & are_regular(self.moments)
        squares = np.einsum("tii->ti", losses.gram)
        if len(losses):  # very different units are told, loss by loss
            self.regular &= squares.min(axis=1) >= SIMILAR_UNITS**2 * squares.max(axis=1)

    def validated(self, errors: str, validate: Callable[[SquaredLoss], Task]) -> list[CriticalPoints | str | None]:
        """None for each loss that can be used; for the others the message, or it is raised."""
        result: list[CriticalPoints | str | None] = [None] * len(self.losses)
        for index in np.flatnonzero(~self.regular).tolist():
            fault = self._fault(index, validate)
            if fault is not None and errors == "raise":
                raise fault
            result[index] = None if fault is None else str(fault)
        return result

    def _fault(self, index: int, validate: Callable[[SquaredLoss], Task]) -> InputError | None:
        try:
            loss = self.losses.loss(index)
            told = ranks_in_doubt_told_to(partial(self.ranks_in_doubt.setdefault, index))
            with self.losses.naming(index), told:
                check_loss(self.architecture, loss)
                validate(loss)
        except InputError as error:
            return error
        return None

    def describe_ranks(self) -> str:
        """Which losses have a numerical rank in doubt, in words."""
        index, words = next(iter(self.ranks_in_doubt.items()))
        others = len(self.ranks_in_doubt) - 1
        text = f"losses[{index}]: {words}"
        more = quantity(others, "more data set", "more data sets")
        return text if others == 0 else f"{text}; the numerical rank is in doubt in {more}"

    def loss(self, index: int) -> SquaredLoss:
        """One of the losses that can be used."""
        return self.losses.loss(index, regular=bool(self.regular[index]))

    def result(self, index: int, columns: ResultColumns, facts: dict[str, object]) -> CriticalPoints:
        """The result for one of the losses, about which nothing is in doubt."""
        loss = self.loss(index)
        return plain_result(columns, _OneLoss(self.architecture, loss, self.seed), self.words(index, loss), facts)

    def words(self, index: int, loss: SquaredLoss) -> str:
        """Which data a result is about."""
        return as_text(f"{self._words}: data set {index}") if self._words else words_of(loss)


def _plain_parts(
    batch: _Batch, rows: NDArray[np.int64], tracking: Tracking, systems: StartSystems
) -> Iterator[tuple[NDArray[np.int64], list[ResultColumns | None]]]:
    """Some losses after the other with their points, as far as nothing is in doubt. When the time is up, with none.

    In several threads few parts are solved ahead of the one that is taken.
    """
    arch = batch.architecture
    size = max(1, PLAIN.paths // max(1, generic_count(arch).filters))
    parts = [rows[first : first + size] for first in range(0, len(rows), size)]
    one_thread = replace(tracking, jobs=1)

    def solved(part: NDArray[np.int64]) -> list[ResultColumns | None]:
        if tracking.clock.is_up() or isinstance(arch, SupportNetwork) or not batch.losses.plain[part].all():
            return [None] * len(part)
        try:
            found = solve_plain(arch, batch.moments.part(part), one_thread, systems)
        except TimeUp:
            return [None] * len(part)
        return [None] * len(part) if tracking.clock.stopped else found

    if tracking.jobs == 1 or len(parts) < 2:
        for part in parts:
            yield part, solved(part)
        return
    first = solved(parts[0])  # so that start systems are computed once
    yield parts[0], first
    with ThreadPoolExecutor(max_workers=tracking.jobs) as pool:
        ahead: deque[tuple[NDArray[np.int64], Future[list[ResultColumns | None]]]] = deque()
        try:
            for part in parts[1:]:
                ahead.append((part, pool.submit(solved, part)))
                if len(ahead) == PARTS_AHEAD * tracking.jobs:
                    taken, future = ahead.popleft()
                    yield taken, future.result()
            while ahead:
                taken, future = ahead.popleft()
                yield taken, future.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise

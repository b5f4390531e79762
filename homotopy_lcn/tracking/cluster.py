"""Work on a Dask cluster: ``dask scheduler`` and ``dask worker`` processes; extra ``distributed``.

Dask does a piece of work again elsewhere if its worker dies. Whatever happens on the cluster, this process takes each
result once, and it alone writes files, so workers need the package but no common disk. Nothing here waits for ever: a
scheduler has `PATIENCE` seconds for each answer, and a cluster without workers three times as long to get one.
"""

from __future__ import annotations

import logging
import os
import pickle
import secrets
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, TypeVar

from ..errors import InputError
from ..extras import import_extra
from ..version import __version__

__all__ = ["PATIENCE", "Cluster", "Wording", "connected"]

Item = TypeVar("Item")
Result = TypeVar("Result")

EXAMPLE = "tcp://host:8786"
#: Kinds of addresses that need certificates.
ENCRYPTED = ("tls", "wss")
#: Seconds to wait for each answer of the scheduler, and for a first worker.
PATIENCE = 20
#: Seconds without any worker after which a run ends, in units of the patience: programs that restart workers take some.
ABSENCE = 3
#: Seconds to say goodbye.
CLOSING = 2
#: Items waiting for each thread of the cluster.
ITEMS_FOR_EACH_THREAD = 3
#: Results that wait for an earlier one, in units of the items that are handed in.
RESULTS_AHEAD = 2
#: How often an item is handed in again after the workers it was given to have died.
RETRIES = 3
#: Seconds after which the threads of the cluster are counted again, and at which a caller is asked whether to go on.
HEARTBEAT = 1.0


@dataclass(frozen=True)
class Wording:
    """How messages speak of the work.

    Attributes
    ----------
    item : callable
        What an item is, as in "draws 0 to 49".
    smaller : str
        What helps besides workers with more memory if items are too large, as in ", or a smaller chunk".
    resumption : str
        What goes on after an error, as in "the same command goes on where this run ended".
    """

    item: Callable[[Any], str]
    smaller: str = ""
    resumption: str = "the same call goes on from where it stopped"


def installed_version() -> str:
    """Asked of each worker."""
    return __version__


def run_elsewhere(version: str, work: bytes, item: bytes) -> tuple[str, Any]:
    """What a worker does with an item: the work, if this is the version that asked for it.

    Returns
    -------
    outcome : str
        "done", "failed", "unusable" or "version".
    value
        The result, the exception that the work or its preparation raised, or the version of the worker.
    """
    if version != __version__:
        return "version", __version__
    try:
        call, argument = pickle.loads(work), pickle.loads(item)
    except Exception as error:  # whatever an import raises
        return "unusable", error
    try:
        return "done", call(argument)
    except Exception as error:
        return "failed", error


@contextmanager
def connected(address: str, wording: Wording, wait: float = PATIENCE) -> Iterator[Cluster]:
    """A cluster that can be used: its scheduler answers, and it has workers with this version of the package.

    Parameters
    ----------
    address : str
        Of the scheduler, as ``tcp://host:8786``. ``tls://`` needs certificates in the configuration of Dask.
    wording : Wording
    wait : float
        Seconds to wait for each answer of the scheduler and for a first worker. A cluster that has lost all its workers
        has three times as long to get one.

    Raises
    ------
    InputError
        If Dask is not installed, nothing answers at the address, there are no workers, or these have another version of
        the package or lack it.
    """
    dask = import_extra("distributed", "distributed", "scheduler")
    _check_address(dask, address)
    with _no_log():
        client = _connected(dask, address, wait)
        try:
            cluster = Cluster(client, dask, address, wait, wording)
            with cluster.losses_said():
                _check_workers(client, dask, address, wait)
            yield cluster
        finally:
            with suppress(Exception):  # a scheduler that has gone does not answer
                _within(CLOSING, lambda: client.close(timeout=CLOSING))


def _check_address(dask: Any, address: str) -> None:
    """Before anything is asked for: a client that cannot parse its address tries for long to close itself."""
    if not isinstance(address, str):
        raise InputError(f"scheduler: {type(address).__name__} given; expected an address, as {EXAMPLE}")
    addressing = dask.comm.addressing
    try:
        kind, place = addressing.parse_address(address)
        host = place if kind == "inproc" else addressing.parse_host_port(place)[0]
    except ValueError as error:
        raise InputError(f"scheduler: {address!r} is not an address ({error}); expected one as {EXAMPLE}") from None
    if kind not in dask.comm.registry.backends or not host:
        raise InputError(f"scheduler: {address!r} is not an address of Dask; expected one as {EXAMPLE}")
    reason = _unusable(dask, kind, place)
    if reason:
        raise InputError(f"scheduler: {address!r} cannot be used here: {reason}; expected one as {EXAMPLE}")


def _unusable(dask: Any, kind: str, place: str) -> str:
    """Why addresses of a kind cannot be used by this process; empty if they can."""
    if kind == "inproc":
        parts = place.split("/")
        if len(parts) != 3:
            return "an inproc address has the three parts of inproc://host/process/number"
        if parts[1] != str(os.getpid()):
            return "an inproc address is that of a scheduler in the process that uses the address"
    if kind in ENCRYPTED and dask.Security().get_connection_args("client").get("ssl_context") is None:
        return f"{kind}:// needs certificates under distributed.comm.tls in the configuration of Dask"
    try:
        dask.comm.registry.backends[kind].get_connector()
    except Exception as error:  # whatever a backend raises that is not installed
        return f"Dask cannot connect by {kind}://, perhaps for want of a package ({type(error).__name__})"
    return ""


def _connected(dask: Any, address: str, wait: float) -> Any:
    """A client of the scheduler, which has answered.

    Before the client is made the scheduler is asked who it is: a client waits for ever for a program that accepts the
    connection and does not answer, and does not end well if its address cannot be used.
    """
    import asyncio  # takes 40 ms, and most solves and surveys use no cluster

    async def ask() -> Any:
        arguments = dask.Security().get_connection_args("client")
        comm = await dask.core.connect(address, timeout=wait, **arguments)
        try:
            await comm.write({"op": "identity", "reply": True})
            return await comm.read()
        finally:
            comm.abort()

    try:
        answer = _within(wait, lambda: asyncio.run(asyncio.wait_for(ask(), wait)))
        if not isinstance(answer, dict) or answer.get("type") != "Scheduler":
            raise ValueError("what answers there is no scheduler of Dask")
        return _within(wait, lambda: dask.Client(address, timeout=wait, set_as_default=False))
    except (TimeoutError, dask.TimeoutError):
        reason = f"nothing answers in {wait:g} seconds"
    except Exception as error:  # what answers may be any program
        reason = _reason(error)
    raise InputError(
        f"scheduler: no scheduler answers at {address!r} ({reason}); expected the address of a running one, as "
        f"{EXAMPLE}"
    )


def _within(seconds: float, call: Callable[[], Any]) -> Any:
    """The result of a call, or its exception; TimeoutError if it takes longer, and then nobody waits for its thread."""
    answers: SimpleQueue[tuple[bool, Any]] = SimpleQueue()

    def run() -> None:
        try:
            answers.put((True, call()))
        except BaseException as error:
            answers.put((False, error))

    Thread(target=run, daemon=True).start()
    try:
        good, answer = answers.get(timeout=seconds + 1)  # the call's own patience ends first, and says more
    except Empty:
        raise TimeoutError from None
    if not good:
        raise answer
    return answer


def _reason(error: BaseException) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 200 else f"{text[:197]}..."


@contextmanager
def _no_log() -> Iterator[None]:
    """Errors of the connection are raised: the client need not print their tracebacks, too."""
    logger = logging.getLogger("distributed.client")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(level)


def _check_workers(client: Any, dask: Any, address: str, wait: float) -> None:
    try:
        client.wait_for_workers(1, timeout=wait)
    except dask.TimeoutError:
        raise InputError(
            f"scheduler: {address} has no workers; expected at least one 'dask worker {address}'"
        ) from None
    try:
        versions = _within(wait, lambda: client.run(installed_version))
    except TimeoutError:
        raise InputError(
            f"scheduler: not all workers of {address} answer in {wait:g} seconds; expected workers that run"
        ) from None
    except (dask.comm.CommClosedError, OSError):
        raise
    except Exception as error:  # the workers lack the package, or cannot load it
        raise _unusable_workers(address, error) from None
    for worker, version in versions.items():
        if version != __version__:
            raise _other_version(worker, version)


def _unusable_workers(address: str, error: BaseException) -> InputError:
    return InputError(
        f"scheduler: the workers of {address} lack homotopy-lcn, or cannot load it ({_reason(error)}); expected "
        f"version {__version__} there, too, with the same Python packages as here"
    )


def _other_version(worker: str, version: object) -> InputError:
    return InputError(f"scheduler: the worker {worker} has homotopy-lcn {version}; expected {__version__}, as here")


def _is_local(error: BaseException) -> bool:
    """Whether an exception of the work is due to the worker's machine, and not to the connection to the cluster."""
    return isinstance(error, (OSError, MemoryError))


class Cluster:
    """A client, how long it waits, and how it speaks of the work; `connected` makes it.

    Parameters
    ----------
    client, dask
        The client of Dask, and the module ``distributed``.
    address : str
    wait : float
        Seconds.
    wording : Wording
    """

    def __init__(self, client: Any, dask: Any, address: str, wait: float, wording: Wording) -> None:
        self.client, self.dask, self.address, self.wait, self.wording = client, dask, address, wait, wording
        self._seen = time.monotonic()
        self._counted = (0, self._seen - HEARTBEAT)
        self._workers: list[str] = []

    def in_order(
        self, work: Callable[[Item], Result], items: Iterable[Item], check: Callable[[], None] = lambda: None
    ) -> Iterator[Result]:
        """The results in the order of the items; parameters as for `as_computed`.

        Items are taken, and results kept, only as far ahead as keeps the cluster busy.
        """
        early: dict[int, Result] = {}
        run = _Run(self, pickle.dumps(work), enumerate(items), check)
        run.following = 0
        for number, result in run.results():
            early[number] = result
            while run.following in early:
                run.following += 1
                yield early.pop(run.following - 1)

    def as_computed(
        self, work: Callable[[Item], Result], items: Iterable[Item], check: Callable[[], None] = lambda: None
    ) -> Iterator[tuple[Item, Result]]:
        """Each item with its result as it comes.

        Parameters
        ----------
        work : callable
            Computes one item; both are pickled.
        items : iterable
            Some items for each thread of the cluster are taken and handed in at a time.
        check : callable
            Called every second or so. An exception that it raises ends the run.

        Raises
        ------
        InputError
            If a worker has another version of the package or lacks it, the connection is lost, or an item brings down
            worker after worker.
        """
        taken: dict[int, Item] = {}

        def numbered() -> Iterator[tuple[int, Item]]:
            for number, item in enumerate(items):
                taken[number] = item
                yield number, item

        for number, result in _Run(self, pickle.dumps(work), numbered(), check).results():
            yield taken.pop(number), result

    @contextmanager
    def losses_said(self) -> Iterator[None]:
        """Raise InputError where the connection is lost."""
        try:
            yield
        except (self.dask.comm.CommClosedError, self.dask.CancelledError, OSError) as error:
            raise InputError(
                f"scheduler: the connection to {self.address} was lost ({type(error).__name__}); expected a running "
                f"scheduler; {self.wording.resumption}"
            ) from error

    def threads(self) -> int:
        """The number of threads of all workers, as it was a moment ago."""
        number, time_counted = self._counted
        if time.monotonic() - time_counted < HEARTBEAT:
            return number
        with self.losses_said():
            return self.count_threads()

    def count_threads(self) -> int:
        """The number of threads of all workers there are now."""
        try:
            numbers = _within(self.wait, self.client.nthreads)
        except TimeoutError:
            raise InputError(
                f"scheduler: {self.address} no longer answers within {self.wait:g} seconds; expected a running "
                f"scheduler; {self.wording.resumption}"
            ) from None
        if numbers:
            self._seen, self._workers = time.monotonic(), list(numbers)
        self._counted = sum(numbers.values()), time.monotonic()
        return self._counted[0]

    def next_done(self, done: SimpleQueue[Any], check: Callable[[], None]) -> Any:
        """The next future of a queue, which may be long in coming."""
        asked = time.monotonic()
        while True:
            with suppress(Empty):
                return done.get(timeout=min(self.wait, HEARTBEAT))
            check()
            if time.monotonic() - asked >= self.wait:
                self.check_presence()
                asked = time.monotonic()

    def check_presence(self) -> None:
        """Raise InputError if the scheduler does not answer, or there have been no workers for long."""
        if self.count_threads() == 0 and time.monotonic() - self._seen > ABSENCE * self.wait:
            lost = ", ".join(self._workers[-3:])
            raise InputError(
                f"scheduler: {self.address} has had no workers for {ABSENCE * self.wait:g} seconds; the last ones, "
                f"{lost}, have ended or were killed, perhaps for want of memory; expected running workers; "
                f"{self.wording.resumption}"
            )


class _Run:
    """Items on their way through a cluster.

    Parameters
    ----------
    cluster : Cluster
    work : bytes
    items : iterator
        Numbered items.
    check : callable
        Called every second or so.

    Attributes
    ----------
    following : int or None
        For results in order the number of the first item whose result has not been taken.
    """

    def __init__(
        self, cluster: Cluster, work: bytes, items: Iterator[tuple[int, Any]], check: Callable[[], None]
    ) -> None:
        self.cluster, self.work, self.items, self.check = cluster, work, items, check
        self.following: int | None = None
        self.name = secrets.token_hex(6)  # keys of this run only: no result of an earlier one is taken
        self.attempts: dict[int, int] = {}
        self.waiting: dict[Any, tuple[int, Any]] = {}
        self.done: SimpleQueue[Any] = SimpleQueue()
        self.begun = 0

    def results(self) -> Iterator[tuple[int, Any]]:
        """Numbers of items with results as they come."""
        try:
            with self.cluster.losses_said():
                self.hand_in_next_ones()
                while self.waiting:
                    number, result = self.next_result()
                    self.hand_in_next_ones()  # the cluster is busy while the caller looks at the result
                    yield number, result
                    self.hand_in_next_ones()
        finally:
            self.give_up()

    def hand_in(self, number: int, item: Any) -> None:
        attempt = self.attempts[number] = self.attempts.get(number, 0) + 1
        key = f"homotopy-lcn-{self.name}-{number}-{attempt}"
        future = self.cluster.client.submit(
            run_elsewhere, __version__, self.work, pickle.dumps(item), key=key, pure=False
        )
        self.waiting[future] = number, item
        future.add_done_callback(self.done.put)

    def hand_in_next_ones(self) -> None:
        """As many as the workers there are now call for; workers come and go."""
        most = ITEMS_FOR_EACH_THREAD * max(1, self.cluster.threads())
        while len(self.waiting) < most:
            if self.following is not None and self.begun - self.following >= RESULTS_AHEAD * most:
                return
            numbered = next(self.items, None)
            if numbered is None:
                return
            self.begun += 1
            self.hand_in(*numbered)

    def next_result(self) -> tuple[int, Any]:
        """The number and the result of an item."""
        cluster = self.cluster
        dask = cluster.dask
        while True:
            future = cluster.next_done(self.done, self.check)
            try:
                outcome, value = future.result(timeout=cluster.wait)
            except dask.TimeoutError:  # its worker died before the result was fetched, and another one computes it
                cluster.check_presence()
                future.add_done_callback(self.done.put)
                continue
            except dask.scheduler.KilledWorker as error:
                number, item = self.waiting.pop(future)
                if self.attempts[number] > RETRIES:
                    raise InputError(
                        f"scheduler: {cluster.wording.item(item)} have brought down worker after worker, the last of "
                        f"them {error.last_worker.address}, perhaps for want of memory; expected workers with more "
                        f"memory{cluster.wording.smaller}"
                    ) from None
                self.hand_in(number, item)
                continue
            except (dask.comm.CommClosedError, dask.CancelledError, OSError):
                raise
            except Exception as error:  # raised before the work began
                raise _unusable_workers(cluster.address, error) from None
            if outcome == "unusable":
                raise _unusable_workers(cluster.address, value)
            if outcome == "failed":
                raise InputError(f"scheduler: a worker failed ({_reason(value)})") if _is_local(value) else value
            if outcome == "version":
                raise _other_version(f"of {cluster.address}", value)
            number, _ = self.waiting.pop(future)
            future.release()
            self.attempts.pop(number)
            return number, value

    def give_up(self) -> None:
        """Let the cluster forget the items that are still on their way."""
        with suppress(Exception):  # a scheduler that has gone does not answer
            for future in self.waiting:
                future.release()

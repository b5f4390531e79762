"""Chunks of a survey on a Dask cluster: ``dask scheduler`` and ``dask worker`` processes; extra ``distributed``.

Dask computes a chunk again elsewhere if its worker dies. Whatever happens on the cluster, this process takes each chunk
once, and it alone writes files, so workers need the package but no common disk. Nothing here waits for ever: a
scheduler has `PATIENCE` seconds for each answer, and a cluster without workers three times as long to get one.
"""

from __future__ import annotations

import asyncio
import logging
import os
import pickle
import secrets
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, TypeVar

from ..errors import InputError
from ..extras import import_extra
from ..version import __version__
from .plans import Chunk

__all__ = ["PATIENCE", "on_cluster"]

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
#: Chunks waiting for each thread of the cluster.
CHUNKS_AHEAD = 3
#: How often a chunk is handed in again after the workers it was given to have died.
RETRIES = 3


def installed_version() -> str:
    """Asked of each worker."""
    return __version__


def run_elsewhere(version: str, work: bytes, chunk: tuple[int, int, int]) -> tuple[str, Any]:
    """What a worker does with a chunk: the work, if this is the version that asked for it.

    Returns
    -------
    outcome : str
        "done", "failed" or "version".
    value
        The result, the exception that the work raised, or the version of the worker.
    """
    if version != __version__:
        return "version", __version__
    try:
        return "done", pickle.loads(work)(Chunk(*chunk))
    except Exception as error:
        return "failed", error


def on_cluster(
    address: str, work: Callable[[Chunk], Result], chunks: Iterable[Chunk], wait: float = PATIENCE
) -> Iterator[tuple[Chunk, Result]]:
    """Compute chunks on a cluster, each with its result as it comes.

    Parameters
    ----------
    address : str
        Of the scheduler, as ``tcp://host:8786``. ``tls://`` needs certificates in the configuration of Dask.
    work : callable
        Computes one chunk; it is pickled.
    chunks : iterable of Chunk
        At most `CHUNKS_AHEAD` chunks for each thread of the cluster are handed in at a time.
    wait : float
        Seconds to wait for each answer of the scheduler and for a first worker. A cluster that has lost all its workers
        has three times as long to get one.

    Raises
    ------
    InputError
        If Dask is not installed, nothing answers at the address, there are no workers, these have another version of
        the package or lack it, the connection is lost, or a chunk brings down worker after worker.
    """
    dask = import_extra("distributed", "distributed", "scheduler")
    _check_address(dask, address)
    with _no_log():
        client = _connected(dask, address, wait)
        try:
            _check_workers(client, dask, address, wait)
            yield from _as_computed(_Cluster(client, dask, address, wait), work, iter(chunks))
        except (dask.comm.CommClosedError, dask.CancelledError, OSError) as error:
            raise InputError(
                f"scheduler: the connection to {address} was lost ({type(error).__name__}); expected a running "
                "scheduler; with an output directory the same call goes on where this run ended"
            ) from error
        finally:
            with suppress(Exception):  # a scheduler that has gone does not answer
                _within(CLOSING, lambda: client.close(timeout=CLOSING))


def _check_address(dask: Any, address: str) -> None:
    """Before anything is asked for: a client that cannot parse its address tries for long to close itself."""
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


class _Cluster:
    """A client, and how long it waits.

    Parameters
    ----------
    client, dask
        The client of Dask, and the module ``distributed``.
    address : str
    wait : float
        Seconds.
    """

    def __init__(self, client: Any, dask: Any, address: str, wait: float) -> None:
        self.client, self.dask, self.address, self.wait = client, dask, address, wait
        self._seen = time.monotonic()
        self._workers: list[str] = []

    def threads(self) -> int:
        """The number of threads of all workers there are now."""
        try:
            numbers = _within(self.wait, self.client.nthreads)
        except TimeoutError:
            raise InputError(
                f"scheduler: {self.address} no longer answers within {self.wait:g} seconds; expected a running "
                "scheduler; with an output directory the same call goes on where this run ended"
            ) from None
        if numbers:
            self._seen, self._workers = time.monotonic(), list(numbers)
        return sum(numbers.values())

    def next_done(self, done: SimpleQueue[Any]) -> Any:
        """The next future of a queue, which may be long in coming."""
        while True:
            with suppress(Empty):
                return done.get(timeout=self.wait)
            self.check()

    def check(self) -> None:
        """Raise InputError if the scheduler does not answer, or there have been no workers for long."""
        if self.threads() == 0 and time.monotonic() - self._seen > ABSENCE * self.wait:
            lost = ", ".join(self._workers[-3:])
            raise InputError(
                f"scheduler: {self.address} has had no workers for {ABSENCE * self.wait:g} seconds; the last ones, "
                f"{lost}, have ended or were killed, perhaps for want of memory; expected running workers; with an "
                "output directory the same call goes on where this run ended"
            )


def _as_computed(
    cluster: _Cluster, work: Callable[[Chunk], Result], chunks: Iterator[Chunk]
) -> Iterator[tuple[Chunk, Result]]:
    dask, client = cluster.dask, cluster.client
    run = secrets.token_hex(6)  # keys of this run only: no result of an earlier one is taken
    pickled = pickle.dumps(work)
    attempts: dict[Chunk, int] = {}
    waiting: dict[Any, Chunk] = {}

    done: SimpleQueue[Any] = SimpleQueue()

    def hand_in(chunk: Chunk) -> None:
        attempt = attempts[chunk] = attempts.get(chunk, 0) + 1
        key = f"homotopy-lcn-survey-{run}-{chunk.architecture}-{chunk.first}-{attempt}"
        future = client.submit(run_elsewhere, __version__, pickled, tuple(chunk), key=key, pure=False)
        waiting[future] = chunk
        future.add_done_callback(done.put)

    def hand_in_next_ones() -> None:
        """As many as the workers there are now call for; workers come and go."""
        for chunk in islice(chunks, max(0, CHUNKS_AHEAD * max(1, cluster.threads()) - len(waiting))):
            hand_in(chunk)

    hand_in_next_ones()
    while waiting:
        future = cluster.next_done(done)
        try:
            outcome, value = future.result(timeout=cluster.wait)
        except dask.TimeoutError:  # its worker died before the result was fetched, and another one computes it
            cluster.check()
            future.add_done_callback(done.put)
            continue
        except dask.scheduler.KilledWorker as error:
            chunk = waiting.pop(future)
            if attempts[chunk] > RETRIES:
                raise InputError(
                    f"scheduler: draws {chunk.first} to {chunk.last - 1} have brought down worker after worker, the "
                    f"last of them {error.last_worker.address}, perhaps for want of memory; expected workers with "
                    "more memory, or a smaller chunk"
                ) from None
            hand_in(chunk)
            continue
        except (dask.comm.CommClosedError, dask.CancelledError, OSError):
            raise
        except Exception as error:  # raised before the work began
            raise _unusable_workers(cluster.address, error) from None
        if outcome == "failed":
            raise InputError(f"scheduler: a worker failed ({_reason(value)})") if _is_local(value) else value
        if outcome == "version":
            raise _other_version(f"of {cluster.address}", value)
        chunk = waiting.pop(future)
        future.release()
        attempts.pop(chunk)
        hand_in_next_ones()
        yield chunk, value

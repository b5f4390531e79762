"""Chunks of a survey on a Dask cluster: ``dask scheduler`` and ``dask worker`` processes; extra ``distributed``.

Dask computes a chunk again elsewhere if its worker dies. Whatever happens on the cluster, this process takes each chunk
once, and it alone writes files, so workers need the package but no common disk.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any, TypeVar

from ..errors import InputError
from ..extras import import_extra
from ..version import __version__
from .plans import Chunk

__all__ = ["on_cluster"]

Result = TypeVar("Result")

EXAMPLE = "tcp://host:8786"
#: Seconds to wait for the scheduler to answer, and for a first worker.
PATIENCE = 20
#: Chunks waiting for each thread of the cluster.
CHUNKS_AHEAD = 3
#: How often a chunk is handed in again after the workers it was given to have died.
RETRIES = 3


def installed_version() -> str:
    """Asked of each worker."""
    return __version__


def on_cluster(
    address: str, work: Callable[[Chunk], Result], chunks: Iterable[Chunk], wait: float = PATIENCE
) -> Iterator[tuple[Chunk, Result]]:
    """Compute chunks on a cluster, each with its result as it comes.

    Parameters
    ----------
    address : str
        Of the scheduler, as ``tcp://host:8786``.
    work : callable
        Computes one chunk; it is pickled.
    chunks : iterable of Chunk
        At most `CHUNKS_AHEAD` chunks for each thread of the cluster are handed in at a time.
    wait : float
        Seconds to wait for the scheduler and for a first worker.

    Raises
    ------
    InputError
        If Dask is not installed, nothing answers at the address, there are no workers, these have another version of
        the package, the connection is lost, or a chunk brings down worker after worker.
    """
    dask = import_extra("distributed", "distributed", "scheduler")
    _check_address(dask, address)
    try:
        client = dask.Client(address, timeout=wait, set_as_default=False)
    except (OSError, dask.TimeoutError, ValueError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(f"scheduler: no scheduler answers at {address!r} ({reason}); expected its address") from None
    with _no_log(), client:
        try:
            _check_workers(client, dask, address, wait)
            yield from _as_computed(client, dask, address, work, iter(chunks))
        except (dask.comm.CommClosedError, dask.CancelledError, OSError) as error:
            raise InputError(
                f"scheduler: the connection to {address} was lost ({type(error).__name__}); expected a running "
                "scheduler; with an output directory the same call goes on where this run ended"
            ) from error


def _check_address(dask: Any, address: str) -> None:
    """Before a client is made: one that cannot parse its address tries for long to close itself."""
    addressing = dask.comm.addressing
    try:
        kind, place = addressing.parse_address(address)
        host = place if kind == "inproc" else addressing.parse_host_port(place)[0]
    except ValueError as error:
        raise InputError(f"scheduler: {address!r} is not an address ({error}); expected one as {EXAMPLE}") from None
    if kind not in dask.comm.registry.backends or not host:
        raise InputError(f"scheduler: {address!r} is not an address of Dask; expected one as {EXAMPLE}")


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
        versions = client.run(installed_version)
    except ModuleNotFoundError:
        raise InputError(
            f"scheduler: the workers of {address} lack homotopy-lcn; expected version {__version__} there, too"
        ) from None
    for worker, version in versions.items():
        if version != __version__:
            raise InputError(
                f"scheduler: the worker {worker} has homotopy-lcn {version}; expected {__version__}, as here"
            )


def _as_computed(
    client: Any, dask: Any, address: str, work: Callable[[Chunk], Result], chunks: Iterator[Chunk]
) -> Iterator[tuple[Chunk, Result]]:
    run = secrets.token_hex(6)  # keys of this run only: no result of an earlier one is taken
    attempts: dict[Chunk, int] = {}
    waiting: dict[Any, Chunk] = {}

    def hand_in(chunk: Chunk) -> Any:
        attempt = attempts[chunk] = attempts.get(chunk, 0) + 1
        key = f"homotopy-lcn-survey-{run}-{chunk.architecture}-{chunk.first}-{attempt}"
        future = client.submit(work, chunk, key=key, pure=False)
        waiting[future] = chunk
        return future

    def next_ones() -> list[Any]:
        """As many as the workers there are now call for; workers come and go."""
        threads = max(1, sum(client.nthreads().values()))
        return [hand_in(chunk) for chunk in islice(chunks, max(0, CHUNKS_AHEAD * threads - len(waiting)))]

    coming = dask.as_completed(next_ones(), loop=client.loop)
    for future in coming:
        chunk = waiting.pop(future)
        try:
            result = future.result()
        except dask.scheduler.KilledWorker:
            if attempts[chunk] > RETRIES:
                raise InputError(
                    f"scheduler: draws {chunk.first} to {chunk.last - 1} have brought down worker after worker; "
                    "expected workers with more memory, or a smaller chunk"
                ) from None
            coming.add(hand_in(chunk))
            continue
        future.release()
        attempts.pop(chunk)
        coming.update(next_ones())
        yield chunk, result

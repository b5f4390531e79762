"""Computing the chunks of a survey: in this process, in others, or on a cluster."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from itertools import islice
from multiprocessing import get_context, parent_process
from threading import Thread
from typing import Any

from ..errors import InputError
from .draws import Table
from .plans import Chunk, SurveyPlan

__all__ = []


#: Chunks handed to each process at a time.
AHEAD = 2


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
        from .cluster import on_cluster

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

"""Functions run in several processes.

The processes are spawned, leave interrupts and warnings to their parent, and end with it.
"""

from __future__ import annotations

import os
import signal
import warnings
from collections.abc import Callable, Generator, Sequence
from itertools import islice
from threading import Thread
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import Future, ProcessPoolExecutor
    from multiprocessing import connection

__all__ = ["MOST_JOBS", "as_computed"]

Item = TypeVar("Item")
Result = TypeVar("Result")

#: Threads or processes at most, as many as the compiled kernel starts.
MOST_JOBS = 1024
#: Items handed to each process at a time: one is computed, the next one waits.
ITEMS_AHEAD = 2


def as_computed(
    work: Callable[[Item], Result], items: Sequence[Item], jobs: int
) -> Generator[tuple[Item, Result], None, None]:
    """Call a function for each item, and yield each item with its result as soon as it is there, in any order.

    With one job, or for one item, the function is called in this process, item by item. When the generator is closed,
    or left by an exception such as an interrupt, the processes end at once; close it with `contextlib.closing`.

    Parameters
    ----------
    work : callable
        The function is pickled once for each process, so it may hold large data.
    items : sequence
        The items and the results are pickled, too.
    jobs : int
        Number of processes.

    Raises
    ------
    concurrent.futures.process.BrokenProcessPool
        If a process is killed, or cannot begin.

    Examples
    --------
    >>> list(as_computed(abs, [1, -2], jobs=1))
    [(1, 1), (-2, 2)]
    """
    if jobs == 1 or len(items) <= 1:
        for item in items:
            yield item, work(item)
        return
    # Imported where processes are started: most commands start none.
    from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
    from multiprocessing import get_context

    jobs = min(jobs, len(items))
    # Spawned, as threads of the solver may be alive here.
    context = get_context("spawn")
    theirs, ours = context.Pipe(duplex=False)
    pool = ProcessPoolExecutor(jobs, mp_context=context, initializer=_begin, initargs=(work, theirs))
    coming = enumerate(items)
    try:
        waiting: dict[Future[Result], tuple[int, Item]] = {}
        for number, item in islice(coming, ITEMS_AHEAD * jobs):
            waiting[_submit(pool, item)] = number, item
        while waiting:
            done, _ = wait(waiting, return_when=FIRST_COMPLETED)
            for future in sorted(done, key=lambda future: waiting[future][0]):
                _, finished = waiting.pop(future)
                for number, item in islice(coming, 1):
                    waiting[_submit(pool, item)] = number, item
                yield finished, future.result()
    except BaseException:
        ours.close()  # ends the processes, see `_end_with_parent`
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        ours.close()
        theirs.close()


def _submit(pool: ProcessPoolExecutor, item: Any) -> Future[Any]:
    """Hand over an item; a process that begins for it inherits that Ctrl-C is blocked, until it ignores it itself."""
    if not hasattr(signal, "pthread_sigmask"):
        return pool.submit(_run, item)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        return pool.submit(_run, item)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


#: The function of this process. It is a global, as a pool hands data to a process once only through an initializer.
_work: Callable[[Any], Any] | None = None


def _begin(work: Callable[[Any], Any], pipe: connection.Connection) -> None:
    global _work
    _work = work
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends the others
    warnings.simplefilter("ignore")  # what is wrong with a folder or with data is said once, by the parent
    Thread(target=_end_with_parent, args=(pipe,), daemon=True).start()


def _end_with_parent(pipe: connection.Connection) -> None:
    """End this process as soon as the parent closes its end of the pipe, or ends.

    Otherwise a process would finish its item after an interrupt, and wait for ever for another if its parent is killed.
    """
    from multiprocessing import connection, parent_process

    parent = parent_process()
    connection.wait([pipe] if parent is None else [pipe, parent.sentinel])
    os._exit(1)


def _run(item: Any) -> Any:
    assert _work is not None
    return _work(item)

"""Computing the chunks of a plan: in this process, in several, or on a cluster."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from concurrent.futures.process import BrokenProcessPool

from ..errors import InputError
from ..processes import as_computed
from ..tracking.cluster import Wording, connected
from .draws import Table
from .plans import Chunk

__all__ = ["WORDING", "computed"]

#: How a survey speaks of its chunks.
WORDING = Wording(
    lambda chunk: f"draws {chunk.first} to {chunk.last - 1}",
    ", or a smaller chunk",
    "with an output directory the same call goes on where this run ended",
)


def computed(
    run: Callable[[Chunk], Table], chunks: Sequence[Chunk], jobs: int, scheduler: str | None = None
) -> Generator[tuple[Chunk, Table], None, None]:
    """Chunks and their draws, in any order.

    Parameters
    ----------
    run : callable
        Solves the draws of one chunk; the method ``run`` of a plan.
    chunks : sequence of Chunk
    jobs : int
        Number of processes on this machine.
    scheduler : str, optional
        Address of a Dask scheduler; ``jobs`` is not used then.

    Raises
    ------
    InputError
        If a process is killed or cannot begin, or the cluster cannot be used.
    """
    if scheduler is not None and chunks:
        with connected(scheduler, WORDING) as cluster:
            yield from cluster.as_computed(run, chunks)
        return
    try:
        yield from as_computed(run, chunks, jobs)
    except BrokenProcessPool:
        raise InputError(
            "jobs: a process of the survey was killed, perhaps for want of memory, or could not begin, as in a script "
            "without if __name__ == '__main__'; expected fewer jobs or a smaller chunk, and such a line in a script; "
            "with an output directory the same call goes on where this run ended"
        ) from None

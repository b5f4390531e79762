"""Paths that are followed on a Dask cluster, in blocks.

A block is tracked by the engine that would track it here, in the same parts, and the parts of all blocks come back in
the order of the paths. So the ends are the same to the last bit, whatever workers there are, if these have the
instruction set that is used here.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import numpy as np

from ..arrays import Complex
from ..errors import InputError
from ..networks.strata import Stratum
from .cluster import Cluster, Wording, connected
from .engine import Engine, Homotopy, TrackResult, joined
from .options import TrackerOptions
from .timed import BLOCK

__all__ = ["DistributedEngine", "on_cluster"]

#: What else an engine may do: it is done here.
DONE_HERE: Final = ("ends_of_many", "instruction_sets", "track_along", "track_many")
WORDING: Final = Wording(lambda block: f"blocks of {len(block)} paths")


@dataclass(frozen=True)
class BlockOfPaths:
    """What a worker does: track the points of a block, part by part, in one thread."""

    engine: Engine
    stratum: Stratum
    homotopy: Homotopy
    options: TrackerOptions

    def __call__(self, points: Complex) -> TrackResult:
        """The ends of the paths of a block (P, coordinates)."""
        self._check_instruction_set()
        return joined(
            [
                self.engine.track(self.stratum, points[first : first + BLOCK], self.homotopy, self.options)
                for first in range(0, len(points), BLOCK)
            ]
        )

    def _check_instruction_set(self) -> None:
        wanted = getattr(self.engine, "instruction_set", "")
        if wanted and wanted not in (known := self.engine.instruction_sets()):  # type: ignore[attr-defined]
            raise InputError(
                f"scheduler: the processor of a worker lacks the instruction set {wanted} that is used here, and has "
                f"{', '.join(known)}; expected the same on all machines, as with engine native:{known[0]}"
            )


class DistributedEngine:
    """An `Engine` that tracks many paths on a cluster, and few paths here.

    Parameters
    ----------
    engine : Engine
        The compiled or the reference engine.
    cluster : Cluster
    """

    def __init__(self, engine: Engine, cluster: Cluster) -> None:
        self.engine, self.cluster, self.name = engine, cluster, engine.name
        for method in DONE_HERE:
            if hasattr(engine, method):
                setattr(self, method, getattr(engine, method))
        if hasattr(engine, "instruction_set"):
            self.instruction_set = engine.instruction_set

    def threads(self) -> int:
        """The number of threads of the cluster, as it was a moment ago."""
        return self.cluster.threads()

    def track(
        self,
        stratum: Stratum,
        points: Complex,
        homotopy: Homotopy,
        options: TrackerOptions,
        *,
        jobs: int = 1,
        report: Callable[[int], None] | None = None,
    ) -> TrackResult:
        """Track the critical points ``points`` (P, coordinates) of the start data to the target data, here."""
        return self.engine.track(stratum, points, homotopy, options, jobs=jobs, report=report)

    def track_pieces(
        self,
        stratum: Stratum,
        pieces: Iterable[Complex],
        homotopy: Homotopy,
        options: TrackerOptions,
        size: int,
        check: Callable[[], None],
    ) -> Generator[TrackResult, None, None]:
        """Track pieces of paths, (P, coordinates) each, on the cluster, and give their ends in the order of the pieces.

        The pieces are taken as they are needed, some ahead of the ends that are given.

        Parameters
        ----------
        stratum, homotopy, options
            As for `Engine.track`.
        pieces : iterable of array
        size : int
            The number of paths that a worker gets at a time.
        check : callable
            Called every second or so; an exception that it raises ends the run.

        Raises
        ------
        InputError
            If the cluster cannot be used any more.
        """
        numbers: list[int] = []

        def blocks() -> Iterator[Complex]:
            for piece in pieces:
                starts = range(0, max(len(piece), 1), size)
                numbers.append(len(starts))
                yield from (np.ascontiguousarray(piece[first : first + size]) for first in starts)

        work = BlockOfPaths(self.engine, stratum, homotopy, options)
        parts: list[TrackResult] = []
        for part in self.cluster.in_order(work, blocks(), check):
            parts.append(part)
            if len(parts) == numbers[0]:
                del numbers[0]
                yield joined(parts)
                parts = []


@contextmanager
def on_cluster(scheduler: str, engine: Engine) -> Iterator[Engine]:
    """An engine that tracks paths on the cluster of a scheduler; see `engine_on`."""
    sets = getattr(engine, "instruction_sets", None)
    if sets is not None:  # the same one on all machines
        engine = type(engine)(getattr(engine, "instruction_set", "") or sets()[0])  # type: ignore[call-arg]
    elif engine.name != "reference":
        raise InputError(f"engine: {engine.name} given with a scheduler; expected native or reference")
    with connected(scheduler, WORDING) as cluster:
        yield DistributedEngine(engine, cluster)

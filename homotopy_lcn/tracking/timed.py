"""An engine that stops when the time is up.

Paths are handed to the engine in blocks. Each path has the same end whatever the other paths are, so the blocks change
nothing. When the time is up, the ends of the finished blocks are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..arrays import Complex
from ..equations.critical_equations import Data
from ..networks.strata import Stratum
from ..progress import Clock, TimeUp
from .engine import Engine, Homotopy, TrackResult, joined
from .options import ReturnCode, TrackerOptions
from .reference import ReferenceEngine

__all__ = ["BLOCK", "TimedEngine", "block_size", "in_extended_precision", "lost"]

#: Paths handed to the engine together: some seconds at most, enough for all threads, and whole batches of each engine.
BLOCK: Final = 1024
#: Elsewhere so many blocks are tracked in one call at most, as long as there are so many calls for each thread.
MOST_TOGETHER, LEAST_CALLS = 4, 8


class TimedEngine:
    """An `Engine` with a clock."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self.engine = engine
        self.clock = clock
        self.name = getattr(engine, "name", "")
        if hasattr(engine, "track_along"):  # others follow chains segment by segment, see `tracking.engine.track_along`
            self.track_along = self._track_along

    def track(
        self,
        stratum: Stratum,
        points: NDArray[np.complex128],
        homotopy: Homotopy,
        options: TrackerOptions,
        *,
        jobs: int = 1,
        report: Callable[[int], None] | None = None,
    ) -> TrackResult:
        """As `Engine.track`. Paths that are not finished when the time is up are lost.

        Raises
        ------
        TimeUp
            If no block is finished.
        """
        parts: list[TrackResult] = []
        done = 0

        def tell(number: int) -> None:
            self.clock.check()
            if report is not None:
                report(done + number)

        try:
            if self._is_distributed(len(points)):
                size = self._block_size(len(points))
                blocks = (points[first : first + size] for first in range(0, len(points), size))
                for part in self.track_pieces(stratum, blocks, homotopy, options, total=len(points)):
                    parts.append(part)
                    done += len(part)
                    tell(0)
            else:
                for first in range(0, max(len(points), 1), BLOCK):
                    self.clock.check()
                    block = points[first : first + BLOCK]
                    parts.append(self.engine.track(stratum, block, homotopy, options, jobs=jobs, report=tell))
                    done += len(block)
        except TimeUp:
            if not parts:
                raise
            parts.append(lost(points[done:]))
        return joined(parts)

    def track_pieces(
        self,
        stratum: Stratum,
        pieces: Iterable[Complex],
        homotopy: Homotopy,
        options: TrackerOptions,
        *,
        total: int,
        jobs: int = 1,
    ) -> Generator[TrackResult, None, None]:
        """Track pieces of ``total`` paths, one after the other, and give the ends of each.

        An engine that tracks elsewhere takes pieces, some ahead of the ends that are given.

        Raises
        ------
        TimeUp
            If the time is up before all pieces are finished.
        """
        if self._is_distributed(total):
            size, check = self._block_size(total), self.clock.check
            yield from self.engine.track_pieces(stratum, pieces, homotopy, options, size, check)  # type: ignore[attr-defined]
        else:
            for piece in pieces:
                self.clock.check()
                yield self.track(stratum, piece, homotopy, options, jobs=jobs)

    def _is_distributed(self, total: int) -> bool:
        """Whether so many paths are tracked elsewhere; one block takes little longer here than its way."""
        return total > BLOCK and hasattr(self.engine, "track_pieces")

    def _block_size(self, total: int) -> int:
        return block_size(total, self.engine.threads())  # type: ignore[attr-defined]

    def _track_along(
        self, stratum: Stratum, points: Complex, corners: Data, options: TrackerOptions, *, jobs: int = 1
    ) -> Complex:
        """As `track_along` of the engine: a chain of short segments, which takes a second or so.

        Raises
        ------
        TimeUp
            If the time is up before.
        """
        self.clock.check()
        chain: Complex = self.engine.track_along(stratum, points, corners, options, jobs=jobs)  # type: ignore[attr-defined]
        return chain


def block_size(total: int, threads: int) -> int:
    """The paths in a block that is tracked elsewhere: whole blocks of this module, whatever threads there are.

    Few paths are cut into small blocks, so that all threads have some; many into larger ones, of a second or so. For
    each block scheduler and client take as long as some dozens of paths. Results do not depend on the size.
    """
    return BLOCK * min(max(total // (LEAST_CALLS * max(threads, 1) * BLOCK), 1), MOST_TOGETHER)


def in_extended_precision(engine: Engine) -> Engine:
    """The reference engine in extended precision, with the clock of an engine that has one."""
    extended = ReferenceEngine(extended=True)
    return TimedEngine(extended, engine.clock) if isinstance(engine, TimedEngine) else extended


def lost(starts: Complex) -> TrackResult:
    """Paths that have not been tracked."""
    count = len(starts)
    return TrackResult(
        np.full_like(starts, np.nan),
        np.full(count, ReturnCode.TOO_MANY_STEPS, dtype=np.int64),
        np.full(count, np.inf),
        np.full(count, np.inf),
        np.zeros(count, dtype=np.int64),
        np.ones(count),
    )

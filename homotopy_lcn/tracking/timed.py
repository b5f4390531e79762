"""An engine that stops when the time is up.

Paths are handed to the engine in blocks. Each path has the same end whatever the other paths are, so the blocks change
nothing. When the time is up, the ends of the finished blocks are kept.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..arrays import Complex
from ..equations.critical_equations import Data
from ..networks.strata import Stratum
from ..progress import Clock, TimeUp
from .engine import Engine, Homotopy, TrackResult
from .options import ReturnCode, TrackerOptions
from .reference import ReferenceEngine

__all__ = ["TimedEngine", "in_extended_precision"]

#: Paths handed to the engine together: some seconds at most, enough for all threads, and whole batches of each engine.
BLOCK: Final = 1024


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
            for first in range(0, max(len(points), 1), BLOCK):
                self.clock.check()
                block = points[first : first + BLOCK]
                parts.append(self.engine.track(stratum, block, homotopy, options, jobs=jobs, report=tell))
                done += len(block)
        except TimeUp:
            if not parts:
                raise
            parts.append(_lost(points[done:]))
        return parts[0] if len(parts) == 1 else _joined(parts)

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


def in_extended_precision(engine: Engine) -> Engine:
    """The reference engine in extended precision, with the clock of an engine that has one."""
    extended = ReferenceEngine(extended=True)
    return TimedEngine(extended, engine.clock) if isinstance(engine, TimedEngine) else extended


def _joined(parts: list[TrackResult]) -> TrackResult:
    names = ("points", "codes", "errors", "conditions", "steps", "distances")
    return TrackResult(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def _lost(starts: Complex) -> TrackResult:
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

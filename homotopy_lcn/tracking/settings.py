"""How paths are followed: by which engine, on how many threads, with which options and random numbers."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, field, replace
from typing import NoReturn, cast

import numpy as np

from ..arrays import Complex
from ..doors import cached_property
from ..networks.strata import Stratum
from ..progress import Clock
from .choice import short_segment_engine
from .engine import Engine, Homotopy, TrackResult
from .options import TrackerOptions
from .timed import TimedEngine

__all__ = ["NOT_DRAWN", "Tracking"]


class _NoRandomNumbers:
    """In place of a generator where nothing may be drawn: NumPy's generators take longer to load than a small solve."""

    def __getattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"{name}: random numbers are asked for where none are to be drawn")


#: The random numbers of computations that draw none.
NOT_DRAWN = cast("np.random.Generator", _NoRandomNumbers())


@dataclass(frozen=True, eq=False)
class Tracking:
    """What every computation with paths needs besides the paths.

    Attributes
    ----------
    engine : Engine
    jobs : int
        Number of threads. Results do not depend on it.
    options : TrackerOptions
    rng : numpy.random.Generator
        The source of all random choices.
    report : callable, optional
        Called with the number of paths, or points, finished so far.
    clock : Clock
        How long it may take: `TimeUp` is raised by all that follows paths once the time is up.
    """

    engine: Engine
    jobs: int = 1
    options: TrackerOptions = field(default_factory=TrackerOptions)
    rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(0))
    report: Callable[[int], None] | None = None
    clock: Clock = field(default_factory=Clock)

    @property
    def timed_engine(self) -> TimedEngine:
        """The engine, which stops when the time is up."""
        return TimedEngine(self.engine, self.clock)

    def follow(self, stratum: Stratum, points: Complex, homotopy: Homotopy, *, reported: bool = False) -> TrackResult:
        """Track points (P, coordinates) of the start data to the target data; with ``reported``, `report` is called."""
        report = self.report if reported else None
        return self.timed_engine.track(stratum, points, homotopy, self.options, jobs=self.jobs, report=report)

    def follow_pieces(
        self, stratum: Stratum, pieces: Iterable[Complex], homotopy: Homotopy, total: int
    ) -> Generator[TrackResult, None, None]:
        """The same for pieces of ``total`` points, one after the other; `TimeUp` is raised once the time is up."""
        return self.timed_engine.track_pieces(stratum, pieces, homotopy, self.options, total=total, jobs=self.jobs)

    def tell(self, done: int) -> None:
        """Call `report`, if there is one."""
        if self.report is not None:
            self.report(done)

    def tell_known(self, done: int) -> None:
        """As `tell`, of what a computation that was stopped has done: it takes no time, see `StageReport`."""
        if self.report is not None:
            getattr(self.report, "resumed", self.report)(done)

    @cached_property
    def careful(self) -> Tracking:
        """The same with the conservative options."""
        return replace(self, options=TrackerOptions.conservative())

    @cached_property
    def on_short_segments(self) -> Tracking:
        """The same with the engine for monodromy and for the circles of the endgame, see `short_segment_engine`."""
        return replace(self, engine=short_segment_engine(self.engine))

    def with_options(self, options: TrackerOptions) -> Tracking:
        """The same with other options."""
        return replace(self, options=options)

    def with_generator(self, rng: np.random.Generator) -> Tracking:
        """The same with other random numbers."""
        return replace(self, rng=rng)

    def telling(self, report: Callable[[int], None] | None) -> Tracking:
        """The same with another callback, or none."""
        return replace(self, report=report)

"""How many paths a solve follows, how long it takes, and how much memory: an estimate before a large solve.

The number of paths follows from the counts. A stratum whose start system is known takes one path a point. From nothing
it takes about `PATHS_FROM_NOTHING`: three on the segments of monodromy (see `monodromy`), and one to the data. The time
of a path is measured: on paths of the stratum with most points, between random complex data, as monodromy has them.
What else a point costs (the trace test, verification, classification) takes about as long as `PATHS_OF_THE_REST` paths.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..networks.architecture import Architecture
from ..networks.counts import generic_count
from ..networks.strata import Embedding
from ..tracking import Homotopy, get_engine
from ..tracking.settings import Tracking
from .monodromy import random_data, seed_pair
from .stored_systems import is_known

__all__ = ["Estimate", "estimate"]

#: Paths that a point takes if the start system of its stratum has to be computed, the path to the data included.
PATHS_FROM_NOTHING = 4
#: All work on a point besides its paths, in paths.
PATHS_OF_THE_REST = 1
#: Start points, with a path each to `PATHS_EACH` data: measured within a second.
STARTS = 4
PATHS_EACH = 64
#: Bytes of the program with its modules, and copies of the coordinates and the filter of a point while it is found.
BYTES_OF_THE_PROGRAM = 80_000_000
COPIES = 4


@dataclass(frozen=True)
class Estimate:
    """What a solve takes, about.

    Attributes
    ----------
    points : int
        Critical filters for generic data.
    paths : int
    seconds : float
        Elapsed time.
    memory : int
        Bytes.
    """

    points: int
    paths: int
    seconds: float
    memory: int

    def describe(self) -> str:
        """The estimate in a sentence.

        Examples
        --------
        >>> Estimate(204_536, 818_144, 412.0, 540_000_000).describe()
        '204,536 critical filters: some 818,144 paths, about 7 min, about 0.5 GB of memory'
        """
        return (
            f"{self.points:,} critical filters: some {self.paths:,} paths, about {_duration(self.seconds)}, "
            f"about {max(self.memory / 1e9, 0.1):.1f} GB of memory"
        )


def estimate(
    arch: Architecture, *, engine: str = "auto", jobs: int = 1, now: Callable[[], float] = time.perf_counter
) -> Estimate:
    """Estimate what the solve of generic data takes.

    Parameters
    ----------
    arch : Architecture
    engine : str
    jobs : int
        Number of threads.
    now : callable
        The time in seconds, for tests.
    """
    points, paths, memory = 0, 0, BYTES_OF_THE_PROGRAM
    largest = None
    for row in generic_count(arch):
        stratum = Embedding.of_pattern(arch, row.pattern).stratum
        points += row.count
        paths += row.count * (1 if is_known(stratum) else PATHS_FROM_NOTHING)
        memory += 16 * COPIES * row.count * (stratum.coordinates + stratum.filter_size)
        if largest is None or row.count > largest[0]:
            largest = row.count, stratum
    if largest is None:
        return Estimate(0, 0, 0.0, 0)
    stratum, rng = largest[1], np.random.default_rng(0)
    tracking = Tracking(get_engine(engine), jobs).on_short_segments
    tasks = []
    for _ in range(STARTS):
        point, data = seed_pair(stratum, rng)
        tasks.append((point, Homotopy(data, random_data(stratum.filter_size, rng))))
    tracking.follow(stratum, *tasks[0])  # what is loaded or compiled at first is no part of the time
    began = now()
    for point, homotopy in tasks:
        tracking.follow(stratum, np.repeat(point, PATHS_EACH, axis=0), homotopy)
    each = (now() - began) / (STARTS * PATHS_EACH)
    return Estimate(points, paths, each * (paths + PATHS_OF_THE_REST * points), memory)


def _duration(seconds: float) -> str:
    """A time in its largest unit."""
    for unit, size in (("days", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(seconds, 1):.0f} s"

"""Paths to ill-conditioned data that a first homotopy has lost.

On the way the condition number of the Gram matrix grows like 1/s until s is near the least eigenvalue of the target, so
rounding spoils doubles near the end only. There are three ways to go on, the quick ones first: patiently, in doubles
still; in extended precision from where doubles stopped near the end; and in extended precision from the start, which
takes a hundred times longer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from .equations import Complex
from .strata import Stratum
from .tracking import Engine, Homotopy, TrackerOptions, TrackResult
from .tracking.reference import ReferenceEngine

__all__ = ["PATIENT", "Way", "from_the_start", "from_where_doubles_stopped", "in_doubles"]

#: The ways to ill-conditioned data turn sharply down to s = 1e-12.
PATIENT = replace(TrackerOptions.conservative(), smallest_step=1e-18, max_steps=20_000)
#: What is left of a path takes few steps, unless doubles had led it astray.
BRIEF = replace(PATIENT, max_steps=100)
#: Paths that doubles lost nearer to the end than this are taken up there.
NEAR_THE_END = 1e-6

Rows = NDArray[np.int64]
#: Tracks some of the paths (rows of ``starts``), given their last results: which ones it took on, and the new results.
Way = Callable[[Engine, Stratum, Complex, Homotopy, TrackResult, Rows, int], tuple[Rows, TrackResult]]


def in_doubles(
    engine: Engine, stratum: Stratum, starts: Complex, homotopy: Homotopy, last: TrackResult, rows: Rows, jobs: int
) -> tuple[Rows, TrackResult]:
    """All of the paths, in short steps."""
    return rows, engine.track(stratum, starts[rows], homotopy, PATIENT, jobs=jobs)


def from_where_doubles_stopped(
    engine: Engine, stratum: Stratum, starts: Complex, homotopy: Homotopy, last: TrackResult, rows: Rows, jobs: int
) -> tuple[Rows, TrackResult]:
    """Paths that failed near the end, from there on in extended precision."""
    near = ~last.success[rows] & (last.distances[rows] < NEAR_THE_END) & np.isfinite(last.points[rows]).all(axis=1)
    rows, precise = rows[near], ReferenceEngine(extended=True)
    result = last.part(rows)
    for place, row in enumerate(rows.tolist()):
        here = homotopy.start.mix(last.distances[row], homotopy.target)
        result.put(
            np.array([place]),
            precise.track(stratum, last.points[row : row + 1], Homotopy(here, homotopy.target), BRIEF, jobs=jobs),
        )
    return rows, result


def from_the_start(
    engine: Engine, stratum: Stratum, starts: Complex, homotopy: Homotopy, last: TrackResult, rows: Rows, jobs: int
) -> tuple[Rows, TrackResult]:
    """All of the paths, in extended precision."""
    return rows, ReferenceEngine(extended=True).track(stratum, starts[rows], homotopy, PATIENT, jobs=jobs)

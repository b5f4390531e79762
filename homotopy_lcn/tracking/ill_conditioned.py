"""Paths to ill-conditioned data that a first homotopy has lost.

On the way the condition number of the Gram matrix grows like 1/s until s is near the least eigenvalue of the target, so
rounding spoils doubles near the end only. There are three ways to go on, the quick ones first: patiently, in doubles
still; in doubles up to where they suffice and in extended precision from there; and in extended precision from the
start, should doubles have led astray before.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..arrays import Complex
from ..networks.strata import Stratum
from . import Engine, Homotopy, TrackerOptions, TrackResult
from .reference import ReferenceEngine

__all__ = ["PATIENT", "Way", "from_the_start", "in_doubles", "in_two_parts"]

#: The ways to ill-conditioned data turn sharply down to s = 1e-12.
PATIENT = replace(TrackerOptions.conservative(), smallest_step=1e-18, max_steps=20_000)
#: Doubles suffice up to here: of their sixteen digits the Gram matrix has not cost more than five, on top of what the
#: points are ill-conditioned themselves.
NEAR_THE_END = 1e-5

Rows = NDArray[np.int64]
#: Tracks some of the paths (rows of ``starts``), given their last results: which ones it took on, and the new results.
Way = Callable[[Engine, Stratum, Complex, Homotopy, TrackResult, Rows, int], tuple[Rows, TrackResult]]


def in_doubles(
    engine: Engine, stratum: Stratum, starts: Complex, homotopy: Homotopy, last: TrackResult, rows: Rows, jobs: int
) -> tuple[Rows, TrackResult]:
    """All of the paths, in short steps."""
    return rows, engine.track(stratum, starts[rows], homotopy, PATIENT, jobs=jobs)


def in_two_parts(
    engine: Engine, stratum: Stratum, starts: Complex, homotopy: Homotopy, last: TrackResult, rows: Rows, jobs: int
) -> tuple[Rows, TrackResult]:
    """All of the paths, in doubles as long as they suffice, then in extended precision."""
    here = homotopy.start.mix(NEAR_THE_END, homotopy.target)
    result = engine.track(stratum, starts[rows], Homotopy(homotopy.start, here), PATIENT, jobs=jobs)
    arrived = np.flatnonzero(result.success)
    rest = ReferenceEngine(extended=True).track(
        stratum, result.points[arrived], Homotopy(here, homotopy.target), PATIENT, jobs=jobs
    )
    result.put(arrived, rest)
    return rows, result


def from_the_start(
    engine: Engine, stratum: Stratum, starts: Complex, homotopy: Homotopy, last: TrackResult, rows: Rows, jobs: int
) -> tuple[Rows, TrackResult]:
    """All of the paths, in extended precision."""
    return rows, ReferenceEngine(extended=True).track(stratum, starts[rows], homotopy, PATIENT, jobs=jobs)

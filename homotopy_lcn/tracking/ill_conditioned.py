"""Paths to ill-conditioned data that a first homotopy has lost are tracked again.

On the way the condition number of the Gram matrix grows like 1/s until s is near the least eigenvalue of the target, so
rounding spoils doubles near the end only. There are three ways to track a lost path again. The quick ways come first:
in doubles with short steps; in doubles as long as doubles suffice, and in extended precision from there; in extended
precision from the start, in case that doubles have followed another path before.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..arrays import Complex
from ..networks.strata import Stratum
from . import Engine, Homotopy, TrackResult
from .reference import ReferenceEngine
from .tolerances import RETRACKING

__all__ = ["Retracking", "far_away", "from_the_start", "in_doubles", "in_two_parts"]

#: Tracks paths again from their starts (P, coordinates), with a number of threads: the new ends of all of them.
Retracking = Callable[[Engine, Stratum, Complex, Homotopy, int], TrackResult]


def in_doubles(engine: Engine, stratum: Stratum, starts: Complex, homotopy: Homotopy, jobs: int) -> TrackResult:
    """Track in doubles, with short steps."""
    return engine.track(stratum, starts, homotopy, RETRACKING.patient, jobs=jobs)


def in_two_parts(engine: Engine, stratum: Stratum, starts: Complex, homotopy: Homotopy, jobs: int) -> TrackResult:
    """Track in doubles as long as doubles suffice, then in extended precision."""
    here = homotopy.start.mix(RETRACKING.extended_from, homotopy.target)
    result = engine.track(stratum, starts, Homotopy(homotopy.start, here), RETRACKING.patient, jobs=jobs)
    arrived = np.flatnonzero(result.success)
    rest = ReferenceEngine(extended=True).track(
        stratum, result.points[arrived], Homotopy(here, homotopy.target), RETRACKING.patient, jobs=jobs
    )
    result.put(arrived, rest)
    return result


def far_away(engine: Engine, stratum: Stratum, starts: Complex, homotopy: Homotopy, jobs: int) -> TrackResult:
    """Track in extended precision with fewer steps, paths to ends so far away that doubles lose them."""
    return ReferenceEngine(extended=True).track(stratum, starts, homotopy, RETRACKING.far_away, jobs=jobs)


def from_the_start(engine: Engine, stratum: Stratum, starts: Complex, homotopy: Homotopy, jobs: int) -> TrackResult:
    """Track in extended precision, whatever the engine."""
    return ReferenceEngine(extended=True).track(stratum, starts, homotopy, RETRACKING.patient, jobs=jobs)

"""Paths to ill-conditioned data that a first homotopy has lost are tracked again.

On the way the condition number of the Gram matrix grows like 1/s until s is near the least eigenvalue of the target, so
rounding spoils doubles near the end only. There are three ways to track a lost path again. The quick ways come first:
in doubles with short steps; in doubles as long as doubles suffice, and in extended precision from there; in extended
precision from the start, in case that doubles have followed another path before.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from ..arrays import Complex
from ..networks.strata import Stratum
from . import Homotopy, TrackResult
from .reference import ReferenceEngine
from .settings import Tracking
from .tolerances import RETRACKING

__all__ = ["Retracking", "far_away", "from_the_start", "in_doubles", "in_two_parts"]

#: Tracks paths again from their starts (P, coordinates): the new ends of all of them.
Retracking = Callable[[Tracking, Stratum, Complex, Homotopy], TrackResult]


def in_doubles(tracking: Tracking, stratum: Stratum, starts: Complex, homotopy: Homotopy) -> TrackResult:
    """Track in doubles, with short steps."""
    return tracking.with_options(RETRACKING.patient).follow(stratum, starts, homotopy)


def in_two_parts(tracking: Tracking, stratum: Stratum, starts: Complex, homotopy: Homotopy) -> TrackResult:
    """Track in doubles as long as doubles suffice, then in extended precision."""
    here = homotopy.start.mix(RETRACKING.extended_from, homotopy.target)
    patient = tracking.with_options(RETRACKING.patient)
    result = patient.follow(stratum, starts, Homotopy(homotopy.start, here))
    arrived = np.flatnonzero(result.success)
    rest = _extended(patient).follow(stratum, result.points[arrived], Homotopy(here, homotopy.target))
    result.put(arrived, rest)
    return result


def far_away(tracking: Tracking, stratum: Stratum, starts: Complex, homotopy: Homotopy) -> TrackResult:
    """Track in extended precision with fewer steps, paths to ends so far away that doubles lose them."""
    return _extended(tracking.with_options(RETRACKING.far_away)).follow(stratum, starts, homotopy)


def from_the_start(tracking: Tracking, stratum: Stratum, starts: Complex, homotopy: Homotopy) -> TrackResult:
    """Track in extended precision, whatever the engine."""
    return _extended(tracking.with_options(RETRACKING.patient)).follow(stratum, starts, homotopy)


def _extended(tracking: Tracking) -> Tracking:
    return replace(tracking, engine=ReferenceEngine(extended=True))

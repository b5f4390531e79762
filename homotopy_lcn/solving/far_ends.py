"""Whether paths that seem to run to infinity, or to w = 0, go on doing so near the data.

The size of a filter on the way to infinity grows like a power of the distance s from the data, s^(−1/m) for winding
number m, and shrinks like s^(1/m) on the way to w = 0. Near data in special position a path may do so for a long time,
and turn to a finite end at last: where b misses the special position by 1e-7, at s = 1e-7. So the paths are followed by
powers of ten. Where the last growth is much smaller than the largest one, the end is not known.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..arrays import Complex
from ..networks.strata import Stratum
from ..tracking import Homotopy
from ..tracking.refinement import filters_of
from ..tracking.settings import Tracking
from ..tracking.tolerances import RETRACKING
from .tolerances import SOLVING

__all__ = ["stop_growing"]


def stop_growing(stratum: Stratum, starts: Complex, homotopy: Homotopy, tracking: Tracking) -> NDArray[np.bool_]:
    """Which of the paths from ``starts`` (P, coordinates) are seen to turn to a finite end near the data.

    Paths that doubles cannot follow that far are not seen to do so.
    """
    result, going, points = np.zeros(len(starts), dtype=bool), np.arange(len(starts)), starts
    largest, here, before = np.zeros(len(starts)), homotopy.start, np.full(len(starts), np.nan)
    patient = tracking.with_options(RETRACKING.patient)
    for number, distance in enumerate(SOLVING.growth_distances):
        there = homotopy.start.mix(distance, homotopy.target)
        tracked = patient.follow(stratum, points, Homotopy(here, there))
        kept = np.flatnonzero(tracked.success)
        going, points, here = going[kept], tracked.points[kept], there
        if not going.size:
            break
        sizes = np.log(np.linalg.norm(filters_of(stratum, points), axis=1))
        if number:
            growth = np.abs(sizes - before[going])
            largest[going] = np.maximum(largest[going], growth)
            result[going] = growth < SOLVING.growth_goes_on * largest[going]
        before[going] = sizes
    return result

"""Paths to ill-conditioned data that a first homotopy has lost are tracked again.

On the way the condition number of the Gram matrix grows like 1/s until s is near the least eigenvalue of the target, so
rounding spoils doubles near the end only. There are several ways to track a lost path again. The quick ways come first:
in doubles with short steps; in doubles as long as doubles suffice, and in extended precision from there; in extended
precision from the start, in case that doubles have followed another path before. Where several eigenvalues of the Gram
matrix are tiny, a straight segment of data has all of its turns at its very end. There the eigenvalues shrink by equal
factors instead.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np

from ..arrays import Complex
from ..equations.critical_equations import ZERO_EIGENVALUE, Data
from ..networks.strata import Stratum
from . import Homotopy, TrackResult
from .reference import ReferenceEngine
from .settings import Tracking
from .tolerances import RETRACKING

__all__ = [
    "Retracking",
    "along_eigenvalues",
    "from_the_start",
    "in_doubles",
    "in_two_parts",
]

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


def along_eigenvalues(tracking: Tracking, stratum: Stratum, starts: Complex, homotopy: Homotopy) -> TrackResult:
    """Track in doubles to data with larger eigenvalues, which then shrink in extended precision, by equal factors.

    The eigenvalues below a part of the largest one, unless they are zero, begin at this part, multiplied by a random
    number of modulus 1, the argument of which shrinks with them: real data have discriminants on the way.
    """
    target, patient = homotopy.target, tracking.with_options(RETRACKING.patient)
    values, axes = np.linalg.eigh(target.gram)
    small = (values > ZERO_EIGENVALUE * values[-1]) & (values < RETRACKING.lifted * values[-1])
    factor = RETRACKING.lifted * values[-1] / values[small].max(initial=0.0) if small.any() else 1.0
    segments = max(1, int(np.ceil(np.log10(factor))))
    turn = np.log(factor) + RETRACKING.largest_turn * (2 * tracking.rng.random() - 1) * 1j
    corners = []
    for left in np.arange(segments, 0, -1) / segments:
        moved = np.where(small, values * np.exp(left * turn), values)
        corners.append(Data((axes * moved) @ axes.T, target.b))
    result = patient.follow(stratum, starts, Homotopy(homotopy.start, corners[0]))
    for here, there in pairwise([*corners, target]):
        arrived = np.flatnonzero(result.success)
        result.put(arrived, _extended(patient).follow(stratum, result.points[arrived], Homotopy(here, there)))
    return result


def from_the_start(tracking: Tracking, stratum: Stratum, starts: Complex, homotopy: Homotopy) -> TrackResult:
    """Track in extended precision, whatever the engine."""
    return _extended(tracking.with_options(RETRACKING.patient)).follow(stratum, starts, homotopy)


def _extended(tracking: Tracking) -> Tracking:
    return replace(tracking, engine=ReferenceEngine(extended=True))

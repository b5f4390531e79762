"""Ends of paths to nearly tied data, where the critical points nearly fill a continuum.

Data near tied ones, say an identity with 1 + 1e-10 in one place, have regular critical points on what is a continuum
for tied data. Down to some s far above the distance δ from tied data a path stays where it would end for tied data;
while s falls below δ, the path runs along the continuum to its end. Newton's method goes there in tiny steps, as the
Newton matrix is nearly singular and the continuum is curved. So each step is taken in two: all well-conditioned
equations are solved first, as functions of the coordinates t along the continuum, and Newton's method then finds t.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..arrays import Complex
from ..equations.critical_equations import Equations
from ..tracking import Homotopy
from ..tracking.multiprecision import converge
from .local_frames import Frames
from .tolerances import LOCAL

__all__ = ["follow_along_continuum"]


def follow_along_continuum(
    equations: Equations, point: Complex, homotopy: Homotopy, distance: float
) -> NDArray[Any] | None:
    """The regular end of a path to nearly tied data.

    Parameters
    ----------
    equations : Equations
    point : (coordinates,) complex array
        Where the path would end for tied data.
    homotopy : Homotopy
        From generic data to the nearly tied ones.
    distance : float
        How far the point is from being critical, see `LocalStructure.residual`.

    Returns
    -------
    (coordinates,) extended-precision complex array or None
        None if the path could not be followed.
    """
    here, s, ratio = point, LOCAL.before_turn * distance, LOCAL.first_ratio
    if not 0 < s < LOCAL.largest_start:
        return None
    there = _at(equations, here, homotopy, s)
    for _ in range(LOCAL.most_ratios):
        if there is None:
            return None
        here, smaller = there.astype(complex), s * ratio
        if smaller <= LOCAL.after_turn * distance:
            end = _at(equations, here, homotopy, 0.0)
            found = None if end is None else converge(equations, end, homotopy.target)
            return found.point if found is not None and found.distance <= LOCAL.radius else None
        ahead = _at(equations, here, homotopy, smaller)
        if ahead is None:
            ratio = float(np.sqrt(ratio))
            if ratio > LOCAL.largest_ratio:
                return None
        else:
            there, s, ratio = ahead, smaller, max(ratio**1.5, LOCAL.least_ratio)
    return None


def _at(equations: Equations, point: Complex, homotopy: Homotopy, s: float) -> NDArray[Any] | None:
    """The critical point for the data at s near a point, by Newton's method along the continuum; None if too far."""
    frame = Frames.at(equations, point[None], homotopy.target)
    c = frame.corank
    if c == 0:
        return None
    frames = replace(frame, data=_mixed(homotopy, s)).repeated(c + 1)
    t = np.zeros((1, c), complex)
    steps = LOCAL.difference * np.concatenate([np.zeros((1, c)), np.eye(c)])
    for _ in range(LOCAL.steps):
        values, local, found = frames.reduced(t + steps)
        if not found.all():
            return None
        slopes = ((values[1:] - values[0]) / LOCAL.difference).astype(complex)
        try:
            step = np.linalg.solve(slopes.T, values[0].astype(complex))
        except np.linalg.LinAlgError:
            return None
        t = t - step
        size = float(np.linalg.norm(step))
        if not np.linalg.norm(t) <= LOCAL.reach:
            return None
        if size <= LOCAL.arrived:
            return np.asarray(frames.points(local)[0])
    return None


def _mixed(homotopy: Homotopy, s: float) -> tuple[NDArray[Any], NDArray[Any]]:
    """The data at s in extended precision."""
    weight, (start, target) = np.longdouble(s), homotopy
    gram = weight * np.asarray(start.gram, np.clongdouble) + (1 - weight) * target.gram
    return gram, weight * np.asarray(start.b, np.clongdouble) + (1 - weight) * target.b

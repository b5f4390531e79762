"""Walls followed from one line of data to another, in as many patches as they need.

The affine patches of one round are fixed. A path that goes far out in them is stopped, and goes on in others.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..arrays import Real
from .conditions import Condition
from .extended_system import Patches, WallPoints, evaluated
from .lines import DataLine
from .path_tracker import PathOptions, newton, track_paths
from .tolerances import WALLS

__all__ = ["Followed", "follow"]


@dataclass(frozen=True)
class Followed:
    """Where paths are.

    Attributes
    ----------
    points : WallPoints
    tau : (P,) float array
        The value of τ that was reached.
    arrived : (P,) bool array
        Whether it is the goal.
    steps : (P,) float array
        Size of the last Newton step there, relative to the point; infinite for the others.
    conditions : (P,) float array
        Condition number of the Jacobian there; infinite for the others.
    """

    points: WallPoints
    tau: Real
    arrived: NDArray[np.bool_]
    steps: Real
    conditions: Real

    @property
    def regular(self) -> NDArray[np.bool_]:
        """Which points are nonsingular solutions."""
        return self.arrived & (self.steps < WALLS.regular) & (self.conditions < WALLS.condition)


def follow(
    condition: Condition,
    points: WallPoints,
    lines: tuple[DataLine, DataLine],
    rng: np.random.Generator,
    options: PathOptions | None = None,
    between: tuple[Real | float, float] = (0.0, 1.0),
) -> Followed:
    """Follow walls on the first line to the second one.

    Parameters
    ----------
    condition : Condition
    points : WallPoints
    lines : pair of DataLine
        Those of τ = 0 and τ = 1.
    rng : numpy.random.Generator
        For the patches.
    options : PathOptions, optional
    between : pair
        The τ of the points, one for all or one for each, and the τ to which they are followed.
    """
    options, count, goal = options or PathOptions(), len(points), between[1]
    at = WallPoints(*(array.copy() for array in points))
    tau = np.broadcast_to(np.asarray(between[0], float), (count,)).copy()
    steps, conditions, arrived = np.full(count, np.inf), np.full(count, np.inf), np.zeros(count, bool)
    active = np.arange(count)
    for _ in range(WALLS.rounds):
        if not len(active):
            break
        patches = Patches.random(condition.coordinates, rng)
        system = condition.system(patches, *lines)
        z = condition.local(system, at.chosen(active), lines[0].motion, tau[active])
        z, _ = newton(system, z, tau[active])
        ends = track_paths(system, z, options, (tau[active], goal))
        z = ends.points
        if ends.arrived.any():
            z[ends.arrived], last = newton(system, z[ends.arrived], np.full(int(ends.arrived.sum()), goal))
            there = active[ends.arrived]
            jacobians = evaluated(system, z[ends.arrived], np.full(len(there), goal)).jacobian
            arrived[there], steps[there], conditions[there] = True, last, _conditions(jacobians)
        found = condition.points(patches, z)
        for whole, part in zip(at, found, strict=True):
            whole[active] = part
        # A path that makes no way although it is not far out has come to a singular point.
        moved = ends.tau - tau[active] > WALLS.way * (goal - tau[active])
        moved |= np.linalg.norm(z, axis=1) > options.largest
        tau[active] = ends.tau
        active = active[~ends.arrived & moved]
    return Followed(at, tau, arrived, steps, conditions)


def _conditions(matrices: NDArray[np.complex128]) -> Real:
    finite = np.isfinite(matrices).all(axis=(1, 2))
    result = np.full(len(matrices), np.inf)
    result[finite] = np.linalg.cond(matrices[finite])
    return result

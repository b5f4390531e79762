"""Walls and chambers: where the list of critical points changes along a segment of data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..doors import public_names

if TYPE_CHECKING:
    from .degrees import wall_count
    from .planes import Plane, PlaneInterval, PlaneLine, WallCurve, chambers
    from .records import Branch, Chamber, FollowedPoint, Wall, WallStratum
    from .walls_of_segments import Walls, walls

__all__ = [
    "Branch",
    "Chamber",
    "FollowedPoint",
    "Plane",
    "PlaneInterval",
    "PlaneLine",
    "Wall",
    "WallCurve",
    "WallStratum",
    "Walls",
    "chambers",
    "wall_count",
    "walls",
]

_MODULES = {
    "Branch": "records",
    "Chamber": "records",
    "FollowedPoint": "records",
    "Plane": "planes",
    "PlaneInterval": "planes",
    "PlaneLine": "planes",
    "Wall": "records",
    "WallCurve": "planes",
    "WallStratum": "records",
    "Walls": "walls_of_segments",
    "chambers": "planes",
    "wall_count": "degrees",
    "walls": "walls_of_segments",
}

__getattr__, __dir__ = public_names(__name__, _MODULES)

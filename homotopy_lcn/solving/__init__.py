"""From a start system to all critical points."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..doors import public_names

if TYPE_CHECKING:
    from .solve import SolveInterrupted, critical_points
    from .start_systems import StartSystems
    from .white_counts import generic_count

__all__ = ["SolveInterrupted", "StartSystems", "critical_points", "generic_count"]

__getattr__, __dir__ = public_names(
    __name__,
    {
        "SolveInterrupted": "solve",
        "StartSystems": "start_systems",
        "critical_points": "solve",
        "generic_count": "white_counts",
    },
)

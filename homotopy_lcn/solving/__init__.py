"""From a start system to all critical points."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..doors import public_names

if TYPE_CHECKING:
    from .interrupted import BatchInterrupted, SolveInterrupted
    from .many import critical_points_of_many
    from .solve import critical_points
    from .start_systems import StartSystems
    from .white_counts import generic_count

__all__ = [
    "BatchInterrupted",
    "SolveInterrupted",
    "StartSystems",
    "critical_points",
    "critical_points_of_many",
    "generic_count",
]

__getattr__, __dir__ = public_names(
    __name__,
    {
        "BatchInterrupted": "interrupted",
        "SolveInterrupted": "interrupted",
        "StartSystems": "start_systems",
        "critical_points": "solve",
        "critical_points_of_many": "many",
        "generic_count": "white_counts",
    },
)

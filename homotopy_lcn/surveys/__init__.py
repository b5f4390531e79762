"""Critical points of many random data sets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..doors import public_names

if TYPE_CHECKING:
    from .statistics import Survey
    from .surveys import survey
    from .wall_counts import WallCounts, survey_of_walls

__all__ = ["Survey", "WallCounts", "survey", "survey_of_walls"]

_MODULES = {
    "Survey": "statistics",
    "WallCounts": "wall_counts",
    "survey": "surveys",
    "survey_of_walls": "wall_counts",
}

__getattr__, __dir__ = public_names(__name__, _MODULES)

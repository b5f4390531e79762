"""Engines that follow paths, and where paths end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..doors import public_names

if TYPE_CHECKING:
    from .choice import get_engine, short_segment_engine
    from .engine import Engine, Homotopy, TrackResult, track_many
    from .options import ReturnCode, TrackerOptions

__all__ = [
    "Engine",
    "Homotopy",
    "ReturnCode",
    "TrackResult",
    "TrackerOptions",
    "get_engine",
    "short_segment_engine",
    "track_many",
]

__getattr__, __dir__ = public_names(
    __name__,
    {
        "Engine": "engine",
        "Homotopy": "engine",
        "ReturnCode": "options",
        "TrackResult": "engine",
        "TrackerOptions": "options",
        "get_engine": "choice",
        "short_segment_engine": "choice",
        "track_many": "engine",
    },
)

"""Path tracking: options and results, the interface of an engine, and the engines."""

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

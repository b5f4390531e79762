"""What a solve returns: records, their order, their file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..doors import public_names

if TYPE_CHECKING:
    from .points import CriticalPoint
    from .result import CriticalPoints

__all__ = ["CriticalPoint", "CriticalPoints"]

__getattr__, __dir__ = public_names(__name__, {"CriticalPoint": "points", "CriticalPoints": "result"})

"""What a solve returns: records, their order, their file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..doors import public_names

if TYPE_CHECKING:
    from .continua import Continuum, Infimum
    from .points import CriticalPoint
    from .result import CriticalPoints
    from .ties import Tie
    from .tolerances import Tolerances

__all__ = ["Continuum", "CriticalPoint", "CriticalPoints", "Infimum", "Tie", "Tolerances"]

__getattr__, __dir__ = public_names(
    __name__,
    {
        "Continuum": "continua",
        "CriticalPoint": "points",
        "CriticalPoints": "result",
        "Infimum": "continua",
        "Tie": "ties",
        "Tolerances": "tolerances",
    },
)

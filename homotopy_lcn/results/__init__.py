"""What a solve returns: records, their order, their file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..doors import public_names

if TYPE_CHECKING:
    from .continua import Continuum, Infimum
    from .few_samples import AlgebraicSet, FewSamples
    from .points import CriticalPoint
    from .result import CriticalPoints
    from .ties import Tie
    from .tolerances import Tolerances

__all__ = [
    "AlgebraicSet",
    "Continuum",
    "CriticalPoint",
    "CriticalPoints",
    "FewSamples",
    "Infimum",
    "Tie",
    "Tolerances",
]

__getattr__, __dir__ = public_names(
    __name__,
    {
        "AlgebraicSet": "few_samples",
        "Continuum": "continua",
        "CriticalPoint": "points",
        "CriticalPoints": "result",
        "FewSamples": "few_samples",
        "Infimum": "continua",
        "Tie": "ties",
        "Tolerances": "tolerances",
    },
)

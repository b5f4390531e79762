"""All critical points of training linear convolutional networks, by numerical algebraic geometry.

Importing the package loads nothing heavy; each name below is loaded when it is first used.

Examples
--------
>>> import homotopy_lcn as hl
>>> hl.Architecture(filters=(3, 2), strides=(2, 1)).filter_size
5
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .architecture import Architecture
    from .certification import Certificate, certificate, certify
    from .counts import CountTable, generic_count
    from .errors import InputError
    from .loss import SquaredLoss
    from .results import CriticalPoint, CriticalPoints
    from .solve import SolveInterrupted, critical_points
    from .tracking import TrackerOptions
    from .zero_residual import ZeroResidual

__version__ = "0.1.0"

__all__ = [
    "Architecture",
    "Certificate",
    "CountTable",
    "CriticalPoint",
    "CriticalPoints",
    "InputError",
    "SolveInterrupted",
    "SquaredLoss",
    "TrackerOptions",
    "ZeroResidual",
    "__version__",
    "certificate",
    "certify",
    "critical_points",
    "generic_count",
]

# No module may be named as one of these: importing it would hide the name that it exports.
_MODULES = {
    "Architecture": "architecture",
    "Certificate": "certification",
    "CountTable": "counts",
    "CriticalPoint": "results",
    "CriticalPoints": "results",
    "InputError": "errors",
    "SolveInterrupted": "solve",
    "SquaredLoss": "loss",
    "TrackerOptions": "tracking",
    "ZeroResidual": "zero_residual",
    "certificate": "certification",
    "certify": "certification",
    "critical_points": "solve",
    "generic_count": "counts",
}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{_MODULES[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

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
    from .atlas_table import atlas
    from .certification import Certificate, certificate, certify
    from .counts import CountTable, generic_count
    from .errors import InputError
    from .exports import ExportedSystem, export
    from .fibres import FilterGeometry, describe_filter, is_in_function_space
    from .function_space import FunctionSpace, describe_function_space
    from .loss import SquaredLoss
    from .report_page import report
    from .results import CriticalPoint, CriticalPoints
    from .solve import SolveInterrupted, critical_points
    from .surveys import Survey, survey
    from .tabulation import ArchitectureTable, tabulate
    from .tracking import TrackerOptions
    from .witness import CrossCheck, cross_check
    from .zero_residual import ZeroResidual

__version__ = "0.1.0"

__all__ = [
    "Architecture",
    "ArchitectureTable",
    "Certificate",
    "CountTable",
    "CriticalPoint",
    "CriticalPoints",
    "CrossCheck",
    "ExportedSystem",
    "FilterGeometry",
    "FunctionSpace",
    "InputError",
    "SolveInterrupted",
    "SquaredLoss",
    "Survey",
    "TrackerOptions",
    "ZeroResidual",
    "__version__",
    "atlas",
    "certificate",
    "certify",
    "critical_points",
    "cross_check",
    "describe_filter",
    "describe_function_space",
    "export",
    "generic_count",
    "is_in_function_space",
    "report",
    "survey",
    "tabulate",
]

# No module may be named as one of these: importing it would hide the name that it exports.
_MODULES = {
    "Architecture": "architecture",
    "ArchitectureTable": "tabulation",
    "Certificate": "certification",
    "CountTable": "counts",
    "CriticalPoint": "results",
    "CriticalPoints": "results",
    "CrossCheck": "witness",
    "ExportedSystem": "exports",
    "FilterGeometry": "fibres",
    "FunctionSpace": "function_space",
    "InputError": "errors",
    "SolveInterrupted": "solve",
    "SquaredLoss": "loss",
    "Survey": "surveys",
    "TrackerOptions": "tracking",
    "ZeroResidual": "zero_residual",
    "atlas": "atlas_table",
    "certificate": "certification",
    "certify": "certification",
    "critical_points": "solve",
    "cross_check": "witness",
    "describe_filter": "fibres",
    "describe_function_space": "function_space",
    "export": "exports",
    "generic_count": "counts",
    "is_in_function_space": "fibres",
    "report": "report_page",
    "survey": "surveys",
    "tabulate": "tabulation",
}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{_MODULES[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

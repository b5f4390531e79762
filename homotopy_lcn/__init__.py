"""All critical points of training linear convolutional networks, by numerical algebraic geometry.

Importing the package loads nothing heavy; each name below is loaded when it is first used.

Examples
--------
>>> import homotopy_lcn as hl
>>> hl.Architecture(filters=(3, 2), strides=(2, 1)).filter_size
5
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .doors import public_names
from .version import __version__

if TYPE_CHECKING:
    from .architecture import Architecture
    from .atlas_table import atlas
    from .certification import Certificate, certificate, certify
    from .counts import CountTable
    from .errors import InputError
    from .exports import ExportedSystem, export
    from .families import generic_count
    from .fibres import FilterGeometry, describe_filter, is_in_function_space
    from .function_space import FunctionSpace, describe_function_space
    from .loss import SquaredLoss
    from .report_page import report
    from .result_points import CriticalPoint
    from .results import CriticalPoints
    from .solve import SolveInterrupted, critical_points
    from .surveys import Survey, survey
    from .tabulation import ArchitectureTable, tabulate
    from .tracking import TrackerOptions
    from .witness import CrossCheck, cross_check
    from .zero_residual import ZeroResidual

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
    "generic_count": "families",
    "is_in_function_space": "fibres",
    "report": "report_page",
    "survey": "surveys",
    "tabulate": "tabulation",
}


__getattr__, __dir__ = public_names(__name__, _MODULES)

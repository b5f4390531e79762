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
    from .atlas_table import atlas
    from .certification.certificates import Certificate, certificate, certify
    from .errors import InputError
    from .geometry.filter_geometry import FilterGeometry, describe_filter, is_in_function_space
    from .geometry.function_space import FunctionSpace, describe_function_space
    from .interchange.cross_checks import CrossCheck, cross_check
    from .interchange.exports import ExportedSystem, export
    from .losses.squared_loss import SquaredLoss
    from .losses.zero_residual import ZeroResidual
    from .networks.architecture import Architecture
    from .networks.counts import CountTable
    from .report_page import report
    from .results.points import CriticalPoint
    from .results.result import CriticalPoints
    from .solving.fixed_gram_matrix import generic_count
    from .solving.solve import SolveInterrupted, critical_points
    from .surveys.statistics import Survey
    from .surveys.surveys import survey
    from .tabulation import ArchitectureTable, tabulate
    from .tracking import TrackerOptions

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
    "Architecture": "networks.architecture",
    "ArchitectureTable": "tabulation",
    "Certificate": "certification.certificates",
    "CountTable": "networks.counts",
    "CriticalPoint": "results.result",
    "CriticalPoints": "results.result",
    "CrossCheck": "interchange.cross_checks",
    "ExportedSystem": "interchange.exports",
    "FilterGeometry": "geometry.filter_geometry",
    "FunctionSpace": "geometry.function_space",
    "InputError": "errors",
    "SolveInterrupted": "solving.solve",
    "SquaredLoss": "losses.squared_loss",
    "Survey": "surveys.surveys",
    "TrackerOptions": "tracking",
    "ZeroResidual": "losses.zero_residual",
    "atlas": "atlas_table",
    "certificate": "certification.certificates",
    "certify": "certification.certificates",
    "critical_points": "solving.solve",
    "cross_check": "interchange.cross_checks",
    "describe_filter": "geometry.filter_geometry",
    "describe_function_space": "geometry.function_space",
    "export": "interchange.exports",
    "generic_count": "solving.fixed_gram_matrix",
    "is_in_function_space": "geometry.filter_geometry",
    "report": "report_page",
    "survey": "surveys.surveys",
    "tabulate": "tabulation",
}


__getattr__, __dir__ = public_names(__name__, _MODULES)

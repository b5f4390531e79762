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
    from .certification import Certificate, certificate, certify
    from .counting import GramMatrix, SeriesCounts, gram_matrix, series_counts
    from .discriminants import Plane, Wall, Walls, chambers, walls
    from .errors import InputError
    from .geometry import FilterGeometry, FunctionSpace, describe_filter, describe_function_space, is_in_function_space
    from .interchange import CrossCheck, ExportedSystem, cross_check, export
    from .losses import Preparation, SquaredLoss, ZeroResidual, load_digits, load_sunspots
    from .networks import Architecture, CountTable, generic_totals
    from .pictures import report
    from .results import AlgebraicSet, Continuum, CriticalPoint, CriticalPoints, FewSamples, Infimum, Tie, Tolerances
    from .solving import (
        BatchInterrupted,
        SolveInterrupted,
        critical_points,
        critical_points_of_many,
        generic_count,
    )
    from .surveys import Survey, survey
    from .tables import ArchitectureTable, atlas, tabulate
    from .tracking import TrackerOptions

__all__ = [
    "AlgebraicSet",
    "Architecture",
    "ArchitectureTable",
    "BatchInterrupted",
    "Certificate",
    "Continuum",
    "CountTable",
    "CriticalPoint",
    "CriticalPoints",
    "CrossCheck",
    "ExportedSystem",
    "FewSamples",
    "FilterGeometry",
    "FunctionSpace",
    "GramMatrix",
    "Infimum",
    "InputError",
    "Plane",
    "Preparation",
    "SeriesCounts",
    "SolveInterrupted",
    "SquaredLoss",
    "Survey",
    "Tie",
    "Tolerances",
    "TrackerOptions",
    "Wall",
    "Walls",
    "ZeroResidual",
    "__version__",
    "atlas",
    "certificate",
    "certify",
    "chambers",
    "critical_points",
    "critical_points_of_many",
    "cross_check",
    "describe_filter",
    "describe_function_space",
    "export",
    "generic_count",
    "generic_totals",
    "gram_matrix",
    "is_in_function_space",
    "load_digits",
    "load_sunspots",
    "report",
    "series_counts",
    "survey",
    "tabulate",
    "walls",
]

#: The package, or module, that defines each public name.
_PACKAGES = {
    "AlgebraicSet": "results",
    "Architecture": "networks",
    "ArchitectureTable": "tables",
    "BatchInterrupted": "solving",
    "Certificate": "certification",
    "Continuum": "results",
    "CountTable": "networks",
    "CriticalPoint": "results",
    "CriticalPoints": "results",
    "CrossCheck": "interchange",
    "ExportedSystem": "interchange",
    "FewSamples": "results",
    "FilterGeometry": "geometry",
    "FunctionSpace": "geometry",
    "GramMatrix": "counting",
    "Infimum": "results",
    "InputError": "errors",
    "Plane": "discriminants",
    "Preparation": "losses",
    "SeriesCounts": "counting",
    "SolveInterrupted": "solving",
    "SquaredLoss": "losses",
    "Survey": "surveys",
    "Tie": "results",
    "Tolerances": "results",
    "TrackerOptions": "tracking",
    "Wall": "discriminants",
    "Walls": "discriminants",
    "ZeroResidual": "losses",
    "atlas": "tables",
    "certificate": "certification",
    "certify": "certification",
    "chambers": "discriminants",
    "critical_points": "solving",
    "critical_points_of_many": "solving",
    "cross_check": "interchange",
    "describe_filter": "geometry",
    "describe_function_space": "geometry",
    "export": "interchange",
    "generic_count": "solving",
    "generic_totals": "networks",
    "gram_matrix": "counting",
    "is_in_function_space": "geometry",
    "load_digits": "losses",
    "load_sunspots": "losses",
    "report": "pictures",
    "series_counts": "counting",
    "survey": "surveys",
    "tabulate": "tables",
    "walls": "discriminants",
}


__getattr__, __dir__ = public_names(__name__, {"__version__": "version", **_PACKAGES})

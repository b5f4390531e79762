"""Exact counts for a given Gram matrix and generic moment vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..doors import public_names

if TYPE_CHECKING:
    from .exact_counts import CountsDisagree, exact_count
    from .families import family_count
    from .gram_matrices import GramMatrix, gram_matrix
    from .groebner import Search
    from .singular_points import SingularPoints
    from .time_series import MatrixOfSeries, SeriesCounts, series_counts

__all__ = [
    "CountsDisagree",
    "GramMatrix",
    "MatrixOfSeries",
    "Search",
    "SeriesCounts",
    "SingularPoints",
    "exact_count",
    "family_count",
    "gram_matrix",
    "series_counts",
]

__getattr__, __dir__ = public_names(
    __name__,
    {
        "CountsDisagree": "exact_counts",
        "GramMatrix": "gram_matrices",
        "MatrixOfSeries": "time_series",
        "Search": "groebner",
        "SeriesCounts": "time_series",
        "SingularPoints": "singular_points",
        "exact_count": "exact_counts",
        "family_count": "families",
        "gram_matrix": "gram_matrices",
        "series_counts": "time_series",
    },
)

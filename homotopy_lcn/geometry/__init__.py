"""The function space M of a network, and one filter in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..doors import public_names

if TYPE_CHECKING:
    from .filter_geometry import FilterGeometry, describe_filter, is_in_function_space
    from .function_space import FunctionSpace, describe_function_space

__all__ = ["FilterGeometry", "FunctionSpace", "describe_filter", "describe_function_space", "is_in_function_space"]

__getattr__, __dir__ = public_names(
    __name__,
    {
        "FilterGeometry": "filter_geometry",
        "FunctionSpace": "function_space",
        "describe_filter": "filter_geometry",
        "describe_function_space": "function_space",
        "is_in_function_space": "filter_geometry",
    },
)

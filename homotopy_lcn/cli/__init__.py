"""The command line: it parses, calls one function of the library, and prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..doors import public_names

if TYPE_CHECKING:
    from .program import main

__all__ = ["main"]

__getattr__, __dir__ = public_names(__name__, {"main": "program"})

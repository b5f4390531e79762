"""Other programs: PHCpack, Macaulay2, Julia, Bertini, msolve, PyTorch, and whether they are installed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..doors import public_names

if TYPE_CHECKING:
    from .cross_checks import CrossCheck, cross_check
    from .exports import ExportedSystem, export

__all__ = ["CrossCheck", "ExportedSystem", "cross_check", "export"]

__getattr__, __dir__ = public_names(
    __name__,
    {"CrossCheck": "cross_checks", "ExportedSystem": "exports", "cross_check": "cross_checks", "export": "exports"},
)

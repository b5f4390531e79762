"""The critical-point equations of a stratum."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..doors import public_names

if TYPE_CHECKING:
    from .critical_equations import Data, DataAtRoots, Equations

__all__ = ["Data", "DataAtRoots", "Equations"]

__getattr__, __dir__ = public_names(
    __name__, {"Data": "critical_equations", "DataAtRoots": "critical_equations", "Equations": "critical_equations"}
)

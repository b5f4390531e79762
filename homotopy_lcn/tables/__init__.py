"""Tables across architectures, and how tables are written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..doors import public_names

if TYPE_CHECKING:
    from .atlas_table import atlas
    from .tabulation import ArchitectureTable, tabulate

__all__ = ["ArchitectureTable", "atlas", "tabulate"]

__getattr__, __dir__ = public_names(
    __name__, {"ArchitectureTable": "tabulation", "atlas": "atlas_table", "tabulate": "tabulation"}
)

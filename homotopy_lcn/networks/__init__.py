"""Filters, strides, and what follows from them alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..doors import public_names

if TYPE_CHECKING:
    from .architecture import Architecture, Block
    from .counts import CountTable, generic_totals

__all__ = ["Architecture", "Block", "CountTable", "generic_totals"]

__getattr__, __dir__ = public_names(
    __name__,
    {"Architecture": "architecture", "Block": "architecture", "CountTable": "counts", "generic_totals": "counts"},
)

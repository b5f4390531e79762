"""Figures, and the report of a result."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..doors import public_names

if TYPE_CHECKING:
    from .report_page import report

__all__ = ["report"]

__getattr__, __dir__ = public_names(__name__, {"report": "report_page"})

"""Critical points of many random data sets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..doors import public_names

if TYPE_CHECKING:
    from .statistics import Survey
    from .surveys import survey

__all__ = ["Survey", "survey"]

__getattr__, __dir__ = public_names(__name__, {"Survey": "statistics", "survey": "surveys"})

"""To which critical points does training go?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..doors import public_names

if TYPE_CHECKING:
    from .basins import BasinTable
    from .descent import descend

__all__ = ["BasinTable", "descend"]

__getattr__, __dir__ = public_names(__name__, {"BasinTable": "basins", "descend": "descent"})

"""What a long computation tells about its progress."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .networks.patterns import Pattern

__all__ = ["Progress", "ProgressCallback"]


@dataclass(frozen=True)
class Progress:
    """One report: ``done`` of ``total`` in a stage ("start system", "tracking", "classification") of a stratum."""

    stage: str
    pattern: Pattern | None
    done: int
    total: int


ProgressCallback = Callable[[Progress], None]

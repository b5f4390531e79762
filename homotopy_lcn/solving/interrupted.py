"""Ctrl-C during a solve, which hands over what is finished."""

from __future__ import annotations

from ..results.result import CriticalPoints

__all__ = ["BatchInterrupted", "SolveInterrupted"]


class SolveInterrupted(KeyboardInterrupt):
    """Ctrl-C during a solve. ``partial`` holds the strata finished so far, as an incomplete result."""

    def __init__(self, partial: CriticalPoints) -> None:
        super().__init__("interrupted")
        self.partial = partial


class BatchInterrupted(KeyboardInterrupt):
    """Ctrl-C during `critical_points_of_many`. ``partial`` holds the results so far, None where there is none yet."""

    def __init__(self, partial: list[CriticalPoints | str | None]) -> None:
        super().__init__("interrupted")
        self.partial = partial

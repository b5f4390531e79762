"""The parts of a result, as a file holds them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..arrays import ComparedByValue
from ..losses.squared_loss import SquaredLoss
from ..losses.zero_residual import ZeroResidual
from ..networks.architecture import Architecture
from .continua import UNDECIDED, Continuum, Infimum
from .points import Counts, CriticalPoint, StratumResult
from .tolerances import Tolerances

__all__ = ["ResultParts"]


@dataclass(frozen=True, eq=False, repr=False)
class ResultParts(ComparedByValue):
    """The parts of the result of a solve, which a file of it holds; the attributes are those of `CriticalPoints`."""

    architecture: Architecture
    loss: SquaredLoss
    seed: int
    points: tuple[CriticalPoint, ...]
    strata: tuple[StratumResult, ...]
    complete: bool
    counts: Counts
    statistics: Mapping[str, int] = field(default_factory=dict)
    software: str = ""
    zero_residual: ZeroResidual | None = None
    continua: tuple[Continuum, ...] = ()
    infimum: Infimum = UNDECIDED
    contradictions: tuple[str, ...] = ()
    on_continua: tuple[CriticalPoint, ...] = ()
    stopped: str = ""
    computed_with: Mapping[str, str] = field(default_factory=dict)
    edited: bool | None = False
    tolerances: Tolerances = field(default_factory=Tolerances)

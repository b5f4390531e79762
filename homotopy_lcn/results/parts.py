"""The parts of a result, as a file holds them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..arrays import ComparedByValue
from ..losses.squared_loss import SquaredLoss
from ..losses.zero_residual import ZeroResidual
from ..networks.architecture import Architecture
from .continua import UNDECIDED, Continuum, Infimum
from .pairs import ManyPoints
from .points import Counts, CriticalPoint, StratumResult
from .tolerances import Tolerances

__all__ = ["LONGEST_TEXT", "ResultParts", "as_text"]

#: Characters of a text in a file, such as the name of the software.
LONGEST_TEXT = 1000


def as_text(words: str) -> str:
    """Words as a file of a result has them: one line of printable characters, with the middle left out of a long one.

    Examples
    --------
    >>> as_text("of two\\nlines"), len(as_text("x" * 5000))
    ('of two lines', 1000)
    """
    line = " ".join(words.split())
    line = "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in line)
    half = LONGEST_TEXT // 2
    return line if len(line) <= LONGEST_TEXT else f"{line[: half - 3]} … {line[-half:]}"


@dataclass(frozen=True, eq=False, repr=False)
class ResultParts(ComparedByValue):
    """The parts of the result of a solve, which a file of it holds; the attributes are those of `CriticalPoints`."""

    architecture: Architecture
    loss: SquaredLoss
    seed: int
    points: tuple[CriticalPoint, ...] | ManyPoints
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
    data: str = field(default="", compare=False)
    solved: str = field(default="", compare=False)
    tolerances: Tolerances = field(default_factory=Tolerances)

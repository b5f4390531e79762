"""What is to be solved on one stratum of a network."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..equations.critical_equations import equations_of
from ..equations.restriction import stratum_data
from ..losses.squared_loss import SquaredLoss
from ..networks.architecture import Architecture
from ..networks.counts import StratumCount, generic_count
from ..networks.strata import Embedding
from ..progress import Progress, ProgressCallback
from .problem import Problem

__all__ = ["StratumTask"]


@dataclass(frozen=True, eq=False)
class StratumTask:
    """The critical points of a loss on one stratum of an architecture.

    Attributes
    ----------
    architecture : Architecture
    loss : SquaredLoss
    row : StratumCount
        The stratum, and how many points there are for generic data of this rank.
    rank : int
        Rank of the Gram matrix where filters can be nonzero.
    embedding : Embedding
        The coordinates in which the stratum is solved.
    problem : Problem
        The data in these coordinates, scaled.
    scale : float
        What the filters of `problem` have to be multiplied by; a power of two.
    progress : callable, optional
    """

    architecture: Architecture
    loss: SquaredLoss
    row: StratumCount
    rank: int
    embedding: Embedding
    problem: Problem
    scale: float
    progress: ProgressCallback | None = None

    @classmethod
    def of_row(
        cls, arch: Architecture, loss: SquaredLoss, row: StratumCount, rank: int, progress: ProgressCallback | None
    ) -> StratumTask:
        """The task of one row of the table of counts."""
        embedding = Embedding.of_pattern(arch, row.pattern)
        stratum = embedding.stratum
        data, scale = stratum_data(loss, np.array(embedding.positions))
        problem = Problem(equations_of(stratum), data, row.count, rank < stratum.dimension)
        return cls(arch, loss, row, rank, embedding, problem, scale, progress)

    @property
    def full_rank_count(self) -> int:
        """How many points there are for generic data of full rank."""
        return next(row.count for row in generic_count(self.architecture) if row.pattern == self.row.pattern)

    def tell(self, stage: str, done: int) -> None:
        """Report progress: ``done`` points or paths of a stage."""
        if self.progress is not None:
            self.progress(Progress(stage, self.row.pattern, done, self.row.count))

"""The task of a solve on one stratum of a network."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..arrays import Complex
from ..doors import cached_property
from ..equations.critical_equations import Data, equations_of
from ..equations.restriction import exact_stratum_data, stratum_data
from ..losses.squared_loss import SquaredLoss
from ..networks.architecture import Architecture
from ..networks.counts import StratumCount, generic_count
from ..networks.strata import Embedding
from ..progress import Progress, ProgressCallback, StageReport
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
    progress : callable, optional
    """

    architecture: Architecture
    loss: SquaredLoss
    row: StratumCount
    rank: int
    progress: ProgressCallback | None = None

    @cached_property
    def embedding(self) -> Embedding:
        """The coordinates in which the stratum is solved."""
        return Embedding.of_pattern(self.architecture, self.row.pattern)

    @cached_property
    def _scaled(self) -> tuple[Data, float]:
        return stratum_data(self.loss, np.array(self.embedding.positions))

    @property
    def scale(self) -> float:
        """The factor from the filters of `problem` to the filters of the network; a power of two."""
        return self._scaled[1]

    def losses(self, terms: Complex) -> Complex:
        """The losses of filters of `problem`, from wᵀΣw − 2bᵀw for its data; infinite where this is."""
        places = np.array(self.embedding.positions)
        gram = self.loss.gram[np.ix_(places, places)]
        factor = np.linalg.norm(gram, 2) / np.linalg.norm(self.problem.gram, 2) * self.scale**2
        result, finite = np.full(len(terms), np.inf, complex), ~np.isinf(terms)
        result[finite] = self.loss.constant + factor * terms[finite]
        return result

    @cached_property
    def problem(self) -> Problem:
        """The data in the coordinates of the stratum, scaled to order one."""
        stratum = self.embedding.stratum
        exact = exact_stratum_data(self.loss, np.array(self.embedding.positions))
        return Problem(equations_of(stratum), self._scaled[0], self.row.count, self.rank < stratum.dimension, exact)

    @property
    def full_rank_count(self) -> int:
        """How many points there are for generic data of full rank."""
        return next(row.count for row in generic_count(self.architecture) if row.pattern == self.row.pattern)

    @property
    def precise_ends(self) -> int:
        """How many ends of paths at most are asked for in extended precision, where doubles do not tell them."""
        return 0

    def tell(self, stage: str, done: int) -> None:
        """Report progress: ``done`` points or paths of a stage."""
        if self.progress is not None:
            self.progress(Progress(stage, self.row.pattern, done, self.row.count))

    def report(self, stage: str) -> StageReport | None:
        """A function that reports progress in a stage, if anybody listens."""
        if self.progress is None:
            return None
        return StageReport(self.progress, stage, self.row.pattern, self.row.count)

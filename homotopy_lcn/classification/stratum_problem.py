"""A stratum with the data of the loss: of one data set for all points, or of as many data sets as there are points."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..arrays import Real, rows_times
from ..equations.critical_equations import Data
from ..networks.architecture import Architecture
from ..networks.patterns import Pattern
from ..networks.strata import Embedding

__all__ = ["BlockFactors", "StratumProblem", "losses_of"]

#: Rounding of a loss, relative to the sum of the sizes of its terms.
ROUNDING_OF_LOSS = 8 * float(np.finfo(float).eps)
#: For each block of an architecture the pairs (m, Q_m) of its polynomial Π_m Q_m^m, each Q_m a (P, e + 1) array.
BlockFactors = list[list[tuple[int, NDArray[Any]]]]


def losses_of(filters: NDArray[Any], image: NDArray[Any], b: NDArray[Any], constant: float | Real) -> NDArray[Any]:
    """Losses of filters w (P, K) from Σw (P, K); see `StratumProblem.losses`."""
    losses = np.asarray(((image - 2 * b) * filters).sum(axis=1) + constant)
    terms = (np.abs(image * filters) + 2 * np.abs(b * filters)).sum(axis=1) + np.abs(constant)
    return np.where(np.abs(losses) <= ROUNDING_OF_LOSS * terms, 0.0, losses)


class StratumProblem(NamedTuple):
    """A stratum of an architecture and the data of the loss.

    Attributes
    ----------
    arch : Architecture
    embedding : Embedding
        The coordinates of the stratum.
    pattern : tuple of partitions
        The root pattern of the stratum.
    gram : (K, K) or (P, K, K) float array
        Gram matrix Σ of the loss, shared by all points or one matrix for each of P points.
    b : (K,) or (P, K) float array
        Moment vector.
    constant : float or (P,) float array
        The constant of the loss.
    """

    arch: Architecture
    embedding: Embedding
    pattern: Pattern
    gram: Real
    b: Real
    constant: float | Real

    @property
    def data(self) -> Data:
        """The data in the form that the equations take; for one data set."""
        return Data(self.gram, self.b)

    def of_points(self, rows: NDArray[np.int64]) -> StratumProblem:
        """The same stratum with the data of some of the points."""
        if self.gram.ndim == 2:
            return self
        return self._replace(gram=self.gram[rows], b=self.b[rows], constant=np.asarray(self.constant)[rows])

    def gram_times(self, filters: NDArray[Any]) -> NDArray[Any]:
        """Σw for filters w, a (P, K) array."""
        if self.gram.ndim == 2:
            return rows_times(filters, self.gram)
        return np.asarray(np.matmul(self.gram, filters[:, :, None])[:, :, 0])

    def losses(self, filters: NDArray[Any]) -> NDArray[Any]:
        """The loss wᵀΣw − 2bᵀw + constant at real or complex filters w, a (P, K) array.

        A loss is 0 if it is less than its rounding error: so it is for filters that fit the data exactly.
        """
        return losses_of(filters, self.gram_times(filters), self.b, self.constant)

    def block_factors(self, points: NDArray[Any]) -> BlockFactors:
        """The factors Q_m of every block at points (P, coordinates)."""
        result: BlockFactors = [[] for _ in self.arch.blocks]
        stratum = self.embedding.stratum
        for factor, part, block in zip(stratum.factors, stratum.slices, self.embedding.blocks, strict=True):
            result[block].append((factor.power, points[:, part]))
        return result

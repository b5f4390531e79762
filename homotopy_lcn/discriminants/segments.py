"""The segment of data between two losses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..arrays import Complex
from ..equations.critical_equations import Data
from ..errors import InputError
from ..losses.squared_loss import SquaredLoss
from ..networks.architecture import Architecture
from ..networks.strata import Embedding
from .lines import DataLine

__all__ = ["Segment"]


@dataclass(frozen=True)
class Segment:
    """The losses (1 − t) · start + t · end for t from 0 to 1.

    Attributes
    ----------
    arch : Architecture
    start, end : SquaredLoss
    """

    arch: Architecture
    start: SquaredLoss
    end: SquaredLoss

    @classmethod
    def checked(cls, arch: Architecture, start: SquaredLoss, end: SquaredLoss) -> Segment:
        """The segment, if both losses fit the network and differ.

        Raises
        ------
        InputError
            If they do not.
        """
        for name, loss in (("loss0", start), ("loss1", end)):
            if not isinstance(loss, SquaredLoss):
                raise InputError(f"{name}: an object of type {type(loss).__name__}; expected a SquaredLoss")
            if loss.filter_size != arch.filter_size:
                raise InputError(
                    f"{name}: for filters of {loss.filter_size} coefficients; the network has filters of "
                    f"{arch.filter_size} coefficients, expected a loss for them"
                )
        if np.array_equal(start.gram, end.gram) and np.array_equal(start.b, end.b):
            raise InputError(
                "loss1: the same Gram matrix and moment vector as loss0, so that no critical point moves; expected "
                "another loss"
            )
        return cls(arch, start, end)

    def loss(self, t: float) -> SquaredLoss:
        """The loss at t."""
        if t in (0, 1):
            return self.end if t else self.start
        gram = (1 - t) * self.start.gram + t * self.end.gram
        b = (1 - t) * self.start.b + t * self.end.b
        return SquaredLoss(gram, b, (1 - t) * self.start.constant + t * self.end.constant)

    @property
    def sizes(self) -> tuple[float, float]:
        """Norms of Σ and b, by which the data of `line` are divided."""
        gram = max(float(np.linalg.norm(loss.gram, 2)) for loss in (self.start, self.end))
        b = max(float(np.linalg.norm(loss.b)) for loss in (self.start, self.end))
        return gram or 1.0, b or 1.0

    def data(self, embedding: Embedding, t: float) -> Data:
        """The data at t in the coordinates of a stratum, divided by `sizes`."""
        loss = self.loss(t)
        positions = np.array(embedding.positions)
        gram, b = self.sizes
        return Data(loss.gram[positions[:, None], positions] / gram, loss.b[positions] / b)

    def line(self, embedding: Embedding) -> DataLine:
        """The line of data in the coordinates of a stratum."""
        return DataLine.through(self.data(embedding, 0.0), self.data(embedding, 1.0))

    def filters(self, embedding: Embedding, filters: Complex) -> Complex:
        """Filters (P, K) of the network from filters of the stratum for the data of `line`."""
        gram, b = self.sizes
        result = np.zeros((len(filters), self.arch.filter_size), complex)
        for place, column in zip(embedding.positions, filters.T, strict=True):
            result[:, place] += column * (b / gram)
        return result

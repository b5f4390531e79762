"""The segment of data between two losses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..arrays import Complex, Real
from ..doors import cached_property
from ..equations.critical_equations import Data
from ..errors import InputError
from ..losses.squared_loss import SquaredLoss
from ..networks.architecture import Architecture
from ..networks.strata import Embedding
from .lines import DataLine
from .tolerances import WALLS

__all__ = ["WALLS_OF_OTHERS", "Segment"]

#: Why other networks than ordinary ones are refused.
WALLS_OF_OTHERS = "walls are found stratum by stratum, by root patterns, which others do not have"

#: Arrays are multiples of each other if they differ from multiples by this part at most.
MULTIPLE = 1e-14


def _ratio(first: Real, second: Real) -> float | None:
    """The positive number times which the first array is the second, None if there is none."""
    size = float((first * first).sum())
    ratio = float((first * second).sum()) / size if size else 0.0
    multiple = bool(np.abs(second - ratio * first).max() <= MULTIPLE * np.abs(second).max(initial=0.0))
    return ratio if ratio > 0 and multiple else None


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
        if not isinstance(arch, Architecture):
            raise InputError(f"arch: an object of type {type(arch).__name__}; expected an Architecture")
        for name, loss in (("loss0", start), ("loss1", end)):
            if not isinstance(loss, SquaredLoss):
                raise InputError(f"{name}: an object of type {type(loss).__name__}; expected a SquaredLoss")
            if loss.filter_size != arch.filter_size:
                raise InputError(
                    f"{name}: for filters of {loss.filter_size} coefficients; the network has filters of "
                    f"{arch.filter_size} coefficients, expected a loss for them"
                )
            if not loss.gram.any():
                raise InputError(f"{name}: its Gram matrix is zero; expected data with inputs that are not zero")
        if np.array_equal(start.gram, end.gram) and np.array_equal(start.b, end.b):
            raise InputError(
                "loss1: the Gram matrix and the moment vector of the first loss, so that no critical point moves; "
                "expected another loss"
            )
        return cls(arch, start, end)

    def loss(self, t: float) -> SquaredLoss:
        """The loss at t."""
        if t in (0, 1):
            return self.end if t else self.start
        gram = (1 - t) * self.start.gram + t * self.end.gram
        b = (1 - t) * self.start.b + t * self.end.b
        return SquaredLoss(gram, b, (1 - t) * self.start.constant + t * self.end.constant)

    @cached_property
    def sizes(self) -> tuple[float, float]:
        """Norms of Σ and b, by which the data of `line` are divided."""
        gram = max(float(np.linalg.norm(loss.gram, 2)) for loss in (self.start, self.end))
        b = max(float(np.linalg.norm(loss.b)) for loss in (self.start, self.end))
        return gram or 1.0, b or 1.0

    @cached_property
    def multiples(self) -> tuple[float, float] | None:
        """The numbers times which b at the start and at the end is one vector, if b(t) is zero somewhere in [0, 1].

        None if it is nowhere zero. The critical filters at t are β(t) times those for Σ(t) and this vector, where β is
        linear in t. So b is not taken to move.
        """
        bs = [np.asarray(loss.b) for loss in (self.start, self.end)]
        longer = int(np.linalg.norm(bs[1]) > np.linalg.norm(bs[0]))
        largest, other = bs[longer], bs[1 - longer]
        if not largest.any():
            return None
        ratio = float(other @ largest) / float(largest @ largest)
        if ratio > 0 or np.abs(other - ratio * largest).max() > MULTIPLE * np.abs(largest).max():
            return None
        return (ratio, 1.0) if longer else (1.0, ratio)

    def multiple(self, t: float) -> float:
        """The number times which b(t) is the vector of `data`; 1 where b moves in another way."""
        if self.multiples is None:
            return 1.0
        first, last = self.multiples
        at = self.zero
        return 0.0 if at is not None and abs(t - at) <= WALLS.together else (1 - t) * first + t * last

    @cached_property
    def zero(self) -> float | None:
        """The t at which b is zero, so that all critical filters are zero there; None if there is none in [0, 1]."""
        if self.multiples is None:
            return None
        first, last = self.multiples
        return abs(first / (first - last))

    def data(self, embedding: Embedding, t: complex) -> Data:
        """The data at t, complex ones too, in the coordinates of a stratum, divided by `sizes` and `multiple`."""
        positions = np.array(embedding.positions)
        size, length = self.sizes
        gram = (1 - t) * self.start.gram + t * self.end.gram
        if self.multiples is not None:
            b = (self.start if self.multiples[0] == 1 else self.end).b
        else:
            b = (1 - t) * self.start.b + t * self.end.b
        return Data(gram[positions[:, None], positions] / size, b[positions] / length)

    @cached_property
    def ratios(self) -> tuple[float | None, float | None]:
        """The positive numbers by which Σ and b at the end are those at the start; None where there is none."""
        return _ratio(self.start.gram, self.end.gram), _ratio(self.start.b, self.end.b)

    @property
    def stretch(self) -> float:
        """The number by which the data at the end are divided in `line`."""
        return 1.0 if self.multiples is not None else self.ratios[0] or self.ratios[1] or 1.0

    @cached_property
    def is_singular(self) -> bool:
        """Whether Σ is singular on the whole segment: then the Gram matrices at both ends have a common kernel."""
        parts = [loss.gram / (np.linalg.norm(loss.gram) or 1.0) for loss in (self.start, self.end)]
        values = np.linalg.eigvalsh(parts[0] + parts[1])
        return bool(values[0] <= WALLS.singular * values[-1])

    def line(self, embedding: Embedding) -> DataLine:
        """The line of data in the coordinates of a stratum.

        Data times a number have the same critical points. So the data at the end are divided by a number after which
        Σ or b does not move, if there is one; `place` gives the t of the segment.
        """
        first, last = self.data(embedding, 0.0), self.data(embedding, 1.0)
        gram, b = self.ratios[0], self.ratios[1] or self.multiples
        end_gram = first.gram if gram else np.asarray(last.gram / self.stretch, float)
        end_b = first.b if b else np.asarray(last.b / self.stretch, float)
        return DataLine.through(first, Data(end_gram, end_b))

    def place(self, t: float) -> float:
        """The t of the segment at which the data are those of `line` at ``t``, up to a positive factor."""
        return t / (t + self.stretch * (1 - t))

    def place_on_line(self, t: float) -> float:
        """The t of `line` with the data at ``t``: the inverse of `place`."""
        return t * self.stretch / (1 - t + t * self.stretch)

    def filters(self, embedding: Embedding, filters: Complex, t: float) -> Complex:
        """Filters (P, K) of the network at t from filters of the stratum for `data`, or at that place of `line`."""
        gram, b = self.sizes
        result = np.zeros((len(filters), self.arch.filter_size), complex)
        for place, column in zip(embedding.positions, filters.T, strict=True):
            result[:, place] += column * (b / gram * self.multiple(t))
        return result

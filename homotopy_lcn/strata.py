"""Strata of critical points in their own coordinates.

A filter of the stratum λ is w = c · Π_f Q_f^{m_f}, one factor f for each block and each distinct root multiplicity m_f:
Q_f is a square-free polynomial whose degree is the number of roots with that multiplicity, in the variable
x^{dilation} of its block. Unknowns are the scalar c and the coefficients of the Q_f, each Q_f up to scaling.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

from .architecture import Architecture, Block
from .counts import Pattern

__all__ = ["Factor", "Stratum"]


@dataclass(frozen=True)
class Factor:
    """One polynomial Q_f: it enters the filter as Q_f(x^dilation)^power."""

    degree: int
    power: int
    dilation: int


@dataclass(frozen=True)
class Stratum:
    """The coordinates of a stratum: w = c Π_f Q_f^{m_f} of size ``filter_size``.

    A point is a vector of ``coordinates`` complex numbers: first c, then the coefficients of each Q_f in turn, in the
    order of the filter (leading coefficient first).
    """

    factors: tuple[Factor, ...]

    @classmethod
    def of_pattern(cls, blocks: Sequence[Block], pattern: Pattern) -> Stratum:
        """The stratum of a root pattern; blocks must have coprime dilations (see `Architecture.grid`)."""
        return cls(
            tuple(
                Factor(degree, power, block.dilation)
                for block, partition in zip(blocks, pattern, strict=True)
                for power, degree in sorted(Counter(partition).items())
            )
        )

    @classmethod
    def of_layers(cls, arch: Architecture) -> Stratum:
        """The parameter space itself: every layer a factor of power one."""
        return cls(
            tuple(
                Factor(k - 1, 1, dilation) for k, dilation in zip(arch.filters, arch.dilations, strict=True) if k > 1
            )
        )

    @cached_property
    def filter_size(self) -> int:
        """Number of coefficients of the filter, K."""
        return 1 + sum(factor.degree * factor.power * factor.dilation for factor in self.factors)

    @cached_property
    def dimension(self) -> int:
        """Dimension of the stratum (as a cone), the number of unknowns."""
        return 1 + sum(factor.degree for factor in self.factors)

    @cached_property
    def coordinates(self) -> int:
        """Length of a point: 1 + Σ (degree + 1)."""
        return 1 + sum(factor.degree + 1 for factor in self.factors)

    @cached_property
    def slices(self) -> tuple[slice, ...]:
        """Where each factor's coefficients stand in a point."""
        ends = list(accumulate((factor.degree + 1 for factor in self.factors), initial=1))
        return tuple(slice(start, end) for start, end in zip(ends[:-1], ends[1:], strict=True))

    @cached_property
    def name(self) -> str:
        """Short unique name, such as ``d3p1s1-d1p2s1`` (degree, power, dilation of each factor)."""
        return "-".join(f"d{f.degree}p{f.power}s{f.dilation}" for f in self.factors) or "scalar"

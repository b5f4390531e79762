"""Strata of critical points in their own coordinates.

A filter of the stratum λ is w = c · Π_f Q_f^{m_f}, one factor f for each block and each distinct root multiplicity m_f:
Q_f is a square-free polynomial whose degree is the number of roots with that multiplicity, in the variable
x^{dilation} of its block. Unknowns are the scalar c and the coefficients of the Q_f, each Q_f up to scaling.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, pairwise

from ..doors import cached_property
from .architecture import Architecture, Block
from .patterns import Pattern
from .support_networks import SupportNetwork

__all__ = [
    "ClassOfFilters",
    "Embedding",
    "Factor",
    "PlacedFactor",
    "Stratum",
    "segre_embedding",
    "separated",
    "separated_order",
    "separated_positions",
]


@dataclass(frozen=True)
class Factor:
    """One polynomial Q_f: it enters the filter as Q_f(x^dilation)^power."""

    degree: int
    power: int
    dilation: int

    @property
    def places(self) -> tuple[int, ...]:
        """The exponents of the coefficients in the filter."""
        return tuple(range(0, self.degree * self.dilation + 1, self.dilation))


@dataclass(frozen=True)
class PlacedFactor(Factor):
    """One polynomial Q_f of a network of any supports, with its own list of exponents; its `dilation` is 0.

    Attributes
    ----------
    exponents : tuple of int
        Increasing.
    group : int
        The group of layers that it belongs to, an index of `SupportNetwork.groups`.
    """

    exponents: tuple[int, ...]
    group: int

    @property
    def places(self) -> tuple[int, ...]:
        """The exponents of the coefficients in the filter."""
        return self.exponents


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
        if isinstance(arch, SupportNetwork):
            return _space_of_layers(arch)
        return cls(
            tuple(Factor(k - 1, 1, dilation) for k, dilation in zip(arch.filters, arch.dilations, strict=True) if k > 1)
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
        return tuple(slice(start, end) for start, end in pairwise(ends))

    @cached_property
    def name(self) -> str:
        """Short unique name, such as ``d3p1s1-d1p2s1`` (degree, power, dilation of each factor)."""
        return "-".join(f"d{f.degree}p{f.power}s{f.dilation}" for f in self.factors) or "scalar"


@dataclass(frozen=True)
class ClassOfFilters(Stratum):
    """The coordinates of a class of filters of a network of any supports: w = c Π_f Q_f^{m_f}, with lists of exponents.

    Layers of equal support that are no segments have a factor for each set of equal layers. Parallel segments share
    roots, and have a factor for each multiplicity, as in one dimension.
    """

    factors: tuple[PlacedFactor, ...]
    size: int

    @classmethod
    def of_class(cls, network: SupportNetwork, pattern: Pattern) -> ClassOfFilters:
        """The coordinates of a class, see `SupportNetwork.groups` for the partitions of its pattern.

        Examples
        --------
        >>> network = Architecture(filters=((2, 2), (2, 2)), strides=(1, 1))
        >>> [factor.power for factor in ClassOfFilters.of_class(network, ((2,),)).factors]
        [2]
        >>> ClassOfFilters.of_class(network, ((1, 1),)).dimension
        7
        """
        factors = []
        for number, (group, partition) in enumerate(zip(network.groups, pattern, strict=True)):
            first = network.exponents[group.layers[0]]
            if group.segment:
                step, start = first[1] - first[0], first[0] // group.degrees[0]
                for power, degree in sorted(Counter(partition).items()):
                    places = tuple(degree * start + step * j for j in range(degree + 1))
                    factors.append(PlacedFactor(degree, power, 0, places, number))
            else:
                factors += [PlacedFactor(len(first) - 1, power, 0, first, number) for power in partition]
        return cls(tuple(factors), network.filter_size)

    @cached_property
    def filter_size(self) -> int:
        """Number of coefficients of the filter, K."""
        return self.size


def _space_of_layers(network: SupportNetwork) -> ClassOfFilters:
    group_of = {layer: number for number, group in enumerate(network.groups) for layer in group.layers}
    factors = tuple(
        PlacedFactor(len(places) - 1, 1, 0, places, group_of[layer])
        for layer, places in enumerate(network.exponents)
        if len(places) > 1
    )
    return ClassOfFilters(factors, network.filter_size)


@dataclass(frozen=True)
class Embedding:
    """A stratum of an architecture in its most economical coordinates.

    Filters of the architecture are sums of coefficients of filters of ``stratum``: coefficient j of the latter adds to
    position ``positions[j]`` of the former. So the loss with Gram matrix Σ and moment vector b becomes one with
    Σ[positions, positions] and b[positions].

    Attributes
    ----------
    stratum : Stratum
        The stratum that is solved. Dilations have no common divisor; where the shifts of the blocks overlap so little
        that the tensor product of the blocks is smaller than the filter, its blocks are `separated`.
    positions : tuple of int
    blocks : tuple of int
        For each factor of the stratum, the block of the architecture that it belongs to.
    """

    stratum: Stratum
    positions: tuple[int, ...]
    blocks: tuple[int, ...]

    @classmethod
    @lru_cache(maxsize=1024)
    def of_pattern(cls, arch: Architecture, pattern: Pattern) -> Embedding:
        """The stratum of a root pattern of an architecture; for a network of any supports the `segre_embedding`."""
        if isinstance(arch, SupportNetwork):
            twin = arch.one_dimensional
            return segre_embedding(arch) if twin is None else cls.of_pattern(twin, pattern)
        grid = arch.grid
        direct = Stratum.of_pattern([Block(b.degree, b.dilation // grid) for b in arch.blocks], pattern)
        apart = separated(direct)
        if apart.filter_size < direct.filter_size:
            stratum, positions, order = apart, separated_positions(direct), separated_order(direct)
        else:
            stratum, positions, order = direct, tuple(range(direct.filter_size)), tuple(range(len(direct.factors)))
        block_of = {block.dilation // grid: b for b, block in enumerate(arch.blocks)}
        return cls(
            stratum,
            tuple(grid * position for position in positions),
            tuple(block_of[direct.factors[f].dilation] for f in order),
        )


def segre_embedding(network: SupportNetwork) -> Embedding:
    """The tensor product of the layers with more than one coefficient; `Embedding.blocks` are the layers.

    The layers stand in the order of their sizes, so that networks of equal sizes have one start system.

    Examples
    --------
    >>> from homotopy_lcn import Architecture
    >>> embedding = segre_embedding(Architecture(supports=((0, 1, 3), (0, 1))))
    >>> embedding.stratum.name, embedding.positions, embedding.blocks
    ('d1p1s1-d2p1s2', (0, 1, 1, 2, 3, 4), (1, 0))
    """
    sizes = network.layer_sizes
    order = tuple(sorted((layer for layer, size in enumerate(sizes) if size > 1), key=lambda layer: sizes[layer]))
    factors, dilation = [], 1
    start = sum(network.exponents[layer][0] for layer in range(network.depth) if sizes[layer] == 1)
    positions = [start]
    for layer in order:
        factors.append(Factor(sizes[layer] - 1, 1, dilation))
        dilation *= sizes[layer]
        positions = [place + position for place in network.exponents[layer] for position in positions]
    return Embedding(Stratum(tuple(factors)), tuple(positions), order)


def separated(stratum: Stratum) -> Stratum:
    """The stratum with the same factors whose blocks do not overlap: its filters are tensor products of the blocks.

    Blocks come in a standard order, so that strata that differ only in strides have the same separated stratum. The
    stratum is a linear projection of the separated stratum, given by `separated_positions`.
    """
    factors = []
    dilation = 1
    for group in _standard_groups(stratum):
        factors += [Factor(stratum.factors[f].degree, stratum.factors[f].power, dilation) for f in group]
        dilation *= 1 + sum(stratum.factors[f].degree * stratum.factors[f].power for f in group)
    return Stratum(tuple(factors))


def separated_order(stratum: Stratum) -> tuple[int, ...]:
    """For each factor of the separated stratum, the index of the factor of ``stratum`` that it stands for."""
    return tuple(f for group in _standard_groups(stratum) for f in group)


def separated_positions(stratum: Stratum) -> tuple[int, ...]:
    """For each coefficient of a filter of the separated stratum, the coefficient of ``stratum`` that it adds to."""
    positions = [0]
    for group in _standard_groups(stratum):
        dilation = stratum.factors[group[0]].dilation
        degree = sum(stratum.factors[f].degree * stratum.factors[f].power for f in group)
        positions = [dilation * j + position for j in range(degree + 1) for position in positions]
    return tuple(positions)


def _standard_groups(stratum: Stratum) -> list[list[int]]:
    """The factors of each block, blocks in an order that does not depend on their dilations."""
    groups: dict[int, list[int]] = {}
    for f, factor in enumerate(stratum.factors):
        groups.setdefault(factor.dilation, []).append(f)
    return sorted(
        groups.values(), key=lambda group: [(stratum.factors[f].degree, stratum.factors[f].power) for f in group]
    )

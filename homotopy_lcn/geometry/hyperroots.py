"""Which filters have a real factorization: the combinatorics of hyperroots, exact.

Let the blocks of a reduced architecture have degrees n_b and dilations 1 = D_1 | D_2 | … | D_B = D (divided by their
greatest common divisor), and let w be a filter of degree Σ n_b D_b. The roots r ≠ 0, ∞ of w with the same D-th power
form a *class*: they are r ζ^j, ζ = exp(2πi/D), so that a class with its multiplicities is a function m ≥ 0 on Z/D. A
level-b hyperroot, the factor x^{D_b} − c y^{D_b}, is a coset of the subgroup of order D_b, that is a residue modulo
q_b = D/D_b. Hence w = Π_b P_b(x^{D_b}) for complex P_b iff every m is a sum of cosets, the roots 0 and ∞ are shared out
in portions of size D_b, and altogether n_b cosets and portions of level b are used. Every way to do so is one
factorization up to scaling.

Complex conjugation acts on classes. A class with a positive or a negative D-th power is mapped to itself, by j ↦ −j or
j ↦ −1 − j; the other classes come in pairs. A factorization is real iff conjugation permutes its cosets, and the layers
of odd degree of block b can be real iff their number is at most the number of real roots of P_b.

Therefore only finite data of a class matter, its *supply*: the numbers of cosets of each level that the complex
decompositions use, and for the real decompositions also the number of real cosets. Supplies add up over classes.
Filters arbitrarily close to a given filter come from splitting each class into several classes. So closedness of the
function space, and whether a point is interior, are finite questions as well. The notions are from Kohn, Montúfar,
Shahverdi, Trager, *Function Space and Critical Points of Linear Convolutional Networks* (2024), sections 2 and 3.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache, reduce
from operator import add, le, sub
from typing import NamedTuple

from ..networks.architecture import Architecture

__all__ = [
    "INFINITY",
    "NEGATIVE",
    "PAIR",
    "POSITIVE",
    "ZERO",
    "Coset",
    "Levels",
    "Part",
    "Supply",
    "Undecided",
    "Vector",
    "combine",
    "conjugate",
    "decompositions",
    "portions",
    "supply_of",
    "total_supply",
    "vector_sum",
]

Vector = tuple[int, ...]

ZERO, INFINITY, POSITIVE, NEGATIVE, PAIR = "zero", "infinity", "positive", "negative", "pair"


class Undecided(RuntimeError):
    """The enumeration would be too long."""


class Part(NamedTuple):
    """One class of roots of a real filter.

    Attributes
    ----------
    kind : str
        ZERO or INFINITY (the root 0 or ∞), POSITIVE or NEGATIVE (the sign of the D-th power), PAIR (a class and its
        conjugate).
    multiplicities : tuple of int
        Of the roots r ζ^j, j = 0, …, D − 1; of length one for the roots 0 and ∞. The first root r is positive for
        POSITIVE, has argument π/D for NEGATIVE.
    """

    kind: str
    multiplicities: Vector

    @property
    def degree(self) -> int:
        """Number of roots, with multiplicity."""
        return sum(self.multiplicities) * (2 if self.kind == PAIR else 1)


class Coset(NamedTuple):
    """A hyperroot: the roots r ζ^j with j ≡ residue modulo D / D_b for the block b."""

    block: int
    residue: int


class Supply(NamedTuple):
    """The numbers of hyperroots that some of the roots offer to the blocks.

    Attributes
    ----------
    complex : frozenset of tuple
        Numbers of hyperroots for each block, one vector for each kind of complex decomposition.
    real : frozenset of (tuple, tuple)
        For the real decompositions these numbers, and how many of the hyperroots are real (counted up to the number
        of layers of odd degree).
    """

    complex: frozenset[Vector]
    real: frozenset[tuple[Vector, Vector]]


@dataclass(frozen=True)
class Levels:
    """The numbers of an architecture on which the roots of its filters depend.

    Attributes
    ----------
    degrees : tuple of int
        n_b of each block.
    dilations : tuple of int
        D_b of each block, divided by their greatest common divisor.
    odd : tuple of int
        Number of layers of odd degree in each block.
    """

    degrees: Vector
    dilations: Vector
    odd: Vector

    @classmethod
    def of(cls, arch: Architecture) -> Levels:
        """From an architecture that has a block."""
        return cls(
            tuple(block.degree for block in arch.blocks),
            tuple(block.dilation // arch.grid for block in arch.blocks),
            tuple(sum(d % 2 for d in degrees) for degrees in arch.layer_degrees),
        )

    @property
    def order(self) -> int:
        """The largest dilation D."""
        return self.dilations[-1]

    @property
    def degree(self) -> int:
        """Degree of the filter, Σ n_b D_b."""
        return sum(n * d for n, d in zip(self.degrees, self.dilations, strict=True))

    @property
    def unique(self) -> bool:
        """Whether no hyperroot can be assembled from lower blocks: Σ_{a<b} n_a D_a < D_b for all b."""
        below = 0
        for n, d in zip(self.degrees, self.dilations, strict=True):
            if below >= d:
                return False
            below += n * d
        return True

    def modulus(self, block: int) -> int:
        """Number q_b of cosets of level b."""
        return self.order // self.dilations[block]

    def nothing(self) -> Supply:
        """The supply of no roots."""
        zero = (0,) * len(self.degrees)
        return Supply(frozenset({zero}), frozenset({(zero, zero)}))

    def in_closure(self, supply: Supply) -> bool:
        """Whether a filter with these roots is in the Zariski closure."""
        return self.degrees in supply.complex

    def in_reduced(self, supply: Supply) -> bool:
        """Whether a filter with these roots is in the function space of the reduced architecture."""
        return any(counts == self.degrees for counts, _ in supply.real)

    def inside(self, supply: Supply) -> bool:
        """Whether a filter with these roots is in the function space."""
        return (self.degrees, self.odd) in supply.real


def decompositions(multiplicities: Vector, levels: Levels) -> Iterator[tuple[Coset, ...]]:
    """All ways to write a class as a sum of cosets, no level used more often than its degree.

    Parameters
    ----------
    multiplicities : tuple of int
        Function on Z/D.
    levels : Levels

    Yields
    ------
    tuple of Coset
        Highest level first.
    """
    order = len(multiplicities)

    def peel(block: int, rest: list[int], chosen: list[Coset]) -> Iterator[tuple[Coset, ...]]:
        modulus = levels.modulus(block)
        if block == 0:
            if sum(rest) <= levels.degrees[0]:
                yield (*chosen, *(Coset(0, j) for j in range(order) for _ in range(rest[j])))
            return
        room = [min(rest[a::modulus]) for a in range(modulus)]
        for amounts in _amounts(room, levels.degrees[block]):
            left = [m - amounts[j % modulus] for j, m in enumerate(rest)]
            more = [Coset(block, a) for a in range(modulus) for _ in range(amounts[a])]
            yield from peel(block - 1, left, chosen + more)

    yield from peel(len(levels.degrees) - 1, list(multiplicities), [])


def _amounts(room: list[int], total: int) -> Iterator[Vector]:
    """Vectors below ``room`` with a sum of at most ``total``."""
    if not room:
        yield ()
        return
    for first in range(min(room[0], total) + 1):
        for rest in _amounts(room[1:], total - first):
            yield (first, *rest)


def conjugate(kind: str, residue: int, modulus: int) -> int:
    """The residue of the complex conjugate root in a POSITIVE or NEGATIVE class."""
    return (-residue if kind == POSITIVE else -1 - residue) % modulus


def is_real(cosets: Iterable[Coset], kind: str, levels: Levels) -> bool:
    """Whether a decomposition of a POSITIVE or NEGATIVE class is its own complex conjugate."""
    number = Counter(cosets)
    return all(
        number[Coset(block, conjugate(kind, residue, levels.modulus(block)))] == n
        for (block, residue), n in number.items()
    )


@lru_cache(maxsize=100_000)
def supply_of(part: Part, levels: Levels) -> Supply:
    """The supply of one class."""
    blocks = range(len(levels.degrees))
    if part.kind in (ZERO, INFINITY):
        shares = portions(part.multiplicities[0], levels)
        return Supply(frozenset(shares), frozenset((share, _least(share, levels.odd)) for share in shares))
    every: set[Vector] = set()
    real: set[tuple[Vector, Vector]] = set()
    for cosets in decompositions(part.multiplicities, levels):
        used = Counter(coset.block for coset in cosets)
        counts = tuple(used[b] for b in blocks)
        every.add(counts)
        if part.kind != PAIR and is_real(cosets, part.kind, levels):
            fixed = Counter(block for block, a in cosets if conjugate(part.kind, a, levels.modulus(block)) == a)
            real.add((counts, _least(tuple(fixed[b] for b in blocks), levels.odd)))
    if part.kind == PAIR:
        twice = {vector_sum(first, second) for first in every for second in every}
        none = (0,) * len(levels.degrees)
        return _within(twice, {(vector_sum(counts, counts), none) for counts in every}, levels)
    return _within(every, real, levels)


def portions(multiplicity: int, levels: Levels) -> list[Vector]:
    """Numbers of portions of size D_b that sum to a multiplicity."""

    def fill(block: int, rest: int) -> Iterator[Vector]:
        if block == 0:
            if rest <= levels.degrees[0]:
                yield (rest,)
            return
        for number in range(min(levels.degrees[block], rest // levels.dilations[block]) + 1):
            for lower in fill(block - 1, rest - number * levels.dilations[block]):
                yield (*lower, number)

    return list(fill(len(levels.degrees) - 1, multiplicity))


def vector_sum(left: Vector, right: Vector) -> Vector:
    """Entry by entry."""
    return tuple(map(add, left, right))


def _least(left: Vector, right: Vector) -> Vector:
    return tuple(map(min, left, right))


def _within(every: Iterable[Vector], real: Iterable[tuple[Vector, Vector]], levels: Levels) -> Supply:
    """The supply within the degrees, without real decompositions that have fewer real cosets than another one."""

    def fits(counts: Vector) -> bool:
        return all(map(le, counts, levels.degrees))

    best: dict[Vector, list[Vector]] = {}
    for counts, fixed in real:
        if fits(counts):
            best.setdefault(counts, []).append(fixed)
    kept = {
        (counts, fixed)
        for counts, many in best.items()
        for fixed in many
        if not any(fixed != other and _least(fixed, other) == fixed for other in many)
    }
    return Supply(frozenset(filter(fits, every)), frozenset(kept))


@lru_cache(maxsize=200_000)
def combine(left: Supply, right: Supply, levels: Levels) -> Supply:
    """The supply of two sets of roots together."""
    every = {vector_sum(a, b) for a in left.complex for b in right.complex}
    real: set[tuple[Vector, Vector]] = set()
    for a, x in left.real:
        most = tuple(map(sub, levels.degrees, a))
        for b, y in right.real:
            if all(map(le, b, most)):
                real.add((vector_sum(a, b), _least(vector_sum(x, y), levels.odd)))
    return _within(every, real, levels)


def total_supply(parts: Iterable[Part], levels: Levels) -> Supply:
    """The supply of several classes together."""
    return reduce(lambda total, part: combine(total, supply_of(part, levels), levels), parts, levels.nothing())

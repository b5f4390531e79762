"""Which filters have a real factorization: the combinatorics of hyperroots, exact.

Let the blocks of a reduced architecture have degrees n_b and dilations 1 = D_1 | D_2 | … | D_B = D (divided by their
greatest common divisor), and let w be a filter of degree Σ n_b D_b. The roots r ≠ 0, ∞ of w with the same D-th power
form a *class*: they are r ζ^j, ζ = exp(2πi/D), so that a class with its multiplicities is a function m ≥ 0 on Z/D. A
level-b hyperroot, the factor x^{D_b} − c y^{D_b}, is a coset of the subgroup of order D_b, that is a residue modulo
q_b = D/D_b. Hence w = Π_b P_b(x^{D_b}) for complex P_b iff every m is a sum of cosets, the roots 0 and ∞ are shared out
in portions of size D_b, and altogether n_b cosets and portions of level b are used. Every way to do so is one
factorization up to scaling.

Complex conjugation acts on classes: those of a positive or a negative D-th power are mapped to themselves, by j ↦ −j
and j ↦ −1 − j; the others come in pairs. A factorization is real iff its cosets are permuted by it, and the layers of
odd degree of block b can be real iff they are at most as many as the real roots of P_b.

What matters of a class is therefore finite: the *supply*, which numbers of cosets of each level the complex
decompositions use, and for the real ones also how many of the cosets are real. Supplies add up over classes. Filters
arbitrarily close to a given one come from splitting each class into several, so that closedness of the function space
and whether a point is interior are finite questions, too. The notions are those of Kohn, Montúfar, Shahverdi, Trager,
*Function Space and Critical Points of Linear Convolutional Networks* (2024), sections 2 and 3.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache, reduce
from itertools import combinations_with_replacement, product
from math import comb
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .architecture import Architecture

__all__ = [
    "INFINITY",
    "NEGATIVE",
    "PAIR",
    "POSITIVE",
    "ZERO",
    "Coset",
    "Levels",
    "Part",
    "Pattern",
    "Supply",
    "Undecided",
    "bad_patterns",
    "combine",
    "conjugate",
    "decompositions",
    "filter_of_pattern",
    "nearby_supplies",
    "portions",
    "supply_of",
    "total_supply",
]

Vector = tuple[int, ...]

ZERO, INFINITY, POSITIVE, NEGATIVE, PAIR = "zero", "infinity", "positive", "negative", "pair"

#: More intermediate results than this are not enumerated.
BUDGET = 200_000


class Undecided(RuntimeError):
    """The enumeration would be too long."""


class Part(NamedTuple):
    """One class of roots of a real filter.

    Attributes
    ----------
    kind : str
        ZERO or INFINITY (the root 0 or ∞), POSITIVE or NEGATIVE (the D-th power is), PAIR (a class and its conjugate).
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
    """What some of the roots offer to the blocks.

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
    """What an architecture asks of the roots of a filter.

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
        """Whether a filter with all its roots is in the Zariski closure."""
        return self.degrees in supply.complex

    def in_reduced(self, supply: Supply) -> bool:
        """Whether it is in the function space of the reduced architecture."""
        return any(counts == self.degrees for counts, _ in supply.real)

    def inside(self, supply: Supply) -> bool:
        """Whether it is in the function space."""
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
        twice = {_sum(first, second) for first in every for second in every}
        none = (0,) * len(levels.degrees)
        return _within(twice, {(_sum(counts, counts), none) for counts in every}, levels)
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


def _sum(left: Vector, right: Vector) -> Vector:
    return tuple(a + b for a, b in zip(left, right, strict=True))


def _least(left: Vector, right: Vector) -> Vector:
    return tuple(min(a, b) for a, b in zip(left, right, strict=True))


def _within(every: Iterable[Vector], real: Iterable[tuple[Vector, Vector]], levels: Levels) -> Supply:
    """Without what exceeds the degrees, and without real decompositions that another one surpasses."""

    def fits(counts: Vector) -> bool:
        return all(c <= n for c, n in zip(counts, levels.degrees, strict=True))

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
    return _within(
        {_sum(a, b) for a in left.complex for b in right.complex},
        {(_sum(a, b), _least(_sum(x, y), levels.odd)) for a, x in left.real for b, y in right.real},
        levels,
    )


def total_supply(parts: Iterable[Part], levels: Levels) -> Supply:
    """The supply of several classes together."""
    return reduce(lambda total, part: combine(total, supply_of(part, levels), levels), parts, levels.nothing())


Pattern = tuple[Part, ...]
Reached = dict[Supply, Pattern]


def nearby_supplies(parts: Iterable[Part], levels: Levels) -> Reached:
    """The supplies of all real filters in the Zariski closure arbitrarily close to one with the given classes.

    Parameters
    ----------
    parts : iterable of Part
    levels : Levels

    Returns
    -------
    dict
        From each supply to the classes of one such filter.

    Raises
    ------
    Undecided
        If there are too many.
    """
    reached: Reached = {levels.nothing(): ()}
    for part in parts:
        if part.kind in (ZERO, INFINITY):
            splits = _splits_of_zero(part.kind, part.multiplicities[0], levels)
        else:
            splits = _splits(part, levels)
        reached = _join(reached, splits, levels)
    return {supply: pattern for supply, pattern in reached.items() if levels.in_closure(supply)}


def _join(left: Reached, right: Reached, levels: Levels) -> Reached:
    result: Reached = {}
    if len(left) * len(right) > BUDGET:
        raise Undecided
    for (a, pattern), (b, more) in product(left.items(), right.items()):
        supply = combine(a, b, levels)
        if supply.complex:
            _keep(result, supply, pattern + more)
    return result


def _keep(reached: Reached, supply: Supply, pattern: Pattern) -> None:
    known = reached.get(supply)
    if known is None or _complexity(pattern) < _complexity(known):
        reached[supply] = pattern


def _complexity(pattern: Pattern) -> tuple[int, int, int]:
    """Simpler witnesses have no roots 0 and ∞, few classes, and few different roots."""
    at_ends = sum(part.kind in (ZERO, INFINITY) for part in pattern)
    return at_ends, len(pattern), sum(m > 0 for part in pattern for m in part.multiplicities)


@lru_cache(maxsize=20_000)
def _splits(part: Part, levels: Levels) -> Reached:
    """Splittings of a class off 0 and ∞ into nearby classes."""
    m = part.multiplicities
    if not any(m):
        return {levels.nothing(): ()}
    first = next(j for j, value in enumerate(m) if value)
    result: Reached = {}
    for piece in _pieces(part, first):
        offer = supply_of(piece, levels)
        if not offer.complex:
            continue
        used = piece.multiplicities
        if part.kind != PAIR and piece.kind == PAIR:
            used = _sum(used, tuple(used[conjugate(part.kind, j, len(m))] for j in range(len(m))))
        rest = Part(part.kind, tuple(a - b for a, b in zip(m, used, strict=True)))
        for supply, pattern in _splits(rest, levels).items():
            total = combine(offer, supply, levels)
            if total.complex:
                _keep(result, total, (piece, *pattern))
        if len(result) > BUDGET:
            raise Undecided
    return result


def _pieces(part: Part, first: int) -> Iterator[Part]:
    """Classes that can be split off and contain the root ``first``."""
    m = part.multiplicities
    count = 1
    for value in m:
        count *= value + 1
    if count > BUDGET:
        raise Undecided
    mirror = [j if part.kind == PAIR else conjugate(part.kind, j, len(m)) for j in range(len(m))]
    for chosen in product(*(range(value + 1) for value in m)):
        if part.kind == PAIR:
            if chosen[first]:
                yield Part(PAIR, chosen)
            continue
        if chosen[first] and all(chosen[j] == chosen[mirror[j]] for j in range(len(m))):
            yield Part(part.kind, chosen)
        if chosen[first] + chosen[mirror[first]] and all(chosen[j] + chosen[mirror[j]] <= m[j] for j in range(len(m))):
            yield Part(PAIR, chosen)


@lru_cache(maxsize=1000)
def _splits_of_zero(kind: str, multiplicity: int, levels: Levels) -> Reached:
    """Splittings of the root 0 or ∞: any classes of small (large) roots, and what stays."""
    away = _all_supplies(levels)
    result: Reached = {}
    for stays in range(multiplicity + 1):
        at_end: Reached = {levels.nothing(): ()}
        if stays:
            part = Part(kind, (stays,))
            at_end = {supply_of(part, levels): (part,)}
        for supply, pattern in _join(at_end, away[multiplicity - stays], levels).items():
            _keep(result, supply, pattern)
    return result


@lru_cache(maxsize=1000)
def _all_supplies(levels: Levels) -> tuple[Reached, ...]:
    """For each degree up to that of a filter, the supplies of all sets of so many roots off 0 and ∞."""
    reached: list[Reached] = [{} for _ in range(levels.degree + 1)]
    reached[0][levels.nothing()] = ()
    for part in sorted(_elementary(levels), key=lambda part: (part.degree, _complexity((part,)))):
        offer = supply_of(part, levels)
        if not offer.complex or offer in reached[part.degree]:
            continue
        for degree in range(part.degree, levels.degree + 1):
            for supply, pattern in list(reached[degree - part.degree].items()):
                total = combine(offer, supply, levels)
                if total.complex:
                    _keep(reached[degree], total, (*pattern, part))
            if len(reached[degree]) > BUDGET // 10:
                raise Undecided
    return tuple(reached)


def _elementary(levels: Levels) -> Iterator[Part]:
    """Classes from which all others are put together, as far as supplies are concerned.

    Roots that no coset of level 2 contains go to block 1 in any case, as if each of them were a class of its own. So,
    beyond single hyperroots, only sums of cosets of level 2 matter.
    """
    order = levels.order
    for block in range(len(levels.degrees)):
        coset = tuple(int(j % levels.modulus(block) == 0) for j in range(order))
        yield Part(POSITIVE, coset)
        yield Part(PAIR, coset)
    if levels.unique:
        return
    modulus = levels.modulus(1)
    most = levels.degree // levels.dilations[1]
    if comb(modulus + most, most) > BUDGET:
        raise Undecided
    for size in range(1, most + 1):
        for residues in combinations_with_replacement(range(modulus), size):
            number = Counter(residues)
            m = tuple(number[j % modulus] for j in range(order))
            for kind in (POSITIVE, NEGATIVE):
                if all(m[j] == m[conjugate(kind, j, order)] for j in range(order)):
                    yield Part(kind, m)
            if 2 * size <= most:
                yield Part(PAIR, m)


class BadPatterns(NamedTuple):
    """Root patterns of real filters in the Zariski closure that are not in the function space, None if there are none.

    Attributes
    ----------
    reduced : tuple of Part or None
        Not in the function space of the reduced architecture either.
    stride_one : tuple of Part or None
        In that of the reduced architecture.
    """

    reduced: Pattern | None
    stride_one: Pattern | None


@lru_cache(maxsize=1000)
def bad_patterns(levels: Levels) -> BadPatterns:
    """Is the function space Zariski closed, and is it all of that of the reduced architecture?

    Raises
    ------
    Undecided
        If there are too many root patterns.
    """
    away = _all_supplies(levels)
    reached: Reached = {}
    for zero in range(levels.degree + 1):
        near_zero = _splits_or_end(ZERO, zero, levels)
        for infinity in range(min(zero, levels.degree - zero) + 1):
            ends = _join(near_zero, _splits_or_end(INFINITY, infinity, levels), levels)
            for supply, pattern in _join(ends, away[levels.degree - zero - infinity], levels).items():
                if levels.in_closure(supply) and not levels.inside(supply):
                    _keep(reached, supply, pattern)
    reduced = [pattern for supply, pattern in reached.items() if not levels.in_reduced(supply)]
    stride_one = [pattern for supply, pattern in reached.items() if levels.in_reduced(supply)]
    return BadPatterns(min(reduced, key=_complexity, default=None), min(stride_one, key=_complexity, default=None))


def _splits_or_end(kind: str, multiplicity: int, levels: Levels) -> Reached:
    if multiplicity == 0:
        return {levels.nothing(): ()}
    part = Part(kind, (multiplicity,))
    return {supply_of(part, levels): (part,)}


def filter_of_pattern(pattern: Iterable[Part], levels: Levels, grid: int = 1) -> NDArray[np.float64]:
    """A real filter with the given classes of roots, with small coefficients.

    Parameters
    ----------
    pattern : iterable of Part
    levels : Levels
    grid : int
        The divisor of all dilations.

    Returns
    -------
    (K,) float array
        Rounded to integers where that is exact.
    """
    order = levels.order
    points: list[complex] = []
    at_infinity = 0
    number: Counter[str] = Counter()
    for kind, multiplicities in pattern:
        if kind == ZERO:
            points += [0.0] * multiplicities[0]
            continue
        if kind == INFINITY:
            at_infinity += multiplicities[0]
            continue
        number[kind] += 1
        angle = {POSITIVE: 0.0, NEGATIVE: np.pi / order, PAIR: np.pi / (2 * order)}[kind]
        for j, m in enumerate(multiplicities):
            root = complex(number[kind] ** (1 / order) * np.exp(1j * (angle + 2 * np.pi * j / order)))
            points += [root] * m
            if kind == PAIR:
                points += [root.conjugate()] * m
    core = np.real(np.poly(points)) if points else np.ones(1)
    coefficients = np.concatenate([np.zeros(at_infinity), core])
    rounded = np.round(coefficients)
    coefficients = np.where(np.abs(coefficients - rounded) < 1e-9, rounded, coefficients) + 0.0
    result = np.zeros((len(coefficients) - 1) * grid + 1)
    result[::grid] = coefficients
    return result

"""Patterns of classes of roots: of the filters close to a given filter, and of the filters in the closure but not in M.

Filters arbitrarily close to a given filter come from splitting each of its classes into several classes. A pattern is a
set of classes with their kinds and multiplicities. All answers about a filter depend only on the supply of its pattern
(see `hyperroots`), so that the questions are finite.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import combinations_with_replacement, product
from math import comb
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .hyperroots import (
    INFINITY,
    NEGATIVE,
    PAIR,
    POSITIVE,
    ZERO,
    Levels,
    Part,
    Supply,
    Undecided,
    Vector,
    combine,
    conjugate,
    supply_of,
    vector_sum,
)
from .tolerances import GEOMETRY

__all__ = ["RootPattern", "bad_patterns", "filter_of_pattern", "first_roots", "integers_where_near", "nearby_supplies"]

#: Values of the hyperroots of example filters are below this.
LARGEST_RADIUS = 5000
#: More intermediate results than this are not enumerated.
BUDGET = 200_000
#: More supplies than this of one degree are not kept: each is combined with the supplies of other degrees.
MOST_SUPPLIES = BUDGET // 10
#: Sums of two numbers of hyperroots, and of pairs of supplies, up to which filters are decided: some ten seconds.
MOST_SUMS = 5_000_000

RootPattern = tuple[Part, ...]
Reached = dict[Supply, RootPattern]


class _Effort:
    """Combines supplies, and ends when that takes too long: the same steps count, whatever was computed before."""

    def __init__(self, levels: Levels) -> None:
        self.levels = levels
        self.left = MOST_SUMS
        self.seen: set[tuple[Supply, Supply]] = set()

    def combine(self, a: Supply, b: Supply) -> Supply:
        self.left -= 1
        if (a, b) not in self.seen:
            self.seen.add((a, b))
            self.left -= len(a.complex) * len(b.complex) + len(a.real) * len(b.real)
        if self.left < 0:
            raise Undecided
        return combine(a, b, self.levels)


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
    effort = _Effort(levels)
    for part in parts:
        if part.kind in (ZERO, INFINITY):
            splits = _splits_of_zero(part.kind, part.multiplicities[0], levels)
        else:
            splits = _splits(part, levels)
        reached = _join(reached, splits, effort)
    return {supply: pattern for supply, pattern in reached.items() if levels.in_closure(supply)}


def _join(left: Reached, right: Reached, effort: _Effort) -> Reached:
    result: Reached = {}
    if len(left) * len(right) > BUDGET:
        raise Undecided
    for (a, pattern), (b, more) in product(left.items(), right.items()):
        supply = effort.combine(a, b)
        if supply.complex:
            _keep(result, supply, pattern + more)
    return result


def _keep(reached: Reached, supply: Supply, pattern: RootPattern) -> None:
    known = reached.get(supply)
    if known is None or _complexity(pattern) < _complexity(known):
        reached[supply] = pattern


def _complexity(pattern: RootPattern) -> tuple[int, int, int]:
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
            used = vector_sum(used, tuple(used[conjugate(part.kind, j, len(m))] for j in range(len(m))))
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
    """Splittings of the root 0 or ∞ into classes of small (large) roots and a part that stays."""
    away = _all_supplies(levels)
    effort = _Effort(levels)
    result: Reached = {}
    for stays in range(multiplicity + 1):
        at_end: Reached = {levels.nothing(): ()}
        if stays:
            part = Part(kind, (stays,))
            at_end = {supply_of(part, levels): (part,)}
        for supply, pattern in _join(at_end, away[multiplicity - stays], effort).items():
            _keep(result, supply, pattern)
    return result


@lru_cache(maxsize=1000)
def _all_supplies(levels: Levels) -> tuple[Reached, ...]:
    """For each degree up to the degree of a filter, the supplies of all sets of that number of roots off 0 and ∞."""
    effort = _Effort(levels)
    reached: list[Reached] = [{} for _ in range(levels.degree + 1)]
    reached[0][levels.nothing()] = ()
    for part in sorted(_elementary(levels), key=lambda part: (part.degree, _complexity((part,)))):
        offer = supply_of(part, levels)
        if not offer.complex or offer in reached[part.degree]:
            continue
        for degree in range(part.degree, levels.degree + 1):
            for supply, pattern in list(reached[degree - part.degree].items()):
                total = effort.combine(offer, supply)
                if total.complex:
                    _keep(reached[degree], total, (*pattern, part))
            if len(reached[degree]) > MOST_SUPPLIES:
                raise Undecided
    return tuple(reached)


def _elementary(levels: Levels) -> Iterator[Part]:
    """Classes from which the supplies of all other classes come.

    Roots that no coset of level 2 contains belong to block 1 in any case, as if each were a class of its own. So only
    sums of cosets of level 2 matter, beside single hyperroots.
    """
    order = levels.order
    for block in range(len(levels.degrees)):
        yield Part(POSITIVE, _coset(block, levels))
        yield Part(PAIR, _coset(block, levels))
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

    reduced: RootPattern | None
    stride_one: RootPattern | None


def bad_patterns(levels: Levels) -> BadPatterns:
    """Is the function space Zariski closed, and is it all of that of the reduced architecture?

    Raises
    ------
    Undecided
        If there are too many root patterns.
    """
    found = _bad_patterns(levels)
    if found is None:
        raise Undecided
    return found


@lru_cache(maxsize=1000)
def _bad_patterns(levels: Levels) -> BadPatterns | None:
    """None if there are too many root patterns; kept, as it takes long to see."""
    try:
        return _enumerated_bad_patterns(levels)
    except Undecided:
        return None


def _enumerated_bad_patterns(levels: Levels) -> BadPatterns:
    if levels.unique:
        return BadPatterns(None, _too_few_real_roots(levels))
    away = _all_supplies(levels)
    effort = _Effort(levels)
    reached: Reached = {}
    for zero in range(levels.degree + 1):
        near_zero = _splits_or_end(ZERO, zero, levels)
        for infinity in range(min(zero, levels.degree - zero) + 1):
            ends = _join(near_zero, _splits_or_end(INFINITY, infinity, levels), effort)
            for supply, pattern in _join(ends, away[levels.degree - zero - infinity], effort).items():
                if levels.in_closure(supply) and not levels.inside(supply):
                    _keep(reached, supply, pattern)
    reduced = [pattern for supply, pattern in reached.items() if not levels.in_reduced(supply)]
    stride_one = [pattern for supply, pattern in reached.items() if levels.in_reduced(supply)]
    return BadPatterns(min(reduced, key=_complexity, default=None), min(stride_one, key=_complexity, default=None))


def _too_few_real_roots(levels: Levels) -> RootPattern | None:
    """Where factorizations are unique, and so real: as few real hyperroots as possible of a block that needs more."""
    for block, (degree, odd) in enumerate(zip(levels.degrees, levels.odd, strict=True)):
        if odd > degree % 2:
            kinds = [PAIR] * (degree // 2) + [POSITIVE] * (degree % 2)
            others = [(POSITIVE, b) for b, n in enumerate(levels.degrees) if b != block for _ in range(n)]
            return tuple(Part(kind, _coset(b, levels)) for kind, b in [*((k, block) for k in kinds), *others])
    return None


def _coset(block: int, levels: Levels) -> Vector:
    """The multiplicities of one hyperroot."""
    return tuple(int(j % levels.modulus(block) == 0) for j in range(levels.order))


def _splits_or_end(kind: str, multiplicity: int, levels: Levels) -> Reached:
    if multiplicity == 0:
        return {levels.nothing(): ()}
    part = Part(kind, (multiplicity,))
    return {supply_of(part, levels): (part,)}


def _is_periodic(multiplicities: Vector, period: int) -> bool:
    return all(m == multiplicities[j % period] for j, m in enumerate(multiplicities))


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
    pattern = tuple(pattern)
    points: list[complex] = []
    at_infinity = 0
    for (kind, multiplicities), root in zip(pattern, first_roots(pattern, levels), strict=True):
        if kind == INFINITY:
            at_infinity += multiplicities[0]
            continue
        turns = np.exp(2j * np.pi * np.arange(len(multiplicities)) / levels.order)
        for m, turned in zip(multiplicities, root * turns, strict=True):
            points += [turned] * m
            if kind == PAIR:
                points += [turned.conjugate()] * m
    core = np.real(np.poly(points)) if points else np.ones(1)
    coefficients = np.concatenate([np.zeros(at_infinity), core])
    coefficients = integers_where_near(coefficients)
    result = np.zeros((len(coefficients) - 1) * grid + 1)
    result[::grid] = coefficients
    return result


@lru_cache(maxsize=1)
def _radii() -> tuple[int, ...]:
    """Values of the hyperroots of example filters: square-free, so that no power of one is a power of another."""
    return tuple(n for n in range(1, LARGEST_RADIUS) if all(n % (p * p) for p in range(2, 71)))


def first_roots(pattern: Iterable[Part], levels: Levels) -> Iterator[complex]:
    """For each class of a pattern a root that its first multiplicity belongs to, simple and apart from all others."""
    order = levels.order
    sizes = {kind: iter(_radii()) for kind in (POSITIVE, NEGATIVE, PAIR)}
    for kind, multiplicities in pattern:
        if kind in (ZERO, INFINITY):
            yield 0j if kind == ZERO else complex(np.inf)
            continue
        # The class consists of hyperroots of this dilation; simple values of these make simple coefficients.
        dilation = max(d for d in levels.dilations if _is_periodic(multiplicities, order // d))
        value: complex = next(sizes[kind])
        if kind == PAIR:
            value *= 1j if dilation == order else 1 + 2j
        elif kind == NEGATIVE:
            value *= np.exp(1j * np.pi * dilation / order)
        yield complex(value) ** (1 / dilation)


def integers_where_near(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The entries, with integers in place of entries that differ from an integer by rounding."""
    rounded = np.round(values)
    return np.asarray(np.where(np.abs(values - rounded) < GEOMETRY.near_integer, rounded, values) + 0.0)

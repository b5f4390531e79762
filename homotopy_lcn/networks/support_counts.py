"""How many critical points a network of any supports has for generic data, class by class.

The number of critical parameters is the generic ED degree of the Segre variety of all layers, for all supports and
strides: the network is a linear projection of the tensor product of its layers without base points, because a product
of nonzero polynomials is not zero.

A family of parameters gives critical points for generic data if and only if its dimension is the rank of dμ on it. Two
families are known. Layers whose supports are parallel segments of one step are polynomials in one monomial, and share
roots as in one dimension, see `counts`. Layers of equal support become equal: a class is a partition λ = (λ_1, …, λ_r)
of the number of these layers, w contains Π Q_i^{λ_i}, and over one w lie m!/Π λ_i! critical parameters.

For m layers of n + 1 coefficients let g(λ) be the factor of the Chern integral of the Segre–Veronese embedding
O(λ_1, …, λ_r) of (P^n)^r, and let M(λ) be the same for tuples of distinct Q_i. Critical tuples of which some entries
are equal are the critical tuples of the merged partition, because both have the same tangent space. So

    g(λ) = Σ_π M(λ merged by π),   summed over all partitions π of the set {1, …, r},                        (1)

which gives M by recursion. The sum over all classes of the number of filters times the number of parameters over each
is the number of all critical parameters, by (1) and by the identity of `counts`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import cache, lru_cache
from itertools import islice, product
from math import comb, factorial, lcm, prod

from ..errors import InputError
from .counts import (
    CountTable,
    StratumCount,
    augmented_monomial,
    count_matrices,
    each_root_pattern,
    integrate,
    root_patterns,
)
from .limits import LARGEST_DEGREE, check_degree
from .patterns import Partition
from .support_networks import LayerGroup, SupportNetwork

__all__ = ["MOST_CLASSES", "count_of_supports", "partitions_of_group"]

#: Classes of a network that are listed.
MOST_CLASSES = 10_000
#: Layers of one support for which classes are listed: 4 140 partitions of a set of eight layers.
MOST_EQUAL_LAYERS = 8


def count_of_supports(network: SupportNetwork, rank: int | None = None) -> CountTable:
    """The exact counts of a network of any supports; see `generic_count`.

    Raises
    ------
    InputError
        If the rank is below the dimension of the function space, or the network is too large.

    Examples
    --------
    >>> from homotopy_lcn import Architecture
    >>> table = count_of_supports(Architecture(filters=((2, 2), (2, 2)), strides=(1, 1)))
    >>> [(row.pattern, row.count, row.factorizations) for row in table], table.parameters
    ([(((1, 1),), 122, 2), (((2,),), 40, 1)], 284)
    """
    if rank is not None and rank < network.dimension:
        raise InputError(
            f"rank: {rank} given; expected at least {network.dimension}, the dimension of the function space, as "
            "counts for smaller ranks are there for ordinary networks of one dimension only"
        )
    return _table(network)


@lru_cache(maxsize=64)
def _table(network: SupportNetwork) -> CountTable:
    check_degree(network, LARGEST_DEGREE, "counts")
    partitions = [partitions_of_group(group) for group in network.groups]
    if prod(map(len, partitions)) > MOST_CLASSES:
        raise InputError(f"filters: more than {MOST_CLASSES} classes of critical points; expected fewer")
    choices = [
        [(partition, *_class_of_group(group, partition)) for partition in listed]
        for group, listed in zip(network.groups, partitions, strict=True)
    ]
    rows = []
    for choice in product(*choices):
        polynomial: tuple[Fraction, ...] = (Fraction(1),)
        for _, factor, _ in choice:
            polynomial = _multiply(polynomial, factor)
        pattern = tuple(partition for partition, _, _ in choice)
        common = lcm(*(value.denominator for value in polynomial))
        count, remainder = divmod(integrate([int(common * v) for v in polynomial], network.dimension - 1), common)
        if remainder:
            raise ArithmeticError(f"the integral for the class {pattern} is no integer")
        rows.append(
            StratumCount(
                pattern=pattern,
                pure=all(part == 1 for partition in pattern for part in partition),
                count=count,
                factorizations=prod(over for _, _, over in choice),
            )
        )
    return CountTable(network, tuple(rows))


def partitions_of_group(group: LayerGroup) -> list[Partition]:
    """The partitions that occur in a group: root multiplicities for segments, multiplicities of equal layers else.

    Of more than `MOST_CLASSES` partitions only the first ones are listed.
    """
    if group.segment:
        return list(islice(each_root_pattern(group.degrees), MOST_CLASSES + 1))
    number = len(group.layers)
    if number > MOST_EQUAL_LAYERS:
        raise InputError(f"filters: {number} layers of equal support; expected at most {MOST_EQUAL_LAYERS}")
    return root_patterns((1,) * number)


def _class_of_group(group: LayerGroup, partition: Partition) -> tuple[tuple[Fraction, ...], int]:
    """The factor of the integral of a class, and the number of parameters over each filter."""
    symmetry = prod(factorial(number) for number in Counter(partition).values())
    if group.segment:
        factor = tuple(Fraction(value, symmetry) for value in augmented_monomial(partition))
        return factor, count_matrices(group.degrees, partition)
    degree = group.degrees[0]
    distinct = tuple(value / symmetry for value in _distinct(degree, partition))
    layers = len(group.layers)
    merged = (Fraction(0),) * (degree * (layers - len(partition)))
    return merged + distinct, factorial(layers) // prod(factorial(part) for part in partition)


@cache
def _distinct(degree: int, partition: Partition) -> tuple[Fraction, ...]:
    """M(λ) of (1), a polynomial of degree n·r in τ."""
    total: tuple[Fraction, ...] = (Fraction(1),)
    for part in partition:
        total = _multiply(
            total,
            tuple(
                Fraction((-1) ** a * comb(degree + 1, a) * part ** (degree - a), factorial(degree - a))
                for a in range(degree + 1)
            ),
        )
    result = list(total)
    for merged, number in Counter(_merged(partition)).items():
        if len(merged) < len(partition):
            shift = degree * (len(partition) - len(merged))
            for place, value in enumerate(_distinct(degree, merged), shift):
                result[place] -= number * value
    return tuple(result)


def _merged(partition: Partition) -> Iterator[Partition]:
    """The sums over the blocks of all partitions of the set of parts, decreasing."""

    def blocks(rest: tuple[int, ...], sums: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
        if not rest:
            yield sums
            return
        part, others = rest[0], rest[1:]
        for place in range(len(sums)):
            yield from blocks(others, (*sums[:place], sums[place] + part, *sums[place + 1 :]))
        yield from blocks(others, (*sums, part))

    for sums in blocks(partition, ()):
        yield tuple(sorted(sums, reverse=True))


def _multiply(left: Sequence[Fraction], right: Sequence[Fraction]) -> tuple[Fraction, ...]:
    result = [Fraction(0)] * (len(left) + len(right) - 1)
    for i, a in enumerate(left):
        for j, b in enumerate(right):
            result[i + j] += a * b
    return tuple(result)

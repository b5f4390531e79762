"""Rational factors of a rational filter that fit the layers of a network of any supports, by python-flint."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import combinations, product
from math import lcm
from typing import Any

from ..networks.support_networks import Point, SupportNetwork

__all__ = ["rational_layers"]

#: Irreducible factors of a filter, more of which are not distributed to the layers.
MOST_RATIONAL_FACTORS = 14

Layers = tuple[tuple[Fraction, ...], ...]
#: Coefficient of each monomial.
Coefficients = dict[Point, Fraction]


def rational_layers(network: SupportNetwork, filter_: Sequence[Fraction]) -> Layers | None:
    """Layers of rational numbers with this product; None if there are none, python-flint is missing, or w is zero.

    A filter with rational layers is in the function space, exactly. A filter without may have real ones.

    Examples
    --------
    >>> from homotopy_lcn import Architecture
    >>> network = Architecture(supports=((0, 1, 3), (0, 1)))
    >>> layers = rational_layers(network, [Fraction(value) for value in (1, 1, -2, 3, -3)])
    >>> layers and [[str(value) for value in layer] for layer in layers]
    [['-1', '-2', '-3'], ['-1', '1']]
    """
    try:
        from flint import Ordering, fmpz_mpoly_ctx
    except ImportError:
        return None
    entries = dict(zip(product(*map(range, network.shape)), filter_, strict=True))
    scale = lcm(*(value.denominator for value in filter_))
    integers = {point: int(value * scale) for point, value in entries.items() if value}
    if not integers:
        return None
    context = fmpz_mpoly_ctx.get([f"x{axis}" for axis in range(network.axes)], Ordering.lex)
    constant, found = context.from_dict(integers).factor()
    factors = [polynomial for polynomial, power in found for _ in range(int(power))]
    if len(factors) > MOST_RATIONAL_FACTORS:
        return None
    one = context.from_dict({(0,) * network.axes: 1})
    supports = [frozenset(support) for support in network.dilated]
    for products in _distributions(factors, supports, one):
        forms = [_coefficients(form) for form in products]
        forms[0] = {point: value * Fraction(int(constant), scale) for point, value in forms[0].items()}
        return tuple(
            tuple(form.get(point, Fraction(0)) for point in support)
            for form, support in zip(forms, network.dilated, strict=True)
        )
    return None


def _distributions(factors: list[Any], supports: Sequence[frozenset[Point]], one: Any) -> Iterator[list[Any]]:
    """Products of the factors, one for each support and within it."""
    if not supports:
        if not factors:
            yield []
        return
    for count in range(len(factors) + 1):
        seen = []
        for chosen in combinations(range(len(factors)), count):
            form = one
            for i in chosen:
                form = form * factors[i]
            if form in seen:
                continue
            seen.append(form)
            if all(tuple(map(int, point)) in supports[0] for point in form.to_dict()):
                rest = [factor for i, factor in enumerate(factors) if i not in chosen]
                for others in _distributions(rest, supports[1:], one):
                    yield [form, *others]


def _coefficients(form: Any) -> Coefficients:
    return {tuple(map(int, point)): Fraction(int(value)) for point, value in form.to_dict().items()}

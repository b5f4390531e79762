"""Rational factors of a rational filter that fit the layers of a network of any supports, by python-flint.

Where two layers of one support that is no segment are parallel, u · v with v = c u, the closure of the function space
leaves the function space: u² + ε² q² = (u + iεq)(u − iεq) is the product of a conjugate pair of layers, and for generic
q and generic other layers it has no other factors. So the filter is on the boundary. Parallel segments leave where they
have fewer real roots of odd multiplicity than layers of odd degree: real roots of even multiplicity become complex.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import combinations, product
from math import lcm
from typing import Any

from ..networks.support_networks import Point, SupportNetwork
from .rational_polynomials import number_of_real_roots, square_free

__all__ = ["are_on_boundary", "rational_factorizations", "rational_layers"]

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
    return next(rational_factorizations(network, filter_), None)


def rational_factorizations(network: SupportNetwork, filter_: Sequence[Fraction]) -> Iterator[Layers]:
    """All layers of rational numbers with this product, one after the other; none as for `rational_layers`."""
    try:
        from flint import Ordering, fmpz_mpoly_ctx
    except ImportError:
        return
    entries = dict(zip(product(*map(range, network.shape)), filter_, strict=True))
    scale = lcm(*(value.denominator for value in filter_))
    integers = {point: int(value * scale) for point, value in entries.items() if value}
    if not integers:
        return
    context = fmpz_mpoly_ctx.get([f"x{axis}" for axis in range(network.axes)], Ordering.lex)
    constant, found = context.from_dict(integers).factor()
    factors = [polynomial for polynomial, power in found for _ in range(int(power))]
    if len(factors) > MOST_RATIONAL_FACTORS:
        return
    one = context.from_dict({(0,) * network.axes: 1})
    supports = [frozenset(support) for support in network.dilated]
    for products in _distributions(factors, supports, one):
        forms = [_coefficients(form) for form in products]
        forms[0] = {point: value * Fraction(int(constant), scale) for point, value in forms[0].items()}
        yield tuple(
            tuple(form.get(point, Fraction(0)) for point in support)
            for form, support in zip(forms, network.dilated, strict=True)
        )


def are_on_boundary(network: SupportNetwork, layers: Layers) -> bool:
    """Whether filters of the closure outside the function space are arbitrarily near the product of rational layers.

    Exact. If not, other layers with the same product may still be on the boundary.

    Examples
    --------
    >>> from homotopy_lcn import Architecture
    >>> network = Architecture(filters=((2, 2), (2, 2)), strides=(1, 1))
    >>> square = tuple(tuple(map(Fraction, layer)) for layer in ((1, 2, 3, 4), (2, 4, 6, 8)))
    >>> are_on_boundary(network, square)
    True
    """
    for group in network.groups:
        chosen = [layers[layer] for layer in group.layers]
        if group.segment:
            odd_layers = sum(degree % 2 for degree in group.degrees)
            if odd_layers > _odd_real_roots(chosen):
                return True
        elif any(_are_parallel(one, other) for one, other in combinations(chosen, 2)):
            return True
    return False


def _are_parallel(one: Sequence[Fraction], other: Sequence[Fraction]) -> bool:
    place = next((place for place, value in enumerate(one) if value), None)
    if place is None:
        return True
    return all(a * other[place] == b * one[place] for a, b in zip(one, other, strict=True))


def _odd_real_roots(layers: Sequence[Sequence[Fraction]]) -> int:
    """How many real roots of odd multiplicity a product of binary forms has, the root at infinity included."""
    form = [Fraction(1)]
    for layer in layers:
        form = [
            sum((form[i] * layer[k - i] for i in range(len(form)) if 0 <= k - i < len(layer)), Fraction(0))
            for k in range(len(form) + len(layer) - 1)
        ]
    degree = max((place for place, value in enumerate(form) if value), default=-1)
    at_infinity = (len(form) - 1 - degree) % 2
    factors = square_free(form[degree::-1]) if degree > 0 else []
    return at_infinity + sum(number_of_real_roots(factor) for factor in factors[::2])


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

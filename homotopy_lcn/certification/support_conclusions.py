"""Proved conclusions on a critical filter of a network of any supports, from the box that holds it.

A box holds one critical point of a class of filters w = c Π Q_f^{m_f} (`ClassOfFilters`). At θ whose layers are the Q_f
of the class the image of dμ is the tangent space of the class, so that θ is critical.

* The filter is real if the conjugate of the enclosure of the solution lies within the box, up to an exchange of factors
  of equal support and multiplicity: this exchange changes neither the equations nor the filter, and the box holds one
  solution. If no factors are exchanged, all of them are real.
* The pattern is exact if different factors of one group are proved to be no multiples of each other, and to have no
  common root where they are polynomials in one monomial.
* Real critical θ of the class come from real factors: one choice up to an exchange of equal supports, and the
  distributions of real roots for parallel segments. If there is one, the filter is attained and in M.

What would need the irreducible factors of w is not concluded: whether w has other real factors, so that a filter
without real θ of its class is nevertheless in M, whether it is a smooth point, or an interior one. Where no two sums of
exponents coincide, the filters are the tensors of rank one, which form a manifold without boundary, and each has one
factorization.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations, product
from math import factorial, prod

from ..networks.layer_factorizations import distributions_up_to_exchange
from ..networks.patterns import Partition, Pattern
from ..networks.strata import ClassOfFilters, PlacedFactor
from ..networks.support_networks import LayerGroup, SupportNetwork
from ._flint import acb
from .conclusions import (
    Claims,
    Form,
    ProvedParameters,
    charted,
    form_of,
    indices_of,
    inertia,
    layers_of,
    loss_at,
    parameter_space,
    real_pieces,
    resultant,
)
from .krawczyk_in_balls import Ball, BallEquations, Box, Solution

__all__ = ["conclude_supports"]

#: Layers of one group up to scale, in the order of the group, and how many θ differ by exchanging equal supports.
Choice = tuple[list[Form], int]


def conclude_supports(
    network: SupportNetwork, equations: BallEquations, pattern: Pattern, box: Box, solution: Solution
) -> Claims:
    """All conclusions on the critical point in a box.

    Parameters
    ----------
    network : SupportNetwork
    equations : BallEquations
        Of the class of filters.
    pattern : tuple of partitions
        The class.
    box : Box
    solution : Solution
        The enclosures that Krawczyk's test gave.
    """
    stratum = equations.stratum
    if not isinstance(stratum, ClassOfFilters):
        raise TypeError("expected the equations of a class of filters")
    exchange = None
    if any(not x.imag.contains(0) for x in solution.filter):
        real: bool | None = False
    else:
        exchange = _conjugation(stratum, box, solution)
        real = None if exchange is None else True
    factors = equations.factors(box.chart, solution.coordinates)
    exact = _different(network, stratum, factors)
    smooth = True if network.has_distinct_positions else None
    loss, radius = loss_at(equations, solution)
    if not real or exchange is None:
        return Claims(real, None, None, None, smooth, None, exact, loss, radius)
    loss = acb(loss.real)
    thetas: tuple[ProvedParameters, ...] | None = () if exact else None
    if exact and exchange == list(range(len(exchange))):
        forms = [[x.real for x in q] for q in factors]
        thetas = _parameters(network, equations, pattern, forms, [x.real for x in solution.filter])
    inside = True if thetas else None
    interior = True if thetas and smooth else None
    return Claims(True, inside, attained=inside, interior=interior, smooth=smooth, indices=indices_of(thetas),
                  exact_pattern=exact, loss=loss, loss_radius=radius, parameters=thetas)  # fmt: skip


def _conjugation(stratum: ClassOfFilters, box: Box, solution: Solution) -> list[int] | None:
    """The factor to which conjugation takes each factor, if the conjugate of the solution then lies in the box."""
    scalar, forms = solution.coordinates[0].conjugate(), []
    position = 1
    for factor, one in zip(stratum.factors, box.chart, strict=True):
        rest = [x.conjugate() for x in solution.coordinates[position : position + factor.degree]]
        forms.append([*rest[:one], acb(1), *rest[one:]])
        position += factor.degree
    exchange = _nearest(stratum, box, forms)
    moved = []
    for target, source in enumerate(exchange):
        one = box.chart[target]
        divisor = forms[source][one]
        if divisor.contains(0):
            return None
        if one != box.chart[source]:
            scalar *= divisor ** stratum.factors[source].power
            moved += [x / divisor for place, x in enumerate(forms[source]) if place != one]
        else:
            moved += [x for place, x in enumerate(forms[source]) if place != one]
    for x, middle, radius in zip([scalar, *moved], box.middle, box.radii, strict=True):
        distance = x - middle
        if not (abs(distance.real) < radius and abs(distance.imag) < radius):
            return None
    return exchange


def _nearest(stratum: ClassOfFilters, box: Box, conjugates: list[list[Ball]]) -> list[int]:
    """For each factor the conjugate factor of the same kind that is nearest to it, each of them once."""
    middles, position = [], 1
    for factor, one in zip(stratum.factors, box.chart, strict=True):
        rest = [complex(x) for x in box.middle[position : position + factor.degree]]
        middles.append([*rest[:one], 1.0, *rest[one:]])
        position += factor.degree
    numbers = [[complex(x) for x in form] for form in conjugates]
    left, result = set(range(len(middles))), []
    for factor, middle in zip(stratum.factors, middles, strict=True):
        source = min(
            (other for other in left if _kind(stratum.factors[other]) == _kind(factor)),
            key=lambda other: _distance(middle, numbers[other]),
        )
        left.remove(source)
        result.append(source)
    return result


def _kind(factor: PlacedFactor) -> tuple[int, int, tuple[int, ...]]:
    return factor.group, factor.power, factor.exponents


def _distance(one: Sequence[complex], other: Sequence[complex]) -> float:
    """How far two vectors are from multiples of each other, 0 to 1."""
    inner = abs(sum(x * y.conjugate() for x, y in zip(one, other, strict=True))) ** 2
    sizes = prod(sum(abs(x) ** 2 for x in vector) for vector in (one, other))
    return 1 - inner / sizes


def _different(network: SupportNetwork, stratum: ClassOfFilters, factors: Sequence[Sequence[Ball]]) -> bool:
    """Whether different factors of one group are proved to be different up to scale, or to have no common root."""
    for (f, left), (g, right) in combinations(enumerate(stratum.factors), 2):
        if left.group != right.group:
            continue
        if network.groups[left.group].segment:
            if resultant(factors[f], factors[g]).contains(0):
                return False
        elif all(
            (factors[f][i] * factors[g][j] - factors[f][j] * factors[g][i]).contains(0)
            for i, j in combinations(range(left.degree + 1), 2)
        ):
            return False
    return True


def _parameters(
    network: SupportNetwork, equations: BallEquations, pattern: Pattern, factors: list[list[Ball]], w: list[Ball]
) -> tuple[ProvedParameters, ...] | None:
    """All real critical θ of the class over a filter with real factors; None if they could not be found."""
    layers = equations.on(parameter_space(network))
    order = [layer for group in network.groups for layer in group.layers]
    rest = iter(zip(equations.stratum.factors, factors, strict=True))
    by_group: list[list[Choice]] = []
    for group, partition in zip(network.groups, pattern, strict=True):
        number = len(set(partition)) if group.segment else len(partition)
        own = [(factor.power, form_of(q)) for factor, q in (next(rest) for _ in range(number))]
        choices = _choices(group, partition, own)
        if choices is None:
            return None
        by_group.append(list(choices))
    found = []
    for choice in product(*by_group):
        chart, x = charted(network, order, [forms for forms, _ in choice], w)
        if not all(value.real.overlaps(y) for value, y in zip(layers.filter(chart, x), w, strict=True)):
            return None
        forms = [[value.real for value in form] for form in layers.factors(chart, x)]
        index = inertia(layers.hessian(chart, x))
        found.append(ProvedParameters(layers_of(network, forms), prod(number for _, number in choice), index))
    return tuple(found)


def _choices(group: LayerGroup, partition: Partition, factors: list[tuple[int, Form]]) -> Iterator[Choice] | None:
    """Real layers of a group up to scale and up to exchange."""
    if not group.segment:
        forms = [form for power, form in factors for _ in range(power)]
        number = factorial(len(forms)) // prod(factorial(part) for part in partition)
        return iter([(forms, number)])
    if len(group.layers) == 1:
        return iter([([factors[0][1]], 1)])
    linear, quadratic = [], []
    for power, form in factors:
        pieces = real_pieces(list(form))
        if pieces is None:
            return None
        linear += [(power, piece) for piece in pieces[0]]
        quadratic += [(power, piece) for piece in pieces[1]]
    return distributions_up_to_exchange([*quadratic, *linear], group.degrees, False)

"""Classes of subvarieties of a product of projective spaces Π P^{n_l}, and their degrees.

The Chow ring is Z[h_1, …, h_L] modulo h_l^{n_l + 1}, with h_l the class of a hyperplane of the factor l. A class is a
mapping from exponents (e_1, …, e_L) to its nonzero coefficients.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import reduce

__all__ = ["ChowRing", "Classes"]

Classes = Mapping[tuple[int, ...], int]


class ChowRing:
    """The Chow ring of Π P^{n_l}.

    Parameters
    ----------
    dimensions : sequence of int
        n_1, …, n_L, each at least 0.

    Examples
    --------
    >>> ring = ChowRing((3, 1))
    >>> h = ring.hyperplanes()
    >>> ring.integral(ring.power(h, 4)), sorted(ring.chern_class(1).items())
    (4, [((0, 1), 2), ((1, 0), 4)])
    """

    def __init__(self, dimensions: Sequence[int]) -> None:
        self.dimensions = tuple(dimensions)
        self.one: Classes = {(0,) * len(self.dimensions): 1}

    @property
    def dimension(self) -> int:
        """The dimension Σ n_l of the product."""
        return sum(self.dimensions)

    def hyperplanes(self, factors: Iterable[int] | None = None) -> Classes:
        """The sum of h_l over some factors, by default over all: h."""
        chosen = range(len(self.dimensions)) if factors is None else factors
        return {
            tuple(int(j == factor) for j in range(len(self.dimensions))): 1
            for factor in chosen
            if self.dimensions[factor]
        }

    def sum(self, terms: Iterable[tuple[int, Classes]]) -> Classes:
        """The sum of multiples of classes, given as pairs of a number and a class."""
        result: dict[tuple[int, ...], int] = {}
        for factor, classes in terms:
            for exponents, value in classes.items():
                result[exponents] = result.get(exponents, 0) + factor * value
        return {exponents: value for exponents, value in result.items() if value}

    def product(self, left: Classes, right: Classes) -> Classes:
        """The product of two classes."""
        result: dict[tuple[int, ...], int] = {}
        for one, a in left.items():
            for other, b in right.items():
                exponents = tuple(map(int.__add__, one, other))
                if all(e <= n for e, n in zip(exponents, self.dimensions, strict=True)):
                    result[exponents] = result.get(exponents, 0) + a * b
        return result

    def power(self, classes: Classes, exponent: int) -> Classes:
        """A power of a class."""
        return reduce(self.product, [classes] * exponent, self.one)

    def total_chern_class(self) -> Classes:
        """c(T) = Π (1 + h_l)^{n_l + 1}, of the tangent bundle."""
        factors = (
            self.power(self.sum([(1, self.one), (1, self.hyperplanes([factor]))]), n + 1)
            for factor, n in enumerate(self.dimensions)
        )
        return reduce(self.product, factors, self.one)

    def chern_class(self, codimension: int) -> Classes:
        """c_i(T)."""
        return self.part(self.total_chern_class(), codimension)

    def part(self, classes: Classes, codimension: int) -> Classes:
        """The terms of a class of one codimension."""
        return {exponents: value for exponents, value in classes.items() if sum(exponents) == codimension}

    def complete(self, codimension: int) -> Classes:
        """The sum of all monomials of one codimension: the complete homogeneous symmetric function of h_1, …, h_L."""
        result = self.one
        for factor, n in enumerate(self.dimensions):
            powers = self.sum((1, self.power(self.hyperplanes([factor]), e)) for e in range(n + 1))
            result = self.product(result, powers)
        return self.part(result, codimension)

    def integral(self, classes: Classes) -> int:
        """The degree of a class of points."""
        return classes.get(self.dimensions, 0)

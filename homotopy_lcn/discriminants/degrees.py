"""How many walls there are on a generic line of data: exact integers by intersection theory.

Let X = Π P^{d_f} carry the factors Q_f of a stratum with powers m_f, h = Σ m_f h_f = c_1(L), n = dim X. A filter is
w = c Π Q_f^{m_f}, and a critical point of the data (Σ, b) is a zero of the section c Σ P − s b of the bundle of
principal parts P¹(L), twisted: c and s are homogeneous coordinates of a bundle of projective lines over X, so that
c = 0 is the filter zero and s = 0 the filters at infinity. On a line of data with parameter t ∈ P¹ this is a section
of E = P¹(L) ⊗ O(ξ + τ) over Y = P(O(−D_c) ⊕ O(−D_s)) over X × P¹, with

    D_c = ξ − h + e_Σ τ,   D_s = ξ + e_b τ,   D_c D_s = 0,   e = 0 if the datum moves with t, else 1,
    [P¹(L)] = Σ_f (d_f + 1) [L − h_f] − (r − 1) [L]  in K-theory (r factors).

The zeros are a curve C of degree gED = ∫ c_{n+1}(E) τ over P¹. Two critical points merge where C → P¹ ramifies. By
the adjunction formula and Riemann–Hurwitz there are

    ∫_Y c_{n+1}(E) (K_Y + c_1(E)) + 2 gED

ramification points. Where Σ is fixed, this is the degree of the data discriminant in b.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import product
from math import comb

from ..networks.strata import Factor, Stratum

__all__ = ["has_wall_formula", "wall_count"]

#: A class: exponents of h_1, …, h_r, τ, ξ, and coefficients.
Class = dict[tuple[int, ...], int]


def has_wall_formula(stratum: Stratum) -> bool:
    """Whether `wall_count` gives the number of walls of a stratum.

    It does if every block has one factor: else the derivative of the filter drops rank along a divisor, where two
    factors of a block have a common root.
    """
    dilations = [factor.dilation for factor in stratum.factors]
    return len(set(dilations)) == len(dilations)


def wall_count(stratum: Stratum, *, gram_moves: bool = True, b_moves: bool = True) -> int:
    """The number of complex walls of a stratum on a generic line of data.

    Parameters
    ----------
    stratum : Stratum
        With one factor in every block.
    gram_moves, b_moves : bool
        Whether the Gram matrix and the moment vector move along the line; at least one of them does.

    Returns
    -------
    int

    Examples
    --------
    The degrees of the data discriminant for a fixed Gram matrix, filters (2, 2), (3, 2), (4, 2) and (3, 3):

    >>> from homotopy_lcn import Architecture
    >>> [wall_count(Stratum.of_layers(Architecture(filters, (2, 1))), gram_moves=False)
    ...  for filters in ((2, 2), (3, 2), (4, 2), (3, 3))]
    [12, 24, 36, 156]
    """
    if not (gram_moves or b_moves):
        raise ValueError("data that do not move have no walls")
    return _wall_count(stratum.factors, gram_moves, b_moves)


@lru_cache(maxsize=1024)
def _wall_count(factors: tuple[Factor, ...], gram_moves: bool, b_moves: bool) -> int:
    factors = tuple(factor for factor in factors if factor.degree)
    ring = _Ring([factor.degree for factor in factors], [factor.power for factor in factors], gram_moves, b_moves)
    top, first = ring.chern_classes()
    canonical = ring.canonical_class()
    degree = ring.integral(ring.times(top, ring.tau))
    return ring.integral(ring.times(top, _sum(canonical, first))) + 2 * degree


class _Ring:
    """The Chow ring of Y."""

    def __init__(self, degrees: Sequence[int], powers: Sequence[int], gram_moves: bool, b_moves: bool) -> None:
        self.degrees = tuple(degrees)
        size = len(self.degrees)
        self.one: Class = {(0,) * (size + 2): 1}
        generators = [{tuple(int(i == j) for i in range(size + 2)): 1} for j in range(size + 2)]
        self.planes = generators[:size]
        self.tau, self.xi = generators[size], generators[size + 1]
        self.h = _sum(*(_scaled(power, plane) for power, plane in zip(powers, self.planes, strict=True)))
        self.still = (int(not gram_moves), int(not b_moves))

    def times(self, a: Class, b: Class) -> Class:
        """The product; τ² = 0, h_f^{d_f + 1} = 0, and ξ² is reduced by D_c D_s = 0."""
        result: Class = {}
        for (x, p), (y, q) in product(a.items(), b.items()):
            exponents = tuple(i + j for i, j in zip(x, y, strict=True))
            if exponents[-2] < 2 and all(e <= d for e, d in zip(exponents, self.degrees, strict=False)):
                result[exponents] = result.get(exponents, 0) + p * q
        return self._reduced(result)

    def _reduced(self, a: Class) -> Class:
        high = {exponents: value for exponents, value in a.items() if exponents[-1] > 1 and value}
        low = {exponents: value for exponents, value in a.items() if exponents[-1] <= 1 and value}
        if not high:
            return low
        rest: Class = {(*exponents[:-1], exponents[-1] - 2): value for exponents, value in high.items()}
        moved, other = self.still
        square = _sum(
            self._plain(self.xi, _sum(self.h, _scaled(-moved - other, self.tau))),
            self._plain(_scaled(other, self.h), self.tau),
        )
        return _sum(low, self.times(rest, square))

    def _plain(self, a: Class, b: Class) -> Class:
        result: Class = {}
        for (x, p), (y, q) in product(a.items(), b.items()):
            exponents = tuple(i + j for i, j in zip(x, y, strict=True))
            result[exponents] = result.get(exponents, 0) + p * q
        return result

    def integral(self, a: Class) -> int:
        """The degree of a class of top dimension."""
        return a.get((*self.degrees, 1, 1), 0)

    def canonical_class(self) -> Class:
        """K_Y = −D_c − D_s − 2τ − Σ (d_f + 1) h_f."""
        gram, b = self.still
        return _sum(
            _scaled(-2, self.xi),
            self.h,
            _scaled(-2 - gram - b, self.tau),
            *(_scaled(-d - 1, plane) for d, plane in zip(self.degrees, self.planes, strict=True)),
        )

    def chern_classes(self) -> tuple[Class, Class]:
        """The top and the first Chern class of E."""
        rank, line = sum(self.degrees) + 1, _sum(self.h, self.xi, self.tau)
        roots = [
            (_sum(line, _scaled(-1, plane)), d + 1) for d, plane in zip(self.degrees, self.planes, strict=True)
        ] + [(line, 1 - len(self.degrees))]
        first = _sum(*(_scaled(number, root) for root, number in roots))
        total = [self.one] + [{} for _ in range(rank)]
        for root, number in roots:
            power = [self.one]
            for _ in range(rank):
                power.append(self.times(power[-1], root))
            series = [_scaled(_binomial(number, i), power[i]) for i in range(rank + 1)]
            total = [_sum(*(self.times(total[i], series[k - i]) for i in range(k + 1))) for k in range(rank + 1)]
        return total[rank], first


def _sum(*classes: Class) -> Class:
    result: Class = {}
    for a in classes:
        for exponents, value in a.items():
            result[exponents] = result.get(exponents, 0) + value
    return result


def _scaled(factor: int, a: Class) -> Class:
    return {exponents: factor * value for exponents, value in a.items()}


def _binomial(number: int, k: int) -> int:
    """The coefficient of x^k in (1 + x)^number, for negative numbers, too."""
    return comb(number, k) if number >= 0 else (-1) ** k * comb(k - number - 1, k)

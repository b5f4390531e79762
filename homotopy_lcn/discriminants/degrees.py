"""How many walls there are on a generic line of data: exact integers by intersection theory.

Let X = Π P^{d_f} carry the factors Q_f of a stratum with powers m_f, L = O(Σ m_f h_f), n = dim X. A filter is w = c P,
P = Π Q_f^{m_f}, and (c : s) are homogeneous coordinates of a bundle of projective lines over X: c = 0 is the filter
zero, and s = 0 are the filters at infinity. A critical point of the data (Σ, b) is a point where the residual
c Σ P − s b vanishes on the tangent space of the cone of filters. For one block that space is G · {forms of degree e},
G = Π Q_f^{m_f − 1}, e the number of different roots. In this form it has the same dimension even where the Q_f have
common roots, and the derivative of P drops rank. So, with t ∈ P¹ along the line of data, the critical points are the
zeros of a section of E over Y = P(O(−D_c) ⊕ O(−D_s)) over X × P¹, where in K-theory

    [E] = Σ_b (e_b + 1) [L − h_b + ξ + τ] − (B − 1) [L + ξ + τ],   h_b = Σ_{f in block b} h_f,  B blocks,
    D_c = ξ − c_1(L) + e_Σ τ,   D_s = ξ + e_b τ,   D_c D_s = 0,   e = 0 if the datum moves with t, else 1.

The zeros are a curve C of degree ∫ c_{n+1}(E) τ over P¹, the number of critical points. On C there are

* ∫_Y c_{n+1}(E) (K_Y + c_1(E)) + 2 ∫ c_{n+1}(E) τ ramification points over P¹, where two critical points merge: the
  adjunction formula and Riemann–Hurwitz. With Σ fixed this is the degree of the data discriminant;
* ∫_Y c_{n+1}(E) D_c points where the filter is zero;
* with P^{d_f} replaced by P¹ × P^{d_f − 2} and h_f by 2h + h′, ∫ c_{n+1}(E) points where Q_f = ℓ² R;
* with P^{d_f} × P^{d_g} replaced by P¹ × P^{d_f − 1} × P^{d_g − 1}, h_f by h + h′ and h_g by h + h″, ∫ c_{n+1}(E)
  points where Q_f and Q_g of one block have a common root.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from itertools import product
from math import comb

from ..networks.strata import Factor, Stratum

__all__ = ["common_root_count", "double_root_count", "tangency_count", "wall_count", "zero_count"]

#: A class: exponents of the h_f, τ, ξ, and coefficients.
Class = dict[tuple[int, ...], int]


def wall_count(stratum: Stratum, *, gram_moves: bool = True, b_moves: bool = True) -> int:
    """The number of complex folds of a stratum on a generic line of data.

    Parameters
    ----------
    stratum : Stratum
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
    ring = _ring(stratum, gram_moves, b_moves, None)
    return ring.integral(_sum(ring.canonical_class(), ring.first)) + 2 * ring.integral(ring.tau)


def tangency_count(stratum: Stratum, *, gram_moves: bool = True, b_moves: bool = True) -> int:
    """The number of complex t at which filters without residual are tangent to a stratum.

    Σ has rank dim, the dimension of the stratum, with one kernel for all t, and b is in its image. The filters without
    residual are the zeros of c Σ P − s b, a section of dim · [ξ + τ]; the rest is as for `wall_count`. The stratum has
    no powers. Parameters as for `wall_count`.

    Examples
    --------
    The space of the filters is where w_0 w_3 = w_1 w_2, and the discriminant of this equation on a line has degree two:

    >>> tangency_count(Stratum((Factor(1, 1, 1), Factor(1, 1, 2))), gram_moves=False)
    2
    """
    ring = _ring(stratum, gram_moves, b_moves, None)
    return ring.tangencies()


def zero_count(stratum: Stratum, *, gram_moves: bool = True, b_moves: bool = True) -> int:
    """The number of complex t at which a critical point of a stratum passes through the filter zero.

    Parameters as for `wall_count`.

    Examples
    --------
    Two singular values of a matrix of size two: the determinant of b is a quadratic polynomial in t.

    >>> zero_count(Stratum((Factor(1, 1, 1), Factor(1, 1, 2))))
    2
    """
    ring = _ring(stratum, gram_moves, b_moves, None)
    return ring.integral(ring.zero)


def double_root_count(stratum: Stratum, factor: int, *, gram_moves: bool = True, b_moves: bool = True) -> int:
    """The number of complex t at which a factor of a critical point of a stratum has a double root.

    Parameters as for `wall_count`, and the index of the factor, the degree of which is at least two.

    Examples
    --------
    The discriminant of w = Σ⁻¹b with three coefficients, of degree 2 if b moves and of degree 6 if Σ moves, too:

    >>> quadratic = Stratum((Factor(2, 1, 1),))
    >>> double_root_count(quadratic, 0, gram_moves=False), double_root_count(quadratic, 0)
    (2, 6)
    """
    ring = _ring(stratum, gram_moves, b_moves, (factor, factor))
    return ring.integral(ring.one)


def common_root_count(
    stratum: Stratum, factors: tuple[int, int], *, gram_moves: bool = True, b_moves: bool = True
) -> int:
    """The number of complex t at which two factors of one block of a critical point have a common root.

    Parameters as for `wall_count`, and the indices of the factors.
    """
    ring = _ring(stratum, gram_moves, b_moves, factors)
    return ring.integral(ring.one)


@lru_cache(maxsize=1024)
def _ring(stratum: Stratum, gram_moves: bool, b_moves: bool, roots: tuple[int, int] | None) -> _Ring:
    if not (gram_moves or b_moves):
        raise ValueError("data that do not move have no walls")
    return _Ring(stratum.factors, (gram_moves, b_moves), roots)


class _Ring:
    """The Chow ring of Y, or of its part over which two roots, of the factors ``roots``, are equal."""

    def __init__(self, factors: Sequence[Factor], moves: tuple[bool, bool], roots: tuple[int, int] | None) -> None:
        lost = Counter(roots or ())
        degrees = [factor.degree - lost[f] for f, factor in enumerate(factors)] + [1] * bool(lost)
        multiples = [[(f, 1), *([(len(factors), lost[f])] if lost[f] else [])] for f in range(len(factors))]
        self.degrees = tuple(degrees)
        size = len(degrees)
        self.one: Class = {(0,) * (size + 2): 1}
        generators: list[Class] = [{tuple(int(i == j) for i in range(size + 2)): 1} for j in range(size + 2)]
        self.planes = generators[:size]
        self.tau, self.xi = generators[size], generators[size + 1]
        planes = [_sum(*(_scaled(k, generators[i]) for i, k in pairs)) for pairs in multiples]
        self.line = _sum(*(_scaled(factor.power, plane) for factor, plane in zip(factors, planes, strict=True)))
        self.still = (int(not moves[0]), int(not moves[1]))
        #: D_c, where the filter is zero.
        self.zero = _sum(self.xi, _scaled(-1, self.line), _scaled(self.still[0], self.tau))
        blocks: dict[int, list[int]] = {}
        for f, factor in enumerate(factors):
            blocks.setdefault(factor.dilation, []).append(f)
        whole = _sum(self.line, self.xi, self.tau)
        summands = [
            (_sum(whole, *(_scaled(-1, planes[f]) for f in block)), 1 + sum(factors[f].degree for f in block))
            for block in blocks.values()
        ]
        summands.append((whole, 1 - len(blocks)))
        #: The first and the top Chern class of E.
        self.first = _sum(*(_scaled(number, root) for root, number in summands))
        self.top = self._chern_class(summands, 1 + sum(factor.degree for factor in factors))

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
            self._plain(self.xi, _sum(self.line, _scaled(-moved - other, self.tau))),
            self._plain(_scaled(other, self.line), self.tau),
        )
        return _sum(low, self.times(rest, square))

    def _plain(self, a: Class, b: Class) -> Class:
        result: Class = {}
        for (x, p), (y, q) in product(a.items(), b.items()):
            exponents = tuple(i + j for i, j in zip(x, y, strict=True))
            result[exponents] = result.get(exponents, 0) + p * q
        return result

    def integral(self, a: Class) -> int:
        """∫ c_{n+1}(E) a."""
        return self.times(self.top, a).get((*self.degrees, 1, 1), 0)

    def tangencies(self) -> int:
        """The ramification points of the curve of filters without residual."""
        rank = 1 + sum(self.degrees)
        root = _sum(self.xi, self.tau)
        top = self._chern_class([(root, rank)], rank)
        cycle = _sum(self.canonical_class(), _scaled(rank, root), _scaled(2, self.tau))
        return self.times(top, cycle).get((*self.degrees, 1, 1), 0)

    def canonical_class(self) -> Class:
        """K_Y = −D_c − D_s − 2τ − Σ (d_f + 1) h_f."""
        gram, b = self.still
        return _sum(
            _scaled(-2, self.xi),
            self.line,
            _scaled(-2 - gram - b, self.tau),
            *(_scaled(-d - 1, plane) for d, plane in zip(self.degrees, self.planes, strict=True)),
        )

    def _chern_class(self, summands: Sequence[tuple[Class, int]], rank: int) -> Class:
        """The Chern class of degree ``rank`` of Σ number · [root]."""
        total: list[Class] = [self.one] + [{} for _ in range(rank)]
        for root, number in summands:
            power = [self.one]
            for _ in range(rank):
                power.append(self.times(power[-1], root))
            series = [_scaled(_binomial(number, i), power[i]) for i in range(rank + 1)]
            total = [_sum(*(self.times(total[i], series[k - i]) for i in range(k + 1))) for k in range(rank + 1)]
        return total[rank]


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

"""Polynomials with rational coefficients, the leading coefficient first: divisors, multiple roots, real roots."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

__all__ = ["RationalPolynomial", "common_divisor", "number_of_real_roots", "square_free"]

RationalPolynomial = list[Fraction]


def _trim(p: RationalPolynomial) -> RationalPolynomial:
    start = next((j for j, value in enumerate(p) if value != 0), len(p))
    return p[start:]


def _monic(p: RationalPolynomial) -> RationalPolynomial:
    return [value / p[0] for value in p]


def _divmod(p: RationalPolynomial, q: RationalPolynomial) -> tuple[RationalPolynomial, RationalPolynomial]:
    rest, quotient = list(p), []
    while len(rest) >= len(q):
        factor = rest[0] / q[0]
        quotient.append(factor)
        for j, value in enumerate(q):
            rest[j] -= factor * value
        rest.pop(0)
    return quotient, _trim(rest)


def common_divisor(p: RationalPolynomial, q: RationalPolynomial) -> RationalPolynomial:
    p, q = _trim(p), _trim(q)
    while q:
        p, q = q, _divmod(p, q)[1]
        q = _monic(q) if q else q
    return _monic(p) if p else p


def _derivative(p: RationalPolynomial) -> RationalPolynomial:
    degree = len(p) - 1
    return [value * (degree - j) for j, value in enumerate(p[:-1])]


def square_free(p: RationalPolynomial) -> list[RationalPolynomial]:
    """Yun's algorithm: the products of the roots of multiplicity 1, 2, …"""
    result = []
    derivative = _derivative(p)
    common = common_divisor(p, derivative)
    b, c = _divmod(p, common)[0], _divmod(derivative, common)[0]
    while len(b) > 1:
        d = _subtract(c, _derivative(b))
        a = common_divisor(b, d) if d else _monic(b)
        result.append(a)
        b, c = _divmod(b, a)[0], _divmod(d, a)[0] if d else []
    return result


def _subtract(p: RationalPolynomial, q: RationalPolynomial) -> RationalPolynomial:
    size = max(len(p), len(q))
    pad = [Fraction(0)] * size
    left, right = (pad + p)[-size:], (pad + q)[-size:]
    return _trim([a - b for a, b in zip(left, right, strict=True)])


def number_of_real_roots(p: RationalPolynomial) -> int:
    """Of a square-free polynomial, by Sturm's theorem."""
    if len(p) < 2:
        return 0
    chain = [p, _derivative(p)]
    while len(chain[-1]) > 1:
        rest = _divmod(chain[-2], chain[-1])[1]
        chain.append([-value for value in rest])
    at_right = [q[0] > 0 for q in chain]
    at_left = [(q[0] > 0) != ((len(q) - 1) % 2 == 1) for q in chain]
    return _variations(at_left) - _variations(at_right)


def _variations(signs: Sequence[bool]) -> int:
    return sum(a != b for a, b in pairwise(signs))

"""Numbers of critical points by the curve of singular fibres, where all factors but one have two dimensions together.

Let one factor have k coefficients y, and let the others form a surface B, the plane or a product of two lines. Then
μᵀΣμ = yᵀA(x)y and bᵀμ = b(x)ᵀy with a symmetric matrix A of forms on B. Theorem 3 of docs/theory.md makes the number
of critical points an Euler characteristic, and the fibres over the points x leave curves in B of it: D, where det A is
zero, and N, where the numerator of bᵀA⁻¹b in lowest terms is zero. In random coordinates (s, t) of a plane A² in B, all
are polynomials in t with constant leading coefficients, of degrees e for the radical of det A and h for the numerator:

    number = χ(B) − 2(e + h) + Z(D) + Z(N) + M.                                                                 (1)

Z is the number of zeros in t that coincide, in all lines of constant s together: of a curve's discriminant, which is a
polynomial in s. M is the number of common points of D and N that are fixed, or on components of D where A has corank
two or more. The proof is in docs/theory.md ("The curve of singular fibres"). The polynomials are computed modulo
primes, from values, by python-flint.

The quadric is smooth if and only if D has no singular points but nodes where A has corank two. This is shown modulo one
prime without any random choice that could be unlucky: see `is_smooth_by_fibres`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import prod
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..networks.counts import generic_ed_degree
from ..networks.strata import Factor, Stratum
from .groebner import PRIMES, ModularGram

__all__ = ["count_by_fibres", "is_smooth_by_fibres"]

#: Curves of a higher degree are left to other methods: some tenths of a second.
LARGEST_CURVE = 36
#: Matrices of interpolation with more rows are not kept: half a megabyte.
MOST_ROWS_KEPT = 256
#: A point of multiplicity m of a curve is a zero of its discriminant of order m(m − 1) at least. Below this order all
#: coinciding zeros are double.
ORDER_OF_TRIPLE_POINTS = 6

Residues = NDArray[np.int64]
#: A polynomial of python-flint, which has no types that mypy knows.
Polynomial = Any
#: A polynomial in t, the constant coefficient first, whose coefficients are polynomials in s.
Lifted = list[Polynomial]


def count_by_fibres(stratum: Stratum, gram: ModularGram, seed: int = 0) -> int | None:
    """The number of critical points for generic b, by the curve of singular fibres.

    It is computed for two primes, with a random b and random coordinates for each.

    Parameters
    ----------
    stratum : Stratum
    gram : callable
        The Gram matrix modulo primes.
    seed : int
        Of the random numbers.

    Returns
    -------
    int or None
        None if the factors are others, python-flint is not installed, or two primes do not give the same number.
    """
    split = _split(stratum)
    if split is None or any(factor.power > 1 for factor in split.base):
        return None
    found: list[int | None] = []
    for prime in PRIMES:
        rng = Random(f"{seed} {prime} fibres {stratum.name}")
        if (rows := gram(prime, rng)) is None:
            continue
        found.append(_number(split, rows, prime, rng))
        if found[0] is None or len(found) == 2:
            break
    if len(found) < 2 or found[0] != found[1] or found[0] is None:
        return None
    return found[0] if 0 <= found[0] <= generic_ed_degree([factor.degree for factor in stratum.factors]) else None


def is_smooth_by_fibres(stratum: Stratum, gram: ModularGram, seed: int = 0) -> bool | None:
    """Whether the quadric {μᵀΣμ = 0} is proved to have no singular point, by the curve of singular fibres.

    Modulo a prime: then there is none over the complex numbers. The factors of the surface may have powers.

    Returns
    -------
    bool or None
        False if that is not shown. None if the factors are others, or python-flint is not installed.
    """
    split = _split(stratum)
    if split is None:
        return None
    for prime in PRIMES:
        rng = Random(f"{seed} {prime} fibres {stratum.name}")
        if (rows := gram(prime, rng)) is not None:
            return _is_smooth(split, rows, prime, rng)
    return None


@dataclass(frozen=True)
class _Split:
    """The factors of a surface B, the other factor, and the degree of det A in A²."""

    base: tuple[Factor, ...]
    fibre: Factor

    @property
    def degree(self) -> int:
        return 2 * (self.fibre.degree + 1) * sum(factor.power for factor in self.base)

    @property
    def meetings(self) -> int:
        """Common points of D and N at most, if they have no multiple components."""
        if len(self.base) == 1:
            return self.degree**2
        return 2 * prod(2 * (self.fibre.degree + 1) * factor.power for factor in self.base)

    @property
    def all_tangents(self) -> int:
        """The degree of the discriminant of det A if it has no singular points outside A²: of D and its derivative."""
        return self.meetings - self.degree if len(self.base) == 1 else self.meetings

    @property
    def euler(self) -> int:
        """χ(B): of the plane, or of a product of two lines."""
        return 3 if len(self.base) == 1 else 4

    def tangents(self, degree: int) -> int:
        """The degree at most of the discriminant of a curve of this degree in A².

        It is e(e − 1) in the plane, and 2 a b for a curve of degrees a and b in the coordinates of two lines.
        """
        return degree * (degree - 1) if len(self.base) == 1 else degree**2 // 2


def _split(stratum: Stratum) -> _Split | None:
    factors = stratum.factors
    if not _has_flint():
        return None
    total = sum(factor.degree for factor in factors)
    for i, fibre in enumerate(factors):
        if total - fibre.degree == 2 and fibre.degree >= 1 and fibre.power == 1:
            split = _Split((*factors[:i], *factors[i + 1 :]), fibre)
            return split if split.degree <= LARGEST_CURVE else None
    return None


def _has_flint() -> bool:
    try:
        import flint  # noqa: F401
    except ImportError:
        return False
    return True


class _Plane:
    """A plane A² in B with random coordinates (s, t), for one prime: curves as polynomials of s and t."""

    def __init__(self, split: _Split, gram: Sequence[Sequence[int]], prime: int, rng: Random) -> None:
        from flint import nmod_poly

        self.split, self.prime, self.rng = split, prime, rng
        self.polynomial = nmod_poly
        self.gram = np.array(gram, dtype=np.int64)
        # Coefficients of each factor of B: α + β s + γ t, rows of three numbers.
        self.coordinates = [
            [[rng.randrange(1, prime) for _ in range(3)] for _ in range(factor.degree + 1)] for factor in split.base
        ]
        if len(split.base) == 2:  # one coordinate of each line, a mixture of s and t
            for rows in self.coordinates:
                one, mixed = rng.randrange(1, prime), rng.randrange(1, prime)
                for row in rows:
                    row[1], row[2] = row[1] * one % prime, row[1] * mixed % prime

    def product(self, factors: Sequence[Sequence[Any]], times: Callable[[Any, Any], Any]) -> dict[int, Any]:
        """The coefficients of the product of the factors of B, by their places, from those of the factors."""
        found: dict[int, Any] = {}
        for factor, coefficients in zip(self.split.base, factors, strict=True):
            for _ in range(factor.power):
                known = found or {0: None}
                found = {}
                for place, value in known.items():
                    for j, coefficient in enumerate(coefficients):
                        term = coefficient if value is None else times(value, coefficient)
                        at = place + j * factor.dilation
                        found[at] = found[at] + term if at in found else term
        return found

    def pairings(self, places: Sequence[int]) -> tuple[list[tuple[int, int]], Residues]:
        """Pairs of these coefficients of the product, and for each pair the entries A_pq."""
        k, step = self.split.fibre.degree + 1, self.split.fibre.dilation
        pairs = [(i, j) for i in range(len(places)) for j in range(i, len(places))]
        blocks = []
        shifts = step * np.arange(k)
        for i, j in pairs:
            block = self.gram[np.ix_(places[i] + shifts, places[j] + shifts)]
            if i != j:
                block = (block + block.T) % self.prime
            blocks.append(block.ravel())
        return pairs, np.array(blocks)

    def values(self, moments: Sequence[Residues]) -> list[Residues]:
        """det A, and the bordered determinants bᵀ adj(A) b up to sign for some b, at all places of a grid.

        Raises ZeroDivisionError if a pivot is zero.
        """
        p, k = self.prime, self.split.fibre.degree + 1
        nodes = np.arange(self.split.degree + 1)
        s, t = (grid.ravel() for grid in np.meshgrid(nodes, nodes, indexing="ij"))
        factors = [
            [(row[0] + row[1] * s % p + row[2] * t % p) % p for row in rows]  # nodes are small: no overflow
            for rows in self.coordinates
        ]
        found = self.product(factors, lambda one, other: one % p * other % p)
        base = [value % p for value in found.values()]
        pairs, blocks = self.pairings(list(found))
        size = k + len(moments)
        matrix = np.zeros((len(s), size, size), dtype=np.int64)
        matrix[:, :k, :k] = _product(np.stack([base[i] * base[j] % p for i, j in pairs], 1), blocks, p).reshape(
            -1, k, k
        )
        steps = self.split.fibre.dilation * np.arange(k)
        for column, b in enumerate(moments, k):
            rows = np.array([b[place + steps] for place in found])
            matrix[:, :k, column] = _product(np.stack(base, 1), rows, p)
            matrix[:, column, :k] = matrix[:, :k, column]
        # Without divisions: after i steps the matrix is σ_i times the Schur complement, σ_i the product of the pivots.
        scale, scales = np.ones_like(s), np.ones_like(s)
        for i in range(k):
            scales = scales * scale % p
            pivot, rest = matrix[:, i, i], matrix[:, i + 1 :, i + 1 :]
            scale = scale * pivot % p
            if i + 1 < size:
                cross = matrix[:, i + 1 :, i, None] * matrix[:, i, None, i + 1 :] % p
                matrix[:, i + 1 :, i + 1 :] = (pivot[:, None, None] * rest % p - cross) % p
        if not scales.all():
            raise ZeroDivisionError("a pivot is zero")
        inverse = np.array([pow(value, -1, p) for value in scales.tolist()])
        return [scale * inverse % p, *(matrix[:, j, j] * inverse % p for j in range(k, size))]

    def curve(self, values: Residues) -> Residues:
        """Coefficients of s^i t^j from the values on the grid.

        Raises ZeroDivisionError if the leading coefficient in t is zero.
        """
        inverse = _interpolation(self.split.degree + 1, self.prime)
        grid = values.reshape(len(inverse), len(inverse))
        found = _product(_product(inverse, grid, self.prime), np.ascontiguousarray(inverse.T), self.prime)
        if not found[0, -1]:
            raise ZeroDivisionError("the leading coefficient is zero")
        return found

    def fibres(self, curve: Residues, number: int) -> list[Polynomial]:
        """The polynomials in t for s = 0, 1, …."""
        powers = _powers(number, len(curve), self.prime)
        return [self.polynomial(row, self.prime) for row in _product(powers, curve, self.prime).tolist()]

    def interpolated(self, values: Sequence[Any]) -> Polynomial:
        """The polynomial in s with these values at 0, 1, …."""
        column = np.array([int(value) for value in values])[:, None]
        found = _product(_interpolation(len(values), self.prime), column, self.prime)
        return self.polynomial(found[:, 0].tolist(), self.prime)

    def discriminant(self, fibres: Sequence[Polynomial]) -> Polynomial:
        return self.interpolated([_resultant(one, one.derivative()) for one in fibres])

    def resultant(self, one: Sequence[Polynomial], other: Sequence[Polynomial]) -> Polynomial:
        return self.interpolated([_resultant(a, b) for a, b in zip(one, other, strict=False)])

    def in_both(self, fibres: Sequence[Polynomial]) -> Lifted:
        """The coefficients of a curve as polynomials in s, the constant one first."""
        degree = fibres[0].degree()
        values = np.array([[int(value) for value in one.coeffs()] for one in fibres[: degree + 1]])
        found = _product(_interpolation(degree + 1, self.prime), values, self.prime)
        return [self.polynomial(column, self.prime) for column in found.T.tolist()]

    def coincidences(self, fibres: Sequence[Polynomial], parts: Sequence[Polynomial]) -> int:
        """Z: how many zeros in t coincide, from the square-free parts of the discriminant."""
        total = sum(part.degree() for part in parts[: ORDER_OF_TRIPLE_POINTS - 1])
        left = self.polynomial([1], self.prime)
        for part in parts[ORDER_OF_TRIPLE_POINTS - 1 :]:
            left *= part
        if left.degree() > 0:
            curve = self.in_both(fibres)
            total += sum(modulus.degree() * (len(gcd) - 1) for modulus, gcd in _gcds(curve, _derived(curve), left))
        return int(total)


def _number(split: _Split, gram: Sequence[Sequence[int]], prime: int, rng: Random) -> int | None:
    """The number (1) modulo a prime; None for unlucky coordinates."""
    plane = _Plane(split, gram, prime, rng)
    moments = [np.array([rng.randrange(prime) for _ in gram]) for _ in range(2)]
    try:
        curves = [plane.curve(values) for values in plane.values(moments)]
    except ZeroDivisionError:
        return None
    most = split.tangents(split.degree) + 1
    determinant, numerator = (plane.fibres(curve, most) for curve in curves[:2])
    if _gcd_with_derivative(determinant[0]).degree() > 0 or determinant[0].gcd(numerator[0]).degree() > 0:
        return _number_with_multiple_components(plane, curves)
    tangents = _square_free_parts(plane.discriminant(determinant))
    total = split.euler - 4 * split.degree + plane.coincidences(determinant, tangents)
    total += plane.coincidences(numerator, _square_free_parts(plane.discriminant(numerator)))
    several = plane.polynomial([1], prime)
    for part in tangents[1:]:
        several *= part
    if several.degree() > 0:  # fixed points are singular points of D
        most = split.meetings + 1
        determinant, numerator = (plane.fibres(curve, most) for curve in curves[:2])
        total += several.gcd(plane.resultant(determinant, numerator)).degree()
    return int(total)


def _number_with_multiple_components(plane: _Plane, curves: Sequence[Residues]) -> int | None:
    """The same if det A has multiple components, or components where A has corank two or more."""
    determinant, one, other = (plane.fibres(curve, plane.split.degree**2 + 1) for curve in curves)
    common = [a.gcd(b) for a, b in zip(determinant, one, strict=True)]
    double = [_gcd_with_derivative(a) for a in determinant]
    if any(len({a.degree() for a in listed}) > 1 for listed in (common, double)):
        return None
    higher = [a // _gcd_with_derivative(a) for a in common]  # where the corank is two or more
    radical = [a // b for a, b in zip(determinant, double, strict=True)]
    simple = [a // b for a, b in zip(radical, higher, strict=True)]
    numerator, other = ([a // b for a, b in zip(listed, common, strict=True)] for listed in (one, other))
    total = plane.split.euler - 2 * (radical[0].degree() + numerator[0].degree())
    for fibres in (radical, numerator):
        some = fibres[: plane.split.tangents(fibres[0].degree()) + 1]
        total += plane.coincidences(fibres, _square_free_parts(plane.discriminant(some)))
    some_points = simple[0].degree() * numerator[0].degree() + 1
    fixed = plane.resultant(simple[:some_points], numerator).gcd(plane.resultant(simple[:some_points], other))
    some_points = higher[0].degree() * numerator[0].degree() + 1
    return int(total + _distinct(fixed * plane.resultant(higher[:some_points], numerator)))


def _is_smooth(split: _Split, gram: Sequence[Sequence[int]], prime: int, rng: Random) -> bool:
    """Whether D has no singular points but nodes where the corank of A is two.

    The discriminant has the full degree, so that D has no singular point outside the plane A². At its zeros, which are
    simple or double, D has one double zero in t at most. Over each double zero of the discriminant, A is shown to have
    corank two at the double zero in t. So there D has a double point, which is a node: a cusp and worse double points
    are zeros of the discriminant of a higher order. Elsewhere D is smooth.
    """
    plane = _Plane(split, gram, prime, rng)
    try:
        curve = plane.curve(plane.values([])[0])
    except ZeroDivisionError:
        return False
    most = split.all_tangents
    fibres = plane.fibres(curve, most + 1)
    discriminant = plane.discriminant(fibres)
    if discriminant.degree() < most:
        return False
    parts = _square_free_parts(discriminant)
    if len(parts) > 2:
        return False
    if len(parts) < 2:
        return True
    lifted = plane.in_both(fibres)
    return all(
        len(gcd) == 2 and _has_corank_two(plane, -gcd[0], modulus)
        for modulus, gcd in _gcds(lifted, _derived(lifted), parts[1])
    )


def _has_corank_two(plane: _Plane, t: Polynomial, modulus: Polynomial) -> bool:
    """Whether A has corank two at least over all zeros s of a square-free polynomial, at t, a polynomial in s."""
    s, one = plane.polynomial([0, 1], plane.prime), plane.polynomial([1], plane.prime)
    factors = [[(row[0] * one + row[1] * s + row[2] * t) % modulus for row in rows] for rows in plane.coordinates]
    found = plane.product(factors, lambda left, right: left * right % modulus)
    base = list(found.values())
    pairs, blocks = plane.pairings(list(found))
    k = plane.split.fibre.degree + 1
    entries = [plane.polynomial([0], plane.prime)] * (k * k)
    for (i, j), block in zip(pairs, blocks.tolist(), strict=True):
        value = base[i] * base[j] % modulus
        entries = [entry + value * weight if weight else entry for entry, weight in zip(entries, block, strict=True)]
    return _has_rank([entries[i * k : i * k + k] for i in range(k)], k - 2, modulus)


def _has_rank(matrix: list[list[Polynomial]], rank: int, modulus: Polynomial) -> bool:
    """Whether a matrix of polynomials in s has this rank at most over all zeros of a square-free polynomial."""
    while rank:
        found = [[value.gcd(modulus) for value in row] for row in matrix]
        least, i, j = min((common.degree(), i, j) for i, row in enumerate(found) for j, common in enumerate(row))
        if least == modulus.degree():
            return True
        if least > 0:  # no entry is different from zero at all zeros s
            parts = found[i][j], modulus // found[i][j]
            return all(_has_rank([[v % part for v in row] for row in matrix], rank, part) for part in parts)
        row = matrix[i]
        inverse = _inverse(row[j], modulus)
        head = [value * inverse % modulus for value in row]
        matrix = [
            [
                (value - line[j] * above) % modulus
                for c, (value, above) in enumerate(zip(line, head, strict=True))
                if c != j
            ]
            for r, line in enumerate(matrix)
            if r != i
        ]
        rank -= 1
    return not any(map(any, matrix))


def _gcds(one: Lifted, other: Lifted, modulus: Polynomial) -> list[tuple[Polynomial, Lifted]]:
    """The monic greatest common divisors of two polynomials in t over the zeros s of a square-free polynomial.

    Zeros are told apart where a leading coefficient vanishes at some of them only. The first polynomial has an
    invertible leading coefficient.
    """
    one, other = [value % modulus for value in one], [value % modulus for value in other]
    while other:
        common = modulus.gcd(other[-1])
        if common.degree() == modulus.degree():
            other.pop()
        elif common.degree() > 0:
            return [*_gcds(one, other, common), *_gcds(one, other, modulus // common)]
        else:
            inverse = _inverse(other[-1], modulus)
            other = [value * inverse % modulus for value in other]
            while len(one) >= len(other):
                lead, shift = one.pop(), len(one) + 1 - len(other)
                if lead:
                    for i, value in enumerate(other[:-1]):
                        one[shift + i] = (one[shift + i] - lead * value) % modulus
            one, other = other, one
    return [(modulus, one)]


def _derived(polynomial: Lifted) -> Lifted:
    return [j * value for j, value in enumerate(polynomial)][1:]


def _inverse(value: Polynomial, modulus: Polynomial) -> Polynomial:
    divisor, factor, _ = value.xgcd(modulus)
    return factor // divisor


def _gcd_with_derivative(polynomial: Polynomial) -> Polynomial:
    return polynomial.gcd(polynomial.derivative())


def _resultant(one: Polynomial, other: Polynomial) -> Any:
    if hasattr(one, "resultant"):
        return one.resultant(other)
    factor, zero = one[0] ** 0, one[0] * 0  # python-flint before 0.8
    while other.degree() > 0:
        rest = one % other
        if rest.degree() < 0:
            return zero
        factor *= (-1) ** (one.degree() * other.degree()) * other[other.degree()] ** (one.degree() - rest.degree())
        one, other = other, rest
    return factor * other[0] ** one.degree()


def _distinct(polynomial: Polynomial) -> int:
    return int(polynomial.degree() - _gcd_with_derivative(polynomial).degree())


def _square_free_parts(polynomial: Polynomial) -> list[Polynomial]:
    """P_1, P_2, … without common or multiple zeros, the polynomial being a multiple of Π P_i^i."""
    rest = _gcd_with_derivative(polynomial)
    left, parts = polynomial // rest, []
    while left.degree() > 0:
        common = left.gcd(rest)
        parts.append(left // common)
        left, rest = common, rest // common
    return parts


def _product(left: Residues, right: Residues, prime: int) -> Residues:
    """The product of two matrices of residues, in halves: sums of 2^16 products of 15 or 16 and of 31 bits fit."""
    high, low = left >> 16, left & 0xFFFF
    return ((high @ right % prime << 16) + low @ right) % prime


@lru_cache(maxsize=64)
def _powers(number: int, length: int, prime: int) -> Residues:
    """The powers 0, 1, … of 0, 1, …, a row for each number."""
    columns = [np.ones(number, dtype=np.int64)]
    for _ in range(length - 1):
        columns.append(columns[-1] * np.arange(number) % prime)
    return np.stack(columns, 1)


def _interpolation(number: int, prime: int) -> Residues:
    """The matrix that makes coefficients of values at 0, 1, …."""
    return (_kept_interpolation if number <= MOST_ROWS_KEPT else _new_interpolation)(number, prime)


def _new_interpolation(number: int, prime: int) -> Residues:
    nodes = np.arange(number)
    whole = [1]  # Π (x − i), the constant coefficient first
    for i in range(number):
        whole = [(low - i * value) % prime for low, value in zip([0, *whole], [*whole, 0], strict=True)]
    # Π (x − j) / (x − i) for all i, by synthetic division
    rows = [np.full(number, whole[-1], dtype=np.int64)]
    for value in whole[-2:0:-1]:
        rows.append((value + nodes * rows[-1]) % prime)
    basis = np.stack(rows[::-1])  # coefficient of x^r in row r
    scale = np.zeros(number, dtype=np.int64)
    for row in basis[::-1]:
        scale = (scale * nodes + row) % prime
    inverse = np.array([pow(value, -1, prime) for value in scale.tolist()])
    return basis * inverse % prime


_kept_interpolation = lru_cache(maxsize=64)(_new_interpolation)

"""The pencil rule: two layers for which the quadric is a sum of one or two products of quadrics of the layers.

Let w = P(x^{D_1}) R(x^{D_2}) with layers of sizes k_1 and k_2, and let Σ be positive definite. wᵀΣw is a quadratic form
in the coefficients of P and in those of R: a matrix whose rows are the quadratic forms of R that belong to the products
of two coefficients of P. If its rank is at most two, these forms are a pencil, and so are the forms of P. Both pencils
have a positive definite member, wᵀΣw for a fixed real layer. So real coordinates x of P and y of R exist with

    wᵀΣw = Σ_ij t_ij x_i² y_j²,    t of rank at most two.                                                       (1)

All t_ij are positive, as they are values of wᵀΣw. Two rows of t are proportional if and only if they belong to one
eigenvalue of the pencil, and so are columns. The number of critical points depends on the multiplicities m_c of the
eigenvalues of the pencil of P and n_d of those of R alone:

    min(k_1, k_2) + G(k_1, k_2) − Σ_c G(m_c, k_2) − Σ_d G(k_1, n_d) + Σ_c Σ_d G(m_c, n_d),                      (2)

where G(a, b) is gED(X) − gED(B) − min(a, b) for layers of sizes a and b, X = P^{a−1} × P^{b−1}, and B the intersection
of two generic quadrics of each layer; G(1, b) = G(a, 1) = 0. The proof is in docs/theory.md. If one pencil has a single
eigenvalue, the number is min(k_1, k_2). For Toeplitz matrices and k_2 = 2 it is the eigenvalue rule.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import comb
from typing import TypeVar

from ..geometry.rational_polynomials import square_free
from ..networks.chow_ring import ChowRing
from ..networks.counts import generic_ed_degree
from ..networks.strata import Stratum
from .critical_system import residues
from .eigenvalues import FIRST_LOOK, annihilator_modulo
from .elimination import Rows, echelon_modulo, quotient
from .gram_matrices import GramMatrix

__all__ = ["PencilCount", "count_by_pencils", "ed_degree_of_intersection", "number_for_multiplicities"]

#: Layers of more coefficients are left to other methods: some seconds of rational numbers.
LARGEST_LAYER = 16

Value = TypeVar("Value", Fraction, int)


@dataclass(frozen=True)
class PencilCount:
    """The outcome of the pencil rule.

    Attributes
    ----------
    count : int
    multiplicities : (tuple of int, tuple of int)
        Of the eigenvalues of the pencils of both layers, the largest first.
    """

    count: int
    multiplicities: tuple[tuple[int, ...], tuple[int, ...]]


def count_by_pencils(stratum: Stratum, gram: GramMatrix) -> PencilCount | None:
    """The number of critical points of a stratum with two factors without powers; None if the rule does not apply.

    Parameters
    ----------
    stratum : Stratum
    gram : GramMatrix
        Doubles are taken for the rational numbers that they are.

    Examples
    --------
    >>> from homotopy_lcn import Architecture, gram_matrix
    >>> arch = Architecture((4, 4), (2, 1))
    >>> count_by_pencils(Stratum.of_layers(arch), gram_matrix("white", arch.filter_size))
    PencilCount(count=36, multiplicities=((2, 2), (1, 1, 1, 1)))
    """
    factors = stratum.factors
    if len(factors) != 2 or any(factor.power > 1 or factor.degree >= LARGEST_LAYER for factor in factors):
        return None
    if not _is_of_low_rank(stratum, gram):
        return None
    rows = list(_forms(stratum, gram.entries))
    found = []
    for forms, factor in ((list(map(list, zip(*rows, strict=True))), factors[0]), (rows, factors[1])):
        pencil = _pencil(forms)
        if pencil is None:
            return None
        found.append(_multiplicities([_matrix(form, factor.degree + 1) for form in pencil]))
    one, other = found
    return PencilCount(number_for_multiplicities(one, other), (one, other))


def number_for_multiplicities(one: Sequence[int], other: Sequence[int]) -> int:
    """The number (2) for the multiplicities of the eigenvalues of both pencils.

    Examples
    --------
    >>> number_for_multiplicities([1, 1, 1], [1, 1, 1]), number_for_multiplicities([2, 2], [1, 1])
    (23, 6)
    >>> number_for_multiplicities([3], [4])
    3
    """
    k_1, k_2 = sum(one), sum(other)
    return (
        min(k_1, k_2)
        + _excess(k_1, k_2)
        - sum(_excess(m, k_2) for m in one)
        - sum(_excess(k_1, n) for n in other)
        + sum(_excess(m, n) for m in one for n in other)
    )


def _excess(a: int, b: int) -> int:
    """G(a, b)."""
    if min(a, b) == 1:
        return 0
    degrees = [a - 1, b - 1]
    return generic_ed_degree(degrees) - ed_degree_of_intersection(degrees, 1, 2) - min(a, b)


def _forms(stratum: Stratum, entries: Sequence[Sequence[Value]]) -> Iterator[list[Value]]:
    """The coefficients of 2 wᵀΣw: rows for the pairs i ≤ i' of coefficients of P, columns for those of R.

    Each is the entry of a symmetric matrix of both layers.
    """
    one, other = stratum.factors
    columns = [(j, n) for j in range(other.degree + 1) for n in range(j, other.degree + 1)]
    for i in range(one.degree + 1):
        for m in range(i, one.degree + 1):
            low, high = i * one.dilation, m * one.dilation
            yield [
                entries[low + j * other.dilation][high + n * other.dilation]
                + entries[low + n * other.dilation][high + j * other.dilation]
                for j, n in columns
            ]


def _is_of_low_rank(stratum: Stratum, gram: GramMatrix) -> bool:
    """Whether the forms have a rank of at most two modulo a prime; no if the prime divides a denominator."""
    entries = [residues(row, FIRST_LOOK) for row in gram.entries]
    known = [row for row in entries if row is not None]
    if len(known) < len(entries):
        return False
    independent: list[list[int]] = []
    for form in _forms(stratum, known):
        independent = list(echelon_modulo([*independent, form], FIRST_LOOK).values())
        if len(independent) > 2:
            return False
    return True


def _pencil(forms: Rows) -> Rows | None:
    """One or two forms that span all of them, a positive definite one first; None if the rank is above two."""
    first = forms[0]  # a layer with the first coefficient alone; its own first entry is an entry of the diagonal of Σ
    basis, pivots = [first], [0]
    for form in forms[1:]:
        rest = form
        for known_form, pivot in zip(basis, pivots, strict=True):
            if factor := rest[pivot] / known_form[pivot]:
                rest = [value - factor * other for value, other in zip(rest, known_form, strict=True)]
        pivot = next((j for j, value in enumerate(rest) if value), -1)
        if pivot >= 0:
            if len(basis) == 2:
                return None
            basis.append(rest)
            pivots.append(pivot)
    return basis


def _matrix(form: Sequence[Fraction], size: int) -> Rows:
    """The symmetric matrix of a form, from its entries on and above the diagonal."""
    matrix, values = [[Fraction(0)] * size for _ in range(size)], iter(form)
    for i in range(size):
        for j in range(i, size):
            matrix[i][j] = matrix[j][i] = next(values)
    return matrix


def _multiplicities(pencil: Sequence[Rows]) -> tuple[int, ...]:
    """The multiplicities of the eigenvalues of a pencil, the first of whose matrices is positive definite."""
    size = len(pencil[0])
    if len(pencil) == 1:
        return (size,)
    matrix = quotient(pencil[0], pencil[1])
    modular = [residues(row, FIRST_LOOK) or [] for row in matrix]
    # The minimal polynomial has simple zeros. If it has the full degree modulo a prime, it has it.
    if all(modular) and len(annihilator_modulo(modular)) - 1 == size:
        return (1,) * size
    parts = square_free(_characteristic_polynomial(matrix))
    found = [multiplicity for multiplicity, part in enumerate(parts, 1) for _ in part[1:]]
    return tuple(sorted(found, reverse=True))


def _characteristic_polynomial(matrix: Rows) -> list[Fraction]:
    """The leading coefficient first, by the method of Faddeev and LeVerrier."""
    size = len(matrix)
    polynomial, product = [Fraction(1)], [[Fraction(0)] * size for _ in range(size)]
    for step in range(1, size + 1):
        inner = [
            [value + (polynomial[-1] if i == j else 0) for j, value in enumerate(row)] for i, row in enumerate(product)
        ]
        columns = list(zip(*inner, strict=True))
        product = [
            [sum((a * b for a, b in zip(row, column, strict=True) if a and b), Fraction(0)) for column in columns]
            for row in matrix
        ]
        polynomial.append(-sum((product[i][i] for i in range(size)), Fraction(0)) / step)
    return polynomial


def ed_degree_of_intersection(degrees: list[int], below: int, number: int) -> int:
    """Generic ED degree of a transversal intersection B in Π P^{n_l}: M quadrics below a cut, and M above.

    The quadrics have degree two in each layer on their side. With H_1 and H_2 the sums of the hyperplane classes h_l of
    both sides, h = H_1 + H_2 and d = dim B, it is Σ_i (−1)^i (2^{d+1−i} − 1) ∫_B c_i(T_B) h^{d−i}, and
    c(T_B) = Π (1 + h_l)^{n_l + 1} / ((1 + 2H_1)(1 + 2H_2))^M.

    Examples
    --------
    >>> ed_degree_of_intersection([2, 2], 1, 2), ed_degree_of_intersection([2, 3], 1, 2)
    (16, 48)
    >>> ed_degree_of_intersection([2, 2], 1, 1)
    36
    """
    ring, d = ChowRing(degrees), sum(degrees) - 2 * number
    sides = [ring.hyperplanes(part) for part in (range(below), range(below, len(degrees)))]
    chern, fundamental = ring.total_chern_class(), ring.one
    for side in sides:
        # 1 / (1 + 2H)^M = Σ_e (−1)^e C(M + e − 1, e) (2H)^e
        inverse = ring.sum(
            ((-2) ** e * comb(max(number + e - 1, 0), e), ring.power(side, e)) for e in range(ring.dimension + 1)
        )
        chern = ring.product(chern, inverse)
        fundamental = ring.product(fundamental, ring.sum([(2**number, ring.power(side, number))]))
    h = ring.hyperplanes()
    return sum(
        (-1) ** i
        * (2 ** (d + 1 - i) - 1)
        * ring.integral(ring.product(ring.product(ring.part(chern, i), ring.power(h, d - i)), fundamental))
        for i in range(d + 1)
    )

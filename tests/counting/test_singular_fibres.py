"""Numbers by the curve of singular fibres, against formulas, eigenvalues and Gröbner bases."""

from __future__ import annotations

import sys
from fractions import Fraction
from random import Random

import pytest

import homotopy_lcn as hl
from homotopy_lcn.counting import singular_fibres
from homotopy_lcn.counting.exact_counts import Established, exact_count, quick_count
from homotopy_lcn.counting.gram_matrices import GramMatrix, gram_matrix
from homotopy_lcn.counting.groebner import PRIMES, Search, is_smooth, residues_of
from homotopy_lcn.counting.singular_fibres import count_by_fibres, is_smooth_by_fibres
from homotopy_lcn.networks.counts import generic_count
from homotopy_lcn.networks.strata import Stratum

from .programs import WITHOUT, by_groebner, needs_groebner, stratum_of

flint = pytest.importorskip("flint")

PRIME = PRIMES[0]


def both(filters, strides, text):
    arch = hl.Architecture(filters, strides)
    gram = gram_matrix(text, arch.filter_size) if isinstance(text, str) else text
    return Stratum.of_layers(arch), gram


#: Curves with nodes, with points of higher multiplicity, with components of multiplicity two and three, of corank one
#: and two, in the plane and on a product of two lines.
CASES = [
    ((3, 3), (2, 1), "walk", 27),
    ((3, 3), (1, 1), "toeplitz:6,0,-5,0,5", 37),
    ((3, 4), (2, 1), "exchangeable:1/3", 67),
    ((4, 3), (2, 1), "spread:2:walk", 27),
    ((4, 3), (2, 1), "ar1:1/2", 83),
    ((4, 3), (3, 1), "walk", 31),
    ((5, 3), (2, 1), "differenced:1", 63),
    ((2, 2, 2), (2, 2, 1), "seasonal:2,1/2", 10),
    ((2, 2, 2), (1, 1, 1), "diagonal:3,1,1,3", 18),
    ((2, 2, 2), (2, 3, 1), "ma1:1/3", 10),
    ((3, 2, 2), (2, 2, 1), "ma1:1/3", 68),
    ((3, 2, 2), (1, 2, 1), "white", 64),
    ((2, 3, 2), (2, 2, 1), "white", 20),
    ((2, 3, 2), (2, 2, 1), "exchangeable:1/3", 56),
    ((4, 2, 2), (2, 2, 1), "differenced:1", 116),
]


@needs_groebner
@pytest.mark.parametrize(("filters", "strides", "text", "number"), CASES, ids=str)
def test_the_number_is_that_of_groebner_bases(filters, strides, text, number):
    stratum, gram = both(filters, strides, text)
    assert count_by_fibres(stratum, residues_of(gram)) == by_groebner(stratum, gram) == number


@pytest.mark.parametrize(("filters", "strides", "text", "number"), CASES, ids=str)
def test_other_random_numbers_change_nothing(filters, strides, text, number):
    stratum, gram = both(filters, strides, text)
    whole = generic_count(hl.Architecture(filters, strides)).parameters
    for seed in range(3):
        assert count_by_fibres(stratum, residues_of(gram), seed) == number
        assert is_smooth_by_fibres(stratum, residues_of(gram), seed) is (number == whole)


@pytest.mark.parametrize("text", ["white", "ar1:1/2", "ma1:1/3", "walk", "circulant:1,1/3,1/7", "exchangeable:1/3"])
@pytest.mark.parametrize(
    ("filters", "strides"),
    [((3, 2), (2, 1)), ((2, 3), (3, 1)), ((3, 3), (2, 1)), ((4, 3), (2, 1)), ((2, 2, 2), (2, 2, 1))],
)
def test_formulas_and_eigenvalues_give_the_same_numbers(filters, strides, text):
    stratum, gram = both(filters, strides, text)
    known, found = quick_count(stratum, gram), count_by_fibres(stratum, residues_of(gram))
    assert found is not None
    if known is not None:
        assert isinstance(known, Established)
        assert known.number == found


def random_gram(size: int, rng: Random) -> GramMatrix:
    """A random positive definite matrix of integers."""
    root = [[Fraction(rng.randrange(-9, 10)) for _ in range(size)] for _ in range(size)]
    return GramMatrix.of_exact(
        [[sum(root[h][i] * root[h][j] for h in range(size)) + (i == j) for j in range(size)] for i in range(size)]
    )


@pytest.mark.parametrize(
    ("filters", "strides"),
    [((3, 3), (1, 1)), ((3, 5), (2, 1)), ((6, 3), (2, 1)), ((2, 4, 2), (1, 2, 1)), ((2, 2, 3), (2, 2, 1))],
)
def test_generic_matrices_have_the_generic_number_and_smooth_quadrics(filters, strides):
    arch = hl.Architecture(filters, strides)
    gram = residues_of(random_gram(arch.filter_size, Random(f"{filters}")))
    assert count_by_fibres(Stratum.of_layers(arch), gram) == generic_count(arch).parameters
    assert is_smooth_by_fibres(Stratum.of_layers(arch), gram)


@needs_groebner
def test_few_different_entries_give_the_numbers_of_groebner_bases():
    """Random diagonal matrices, and such with few entries beside the diagonal, lose points in many ways."""
    rng, numbers = Random(3), set()
    for filters, strides in ((3, 3), (2, 1)), ((2, 2, 2), (1, 2, 1)), ((2, 3, 2), (1, 1, 1)), ((3, 2, 2), (2, 2, 1)):
        arch = hl.Architecture(filters, strides)
        stratum, size = Stratum.of_layers(arch), arch.filter_size
        for _ in range(6):
            rows = [[Fraction(0)] * size for _ in range(size)]
            for i in range(size):
                rows[i][i] = Fraction(rng.choice((3, 3, 3, 3, 4)))
            for _ in range(rng.choice((0, 0, 1))):
                i, j = rng.sample(range(size), 2)
                rows[i][j] = rows[j][i] = Fraction(1)
            gram = GramMatrix.of_exact(rows)
            found = count_by_fibres(stratum, residues_of(gram))
            assert found == by_groebner(stratum, gram)
            assert is_smooth_by_fibres(stratum, residues_of(gram)) is is_smooth(
                stratum, residues_of(gram), Search.within(None)
            )
            numbers.add((filters, found))
    assert len(numbers) > 6


def test_no_program_is_needed():
    for text, number, method in ("walk", 27, "curves"), ("ar:1/2,1/5", 39, "smooth"):
        table = exact_count(hl.Architecture((3, 3), (2, 1)), gram_matrix(text, 7), WITHOUT)
        assert (table.parameters, table.method) == (number, method)
        assert "the curve of singular fibres" in table.rows[0].reason


def test_other_factors_are_left_out():
    gram = residues_of(gram_matrix("walk", 10))
    others = [
        stratum_of((3, 1, 1), (3, 1, 2)),  # four dimensions
        stratum_of((3, 1, 1)),  # one factor
        stratum_of((2, 1, 1), (3, 2, 2)),  # a power
        stratum_of((1, 1, 1), (3, 1, 2)),  # one dimension
        stratum_of((2, 1, 1), (30, 1, 2)),  # a curve of a high degree
    ]
    for stratum in others:
        assert count_by_fibres(stratum, gram) is None
        assert is_smooth_by_fibres(stratum, gram) is None


@needs_groebner
@pytest.mark.parametrize(
    "factors",
    [
        ((2, 2, 1), (2, 1, 1)),
        ((2, 3, 1), (1, 1, 1)),
        ((1, 2, 1), (1, 1, 2), (1, 1, 2)),
        ((1, 3, 1), (1, 1, 2), (1, 1, 2)),
        ((1, 2, 1), (1, 2, 2), (1, 1, 4)),
        ((2, 2, 1), (2, 1, 3)),
    ],
    ids=str,
)
def test_quadrics_with_powers_are_smooth_as_groebner_bases_say(factors):
    stratum = stratum_of(*factors)
    size = 1 + sum(degree * power * dilation for degree, power, dilation in factors)
    answers = set()
    for text in "white", "walk", f"diagonal:{','.join('3' if i in (0, size - 1) else '1' for i in range(size))}":
        gram = residues_of(gram_matrix(text, size))
        shown = is_smooth_by_fibres(stratum, gram)
        assert shown is is_smooth(stratum, gram, Search.within(None))
        assert count_by_fibres(stratum, gram) is None
        answers.add(shown)
    assert True in answers


def test_without_python_flint_nothing_is_said(monkeypatch):
    stratum, gram = both((3, 3), (2, 1), "walk")
    monkeypatch.setitem(sys.modules, "flint", None)
    assert count_by_fibres(stratum, residues_of(gram)) is None
    assert is_smooth_by_fibres(stratum, residues_of(gram)) is None


def test_primes_that_divide_a_denominator_are_left_out():
    stratum, gram = both((3, 3), (2, 1), "walk")
    for bad, expected in (PRIMES[:3], 27), (PRIMES[:4], None), (PRIMES, None):

        def rows(prime, rng, bad=bad):
            return None if prime in bad else residues_of(gram)(prime, rng)

        assert count_by_fibres(stratum, rows) == expected
        assert is_smooth_by_fibres(stratum, rows) is (None if bad == PRIMES else False)


def test_primes_that_disagree_and_impossible_numbers_give_no_number(monkeypatch):
    stratum, gram = both((3, 3), (2, 1), "walk")
    for numbers, expected in ((27, 27), 27), ((27, 26), None), ((40, 40), None), ((-1, -1), None), ((None, 27), None):
        given = iter(numbers)
        monkeypatch.setattr(singular_fibres, "_number", lambda *_, given=given: next(given))
        assert count_by_fibres(stratum, residues_of(gram)) == expected


def test_an_unlucky_place_is_noticed(monkeypatch):
    """A matrix that is zero modulo the prime has zero pivots."""
    stratum, _ = both((3, 3), (2, 1), "walk")

    def zero(prime, rng):
        return [[0] * 7 for _ in range(7)]

    assert count_by_fibres(stratum, zero) is None
    assert is_smooth_by_fibres(stratum, zero) is False


def polynomial(*coefficients):
    return flint.nmod_poly(list(coefficients), PRIME)


def test_resultants_are_those_of_python_flint():
    class Older:
        """A polynomial without the method."""

        def __init__(self, value):
            self.value = value

        def __getitem__(self, place):
            return self.value[place]

        def __mod__(self, other):
            return Older(self.value % other.value)

        def degree(self):
            return self.value.degree()

    one, other, third = polynomial(3, 1, 4, 1, 5), polynomial(9, 2, 6, 1), polynomial(7, 1)
    for a, b in (one, other), (one, third), (other, third), (one, polynomial(5)), (one * third, other * third):
        expected = singular_fibres._resultant(a, b)
        assert singular_fibres._resultant(Older(a), Older(b)) == expected
        assert (expected == 0) == (a.gcd(b).degree() > 0)


def test_interpolation_inverts_evaluation():
    coefficients = [3, 1, 4, 1, 5]
    values = [sum(c * s**i for i, c in enumerate(coefficients)) for s in range(5)]
    matrix = singular_fibres._interpolation(5, PRIME)
    assert [sum(int(a) * b for a, b in zip(row, values, strict=True)) % PRIME for row in matrix] == coefficients


def test_square_free_parts_have_the_zeros_of_one_multiplicity():
    one, two, three = polynomial(1, 1), polynomial(2, 1), polynomial(3, 0, 1)
    parts = singular_fibres._square_free_parts(7 * one * two**3 * three**3)
    assert [part.degree() for part in parts] == [1, 0, 3]
    assert not parts[0] % one
    assert not parts[2] % (two * three)


def test_common_divisors_are_told_apart_at_different_zeros():
    """(t − s)² and (t − s)(t − 1): at s = 1 the common divisor has degree two, at s = 0 degree one."""
    s, one = polynomial(0, 1), polynomial(1)
    found = singular_fibres._gcds([s * s, -2 * s, one], [s, -s - one, one], s * (s - one))
    assert sorted((modulus.degree(), len(gcd) - 1) for modulus, gcd in found) == [(1, 1), (1, 2)]


def test_ranks_are_those_at_all_zeros():
    s, zero = polynomial(0, 1), polynomial(0)
    matrix = [[s, zero], [zero, s - polynomial(1)]]
    assert singular_fibres._has_rank(matrix, 1, s * (s - polynomial(1)))
    assert not singular_fibres._has_rank(matrix, 1, s * (s - polynomial(2)))
    assert not singular_fibres._has_rank(matrix, 0, s)

"""The pencil rule for two layers, against Gröbner bases and the other rules."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from homotopy_lcn import Architecture, gram_matrix
from homotopy_lcn.counting.eigenvalues import count_by_eigenvalues
from homotopy_lcn.counting.formulas import tensor_count
from homotopy_lcn.counting.gram_matrices import GramMatrix
from homotopy_lcn.counting.pencils import count_by_pencils, ed_degree_of_intersection, number_for_multiplicities
from homotopy_lcn.networks.counts import generic_ed_degree
from homotopy_lcn.networks.strata import Stratum
from homotopy_lcn.tables.structured_data import STRUCTURED_DATA

from .programs import by_groebner, needs_groebner, stratum_of


def case(filters, stride, text):
    arch = Architecture(filters, (stride, 1))
    return Stratum.of_layers(arch), gram_matrix(text, arch.filter_size)


@needs_groebner
@pytest.mark.parametrize(
    ("filters", "stride", "text", "count", "multiplicities"),
    [
        ((3, 3), 2, "ar1:1/2", 23, ((1, 1, 1), (1, 1, 1))),
        ((3, 3), 2, "white", 23, ((1, 1, 1), (1, 1, 1))),
        ((3, 3), 2, "differenced:1", 15, ((2, 1), (1, 1, 1))),
        ((3, 3), 3, "white", 3, ((3,), (3,))),
        ((4, 3), 2, "white", 19, ((2, 2), (1, 1, 1))),
        ((4, 3), 3, "white", 27, ((2, 1, 1), (1, 1, 1))),
        ((3, 4), 2, "ma1:1/3", 35, ((1, 1, 1), (1, 1, 1, 1))),
        ((4, 4), 2, "white", 36, ((2, 2), (1, 1, 1, 1))),
        ((4, 4), 2, "seasonal:2,1/2", 36, ((2, 2), (1, 1, 1, 1))),
        ((3, 3), 2, "copies:2:ar1:1/2", 23, ((1, 1, 1), (1, 1, 1))),
    ],
)
def test_the_rule_gives_the_number_of_critical_points(filters, stride, text, count, multiplicities):
    stratum, gram = case(filters, stride, text)
    found = count_by_pencils(stratum, gram)
    assert (found.count, found.multiplicities) == (count, multiplicities)
    assert by_groebner(stratum, gram) == count


@needs_groebner
@pytest.mark.parametrize("multiplicities", [((2, 1), (2, 1)), ((2, 1), (1, 1, 1)), ((2, 2), (2, 1))], ids=str)
def test_any_multiplicities_occur_and_the_numbers_are_right(multiplicities):
    """Filters that do not overlap, Σ the diagonal matrix of 1 + e_i f_j."""
    one, other = ([value for value, times in enumerate(layer, 1) for _ in range(times)] for layer in multiplicities)
    entries = [Fraction(1 + e * f) for f in other for e in one]
    gram = GramMatrix.of_exact([[d * (i == j) for j, d in enumerate(entries)] for i in range(len(entries))])
    stratum = stratum_of((len(one) - 1, 1, 1), (len(other) - 1, 1, len(one)))
    found = count_by_pencils(stratum, gram)
    assert found.multiplicities == multiplicities
    assert found.count == by_groebner(stratum, gram) == number_for_multiplicities(*multiplicities)


def test_the_eigenvalue_rule_is_a_case():
    for k in range(2, 7):
        for s in range(2, 5):
            for data in STRUCTURED_DATA:
                stratum, gram = case((k, 2), s, data.text)
                found = count_by_pencils(stratum, gram)
                if gram.is_toeplitz:
                    assert found is not None
                if found is not None:
                    assert found.count == count_by_eigenvalues(stratum, gram).count, (k, s, data.text)


@pytest.mark.parametrize(("a", "b"), [(2, 2), (2, 5), (3, 3), (3, 6), (5, 4)])
def test_simple_and_single_eigenvalues(a, b):
    full = generic_ed_degree([a - 1, b - 1])
    assert number_for_multiplicities([1] * a, [1] * b) == full - ed_degree_of_intersection([a - 1, b - 1], 1, 2)
    assert number_for_multiplicities([a], [1] * b) == number_for_multiplicities([a], [b]) == min(a, b)
    stratum, gram = stratum_of((a - 1, 1, 1), (b - 1, 1, a)), gram_matrix("white", a * b)
    assert tensor_count(stratum, gram) == count_by_pencils(stratum, gram).count == min(a, b)


def test_rescaled_and_reversed_data_have_the_same_number():
    for text in "walk", "ar1:1/2", "exchangeable:1/3":
        stratum, gram = case((3, 3), 2, text)
        known = count_by_pencils(stratum, gram)
        assert count_by_pencils(stratum, gram_matrix(f"weighted:3/2:{text}", gram.size)) == known
        turned = GramMatrix.of_exact([row[::-1] for row in gram.entries[::-1]])
        assert count_by_pencils(stratum, turned) == known


def test_doubles_are_taken_for_the_numbers_that_they_are():
    stratum, gram = case((4, 4), 2, "white")
    assert count_by_pencils(stratum, GramMatrix.of(np.eye(gram.size) / 3)).count == 36
    rounded, decimal = gram_matrix("ar1:1/3", 7).array, case((3, 3), 2, "ar1:1/3")
    assert count_by_pencils(decimal[0], GramMatrix.of(rounded)) is None
    assert count_by_pencils(*decimal).count == 23


def test_the_rule_is_silent_elsewhere():
    assert count_by_pencils(*case((3, 3), 2, "ar:1/2,1/5")) is None  # of rank three
    assert count_by_pencils(*case((5, 3), 2, "white")) is None
    assert count_by_pencils(stratum_of((2, 2, 1), (2, 1, 3)), gram_matrix("white", 11)) is None  # a power
    assert count_by_pencils(stratum_of((1, 1, 1), (1, 1, 2), (1, 1, 4)), gram_matrix("white", 8)) is None

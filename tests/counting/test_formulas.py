"""Closed formulas for white data, against the eigenvalue rule and each other."""

from __future__ import annotations

import pytest

from homotopy_lcn.counting.eigenvalues import count_by_eigenvalues
from homotopy_lcn.counting.formulas import tensor_count, two_layer_count
from homotopy_lcn.counting.gram_matrices import gram_matrix

from .programs import by_groebner, needs_groebner, stratum_of


@pytest.mark.parametrize("s", range(2, 6))
@pytest.mark.parametrize("k", range(2, 9))
def test_the_formula_for_white_data_is_a_case_of_the_eigenvalue_rule(k, s):
    stratum = stratum_of((k - 1, 1, 1), (1, 1, s))
    for text in "white", "weighted:3/2":
        gram = gram_matrix(text, stratum.filter_size)
        assert two_layer_count(stratum, gram) == count_by_eigenvalues(stratum, gram).count
        if k <= s:
            assert tensor_count(stratum, gram) == two_layer_count(stratum, gram)


@pytest.mark.parametrize(
    ("factors", "count"),
    [
        (((1, 1, 1), (1, 1, 2)), 2),
        (((2, 1, 1), (2, 1, 3)), 3),
        (((1, 1, 1), (1, 1, 2), (1, 1, 4)), 6),
        (((1, 1, 1), (1, 1, 2), (2, 1, 4)), 8),
    ],
    ids=str,
)
def test_plain_tensors_have_as_many_points_as_singular_vector_tuples(factors, count):
    stratum = stratum_of(*factors)
    assert tensor_count(stratum, gram_matrix("white", stratum.filter_size)) == count


@needs_groebner
@pytest.mark.parametrize("text", ["spread:2:ar1:1/2", "copies:2:ar1:1/2", "spread:2:copies:2:walk", "diagonal:1,2,3,6"])
def test_tensor_products_are_as_special_as_white_data(text):
    stratum = stratum_of((1, 1, 1), (1, 1, 2))
    gram = gram_matrix(text, 4)
    assert tensor_count(stratum, gram) == by_groebner(stratum, gram) == 2


def test_the_formulas_are_silent_where_they_do_not_hold():
    overlapping, apart = stratum_of((2, 1, 1), (1, 1, 2)), stratum_of((1, 1, 1), (1, 1, 2))
    assert tensor_count(overlapping, gram_matrix("white", 5)) is None
    assert tensor_count(apart, gram_matrix("ar1:1/2", 4)) is None
    assert tensor_count(stratum_of((1, 2, 1)), gram_matrix("white", 3)) is None
    assert two_layer_count(apart, gram_matrix("ar1:1/2", 4)) is None
    assert two_layer_count(stratum_of((2, 1, 1), (1, 1, 1)), gram_matrix("white", 4)) is None

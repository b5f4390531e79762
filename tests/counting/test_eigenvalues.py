"""The eigenvalue rule: two factors, one of degree one."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homotopy_lcn.counting.eigenvalues import count_by_eigenvalues, count_by_roots
from homotopy_lcn.counting.gram_matrices import GramMatrix, gram_matrix

from .programs import by_groebner, needs_groebner, stratum_of

TEXTS = ["white", "ar1:1/2", "ma1:-1", "walk", "exchangeable:1/3", "circulant:1,1/3,1/5", "spread:2:ar1:1/2"]
#: With three of them beside the diagonal a matrix is positive definite.
SMALL = st.fractions(Fraction(-1, 7), Fraction(1, 7), max_denominator=30)


@needs_groebner
@pytest.mark.parametrize("text", ["white", "walk", "circulant:1,1/3,1/5"])
@pytest.mark.parametrize(
    "factors",
    [
        ((1, 1, 1), (1, 1, 2)),
        ((3, 1, 1), (1, 1, 2)),
        ((1, 1, 1), (2, 1, 3)),
        ((2, 1, 1), (1, 1, 1)),  # one block: all strides are one
        ((1, 2, 1), (2, 1, 2)),  # a double root
    ],
    ids=str,
)
def test_the_rule_agrees_with_groebner_bases(factors, text):
    stratum = stratum_of(*factors)
    gram = gram_matrix(text, stratum.filter_size)
    assert count_by_eigenvalues(stratum, gram).count == by_groebner(stratum, gram)


@needs_groebner
@pytest.mark.parametrize("text", ["white", "diagonal:1,1/2,1", "ar1:1/2"])
def test_powers_of_one_linear_form_agree_with_groebner_bases(text):
    stratum = stratum_of((1, 2, 1))
    gram = gram_matrix(text, 3)
    assert count_by_roots(stratum, gram) == by_groebner(stratum, gram) == (2 if text.startswith("diagonal") else 4)


@given(SMALL, SMALL, SMALL | st.none())
@settings(max_examples=60)
def test_toeplitz_data_of_two_filters_of_size_two_are_special_on_one_quadric(g1, g2, g3):
    if g3 is None:
        g3 = 2 * g1 * g2 - g1
    gram = gram_matrix(f"toeplitz:1,{g1},{g2},{g3}", 4)
    found = count_by_eigenvalues(stratum_of((1, 1, 1), (1, 1, 2)), gram).count
    assert found == (2 if g1 + g3 == 2 * g1 * g2 else 6)


def test_a_point_on_the_quadric_is_special():
    gram = gram_matrix("toeplitz:1,1/2,1/4,-1/4", 4)
    assert count_by_eigenvalues(stratum_of((1, 1, 1), (1, 1, 2)), gram).count == 2


@given(
    st.tuples(*[SMALL] * 2), st.sampled_from([((1, 1, 1), (1, 1, 2)), ((2, 1, 1), (1, 1, 1)), ((1, 1, 1), (1, 1, 1))])
)
@settings(max_examples=40)
def test_toeplitz_matrices_have_the_same_number_by_the_rule_for_all_matrices(gamma, factors):
    """The torus rule changes nothing, and the matrix with weights is no Toeplitz matrix."""
    stratum = stratum_of(*factors)
    text = "toeplitz:1," + ",".join(map(str, gamma))
    plain = gram_matrix(text, stratum.filter_size)
    weighted = gram_matrix(f"weighted:2/3:{text}", stratum.filter_size)
    one, other = count_by_eigenvalues(stratum, plain), count_by_eigenvalues(stratum, weighted)
    assert one.toeplitz
    assert not other.toeplitz
    assert one.count == other.count


@pytest.mark.parametrize("d", [(1, 2, 3, 6), (1, 2, 3, 5)], ids=str)
def test_diagonal_data_are_special_if_the_outer_product_is_the_inner_one(d):
    gram = gram_matrix("diagonal:" + ",".join(map(str, d)), 4)
    assert count_by_eigenvalues(stratum_of((1, 1, 1), (1, 1, 2)), gram).count == (
        2 if d[0] * d[3] == d[1] * d[2] else 6
    )


@pytest.mark.parametrize("text", TEXTS)
def test_doubles_give_the_exact_number_or_none(text):
    stratum = stratum_of((3, 1, 1), (1, 1, 3))
    exact = gram_matrix(text, stratum.filter_size)
    doubles = GramMatrix("given", tuple(tuple(Fraction(float(v)) for v in row) for row in exact.entries), exact=False)
    known, found = count_by_eigenvalues(stratum, exact), count_by_eigenvalues(stratum, doubles)
    assert found.count in (known.count, None)
    assert (found.count is None) == (known.count < 14)
    assert found.gap is not None


def test_doubles_near_special_data_are_left_open():
    gram = np.eye(4)
    gram[0, 1] = gram[1, 0] = 1e-16
    found = count_by_eigenvalues(stratum_of((1, 1, 1), (1, 1, 2)), GramMatrix.of(gram))
    assert found.count is None
    assert found.gap < 1e-14


def test_other_strata_have_no_answer():
    gram = gram_matrix("white", 7)
    assert count_by_eigenvalues(stratum_of((2, 1, 1), (2, 1, 2)), gram) is None
    assert count_by_roots(stratum_of((2, 1, 1), (2, 1, 2)), gram) is None

"""Numbers that are known at once, for doubles and for exact numbers."""

from __future__ import annotations

import numpy as np
import pytest

from homotopy_lcn import Architecture, generic_count, gram_matrix
from homotopy_lcn.counting import exact_counts
from homotopy_lcn.counting.eigenvalues import count_by_eigenvalues, least_by_eigenvalues
from homotopy_lcn.counting.elimination import echelon_modulo
from homotopy_lcn.counting.quick_numbers import exact_gram, gives_all_points, number_at_once
from homotopy_lcn.networks.strata import Factor, Stratum

TEXTS = ("white", "ar1:1/2", "ar1:1/3", "seasonal:2,1/2", "exchangeable:1/3", "walk", "differenced:1")


@pytest.mark.parametrize("text", [*TEXTS, "weighted:1/2"])
@pytest.mark.parametrize(
    ("filters", "strides"), [((4, 2), (2, 1)), ((5, 2), (3, 1)), ((2, 4), (3, 1)), ((3, 2), (1, 1))]
)
def test_the_bound_modulo_a_prime_is_the_number_of_the_eigenvalue_rule(filters, strides, text):
    arch = Architecture(filters, strides)
    stratum, gram = Stratum.of_layers(arch), gram_matrix(text, arch.filter_size)
    exact = count_by_eigenvalues(stratum, gram)
    assert least_by_eigenvalues(stratum, gram) == exact.count


def test_powers_have_a_bound_as_well():
    stratum = Stratum((Factor(1, 2, 1), Factor(2, 1, 3)))
    gram = gram_matrix("ar1:1/2", stratum.filter_size)
    assert least_by_eigenvalues(stratum, gram) == count_by_eigenvalues(stratum, gram).count


@pytest.mark.parametrize(
    ("filters", "strides", "text", "number", "method"),
    [
        ((4, 2), (2, 1), "white", 6, "formula"),
        ((4, 2), (2, 1), "seasonal:2,1/2", 6, "eigenvalues"),
        ((4, 2), (2, 1), "weighted:1/2", 6, "formula"),
        ((3, 3), (2, 1), "ar1:1/2", 23, "eigenvalues"),
        ((3, 3), (2, 1), "weighted:2/3", 23, "eigenvalues"),
        ((4, 4), (2, 1), "white", 36, "eigenvalues"),
        ((2, 2, 2), (2, 2, 1), "white", 6, "formula"),
    ],
)
def test_numbers_of_structured_data(filters, strides, text, number, method):
    arch = Architecture(filters, strides)
    stratum, gram = Stratum.of_layers(arch), gram_matrix(text, arch.filter_size)
    known = number_at_once(stratum, gram, number)
    assert (known.number, known.method) == (number, method)
    assert generic_count(arch, gram=text).parameters == number
    assert gives_all_points(stratum, gram.entries, number)
    assert not gives_all_points(stratum, gram.entries, number - 1)
    assert not gives_all_points(stratum, gram.entries, number + 1)


def test_an_upper_bound_by_nodes_is_the_number_where_it_is_met():
    arch = Architecture((4, 4), (2, 1))
    stratum, gram = Stratum.of_layers(arch), gram_matrix("ar1:1/2", arch.filter_size)
    known = number_at_once(stratum, gram, 220)
    assert (known.number, known.method) == (220, "nodes")
    assert number_at_once(stratum, gram, 219) is None


def test_nothing_is_said_without_a_number():
    stratum = Stratum.of_layers(Architecture((3, 3), (2, 1)))
    rough = np.eye(7) + 0.01 * np.random.default_rng(0).standard_normal((7, 7))
    assert not gives_all_points(stratum, (rough @ rough.T).tolist(), 39)
    assert not gives_all_points(stratum, np.zeros((7, 7)).tolist(), 0)
    assert not gives_all_points(stratum, (-np.eye(7)).tolist(), 23)
    assert exact_gram(np.full((3, 3), np.nan).tolist()) is None
    assert exact_gram(np.eye(200).tolist()) is None


def test_counts_that_disagree_say_nothing(monkeypatch):
    stratum, gram = Stratum.of_layers(Architecture((4, 2), (2, 1))), gram_matrix("white", 6)
    assert number_at_once(stratum, gram, 6).number == 6
    monkeypatch.setattr(exact_counts, "two_layer_count", lambda *args: 7)
    assert number_at_once(stratum, gram, 6) is None


def test_a_stratum_with_several_factors_of_one_block_has_no_number():
    mixed = Stratum((Factor(1, 1, 1), Factor(1, 2, 1)))
    assert number_at_once(mixed, gram_matrix("white", mixed.filter_size), 3) is None


def test_long_rational_numbers_are_left_out():
    arch = Architecture((20, 2), (5, 1))
    stratum = Stratum.of_layers(arch)
    doubles = exact_gram(gram_matrix("ar1:0.3", arch.filter_size).array.tolist())
    assert least_by_eigenvalues(stratum, doubles) == 78
    assert number_at_once(stratum, doubles, 78) is None


def test_doubles_near_special_data_are_not_special():
    """ρ = 0.3 is no double: the doubles have all 39 points, 16 of them far away."""
    stratum = Stratum.of_layers(Architecture((3, 3), (2, 1)))
    doubles = gram_matrix("ar1:0.3", 7).array.tolist()
    assert not gives_all_points(stratum, doubles, 23)
    assert gives_all_points(stratum, gram_matrix("ar1:0.5", 7).array.tolist(), 23)


def test_elimination_modulo_a_prime_solves_systems():
    rows = echelon_modulo([[2, 1, 5], [1, 3, 10], [3, 4, 15]], 101)
    assert rows == {0: [1, 0, 1], 1: [0, 1, 3]}

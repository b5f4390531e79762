"""One filter of a network of any supports, and the function space: against filters of known layers."""

from __future__ import annotations

import json
from fractions import Fraction
from itertools import product
from math import factorial

import numpy as np
import pytest

import homotopy_lcn as hl
from homotopy_lcn.cli.program import main
from homotopy_lcn.geometry.support_factors import are_on_boundary, rational_layers
from homotopy_lcn.geometry.support_spaces import describe_support_space
from homotopy_lcn.networks.parameters import jacobian
from homotopy_lcn.solving import support_filters

CORNER = ((0, 0), (0, 1), (1, 0))
NETWORKS = {
    "(2×2)*(2×2)": hl.Architecture(filters=((2, 2), (2, 2)), strides=(1, 1)),
    "(2×1)*(2×2), strides": hl.Architecture(filters=((2, 1), (2, 2)), strides=((1, 2), (1, 1))),
    "(2×1)*(2×1)*(2×2)": hl.Architecture(filters=((2, 1), (2, 1), (2, 2)), strides=(1, 1, 1)),
    "{0,1,3}*{0,1}": hl.Architecture(supports=((0, 1, 3), (0, 1))),
    "L*1*L": hl.Architecture(supports=(CORNER, ((0, 0),), CORNER)),
}
every_network = pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)


def exact_product(network, theta):
    w = [Fraction(0)] * network.filter_size
    for choice in product(*(range(size) for size in network.layer_sizes)):
        value = Fraction(1)
        for layer, j in enumerate(choice):
            value *= theta[layer][j]
        w[sum(network.exponents[layer][j] for layer, j in enumerate(choice))] += value
    return w


def random_layer(rng, size):
    return [Fraction(int(n), int(d)) for n, d in zip(rng.integers(-9, 10, size), rng.integers(1, 9, size), strict=True)]


@every_network
def test_filters_of_real_layers_are_in_the_function_space(network):
    rng = np.random.default_rng(3)
    theta = [rng.standard_normal(size) for size in network.layer_sizes]
    w = 7 * network.mu(theta)
    facts = hl.describe_filter(network, w)
    assert (facts.in_closure, facts.in_function_space, facts.exact) == (True, True, False)
    assert hl.is_in_function_space(network, w) is True
    assert facts.complex_parameters == describe_support_space(network).fibre
    for found in facts.parameters:
        np.testing.assert_allclose(network.mu(found), w, atol=1e-9 * np.abs(w).max())
    rank = np.linalg.matrix_rank(jacobian(network, facts.parameters[0]))
    assert rank == network.dimension
    assert facts.smooth is True
    assert hl.is_in_function_space(network, w + 0.01 * rng.standard_normal(len(w))) is (network.dimension == len(w))


@every_network
def test_rational_layers_are_found_exactly(network):
    rng = np.random.default_rng(5)
    theta = [[Fraction(int(n), int(d)) for n, d in rng.integers(1, 9, (size, 2))] for size in network.layer_sizes]
    w = exact_product(network, theta)
    layers = rational_layers(network, w)
    assert layers is not None
    np.testing.assert_allclose(network.mu([np.array(layer, float) for layer in layers]), np.array(w, float))
    facts = hl.describe_filter(network, w)
    assert facts.exact
    assert facts.in_function_space
    w[network.support[1]] += Fraction(1, 7)
    assert rational_layers(network, w) is None or network.dimension == len(network.support)


def test_a_pair_of_conjugate_layers_is_in_the_closure_only():
    network = NETWORKS["(2×2)*(2×2)"]
    layer = np.array([1, 2 - 1j, 3j, 1 + 1j])
    w = network.mu([layer, layer.conj()]).real
    facts = hl.describe_filter(network, w)
    assert (facts.in_closure, facts.in_function_space, facts.smooth, facts.parameters) == (True, False, True, ())
    assert facts.complex_parameters == 2
    assert describe_support_space(network).closed is False
    exact = hl.describe_filter(network, [str(round(value)) for value in w])
    assert (exact.in_function_space, exact.exact) == (False, False)


def test_squares_and_products_that_can_be_read_in_two_ways_are_singular():
    network = NETWORKS["(2×2)*(2×2)"]
    square = hl.describe_filter(network, network.mu([[1, 2, 3, -1]] * 2))
    assert (square.in_function_space, square.smooth) == (True, False)
    network = hl.Architecture(filters=((2, 1), (2, 2)), strides=(1, 1))
    one, other, across = [1.0, 2.0], [1.0, -3.0], np.array([2.0, 5.0])
    facts = hl.describe_filter(network, network.mu([one, np.outer(other, across).ravel()]))
    assert facts.in_function_space
    assert facts.complex_parameters == len(facts.parameters) == 2  # either factor may be the first layer
    assert facts.smooth is False


SQUARES = {
    "(2×2)*(2×2)": NETWORKS["(2×2)*(2×2)"],
    "{0,1,3}*{0,1,3}": hl.Architecture(supports=((0, 1, 3), (0, 1, 3))),
    "L*L*row": hl.Architecture(supports=((CORNER,) * 2 + (((0, 0), (0, 1)),))),
}


@pytest.mark.parametrize("name", SQUARES)
@pytest.mark.parametrize("seed", range(3))
def test_where_equal_layers_meet_the_filter_is_on_the_boundary(name, seed):
    """Nearby, the two layers are a conjugate pair, and the filter is in the closure but not in M."""
    network, rng = SQUARES[name], np.random.default_rng(seed)
    layer, other = random_layer(rng, network.layer_sizes[0]), random_layer(rng, network.layer_sizes[0])
    rest = [random_layer(rng, size) for size in network.layer_sizes[2:]]
    w = exact_product(network, [layer, [-2 * value for value in layer], *rest])
    facts = hl.describe_filter(network, w)
    assert (facts.exact, facts.in_function_space, facts.interior, facts.smooth) == (True, True, False, False)
    by_doubles = hl.describe_filter(network, np.array(w, float))
    assert by_doubles.in_function_space
    assert by_doubles.interior is not True
    turned = exact_product(network, [other, [-2 * value for value in other], *rest])
    nearby = [a + b / 10**4 for a, b in zip(w, turned, strict=True)]  # −2 (u² + ε² q²)
    there = hl.describe_filter(network, nearby)
    assert (there.in_closure, there.in_function_space) == (True, False)


@pytest.mark.parametrize("seed", range(3))
def test_parallel_segments_are_on_the_boundary_where_real_roots_meet(seed):
    network, rng = hl.Architecture(filters=((2, 1), (2, 1), (2, 2)), strides=(1, 1, 1)), np.random.default_rng(seed)
    root, box = random_layer(rng, 2), random_layer(rng, 4)
    facts = hl.describe_filter(network, exact_product(network, [root, [3 * value for value in root], box]))
    assert (facts.exact, facts.in_function_space, facts.interior) == (True, True, False)
    apart = hl.describe_filter(network, exact_product(network, [root, [-root[1], root[0]], box]))
    assert (apart.in_function_space, apart.interior) == (True, True)


def test_where_real_branches_meet_the_filter_is_interior():
    """The first layer is one of two real factors, so that real filters nearby have a real factor near it."""
    network, rng = hl.Architecture(filters=((2, 1), (2, 2)), strides=(1, 1)), np.random.default_rng(4)
    one, other, across = [1.0, 2.0], [1.0, -3.0], np.array([2.0, 5.0])
    w = network.mu([one, np.outer(other, across).ravel()])
    facts = hl.describe_filter(network, w)
    assert (facts.complex_parameters, facts.interior, facts.smooth) == (2, True, False)
    for theta in facts.parameters:
        moved = [layer + 1e-3 * rng.standard_normal(len(layer)) for layer in theta]
        assert hl.is_in_function_space(network, network.mu(moved))
    pair = np.array([1.0, 1j])  # the factors are a conjugate pair: no θ is real
    apart = hl.describe_filter(network, network.mu([pair, np.outer(pair.conj(), across).ravel()]).real)
    assert (apart.in_closure, apart.in_function_space, apart.interior) == (True, False, None)


def test_layers_on_the_boundary_are_told_without_a_solve(monkeypatch):
    """Where there are too many critical filters, the layers still decide."""
    monkeypatch.setattr(support_filters, "MOST_FILTERS", 1)
    network = NETWORKS["(2×2)*(2×2)"]
    layers = [[Fraction(value) for value in (1, 2, 3, -1)], [Fraction(value) for value in (1, 2, 3, 1)]]
    assert hl.describe_filter(network, exact_product(network, layers)).interior is None
    assert hl.describe_filter(network, exact_product(network, layers[:1] * 2)).interior is False


@pytest.mark.parametrize(
    ("layers", "meeting"),
    [
        ([(1, 0, 1), (1, 1)], False),  # one real root is enough
        ([(1, 0, 1), (0, 1)], False),  # the root zero
        ([(1, 0, 1), (1, 0)], False),  # the root at infinity
        ([(1, 2, 1), (1, 1)], False),  # a triple root stays real
        ([(1, 2, 1), (2, 1)], False),
    ],
)
def test_real_roots_of_segments(layers, meeting):
    network = hl.Architecture(filters=((3, 1), (2, 1), (1, 2)), strides=(1, 1, 1))
    theta = tuple(tuple(map(Fraction, layer)) for layer in (*layers, (1, 1)))
    assert are_on_boundary(network, theta) is meeting
    network = hl.Architecture(filters=((2, 1), (2, 1), (1, 2)), strides=(1, 1, 1))
    for one, other, expected in (((1, 1), (2, 2), True), ((1, 0), (3, 0), True), ((1, 0), (0, 1), False)):
        theta = tuple(tuple(map(Fraction, layer)) for layer in (one, other, (1, 1)))
        assert are_on_boundary(network, theta) is expected


def test_degrees_are_those_of_linear_sections():
    """As many filters of a random line of linear conditions as the degree says, by a resultant."""
    network = NETWORKS["{0,1,3}*{0,1}"]  # dimension 4 in five coefficients: a hypersurface in P^4
    space = hl.describe_function_space(network)
    rng = np.random.default_rng(1)
    start, step = rng.standard_normal((2, 5))
    # w = start + t·step has a root r with a quotient without x²: two equations, linear in t. Without t, they are a
    # polynomial in r, whose coefficients are found from its values on the circle.
    samples = np.exp(2j * np.pi * np.arange(64) / 64)
    values = []
    for r in samples:  # the coefficient of x² in the quotient is −(w_0 + w_1 r + w_2 r²)/r³
        first = [start @ r ** np.arange(5), step @ r ** np.arange(5)]
        powers = np.array([1, r, r**2, 0, 0])
        second = [start @ powers, step @ powers]
        values.append(first[0] * second[1] - first[1] * second[0])
    coefficients = np.fft.fft(values) / 64
    size = np.abs(coefficients).max()
    degree = max(np.flatnonzero(np.abs(coefficients[:32]) > 1e-10 * size))
    lowest = min(np.flatnonzero(np.abs(coefficients[:32]) > 1e-10 * size))
    assert space.degree == degree - lowest
    assert (space.thick, space.fibre) == (False, 1)


def test_spaces():
    boxes = hl.describe_function_space(NETWORKS["(2×2)*(2×2)"])
    assert (boxes.degree, boxes.fibre, boxes.fibre_orbits) == (factorial(6) // 36 // 2, 2, 1)
    apart = hl.describe_function_space(hl.Architecture(filters=((2, 2), (2, 2)), strides=(2, 1)))
    assert (apart.smooth, apart.closed, apart.degree) == (True, True, 20)
    ordinary = hl.describe_function_space(hl.Architecture(filters=((1, 3), (1, 2)), strides=(1, 1)))
    assert ordinary == hl.describe_function_space(hl.Architecture((3, 2), (1, 1)))
    assert hl.is_in_function_space(hl.Architecture(filters=((1, 2), (1, 2)), strides=(1, 1)), [1, 0, 1]) is False


def test_filters_off_the_support_and_zero():
    network = NETWORKS["L*1*L"]
    assert hl.describe_filter(network, np.eye(9)[8]).in_closure is False
    assert hl.describe_filter(network, np.zeros(9)).in_function_space
    with pytest.raises(hl.InputError, match="filter: is not real"):
        hl.describe_filter(network, np.full(9, 1j))


def test_command(capsys):
    words = ["geometry", "--supports", "0,1,3;0,1", "--filter", "1,1,-2,3,-3"]
    assert main(words) == 0
    text = capsys.readouterr().out
    assert "dim M           4: thin, of codimension 1" in text
    assert "in M            yes, exactly: (-1, -2, -3) * (-1, 1)" in text
    assert main([*words, "--json", "-", "--tolerance", "1e-8"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["degree"] == 3
    assert document["filter"]["in_function_space"] is True
    assert document["filter"]["exact"] is False
    assert main([*words, "--parameters", "1,2,3;1,2"]) == 2
    assert "--parameters: given for supports {0,1,3}, {0,1}" in capsys.readouterr().err
    assert main(["geometry", "-k", "1x2,1x2", "-s", "1,1", "--filter", "1,0,1"]) == 0
    assert "generic fibre" in capsys.readouterr().out


def test_where_filters_are_tensor_products_all_are_smooth():
    """Two segments along the rows and one along the columns: matrices of rank one, whatever the roots are."""
    network = hl.Architecture(filters=((2, 1), (2, 1), (1, 2)), strides=(1, 1, 1))
    assert network.is_tensor_product
    assert not network.has_distinct_positions
    assert not hl.Architecture(filters=((2, 2), (2, 1)), strides=(1, 1)).is_tensor_product
    for first in ([1.0, 2.0], [3.0, 1.0]):
        facts = hl.describe_filter(network, network.mu([[3.0, 1.0], first, [1.0, -1.0]]))
        assert (facts.in_function_space, facts.smooth, facts.interior) == (True, True, first != [3.0, 1.0])

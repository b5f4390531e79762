from __future__ import annotations

import copy
import pickle
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import convolve2d

from homotopy_lcn import Architecture, InputError
from homotopy_lcn.networks.architecture import Block
from homotopy_lcn.networks.parameters import gradient, hessian, jacobian
from homotopy_lcn.networks.support_networks import SupportNetwork

CORNER = ((0, 0), (0, 1), (1, 0))
NETWORKS = [
    Architecture(filters=((2, 2), (3, 2)), strides=((1, 2), (1, 1))),
    Architecture(filters=((2, 2), (2, 1), (1, 3)), strides=((2, 1), (1, 3), (1, 1))),
    Architecture(supports=(CORNER, CORNER)),
    Architecture(supports=((0, 1, 3), (0, 1))),
    Architecture(filters=((2, 1, 2), (1, 2, 2)), strides=(1, 2)),
]


def theta_of(network, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.standard_normal(size) for size in network.layer_sizes]


def product_of_polynomials(network, theta):
    """The end-to-end filter as an array, from the definition: a dictionary of exponents."""
    terms, steps = {(0,) * network.axes: 1.0}, (1,) * network.axes
    for support, stride, layer in zip(network.supports, network.strides, theta, strict=True):
        longer = {}
        for (exponent, value), (point, weight) in product(terms.items(), zip(support, layer, strict=True)):
            place = tuple(e + s * p for e, s, p in zip(exponent, steps, point, strict=True))
            longer[place] = longer.get(place, 0.0) + value * weight
        terms, steps = longer, tuple(a * b for a, b in zip(steps, stride, strict=True))
    result = np.zeros(network.shape)
    for exponent, value in terms.items():
        result[exponent] = value
    return result


def forward(image, layers, network):
    """The network itself: each layer a cross-correlation in "valid" mode, then the stride."""
    for shape, stride, layer in zip(network.filters, network.strides, layers, strict=True):
        kernel = layer.reshape(shape)
        image = convolve2d(image, kernel[::-1, ::-1], mode="valid")[:: stride[0], :: stride[1]]
    return image


@pytest.mark.parametrize("network", NETWORKS, ids=repr)
def test_the_filter_is_the_product_of_the_polynomials(network):
    theta = theta_of(network)
    np.testing.assert_allclose(network.mu(theta), product_of_polynomials(network, theta).ravel(), atol=1e-14)
    assert len(network.mu(theta)) == network.filter_size == np.prod(network.shape)


@pytest.mark.parametrize("network", NETWORKS[:2], ids=repr)
def test_the_end_to_end_filter_is_that_of_the_layers_of_scipy(network):
    theta, image = theta_of(network), np.random.default_rng(1).standard_normal((17, 19))
    outputs = forward(image, theta, network)
    end_to_end = network.mu(theta).reshape(network.shape)
    whole = convolve2d(image, end_to_end[::-1, ::-1], mode="valid")
    np.testing.assert_allclose(outputs, whole[:: network.total_stride[0], :: network.total_stride[1]], atol=1e-12)


@pytest.mark.parametrize("network", NETWORKS, ids=repr)
def test_derivatives_are_difference_quotients(network):
    rng, theta = np.random.default_rng(2), theta_of(network)
    size = network.filter_size
    root = rng.standard_normal((size, size))
    gram, b = root @ root.T, rng.standard_normal(size)
    ends = np.cumsum(network.layer_sizes)[:-1]

    def loss(flat):
        w = network.mu(np.split(flat, ends))
        return w @ gram @ w - 2 * b @ w

    flat, step = np.concatenate(theta), 1e-5
    units = np.eye(len(flat)) * step
    slopes = np.array([(loss(flat + unit) - loss(flat - unit)) / (2 * step) for unit in units])
    found = np.concatenate(gradient(network, theta, gram, b))
    np.testing.assert_allclose(found, slopes, rtol=1e-6, atol=1e-6)
    columns = [network.mu(np.split(flat + u, ends)) - network.mu(np.split(flat - u, ends)) for u in units]
    np.testing.assert_allclose(jacobian(network, theta), np.array(columns).T / (2 * step), atol=1e-7)
    rows = [
        np.concatenate(gradient(network, np.split(flat + u, ends), gram, b))
        - np.concatenate(gradient(network, np.split(flat - u, ends), gram, b))
        for u in units
    ]
    np.testing.assert_allclose(hessian(network, theta, gram, b), np.array(rows) / (2 * step), rtol=1e-5, atol=1e-4)


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(1, 3)), min_size=1, max_size=4))
def test_an_ordinary_network_is_the_same_however_it_is_written(layers):
    sizes, strides = zip(*layers, strict=True)
    ordinary = Architecture(sizes, strides)
    supports = Architecture(supports=[range(size) for size in sizes], strides=strides)
    shapes = Architecture(filters=[(size,) for size in sizes], strides=strides)
    assert type(supports) is type(shapes) is Architecture
    assert supports == shapes == ordinary
    assert hash(supports) == hash(ordinary)
    assert repr(supports) == repr(ordinary)


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(1, 3)), min_size=1, max_size=4), st.booleans())
def test_boxes_along_one_axis_are_the_ordinary_network(layers, upright):
    sizes, strides = zip(*layers, strict=True)
    pairs = [((k, 1), (s, 1)) if upright else ((1, k), (1, s)) for k, s in layers]
    network = Architecture(filters=[shape for shape, _ in pairs], strides=[step for _, step in pairs])
    assert isinstance(network, SupportNetwork)
    twin, ordinary = network.one_dimensional, Architecture(sizes, strides)
    assert twin is not None
    assert twin.filter_size == ordinary.filter_size
    assert [k for k in twin.filters if k > 1] == [k for k in sizes if k > 1]
    assert twin.blocks == ordinary.blocks or ordinary.blocks == () or ordinary.blocks[0].dilation > 1
    theta = theta_of(network)
    np.testing.assert_array_equal(network.mu(theta), ordinary.mu(theta))


def test_rank_one_matrices_are_the_ordinary_network_of_the_tensor_product():
    network = Architecture(filters=((1, 2), (2, 1)), strides=(1, 1))
    assert network.one_dimensional == Architecture((2, 2), (2, 1))
    assert network.pattern_totals == (1, 1)
    assert Architecture(supports=((0, 1, 3), (0, 1))).one_dimensional is None
    assert Architecture(supports=((0, 2), (0, 3))).one_dimensional is None


def test_dimensions_strides_and_shapes():
    network = NETWORKS[0]
    assert (network.filters, network.strides) == (((2, 2), (3, 2)), ((1, 2), (1, 1)))
    assert (network.axes, network.depth, network.shape, network.total_stride) == (2, 2, (4, 4), (1, 2))
    assert (network.layer_sizes, network.dimension) == ((4, 6), 9)
    assert Architecture(filters=((2, 2), (2, 2)), strides=(2, 1)).strides == ((2, 2), (1, 1))
    assert NETWORKS[3].filters is None
    assert NETWORKS[3].support == (0, 1, 2, 3, 4)
    assert Architecture(supports=((0, 2), (0, 3))).support == (0, 2, 3, 5)


@pytest.mark.parametrize("network", NETWORKS, ids=repr)
def test_copies_are_equal(network):
    assert pickle.loads(pickle.dumps(network)) == copy.deepcopy(network) == network
    assert hash(copy.copy(network)) == hash(network)
    assert eval(repr(network)) == network
    assert network != Architecture((2, 2), (1, 1))


def test_boxes_are_equal_to_their_supports():
    points = tuple(product(range(2), range(2)))
    assert Architecture(supports=(points, points[::-1])) == Architecture(filters=((2, 2), (2, 2)), strides=(1, 1))
    assert Architecture(supports=(CORNER, CORNER), strides=(2, 1)) != Architecture(supports=(CORNER, CORNER))


def test_dictionaries():
    assert NETWORKS[0].to_dict() == {
        "filters": [[2, 2], [3, 2]], "strides": [[1, 2], [1, 1]], "filter_size": 16, "shape": [4, 4],
    }  # fmt: skip
    assert NETWORKS[3].to_dict()["supports"] == [[[0], [1], [3]], [[0], [1]]]


def test_groups_are_parallel_segments_and_equal_supports():
    network = Architecture(supports=(((0, 0), (1, 1)), CORNER, ((0, 0), (1, 1), (2, 2)), CORNER, ((0, 0),)))
    assert [(group.layers, group.segment) for group in network.groups] == [((0, 2), True), ((1, 3), False)]
    assert network.pattern_totals == (3, 2)
    steps = Architecture(supports=((0, 1, 3), (0, 1)), strides=(1, 1))
    assert [group.layers for group in steps.groups] == [(0,), (1,)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"filters": ((2, 2), (3,)), "strides": (1, 1)}, "filters: layers of 1 and 2 dimensions"),
        ({"filters": ((2, 2), 3), "strides": (1, 1)}, "filters: layers of 1 and 2 dimensions"),
        ({"filters": ((2, 0),), "strides": (1,)}, r"filters\[0\]: 0 is not a positive integer"),
        ({"filters": ((2, 2),)}, "strides: None is not a sequence"),
        ({"filters": ((2, 2),), "strides": (1, 1)}, "strides: 2 given for 1 filters"),
        ({"filters": ((2, 2),), "strides": ((1, -1),)}, r"strides\[0\]: -1 is not a positive integer"),
        ({"filters": ((2, 2),), "strides": ((1,),)}, r"strides\[0\]: 1 number; expected 2"),
        ({"filters": ((20_000, 20_000),), "strides": (1,)}, r"filters\[0\]: 400000000 coefficients"),
        ({"filters": ((2, 2),), "supports": ((0, 1),)}, "supports: given together with filters"),
        ({"supports": "0,1"}, "supports: '0,1' given; expected a sequence of points"),
        ({"supports": ()}, "supports: empty"),
        ({"supports": ((),)}, r"supports\[0\]: empty"),
        ({"supports": (3,)}, r"supports\[0\]: 3 is not a sequence"),
        ({"supports": ((0, 0.5),)}, r"supports\[0\]: 0.5 is not a point"),
        ({"supports": ((0, "a"),)}, r"supports\[0\]: 'a' is not a point"),
        ({"supports": ((0, 1, 1), (0, 1))}, r"supports\[0\]: the point 1 is there twice"),
        ({"supports": ((0, 1), (1, 2))}, r"supports\[1\]: its least coordinate on axis 0 is 1; expected 0"),
        ({"supports": ((-1, 0),)}, r"supports\[0\]: -1 has a negative coordinate"),
        ({"supports": ((0, (0, 1)),)}, r"supports\[0\]: points of 1 and of 2 coordinates"),
        ({"supports": ((0, 1), ((0, 0), (0, 1)))}, "supports: layers of 1 and 2 dimensions"),
        ({"supports": (range(10_000),)}, r"supports\[0\]: more than 2000 points"),
    ],
)
def test_arguments_that_are_no_network_are_refused_in_one_line(arguments, message):
    with pytest.raises(InputError, match=message) as error:
        Architecture(**arguments)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["blocks", "dilations", "grid", "layer_degrees", "reduced", "stride", "is_reduced"])
def test_properties_of_ordinary_networks_are_refused_with_the_reason(name):
    assert isinstance(Architecture((2, 2), (1, 1)).blocks[0], Block)
    with pytest.raises(InputError, match=r"arch: k = \(2×2,3×2\), s = \(1×2,1×1\) is no ordinary network"):
        getattr(NETWORKS[0], name)


def test_notebooks_show_the_network():
    assert "k = (2×2,3×2), s = (1×2,1×1)" in NETWORKS[0]._repr_html_()
    assert "supports {0,1,3}, {0,1}" in NETWORKS[3]._repr_html_()

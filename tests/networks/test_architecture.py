from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homotopy_lcn import Architecture, InputError

architectures = st.lists(st.tuples(st.integers(1, 4), st.integers(1, 3)), min_size=1, max_size=4).map(
    lambda layers: Architecture(*zip(*layers, strict=True))
)


def correlate(x, filter_, stride):
    """One layer, by its definition, applied to the columns of x."""
    outputs = (len(x) - len(filter_)) // stride + 1
    return np.array([filter_ @ x[i * stride : i * stride + len(filter_)] for i in range(outputs)])


def network_matrix(architecture, theta, width):
    """The network as a matrix, built layer by layer: rows are outputs."""
    x = np.eye(width)
    for filter_, stride in zip(theta, architecture.strides, strict=True):
        x = correlate(x, filter_, stride)
    return x


def random_parameters(architecture, rng):
    return [rng.standard_normal(k) for k in architecture.filters]


def end_to_end(architecture, theta):
    """The end-to-end filter of theta, and its Jacobian: multilinearity gives the columns."""
    width = architecture.filter_size
    jacobian = []
    for layer, filter_ in enumerate(theta):
        for unit in np.eye(len(filter_)):
            changed = [*theta[:layer], unit, *theta[layer + 1 :]]
            jacobian.append(network_matrix(architecture, changed, width)[0])
    return network_matrix(architecture, theta, width)[0], np.array(jacobian).T


@settings(deadline=None)
@given(architectures)
def test_the_support_is_where_a_random_filter_is_not_zero(architecture):
    theta = random_parameters(architecture, np.random.default_rng(0))
    (filter_,) = network_matrix(architecture, theta, architecture.filter_size)
    assert architecture.support == tuple(np.flatnonzero(filter_).tolist())


def test_the_support_may_have_gaps():
    assert Architecture((3, 2, 2), (2, 3, 1)).support == (0, 1, 2, 3, 4, 6, 7, 8, 9, 10)
    assert Architecture((2, 2), (3, 1)).support == (0, 1, 3, 4)
    assert Architecture((1, 3), (2, 1)).support == (0, 2, 4)
    assert Architecture((1,), (2,)).support == (0,)


@settings(deadline=None)
@given(architectures)
def test_filter_size_and_stride_are_those_of_the_composition(architecture):
    theta = random_parameters(architecture, np.random.default_rng(0))
    size, stride = architecture.filter_size, architecture.stride
    matrix = network_matrix(architecture, theta, size + 2 * stride)
    assert len(matrix) == 3
    nonzero = np.flatnonzero(matrix[0])
    assert (nonzero[0], nonzero[-1]) == (0, size - 1)
    np.testing.assert_allclose(matrix[1], np.roll(matrix[0], stride), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(matrix[2], np.roll(matrix[0], 2 * stride), rtol=1e-12, atol=1e-12)


@settings(deadline=None)
@given(architectures)
def test_no_output_below_the_filter_size(architecture):
    theta = random_parameters(architecture, np.random.default_rng(0))
    x = np.ones(architecture.filter_size - 1)
    for filter_, stride in zip(theta, architecture.strides, strict=True):
        x = correlate(x, filter_, stride) if len(x) >= len(filter_) else np.empty(0)
    assert len(x) == 0


@settings(deadline=None)
@given(architectures)
def test_dimension_is_the_generic_rank_of_the_parametrization(architecture):
    theta = random_parameters(architecture, np.random.default_rng(1))
    _, jacobian = end_to_end(architecture, theta)
    assert np.linalg.matrix_rank(jacobian, tol=1e-9 * np.linalg.norm(jacobian)) == architecture.dimension
    assert architecture.reduced.dimension == architecture.dimension
    assert architecture.dimension == 1 + sum(block.degree for block in architecture.blocks)


@settings(deadline=None)
@given(architectures)
def test_reduced_is_idempotent_and_keeps_size_stride_and_blocks(architecture):
    reduced = architecture.reduced
    assert reduced.is_reduced
    assert reduced.reduced == reduced
    assert reduced.filter_size == architecture.filter_size
    assert reduced.stride == architecture.stride
    assert reduced.blocks == architecture.blocks
    dilations = [block.dilation for block in architecture.blocks]
    assert all(later % earlier == 0 and later > earlier for earlier, later in pairwise(dilations))


@settings(deadline=None)
@given(architectures)
def test_every_filter_is_one_of_the_reduced_architecture(architecture):
    theta = random_parameters(architecture, np.random.default_rng(2))
    value, _ = end_to_end(architecture, theta)
    factors = {dilation: np.ones(1) for dilation in architecture.reduced.dilations}
    scale = 1.0
    for filter_, dilation in zip(theta, architecture.dilations, strict=True):
        if len(filter_) == 1:
            scale *= filter_[0]
        else:
            factors[dilation] = np.convolve(factors[dilation], filter_)
    merged = [factors[dilation] for dilation in architecture.reduced.dilations]
    assert tuple(map(len, merged)) == architecture.reduced.filters
    reduced_value, _ = end_to_end(architecture.reduced, merged)
    np.testing.assert_allclose(scale * reduced_value, value, rtol=1e-9, atol=1e-12)


@settings(deadline=None)
@given(architectures)
def test_filters_vanish_off_the_grid(architecture):
    theta = random_parameters(architecture, np.random.default_rng(3))
    support = np.flatnonzero(end_to_end(architecture, theta)[0])
    assert architecture.grid == max(1, np.gcd.reduce(support))


@settings(deadline=None)
@given(architectures)
def test_layers_of_a_block_share_its_dilation_and_add_up_to_its_degree(architecture):
    groups = zip(architecture.blocks, architecture.layers_by_block, architecture.layer_degrees, strict=True)
    listed = []
    for block, layers, degrees in groups:
        assert {architecture.dilations[layer] for layer in layers} == {block.dilation}
        assert degrees == tuple(architecture.filters[layer] - 1 for layer in layers)
        assert sum(degrees) == block.degree
        listed += layers
    assert listed == [layer for layer, k in enumerate(architecture.filters) if k > 1]


def test_example_of_the_paper():
    architecture = Architecture((2, 2, 2), (1, 2, 1))
    assert (architecture.filter_size, architecture.stride, architecture.dimension, architecture.depth) == (5, 2, 4, 3)
    assert architecture.dilations == (1, 1, 2)
    assert architecture.blocks == ((2, 1), (1, 2))
    assert architecture.layers_by_block == ((0, 1), (2,))
    assert architecture.reduced == Architecture((3, 2), (2, 1))
    assert not architecture.is_reduced
    assert repr(architecture) == "Architecture(filters=(2, 2, 2), strides=(1, 2, 1))"


@pytest.mark.parametrize(
    ("filters", "strides", "size", "stride", "blocks", "reduced"),
    [
        ((1,), (1,), 1, 1, (), ((1,), (1,))),
        ((4,), (3,), 4, 3, ((3, 1),), ((4,), (3,))),
        ((3, 2), (2, 5), 5, 10, ((2, 1), (1, 2)), ((3, 2), (2, 5))),
        ((2, 1, 2), (2, 3, 1), 8, 6, ((1, 1), (1, 6)), ((2, 2), (6, 1))),
        ((1, 2, 2), (2, 2, 1), 7, 4, ((1, 2), (1, 4)), ((1, 2, 2), (2, 2, 1))),
        ((1, 1), (2, 3), 1, 6, (), ((1,), (6,))),
    ],
)
def test_single_layers_size_one_filters_and_trailing_strides(filters, strides, size, stride, blocks, reduced):
    architecture = Architecture(filters, strides)
    assert (architecture.filter_size, architecture.stride) == (size, stride)
    assert architecture.blocks == blocks
    assert architecture.reduced == Architecture(*reduced)


def test_equal_architectures_from_any_integer_sequences():
    architecture = Architecture((3, 2), (2, 1))
    for filters in ([3, 2], np.array([3, 2]), iter((3, 2)), np.array([3, 2], dtype=np.uint8)):
        other = Architecture(filters, [2, 1])
        assert other == architecture
        assert hash(other) == hash(architecture)
        assert all(type(k) is int for k in other.filters)


@pytest.mark.parametrize(
    ("filters", "strides", "message"),
    [
        ((3, 2), (1,), "strides: 1 given for 2 filters; expected one stride for each filter"),
        ((3,), (1, 1), "strides: 2 given for 1 filters; expected one stride for each filter"),
        ((), (), "filters: empty; expected a sequence of integers, each at least 1"),
        ((3,), (), "strides: empty; expected a sequence of integers, each at least 1"),
        ((3, 0), (1, 1), "filters: 0 is not a positive integer; expected a sequence of integers, each at least 1"),
        ((3, 2), (-1, 1), "strides: -1 is not a positive integer; expected a sequence of integers, each at least 1"),
        ((2.0, 2), (1, 1), "filters: 2.0 is not an integer; expected a sequence of integers, each at least 1"),
        ((2, 2), (1, 1.5), "strides: 1.5 is not an integer; expected a sequence of integers, each at least 1"),
        (
            (2, True),
            (1, 1),
            "filters: True is not a positive integer; expected a sequence of integers, each at least 1",
        ),
        ((2, "2"), (1, 1), "filters: '2' is not an integer; expected a sequence of integers, each at least 1"),
        ((2, None), (1, 1), "filters: None is not an integer; expected a sequence of integers, each at least 1"),
        (
            "3,2",
            (1, 1),
            "filters: '3,2' is not a sequence of integers; expected a sequence of integers, each at least 1",
        ),
        (
            b"32",
            (1, 1),
            "filters: b'32' is not a sequence of integers; expected a sequence of integers, each at least 1",
        ),
        (3, (1,), "filters: 3 is not a sequence; expected a sequence of integers, each at least 1"),
        ((3,), None, "strides: None is not a sequence; expected a sequence of integers, each at least 1"),
    ],
)
def test_bad_input_is_named(filters, strides, message):
    with pytest.raises(InputError) as caught:
        Architecture(filters, strides)
    assert str(caught.value) == message


def test_immutable():
    with pytest.raises(AttributeError):
        Architecture((2,), (1,)).filters = (3,)

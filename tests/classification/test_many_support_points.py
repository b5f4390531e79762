"""Many critical points of networks of any supports: classes, filters, ranks, and what is in doubt."""

from __future__ import annotations

import numpy as np
import pytest

import homotopy_lcn as hl
from homotopy_lcn.classification.many_support_points import (
    Classes,
    Margins,
    Parameters,
    filter_groups,
    ranks_in_doubt,
    real_filters,
)
from homotopy_lcn.classification.support_points import patterns_of
from homotopy_lcn.networks.parameters import balance, compose, jacobian

CORNER = ((0, 0), (0, 1), (1, 0))
EQUAL = hl.Architecture(supports=(CORNER, CORNER))


def as_parameters(thetas, number):
    layers = [np.array([theta[layer] for theta in thetas], complex) for layer in range(2)]
    balanced = balance(layers, np.ones(len(thetas), complex))
    return Parameters(EQUAL, balanced, compose(EQUAL, balanced), number)


def random_thetas(count, equal=False, seed=0):
    rng = np.random.default_rng(seed)
    first = rng.standard_normal((count, 3)) + 1j * rng.standard_normal((count, 3))
    second = first if equal else rng.standard_normal((count, 3)) + 1j * rng.standard_normal((count, 3))
    return list(zip(first, second, strict=True))


def test_parameters_are_sorted_by_filter_and_class():
    """13 filters with two parameters each, exchanged, and 13 squares: as many as the count says."""
    table = hl.generic_count(EQUAL)
    assert [(row.count, row.factorizations) for row in table] == [(13, 2), (13, 1)]
    different = random_thetas(13)
    thetas = [*different, *(theta[::-1] for theta in different), *random_thetas(13, equal=True, seed=1)]
    order = np.random.default_rng(2).permutation(39)
    found = as_parameters([thetas[place] for place in order], 39)
    groups = filter_groups(found, table)
    assert not groups.doubtful.any()
    expected = patterns_of(EQUAL, found.layers)
    assert [table.rows[row].pattern for row in groups.classes.rows] == expected
    names = np.array([place % 13 if place < 26 else place for place in order])
    for place, leader in enumerate(groups.leaders):
        assert leader == np.flatnonzero(names == names[place])[0]


@pytest.mark.parametrize("change", ["lost", "twice", "near", "wrong class"])
def test_a_data_set_with_anything_wrong_is_in_doubt(change):
    table = hl.generic_count(EQUAL)
    different, squares = random_thetas(13), random_thetas(13, equal=True, seed=1)
    thetas = [*different, *(theta[::-1] for theta in different), *squares]
    good = list(thetas)
    if change == "lost":
        thetas[0] = random_thetas(1, seed=5)[0]
    elif change == "twice":
        thetas[13] = thetas[0]
    elif change == "near":
        thetas[1] = tuple(layer * (1 + 1e-7) for layer in thetas[0])
    else:
        thetas[26] = random_thetas(1, seed=5)[0]
    groups = filter_groups(as_parameters([*good, *thetas], 39), table)
    assert groups.doubtful.tolist() == [False, True]


@pytest.mark.parametrize("equal", [False, True])
def test_ranks(equal):
    """At random parameters the rank is that of the class; where different layers nearly coincide it is not."""
    thetas = random_thetas(20, equal=equal)
    if not equal:
        base = thetas[0][0]
        thetas[0] = (base, base * 2j + 3e-7)
    found = as_parameters(thetas, len(thetas))
    table = hl.generic_count(EQUAL)
    classes = Classes(np.full(20, int(equal)), tuple(row.pattern for row in table))
    doubts = ranks_in_doubt(
        EQUAL, found.layers, jacobian(EQUAL, found.layers), classes, Margins(equal=1e-12, regular=1e-5)
    )
    assert doubts.tolist() == [not equal] + [False] * 19


def test_a_flat_direction_is_in_doubt():
    """The zero Gram matrix and moment vector make every direction flat."""
    thetas = random_thetas(2)
    layers = [np.array([theta[layer].real for theta in thetas]) for layer in range(2)]
    size = EQUAL.filter_size
    classes = Classes(np.zeros(2, np.int64), tuple(row.pattern for row in hl.generic_count(EQUAL)))
    grams = np.stack([np.eye(size), np.zeros((size, size))])
    answers = real_filters(
        EQUAL,
        [layer.astype(complex) for layer in layers],
        classes,
        (layers, grams, np.ones((2, size)) * [[1.0], [0.0]]),
    )
    assert answers.doubtful_parameters.tolist() == [False, True]
    assert answers.in_function_space.all()
    assert answers.smooth.all()

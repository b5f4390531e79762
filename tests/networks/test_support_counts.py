from __future__ import annotations

from math import factorial, prod

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homotopy_lcn import Architecture, InputError, generic_count, generic_totals
from homotopy_lcn.networks.counts import generic_ed_degree

CORNER = ((0, 0), (0, 1), (1, 0))
SUPPORTS = [
    CORNER,
    ((0, 0), (0, 1)),
    ((0, 0), (0, 1), (0, 2)),
    ((0, 0), (1, 0)),
    ((0, 0), (0, 1), (1, 0), (1, 1)),
    ((0, 0), (0, 1), (0, 3)),
    ((0, 1), (1, 0)),
]


def classes(network):
    return [(row.pattern, row.count, row.factorizations) for row in generic_count(network)]


def test_classes_that_gröbner_bases_counted():
    """The numbers of critical parameters, and the splits into classes, found by Gröbner bases modulo a prime."""
    assert classes(Architecture(filters=((2, 2), (2, 2)), strides=(1, 1))) == [(((1, 1),), 122, 2), (((2,),), 40, 1)]
    assert classes(Architecture(supports=(CORNER, CORNER))) == [(((1, 1),), 13, 2), (((2,),), 13, 1)]
    assert classes(Architecture(supports=((0, 1, 3), (0, 1)))) == [(((1,), (1,)), 10, 1)]
    assert classes(Architecture(supports=((0, 2), (0, 3)))) == [(((1,), (1,)), 6, 1)]
    assert generic_count(Architecture(filters=((3, 2), (2, 2)), strides=(1, 1))).parameters == 1324
    assert generic_count(Architecture(filters=((3, 3), (2, 2)), strides=(1, 1))).parameters == 5444


@given(st.lists(st.sampled_from(SUPPORTS), min_size=1, max_size=4), st.booleans())
@settings(deadline=None)
def test_the_classes_sum_up_to_the_degree_of_the_segre_variety(supports, strided):
    network = Architecture(supports=supports, strides=(2 if strided else 1,) * len(supports))
    degree = generic_ed_degree([len(support) - 1 for support in supports])
    assert generic_count(network).parameters == degree
    assert generic_totals(network).parameters == degree
    assert generic_totals(network).pure == generic_count(network).pure
    assert all(row.count > 0 for row in generic_count(network))


@pytest.mark.parametrize("number", [2, 3, 4])
def test_powers_of_one_filter_are_a_veronese_variety(number):
    table = generic_count(Architecture(supports=(CORNER,) * number))
    counts = {row.pattern[0]: row.count for row in table}
    assert counts[(number,)] == generic_ed_degree((2,), (number,))
    for row in table:
        assert row.factorizations == factorial(number) // prod(map(factorial, row.pattern[0]))


def test_a_square_times_another_filter_has_the_cubes_taken_out():
    counts = {row.pattern[0]: row.count for row in generic_count(Architecture(supports=(CORNER,) * 3))}
    assert counts[(2, 1)] == generic_ed_degree((2, 2), (2, 1)) - generic_ed_degree((2,), (3,))


@given(st.lists(st.tuples(st.integers(2, 4), st.integers(1, 2)), min_size=1, max_size=3))
def test_parallel_segments_are_counted_as_in_one_dimension(layers):
    sizes, strides = zip(*layers, strict=True)
    ordinary = generic_count(Architecture(sizes, strides))
    along = Architecture(filters=[(1, k) for k in sizes], strides=[(1, s) for s in strides])
    across = Architecture(supports=[[(j, j) for j in range(k)] for k in sizes], strides=strides)
    for network in along, across:
        assert classes(network) == [(row.pattern, row.count, row.factorizations) for row in ordinary]


def test_layers_of_one_coefficient_change_no_count():
    one, two = Architecture(supports=(CORNER, CORNER)), Architecture(supports=(CORNER, ((0, 0),), CORNER))
    assert classes(one) == classes(two)


def test_small_ranks_are_refused():
    network = Architecture(supports=(CORNER, CORNER))
    assert generic_count(network, rank=5) == generic_count(network)
    with pytest.raises(InputError, match="rank: 4 given; expected at least 5"):
        generic_count(network, rank=4)


def test_too_many_classes_and_equal_layers_are_refused():
    with pytest.raises(InputError, match="filters: 9 layers of equal support; expected at most 8"):
        generic_count(Architecture(supports=(CORNER,) * 9))
    segments = [[(j * a, j * b) for j in range(2)] for a, b in ((1, 0), (0, 1), (1, 1), (2, 1))]
    with pytest.raises(InputError, match="more than 10000 classes"):
        generic_count(Architecture(supports=[segment for segment in segments for _ in range(8)]))

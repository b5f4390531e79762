"""The Chow ring of a product of projective spaces."""

from __future__ import annotations

from math import comb, factorial

import pytest

from homotopy_lcn.networks.chow_ring import ChowRing


@pytest.mark.parametrize("dimensions", [(1,), (3, 1), (2, 2), (2, 1, 1), (0, 2)])
def test_degrees_of_the_segre_variety_and_the_euler_characteristic(dimensions):
    ring = ChowRing(dimensions)
    degree = factorial(sum(dimensions))
    euler = 1
    for n in dimensions:
        degree //= factorial(n)
        euler *= n + 1
    assert ring.integral(ring.power(ring.hyperplanes(), ring.dimension)) == degree
    assert ring.integral(ring.chern_class(ring.dimension)) == euler


def test_chern_classes_are_binomials():
    assert ChowRing((4,)).total_chern_class() == {(i,): comb(5, i) for i in range(5)}


def test_the_complete_symmetric_function_has_all_monomials():
    assert ChowRing((2, 2)).complete(2) == {(2, 0): 1, (1, 1): 1, (0, 2): 1}
    assert ChowRing((1, 2)).complete(2) == {(1, 1): 1, (0, 2): 1}


def test_what_cancels_is_no_term():
    ring = ChowRing((1, 1))
    assert ring.sum([(1, ring.hyperplanes()), (-1, ring.hyperplanes([0]))]) == ring.hyperplanes([1])

"""Why counts drop: the singular points of the quadric."""

from __future__ import annotations

import pytest

import homotopy_lcn as hl
from homotopy_lcn.counting.exact_counts import CountsDisagree, exact_count
from homotopy_lcn.counting.gram_matrices import gram_matrix
from homotopy_lcn.counting.groebner import Search
from homotopy_lcn.counting.singular_points import SingularPoints, singular_points

from .programs import WITHOUT, needs_groebner


def points_of(filters, strides, text):
    arch = hl.Architecture(filters, strides)
    gram = gram_matrix(text, arch.filter_size)
    table = exact_count(arch, gram, Search.within(None))
    return singular_points(table, gram, Search.within(None))


@needs_groebner
@pytest.mark.parametrize(
    ("filters", "strides", "text", "sentences"),
    [
        ((3, 3), (2, 1), "ar1:1/2", ["39 − 16 = 23: 16 nodes of the quadric"]),
        ((2, 2), (2, 1), "white", ["6 − 4 = 2: 4 nodes of the quadric"]),
        ((2, 2), (2, 1), "ar1:1/2", ["6: no point is lost"]),
        ((2, 2), (1, 1), "diagonal:1,1/2,1", ["1: no point is lost", "4 − 2 = 2: 2 nodes of the quadric"]),
        ((2, 2, 2), (2, 2, 1), "white", ["34 − 28 = 6: the quadric is singular along a set of dimension 1"]),
    ],
    ids=str,
)
def test_the_sentences_say_why_points_are_lost(filters, strides, text, sentences):
    assert [points.sentence for points in points_of(filters, strides, text)] == sentences


@needs_groebner
def test_other_isolated_points_are_no_nodes():
    [points] = points_of((3, 3), (2, 1), "walk")
    assert (points.dimension, points.tjurina, points.nodes) == (0, 12, False)
    assert "Milnor numbers of sum 12" in points.sentence


@needs_groebner
def test_nodes_that_are_not_as_many_as_the_lost_points_are_an_error():
    arch = hl.Architecture((2, 2), (2, 1))
    gram = gram_matrix("white", 4)
    table = exact_count(arch, gram, WITHOUT)
    for count in 1, 3:
        wrong = type(table)(arch, tuple(type(row)(**{**row.__dict__, "count": count}) for row in table))
        with pytest.raises(CountsDisagree, match=f"{6 - count} points are lost"):
            singular_points(wrong, gram, Search.within(None))


def test_without_a_program_only_the_difference_is_said():
    arch = hl.Architecture((2, 2), (2, 1))
    gram = gram_matrix("white", 4)
    [points] = singular_points(exact_count(arch, gram, WITHOUT), gram, WITHOUT)
    assert points == SingularPoints(((1,), (1,)), 6, 2)
    assert points.sentence == "6 − 4 = 2"

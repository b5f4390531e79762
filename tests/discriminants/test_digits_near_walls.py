"""Critical points near walls of special data, where doubles have no right digit."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

import homotopy_lcn as hl
from homotopy_lcn.discriminants import following
from homotopy_lcn.discriminants.digits_near_walls import followed_in_digits
from homotopy_lcn.discriminants.following import followed_filters
from homotopy_lcn.discriminants.segments import Segment
from tests.discriminants.test_walls import gaussian

INTEGERS = [[11, 6, 3, -3], [6, 13, 4, -4], [3, 4, 6, -2], [-3, -4, -2, 11]]
#: A network, its Gram matrix, both moment vectors, and the power of t with which the shortest filter grows.
CASES = [
    ((3, 2), (2, 1), np.eye(5), [0, 0, 0, 0, 1], [0, 0, -1, -2, 2], 2),
    ((3, 2), (1, 1), INTEGERS, [0, 0, 0, -1], [0, 0, 1, -1], 2),
    ((3, 2), (1, 1), np.eye(4), [0, 0, 0, 1], [1, -1, 0, 0], 1),
]


def segment_between(filters, strides, gram, first, last):
    """The network and both losses."""
    return hl.Architecture(filters, strides), hl.SquaredLoss(gram, first), hl.SquaredLoss(gram, last)


@pytest.mark.parametrize(("filters", "strides", "gram", "first", "last", "power"), CASES)
@pytest.mark.parametrize("turned", [False, True])
def test_no_filter_is_lost_near_an_escape(filters, strides, gram, first, last, power, turned):
    arch, *losses = segment_between(filters, strides, gram, first, last)
    found = hl.walls(arch, *(losses[::-1] if turned else losses))
    assert found.complete, found.contradictions
    lengths = []
    for distance in (2.0**-13, 2.0**-22, 2.0**-36):
        t = 1 - distance if turned else distance
        points = found.follow(t)
        assert sorted(point.branch for point in points) == sorted(found.chamber_at(t).branches)
        lengths.append((distance, min(np.linalg.norm(point.filter) for point in points)))
    for (far, long), (near, short) in pairwise(lengths):
        assert long / short == pytest.approx((far / near) ** power, rel=0.02)


def test_the_file_with_such_an_escape_is_read(tmp_path):
    found = hl.walls(*segment_between(*CASES[0][:-1]))
    assert [(wall.kind, wall.t, wall.multiplicity) for wall in found.walls] == [("fold", 0, 6), ("escape", 0, 2)]
    found.to_json(tmp_path / "walls.json")
    assert hl.Walls.from_json(tmp_path / "walls.json") == found


def test_filters_that_are_not_found_are_said(monkeypatch):
    found = hl.walls(*segment_between(*CASES[0][:-1]))
    monkeypatch.setattr(following, "followed_in_digits", lambda *given: None)
    with pytest.warns(RuntimeWarning, match=r"at t = 0\.0001 1 of 2 real critical filters are not found"):
        assert len(found.follow(1e-4)) == 1
    assert len(found.follow(0.0)) == 1  # The other one is zero there.


@pytest.mark.parametrize("network", [((3, 2), (2, 1)), ((3, 2), (1, 1)), ((2, 2, 2), (1, 1, 1))])
def test_doubles_agree_where_they_suffice(network):
    arch = hl.Architecture(*network)
    losses = gaussian(arch, 5)
    found, segment = hl.walls(arch, *losses), Segment(arch, *losses)
    chamber = max(found.chambers, key=lambda one: one.end - one.start)
    t = chamber.start + 0.02 * (chamber.end - chamber.start)
    filters, reached = followed_filters(segment, chamber.points.real, chamber.middle, t)
    assert reached.all()
    assert len(filters)
    for point, w in zip(chamber.points.real, filters, strict=True):
        end = followed_in_digits(segment, point, (chamber.middle, t, chamber.start))
        assert end is not None
        assert np.linalg.norm(end.filter - w) < 1e-9 * np.linalg.norm(w)


def test_a_point_that_ends_before_is_not_followed():
    arch = hl.Architecture((3, 2), (2, 1))
    losses = gaussian(arch, 1)
    found, segment = hl.walls(arch, *losses), Segment(arch, *losses)
    fold = next(wall for wall in found.walls if wall.kind == "fold")
    number = next(i for i, chamber in enumerate(found.chambers) if chamber.end == fold.t)
    before, after = found.chambers[number : number + 2]
    if len(before.branches) < len(after.branches):  # The fold begins two branches.
        before, after = after, before
    lost = [p for b, p in zip(before.branches, before.points.real, strict=True) if b not in after.branches]
    assert len(lost) == 2
    beyond = 0.5 * (fold.t + after.middle)
    wall = -1.0 if beyond < before.middle else 2.0
    assert all(followed_in_digits(segment, point, (before.middle, beyond, wall)) is None for point in lost)
    assert followed_in_digits(segment, lost[0], (before.middle, fold.t, fold.t)) is None

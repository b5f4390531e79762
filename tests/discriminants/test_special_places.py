"""Segments on which b is zero somewhere, or the data in the middle of a chamber are special: all walls are known."""

from __future__ import annotations

import json

import numpy as np
import pytest

import homotopy_lcn as hl
from homotopy_lcn.discriminants.joining import differing_lists
from homotopy_lcn.discriminants.records import Chamber
from homotopy_lcn.discriminants.segments import Segment
from tests.discriminants.test_walls import agree_with_a_grid, gaussian

NETWORKS = [((2, 2), (2, 1)), ((3, 2), (2, 1)), ((2, 2), (1, 1))]


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("gram_moves", [False, True])
@pytest.mark.parametrize(("factor", "place"), [(-1, 0.5), (-3, 0.25), (0, 1.0), (-0.25, 0.8)])
def test_all_filters_pass_through_zero_where_b_is_zero(network, gram_moves, factor, place, tmp_path):
    """With b fixed the critical filters for Σ(t) are those of the segment but for a factor."""
    arch = hl.Architecture(*network)
    first, second = gaussian(arch, 3)
    losses = first, hl.SquaredLoss((second if gram_moves else first).gram, factor * first.b, second.constant)
    found = hl.walls(arch, *losses)
    assert found.complete, found.contradictions
    passages = [wall for wall in found.walls if wall.t == pytest.approx(place, abs=1e-15)]
    assert passages
    assert all(wall.kind == "escape" and not wall.filter.any() for wall in passages)
    assert found.follow(place) == ()
    agree_with_a_grid(found, losses, 14)
    if gram_moves:
        fixed = hl.walls(arch, first, hl.SquaredLoss(second.gram, first.b))
        others = [(wall.kind, wall.pattern, wall.t) for wall in found.walls if wall.kind not in ("escape", "exchange")]
        known = [(wall.kind, wall.pattern, wall.t) for wall in fixed.walls if wall.kind not in ("escape", "exchange")]
        assert [one[:2] for one in others] == [one[:2] for one in known]
        assert [one[2] for one in others] == pytest.approx([one[2] for one in known])
    found.to_json(tmp_path / "walls.json")
    assert hl.Walls.from_json(tmp_path / "walls.json") == found


def test_b_can_be_zero_at_the_start():
    arch = hl.Architecture((3, 2), (2, 1))
    first, second = gaussian(arch, 3)
    losses = hl.SquaredLoss(first.gram, np.zeros(5)), second
    found = hl.walls(arch, *losses)
    assert found.complete
    assert [wall.t for wall in found.walls if wall.kind == "escape"] == [0.0]
    agree_with_a_grid(found, losses, 10)


def test_the_passage_of_all_filters_is_proved_if_the_exact_numbers_are_multiples(tmp_path):
    pytest.importorskip("flint")
    arch = hl.Architecture((2, 2), (2, 1))
    first = gaussian(arch, 3)[0]
    found = hl.walls(arch, first, hl.SquaredLoss(first.gram, -first.b), certify=True)
    assert found.certified
    found.to_json(tmp_path / "walls.json")
    assert hl.Walls.from_json(tmp_path / "walls.json").certified
    other = hl.SquaredLoss(first.gram, -first.b / 3 * 1.1)
    assert not hl.walls(arch, first, other, certify=True).certified


def test_an_escape_of_all_filters_elsewhere_is_refused(tmp_path):
    arch = hl.Architecture((2, 2), (2, 1))
    first = gaussian(arch, 3)[0]
    found = hl.walls(arch, first, hl.SquaredLoss(first.gram, -first.b))
    content = json.loads(found.to_json()) | {"complete": False, "contradictions": ["a reason"]}
    content["walls"][0]["filter"] = [1e-5] * 4
    loss = Segment(arch, found.loss0, found.loss1).loss(0.5)
    content["walls"][0]["loss"] = loss(np.full(4, 1e-5))
    path = tmp_path / "walls.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(hl.InputError, match=r"walls\[0\]: no escape at t = 0.5"):
        hl.Walls.from_json(path)


@pytest.mark.parametrize("network", [((3, 2), (2, 1)), ((3, 2), (1, 1))])
def test_all_entries_of_b_are_equal_in_the_middle(network, tmp_path):
    """A critical filter passes through zero there, and the list is the same on both sides."""
    arch = hl.Architecture(*network)
    size = arch.filter_size
    samples = np.random.default_rng(77).standard_normal((20, size))
    gram, b = np.round(samples.T @ samples), np.arange(1.0, size + 1)
    losses = hl.SquaredLoss(gram, b), hl.SquaredLoss(gram, b[::-1])
    found = hl.walls(arch, *losses)
    assert found.complete, found.contradictions
    assert ("escape", 0.5) in [(wall.kind, wall.t) for wall in found.walls]
    agree_with_a_grid(found, losses, 16)
    found.to_json(tmp_path / "walls.json")
    assert hl.Walls.from_json(tmp_path / "walls.json") == found


def test_special_data_in_the_middle_of_a_chamber(tmp_path):
    """Two minima that are mirror images are one filter at t = 1/2, a node of the function space with B = D = 0."""
    arch = hl.Architecture((3, 2), (2, 1))
    losses = hl.SquaredLoss.white([-0.5, 0.5, -4, 0.5, -0.5]), hl.SquaredLoss.white([-1.5, -0.5, -8, -0.5, -1.5])
    segment = Segment(arch, *losses)
    found = hl.walls(arch, *losses)
    assert found.complete, found.contradictions
    assert found.walls == ()
    assert found.chambers[0].at not in (None, 0.5)
    agree_with_a_grid(found, losses, 16)
    found.to_json(tmp_path / "walls.json")
    again = hl.Walls.from_json(tmp_path / "walls.json")
    assert again == found
    assert again.chambers[0].middle == found.chambers[0].at
    # In the middle itself the lists do not fit.
    special = hl.critical_points(arch, segment.loss(0.5))
    assert (len(found.follow(0.5)), len(special.real)) == (4, 3)
    middle = Chamber(0.0, 1.0, special, ())
    assert differing_lists([middle], lambda t: hl.critical_points(arch, segment.loss(t)))


def test_two_roots_that_coincide_in_the_middle(tmp_path):
    """A point of the stratum (2,1) is (1 + x)³ at t = 1/2, where the coordinates of its stratum are singular."""
    arch = hl.Architecture((3, 2), (1, 1))
    losses = hl.SquaredLoss.white([0, 1, 0, 0]), hl.SquaredLoss.white([-1, 2, 0, 2])
    found = hl.walls(arch, *losses)
    assert found.complete, found.contradictions
    special = [point for point in found.follow(0.5) if np.ptp(point.filter / [1, 3, 3, 1]) < 1e-9]
    assert [point.pattern for point in special] == [((2, 1),)]
    assert found.chambers[0].at not in (None, 0.5)
    assert all(point.pattern == point.stratum for point in found.chambers[0].points.real)
    agree_with_a_grid(found, losses, 16)
    for t in (1e-5, 0.3, 0.4999, 0.5, 0.5001, 0.7075877759274222, 0.999):
        assert sorted(point.branch for point in found.follow(t)) == [0, 1, 2, 3]
    found.to_json(tmp_path / "walls.json")
    assert hl.Walls.from_json(tmp_path / "walls.json") == found


def test_a_place_outside_its_chamber_is_refused(tmp_path):
    arch = hl.Architecture((2, 2), (2, 1))
    content = json.loads(hl.walls(arch, *gaussian(arch, 3)).to_json())
    content["chambers"][0]["at"] = 1.5
    path = tmp_path / "walls.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(hl.InputError, match=r"chambers\[0\].at: 1.5; expected a number between the ends"):
        hl.Walls.from_json(path)

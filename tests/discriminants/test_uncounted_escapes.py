"""Passages through zero of strata whose critical filters never are zero for generic data: no path leads to them."""

from __future__ import annotations

import json

import numpy as np
import pytest

import homotopy_lcn as hl
from homotopy_lcn.discriminants.exact_walls import ExactLine
from homotopy_lcn.discriminants.segments import Segment
from homotopy_lcn.discriminants.uncounted_escapes import uncounted_escapes
from tests.discriminants.test_walls import agree_with_a_grid, gaussian

AR1 = 0.5 ** np.abs(np.subtract.outer(range(5), range(5)))
INTEGERS = np.array([[10, 0, -1, -4], [0, 2, 2, -1], [-1, 2, 7, 0], [-4, -1, 0, 6.0]])
#: Two strata: the 3 × 2 matrix of b has rank one at t = 1/2, or the cubic form of b is a third power there.
RANK_ONE = [-1.0, -2, 0, 3, -1], [1.0, 2, 0, 1, 1]
THIRD_POWER = [-1.0, 0, 0, 2], [1.0, 0, 0, 2]
CASES = [
    ((3, 2), (2, 1), np.eye(5), RANK_ONE),
    ((3, 2), (2, 1), AR1, RANK_ONE),
    ((3, 2), (1, 1), INTEGERS, THIRD_POWER),
]


def segment_of(gram, bs, other=None):
    """Two losses with one Gram matrix, or two."""
    return hl.SquaredLoss(gram, bs[0]), hl.SquaredLoss(gram if other is None else other, bs[1])


def part_of(losses, a, b):
    """The part of a segment from a to b."""
    return tuple(
        hl.SquaredLoss(*((1 - t) * np.asarray(getattr(losses[0], name)) + t * np.asarray(getattr(losses[1], name))
                         for name in ("gram", "b")))
        for t in (a, b)
    )  # fmt: skip


def escapes_of(found):
    """Where filters are zero, and how often."""
    return [(wall.t, wall.multiplicity) for wall in found.walls if wall.kind == "escape"]


@pytest.mark.parametrize(("filters", "strides", "gram", "bs"), CASES)
def test_a_passage_inside_is_a_wall(filters, strides, gram, bs, tmp_path):
    arch, losses = hl.Architecture(filters, strides), segment_of(gram, bs)
    found = hl.walls(arch, *losses)
    assert found.complete, found.contradictions
    assert escapes_of(found) == [(0.5, 1)]
    assert all(row.generic == 0 for row in found.strata if row.kind == "escape")
    special = hl.critical_points(arch, hl.SquaredLoss(gram, np.mean(bs, axis=0)))
    assert len(special.real) == len(found.follow(0.5)) == found.chamber_at(0.4).counts["real"] - 1
    # The filter changes its sign.
    before, after = ({p.branch: p.filter for p in found.follow(t)} for t in (0.4999, 0.5001))
    lost = (before.keys() - {p.branch for p in found.follow(0.5)}).pop()
    assert np.linalg.norm(before[lost] + after[lost]) < 0.01 * np.linalg.norm(before[lost])
    agree_with_a_grid(found, losses, 14)
    found.to_json(tmp_path / "walls.json")
    assert hl.Walls.from_json(tmp_path / "walls.json") == found


@pytest.mark.parametrize(("filters", "strides", "gram", "bs"), CASES)
@pytest.mark.parametrize(("a", "b", "place"), [(0.5, 1, 0.0), (0, 0.5, 1.0), (0.25, 1, 1 / 3), (0.51, 1, None)])
def test_a_passage_can_be_at_an_end_or_outside(filters, strides, gram, bs, a, b, place):
    found = hl.walls(hl.Architecture(filters, strides), *part_of(segment_of(gram, bs), a, b))
    assert found.complete, found.contradictions
    assert escapes_of(found) == ([] if place is None else [(pytest.approx(place, abs=1e-14), 1)])


@pytest.mark.parametrize(("filters", "strides", "gram", "bs"), CASES[1:])
def test_a_passage_does_not_depend_on_the_gram_matrix(filters, strides, gram, bs):
    """The equations b(t) ⟂ tangent space do not contain Σ."""
    rng = np.random.default_rng(4)
    samples = rng.standard_normal((12, len(gram)))
    arch, losses = hl.Architecture(filters, strides), segment_of(gram, bs, samples.T @ samples)
    found = hl.walls(arch, *losses)
    assert found.complete, found.contradictions
    assert escapes_of(found) == [(0.5, 1)]
    agree_with_a_grid(found, losses, 10)


def test_a_filter_can_touch_zero(tmp_path):
    """The 3 × 2 matrix of b has rank one at t = 1/2, and to first order beside it."""
    arch = hl.Architecture((2, 3), (2, 1))
    losses = [hl.SquaredLoss.white(np.arange(1.0, 7)[::step]) for step in (1, -1)]
    found = hl.walls(arch, *losses)
    assert found.complete, found.contradictions
    assert escapes_of(found) == [(0.5, 2)]
    lengths = [min(np.linalg.norm(point.filter) for point in found.follow(t)) for t in (0.49, 0.495)]
    assert lengths[0] / lengths[1] == pytest.approx(4, rel=0.01)
    found.to_json(tmp_path / "walls.json")
    assert hl.Walls.from_json(tmp_path / "walls.json") == found


def test_a_filter_that_is_zero_up_to_rounding_is_not_decided():
    """Noise of 1e-15 in b: the exact data have no such wall, and doubles do not tell."""
    noise = 1e-15 * np.random.default_rng(0).standard_normal(4)
    bs = np.array(THIRD_POWER[0]) + noise, np.array(THIRD_POWER[1]) + noise
    found = hl.walls(hl.Architecture((3, 2), (1, 1)), *segment_of(INTEGERS, bs))
    assert not found.complete
    assert any("zero up to rounding" in reason for reason in found.contradictions)


def test_a_filter_that_comes_near_zero_is_no_wall():
    noise = 1e-4 * np.random.default_rng(0).standard_normal(4)
    bs = np.array(THIRD_POWER[0]) + noise, np.array(THIRD_POWER[1]) + noise
    found = hl.walls(hl.Architecture((3, 2), (1, 1)), *segment_of(INTEGERS, bs))
    assert found.complete, found.contradictions
    assert escapes_of(found) == []


@pytest.mark.parametrize("network", [((3, 2), (2, 1)), ((3, 2), (1, 1))])
@pytest.mark.parametrize("seed", range(3))
def test_generic_data_have_none(network, seed):
    arch = hl.Architecture(*network)
    losses = gaussian(arch, seed)
    found = hl.walls(arch, *losses)
    segment = Segment(arch, *losses)
    assert uncounted_escapes(segment, found.chambers, ExactLine.of(segment)) == ([], [])


def test_no_chamber_is_certified_across_a_passage():
    pytest.importorskip("flint")
    found = hl.walls(hl.Architecture((3, 2), (2, 1)), *segment_of(np.eye(5), RANK_ONE), certify=True)
    assert [(chamber.start, chamber.end) for chamber in found.chambers] == [(0.0, 0.5), (0.5, 1.0)]
    assert [wall.certified for wall in found.walls] == [None]
    assert not found.certified
    assert found.unprovable == (
        "the escape at t = 0.5 of the stratum (1,1)(1) is one that generic data do not have, and is confirmed in 80 "
        "digits",
    )


@pytest.mark.parametrize("change", ["place", "missing"])
def test_a_file_with_another_passage_is_refused(change, tmp_path):
    arch = hl.Architecture((3, 2), (2, 1))
    found = hl.walls(arch, *segment_of(np.eye(5), RANK_ONE))
    path = tmp_path / "walls.json"
    found.to_json(path)
    content = json.loads(path.read_text())
    content.pop("digest", None)
    if change == "place":
        content["walls"][0]["t"] = content["chambers"][0]["to"] = content["chambers"][1]["from"] = 0.5001
        middles = 0.25005, 0.75005
        for chamber, middle in zip(content["chambers"], middles, strict=True):
            chamber["at"] = middle
    else:
        content["walls"] = []
        first = content["chambers"][0]
        content["chambers"] = [{**first, "to": 1.0, "at": 0.25}]
    path.write_text(json.dumps(content))
    with pytest.raises(hl.InputError):
        hl.Walls.from_json(path)

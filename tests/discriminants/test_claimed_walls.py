"""A file that states walls that are none is refused, with or without a digest; honest files are read."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

import homotopy_lcn as hl
from homotopy_lcn.discriminants.claimed_walls import check_walls
from homotopy_lcn.discriminants.pieces import pieces_of_filter
from homotopy_lcn.discriminants.records import Wall
from homotopy_lcn.discriminants.segments import Segment
from homotopy_lcn.files import content_digest
from homotopy_lcn.networks.strata import Embedding, Stratum
from tests.discriminants.test_walls import gaussian

NETWORK = hl.Architecture((2, 2), (1, 1))


@pytest.fixture(scope="module")
def found():
    """Folds, a pitchfork, an exchange and two escapes."""
    return hl.walls(NETWORK, *gaussian(NETWORK, 1))


def read(content, tmp_path, digest=False):
    content.pop("digest", None)
    if digest:
        content["digest"] = content_digest(content)
    path = tmp_path / "walls.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return hl.Walls.from_json(path)


def with_wall(found, number, kind, t=None, **changes):
    """The file of walls with one more wall in the middle of a chamber, which becomes two of them."""
    content = json.loads(found.to_json())
    chamber = found.chambers[number]
    t = chamber.middle if t is None else t
    point = next(point for point in found.follow(t) if point.kinds)
    halves = []
    for start, end in ((chamber.start, t), (t, chamber.end)):
        middle = (start + end) / 2
        points = hl.critical_points(
            found.architecture, Segment(found.architecture, found.loss0, found.loss1).loss(middle)
        )
        followed = found.follow(middle)
        branches = [
            min(followed, key=lambda other, p=p: np.linalg.norm(other.filter - p.filter)).branch for p in points.real
        ]
        half = type(chamber)(start, end, points, tuple(branches))
        halves.append({**half.to_dict(), "result": json.loads(points.to_json())})
    content["chambers"][number : number + 1] = halves
    wall = {"t": t, "kind": kind, "pattern": point.pattern, "filter": point.filter.tolist(), "loss": point.loss}
    content["walls"].append({**wall, "certified": None, **changes})
    content["walls"].sort(key=lambda wall: wall["t"])
    return content


@pytest.mark.parametrize("digest", [False, True])
@pytest.mark.parametrize("complete", [False, True])
@pytest.mark.parametrize("kind", ["exchange", "escape", "pitchfork"])
def test_walls_that_are_none_are_refused(found, tmp_path, kind, complete, digest):
    at_zero = {"filter": [0.0] * 3, "loss": found.loss0([0.0] * 3)} if kind == "escape" else {}
    content = with_wall(found, 0, kind, **at_zero)
    if kind == "escape":
        t = found.chambers[0].middle
        content["walls"][0]["loss"] = (1 - t) * found.loss0.constant + t * found.loss1.constant
    if not complete:
        content |= {"complete": False, "contradictions": ["a reason"]}
    with pytest.raises(hl.InputError, match=rf"walls\[0\]: no {kind} at t = ") as caught:
        read(content, tmp_path, digest)
    assert "\n" not in str(caught.value)


def test_folds_that_are_none_are_refused_where_completeness_is_not_claimed(found, tmp_path):
    content = with_wall(found, 0, "fold") | {"complete": False, "contradictions": ["a reason"]}
    with pytest.raises(hl.InputError, match=r"walls\[0\]: no fold at t = "):
        read(content, tmp_path)


def test_memberships_that_are_none_are_refused(tmp_path):
    arch = hl.Architecture((3, 2), (2, 1))
    found = hl.walls(arch, *gaussian(arch, 5, fixed_gram=True))
    with pytest.raises(hl.InputError, match=r"walls\[\d\]: no membership at t = "):
        read(with_wall(found, 0, "membership"), tmp_path)


@pytest.mark.parametrize(("kind", "seed"), [("exchange", 1), ("pitchfork", 10), ("pitchfork", 11)])
def test_a_wall_that_is_left_out_is_missed(kind, seed, tmp_path):
    """The chambers on both sides of it are joined to one, with the points and branches in its middle."""
    found = hl.walls(NETWORK, *gaussian(NETWORK, seed))
    place = [wall.kind for wall in found.walls].index(kind)
    left, right = found.chambers[place : place + 2]
    middle = (left.start + right.end) / 2
    points = hl.critical_points(found.architecture, Segment(found.architecture, found.loss0, found.loss1).loss(middle))
    followed = found.follow(middle)
    branches = [
        min(followed, key=lambda other, p=p: np.linalg.norm(other.filter - p.filter)).branch for p in points.real
    ]
    whole = replace(left, end=right.end, points=points, branches=tuple(branches))
    content = json.loads(found.to_json())
    del content["walls"][place]
    content["chambers"][place : place + 2] = [{**whole.to_dict(), "result": json.loads(points.to_json())}]
    with pytest.raises(hl.InputError, match=r"expected false: |expected one there"):
        read(content, tmp_path)


@pytest.mark.parametrize("place", range(6))
def test_a_wall_of_another_kind_is_refused(found, place, tmp_path):
    """Each wall in turn, called each of the kinds that it is not."""
    for kind in {"fold", "pitchfork", "membership", "escape", "exchange"} - {found.walls[place].kind}:
        content = json.loads(found.to_json()) | {"complete": False, "contradictions": ["a reason"]}
        content["walls"][place]["kind"] = kind
        with pytest.raises(hl.InputError, match=rf"walls\[{place}\]: no {kind} at t = "):
            read(content, tmp_path)


def test_a_wall_that_is_listed_twice_is_refused(found, tmp_path):
    place = [wall.kind for wall in found.walls].index("exchange")
    content = json.loads(found.to_json())
    content["walls"].insert(place, content["walls"][place])
    with pytest.raises(hl.InputError, match=rf"walls\[{place + 1}\]: the same wall as one before it"):
        read(content, tmp_path)


def test_minima_of_equal_loss_in_a_whole_chamber_are_no_exchange():
    """Palindromic data: a filter and its mirror image are minima of equal loss."""
    losses = hl.SquaredLoss.white([1, 0, 1]), hl.SquaredLoss.white([1, 0.1, 1])
    found = hl.walls(NETWORK, *losses)
    (chamber,) = found.chambers
    segment, t = Segment(NETWORK, *losses), 0.3
    lowest = min((point for point in found.follow(t) if "minimum" in point.kinds), key=lambda point: point.loss)
    wall = Wall(t, "exchange", lowest.pattern, lowest.filter, lowest.loss)
    halves = []
    for start, end in ((0.0, t), (t, 1.0)):
        points = hl.critical_points(NETWORK, segment.loss((start + end) / 2))
        assert any(tie.symmetries for tie in points.ties)
        halves.append(replace(chamber, start=start, end=end, points=points))
    with pytest.raises(hl.InputError, match=r"walls\[0\]: no exchange at t = 0.3"):
        check_walls(segment, [wall], halves, complete=True)
    # Of a file that does not claim to be complete it is only asked that the losses are equal.
    assert check_walls(segment, [wall], halves, complete=False) == [None]


def test_what_is_called_proved_is_proved_again(found, tmp_path):
    pytest.importorskip("flint")
    content = json.loads(found.to_json())
    for wall in content["walls"]:
        wall["certified"] = True
    assert all(wall.certified for wall in read(content, tmp_path).walls)
    content["chambers"][0]["certified"] = True
    with pytest.raises(hl.InputError, match=r"chambers\[0\].certified: true; expected no such entry, as the proof"):
        read(content, tmp_path)


def test_nothing_is_proved_without_python_flint(found, tmp_path, monkeypatch):
    content = json.loads(found.to_json())
    content["walls"][0]["certified"] = True
    monkeypatch.setattr("homotopy_lcn.discriminants.certified_walls.find_spec", lambda name: None)
    assert all(wall.certified is None for wall in read(content, tmp_path).walls)


def test_triple_tangencies_are_read_and_not_called_proved(tmp_path):
    """Few samples that stay: two minima without loss and a saddle meet in a fold that is a triple solution."""
    arch, rng = hl.Architecture((2, 2), (2, 1)), np.random.default_rng(2)
    samples = rng.standard_normal((3, 4))
    losses = [hl.SquaredLoss(samples.T @ samples, samples.T @ rng.standard_normal(3)) for _ in range(2)]
    found = hl.walls(arch, *losses)
    loss = Segment(arch, *losses).loss
    free = [np.linalg.norm(loss(wall.t).gram @ wall.filter - loss(wall.t).b) < 1e-9 for wall in found.walls]
    assert any(free)
    content = json.loads(found.to_json())
    assert read(content, tmp_path).walls == found.walls
    moved = json.loads(found.to_json()) | {"complete": False, "contradictions": ["a reason"]}
    place = free.index(True)
    moved["walls"][place]["kind"] = "escape"
    with pytest.raises(hl.InputError, match=rf"walls\[{place}\]: no escape"):
        read(moved, tmp_path)
    pytest.importorskip("flint")
    content["walls"][place]["certified"] = True
    with pytest.raises(hl.InputError, match=rf"walls\[{place}\].certified: true; expected null, as the proof"):
        read(content, tmp_path)


@pytest.mark.parametrize(("filters", "strides"), [((3, 2), (2, 1)), ((2, 2, 2), (1, 1, 1)), ((2, 2, 2), (2, 1, 1))])
def test_pieces_are_found_from_their_product(filters, strides):
    arch, rng = hl.Architecture(filters, strides), np.random.default_rng(0)
    embedding = Embedding.of_pattern(arch, next(iter(hl.generic_count(arch))).pattern)
    stratum = embedding.stratum
    assert isinstance(stratum, Stratum)
    for _ in range(5):
        pieces = np.concatenate([[2.0], rng.standard_normal(stratum.coordinates - 1)])
        w = np.ones(1) * pieces[0]
        for factor, part in zip(stratum.factors, stratum.slices, strict=True):
            form = np.zeros(factor.degree * factor.dilation + 1)
            form[list(factor.places)] = pieces[part]
            for _ in range(factor.power):
                w = np.convolve(w, form)
        whole = np.zeros(arch.filter_size)
        np.add.at(whole, list(embedding.positions), w)
        start = pieces + 0.01 * rng.standard_normal(len(pieces))
        again = pieces_of_filter(stratum, embedding.positions, whole, start)
        assert again is not None
        for part in stratum.slices:
            cross = np.outer(again[part], pieces[part])
            np.testing.assert_allclose(cross, cross.T, atol=1e-9 * np.abs(cross).max())

"""Walls and chambers of segments: nothing lies between grid points, and both ways to know the points agree."""

from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import pytest

import homotopy_lcn as hl
from homotopy_lcn.discriminants.segments import Segment


def gaussian(arch, seed, fixed_gram=False):
    """Two losses of independent Gaussian data."""
    rng = np.random.default_rng(seed)
    size = arch.filter_size
    if not fixed_gram:
        samples = [(rng.standard_normal((20, size)), rng.standard_normal((20, 1))) for _ in range(2)]
        return [hl.SquaredLoss.from_data(X, Y, arch) for X, Y in samples]
    X = rng.standard_normal((20, size))
    return [hl.SquaredLoss(X.T @ X, rng.standard_normal(size)) for _ in range(2)]


def labels(points):
    """What is constant in a chamber, point by point in the order of losses where the order is."""
    return sorted(
        (p.stratum, p.attained, p.interior if p.attained else None, tuple(sorted(map(str, p.indices))))
        for p in points.real
    )


def agree_with_a_grid(found, losses, number):
    """Between two grid points with different lists there is a wall, and chambers have the lists of the grid."""
    segment = Segment(found.architecture, *losses)
    places = [wall.t for wall in found.walls]
    for t in np.linspace(0, 1, number):
        if min((abs(t - place) for place in places), default=1) < 1e-6:
            continue
        points = hl.critical_points(found.architecture, segment.loss(float(t)))
        chamber = found.chamber_at(float(t))
        assert labels(chamber.points) == labels(points), t
        followed = found.follow(float(t))
        np.testing.assert_allclose(
            [p.loss for p in followed], sorted(p.loss for p in points.real), rtol=1e-8, atol=1e-12
        )
        if points.global_minimum is not None:
            lowest = next(p for p in followed if p.branch == chamber.global_minimum)
            assert lowest.loss == pytest.approx(points.global_minimum.loss)


#: (3, 2) with strides (2, 1): a seed with two walls nearer than 0.006, one with three, one with none.
@pytest.mark.parametrize("seed", [9, 5, 3])
def test_no_wall_lies_between_points_of_a_grid(seed):
    arch = hl.Architecture((3, 2), (2, 1))
    losses = gaussian(arch, seed, fixed_gram=True)
    found = hl.walls(arch, *losses)
    assert found.complete
    assert found.strata[0].generic == found.strata[0].found == 24
    agree_with_a_grid(found, losses, 12)


def test_pitchforks_and_passages_through_zero_are_walls():
    arch = hl.Architecture((2, 2), (1, 1))
    losses = gaussian(arch, 1)
    found = hl.walls(arch, *losses)
    assert found.complete
    assert [wall.kind for wall in found.walls] == [
        "escape", "pitchfork", "fold", "exchange", "fold", "escape",
    ]  # fmt: skip
    agree_with_a_grid(found, losses, 12)
    for wall in found.walls:
        if wall.kind == "escape":
            assert np.abs(wall.filter).max() < 1e-9
        if wall.kind == "pitchfork":
            a, b, c = wall.filter
            assert b**2 - 4 * a * c == pytest.approx(0, abs=1e-9)
        if wall.kind == "exchange":
            near = [found.follow(wall.t + sign * 1e-9) for sign in (-1, 1)]
            first, second = ([p for p in points if "minimum" in p.kinds][:2] for points in near)
            assert [p.branch for p in first] == [p.branch for p in second][::-1]
            assert first[0].loss == pytest.approx(first[1].loss)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("filters", "strides"),
    [
        ((2, 2), (2, 1)),
        ((2, 2), (1, 1)),
        ((3, 2), (2, 1)),
        ((3, 2), (1, 1)),
        ((2, 3), (2, 1)),
        ((2, 2), (3, 1)),
        ((2, 2, 2), (1, 1, 1)),
        ((2, 2, 2), (1, 2, 1)),
    ],
)
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("fixed_gram", [True, False])
def test_no_wall_lies_between_points_of_a_fine_grid(filters, strides, seed, fixed_gram):
    arch = hl.Architecture(filters, strides)
    losses = gaussian(arch, seed, fixed_gram)
    found = hl.walls(arch, *losses)
    assert found.complete, found.contradictions
    agree_with_a_grid(found, losses, 200)


def test_points_that_are_listed_as_one_near_a_pitchfork():
    """At 5e-7 from it two filters differ by 1e-10. The chamber before it is 2e-5 long."""
    arch, rng = hl.Architecture((2, 2, 2), (1, 1, 1)), np.random.default_rng(928)
    samples = [rng.standard_normal((5, 4)) for _ in range(2)]
    losses = [hl.SquaredLoss(X.T @ X, rng.standard_normal(4)) for X in samples]
    found = hl.walls(arch, *losses)
    assert found.complete, found.contradictions
    short = next(chamber for chamber in found.chambers if chamber.end - chamber.start < 1e-4)
    near = hl.critical_points(arch, Segment(arch, *losses).loss(short.end - 5e-7))
    assert len(near.real) == len(short.points.real) - 1
    assert any(point.also_on for point in near.real)


def test_at_a_fold_the_hessian_is_singular_and_two_branches_end():
    arch = hl.Architecture((3, 2), (2, 1))
    losses = gaussian(arch, 5, fixed_gram=True)
    found = hl.walls(arch, *losses)
    folds = [wall for wall in found.walls if wall.kind == "fold"]
    assert len(folds) == 3
    for wall in folds:
        loss = Segment(arch, *losses).loss(wall.t)
        near = [Segment(arch, *losses).loss(wall.t + sign * 1e-7) for sign in (-1, 1)]
        counts = [hl.critical_points(arch, one).counts.real for one in near]
        assert abs(counts[0] - counts[1]) == 2
        assert float(loss(wall.filter)) == pytest.approx(wall.loss)
        ends = [branch for branch in found.branches if wall.t in (branch.start, branch.end)]
        assert len(ends) == 2
        assert {branch.pattern for branch in ends} == {wall.pattern}


def test_branches_keep_their_identity():
    """From one point of a grid to the next, the nearest filter is nearly always that of the same branch."""
    arch = hl.Architecture((3, 2), (2, 1))
    found = hl.walls(arch, *gaussian(arch, 5, fixed_gram=True))
    whole = [branch.number for branch in found.branches if (branch.start, branch.end) == (0, 1)]
    assert len(found.branches) > len(found.follow(0.0))
    places = [found.follow(t) for t in np.linspace(0, 1, 80)]
    kept = []
    for before, after in pairwise(places):
        assert set(whole) <= {point.branch for point in before}
        both = {point.branch for point in before} & {point.branch for point in after}
        for point in before:
            if point.branch in both:
                nearest = min(after, key=lambda other: np.linalg.norm(other.filter - point.filter))
                kept.append(nearest.branch == point.branch)
    assert len(kept) > 150
    assert np.mean(kept) > 0.97


def test_the_file_has_what_the_objects_have(tmp_path):
    arch = hl.Architecture((3, 2), (2, 1))
    found = hl.walls(arch, *gaussian(arch, 5, fixed_gram=True))
    path = tmp_path / "walls.json"
    found.to_json(path)
    content = json.loads(path.read_text(encoding="utf-8"))
    assert path.read_text(encoding="utf-8") == found.to_json() == found.to_json("-")
    assert (content["format"], content["version"], content["complete"]) == ("homotopy-lcn/walls", 1, True)
    assert [wall["t"] for wall in content["walls"]] == [wall.t for wall in found.walls]
    rest = {"at_infinity": 0, "escaped": 0, "complete": True}
    others = [{"kind": "escape", "generic": 0, "found": 0, **rest}]
    assert content["strata"] == [{"pattern": [[1, 1], [1]], "generic": 24, "found": 24, **rest, "others": others}]
    ends = [(chamber["from"], chamber["to"]) for chamber in content["chambers"]]
    assert ends == [(chamber.start, chamber.end) for chamber in found.chambers]
    assert (ends[0][0], ends[-1][1]) == (0, 1)
    for entry, chamber in zip(content["chambers"], found.chambers, strict=True):
        assert entry["real"] == len(chamber.points.real) == len(entry["branches"])
        assert entry["minima"] + sum(entry["saddles"].values()) == entry["attained"]
        assert entry["global_minimum"] in entry["branches"]


def test_the_frame_has_a_row_for_each_wall():
    pytest.importorskip("pandas")
    arch = hl.Architecture((3, 2), (2, 1))
    found = hl.walls(arch, *gaussian(arch, 5, fixed_gram=True))
    frame = found.to_frame()
    assert frame["t"].tolist() == [wall.t for wall in found.walls]
    assert set(frame["pattern"]) == {"(1,1)(1)"}
    assert frame["kind"].tolist() == [wall.kind for wall in found.walls]
    np.testing.assert_array_equal(frame[[f"w{i}" for i in range(5)]], [wall.filter for wall in found.walls])


def test_the_frame_of_branches_has_a_row_for_each_filter_at_each_place():
    pytest.importorskip("pandas")
    arch = hl.Architecture((3, 2), (2, 1))
    found = hl.walls(arch, *gaussian(arch, 5, fixed_gram=True))
    frame = found.branches_to_frame(11)
    assert sorted(set(frame["t"])) == np.linspace(0, 1, 11).tolist()
    for t, rows in frame.groupby("t"):
        points = found.follow(t)
        assert rows["branch"].tolist() == [point.branch for point in points]
        assert rows["loss"].tolist() == [point.loss for point in points]
        assert rows["kind"].tolist() == [point.kinds[0] for point in points]
        np.testing.assert_array_equal(rows[[f"w{i}" for i in range(5)]], [point.filter for point in points])
    for branch in found.branches:
        own = frame[frame["branch"] == branch.number]
        assert ((own["t"] >= branch.start) & (own["t"] <= branch.end)).all()
    with pytest.raises(hl.InputError, match=r"^places: "):
        found.branches_to_frame(1)


def test_one_seed_gives_one_result():
    arch = hl.Architecture((2, 2), (2, 1))
    losses = gaussian(arch, 0)
    assert hl.walls(arch, *losses, seed=3).to_json() == hl.walls(arch, *losses, seed=3).to_json()


def test_a_network_of_one_layer_has_no_walls():
    arch = hl.Architecture((3,), (1,))
    found = hl.walls(arch, *gaussian(arch, 0))
    assert (found.complete, found.walls, len(found.chambers)) == (True, (), 1)
    assert len(found.follow(0.5)) == 1


def test_unusable_arguments_are_named():
    arch = hl.Architecture((2, 2), (2, 1))
    first, second = gaussian(arch, 0)
    other = hl.SquaredLoss(np.eye(3), [1, 2, 3])
    with pytest.raises(hl.InputError, match=r"^loss1: for filters of 3 coefficients; .* expected a loss for them$"):
        hl.walls(arch, first, other)
    with pytest.raises(hl.InputError, match=r"^loss0: an object of type ndarray; expected a SquaredLoss$"):
        hl.walls(arch, first.gram, second)
    with pytest.raises(hl.InputError, match=r"^loss1: the Gram matrix and the moment vector of the first loss"):
        hl.walls(arch, first, hl.SquaredLoss(first.gram, first.b, constant=3.0))
    with pytest.raises(hl.InputError, match=r"^seed: "):
        hl.walls(arch, first, second, seed=-1)
    found = hl.walls(arch, first, second)
    for t in (1.5, -0.1, float("nan"), "0.5", True):
        with pytest.raises(hl.InputError, match=r"^t: .* expected a number from 0 to 1$"):
            found.follow(t)


def test_a_path_near_the_fold_of_two_others_does_not_jump():
    """A minimum and a saddle are born 1e-3 away from another minimum."""
    arch, rng = hl.Architecture((3, 2), (2, 1)), np.random.default_rng(0)
    samples = rng.standard_normal((2, 10, 5))[0]
    gram = samples.T @ samples
    moments = rng.standard_normal((8, 5))
    found = hl.walls(arch, hl.SquaredLoss(gram, moments[6]), hl.SquaredLoss(gram, moments[7]))
    assert found.complete
    born = min(found.walls, key=lambda wall: abs(wall.t - 0.21038))
    before, after = (found.chamber_at(born.t + step) for step in (-1e-3, 1e-3))
    minima = [
        {branch for branch, point in zip(side.branches, side.points.real, strict=True) if point.minimum}
        for side in (before, after)
    ]
    assert minima[0] < minima[1]
    assert len(minima[1]) == len(minima[0]) + 1

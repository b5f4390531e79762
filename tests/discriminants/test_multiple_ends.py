"""Where paths end on special data: symmetric and white ones, and such with a dead channel at one end."""

from __future__ import annotations

import numpy as np
import pytest

import homotopy_lcn as hl
from homotopy_lcn.discriminants.conditions import Fold
from homotopy_lcn.discriminants.extended_system import WallPoints
from homotopy_lcn.discriminants.lines import DataLine, Motion
from homotopy_lcn.discriminants.multiple_ends import OffSegment, endings
from homotopy_lcn.discriminants.segments import Segment
from homotopy_lcn.discriminants.start_walls import start_walls
from homotopy_lcn.networks.strata import Embedding, Stratum
from tests.discriminants.test_walls import agree_with_a_grid


def palindromic(rng, size):
    """Σ and b that reversal leaves as they are."""
    samples, b = rng.standard_normal((20, size)), rng.standard_normal(size)
    gram = samples.T @ samples
    return hl.SquaredLoss(gram + gram[::-1, ::-1], b + b[::-1])


def account(found):
    """The numbers of the folds."""
    row = next(row for row in found.strata if row.kind == "fold" and row.generic)
    return row.generic, row.found + row.escaped, row.complete


@pytest.mark.parametrize("filters", [(3, 2), pytest.param((2, 3), marks=pytest.mark.slow)])
def test_symmetric_data_on_both_ends(filters):
    """Symmetric filters split into three. Some of these triple folds are near others: small circles are needed."""
    arch, rng = hl.Architecture(filters, (2, 1)), np.random.default_rng(77)
    losses = [palindromic(rng, arch.filter_size) for _ in range(2)]
    found = hl.walls(arch, *losses)
    assert account(found) == (84, 84, True)
    assert found.complete, found.contradictions
    agree_with_a_grid(found, losses, 7)


def test_white_data_whose_folds_are_all_at_infinity():
    """B(t) is a 2 × 3 matrix. Where B Bᵀ has a double eigenvalue, both singular vectors are isotropic: w is infinite.

    That is at the four zeros of its discriminant, each the end of three paths.
    """
    arch, rng = hl.Architecture((2, 3), (2, 1)), np.random.default_rng(0)
    losses = [hl.SquaredLoss.white(rng.standard_normal(6)) for _ in range(2)]
    found = hl.walls(arch, *losses)
    assert found.complete, found.contradictions
    assert found.walls == ()
    row = next(row for row in found.strata if row.kind == "fold")
    assert (row.generic, row.found, row.escaped) == (24, 0, 24)
    agree_with_a_grid(found, losses, 9)
    embedding = Embedding.of_pattern(arch, row.pattern)
    line = Segment(arch, *losses).line(embedding)
    ends = endings(start_walls(Fold(embedding.stratum), line.motion), line, np.random.default_rng(0))
    assert not len(ends.walls)
    triple = [complex(end.points.t[0, 1] / end.points.t[0].sum()) for end in ends.others if end.paths == 3]
    # Position 2 j + i of a filter is entry (i, j): the first layer moves by one, the second one by its stride.
    squares = []
    for t in range(5):
        matrix = np.reshape((1 - t) * losses[0].b + t * losses[1].b, (3, 2)).T
        product = matrix @ matrix.T
        squares.append((product[0, 0] - product[1, 1]) ** 2 + 4 * product[0, 1] ** 2)
    roots = np.roots(np.polyfit(np.arange(5), squares, 4))
    assert len(triple) == len(roots) == 4
    assert max(np.abs(np.array(triple) - root).min() for root in roots) < 1e-6


@pytest.mark.parametrize(("strides", "generic"), [((1, 1), 36), pytest.param((2, 1), 84, marks=pytest.mark.slow)])
def test_a_dead_channel_at_one_end(strides, generic):
    """The folds that go to infinity exactly at t = 0 are counted with their multiplicity."""
    arch, rng = hl.Architecture((3, 2), strides), np.random.default_rng(77)
    losses = []
    for dead in (True, False):
        samples, b = rng.standard_normal((20, arch.filter_size)), rng.standard_normal(arch.filter_size)
        if dead:
            samples[:, 0], b[0] = 0, 0
        losses.append(hl.SquaredLoss(samples.T @ samples, b))
    found = hl.walls(arch, *losses)
    assert account(found) == (generic, generic, True)
    assert found.complete or all("minimum" in words or "infinite" in words for words in found.contradictions)


def test_the_t_of_a_continuum_is_named(tmp_path):
    """At t = 1/2 the matrix of b is a multiple of an orthogonal one: all its singular vectors are critical filters."""
    ends = np.array([-3.0, -1, 3, -3]), np.array([0.0, 0, -2, 0])
    matrix = (ends[0] + ends[1]).reshape(2, 2)
    np.testing.assert_array_equal(matrix @ matrix.T, 10 * np.eye(2))
    found = hl.walls(hl.Architecture((2, 2), (2, 1)), *(hl.SquaredLoss.white(b) for b in ends))
    assert not found.complete
    assert [words.split(" the equations")[0] for words in found.contradictions[1:]] == ["stratum (1)(1): at t = 0.5"]
    found.to_json(tmp_path / "walls.json")
    assert hl.Walls.from_json(tmp_path / "walls.json") == found


def test_ends_of_very_different_sizes():
    """B at t = 0 is 1000 times that at t = 1, near which all walls are: those of balanced data."""
    arch, rng = hl.Architecture((3, 2), (2, 1)), np.random.default_rng(3)
    samples, b, other = rng.standard_normal((9, 5)), rng.standard_normal(5), rng.standard_normal(5)
    gram = samples.T @ samples
    found, balanced = (
        hl.walls(arch, hl.SquaredLoss(gram, size * b), hl.SquaredLoss(gram, other)) for size in (1000, 1)
    )
    assert found.complete, found.contradictions
    assert balanced.walls
    counted = [[wall for wall in one.walls if wall.kind != "exchange"] for one in (found, balanced)]
    assert [wall.kind for wall in counted[0]] == [wall.kind for wall in counted[1]]
    # b at t is a multiple of (1 - t) size b + t other.
    moved = [wall.t / (wall.t + (1 - wall.t) * 1000) for wall in counted[0]]
    np.testing.assert_allclose(moved, [wall.t for wall in counted[1]], rtol=1e-8)


def test_lines_of_very_different_sizes_are_followed_to_about_equal_ones():
    rng = np.random.default_rng(0)
    for motion in (Motion(False, True), Motion(True, False), Motion(True, True)):
        sizes = np.array([1e-3, 50.0]) * [[1], [1e2]]
        parts = (
            rng.standard_normal((2, 3, 3)) * sizes[0][:, None, None],
            rng.standard_normal((2, 3)) * sizes[1][:, None],
        )
        for part, moves in zip(parts, motion, strict=True):
            part[1] *= moves
        line = DataLine(*(part.astype(complex) for part in parts), motion)
        scaled = line.scaled(line.random_factors(rng))
        for part, moves in zip((scaled.grams, scaled.bs), motion, strict=True):
            norms = np.linalg.norm(part.reshape(2, -1), axis=1)
            assert 0.1 < norms[0] < 10
            assert 0.1 < norms[1] < 10 if moves else norms[1] == 0


def trail(*places, scale=1.0):
    """Points of one path with these t; their filters have the length 1 / scale, the last one's."""
    return [
        WallPoints(np.ones((1, 2), complex), np.array([[1.0, scale ** (i / len(places))]], complex),
                   np.array([[1 - t, t]], complex))
        for i, t in enumerate(places)
    ]  # fmt: skip


def test_paths_off_the_segment_lead_to_no_real_wall():
    off = OffSegment.of_trail(trail(0.5 + 0.11j, 0.5 + 0.101j, 0.5 + 0.1j, 0.5 + 0.1001j))
    assert off is not None
    assert off.t == pytest.approx([0.5 + 0.1001j])
    assert off.infinite.tolist() == [False]
    assert OffSegment.of_trail(trail(1.2, 1.3, 1.3001, 1.3, scale=1e-4)).infinite.tolist() == [True]


@pytest.mark.parametrize(
    "places",
    [
        (0.5 + 0.1j, 0.5 + 0.04j, 0.5 + 0.02j, 0.5 + 0.01j),  # It comes to the segment, slowly.
        (0.3, 0.3, 0.3, 0.3),
        (1 + 1e-6, 1 + 1e-6, 1 + 1e-6),
        (0.5 + 0.1j, 0.5 + 0.1j),  # Two circles tell nothing.
    ],
)
def test_paths_that_may_come_to_the_segment_are_not_set_aside(places):
    assert OffSegment.of_trail(trail(*places)) is None


def test_two_homotopies_have_to_agree_on_what_is_off_the_segment():
    one, same, other = (OffSegment.of_trail(trail(t, t, t + 1e-6)) for t in (2.0, 2.0 + 1e-6, 2.1))
    assert one.agrees_with(same)
    assert not one.agrees_with(other)
    both = OffSegment(*(np.concatenate([part, part]) for part in one))
    assert not one.agrees_with(both)
    assert both.agrees_with(both)


def test_generic_data_have_no_such_ends():
    stratum = Stratum.of_layers(hl.Architecture((2, 2), (2, 1)))
    start = start_walls(Fold(stratum), Motion(False, True))
    assert len(start) == 12
    rng = np.random.default_rng(3)
    samples = rng.standard_normal((9, 4))
    losses = [hl.SquaredLoss(samples.T @ samples, rng.standard_normal(4)) for _ in range(2)]
    segment = Segment(hl.Architecture((2, 2), (2, 1)), *losses)
    line = segment.line(Embedding.of_pattern(segment.arch, ((1,), (1,))))
    ends = endings(start, line, np.random.default_rng(0))
    assert len(ends.walls) == 12
    assert ends.others == ()
    assert len(ends.off_segment.t) == 0

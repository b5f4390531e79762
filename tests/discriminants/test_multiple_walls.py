"""Walls that are multiple solutions: symmetric and integer data. Their multiplicities add up to the known number."""

from __future__ import annotations

import json

import numpy as np
import pytest

import homotopy_lcn as hl
from homotopy_lcn.discriminants import fold_walls, multiple_ends, multiple_walls
from homotopy_lcn.discriminants.fold_walls import walls_on_line
from homotopy_lcn.discriminants.kinds import questions
from homotopy_lcn.discriminants.lines import DataLine
from homotopy_lcn.discriminants.segments import Segment
from homotopy_lcn.discriminants.start_walls import start_walls
from homotopy_lcn.networks.strata import Embedding
from tests.discriminants.test_walls import agree_with_a_grid


def palindromic(arch, seed, noise=0.0):
    """Data that reversal leaves as they are, but for noise of one entry of the second moment vector."""
    rng, size = np.random.default_rng(seed), arch.filter_size
    samples = rng.standard_normal((20, size))
    gram = samples.T @ samples
    bs = [b + b[::-1] for b in rng.standard_normal((2, size))]
    bs[1][0] += noise
    return [hl.SquaredLoss(gram + gram[::-1, ::-1], b) for b in bs]


def kept(found, tmp_path):
    found.to_json(tmp_path / "walls.json")
    return hl.Walls.from_json(tmp_path / "walls.json")


def near_lines(found, rng, size):
    """For each stratum with walls: its question, and the t of all complex walls of data that differ by little."""
    segment = Segment(found.architecture, found.loss0, found.loss1)
    for question in questions(found.architecture):
        line = segment.line(Embedding.of_pattern(found.architecture, question.pattern))
        bs = line.bs + size * rng.standard_normal(line.bs.shape) * line.motion.b
        grams = line.grams
        if line.motion.gram:
            moved = size * rng.standard_normal(grams.shape)
            grams = grams + moved + moved.transpose(0, 2, 1)
        start = start_walls(question.condition, line.motion)
        yield question, walls_on_line(start, DataLine(grams, bs, line.motion), rng).places


@pytest.mark.parametrize(
    ("network", "seed"), [(((2, 2), (1, 1)), 77), (((2, 2), (2, 1)), 3), pytest.param(((3, 2), (2, 1)), 77)]
)
def test_a_symmetric_filter_splits_into_three_at_a_triple_fold(network, seed, tmp_path):
    """Data nearby, without the symmetry, have three complex folds near it."""
    arch = hl.Architecture(*network)
    losses = palindromic(arch, seed)
    found = hl.walls(arch, *losses)
    assert found.complete, found.contradictions
    triple = [wall for wall in found.walls if wall.multiplicity == 3]
    assert triple
    assert all(wall.kind == "fold" for wall in triple)
    for wall in triple:
        np.testing.assert_allclose(np.abs(wall.filter), np.abs(wall.filter[::-1]), rtol=1e-12)
    assert all(row.complete and row.found + row.escaped == row.generic for row in found.strata)
    agree_with_a_grid(found, losses, 10)
    again = kept(found, tmp_path)
    assert again == found
    assert [wall.multiplicity for wall in again.walls] == [wall.multiplicity for wall in found.walls]
    segment = Segment(arch, *losses)
    for question, places in near_lines(found, np.random.default_rng(0), 1e-7):
        for wall in triple:
            if (question.pattern, question.kind) == (wall.pattern, wall.kind):
                assert (np.abs(places - segment.place_on_line(wall.t)) < 1e-3).sum() == 3


@pytest.mark.parametrize("size", [4, 6])
def test_a_determinant_that_touches_zero_is_a_double_escape(size, tmp_path):
    """White data: the critical filters are singular vectors. One is zero where the matrix b(t) is singular."""
    arch = hl.Architecture((2, size // 2), (2, 1))
    losses = [hl.SquaredLoss.white(np.arange(1.0, size + 1)[::step]) for step in (1, -1)]
    ts = np.linspace(0, 1, 101)
    matrices = [(1 - t) * losses[0].b.reshape(-1, 2) + t * losses[1].b.reshape(-1, 2) for t in ts]
    least = [np.linalg.svd(matrix)[1][-1] for matrix in matrices]
    assert least[50] < 1e-12 < min(least[:50] + least[51:])
    found = hl.walls(arch, *losses)
    if size == 4:
        assert found.complete, found.contradictions
        assert [(wall.kind, wall.t, wall.multiplicity) for wall in found.walls] == [("escape", 0.5, 2)]
        assert kept(found, tmp_path) == found


def test_a_triple_root_of_symmetric_data(tmp_path):
    """Both other roots of a palindromic cubic come to its root −1: a pitchfork of multiplicity 3."""
    arch = hl.Architecture((3, 2), (1, 1))
    found = hl.walls(arch, *palindromic(arch, 77))
    assert found.complete, found.contradictions
    assert {row.found for row in found.strata if row.kind == "pitchfork"} == {4}
    assert kept(found, tmp_path) == found


def test_filters_that_are_infinite_at_a_singular_end_are_no_walls_inside(tmp_path):
    """A dead channel at t = 0: two folds are there, and the filter is in the kernel of the Gram matrix."""
    arch = hl.Architecture((2, 2), (1, 1))
    rng = np.random.default_rng(1)
    samples = [rng.standard_normal((20, 3)) for _ in range(2)]
    samples[0][:, 0] = 0
    losses = [hl.SquaredLoss.from_data(X, rng.standard_normal((20, 1)), arch) for X in samples]
    found = hl.walls(arch, *losses)
    assert found.complete, found.contradictions
    row = next(row for row in found.strata if row.kind == "fold" and row.generic)
    assert (row.generic, row.found, row.escaped) == (12, 10, 2)
    assert all(np.abs(wall.filter).max() < 1e6 for wall in found.walls)
    segment = Segment(arch, *losses)
    for t in np.linspace(0.01, 0.99, 10):
        points = hl.critical_points(arch, segment.loss(float(t)))
        assert len(points.real) == len(found.chamber_at(float(t)).points.real)
    assert kept(found, tmp_path) == found


@pytest.mark.parametrize("network", [((2, 2), (2, 1)), ((3, 2), (2, 1))])
def test_a_critical_filter_that_is_zero_at_all_t(network, tmp_path):
    """b has two entries at most, so that a filter of one entry in another place is orthogonal to it at all t."""
    arch = hl.Architecture(*network)
    size = arch.filter_size
    samples = np.random.default_rng(77).standard_normal((20, size))
    gram = np.round(samples.T @ samples)
    losses = [hl.SquaredLoss(gram, np.eye(size)[i]) for i in (0, 1)]
    found = hl.walls(arch, *losses)
    assert found.complete, found.contradictions
    agree_with_a_grid(found, losses, 9)
    assert kept(found, tmp_path) == found


def test_several_strata_through_zero_at_one_place(tmp_path):
    """Integer data: b(t) is an arithmetic sequence, to which the filter (1, −3, 3, −1) is orthogonal at all t."""
    arch = hl.Architecture((2, 2, 2), (1, 1, 1))
    losses = [hl.SquaredLoss.white(np.arange(1.0, 5)[::step]) for step in (1, -1)]
    found = hl.walls(arch, *losses)
    assert found.complete, found.contradictions
    assert {wall.t for wall in found.walls} == {0.5}
    assert all(wall.multiplicity > 1 and np.abs(wall.filter).max() < 1e-20 for wall in found.walls)
    agree_with_a_grid(found, losses, 10)
    assert kept(found, tmp_path) == found


@pytest.mark.parametrize("noise", [1e-9, 1e-12, 1e-14, 2e-15])
def test_what_is_nearly_symmetric_is_not_called_symmetric(noise):
    """The triple fold is three of which one is real, however near they are. Either that is found, or it is said."""
    arch = hl.Architecture((2, 2), (1, 1))
    losses = palindromic(arch, 77, noise)
    found = hl.walls(arch, *losses)
    assert all(wall.multiplicity == 1 for wall in found.walls)
    if found.complete:
        agree_with_a_grid(found, losses, 10)
    else:
        assert found.contradictions


def nearly_triple():
    """Data near symmetric ones whose triple pitchfork becomes a real one and two with imaginary parts of 4e-7."""
    rng, arch = np.random.default_rng(7), hl.Architecture((3, 2), (1, 1))
    samples = rng.standard_normal((6, 4))
    gram = samples.T @ samples
    rng.integers(1)
    bs = [(x := rng.standard_normal(4)) + x[::-1] + 1e-8 * rng.standard_normal(4) for _ in range(2)]
    segment = Segment(arch, *(hl.SquaredLoss(gram + gram[::-1, ::-1], b) for b in bs))
    question = next(one for one in questions(arch) if one.kind == "pitchfork")
    line = segment.line(question.embedding(arch))
    return walls_on_line(start_walls(question.condition, line.motion), line, np.random.default_rng(0))


def test_two_complex_walls_near_a_real_one_are_not_listed():
    """Newton's method in real numbers goes from all three to the real one, which was listed three times."""
    found = nearly_triple()
    assert found.complete
    assert len(found.places) == found.generic == 4
    near = np.abs(found.places - found.real[0].t) < 1e-5
    assert sorted(found.places[near].imag > 1e-8) == [False, False, True]
    assert len(found.real) == 1


def test_a_wall_that_is_found_twice_is_counted_once(monkeypatch):
    monkeypatch.setattr(fold_walls, "conjugate_walls", lambda stratum, points: np.zeros(len(points), bool))
    found = nearly_triple()
    assert (len(found.real), len(found.places), found.complete) == (1, 2, False)


def test_multiplicities_that_many_digits_do_not_confirm_are_not_listed(monkeypatch):
    arch = hl.Architecture((2, 2), (1, 1))
    monkeypatch.setattr(multiple_walls, "MOST_STEPS_TO_CIRCLE", 0)
    found = hl.walls(arch, *palindromic(arch, 77))
    assert not found.complete
    assert all(wall.multiplicity == 1 for wall in found.walls)
    assert any("complex walls of the kind fold found" in reason for reason in found.contradictions)


def test_homotopies_that_do_not_agree_say_nothing(monkeypatch):
    arch = hl.Architecture((2, 2), (1, 1))
    monkeypatch.setattr(multiple_ends, "ONE", 0.0)
    assert not hl.walls(arch, *palindromic(arch, 77)).complete


@pytest.fixture(scope="module")
def triple():
    arch = hl.Architecture((2, 2), (1, 1))
    return hl.walls(arch, *palindromic(arch, 77))


def test_multiple_walls_are_told_to_have_no_proof(triple):
    (wall,) = [wall for wall in triple.walls if wall.multiplicity > 1]
    assert triple.unprovable == (
        f"the fold at t = {wall.t!r} of the stratum (2) is a solution of multiplicity 3, confirmed in many digits",
    )


def changed(found, tmp_path, change):
    content = json.loads(found.to_json())
    content.pop("digest")
    change(content)
    path = tmp_path / "walls.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return hl.Walls.from_json(path)


def test_a_multiplicity_that_the_account_has_no_room_for_is_refused(triple, tmp_path):
    number = next(i for i, wall in enumerate(triple.walls) if wall.multiplicity == 3)
    with pytest.raises(hl.InputError, match=r"complete: true; expected false: stratum \(2\): \d and \d real points"):
        changed(triple, tmp_path, lambda content: content["walls"][number].update(multiplicity=4))
    with pytest.raises(hl.InputError, match=r"strata: 6 finite walls of the kind fold of the stratum \(2\); exp"):
        changed(triple, tmp_path, lambda content: content["walls"][number].update(multiplicity=7))
    with pytest.raises(hl.InputError, match=r"multiplicity: 0; expected an integer of at least 1"):
        changed(triple, tmp_path, lambda content: content["walls"][number].update(multiplicity=0))


def test_a_simple_wall_is_not_multiple(triple, tmp_path):
    number = next(i for i, wall in enumerate(triple.walls) if wall.kind == "escape")
    with pytest.raises(hl.InputError, match=rf"walls\[{number}\]: no escape of multiplicity 2"):
        changed(triple, tmp_path, lambda content: content["walls"][number].update(multiplicity=2))


def test_numbers_that_do_not_fit_together_are_refused(tmp_path):
    """A file without a digest, of walls that are not all found."""
    arch = hl.Architecture((2, 2), (2, 1))
    rng = np.random.default_rng(0)
    samples = [rng.standard_normal((20, 4)) * (np.arange(4) != 0) for _ in range(2)]
    found = hl.walls(arch, *(hl.SquaredLoss.from_data(X, rng.standard_normal((20, 1)), arch) for X in samples))
    row = found.strata[0]
    assert not row.complete
    assert changed(found, tmp_path, lambda content: None).strata == found.strata
    for name, value, message in (
        ("found", row.found + 1, "contradictions: "),
        ("escaped", row.generic - row.found, "complete: false; expected true, as none is missing"),
        ("found", row.generic + 1, rf"found: {row.generic + 1}, and {row.escaped} escaped; expected {row.generic}"),
    ):
        with pytest.raises(hl.InputError, match=message):
            changed(found, tmp_path, lambda content, n=name, v=value: content["strata"][0].update({n: v}))
    with pytest.raises(hl.InputError, match=r"contradictions: .* is not in both"):
        changed(found, tmp_path, lambda content: content.update(contradictions=["a reason"]))


def test_another_filter_than_that_of_the_triple_fold_is_refused(triple, tmp_path):
    number = next(i for i, wall in enumerate(triple.walls) if wall.multiplicity == 3)
    wall = triple.walls[number]
    w = wall.filter * (1 + 1e-6)
    loss = Segment(triple.architecture, triple.loss0, triple.loss1).loss(wall.t)(w)
    with pytest.raises(hl.InputError, match=rf"walls\[{number}\]: no fold of multiplicity 3 at"):
        changed(triple, tmp_path, lambda content: content["walls"][number].update(filter=w.tolist(), loss=float(loss)))

"""Walls are proved for exact data; what is no wall, or a multiple one, is not."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

import homotopy_lcn as hl
from homotopy_lcn.discriminants import certified_walls
from homotopy_lcn.discriminants.exact_walls import ExactLine
from homotopy_lcn.discriminants.fold_walls import walls_on_line
from homotopy_lcn.discriminants.generic_walls import generic_walls
from homotopy_lcn.discriminants.kinds import questions
from homotopy_lcn.discriminants.segments import Segment
from homotopy_lcn.discriminants.wall_proofs import prove_wall
from homotopy_lcn.networks.strata import Embedding
from tests.discriminants.test_walls import gaussian

pytest.importorskip("flint")


@pytest.mark.parametrize(
    ("filters", "strides", "seed", "fixed_gram"),
    [((3, 2), (2, 1), 5, True), ((2, 2), (1, 1), 1, False), ((3, 2), (1, 1), 3, False), ((2, 3), (2, 1), 2, False)],
)
def test_every_kind_of_wall_is_proved(filters, strides, seed, fixed_gram):
    arch = hl.Architecture(filters, strides)
    losses = gaussian(arch, seed, fixed_gram)
    found = hl.walls(arch, *losses, certify=True)
    assert found.walls
    assert [wall.certified for wall in found.walls] == [True] * len(found.walls)
    assert all(chamber.certified for chamber in found.chambers)
    assert found.certified
    assert all(point.certified for chamber in found.chambers for point in chamber.points)
    plain = hl.walls(arch, *losses)
    assert not plain.certified
    assert [(wall.t, wall.kind) for wall in plain.walls] == [(wall.t, wall.kind) for wall in found.walls]
    content = json.loads(found.to_json())
    assert {chamber["certified"] for chamber in content["chambers"]} == {True}


def real_walls(arch, losses):
    """All real walls of all kinds but exchanges, with what `prove_wall` takes."""
    segment = Segment(arch, *losses)
    gram, b = segment.sizes
    for number, (pattern, kind, condition) in enumerate(questions(arch)):
        embedding = Embedding.of_pattern(arch, pattern)
        line = segment.line(embedding)
        start = generic_walls(condition, line.motion, np.random.default_rng(0))
        for wall in walls_on_line(start, line, np.random.default_rng(number)).real:
            yield kind, embedding, condition, (segment.place(wall.t), wall.factors, wall.scale * b / gram)


def test_enclosures_hold_the_walls_of_the_data_and_of_no_others():
    arch = hl.Architecture((2, 2), (1, 1))
    losses = gaussian(arch, 1)
    exact = ExactLine.of(Segment(arch, *losses))
    moved = gaussian(arch, 1)
    moved[1] = hl.SquaredLoss(moved[1].gram, moved[1].b * (1 + 1e-4), moved[1].constant)
    other = ExactLine.of(Segment(arch, *moved))
    kinds = set()
    for kind, embedding, condition, place in real_walls(arch, losses):
        proof = prove_wall(exact, embedding, condition, place)
        kinds.add(kind)
        assert float(proof.t.rad()) < 1e-17
        assert float(proof.t.mid()) == pytest.approx(place[0], abs=1e-13)
        # The wall of other data has another t, and is too far away to be the same one.
        assert prove_wall(other, embedding, condition, place) is None
        assert not proof.differs_from(proof)
        t, factors, scale = place
        nearby = (t, factors, scale * (1 + 1e-4 * (kind != "escape")))
        again = prove_wall(exact, embedding, condition, nearby)
        assert again is not None
        assert not proof.differs_from(again)
        assert prove_wall(exact, embedding, condition, (t + 1e-4, factors, scale)) is None
    assert kinds == {"fold", "pitchfork", "escape"}


def test_walls_that_are_not_proved_to_differ_are_not_certified():
    arch = hl.Architecture((2, 2), (1, 1))
    losses = gaussian(arch, 1)
    exact = ExactLine.of(Segment(arch, *losses))
    folds = [given for given in real_walls(arch, losses) if given[0] == "fold"]
    proofs = [prove_wall(exact, *given[1:]) for given in folds]
    assert certified_walls._distinct(proofs) == [True, True]
    twice = [proofs[0], replace(proofs[0]), proofs[1], None]
    assert certified_walls._distinct(twice) == [None, None, True, None]


def test_exact_data_of_a_place_are_not_rounded():
    arch = hl.Architecture((2, 2), (2, 1))
    losses = [hl.SquaredLoss.from_exact(np.eye(4, dtype=int).tolist(), ["1/3", 0, b, 0]) for b in (0, 1)]
    data = ExactLine.of(Segment(arch, *losses)).at(0.25)
    assert data.b == (Fraction(1, 3), 0, Fraction(1, 4), 0)
    assert data.gram[0] == (1, 0, 0, 0)

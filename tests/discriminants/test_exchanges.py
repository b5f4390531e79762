"""Exchanges of the global minimum: all are found, close pairs as well, and what cannot be decided is said."""

from __future__ import annotations

from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest

import homotopy_lcn as hl
from homotopy_lcn.discriminants.exchanges import ExchangesOfChamber, _Search
from homotopy_lcn.discriminants.loss_curves import LossCurves, Place
from homotopy_lcn.discriminants.segments import Segment
from tests.discriminants.test_walls import gaussian


class Parabolas:
    """Losses height − curvature · (t − top)² in place of those of minima, all in one chamber from 0 to 1."""

    def __init__(self, tops, heights, curvatures):
        self.tops, self.heights, self.curvatures = (np.asarray(part, float) for part in (tops, heights, curvatures))
        self.rows = list(range(len(self.tops)))
        self.points = [SimpleNamespace(stratum=(i,)) for i in self.rows]
        self.chamber = SimpleNamespace(start=0.0, middle=0.5, end=1.0, points=Listed(self.points))
        one = hl.SquaredLoss(np.eye(1), [0.0], 1.0)
        self.segment = SimpleNamespace(loss=lambda t: one)

    def losses(self, t):
        return self.heights - self.curvatures * (t - self.tops) ** 2

    def at(self, t):
        filters = np.array([[1.0 + i] for i in self.rows])
        return Place(t, filters, self.losses(t), -2 * self.curvatures * (t - self.tops))


class Listed(list):
    """Points of a chamber without ties."""

    ties = ()


def of(parabolas):
    result = ExchangesOfChamber()
    _Search(parabolas, result).run()
    return result


def order_on_a_grid(parabolas, places):
    """The lowest parabola at many places, without repetition."""
    lowest = np.argmin([parabolas.losses(t) for t in places], axis=1)
    return [int(lowest[0]), *(int(b) for a, b in pairwise(lowest) if a != b)]


@pytest.mark.parametrize("seed", range(30))
def test_the_lower_envelope_of_concave_functions_is_found(seed):
    rng = np.random.default_rng(seed)
    count = int(rng.integers(2, 7))
    parabolas = Parabolas(rng.uniform(-1, 2, count), rng.uniform(0, 0.5, count), rng.uniform(0, 2, count))
    found = of(parabolas)
    assert not found.problems
    expected = order_on_a_grid(parabolas, np.linspace(0, 1, 20001))
    assert [wall.pattern[0] for wall in found.walls] == expected[:-1]
    for wall in found.walls:
        least, second = np.sort(parabolas.losses(wall.t))[:2]
        assert second - least < 1e-12
    assert [wall.t for wall in found.walls] == sorted(wall.t for wall in found.walls)


@pytest.mark.parametrize("half", [0.03, 1e-3, 1e-5])
def test_two_exchanges_that_undo_each_other_are_found(half):
    """The losses are equal at two places, which are nearer and nearer."""
    middle = 0.62
    for heights, curvatures, before in (([0, half**2], [0, 1], [1, 0]), ([half**2, 0], [2, 1], [0, 1])):
        found = of(Parabolas([middle, middle], heights, curvatures))
        assert not found.problems
        assert [wall.pattern[0] for wall in found.walls] == before
        assert [wall.t for wall in found.walls] == pytest.approx([middle - half, middle + half], abs=1e-9)


def test_exchanges_exactly_at_the_ends_are_found():
    for tops, t in (([1, -1], 0.0), ([2, 0], 1.0)):
        found = of(Parabolas(tops, [0, 0], [1, 1]))
        assert not found.problems
        assert [(wall.t, wall.pattern) for wall in found.walls] == [(t, (0,))]
    # Minima of equal loss at an end that touch there, and one that is not least, are no exchange.
    assert not of(Parabolas([-1, -0.25], [0, -0.75], [1, 4])).walls
    assert not of(Parabolas([1, -1, 0], [0, 0, -9], [1, 1, 0])).walls


def test_a_segment_that_begins_or_ends_at_an_exchange():
    arch = hl.Architecture((3, 2), (2, 1))
    start, end = gaussian(arch, 5, fixed_gram=True)
    whole = hl.walls(arch, start, end)
    wall = next(wall for wall in whole.walls if wall.kind == "exchange")
    middle = hl.SquaredLoss(start.gram, (1 - wall.t) * start.b + wall.t * end.b)
    sides = hl.walls(arch, start, middle), hl.walls(arch, middle, end)
    for found, t, chamber in (sides[0], 1.0, -1), (sides[1], 0.0, 0):
        assert found.complete, found.contradictions
        own = [one for one in found.walls if one.kind == "exchange" and one.t == t]
        assert len(own) == 1
        np.testing.assert_allclose(own[0].filter, wall.filter, atol=1e-8)
        # Before the wall the global minimum is the filter of the wall, after it another one.
        lowest = min(found.follow(abs(t - 1e-6)), key=lambda point: point.loss)
        assert np.allclose(lowest.filter, wall.filter, atol=1e-3) == (t == 1.0)
        assert lowest.branch == found.chambers[chamber].global_minimum
    assert sum(len(found.walls) for found in sides) == len(whole.walls) + 1


def test_losses_that_touch_are_not_decided():
    parabolas = Parabolas([0.4, 0.4], [0.0, 0.0], [2.0, 1.0])
    found = of(parabolas)
    assert found.problems
    assert all("equal losses up to rounding near t = 0." in problem for problem in found.problems)


def test_losses_that_are_equal_in_the_whole_chamber_are_told():
    found = of(Parabolas([0.4, 0.4], [0.1, 0.1], [2.0, 2.0]))
    assert found.problems == ["two minima have equal losses up to rounding from t = 0.0 to 1.0"]
    assert not found.walls


@pytest.mark.slow
def test_a_close_pair_of_exchanges_of_a_network():
    """The line through two exchanges of neighbouring segments crosses the surface of exchanges twice."""
    arch = hl.Architecture((3, 2), (2, 1))
    start, end = gaussian(arch, 5, fixed_gram=True)
    direction = np.random.default_rng(0).standard_normal(5)
    crossed = []
    for b in (end.b, end.b + 0.4 * direction):
        found = hl.walls(arch, start, hl.SquaredLoss(start.gram, b))
        t = next(wall.t for wall in found.walls if wall.kind == "exchange")
        crossed.append((1 - t) * start.b + t * b)
    reach = 12
    ends = [crossed[0] + u * (crossed[1] - crossed[0]) for u in (-reach, 1 + reach)]
    found = hl.walls(arch, *(hl.SquaredLoss(start.gram, b) for b in ends))
    assert found.complete, found.contradictions
    places = [wall.t for wall in found.walls if wall.kind == "exchange"]
    width = 2 * reach + 1
    for expected in (reach / width, (reach + 1) / width):
        assert min(abs(t - expected) for t in places) < 1e-9


def test_losses_of_minima_are_concave_and_derivatives_are_theirs():
    arch = hl.Architecture((3, 2), (2, 1))
    losses = gaussian(arch, 5, fixed_gram=True)
    found = hl.walls(arch, *losses)
    segment, step = Segment(arch, *losses), 1e-5
    for number, chamber in enumerate(found.chambers):
        curves = LossCurves(segment, found.walls, found.chambers, number)
        width = chamber.end - chamber.start
        places = [curves.at(chamber.start + part * width) for part in (0, 0.3, 0.6, 0.9, 1)]
        near = curves.at(places[1].t + step)
        np.testing.assert_allclose((near.losses - places[1].losses) / step, places[1].slopes, atol=1e-3, rtol=1e-3)
        for place in places:
            assert np.isfinite(place.losses).all()
        minima = [i for i, point in enumerate(chamber.points.real) if point.minimum]
        slopes = np.array([place.slopes[minima] for place in places])
        assert (np.diff(slopes, axis=0) < 0).all()
        for side, wall_t in ((0, chamber.start), (-1, chamber.end)):
            for wall in found.walls:
                if wall.t == wall_t and wall.kind == "fold":
                    merged = np.abs(places[side].losses - wall.loss) < 1e-9
                    assert merged.sum() in (0, 2)

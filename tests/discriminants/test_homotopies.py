"""Paths of walls: the same ends in few patches and in many, and singular ends that do not count as regular."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from homotopy_lcn.discriminants.conditions import Fold
from homotopy_lcn.discriminants.generic_walls import computed_walls, distinct_walls
from homotopy_lcn.discriminants.homotopies import follow
from homotopy_lcn.discriminants.lines import DataLine, Motion, random_line
from homotopy_lcn.discriminants.path_tracker import PathOptions
from homotopy_lcn.networks.architecture import Architecture
from homotopy_lcn.networks.strata import Factor, Stratum

MOTION = Motion(False, True)


@pytest.fixture(scope="module")
def start():
    return computed_walls(Fold(Stratum((Factor(1, 2, 1),))), MOTION, 6, np.random.default_rng(0))


def places(points):
    return np.sort_complex(np.round(points.t[:, 1] / points.t[:, 0], 8))


def test_paths_that_are_stopped_far_out_go_on_in_other_patches(start):
    condition = start.condition
    lines = start.line, random_line(condition.coordinates, MOTION, np.random.default_rng(1))
    whole = follow(condition, start.points, lines, np.random.default_rng(2), PathOptions(largest=np.inf))
    parts = follow(condition, start.points, lines, np.random.default_rng(2), PathOptions(largest=6.0))
    for ends in (whole, parts):
        assert ends.regular.all()
        assert len(distinct_walls(condition.coordinates, ends.points)) == 6
    np.testing.assert_array_equal(places(whole.points), places(parts.points))


def test_a_way_in_two_parts_has_the_same_end(start):
    condition = start.condition
    lines = start.line, random_line(condition.coordinates, MOTION, np.random.default_rng(1))
    rng = np.random.default_rng(3)
    whole = follow(condition, start.points, lines, rng)
    half = follow(condition, start.points, lines, rng, between=(0.0, 0.5))
    assert half.arrived.all()
    assert (half.tau == 0.5).all()
    rest = follow(condition, half.points, lines, rng, between=(half.tau, 1.0))
    np.testing.assert_array_equal(places(whole.points), places(rest.points))


def test_singular_ends_are_not_regular():
    """White data of (2, 2), (2, 1) have no walls: all 12 paths end where the filter is infinite."""
    stratum = Stratum.of_layers(Architecture((2, 2), (2, 1)))
    condition = Fold(stratum)
    start = computed_walls(condition, MOTION, 12, np.random.default_rng(0))
    assert start.complete
    rng = np.random.default_rng(4)
    b = rng.standard_normal((2, 4)) + 0j
    white = DataLine(np.array([np.eye(4), np.zeros((4, 4))], complex), b, MOTION).scaled(np.exp(1j * np.arange(3)))
    ends = follow(condition, start.points, (start.line, white), rng)
    assert not ends.regular.any()
    assert (ends.tau > 1 - 1e-6).all()


def test_more_careful_options_are_smaller_steps():
    options = PathOptions()
    tighter = options.tighter()
    assert tighter.movement < options.movement
    assert tighter.contraction < options.contraction
    assert tighter.max_steps > options.max_steps
    assert replace(tighter, largest=1.0).largest == 1.0

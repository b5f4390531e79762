from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homotopy_lcn.equations import known_points
from homotopy_lcn.equations.critical_equations import equations_of
from homotopy_lcn.equations.distinct import find
from homotopy_lcn.equations.known_points import KnownPoints
from homotopy_lcn.networks.strata import Factor, Stratum

EQUATIONS = equations_of(Stratum((Factor(2, 1, 1), Factor(1, 1, 2))))


def points_of(rng, count):
    size = EQUATIONS.stratum.coordinates
    return EQUATIONS.normalize(rng.normal(size=(count, size)) + 1j * rng.normal(size=(count, size)))


@given(st.lists(st.integers(0, 9), min_size=1, max_size=6), st.integers(0, 20), st.integers(0, 2**32 - 1))
def test_points_added_in_parts_are_found_as_among_all(sizes, room, seed):
    rng = np.random.default_rng(seed)
    known = KnownPoints(EQUATIONS, points_of(rng, sizes[0]))
    known.reserve(room)
    for size in sizes[1:]:
        more = points_of(rng, size)
        known.add(more, EQUATIONS.filters(more))
    assert len(known) == sum(sizes) == len(known.points)
    filters = EQUATIONS.filters(known.points)
    wanted = np.concatenate([filters[::-1] * (1 + 1e-10), EQUATIONS.filters(points_of(rng, 3))])
    np.testing.assert_array_equal(known.find(wanted), find(filters, wanted))
    np.testing.assert_array_equal(known.find(wanted)[: len(filters)], np.arange(len(filters))[::-1])


def test_room_that_is_reserved_is_not_moved_and_keys_come_in_blocks(monkeypatch):
    monkeypatch.setattr(known_points, "KEYED_TOGETHER", 4)
    rng = np.random.default_rng(0)
    known = KnownPoints(EQUATIONS, points_of(rng, 11))
    known.reserve(15)
    memory = known.points.base
    more = points_of(rng, 4)
    known.add(more, EQUATIONS.filters(more))
    assert known.points.base is memory
    np.testing.assert_array_equal(known.find(EQUATIONS.filters(known.points)), np.arange(15))


@pytest.mark.parametrize("count", [0, 1])
def test_nothing_is_found_among_nothing(count):
    wanted = EQUATIONS.filters(points_of(np.random.default_rng(1), count))
    np.testing.assert_array_equal(KnownPoints(EQUATIONS).find(wanted), np.full(count, -1))

"""The kernel's paths to real targets in which coefficients of the filter coincide."""

from __future__ import annotations

import numpy as np
import pytest

from homotopy_lcn.equations.critical_equations import Data
from homotopy_lcn.networks.strata import Factor, Stratum
from homotopy_lcn.tracking import Homotopy, TrackerOptions

from .native_problems import REFERENCE, assert_bitwise, assert_same_ends, each_engine, real_data, rows, start_of

#: The tensor product of two layers of three coefficients each, and the positions of its coefficients in the filter.
CORNERS = Stratum((Factor(2, 1, 1), Factor(2, 1, 3)))
POSITIONS = np.array([0, 1, 2, 1, 3, 4, 2, 4, 5])
COUNT = 39


def targets(number, seed=0):
    rng = np.random.default_rng(seed)
    wholes = [real_data(6, rng, spread=3.0) for _ in range(number)]
    return [Data(data.gram[np.ix_(POSITIONS, POSITIONS)], data.b[POSITIONS]) for data in wholes]


@each_engine
def test_paths_end_where_the_reference_engine_ends(engine):
    start = start_of(CORNERS, COUNT)
    homotopy = Homotopy(start.data, targets(1)[0])
    found, expected = (item.track(CORNERS, start.points, homotopy, TrackerOptions()) for item in (engine, REFERENCE))
    assert found.success.all()
    assert_same_ends(CORNERS, found, expected)


@each_engine
def test_many_targets_in_one_call_are_as_one_call_per_target(engine):
    start, chosen = start_of(CORNERS, COUNT), targets(3)
    together = engine.track_many(CORNERS, start.points, start.data, chosen, TrackerOptions())
    for number, target in enumerate(chosen):
        alone = engine.track(CORNERS, start.points, Homotopy(start.data, target), TrackerOptions())
        assert_bitwise(rows(together, slice(COUNT * number, COUNT * (number + 1))), alone)


@each_engine
@pytest.mark.parametrize("place", ["gram", "b"])
def test_nearly_equal_coefficients_do_not_coincide(engine, place):
    """One number that is another one in the last digits only: then another code tracks, to nearly the same ends."""
    start, target = start_of(CORNERS, COUNT), targets(1)[0]
    near = Data(target.gram.copy(), target.b.copy())
    for other in range(9):
        if place == "b":
            near.b[other] *= 1 + other * 1e-13
        else:
            near.gram[other, other] *= 1 + (1 + other) * 1e-13
    found, expected = (
        engine.track(CORNERS, start.points, Homotopy(start.data, data), TrackerOptions()) for data in (near, target)
    )
    assert found.success.all()
    assert not np.array_equal(found.points, expected.points)
    assert_same_ends(CORNERS, found, expected)
